"""Derivatives and ranks with many digits, by other ways than proofs take. Nothing here decides a theorem."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import TypeVar

import mpmath
from flint import arb, arb_mat, fmpz

from llrsym.domains.arb import ArbField, precision_of, rounded
from llrsym.domains.multiprecision import Multiprecision
from llrsym.kernel.domains import ListDomain
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.run import forward, gradient
from llrsym.testing.search import Inapplicable, Undecided
from llrsym.testing.values import Flat

S = TypeVar("S")
Vector = list[mpmath.mpf]
DIGITS = 60
RANK_DIGITS = 320
"""Clones at a distance of 1e-40 give pivots of 1e-120, which still must be far above the error."""
SPARE = 3
UNIT_BITS, SPARE_BITS = 1064, 50
COUNTED, NEGLIGIBLE = fmpz(1) << UNIT_BITS // 2, fmpz(1) << UNIT_BITS // 5
"""In numbers with the unit 2^1064, about 10^320: larger pivots count, smaller ones than the second are
rounding errors."""
NO_ROW = arb(10) ** -200
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
    flat = gradient_row(program, Multiprecision(), weights, point, cotangent)
    if not all(isinstance(v, mpmath.mpf) and mpmath.isfinite(v) for v in flat):
        raise Inapplicable("a derivative has no finite value here")
    return flat


def gradient_row(
    program: Program, domain: ListDomain[S], weights: Sequence[list[S]], point: list[S], cotangent: list[S]
) -> list[S]:
    """Return the derivative of <cotangent, f> by every parameter entry in a number system."""
    try:
        parts = gradient(program, domain, forward(program, domain, point, weights), cotangent)
    except (Rejected, ZeroDivisionError, ValueError, OverflowError) as error:
        raise Inapplicable(str(error)) from error
    zero = domain.from_rational(Fraction(0))
    sizes = [size(parameter.shape) for parameter in program.parameters]
    filled = [[zero] * n if part is None else part for part, n in zip(parts, sizes, strict=True)]
    return [entry for part in filled for entry in part]


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
    with precision_of(UNIT_BITS + SPARE_BITS):
        weights = [[ArbField().from_rational(v) for v in values] for values in flat]
        rows = [_row(program, weights, random) for _ in range(program.parameter_count + SPARE)]
        tops = [max((abs(v).mid() for v in row), default=arb(0)) for row in rows]
        pairs = [(row, top) for row, top in zip(rows, tops, strict=True) if top > NO_ROW]
        scaled = [[arb(v.mid() / top) for v in row] for row, top in pairs]
        fixed = rounded(arb_mat(scaled), UNIT_BITS) if scaled else []
    return _rank([[fmpz(v) for v in row] for row in fixed])


def _row(program: Program, weights: Sequence[list[arb]], random: Random) -> list[arb]:
    for _ in range(TRIES):
        point = _random_arbs(random, size(program.input_shape), 2)
        try:
            row = gradient_row(
                program, ArbField(), weights, point, _random_arbs(random, program.output_count)
            )
        except Inapplicable:
            continue
        if all(v.is_finite() for v in row):
            return row
    raise Inapplicable("the network has no value at random inputs")


def _random_arbs(random: Random, count: int, scale: int = 1) -> list[arb]:
    top = 1 << UNIT_BITS
    return [arb(fmpz(random.randint(-top, top))) * scale / top for _ in range(count)]


def _rank(rows: list[list[fmpz]]) -> int:
    """Elimination of fixed-point numbers with complete pivoting, so that no factor exceeds one."""
    rank = 0
    while rows and rows[0]:
        tops = [max(map(abs, row)) for row in rows]
        pivot = max(tops)
        if pivot <= NEGLIGIBLE:
            break
        if pivot < COUNTED:
            digits = (UNIT_BITS - pivot.bit_length()) * RANK_DIGITS // UNIT_BITS
            raise Undecided(f"a pivot of 1e-{digits} is neither zero nor clearly not")
        chosen = rows.pop(tops.index(pivot))
        j = next(k for k, v in enumerate(chosen) if abs(v) == pivot)
        rest = chosen[:j] + chosen[j + 1 :]
        rows = [_reduced(row, j, chosen[j], rest) for row in rows]
        rank += 1
    return rank


def _reduced(row: list[fmpz], j: int, head: fmpz, rest: list[fmpz]) -> list[fmpz]:
    own = row[:j] + row[j + 1 :]
    if not row[j]:
        return own
    factor = (row[j] << UNIT_BITS) // head
    return [a - (factor * b >> UNIT_BITS) for a, b in zip(own, rest, strict=True)]
