"""Many digits with mpmath: the cross-check of what double precision cannot resolve.

mpmath keeps one global precision. It is changed inside ``workdps`` blocks only, so calls leave it as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache

import mpmath
import sympy as sp

from llrsym.domains.symbolic import Z, activation_expressions
from llrsym.errors import BadInput
from llrsym.kernel.domains import ListDomain
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.run import forward, gradient

Number = Fraction | float
"""What is taken exactly, besides mpmath reals (which have no static types)."""
GUARD_DIGITS = 15
Pair = tuple[mpmath.mpf, mpmath.mpf]


class Multiprecision(ListDomain[mpmath.mpf]):
    """Tensors as flat row-major lists of mpmath reals, at mpmath's current precision.

    Division by zero raises ``Rejected``.
    """

    def from_rational(self, value: Fraction) -> mpmath.mpf:
        return mpmath.mpf(value.numerator) / value.denominator

    def plus(self, a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
        return a + b

    def minus(self, a: mpmath.mpf) -> mpmath.mpf:
        return -a

    def times(self, a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
        return a * b

    def over(self, a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
        if self.zero_test(b):
            raise Rejected("a denominator is zero")
        return a / b

    def zero_test(self, a: mpmath.mpf) -> bool:
        return bool(a == 0)

    def activate_entry(self, name: str, register: int, index: int, z: mpmath.mpf) -> Pair:
        value, slope = _compiled(name)(z)
        return value, slope


def approx_jacobian_mp(
    program: Program,
    weights: Sequence[Sequence[Number]],
    points: Sequence[Sequence[Number]],
    digits: int = 50,
) -> mpmath.matrix:
    """Return the derivatives of all outputs by all parameters at n points, to about ``digits`` digits.

    ``weights`` holds one flat row-major sequence per parameter and ``points`` one flat sequence of d
    numbers per point; fractions, integers, floats and mpmath reals are taken as they are. The result is
    an mpmath matrix (n * c, M): row ``c * point + output``, columns in the flat order of the parameters.

    Raises ``BadInput`` for weights or points of the wrong size, ``Rejected`` where a denominator vanishes.

    >>> from llrsym.networks.builders import mlp
    >>> network = mlp(1, 1, 1, bias=False)
    >>> jacobian = approx_jacobian_mp(network.program, [[0], [2]], [[1], [3]])
    >>> [[int(v) for v in row] for row in jacobian.tolist()]
    [[2, 0], [6, 0]]

    Reference: the empirical tangent matrix of Zhang et al., arXiv:2211.11623, transposed.
    """
    _check_sizes(program, weights, points)
    with mpmath.workdps(digits + GUARD_DIGITS):
        tensors = [[_exact(v) for v in values] for values in weights]
        rows = [row for point in points for row in _rows(program, tensors, [_exact(v) for v in point])]
        matrix = mpmath.matrix(len(rows), program.parameter_count)
        for i, row in enumerate(rows):
            for j, entry in enumerate(row):
                matrix[i, j] = entry
    return matrix


def approx_rank_mp(matrix: mpmath.matrix, digits: int = 50) -> int:
    """Return the rank of a matrix known to ``digits`` digits, if its pivots leave a wide gap.

    Elimination with complete pivoting; pivots above 10^(-digits / 2) of the largest count, and those
    that do not count must be below 10^(-3 digits / 4). The result is numerical evidence, no theorem.

    Raises ``ValueError`` when a pivot falls between the two: then more digits are needed; and for entries
    that are not finite.

    >>> with mpmath.workdps(50):
    ...     third = mpmath.mpf(1) / 3
    >>> approx_rank_mp(mpmath.matrix([[1, third], [3, 3 * third]]))
    1
    """
    rows: list[list[mpmath.mpf]] = matrix.tolist()
    if not all(mpmath.isfinite(v) for row in rows for v in row):
        raise ValueError("the matrix has entries that are not finite")
    rank = 0
    with mpmath.workdps(digits):
        pivot, i, j = _largest(rows)
        counted, negligible = (
            pivot / mpmath.mpf(10) ** (digits / 2),
            pivot / mpmath.mpf(10) ** (0.75 * digits),
        )
        while pivot > counted:
            rows = _eliminated(rows, i, j)
            rank += 1
            pivot, i, j = _largest(rows)
        if pivot > negligible:
            raise ValueError(f"no gap between the pivots at {digits} digits; use more digits")
    return rank


def _largest(rows: list[list[mpmath.mpf]]) -> tuple[mpmath.mpf, int, int]:
    entries = ((abs(v), i, j) for i, row in enumerate(rows) for j, v in enumerate(row))
    return max(entries, key=lambda entry: entry[0], default=(mpmath.mpf(0), 0, 0))


def _eliminated(rows: list[list[mpmath.mpf]], i: int, j: int) -> list[list[mpmath.mpf]]:
    """The rows without row i and column j, after elimination by entry (i, j)."""
    pivot = rows[i]
    factors = [row[j] / pivot[j] for row in rows]
    columns = [k for k in range(len(pivot)) if k != j]
    return [
        [row[k] - f * pivot[k] for k in columns]
        for n, (row, f) in enumerate(zip(rows, factors, strict=True))
        if n != i
    ]


def _rows(
    program: Program, tensors: list[list[mpmath.mpf]], point: list[mpmath.mpf]
) -> list[list[mpmath.mpf]]:
    """The derivatives of every output at one point."""
    domain, zero, one = Multiprecision(), mpmath.mpf(0), mpmath.mpf(1)
    trace = forward(program, domain, point, tensors)
    count = program.output_count
    rows = []
    for output in range(count):
        cotangent = [one if k == output else zero for k in range(count)]
        parts = gradient(program, domain, trace, cotangent)
        sizes = [size(parameter.shape) for parameter in program.parameters]
        filled = [[zero] * n if part is None else part for part, n in zip(parts, sizes, strict=True)]
        rows.append([entry for part in filled for entry in part])
    return rows


def _exact(value: Number) -> mpmath.mpf:
    return (
        mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mpmath.mpf(value)
    )


def _check_sizes(
    program: Program, weights: Sequence[Sequence[Number]], points: Sequence[Sequence[Number]]
) -> None:
    expected, got = [size(p.shape) for p in program.parameters], [len(values) for values in weights]
    if expected != got:
        raise BadInput(f"weights: expected flat tensors with {expected} entries, got {got}")
    lengths = {len(point) for point in points} - {size(program.input_shape)}
    if lengths:
        raise BadInput(f"points: expected {size(program.input_shape)} numbers per point, got {lengths.pop()}")


@lru_cache(maxsize=256)
def _compiled(name: str) -> Callable[[mpmath.mpf], Sequence[mpmath.mpf]]:
    """Value and derivative by mpmath; constants are computed at the precision of the call.

    What both contain is computed once.
    """
    compiled: Callable[[mpmath.mpf], Sequence[mpmath.mpf]] = sp.lambdify(
        Z, activation_expressions(name), "mpmath", cse=True
    )
    return compiled
