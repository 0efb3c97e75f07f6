"""The command line: one file per verb, no mathematics. Answers go to stdout, messages to stderr."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper

from llrsym.errors import BadInput

SETTLED, REFUTED, BAD_INPUT, NOT_SETTLED, OUT_OF_BUDGET = range(5)
INTERRUPTED = 130
INTERNAL_ERROR = 70
CLOSED_PIPE = 141
"""Nobody reads the output any more, as in ``| head -1``: the code of a process that SIGPIPE ended."""


def complain(sentence: str) -> None:
    """Write one line to stderr, if there is one that can be written: otherwise nobody can be told."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"llrsym: {' '.join(sentence.split())}", file=sys.stderr)


def interrupted() -> int:
    """Say that the run was interrupted and return its exit code."""
    complain("interrupted; nothing was decided")
    return INTERRUPTED


def tolerate_encodings() -> None:
    """Let a terminal that cannot show a character show its number, such as \\xe9, instead of nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, end: str = "\n") -> None:
    """Write to stdout; raises ``BadInput`` if that cannot be, and ``BrokenPipeError`` if nobody reads it."""
    try:
        print(text, end=end)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadInput(_unwritable(error)) from error


def _unwritable(error: OSError) -> str:
    reason = (error.strerror or type(error).__name__).lower()
    return f"the output cannot be written ({reason}); send it somewhere else"


def finished(command: Callable[[], int]) -> int:
    """Run a command, write out what is buffered, and return the exit code; an answer may still get lost."""
    try:
        code = command()
    except BrokenPipeError:
        code = CLOSED_PIPE
    except BadInput as error:
        complain(str(error))
        code = BAD_INPUT
    lost = _lost_output()
    if lost is None or code in (CLOSED_PIPE, BAD_INPUT):
        return code
    if isinstance(lost, BrokenPipeError):
        return CLOSED_PIPE
    complain(_unwritable(lost))
    _lost_output()
    return BAD_INPUT


def _lost_output() -> OSError | None:
    """Flush both streams; one that fails goes nowhere from then on, or it would fail again at the end."""
    lost = None
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            lost = error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    return lost
