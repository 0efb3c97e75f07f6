"""rank_at_least by balls: an evaluation matrix with a left inverse, up to an error that is bounded.

The certificate names sample points, rows and columns of the evaluation matrix J, and an integer matrix R.
The kernel encloses J by balls and bounds I - 2^-s R J. If that has norm below 1, then R J is invertible, so
that the columns of J are independent (docs/theory/ball-ranks).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from .analytic import check_analytic
from .ball_work import Meter, MeteredBalls, multiplication
from .balls import Ball
from .errors import Rejected
from .program import Program, size
from .residues import Arithmetic
from .run import forward, gradient
from .tower import Weights, check_weights

Point = tuple[Fraction, ...]
MAX_PRECISION = 20_000
MAX_WORK = 2_000_000_000
"""Entries of the evaluation matrix times the rank."""
MAX_PRODUCT_WORK, WORK_PER_ENTRY = 20_000_000_000, 400_000
"""Of the product with the inverse, in units of ``ball_work``."""
LEADING_BITS = 28


@dataclass(frozen=True, slots=True)
class BallCertificate:
    """Points, a submatrix J of the evaluation matrix there, and integers R with 2^-scale R J close to I.

    ``points`` is empty where the claim gives them. ``weights`` are those of a witness, for a claim about
    almost every weight only.
    """

    precision: int
    points: tuple[Point, ...]
    weights: Weights | None
    rows: tuple[tuple[int, int], ...]
    columns: tuple[int, ...]
    inverse: tuple[tuple[int, ...], ...]
    scale: int


def check_rank_by_balls(
    program: Program, weights: Weights | None, proof: BallCertificate, rank: int, arithmetic: Arithmetic
) -> None:
    """Prove dim span{d_i f} >= rank, at the given weights or (``weights`` None) at almost every weight.

    A minor that is not zero at one weight is not zero at almost every weight, if it is analytic in them.
    """
    if (weights is None) != (proof.weights is not None):
        raise Rejected("balls: expected the weights of a witness exactly for almost every weight")
    if weights is None:
        check_analytic(program)
    witness = proof.weights if weights is None else weights
    check_left_inverse(program, witness or (), proof.points, proof, arithmetic)
    if len(proof.columns) < rank:
        raise Rejected(f"balls: the certificate proves rank {len(proof.columns)}, claimed {rank}")


def check_left_inverse(
    program: Program,
    weights: Weights,
    points: Sequence[Point],
    proof: BallCertificate,
    arithmetic: Arithmetic,
) -> Fraction:
    """Prove that the chosen columns of the evaluation matrix J at these rows are linearly independent.

    Returns an upper bound e < 1 of the Frobenius norm of I - 2^-scale R J.
    """
    _check_sizes(program, weights, points, proof)
    matrix = enclosed_rows(program, weights, points, proof)
    unit = 1 << (proof.scale + proof.precision)
    middles = [[m for m, _ in row] for row in matrix]
    radii = [sum(r for _, r in row) for row in matrix]
    check_product(proof, middles)
    product = arithmetic.product(proof.inverse, middles)
    if [len(row) for row in product] != [len(proof.columns)] * len(proof.columns):
        raise Rejected("balls: R J is no square matrix of the number of columns")
    total = 0
    for k, (row, inverse) in enumerate(zip(product, proof.inverse, strict=True)):
        defect = sum(abs(entry - (unit if j == k else 0)) for j, entry in enumerate(row))
        total += (defect + sum(abs(x) * r for x, r in zip(inverse, radii, strict=True))) ** 2
    if total >= unit * unit:
        raise Rejected("balls: the norm of I - R J is not proved to be below 1")
    return Fraction(isqrt(total) + 1, unit)


def check_product(proof: BallCertificate, middles: Sequence[Sequence[int]]) -> None:
    """Refuse a product that takes too long; that of a larger inverse may take longer."""
    bits = max((x.bit_length() for row in middles for x in row), default=0)
    others = max((x.bit_length() for row in proof.inverse for x in row), default=0)
    width, entries = len(proof.columns), len(proof.columns) * len(proof.rows)
    if entries * width * multiplication(bits, others) > MAX_PRODUCT_WORK + entries * WORK_PER_ENTRY:
        raise Rejected("limit: the product with the inverse takes too many operations on such long numbers")


def check_least_singular_value(
    proof: BallCertificate, defect: Fraction, bound: Fraction, arithmetic: Arithmetic
) -> None:
    """Prove sigma_min(J) >= bound for the columns and rows of the proof, with ``defect`` as proved above.

    sigma_min(J) >= (1 - e) / |2^-s R|, because |R J v| >= (1 - e) |v|.
    """
    norm = squared_norm_bound(proof.inverse, arithmetic)
    if bound < 0 or (bound * bound) * norm > (1 - defect) ** 2 * Fraction(1 << (2 * proof.scale)):
        raise Rejected(f"balls: the least singular value is not proved to be at least {float_text(bound)}")


def squared_norm_bound(rows: Sequence[Sequence[int]], arithmetic: Arithmetic) -> int:
    """Return an integer that is at least the square of the spectral norm of an integer matrix.

    |R|^2 <= |R1 R1^T|_F for the leading bits R1, and the rest is at most one unit of R1 per entry.
    """
    shift = max(0, max((abs(x).bit_length() for row in rows for x in row), default=0) - LEADING_BITS)
    leading = [[x >> shift for x in row] for row in rows]
    transposed = [list(column) for column in zip(*leading, strict=True)]
    gram = arithmetic.product(leading, transposed)
    squared = isqrt(sum(x * x for row in gram for x in row)) + 1
    entries = sum(len(row) for row in rows)
    norm = isqrt(squared) + 1 + isqrt(entries) + 1
    return (norm << shift) ** 2


def float_text(value: Fraction) -> str:
    """Return the beginning of a rational number for a message."""
    return f"{value.numerator}/{value.denominator}"[:40]


def enclosed_rows(
    program: Program, weights: Weights, points: Sequence[Point], proof: BallCertificate
) -> list[list[Ball]]:
    """Return the rows (sample, output) of the evaluation matrix, at the chosen columns, as balls."""
    domain = MeteredBalls(proof.precision, Meter())
    tensors = [[domain.from_rational(v) for v in tensor] for tensor in weights]
    wanted: dict[int, list[int]] = {}
    for position, (sample, _) in enumerate(proof.rows):
        wanted.setdefault(sample, []).append(position)
    rows: list[list[Ball]] = [[] for _ in proof.rows]
    one, zero = domain.from_rational(Fraction(1)), domain.from_rational(Fraction(0))
    sizes = [size(p.shape) for p in program.parameters]
    for sample, positions in wanted.items():
        domain.meter.held = 0
        trace = forward(program, domain, [domain.from_rational(v) for v in points[sample]], tensors)
        values = domain.meter.held
        for position in positions:
            domain.meter.held = values
            output = proof.rows[position][1]
            cotangent = [one if k == output else zero for k in range(program.output_count)]
            parts = gradient(program, domain, trace, cotangent)
            domain.meter.spend(100 * (program.parameter_count + program.output_count))
            flat = [v for part, n in zip(parts, sizes, strict=True) for v in (part or [zero] * n)]
            rows[position] = [flat[column] for column in proof.columns]
            domain.meter.keep(rows[position])
    return rows


def _check_sizes(program: Program, weights: Weights, points: Sequence[Point], proof: BallCertificate) -> None:
    check_weights(program, weights)
    width, inputs = len(proof.columns), size(program.input_shape)
    if not 0 < proof.precision <= MAX_PRECISION or not 0 <= proof.scale <= MAX_PRECISION:
        raise Rejected(f"balls: expected a precision and a scale up to {MAX_PRECISION}")
    if any(len(point) != inputs for point in points):
        raise Rejected(f"balls: expected {inputs} numbers for every point")
    if len(set(proof.rows)) != len(proof.rows) or len(set(proof.columns)) != width:
        raise Rejected("balls: a row or a column occurs twice")
    if not all(0 <= s < len(points) and 0 <= o < program.output_count for s, o in proof.rows):
        raise Rejected("balls: a row is no (sample, output) of these points")
    if not all(0 <= column < program.parameter_count for column in proof.columns):
        raise Rejected(f"balls: a column is no parameter below {program.parameter_count}")
    if len(proof.rows) < width:
        raise Rejected(f"balls: {width} columns need at least as many rows, got {len(proof.rows)}")
    if len(proof.inverse) != width or any(len(row) != len(proof.rows) for row in proof.inverse):
        raise Rejected(f"balls: expected an inverse with {width} rows of {len(proof.rows)} entries")
    if width * width * len(proof.rows) > MAX_WORK:
        raise Rejected("limit: the evaluation matrix is too large")
