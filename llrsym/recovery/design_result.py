"""The answer of ``sample``: the chosen points, why each one was chosen, and what is proved about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from llrsym.recovery.data import Data
from llrsym.recovery.guarantee_result import NO, YES, Guarantee
from llrsym.verdict import GIVEN, Verdict, interval

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row of the candidates, and in floating point what it adds to the samples before it.

    There are ``new`` directions of the tangent space at these ``distances`` from the span of the earlier
    ones, where 1 is typical of a candidate; ``volume`` is the factor by which the volume grows.
    """

    row: int
    new: int
    distances: tuple[float, ...]
    volume: float


@dataclass(frozen=True, slots=True)
class Replaced:
    """A D-optimal exchange of two rows of the candidates, and how it enlarged the volume."""

    out: int
    into: int
    volume: float


@dataclass(frozen=True, kw_only=True)
class Design:
    """Sample points for the network at the given weights.

    ``samples_lower`` and ``samples_upper`` bound the least number of samples that carry an LLR guarantee at
    these weights, both proved; ``optimistic`` bounds O(f*), the least number at any weights with the same
    function. ``guarantee`` is the proof about these very points, ``data``.
    """

    network: str
    target: str | None
    parameters: int
    outputs: int
    method: str
    seed: int
    samples_upper: int
    samples_lower: int = 0
    lower_verdict: str = "proved"
    lower_reason: str = "nothing is proved yet"
    upper_verdict: str = "proved"
    upper_reason: str = "there are no more parameters"
    model_rank_lower: int = 0
    model_rank_upper: int | None = None
    source: str = ""
    candidates: int = 0
    evaluated: int = 0
    bits: int | None = None
    visible_rank: int | None = None
    data: Data | None = None
    choices: tuple[Chosen, ...] = ()
    exchanges: tuple[Replaced, ...] = ()
    optimistic: Verdict | None = None
    guarantee: Guarantee | None = None
    conditions: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    certificate: str | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.samples_lower <= self.samples_upper:
            raise ValueError(
                f"design: expected 0 <= lower <= upper, got {self.samples_lower} and {self.samples_upper}"
            )

    def __bool__(self) -> NoReturn:
        raise TypeError("a design is no truth value: ask for .answer, 'yes', 'no' or None")

    @property
    def lower(self) -> int:
        """A proved lower bound of the number of samples needed at these weights."""
        return self.samples_lower

    @property
    def upper(self) -> int:
        """A proved upper bound of the number of samples needed at these weights."""
        return self.samples_upper

    @property
    def n(self) -> int:
        """The number of chosen points."""
        return 0 if self.data is None else len(self.data)

    @property
    def answer(self) -> str | None:
        """Whether the points carry an LLR guarantee: ``"yes"`` or ``"no"`` where proved, else None."""
        return None if self.guarantee is None else self.guarantee.answer

    @property
    def verdict(self) -> str:
        """``proved`` or ``conditional`` when the answer is yes or no, else ``open``."""
        return "open" if self.guarantee is None else self.guarantee.verdict

    @property
    def has_certificate(self) -> bool:
        """Whether a document was written."""
        parts = (self.guarantee, self.optimistic)
        return any(part is not None and part.certificate is not None for part in parts)

    def exit_code(self) -> int:
        """Return 0 when it is settled whether the points carry a guarantee, else 3."""
        return 3 if self.guarantee is None else self.guarantee.exit_code()

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data; a coordinate is a number if that is exact, else ``"p/q"``."""
        data = self.data
        return {
            "question": "sample_design",
            "network": self.network,
            "target": self.target,
            "parameters": self.parameters,
            "at": GIVEN,
            "n": self.n,
            "answer": self.answer,
            "verdict": self.verdict,
            "method": self.method,
            "source": self.source,
            "candidates": self.candidates,
            "evaluated": self.evaluated,
            "bits": self.bits,
            "visible_rank": self.visible_rank,
            "columns": [] if data is None else list(data.names),
            "points": [] if data is None else [[_number(v) for v in point] for point in data.points],
            "choices": [
                {"row": c.row, "new": c.new, "distances": list(c.distances), "volume": c.volume}
                for c in self.choices
            ],
            "exchanges": [{"out": e.out, "into": e.into, "volume": e.volume} for e in self.exchanges],
            "model_rank_lower": self.model_rank_lower,
            "model_rank_upper": self.model_rank_upper,
            "samples_lower": self.samples_lower,
            "samples_upper": self.samples_upper,
            "lower_verdict": self.lower_verdict,
            "upper_verdict": self.upper_verdict,
            "lower_reason": self.lower_reason,
            "upper_reason": self.upper_reason,
            "optimistic_lower": None if self.optimistic is None else self.optimistic.samples_lower,
            "optimistic_upper": None if self.optimistic is None else self.optimistic.samples_upper,
            **self._certified(),
            "conditions": list(self.conditions),
            "certificate": self.certificate,
            "seed": self.seed,
            "seconds": self.seconds,
            "trusted": list(self.trusted),
        }

    def _certified(self) -> dict[str, object]:
        """What is proved about the points, with the keys of ``guarantee``."""
        keys = ("reason", "sigma_min", "noise_amplification")
        known = {} if self.guarantee is None else self.guarantee.to_json_dict()
        return {key: known.get(key) for key in keys}

    def __str__(self) -> str:
        lines = [self._headline(), *self._sizes(), *self._selection(), *self._proof()]
        lines += [f"  uses: {condition}" for condition in self.conditions]
        lines += [f"  trusts: {item}" for item in self.trusted]
        return "\n".join(lines + ([] if self.certificate is None else [f"  certificate: {self.certificate}"]))

    def _headline(self) -> str:
        of = "the given weights" if self.target is None else f"the embedded weights of {self.target}"
        said = {YES: "they carry a guarantee", NO: "they carry no guarantee", None: "not settled"}[
            self.answer
        ]
        return f"{self.n} samples for {self.network} at {of}: {said}, {self.verdict}"

    def _sizes(self) -> list[str]:
        if self.model_rank_upper is None:
            return []
        needed = interval(self.samples_lower, self.samples_upper)
        lines = [
            f"  model rank {interval(self.model_rank_lower, self.model_rank_upper)} (M = {self.parameters}), "
            f"samples needed at these weights {needed}",
            f"  fewer than {self.samples_lower} never do, {self.lower_verdict}: {self.lower_reason}",
            f"  {self.samples_upper} suffice, {self.upper_verdict}: {self.upper_reason}",
        ]
        return lines + self._other_weights()

    def _other_weights(self) -> list[str]:
        bound = self.optimistic
        if bound is None or bound.samples_lower is None or bound.samples_upper is None:
            return []
        if bound.samples_lower == 0 and bound.samples_upper >= self.samples_upper:
            return []  # says no more than the lines above
        size = interval(bound.samples_lower, bound.samples_upper)
        lines = [f"  optimistic sample size of this function, over all weights: {size}, proved"]
        if bound.samples_upper < self.samples_lower:
            lines.append(
                "  other weights with this function need fewer samples: give its narrow network as target"
            )
        return lines

    def _selection(self) -> list[str]:
        if self.data is None:
            return []
        where = "double precision" if self.bits == 53 else f"{self.bits} bits"
        short = "" if self.evaluated == self.candidates else f", {self.evaluated} of them"
        lines = [f"  chosen from {self.source}{short} by {self.method}, {where}"]
        if self.exchanges:
            lines.append(f"  {len(self.exchanges)} exchanges enlarged the volume")
        for number, (choice, point) in enumerate(zip(self.choices, self.data.points, strict=True), start=1):
            if number > SHOWN:
                lines.append(f"  ... and {len(self.choices) - SHOWN} more")
                break
            lines.append(
                f"  {number:4d}. row {choice.row} {_shown_point(self.data.names, point)}: {_why(choice)}"
            )
        return lines

    def _proof(self) -> list[str]:
        if self.guarantee is None:
            return []
        lines = [f"  because {self.guarantee.reason}"]
        amplification = self.guarantee.noise_amplification
        if self.guarantee.sigma_min is not None and amplification is not None:
            lines += [
                f"  sigma_min of the evaluation matrix >= {float(self.guarantee.sigma_min):.4g}, proved",
                f"  noise of norm e moves the coefficients of the linearised fit by at most "
                f"{amplification:.4g} e",
            ]
        return lines


def _why(choice: Chosen) -> str:
    if not choice.new:
        return f"no new direction, volume x {choice.volume:.3g}"
    noun = "a new direction" if choice.new == 1 else f"{choice.new} new directions"
    return f"{noun} at distance {', '.join(f'{v:.3g}' for v in choice.distances[:4])}" + (
        ", ..." if len(choice.distances) > 4 else ""
    )


def _shown_point(names: Sequence[str], point: Sequence[Fraction]) -> str:
    parts = [f"{name} = {float(value):.4g}" for name, value in zip(names[:4], point[:4], strict=True)]
    return f"({', '.join(parts)}{', ...' if len(point) > 4 else ''})"


def _number(value: Fraction) -> object:
    if value.denominator == 1 and abs(value.numerator) < 1 << 53:
        return value.numerator
    try:
        double = float(value)
    except OverflowError:
        return str(value)
    return double if Fraction(double) == value else str(value)
