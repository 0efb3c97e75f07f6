"""Gated MLP: linear units, each multiplied by a gate (Shazeer, arXiv:2002.05202)."""

import numpy as np

from llrsym.testing import Architecture, Embedding


def glu(p, x):
    gate = 1 / (1 + np.exp(-(p["G"] @ x)))
    return p["A"] @ (gate * (p["W"] @ x))


def shapes(d, k, o):
    return {"G": (k, d), "W": (k, d), "A": (o, k), "x": (d,)}


def scale(p, layer="W"):
    """Row j of W grows, and column j of A shrinks by the same factor."""
    for j in range(len(p[layer])):
        V, A = 0 * p[layer], 0 * p["A"]
        V[j], A[:, j] = p[layer][j], -p["A"][:, j]
        yield {layer: V, "A": A}


def split(p, r):
    """Unit 0 twice, with the parts r and 1 - r of its outgoing weights."""
    G, W, A = p["G"], p["W"], p["A"]
    A = np.concatenate([r * A[:, :1], A[:, 1:], (1 - r) * A[:, :1]], axis=1)
    return {"G": np.concatenate([G, G[:1]]), "W": np.concatenate([W, W[:1]]), "A": A}


net = Architecture(
    forward=glu,
    shapes=shapes,
    sizes={"d": [1, 2], "k": [1, 2], "o": [1, 2]},
    symmetries=[scale],
    embeddings=[Embedding(split, into={"k": "k + 1"})],
    claims=["M = k*(2*d + o)", "rank = k*(2*d + o - 1)"],
)
small = net(d=2, k=2, o=1)


# Other gates: z * sigmoid(z), and z itself


def swiglu(p, x):
    z = p["G"] @ x
    return p["A"] @ (z / (1 + np.exp(-z)) * (p["W"] @ x))


def bilinear(p, x):
    return p["A"] @ ((p["G"] @ x) * (p["W"] @ x))


def gate_scale(p):
    """Row j of G grows, and column j of A shrinks by the same factor."""
    return scale(p, "G")


def mix(p):
    """Rows i and j move by multiples of each other, with effects on f that cancel."""
    a = p["A"][0]
    for i, j in np.ndindex(len(a), len(a)):
        if i != j:
            yield exchange(p, ("G", i, a[j] * p["G"][j]), ("W", j, -a[i] * p["W"][i]))
        if i < j:
            yield exchange(p, ("G", i, a[j] * p["W"][j]), ("G", j, -a[i] * p["W"][i]))
            yield exchange(p, ("W", i, a[j] * p["G"][j]), ("W", j, -a[i] * p["G"][i]))


def exchange(p, *moves):
    direction = {"G": 0 * p["G"], "W": 0 * p["W"]}
    for layer, row, value in moves:
        direction[layer][row] = value
    return direction


swish = Architecture(
    forward=swiglu,
    shapes=shapes,
    sizes={"d": [1, 2], "k": [1, 2], "o": [1, 2]},
    symmetries=[scale],
    claims=["rank = k*(2*d + o - 1)"],
)
no_gate = Architecture(
    forward=bilinear,
    shapes=lambda d, k: shapes(d, k, 1),
    sizes={"d": [2, 4], "k": [1, 2]},
    symmetries=[scale, gate_scale, mix],
    claims=["rank = min(2*k, d)*(2*d - min(2*k, d) + 1)/2"],
)
