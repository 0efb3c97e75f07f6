"""``python -m llrsym.kernel CLAIM CERTIFICATE``: the independent check, with the standard library alone.

Exit code 0: proved; 1: the certificate does not prove the claim; 2: a document is malformed or missing.
"""

import sys
from io import TextIOWrapper
from pathlib import Path

from .check import check
from .errors import Malformed, Rejected


def main(arguments: list[str]) -> int:
    """Check one claim against one certificate and print what is proved."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a terminal cannot show must not end in exit code 1
            stream.reconfigure(errors="backslashreplace")
    if len(arguments) != 2:
        print("usage: python -m llrsym.kernel CLAIM CERTIFICATE", file=sys.stderr)
        return 2
    try:
        claim, certificate = (Path(argument).read_text(encoding="utf-8") for argument in arguments)
        statement = check(claim, certificate)
    except (Malformed, OSError, UnicodeDecodeError) as error:
        print(f"malformed: {error}", file=sys.stderr)
        return 2
    except Rejected as error:
        print(f"rejected: {error}", file=sys.stderr)
        return 1
    print(f"{'conditional' if statement.is_conditional else 'proved'}: {statement.text}")
    for condition in statement.conditions:
        print(f"uses: {condition}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
