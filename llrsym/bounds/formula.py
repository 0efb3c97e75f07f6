"""Formulas in named sizes, such as ``k*(d+1)``: evaluated exactly and written in several styles."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol

from llrsym.bounds.notation import Style, write
from llrsym.errors import BadInput, shown

Size = int | tuple[int, ...]
Sizes = Mapping[str, Size]
Value = Fraction | bool
MAX_CHARACTERS, MAX_EXPONENT, MAX_BASE = 1000, 64, 10**12


class Expression(Protocol):
    """What a table needs of a formula: its value at sizes, and how it is written."""

    @property
    def names(self) -> frozenset[str]:
        """The sizes that occur."""

    def value(self, sizes: Sizes) -> int:
        """Return the value at these sizes."""

    def write(self, style: Style) -> str:
        """Return the formula in a style; LaTeX comes without dollar signs."""


@dataclass(frozen=True)
class Formula:
    """An arithmetic expression of integers and names with ``+ - * / ^``; comparisons make it a condition.

    Raises ``BadInput`` for any other text.

    >>> from llrsym.bounds.notation import LATEX
    >>> formula = Formula("k*(s^2 + (d+1-s)^2)")
    >>> formula.value({"d": 28, "s": 3, "k": 1}), formula.write(LATEX)
    (685, 'k (s^{2} + (d + 1 - s)^{2})')
    """

    text: str

    def __post_init__(self) -> None:
        _check(self._tree, self.text)

    @cached_property
    def _tree(self) -> ast.expr:
        if len(self.text) > MAX_CHARACTERS:
            raise BadInput(f"formula: it has more than {MAX_CHARACTERS} characters; write a shorter one")
        if not self.text.isascii():
            raise BadInput(f"formula: {shown(self.text)} has letters that are not ASCII; write plain ones")
        try:
            return ast.parse(self.text.strip().replace("^", "**"), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise BadInput(f"formula: {shown(self.text)} is no formula; write for example k*(d+1)") from error

    @property
    def names(self) -> frozenset[str]:
        """The names that occur."""
        return frozenset(node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name))

    def value(self, sizes: Sizes) -> int:
        """Return the integer value; raises ``BadInput`` for a missing size or a value that is no integer."""
        number = _value(self._tree, sizes, self.text)
        if isinstance(number, bool) or number.denominator != 1:
            raise BadInput(
                f"formula: {shown(self.text)} is {number} at {written(sizes)}, which is no integer"
            )
        return int(number)

    def holds(self, sizes: Sizes) -> bool:
        """Return whether the condition holds; raises ``BadInput`` when the formula is no condition."""
        truth = _value(self._tree, sizes, self.text)
        if not isinstance(truth, bool):
            raise BadInput(f"condition: {shown(self.text)} is no condition; write for example k <= m")
        return truth

    def write(self, style: Style) -> str:
        """Return the formula in a style; LaTeX comes without dollar signs."""
        return write(self._tree, style)


def written(sizes: Sizes) -> str:
    """Return sizes as text.

    >>> written({"d": 3, "m": (2, 1)})
    'd = 3, m = (2, 1)'
    """
    return ", ".join(f"{name} = {value}" for name, value in sizes.items())


_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_COMPARISONS: dict[type[ast.cmpop], Callable[[Fraction, Fraction], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            parts = [left, right]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            parts = [operand]
        case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(o) in _COMPARISONS for o in ops):
            parts = [left, *rest]
        case ast.Constant(value=int()) if not isinstance(node.value, bool):
            parts = []
        case ast.Name():
            parts = []
        case _:
            raise BadInput(
                f"formula: {shown(text)} may hold integers, names, + - * / ^ and comparisons only; rewrite it"
            )
    for part in parts:
        _check(part, text)


def _value(node: ast.expr, sizes: Sizes, text: str) -> Value:
    match node:
        case ast.Constant(value=int() as number):
            return Fraction(number)
        case ast.Name(id=name):
            return _size(name, sizes, text)
        case ast.UnaryOp(operand=operand):
            return -_number(operand, sizes, text)
        case ast.Compare(left=left, ops=ops, comparators=rest):
            values = [_number(part, sizes, text) for part in (left, *rest)]
            pairs = zip(ops, values, values[1:], strict=False)
            return all(_COMPARISONS[type(op)](a, b) for op, a, b in pairs)
        case ast.BinOp(left=left, op=op, right=right):
            return _operate(op, _number(left, sizes, text), _number(right, sizes, text), text)
        case _:
            raise TypeError(f"a {type(node).__name__} passed the check of a formula")


def _number(node: ast.expr, sizes: Sizes, text: str) -> Fraction:
    value = _value(node, sizes, text)
    if isinstance(value, bool):
        raise BadInput(f"formula: {shown(text)} calculates with a condition; use numbers only")
    return value


def _size(name: str, sizes: Sizes, text: str) -> Fraction:
    size = sizes.get(name)
    if not isinstance(size, int):
        known = ", ".join(sizes) or "none"
        raise BadInput(f"formula: {name} in {shown(text)} is not a size; the sizes are {known}")
    return Fraction(size)


def _operate(op: ast.operator, a: Fraction, b: Fraction, text: str) -> Fraction:
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div() if b != 0:
            return a / b
        case ast.Pow() if b.denominator == 1 and 0 <= b <= MAX_EXPONENT and abs(a) < MAX_BASE:
            return a ** int(b)
        case _:
            raise BadInput(
                f"formula: {shown(text)} divides by zero or has an exponent outside 0..{MAX_EXPONENT}"
            )
