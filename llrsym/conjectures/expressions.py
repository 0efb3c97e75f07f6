"""Formulas in named sizes that may also contain ``min(...)``, ``max(...)`` and ``binom(n, r)``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import comb

from llrsym.bounds.formula import MAX_CHARACTERS, Formula, Sizes
from llrsym.bounds.notation import LATEX, PLAIN, Style
from llrsym.errors import BadInput, shown

LARGEST = 10**6
"""Largest upper index of a binomial coefficient."""


@dataclass(frozen=True)
class SizeFormula:
    """A formula of ``Formula``, with calls of min, max and binom in it; the arguments are such formulas.

    Raises ``BadInput`` for any other text.

    >>> formula = SizeFormula("min(k*(d+1), binom(d+3, 3))")
    >>> formula.value({"k": 9, "d": 2}), formula.write(LATEX)
    (10, '\\\\min\\\\left(k (d + 1),\\\\, \\\\binom{d + 3}{3}\\\\right)')
    """

    text: str

    def __post_init__(self) -> None:
        _ = self._outer, self._calls

    @cached_property
    def _parsed(self) -> tuple[ast.expr, tuple[ast.Call, ...]]:
        """The syntax tree with a name in the place of every outermost call, and these calls."""
        text = self.text.strip().replace("^", "**")
        if len(text) > MAX_CHARACTERS:
            raise BadInput(f"formula: it has more than {MAX_CHARACTERS} characters; write a shorter one")
        try:
            replacing = _Replacing()
            return replacing.visit(ast.parse(text, mode="eval").body), tuple(replacing.calls)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _no_formula(self.text) from error

    @cached_property
    def _outer(self) -> Formula:
        return Formula(ast.unparse(self._parsed[0]))

    @cached_property
    def _calls(self) -> dict[str, _Call]:
        return {_place(n): _call(call, self.text) for n, call in enumerate(self._parsed[1])}

    @property
    def is_condition(self) -> bool:
        """Whether it compares, so that it has no value."""
        inner = any(argument.is_condition for call in self._calls.values() for argument in call.arguments)
        return inner or any(isinstance(node, ast.Compare) for node in ast.walk(self._parsed[0]))

    @property
    def names(self) -> frozenset[str]:
        """The sizes that occur."""
        inner = [argument.names for call in self._calls.values() for argument in call.arguments]
        return (self._outer.names - self._calls.keys()).union(*inner)

    def value(self, sizes: Sizes) -> int:
        """Return the integer value; raises ``BadInput`` for a missing size or a value that is no integer."""
        return self._outer.value(self._with_calls(sizes))

    def holds(self, sizes: Sizes) -> bool:
        """Return whether the condition holds; raises ``BadInput`` when the formula is no condition."""
        return self._outer.holds(self._with_calls(sizes))

    def write(self, style: Style) -> str:
        """Return the formula in a style; LaTeX comes without dollar signs."""
        calls = {name: call.write(style) for name, call in self._calls.items()}
        return self._outer.write(replace(style, name=lambda name: calls.get(name) or style.name(name)))

    def _with_calls(self, sizes: Sizes) -> Sizes:
        return {**sizes, **{name: call.value(sizes) for name, call in self._calls.items()}}


@dataclass(frozen=True)
class _Call:
    """A function of the grammar and its arguments."""

    function: str
    arguments: tuple[SizeFormula, ...]

    def value(self, sizes: Sizes) -> int:
        return _FUNCTIONS[self.function]([argument.value(sizes) for argument in self.arguments])

    def write(self, style: Style) -> str:
        arguments = [argument.write(style) for argument in self.arguments]
        if style.quotient != LATEX.quotient:
            return f"{self.function}({', '.join(arguments)})"
        if self.function == "binom":
            return rf"\binom{{{arguments[0]}}}{{{arguments[1]}}}"
        separated = r",\, ".join(arguments)
        return rf"\{self.function}\left({separated}\right)"


class _Replacing(ast.NodeTransformer):
    """Puts a name that no user can write in the place of every outermost call."""

    def __init__(self) -> None:
        self.calls: list[ast.Call] = []

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.calls.append(node)
        return ast.Name(_place(len(self.calls) - 1), ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id.startswith(_PREFIX):
            raise ValueError(node.id)
        return node


_PREFIX = "__"


def _place(number: int) -> str:
    return f"{_PREFIX}{number}"


def _call(node: ast.Call, text: str) -> _Call:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    if name not in _FUNCTIONS or node.keywords or starred:
        raise _no_formula(text)
    if len(node.args) < 2 or (name == "binom" and len(node.args) != 2):
        raise BadInput(
            f"formula: {name} in {shown(text)} has {len(node.args)} arguments; write binom(n, r) or min(a, b)"
        )
    return _Call(name, tuple(SizeFormula(ast.unparse(argument)) for argument in node.args))


def _no_formula(text: str) -> BadInput:
    return BadInput(
        f"formula: {shown(text)} is no formula; use sizes, integers, + - * / ^, min, max and binom, "
        "for example min(k*(d+1), binom(d+3, 3))"
    )


def _binomial(arguments: Sequence[int]) -> int:
    upper, lower = arguments
    if not (0 <= lower <= LARGEST and 0 <= upper <= LARGEST):
        raise BadInput(f"formula: binom({upper}, {lower}) has an argument outside 0..{LARGEST}; change it")
    return comb(upper, lower)


_FUNCTIONS: dict[str, Callable[[Sequence[int]], int]] = {"min": min, "max": max, "binom": _binomial}


def plain(text: str) -> str:
    """Return the usual way to write a formula.

    >>> plain("k*(d+1)")
    'k*(d + 1)'
    """
    return SizeFormula(text).write(PLAIN)
