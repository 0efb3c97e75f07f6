"""Exact sums behind the comparison of two networks with one hidden layer along a few directions.

The inputs are x = c + t with the middle c of the box, and y = U t for the rows of U, the directions. An
argument w x + b is A y + B t + e with A = w U^T, B = w - A U and e = w c + b: a row of coefficients in
(y, t, 1). The neurons of f that are copies of neuron p of g have arguments s (z_p + delta); their sums of
weight * delta and weight * delta^2 are added up here, over all copies. Proof: docs/theory/distances.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb, lcm

from .activations import activation_named
from .ball_arithmetic import Ball, rounded
from .balls import Balls
from .errors import Rejected
from .layer_differences import Affine, Copy, Row, Unit, Units

Vector = list[Ball]
Exact = list[Fraction]
Coordinates = tuple[Sequence[Row], Exact]
"""The directions, and the middle of the box."""
ZERO = Fraction(0)
MAX_PRODUCTS = 30_000_000
"""Products for the coefficients of all monomials, over neurons and outputs."""


@dataclass(frozen=True, slots=True)
class Group:
    """The copies of one neuron of g, for one output: (j, weight), and their sums of first and second order.

    ``first`` has the coefficients of the sum of weight * delta in (y, t, 1), and ``second`` the symmetric
    matrix of the sum of weight * delta^2.
    """

    copies: list[tuple[int, Ball]]
    first: Vector
    second: list[Vector]


@dataclass(frozen=True, slots=True)
class Output:
    """One output of f - g, as a sum of a constant, of neurons with weights, and of groups.

    Rows of ``linear``, ``squares`` and ``cubes`` are for the monomials in (y, t), the last ones in y only;
    their columns are what is multiplied by sigma', sigma'' or sigma''' at the middle of a cell.
    """

    constant: Ball
    weights: Vector
    groups: list[Group]
    linear: list[Vector]
    squares: list[Vector]
    cubes: list[Vector]


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    """Return the scalar product.

    >>> dot([Fraction(1, 2), Fraction(3)], [Fraction(4), Fraction(1)])
    Fraction(5, 1)
    """
    return sum((v * w for v, w in zip(a, b, strict=True) if v and w), ZERO)


def lifted(row: Row, coordinates: Coordinates) -> Exact:
    """Return the coefficients of w x + b in (y, t, 1).

    >>> lifted((Fraction(3), Fraction(4), Fraction(5)), ([(Fraction(1), Fraction(0))], [ZERO, ZERO]))
    [Fraction(3, 1), Fraction(0, 1), Fraction(4, 1), Fraction(5, 1)]
    """
    directions, middle = coordinates
    *w, b = row
    along = [dot(w, direction) for direction in directions]
    rest = list(w)
    for a, direction in zip(along, directions, strict=True):
        rest = [v - a * u for v, u in zip(rest, direction, strict=True)]
    return [*along, *rest, b + dot(w, middle)]


class RidgeForms:
    """Rows and outputs of f - g in the coordinates (y, t, 1).

    ``rows`` are all neurons of g, then those of f that are no copies: these are expanded at the middle of a
    cell. ``deltas`` are for the copies. Raises ``Rejected`` for a sign that the activation does not allow.
    """

    def __init__(
        self,
        activation: str,
        layers: tuple[Sequence[Affine], Sequence[Affine]],
        units: Units,
        coordinates: Coordinates,
        reals: Balls,
    ) -> None:
        (first, last), (narrow_first, narrow_last) = layers
        _check_units(units, len(first.rows), len(narrow_first.rows))
        _check_products((len(first.rows) + len(narrow_first.rows)) * len(last.rows), coordinates)
        self.reals = reals
        self.signs = [_parity(activation, unit) for unit in units]
        wide = [lifted(row, coordinates) for row in first.rows]
        narrow = [lifted(row, coordinates) for row in narrow_first.rows]
        self.alone = [j for j, unit in enumerate(units) if not isinstance(unit, Copy)]
        self.copies = {j: unit for j, unit in enumerate(units) if isinstance(unit, Copy)}
        self.members = [[j for j, unit in self.copies.items() if unit.index == p] for p in range(len(narrow))]
        self.exact = {
            j: [unit.sign * v - w for v, w in zip(wide[j], narrow[unit.index], strict=True)]
            for j, unit in self.copies.items()
        }
        self.directions = len(coordinates[0])
        self.count = self.directions + len(coordinates[1])
        self.rows = [self._enclosed(row) for row in (*narrow, *(wide[j] for j in self.alone))]
        self.deltas = {j: self._enclosed(row) for j, row in self.exact.items()}
        self.outputs = [self._output(*rows) for rows in zip(last.rows, narrow_last.rows, strict=True)]
        weights = [
            sum(map(abs, column), ZERO) for column in zip(*(r[:-1] for r in narrow_last.rows), strict=True)
        ]
        self.influence = [dot(weights, [abs(row[k]) for row in narrow]) for k in range(self.directions)]

    def _enclosed(self, row: Sequence[Fraction]) -> Vector:
        return [self.reals.from_rational(v) for v in row]

    def _output(self, row: Row, other: Row) -> Output:
        """Insert sigma(s u) = factor sigma(u) + shift for the copies, and add up."""
        signed = [v * factor for v, (factor, _) in zip(row, self.signs, strict=False)]
        shifts = [v * shift for v, (_, shift) in zip(row, self.signs, strict=False)]
        sums = [sum((signed[j] for j in group), ZERO) for group in self.members]
        kept = [total - v for total, v in zip(sums, other, strict=False)]
        weights = self._enclosed([*kept, *(row[j] for j in self.alone)])
        groups = [self._group(members, signed) for members in self.members]
        scaled = [[self.reals.times(c, v) for v in own] for c, own in zip(weights, self.rows, strict=True)]
        return Output(
            self.reals.from_rational(row[-1] - other[-1] + sum(shifts, ZERO)),
            weights,
            groups,
            [[*(own[k] for own in scaled), *(g.first[k] for g in groups)] for k in range(self.count)],
            [
                self._square(k, n, scaled, groups)
                for k, n in combinations_with_replacement(range(self.count), 2)
            ],
            [self._cube(index, scaled) for index in combinations_with_replacement(range(self.directions), 3)],
        )

    def _group(self, members: list[int], weights: Exact) -> Group:
        rows, scale = _integers([self.exact[j] for j in members])
        (factors,), outer = _integers([[weights[j] for j in members]])
        size = range(self.count + 1)
        first = [sum(c * row[k] for c, row in zip(factors, rows, strict=True)) for k in size]
        columns = [[row[k] for row in rows] for k in size]
        weighted = [[c * v for c, v in zip(factors, column, strict=True)] for column in columns]
        second: dict[tuple[int, int], Ball] = {}
        for k, n in combinations_with_replacement(size, 2):
            total = sum(v * w for v, w in zip(weighted[k], columns[n], strict=True))
            second[k, n] = second[n, k] = self._ratio(total, outer * scale * scale)
        return Group(
            [(j, self.reals.from_rational(weights[j])) for j in members],
            [self._ratio(total, outer * scale) for total in first],
            [[second[k, n] for n in size] for k in size],
        )

    def _ratio(self, numerator: int, denominator: int) -> Ball:
        middle, rest = divmod(numerator << self.reals.precision, denominator)
        return middle, int(rest > 0)

    def _square(self, k: int, n: int, scaled: list[Vector], groups: list[Group]) -> Vector:
        """The coefficients of v_k v_n: of the weighted squares / 2, of y * first, and of second / 2."""
        times, plus = self.reals.times, self.reals.plus
        own = [times(a[k], b[n]) for a, b in zip(scaled, self.rows, strict=True)]
        mixed = [
            plus(times(y[k], g.first[n]), times(y[n], g.first[k]))
            for y, g in zip(self.rows, groups, strict=False)
        ]
        row = [*own, *mixed, *(g.second[k][n] for g in groups)]
        return row if k < n else [rounded(m, r, 1) for m, r in row]

    def _cube(self, index: tuple[int, ...], scaled: list[Vector]) -> Vector:
        """The coefficients of y_k y_n y_m in the weighted cubes."""
        k, n, m = index
        count, times = (0, 1, 3, 6)[len(set(index))], self.reals.times
        products = [times(times(a[k], b[n]), b[m]) for a, b in zip(scaled, self.rows, strict=True)]
        return [(count * middle, count * radius) for middle, radius in products]


def _check_units(units: Units, wide: int, narrow: int) -> None:
    if len(units) != wide:
        raise Rejected("ridges: expected one unit for every hidden neuron of the network")
    if any(isinstance(unit, Copy) and not 0 <= unit.index < narrow for unit in units):
        raise Rejected("ridges: a unit is the copy of a neuron that does not exist")


def _check_products(neurons: int, coordinates: Coordinates) -> None:
    directions = len(coordinates[0])
    count = directions + len(coordinates[1])
    products = neurons * (comb(count + 1, 2) + comb(directions + 2, 3))
    if products > MAX_PRODUCTS:
        raise Rejected(f"limit: ridges take {products} products for these networks, more than {MAX_PRODUCTS}")


def check_directions(directions: Sequence[Row], inputs: int) -> None:
    """Raise ``Rejected`` unless every direction has one rational number for every input."""
    if not all(len(row) == inputs and all(type(v) is Fraction for v in row) for row in directions):
        raise Rejected("ridges: a direction has one rational number for every input")


def _parity(activation: str, unit: Unit) -> tuple[int, Fraction]:
    if not isinstance(unit, Copy) or unit.sign == 1:
        return 1, ZERO
    parity = activation_named(activation).parity
    if parity is None or parity[1]:
        raise Rejected(f"ridges: {activation} at -z is no multiple of it at z, up to a constant")
    return parity[0], Fraction(parity[2])


def _integers(rows: list[Exact]) -> tuple[list[list[int]], int]:
    scale = lcm(*(v.denominator for row in rows for v in row))
    return [[v.numerator * (scale // v.denominator) for v in row] for row in rows], scale
