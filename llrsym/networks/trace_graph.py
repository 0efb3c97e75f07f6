"""The equations that a traced function adds up to, each distinct one once.

A graph is a program under construction: registers as in a program, constants kept as exact arrays so that
arithmetic between them is carried out at once. ``finish`` writes down what the output depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isinf
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from llrsym.errors import BadInput, shown
from llrsym.kernel.program import Program, Shape, size
from llrsym.networks.assembly import Assembly

Index = NDArray[np.int64]
Exact = NDArray[Any]
"""An object array of fractions."""
MAX_ENTRIES = 4_000_000
MAX_TOTAL = 20_000_000


class Refused(BadInput):
    """A refusal that already says where it happened."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An equation whose data may still be an array."""

    primitive: str
    arguments: tuple[int, ...]
    data: Index | Exact | str


class Graph:
    """Registers of a network that is being traced; ``where`` names the place of the current operation.

    Raises ``Refused`` when a tensor or the whole program becomes too large.
    """

    def __init__(self, inputs: Shape, parameters: Mapping[str, Shape], where: Callable[[], str]) -> None:
        self.parameters, self.where = dict(parameters), where
        self.shapes: list[Shape] = [inputs, *parameters.values()]
        self.nodes: dict[int, Node] = {}
        self.values: dict[int, Exact] = {}
        self._known: dict[object, int] = {}
        self._entries = 0

    def refuse(self, message: str) -> NoReturn:
        """Raise ``Refused`` with the place of the current operation."""
        raise Refused(f"{self.where()}: {message}")

    def add(self, primitive: str, arguments: Sequence[int], shape: Shape, data: Index | str = "") -> int:
        """Return the register of this equation, new or known."""
        key = (primitive, tuple(arguments), shape, data if isinstance(data, str) else data.tobytes())
        return self._register(key, Node(primitive, tuple(arguments), data), shape)

    def constant(self, values: Exact) -> int:
        """Return the register of an array of fractions."""
        register = self._register((values.shape, *values.ravel()), Node("constant", (), values), values.shape)
        self.values[register] = values
        return register

    def _register(self, key: object, node: Node, shape: Shape) -> int:
        if key not in self._known:
            self.check_size(shape)
            self._entries += size(shape)
            if self._entries > MAX_TOTAL:
                self.refuse(f"the network has more than {MAX_TOTAL} intermediate values; use smaller sizes")
            self._known[key] = len(self.shapes)
            self.nodes[len(self.shapes)] = node
            self.shapes.append(shape)
        return self._known[key]

    def check_size(self, shape: Shape) -> None:
        """Refuse a tensor with too many entries."""
        if size(shape) > MAX_ENTRIES:
            self.refuse(f"a tensor of shape {shape} has more than {MAX_ENTRIES} entries; use smaller sizes")

    def finish(self, output: int) -> Program:
        """Return the program of what the output depends on."""
        net = Assembly(self.shapes[0], self.parameters)
        registers = {k: k for k in range(1 + len(self.parameters))}
        for register in sorted(self._needed(output)):
            node = self.nodes[register]
            arguments = [registers[r] for r in node.arguments]
            registers[register] = _emit(net, node, arguments, self.shapes[register])
        return net.finish(registers[output])

    def _needed(self, output: int) -> set[int]:
        needed: set[int] = set()
        waiting = [output]
        while waiting:
            register = waiting.pop()
            if register in self.nodes and register not in needed:
                needed.add(register)
                waiting += self.nodes[register].arguments
        return needed


def _emit(net: Assembly, node: Node, arguments: list[int], shape: Shape) -> int:
    data = node.data
    if isinstance(data, np.ndarray):
        entries = data.ravel().tolist()
        return net.gather(arguments, entries, shape) if arguments else net.constant(entries, shape)
    match node.primitive:
        case "activation":
            return net.activation(data, arguments[0])
        case "einsum":
            return net.einsum(data, *arguments)
        case "add":
            return net.add(*arguments)
        case "multiply":
            return net.multiply(*arguments)
        case _:
            return net.divide(*arguments)


def exact(graph: Graph, value: object) -> Exact:
    """Return numbers as an object array of fractions, minus infinity as the float that it is.

    Floats are the dyadic rationals they are. Refuses NaN, plus infinity and everything that is no number.
    """
    array = np.asarray(value)
    graph.check_size(array.shape)
    result = np.empty(array.size, dtype=object)
    for position, entry in enumerate(array.ravel().tolist()):
        result[position] = _exact_number(graph, entry)
    return result.reshape(array.shape)


def _exact_number(graph: Graph, entry: object) -> Fraction | float:
    if isinstance(entry, float) and isinf(entry) and entry < 0:
        return entry
    try:
        if isinstance(entry, np.floating):  # long doubles have no Python type of their own
            return Fraction(*entry.as_integer_ratio())
        if isinstance(entry, int | float | Fraction):
            return Fraction(entry)
    except (ValueError, OverflowError):
        graph.refuse(f"the constant {shown(entry)} is no number; use finite constants")
    return graph.refuse(f"the constant {shown(entry)} is no real number; use integers, floats or fractions")
