"""Ranks at the natural points of the local linear recovery papers.

LLR is arXiv:2406.18035, optimistic estimate arXiv:2307.08921, rank stratification arXiv:2211.11623,
embedding principle arXiv:2111.15527. Where a printed formula needs a further hypothesis, the point is
chosen so that it holds.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

import pytest

from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import matrix_factorization, mlp
from llrsym.networks.network import Network
from llrsym.tangent.rank import model_rank
from tests.published.adapter import Draw, generic_point, network_of, zeros

Weights = Mapping[str, object]


def rank(network: Network, at: Weights | None = None) -> int:
    """Return the rank, which must be proved from both sides."""
    verdict = model_rank(network, at=at)
    assert verdict.lower == verdict.upper, str(verdict)
    assert verdict.verdict == "proved", str(verdict)
    return verdict.lower


# Two-layer tanh nets: the optimistic sample sizes of LLR, Table 2 and Theorem 5, with biases


def two_layer_point(d: int, k: int, width: int, bias: bool | str, constant: int = 0) -> Weights:
    """k generic neurons in a net of this width; the others zero, but for one constant neuron if asked for."""
    draw, spare = Draw(f"{d}.{k}.{width}"), width - k
    first = [constant, *[0] * (spare - 1)] if spare else []
    point = {
        "W1": draw.tensor(k, d) + zeros(spare, d),
        "b1": draw.tensor(k) + first,
        "W2": [draw.tensor(k) + first],
        "b2": draw.tensor(1),
    }
    kept = {True: ("W1", "b1", "W2", "b2"), "hidden": ("W1", "b1", "W2"), False: ("W1", "W2")}[bias]
    return {name: point[name] for name in kept}


@pytest.mark.parametrize(("d", "k"), [(1, 1), (2, 1), (2, 3), (5, 2)])
@pytest.mark.parametrize("spare", [0, 2])
def test_intrinsic_neurons(d: int, k: int, spare: int) -> None:
    counts: dict[bool | str, int] = {False: k * (d + 1), "hidden": k * (d + 2), True: k * (d + 2) + 1}
    for bias, expected in counts.items():
        network = mlp(d, k + spare, 1, bias=bias)
        assert rank(network, two_layer_point(d, k, k + spare, bias)) == expected


@pytest.mark.parametrize(("d", "k"), [(1, 0), (1, 2), (2, 1), (3, 2)])
def test_a_constant_part_without_output_bias(d: int, k: int) -> None:
    """The constant is one neuron with w = 0: d + 1 more than the k (d + 2) of the others."""
    point = two_layer_point(d, k, k + 2, "hidden", constant=2)
    assert rank(mlp(d, k + 2, 1, bias="hidden"), point) == k * (d + 2) + d + 1


@pytest.mark.parametrize("widths", [(2, 4, 4, 1), (1, 5, 5, 1), (3, 6, 1)])
@pytest.mark.parametrize("bias", [True, False])
def test_tanh_nets_have_full_rank_at_almost_every_weight(widths: tuple[int, ...], bias: bool) -> None:
    network = mlp(*widths, bias=bias)
    assert rank(network) == network.parameter_count


@pytest.mark.parametrize("slopes", [(1, 3, 9, 15), (1, 2, 4, 8), (3, 5, 15, 45)])
def test_parallel_neurons_are_independent(slopes: tuple[int, ...]) -> None:
    """Odd ratios share poles, but not all of them."""
    points = {"W1": [[s] for s in slopes], "b1": [0] * 4, "W2": [[1] * 4], "b2": [0]}
    assert rank(mlp(1, 4, 1), points) == 13
    deep = {"W1": [[1], [3]], "W2": [[1, 1], [3, 3]], "W3": [[1, 1]]}
    assert rank(mlp(1, 2, 2, 1, bias=False), deep) == 8


# Convolutional targets: LLR, Table 3 and Theorems 6 and 7 in one and two dimensions


@pytest.mark.parametrize(("n", "s", "k"), [(3, 2, 1), (5, 3, 1), (5, 3, 2), (6, 2, 2)])
def test_convolutional_targets(n: int, s: int, k: int) -> None:
    places, draw = n + 1 - s, Draw(f"{n}.{s}.{k}")
    kernels, a = draw.tensor(k, s), draw.tensor(k, places)
    shape = {"kind": "cnn2", "act": "tanh", "n": n, "s": s, "C": k}
    assert rank(network_of({**shape, "share": 1}), {"K": kernels, "a": a}) == k * (s + places)
    separate = {"K": [[row] * places for row in kernels], "a": a}
    assert rank(network_of({**shape, "share": 0}), separate) == k * places * (s + 1)
    padded = [[0] * p + row + [0] * (n - s - p) for row in kernels for p in range(places)]
    dense = {"W1": padded, "W2": [[v for row in a for v in row]]}
    assert rank(mlp(n, k * places, 1, bias=False), dense) == k * places * (n + 1)


def test_kernels_in_two_dimensions() -> None:
    """3 x 3 inputs, 2 x 2 kernels: k (s^2 + L) with L = (d + 1 - s)^2."""
    d, s, k, places = 3, 2, 2, 4
    net = Assembly((d * d,), {"K": (k, s * s), "a": (k, places)})
    windows = list(product(range(d + 1 - s), repeat=2))
    index = [(i + u) * d + j + v for i, j in windows for u, v in product(range(s), repeat=2)]
    patches = net.gather([net.input], index, (places, s * s))
    h = net.activation("tanh", net.einsum("cs,ps->cp", net.parameter("K"), patches))
    network = Network("2-D convolution", net.finish(net.einsum("cp,cp->", net.parameter("a"), h)))
    assert rank(network, generic_point(network, "2-D")) == k * (s * s + places)


@pytest.mark.parametrize(("hidden_bias", "ranks"), [(1, (7, 15, 21)), (0, (6, 12, 18))])
def test_the_target_of_the_experiments(hidden_bias: int, ranks: tuple[int, int, int]) -> None:
    """LLR, section 6: one kernel (0.6, 0.8, 1) on five inputs, output weights 1, biases 0 or absent."""
    kernel = ["6/10", "8/10", "1"]
    shape = {"kind": "cnn2", "act": "tanh", "n": 5, "s": 3, "C": 1, "hb": hidden_bias}
    a = [[1, 1, 1]]
    shared = {"K": [kernel], "b": [0], "a": a}
    separate = {"K": [[kernel] * 3], "b": zeros(1, 3), "a": a}
    padded = [["0"] * p + kernel + ["0"] * (2 - p) for p in range(3)]
    dense = {"W1": padded, "b1": zeros(3), "W2": a}
    networks = (network_of({**shape, "share": 1}), network_of({**shape, "share": 0}))
    fully = mlp(5, 3, 1, bias="hidden" if hidden_bias else False)
    found = []
    for network, point in zip((*networks, fully), (shared, separate, dense), strict=True):
        found.append(rank(network, {name: point[name] for name in network.parameter_names}))
    assert tuple(found) == ranks


# Linear models: rank stratification and optimistic estimate


def of_rank(rows: int, cols: int, r: int) -> list[list[int]]:
    """A matrix of this rank with no zero rows where r > 0: a Vandermonde-like pattern, folded."""
    left = [[(i + 1) ** j for j in range(r)] for i in range(rows)]
    right = [[(k + 2) ** j for k in range(cols)] for j in range(r)]
    return [[sum(left[i][j] * right[j][k] for j in range(r)) for k in range(cols)] for i in range(rows)]


@pytest.mark.parametrize(("rows", "inner", "cols"), [(4, 4, 4), (3, 2, 5), (2, 4, 3)])
def test_matrix_factorization_at_degenerate_factors(rows: int, inner: int, cols: int) -> None:
    for rank_a, rank_b in product(range(min(rows, inner) + 1), range(min(inner, cols) + 1)):
        point = {"A": of_rank(rows, inner, rank_a), "B": of_rank(inner, cols, rank_b)}
        network = matrix_factorization(rows=rows, inner=inner, cols=cols)
        assert rank(network, point) == rows * cols - (rows - rank_a) * (cols - rank_b)


@pytest.mark.parametrize(("r", "expected"), [(1, 7), (2, 12), (3, 15), (4, 16)])
def test_the_strata_of_four_by_four_matrices(r: int, expected: int) -> None:
    """2 r d - r^2 for d = 4, and the same as the generic rank with inner dimension r."""
    point = {"A": of_rank(4, 4, r), "B": of_rank(4, 4, r)}
    assert rank(matrix_factorization(rows=4, inner=4, cols=4), point) == expected
    assert rank(matrix_factorization(rows=4, inner=r, cols=4)) == expected


def test_a_deep_linear_net_at_a_target_of_rank_one() -> None:
    """4-2-2: the rank is 1 * (4 + 2 - 1)."""
    point = {"W1": [[1, 2, 3, 4], [0, 0, 0, 0]], "W2": [[1, 0], [2, 0]]}
    assert rank(mlp(4, 2, 2, activation="identity", bias=False), point) == 5


@pytest.mark.parametrize(("d", "r"), [(2, 1), (3, 2), (4, 3), (5, 5)])
def test_quadratic_activation(d: int, r: int) -> None:
    """sum_i a_i (w_i.x)^2 of rank r: r d - r (r - 1) / 2."""
    network = mlp(d, r, 1, activation="power:2", bias=False)
    point = generic_point(network, f"quadratic {d} {r}")
    assert rank(network) == rank(network, point) == r * d - r * (r - 1) // 2


@pytest.mark.parametrize("depth", [2, 3])
def test_diagonal_nets(depth: int) -> None:
    """The j-th coordinate counts when at most one of its factors is zero."""
    network = network_of({"kind": "diag", "d": 4, "L": depth})
    point = {f"u{layer}": [1, 2, 0 if layer == 1 else 3, 0] for layer in range(1, depth + 1)}
    assert rank(network, point) == 3
    assert rank(network) == 4


@pytest.mark.parametrize(("factors", "expected"), [((0, 0), 2), ((0, 3), 3), ((3, 0), 3), ((2, 3), 3)])
def test_a_product_of_two_parameters(factors: tuple[int, int], expected: int) -> None:
    """t0 + t1 x1 + t2 t3 x2 has rank 2 where t2 = t3 = 0, else 3, of four parameters."""
    net = Assembly((2,), {"t": (2,), "u": (1,), "v": (1,)})
    functions = net.gather([net.constant([1], (1,)), net.input], [0, 1], (2,))
    linear = net.gather([net.einsum("i,i->", net.parameter("t"), functions)], [0], (1,))
    pair = net.multiply(net.parameter("u"), net.parameter("v"))
    last = net.multiply(pair, net.gather([net.input], [1], (1,)))
    network = Network("t0 + t1 x1 + t2 t3 x2", net.finish(net.add(linear, last)))
    assert rank(network, {"t": [1, 1], "u": [factors[0]], "v": [factors[1]]}) == expected


def test_a_point_where_every_tangent_function_vanishes() -> None:
    """t^3 x at t = 0 has rank 0, at t = 1 rank 1."""
    net = Assembly((1,), {"t": (1,)})
    cube = net.activation("power:3", net.parameter("t"))
    network = Network("t^3 x", net.finish(net.multiply(cube, net.input)))
    assert (rank(network, {"t": [0]}), rank(network, {"t": [Fraction(1)]})) == (0, 1)
