"""Relations checked locally: the registers that a direction does not influence become variables of their own.

A direction c in parameter space moves some registers; when its effect cancels at a layer, nothing above has
to be expanded, and what lies below enters only through the registers that feed the moved ones. If the
derivative vanishes identically with independent variables in their place, it vanishes for their values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import overload

from .formal import Formal, Poly, Ring
from .program import Program, size
from .run import Trace, apply
from .tower import Weights, check_weights

Tensor = list[Poly]


def local_trace(program: Program, weights: Weights | None, ring: Ring, moved: Set[int]) -> Trace[Tensor]:
    """Return the registers on demand, seen from a direction that moves these parameters (by number).

    Computed are constants, parameters, what depends on them alone, and what the moved parameters influence;
    every other register is a tensor of new variables, like the input.
    """
    registers = _Registers(program, weights, ring, {1 + parameter for parameter in moved})
    return Trace(_Lazy(registers.value, len(program.shapes)), _LazySlopes(registers.slope))


class _Registers:
    """Formal values of registers, computed when they are first asked for."""

    def __init__(self, program: Program, weights: Weights | None, ring: Ring, moved: set[int]) -> None:
        if weights is not None:
            check_weights(program, weights)
        self.program, self.weights, self.domain = program, weights, Formal(ring)
        self.shapes = program.shapes
        self.influenced, self.fed = moved, {0}
        for register, equation in enumerate(program.equations, start=program.first_equation):
            for known in (self.influenced, self.fed):
                if known.intersection(equation.arguments):
                    known.add(register)
        self.values: dict[int, Tensor] = {}
        self.slopes: dict[int, Tensor] = {}

    def value(self, register: int) -> Tensor:
        """The value of a register; arguments come before it, so that the recursion ends."""
        if register not in self.values:
            self.values[register] = self._compute(register)
        return self.values[register]

    def slope(self, register: int) -> Tensor:
        """The derivative of an activation."""
        self.value(register)
        return self.slopes[register]

    def _compute(self, register: int) -> Tensor:
        if register in self.fed and register not in self.influenced:
            return self._variables("register", register)
        if register < self.program.first_equation:
            if self.weights is None:
                return self._variables("theta", register)
            return self.domain.constant(self.weights[register - 1], self.shapes[register])
        equation = self.program.equations[register - self.program.first_equation]
        arguments = [self.value(argument) for argument in equation.arguments]
        value, slope = apply(self.program, self.domain, register, equation, arguments)
        if slope is not None:
            self.slopes[register] = slope
        return value

    def _variables(self, kind: str, register: int) -> Tensor:
        """Variables numbered over all parameters, or over all registers."""
        first = 1 if kind == "theta" else 0
        start = sum(size(shape) for shape in self.shapes[first:register])
        return [self.domain.ring.variable(kind, start + k) for k in range(size(self.shapes[register]))]


class _Lazy(Sequence[Tensor]):
    def __init__(self, value: Callable[[int], Tensor], count: int) -> None:
        self._value, self._count = value, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Tensor: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Tensor]: ...

    def __getitem__(self, index: int | slice) -> Tensor | Sequence[Tensor]:
        if isinstance(index, slice):
            return [self._value(k) for k in range(*index.indices(self._count))]
        return self._value(index)


class _LazySlopes(Mapping[int, Tensor]):
    def __init__(self, slope: Callable[[int], Tensor]) -> None:
        self._slope = slope

    def __getitem__(self, register: int) -> Tensor:
        return self._slope(register)

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0
