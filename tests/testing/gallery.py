"""Architectures for the tests, right ones and deliberately wrong ones."""

import numpy as np

import llrsym as ll
from llrsym.testing import Architecture, Embedding

SIZES = {"d": [1, 2], "k": [1, 2]}


def forward(p, x):
    """A gate: a product of two linear layers."""
    return p["a"] @ ((p["U"] @ x) * (p["V"] @ x))


def shapes(d, k):
    return {"U": (k, d), "V": (k, d), "a": (k,), "x": (d,)}


def scales(p):
    """Each unit may be scaled in U or in V."""
    for name in ("U", "V"):
        for unit in range(len(p["a"])):
            direction = {name: 0 * p[name], "a": 0 * p["a"]}
            direction[name][unit], direction["a"][unit] = p[name][unit], -p["a"][unit]
            yield direction


def wrong_scale(p):
    """The sign of a is wrong."""
    return {"U": p["U"], "a": p["a"]}


def wrong_at_few_weights(p):
    """Right where a vanishes, and only there."""
    return {"U": p["U"] * p["a"][0] ** 2}


def not_polynomial(p):
    """A symmetry that divides by a weight: it is tested, not proved."""
    return {"U": p["U"] / (1 + p["a"][0] ** 2), "a": -p["a"] / (1 + p["a"][0] ** 2)}


def split(p, r):
    """Clone unit 0 and share its outgoing weight."""
    U, V, a = p["U"], p["V"], p["a"]
    a = np.concatenate([[r * a[0]], a[1:], [(1 - r) * a[0]]])
    return {"U": np.concatenate([U, U[:1]]), "V": np.concatenate([V, V[:1]]), "a": a}


def wrong_split(p):
    """The outgoing weight is not shared."""
    a = np.concatenate([p["a"], p["a"][:1]])
    return {"U": np.concatenate([p["U"], p["U"][:1]]), "V": np.concatenate([p["V"], p["V"][:1]]), "a": a}


def not_critical(p):
    """A new unit with U = 1, V = 0, a = 1: the function is kept, the derivative by V is new."""
    one, zero = 0 * p["U"][:1] + 1, 0 * p["V"][:1]
    return {
        "U": np.concatenate([p["U"], one]),
        "V": np.concatenate([p["V"], zero]),
        "a": np.concatenate([p["a"], [1]]),
    }


gate = Architecture(
    forward=forward,
    shapes=shapes,
    sizes=SIZES,
    symmetries=[scales],
    embeddings=[Embedding(split, into={"k": "k+1"})],
    claims=["M = k*(2*d+1)", "rank <= k*(2*d-1)"],
)


def with_(**changes):
    """The gate with other declarations."""
    return Architecture(**({"forward": forward, "shapes": shapes, "sizes": SIZES, "name": "gate"} | changes))


wrong = with_(symmetries=[wrong_scale], claims=["rank = k*(2*d-1)"])
imported = ll.mlp(1, 2, 1, bias=False), {"W1": [[1.0], [0.5]], "W2": [[1.0, 2.0]]}


def by_defaults(d=2, k=1):
    return ll.mlp(d, k, 1, bias=False)


def without_defaults(d, k):
    return ll.mlp(d, k, 1, bias=False)


def too_narrow(d=0):
    return ll.mlp(d, 1, 1)


def sine(p, x):
    return p["a"] @ np.sin(p["W"] @ x)


sine.shapes = {"W": (2, 1), "a": (2,), "x": (1,)}
number = 5
conflicting = Architecture(
    forward=forward,
    shapes=lambda d, k: {"U": (k, d), "V": (k, d), "a": (k + 1,), "x": (d,)},
    sizes={"d": [1], "k": [2]},
)
unknown_name = Architecture(without_defaults, sizes=SIZES, claims=["rank = k*q"])
