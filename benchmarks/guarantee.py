"""Proved guarantees of given samples against mpmath's singular values: time ratios in one run.

    python benchmarks/guarantee.py [--sizes 20 40 80 300] [--largest-peer 80]

For tanh nets with float weights at n = 1.5 M normal samples, ``llrsym`` is llr_guarantee (both ranks, a
lower bound of sigma_min and the redundant samples, checked by the kernel); the peer is the Jacobian by mpmath
and its singular values with 50 digits, which proves nothing. Rows: M, n, seconds of each, their ratio, and
both values of sigma_min. The peer's time is cubic in M; it is left out above ``--largest-peer``.
"""

import argparse
from time import perf_counter

import mpmath
import numpy as np

import llrsym as ll
from llrsym.domains.multiprecision import approx_jacobian_mp
from llrsym.networks.weights import exact_weights

WIDTHS = {20: (3, 4, 1), 40: (3, 5, 3, 1), 80: (4, 8, 4, 1), 300: (6, 16, 10, 1)}
DIGITS = 50


def main() -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(WIDTHS))
    parser.add_argument("--largest-peer", type=int, default=80)
    options = parser.parse_args()
    print(f"{'M':>5} {'n':>5} {'llrsym s':>9} {'mpmath s':>9} {'ratio':>7}  proved sigma_min  mpmath says")
    ll.llr_guarantee(ll.mlp(1, 1, 1, bias=False), at={"W1": [[1]], "W2": [[1]]}, data=[[1], [2]])  # imports
    for size in options.sizes:
        row(WIDTHS[size], size <= options.largest_peer)


def row(widths: tuple[int, ...], with_peer: bool) -> None:
    """Time both methods on one net."""
    network = ll.mlp(*widths, activation="tanh")
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(shape) for name, shape, _ in network.layers}
    count = network.parameter_count * 3 // 2
    points = rng.standard_normal((count, network.inputs))
    start = perf_counter()
    answer = ll.llr_guarantee(network, at=weights, data=points)
    seconds = perf_counter() - start
    proved = float(answer.sigma_min or 0)
    print(f"{network.parameter_count:>5} {count:>5} {seconds:>9.2f}", end=" ", flush=True)
    if not with_peer:
        print(f"{'-':>9} {'-':>7}  {proved:>16.3e}  -")
        return
    start = perf_counter()
    jacobian = approx_jacobian_mp(network.program, exact_weights(network, weights), points.tolist(), DIGITS)
    with mpmath.workdps(DIGITS):
        least = min(mpmath.svd_r(jacobian, compute_uv=False))
    peer = perf_counter() - start
    print(f"{peer:>9.2f} {peer / seconds:>7.1f}  {proved:>16.3e}  {float(least):.3e}", flush=True)


if __name__ == "__main__":
    main()
