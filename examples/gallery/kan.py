"""Two Kolmogorov-Arnold layers (Liu et al., arXiv:2404.19756) with analytic bases."""

import numpy as np

from llrsym.testing import Architecture, Embedding


def fourier(t, m):
    """The functions 1, cos t, sin t, ..., cos mt, sin mt."""
    angles = t[..., None] * np.arange(1, m + 1)
    return np.concatenate([1 + 0 * t[..., None], np.cos(angles), np.sin(angles)], axis=-1)


def kan(p, x):
    m = p["C"].shape[-1] // 2
    hidden = np.einsum("jib,ib->j", p["C"], fourier(x, m))
    return np.einsum("jb,jb->", p["D"], fourier(hidden, m))


def shapes(d, h, m):
    return {"C": (h, d, 2 * m + 1), "D": (h, 2 * m + 1), "x": (d,)}


def constants(p):
    """A constant moves from one function to another one of the same sum."""
    for j, i in np.ndindex(p["C"].shape[:2]):
        if i:
            C = 0 * p["C"]
            C[j, 0, 0], C[j, i, 0] = 1, -1
            yield {"C": C}
    for j in range(1, len(p["D"])):
        D = 0 * p["D"]
        D[0, 0], D[j, 0] = 1, -1
        yield {"D": D}


def shift(p):
    """The hidden value j is shifted, and its function is shifted back."""
    m = p["D"].shape[1] // 2
    frequency = np.arange(1, m + 1)
    for j in range(len(p["D"])):
        C, D = 0 * p["C"], 0 * p["D"]
        C[j, 0, 0] = 1
        D[j, 1 : m + 1] = -frequency * p["D"][j, m + 1 :]
        D[j, m + 1 :] = frequency * p["D"][j, 1 : m + 1]
        yield {"C": C, "D": D}


def split(p, r):
    """Hidden unit 0 twice, with the parts r and 1 - r of its function."""
    C, D = p["C"], p["D"]
    return {"C": np.concatenate([C, C[:1]]), "D": np.concatenate([r * D[:1], D[1:], (1 - r) * D[:1]])}


net = Architecture(
    forward=kan,
    shapes=shapes,
    sizes={"d": [1, 2], "h": [1, 2], "m": [1, 2]},
    where="d + h + m <= 5",
    symmetries=[constants, shift],
    embeddings=[Embedding(split, into={"h": "h + 1"})],
    claims=["M = (2*m + 1)*h*(d + 1)", "rank = 2*m*h*(d + 1) + 1"],
)
small = net(d=2, h=2, m=1)


# Other bases: powers, and Gaussians with fixed centres


def powers(t, m):
    """The functions 1, t, ..., t^m."""
    return t[..., None] ** np.arange(m + 1)


def polynomial(p, x):
    m = p["C"].shape[-1] - 1
    hidden = np.einsum("jib,ib->j", p["C"], powers(x, m))
    return np.einsum("jb,jb->", p["D"], powers(hidden, m))


def affine(p):
    """The hidden value j is shifted or scaled, and its polynomial takes it back."""
    powers = np.arange(p["D"].shape[1])
    for j in range(len(p["D"])):
        C, D = 0 * p["C"], 0 * p["D"]
        C[j, 0, 0], D[j, :-1] = 1, -powers[1:] * p["D"][j, 1:]
        yield {"C": C, "D": D}
        C, D = 0 * p["C"], 0 * p["D"]
        C[j], D[j] = p["C"][j], -powers * p["D"][j]
        yield {"C": C, "D": D}


def gaussians(t, m):
    """The functions exp(-(t - n)^2) with n < m."""
    return np.exp(-((t[..., None] - np.arange(m)) ** 2))


def radial(p, x):
    m = p["C"].shape[-1]
    hidden = np.einsum("jib,ib->j", p["C"], gaussians(x, m))
    return np.einsum("jb,jb->", p["D"], gaussians(hidden, m))


poly = Architecture(
    forward=polynomial,
    shapes=lambda d, h, m: {"C": (h, d, m + 1), "D": (h, m + 1), "x": (d,)},
    sizes={"d": [2, 3], "h": [1, 2], "m": [3]},
    symmetries=[constants, affine],
    claims=["rank = (m*(d + 1) - 1)*h + 1"],
)
gauss = Architecture(
    forward=radial,
    shapes=lambda d, h, m: {"C": (h, d, m), "D": (h, m), "x": (d,)},
    sizes={"d": [1, 2], "h": [1, 2], "m": [1, 2]},
    claims=["rank = M"],
)
