"""Functions written as text: a small grammar, parsed and never evaluated.

    sum      a + b, a - b            left to right
    product  a * b, a / b            left to right
    minus    -a                      binds weaker than a power: -x^2 is -(x^2)
    power    a ^ n, a ** n           integer n, also negative; right to left
    atom     2, 0.3, 1e-3, x, x1, tanh(a), (a)

Decimals are exact: 0.3 is 3/10. The text is read without recursion (Dijkstra's shunting-yard algorithm), and
every distinct subexpression is one node of a graph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from llrsym.errors import BadInput
from llrsym.kernel.activations import MAX_POWER, activation_names

MAX_CHARACTERS = 20_000
MAX_DEPTH = 200
MAX_INPUTS = 1_000
MAX_DIGITS = 1_000  # of a literal; also bounds its decimal exponent
MAX_BITS = 10_000  # of the result of arithmetic between numbers

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<call>[A-Za-z_][A-Za-z_0-9]*\s*\()"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|[-+*/^()]))"
)
_NUMBERED = re.compile(r"x([1-9][0-9]*)")
_LETTERS = {"x": 0, "y": 1, "z": 2}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "minus": 3, "^": 4}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; ``kind`` is number, call, name, or the operator itself. Positions count from 1."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Node:
    """A number (``data`` its value), an input (its index), an operation, or an activation (its name)."""

    kind: str
    data: Fraction | int | str = ""
    arguments: tuple[int, ...] = ()


class Graph:
    """The distinct subexpressions of a family, numbered so that arguments come first.

    ``resolve`` returns the canonical name of a function, or raises ``BadInput``.
    """

    def __init__(self, resolve: Callable[[str], str]) -> None:
        self.resolve = resolve
        self.nodes: dict[Node, int] = {}
        self.list: list[Node] = []
        self.inputs = 1
        self.first_names: dict[str, str] = {}

    def add(self, kind: str, *arguments: int, data: Fraction | int | str = "") -> int:
        """Return the number of this node, new or known."""
        ordered = sorted(arguments) if kind in ("add", "multiply") else arguments
        node = Node(kind, data, tuple(ordered))
        if node not in self.nodes:
            self.nodes[node] = len(self.list)
            self.list.append(node)
        return self.nodes[node]

    def number(self, value: Fraction | int) -> int:
        """Return the node of a number."""
        exact = Fraction(value)
        if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > MAX_BITS:
            raise BadInput(f"the number has more than {MAX_BITS} bits; use a smaller one")
        return self.add("number", data=exact)

    def value(self, node: int) -> Fraction | None:
        """Return the value of a node that is a number."""
        data = self.list[node].data
        return data if isinstance(data, Fraction) else None

    def sum(self, left: int, right: int) -> int:
        """Return the node of left + right."""
        a, b = self.value(left), self.value(right)
        return self.add("add", left, right) if a is None or b is None else self.number(a + b)

    def product(self, left: int, right: int) -> int:
        """Return the node of left * right."""
        a, b = self.value(left), self.value(right)
        return self.add("multiply", left, right) if a is None or b is None else self.number(a * b)

    def negative(self, node: int) -> int:
        """Return the node of -node."""
        return self.product(self.number(-1), node)

    def quotient(self, left: int, right: int) -> int:
        """Return the node of left / right."""
        b = self.value(right)
        if b is None:
            return self.add("divide", left, right)
        if b == 0:
            raise BadInput("division by zero")
        return self.product(left, self.number(1 / b))

    def power(self, base: int, exponent: int) -> int:
        """Return the node of base ^ exponent, for an integer exponent that is a number."""
        n, value = self.value(exponent), self.value(base)
        if n is None or n.denominator != 1 or abs(n) > MAX_POWER:
            raise BadInput(f"an exponent must be an integer from {-MAX_POWER} to {MAX_POWER}")
        if n < 0:
            return self.quotient(self.number(1), self.power(base, self.negative(exponent)))
        if n == 0 or value is not None:
            return self.number(1 if n == 0 else Fraction(value or 0) ** int(n))
        return base if n == 1 else self.activation(f"power:{n}", base)

    def activation(self, name: str, argument: int) -> int:
        """Return the node of an activation at a node."""
        return self.add("activation", argument, data=self.resolve(name))


def _function_name(token: Token) -> str:
    name = token.text[:-1].rstrip()
    if name in _LETTERS or _NUMBERED.fullmatch(name):
        raise BadInput(f"'{_short(name)}' is an input, not a function; write products with *")
    return name


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


class Parser:
    """One text read from left to right: finished operands, and operators that wait for their last operand.

    ``variables`` are the names of the inputs, by default x, y, z or x1, x2, ..., xn. A refusal calls the text
    a ``noun``.
    """

    def __init__(
        self, text: str, graph: Graph, variables: Sequence[str] = (), noun: str = "function"
    ) -> None:
        self.text, self.graph, self.variables, self.noun = text, graph, variables, noun
        self.operands: list[int] = []
        self.waiting: list[Token] = []
        self.expects_operand = True

    def parse(self) -> int:
        """Return the node of the whole text."""
        if len(self.text) > MAX_CHARACTERS:
            self.fail(f"it has more than {MAX_CHARACTERS} characters; write a shorter one")
        for token in self.tokens():
            if self.expects_operand:
                self.read_operand(token)
            else:
                self.read_operator(token)
            if len(self.waiting) > MAX_DEPTH:
                self.fail(f"position {token.position}: nested more than {MAX_DEPTH} deep; write it flatter")
        if self.expects_operand:
            self.fail(f"position {len(self.text) + 1}: it ends where a number, input or function is expected")
        while self.waiting:
            if self.waiting[-1].kind in ("(", "call"):
                token = self.waiting[-1]
                self.fail(f"the '{_short(token.text)}' at position {token.position} is not closed; add ')'")
            self.reduce()
        return self.operands[0]

    def fail(self, message: str) -> NoReturn:
        raise BadInput(f"{self.noun} '{_short(self.text)}': {message}")

    def tokens(self) -> Iterator[Token]:
        end = len(self.text.rstrip())
        position = 0
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                self.fail(f"position {start + 1}: the character {self.text[start]!r} is not in the grammar")
            kind, text = str(match.lastgroup), match[str(match.lastgroup)]
            symbol = "^" if text == "**" else text
            yield Token(symbol if kind == "symbol" else kind, text, match.start(kind) + 1)
            position = match.end()

    def read_operand(self, token: Token) -> None:
        match token.kind:
            case "number":
                self.finish(self.literal(token))
            case "name":
                self.finish(self.input(token))
            case "-":
                self.waiting.append(Token("minus", "-", token.position))
            case "(" | "call":
                self.waiting.append(token)
            case _:
                got = _short(token.text)
                self.fail(f"position {token.position}: expected a number, input or function, got '{got}'")

    def finish(self, node: int) -> None:
        self.operands.append(node)
        self.expects_operand = False

    def read_operator(self, token: Token) -> None:
        if token.kind == ")":
            self.close(token)
            return
        if token.kind not in _PRECEDENCE:
            got = _short(token.text)
            self.fail(f"position {token.position}: expected an operator, got '{got}'; write products with *")
        strength = _PRECEDENCE[token.kind] + (token.kind == "^")  # powers wait for those on their right
        while self.waiting and _PRECEDENCE.get(self.waiting[-1].kind, 0) >= strength:
            self.reduce()
        self.waiting.append(token)
        self.expects_operand = True

    def close(self, token: Token) -> None:
        while self.waiting and self.waiting[-1].kind not in ("(", "call"):
            self.reduce()
        if not self.waiting:
            self.fail(f"position {token.position}: this ')' closes nothing; remove it")
        opened = self.waiting.pop()
        if opened.kind == "call":
            argument = self.operands.pop()
            self.apply(opened, argument, argument)

    def reduce(self) -> None:
        """Apply the last waiting operator to the last operands."""
        token = self.waiting.pop()
        right = self.operands.pop()
        left = right if token.kind == "minus" else self.operands.pop()
        self.apply(token, left, right)

    def apply(self, token: Token, left: int, right: int) -> None:
        """Push the result of an operator or function; a refusal gets its position."""
        graph = self.graph
        try:
            match token.kind:
                case "call":
                    result = graph.activation(_function_name(token), right)
                case "minus":
                    result = graph.negative(right)
                case "+":
                    result = graph.sum(left, right)
                case "-":
                    result = graph.sum(left, graph.negative(right))
                case "*":
                    result = graph.product(left, right)
                case "/":
                    result = graph.quotient(left, right)
                case _:
                    result = graph.power(left, right)
        except BadInput as error:
            self.fail(f"position {token.position}: {error}")
        self.operands.append(result)

    def literal(self, token: Token) -> int:
        digits, _, exponent = token.text.lower().partition("e")
        if len(token.text) > MAX_DIGITS or abs(int(exponent or 0)) > MAX_DIGITS:
            self.fail(f"position {token.position}: the number has more than {MAX_DIGITS} digits")
        return self.graph.number(Fraction(digits) * Fraction(10) ** int(exponent or 0))

    def input(self, token: Token) -> int:
        if token.text in self.variables:
            return self.graph.add("input", data=self.variables.index(token.text))
        if self.variables:
            hint = f"; write {token.text}(...)" if token.text in activation_names() else ""
            allowed = ", ".join(self.variables)
            self.fail(
                f"position {token.position}: '{_short(token.text)}' is no variable: use {allowed}{hint}"
            )
        return self.numbered_input(token)

    def numbered_input(self, token: Token) -> int:
        name, numbered = token.text, _NUMBERED.fullmatch(token.text)
        if name not in _LETTERS and not numbered:
            hint = f"; write {name}(...)" if name in activation_names() else ""
            self.fail(
                f"position {token.position}: '{_short(name)}' is not an input: use x, y, z or x1..xn{hint}"
            )
        if numbered and (len(name) > 6 or int(numbered[1]) > MAX_INPUTS):
            self.fail(
                f"position {token.position}: '{_short(name)}' is beyond the {MAX_INPUTS} inputs allowed"
            )
        kind = "numbered" if numbered else "letters"
        names = self.graph.first_names
        names.setdefault(kind, name)
        if len(names) > 1:
            given = f"{names['letters']} and {names['numbered']}"
            self.fail(f"position {token.position}: {given} are mixed; use either x, y, z or x1..xn")
        index = int(numbered[1]) - 1 if numbered else _LETTERS[name]
        self.graph.inputs = max(self.graph.inputs, index + 1)
        return self.graph.add("input", data=index)
