"""Ball certificates: a left inverse of an evaluation matrix, found with Arb and checked by the kernel.

# The choice of algorithm
# 1. The Gram matrix G = J^T J is inverted by FLINT, for columns scaled to one size; R = G^-1 J^T is the left
#    inverse of least norm. That takes about twice the bits that J itself loses, but everything runs in C.
# 2. Which columns are independent is read off a pivoted Cholesky factorisation of G at the same precision.
# 3. The precision is doubled until the kernel accepts, or the numerical rank no longer grows.
# Invariants: nothing here decides; ``certified`` is what the kernel's rule returned.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpz

from llrsym.domains.arb import evaluation_matrix, precision_of, rounded
from llrsym.domains.flint_field import FlintProducts
from llrsym.kernel.ball_ranks import BallCertificate, check_left_inverse
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program
from llrsym.kernel.tower import Weights

FIRST_BITS, MOST_BITS = 128, 8_192
SPARE_BITS = 24
DIRECT_BITS, FEW = 256, 100
"""More columns than a few are first tried all together at so many bits, because that runs in C."""
PATIENCE = ((40, 2_048), (100, 1_024), (200, 512))
"""Up to so many columns a rank that does not grow is believed only at so many bits."""
Point = tuple[Fraction, ...]
Checkpoint = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LeftInverse:
    """A certificate that the kernel accepted, and its bound of the norm of I - R J."""

    certificate: BallCertificate
    defect: Fraction


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation matrix at a working precision, with what was read off it in numbers.

    ``columns`` are independent as far as these bits show, ``projection`` is the projection onto their span,
    and ``inverse`` their left inverse of least norm.
    """

    bits: int
    matrix: arb_mat
    columns: tuple[int, ...]
    inverse: arb_mat
    projection: np.ndarray


def find_evaluation(
    program: Program,
    weights: Weights,
    points: Sequence[Point],
    target: int,
    columns: Sequence[int] | None,
    checkpoint: Checkpoint,
) -> Evaluation | None:
    """Return an evaluation with ``target`` independent columns, or with as many as more bits still show.

    ``columns`` are known to be independent as functions; None to look for them.
    """
    first = tuple(range(program.parameter_count) if columns is None else columns)
    best, patience = None, max((b for size, b in PATIENCE if target <= size), default=FIRST_BITS)
    for bits in (2**k for k in range(FIRST_BITS.bit_length() - 1, MOST_BITS.bit_length())):
        checkpoint(f"evaluation matrix of {len(points)} points, {bits} bits")
        matrix = evaluation_matrix(program, weights, points, bits)
        with precision_of(bits):
            if best is None and len(first) <= matrix.nrows():
                best = _with_columns(matrix, first, bits)
                if best is None and bits <= DIRECT_BITS and len(first) > FEW:
                    continue
            if best is None or len(best.columns) < target:
                checkpoint(f"independent columns among {len(first)}, {bits} bits")
                columns = _pivots(matrix, bits, first)
                if best is None or len(columns) > len(best.columns):
                    best = _with_columns(matrix, columns, bits) or best
                elif bits >= patience:
                    return best
        if best is not None and len(best.columns) >= target:
            return best
    return best


def _with_columns(matrix: arb_mat, columns: tuple[int, ...], bits: int) -> Evaluation | None:
    chosen = submatrix(matrix, None, columns)
    inverse = _least_left_inverse(chosen) if columns else None
    if inverse is None:
        return None
    projection = chosen * inverse
    middles = np.array([[float(v) for v in row] for row in projection.mid().tolist()])
    widest = max(float(row[k].rad()) for k, row in enumerate(projection.tolist()))
    return Evaluation(bits, matrix, columns, inverse, middles) if widest < 2.0**-SPARE_BITS else None


def submatrix(matrix: arb_mat, rows: Sequence[int] | None, columns: Sequence[int]) -> arb_mat:
    """Return the submatrix with these rows (None: all) and columns."""
    table = matrix.tolist()
    kept = table if rows is None else [table[k] for k in rows]
    return arb_mat(len(kept), len(columns), [row[c] for row in kept for c in columns])


def _pivots(matrix: arb_mat, bits: int, candidates: Sequence[int]) -> tuple[int, ...]:
    """Return columns that are independent by a margin of a quarter of the bits: a pivoted Cholesky method."""
    chosen = submatrix(matrix, None, candidates)
    chosen = _times_columns(chosen, _factors(chosen))
    gram = [[fmpz(v) for v in row] for row in rounded(chosen.transpose() * chosen, bits)]
    left = [k for k in range(len(candidates)) if gram[k][k]]
    pivots, least = [], fmpz(1) << (bits // 4)
    while left:
        k = max(left, key=lambda n: gram[n][n])
        pivot = gram[k]
        if pivot[k] <= least:
            break
        pivots.append(k)
        left.remove(k)
        for i in left:
            factor, row = (gram[i][k] << bits) // pivot[k], gram[i]
            for j in left:
                row[j] -= factor * pivot[j] >> bits
    return tuple(sorted(candidates[k] for k in pivots))


def _factors(matrix: arb_mat) -> list[arb]:
    """Powers of two that make the largest entry of each column about 1."""
    table = matrix.tolist()
    largest = [max((abs(row[c]).mid() for row in table), default=arb(0)) for c in range(matrix.ncols())]
    return [arb(2) ** -_bits(value) for value in largest]


def _times_columns(matrix: arb_mat, factors: Sequence[arb]) -> arb_mat:
    entries = [v * f for row in matrix.tolist() for v, f in zip(row, factors, strict=True)]
    return arb_mat(matrix.nrows(), matrix.ncols(), entries)


def find_left_inverse(
    program: Program,
    weights: Weights,
    points: Sequence[Point],
    evaluation: Evaluation,
    rows: Sequence[int],
) -> LeftInverse | None:
    """Return a certificate for these rows ``c * point + output`` of the evaluation, accepted by the kernel.

    The claim that it belongs to holds the weights and the points.
    """
    places = tuple(divmod(row, program.output_count) for row in rows)
    for bits in (evaluation.bits, 2 * evaluation.bits, 4 * evaluation.bits):
        found = _integers(program, weights, points, evaluation, rows, bits)
        if found is None or found.precision > MOST_BITS:
            continue
        for extra in (0, 128, 1_024):
            certificate = BallCertificate(
                found.precision + extra,
                (),
                None,
                places,
                evaluation.columns,
                found.inverse,
                found.scale,
            )
            try:
                defect = check_left_inverse(program, weights, points, certificate, FlintProducts())
            except Rejected:
                continue
            return LeftInverse(certificate, defect)
    return None


@dataclass(frozen=True, slots=True)
class _Integers:
    """An integer matrix R with 2^-scale R J close to I, and the bits that J needs for a proof of it."""

    inverse: tuple[tuple[int, ...], ...]
    scale: int
    precision: int


def _integers(
    program: Program,
    weights: Weights,
    points: Sequence[Point],
    evaluation: Evaluation,
    rows: Sequence[int],
    bits: int,
) -> _Integers | None:
    """Round a left inverse of these rows, computed with so many bits."""
    is_first = bits == evaluation.bits
    matrix = evaluation.matrix if is_first else evaluation_matrix(program, weights, points, bits)
    with precision_of(bits):
        chosen = submatrix(matrix, rows, evaluation.columns)
        is_known = is_first and list(rows) == list(range(matrix.nrows()))
        inverse = evaluation.inverse if is_known else _least_left_inverse(chosen)
        if inverse is None:
            return None
        scale = max(0, _bits(_row_sum(chosen.transpose()))) + _bits(len(rows)) + SPARE_BITS
        precision = max(0, _bits(_row_sum(inverse))) + _bits(len(evaluation.columns)) + 2 * SPARE_BITS
        return _Integers(tuple(tuple(row) for row in rounded(inverse, scale)), scale, precision)


def _least_left_inverse(matrix: arb_mat) -> arb_mat | None:
    """The left inverse of least norm for the columns scaled to a common size, scaled back."""
    factors = _factors(matrix)
    scaled = _times_columns(matrix, factors)
    try:
        if matrix.nrows() == matrix.ncols():
            inverse = scaled.inv()
        else:
            inverse = (scaled.transpose() * scaled).inv() * scaled.transpose()
    except ZeroDivisionError:
        return None
    return _times_columns(inverse.transpose(), factors).transpose()


def _row_sum(matrix: arb_mat) -> arb:
    sums = [sum((abs(v) for v in row), arb(0)) for row in matrix.tolist()]
    return max((s.mid() for s in sums), default=arb(1))


def _bits(value: arb | int) -> int:
    """Return an integer above the binary logarithm of a positive number."""
    if isinstance(value, int):
        return value.bit_length()
    if value <= 0:
        return 0
    mantissa, exponent = value.mid().man_exp()
    return int(mantissa.bit_length() + int(exponent))


def spread_rows(projection: np.ndarray, count: int) -> list[int]:
    """Return ``count`` rows of an orthonormal basis that span well: greedy, the largest rest first.

    ``projection`` is Q Q^T for the basis Q; this is its Cholesky factorisation with pivots.
    """
    rest, chosen = projection.diagonal().copy(), []
    factor = np.zeros((len(projection), count))
    for k in range(count):
        pivot = int(np.argmax(rest))
        if rest[pivot] <= 0:
            break
        chosen.append(pivot)
        column = projection[:, pivot] - factor[:, :k] @ factor[pivot, :k]
        factor[:, k] = column / np.sqrt(column[pivot])
        rest = rest - factor[:, k] ** 2
        rest[chosen] = -1.0
    return chosen
