"""The command line: one file per verb, no mathematics. Answers go to stdout, messages to stderr."""

import sys

SETTLED, REFUTED, BAD_INPUT, NOT_SETTLED, OUT_OF_BUDGET = range(5)
INTERRUPTED = 130
INTERNAL_ERROR = 70


def complain(sentence: str) -> None:
    """Write one line to stderr."""
    print(f"llrsym: {' '.join(sentence.split())}", file=sys.stderr)


def interrupted() -> int:
    """Say that the run was interrupted and return its exit code."""
    complain("interrupted; nothing was decided")
    return INTERRUPTED
