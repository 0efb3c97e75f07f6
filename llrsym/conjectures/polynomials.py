"""Polynomials with rational coefficients in quantities, and the exact fit of one to given values.

A quantity is a formula in the sizes: a size, ``min(k, d)``, ``binom(d + 2, 3)``.

# When a fit says something
# p coefficients fitted to N different places pass N - p tests. A fit counts only if
#   N >= p + max(2, p/2), and
#   the coefficients stay determined without any single place (a polynomial for all points), or without all
#   places of any single value of any size (a piece of a minimum, which has fewer and less regular points).
# So the value at every place is predicted by other places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement
from math import ceil

import flint

from llrsym.conjectures.expressions import SizeFormula
from llrsym.conjectures.grid import Point

Exponents = tuple[int, ...]


@dataclass(frozen=True)
class Polynomial:
    """A sum of coefficient times product of powers of quantities; the coefficients are not zero."""

    quantities: tuple[str, ...]
    terms: tuple[tuple[Exponents, Fraction], ...]

    def value(self, point: Point) -> Fraction:
        """Return the value at these sizes."""
        values = [SizeFormula(quantity).value(point) for quantity in self.quantities]
        return sum((c * _product(values, exponents) for exponents, c in self.terms), Fraction(0))

    @property
    def degree(self) -> int:
        """The largest number of factors of a term."""
        return max((sum(exponents) for exponents, _ in self.terms), default=0)

    @property
    def used(self) -> frozenset[str]:
        """The quantities that occur."""
        return frozenset(
            quantity
            for exponents, _ in self.terms
            for quantity, exponent in zip(self.quantities, exponents, strict=True)
            if exponent
        )

    @property
    def height(self) -> int:
        """The number of binary digits of the coefficients."""
        return sum(c.numerator.bit_length() + c.denominator.bit_length() for _, c in self.terms)


class Data:
    """Points with the integer value that is to be explained at each."""

    def __init__(self, points: Sequence[Point], values: Sequence[int]) -> None:
        self.points, self.values = tuple(points), tuple(values)
        self._columns: dict[str, tuple[int, ...]] = {}
        self._monomials: dict[tuple[tuple[str, ...], Exponents], tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.points)

    def column(self, quantity: str) -> tuple[int, ...]:
        """Return the values of a quantity at the points."""
        if quantity not in self._columns:
            formula = SizeFormula(quantity)
            self._columns[quantity] = tuple(formula.value(point) for point in self.points)
        return self._columns[quantity]

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """The sizes that take more than one value."""
        return tuple(name for name in self.points[0] if len({point[name] for point in self.points}) > 1)

    def monomial(self, quantities: tuple[str, ...], exponents: Exponents) -> tuple[int, ...]:
        """Return the values of a product of powers at the points."""
        key = quantities, exponents
        if key not in self._monomials:
            used = next((n for n, exponent in enumerate(exponents) if exponent), None)
            if used is None:
                self._monomials[key] = (1,) * len(self)
            else:
                less = tuple(e - (n == used) for n, e in enumerate(exponents))
                pairs = zip(self.monomial(quantities, less), self.column(quantities[used]), strict=True)
                self._monomials[key] = tuple(a * b for a, b in pairs)
        return self._monomials[key]

    def values_of(self, polynomial: Polynomial) -> tuple[Fraction, ...]:
        """Return the values of a polynomial at the points."""
        total = [Fraction(0)] * len(self)
        for exponents, c in polynomial.terms:
            column = self.monomial(polynomial.quantities, exponents)
            total = [value + c * entry for value, entry in zip(total, column, strict=True)]
        return tuple(total)


@dataclass(frozen=True)
class Space:
    """The polynomials in some quantities with given exponents, those of low degree first.

    >>> Space.of(("k", "d"), 2, 1).exponents
    ((0, 0), (1, 0), (0, 1), (1, 1))
    """

    quantities: tuple[str, ...]
    exponents: tuple[Exponents, ...]

    @classmethod
    def of(cls, quantities: tuple[str, ...], degree: int, each: int) -> Space:
        """Return the polynomials of at most this degree, and at most degree ``each`` in every quantity."""
        exponents = [
            tuple(chosen.count(n) for n in range(len(quantities)))
            for total in range(degree + 1)
            for chosen in combinations_with_replacement(range(len(quantities)), total)
        ]
        return cls(quantities, tuple(e for e in exponents if max(e, default=0) <= each))

    def rows(self, data: Data, places: Iterable[int]) -> list[tuple[int, ...]]:
        """Return the values of the monomials at places of the data."""
        columns = [data.monomial(self.quantities, exponents) for exponents in self.exponents]
        every = list(zip(*columns, strict=True))
        return [every[i] for i in places]


def spaces(quantities: tuple[str, ...], degree: int) -> Iterator[Space]:
    """Yield spaces up to a degree, simple ones first."""
    if not quantities:
        yield Space.of((), 0, 0)
        return
    for total in range(degree + 1):
        for each in range(1, total + 1) if total else [0]:
            if total <= each * len(quantities):
                yield Space.of(quantities, total, each)


def margin(coefficients: int) -> int:
    """Return the number of tests that a fit with so many coefficients has to pass."""
    return max(2, ceil(coefficients / 2))


def solve(space: Space, data: Data, places: Sequence[int]) -> Polynomial | None:
    """Return the polynomial of the space with the given values at the places, or None.

    None also where the places are too few. Where the monomials are dependent at the places, those of low
    degree are used. It is not yet tested whether single places decide.
    """
    rows = space.rows(data, places)
    different = len(set(rows))
    if different < 1 + margin(1):
        return None
    width = len(space.exponents)
    matrix = flint.fmpz_mat([[*row, data.values[i]] for row, i in zip(rows, places, strict=True)])
    reduced, denominator, rank = matrix.rref()
    pivots = [next(c for c in range(width + 1) if reduced[r, c] != 0) for r in range(rank)]
    if width in pivots or different < rank + margin(rank):
        return None
    found = ((space.exponents[c], _ratio(reduced[r, width], denominator)) for r, c in enumerate(pivots))
    return Polynomial(space.quantities, tuple((exponents, c) for exponents, c in found if c))


def is_predicted(space: Space, data: Data, places: Sequence[int]) -> bool:
    """Return whether the coefficients are determined without any one place.

    A place decides alone if no relation between the rows contains it: then the reduced form of the
    transposed matrix has a row whose only entry is its pivot.
    """
    rows = sorted(set(space.rows(data, places)))
    reduced, _, rank = flint.fmpz_mat([list(column) for column in zip(*rows, strict=True)]).rref()
    entries = (sum(reduced[r, c] != 0 for c in range(len(rows))) for r in range(rank))
    return all(count > 1 for count in entries)


def is_predicted_by_levels(space: Space, data: Data, places: Sequence[int]) -> bool:
    """Return whether the coefficients are determined without the places of any one value of any size."""
    rank = _rank(space.rows(data, places))
    for name in data.sizes:
        for level in {data.points[i][name] for i in places}:
            rest = [i for i in places if data.points[i][name] != level]
            if _rank(space.rows(data, rest)) < rank:
                return False
    return True


def _rank(rows: Sequence[tuple[int, ...]]) -> int:
    return int(flint.fmpz_mat([list(row) for row in rows]).rank()) if rows else 0


def _ratio(numerator: object, denominator: object) -> Fraction:
    return Fraction(int(str(numerator)), int(str(denominator)))


def _product(values: Sequence[int], exponents: Exponents) -> int:
    result = 1
    for value, exponent in zip(values, exponents, strict=True):
        result *= value**exponent
    return result
