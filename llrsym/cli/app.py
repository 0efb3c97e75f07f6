"""The application: its verbs, and the one place where exceptions become exit codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn, cast

import typer
from typer.core import TyperGroup

from llrsym import __version__
from llrsym.cli import BAD_INPUT, CLOSED_PIPE, INTERNAL_ERROR, complain, finished, interrupted, say
from llrsym.cli.bound import bound
from llrsym.cli.check import check
from llrsym.cli.condense import condense
from llrsym.cli.conjecture import conjecture
from llrsym.cli.describe import describe
from llrsym.cli.doctor import doctor
from llrsym.cli.embed import embed
from llrsym.cli.guarantee import guarantee
from llrsym.cli.independence import independence
from llrsym.cli.rank import rank
from llrsym.cli.recover import recover
from llrsym.cli.sample import sample
from llrsym.cli.strata import strata
from llrsym.cli.table import table
from llrsym.cli.tangent import tangent
from llrsym.cli.verify import verify
from llrsym.errors import BadInput, shown

# The class of all usage errors has no public name in typer; BadParameter, which has one, derives from it.
_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])


class Verbs(TyperGroup):
    """A group whose verbs return exit codes, and whose errors are one line on stderr."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the arguments, and print help; typer would call a closed pipe 1, which means refuted."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError as error:
            raise typer.Exit(CLOSED_PIPE) from error

    def invoke(self, ctx: Any) -> Any:
        """Run a verb; an interruption ends with a sentence."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            return interrupted()
        except BrokenPipeError:
            return CLOSED_PIPE

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the command line and exit with its code."""
        extra |= {"standalone_mode": False, "prog_name": "llrsym"}
        sys.exit(finished(lambda: _guarded(lambda: super(Verbs, self).main(*args, **extra))))


def _guarded(command: Callable[[], int | None]) -> int:
    try:
        return command() or 0
    except BadInput as error:
        complain(str(error))
        return BAD_INPUT
    except _UsageError as error:
        complain(f"{error.format_message().rstrip('.')}; see `llrsym --help`")
        return BAD_INPUT
    except MemoryError:
        complain("the network is too large for the memory of this machine; use smaller widths")
        return BAD_INPUT
    except OSError as error:
        if error.filename is None:
            return _defect()
        reason = (error.strerror or type(error).__name__).lower()
        complain(f"{str(error.filename)[:200]} cannot be read or written ({reason}); name another file")
        return BAD_INPUT
    except SystemExit as stop:  # its code would stand for an answer
        complain(f"the Python file called exit({shown(stop.code)}); let it raise an error or return")
        return BAD_INPUT
    except Exception:
        return _defect()


def _defect() -> int:
    """Exit code 1 would claim a refutation; a defect of this program must not look like one."""
    traceback.print_exc()
    complain("this is a defect of llrsym; please report it with the lines above")
    return INTERNAL_ERROR


app = typer.Typer(cls=Verbs, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Exact model ranks of neural networks, as theorems with certificates.

    Exit codes: 0 settled or accepted, 1 refuted or rejected, 2 bad input, 3 not settled, 4 out of budget.
    """
    if version:
        say(f"llrsym {__version__}")
        raise typer.Exit(0)


app.command(short_help="Layers, parameter names and shapes, M.")(describe)
app.command(short_help="The tangent functions, symbolically.")(tangent)
app.command(short_help="Model rank, at given or at almost every weight.")(rank)
app.command(short_help="Bounds on the optimistic sample size of a target.")(bound)
app.command(short_help="Ranks and dimensions of a two-layer target set.")(strata)
# A function such as "-x+y" is an argument, not an option.
app.command(
    short_help="Are functions linearly independent?", context_settings={"ignore_unknown_options": True}
)(independence)
app.command(short_help="Weights of a wide network with the function of a narrow one.")(embed)
app.command(short_help="Do these samples carry an LLR guarantee?")(guarantee)
app.command(short_help="Sample points with a proved LLR guarantee.")(sample)
app.command(short_help="Tables of bounds, of a file or of the papers.")(table)
app.command(short_help="Smaller networks near trained weights, with proof.")(condense)
app.command(short_help="Trained networks against the optimistic sample size.")(recover)
app.command(short_help="Ranks over a grid of sizes, and a formula for them.")(conjecture)
app.command(short_help="Property tests of an architecture.")(check)
app.command(short_help="Check certificates with the kernel.")(verify)
app.command(short_help="Versions, optional extras, what each enables.")(doctor)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        app(list(arguments))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else INTERNAL_ERROR
    return 0
