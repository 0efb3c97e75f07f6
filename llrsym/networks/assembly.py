"""Writing a program equation by equation, with inferred shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from llrsym.errors import BadInput
from llrsym.kernel.errors import Malformed
from llrsym.kernel.program import Equation, Parameter, Program, Shape, split_einsum
from llrsym.networks.activations import canonical_function
from llrsym.networks.formulas import FORMULA, expanded, parse

Data = tuple[Fraction, ...] | tuple[int, ...] | str


class Assembly:
    """A program under construction: every method adds one equation and returns its register.

    Parameters are declared up front, because their registers come before those of the equations.
    Shapes are inferred and never broadcast. ``finish`` validates the whole and returns the program.

    Raises ``BadInput`` for arguments that do not fit together.

    >>> net = Assembly((2,), {"w": (2,), "a": (1,)})  # a tanh(w0 x0 + w1 x1)
    >>> z = net.einsum("i,i->", net.parameter("w"), net.input)
    >>> h = net.gather([net.activation("tanh", z)], [0], (1,))
    >>> net.finish(net.multiply(net.parameter("a"), h)).parameter_count
    3
    """

    def __init__(self, input_shape: Shape, parameters: Mapping[str, Shape]) -> None:
        self._input_shape = input_shape
        self._parameters = tuple(Parameter(name, shape) for name, shape in parameters.items())
        self._registers = {name: 1 + k for k, name in enumerate(parameters)}
        self._shapes: list[Shape] = [input_shape, *parameters.values()]
        self._equations: list[Equation] = []

    @property
    def input(self) -> int:
        """The register of the input."""
        return 0

    def shape(self, register: int) -> Shape:
        """Return the shape of a register."""
        return self._shapes[register]

    def declares(self, name: str) -> bool:
        """Return whether there is a parameter of this name."""
        return name in self._registers

    def parameter(self, name: str) -> int:
        """Return the register of a declared parameter."""
        if name not in self._registers:
            raise BadInput(f"assembly: parameter '{name}' is not declared; there are {list(self._registers)}")
        return self._registers[name]

    def constant(self, values: Sequence[int | str | Fraction], shape: Shape) -> int:
        """Add a tensor of rational numbers, given flat in row-major order."""
        return self._append("constant", (), shape, tuple(Fraction(v) for v in values))

    def gather(self, parts: Sequence[int], index: Sequence[int], shape: Shape) -> int:
        """Add a tensor of entries of the concatenated flat parts; index -1 stands for zero."""
        return self._append("gather", tuple(parts), shape, tuple(index))

    def add(self, a: int, b: int) -> int:
        """Add a + b; equal shapes."""
        return self._append("add", (a, b), self._shapes[a])

    def multiply(self, a: int, b: int) -> int:
        """Add the entrywise product a * b; equal shapes."""
        return self._append("multiply", (a, b), self._shapes[a])

    def divide(self, a: int, b: int) -> int:
        """Add the entrywise quotient a / b; equal shapes."""
        return self._append("divide", (a, b), self._shapes[a])

    def einsum(self, specification: str, a: int, b: int) -> int:
        """Add a contraction such as ``'ij,j->i'``; every index occurs in two of the three groups."""
        try:
            left, right, out = split_einsum(specification)
        except Malformed as error:
            raise BadInput(f"assembly: {error}") from error
        letters, lengths = left + right, (*self._shapes[a], *self._shapes[b])
        if len(left) != len(self._shapes[a]) or len(right) != len(self._shapes[b]):
            raise BadInput(
                f"assembly: einsum '{specification}' does not have one letter per axis of "
                f"{self._shapes[a]} and {self._shapes[b]}; write one for each"
            )
        length = dict(zip(letters, lengths, strict=True))
        return self._append("einsum", (a, b), tuple(length[k] for k in out), specification)

    def activation(self, name: str, z: int) -> int:
        """Add an activation, or "sqrt", applied entrywise; a formula becomes several equations."""
        known = canonical_function(name)
        if known.startswith(FORMULA):
            return expanded(self, *parse(known.removeprefix(FORMULA), canonical_function), z)
        return self._append("activation", (z,), self._shapes[z], known)

    def finish(self, output: int) -> Program:
        """Return the validated program whose outputs are the entries of this register."""
        try:
            return Program(self._input_shape, self._parameters, tuple(self._equations), output)
        except Malformed as error:
            raise BadInput(f"assembly: {error}") from error

    def copy(self, equation: Equation, arguments: tuple[int, ...]) -> int:
        """Add an equation of another program with these arguments."""
        return self._append(equation.primitive, arguments, equation.shape, equation.data)

    def _append(self, primitive: str, arguments: tuple[int, ...], shape: Shape, data: Data = ()) -> int:
        self._equations.append(Equation(primitive, arguments, shape, data))
        self._shapes.append(shape)
        return len(self._shapes) - 1


def with_activation(program: Program, name: str) -> Program:
    """Return the program with this activation, which may be a formula, in place of every activation.

    >>> from llrsym.networks.builders import mlp
    >>> tanh, sine = (mlp(1, 2, 1, activation=name).program for name in ("tanh", "sin"))
    >>> with_activation(tanh, "sin") == sine
    True
    """
    net = Assembly(program.input_shape, {p.name: p.shape for p in program.parameters})
    registers = list(range(program.first_equation))
    for equation in program.equations:
        arguments = tuple(registers[r] for r in equation.arguments)
        is_activation = equation.primitive == "activation"
        registers.append(
            net.activation(name, arguments[0]) if is_activation else net.copy(equation, arguments)
        )
    return net.finish(registers[program.output])
