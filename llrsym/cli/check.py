"""``llrsym check FILE.py:NAME``: property tests of an architecture."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from llrsym.cli import OUT_OF_BUDGET, complain
from llrsym.cli.common import Budget, Json, Quiet, Seed, checked_budget, print_answer, stages


def check(
    architecture: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py:NAME",
            help="An Architecture, a network, a function of sizes with defaults, or a NumPy function with "
            "shapes; the file is run: it is your code. Or a builder call.",
        ),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="PROPERTY", help="Test this property only; may be repeated."),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option("--examples", metavar="N", min=1, help="Examples per property; else by size."),
    ] = None,
    as_json: Json = False,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Property tests of an architecture: try to break it, and show the smallest counterexample.

    Evaluation, derivatives, ranks at degenerate weights, certificates, and what the file declares:
    symmetries, embeddings, and claims such as "rank = k*(d+1)". Exit code 1 if a property is refuted, 3 if
    one is undecided.
    """
    seconds = checked_budget(budget)
    from llrsym.testing.suite import architecture_suite

    # What the user's file prints must not get into the answer.
    with stages(quiet) as progress, redirect_stdout(sys.stderr):
        answer = architecture_suite(
            architecture, seed=seed, examples=examples, only=only, budget=seconds, progress=progress
        )
    code = answer.exit_code()
    if code == OUT_OF_BUDGET:
        complain("the budget ran out; what was tested is printed, a larger --budget may decide the rest")
    print_answer(answer.to_json_dict(), str(answer), as_json)
    return code
