"""Networks of one's own: NumPy functions with the shapes of their parameters, and a builder call."""

import numpy as np


def gated(p, x):
    """A layer whose values are multiplied by gates, as in gated linear units."""
    gate = 1 / (1 + np.exp(-(p["G"] @ x)))
    return p["a"] @ (gate * np.tanh(p["W"] @ x))


gated.shapes = {"G": (3, 2), "W": (3, 2), "a": (3,), "x": (2,)}


def head(p, x):
    """One head of causal self-attention on four tokens."""
    scores = (x @ p["Q"].T) @ (x @ p["K"].T).T
    weights = np.exp(np.where(np.tri(4) == 1, scores, -np.inf))
    return weights / weights.sum(axis=1, keepdims=True) @ x @ p["V"].T


head.shapes = {"Q": (2, 3), "K": (2, 3), "V": (1, 3), "x": (4, 3)}

small = "mlp(2, 8, 1)"
