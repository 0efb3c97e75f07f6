"""The search behind ``condense``.

# The choice of algorithm
# 1. Neurons that agree exactly are merged exactly. Then one neuron after another goes, the one with the least
#    effect on the outputs; this gives a path of strata (condense_path).
# 2. The weights of small networks on the path are fitted to the function (condense_fit).
# 3. The kernel proves the distance of every network that is shown, by bisection (condense_distance).
# 4. The optimistic sample size of its function in the given network (bounds.optimistic).
# Invariants: distances and sample sizes are theorems; which network is near is a search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import inf
from pathlib import Path
from time import monotonic

import numpy as np

from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.bounds.rebuilt import rebuilt
from llrsym.domains.float64 import nearest_double
from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel.distances import Box
from llrsym.kernel.models import Convolution
from llrsym.networks.builders import mlp
from llrsym.networks.network import Network
from llrsym.recovery.condense_channels import channel_path
from llrsym.recovery.condense_distance import Distance, Problem
from llrsym.recovery.condense_exact import exactly_merged
from llrsym.recovery.condense_fit import fitted
from llrsym.recovery.condense_net import Array, FloatNet, Stratum
from llrsym.recovery.condense_path import condensation_path
from llrsym.recovery.condense_result import Condensed, Level, named
from llrsym.recovery.condense_sampled import seen_distance
from llrsym.tangent.certificates import write_documents
from llrsym.verdict import Verdict
from llrsym.verification import verify

Progress = Callable[[str], None]
PATH_POINTS, FIT_POINTS, TEST_POINTS = 256, 1_000, 4_000
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Numbers of neurons that are looked at, besides the smallest and the largest possible one."""
MOST_LEVELS, GAIN = 5, 3.0
"""A level is shown if it is nearer by this factor than the next smaller one that is shown."""
NEAR_ENOUGH, NEGLIGIBLE, FAR, VERY_NEAR = 1.1, 1e-6, 2.0, 0.02
"""Bisection ends at the first multiple of the sampled distance plus the second of the largest |f| that was
seen; beyond the third multiple of this it was no success. A stratum nearer than the fourth may be between."""
CORNER_INPUTS = 6


class Search:
    """One network, the path of its strata, and what is known about each."""

    def __init__(
        self,
        problem: Problem,
        seed: int,
        certificate: Path | str | None,
        progress: Progress,
    ) -> None:
        self.problem, self.seed, self.progress = problem, seed, progress
        self.folder = None if certificate is None else Path(certificate)
        wide, random = FloatNet.of(problem.model, problem.weights), np.random.default_rng(seed)
        self.wide = wide
        self.points = [self._points(random, count) for count in (PATH_POINTS, FIT_POINTS, TEST_POINTS)]
        self.values = [wide(points) for points in self.points]
        if not all(np.isfinite(values).all() for values in self.values):
            raise BadInput("condense: the network overflows in double precision; use a smaller box")
        self.size = float(np.abs(self.values[2]).max())
        self.distances: dict[int, tuple[Stratum, Distance]] = {}

    def _points(self, random: np.random.Generator, count: int) -> Array:
        """Corners and random points of the box."""
        low, high = np.array([[nearest_double(v) for v in side] for side in self.problem.box]).T
        shares = random.random((count, len(low)))
        return np.concatenate([_corners(self.problem.box), (1 - shares) * low + shares * high])

    def answer(self, tolerance: Fraction | None, neurons: tuple[int, ...] | None) -> Condensed:
        """Find strata, prove their distances and choose."""
        self.progress("looking for neurons that can be merged")
        with np.errstate(all="ignore"):
            self.path = {stratum.neurons: stratum for stratum in self._path()}
        self.strata = {count: self._fitted(count) for count in self._sizes(neurons)}
        self.errors = {count: self._error(stratum) for count, stratum in self.strata.items()}
        wanted = tolerance if tolerance is not None else Fraction(self.size or 1.0) / 100
        shown = self._shown() if neurons is None else list(self.strata)
        chosen = self._smallest(wanted, shown)
        counts = sorted({*shown, chosen}, reverse=True)
        if neurons is None:
            counts = [c for n, c in enumerate(counts) if c == chosen or self._is_nearer(c, counts[n + 1 :])]
        levels = {count: self._level(count) for count in counts}
        return self._condensed(levels, chosen, wanted)

    def _condensed(self, levels: dict[int, Level], chosen: int, tolerance: Fraction) -> Condensed:
        verdicts = [level.samples for level in levels.values()]
        return Condensed(
            self.problem.network,
            self.problem.box,
            tuple(levels.values()),
            levels[chosen],
            tolerance,
            tuple(dict.fromkeys(c for verdict in verdicts for c in verdict.conditions)),
            tuple(dict.fromkeys(t for verdict in verdicts for t in verdict.trusted)),
            None if self.folder is None else str(self.folder),
            self.seed,
        )

    # Strata

    def _path(self) -> Iterator[Stratum]:
        model, weights = self.problem.model, self.problem.weights
        if isinstance(model, Convolution):
            return channel_path(model, weights, self.points[0])
        return condensation_path(exactly_merged(model, weights), self.points[0])

    @property
    def neurons(self) -> int:
        """The number of hidden neurons of the network, or of its channels."""
        model = self.problem.model
        return model.channels if isinstance(model, Convolution) else sum(model.widths[1:-1])

    def _sizes(self, neurons: tuple[int, ...] | None) -> list[int]:
        least, most, all_of_them = min(self.path), max(self.path), self.neurons
        if neurons is None:
            return sorted({least, most, *(count for count in SIZES if least < count < most)})
        unit = "channels" if isinstance(self.problem.model, Convolution) else "neurons"
        for count in neurons:
            if not least <= count <= all_of_them:
                raise BadInput(
                    f"condense: {count} {unit} are not possible; choose from {least} to {all_of_them}"
                )
        return sorted({min(count, most) for count in neurons} | {most})

    def _fitted(self, count: int) -> Stratum:
        """The stratum with so many neurons, with fitted weights where that makes it nearer."""
        stratum = self.path[count]
        if self._error(stratum) <= NEGLIGIBLE * self.size or monotonic() > self.problem.deadline:
            return stratum
        self.progress(f"fitting {count} neurons")
        better = fitted(stratum, self.points[1], self.values[1])
        return better if self._error(better) < self._error(stratum) else stratum

    def _error(self, stratum: Stratum) -> float:
        """The largest distance that is seen."""
        sides = np.array([[nearest_double(v) for v in side] for side in self.problem.box]).T
        return seen_distance(self.wide, stratum.net, self.points[2], self.values[2], sides)

    def _shown(self) -> list[int]:
        """The sizes after which one neuron less would cost much, from the coarsest, and the finest."""
        counts = sorted(self.strata)
        shown = counts[:1]
        for count in counts[1:]:
            if self.errors[count] * GAIN < self.errors[shown[-1]]:
                shown.append(count)
        return sorted({*shown[:MOST_LEVELS], counts[-1]})

    def _smallest(self, tolerance: Fraction, shown: Sequence[int]) -> int:
        """The smallest network found with a proved distance of at most the tolerance."""
        for count in sorted(self.strata):
            if self.errors[count] <= tolerance:
                enough = float(tolerance) if count not in shown else None
                if self._distance(count, enough).bound <= tolerance:
                    return count
        return max(self.strata)

    # Distances

    def _is_nearer(self, count: int, smaller: Sequence[int]) -> bool:
        return all(self._distance(count).bound < self._distance(other).bound for other in smaller)

    def _distance(self, count: int, enough: float | None = None) -> Distance:
        if count not in self.distances:
            self.progress(f"proving the distance of {count} neurons")
            self.distances[count] = self._nearest(count, enough)
        return self.distances[count][1]

    def _nearest(self, count: int, enough: float | None) -> tuple[Stratum, Distance]:
        """The distance of the fitted network, or of the merged one where that is proved to be less."""
        stratum, merged = self.strata[count], self.path[count]
        title = self._target(stratum).text
        aim = self._aim(self.errors[count]) if enough is None else enough
        best = stratum, self.problem.distance(stratum, title, aim, self._middle(count, aim))
        error = self._error(merged)
        if best[1].bound > FAR * aim and merged is not stratum and error < best[1].bound:
            aim = self._aim(error)
            other = self.problem.distance(merged, title, aim, self._middle(count, aim))
            best = (merged, other) if other.bound < best[1].bound else best
        return best

    def _middle(self, count: int, aim: float) -> Stratum | None:
        """The coarsest stratum that is very near the network and smaller by far, if there is one."""
        for between in range(count + 1, max(self.path) // 2 + 1):
            if between in self.path and self._error(self.path[between]) <= VERY_NEAR * aim:
                return self.path[between]
        return None

    def _aim(self, error: float) -> float:
        return NEAR_ENOUGH * error + NEGLIGIBLE * self.size

    def _target(self, stratum: Stratum) -> Network:
        """The condensed network; its biases are those of the network."""
        model = stratum.model
        if isinstance(model, Convolution):
            return rebuilt(model)
        if len(set(model.biases)) == 1:
            return mlp(*model.widths, activation=model.activation, bias=model.biases[0])
        if all(model.biases[:-1]):
            return mlp(*model.widths, activation=model.activation, bias="hidden")
        return Network.of(model, str(model))

    # Levels

    def _level(self, count: int) -> Level:
        self._distance(count)
        stratum, distance = self.distances[count]
        target = self._target(stratum)
        folder = None if self.folder is None else self.folder / f"neurons-{count}"
        self.progress(f"the kernel checks the distance of {count} neurons")
        if folder is None:
            verify(*distance.documents)
        else:
            write_documents(folder / "distance", *distance.documents)
        samples = self._samples(target, stratum, folder)
        widths, weights = stratum.widths, stratum.weights
        return Level(target, widths, weights, distance.bound, self._error(stratum), samples)

    def _samples(self, target: Network, stratum: Stratum, folder: Path | None) -> Verdict:
        self.progress(f"the sample size of {stratum.neurons} neurons")
        left = max(0.001, self.problem.deadline - monotonic())
        try:
            return optimistic_sample_size(
                self.problem.network,
                target=target,
                weights=named(target, stratum.weights),
                budget=None if left == inf else left,
                seed=self.seed,
                certificate=None if folder is None else folder / "samples",
            )
        except OutOfBudget as stop:
            if not isinstance(stop.verdict, Verdict):
                raise
            return stop.verdict


def _corners(box: Box) -> Array:
    """The corners of a box with few inputs, else two opposite ones."""
    sides = [(nearest_double(low), nearest_double(high)) for low, high in box]
    return np.array(list(product(*sides))) if len(sides) <= CORNER_INPUTS else np.array(sides).T
