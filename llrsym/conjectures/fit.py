"""The simplest formula with given values at given points.

# The choice of algorithm
# All fits are exact linear algebra over the rationals; a formula explains every value or is dropped.
# 1. Polynomials in the sizes, and in the sizes with one of them replaced by a minimum such as min(k, d) or
#    min(2*k, d): the rank of a matrix with k, or with k pairs, and d rows.
# 2. Minima of two pieces. A piece is a polynomial that fits the neighbourhood of a point and is nowhere below
#    the values; what it leaves unexplained decides the other piece: a binomial coefficient (the dimension of
#    a space of forms), or again a polynomial.
# The results are ordered by simplicity. Invariant: every piece passes the tests of ``polynomials``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations

from llrsym.conjectures.grid import Point
from llrsym.conjectures.polynomials import (
    Data,
    Polynomial,
    Space,
    is_predicted,
    is_predicted_by_levels,
    margin,
    solve,
    spaces,
)
from llrsym.conjectures.shapes import Shape

LARGEST_DEGREE, LARGEST_PIECE = 4, 2
MOST_CENTRES = 40
EXCEPTIONS = 10
"""A formula with exceptions is shown if at most one point in so many is one."""
_OFFSETS = ((0, 0), (0, 1), (1, 0))
_ORDERS = range(2, 7)


@dataclass(frozen=True)
class Piece:
    """A polynomial, its values at the points, and the number of coefficients that were fitted."""

    polynomial: Polynomial
    values: tuple[Fraction, ...]
    coefficients: int
    space: Space


def fit(points: Sequence[Point], values: Sequence[int]) -> list[Shape]:
    """Return the formulas that explain all values and pass the tests of a fit, the simplest first.

    >>> points = [{"k": k, "d": d} for k in (1, 2, 3) for d in (1, 2, 3)]
    >>> fit(points, [p["k"] * (p["d"] + 1) for p in points])[0].text
    'k*(d + 1)'
    """
    if not points:
        return []
    data = Data(points, values)
    found = [*_polynomials(data), *_minima(data)]
    unique = {shape.pieces: shape for shape in found}
    return sorted(unique.values(), key=lambda shape: shape.simplicity)


def almost_fit(points: Sequence[Point], values: Sequence[int]) -> Shape | None:
    """Return the simplest formula that explains all but few values, one in ``EXCEPTIONS``, or None.

    Its pieces hold around some point; a binomial coefficient has no coefficient to fit.
    """
    if not points:
        return None
    data = Data(points, values)
    allowed = len(data) // EXCEPTIONS
    pool = [piece for piece in _pool(data) if _below(piece, data) <= allowed]
    singles = [Shape((piece.polynomial,), piece.coefficients) for piece in pool]
    pairs = [
        Shape((first.polynomial, second.polynomial), first.coefficients + second.coefficients)
        for first in pool
        for second in [*_binomials(data), *pool]
        if first is not second and _exceptions((first, second), data) <= allowed
    ]
    good = [shape for shape in singles if _count_exceptions(shape, data) <= allowed] + pairs
    return min(good, key=lambda shape: (_count_exceptions(shape, data), shape.simplicity), default=None)


def _count_exceptions(shape: Shape, data: Data) -> int:
    return sum(a != b for a, b in zip(shape.values(data), data.values, strict=True))


def _exceptions(pieces: tuple[Piece, Piece], data: Data) -> int:
    return sum(min(a, b) != y for a, b, y in zip(*(p.values for p in pieces), data.values, strict=True))


def _below(piece: Piece, data: Data) -> int:
    """The number of points at which a piece is below the value, which no piece of a minimum is."""
    return sum(value < y for value, y in zip(piece.values, data.values, strict=True))


# Polynomials


def _polynomials(data: Data) -> Iterator[Shape]:
    for quantities in [data.sizes, *_substituted(data)]:
        for space in spaces(quantities, LARGEST_DEGREE):
            everywhere = range(len(data))
            polynomial = solve(space, data, everywhere)
            if polynomial is not None and is_predicted(space, data, everywhere):
                yield Shape((polynomial,), len(space.exponents))
                break  # every larger space contains this polynomial


def _substituted(data: Data) -> Iterator[tuple[str, ...]]:
    """The sizes with the minimum of several in the place of one of them, or besides."""
    for quantity, members in _minimum_quantities(data):
        column = data.column(quantity)
        if len(set(column)) == 1 or any(data.column(name) == column for name in data.sizes):
            continue
        for dropped in members:
            yield (*(name for name in data.sizes if name != dropped), quantity)
        yield (*data.sizes, quantity)


def _minimum_quantities(data: Data) -> Iterator[tuple[str, tuple[str, ...]]]:
    for a, b in combinations(data.sizes, 2):
        for more_a, more_b in _OFFSETS:
            yield f"min({_shifted(a, more_a)}, {_shifted(b, more_b)})", (a, b)
        yield f"min(2*{a}, {b})", (a, b)
        yield f"min({a}, 2*{b})", (a, b)
    for count in range(3, len(data.sizes) + 1):
        for names in combinations(data.sizes, count):
            yield f"min({', '.join(names)})", names


def _shifted(name: str, by: int) -> str:
    return name if by == 0 else f"{name} {'+' if by > 0 else '-'} {abs(by)}"


# Minima of two pieces


def _minima(data: Data) -> Iterator[Shape]:
    binomials = _binomials(data)
    for first in _pool(data):
        if _below(first, data):
            continue
        equal = [i for i in range(len(data)) if first.values[i] == data.values[i]]
        rest = [i for i in range(len(data)) if first.values[i] != data.values[i]]
        if len(rest) < 1 + margin(1) or not is_predicted_by_levels(first.space, data, equal):
            continue
        for second in _others(data, rest, binomials):
            if not _below(second, data):
                yield Shape((first.polynomial, second.polynomial), first.coefficients + second.coefficients)


def _others(data: Data, rest: list[int], binomials: list[Piece]) -> Iterator[Piece]:
    """Pieces that explain the rest of the points."""
    for piece in binomials:
        explained = all(piece.values[i] == data.values[i] for i in rest)
        if explained and is_predicted_by_levels(piece.space, data, rest):
            yield piece
    for quantities in _subsets(data.sizes):
        for space in spaces(quantities, LARGEST_DEGREE):
            polynomial = solve(space, data, rest)
            if polynomial is not None and is_predicted_by_levels(space, data, rest):
                yield Piece(polynomial, data.values_of(polynomial), len(space.exponents), space)
                break


def _pool(data: Data) -> list[Piece]:
    """Polynomials that fit the neighbourhood of a point, each once."""
    found: dict[tuple[Fraction, ...], Piece] = {}
    for centre in _centres(data):
        order = _by_distance(data, centre)
        for quantities in _subsets(data.sizes):
            for space in spaces(quantities, LARGEST_PIECE):
                polynomial = solve(space, data, _neighbourhood(space, data, order))
                if polynomial is not None:
                    values = data.values_of(polynomial)
                    found.setdefault(values, Piece(polynomial, values, len(space.exponents), space))
                    break
    return list(found.values())


def _subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for count in range(len(names) + 1):
        yield from combinations(names, count)


def _centres(data: Data) -> range:
    return range(0, len(data), max(1, len(data) // MOST_CENTRES))


def _by_distance(data: Data, centre: int) -> list[int]:
    """The points in the order of their distance, in steps along the values of the sizes."""
    ranks = {
        name: {value: n for n, value in enumerate(sorted({point[name] for point in data.points}))}
        for name in data.sizes
    }
    places = [[ranks[name][point[name]] for name in data.sizes] for point in data.points]

    def distance(i: int) -> tuple[int, int, int]:
        steps = [abs(a - b) for a, b in zip(places[i], places[centre], strict=True)]
        return sum(steps), max(steps, default=0), i

    return sorted(range(len(data)), key=distance)


def _neighbourhood(space: Space, data: Data, order: list[int]) -> list[int]:
    """The nearest places that can test a fit."""
    wanted = len(space.exponents) + margin(len(space.exponents))
    rows = space.rows(data, order)
    different: set[tuple[int, ...]] = set()
    for count, row in enumerate(rows, start=1):
        different.add(row)
        if len(different) == wanted:
            return order[:count]
    return order


def _binomials(data: Data) -> list[Piece]:
    """Binomial coefficients in the sizes, alone and times another size; nothing in them is fitted."""
    sizes = [name for name in data.sizes if 0 not in data.column(name)]
    shifts = (-1, 0, 1)
    plain = [f"binom({a} + {_shifted(b, c)}, {b})" for a, b in permutations(sizes, 2) for c in shifts]
    plain += [f"binom({_shifted(a, r + c)}, {r})" for a in sizes for r in _ORDERS for c in shifts]
    products = [(text, name) for text in plain for name in sizes if name not in _names(text)]
    pieces = [_monomial(data, (text,)) for text in plain]
    return pieces + [_monomial(data, pair) for pair in products]


def _names(text: str) -> list[str]:
    return text.removeprefix("binom(").replace(",", " ").replace(")", " ").split()


def _monomial(data: Data, quantities: tuple[str, ...]) -> Piece:
    exponents = (1,) * len(quantities)
    polynomial = Polynomial(quantities, ((exponents, Fraction(1)),))
    return Piece(polynomial, data.values_of(polynomial), 1, Space(quantities, (exponents,)))
