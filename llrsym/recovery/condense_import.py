"""Imported programs that are fully-connected networks: the same parameters, sorted into layers.

Every entry of a register is followed as a sum of parameters times values of the layer before. A program is
recognised if all layers are dense and every parameter is one weight or one bias. Then it is the same family
of functions as an ``mlp``, with the same parameters in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from llrsym.kernel.domains import einsum_pairs
from llrsym.kernel.models import Weights
from llrsym.kernel.program import Equation, Program, size
from llrsym.networks.builders import Bias, mlp
from llrsym.networks.network import Network

ONE, BIAS = -1, -1
"""The factor of a value that stands alone, and the place of what is multiplied with no value."""
MOST_PRODUCTS = 5_000_000
Form = dict[int, int]
"""Parameters by the values with which they are multiplied."""


@dataclass(frozen=True)
class _Register:
    """The entries of a register; ``level`` counts the activations before, None for parameters."""

    level: int | None
    forms: list[Form]


class _NotDense(Exception):
    """The program is no fully-connected network."""


Order = list[list[int]]
"""For every tensor of the mlp the parameters that are its entries."""


def as_mlp(network: Network) -> tuple[Network, Order] | None:
    """Return an mlp with the same functions and parameters, and their order; None if the network is none."""
    try:
        layers, activations = _layers(network.program)
        widths = [network.inputs, *map(len, layers)]
        bias = _bias([_has_bias(rows, inputs) for rows, inputs in zip(layers, widths, strict=False)])
    except _NotDense:
        return None
    order = [
        [[row[k] for row in rows for k in range(inputs)], [row[BIAS] for row in rows if BIAS in row]]
        for rows, inputs in zip(layers, widths, strict=False)
    ]
    tensors = [tensor for layer in order for tensor in layer if tensor]
    if len(set(activations)) != 1 or sorted(chain(*tensors)) != list(range(network.parameter_count)):
        return None
    return mlp(*widths, activation=activations[0], bias=bias), tensors


def reordered(weights: Weights, order: Order) -> Weights:
    """Return the weights of the mlp."""
    flat = list(chain(*weights))
    return tuple(tuple(flat[k] for k in tensor) for tensor in order)


def _has_bias(rows: Sequence[Form], inputs: int) -> bool:
    """Whether a dense layer has biases; every row has one parameter for each value before."""
    found = {BIAS in row for row in rows}
    if len(found) != 1 or any(row.keys() - {BIAS} != set(range(inputs)) for row in rows):
        raise _NotDense
    return found == {True}


def _bias(biases: list[bool]) -> Bias:
    if len(set(biases)) == 1:
        return biases[0]
    if not all(biases[:-1]):
        raise _NotDense
    return "hidden"


def _layers(program: Program) -> tuple[list[list[Form]], list[str]]:
    """The rows of every layer, and the activations between."""
    layers: list[list[Form]] = []
    activations: list[str] = []
    registers = [_Register(0, [{k: ONE} for k in range(size(program.input_shape))])]
    start = 0
    for parameter in program.parameters:
        stop = start + size(parameter.shape)
        registers.append(_Register(None, [{BIAS: k} for k in range(start, stop)]))
        start = stop
    for equation in program.equations:
        arguments = [registers[r] for r in equation.arguments]
        if equation.primitive == "activation":
            if arguments[0].level != len(layers):
                raise _NotDense
            layers.append(arguments[0].forms)
            activations.append(str(equation.data))
            registers.append(_Register(len(layers), [{k: ONE} for k in range(size(equation.shape))]))
        else:
            shapes = [program.shapes[r] for r in equation.arguments]
            registers.append(_applied(equation, arguments, shapes))
    if registers[program.output].level != len(layers):
        raise _NotDense
    return [*layers, registers[program.output].forms], activations


def _applied(equation: Equation, arguments: list[_Register], shapes: list[tuple[int, ...]]) -> _Register:
    levels = {argument.level for argument in arguments} - {None}
    if len(levels) > 1:
        raise _NotDense
    level = levels.pop() if levels else None
    forms = [argument.forms for argument in arguments]
    if equation.primitive == "gather" and not isinstance(equation.data, str):
        entries = list(chain(*forms))
        return _Register(level, [entries[int(k)] if k >= 0 else {} for k in equation.data])
    if equation.primitive == "add":
        return _Register(level, list(map(_sum, zip(*forms, strict=True))))
    if equation.primitive == "multiply":
        return _Register(level, list(map(_product, *forms)))
    if equation.primitive != "einsum":
        raise _NotDense
    a, b, count = einsum_pairs(str(equation.data), (shapes[0], shapes[1], equation.shape))
    if not count or len(a) > MOST_PRODUCTS:
        raise _NotDense
    products = [_product(forms[0][i], forms[1][j]) for i, j in zip(a, b, strict=True)]
    return _Register(level, [_sum(products[k : k + count]) for k in range(0, len(products), count)])


def _sum(forms: Sequence[Form]) -> Form:
    total: Form = {}
    for form in forms:
        if total.keys() & form.keys():
            raise _NotDense
        total |= form
    return total


def _product(a: Form, b: Form) -> Form:
    """A parameter times a value."""
    if not a or not b:
        return {}
    if len(a) > 1 or len(b) > 1:
        raise _NotDense
    ((i, u),), ((j, v),) = a.items(), b.items()
    if u == ONE and v != ONE and j == BIAS:
        return {i: v}
    if v == ONE and u != ONE and i == BIAS:
        return {j: u}
    raise _NotDense
