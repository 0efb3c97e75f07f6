"""Square minors of evaluation matrices with ball certificates: independent rows and columns.

# The choice of algorithm
# 1. Double precision picks rows and columns that are independent by a wide margin. If these are as many as
#    wanted, the rounded inverse of the minor in double precision is mostly accurate enough for the kernel.
# 2. Else the Schur complement of the minor by balls of many bits shows what is left: its largest entry that
#    is not zero comes next, until there are only balls around zero.
# 3. The bits are doubled until the rank is as wanted, or no longer grows. The inverse is rounded to integers.
# Invariant: nothing here decides; what is returned was accepted by the kernel's rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import frexp

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from llrsym.domains.arb import evaluation_matrix, precision_of, rounded
from llrsym.domains.flint_field import FlintProducts
from llrsym.domains.float64 import approx_jacobian
from llrsym.kernel.ball_ranks import BallCertificate, check_left_inverse
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program
from llrsym.kernel.tower import Weights
from llrsym.tangent.left_inverse import submatrix

Floats = NDArray[np.float64]
Point = tuple[Fraction, ...]
Checkpoint = Callable[[str], None]
FIRST_BITS, MOST_BITS, SPARE_BITS, WORD = 256, 8_192, 24, 64
PATIENCE = ((40, 2_048), (100, 1_024), (200, 512))
"""Up to so many columns a rank below the wanted one is believed only at so many bits."""
LEAST_PIVOT = 1e-9
"""In doubles a column counts as dependent on others if its rest is below this part of the longest."""
MOST_SCALED_BITS = 16
"""Columns are scaled to one size if they are not smaller than the largest by more bits than these."""
LARGEST_ERROR = 1e-3
"""Of R J in double precision, in the norm of the largest row sum."""


@dataclass(frozen=True, slots=True)
class Minor:
    """Rows ``c * point + output`` and columns of an evaluation matrix, equally many."""

    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Where an evaluation matrix comes from."""

    program: Program
    weights: Weights
    points: Sequence[Point]
    is_witness: bool

    def certified(
        self, minor: Minor, inverse: Sequence[Sequence[int]], scale: int, width: int
    ) -> BallCertificate | None:
        """Return the certificate with this inverse of row sums below 2^width, if the kernel accepts it."""
        count = self.program.output_count
        used = {sample: k for k, sample in enumerate(dict.fromkeys(row // count for row in minor.rows))}
        points = tuple(self.points[sample] for sample in used)
        rows = tuple((used[row // count], row % count) for row in minor.rows)
        weights = self.weights if self.is_witness else None
        # rounded up, because the rows and columns that doubles choose differ from machine to machine
        least = -(-(max(0, width) + len(minor.columns).bit_length() + 2 * SPARE_BITS) // WORD) * WORD
        for precision in (p for p in (least, least + 128, least + 1_024) if p <= MOST_BITS):
            certificate = BallCertificate(
                precision, points, weights, rows, minor.columns, tuple(map(tuple, inverse)), scale
            )
            try:
                check_left_inverse(self.program, self.weights, points, certificate, FlintProducts())
            except Rejected:
                continue
            return certificate
        return None


def find_ball_minor(
    program: Program,
    weights: Weights,
    points: Sequence[Point],
    target: int,
    checkpoint: Checkpoint,
    *,
    witness: bool,
) -> BallCertificate | None:
    """Return an accepted certificate for ``target`` columns, or for as many as more bits still show.

    ``witness``: the certificate has to hold the weights. Raises ``Rejected`` where the network has no value.
    """
    matrix = _Matrix(program, weights, points, witness)
    checkpoint(f"evaluation matrix of {len(points)} points in double precision")
    jacobian = approx_jacobian(program, weights, np.array([[float(v) for v in point] for point in points]))
    minor = double_minor(jacobian, target)
    found = _double_certificate(matrix, jacobian, minor) if len(minor.columns) == target else None
    bits = max((b for size, b in PATIENCE if target <= size), default=FIRST_BITS)
    while found is None and bits <= MOST_BITS:
        checkpoint(f"evaluation matrix of {len(points)} points, {bits} bits")
        values = evaluation_matrix(program, weights, points, bits)
        with precision_of(bits):
            checkpoint(f"independent rows and columns, {bits} bits")
            larger = extended(values, minor, target)
            is_final = len(larger.columns) in (target, len(minor.columns))
            found = _ball_certificate(matrix, values, larger) if is_final else None
        minor, bits = larger, 2 * bits
    return found


def double_minor(jacobian: Floats, count: int) -> Minor:
    """Return rows and columns, at most ``count``, that are independent by a margin in double precision.

    >>> double_minor(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 0.5], [1.0, 2.0, 0.0]]), 3)
    Minor(rows=(0, 1), columns=(0, 2))
    """
    if not np.isfinite(jacobian).all():
        return Minor()
    scaled = np.ldexp(jacobian, -_exponents(jacobian))
    columns = spread_columns(scaled, count)
    rows = spread_columns(np.linalg.qr(scaled[:, columns])[0].T, count)
    return Minor(tuple(rows), tuple(columns)) if len(rows) == len(columns) else Minor()


def spread_columns(matrix: Floats, count: int) -> list[int]:
    """Return up to ``count`` columns that span well, in order: always the one with the largest rest.

    Fewer where all rests are small, so that no more columns seem to be independent.

    >>> spread_columns(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 0.5]]), 3)
    [1, 2]
    """
    rest: Floats = matrix.copy()
    chosen: list[int] = []
    squares = np.einsum("ij,ij->j", rest, rest)
    least = LEAST_PIVOT**2 * max(squares, default=0.0)
    for _ in range(min(count, *matrix.shape)):
        pivot = int(np.argmax(squares))
        if squares[pivot] <= least:
            break
        chosen.append(pivot)
        direction = rest[:, pivot] / np.sqrt(squares[pivot])
        rest -= np.outer(direction, direction @ rest)
        rest[:, chosen] = 0.0
        squares = np.einsum("ij,ij->j", rest, rest)
    return sorted(chosen)


def _exponents(jacobian: Floats) -> NDArray[np.intc]:
    """Binary exponents of the largest entries of the columns, but for columns that may be rounding errors."""
    exponents = np.frexp(np.abs(jacobian).max(axis=0, initial=0.0))[1]
    kept: NDArray[np.intc] = np.maximum(exponents, exponents.max(initial=0) - MOST_SCALED_BITS)
    return kept


def _double_certificate(matrix: _Matrix, jacobian: Floats, minor: Minor) -> BallCertificate | None:
    """The certificate with the inverse in double precision, where that is accurate enough."""
    square = jacobian[np.ix_(minor.rows, minor.columns)]
    exponents = _exponents(square)
    scaled = np.ldexp(square, -exponents)
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        return None
    if not np.abs(inverse @ scaled - np.eye(len(scaled))).sum(axis=1).max(initial=0.0) < LARGEST_ERROR:
        return None
    inverse = np.ldexp(inverse, -exponents[:, None])
    scale = _scale(frexp(np.abs(square).sum(axis=0).max(initial=0.0))[1], minor)
    integers = [[_rounded_down(v, scale) for v in row] for row in inverse.tolist()]
    return matrix.certified(minor, integers, scale, frexp(np.abs(inverse).sum(axis=1).max(initial=0.0))[1])


def _rounded_down(value: float, scale: int) -> int:
    numerator, denominator = value.as_integer_ratio()
    return (numerator << scale) // denominator


def _scale(exponent: int, minor: Minor) -> int:
    """Bits of the inverse that suffice when 2^exponent bounds the column sums."""
    return max(0, exponent) + len(minor.rows).bit_length() + SPARE_BITS


def extended(values: arb_mat, minor: Minor, count: int) -> Minor:
    """Return a minor with more rows and columns, up to ``count``, whose Schur complements are not zero.

    At FLINT's current precision. Nothing is kept of a given minor that seems to be singular.
    """
    try:
        rest = _schur_complement(values, minor)
    except ZeroDivisionError:
        minor, rest = Minor(), values.tolist()
    rows = [k for k in range(values.nrows()) if k not in set(minor.rows)]
    columns = [k for k in range(values.ncols()) if k not in set(minor.columns)]
    chosen_rows, chosen_columns = list(minor.rows), list(minor.columns)
    while rest and rest[0] and len(chosen_columns) < count:
        value, i, j = max(
            ((entry.abs_lower(), i, j) for i, row in enumerate(rest) for j, entry in enumerate(row)),
            key=lambda place: place[0],
        )
        if value <= 0:
            break
        chosen_rows.append(rows.pop(i))
        chosen_columns.append(columns.pop(j))
        pivot = rest.pop(i)
        head = pivot.pop(j)
        factors = [row.pop(j) / head for row in rest]
        rest = [
            [a - f * b for a, b in zip(row, pivot, strict=True)] for row, f in zip(rest, factors, strict=True)
        ]
    return Minor(tuple(sorted(chosen_rows)), tuple(sorted(chosen_columns)))


def _schur_complement(values: arb_mat, minor: Minor) -> list[list[arb]]:
    """What is left of the other rows and columns: zero where the minor has the rank of the matrix."""
    other_rows = [k for k in range(values.nrows()) if k not in set(minor.rows)]
    other_columns = [k for k in range(values.ncols()) if k not in set(minor.columns)]
    corner = submatrix(values, other_rows, other_columns)
    if minor.columns and other_rows and other_columns:
        solved = submatrix(values, minor.rows, minor.columns).solve(
            submatrix(values, minor.rows, other_columns)
        )
        corner -= submatrix(values, other_rows, minor.columns) * solved
    rest: list[list[arb]] = corner.tolist()
    return rest


def _ball_certificate(matrix: _Matrix, values: arb_mat, minor: Minor) -> BallCertificate | None:
    if not minor.columns:
        return None
    square = submatrix(values, minor.rows, minor.columns)
    try:
        inverse = square.inv()
    except ZeroDivisionError:
        return None
    scale = _scale(_bits_of_row_sums(square.transpose()), minor)
    return matrix.certified(minor, rounded(inverse, scale), scale, _bits_of_row_sums(inverse))


def _bits_of_row_sums(matrix: arb_mat) -> int:
    """The binary exponent of a number close to the largest sum of absolute values in a row."""
    largest = max(sum((abs(v) for v in row), arb(0)).mid() for row in matrix.tolist())
    mantissa, exponent = largest.man_exp()
    return int(mantissa).bit_length() + int(exponent)
