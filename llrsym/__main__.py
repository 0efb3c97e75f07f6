"""The command ``llrsym``; ``--version`` is answered before anything heavy is imported."""

import sys

from llrsym import __version__


def main() -> int:
    """Run the command line with the arguments of the process and return the exit code."""
    from llrsym.cli import finished, tolerate_encodings

    tolerate_encodings()
    if sys.argv[1:] == ["--version"]:
        return finished(_version)
    try:
        from llrsym.cli.app import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        from llrsym.cli import interrupted

        return interrupted()


def _version() -> int:
    from llrsym.cli import SETTLED, say

    say(f"llrsym {__version__}")
    return SETTLED


if __name__ == "__main__":
    sys.exit(main())
