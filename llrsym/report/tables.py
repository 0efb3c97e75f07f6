"""One table: its cells, each with what it shows, how well that is established, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from llrsym.bounds.formula import Expression
from llrsym.bounds.notation import PLAIN
from llrsym.verdict import ALMOST_EVERY, REFUTED, Verdict

CONFIRMED = "confirmed"
Kind = Literal["text", "code", "word", "number", "formula"]
EXPLANATIONS = {
    "proved": "proved, both bounds",
    CONFIRMED: "agrees with every instance shown; no proof for all sizes is claimed",
    "conditional": "proved from a cited theorem or conjecture",
    "probable": "correct up to a stated probability of error",
    "numerical": "floating-point evidence only",
    "open": "not settled: the proved interval is shown",
    REFUTED: "refuted: the exact value is another",
}
"""What the verdict of a cell says, in the order in which a table explains them."""
ALMOST_EVERY_TARGET = "Values hold for almost every target, except where weights are noted"
_MARKS = dict(zip(EXPLANATIONS, "*†‡§¶‖#", strict=True))


@dataclass(frozen=True)
class Cell:
    """What one place of a table shows, with its verdict and its source.

    ``content`` is text, a formula, or an integer interval (lower, upper). ``verdict`` is None where nothing
    is claimed; ``at_most`` puts a sign <= before it; ``notes`` stand under the table; ``source`` is the
    verdict that the cell was read from. A cell with ``span`` n covers the n - 1 cells after it.

    >>> Cell((7, 7), "proved").plain, Cell((7, 9), "open").plain, Cell("two layers").plain
    ('7', '[7, 9]', 'two layers')
    """

    content: str | tuple[int, int] | Expression = ""
    verdict: str | None = None
    notes: tuple[str, ...] = ()
    source: Verdict | None = None
    code: bool = False
    at_most: bool = False
    span: int = 1

    def __post_init__(self) -> None:
        if self.verdict is not None and self.verdict not in EXPLANATIONS:
            raise ValueError(f"cell: '{self.verdict}' is not one of {tuple(EXPLANATIONS)}")

    @property
    def kind(self) -> Kind:
        """Text, code, number or formula."""
        if isinstance(self.content, str):
            return "code" if self.code else "text"
        return "number" if isinstance(self.content, tuple) else "formula"

    @property
    def plain(self) -> str:
        """The content as plain text."""
        sign = "<= " if self.at_most else ""
        match self.content:
            case str():
                return self.content
            case (lower, upper):
                return f"{sign}{lower}" if lower == upper else f"{sign}[{lower}, {upper}]"
            case formula:
                return sign + formula.write(PLAIN)


@dataclass(frozen=True)
class Column:
    """A column: its key in JSON and CSV, its heading (``$formula$`` is mathematics), and what it holds."""

    key: str
    heading: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Row:
    """The cells of one row, the group of rows to which it belongs, and whether that group begins here."""

    cells: tuple[Cell, ...]
    group: str = ""
    starts_group: bool = False

    @property
    def visible(self) -> tuple[Cell, ...]:
        """The cells that no other cell covers."""
        shown: list[Cell] = []
        covered = 0
        for cell in self.cells:
            if not covered:
                shown.append(cell)
            covered = covered - 1 if covered else cell.span - 1
        return tuple(shown)


@dataclass(frozen=True)
class Mark:
    """A sign at a cell and what it says under the table."""

    sign: str
    explanation: str


@dataclass(frozen=True)
class Table:
    """A table whose views (LaTeX, Markdown, CSV, HTML, JSON) are all drawn from the same cells.

    >>> table = Table("Values", "tab:values", (Column("rank", "rank", "number"),),
    ...               (Row((Cell((7, 7), "proved"),)),))
    >>> print(table.to_csv())
    rank,rank verdict
    7,proved
    <BLANKLINE>
    """

    caption: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        for position, row in enumerate(self.rows):
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"table: row {position} has {len(row.cells)} cells for {len(self.columns)} columns"
                )

    @cached_property
    def verdicts(self) -> tuple[Mark, ...]:
        """The signs of the verdicts that occur, and what they say."""
        found = {cell.verdict for row in self.rows for cell in row.cells}
        return tuple(Mark(_MARKS[word], text) for word, text in EXPLANATIONS.items() if word in found)

    @cached_property
    def notes(self) -> tuple[Mark, ...]:
        """The notes of the cells, lettered in the order of their first appearance."""
        texts = dict.fromkeys(note for row in self.rows for cell in row.cells for note in cell.notes)
        return tuple(Mark(_letter(position), text) for position, text in enumerate(texts))

    @cached_property
    def footnotes(self) -> tuple[Mark, ...]:
        """What stands under the table: verdicts, notes, and for which targets the values hold."""
        sources = [cell.source for row in self.rows for cell in row.cells if cell.source is not None]
        generic = any(source.at == ALMOST_EVERY and source.target for source in sources)
        scope = (Mark("", ALMOST_EVERY_TARGET),) if generic else ()
        return (*self.verdicts, *self.notes, *scope)

    def signs(self, cell: Cell) -> tuple[str, ...]:
        """Return the signs at a cell: its verdict, then its note."""
        verdict = () if cell.verdict is None else (_MARKS[cell.verdict],)
        return verdict + tuple(mark.sign for mark in self.notes if mark.explanation in cell.notes)

    def to_latex(self) -> str:
        """Return LaTeX for booktabs and tabularx; more than 40 rows make a longtable."""
        from llrsym.report.latex import latex

        return latex(self)

    def to_markdown(self) -> str:
        """Return a Markdown table with its caption and its notes."""
        from llrsym.report.formats import markdown

        return markdown(self)

    def to_csv(self) -> str:
        """Return comma-separated values; a column with verdicts is followed by a column that holds them."""
        from llrsym.report.formats import csv

        return csv(self)

    def to_html(self) -> str:
        """Return an HTML ``table`` element; the source of a cell is shown when the pointer rests on it."""
        from llrsym.report.formats import html

        return html(self)

    def to_json(self) -> str:
        """Return a JSON object with the cells and the verdicts that they come from."""
        from llrsym.report.formats import json_text

        return json_text(self)

    def to_json_dict(self) -> dict[str, object]:
        """Return the table as JSON data."""
        from llrsym.report.formats import json_data

        return json_data(self)

    def __str__(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_latex_(self) -> str:
        return self.to_latex()


def _letter(position: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    high, low = divmod(position, 26)
    return (_letter(high - 1) if high else "") + chr(ord("a") + low)
