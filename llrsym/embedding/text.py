"""Moves as text, such as ``split(1, 0, alpha='1/3')``: a literal call, parsed and never evaluated."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable

from llrsym.embedding.compatible import threefold
from llrsym.embedding.moves import Constant, Move, Null, Split, SplitEvenly, ZeroOut
from llrsym.embedding.unit_moves import UNIT_MOVES, UnitMove
from llrsym.errors import BadInput, shown
from llrsym.kernel.model_documents import AnyModel
from llrsym.kernel.models import Layered

MOVES: dict[str, Callable[..., Move | UnitMove]] = {
    "split": Split,
    "split_evenly": SplitEvenly,
    "null": Null,
    "constant": Constant,
    "zero_out": ZeroOut,
    **UNIT_MOVES,
}
THREEFOLD = "threefold"


def parse_move(text: str, model: AnyModel) -> Move | UnitMove:
    """Return the move that a call describes; ``model`` is the network that it widens.

    Raises ``BadInput`` when the text is no call of a move with literal arguments.

    >>> from llrsym.networks.builders import mlp
    >>> parse_move("split(1, 0, alpha='1/3', sign=-1)", mlp(1, 1, 1).model)
    Split(layer=1, unit=0, alpha='1/3', sign=-1)
    """
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError
        name = call.func.id
        positional = [ast.literal_eval(argument) for argument in call.args]
        keywords = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise BadInput(
            f"move: {shown(text)} is no call with literal arguments; "
            "write for example \"split(1, 0, alpha='1/3')\""
        ) from error
    if name == THREEFOLD:
        if not isinstance(model, Layered) or positional or keywords:
            raise BadInput("move: threefold() has no arguments and widens an mlp; use it alone")
        return threefold(model)
    if name not in MOVES:
        raise BadInput(f"move: there is no move {shown(name)}; there are {', '.join([*MOVES, THREEFOLD])}")
    signature = inspect.signature(MOVES[name])
    try:
        signature.bind(*positional, **keywords)
    except TypeError as error:
        plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
        raise BadInput(f"move: {name}: {error}; the move is {name}{inspect.Signature(plain)}") from error
    return MOVES[name](*positional, **keywords)
