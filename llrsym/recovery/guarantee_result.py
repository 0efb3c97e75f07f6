"""The answer of ``guarantee``: do these samples carry a local linear recovery guarantee?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_UP, Context
from fractions import Fraction
from math import inf, nextafter

from llrsym.verdict import GIVEN, interval

YES, NO = "yes", "no"


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """What is known about rank J(X) and the model rank at the given weights, and what follows.

    ``lower`` and ``upper`` bound the rank of the evaluation matrix J(X), ``model_rank_lower`` and
    ``model_rank_upper`` the model rank. ``answer`` is ``"yes"`` when it is proved that they agree, ``"no"``
    when it is proved that they do not, None while neither is proved; it is no truth value.

    Samples are numbered from 0; ``rows`` are their rows in the file, which the text shows. ``basis`` are
    samples that carry the guarantee by themselves and ``redundant`` the others.
    ``sigma_min`` is a proved lower bound of the least singular value of J(X) restricted to ``columns``, whose
    tangent functions are a basis of the tangent space; ``sigma_estimate`` is the same in floating point.
    """

    network: str
    parameters: int
    samples: int
    distinct: int
    outputs: int
    is_analytic: bool
    lower: int
    upper: int
    model_rank_lower: int
    model_rank_upper: int
    lower_verdict: str
    upper_verdict: str
    answer: str | None
    reason: str
    lower_reason: str
    upper_reason: str
    strength: str = "proved"
    duplicates: tuple[tuple[int, ...], ...] = ()
    rows: tuple[int, ...] = field(default=(), repr=False)
    basis: tuple[int, ...] | None = None
    redundant: tuple[int, ...] | None = None
    columns: tuple[str, ...] = ()
    sigma_min: Fraction | None = None
    sigma_estimate: float | None = None
    bits: int | None = None
    numerical_rank: int | None = None
    conditions: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    certificate: str | None = None
    seed: int = 0
    seconds: float = 0.0
    question: str = field(default="llr_guarantee", init=False)
    at: str = field(default=GIVEN, init=False)

    def __bool__(self) -> bool:
        raise TypeError("a guarantee is no truth value: ask for .answer, 'yes', 'no' or None")

    @property
    def verdict(self) -> str:
        """``strength``, proved or conditional, when the answer is yes or no, else ``open``."""
        return "open" if self.answer is None else self.strength

    def exit_code(self) -> int:
        """Return 0 when the question is settled either way, else 3."""
        return 3 if self.answer is None else 0

    @property
    def missing_lower(self) -> int:
        """No fewer samples than this can complete these to a guarantee."""
        return max(0, -(-(self.model_rank_lower - self.upper) // self.outputs))

    @property
    def missing_upper(self) -> int | None:
        """Almost every choice of so many further samples completes these to a guarantee.

        None for a network that is not seen to be analytic everywhere, such as one that divides by an input.
        """
        return max(0, self.model_rank_upper - self.lower) if self.is_analytic else None

    @property
    def noise_amplification(self) -> float | None:
        """The coefficients move by at most this times the Euclidean norm of the noise; rounded up.

        None without a proved bound, or with one above the range of doubles.
        """
        if not self.sigma_min:
            return None
        try:
            return nextafter(float(1 / self.sigma_min), inf)
        except OverflowError:
            return None

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data."""
        return {
            "question": self.question,
            "network": self.network,
            "parameters": self.parameters,
            "at": self.at,
            "answer": self.answer,
            "verdict": self.verdict,
            "reason": self.reason,
            "samples": self.samples,
            "distinct": self.distinct,
            "lower": self.lower,
            "upper": self.upper,
            "lower_verdict": self.lower_verdict,
            "upper_verdict": self.upper_verdict,
            "lower_reason": self.lower_reason,
            "upper_reason": self.upper_reason,
            "model_rank_lower": self.model_rank_lower,
            "model_rank_upper": self.model_rank_upper,
            "missing_lower": self.missing_lower,
            "missing_upper": self.missing_upper,
            "basis": _listed(self.basis),
            "redundant": _listed(self.redundant),
            "duplicates": [list(group) for group in self.duplicates],
            "columns": list(self.columns),
            "sigma_min": None if self.sigma_min is None else _rounded_down(self.sigma_min),
            "sigma_estimate": self.sigma_estimate,
            "noise_amplification": self.noise_amplification,
            "bits": self.bits,
            "numerical_rank": self.numerical_rank,
            "conditions": list(self.conditions),
            "certificate": self.certificate,
            "seed": self.seed,
            "seconds": self.seconds,
            "trusted": list(self.trusted),
        }

    def __str__(self) -> str:
        uses = [f"  uses: {condition}" for condition in self.conditions]
        trust = [f"  trusts: {item}" for item in self.trusted]
        path = [] if self.certificate is None else [f"  certificate: {self.certificate}"]
        return "\n".join([*self._headline(), *self._samples(), *self._noise(), *uses, *trust, *path])

    def _headline(self) -> list[str]:
        said = {YES: "yes", NO: "no", None: "not settled"}[self.answer]
        return [
            f"local linear recovery guarantee of {self.samples} samples for {self.network} at the given "
            f"weights: {said}, {self.verdict}",
            f"  because {self.reason}",
            f"  rank of the evaluation matrix {interval(self.lower, self.upper)}; "
            f"model rank {interval(self.model_rank_lower, self.model_rank_upper)} (M = {self.parameters})",
            f"  at least {self.lower}, {self.lower_verdict}: {self.lower_reason}",
            f"  at most  {self.upper}, {self.upper_verdict}: {self.upper_reason}",
        ]

    def _samples(self) -> list[str]:
        lines = []
        if self.duplicates:
            lines.append(
                f"  equal rows: {'; '.join(self._rows(group) for group in self.duplicates[:5])}"
                + ("; ..." if len(self.duplicates) > 5 else "")
            )
        if self.answer == YES and self.redundant is not None and self.basis is not None:
            lines.append(
                f"  {len(self.basis)} samples carry the guarantee by themselves, "
                f"{len(self.redundant)} are redundant"
                + (f": {self._rows(self.redundant)}" if self.redundant else "")
            )
        if self.answer != YES:
            least, most = self.missing_lower, self.missing_upper
            need = f"{least}" if least == most else f"at least {least}"
            enough = "" if most is None else f"; almost every choice of {most} more is enough"
            lines.append(f"  missing samples: {need}{enough}")
        return lines

    def _rows(self, positions: Sequence[int]) -> str:
        """The rows of the file with these samples."""
        shown = ", ".join(str(self.rows[position]) for position in positions[:12])
        return shown + (", ..." if len(positions) > 12 else "")

    def _noise(self) -> list[str]:
        if self.sigma_min is None:
            return []
        estimate = (
            "" if self.sigma_estimate is None else f" (about {self.sigma_estimate:.3g} in floating point)"
        )
        return [
            f"  sigma_min of the evaluation matrix on {len(self.columns)} tangent functions >= "
            f"{_digits(_rounded_down(self.sigma_min), ROUND_DOWN)}{estimate}, with {self.bits} bits",
            "  noise of norm e moves the coefficients of the linearised fit by at most "
            f"{_times(self.noise_amplification)}",
        ]


def _times(factor: float | None) -> str:
    return "more than 1e308 e" if factor is None else f"{_digits(factor, ROUND_UP)} e"


def _digits(value: float, rounding: str) -> str:
    """Four digits, rounded towards the safe side."""
    return f"{Context(prec=4, rounding=rounding).create_decimal_from_float(value).normalize():g}"


def _rounded_down(value: Fraction) -> float:
    nearest = float(value)
    return nearest if Fraction(nearest) <= value else nextafter(nearest, 0.0)


def _listed(numbers: Sequence[int] | None) -> list[int] | None:
    return None if numbers is None else list(numbers)
