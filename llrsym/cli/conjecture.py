"""``llrsym conjecture FILE.py:NAME``: ranks over a grid of sizes, a formula, and the attempt to refute it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from llrsym.cli import INTERRUPTED, OUT_OF_BUDGET, complain
from llrsym.cli.common import Budget, Json, Quiet, Seed, checked_budget, print_answer
from llrsym.errors import BadInput

Progress = Callable[[int, int, str], None]


def conjecture(
    function: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py:NAME",
            help="A Python function of named sizes that returns a network or the text of a builder call; "
            "the file is run: it is your code.",
        ),
    ],
    sizes: Annotated[
        str, typer.Option("--sizes", metavar="SIZES", help='The grid of sizes, such as "k=1..5,d=1..4".')
    ],
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="CONDITION", help='Keep the sizes that fulfil it, such as "s<=d".'),
    ] = None,
    formula: Annotated[
        str | None,
        typer.Option(
            "--formula", metavar="FORMULA", help='Test this formula, such as "min(k*d, binom(d+2, 3))".'
        ),
    ] = None,
    at_degenerate: Annotated[
        bool,
        typer.Option(
            "--at-degenerate", help="The formula is also about sizes 1 and one size far beyond others."
        ),
    ] = False,
    as_json: Json = False,
    latex: Annotated[
        bool, typer.Option("--latex", help="Write the formula and the ranks as a LaTeX table.")
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="FILE", help="Keep the ranks here, and take them from here."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Number of processes.")] = 1,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Model ranks over a grid of sizes, the simplest formula that explains them, and attempts to refute it.

    A polynomial in the sizes, or the minimum of two; binomial coefficients and minima of sizes may occur.
    It is tested at larger and at degenerate sizes, and it is a conjecture: exit code 3, or 1 if that of
    --formula is refuted. With --cache an interrupted command continues where it stopped.
    """
    if as_json and latex:
        raise BadInput("conjecture: --json and --latex exclude each other; give one of them")
    seconds = checked_budget(budget)
    from llrsym.conjectures.conjecture import conjecture as asked
    from llrsym.conjectures.grid import read_sizes

    grid = read_sizes(sizes)
    try:
        # What the user's file prints must not get into the answer.
        with _bar(quiet) as progress, redirect_stdout(sys.stderr):
            answer = asked(
                function,
                sizes=grid,
                where=where,
                formula=formula,
                at_degenerate=at_degenerate,
                jobs=jobs,
                cache=cache,
                budget=seconds,
                seed=seed,
                progress=progress,
            )
    except KeyboardInterrupt:
        return _interrupted(cache)
    if answer.exit_code() == OUT_OF_BUDGET:
        complain("the budget ran out; the ranks so far are printed, a larger --budget may settle the rest")
    print_answer(answer.to_json_dict(), answer.to_latex() if latex else str(answer), as_json)
    return answer.exit_code()


def _interrupted(cache: Path | None) -> int:
    if cache is None:
        complain("interrupted; nothing was kept, --cache keeps the ranks that are known")
    else:
        complain(f"interrupted; the known ranks are kept in {cache}, the same command continues")
    return INTERRUPTED


@contextmanager
def _bar(quiet: bool) -> Iterator[Progress | None]:
    """Give a function that shows a progress bar on a terminal, or None elsewhere."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    import rich.progress
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with rich.progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("ranks", total=None)
        yield lambda done, total, network: bar.update(
            task, completed=done, total=total, description=network[:60]
        )
