"""A table as LaTeX with booktabs: a float that fills the line, or a longtable when it does not fit a page."""

from __future__ import annotations

import re

from llrsym.report.markup import LATEX_MARKUP, escape_latex
from llrsym.report.tables import Cell, Column, Mark, Row, Table

LONGEST_FLOAT = 40
"""Rows that fit on a page; more make a longtable, which may break across pages."""
_SIGNS = {"†": r"\dag", "‡": r"\ddag", "§": r"\S", "¶": r"\P", "‖": r"\|", "#": r"\#", "*": r"\ast"}
_TEXT_SHARE = 0.62
"""Part of the line that the text columns of a longtable share."""


def latex(table: Table) -> str:
    """Return the table as LaTeX; the first line names the packages that it needs."""
    return _long(table) if len(table.rows) > LONGEST_FLOAT else _float(table)


def _float(table: Table) -> str:
    columns = "".join(_alignment(column, r">{\raggedright\arraybackslash}X") for column in table.columns)
    wide = any(column.kind in ("text", "code") for column in table.columns)
    begin = (
        rf"\begin{{tabularx}}{{\linewidth}}{{@{{}}{columns}@{{}}}}"
        if wide
        else rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
    )
    lines = [
        r"% \usepackage{booktabs,tabularx}",
        r"\begin{table}[tbp]",
        rf"\centering\small{_spacing(table)}\setlength{{\belowcaptionskip}}{{4pt}}",
        rf"\caption{{{LATEX_MARKUP.text(table.caption)}}}\label{{{_label(table)}}}",
        begin,
        r"\toprule",
        _headings(table),
        r"\midrule",
        *_body(table),
        r"\bottomrule",
        r"\end{tabularx}" if wide else r"\end{tabular}",
        *_notes(table),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _long(table: Table) -> str:
    texts = sum(column.kind in ("text", "code") for column in table.columns)
    share = rf">{{\raggedright\arraybackslash}}p{{{_TEXT_SHARE / max(texts, 1):.3f}\linewidth}}"
    columns = "".join(_alignment(column, share) for column in table.columns)
    head = [r"\toprule", _headings(table), r"\midrule"]
    lines = [
        r"% \usepackage{booktabs,array,longtable}",
        rf"\begingroup\small{_spacing(table)}",
        rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        rf"\caption{{{LATEX_MARKUP.text(table.caption)}}}\label{{{_label(table)}}}\\",
        *head,
        r"\endfirsthead",
        *head,
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        *_body(table),
        r"\end{longtable}",
        *_notes(table),
        r"\endgroup",
    ]
    return "\n".join(lines) + "\n"


def _spacing(table: Table) -> str:
    return rf"\setlength{{\tabcolsep}}{{{'4pt' if len(table.columns) < 8 else '2.5pt'}}}"


def _label(table: Table) -> str:
    return "".join(character for character in table.label if character.isalnum() or character in ":-._")


def _alignment(column: Column, text: str) -> str:
    return {"number": "r", "formula": "l", "word": "l"}.get(column.kind, text)


def _headings(table: Table) -> str:
    return " & ".join(LATEX_MARKUP.text(column.heading) for column in table.columns) + r" \\"


def _body(table: Table) -> list[str]:
    lines: list[str] = []
    for position, row in enumerate(table.rows):
        lines += [r"\addlinespace"] if row.starts_group and position else []
        lines.append(_row(table, row))
    return lines


def _row(table: Table, row: Row) -> str:
    return " & ".join(_cell(table, cell, not k) for k, cell in enumerate(row.visible)) + r" \\"


def _cell(table: Table, cell: Cell, first: bool) -> str:
    signs = _superscript(table.signs(cell))
    # Without the space a sign would read as a part of an exponent.
    text = _content(cell) + (r"\," + signs if signs and cell.kind == "formula" else signs)
    edge = "@{}" if first else ""
    return text if cell.span == 1 else rf"\multicolumn{{{cell.span}}}{{{edge}l}}{{{text}}}"


def _content(cell: Cell) -> str:
    sign = r"{\le}\," if cell.at_most else ""
    match cell.content:
        case str() as text if cell.code:
            return rf"\texttt{{{_breakable(text)}}}" if text else ""
        case str() as text:
            return LATEX_MARKUP.text(text)
        case (lower, upper):
            return f"${sign}{lower}$" if lower == upper else f"${sign}[{lower}, {upper}]$"
        case formula:
            return f"${sign}{formula.write(LATEX_MARKUP.style)}$"


def _breakable(code: str) -> str:
    """Code that may also be broken after brackets, underscores and signs of equality."""
    return re.sub(r"(\(|\\_|=)", r"\1\\allowbreak{}", escape_latex(code))


def _superscript(signs: tuple[str, ...]) -> str:
    if not signs:
        return ""
    written = [_SIGNS.get(sign, rf"\mathrm{{{sign}}}") for sign in signs]
    return f"$^{{{','.join(written)}}}$"


def _notes(table: Table) -> list[str]:
    if not table.footnotes:
        return []
    texts = [_note(mark) for mark in table.footnotes]
    return [
        r"\par\smallskip\noindent\begin{minipage}{\linewidth}\footnotesize\raggedright",
        *texts,
        r"\end{minipage}",
    ]


def _note(mark: Mark) -> str:
    sign = f"{_superscript((mark.sign,))}\\," if mark.sign else ""
    return f"{sign}{LATEX_MARKUP.text(mark.explanation)}."
