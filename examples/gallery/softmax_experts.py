"""Mixture of softmax experts with a softmax gate (Yang et al., arXiv:1711.03953)."""

import numpy as np

from llrsym.testing import Architecture, Embedding


def softmax(z):
    weights = np.exp(z)
    return weights / weights.sum(axis=-1, keepdims=True)


def mixture(p, x):
    gate = softmax(p["G"] @ x + p["g"])
    return gate @ softmax(p["V"] @ x + p["v"])


def shapes(n, c, d):
    return {"G": (n, d), "g": (n,), "V": (n, c, d), "v": (n, c), "x": (d,)}


def gate_shift(p):
    """All logits of the gate grow by the same affine function of x."""
    yield {"g": 0 * p["g"] + 1}
    for column in np.eye(p["G"].shape[1], dtype=int):
        yield {"G": 0 * p["G"] + column}


def expert_shift(p):
    """All logits of one expert grow by the same affine function of x."""
    for expert in np.eye(len(p["g"]), dtype=int):
        yield {"v": 0 * p["v"] + expert[:, None]}
        for column in np.eye(p["G"].shape[1], dtype=int):
            yield {"V": 0 * p["V"] + expert[:, None, None] * column}


def double(p):
    """Every expert twice: each copy has half of the weight."""
    return {name: np.concatenate([value, value]) for name, value in p.items()}


net = Architecture(
    forward=mixture,
    shapes=shapes,
    sizes={"n": [2, 3], "c": [2, 3], "d": [1, 2]},
    where="n + c + d <= 6",
    symmetries=[gate_shift, expert_shift],
    embeddings=[Embedding(double, into={"n": "2*n"})],
    claims=["M = n*(c + 1)*(d + 1)", "rank = (n*c - 1)*(d + 1)"],
)
small = net(n=2, c=2, d=1)
