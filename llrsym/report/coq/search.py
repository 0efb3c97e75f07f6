"""Sample points, columns and short integers that prove the columns independent.

Nothing here is trusted: Coq encloses the matrix and checks the integers again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from flint import arb, arb_mat

from llrsym.domains.arb import precision_of, rounded
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.tower import Weights
from llrsym.tangent.left_inverse import (
    Checkpoint,
    Evaluation,
    Point,
    find_evaluation,
    spread_rows,
    submatrix,
)

POOLS = ((4, 4), (2, 8), (16, 2), (256, 1), (4096, 8), (1, 64))
"""Points are multiples of 1/first up to the second number."""
Integers = tuple[tuple[int, ...], ...]
POINTS_PER_ROW, STEP_BITS, MAX_SCALE = 8, 3, 600


@dataclass(frozen=True, slots=True)
class Dominance:
    """Integers A near 2^scale J, for an evaluation matrix J, and L with u I - L A small, u = 2^unit.

    ``rows`` are (position in ``points``, output), ``columns`` flat numbers of parameters.
    """

    points: tuple[Point, ...]
    rows: tuple[tuple[int, int], ...]
    columns: tuple[int, ...]
    scale: int
    unit: int
    matrix: Integers
    inverse: Integers


def find_dominance(
    program: Program, weights: Weights, rank: int, seed: str, checkpoint: Checkpoint
) -> Dominance | None:
    """Return points and integers that prove ``rank`` columns or more independent, with few bits."""
    found = [
        candidate
        for pool in POOLS
        if (candidate := _from_pool(program, weights, rank, _points(program, rank, seed, pool), checkpoint))
    ]
    return min(found, key=lambda candidate: candidate.scale, default=None)


def _points(program: Program, rank: int, seed: str, pool: tuple[int, int]) -> list[Point]:
    """Distinct points without zeros, as far as the grid has so many."""
    draw, (denominator, bound) = Random(f"{seed}/{pool}"), pool
    choices = [k for k in range(-denominator * bound, denominator * bound + 1) if k]
    inputs = size(program.input_shape)
    drawn = (
        tuple(Fraction(draw.choice(choices), denominator) for _ in range(inputs))
        for _ in range(POINTS_PER_ROW * rank)
    )
    return list(dict.fromkeys(drawn))


def _from_pool(
    program: Program, weights: Weights, rank: int, points: Sequence[Point], checkpoint: Checkpoint
) -> Dominance | None:
    try:
        evaluation = find_evaluation(program, weights, points, rank, None, checkpoint)
    except Rejected:  # the network has no finite value at one of these points
        return None
    if evaluation is None or len(evaluation.columns) < rank:
        return None
    rows = sorted(spread_rows(evaluation.projection, len(evaluation.columns)))
    if len(rows) < len(evaluation.columns):
        return None
    return _rounded_proof(evaluation, rows, points, program.output_count)


def _rounded_proof(
    evaluation: Evaluation, rows: Sequence[int], points: Sequence[Point], outputs: int
) -> Dominance | None:
    """The proof with the fewest bits that rounding the matrix and its inverse gives."""
    samples = list(dict.fromkeys(row // outputs for row in rows))
    places = tuple((samples.index(row // outputs), row % outputs) for row in rows)
    kept = tuple(points[sample] for sample in samples)
    with precision_of(evaluation.bits):
        chosen = submatrix(evaluation.matrix, rows, evaluation.columns)
        try:
            inverse = chosen.inv()
        except ZeroDivisionError:
            return None
        for scale, matrix, left in _roundings(chosen, inverse):
            unit = scale + _bits(chosen)
            if is_dominant(matrix, left, 1 << unit):
                return Dominance(kept, places, evaluation.columns, scale, unit, matrix, left)
    return None


def _roundings(matrix: arb_mat, inverse: arb_mat) -> Iterator[tuple[int, Integers, Integers]]:
    """Yield a scale and integers near 2^scale J and 2^(unit - scale) J^-1, with more and more bits."""
    first, spare = _bits(inverse), _bits(matrix)
    for scale in range(max(0, first), MAX_SCALE, STEP_BITS):
        yield scale, _integers(matrix, scale), _integers(inverse, spare)


def _integers(matrix: arb_mat, scale: int) -> Integers:
    return tuple(tuple(row) for row in rounded(matrix, scale))


def _bits(matrix: arb_mat) -> int:
    """Bits of the largest absolute sum of a row or column, times the size, with two to spare."""
    table = matrix.tolist()
    sums = [sum((abs(v) for v in line), arb(0)) for line in (*table, *zip(*table, strict=True))]
    largest = int(max(float(s.mid()) for s in sums) * len(table)) + 1
    return largest.bit_length() + 2


def is_dominant(matrix: Integers, left: Integers, unit: int) -> bool:
    """Whether every row of unit I - L A, and n times that row of L, have together a size below the unit."""
    for i, row in enumerate(left):
        product = [
            sum(x * a for x, a in zip(row, column, strict=True)) for column in zip(*matrix, strict=True)
        ]
        defect = sum(abs((unit if i == j else 0) - entry) for j, entry in enumerate(product))
        if defect + len(left) * sum(map(abs, row)) >= unit:
            return False
    return True
