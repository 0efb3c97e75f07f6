"""Exact model rank against the float64 guess: time ratios in one run.

    python benchmarks/rank.py [--sizes 100 300 1000 3000 8000] [--repeats 3]

For tanh nets with float weights, ``llrsym`` is model_rank at the exact weights (proved on both sides);
the peer is the float64 Jacobian at M random points with numpy.linalg.svd (singular values only).
Rows: M, seconds of each (minimum over the repeats), ratio, and what matrix_rank said.
"""

import argparse
from time import perf_counter

import numpy as np

import llrsym as ll
from llrsym.domains.float64 import approx_jacobian
from llrsym.networks.weights import exact_weights

WIDTHS = {
    100: (4, 10, 4, 1),
    300: (6, 16, 10, 1),
    1000: (8, 32, 20, 1),
    1500: (10, 40, 26, 1),
    3000: (10, 64, 34, 1),
    8000: (16, 110, 54, 1),
}


def main() -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(WIDTHS))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{'M':>6} {'llrsym s':>9} {'SVD s':>9} {'ratio':>6}  proved  float64 says")
    for size in options.sizes:
        row(WIDTHS[size], options.repeats)


def row(widths: tuple[int, ...], repeats: int) -> None:
    """Time both methods on one net."""
    network = ll.mlp(*widths, activation="tanh")
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(shape) for name, shape, _ in network.layers}
    points = rng.standard_normal((network.parameter_count, network.inputs))
    exact_seconds, svd_seconds, verdict, guess = [], [], None, 0
    for _ in range(repeats):
        start = perf_counter()
        verdict = ll.model_rank(network, at=weights)
        exact_seconds.append(perf_counter() - start)
        start = perf_counter()
        guess = float_rank(network, weights, points)
        svd_seconds.append(perf_counter() - start)
    ratio = min(exact_seconds) / min(svd_seconds)
    print(
        f"{network.parameter_count:>6} {min(exact_seconds):>9.3f} {min(svd_seconds):>9.3f} {ratio:>6.2f}"
        f"  {verdict.lower if verdict is not None else '?':>6}  {guess}",
        flush=True,
    )


def float_rank(network: ll.Network, weights: dict[str, np.ndarray], points: np.ndarray) -> int:
    """Return what numpy.linalg.matrix_rank would say of the float64 Jacobian."""
    jacobian = approx_jacobian(network.program, exact_weights(network, weights), points)
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return int((singular > singular[0] * max(jacobian.shape) * np.finfo(float).eps).sum())


if __name__ == "__main__":
    main()
