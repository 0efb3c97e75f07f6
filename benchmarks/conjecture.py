"""Conjectures about grids of 60 sizes, and the suite of properties: times and ratios to float64 in one run.

    python benchmarks/conjecture.py [--families tanh gelu attention] [--jobs 2]

``llrsym`` is conjecture() on a grid of 60 points with up to about 600 parameters, with the larger and
degenerate sizes that it chooses itself; the peer computes the float64 Jacobian of the same networks at random
normal weights and points, and its numerical rank, in one process. ``check`` is the suite of properties on a
network of the family with about 100 parameters. Rows: family, points of the grid, largest M, seconds of
llrsym and of the peer, their ratio, seconds of ``check``, the formula.
"""

import argparse
from collections.abc import Callable
from time import perf_counter

import numpy as np

import llrsym as ll
from llrsym.domains.float64 import approx_jacobian
from llrsym.networks.weights import exact_weights
from llrsym.testing import architecture_suite

Family = Callable[..., ll.Network]


def tanh(k: int, d: int) -> ll.Network:
    """One hidden layer of tanh neurons."""
    return ll.mlp(d, k, 1, activation="tanh")


def gelu(k: int, d: int) -> ll.Network:
    """One hidden layer of gelu neurons, an activation whose ranks are proved by balls."""
    return ll.mlp(d, k, 1, activation="gelu")


def attention(a: int, d: int) -> ll.Network:
    """Linear attention with one head."""
    return ll.attention(tokens=2, dim=d, head_dim=a, kind="linear")


FAMILIES: dict[str, tuple[Family, dict[str, range], dict[str, int]]] = {
    "tanh": (tanh, {"k": range(2, 21, 2), "d": range(2, 23, 4)}, {"k": 12, "d": 6}),
    "gelu": (gelu, {"k": range(2, 21, 2), "d": range(2, 23, 4)}, {"k": 12, "d": 6}),
    "attention": (attention, {"a": range(1, 7), "d": range(2, 21, 2)}, {"a": 4, "d": 6}),
}


def main() -> None:
    """Print one row per family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"{'family':>10} points {'M':>5} {'llrsym s':>9} {'SVD s':>7} {'ratio':>6} {'check s':>8}  formula")
    for name in options.families:
        row(name, options.jobs)


def row(name: str, jobs: int) -> None:
    """Time both methods on one grid, and the suite on one network."""
    family, sizes, small = FAMILIES[name]
    start = perf_counter()
    found = ll.conjecture(family, sizes=sizes, jobs=jobs)
    seconds = perf_counter() - start
    networks = [family(**dict(sample.sizes)) for sample in found.samples]
    start = perf_counter()
    for network in networks:
        float_rank(network)
    svd_seconds = perf_counter() - start
    start = perf_counter()
    architecture_suite(family(**small))
    check_seconds = perf_counter() - start
    points = sum(sample.part == "grid" for sample in found.samples)
    largest = max(network.parameter_count for network in networks)
    print(
        f"{name:>10} {points:>6} {largest:>5} {seconds:>9.1f} {svd_seconds:>7.1f} "
        f"{seconds / svd_seconds:>6.1f} {check_seconds:>8.1f}  {found.formula}",
        flush=True,
    )


def float_rank(network: ll.Network) -> int:
    """Return what matrix_rank says about M rows of the Jacobian at random normal weights."""
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(shape) for name, shape, _ in network.layers}
    count = -(-network.parameter_count // max(1, network.outputs)) + 2
    points = rng.standard_normal((count, network.inputs))
    jacobian = approx_jacobian(network.program, exact_weights(network, weights), points)
    return int(np.linalg.matrix_rank(jacobian))


if __name__ == "__main__":
    main()
