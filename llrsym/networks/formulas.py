"""Activations given by a formula in z: their canonical text, and their expansion into equations.

A formula is a text of ``grammar`` in the one variable z. Its canonical form is the text without spaces, in
which every registered name is replaced by what it stands for, so that it needs no registration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from string import ascii_letters
from typing import NoReturn, Protocol

from llrsym.errors import BadInput, shown
from llrsym.kernel.analytic import check_analytic
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Shape, size
from llrsym.networks.grammar import Graph, Node, Parser

FORMULA = "formula:"
VARIABLES = ("z",)
MAX_CHARACTERS = 2_000
_ATOM = re.compile(r"[a-z0-9.]+")
_ARGUMENT = re.compile(r"\bz\b")


class Writer(Protocol):
    """What writes equations, such as ``Assembly``."""

    def shape(self, register: int) -> Shape:
        """The shape of a register."""

    def constant(self, values: Sequence[int | str | Fraction], shape: Shape) -> int:
        """Add a tensor of numbers."""

    def gather(self, parts: Sequence[int], index: Sequence[int], shape: Shape) -> int:
        """Add entries of other registers."""

    def add(self, a: int, b: int) -> int:
        """Add a + b."""

    def multiply(self, a: int, b: int) -> int:
        """Add a * b."""

    def divide(self, a: int, b: int) -> int:
        """Add a / b."""

    def einsum(self, specification: str, a: int, b: int) -> int:
        """Add a contraction."""

    def activation(self, name: str, z: int) -> int:
        """Add an activation."""


def canonical_formula(text: str, resolve: Callable[[str], str], registered: Mapping[str, str]) -> str:
    """Return the formula without spaces and without registered names.

    ``resolve`` gives the canonical name of a function or raises ``BadInput``; ``registered`` maps names to
    formulas in z. Raises ``BadInput`` for a text that is no formula in z.

    >>> canonical_formula("softplus(z - 4) - 0.08 * z", lambda name: name, {})
    'softplus(z-4)-0.08*z'
    """
    parse(text, resolve)
    pieces: list[list[str]] = [[]]
    called: list[str] = []
    for token in Parser(text, Graph(resolve), VARIABLES).tokens():
        if token.kind in ("call", "("):
            pieces.append([])
            called.append(token.text[:-1].rstrip())
        elif token.kind == ")":
            body = "".join(pieces.pop())
            pieces[-1].append(_called(called.pop(), body, registered))
        else:
            pieces[-1].append("^" if token.kind == "^" else token.text)
        if len(pieces[-1][-1] if pieces[-1] else "") > MAX_CHARACTERS:
            _refuse_length(text)
    canonical = "".join(pieces[0])
    if len(canonical) > MAX_CHARACTERS:
        _refuse_length(text)
    return canonical


def _refuse_length(text: str) -> NoReturn:
    raise BadInput(f"formula {shown(text)}: written out it has more than {MAX_CHARACTERS} characters")


def _called(name: str, body: str, registered: Mapping[str, str]) -> str:
    """A call, or plain brackets; what is registered gives way to its formula, or to the kernel's name."""
    known = registered.get(name, name)
    if not known or known.isidentifier():
        return f"{known}({body})"
    argument = body if _ATOM.fullmatch(body) else f"({body})"
    kind, colon, exponent = known.partition(":")
    if colon:
        return f"({argument}^{exponent})" if kind == "power" else f"{name}({body})"
    return f"({_ARGUMENT.sub(lambda _: argument, known)})"


def parse(text: str, resolve: Callable[[str], str]) -> tuple[Graph, int]:
    """Return the expressions of a formula and the number of the last one; raises ``BadInput``."""
    graph = Graph(resolve)
    root = Parser(text, graph, VARIABLES, "formula").parse()
    if not _depends_on_input(graph, root):
        raise BadInput(f"formula {shown(text)}: it is a constant; give a formula in z, such as 'z*tanh(z)'")
    return graph, root


def _depends_on_input(graph: Graph, root: int) -> bool:
    found: list[bool] = []
    for node in graph.list:
        found.append(node.kind == "input" or any(found[k] for k in node.arguments))
    return found[root]


def plain_activation(graph: Graph, root: int) -> str | None:
    """Return the name of the activation that a formula merely writes out, if there is one."""
    node = graph.list[root]
    if node.kind == "input":
        return "identity"
    inner = [graph.list[k].kind for k in node.arguments]
    return str(node.data) if node.kind == "activation" and inner == ["input"] else None


def check_is_analytic(text: str, graph: Graph, root: int) -> None:
    """Raise ``BadInput`` unless divisors and arguments of roots are positive for visible reasons."""
    from llrsym.networks.assembly import Assembly  # it writes formulas itself

    net = Assembly((), {})
    try:
        check_analytic(net.finish(expanded(net, graph, root, net.input)))
    except Rejected as refusal:
        raise BadInput(
            f"formula {shown(text)} is not known to be analytic: a divisor or the argument of sqrt is not "
            "visibly positive for all z; use sums and products of positive numbers, even powers, exp, "
            "sigmoid, cosh, sech, gaussian and softplus there"
        ) from refusal


def expanded(net: Writer, graph: Graph, root: int, z: int) -> int:
    """Write the equations of a formula at every entry of z, and return the register of its values."""
    shape = net.shape(z)
    registers: dict[int, int] = {}

    def filled(k: int) -> int:
        if k not in registers:
            number = net.constant([Fraction(graph.list[k].data)], ())
            registers[k] = net.gather([number], [0] * size(shape), shape)
        return registers[k]

    for k, node in enumerate(graph.list):
        if node.kind == "input":
            registers[k] = z
        elif node.kind == "multiply" and (factor := _number(graph, node)) is not None:
            other = next(j for j in node.arguments if graph.list[j].kind != "number")
            registers[k] = _scaled(net, registers[other], factor)
        elif node.kind != "number":
            registers[k] = _emit(net, node, [filled(j) for j in node.arguments])
    return filled(root)


def _number(graph: Graph, node: Node) -> Fraction | None:
    return next((v for k in node.arguments if (v := graph.value(k)) is not None), None)


def _scaled(net: Writer, register: int, factor: Fraction) -> int:
    """All entries times one number, without a tensor of copies of it."""
    letters = ascii_letters[: len(net.shape(register))]
    return net.einsum(f"{letters},->{letters}", register, net.constant([factor], ()))


def _emit(net: Writer, node: Node, arguments: list[int]) -> int:
    match node.kind:
        case "activation":
            return net.activation(str(node.data), arguments[0])
        case "add":
            return net.add(*arguments)
        case "multiply":
            return net.multiply(*arguments)
        case _:
            return net.divide(*arguments)
