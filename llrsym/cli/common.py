"""What the verbs share: options, the answer on stdout, progress on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from llrsym.cli import OUT_OF_BUDGET, complain
from llrsym.errors import BadInput, OutOfBudget
from llrsym.verdict import Answer

Progress = Callable[[str], None]

NetworkSource = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help='A builder call, such as "mlp(2, 8, 1)"; or FILE.py:NAME, a network, text or NumPy function '
        "in your Python file, which is run: it is your code; or FILE.onnx, which is only read.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
CertificateDirectory = Annotated[
    Path | None,
    typer.Option("--certificate", metavar="DIR", help="Write claim.json and certificate.json here."),
]
Budget = Annotated[
    float | None,
    typer.Option("--budget", metavar="SECONDS", help="Stop after this time with the best interval so far."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the search; proofs do not depend on it.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


def print_answer(document: Mapping[str, object], text: str, as_json: bool) -> None:
    """Write the answer to stdout, as text or as one JSON object."""
    print(json.dumps(document, indent=2, allow_nan=False) if as_json else text)


def report(question: Callable[[], Answer], as_json: bool) -> int:
    """Ask the question, print its answer and return the exit code."""
    try:
        answer = question()
        code = answer.exit_code()
    except OutOfBudget as stop:
        answer, code = stop.verdict, OUT_OF_BUDGET
        complain("the budget ran out; the best interval so far is printed, a larger --budget may close it")
    print_answer(answer.to_json_dict(), str(answer), as_json)
    return code


@contextmanager
def stages(quiet: bool) -> Iterator[Progress]:
    """Give a function that shows the current stage on a terminal and does nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


def checked_budget(budget: float | None) -> float | None:
    """Return the budget; raises ``BadInput`` unless it is a positive finite number of seconds."""
    if budget is not None and not (math.isfinite(budget) and budget > 0):
        raise BadInput(f"--budget: {budget} is not a positive number of seconds; give one such as 60")
    return budget


def prepared_directory(directory: Path | None) -> Path | None:
    """Create the directory for a certificate before any time is spent; raises ``BadInput`` if it cannot."""
    if directory is None:
        return None
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(
            f"--certificate: {directory} cannot be a directory ({reason}); name another"
        ) from error
    return directory
