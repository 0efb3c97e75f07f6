"""The number system of balls: programs run over it enclose their values and derivatives.

A contraction rounds once per entry of its result: sums of products of middles are exact. Proofs:
docs/theory/balls.md.
"""

from fractions import Fraction
from operator import mul

from .ball_activations import value_and_slope
from .ball_arithmetic import Ball as Ball
from .ball_arithmetic import product, quotient
from .domains import ListDomain, einsum_pairs
from .errors import Rejected
from .program import Shape


class Balls(ListDomain[Ball]):
    """Tensors of balls at one precision; run over them a program encloses its values and derivatives.

    >>> reals = Balls(20)
    >>> third = reals.from_rational(Fraction(1, 3))
    >>> reals.minus(reals.times(third, third)), reals.over(third, third)
    ((-116508, 1), (1048576, 7))
    """

    def __init__(self, precision: int) -> None:
        if precision < 1:
            raise Rejected("balls need a precision of at least one bit")
        self.precision = precision
        self.mask = (1 << precision) - 1

    def from_rational(self, value: Fraction) -> Ball:
        middle, rest = divmod(value.numerator << self.precision, value.denominator)
        return middle, int(rest > 0)

    def plus(self, a: Ball, b: Ball) -> Ball:
        return a[0] + b[0], a[1] + b[1]

    def minus(self, a: Ball) -> Ball:
        return -a[0], a[1]

    def times(self, a: Ball, b: Ball) -> Ball:
        return product(a, b, self.precision)

    def over(self, a: Ball, b: Ball) -> Ball:
        return quotient(a, b, self.precision)

    def zero_test(self, a: Ball) -> bool:
        """Whether a is the number zero; a ball with other numbers in it may not be."""
        return a == (0, 0)

    def activate_entry(self, name: str, register: int, index: int, z: Ball) -> tuple[Ball, Ball]:
        return value_and_slope(name, z, self.precision)

    def add(self, a: list[Ball], b: list[Ball]) -> list[Ball]:
        return [(m + n, r + s) for (m, r), (n, s) in zip(a, b, strict=True)]

    def negate(self, a: list[Ball]) -> list[Ball]:
        return [(-m, r) for m, r in a]

    def multiply(self, a: list[Ball], b: list[Ball]) -> list[Ball]:
        p, mask = self.precision, self.mask
        return [
            ((both := m * n) >> p, -(-(abs(m) * s + r * (abs(n) + s) + (both & mask)) >> p))
            for (m, r), (n, s) in zip(a, b, strict=True)
        ]

    def einsum(
        self, specification: str, a: list[Ball], b: list[Ball], shapes: tuple[Shape, Shape, Shape]
    ) -> list[Ball]:
        index_a, index_b, count = einsum_pairs(specification, shapes)
        left, right = [a[i] for i in index_a], [b[j] for j in index_b]
        if count == 1:
            return self.multiply(left, right)
        return self.contractions(left, right, count) if count else super().einsum(specification, a, b, shapes)

    def contractions(self, a: list[Ball], b: list[Ball], count: int) -> list[Ball]:
        """Return the sums of ``count`` consecutive products each, with one rounding per sum."""
        p, mask = self.precision, self.mask
        starts = range(0, len(a), count)
        products = list(map(mul, [m for m, _ in a], [n for n, _ in b]))
        spreads = [abs(m) * s + r * (abs(n) + s) for (m, r), (n, s) in zip(a, b, strict=True)]
        totals = [sum(products[k : k + count]) for k in starts]
        radii = [sum(spreads[k : k + count]) for k in starts]
        return [(t >> p, -(-(r + (t & mask)) >> p)) for t, r in zip(totals, radii, strict=True)]
