"""SIREN: sine layers with the frequency factor 30 (Sitzmann et al., arXiv:2006.09661)."""

import numpy as np

from llrsym.testing import Architecture, Embedding


def siren(p, x):
    h = np.sin(30 * (p["W"] @ x + p["b"]))
    return p["a"] @ np.sin(p["V"] @ h + p["c"]) + p["e"]


def shapes(d, k, m):
    return {"W": (k, d), "b": (k,), "V": (m, k), "c": (m,), "a": (m,), "e": (), "x": (d,)}


def split(p, r):
    """Unit 0 of the second layer twice, with the parts r and 1 - r of its amplitude."""
    twice = {name: np.concatenate([p[name], p[name][:1]]) for name in ("V", "c")}
    return p | twice | {"a": np.concatenate([r * p["a"][:1], p["a"][1:], (1 - r) * p["a"][:1]])}


net = Architecture(
    forward=siren,
    shapes=shapes,
    sizes={"d": [1, 2], "k": [1, 2], "m": [1, 2]},
    embeddings=[Embedding(split, into={"m": "m + 1"})],
    claims=["rank = M"],
)


# Complex exponentials: the real part of the sum of (u_j + i v_j) exp(i z_j), and with a window exp(-z_j^2)


def waves(p, x):
    z = p["W"] @ x + p["b"]
    return p["u"] @ np.cos(z) - p["v"] @ np.sin(z)


def wavelets(p, x):
    z = p["W"] @ x + p["b"]
    return (np.exp(-(z**2)) * np.cos(z)) @ p["u"] - (np.exp(-(z**2)) * np.sin(z)) @ p["v"]


def phase(p):
    """The phase of unit j moves from its argument into its amplitude."""
    for unit in np.eye(len(p["b"]), dtype=int):
        yield {"b": unit, "u": unit * p["v"], "v": -unit * p["u"]}


def split_wave(p, r):
    """Unit 0 twice, with the parts r and 1 - r of its amplitude."""
    twice = {name: np.concatenate([p[name], p[name][:1]]) for name in ("W", "b")}
    parts = {name: np.concatenate([r * p[name][:1], p[name][1:], (1 - r) * p[name][:1]]) for name in "uv"}
    return twice | parts


def complex_shapes(d, k):
    return {"W": (k, d), "b": (k,), "u": (k,), "v": (k,), "x": (d,)}


exponentials = Architecture(
    forward=waves,
    shapes=complex_shapes,
    sizes={"d": [1, 2], "k": [1, 2]},
    symmetries=[phase],
    embeddings=[Embedding(split_wave, into={"k": "k + 1"})],
    claims=["M = k*(d + 3)", "rank = k*(d + 2)"],
)
small = exponentials(d=2, k=1)
gabor = Architecture(
    forward=wavelets,
    shapes=complex_shapes,
    sizes={"d": [1, 2], "k": [1, 2]},
    embeddings=[Embedding(split_wave, into={"k": "k + 1"})],
    claims=["rank = M"],
)
