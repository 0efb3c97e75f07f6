"""A network as frozen data: a list of typed primitive equations between tensors.

Registers are numbered in order: 0 is the input, then one register per parameter, then one per
equation. Every equation names its argument registers, so that a program is a straight-line program
and has exactly one meaning. The primitives are few on purpose: every layer in use (dense, convolution,
residual, attention, normalisation) is a composition of them.

=============  ===========================================  ==============================================
primitive      data                                         meaning
=============  ===========================================  ==============================================
constant       its entries, rational, row-major             a tensor of numbers
gather         one index per entry of the result, -1: zero  entries of the concatenated flat arguments
add            none                                         a + b, equal shapes
multiply       none                                         a * b entrywise, equal shapes
divide         none                                         a / b entrywise, equal shapes
einsum         a specification such as ``ij,j->i``          contraction of two tensors
activation     a name, see ``activations``                  a function applied entrywise
=============  ===========================================  ==============================================
"""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

from .activations import activation_named
from .errors import Malformed

Shape = tuple[int, ...]
MAX_ENTRIES = 50_000_000


def size(shape: Shape) -> int:
    """Return the number of entries of a tensor of this shape."""
    return prod(shape)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named tensor of weights."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Equation:
    """One primitive applied to earlier registers; ``data`` depends on the primitive."""

    primitive: str
    arguments: tuple[int, ...]
    shape: Shape
    data: tuple[Fraction, ...] | tuple[int, ...] | str = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A network ``f(x; theta)``; every output entry is one component of f.

    Raises ``Malformed`` when an equation is ill-typed or refers to a later register.
    """

    input_shape: Shape
    parameters: tuple[Parameter, ...]
    equations: tuple[Equation, ...]
    output: int

    def __post_init__(self) -> None:
        shapes = [self.input_shape, *(p.shape for p in self.parameters)]
        _check_shapes(shapes)
        _check_names(self.parameters)
        for equation in self.equations:
            _check_equation(equation, shapes)
            shapes.append(equation.shape)
        if not 0 <= self.output < len(shapes):
            raise Malformed(f"output: register {self.output} does not exist")

    @property
    def shapes(self) -> list[Shape]:
        """Shapes of all registers in order."""
        return [self.input_shape, *(p.shape for p in self.parameters), *(e.shape for e in self.equations)]

    @property
    def first_equation(self) -> int:
        """The register of the first equation."""
        return 1 + len(self.parameters)

    @property
    def parameter_count(self) -> int:
        """The number M of scalar parameters."""
        return sum(size(p.shape) for p in self.parameters)

    @property
    def output_count(self) -> int:
        """The number c of scalar outputs."""
        return size(self.shapes[self.output])


def _check_shapes(shapes: list[Shape]) -> None:
    for shape in shapes:
        if any(n < 0 for n in shape) or size(shape) > MAX_ENTRIES:
            raise Malformed(f"shape {list(shape)} is negative or has more than {MAX_ENTRIES} entries")


def _check_names(parameters: tuple[Parameter, ...]) -> None:
    names = [p.name for p in parameters]
    if len(set(names)) != len(names):
        raise Malformed("two parameters have the same name")


def _check_equation(equation: Equation, shapes: list[Shape]) -> None:
    for register in equation.arguments:
        if not 0 <= register < len(shapes):
            raise Malformed(f"{equation.primitive}: register {register} is not defined before its use")
    _check_shapes([equation.shape])
    check = _TYPE_RULES.get(equation.primitive)
    if check is None:
        raise Malformed(f"primitive '{equation.primitive}' does not exist; there are {sorted(_TYPE_RULES)}")
    check(equation, [shapes[r] for r in equation.arguments])


def _require(condition: bool, equation: Equation, expected: str) -> None:
    if not condition:
        raise Malformed(f"{equation.primitive}: expected {expected}")


def _type_constant(equation: Equation, shapes: list[Shape]) -> None:
    _require(not shapes, equation, "no arguments")
    entries = equation.data
    _require(not isinstance(entries, str), equation, "a list of numbers")
    _require(len(entries) == size(equation.shape), equation, f"{size(equation.shape)} entries")
    _require(all(type(v) is Fraction for v in entries), equation, "rational entries")


def _type_gather(equation: Equation, shapes: list[Shape]) -> None:
    total = sum(size(s) for s in shapes)
    _require(bool(shapes), equation, "at least one argument")
    index = equation.data
    _require(not isinstance(index, str), equation, "a list of indices")
    _require(len(index) == size(equation.shape), equation, f"{size(equation.shape)} indices")
    _require(
        all(type(k) is int and -1 <= k < total for k in index), equation, f"indices from -1 to {total - 1}"
    )


def _type_entrywise(equation: Equation, shapes: list[Shape]) -> None:
    _require(len(shapes) == 2, equation, "two arguments")
    _require(shapes == [equation.shape] * 2, equation, f"arguments and result of one shape, got {shapes}")
    _require(equation.data == (), equation, "no data")


def _type_activation(equation: Equation, shapes: list[Shape]) -> None:
    _require(shapes == [equation.shape], equation, "one argument of the shape of the result")
    name = equation.data
    _require(isinstance(name, str), equation, "the name of an activation")
    activation_named(str(name))


def _type_einsum(equation: Equation, shapes: list[Shape]) -> None:
    _require(isinstance(equation.data, str), equation, "a specification such as 'ij,j->i'")
    _require(len(shapes) == 2, equation, "two arguments")
    left, right, out = split_einsum(str(equation.data))
    lengths: dict[str, int] = {}
    for letters, shape in ((left, shapes[0]), (right, shapes[1]), (out, equation.shape)):
        _require(
            len(letters) == len(shape), equation, f"{len(letters)} axes for '{letters}', got {list(shape)}"
        )
        for letter, length in zip(letters, shape, strict=True):
            _require(
                lengths.setdefault(letter, length) == length, equation, f"one length for index '{letter}'"
            )


def split_einsum(specification: str) -> tuple[str, str, str]:
    """Return the letters of the two arguments and of the result of ``'ij,j->i'``.

    Every letter of one of the three must occur in another of the three, and none twice in one of
    them: then each partial derivative of an einsum is an einsum again. Raises ``Malformed``.
    """
    arguments, arrow, out = specification.partition("->")
    left, comma, right = arguments.partition(",")
    if not arrow or not comma or not (left + right + out + "i").isalpha():
        raise Malformed(f"einsum: '{specification}' is not of the form 'ij,j->i'")
    for letters, others in ((left, right + out), (right, left + out), (out, left + right)):
        if len(set(letters)) != len(letters) or not set(letters) <= set(others):
            raise Malformed(f"einsum: an index of '{specification}' is repeated or occurs only once")
    return left, right, out


_TYPE_RULES = {
    "constant": _type_constant,
    "gather": _type_gather,
    "add": _type_entrywise,
    "multiply": _type_entrywise,
    "divide": _type_entrywise,
    "einsum": _type_einsum,
    "activation": _type_activation,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A program under construction."""

    input_shape: Shape
    parameters: tuple[Parameter, ...]
    equations: list[Equation]

    def append(
        self,
        primitive: str,
        arguments: tuple[int, ...],
        shape: Shape,
        data: tuple[Fraction, ...] | tuple[int, ...] | str = (),
    ) -> int:
        """Add an equation and return its register."""
        self.equations.append(Equation(primitive, arguments, shape, data))
        return len(self.parameters) + len(self.equations)
