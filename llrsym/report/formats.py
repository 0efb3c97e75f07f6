"""A table as Markdown, CSV, HTML and JSON."""

from __future__ import annotations

import csv as csv_module
import json
from collections.abc import Iterable
from html import escape
from io import StringIO

from llrsym.report.markup import HTML_MARKUP, MARKDOWN_MARKUP, PLAIN_MARKUP, Markup
from llrsym.report.tables import Cell, Column, Row, Table
from llrsym.verdict import Verdict

STYLE = (
    "table{border-collapse:collapse;border-top:2px solid;border-bottom:2px solid;margin:1.5em 0 .5em}"
    "caption{text-align:left;padding-bottom:.5em}th{border-bottom:1px solid;text-align:left}"
    "th,td{padding:.15em .7em;vertical-align:top}.number{text-align:right}.group td{padding-top:.7em}"
    "p.notes{font-size:85%;margin:0}body{font-family:serif;max-width:60em;margin:2em auto}"
)


def markdown(table: Table) -> str:
    """Return a Markdown table; formulas stand between dollar signs."""
    rules = ["---:" if column.kind == "number" else "---" for column in table.columns]
    lines = [
        *([f"**{MARKDOWN_MARKUP.text(table.caption)}**", ""] if table.caption else []),
        _line(MARKDOWN_MARKUP.text(column.heading) for column in table.columns),
        _line(rules),
        *(_line(_markdown_cell(table, cell) for cell in row.cells) for row in table.rows),
    ]
    notes = [f"{_sup(m.sign)} {MARKDOWN_MARKUP.text(m.explanation)}.".lstrip() for m in table.footnotes]
    return "\n".join(lines) + ("\n\n" + "  \n".join(notes) if notes else "") + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(table: Table, cell: Cell) -> str:
    signs = table.signs(cell)
    return _content(cell, MARKDOWN_MARKUP) + _sup(",".join(signs))


def _sup(text: str) -> str:
    return f"<sup>{text.replace('*', '&ast;')}</sup>" if text else ""


def _content(cell: Cell, markup: Markup) -> str:
    """The content of a cell where a formula is mathematics and numbers are themselves."""
    match cell.content:
        case str() as text if cell.code and text:
            return f"`{text}`" if markup is MARKDOWN_MARKUP else f"<code>{escape(text)}</code>"
        case str() as text:
            return markup.text(text)
        case (int(), int()):
            return ("≤ " if cell.at_most else "") + cell.plain.removeprefix("<= ")
        case formula:
            return ("≤ " if cell.at_most else "") + markup.formula(formula)


def html(table: Table) -> str:
    """Return a ``table`` element and a paragraph with its notes."""
    heads = "".join(_head(column) for column in table.columns)
    body = "\n".join(_html_row(table, row) for row in table.rows)
    notes = "<br>\n".join(
        f"{f'<sup>{mark.sign}</sup> ' if mark.sign else ''}{HTML_MARKUP.text(mark.explanation)}."
        for mark in table.footnotes
    )
    lines = [
        f'<table id="{escape(table.label)}">',
        f"<caption>{HTML_MARKUP.text(table.caption)}</caption>",
        f"<thead><tr>{heads}</tr></thead>",
        f"<tbody>\n{body}\n</tbody>",
        "</table>",
        f'<p class="notes">{notes}</p>',
    ]
    return "\n".join(lines) + "\n"


def _head(column: Column) -> str:
    kind = ' class="number"' if column.kind == "number" else ""
    return f"<th{kind}>{HTML_MARKUP.text(column.heading)}</th>"


def _html_row(table: Table, row: Row) -> str:
    cells: list[str] = []
    position = 0
    for cell in row.visible:
        cells.append(_html_cell(table, cell, table.columns[position]))
        position += cell.span
    group = ' class="group"' if row.starts_group else ""
    return f"<tr{group}>{''.join(cells)}</tr>"


def _html_cell(table: Table, cell: Cell, column: Column) -> str:
    marks = ",".join(table.signs(cell))
    # Without the space a mark would read as a part of an exponent.
    signs = f"{'&thinsp;' if cell.kind == 'formula' else ''}<sup>{marks}</sup>" if marks else ""
    number = ' class="number"' if column.kind == "number" and cell.span == 1 else ""
    span = f' colspan="{cell.span}"' if cell.span > 1 else ""
    source = "" if cell.source is None else f' title="{escape(str(cell.source))}"'
    return f"<td{number}{span}{source}>{_content(cell, HTML_MARKUP)}{signs}</td>"


def html_page(tables: list[Table]) -> str:
    """Return a complete HTML page with these tables."""
    body = "\n".join(html(table) for table in tables)
    title = escape(tables[0].caption) if len(tables) == 1 else "Bounds on optimistic sample sizes"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'


def csv(table: Table) -> str:
    """Return comma-separated values: open intervals are ``[lower, upper]``, groups and notes have columns."""
    judged = [any(row.cells[k].verdict for row in table.rows) for k in range(len(table.columns))]
    grouped, noted = any(row.group for row in table.rows), bool(table.notes)
    heads = [
        [c.key, f"{c.key} verdict"] if j else [c.key] for c, j in zip(table.columns, judged, strict=True)
    ]
    stream = StringIO()
    writer = csv_module.writer(stream, lineterminator="\n")
    writer.writerow(["group"] * grouped + [name for pair in heads for name in pair] + ["notes"] * noted)
    for row in table.rows:
        group = [PLAIN_MARKUP.text(row.group)] * grouped
        writer.writerow(group + _values(row, judged) + [_csv_notes(row)] * noted)
    return stream.getvalue()


def _values(row: Row, judged: list[bool]) -> list[str]:
    values: list[str] = []
    for cell, has_verdict in zip(row.cells, judged, strict=True):
        # A cell that covers others holds the title of the group, which has a column of its own.
        values.append("" if cell.span > 1 else _plain(cell))
        values += [cell.verdict or ""] if has_verdict else []
    return values


def _plain(cell: Cell) -> str:
    return PLAIN_MARKUP.text(cell.plain) if cell.kind == "text" else cell.plain


def _csv_notes(row: Row) -> str:
    return "; ".join(dict.fromkeys(PLAIN_MARKUP.text(note) for cell in row.cells for note in cell.notes))


def json_data(table: Table) -> dict[str, object]:
    """Return the table as JSON data: a cell refers to its verdict by its place in ``sources``."""
    sources = _sources(table)
    return {
        "caption": PLAIN_MARKUP.text(table.caption),
        "label": table.label,
        "columns": [{"key": c.key, "heading": PLAIN_MARKUP.text(c.heading)} for c in table.columns],
        "rows": [
            {"group": PLAIN_MARKUP.text(row.group), "cells": [_json_cell(c, sources) for c in row.cells]}
            for row in table.rows
        ],
        "sources": [source.to_json_dict() for source in sources],
    }


def json_text(table: Table) -> str:
    """Return the table as JSON text."""
    return json.dumps(json_data(table), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _sources(table: Table) -> list[Verdict]:
    found = [cell.source for row in table.rows for cell in row.cells if cell.source is not None]
    return list({id(source): source for source in found}.values())


def _json_cell(cell: Cell, sources: list[Verdict]) -> dict[str, object]:
    lower, upper = cell.content if isinstance(cell.content, tuple) else (None, None)
    positions = [k for k, source in enumerate(sources) if source is cell.source]
    return {
        "text": _plain(cell),
        "lower": None if cell.at_most else lower,
        "upper": upper,
        "verdict": cell.verdict,
        "notes": [PLAIN_MARKUP.text(note) for note in cell.notes],
        "source": positions[0] if positions else None,
    }
