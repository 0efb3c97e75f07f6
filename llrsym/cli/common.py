"""What the verbs share: options, the answer on stdout, progress on stderr."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from llrsym.cli import OUT_OF_BUDGET, complain, say
from llrsym.errors import BadInput, OutOfBudget, shown
from llrsym.networks.weights import nearest_double_of
from llrsym.verdict import Answer

Progress = Callable[[str], None]
CLAIM, CERTIFICATE = "claim.json", "certificate.json"

NetworkSource = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help='A builder call, such as "mlp(2, 8, 1)"; or FILE.py:NAME, a network, text or NumPy function '
        "in your Python file, which is run: it is your code; or FILE.onnx, which is only read.",
    ),
]


def decimal(text: str) -> float:
    """Return the double nearest to a number; typer reports what is refused, with the name of the option."""
    try:
        return nearest_double_of(text)
    except BadInput as error:
        raise typer.BadParameter(f"{shown(text)} is not zero but its double is; give a larger one") from error
    except ValueError as error:
        raise typer.BadParameter(f"{shown(text)} is no number; write for example 0.5 or 1e-3") from error


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
CertificateDirectory = Annotated[
    Path | None,
    typer.Option("--certificate", metavar="DIR", help="Write claim.json and certificate.json here."),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="SECONDS",
        parser=decimal,
        help="Stop after this time with the best interval so far.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the search; proofs do not depend on it.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


def print_answer(document: Mapping[str, object], text: str, as_json: bool) -> None:
    """Write the answer to stdout, as text or as one JSON object."""
    say(json.dumps(document, indent=2, allow_nan=False) if as_json else text)


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
    if quiet or sys.stderr is None or not sys.stderr.isatty():
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
        occupied = [name for name in (CLAIM, CERTIFICATE) if (directory / name).is_dir()]
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(
            f"--certificate: {directory} cannot be a directory ({reason}); name another"
        ) from error
    if occupied or not os.access(directory, os.W_OK | os.X_OK):
        reason = f"{occupied[0]} is a directory" if occupied else "permission denied"
        raise BadInput(f"--certificate: {directory} cannot hold a certificate ({reason}); name another")
    return directory


def prepared_file(option: str, path: Path | None) -> Path | None:
    """Return a path that can be written, before any time is spent; raises ``BadInput`` if it cannot be."""
    if path is None:
        return None
    try:
        if path.is_dir():
            raise BadInput(f"{option}: {path} cannot be written (is a directory); name a file")
        if not path.parent.is_dir():
            raise BadInput(f"{option}: there is no folder {path.parent}; create it or choose another file")
        writable = os.access(path if path.exists() else path.parent, os.W_OK)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"{option}: {path} cannot be written ({reason}); choose another file") from error
    if not writable:
        raise BadInput(f"{option}: {path} cannot be written (permission denied); choose another file")
    return path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write under; the file gets its own name only when nothing has gone wrong.

    What is there and no regular file, such as a pipe, is written directly.
    """
    real = path.resolve()
    if real.exists() and (not real.is_file() or not os.access(real.parent, os.W_OK)):
        yield path
        return
    new = real.with_name(f".{real.stem}.new{real.suffix}")
    try:
        yield new
        os.replace(new, real)
    except BadInput as error:
        raise BadInput(str(error).replace(str(new), str(path))) from error
    finally:
        new.unlink(missing_ok=True)
