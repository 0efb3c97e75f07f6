"""``conjecture``: exact ranks over a grid of sizes, the simplest formula, and the attempt to refute it.

# The choice of algorithm
# 1. The ranks at almost every weight, over the grid. Only proved ones are data.
# 2. A formula of the user is compared with them. Else the simplest formulas that explain them all are sought.
# 3. These are tested at larger sizes, and with at_degenerate at degenerate ones; the first that survives is
#    the answer.
# Invariants: a formula is never called proved; nothing is refuted by a rank that was only read from a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from time import monotonic
from typing import Any

from llrsym.conjectures.expressions import SizeFormula
from llrsym.conjectures.fit import almost_fit, fit
from llrsym.conjectures.grid import Grid, Point, check_names
from llrsym.conjectures.ranks import Progress, Setting, ranks_of
from llrsym.conjectures.result import DEGENERATE, GRID, LARGER, Conjecture, Refutation, Sample
from llrsym.conjectures.shapes import Shape
from llrsym.conjectures.source import Family, family_in, family_of
from llrsym.conjectures.store import Store, key_of
from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.report.api import checked_jobs

MOST_CANDIDATES = 3
"""So many formulas that explain the grid are tested elsewhere."""
Valued = Callable[[Point], Fraction | None]


def conjecture(
    function: Callable[..., Any] | str,
    *,
    sizes: Mapping[str, Iterable[int]],
    where: str | None = None,
    formula: str | None = None,
    at_degenerate: bool = False,
    jobs: int = 1,
    executor: Executor | None = None,
    cache: Path | str | None = None,
    budget: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Conjecture:
    """Return the simplest formula for the model rank that no instance refutes, or what refutes a given one.

    ``function`` takes the named ``sizes`` and returns a network, or is such a function as ``FILE.py:NAME``.
    The ranks hold at almost every weight; they are computed at all combinations of the sizes that fulfil
    ``where``, by ``jobs`` processes or by an ``executor`` of ``concurrent.futures``. ``cache`` is a file that
    keeps them, ``budget`` limits the whole computation in seconds. A formula is a conjecture: it is never
    proved. With ``at_degenerate`` it is also about sizes 1 and one size far beyond the others.

    Raises ``BadInput`` for sizes, formulas and functions that do not fit together.

    >>> import llrsym as ll
    >>> from llrsym.conjectures.conjecture import conjecture
    >>> def two_layers(k, d):
    ...     return ll.mlp(d, k, 1, bias=False)
    >>> found = conjecture(two_layers, sizes={"k": range(1, 4), "d": range(1, 4)})
    >>> found.formula, found.verdict
    ('k*(d + 1)', 'open')

    Reference: the dimension of a neurovariety as a function of the widths, Kileel, Trager and Bruna,
    arXiv:1905.12207.
    """
    start = monotonic()
    family = family_in(function) if isinstance(function, str) else family_of(function)
    grid = Grid.of(sizes, where)
    family.check_names(grid.sizes)
    given = None if formula is None else _checked_formula(formula, grid)
    setting = Setting(
        checked_jobs(jobs),
        executor,
        None if cache is None else Store(Path(cache)),
        None if budget is None else start + budget,
        seed,
        progress,
    )
    inquiry = Inquiry(family, grid, setting, at_degenerate)
    answer = inquiry.fitted() if given is None else inquiry.tested(given)
    return replace(answer, seconds=round(monotonic() - start, 3))


def _checked_formula(text: str, grid: Grid) -> SizeFormula:
    formula = SizeFormula(text)
    check_names("formula", formula, grid.sizes)
    if formula.is_condition:
        raise BadInput(f"formula: {shown(text)} is a condition; give a formula for the rank such as k*(d+1)")
    return formula


@dataclass(frozen=True)
class Inquiry:
    """A family of networks, a grid of sizes, and how ranks are computed."""

    family: Family
    grid: Grid
    setting: Setting
    at_degenerate: bool

    def tested(self, formula: SizeFormula) -> Conjecture:
        """Return what the ranks say about a formula."""
        samples = self._samples(self.grid.points, GRID)
        if self.at_degenerate:
            samples += self._samples(self.grid.degenerate, DEGENERATE, strict=False)
        samples, refutations = self._judged(formula.text, samples, _value_of(formula))
        values = tuple(_value_of(formula)(dict(sample.sizes)) for sample in samples)
        return self._answer(
            samples, formula=formula.text, given=True, values=values, refutations=tuple(refutations)
        )

    def fitted(self) -> Conjecture:
        """Return the simplest formula that explains the ranks and is not refuted elsewhere."""
        samples = self._samples(self.grid.points, GRID)
        if not all(sample.final for sample in samples):
            return self._answer(samples)
        proved = [(dict(sample.sizes), sample.rank) for sample in samples if sample.rank is not None]
        points, ranks = [point for point, _ in proved], [rank for _, rank in proved]
        candidates = [shape for shape in fit(points, ranks) if self._fits_intervals(shape, samples)]
        if not candidates:
            almost = almost_fit(points, ranks)
            found = [] if almost is None else self._judged(almost.text, samples, _value_of(almost))[1]
            return self._answer(samples, exceptions=tuple(found))
        samples += self._samples(self.grid.larger, LARGER, strict=False)
        samples += self._samples(self.grid.degenerate, DEGENERATE, strict=False)
        return self._first_survivor(candidates, samples)

    def _first_survivor(self, candidates: list[Shape], samples: list[Sample]) -> Conjecture:
        rejected: list[Refutation] = []
        for shape in candidates[:MOST_CANDIDATES]:
            samples, refutations = self._judged(shape.text, samples, _value_of(shape))
            if not refutations:
                values = tuple(_value_of(shape)(dict(sample.sizes)) for sample in samples)
                return self._answer(
                    samples,
                    formula=shape.text,
                    coefficients=shape.coefficients,
                    values=values,
                    rejected=tuple(rejected),
                )
            rejected.append(refutations[0])
        return self._answer(samples, rejected=tuple(rejected))

    def _fits_intervals(self, shape: Shape, samples: list[Sample]) -> bool:
        """Whether a formula lies in the proved intervals of the ranks that are not known."""
        return not any(sample.contradicts(_value_of(shape)(dict(sample.sizes))) for sample in samples)

    def _samples(self, points: list[Point], part: str, strict: bool = True) -> list[Sample]:
        """The ranks at points; unless ``strict``, points that have no network are left out."""
        networks = [(point, network) for point in points if (network := self._network(point, strict))]
        ranks = ranks_of([network for _, network in networks], self.setting)
        samples = []
        for point, network in networks:
            key = key_of(network, self.setting.seed)
            verdict, cached, final = ranks.verdicts.get(key), key in ranks.cached, key in ranks.final
            samples.append(Sample(point, network.text, network.parameter_count, part, verdict, cached, final))
        return samples

    def _network(self, point: Point, strict: bool) -> Network | None:
        try:
            return self.family.network(point)
        except BadInput:
            if strict:
                raise
            return None

    def _judged(
        self, formula: str, samples: list[Sample], value: Valued
    ) -> tuple[list[Sample], list[Refutation]]:
        """The samples and those that refute a formula, smallest first; the first one is not from a file."""

        def differs(sample: Sample) -> bool:
            counts = sample.part != DEGENERATE or self.at_degenerate
            return counts and sample.contradicts(value(dict(sample.sizes)))

        while True:
            found = sorted(filter(differs, samples), key=lambda s: (s.parameters, tuple(s.sizes.values())))
            if not found or not found[0].cached:
                return samples, [Refutation(formula, value(dict(s.sizes)), s) for s in found]
            computed = self._computed(found[0])
            samples = [computed if sample is found[0] else sample for sample in samples]

    def _computed(self, sample: Sample) -> Sample:
        """The sample with a rank that was computed now."""
        network = self.family.network(dict(sample.sizes))
        here = replace(self.setting, jobs=1, executor=None, store=None, progress=None)
        key, ranks = key_of(network, here.seed), ranks_of([network], here)
        return replace(sample, verdict=ranks.verdicts.get(key), cached=False, final=key in ranks.final)

    def _answer(self, samples: list[Sample], **findings: Any) -> Conjecture:
        return Conjecture(
            function=self.family.name,
            sizes=self.grid.sizes,
            where=self.grid.where,
            samples=tuple(samples),
            at_degenerate=self.at_degenerate,
            seed=self.setting.seed,
            **findings,
        )


def _value_of(shape: Shape | SizeFormula) -> Valued:
    """The values of a formula; None where a formula of the user has no integer value."""

    def value(point: Point) -> Fraction | None:
        try:
            return Fraction(shape.value(point))
        except BadInput:
            return None

    return value
