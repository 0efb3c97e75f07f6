"""Derivatives and ranks with many digits, by other ways than proofs take. Nothing here decides a theorem."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import mpmath

from llrsym.domains.multiprecision import Multiprecision
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.run import forward, gradient
from llrsym.testing.search import Inapplicable, Undecided
from llrsym.testing.values import Flat

Vector = list[mpmath.mpf]
DIGITS = 60
RANK_DIGITS = 320
"""Clones at a distance of 1e-40 give pivots of 1e-120, which still must be far above the error."""
SPARE = 3
UNIT = 10**RANK_DIGITS
COUNTED, NEGLIGIBLE = 10 ** (RANK_DIGITS // 2), 10 ** (RANK_DIGITS // 5)
"""In numbers with the unit 10^320: larger pivots count, smaller ones than the second are rounding errors."""
NO_ROW = mpmath.mpf(10) ** -200
"""A row of numbers below this is one of rounding errors."""
TRIES = 10


def real(value: Fraction) -> mpmath.mpf:
    """Return a rational number at the current precision."""
    return mpmath.mpf(value.numerator) / value.denominator


def reals(flat: Sequence[Sequence[Fraction]]) -> list[Vector]:
    """Return weights at the current precision."""
    return [[real(v) for v in values] for values in flat]


def registers(program: Program, weights: Sequence[Vector], point: Vector) -> list[Vector]:
    """Return all values of a run; raises ``Inapplicable`` where the network has no finite real value."""
    try:
        values = list(forward(program, Multiprecision(), point, weights).values)
    except (Rejected, ZeroDivisionError, ValueError, OverflowError) as error:
        raise Inapplicable(str(error)) from error
    if not all(isinstance(v, mpmath.mpf) and mpmath.isfinite(v) for values_ in values for v in values_):
        raise Inapplicable("the network has no finite value here")
    return values


def outputs(program: Program, weights: Sequence[Vector], point: Vector) -> Vector:
    """Return the outputs of a program."""
    return registers(program, weights, point)[program.output]


def reverse(program: Program, weights: Sequence[Vector], point: Vector, cotangent: Vector) -> Vector:
    """Return the derivative of <cotangent, f> by every parameter entry, in reverse mode."""
    domain, zero = Multiprecision(), mpmath.mpf(0)
    try:
        parts = gradient(program, domain, forward(program, domain, point, weights), cotangent)
    except (Rejected, ZeroDivisionError, ValueError, OverflowError) as error:
        raise Inapplicable(str(error)) from error
    sizes = [size(parameter.shape) for parameter in program.parameters]
    filled = [[zero] * n if part is None else part for part, n in zip(parts, sizes, strict=True)]
    flat = [entry for part in filled for entry in part]
    if not all(isinstance(v, mpmath.mpf) and mpmath.isfinite(v) for v in flat):
        raise Inapplicable("a derivative has no finite value here")
    return flat


def random_numbers(random: Random, count: int, scale: int = 1) -> Vector:
    """Return numbers between -scale and scale, of many digits so that they are in no special position."""
    top = 1 << mpmath.mp.prec
    return [mpmath.mpf(random.randint(-top, top)) * scale / top for _ in range(count)]


def approx_rank(program: Program, flat: Flat, seed: str) -> int:
    """Return the rank of random functionals of the tangent functions: the model rank, unless digits lack.

    Raises ``Undecided`` where no gap between the pivots tells which count, ``Inapplicable`` where the network
    has no value at most points.
    """
    random = Random(seed)
    with mpmath.workdps(RANK_DIGITS + 15):
        weights = reals(flat)
        rows = [_row(program, weights, random) for _ in range(program.parameter_count + SPARE)]
        tops = [max(map(abs, row), default=mpmath.mpf(0)) for row in rows]
        pairs = [(row, top) for row, top in zip(rows, tops, strict=True) if top > NO_ROW]
        scaled = [[int(v / top * UNIT) for v in row] for row, top in pairs]
    return _rank(scaled)


def _row(program: Program, weights: Sequence[Vector], random: Random) -> Vector:
    for _ in range(TRIES):
        point = random_numbers(random, size(program.input_shape), 2)
        try:
            return reverse(program, weights, point, random_numbers(random, program.output_count))
        except Inapplicable:
            continue
    raise Inapplicable("the network has no value at random inputs")


def _rank(rows: list[list[int]]) -> int:
    """Elimination of fixed-point numbers with complete pivoting, so that no factor exceeds one."""
    rank = 0
    while rows and rows[0]:
        tops = [max(map(abs, row)) for row in rows]
        pivot = max(tops)
        if pivot <= NEGLIGIBLE:
            break
        if pivot < COUNTED:
            raise Undecided(
                f"a pivot of 1e-{RANK_DIGITS - len(str(pivot)) + 1} is neither zero nor clearly not"
            )
        chosen = rows.pop(tops.index(pivot))
        j = next(k for k, v in enumerate(chosen) if abs(v) == pivot)
        rest = chosen[:j] + chosen[j + 1 :]
        rows = [_reduced(row, j, chosen[j], rest) for row in rows]
        rank += 1
    return rank


def _reduced(row: list[int], j: int, head: int, rest: list[int]) -> list[int]:
    own = row[:j] + row[j + 1 :]
    if not row[j]:
        return own
    factor = row[j] * UNIT // head
    return [a - factor * b // UNIT for a, b in zip(own, rest, strict=True)]
