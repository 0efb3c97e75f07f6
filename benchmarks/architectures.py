"""Exact generic rank of architectures against the float64 guess: time ratios in one run.

    python benchmarks/architectures.py [--networks transformer convolution ...] [--repeats 1]

``llrsym`` is model_rank at almost every weight; the peer is the float64 Jacobian at random normal weights and
points, with as many rows as ``rank.py`` (at least M), and numpy.linalg.svd (singular values only).
Rows: network, M, seconds of each (minimum over the repeats), ratio, the interval that llrsym proved, and
what matrix_rank said.
"""

import argparse
from time import perf_counter

import numpy as np

import llrsym as ll
from llrsym.domains.float64 import approx_jacobian
from llrsym.networks.weights import exact_weights

NETWORKS = {
    "transformer": "transformer(tokens=4, dim=16, heads=4, hidden=27, activation='gelu_tanh', norm=None)",
    "causal": "transformer(tokens=4, dim=12, heads=3, hidden=20, activation='tanh', norm=None, causal=True)",
    "convolution": "conv(input=(8, 8), kernel=(3, 3), channels=(8, 32), activation='tanh', bias=True)",
    "residual": "residual(width=10, blocks=5, hidden=20, activation='tanh')",
    "recurrent": "recurrent(inputs=8, hidden=30, steps=6, activation='tanh', outputs=4)",
    "attention": "attention(tokens=4, dim=10, head_dim=5, heads=5)",
}
BUDGET = 120.0


def main() -> None:
    """Print one row per network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    print(f"{'network':>12} {'M':>6} {'llrsym s':>9} {'SVD s':>9} {'ratio':>6}  {'proved':>12}  float64 says")
    for name in options.networks:
        row(name, ll.parse_network(NETWORKS[name]), options.repeats)


def row(name: str, network: ll.Network, repeats: int) -> None:
    """Time both methods on one network."""
    exact_seconds, svd_seconds, interval, guess = [], [], "", 0
    for _ in range(repeats):
        start = perf_counter()
        interval = proved(network)
        exact_seconds.append(perf_counter() - start)
        start = perf_counter()
        guess = float_rank(network)
        svd_seconds.append(perf_counter() - start)
    ratio = min(exact_seconds) / min(svd_seconds)
    print(
        f"{name:>12} {network.parameter_count:>6} {min(exact_seconds):>9.3f} {min(svd_seconds):>9.3f} "
        f"{ratio:>6.2f}  {interval:>12}  {guess}",
        flush=True,
    )


def proved(network: ll.Network) -> str:
    """Return the rank at almost every weight, or the best interval within the budget."""
    try:
        verdict = ll.model_rank(network, budget=BUDGET)
    except ll.OutOfBudget as stopped:
        verdict = stopped.verdict
    return str(verdict.lower) if verdict.lower == verdict.upper else f"{verdict.lower} to {verdict.upper}"


def float_rank(network: ll.Network) -> int:
    """Return what numpy.linalg.matrix_rank would say of the float64 Jacobian."""
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(shape) for name, shape, _ in network.layers}
    samples = -(-network.parameter_count // network.outputs) + 4 * (network.outputs > 1)
    points = rng.standard_normal((samples, network.inputs))
    jacobian = approx_jacobian(network.program, exact_weights(network, weights), points)
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return int((singular > singular[0] * max(jacobian.shape) * np.finfo(float).eps).sum())


if __name__ == "__main__":
    main()
