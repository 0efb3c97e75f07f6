"""From questions and formulas to a table: what each column shows in a row, and how well it is established."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from llrsym.bounds.formula import Expression, Size, Sizes
from llrsym.networks.builders import BUILDERS
from llrsym.report.questions import Answers, Question
from llrsym.report.tables import CONFIRMED, Cell, Column, Row, Table
from llrsym.verdict import GIVEN, REFUTED, Verdict

COLUMNS: dict[str, Column] = {
    column.key: column
    for column in (
        Column("title", ""),
        Column("sizes", "sizes"),
        Column("network", "network", "code"),
        Column("target", "target", "code"),
        Column("parameters", "$M$", "number"),
        Column("formula", "formula", "formula"),
        Column("rank", "minimal rank", "number"),
        Column("samples", "$O$", "number"),
        Column("local_recovery", "local recovery", "number"),
        Column("max_rank", "$M_I$", "number"),
        Column("verdict", "verdict", "word"),
    )
}
"""The columns that a table may have."""
SIZE = "size "
"""How the key of the column of one size begins."""


@dataclass(frozen=True)
class Claim:
    """A formula for a column: equal to the exact value at all sizes, or with ``at_most`` an upper bound.

    ``theorem`` names the page of docs/theory that proves it for all sizes; without one the table says only
    that the instances agree.
    """

    expression: Expression
    theorem: str = ""
    at_most: bool = False
    note: str = ""

    def judged(self, sizes: Sizes, verdict: Verdict, bounds: tuple[int, int]) -> tuple[int, str]:
        """Return the value at these sizes, and how it compares with a proved interval."""
        value = self.expression.value(sizes)
        lower, upper = bounds
        if value < lower and verdict.lower_verdict == "proved":
            return value, REFUTED
        if self.at_most and upper <= value:
            return value, verdict.upper_verdict
        if not self.at_most and value > upper and verdict.upper_verdict == "proved":
            return value, REFUTED
        if lower == upper == value:
            return value, verdict.verdict
        return value, "open"


@dataclass(frozen=True)
class Instance:
    """One question, the sizes at which the formulas are compared with its answer, and a remark.

    ``outside`` names the columns whose formula has a hypothesis that does not hold here.
    """

    question: Question | Verdict
    sizes: Sizes = field(default_factory=dict)
    title: str = ""
    note: str = ""
    outside: tuple[str, ...] = ()

    def verdict(self, answers: Answers) -> Verdict:
        """Return the answer."""
        return answers.to(self.question) if isinstance(self.question, Question) else self.question


@dataclass(frozen=True)
class Statement:
    """A family of questions: one symbolic row with its formulas, where it has any, and its instances."""

    instances: tuple[Instance, ...]
    title: str = ""
    claims: Mapping[str, Claim] = field(default_factory=dict)
    network: str = ""
    target: str = ""


@dataclass(frozen=True)
class Plan:
    """A table before its questions are answered.

    The column ``sizes`` becomes one column for every size that is not ``hidden``; in a symbolic row they
    hold the title. ``headings`` replace the usual ones.
    """

    caption: str
    label: str
    columns: tuple[str, ...]
    statements: tuple[Statement, ...]
    headings: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()

    @property
    def questions(self) -> list[Question]:
        """All questions, in the order of the rows."""
        asked = [instance.question for s in self.statements for instance in s.instances]
        return [question for question in asked if isinstance(question, Question)]

    def is_refuted(self, answers: Answers) -> bool:
        """Return whether an instance contradicts one of the formulas."""
        judged = (
            judge(key, claim, statement.instances, answers)
            for statement in self.statements
            for key, claim in statement.claims.items()
        )
        return any(judgement == REFUTED for judgement, _ in judged)

    def table(self, answers: Answers) -> Table:
        """Return the table with these answers."""
        columns = tuple(self._column(key) for key in self._keys)
        rows = [row for statement in self.statements for row in self._rows(statement, answers)]
        return Table(self.caption, self.label, columns, tuple(rows))

    @cached_property
    def _size_names(self) -> list[str]:
        instances = [instance for statement in self.statements for instance in statement.instances]
        names = dict.fromkeys(name for instance in instances for name in instance.sizes)
        return [name for name in names if name not in self.hidden]

    @cached_property
    def _keys(self) -> list[str]:
        expanded = [[SIZE + n for n in self._size_names] if key == "sizes" else [key] for key in self.columns]
        return [key for keys in expanded for key in keys]

    def _column(self, key: str) -> Column:
        if key.startswith(SIZE):
            return Column(key.removeprefix(SIZE), f"${key.removeprefix(SIZE)}$", "word")
        column = COLUMNS[key]
        symbolic = any(key in statement.claims for statement in self.statements)
        return Column(key, self.headings.get(key, column.heading), "formula" if symbolic else column.kind)

    def _rows(self, statement: Statement, answers: Answers) -> list[Row]:
        rows = [self._row(statement, instance, answers) for instance in statement.instances]
        return [self._head(statement, answers), *rows] if statement.claims else rows

    def _head(self, statement: Statement, answers: Answers) -> Row:
        cells = {key: _symbolic(key, statement, answers) for key in self._keys}
        if self._size_names and "sizes" in self.columns and "title" not in self.columns:
            cells[SIZE + self._size_names[0]] = Cell(statement.title, span=len(self._size_names))
        return Row(tuple(cells.values()), statement.title, True)

    def _row(self, statement: Statement, instance: Instance, answers: Answers) -> Row:
        cells = {key: _instance(key, statement, instance, answers) for key in self._keys}
        given = instance.verdict(answers).at == GIVEN and bool(instance.verdict(answers).target)
        note = instance.note or ("the target at its given weights" if given else "")
        if note:
            place = next(key for key in ("target", "samples", "rank", *cells) if key in cells)
            cells[place] = replace(cells[place], notes=(note,))
        return Row(tuple(cells.values()), statement.title if statement.claims else "")


def bounds(key: str, verdict: Verdict) -> tuple[int, int] | None:
    """Return the interval that a column shows of a verdict, or None where the verdict has none."""
    match key:
        case "parameters":
            return verdict.parameters, verdict.parameters
        case "samples":
            low, high = verdict.samples_lower, verdict.samples_upper
            return None if low is None or high is None else (low, high)
        case "local_recovery" | "max_rank":
            value = getattr(verdict, key)
            return None if value is None else (value, value)
        case _:
            return verdict.lower, verdict.upper


def _instance(key: str, statement: Statement, instance: Instance, answers: Answers) -> Cell:
    verdict = instance.verdict(answers)
    if key.startswith(SIZE):
        return _size(instance.sizes.get(key.removeprefix(SIZE)))
    match key:
        case "title":
            return Cell("" if statement.claims else instance.title)
        case "network" | "target":
            return Cell(short(getattr(verdict, key) or ""), code=True)
        case "verdict":
            return Cell(verdict.verdict, source=verdict)
        case "formula":
            return _compared(statement, instance, verdict)
    found = bounds(key, verdict)
    if found is None:
        return Cell(source=verdict)
    return Cell(found, _strength(key, found, verdict), source=verdict)


def _size(size: Size | None) -> Cell:
    return Cell((size, size)) if isinstance(size, int) else Cell("" if size is None else str(size))


def _strength(key: str, found: tuple[int, int], verdict: Verdict) -> str | None:
    """How well a number of a verdict is established; sizes that are counted carry no mark."""
    if key == "rank":
        return verdict.verdict
    if key == "samples":
        return Verdict.combine(verdict.lower_verdict, verdict.upper_verdict, *found)
    return None


def _compared(statement: Statement, instance: Instance, verdict: Verdict) -> Cell:
    claim = statement.claims.get("formula")
    if claim is None or "formula" in instance.outside:
        return Cell()
    value, judgement = claim.judged(instance.sizes, verdict, (verdict.lower, verdict.upper))
    return Cell((value, value), judgement, source=verdict, at_most=claim.at_most)


def _symbolic(key: str, statement: Statement, answers: Answers) -> Cell:
    claim = statement.claims.get(key)
    if claim is not None:
        judgement, notes = judge(key, claim, statement.instances, answers)
        mark = None if key == "parameters" and judgement != REFUTED else judgement
        return Cell(claim.expression, mark, notes, at_most=claim.at_most)
    match key:
        case "title":
            return Cell(statement.title)
        case "network" | "target":
            return Cell(getattr(statement, key), code=True)
    return Cell()


def judge(
    key: str, claim: Claim, instances: tuple[Instance, ...], answers: Answers
) -> tuple[str, tuple[str, ...]]:
    """Return what the instances say about a formula, and the notes that go with it.

    The formula is refuted by one instance that contradicts it. It is proved only where a theorem for all
    sizes is named and every instance agrees; else it is confirmed by the instances, or open.
    """
    remark = (claim.note,) if claim.note else ()
    judgements: list[str] = []
    for instance in instances:
        verdict = instance.verdict(answers)
        found = bounds(key, verdict)
        if found is None or key in instance.outside:
            continue
        value, judgement = claim.judged(instance.sizes, verdict, found)
        if judgement == REFUTED:
            return REFUTED, (_counterexample(claim, instance, value, found), *remark)
        judgements.append(judgement)
    if not judgements or not all(judgement == "proved" for judgement in judgements):
        return "open", remark
    if claim.theorem:
        return "proved", (f"for all sizes: {claim.theorem}", *remark)
    return CONFIRMED, remark


def _counterexample(claim: Claim, instance: Instance, value: int, found: tuple[int, int]) -> str:
    exact = str(found[0]) if found[0] == found[1] else f"in {list(found)}"
    sign = "at most " if claim.at_most else ""
    sizes = {name: size for name, size in instance.sizes.items() if name in claim.expression.names}
    where = "; ".join(part for part in (_sizes(sizes), instance.note) if part)
    return f"refuted at {where}: the formula says {sign}{value}, exact is {exact}"


def _sizes(sizes: Sizes) -> str:
    """Sizes as text with mathematics: ``$d == 3$`` shows as an equation."""
    return ", ".join(
        f"${name} == {value}$" if isinstance(value, int) else f"${name}$ = {value}"
        for name, value in sizes.items()
    )


def short(text: str) -> str:
    """Return a builder call without the keyword arguments that have their default value.

    >>> short("mlp(2, 8, 1, activation='tanh', bias=True)")
    'mlp(2, 8, 1)'
    """
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError:
        return text
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in BUILDERS:
        return text
    defaults = inspect.signature(BUILDERS[call.func.id]).parameters
    call.keywords = [k for k in call.keywords if not _is_default(k, defaults[k.arg or ""].default)]
    return ast.unparse(call)


def _is_default(keyword: ast.keyword, default: object) -> bool:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    return value is not None and type(value) is type(default) and value == default
