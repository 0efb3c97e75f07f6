"""Bounds of f - g for two networks with one hidden layer, on cells along a few directions of the inputs.

Only the box of y = U t is cut into cells, not that of the inputs, so that the work depends on the number of
directions. On a cell, f - g is a polynomial in (y, t) whose coefficients are enclosed by Taylor's theorem;
those of all neurons are added before anything is bounded. Proof: docs/theory/distances.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement

from .ball_arithmetic import Ball, between, rounded
from .balls import Balls
from .errors import Rejected
from .layer_differences import Affine, Row, Units
from .ranges import Jet, common, hull, jet_range
from .ridge_forms import Group, Output, RidgeForms, Vector, check_directions, dot

Cell = tuple[tuple[Fraction, Fraction], ...]
"""The least and the largest value of every coordinate of y."""
NOTHING: Ball = (0, 0)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell: ``origin`` is (y_0, 0, 1), and (y, t) differs from it by at most ``sizes``."""

    origin: Vector
    sizes: list[int]


@dataclass(frozen=True, slots=True)
class _Neuron:
    """A neuron on a cell, with e = z - z_0: sigma(z) = c_0 + c_1 e + c_2 e^2/2 + c_3 a^3/6 + left.

    The balls c are ``coefficients``, a is the part of e along y, and ``left`` bounds what is left. ``change``
    bounds |e|; ``middle`` and ``ranges`` have sigma and its derivatives at z_0 and at all z.
    """

    argument: Ball
    change: int
    middle: Jet
    ranges: Jet
    coefficients: tuple[Ball, Ball, Ball, Ball]
    left: int


@dataclass(frozen=True, slots=True)
class _Base:
    """What the copies of a neuron y share on a cell: sigma'(y) = slope + bend (y - y_0), and sigma''(y).

    The terms of third order of a copy are at most delta^2 min(third |delta| / 6, curve_change / 2).
    """

    slope: Ball
    bend: Ball
    curve: Ball
    third: int
    curve_change: int


class Ridges:
    """Two networks with one hidden layer, their units, directions, and the box of the inputs.

    Copies are expanded at their neuron of g, all others at the middle of a cell. Raises ``Rejected`` for
    other depths, and for units and directions that do not fit.
    """

    def __init__(
        self,
        activation: str,
        layers: tuple[Sequence[Affine], Sequence[Affine]],
        units: Units,
        directions: Sequence[Row],
        box: Cell,
        bits: int,
    ) -> None:
        if any(len(own) != 2 for own in layers):
            raise Rejected("ridges: both networks must have one hidden layer")
        check_directions(directions, len(box))
        self.activation, self.directions, self.reals = activation, directions, Balls(bits)
        middle = [(low + high) / 2 for low, high in box]
        self.lengths = [(high - low) / 2 for low, high in box]
        self.forms = RidgeForms(activation, layers, units, (directions, middle), self.reals)
        self.radii = [self._above(length) for length in self.lengths]

    @property
    def whole(self) -> Cell:
        """The cell of all y = U t."""
        sizes = [dot([abs(u) for u in row], self.lengths) for row in self.directions]
        return tuple((-size, size) for size in sizes)

    def halves(self, cell: Cell) -> tuple[Cell, Cell]:
        """Cut a cell where the narrow network may change most; raises ``Rejected`` if it has no length."""
        sizes = [(high - low) * size for (low, high), size in zip(cell, self.forms.influence, strict=True)]
        if not any(sizes):
            raise Rejected("distance: the bound fails, and cutting would not help")
        k = sizes.index(max(sizes))
        low, high = cell[k]
        middle = (low + high) / 2
        return (*cell[:k], (low, middle), *cell[k + 1 :]), (*cell[:k], (middle, high), *cell[k + 1 :])

    def bound(self, cell: Cell, enough: int | None = None) -> int:
        """Return an upper bound of |f - g| where y is in the cell, in units of 2^-bits; there is only one."""
        if self._is_empty(cell):
            return 0
        place, forms = self._place(cell), self.forms
        neurons = [self._neuron(row, place) for row in forms.rows]
        deltas = {j: self._range(row, place) for j, row in forms.deltas.items()}
        bases = [
            self._base(neuron, [deltas[j] for j in members])
            for neuron, members in zip(neurons, forms.members, strict=False)
        ]
        sizes = {j: _size(delta) for j, delta in deltas.items()}
        return max(self._output(own, neurons, bases, sizes, place) for own in forms.outputs)

    def _is_empty(self, cell: Cell) -> bool:
        """Whether m y is larger on the cell than anywhere in the box, for the middle m of the cell."""
        middle = [(low + high) / 2 for low, high in cell]
        least = sum(
            (m * m - abs(m) * (high - low) / 2 for m, (low, high) in zip(middle, cell, strict=True)),
            Fraction(0),
        )
        if least <= 0:
            return False
        columns = zip(*self.directions, strict=True)
        return least > dot([abs(dot(middle, column)) for column in columns], self.lengths)

    # Neurons on a cell

    def _above(self, value: Fraction) -> int:
        return -((-value.numerator << self.reals.precision) // value.denominator)

    def _place(self, cell: Cell) -> _Cell:
        bits = self.reals.precision
        ends = [((low.numerator << bits) // low.denominator, self._above(high)) for low, high in cell]
        sides, rest = [between(low, high) for low, high in ends], [NOTHING] * len(self.radii)
        origin = [*((m, 0) for m, _ in sides), *rest, (1 << bits, 0)]
        return _Cell(origin, [*(r for _, r in sides), *self.radii])

    def _up(self, value: int, factors: int = 1) -> int:
        """A product of one number and as many factors, none negative, rounded upwards."""
        return -(-value >> self.reals.precision * factors)

    def _at(self, row: Vector, place: _Cell) -> Ball:
        return self.reals.contractions(row, place.origin, len(row))[0]

    def _spread(self, row: Vector, sizes: list[int]) -> int:
        return self._up(sum(_size(v) * size for v, size in zip(row, sizes, strict=False)))

    def _range(self, row: Vector, place: _Cell) -> Ball:
        middle, radius = self._at(row, place)
        return middle, radius + self._spread(row, place.sizes)

    def _neuron(self, row: Vector, place: _Cell) -> _Neuron:
        bits, count, middle = self.reals.precision, len(self.directions), self._at(row, place)
        along = self._spread(row, place.sizes[:count])
        change = along + self._spread(row[count:], place.sizes[count:])
        argument = middle[0], middle[1] + change
        near, wide = (jet_range(self.activation, z, bits) for z in (middle, argument))
        left = _divided(self._up((change**3 - along**3) * _size(wide[3]), 3), 6)
        coefficients = (*near[:3], wide[3])
        # Where little is known about the third derivative, the range of the values says more.
        if left + _divided(self._up(change**3 * wide[3][1], 3), 6) > wide[0][1]:
            coefficients, left = (wide[0], NOTHING, NOTHING, NOTHING), 0
        return _Neuron(argument, change, near, wide, coefficients, left)

    def _base(self, neuron: _Neuron, deltas: list[Ball]) -> _Base:
        m, r = neuron.argument
        group = hull([(m, r), *((m + n, r + s) for n, s in deltas)])
        _, _, curves, thirds = jet_range(self.activation, group, self.reals.precision)
        _, slope, bend, _ = neuron.middle
        curve = neuron.ranges[2]
        turn = _divided(self._up(_size(neuron.ranges[3]) * neuron.change), 2)
        bend = common((bend[0], bend[1] + turn), curve)
        if self._up(bend[1] * neuron.change) > neuron.ranges[1][1]:
            slope, bend = neuron.ranges[1], NOTHING
        return _Base(slope, bend, curve, _size(thirds), abs(curves[0] - curve[0]) + curves[1] + curve[1])

    # Outputs on a cell

    def _output(
        self, own: Output, neurons: list[_Neuron], bases: list[_Base], deltas: dict[int, int], place: _Cell
    ) -> int:
        first = [self._at(group.first, place) for group in own.groups]
        second = [self._applied(group, place) for group in own.groups]
        constant = self._constant(own, neurons, bases, first, [self._at(row, place) for row in second])
        linear = self._linear(own, neurons, bases, first, second)
        low, high = self._squares(own, neurons, bases, place)
        rest = self._spread(linear, place.sizes) + self._cubes(own, neurons, place)
        rest += self._left(own, neurons, bases, deltas)
        m, r = constant
        return max(abs(m - low), abs(m + high)) + r + rest

    def _applied(self, group: Group, place: _Cell) -> Vector:
        """The matrix of second order, applied to the origin."""
        return [self._at(row, place) for row in group.second]

    def _constant(
        self, own: Output, neurons: list[_Neuron], bases: list[_Base], first: Vector, second: Vector
    ) -> Ball:
        slopes, curves = [base.slope for base in bases], [base.curve for base in bases]
        halves = [rounded(m, r, 1) for m, r in second]
        weights = [*own.weights, *first, *halves]
        values = [*(neuron.coefficients[0] for neuron in neurons), *slopes, *curves]
        return self.reals.plus(own.constant, self.reals.contractions(weights, values, len(values))[0])

    def _linear(
        self, own: Output, neurons: list[_Neuron], bases: list[_Base], first: Vector, second: list[Vector]
    ) -> Vector:
        """The coefficients of the linear terms."""
        fixed = [*(neuron.coefficients[1] for neuron in neurons), *(base.slope for base in bases)]
        bends = [self.reals.times(base.bend, value) for base, value in zip(bases, first, strict=True)]
        factors = [*fixed, *bends, *(base.curve for base in bases)]
        rows = self.forms.rows[: len(bases)]
        weights: Vector = []
        for k, row in enumerate(own.linear):
            weights += [*row, *(u[k] for u in rows), *(q[k] for q in second)]
        return self.reals.contractions(weights, factors * len(own.linear), len(factors))

    def _squares(
        self, own: Output, neurons: list[_Neuron], bases: list[_Base], place: _Cell
    ) -> tuple[int, int]:
        """By how much the quadratic terms can be below and above zero."""
        curves = [neuron.coefficients[2] for neuron in neurons]
        factors = [*curves, *(base.bend for base in bases), *(base.curve for base in bases)]
        weights = [weight for row in own.squares for weight in row]
        sums = self.reals.contractions(weights, factors * len(own.squares), len(factors))
        low = high = 0
        pairs = combinations_with_replacement(place.sizes, 2)
        indices = combinations_with_replacement(range(len(place.sizes)), 2)
        for (m, r), (a, b), (k, n) in zip(sums, pairs, indices, strict=True):
            high += max(0, m + r if k == n else abs(m) + r) * a * b
            low += max(0, r - m if k == n else abs(m) + r) * a * b
        return self._up(low, 2), self._up(high, 2)

    def _cubes(self, own: Output, neurons: list[_Neuron], place: _Cell) -> int:
        factors = [neuron.coefficients[3] for neuron in neurons]
        along = place.sizes[: len(self.directions)]
        weights = [weight for row in own.cubes for weight in row]
        sums = self.reals.contractions(weights, factors * len(own.cubes), len(factors))
        products = (a * b * c for a, b, c in combinations_with_replacement(along, 3))
        return _divided(self._up(sum(_size(v) * p for v, p in zip(sums, products, strict=True)), 3), 6)

    def _left(self, own: Output, neurons: list[_Neuron], bases: list[_Base], deltas: dict[int, int]) -> int:
        total = sum(_size(c) * neuron.left for c, neuron in zip(own.weights, neurons, strict=True))
        for group, base in zip(own.groups, bases, strict=True):
            for j, weight in group.copies:
                size = deltas[j]
                factor = min(_divided(self._up(base.third * size), 6), _divided(base.curve_change, 2))
                total += _size(weight) * self._up(factor * size * size, 2)
        return self._up(total)


def _size(ball: Ball) -> int:
    return abs(ball[0]) + ball[1]


def _divided(value: int, divisor: int) -> int:
    return -(-value // divisor)
