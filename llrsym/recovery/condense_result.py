"""The answer of ``condense``: condensed networks, their proved distances, and the samples that they need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np

from llrsym.embedding.result import checked_path
from llrsym.errors import BadInput
from llrsym.kernel.distances import Box
from llrsym.kernel.models import Convolution, Weights
from llrsym.networks.network import Network
from llrsym.verdict import Verdict, interval

CHOICE = "the nearest strata that a search found; nearer ones may exist"


def named(network: Network, weights: Weights) -> Mapping[str, np.ndarray]:
    """Return exact weights by name, arrays of fractions."""
    tensors = {}
    for (name, shape, _), entries in zip(network.layers, weights, strict=True):
        array = np.empty(len(entries), dtype=object)
        array[:] = entries
        tensors[name] = array.reshape(shape)
    return MappingProxyType(tensors)


@dataclass(frozen=True)
class Level:
    """A condensed network g with ``|f - g| <= distance`` on the box, proved, and what is known about O(g).

    ``widths`` are those of its hidden layers, or the number of its channels; ``sampled`` is the largest
    ``|f - g|`` seen in double precision, at random points and uphill from the worst of them; and ``samples``
    the verdict about O(g) in the network that was condensed.
    """

    target: Network
    widths: tuple[int, ...]
    exact_weights: Weights = field(repr=False)
    distance: Fraction
    sampled: float
    samples: Verdict = field(repr=False)

    @property
    def neurons(self) -> int:
        """The number of hidden neurons, or of channels."""
        return sum(self.widths)

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """The exact weights by name, arrays of fractions."""
        return named(self.target, self.exact_weights)

    def to_json_dict(self) -> dict[str, object]:
        """Return the level as JSON data, without the weights."""
        return {
            "neurons": self.neurons,
            "widths": list(self.widths),
            "target": self.target.text,
            "parameters": self.target.parameter_count,
            "distance": float(self.distance),
            "distance_exact": str(self.distance),
            "sampled": self.sampled,
            "samples": self.samples.samples,
            "samples_lower": self.samples.samples_lower,
            "samples_upper": self.samples.samples_upper,
            "samples_verdict": self.samples_verdict,
        }

    @property
    def samples_verdict(self) -> str:
        """``proved`` or ``conditional`` when O(g) itself is known, else ``open``."""
        return self.samples.verdict if self.samples.samples is not None else "open"

    @property
    def samples_text(self) -> str:
        """O(g), such as ``= 21`` or ``in [0, 21]``."""
        return interval(self.samples.samples_lower or 0, self.samples.samples_upper or 0)


@dataclass(frozen=True)
class Condensed:
    """Condensed networks from finest to coarsest, each with its proved distance; ``chosen`` is one of them.

    ``box`` is where distances are taken, and ``tolerance`` what the chosen network had to reach: it is the
    smallest one found with a proved distance of at most that. That no smaller one exists is not proved.
    """

    network: Network
    box: Box
    levels: tuple[Level, ...]
    chosen: Level
    tolerance: Fraction
    conditions: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    certificate: str | None = None
    seed: int = 0
    seconds: float = 0.0

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """The exact weights of the chosen network by name, arrays of fractions."""
        return self.chosen.weights

    @property
    def distance(self) -> Fraction:
        """The proved distance of the chosen network."""
        return self.chosen.distance

    @property
    def samples(self) -> Verdict:
        """What is known about the optimistic sample size of the chosen network's function."""
        return self.chosen.samples

    def exit_code(self) -> int:
        """Return 0 when the sample size of the chosen network is settled, else 3."""
        return self.samples.exit_code()

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data, without the weights."""
        return {
            "question": "condensation",
            "network": self.network.text,
            "parameters": self.network.parameter_count,
            "box": [[str(low), str(high)] for low, high in self.box],
            "tolerance": float(self.tolerance),
            "distance_verdict": "proved",
            "choice": CHOICE,
            "levels": [level.to_json_dict() for level in self.levels],
            "chosen": self.chosen.to_json_dict(),
            "conditions": list(self.conditions),
            "trusted": list(self.trusted),
            "certificate": self.certificate,
            "seed": self.seed,
            "seconds": self.seconds,
        }

    def write(self, path: Path | str) -> None:
        """Write the chosen weights to a .json file (exact, as ``"p/q"``) or an .npz file of float64.

        Raises ``BadInput`` for other types of files, for a folder that cannot be written, and for .npz if a
        weight is not a float64 number.
        """
        path = checked_path(Path(path))
        try:
            if path.suffix == ".json":
                plain = {name: _nested(tensor) for name, tensor in self.weights.items()}
                path.write_text(json.dumps(plain), encoding="utf-8")
            else:
                doubles = {name: _doubles(name, tensor) for name, tensor in self.weights.items()}
                np.savez(path, allow_pickle=False, **doubles)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise BadInput(f"weights: {path} cannot be written ({reason}); choose another file") from error

    def __str__(self) -> str:
        level = self.chosen
        lines = [
            f"condensation of {self.network.text} (M = {self.network.parameter_count}) at the given weights",
            f"  box: {_box_text(self.box)}",
            *self._table(),
            f"  chosen (*): {level.target.text}, the smallest within {_short(self.tolerance)}",
            f"  distance: {_short(level.distance)} at most on the box, in every output, proved",
            f"  samples: O {level.samples_text} for its function in the network, {level.samples_verdict}",
            f"  choice: {CHOICE}",
            *(f"  uses: {condition}" for condition in self.conditions),
            *(f"  trusts: {item}" for item in self.trusted),
        ]
        return "\n".join(lines + ([] if self.certificate is None else [f"  certificate: {self.certificate}"]))

    def _table(self) -> list[str]:
        unit = "channels" if isinstance(self.network.model, Convolution) else "neurons"
        rows = [(unit, "widths", "M", "distance <=", "sampled", "O", "")]
        for level in self.levels:
            widths = "-".join(map(str, level.widths))
            own = str(level.neurons), widths, str(level.target.parameter_count), _short(level.distance)
            mark = "*" if level == self.chosen else ""
            rows.append(
                (*own, f"{level.sampled:.2g}", f"{level.samples_text}, {level.samples_verdict}", mark)
            )
        sizes = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        return [
            ("  " + "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True))).rstrip()
            for row in rows
        ]


def _short(value: Fraction) -> str:
    return f"{float(value):.3g}"


def _box_text(box: Box) -> str:
    sides = [f"[{_side(low)}, {_side(high)}]" for low, high in box]
    if len(set(sides)) == 1:
        return sides[0] if len(sides) == 1 else f"{sides[0]}^{len(sides)}"
    return " x ".join(sides) if len(sides) <= 4 else f"{sides[0]} x {sides[1]} x ... ({len(sides)} sides)"


def _side(value: Fraction) -> str:
    return f"{float(value):.6g}"


def _nested(tensor: np.ndarray) -> object:
    return [_nested(part) if tensor.ndim > 1 else str(part) for part in tensor]


def _doubles(name: str, tensor: np.ndarray) -> np.ndarray:
    for entry in tensor.flat:
        if Fraction(float(entry)) != entry:
            raise BadInput(f"weights: {name} has the entry {entry}, which is no float64; write a .json file")
    return tensor.astype(np.float64)
