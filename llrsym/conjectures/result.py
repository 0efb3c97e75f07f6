"""The answer of ``conjecture``: exact ranks over a grid, a formula, and what was found against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import NoReturn

from llrsym.bounds.formula import written
from llrsym.bounds.notation import LATEX
from llrsym.conjectures.expressions import SizeFormula
from llrsym.report.plans import Claim, Instance, Plan, Statement
from llrsym.report.questions import Answers
from llrsym.report.tables import Table
from llrsym.verdict import REFUTED, Verdict

GRID, LARGER, DEGENERATE = "grid", "larger", "degenerate"
PARTS = (GRID, LARGER, DEGENERATE)
OPEN = "open"
IS_REFUTED, NOT_SETTLED, OUT_OF_TIME = 1, 3, 4


@dataclass(frozen=True)
class Sample:
    """The rank at some sizes: ``verdict`` is None where the budget ended before it was asked.

    ``part`` says why these sizes were taken, ``cached`` whether the verdict was read from a file, ``final``
    whether there was time for it.
    """

    sizes: Mapping[str, int]
    network: str
    parameters: int
    part: str
    verdict: Verdict | None
    cached: bool = False
    final: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", MappingProxyType(dict(self.sizes)))

    @property
    def rank(self) -> int | None:
        """The rank where it is proved, else None."""
        known = self.verdict is not None and self.verdict.verdict == "proved"
        return self.verdict.lower if known and self.verdict is not None else None

    def contradicts(self, value: Fraction | None) -> bool:
        """Return whether it is proved that the rank is not this value; None stands for no value at all."""
        known = self.verdict
        if known is None or value is None or value.denominator != 1:
            return known is not None
        above = known.upper_verdict == "proved" and value > known.upper
        return above or (known.lower_verdict == "proved" and value < known.lower)

    @property
    def exact(self) -> str:
        """What is known about the rank."""
        if self.verdict is None:
            return "unknown"
        lower, upper = self.verdict.lower, self.verdict.upper
        return str(lower) if lower == upper else f"in [{lower}, {upper}]"

    def to_json_dict(self) -> dict[str, object]:
        """Return the sample as JSON data."""
        known = self.verdict
        return {
            "sizes": dict(self.sizes),
            "network": self.network,
            "parameters": self.parameters,
            "part": self.part,
            "lower": None if known is None else known.lower,
            "upper": None if known is None else known.upper,
            "verdict": OPEN if known is None else known.verdict,
            "cached": self.cached,
        }


@dataclass(frozen=True)
class Refutation:
    """A formula, and sizes at which it has another value than the proved rank."""

    formula: str
    value: Fraction | None
    sample: Sample

    def __str__(self) -> str:
        says = "has no integer value" if self.value is None else f"says {self.value}"
        return f"at {written(self.sample.sizes)} it {says}, but {self.sample.exact} is proved"

    def to_json_dict(self) -> dict[str, object]:
        """Return the refutation as JSON data; a value that is no integer is text."""
        sample = self.sample.to_json_dict()
        kept = {key: sample[key] for key in ("sizes", "network", "part", "lower", "upper")}
        return {"formula": self.formula, "value": _plain(self.value)} | kept


@dataclass(frozen=True, kw_only=True)
class Conjecture:
    """A formula for the model rank at almost every weight, which instances support or refute.

    ``verdict`` is ``refuted`` (only for a formula that was ``given``) or ``open``: instances prove nothing
    about all sizes. ``values`` are those of the formula at the samples, ``refutations`` refute a given one,
    the smallest network first. ``rejected`` are formulas that explain the grid and are refuted elsewhere;
    ``exceptions`` refute a simple formula that explains almost all of the grid, where none explains it.
    Degenerate sizes count only with ``at_degenerate``.
    """

    function: str
    sizes: Mapping[str, tuple[int, ...]]
    where: str | None
    samples: tuple[Sample, ...]
    formula: str | None = None
    given: bool = False
    coefficients: int | None = None
    values: tuple[Fraction | None, ...] = ()
    refutations: tuple[Refutation, ...] = ()
    rejected: tuple[Refutation, ...] = ()
    exceptions: tuple[Refutation, ...] = ()
    at_degenerate: bool = False
    seed: int = 0
    seconds: float = field(default=0.0, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", MappingProxyType(dict(self.sizes)))

    def __bool__(self) -> NoReturn:
        raise TypeError("a conjecture is not a truth value; compare its .verdict or .formula")

    @property
    def verdict(self) -> str:
        """``refuted`` or ``open``."""
        return REFUTED if self.given and self.refutations else OPEN

    def exit_code(self) -> int:
        """Return 1 if a given formula is refuted, 4 if the budget ended first, and 3 otherwise."""
        if self.verdict == REFUTED:
            return IS_REFUTED
        return NOT_SETTLED if self.complete else OUT_OF_TIME

    @property
    def complete(self) -> bool:
        """Whether there was time for every rank."""
        return all(sample.final for sample in self.samples)

    @property
    def latex(self) -> str | None:
        """The formula in LaTeX, without dollar signs."""
        return None if self.formula is None else SizeFormula(self.formula).write(LATEX)

    @property
    def refutation(self) -> Refutation | None:
        """The refutation with the smallest network, if there is one."""
        return self.refutations[0] if self.refutations else None

    def count(self, part: str) -> Counter[str]:
        """Return how many ranks of a part are proved, open, and agree with the formula or differ from it."""
        counted: Counter[str] = Counter(proved=0, open=0, agree=0, differ=0)
        values = self.values or (None,) * len(self.samples)
        for sample, value in zip(self.samples, values, strict=True):
            if sample.part == part:
                counted["open" if sample.rank is None else "proved"] += 1
                counted["differ"] += bool(self.values) and sample.contradicts(value)
                counted["agree"] += sample.rank is not None and sample.rank == value
        return counted

    @property
    def statement(self) -> str:
        """What is established, in one sentence."""
        grid = self.count(GRID)
        if self.verdict == REFUTED:
            return f"refuted: {self.refutations[0]}"
        if self.formula is not None:
            agrees = f"agrees with all {grid['agree']} proved ranks of the grid"
            return f"{agrees}; no proof for all sizes is claimed"
        if not self.complete:
            return f"the budget ended: {grid['proved']} ranks of the grid are proved"
        if not grid["proved"]:
            return "no rank of the grid is proved, so there is nothing to fit"
        if self.rejected:
            return "no simple formula: those that explain the grid are refuted at other sizes"
        return f"no simple formula explains the {grid['proved']} proved ranks of the grid"

    @property
    def table(self) -> Table:
        """The ranks beside the values of the formula, with views in LaTeX, Markdown, CSV and HTML."""
        shown = all(value is not None and value.denominator == 1 for value in self.values)
        claims = {"formula": Claim(SizeFormula(self.formula))} if self.formula and shown else {}
        instances = tuple(
            Instance(sample.verdict, sample.sizes, note="" if sample.part == GRID else f"{sample.part} sizes")
            for sample in self.samples
            if sample.verdict is not None and (sample.part != DEGENERATE or self.at_degenerate)
        )
        columns = ("sizes", "parameters", *claims, "rank", "verdict")
        statement = Statement(instances, self.function, claims)
        caption = f"Model rank of {self.function} at almost every weight"
        return Plan(caption, "tab:ranks", columns, (statement,), {"rank": "rank"}).table(Answers())

    def to_latex(self) -> str:
        """Return the table in LaTeX: a row with the formula, then a row for every rank."""
        return self.table.to_latex()

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data."""
        values = self.values or (None,) * len(self.samples)
        return {
            "question": "conjecture",
            "function": self.function,
            "sizes": {name: list(values) for name, values in self.sizes.items()},
            "where": self.where,
            "formula": self.formula,
            "latex": self.latex,
            "given": self.given,
            "coefficients": self.coefficients,
            "verdict": self.verdict,
            "statement": self.statement,
            "at_degenerate": self.at_degenerate,
            "counts": {part: dict(self.count(part)) for part in PARTS},
            "refutation": None if self.refutation is None else self.refutation.to_json_dict(),
            "rejected": [found.to_json_dict() for found in self.rejected],
            "exceptions": [found.to_json_dict() for found in self.exceptions],
            "samples": [
                sample.to_json_dict() | {"value": _plain(value)}
                for sample, value in zip(self.samples, values, strict=True)
            ],
            "complete": self.complete,
            "seed": self.seed,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        from llrsym.conjectures.text import lines

        return "\n".join(lines(self))


def _plain(value: Fraction | None) -> int | str | None:
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else str(value)
