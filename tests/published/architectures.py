"""The published cases beyond dense nets as networks: through a builder where one has the form of the case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import conv, gated, mixture_of_experts, recurrent, residual, transformer
from llrsym.networks.builders.attention import attention_weights, projected
from llrsym.networks.builders.layers import affine, normalised, reshaped, softmax, with_token_bias
from llrsym.networks.network import Network

Build = Mapping[str, Any]
BIAS: dict[tuple[int, int], bool | str] = {(0, 0): False, (1, 1): True, (1, 0): "hidden"}
"""The patterns of (hidden, output) biases that builders have."""
ACTIVATIONS = {"lin": "identity", "gauss": "gaussian"}
COSINE, SINE = Fraction(3, 5), Fraction(4, 5)
"""The rotation of rotary positions: a rational point on the circle, of infinite order."""


def activation_of(build: Build) -> str:
    """Return the library's name of the activation: ``powN`` is z^N, ``poly:...`` lists coefficients."""
    name = str(build["act"])
    if name.startswith("pow"):
        return f"power:{name[3:]}"
    return ACTIVATIONS.get(name, name.replace("poly:", "rational:"))


def bias_of(build: Build) -> bool | str:
    """Return the pattern of biases in the terms of the builders."""
    return BIAS[build.get("hb", 0), build.get("ob", 0)]


def convolution(build: Build) -> Network:
    """1-D convolutions of one channel, with as many inputs as the output positions need."""
    length = build["out"]
    for s, step in zip(reversed(build["k"]), reversed(build["s"]), strict=True):
        length = (length - 1) * step + s
    return conv(
        input=(length,),
        kernel=tuple((s,) for s in build["k"]),
        channels=(1,) * len(build["k"]),
        activation=activation_of(build),
        outputs=None,
        stride=tuple((step,) for step in build["s"]),
    )


def group_convolution(build: Build) -> Network:
    """Circular convolutions on Z_n, the activation between them."""
    n, count = build["n"], build["L"]
    net = Assembly((n,), {f"w{layer}": (n,) for layer in range(count)})
    h = net.input
    for layer in range(count):
        h = net.activation(activation_of(build), h) if layer else h
        shifted = net.gather([h], [(p + k) % n for p in range(n) for k in range(n)], (n, n))
        h = net.einsum("pk,k->p", shifted, net.parameter(f"w{layer}"))
    return Network(f"group convolution {dict(build)}", net.finish(h))


def recurrence(build: Build) -> Network:
    """A recurrent net of state n with m inputs and p outputs."""
    return recurrent(
        inputs=build["m"],
        hidden=build["n"],
        steps=build["T"],
        activation=activation_of(build),
        bias=bias_of(build),
        outputs=build["p"],
        all_steps=bool(build.get("all", 0)),
    )


def residual_blocks(build: Build) -> Network:
    """Residual blocks on R^d with m[l] neurons each."""
    hidden = tuple(build["m"])
    return residual(
        width=build["d"],
        blocks=len(hidden),
        hidden=hidden,
        activation=activation_of(build),
        bias=bias_of(build),
    )


def gated_unit(build: Build) -> Network:
    """A gated linear unit from R^d through m hidden units to R^p."""
    return gated(inputs=build["d"], hidden=build["m"], outputs=build["p"], activation=activation_of(build))


def experts(build: Build) -> Network:
    """A mixture of E experts of m neurons."""
    return mixture_of_experts(
        inputs=build["d"],
        experts=build["E"],
        hidden=build["m"],
        activation=activation_of(build),
        bias=bool(build["gb"]),
    )


def softmax_output(build: Build) -> Network:
    """Class probabilities: the softmax of a dense net."""
    widths = build["widths"]
    last = len(widths) - 1
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(1, last + 1):
        shapes[f"W{layer}"] = (widths[layer], widths[layer - 1])
        shapes |= {f"b{layer}": (widths[layer],)} if build["ob" if layer == last else "hb"] else {}
    net = Assembly((widths[0],), shapes)
    h = net.input
    for layer in range(1, last + 1):
        h = affine(net, f"W{layer}", f"b{layer}", h)
        h = net.activation(activation_of(build), h) if layer < last else h
    return Network(f"softmax output {dict(build)}", net.finish(softmax(net, h)))


def normalised_layer(build: Build) -> Network:
    """W2 act(gamma * Norm(W1 x + b1) + beta) + b2, with layer or root mean square normalisation."""
    inputs, width, outputs = build["widths"]
    shapes: dict[str, tuple[int, ...]] = {"W1": (width, inputs)}
    shapes |= {"b1": (width,)} if build["hb"] else {}
    shapes |= {"gamma": (width,)} if build["affine"] else {}
    shapes |= {"beta": (width,)} if build["affine"] and build["norm"] == "layer" else {}
    shapes |= {"W2": (outputs, width)}
    shapes |= {"b2": (outputs,)} if build["ob"] else {}
    net = Assembly((inputs,), shapes)
    token = reshaped(net, affine(net, "W1", "b1", net.input), (1, width))
    token = normalised(net, token, build["norm"], Fraction(build["eps"]), "")
    h = net.activation(activation_of(build), reshaped(net, token, (width,)))
    return Network(f"normalised {dict(build)}", net.finish(affine(net, "W2", "b2", h)))


def transformer_block(build: Build) -> Network:
    """Transformer blocks without normalisation whose heads have equal sizes of keys and values."""
    if build["ln"] or build["a"] != build["v"]:
        raise ValueError(f"no builder for {dict(build)}")
    return transformer(
        tokens=build["t"],
        dim=build["d"],
        heads=build["h"],
        hidden=build["m"],
        blocks=build.get("n", 1),
        activation=activation_of(build),
        norm=None,
        bias=bool(build["bias"]),
        head_dim=build["a"],
    )


# Attention with any choice of biases and sharing


def attention_layers(build: Build) -> Network:
    """Attention layers one after the other, with the options of each."""
    tokens, layers = build["t"], build["layers"]
    shapes: dict[str, tuple[int, ...]] = {}
    for number, layer in enumerate(layers):
        shapes |= _attention_shapes(layer, number)
    net = Assembly((tokens, layers[0]["din"]), shapes)
    x = net.input
    for number, layer in enumerate(layers):
        y = _attend(net, x, layer, number)
        x = net.add(x, y) if layer.get("res") else y
    return Network(f"attention {dict(build)}", net.finish(x))


def _attention_shapes(layer: Build, number: int) -> dict[str, tuple[int, ...]]:
    inputs, outputs, heads, a = layer["din"], layer["dout"], layer.get("heads", 1), layer["a"]
    groups, v = (1 if layer.get("mqa") else heads), layer.get("v")
    shapes: dict[str, tuple[int, ...]] = {f"WQ{number}": (heads, a, inputs)}
    shapes |= {f"bQ{number}": (heads, a)} if layer.get("qb") else {}
    if not layer.get("tieqk"):
        shapes[f"WK{number}"] = (groups, a, inputs)
        shapes |= {f"bK{number}": (groups, a)} if layer.get("kb") else {}
    if v is None:
        shapes[f"WV{number}"] = (1, outputs, inputs)
    else:
        shapes[f"WV{number}"] = (groups, v, inputs)
        shapes |= {f"bV{number}": (groups, v)} if layer.get("vb") else {}
        shapes[f"WO{number}"] = (heads, outputs, v)
    return shapes | ({f"bO{number}": (outputs,)} if layer.get("ob") else {})


def _attend(net: Assembly, x: int, layer: Build, number: int) -> int:
    heads = layer.get("heads", 1)
    key = "Q" if layer.get("tieqk") else "K"
    q = projected(net, x, f"WQ{number}", f"bQ{number}")
    k = _for_heads(net, projected(net, x, f"W{key}{number}", f"b{key}{number}"), heads)
    v = _for_heads(net, projected(net, x, f"WV{number}", f"bV{number}"), heads)
    if layer.get("rope"):
        q, k = _rotated(net, q), _rotated(net, k)
    scores = net.einsum("hta,hsa->hts", q, k)
    kind = "softmax" if layer.get("softmax") else "linear"
    weights = attention_weights(net, scores, kind, bool(layer.get("causal")))
    y = net.einsum("hts,hsa->hta", weights, v)
    tokens, outputs = net.shape(x)[0], layer["dout"]
    if layer.get("v") is None:
        z = net.gather([y], range(tokens * outputs), (tokens, outputs))
    else:
        z = net.einsum("hta,hoa->to", y, net.parameter(f"WO{number}"))
    return with_token_bias(net, f"bO{number}", z)


def _for_heads(net: Assembly, x: int, heads: int) -> int:
    """Return the keys or values of every head; one group serves all of them."""
    groups, tokens, width = net.shape(x)
    if groups == heads:
        return x
    return net.gather([x], list(range(tokens * width)) * heads, (heads, tokens, width))


def _rotated(net: Assembly, x: int) -> int:
    """Rotate the two entries of token t by t times the angle."""
    _, tokens, _ = net.shape(x)
    matrices = [entry for t in range(tokens) for entry in _rotation(t)]
    return net.einsum("hta,tba->htb", x, net.constant(matrices, (tokens, 2, 2)))


def _rotation(times: int) -> Sequence[Fraction]:
    c, s = Fraction(1), Fraction(0)
    for _ in range(times):
        c, s = c * COSINE - s * SINE, c * SINE + s * COSINE
    return c, -s, s, c
