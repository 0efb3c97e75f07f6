"""Network expressions as text: a literal builder call, parsed and never evaluated."""

from __future__ import annotations

import ast
import inspect

from llrsym.errors import BadInput
from llrsym.networks.builders import BUILDERS
from llrsym.networks.network import Network

MAX_CHARACTERS = 10_000


def parse_network(text: str) -> Network:
    """Return the network that a builder call with literal arguments describes.

    Raises ``BadInput`` when the text is not such a call, names no builder, or the builder refuses it.

    >>> parse_network("mlp(2, 8, 1)").text
    "mlp(2, 8, 1, activation='tanh', bias=True)"
    """
    source = text.strip()
    call = _parse_call(source)
    name = call.func.id if isinstance(call.func, ast.Name) else _source(source, call.func)
    if name not in BUILDERS:
        raise BadInput(f"network: there is no builder '{name}'; available are {', '.join(BUILDERS)}")
    _check_spelling(source, call, name)
    positional = [_literal(name, source, argument) for argument in call.args]
    keywords = _keywords(name, source, call.keywords)
    try:
        inspect.signature(BUILDERS[name]).bind(*positional, **keywords)
    except TypeError as error:
        raise BadInput(f"{name}: {error}; the builder is {_usage(name)}") from error
    return BUILDERS[name](*positional, **keywords)


def _usage(name: str) -> str:
    signature = inspect.signature(BUILDERS[name])
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return f"{name}{inspect.Signature(plain)}"


def _parse_call(source: str) -> ast.Call:
    if len(source) > MAX_CHARACTERS:
        raise BadInput(
            f"network: the expression has more than {MAX_CHARACTERS} characters; write a shorter one"
        )
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if not isinstance(tree, ast.Call):
        raise BadInput(
            f"network: '{_short(source)}' is not a network expression; write for example \"mlp(2, 8, 1)\""
        )
    return tree


def _check_spelling(source: str, call: ast.Call, name: str) -> None:
    """Refuse names that only look like those they stand for: Python reads a full-width m as m."""
    written = [(name, _source(source, call.func))]
    written += [(k.arg, ast.get_source_segment(source, k) or "") for k in call.keywords if k.arg is not None]
    for known, text in written:
        if not text.startswith(known):
            raise BadInput(
                f"network: '{_short(text)}' contains letters that only look like those of '{known}'; "
                "write the name in plain ASCII letters"
            )


def _keywords(name: str, source: str, keywords: list[ast.keyword]) -> dict[str, object]:
    values: dict[str, object] = {}
    for keyword in keywords:
        if keyword.arg is None or keyword.arg in values:
            given = "**" if keyword.arg is None else f"{keyword.arg} twice"
            raise BadInput(f"{name}: {given} is not allowed; give each keyword once, as keyword=value")
        values[keyword.arg] = _literal(name, source, keyword.value)
    return values


def _literal(name: str, source: str, node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise BadInput(
            f"{name}: the argument '{_source(source, node)}' is not a literal; "
            "write numbers, strings, True, False or tuples"
        ) from error


def _source(source: str, node: ast.expr) -> str:
    return _short(ast.get_source_segment(source, node) or "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
