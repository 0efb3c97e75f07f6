"""``llrsym table FILE.toml`` and ``llrsym table paper``: tables of bounds in several formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llrsym import __version__
from llrsym.cli import INTERRUPTED, NOT_SETTLED, OUT_OF_BUDGET, REFUTED, SETTLED, complain, say
from llrsym.cli.common import Budget, Json, Quiet, Seed, checked_budget, prepared_file, stages, written_whole
from llrsym.errors import BadInput

if TYPE_CHECKING:
    from llrsym.report.plans import Plan
    from llrsym.report.questions import Answers, Cache
    from llrsym.report.tables import Table

PAPER = "paper"


class Format(StrEnum):
    """The formats, by name."""

    LATEX = "latex"
    MARKDOWN = "markdown"
    CSV = "csv"
    HTML = "html"
    JSON = "json"


_SUFFIXES = {
    ".tex": Format.LATEX,
    ".md": Format.MARKDOWN,
    ".csv": Format.CSV,
    ".html": Format.HTML,
    ".json": Format.JSON,
}


def table(
    source: Annotated[
        str, typer.Argument(metavar="FILE.toml|paper", help="A table file, or the tables of the papers.")
    ],
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Of the output; else what the name of --out says, else markdown."),
    ] = None,
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the table here instead of stdout.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="FILE", help="Keep answers here, and take them from here."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Number of processes.")] = 1,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Tables of optimistic sample sizes: those of FILE.toml, or of the papers beside exact values.

    With --out, what has been answered is kept beside the output until the table is complete, so that an
    interrupted command continues where it stopped. --budget counts for every question.
    """
    chosen = Format.JSON if as_json else form or _SUFFIXES.get(out.suffix if out else "", Format.MARKDOWN)
    seconds = checked_budget(budget)
    plans = _plans(source)
    prepared_file("--out", out)
    prepared_file("--cache", cache)
    from llrsym.report.questions import Cache, answer_all

    path = cache or (None if out is None else out.with_name(out.name + ".answers"))
    store = None if path is None else Cache(path)
    questions = [question for plan in plans for question in plan.questions]
    try:
        with stages(quiet) as progress:
            answers = answer_all(
                questions, jobs=jobs, cache=store, budget=seconds, seed=seed, progress=progress
            )
    except KeyboardInterrupt:
        return _interrupted(store, len({question.key for question in questions}))
    _write([plan.table(answers) for plan in plans], chosen, out)
    if cache is None and path is not None:
        path.unlink(missing_ok=True)
    return _code(plans, answers, source)


def _plans(source: str) -> list[Plan]:
    if source == PAPER:
        from llrsym.report.paper import paper_tables

        return paper_tables()
    from llrsym.report.files import read_plan

    return [read_plan(Path(source))]


def _interrupted(store: Cache | None, count: int) -> int:
    if store is None:
        complain("interrupted; nothing was kept, --out or --cache keep what has been answered")
    else:
        complain(
            f"interrupted; {len(store.documents)} of {count} answers are kept in {store.path}, "
            "the same command continues"
        )
    return INTERRUPTED


def _write(tables: Sequence[Table], form: Format, out: Path | None) -> None:
    text = _WRITERS[form](tables)
    if out is None:
        say(text, end="")
        return
    try:
        with written_whole(out) as file:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"--out: {out} cannot be written ({reason}); name another file") from error


def _html(tables: Sequence[Table]) -> str:
    from llrsym.report.formats import html_page

    return html_page(list(tables))


def _json(tables: Sequence[Table]) -> str:
    document = {"llrsym": __version__, "tables": [table.to_json_dict() for table in tables]}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


_WRITERS: dict[Format, Callable[[Sequence[Table]], str]] = {
    Format.LATEX: lambda tables: "\n".join(table.to_latex() for table in tables),
    Format.MARKDOWN: lambda tables: "\n".join(table.to_markdown() for table in tables),
    Format.CSV: lambda tables: "\n".join(table.to_csv() for table in tables),
    Format.HTML: _html,
    Format.JSON: _json,
}


def _code(plans: Sequence[Plan], answers: Answers, source: str) -> int:
    """Budget first, then a formula of the user that is refuted, then open questions."""
    if answers.unfinished:
        complain("the budget ran out for some questions; their best intervals so far are shown as open")
        return OUT_OF_BUDGET
    # The published formulas that are refuted are what `table paper` is there to show.
    if source != PAPER and any(plan.is_refuted(answers) for plan in plans):
        return REFUTED
    settled = all(verdict.exit_code() == SETTLED for verdict in answers.verdicts.values())
    return SETTLED if settled else NOT_SETTLED
