"""Random adversarial questions whose answers are known by a theorem: dependences are planted, then counted.

Two-layer tanh networks have a closed formula at all weights. Splitting neurons and adding null neurons keeps
the rank of an irreducible deep tanh network, its number of parameters, and nothing lowers the least rank of
its function. The tangent spaces of linear networks are sums of nested products. Combinations of independent
functions have the rank of their coefficients.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np

from tests.contracts.deep_nets import disguised, null, silent, split
from tests.contracts.rational import Row, argument, low_rank, number, opposite, product, rank


@dataclass(frozen=True)
class Question:
    """What is asked at given weights, with the true value of both bounds."""

    id: str
    ask: tuple[str, ...]
    truth: int
    weights: dict[str, Any] | None = None

    @property
    def size(self) -> int:
        """The number of parameters, or of functions."""
        if self.weights is None:
            return len(self.ask) - 1
        return sum(np.array(value, dtype=object).size for value in self.weights.values())


# Two-layer networks


def two_layer(seed: int) -> Question:
    """Return a two-layer tanh network with clones, sign clones, silent and constant neurons."""
    random = Random(f"two-layer {seed}")
    d, c, bias = random.randint(1, 3), random.randint(1, 2), random.choice((True, "hidden", False))
    neurons: list[Row] = []
    for _ in range(random.randint(1, 5)):
        neurons.append(neuron(random, d, bias is not False, neurons))
    out = [tuple(Fraction(random.choice((0, 1, -1, 2))) for _ in range(c)) for _ in neurons]
    weights: dict[str, Any] = {"W1": [row[:-1] for row in neurons], "W2": list(zip(*out, strict=True))}
    if bias:
        weights["b1"] = [row[-1] for row in neurons]
    if bias is True:
        weights["b2"] = [number(random) for _ in range(c)]
    truth = two_layer_rank(neurons, out, d, c, bias)
    net = f"mlp({d}, {len(neurons)}, {c}, bias={bias!r})"
    return Question(f"two-layer-{seed}", ("rank", net), truth, weights)


def neuron(random: Random, d: int, biased: bool, others: Sequence[Row]) -> Row:
    """Return weights and bias: new or deceptive ones, those of a clone or sign clone, or a constant's."""
    row = argument(random, d, biased, others)
    kind = random.choice(("new", "new", "clone", "sign", "constant"))
    if kind == "constant":
        return (Fraction(0),) * d + row[-1:]
    if kind == "new" or not others:
        return row
    copied = random.choice(others)
    return copied if kind == "clone" else opposite(copied)


def two_layer_rank(neurons: Sequence[Row], out: Sequence[Row], d: int, c: int, bias: object) -> int:
    """Return the sum of c + (d + [hidden bias]) dim span(a) over clusters, and the share of the constants."""
    clusters: dict[Row, list[Row]] = {}
    constants = []
    for row, a in zip(neurons, out, strict=True):
        if any(row[:-1]):
            clusters.setdefault(max(row, opposite(row)), []).append(a)
        else:
            constants.append((row[-1], a))
    total = sum(c + (d + (bias is not False)) * rank(group) for group in clusters.values())
    span = rank([a for _, a in constants])
    if bias is True or any(b for b, _ in constants):
        return total + d * span + c
    return total + d * span + (span if bias else 0)


# Deep networks


def critical(seed: int) -> Question:
    """Return the rank of an irreducible network after splitting and null neurons: its parameter count."""
    net, count = disguised(Random(f"critical {seed}"), (split, null))
    return Question(f"deep-rank-{seed}", ("rank", f"mlp{tuple(net.widths)}"), count, net.weights())


def least(seed: int) -> Question:
    """Return the least rank over the target set of an irreducible network in disguise."""
    net, count = disguised(Random(f"least {seed}"), (split, null, silent), constants=True)
    wide = [net.widths[0], *(width + 1 for width in net.widths[1:-1]), net.widths[-1]]
    ask = ("bound", f"mlp{tuple(wide)}", "--target", f"mlp{tuple(net.widths)}")
    return Question(f"deep-bound-{seed}", ask, count, net.weights())


# Linear networks and matrix factorisation


def linear(seed: int) -> Question:
    """Return the rank of a linear network at weights of low rank.

    The tangent space is the sum of U_l (x) V_l with U_l = col(W_L .. W_(l+1)), increasing in l, and
    V_l = row(W_(l-1) .. W_1), decreasing; its dimension is the sum of dim U_l (dim V_l - dim V_(l+1)).
    """
    random = Random(f"linear {seed}")
    widths = [random.randint(1, 4) for _ in range(random.randint(3, 5))]
    W = [low_rank(random, b, a) for a, b in pairwise(widths)]
    V, head = [widths[0]], W[0]
    for matrix in W[1:]:
        V.append(rank(head))
        head = product(matrix, head)
    U, tail = [widths[-1]], W[-1]
    for matrix in W[-2::-1]:
        U.insert(0, rank(tail))
        tail = product(tail, matrix)
    truth = sum(u * (v - after) for u, (v, after) in zip(U, pairwise([*V, 0]), strict=True))
    net = f"mlp({', '.join(map(str, widths))}, activation='identity', bias=False)"
    return Question(f"linear-{seed}", ("rank", net), truth, {f"W{k}": M for k, M in enumerate(W, 1)})


def factorization(seed: int) -> Question:
    """Return the rank mn - (m - rank A)(n - rank B) of A B at factors of low rank."""
    random = Random(f"factorization {seed}")
    m, k, n = (random.randint(1, 4) for _ in range(3))
    A, B = low_rank(random, m, k), low_rank(random, k, n)
    truth = m * n - (m - rank(A)) * (n - rank(B))
    net = f"matrix_factorization(rows={m}, inner={k}, cols={n})"
    return Question(f"factorization-{seed}", ("rank", net), truth, {"A": A, "B": B})


# Families of functions


def family(seed: int) -> Question:
    """Return combinations of 1, x, y, tanh u, sech^2 u, x sech^2 u for two neurons u, differently written."""
    random = Random(f"family {seed}")
    basis = [("1",), ("x",), ("y",), *(forms for u in two_neurons(random) for forms in spellings(u))]
    inner = [[Fraction(random.choice((0, 0, 1, -1, 2))) for _ in basis] for _ in range(3)]
    C = product(low_rank(random, random.randint(3, 6), 3), inner)
    functions = [combination(random, row, basis) for row in C]
    return Question(f"family-{seed}", ("independence", *functions), rank(C))


def two_neurons(random: Random) -> list[str]:
    """Return the arguments of two neurons that are different up to sign, as texts."""
    rows: list[Row] = []
    while len(rows) < 2:
        row = argument(random, 2, True, rows)
        if any(row[:-1]) and not {row, opposite(row)} & set(rows):
            rows.append(row)
    return ["+".join(f"({v})*{name}" for v, name in zip(row, ("x", "y", "1"), strict=True)) for row in rows]


def spellings(u: str) -> list[tuple[str, ...]]:
    """Return several ways to write tanh u, sech^2 u and x sech^2 u."""
    squares = (f"sech({u})^2", f"(1-tanh({u})^2)", f"(1-tanh(-({u}))^2)", f"4/(exp({u})+exp(-({u})))^2")
    return [
        (f"tanh({u})", f"(2*sigmoid(2*({u}))-1)", f"(-tanh(-({u})))"),
        squares,
        tuple(f"x*{square}" for square in squares),
    ]


def combination(random: Random, row: Sequence[Fraction], basis: Sequence[tuple[str, ...]]) -> str:
    """Return a combination of functions, each in one of its spellings."""
    terms = [f"({v})*{random.choice(forms)}" for v, forms in zip(row, basis, strict=True) if v]
    return "+".join(terms) or "0*x"


Maker = Callable[[int], Question]
COUNTS: dict[Maker, int] = {
    two_layer: 120,
    critical: 70,
    least: 70,
    linear: 50,
    factorization: 30,
    family: 50,
}
