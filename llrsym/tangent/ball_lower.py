"""Lower bounds by balls: for activations without a tower, and for constants that no theorem separates.

# Invariants: as in ``lower``, the rank returned was computed by the kernel's rule from the certificate; a
# search that is unlucky returns a smaller rank or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from llrsym.kernel.analytic import check_analytic
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.tower import Weights
from llrsym.tangent.left_inverse import Checkpoint, find_evaluation, find_left_inverse, spread_rows
from llrsym.tangent.lower import LowerBound

MAX_PARAMETERS = 1_200
SPARE_SAMPLES = 6
GRID = 32
RANGES = (2, 4, 1)
"""Half-widths of the box of the points, one for each attempt."""


def find_ball_lower_bound(
    program: Program,
    weights: Weights | None,
    target: int,
    seed: str,
    attempt: int,
    checkpoint: Checkpoint,
) -> LowerBound:
    """Return the rank of an evaluation matrix at rational points, proved by balls, as a lower bound.

    ``target`` is a known upper bound. Without weights the matrix is that of a rational witness.
    """
    if program.parameter_count > MAX_PARAMETERS:
        return _none(f"limit: more than {MAX_PARAMETERS} parameters are too many for balls")
    draw = Random(f"{seed}/{attempt}")
    half = RANGES[attempt % len(RANGES)]
    try:
        if weights is None:
            check_analytic(program)
        witness = weights or tuple(_numbers(draw, size(p.shape), 1) for p in program.parameters)
        points = _points(program, draw, target, half)
        found = find_evaluation(program, witness, points, target, None, checkpoint)
        if found is None:
            return _none("balls: no evaluation matrix of full rank was found")
        rows = spread_rows(found.projection, len(found.columns))
        inverse = find_left_inverse(
            program, witness, points, found, sorted(rows), own_points=True, witness=weights is None
        )
    except Rejected as refusal:
        return _none(str(refusal))
    if inverse is None:
        return _none("balls: the left inverse that was found is not accurate enough")
    rank = len(found.columns)
    where = "" if weights is not None else " at rational weights"
    bits = inverse.certificate.precision
    reason = f"a {rank} x {rank} evaluation minor is not zero{where}, by balls of {bits} bits"
    return LowerBound(rank, inverse.certificate, (), reason)


def _none(reason: str) -> LowerBound:
    return LowerBound(0, None, (), reason)


def _points(program: Program, draw: Random, target: int, half: int) -> Sequence[tuple[Fraction, ...]]:
    count = -(-target // max(1, program.output_count)) + SPARE_SAMPLES
    return [_numbers(draw, size(program.input_shape), half) for _ in range(count)]


def _numbers(draw: Random, count: int, half: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(draw.randint(-half * GRID, half * GRID), GRID) for _ in range(count))
