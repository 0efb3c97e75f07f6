"""The command ``llrsym``; ``--version`` is answered before anything heavy is imported."""

import sys

from llrsym import __version__


def main() -> int:
    """Run the command line with the arguments of the process and return the exit code."""
    if sys.argv[1:] == ["--version"]:
        print(f"llrsym {__version__}")
        return 0
    try:
        from llrsym.cli.app import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        from llrsym.cli import interrupted

        return interrupted()


if __name__ == "__main__":
    sys.exit(main())
