"""The largest difference of two networks that is seen on a box: at points, and uphill from the worst of them.

In double precision; it is a lower bound of the true distance up to rounding, and nothing is proved.
"""

from __future__ import annotations

import numpy as np

from llrsym.recovery.condense_net import Array, FloatNet

CLIMBERS, SWEEPS, STEPS = 24, 2, (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.003)
"""Points that are moved, and the lengths of their steps as shares of the box."""
LARGEST_ERROR = 1e300


def seen_distance(f: FloatNet, g: FloatNet, points: Array, values: Array, sides: Array) -> float:
    """Return the largest ``|f - g|`` at the points (S, d), where f is ``values``, and uphill from the worst.

    ``sides`` (2, d) are the least and the largest coordinates; not finite values count as 1e300.
    """
    with np.errstate(all="ignore"):
        found = _finite(np.abs(g(points) - values))
        if not np.isfinite(sides[1] - sides[0]).all():
            return float(found.max())
        worst = np.argsort(-found.max(axis=1))[:CLIMBERS]
        top = points[worst]
        for step in SWEEPS * STEPS:
            top = _climbed(f, g, top, step, sides)
        return max(float(found.max()), float(_difference(f, g, top).max()))


def _climbed(f: FloatNet, g: FloatNet, points: Array, step: float, sides: Array) -> Array:
    """Move every point along the gradient of its largest difference, or along its signs, where that helps."""
    change = f(points) - g(points)
    output = np.argmax(np.abs(change), axis=1)
    rows = np.arange(len(points))
    slopes = (f.gradients(points) - g.gradients(points))[rows, output]
    uphill = _finite(slopes * np.sign(change[rows, output])[:, None])
    lengths = step * (sides[1] - sides[0])
    scale = np.abs(uphill).max(axis=1, keepdims=True) + 1e-300
    moves = [points, points + lengths * np.sign(uphill), points + lengths * uphill / scale]
    candidates = np.stack([np.clip(move, sides[0], sides[1]) for move in moves])
    errors = np.stack([_difference(f, g, move) for move in candidates])
    best: Array = candidates[np.argmax(errors, axis=0), rows]
    return best


def _difference(f: FloatNet, g: FloatNet, points: Array) -> Array:
    largest: Array = _finite(np.abs(f(points) - g(points))).max(axis=1)
    return largest


def _finite(values: Array) -> Array:
    return np.nan_to_num(values, nan=LARGEST_ERROR, posinf=LARGEST_ERROR, neginf=-LARGEST_ERROR)
