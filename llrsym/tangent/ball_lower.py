"""Lower bounds by balls: for activations without a tower, and for constants that no theorem separates.

# Invariants: as in ``lower``, the rank returned was computed by the kernel's rule from the certificate; a
# search that is unlucky returns a smaller rank or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import log2
from random import Random

from llrsym.kernel.analytic import check_analytic
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, Shape, size
from llrsym.kernel.tower import Weights
from llrsym.tangent.ball_minors import Checkpoint, find_ball_minor
from llrsym.tangent.lower import LowerBound

MAX_PARAMETERS = 1_200
SPARE_SAMPLES = 6
GRID, LARGE, ALL_SIZES = 4096, (-2,), ((-2, -1, 0, 1, 2), (-4, -3, -2, -1, 0))
"""Odd multiples of 2^-k/4096 up to 2^-k, for points: up to 4, or of all sizes, as saturated neurons need."""
POOL, SMALL = 3, 150
"""How many times more points than needed are tried, and of all sizes, for networks with few parameters."""


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
    try:
        if weights is None:
            check_analytic(program)
        witness = weights or tuple(_witness(draw, p.shape) for p in program.parameters)
        points = _points(program, draw, target, attempt)
        found = find_ball_minor(program, witness, points, target, checkpoint, witness=weights is None)
    except Rejected as refusal:
        return _none(str(refusal))
    if found is None:
        return _none("balls: no evaluation matrix of full rank was found")
    rank = len(found.columns)
    where = "" if weights is not None else " at rational weights"
    reason = f"a {rank} x {rank} evaluation minor is not zero{where}, by balls of {found.precision} bits"
    return LowerBound(rank, found, (), reason)


def _none(reason: str) -> LowerBound:
    return LowerBound(0, None, (), reason)


def _points(program: Program, draw: Random, target: int, attempt: int) -> Sequence[tuple[Fraction, ...]]:
    is_small = program.parameter_count <= SMALL
    count = (-(-target // max(1, program.output_count)) + SPARE_SAMPLES) * (POOL if is_small else 1)
    inputs, scales = size(program.input_shape), ALL_SIZES[attempt % 2] if is_small else LARGE
    return [_numbers(draw, inputs, draw.choice(scales)) for _ in range(count)]


def _witness(draw: Random, shape: Shape) -> tuple[Fraction, ...]:
    """Weights up to about 4 / sqrt(fan-in): neurons that differ and are not saturated."""
    fan_in = size(shape[1:]) if len(shape) > 1 else 1
    return _numbers(draw, size(shape), round(log2(max(1, fan_in)) / 2) - 2)


def _numbers(draw: Random, count: int, scale: int) -> tuple[Fraction, ...]:
    """Random odd multiples of 2^-scale / GRID up to 2^-scale: none is zero."""
    odd = (2 * draw.randrange(-GRID // 2, GRID // 2) + 1 for _ in range(count))
    return tuple(Fraction(number, GRID) / Fraction(2) ** scale for number in odd)
