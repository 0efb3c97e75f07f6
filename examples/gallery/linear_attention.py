"""Linear attention: a kernel in the place of the softmax (Katharopoulos et al., arXiv:2006.16236)."""

import numpy as np

from llrsym.testing import Architecture, Embedding


def attention(p, x, feature=np.exp):
    queries, keys = feature(x @ p["Q"].T), feature(x @ p["K"].T)
    return queries @ (keys.T @ (x @ p["V"].T)) / (queries @ keys.sum(axis=0))[:, None]


def shapes(a, d, o):
    return {"Q": (a, d), "K": (a, d), "V": (o, d), "x": (2, d)}


def shift(p):
    """Every query is multiplied by the same exponential, which the quotient cancels."""
    for column in np.eye(p["Q"].shape[1], dtype=int):
        yield {"Q": 0 * p["Q"] + column}


def double(p):
    """Every feature twice, so that the numerator and the denominator double."""
    return {"Q": np.concatenate([p["Q"]] * 2), "K": np.concatenate([p["K"]] * 2), "V": p["V"]}


net = Architecture(
    forward=attention,
    shapes=shapes,
    sizes={"a": [1, 2], "d": [1, 2], "o": [1, 2]},
    symmetries=[shift],
    embeddings=[Embedding(double, into={"a": "2*a"})],
    claims=["M = (2*a + o)*d", "rank = (2*a + o - 1)*d"],
)
small = net(a=2, d=2, o=1)


# Without the exponential


def plain(p, x):
    return attention(p, x, feature=lambda z: z)


def basis(p):
    """The queries change by S, the keys by -S^T: GL(a)."""
    for i, j in np.ndindex(len(p["Q"]), len(p["Q"])):
        Q, K = 0 * p["Q"], 0 * p["K"]
        Q[i], K[j] = p["Q"][j], -p["K"][i]
        yield {"Q": Q, "K": K}


def scale(p):
    """A factor of all queries, which the quotient cancels."""
    return {"Q": p["Q"]}


identity = Architecture(
    forward=plain,
    shapes=shapes,
    sizes={"a": [2], "d": [2, 3], "o": [1, 2]},
    symmetries=[basis, scale],
    claims=["rank = a*(2*d - a) + o*d - 1"],
)
small_identity = identity(a=2, d=3, o=1)
