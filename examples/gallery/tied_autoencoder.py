"""Tied autoencoder: the decoder is the transpose of the encoder (Vincent et al., JMLR 11 (2010))."""

from itertools import combinations

import numpy as np

from llrsym.testing import Architecture, Embedding


def linear(p, x):
    return p["W"].T @ (p["W"] @ x)


def rotations(p):
    """Two units are rotated into each other."""
    for i, j in combinations(range(len(p["W"])), 2):
        W = 0 * p["W"]
        W[i], W[j] = p["W"][j], -p["W"][i]
        yield {"W": W}


def pad(p):
    """One more unit, with the weights 0."""
    return {"W": np.concatenate([p["W"], 0 * p["W"][:1]])}


net = Architecture(
    forward=linear,
    shapes=lambda k, d: {"W": (k, d), "x": (d,)},
    sizes={"k": [1, 2, 3], "d": [2, 3]},
    symmetries=[rotations],
    embeddings=[Embedding(pad, into={"k": "k + 1"})],
    claims=["M = k*d", "rank = min(k, d)*(2*d - min(k, d) + 1)/2"],
)


# With an activation, and without the tie


def tanh(p, x):
    return p["W"].T @ np.tanh(p["W"] @ x + p["b"]) + p["c"]


def pad_tanh(p):
    """One more unit with the weights 0 and the bias 0."""
    return pad(p) | {"b": np.append(p["b"], 0), "c": p["c"]}


def untied(p, x):
    return p["V"].T @ (p["W"] @ x)


nonlinear = Architecture(
    forward=tanh,
    shapes=lambda k, d: {"W": (k, d), "b": (k,), "c": (d,), "x": (d,)},
    sizes={"k": [1, 2], "d": [1, 2]},
    embeddings=[Embedding(pad_tanh, into={"k": "k + 1"})],
    claims=["rank = M"],
)
free = Architecture(
    forward=untied,
    shapes=lambda k, d: {"V": (k, d), "W": (k, d), "x": (d,)},
    sizes={"k": [1, 2, 3], "d": [2, 3]},
    claims=["rank = min(k, d)*(2*d - min(k, d))"],
)
