"""Rational matrices and weights that look alike, for questions with planted dependences."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import Any

Row = tuple[Fraction, ...]
Matrix = list[list[Fraction]]


def rank(rows: Sequence[Sequence[Fraction | int]]) -> int:
    """Return the rank of a rational matrix by elimination."""
    left, found = [[Fraction(v) for v in row] for row in rows], 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        found += 1
        for row in left:
            factor = row[column] / pivot[column]
            row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    return found


def product(A: Matrix, B: Matrix) -> Matrix:
    """Return A B."""
    columns = list(zip(*B, strict=True))
    return [[dot(row, column) for column in columns] for row in A]


def dot(u: Sequence[Fraction], v: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(u, v, strict=True)), Fraction(0))


def low_rank(random: Random, rows: int, columns: int) -> Matrix:
    """Return a matrix of random rank, perhaps zero."""
    inner = random.randint(0, min(rows, columns))
    if not inner:
        return [[Fraction(0)] * columns for _ in range(rows)]
    left = [[number(random) for _ in range(inner)] for _ in range(rows)]
    return product(left, [[number(random) for _ in range(columns)] for _ in range(inner)])


def text(value: Any) -> Any:
    """Return numbers as a weight file holds them exactly, p/q."""
    return [text(entry) for entry in value] if isinstance(value, list | tuple) else str(value)


def number(random: Random) -> Fraction:
    """Return a small rational number."""
    return Fraction(random.randint(-9, 9), random.choice((1, 2, 3, 7)))


def nonzero(random: Random) -> Fraction:
    """Return a small rational number that is not 0."""
    return random.choice((-1, 1)) * Fraction(random.randint(1, 9), random.choice((1, 2, 3, 7)))


TINY = Fraction(1, 10**40)
SCALES = (
    Fraction(1),
    *map(Fraction, (3, 9, -3)),
    Fraction(1, 3),
    1 + TINY,
    1 + Fraction(1, 2**52),
    Fraction(2**300),
    Fraction(1, 2**300),
)


def argument(random: Random, size: int, biased: bool, others: Sequence[Row]) -> Row:
    """Return weights and bias of a neuron: new ones, or a deceptive multiple or shift of another neuron's."""
    kind = random.randrange(4) if others else 0
    if kind == 0:
        return (*(number(random) for _ in range(size)), number(random) if biased else Fraction(0))
    base = random.choice(others)
    if kind == 1 or (kind == 2 and not biased):
        scale = random.choice(SCALES)
        return tuple(scale * v for v in base)
    if kind == 2:
        return (*base[:-1], base[-1] + random.choice((1, TINY)))
    place = random.randrange(size)
    return tuple(v + TINY if k == place else v for k, v in enumerate(base))


def opposite(row: Row) -> Row:
    """Return the row with all signs changed."""
    return tuple(-v for v in row)
