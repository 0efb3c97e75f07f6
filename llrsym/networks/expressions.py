"""Families of functions given as text, see ``grammar``.

A family f_1, ..., f_K becomes the network f(x; a) = a_1 f_1(x) + ... + a_K f_K(x), whose tangent functions
are the family itself; every distinct subexpression is computed once for the whole family.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from llrsym.errors import BadInput
from llrsym.kernel.program import Program
from llrsym.networks.activations import canonical_function
from llrsym.networks.assembly import Assembly
from llrsym.networks.grammar import MAX_CHARACTERS as MAX_CHARACTERS
from llrsym.networks.grammar import MAX_DEPTH as MAX_DEPTH
from llrsym.networks.grammar import Graph, Node, Parser
from llrsym.networks.network import Network


def parse_functions(functions: Sequence[str]) -> Network:
    """Return the network sum_k a_k f_k(x) of a family of functions given as text.

    The inputs are x, y, z or x1, x2, ..., xn; the network has d inputs where d is the highest one used
    (at least 1), the single parameter ``a`` of shape (K,) and one output. Decimals are exact: 0.3 is 3/10.

    Raises ``BadInput``, with the position, for anything outside the grammar, for a mixture of x, y, z with
    x1..xn, activations that are not analytic, division by the number 0, and texts or numbers too long.

    >>> parse_functions(["tanh(x + 2*y)", "tanh(2*x - 1)", "x*tanh(x)"])
    Network(text='span(tanh(x + 2*y), tanh(2*x - 1), x*tanh(x))')
    >>> parse_functions(["2 * (x + 1"])
    Traceback (most recent call last):
        ...
    llrsym.errors.BadInput: function '2 * (x + 1': the '(' at position 5 is not closed; add ')'
    """
    if isinstance(functions, str) or not functions or not all(isinstance(f, str) for f in functions):
        raise BadInput("functions: expected a list of one or more texts, such as ['x', 'tanh(x)']")
    graph = Graph(canonical_function)
    roots = [Parser(text, graph).parse() for text in functions]
    text = f"span({', '.join(' '.join(f.split()) for f in functions)})"
    return Network(text, _assembled(graph, roots))


def _assembled(graph: Graph, roots: Sequence[int]) -> Program:
    """Return the program of sum_k a_k root_k.

    Subexpressions that a zeroth power made superfluous stay in the program: it is undefined where
    one of their denominators vanishes.
    """
    net = Assembly((graph.inputs,), {"a": (len(roots),)})
    registers: dict[int, int] = {}

    def register(k: int) -> int:
        if k not in registers:  # a number: only those that are used become constants
            registers[k] = net.constant([Fraction(graph.list[k].data)], ())
        return registers[k]

    for k, node in enumerate(graph.list):
        if node.kind != "number":
            registers[k] = _emit(net, node, [register(j) for j in node.arguments])
    family = net.gather([register(k) for k in roots], range(len(roots)), (1, len(roots)))
    return net.finish(net.einsum("ik,k->i", family, net.parameter("a")))


def _emit(net: Assembly, node: Node, arguments: list[int]) -> int:
    match node.kind:
        case "input":
            return net.gather([net.input], [int(node.data)], ())
        case "activation":
            return net.activation(str(node.data), arguments[0])
        case "add":
            return net.add(*arguments)
        case "multiply":
            return net.multiply(*arguments)
        case _:
            return net.divide(*arguments)
