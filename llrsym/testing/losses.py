"""Losses, their gradients with many digits, and data for which given weights are critical."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import mpmath

from llrsym.kernel.program import Program
from llrsym.testing.numerics import Vector, outputs, random_numbers, reverse

Function = Callable[[mpmath.mpf], mpmath.mpf]


@dataclass(frozen=True)
class Loss:
    """A loss l(f - y) by its derivative and the inverse of that."""

    slope: Function
    inverse: Function

    def targets(
        self, program: Program, weights: Sequence[Vector], data: list[Vector], slopes: list[Vector]
    ) -> list[Vector]:
        """Return targets y with l'(f(x) - y) equal to given slopes."""
        return [
            [f - self.inverse(g) for f, g in zip(outputs(program, weights, x), row, strict=True)]
            for x, row in zip(data, slopes, strict=True)
        ]


LOSSES = {
    "squared": Loss(lambda r: 2 * r, lambda g: g / 2),
    "log-cosh": Loss(mpmath.tanh, mpmath.atanh),
    "cosh": Loss(mpmath.sinh, mpmath.asinh),
}


def gradients(
    program: Program, weights: Sequence[Vector], data: list[Vector], targets: list[Vector], loss: Loss
) -> Vector:
    """Return the gradient of the sum of the losses by the parameters."""
    total = [mpmath.mpf(0)] * program.parameter_count
    for x, y in zip(data, targets, strict=True):
        slopes = [loss.slope(f - t) for f, t in zip(outputs(program, weights, x), y, strict=True)]
        total = [a + b for a, b in zip(total, reverse(program, weights, x, slopes), strict=True)]
    return total


def null_vector(
    program: Program, weights: Sequence[Vector], data: list[Vector], random: Random
) -> list[Vector]:
    """Return slopes g at the data with sum_j g_j d f(x_j) = 0, of size at most 1/2.

    There are more rows than parameters. The rows are reduced one by one by those before; the first that
    vanishes is the combination. Each gets a random multiple of all such combinations.
    """
    count, outs = len(data), program.output_count
    unit = [[mpmath.mpf(int(k == o)) for k in range(outs)] for o in range(outs)]
    rows = [reverse(program, weights, x, unit[o]) for x in data for o in range(outs)]
    kernel = _left_kernel(rows)
    factors = random_numbers(random, len(kernel))
    total = [mpmath.fsum(f * v[k] for f, v in zip(factors, kernel, strict=True)) for k in range(len(rows))]
    top = 2 * max(map(abs, total), default=mpmath.mpf(1)) or mpmath.mpf(1)
    flat = [v / top for v in total]
    return [flat[k * outs : (k + 1) * outs] for k in range(count)]


def _left_kernel(rows: list[Vector]) -> list[Vector]:
    """Vectors c with c J = 0: elimination of the rows with complete pivoting, carrying their combinations."""
    negligible = mpmath.mpf(10) ** (-mpmath.mp.dps * 2 // 3)
    height = len(rows)
    width = len(rows[0]) if rows else 0
    work = [row + [mpmath.mpf(int(k == n)) for k in range(height)] for n, row in enumerate(rows)]
    free = list(range(width))
    while work and free:
        tops = [max((abs(row[j]), j) for j in free) for row in work]
        pivot, j = max(tops)
        if pivot <= negligible:
            break
        chosen = work.pop(tops.index((pivot, j)))
        free.remove(j)
        work = [_reduced(row, chosen, row[j] / chosen[j]) for row in work]
    return [row[width:] for row in work]


def _reduced(row: Vector, by: Vector, factor: mpmath.mpf) -> Vector:
    return row if not factor else [a - factor * b for a, b in zip(row, by, strict=True)]
