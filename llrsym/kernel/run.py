"""The only interpreter of programs, and their only derivatives.

A domain is a number system for tensors: exact rationals, residues, formal polynomials, floats, SymPy
expressions. ``forward`` runs a program over a domain, ``gradient`` applies one vector-Jacobian rule per
primitive backwards, ``directional`` the same local derivatives forwards. ``None`` stands for a derivative
that is identically zero.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from .program import Equation, Program, Shape, size, split_einsum

T = TypeVar("T")


class Domain(Protocol[T]):
    """The operations on tensors that a number system offers."""

    def constant(self, values: Sequence[Fraction], shape: Shape) -> T:
        """A tensor of rational numbers."""

    def add(self, a: T, b: T) -> T:
        """The entrywise sum."""

    def negate(self, a: T) -> T:
        """The entrywise negative."""

    def multiply(self, a: T, b: T) -> T:
        """The entrywise product."""

    def divide(self, a: T, b: T) -> T:
        """The entrywise quotient."""

    def einsum(self, specification: str, a: T, b: T, shapes: tuple[Shape, Shape, Shape]) -> T:
        """The contraction; ``shapes`` are those of a, b and the result."""

    def gather(self, parts: Sequence[T], index: Sequence[int], shapes: Sequence[Shape], shape: Shape) -> T:
        """Entries of the concatenated flat parts; index -1 gives zero."""

    def scatter(self, a: T, index: Sequence[int], shapes: Sequence[Shape], shape: Shape) -> list[T]:
        """The transpose of ``gather``: one tensor per part."""

    def activate(self, name: str, register: int, z: T) -> tuple[T, T]:
        """The values and the derivatives of an activation at z; ``register`` is that of the result."""

    def is_zero(self, a: T) -> bool:
        """Whether every entry is known to be zero."""


@dataclass(frozen=True, slots=True)
class Trace(Generic[T]):
    """All registers of one run, and the derivatives of the activations by register."""

    values: Sequence[T]
    slopes: Mapping[int, T]


def forward(program: Program, domain: Domain[T], point: T, weights: Sequence[T]) -> Trace[T]:
    """Return all registers of the program at an input and at weights (one tensor per parameter)."""
    values, slopes = [point, *weights], dict[int, T]()
    for register, equation in enumerate(program.equations, start=program.first_equation):
        value, slope = apply(program, domain, register, equation, [values[r] for r in equation.arguments])
        values.append(value)
        if slope is not None:
            slopes[register] = slope
    return Trace(values, slopes)


def apply(
    program: Program, domain: Domain[T], register: int, equation: Equation, arguments: Sequence[T]
) -> tuple[T, T | None]:
    """Return the value of one equation, and for an activation its derivative."""
    if equation.primitive == "activation":
        return domain.activate(str(equation.data), register, arguments[0])
    return _linear(program, domain, equation, arguments), None


def _linear(program: Program, domain: Domain[T], equation: Equation, arguments: Sequence[T]) -> T:
    """Every primitive but ``activation``; linear or multilinear, except for ``divide``."""
    match equation.primitive:
        case "constant":
            return domain.constant(tuple(Fraction(v) for v in equation.data), equation.shape)
        case "gather":
            shapes = _argument_shapes(program, equation)
            return domain.gather(arguments, _indices(equation), shapes, equation.shape)
        case "einsum":
            a, b = _argument_shapes(program, equation)
            return domain.einsum(str(equation.data), arguments[0], arguments[1], (a, b, equation.shape))
        case "add":
            return domain.add(arguments[0], arguments[1])
        case "multiply":
            return domain.multiply(arguments[0], arguments[1])
        case _:
            return domain.divide(arguments[0], arguments[1])


def _argument_shapes(program: Program, equation: Equation) -> list[Shape]:
    return [_shape(program, register) for register in equation.arguments]


def _shape(program: Program, register: int) -> Shape:
    """The shape of one register, without a list of all of them."""
    first = program.first_equation
    if register >= first:
        return program.equations[register - first].shape
    return program.parameters[register - 1].shape if register else program.input_shape


def _indices(equation: Equation) -> Sequence[int]:
    return equation.data  # type: ignore[return-value]  # a gather holds integers, checked by Program


def gradient(program: Program, domain: Domain[T], trace: Trace[T], cotangent: T) -> list[T | None]:
    """Return the derivative of <cotangent, output> by every parameter (reverse mode)."""
    cotangents: list[T | None] = [None] * len(trace.values)
    cotangents[program.output] = cotangent
    first = program.first_equation
    for offset in range(len(program.equations) - 1, -1, -1):
        register = first + offset
        incoming = cotangents[register]
        if incoming is None:
            continue
        equation = program.equations[offset]
        for argument, part in _pull_back(program, domain, equation, register, incoming, trace):
            before = cotangents[argument]
            cotangents[argument] = part if before is None else domain.add(before, part)
    return cotangents[1:first]


def _pull_back(
    program: Program, domain: Domain[T], equation: Equation, register: int, incoming: T, trace: Trace[T]
) -> list[tuple[int, T]]:
    """One vector-Jacobian rule per primitive: (argument register, its share of the cotangent)."""
    registers, values = equation.arguments, trace.values
    match equation.primitive:
        case "constant":
            return []
        case "activation":
            return [(registers[0], domain.multiply(incoming, trace.slopes[register]))]
        case "add":
            return [(registers[0], incoming), (registers[1], incoming)]
        case "multiply":
            a, b = registers
            return [(a, domain.multiply(incoming, values[b])), (b, domain.multiply(incoming, values[a]))]
        case "divide":
            a, b = registers
            share = domain.divide(incoming, values[b])
            return [(a, share), (b, domain.negate(domain.multiply(share, values[register])))]
        case "gather":
            shapes = _argument_shapes(program, equation)
            parts = domain.scatter(incoming, _indices(equation), shapes, equation.shape)
            return list(zip(registers, parts, strict=True))
        case _:
            return _pull_back_einsum(program, domain, equation, incoming, trace)


def _pull_back_einsum(
    program: Program, domain: Domain[T], equation: Equation, incoming: T, trace: Trace[T]
) -> list[tuple[int, T]]:
    left, right, out = split_einsum(str(equation.data))
    (a, b), (shape_a, shape_b) = equation.arguments, _argument_shapes(program, equation)
    values, shape = trace.values, equation.shape
    return [
        (a, domain.einsum(f"{out},{right}->{left}", incoming, values[b], (shape, shape_b, shape_a))),
        (b, domain.einsum(f"{out},{left}->{right}", incoming, values[a], (shape, shape_a, shape_b))),
    ]


def directional(program: Program, domain: Domain[T], trace: Trace[T], direction: Mapping[int, T]) -> T | None:
    """Return the derivative of the output along a direction in parameter space (forward mode).

    ``direction`` maps parameter numbers to tensors of their shapes. Where the derivative vanishes in the
    domain it is dropped, so a direction whose influence cancels at a layer costs nothing above it.
    """
    tangents: dict[int, T] = {1 + parameter: tensor for parameter, tensor in direction.items()}
    for register, tangent in pushed_forward(program, domain, trace, tangents):
        if not domain.is_zero(tangent):
            tangents[register] = tangent
    return tangents.get(program.output)


def pushed_forward(
    program: Program, domain: Domain[T], trace: Trace[T], tangents: Mapping[int, T]
) -> Iterator[tuple[int, T]]:
    """Yield (register, its derivative) in order, for the registers with a derivative among their arguments.

    ``tangents`` holds the derivatives known so far; the caller adds those that it keeps.
    """
    for register, equation in enumerate(program.equations, start=program.first_equation):
        tangent = _push_forward(program, domain, equation, register, tangents, trace)
        if tangent is not None:
            yield register, tangent


def _push_forward(
    program: Program,
    domain: Domain[T],
    equation: Equation,
    register: int,
    tangents: Mapping[int, T],
    trace: Trace[T],
) -> T | None:
    moved = [tangents.get(r) for r in equation.arguments]
    if all(t is None for t in moved):
        return None
    values = [trace.values[r] for r in equation.arguments]
    if equation.primitive == "activation":
        return _product(domain, moved[0], trace.slopes[register])
    if equation.primitive == "divide":
        change = _product(domain, moved[1], domain.negate(trace.values[register]))
        total = _sum(domain, moved[0], change)
        return None if total is None else domain.divide(total, values[1])
    if equation.primitive == "add":
        return _sum(domain, moved[0], moved[1])
    if equation.primitive == "gather":
        shapes = _argument_shapes(program, equation)
        zeros = [domain.constant((Fraction(0),) * size(s), s) for s in shapes]
        return _linear(
            program, domain, equation, [z if t is None else t for t, z in zip(moved, zeros, strict=True)]
        )
    parts = [
        None if moved[0] is None else _linear(program, domain, equation, [moved[0], values[1]]),
        None if moved[1] is None else _linear(program, domain, equation, [values[0], moved[1]]),
    ]
    return _sum(domain, parts[0], parts[1])


def _product(domain: Domain[T], a: T | None, b: T) -> T | None:
    return None if a is None else domain.multiply(a, b)


def _sum(domain: Domain[T], a: T | None, b: T | None) -> T | None:
    if a is None or b is None:
        return a if b is None else b
    return domain.add(a, b)
