"""The answer about a published formula, and its views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn

from llrsym.bounds.formula import written
from llrsym.bounds.target_properties import WITHOUT
from llrsym.verdict import GIVEN, REFUTED, Derivation, Verdict

SETTLED, IS_REFUTED, NOT_SETTLED, OUT_OF_TIME = 0, 1, 3, 4


@dataclass(frozen=True)
class Counterexample:
    """A target at which the formula says ``value`` and ``bound`` proves another optimistic sample size.

    ``properties`` says what is special about it; ``weights`` None stands for almost every target, or for the
    weights that were given.
    """

    properties: tuple[str, ...]
    sizes: Mapping[str, int]
    value: int
    weights: Mapping[str, object] | None
    bound: Verdict

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", MappingProxyType(dict(self.sizes)))

    def __str__(self) -> str:
        return "\n".join(self.lines())

    @property
    def sentence(self) -> str:
        """What the formula says and what is true."""
        at = f" at {written(self.sizes)}" if self.sizes else ""
        return f"the formula says {self.value}{at}; {_value_of(self.bound)} is proved"

    def lines(self) -> list[str]:
        """Return the counterexample as text."""
        special = f" ({'; '.join(self.properties)})" if self.properties else ""
        own = [f"  counterexample{special}: {self.sentence}"]
        own += [f"    network {self.bound.network}", f"    target {self.target}"]
        path = self.bound.certificate
        return own if path is None else [*own, f"    certificate: {path}"]

    @property
    def target(self) -> str:
        """The target network and its weights."""
        if self.weights is None:
            which = "at the given weights" if self.bound.at == GIVEN else "at almost every weight"
            return f"{self.bound.target} {which}"
        return f"{self.bound.target} at {', '.join(f'{n} = {v}' for n, v in self.weights.items())}"

    def to_json_dict(self) -> dict[str, object]:
        """Return the counterexample as JSON data."""
        return {
            "network": self.bound.network,
            "target": self.bound.target,
            "at": self.bound.at,
            "weights": None if self.weights is None else dict(self.weights),
            "properties": list(self.properties),
            "sizes": dict(self.sizes),
            "value": self.value,
            "samples_lower": self.bound.samples_lower,
            "samples_upper": self.bound.samples_upper,
            "certificate": self.bound.certificate,
        }


@dataclass(frozen=True)
class Repair:
    """A formula that holds at all ``targets`` searched targets without the ``excluded`` properties."""

    formula: str
    excluded: tuple[str, ...]
    targets: int

    @property
    def hypothesis(self) -> str:
        """The hypothesis in words."""
        return " and ".join(words for name, words in WITHOUT.items() if name in self.excluded)

    def __str__(self) -> str:
        where = f"all {self.targets} searched targets in which {self.hypothesis}"
        return f"  O(f*) = {self.formula} holds at {where}"

    def to_json_dict(self) -> dict[str, object]:
        """Return the repair as JSON data."""
        return {"formula": self.formula, "hypothesis": self.hypothesis, "targets": self.targets}


@dataclass(frozen=True, kw_only=True)
class ClaimVerdict:
    """Whether O(f*) is what a formula says, for the targets in ``scope``.

    ``verdict`` is ``proved`` (at the given target, or for almost every target and with no counterexample
    found), ``refuted`` or ``open``. Like a ``Verdict`` it has no truth value.
    """

    formula: str
    sizes: Mapping[str, int]
    value: int
    at: str
    verdict: str
    scope: str
    bound: Verdict
    counterexamples: tuple[Counterexample, ...] = ()
    repairs: tuple[Repair, ...] = ()
    searched: int = 0
    searched_sizes: int = 0
    complete: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", MappingProxyType(dict(self.sizes)))

    def __bool__(self) -> NoReturn:
        raise TypeError("a claim verdict is not a truth value; compare its .verdict")

    def exit_code(self) -> int:
        """Return 1 for a refuted claim, 4 if the search was cut short, 0 if it is proved, 3 otherwise."""
        if self.verdict == REFUTED:
            return IS_REFUTED
        if not self.complete:
            return OUT_OF_TIME
        return SETTLED if self.verdict == "proved" else NOT_SETTLED

    @property
    def statement(self) -> str:
        """What is established, in one sentence."""
        if self.verdict == REFUTED:
            return f"refuted for {self.scope}"
        if self.verdict == "open":
            return f"not settled: O(f*) lies in an interval that contains {self.value}"
        if self.at == GIVEN:
            return "proved for the given target"
        found = f"; no counterexample among {self.searched} targets searched" if self.searched else ""
        return f"proved for almost every target{found}"

    def __str__(self) -> str:
        at = f" at {written(self.sizes)}" if self.sizes else ""
        which = "the given target" if self.at == GIVEN else "almost every target"
        head = f"claim O(f*) = {self.formula}: {self.statement}"
        lines = [head, f"  the formula says {self.value}{at}; {which}: {_value_of(self.bound)}, proved"]
        lines += [line for example in self.counterexamples for line in example.lines()]
        lines += [str(repair) for repair in self.repairs]
        lines += [f"  note: {self.note}"] if self.note else []
        if self.searched:
            cut = "" if self.complete else " until the budget ran out"
            lines.append(
                f"  searched{cut}: {self.searched} targets of {self.searched_sizes} sizes, each exactly"
            )
        return "\n".join(lines)

    @property
    def derivation(self) -> Derivation:
        """The tree from which the answer follows."""
        found = self.counterexamples[0].bound if self.counterexamples else self.bound
        premises = () if found.derivation is None else (found.derivation,)
        rule = "comparison with the proved value"
        if not self.counterexamples:
            return Derivation(f"O(f*) = {self.formula}: {self.statement}", rule, premises)
        example = self.counterexamples[0]
        evidence = "; ".join([*example.properties, example.target])
        return Derivation(f"O(f*) = {self.formula}: refuted, {example.sentence}", rule, premises, evidence)

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data; the bound itself is not repeated."""
        return {
            "formula": self.formula,
            "sizes": dict(self.sizes),
            "value": self.value,
            "at": self.at,
            "scope": self.scope,
            "verdict": self.verdict,
            "statement": self.statement,
            "counterexamples": [example.to_json_dict() for example in self.counterexamples],
            "repairs": [repair.to_json_dict() for repair in self.repairs],
            "searched": self.searched,
            "searched_sizes": self.searched_sizes,
            "complete": self.complete,
            "note": self.note,
        }


def _value_of(bound: Verdict) -> str:
    lower, upper = bound.samples_lower, bound.samples_upper
    return str(lower) if lower == upper else f"in [{lower}, {upper}]"
