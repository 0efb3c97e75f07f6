"""How two networks with one hidden layer are compared along directions: which ones, and which neurons belong
together. Any choice gives a valid bound; the kernel computes it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from llrsym.kernel.distances import Box
from llrsym.kernel.layer_differences import Copy, Row, Units
from llrsym.recovery.condense_net import Array, FloatNet

MOST_DIRECTIONS, VISIBLE = 4, 0.1
"""Directions are taken while the weights along them are at least this share of the largest."""
NEAR = 0.4
"""Copies whose arguments differ by more are expanded for themselves."""
GRID = 1 << 20
MOST_MONOMIALS = 20_000_000
"""Sums over neurons in the preparation; larger comparisons are not made."""


def directions_of(f: FloatNet, g: FloatNet) -> tuple[Row, ...]:
    """Return the directions in which the arguments of both networks vary most, as rational rows."""
    rows = np.concatenate([_weighted(net) for net in (f, g)])
    _, sizes, vectors = np.linalg.svd(rows, full_matrices=False)
    count = int((sizes[:MOST_DIRECTIONS] > VISIBLE * sizes[0]).sum())
    rational = np.round(vectors[:count] * GRID).astype(int).tolist()
    return tuple(tuple(Fraction(v, GRID) for v in row) for row in rational)


def _weighted(net: FloatNet) -> Array:
    """The weights of the first layer, each by the root of the size of what it adds to the outputs."""
    weighted: Array = net.weights[0] * np.sqrt(np.abs(net.weights[1]).max(axis=0))[:, None]
    return weighted


def near_copies(f: FloatNet, g: FloatNet, units: Units, box: Box) -> Units:
    """Return the units with constants instead of copies that are far from their neuron of g."""
    low, high = np.array([[float(v) for v in side] for side in box]).T
    middle, lengths = (low + high) / 2, (high - low) / 2

    def is_near(j: int, unit: Copy) -> bool:
        weights = unit.sign * f.weights[0][j] - g.weights[0][unit.index]
        bias = unit.sign * f.biases[0][j] - g.biases[0][unit.index]
        return bool(np.abs(weights) @ lengths + abs(bias + weights @ middle) <= NEAR)

    return tuple(
        unit if isinstance(unit, Copy) and is_near(j, unit) else Fraction(0) for j, unit in enumerate(units)
    )


def is_possible(f: FloatNet, g: FloatNet, inputs: int) -> bool:
    """Whether both have one hidden layer, and are small enough."""
    if len(f.weights) != 2 or len(g.weights) != 2:
        return False
    neurons = len(f.biases[0]) + len(g.biases[0])
    return neurons * len(f.biases[1]) * (inputs + MOST_DIRECTIONS) ** 2 <= MOST_MONOMIALS
