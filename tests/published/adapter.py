"""From the machine-readable description of a published case to a network and, at point cases, its weights.

Generic entries are seeded random rationals, so a case names one exact point and the same one on every run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import mlp
from llrsym.networks.network import Network
from tests.published import architectures
from tests.published.architectures import BIAS, Build, activation_of

Rows = list[Any]
Weights = dict[str, Rows]

DATA = Path(__file__).parent.parent / "data"


def read_data(name: str) -> Any:
    """Return the content of a JSON file of the test data."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def network_of(build: Build) -> Network:
    """Return the network that a case describes."""
    return _NETWORKS[build["kind"]](build)


def point_of(build: Build, seed: str) -> Weights | None:
    """Return the weights of a case about one point, or None when the case is about almost every weight."""
    point = _POINTS.get(build["kind"])
    return None if point is None else point(build, Draw(seed))


def generic_point(network: Network, seed: str) -> Weights:
    """Return weights without any special structure."""
    draw = Draw(seed)
    return {name: draw.tensor(*shape) for name, shape in _shapes(network)}


class Draw:
    """Non-zero rationals of small height, no two equal up to sign, the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)
        self._used: set[Fraction] = set()

    def number(self) -> Fraction:
        """Return one of them."""
        while True:
            size = Fraction(self._random.randint(1, 97 + len(self._used)), self._random.choice((1, 2, 3)))
            if size not in self._used:
                self._used.add(size)
                return self._random.choice((-1, 1)) * size

    def tensor(self, *shape: int) -> Any:
        """Return nested lists of this shape, a number for the empty shape."""
        if not shape:
            return self.number()
        return [self.tensor(*shape[1:]) for _ in range(shape[0])]


def zeros(*shape: int) -> Any:
    """Return nested lists of zeros."""
    return [zeros(*shape[1:]) for _ in range(shape[0])] if shape else 0


# Dense nets


def _dense(widths: list[int], build: Build) -> Network:
    hidden, output, skip = build.get("hb", 0), build.get("ob", 0), build.get("skip", 0)
    name = activation_of(build)
    if (hidden, output) in BIAS and not skip:
        return mlp(*widths, activation=name, bias=BIAS[hidden, output])
    last = len(widths) - 1
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(1, last + 1):
        shapes[f"W{layer}"] = (widths[layer], widths[layer - 1])
        if output if layer == last else hidden:
            shapes[f"b{layer}"] = (widths[layer],)
    if skip:
        shapes["beta"] = (widths[last], widths[0])
    net = Assembly((widths[0],), shapes)
    h = net.input
    for layer in range(1, last + 1):
        h = net.einsum("ij,j->i", net.parameter(f"W{layer}"), h)
        h = net.add(h, net.parameter(f"b{layer}")) if f"b{layer}" in shapes else h
        h = net.activation(name, h) if layer < last else h
    if skip:
        h = net.add(h, net.einsum("ij,j->i", net.parameter("beta"), net.input))
    return Network(f"dense {widths} {name}, parameters {', '.join(shapes)}", net.finish(h))


def _two_widths(build: Build) -> list[int]:
    return [build["d"], len(build["neurons"]), build.get("out", 1)]


def _mlp_point(build: Build, draw: Draw) -> Weights | None:
    if "zero_layers" not in build:
        return None
    dead = {f"W{layer}" for layer in build["zero_layers"]}
    shapes = _shapes(network_of(build))
    return {name: zeros(*shape) if name in dead else draw.tensor(*shape) for name, shape in shapes}


def _shapes(network: Network) -> list[tuple[str, tuple[int, ...]]]:
    return list(zip(network.parameter_names, network.parameter_shapes, strict=True))


def _two_point(build: Build, draw: Draw) -> Weights | None:
    rules = [rule.split() for rule in build["neurons"]]
    if all(rule == ["g"] for rule in rules):
        return None
    outputs = build.get("out", 1)
    neurons: list[tuple[Rows, Fraction, Rows]] = []
    for rule in rules:
        w, b, a = _neuron(rule, neurons, draw.tensor(build["d"]), draw.number(), draw.tensor(outputs))
        neurons.append((w, b, a))
    point = {
        "W1": [w for w, _, _ in neurons],
        "b1": [b for _, b, _ in neurons],
        "W2": [[a[o] for _, _, a in neurons] for o in range(outputs)],
        "b2": draw.tensor(outputs),
        "beta": draw.tensor(outputs, build["d"]),
    }
    return {name: point[name] for name in network_of(build).parameter_names}


def _neuron(
    rule: list[str], earlier: list[tuple[Rows, Fraction, Rows]], w: Rows, b: Fraction, a: Rows
) -> tuple[Rows, Fraction, Rows]:
    """Return (w, b, a) of a neuron by its rule, from generic w, b and a."""
    kind = rule[0]
    source, bias = earlier[int(rule[1])][:2] if len(rule) > 1 else ([], Fraction(0))
    zero = [Fraction(0)] * len(w)
    neurons: dict[str, tuple[Rows, Fraction, Rows]] = {
        "g": (w, b, a),
        "dup": (source, bias, a),
        "neg": ([-v for v in source], -bias, a),
        "samew": (source, b, a),
        "negw": ([-v for v in source], b, a),
        "prop2": ([2 * v for v in source], 2 * bias, a),
        "w0": (zero, b, a),
        "wb0": (zero, Fraction(0), a),
        "b0": (w, Fraction(0), a),
        "a0": (w, b, [Fraction(0)] * len(a)),
        "zero": (zero, Fraction(0), [Fraction(0)] * len(a)),
    }
    return neurons[kind]


# Tied and factored nets


def _diagonal(build: Build) -> Network:
    d = build["d"]
    signed = build.get("form") == "u2-v2"
    names = ["u", "v"] if signed else [f"u{layer}" for layer in range(1, build["L"] + 1)]
    net = Assembly((d,), dict.fromkeys(names, (d,)))
    factors = [net.parameter(name) for name in names]
    if signed:
        minus = net.constant([-1] * d, (d,))
        square, other = (net.multiply(factor, factor) for factor in factors)
        product = net.add(square, net.multiply(minus, other))
    else:
        product = factors[0]
        for factor in factors[1:]:
            product = net.multiply(product, factor)
    return Network(f"diagonal {dict(build)}", net.finish(net.einsum("i,i->", product, net.input)))


def _symmetric_factorization(build: Build) -> Network:
    net = Assembly((build["d"],), {"U": (build["d"], build["r"])})
    u = net.parameter("U")
    output = net.einsum("ij,j->i", u, net.einsum("ij,i->j", u, net.input))
    return Network(f"U U^T x {dict(build)}", net.finish(output))


def _canonical_polyadic(build: Build) -> Network:
    dims, rank = build["dims"], build["k"]
    net = Assembly((sum(dims),), {f"W{j}": (rank, n) for j, n in enumerate(dims)})
    factors, start = [], 0
    for j, n in enumerate(dims):
        part = net.gather([net.input], range(start, start + n), (n,))
        factors.append(net.einsum("ij,j->i", net.parameter(f"W{j}"), part))
        start += n
    product = factors[0]
    for factor in factors[1:]:
        product = net.multiply(product, factor)
    total = net.einsum("i,i->", net.constant([1] * rank, (rank,)), product)
    return Network(f"sum of products {dict(build)}", net.finish(total))


def _tied(build: Build) -> Network:
    d, m = build["d"], build["m"]
    shapes = {"W": (m, d), "b": (m,), "c": (d,)}
    used = {name: shapes[name] for name, flag in (("W", 1), ("b", build["hb"]), ("c", build["ob"])) if flag}
    net = Assembly((d,), used)
    w = net.parameter("W")
    z = net.einsum("ij,j->i", w, net.input)
    z = net.add(z, net.parameter("b")) if "b" in used else z
    y = net.einsum("ij,i->j", w, net.activation(activation_of(build), z))
    y = net.add(y, net.parameter("c")) if "c" in used else y
    return Network(f"W^T sigma(W x) {dict(build)}", net.finish(y))


# Convolutional nets with one hidden layer


def _convolution(build: Build) -> Network:
    n, s, kernels = build["n"], build["s"], build["C"] + build.get("zero", 0)
    places, shared, pooled = n - s + 1, build.get("share", 0), build.get("pool", 0)
    shapes: dict[str, tuple[int, ...]] = {"K": (kernels, s) if shared else (kernels, places, s)}
    if build.get("hb", 0):
        shapes["b"] = (kernels,) if shared else (kernels, places)
    shapes["a"] = (kernels,) if pooled else (kernels, places)
    net = Assembly((n,), shapes)
    patches = net.gather([net.input], [p + k for p in range(places) for k in range(s)], (places, s))
    z = net.einsum("cs,ps->cp" if shared else "cps,ps->cp", net.parameter("K"), patches)
    if "b" in shapes:
        index = [c if shared else c * places + p for c in range(kernels) for p in range(places)]
        z = net.add(z, net.gather([net.parameter("b")], index, (kernels, places)))
    h = net.activation(activation_of(build), z)
    if pooled:
        h = net.einsum("cp,p->c", h, net.constant([1] * places, (places,)))
    f = net.einsum("c,c->" if pooled else "cp,cp->", net.parameter("a"), h)
    return Network(f"convolution {dict(build)}", net.finish(f))


def _convolution_point(build: Build, draw: Draw) -> Weights | None:
    if "zero" not in build:
        return None
    kernels, dead, places = build["C"], build["zero"], build["n"] - build["s"] + 1
    kernel = draw.tensor(kernels, build["s"]) + zeros(dead, build["s"])
    return {"K": kernel, "a": draw.tensor(kernels, places) + zeros(dead, places)}


def _convolution_target(build: Build) -> Network:
    if build["model"] == "local":
        return _convolution(build)
    neurons = build["C"] * (build["n"] - build["s"] + 1) + build["extra"]
    return _dense([build["n"], neurons, 1], build)


def _convolution_target_point(build: Build, draw: Draw) -> Weights:
    n, s, kernels, places = build["n"], build["s"], build["C"], build["n"] - build["s"] + 1
    kernel, a = draw.tensor(kernels, s), draw.tensor(kernels, places)
    if build["model"] == "local":
        return {"K": [[row] * places for row in kernel], "a": a}
    padded = [[0] * p + row + [0] * (n - s - p) for row in kernel for p in range(places)]
    extra = build["extra"]
    return {"W1": padded + zeros(extra, n), "W2": [[v for row in a for v in row] + zeros(extra)]}


_NETWORKS: dict[str, Callable[[Build], Network]] = {
    "mlp": lambda build: _dense(build["widths"], build),
    "two": lambda build: _dense(_two_widths(build), build),
    "diag": _diagonal,
    "symfac": _symmetric_factorization,
    "cp": _canonical_polyadic,
    "tied": _tied,
    "cnn2": _convolution,
    "cnntarget": _convolution_target,
    "conv": architectures.convolution,
    "groupconv": architectures.group_convolution,
    "rnn": architectures.recurrence,
    "res": architectures.residual_blocks,
    "glu": architectures.gated_unit,
    "moe": architectures.experts,
    "softout": architectures.softmax_output,
    "norm": architectures.normalised_layer,
    "attn": architectures.attention_layers,
    "block": architectures.transformer_block,
}
_POINTS: dict[str, Callable[[Build, Draw], Weights | None]] = {
    "mlp": _mlp_point,
    "two": _two_point,
    "cnn2": _convolution_point,
    "cnntarget": _convolution_target_point,
}
