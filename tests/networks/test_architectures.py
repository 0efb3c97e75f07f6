"""Builders of architectures: values against plain NumPy, shapes, canonical text, refusals."""

from itertools import product
from math import prod

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from llrsym.domains.float64 import approx_trace
from llrsym.errors import BadInput
from llrsym.kernel.models import Convolution
from llrsym.networks.builders import (
    BUILDERS,
    attention,
    conv,
    gated,
    mixture_of_experts,
    recurrent,
    residual,
    tied_autoencoder,
    transformer,
)
from llrsym.networks.text import parse_network
from llrsym.networks.weights import exact_weights


def drawn(network, seed=0, points=3):
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(size=shape) for name, shape, _ in network.layers}
    return weights, rng.normal(size=(points, *network.program.input_shape))


def values(network, weights, xs):
    flat = xs.reshape(len(xs), -1)
    trace = approx_trace(network.program, exact_weights(network, weights), flat)
    return np.broadcast_to(
        trace.values[network.program.output], (len(xs), *network.program.shapes[network.program.output])
    )


def check_values(network, by_hand):
    """Compare the program with a plain function of the weights and one input."""
    weights, xs = drawn(network)
    expected = np.array([by_hand(weights, x) for x in xs])
    np.testing.assert_allclose(values(network, weights, xs).reshape(expected.shape), expected, rtol=1e-10)


def logistic(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# Residual and recurrent nets


@pytest.mark.parametrize("bias", [True, False, "hidden"])
def test_residual(bias):
    network = residual(width=3, blocks=2, hidden=(4, 2), activation="sigmoid", bias=bias)

    def by_hand(p, x):
        for k in "12":
            x = x + p[f"V{k}"] @ logistic(p[f"W{k}"] @ x + p.get(f"b{k}", 0)) + p.get(f"c{k}", 0)
        return x

    check_values(network, by_hand)
    biases = {True: (4 + 3) + (2 + 3), False: 0, "hidden": 4 + 2}
    assert network.parameter_count == 2 * 3 * (4 + 2) + biases[bias]


@pytest.mark.parametrize(("bias", "all_steps"), [(True, True), (False, False), ("hidden", True)])
def test_recurrent(bias, all_steps):
    network = recurrent(
        inputs=2, hidden=3, steps=4, activation="tanh", bias=bias, outputs=2, all_steps=all_steps
    )

    def by_hand(p, x):
        h, outputs = np.zeros(3), []
        for row in x:
            h = np.tanh(p["A"] @ h + p["B"] @ row + p.get("b", 0))
            outputs.append(p["C"] @ h + p.get("c", 0))
        return np.array(outputs if all_steps else outputs[-1])

    check_values(network, by_hand)
    assert network.outputs == (8 if all_steps else 2)
    assert network.parameter_count == 9 + 6 + 6 + {True: 5, False: 0, "hidden": 3}[bias]


# Attention


def attention_by_hand(p, x, kind, causal, suffix=""):
    total = np.zeros((len(x), p[f"WO{suffix}"].shape[1]))
    for head in range(len(p[f"WQ{suffix}"])):
        q, k, v = (
            x @ p[f"W{name}{suffix}"][head].T + (p[f"b{name}{suffix}"][head] if f"bQ{suffix}" in p else 0)
            for name in "QKV"
        )
        scores = q @ k.T
        if kind == "softmax":
            scores = softmax(np.where(np.tri(len(x)), scores, -np.inf) if causal else scores)
        elif causal:
            scores = np.tril(scores)
        total += scores @ v @ p[f"WO{suffix}"][head].T
    return total + p.get(f"bO{suffix}", 0)


@pytest.mark.parametrize(
    ("kind", "bias", "causal"), list(product(("softmax", "linear"), (True, False), (True, False)))
)
def test_attention(kind, bias, causal):
    network = attention(tokens=4, dim=3, head_dim=2, heads=2, kind=kind, bias=bias, causal=causal)
    check_values(network, lambda p, x: attention_by_hand(p, x, kind, causal))
    assert network.parameter_count == 4 * 2 * 2 * 3 + (3 * 4 + 3 if bias else 0)


def test_attention_to_one_token_is_linear():
    network = attention(tokens=1, dim=2, head_dim=2)
    check_values(network, lambda p, x: x @ p["WV"][0].T @ p["WO"][0].T)


@pytest.mark.parametrize(("bias", "causal", "head_dim"), [(True, False, None), (False, True, 3)])
def test_transformer(bias, causal, head_dim):
    network = transformer(
        tokens=3,
        dim=4,
        heads=2,
        hidden=5,
        blocks=2,
        activation="tanh",
        norm=None,
        bias=bias,
        causal=causal,
        head_dim=head_dim,
    )

    def by_hand(p, x):
        for k in "12":
            x = x + attention_by_hand(p, x, "softmax", causal, k)
            x = x + np.tanh(x @ p[f"W{k}"].T + p.get(f"b{k}", 0)) @ p[f"V{k}"].T + p.get(f"c{k}", 0)
        return x

    check_values(network, by_hand)
    a = head_dim or 2
    assert network.parameter_count == 2 * (4 * 2 * a * 4 + 2 * 4 * 5 + (6 * a + 4 + 5 + 4) * bias)


@pytest.mark.parametrize("norm", ["layer", "rms"])
@pytest.mark.parametrize("bias", [True, False])
def test_transformer_with_normalisation(norm, bias):
    network = transformer(
        tokens=3, dim=4, heads=2, hidden=5, norm=norm, bias=bias, activation="tanh", epsilon="1/8"
    )

    def normalised(p, x, name):
        x = x - x.mean(axis=1, keepdims=True) if norm == "layer" else x
        x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 0.125)
        return p[f"gamma{name}"] * x + p.get(f"beta{name}", 0)

    def by_hand(p, x):
        x = x + attention_by_hand(p, normalised(p, x, "A1"), "softmax", False, "1")
        h = normalised(p, x, "F1")
        return x + np.tanh(h @ p["W1"].T + p.get("b1", 0)) @ p["V1"].T + p.get("c1", 0)

    check_values(network, by_hand)
    assert network.parameter_count == 64 + 40 + 8 + (16 + 5 + (norm == "layer") * 8 + 4 + 4 - 1 - 3) * bias


# Convolutions


def convolution_layers(p, x, layers, stride, padding):
    """Shared kernels, one stride and padding for all layers; yields the preactivations of every layer."""
    h = x[None]
    for k in range(1, layers + 1):
        name = str(k) if layers > 1 else ""
        kernels, bias = p[f"K{name}"], p.get(f"b{name}")
        kernels = kernels[:, None] if k == 1 else kernels
        axes = x.ndim + 1
        padded = np.pad(h, [(0, 0), *[(n, n) for n in padding]])
        windows = sliding_window_view(padded, kernels.shape[1:])[0]
        full = np.tensordot(kernels, windows, (range(1, axes + 1), range(axes - 1, 2 * axes - 1)))
        z = full[(slice(None), *(slice(None, None, step) for step in stride))]
        z = z if bias is None else z + bias.reshape(-1, *(1,) * x.ndim)
        yield z
        h = np.tanh(z)


@pytest.mark.parametrize(
    ("shape", "kernel", "channels", "stride", "padding", "bias"),
    [
        ((7,), (3,), (2, 3), (1,), (0,), False),
        ((7,), (2,), (3, 2, 2), (2,), (1,), True),
        ((5, 8), (2, 3), (2, 2), (1, 2), (1, 0), "hidden"),
        ((6,), (3,), (2,), (2,), (1,), True),
        ((4, 3, 3), (2, 2, 2), (2,), (2, 1, 1), (0, 0, 1), False),
    ],
)
@pytest.mark.parametrize("outputs", [1, 2, None])
def test_convolution(shape, kernel, channels, stride, padding, bias, outputs):
    network = conv(
        input=shape,
        kernel=kernel,
        channels=channels,
        stride=stride,
        padding=padding,
        bias=bias,
        outputs=outputs,
    )

    def by_hand(p, x):
        *_, z = convolution_layers(p, x, len(channels), stride, padding)
        if outputs is None:
            return z
        weights = p["a"].reshape(outputs, -1)
        return weights @ np.tanh(z).ravel() + p.get("b_out", 0)

    check_values(network, by_hand)


@pytest.mark.parametrize("outputs", [1, None])
def test_kernels_of_one_value_at_all_positions_are_shared_ones(outputs):
    options = {"input": (4, 3), "kernel": (2, 2), "channels": (2, 2), "padding": (1, 1), "bias": True}
    tied, own = (conv(**options, shared=shared, outputs=outputs) for shared in (True, False))
    weights, xs = drawn(tied)
    spread = {}
    for name, shape, _ in own.layers:
        if name[0] in "Kb" and name != "b_out":
            channels, *rest = weights[name].shape
            places = shape[1 : 1 + len(shape) - len(weights[name].shape)]
            source = weights[name].reshape(channels, *(1,) * len(places), *rest)
            spread[name] = np.broadcast_to(source, shape).copy()
        else:
            spread[name] = weights[name]
    np.testing.assert_allclose(values(tied, weights, xs), values(own, spread, xs), rtol=1e-12)


def test_every_layer_has_its_own_kernel_stride_and_padding():
    network = conv(
        input=(8,), kernel=((3,), (2,)), channels=(1, 1), stride=((2,), (1,)), padding=((0,), (1,)),
        activation="identity", outputs=None,
    )  # fmt: skip

    def by_hand(p, x):
        h = np.correlate(x, p["K1"][0], "valid")[::2]
        return np.correlate(np.pad(h, 1), p["K2"][0, 0], "valid")

    check_values(network, by_hand)
    assert "kernel=((3,), (2,)), channels=(1, 1)" in network.text
    assert network.text.endswith("stride=((2,), (1,)), padding=((0,), (1,)))")


def test_one_plain_layer_is_the_convolution_that_theorems_know():
    network = conv(input=(6,), kernel=((3,),), channels=(2,), stride=1, padding=(0,))
    assert network.model == Convolution((6,), (3,), 2, "tanh", True, False, False, 1)
    assert network == conv(input=(6,), kernel=(3,), channels=(2,))
    assert network.text == (
        "conv(input=(6,), kernel=(3,), channels=(2,), activation='tanh', shared=True, bias=False, outputs=1)"
    )
    assert conv(input=(6,), kernel=(3,), channels=(2,), stride=2).model is None


# Gated, tied, mixed


@pytest.mark.parametrize("bias", [True, False, "hidden"])
def test_gated(bias):
    network = gated(inputs=3, hidden=4, outputs=2, bias=bias)

    def by_hand(p, x):
        gate = logistic(p["W2"] @ x + p.get("b2", 0))
        return p["W3"] @ ((p["W1"] @ x + p.get("b1", 0)) * gate) + p.get("b3", 0)

    check_values(network, by_hand)
    assert network.parameter_count == 32 + {True: 10, False: 0, "hidden": 8}[bias]


@pytest.mark.parametrize("bias", [True, False, "hidden"])
def test_tied_autoencoder(bias):
    network = tied_autoencoder(inputs=3, hidden=2, bias=bias)
    check_values(network, lambda p, x: p["W"].T @ np.tanh(p["W"] @ x + p.get("b", 0)) + p.get("c", 0))


@pytest.mark.parametrize("bias", [True, False])
def test_mixture_of_experts(bias):
    network = mixture_of_experts(inputs=3, experts=4, hidden=2, bias=bias)

    def by_hand(p, x):
        gate = softmax(p["G"] @ x + p.get("c", 0))
        experts = [
            a @ np.tanh(w @ x + b) for a, w, b in zip(p["a"], p["W"], p.get("b", [0] * 4), strict=True)
        ]
        return gate @ experts

    check_values(network, by_hand)


# All of them

NETWORKS = [
    residual(width=3, hidden=4),
    residual(width=3, blocks=2, hidden=[4, 5], bias="hidden"),
    recurrent(inputs=1, hidden=3, steps=4),
    recurrent(inputs=1, hidden=2, steps=2, activation="power:2", bias=False, outputs=2, all_steps=True),
    attention(tokens=4, dim=3, head_dim=2, heads=2, kind="softmax", bias=False),
    attention(tokens=2, dim=3, head_dim=1, kind="linear", bias=True, causal=True),
    transformer(tokens=3, dim=4, heads=2, hidden=8, blocks=1, norm=None),
    transformer(tokens=3, dim=4, heads=2, hidden=8, blocks=1),
    transformer(tokens=2, dim=3, hidden=2, norm="rms", epsilon=0),
    transformer(tokens=2, dim=2, heads=2, hidden=3, blocks=2, activation="tanh", norm=None, head_dim=2),
    conv(input=[9], kernel=[3], channels=[2, 2], bias=True, outputs=2),
    conv(input=(9, 9), kernel=((3, 3), (2, 2)), channels=(2, 2), shared=False, padding=1),
    conv(input=(9,), kernel=(3,), channels=(2,), outputs=None),
    gated(inputs=3, hidden=2, outputs=2, activation="silu", bias="hidden"),
    tied_autoencoder(inputs=3, hidden=2, activation="identity", bias=False),
    mixture_of_experts(inputs=2, experts=3, hidden=2, bias=False),
]


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_the_text_rebuilds_the_network(network):
    assert parse_network(network.text) == network
    assert parse_network(network.text).text == network.text
    assert network.parameter_count == sum(prod(shape) for shape in network.parameter_shapes)


def test_every_builder_is_public():
    import llrsym

    assert {name: getattr(llrsym, name) for name in BUILDERS} == BUILDERS


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: residual(width=0, hidden=2), "residual: width is 0; give a positive integer"),
        (lambda: residual(width=2, hidden=0), "residual: hidden is 0"),
        (lambda: residual(width=2, blocks=2, hidden=(1, 0)), r"residual: hidden\[1\] is 0"),
        (lambda: residual(width=2, blocks=3, hidden=(1, 1)), r"hidden is \(1, 1\) for 3 blocks; give one"),
        (lambda: residual(width=2, blocks=10**4, hidden=1), "blocks is 10000, more than 1000; use a"),
        (lambda: residual(width=2, hidden=1, bias=0), "residual: bias is 0; use True, False or 'hidden'"),
        (lambda: residual(width=10**4, hidden=10**4), "residual: a tensor of shape .* use smaller sizes"),
        (lambda: recurrent(inputs=1, hidden=3, steps=0), "recurrent: steps is 0"),
        (lambda: recurrent(inputs=1, hidden=3, steps=2, all_steps=1), "all_steps is 1; use True or False"),
        (lambda: recurrent(inputs=1, hidden=3, steps=2, activation="relu"), "relu is not analytic"),
        (lambda: recurrent(inputs=1, hidden=3, steps=2, outputs=-1), "recurrent: outputs is -1"),
        (lambda: attention(tokens=2, dim=3, head_dim=0), "attention: head_dim is 0"),
        (lambda: attention(tokens=2, dim=3, head_dim=1, kind="relu"), "kind is 'relu'; use 'softmax' or 'li"),
        (lambda: attention(tokens=2, dim=3, head_dim=1, kind=[]), r"kind is \[\]; use 'softmax' or"),
        (lambda: attention(tokens=2, dim=3, head_dim=1, bias="hidden"), "bias is 'hidden'; use True or"),
        (lambda: attention(tokens=2, dim=3, head_dim=1, causal=None), "causal is None; use True or False"),
        (lambda: attention(tokens=10**6, dim=3, head_dim=1), "attention: a tensor of shape .* smaller sizes"),
        (lambda: transformer(tokens=3, dim=4, hidden=8, epsilon=-1), "epsilon is -1; give a number such as"),
        (lambda: transformer(tokens=3, dim=4, hidden=8, epsilon=1e-5), "epsilon is 1e-05; give a number"),
        (lambda: transformer(tokens=3, dim=4, hidden=8, epsilon="1/0"), "epsilon is '1/0'; give a number"),
        (lambda: transformer(tokens=3, dim=4, hidden=8, norm="batch"), "norm is 'batch'; use 'layer', '"),
        (lambda: transformer(tokens=3, dim=4, heads=3, hidden=8, norm=None), "3 heads do not divide dim = 4"),
        (lambda: transformer(tokens=3, dim=4, hidden=8, norm=None, head_dim=0), "head_dim is 0"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(2, 0)), r"channels\[1\] is 0"),
        (lambda: conv(input=(6,), kernel=((3,),), channels=(2, 2)), "kernel has 1 entries for 2 layers"),
        (lambda: conv(input=(6,), kernel=(4,), channels=(2, 2)), r"input of \(3,\) in layer 2; use"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(2,), stride=0), r"stride\[0\] is 0; give a pos"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(2,), stride=(1, 2)), "stride .1, 2. does not fit"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(2,), padding=-1), r"padding\[0\] is -1; give a"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(2,), padding="1"), "padding is '1'; give a tuple"),
        (lambda: conv(input=(6,), kernel=(3,), channels=(2,), outputs=0), "conv: outputs is 0"),
        (
            lambda: conv(input=(10**4,), kernel=(10**4,), channels=(1,), stride=1, padding=10**4),
            "conv: a tensor of shape .* smaller sizes",
        ),
        (lambda: gated(inputs=1, hidden=0), "gated: hidden is 0"),
        (lambda: tied_autoencoder(inputs=1, hidden=2.0), "tied_autoencoder: hidden is 2.0"),
        (lambda: mixture_of_experts(inputs=1, experts=2, hidden=1, bias=2), "bias is 2; use True or False"),
    ],
)  # fmt: skip
def test_refusals(build, reason):
    with pytest.raises(BadInput, match=reason):
        build()
