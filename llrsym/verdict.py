"""The one answer object. Text, JSON, LaTeX and notebook views are drawn from it alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType
from typing import Literal, NoReturn, Protocol

GIVEN, ALMOST_EVERY = "given", "almost every"
STRENGTHS = ("proved", "conditional", "probable", "numerical", "open")
"""How well one side of an answer is established, strongest first."""
REFUTED = "refuted"
UNEXPLAINED = "unexplained"
SAMPLE_SIZE = "optimistic_sample_size"
Relations = tuple["Relation", ...] | Literal["unexplained"] | None


class Answer(Protocol):
    """What every answer offers to those who print it."""

    @property
    def lower(self) -> int:
        """The proved lower bound."""

    @property
    def upper(self) -> int:
        """The proved upper bound."""

    def exit_code(self) -> int:
        """The exit code of the command line."""

    def to_json_dict(self) -> dict[str, object]:
        """The answer as JSON data."""


@dataclass(frozen=True)
class Relation:
    """A linear dependence of tangent functions: sum over entries of coefficient * d_entry f = 0.

    ``coefficients`` takes the name of a parameter entry, such as ``W1[0,2]``, to an exact expression;
    without ``of_parameters`` the keys are the functions themselves.
    """

    name: str
    coefficients: Mapping[str, str]
    description: str = ""
    of_parameters: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", MappingProxyType(dict(self.coefficients)))

    def __str__(self) -> str:
        mark = "d" if self.of_parameters else ""
        terms = " + ".join(f"({c}) {mark}{entry}" for entry, c in self.coefficients.items())
        return f"{self.name}: {terms} = 0" + (f" ({self.description})" if self.description else "")

    def to_json_dict(self) -> dict[str, object]:
        """Return the relation as JSON data."""
        return {
            "name": self.name,
            "coefficients": dict(self.coefficients),
            "description": self.description,
        }


@dataclass(frozen=True)
class Derivation:
    """A tree: a statement, the rule that gives it, the statements it follows from, and what was checked."""

    statement: str
    rule: str
    premises: tuple[Derivation, ...] = ()
    evidence: str = ""

    def to_json_dict(self) -> dict[str, object]:
        """Return the tree as nested JSON data."""
        premises = [premise.to_json_dict() for premise in self.premises]
        own: dict[str, object] = {"statement": self.statement, "rule": self.rule, "premises": premises}
        return own | {"evidence": self.evidence}

    def lines(self, depth: int = 0) -> list[str]:
        """Return one indented line per node, conclusions before premises."""
        checked = f"; checked: {self.evidence}" if self.evidence else ""
        own = f"{'  ' * depth}{self.statement} [{self.rule}{checked}]"
        return [own, *(line for premise in self.premises for line in premise.lines(depth + 1))]

    def to_latex(self) -> str:
        """Return the tree as nested LaTeX ``itemize`` environments (standard LaTeX, four levels)."""
        return _itemized((self,))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known about one question: ``lower <= answer <= upper``, and how well each side is established.

    A verdict is not a truth value: an open question is neither yes nor no, so ``bool(verdict)`` raises.

    >>> verdict = Verdict(question="model_rank", network="mlp(1, 1, 1)", parameters=4, lower=4, upper=4,
    ...                   lower_verdict="proved", upper_verdict="proved",
    ...                   lower_reason="a minor", upper_reason="M")
    >>> verdict.verdict, verdict.exit_code()
    ('proved', 0)
    """

    question: str
    network: str | None
    parameters: int
    lower: int
    upper: int
    lower_verdict: str
    upper_verdict: str
    lower_reason: str
    upper_reason: str
    target: str | None = None
    at: str = ALMOST_EVERY
    conditions: tuple[str, ...] = ()
    relations: Relations = None
    derivation: Derivation | None = None
    certificate: str | None = None
    seed: int = 0
    seconds: float = 0.0
    trusted: tuple[str, ...] = ()
    samples_lower: int | None = None
    samples_upper: int | None = None
    local_recovery: int | None = None
    max_rank: int | None = None
    verdict: str = field(init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.lower <= self.upper:
            raise ValueError(f"verdict: expected 0 <= lower <= upper, got {self.lower} and {self.upper}")
        if self.at not in (GIVEN, ALMOST_EVERY):
            raise ValueError(f"verdict: at is '{self.at}', expected '{GIVEN}' or '{ALMOST_EVERY}'")
        overall = self.combine(self.lower_verdict, self.upper_verdict, self.lower, self.upper)
        object.__setattr__(self, "verdict", overall)

    @classmethod
    def combine(cls, lower_verdict: str, upper_verdict: str, lower: int, upper: int) -> str:
        """Return the overall verdict: refuted if a side is, open if a gap remains, else the weaker side.

        >>> Verdict.combine("proved", "probable", 7, 7), Verdict.combine("proved", "proved", 7, 8)
        ('probable', 'open')
        """
        sides = (lower_verdict, upper_verdict)
        for side in sides:
            if side not in (*STRENGTHS, REFUTED):
                raise ValueError(f"verdict: '{side}' is not one of {(*STRENGTHS, REFUTED)}")
        if REFUTED in sides:
            return REFUTED
        return max(sides, key=STRENGTHS.index) if lower == upper else "open"

    def exit_code(self) -> int:
        """Return 0 if the question is settled, 1 if a claim is refuted, 3 otherwise.

        A family whose dimension is proved to be below its size is dependent: settled, even with a gap. An
        optimistic sample size is settled when it is known itself, not only the minimal rank.
        """
        if self.question == SAMPLE_SIZE and self.samples is None and self.verdict != REFUTED:
            return 3
        if self.question == "independence" and self.upper < self.parameters:
            return 0
        return {"proved": 0, "conditional": 0, REFUTED: 1}.get(self.verdict, 3)

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is not a truth value; compare its .verdict, .lower or .upper")

    @property
    def samples(self) -> int | None:
        """The optimistic sample size itself, or None while only bounds are known."""
        return self.samples_lower if self.samples_lower == self.samples_upper else None

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data, with the keys of the attributes."""
        document: dict[str, object] = {
            "question": self.question,
            "network": self.network,
            "target": self.target,
            "parameters": self.parameters,
            "at": self.at,
            "lower": self.lower,
            "upper": self.upper,
            "verdict": self.verdict,
            "lower_verdict": self.lower_verdict,
            "upper_verdict": self.upper_verdict,
            "lower_reason": self.lower_reason,
            "upper_reason": self.upper_reason,
            "conditions": list(self.conditions),
            "relations": _relations_json(self.relations),
            "derivation": None if self.derivation is None else self.derivation.to_json_dict(),
            "certificate": self.certificate,
            "seed": self.seed,
            "seconds": self.seconds,
            "trusted": list(self.trusted),
        }
        if self.question != SAMPLE_SIZE:
            return document
        sizes = ("samples", "samples_lower", "samples_upper", "local_recovery", "max_rank")
        return document | {name: getattr(self, name) for name in sizes}

    @property
    def interval(self) -> str:
        """``= 5`` when the interval is closed, ``in [5, 7]`` otherwise."""
        return interval(self.lower, self.upper)

    def __str__(self) -> str:
        return "\n".join([self._headline(), *self._sides(), *self._sizes(), *self._details()])

    def _headline(self) -> str:
        name = self.question.replace("_", " ")
        where = f" of {self.network}" if self.network else ""
        target = f" for the target {self.target}" if self.target else ""
        if self.question == SAMPLE_SIZE:
            return self._sample_size_headline()
        if self.question == "independence":
            return f"{self.network}: dimension {self.interval} of {self.parameters} functions, {self.verdict}"
        point = "at the given weights" if self.at == GIVEN else "at almost every weight"
        return f"{name}{where}{target} {point}: {self.interval} (M = {self.parameters}), {self.verdict}"

    def _sample_size_headline(self) -> str:
        which = "the given" if self.at == GIVEN else "almost every"
        samples = interval(self.samples_lower or 0, self.samples_upper or 0)
        return (
            f"optimistic sample size of {which} target {self.target} in {self.network}: {samples} "
            f"(M = {self.parameters}), {self.verdict if self.samples is not None else 'open'}"
        )

    def _sizes(self) -> list[str]:
        if self.question != SAMPLE_SIZE:
            return []
        sizes = [f"  minimal model rank over the target set: {self.interval}"]
        if self.local_recovery is not None:
            sizes.append(f"  local recovery (separation) size: {self.local_recovery}")
        return sizes if self.max_rank is None else [*sizes, f"  maximal model rank: {self.max_rank}"]

    def _sides(self) -> list[str]:
        return [
            f"  at least {self.lower}, {self.lower_verdict}: {self.lower_reason}",
            f"  at most  {self.upper}, {self.upper_verdict}: {self.upper_reason}",
        ]

    def _details(self) -> list[str]:
        relations = self.relations or ()
        found = [f"  dependences {relations}"] if relations == UNEXPLAINED else []
        found += [f"  dependence {relation}" for relation in relations if isinstance(relation, Relation)]
        tree = [] if self.derivation is None else self.derivation.lines(1)
        uses = [f"  uses: {condition}" for condition in self.conditions]
        trust = [f"  trusts: {item}" for item in self.trusted]
        path = [] if self.certificate is None else [f"  certificate: {self.certificate}"]
        return [*found, *tree, *uses, *trust, *path]

    def _repr_latex_(self) -> str:
        if self.lower == self.upper:
            return rf"$\text{{{_latex(self.question)}}} = {self.lower}$ ({self.verdict})"
        return rf"${self.lower} \le \text{{{_latex(self.question)}}} \le {self.upper}$ ({self.verdict})"

    def _repr_html_(self) -> str:
        rows = {
            self.question.replace("_", " "): f"{self.interval} ({self.verdict})",
            "network": f"{self.network}, {self.parameters} parameters",
            "at least": f"{self.lower}, {self.lower_verdict}: {self.lower_reason}",
            "at most": f"{self.upper}, {self.upper_verdict}: {self.upper_reason}",
        }
        cells = "".join(
            f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows.items()
        )
        return f"<table>{cells}</table>"


def _relations_json(relations: Relations) -> object:
    if relations is None or isinstance(relations, str):
        return relations
    return [relation.to_json_dict() for relation in relations]


def interval(lower: int, upper: int) -> str:
    """Return ``= 5`` when both bounds agree, ``in [5, 7]`` otherwise."""
    return f"= {lower}" if lower == upper else f"in [{lower}, {upper}]"


def _latex(text: str) -> str:
    return text.replace("_", " ")


_SPECIAL = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
_SPECIAL |= {character: "\\" + character for character in "&%$#_{}"} | {
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


_SYMBOLS = {"f_theta": r"f_\theta", "theta": r"\theta", "O(f*)": "O(f^*)", "f*": "f^*"}
_SYMBOLS |= {">=": r"\ge", "<=": r"\le", "=": "="}
_TOKEN = re.compile("|".join(rf"(?<!\w){re.escape(symbol)}(?!\w)" for symbol in _SYMBOLS))


def _itemized(nodes: tuple[Derivation, ...]) -> str:
    items = "".join(_item(node) for node in nodes)
    return f"\\begin{{itemize}}\n{items}\\end{{itemize}}\n" if nodes else ""


def _item(node: Derivation) -> str:
    checked = rf" (checked: {_typeset(node.evidence)})" if node.evidence else ""
    head = rf"\item {_typeset(node.statement)} \hfill\emph{{{_typeset(node.rule)}}}{checked}"
    return f"{head}\n{_itemized(node.premises)}"


def _typeset(text: str) -> str:
    """Escape text for LaTeX and set the symbols of the statements in mathematics."""
    parts, last = [], 0
    for found in _TOKEN.finditer(text):
        parts += [_escaped(text[last : found.start()]), f"${_SYMBOLS[found[0]]}$"]
        last = found.end()
    return "".join([*parts, _escaped(text[last:])]).replace("$ $", " ")


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
