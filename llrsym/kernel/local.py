"""Relations checked locally: most registers become variables of their own.

A direction in parameter space moves some registers. Those that it does not move are replaced by independent
variables: a derivative that vanishes identically for all of them vanishes for the values they stand for.
Only shares, as in softmax, are computed from variables below them, because they are known to add up to 1, and
at a second attempt what layer normalisation makes of a token, because that is known to add up to 0.
Where a gauge is given, so are registers that move by a linear map of themselves: d h = G h is checked as an
identity, and what follows needs to know no more about h. So a change of basis that runs through many layers
is checked one layer at a time (docs/theory/upper-bounds).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import overload

from .activations import ROOT, activation_named
from .errors import Rejected
from .formal import Formal, Ring
from .polynomials import Poly, add_to
from .program import Equation, Program, size, split_einsum
from .run import Trace, apply, pushed_forward
from .tower import Weights, check_weights

Tensor = list[Poly]
Gauge = tuple[tuple[int, tuple[tuple[int, int, Fraction], ...]], ...]
"""Registers with the non-zero entries (row, column, value) of the matrices G for which d h = G h."""

ATTEMPTS = ((False, 50), (True, 8), (False, 1), (True, 1))
"""Whether shares with sum 0 are computed, and into how many parts the allowed products are divided."""
VALUES = 2
"""How many times as many products the values of registers may take, for all relations that share them."""


class LocalChecks:
    """Checks of many directions; those that move the same registers in the same way share what they need."""

    def __init__(self, program: Program, weights: Weights | None, products: int) -> None:
        self.program, self.weights, self.products = program, weights, products
        self.centred = any(
            equation.primitive == "activation" and activation_named(str(equation.data)).kind == ROOT
            for equation in program.equations
        )
        self.known: dict[tuple[bool, frozenset[int], tuple[int, ...]], _Registers] = {}

    def vanishes(self, direction_in: Callable[[Ring], dict[int, Tensor]], gauge: Gauge = ()) -> bool:
        """Whether the derivative of f along a direction is proved to vanish, one layer at a time.

        ``direction_in`` writes the direction, tensors by parameter number, over a ring. Raises ``Rejected``
        for a gauge that does not hold, and where this takes more products than are allowed.
        """
        if not self.centred:
            return self._vanishes(direction_in, gauge, False, self.products)
        for centred, part in ATTEMPTS:
            try:
                if self._vanishes(direction_in, gauge, centred, self.products // part):
                    return True
            except Rejected:
                continue  # too many products, or a gauge that does not hold for what this attempt knows
        return False

    def _vanishes(
        self, direction_in: Callable[[Ring], dict[int, Tensor]], gauge: Gauge, centred: bool, products: int
    ) -> bool:
        ring = Ring(products)
        key = centred, frozenset(direction_in(ring)), tuple(register for register, _ in gauge)
        if key not in self.known:
            moved = {1 + p for p in key[1]}
            self.known[key] = _Registers(
                self.program, self.weights, ring, moved, centred, VALUES * self.products
            )
        registers = self.known[key]
        registers.ring.products, registers.ring.work = products, 0
        return registers.vanishes(direction_in(registers.ring), gauge)


class _Registers:
    """Formal values of registers, computed when they are first asked for.

    ``allowance`` limits the products that this takes for all relations together.
    """

    def __init__(
        self,
        program: Program,
        weights: Weights | None,
        ring: Ring,
        moved: set[int],
        centred: bool,
        allowance: int,
    ) -> None:
        if weights is not None:
            check_weights(program, weights)
        self.program, self.weights, self.ring, self.domain = program, weights, ring, Formal(ring)
        self.shapes = program.shapes
        self.influenced, self.fed = moved, {0}
        for register, equation in enumerate(program.equations, start=program.first_equation):
            for known in (self.influenced, self.fed):
                if known.intersection(equation.arguments):
                    known.add(register)
        unmoved = self.fed - self.influenced
        self.named = unmoved - _shares(program, unmoved, centred)
        self.values: dict[int, Tensor] = {}
        self.replaced: dict[int, Tensor] = {}
        self.slopes: dict[int, Tensor] = {}
        self.allowance = allowance

    def vanishes(self, direction: Mapping[int, Tensor], gauge: Gauge) -> bool:
        """Push a direction forward, replacing the registers of the gauge by variables on the way."""
        trace = Trace(_Lazy(self.value, len(self.shapes)), _LazySlopes(self.slope))
        matrices = dict(gauge)
        if len(matrices) != len(gauge):
            raise Rejected("gauge: a register occurs twice")
        tangents: dict[int, Tensor] = {1 + parameter: tensor for parameter, tensor in direction.items()}
        for register, tangent in pushed_forward(self.program, self.domain, trace, tangents):
            if register in matrices:
                tangents[register] = self.replace(register, tangent, matrices.pop(register))
            elif not self.domain.is_zero(tangent):
                tangents[register] = tangent
        if matrices:
            raise Rejected(f"gauge: registers {sorted(matrices)} do not move")
        return all(self.ring.is_zero(entry) for entry in tangents.get(self.program.output, ()))

    def value(self, register: int) -> Tensor:
        """The value of a register; arguments come before it, so that the recursion ends."""
        if register not in self.values:
            self.values[register] = self._compute(register)
        return self.values[register]

    def slope(self, register: int) -> Tensor:
        """The derivative of an activation."""
        self.value(register)
        return self.slopes[register]

    def replace(self, register: int, tangent: Tensor, matrix: Sequence[tuple[int, int, Fraction]]) -> Tensor:
        """Prove that the tangent is ``matrix`` times the value; return it with variables for the value."""
        if register not in self.replaced:
            self.replaced[register] = self.value(register)
            self.values[register] = self._variables("register", register)
        value, variables = self.replaced[register], self.values[register]
        difference = [dict(entry) for entry in tangent]
        moved: Tensor = [{} for _ in tangent]
        for row, column, factor in matrix:
            if not (0 <= row < len(tangent) and 0 <= column < len(tangent)):
                raise Rejected(f"gauge: ({row}, {column}) is no entry of a matrix for register {register}")
            add_to(difference[row], value[column], -factor)
            add_to(moved[row], variables[column], factor)
        if not all(self.ring.is_zero(entry) for entry in difference):
            raise Rejected(f"gauge: register {register} does not move by this matrix")
        return moved

    def _compute(self, register: int) -> Tensor:
        if register in self.named:
            return self._variables("register", register)
        if register < self.program.first_equation:
            if self.weights is None:
                return self._variables("theta", register)
            return self.domain.constant(self.weights[register - 1], self.shapes[register])
        equation = self.program.equations[register - self.program.first_equation]
        arguments = [self.value(argument) for argument in equation.arguments]
        others, self.ring.products = self.ring.products, self.allowance
        value, slope = apply(self.program, self.domain, register, equation, arguments)
        self.allowance, self.ring.products = self.ring.products, others
        if slope is not None:
            self.slopes[register] = slope
        return value

    def _variables(self, kind: str, register: int) -> Tensor:
        """Variables numbered over all parameters, or over all registers."""
        first = 1 if kind == "theta" else 0
        start = sum(size(shape) for shape in self.shapes[first:register])
        return [self.domain.ring.variable(kind, start + k) for k in range(size(self.shapes[register]))]


def _shares(program: Program, fed: set[int], centred: bool) -> set[int]:
    """Return the quotients u / D by sums D of entries of u, and what they are computed from.

    Both arguments of such a quotient are made of the same registers by linear maps with constant
    coefficients, and what such a map makes of a share belongs to it. With ``centred`` so do sums of linear
    images of the same registers, and of all these quotients by anything, multiples by weights, and sums with
    weights. ``fed`` are the registers that depend on the input and do not move. Which of them are chosen is a
    matter of cost alone.
    """
    origins: dict[int, set[int]] = {}
    constants, shares = set[int](), set[int]()
    for register, equation in enumerate(program.equations, start=program.first_equation):
        varying = [argument for argument in equation.arguments if argument in fed]
        made_of = [origins.get(argument, {argument}) for argument in varying]
        if constants.issuperset(equation.arguments):
            constants.add(register)
        elif register in fed:
            linear = constants.issuperset(set(equation.arguments) - fed) and _is_linear(equation, varying)
            related = len(varying) == 2 and bool(made_of[0] & made_of[1])
            is_share = related and equation.primitive in (("divide", "add") if centred else ("divide",))
            if centred and shares.intersection(varying[:1]):
                is_share = is_share or _is_scaled(equation, varying)
            if is_share or linear:
                origins[register] = set[int]().union(*made_of)
                shares |= {register} if is_share or shares.intersection(varying) else set()
    for register in reversed(origins):
        if register in shares:
            shares.update(origins.keys() & program.equations[register - program.first_equation].arguments)
    return shares


def _is_scaled(equation: Equation, varying: Sequence[int]) -> bool:
    """Whether an equation divides its first argument, or scales its entries or shifts them by weights."""
    if equation.primitive == "einsum":
        specification = dict(zip(equation.arguments, split_einsum(str(equation.data)), strict=False))
        out = split_einsum(str(equation.data))[2]
        return len(varying) == 1 and set(specification[varying[0]]) <= set(out)
    if equation.primitive == "divide":
        return equation.arguments[0] == varying[0]
    return equation.primitive in ("add", "multiply") and len(varying) == 1


def _is_linear(equation: Equation, varying: Sequence[int]) -> bool:
    """Whether an equation is linear in its varying arguments, if the others are constants."""
    match equation.primitive:
        case "gather" | "add":
            return True
        case "divide":
            return list(varying) == [equation.arguments[0]]
        case _:
            return equation.primitive != "activation" and len(varying) == 1


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
