"""Builders: shapes, values against NumPy, canonical text and refusals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.errors import BadInput
from llrsym.kernel.domains import Rationals
from llrsym.kernel.run import forward
from llrsym.networks.builders import conv, diagonal, matrix_factorization, mlp
from llrsym.networks.network import Network
from llrsym.networks.weights import Weights, exact_weights

BIASES = (True, False, "hidden")


def small_integers(network: Network, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-4, 5, shape) for name, shape, _ in network.layers}


def output(network: Network, weights: Weights, point: list[Fraction]) -> list[Fraction]:
    trace = forward(network.program, Rationals(), point, [list(tensor) for tensor in weights])
    return trace.values[network.program.output]


def by_hand(arrays: dict[str, np.ndarray], x: np.ndarray, depth: int) -> list[int]:
    h = x.astype(object)
    for layer in range(1, depth + 1):
        h = arrays[f"W{layer}"].astype(object) @ h + arrays.get(f"b{layer}", 0)
        h = h**3 if layer < depth else h
    return h.tolist()


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.sampled_from(BIASES), st.integers(0, 99))
def test_mlp_computes_the_layers_by_hand(widths, bias, seed):
    network = mlp(*widths, activation="power:3", bias=bias)
    arrays = small_integers(network, seed)
    x = np.random.default_rng(seed + 1).integers(-3, 4, widths[0])
    exact = output(network, exact_weights(network, arrays), [Fraction(int(v)) for v in x])
    assert exact == by_hand(arrays, x, len(widths) - 1)


@pytest.mark.parametrize(
    ("bias", "names", "count"),
    [
        (True, ("W1", "b1", "W2", "b2", "W3", "b3"), 3 * 2 + 3 + 4 * 3 + 4 + 2 * 4 + 2),
        (False, ("W1", "W2", "W3"), 3 * 2 + 4 * 3 + 2 * 4),
        ("hidden", ("W1", "b1", "W2", "b2", "W3"), 3 * 2 + 3 + 4 * 3 + 4 + 2 * 4),
    ],
)
def test_mlp_parameters(bias, names, count):
    network = mlp(2, 3, 4, 2, bias=bias)
    assert network.parameter_names == names
    assert network.parameter_count == count == len(network.entry_names())
    assert dict(zip(names, network.parameter_shapes, strict=True))["W2"] == (4, 3)
    assert (network.inputs, network.outputs) == (2, 2)


def test_layers_and_entry_names_are_row_major():
    network = mlp(2, 2, 1)
    assert network.layers[:2] == (("W1", (2, 2), 4), ("b1", (2,), 2))
    assert network.entry_names()[:5] == ["W1[0,0]", "W1[0,1]", "W1[1,0]", "W1[1,1]", "b1[0]"]


def test_matrix_factorization_is_the_product():
    network = matrix_factorization(rows=2, inner=3, cols=4)
    arrays = small_integers(network, 5)
    product = (arrays["A"] @ arrays["B"]).ravel().tolist()
    assert output(network, exact_weights(network, arrays), []) == product
    assert (network.inputs, network.outputs, network.parameter_names) == (0, 8, ("A", "B"))


def test_canonical_text():
    assert mlp(2, 8, 1).text == "mlp(2, 8, 1, activation='tanh', bias=True)"
    assert mlp(2, 8, 1, bias="hidden").text == "mlp(2, 8, 1, activation='tanh', bias='hidden')"
    assert str(matrix_factorization(rows=2, inner=1, cols=3)) == (
        "matrix_factorization(rows=2, inner=1, cols=3)"
    )


def test_the_representation_does_not_print_the_program():
    assert repr(mlp(2, 1)) == "Network(text=\"mlp(2, 1, activation='tanh', bias=True)\")"


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: mlp(), "at least two widths, got 0"),
        (lambda: mlp(2), "at least two widths, got 1"),
        (lambda: mlp(2, 0, 1), r"widths\[1\] is 0; give a positive integer"),
        (lambda: mlp(2, -3, 1), r"widths\[1\] is -3"),
        (lambda: mlp(2, True, 1), r"widths\[1\] is True"),
        (lambda: mlp(2, 2.0, 1), r"widths\[1\] is 2.0"),
        (lambda: mlp(2, "3", 1), r"widths\[1\] is '3'"),
        (lambda: mlp(2, 10**9000, 1), r"widths\[1\] is more than 50000000; use a smaller one"),
        (lambda: mlp(2, 10**9, 1), r"widths\[1\] is more than 50000000"),
        (lambda: mlp(2, 3, 1, bias="output"), "bias is 'output'; use True, False or 'hidden'"),
        (lambda: mlp(2, 3, 1, bias=1), "bias is 1; use"),
        (lambda: mlp(2, 3, 1, bias=None), "bias is None; use"),
        (lambda: mlp(2, 3, 1, activation="relu"), "relu is not analytic"),
        (lambda: mlp(20000, 20000, 1), "mlp: .* more than 50000000 .*; use smaller sizes"),
        (lambda: conv(input=6, kernel=(3,), channels=(2,)), "input is 6; give a tuple"),
        (lambda: conv(input=(6,), kernel=(), channels=(2,)), r"kernel is \(\); give a tuple"),
        (lambda: conv(input=(6,), kernel=(7,), channels=(2,)), r"kernel of shape \(7,\) does not fit"),
        (lambda: conv(input=(6, 6), kernel=(3,), channels=(2,)), "does not fit into an input"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(2,), shared=1), "shared is 1; use True or False"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(0,)), r"channels\[0\] is 0"),
        (lambda: diagonal(0), "inputs is 0"),
        (lambda: matrix_factorization(rows=0, inner=1, cols=1), "rows is 0"),
        (
            lambda: matrix_factorization(rows=10**5, inner=1, cols=10**5),
            "more than 50000000 entries; use smaller sizes",
        ),
    ],
)
def test_refusals(build, reason):
    with pytest.raises(BadInput, match=reason):
        build()
