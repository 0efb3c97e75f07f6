"""How arithmetic is written: as plain text, as LaTeX and as HTML."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Style:
    """How names, products, powers, quotients and comparisons are written."""

    name: Callable[[str], str]
    times: str
    power: str
    quotient: str
    flat: bool
    comparisons: Mapping[type[ast.cmpop], str]


def _latex_name(name: str) -> str:
    head, _, index = name.partition("_")
    letter = head if len(head) == 1 else rf"\mathit{{{head}}}"
    return f"{letter}_{{{index.replace('_', ',')}}}" if index else letter


def _html_name(name: str) -> str:
    head, _, index = name.partition("_")
    return f"<i>{escape(head)}</i>" + (f"<sub>{escape(index)}</sub>" if index else "")


_SIGNS: dict[type[ast.cmpop], tuple[str, str, str]] = {
    ast.Lt: ("<", "<", "&lt;"),
    ast.LtE: ("<=", r"\le", "≤"),
    ast.Gt: (">", ">", "&gt;"),
    ast.GtE: (">=", r"\ge", "≥"),
    ast.Eq: ("=", "=", "="),
    ast.NotEq: ("!=", r"\ne", "≠"),
}


def _signs(column: int) -> dict[type[ast.cmpop], str]:
    return {kind: signs[column] for kind, signs in _SIGNS.items()}


PLAIN = Style(str, "*", "{}^{}", "{}/{}", True, _signs(0))
LATEX = Style(_latex_name, " ", "{}^{{{}}}", r"\frac{{{}}}{{{}}}", False, _signs(1))
HTML = Style(_html_name, "\N{THIN SPACE}", "{}<sup>{}</sup>", "{}/{}", True, _signs(2))

# How tightly an operation binds; an argument that binds less tightly needs parentheses.
_SUM, _PRODUCT, _POWER, _ATOM = range(1, 5)
_BINDING: dict[type[ast.operator], int] = {
    ast.Add: _SUM,
    ast.Sub: _SUM,
    ast.Mult: _PRODUCT,
    ast.Div: _PRODUCT,
    ast.Pow: _POWER,
}


def write(node: ast.expr, style: Style, binding: int = 0) -> str:
    """Return an expression in a style, in parentheses if it binds less tightly than its place demands."""
    text, own = _written(node, style)
    return f"({text})" if own < binding else text


def _written(node: ast.expr, style: Style) -> tuple[str, int]:
    match node:
        case ast.Name(id=name):
            return style.name(name), _ATOM
        case ast.UnaryOp(operand=operand):
            return f"-{write(operand, style, _PRODUCT)}", _SUM
        case ast.Compare(left=left, ops=ops, comparators=rest):
            terms = [write(left, style, _SUM)]
            for op, part in zip(ops, rest, strict=True):
                terms += [style.comparisons[type(op)], write(part, style, _SUM)]
            return " ".join(terms), 0
        case ast.BinOp(left=left, op=op, right=right):
            return _operation(left, op, right, style), _bound(op, style)
        case ast.Constant(value=number):
            return str(number), _ATOM
        case _:
            raise TypeError(f"a {type(node).__name__} passed the check of a formula")


def _bound(op: ast.operator, style: Style) -> int:
    return _POWER if isinstance(op, ast.Div) and not style.flat else _BINDING[type(op)]


def _operation(left: ast.expr, op: ast.operator, right: ast.expr, style: Style) -> str:
    own = _BINDING[type(op)]
    match op:
        case ast.Pow():
            inner = 0 if style is not PLAIN else _ATOM
            return style.power.format(write(left, style, _ATOM), write(right, style, inner))
        case ast.Div():
            bounds = (own, own + 1) if style.flat else (0, 0)
            return style.quotient.format(
                *(write(p, style, b) for p, b in zip((left, right), bounds, strict=True))
            )
        case ast.Mult():
            a, b = write(left, style, own), write(right, style, own + 1)
            return f"{a}{_times(a, b, style)}{b}"
        case _:
            sign = "+" if isinstance(op, ast.Add) else "-" if style is not HTML else "&minus;"
            return f"{write(left, style, own)} {sign} {write(right, style, own + 1)}"


def _times(a: str, b: str, style: Style) -> str:
    """Two numbers side by side would read as one, and a name before a parenthesis as a function in text."""
    if style is PLAIN or not b[0].isdigit():
        return style.times
    return r" \cdot " if style is LATEX else " · "
