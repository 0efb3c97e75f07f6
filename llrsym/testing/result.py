"""The answer of ``architecture_suite``: what was found about each property, and counterexamples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn

from llrsym.bounds.formula import written
from llrsym.testing.values import pasted
from llrsym.verdict import REFUTED

HOLDS, UNDECIDED = "holds", "undecided"
OUTCOMES = (HOLDS, REFUTED, UNDECIDED)
PROVED, NUMERICAL = "proved", "numerical"
OPEN = "open"
_CODES = {HOLDS: 0, REFUTED: 1, OPEN: 3}
OUT_OF_TIME = 4
MOST_NOTES = 12


@dataclass(frozen=True)
class Counterexample:
    """Where a property fails: the sizes, the network as a builder call, the weights and the input.

    ``weights`` holds nested lists of integers and of texts such as ``"1/2"``, as ``model_rank(net, at=...)``
    takes them. ``command`` finds the same counterexample again.
    """

    reason: str
    network: str
    sizes: Mapping[str, int]
    weights: Mapping[str, Any] | None
    inputs: tuple[int | str, ...] | None
    command: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", MappingProxyType(dict(self.sizes)))

    def lines(self) -> list[str]:
        """Return the counterexample as lines of text."""
        found = [f"counterexample: {self.reason}"]
        where = f" ({written(self.sizes)})" if self.sizes else ""
        found.append(f"  network: {self.network}{where}")
        if self.weights is not None:
            found.append(f"  weights: {pasted(self.weights)}")
        if self.inputs is not None:
            found.append(f"  input: {pasted(list(self.inputs))}")
        return [*found, f"  again: {self.command}"]

    def to_json_dict(self) -> dict[str, object]:
        """Return the counterexample as JSON data."""
        return {
            "reason": self.reason,
            "network": self.network,
            "sizes": dict(self.sizes),
            "weights": self.weights,
            "inputs": None if self.inputs is None else list(self.inputs),
            "command": self.command,
        }


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of an architecture and what was found about it.

    ``outcome`` is ``holds`` (for every one of the ``examples``), ``refuted``, or ``undecided`` where some
    could not be decided. ``evidence`` is ``proved`` if the kernel proved each example, else ``numerical``.
    """

    name: str
    group: str
    statement: str
    outcome: str
    evidence: str
    examples: int
    undecided: int = 0
    counterexample: Counterexample | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"property: '{self.outcome}' is not one of {OUTCOMES}")

    def lines(self, width: int = 0) -> list[str]:
        """Return one line, and more for a counterexample and for what else was found."""
        count = f"{self.examples} example{'s' * (self.examples != 1)}, {self.evidence}"
        count += f", {self.undecided} undecided" if self.undecided else ""
        head = f"{self.name.ljust(width)}  {self.outcome.ljust(9)}  {self.statement} ({count})"
        more = [] if self.counterexample is None else self.counterexample.lines()
        notes = list(self.notes[:MOST_NOTES])
        if len(self.notes) > MOST_NOTES:
            notes.append(f"and {len(self.notes) - MOST_NOTES} more")
        return [head, *(f"  {line}" for line in (*more, *notes))]

    def to_json_dict(self) -> dict[str, object]:
        """Return the property as JSON data."""
        found = self.counterexample
        return {
            "name": self.name,
            "group": self.group,
            "statement": self.statement,
            "outcome": self.outcome,
            "evidence": self.evidence,
            "examples": self.examples,
            "undecided": self.undecided,
            "counterexample": None if found is None else found.to_json_dict(),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """What the suite found about an architecture, property by property.

    ``verdict`` is ``refuted`` if a property is, ``open`` if some could not be decided, else ``holds``: that
    is evidence about the examples that were tried, and no theorem about all sizes and weights.
    """

    architecture: str
    networks: tuple[tuple[Mapping[str, int], str, int], ...] = field(repr=False)
    properties: tuple[Property, ...]
    complete: bool = True
    seed: int = 0
    seconds: float = field(default=0.0, compare=False)

    def __bool__(self) -> NoReturn:
        raise TypeError("a result is not a truth value; compare its .verdict")

    @property
    def verdict(self) -> str:
        """``holds``, ``refuted`` or ``open``."""
        outcomes = {found.outcome for found in self.properties}
        if REFUTED in outcomes:
            return REFUTED
        return OPEN if UNDECIDED in outcomes or not self.complete else HOLDS

    @property
    def counts(self) -> Counter[str]:
        """How many properties have which outcome."""
        return Counter(dict.fromkeys(OUTCOMES, 0)) + Counter(p.outcome for p in self.properties)

    @property
    def refuted(self) -> tuple[Property, ...]:
        """The properties that are refuted."""
        return tuple(found for found in self.properties if found.outcome == REFUTED)

    def exit_code(self) -> int:
        """Return 0 if every property holds, 1 if one is refuted, 3 if some are undecided, 4 without time."""
        if not self.complete and self.verdict != REFUTED:
            return OUT_OF_TIME
        return _CODES[self.verdict]

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data."""
        return {
            "question": "architecture_check",
            "architecture": self.architecture,
            "networks": [
                {"sizes": dict(sizes), "network": text, "parameters": parameters}
                for sizes, text, parameters in self.networks
            ],
            "verdict": self.verdict,
            "counts": {outcome: self.counts[outcome] for outcome in OUTCOMES},
            "properties": [found.to_json_dict() for found in self.properties],
            "complete": self.complete,
            "seed": self.seed,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        counts = self.counts
        count, largest = len(self.networks), max((m for _, _, m in self.networks), default=0)
        networks = "one network" if count == 1 else f"{count} networks"
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
        head = f"check of {self.architecture}: {self.verdict} ({told}; {networks}, M up to {largest})"
        width = max((len(found.name) for found in self.properties), default=0)
        return "\n".join([head, *(f"  {line}" for found in self.properties for line in found.lines(width))])
