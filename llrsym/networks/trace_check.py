"""A traced or imported network against its source, in floating point: a guard against wrong rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.float64 import approx_trace
from llrsym.networks.network import Network

Array = NDArray[Any]
POINTS = 3


def is_different(
    network: Network, weights: Mapping[str, Array], evaluate: Callable[[Array], Array], tolerance: float
) -> bool:
    """Whether a network and its source differ at a random input by more than rounding explains.

    ``evaluate`` takes a flat input and returns the outputs of the source; entries that are not finite there
    are left out. The answer only ever refuses a network: nothing is concluded from agreement.
    """
    points = np.random.default_rng(0).uniform(-1, 1, (POINTS, network.inputs))
    flat = [np.ravel(weights[name]).tolist() for name in network.parameter_names]
    with np.errstate(all="ignore"):
        rows = np.asarray(approx_trace(network.program, flat, points).values[network.program.output])
        expected = [np.asarray(evaluate(point), dtype=np.float64).ravel() for point in points]
    pairs = zip(np.broadcast_to(rows, (POINTS, *rows.shape[1:])), expected, strict=True)
    return not all(_agree(row.ravel(), values, tolerance) for row, values in pairs)


def _agree(mine: Array, expected: Array, tolerance: float) -> bool:
    if mine.shape != expected.shape:
        return False
    is_near = np.abs(mine - expected) <= tolerance * (1 + np.abs(expected))
    return bool(is_near[np.isfinite(expected)].all())
