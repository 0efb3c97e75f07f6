"""Optimistic sample sizes against hand computation: published formulas and values, and their limits."""

import pytest

import llrsym as ll
from llrsym.errors import BadInput, OutOfBudget

SHIFTS = {"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 7]]}
"""Two kernels that are shifts of one another: f = 2 tanh x1 + 8 tanh x2 + 7 tanh x3."""


def samples(network, target, weights=None) -> int:
    verdict = ll.optimistic_sample_size(network, target=target, weights=weights)
    assert verdict.verdict == "proved"
    assert verdict.samples is not None
    return verdict.samples


def line(d: int, s: int, k: int, **options) -> ll.Network:
    return ll.conv(input=(d,), kernel=(s,), channels=(k,), **options)


def square(d: int, s: int, k: int, **options) -> ll.Network:
    return ll.conv(input=(d, d), kernel=(s, s), channels=(k,), **options)


# Two layers, fully connected (arXiv:2406.18035, Theorem 5, and its variants with biases)


@pytest.mark.parametrize("extra", [0, 1, 2])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_two_layer_tanh_with_and_without_biases(d, k, extra):
    def value(wide: object, target: object, spare: int = extra) -> int:
        return samples(ll.mlp(d, k + spare, 1, bias=wide), ll.mlp(d, k, 1, bias=target))

    assert value(False, False) == k * (d + 1)
    assert value("hidden", "hidden") == k * (d + 2)
    assert value(True, True) == k * (d + 2) + 1
    # A constant part without an output bias needs a constant neuron.
    assert value("hidden", True, extra + 1) == k * (d + 2) + d + 1


@pytest.mark.parametrize(("k", "d"), [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 3)])
def test_a_constant_part_costs_less_than_a_neuron(k, d):
    """f* = k neurons + c with hidden biases only: k(d+2) + d + 1, below the (k+1)(d+2) parameters."""
    neurons = [[i + 1] * d for i in range(k)] + [[0] * d]
    weights = {"W1": neurons, "b1": [*range(k), 1], "W2": [[2] * (k + 1)]}
    target = ll.mlp(d, k + 1, 1, bias="hidden")
    assert samples(ll.mlp(d, k + 3, 1, bias="hidden"), target, weights) == k * (d + 2) + d + 1
    assert ll.model_rank(target, at=weights).upper == k * (d + 2) + d + 1


@pytest.mark.parametrize(("bias", "value"), [(False, 0), ("hidden", 0), (True, 1)])
def test_the_zero_function(bias, value):
    target = ll.mlp(2, 1, 1, bias=bias)
    zero = {name: [[0] * shape[1]] * shape[0] if len(shape) > 1 else [0] for name, shape, _ in target.layers}
    assert samples(ll.mlp(2, 3, 1, bias=bias), target, zero) == value


# Convolutions (the same paper, Theorems 6 and 7 and Table 3; 1-D in arXiv:2211.11623)


@pytest.mark.parametrize(("d", "s", "k"), [(3, 2, 1), (4, 2, 2), (4, 3, 1), (5, 2, 3), (5, 4, 2), (6, 3, 2)])
def test_convolutions_in_one_dimension(d, s, k):
    target, positions = line(d, s, k), d + 1 - s
    assert samples(line(d, s, k + 1), target) == k * (d + 1)
    assert samples(line(d, s, k + 1, shared=False), target) == (s + 1) * k * positions
    assert samples(ll.mlp(d, k * positions + 1, 1, bias=False), target) == (d + 1) * k * positions


@pytest.mark.parametrize(("d", "s", "k"), [(2, 2, 1), (3, 2, 1), (3, 2, 2), (4, 3, 2), (4, 2, 3)])
def test_convolutions_in_two_dimensions(d, s, k):
    target, positions = square(d, s, k), (d + 1 - s) ** 2
    assert samples(square(d, s, k + 1), target) == k * (s**2 + positions)
    assert samples(square(d, s, k, shared=False), target) == (s**2 + 1) * k * positions
    assert samples(ll.mlp(d * d, k * positions, 1, bias=False), target) == (d * d + 1) * k * positions


def test_the_example_of_an_image_with_one_kernel():
    target = square(28, 3, 1)
    assert samples(square(28, 3, 2), target) == 685
    assert samples(square(28, 3, 2, shared=False), target) == 6760
    assert samples(ll.mlp(784, 700, 1, bias=False), target) == 530660


def test_the_target_of_the_published_experiments():
    """Three shifted neurons, one hidden bias per neuron: 7, 15 and 21; without biases 6, 12 and 18."""
    kernel, read_out = [["3/5", "4/5", 1]], [[1, 1, 1]]
    for bias, b, values in ((False, {}, (6, 12, 18)), ("hidden", {"b": [0]}, (7, 15, 21))):
        target, weights = line(5, 3, 1, bias=bias), {"K": kernel, "a": read_out} | b
        networks = (
            line(5, 3, 3, bias=bias),
            line(5, 3, 3, shared=False, bias=bias),
            ll.mlp(5, 9, 1, bias=bias),
        )
        assert tuple(samples(network, target, weights) for network in networks) == values


@pytest.mark.parametrize("dead", [0, 1, 2, 3])
def test_dead_positions_without_sharing(dead):
    weights = {"K": [[1, 2], [3, 5]], "a": [[0 if n < dead else 7 for n in range(3)], [2, 3, 5]]}
    assert samples(line(4, 2, 2, shared=False), line(4, 2, 2), weights) == 3 * (6 - dead)
    assert samples(ll.mlp(4, 6, 1, bias=False), line(4, 2, 2), weights) == 5 * (6 - dead)


def test_kernels_that_are_shifts_of_one_another():
    """The published formulas say 8, 12 and 16; the ranks at the weights as given are 7, 10 and 12."""
    target = line(3, 2, 2)
    for width in (2, 3):
        assert samples(line(3, 2, width), target, SHIFTS) == 7
        assert samples(line(3, 2, width, shared=False), target, SHIFTS) == 9
        assert samples(ll.mlp(3, width + 1, 1, bias=False), target, SHIFTS) == 12
    assert ll.model_rank(target, at=SHIFTS).lower == 7
    free, kernels = line(3, 2, 2, shared=False), [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    assert ll.model_rank(free, at={"K": kernels, "a": [[2, 3], [5, 7]]}).interval == "= 10"
    # The same function with all of 8 tanh x2 in one channel, and the dead neuron moved elsewhere or null.
    assert (
        ll.model_rank(free, at={"K": [[[1, 0], [0, 0]], [[0, 1], [0, 1]]], "a": [[2, 0], [8, 7]]}).upper == 9
    )


def test_kernels_that_are_shifts_of_one_another_in_two_dimensions():
    weights = {"K": [[[1, 0], [0, 0]], [[0, 1], [0, 0]]], "a": [[[2, 3], [5, 7]], [[11, 13], [17, 19]]]}
    target = square(3, 2, 2)
    assert samples(square(3, 2, 2), target, weights) == 14  # formula: 16
    assert samples(square(3, 2, 2, shared=False), target, weights) == 30  # formula: 40
    assert samples(ll.mlp(9, 8, 1, bias=False), target, weights) == 60  # formula: 80


# Deep networks


@pytest.mark.parametrize(
    ("widths", "bias", "value"),
    [
        ((3, 1, 1, 1), False, 5),
        ((4, 2, 3, 1), False, 17),
        ((5, 2, 2, 2, 1), False, 20),
        ((2, 3, 2, 1), True, 20),
        ((2, 3, 2, 1), "hidden", 19),
        ((784, 3, 2, 1), True, 2366),
    ],
)
def test_deep_tanh_networks_need_the_parameters_of_the_narrow_one(widths, bias, value):
    wide = ll.mlp(widths[0], *(m + 2 for m in widths[1:-1]), 1, bias=bias)
    assert samples(wide, ll.mlp(*widths, bias=bias)) == value


def test_a_deep_target_is_reduced():
    """Two neurons of the first layer agree up to sign, one has no output: (1, 1, 1, 1) remains."""
    weights = {"W1": [[1], [-1], [2]], "b1": [1, -1, 5], "W2": [[1, 3, 0]], "b2": [1], "W3": [[2]], "b3": [0]}
    assert samples(ll.mlp(1, 4, 3, 1), ll.mlp(1, 3, 1, 1), weights) == 6
    cancelled = {**weights, "W2": [[1, 1, 0]]}  # tanh(z) + tanh(-z) = 0: f* is constant
    assert samples(ll.mlp(1, 4, 3, 1), ll.mlp(1, 3, 1, 1), cancelled) == 1


def test_several_outputs_are_counted_in_samples():
    verdict = ll.optimistic_sample_size(ll.mlp(2, 4, 3), target=ll.mlp(2, 2, 3))
    assert (verdict.lower, verdict.upper) == (15, 15)
    assert verdict.samples_lower is not None
    assert verdict.samples_upper is not None
    assert 5 <= verdict.samples_lower <= verdict.samples_upper <= 15


# Closed forms


@pytest.mark.parametrize(
    ("rows", "cols", "r"), [(4, 4, 1), (4, 4, 2), (4, 4, 3), (4, 4, 4), (3, 5, 2), (6, 2, 2)]
)
def test_matrix_factorisation(rows, cols, r):
    wide = ll.matrix_factorization(rows=rows, inner=5, cols=cols)
    assert samples(wide, ll.matrix_factorization(rows=rows, inner=r, cols=cols)) == r * (rows + cols - r)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("r", [1, 2, 3])
def test_deep_linear_networks_at_every_depth(depth, r):
    wide, target = (ll.mlp(3, *[w] * depth, 4, activation="identity", bias=False) for w in (4, r))
    verdict = ll.optimistic_sample_size(wide, target=target)
    assert (verdict.lower, verdict.upper, verdict.samples) == (r * (3 + 4 - r), r * (3 + 4 - r), 3)


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("sparsity", [0, 1, 2, 3])
def test_sparse_targets_of_diagonal_networks(depth, sparsity):
    u = [[int(j < sparsity) for j in range(3)]] * depth
    assert samples(ll.diagonal(3, depth=depth), ll.diagonal(3, depth=depth), {"u": u}) == sparsity
    assert ll.model_rank(ll.diagonal(3, depth=depth), at={"u": u}).interval == f"= {sparsity}"


@pytest.mark.parametrize(("d", "r"), [(1, 1), (3, 1), (3, 2), (4, 3), (5, 5)])
def test_quadratic_networks(d, r):
    wide, target = (ll.mlp(d, m, 1, activation="power:2", bias=False) for m in (r + 1, r))
    assert samples(wide, target) == r * d - r * (r - 1) // 2


# The embedding bound, and refusals


def test_without_a_theorem_the_narrow_network_bounds_from_above():
    wide, target = ll.mlp(2, 4, 4, 1, activation="silu"), ll.mlp(2, 2, 2, 1, activation="silu")
    verdict = ll.optimistic_sample_size(wide, target=target)
    assert (verdict.lower_verdict, verdict.upper, verdict.verdict) == ("open", 15, "open")
    assert verdict.samples is None
    assert verdict.exit_code() == 3


def test_the_budget_is_kept():
    wide, target = ll.mlp(2, 4, 4, 1, activation="silu"), ll.mlp(2, 2, 2, 1, activation="silu")
    with pytest.raises(OutOfBudget) as stop:
        ll.optimistic_sample_size(wide, target=target, budget=1e-9)
    assert stop.value.verdict.upper == 15


REFUSED = {
    "4 hidden neurons, the network has 3": (ll.mlp(2, 3, 1), ll.mlp(2, 4, 1)),
    "in hidden layer 2, the network has 3": (ll.mlp(2, 3, 3, 1), ll.mlp(2, 3, 4, 1)),
    "the target has 2 hidden layers, the network 1": (ll.mlp(2, 3, 1), ll.mlp(2, 3, 3, 1)),
    "activation sigmoid, the network tanh": (ll.mlp(2, 3, 1), ll.mlp(2, 3, 1, activation="sigmoid")),
    "have biases, and those of the network have none": (ll.mlp(2, 3, 1, bias=False), ll.mlp(2, 2, 1)),
    "more than the 1 kernels": (line(4, 2, 1), line(4, 2, 2)),
    r"extends over \(3,\), the kernel is \(2,\)": (line(4, 2, 2), line(4, 3, 1)),
    "the target matrix has rank 2, the network reaches 1": (
        ll.matrix_factorization(rows=2, inner=1, cols=2),
        ll.matrix_factorization(rows=2, inner=2, cols=2),
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_target_that_cannot_be_expressed_is_refused_with_the_condition_that_fails(reason):
    wide, target = REFUSED[reason]
    with pytest.raises(BadInput, match=reason):
        ll.optimistic_sample_size(wide, target=target)
    assert ll.optimistic_sample_size(target, target=target).upper > 0
