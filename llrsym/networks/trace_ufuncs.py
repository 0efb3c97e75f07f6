"""What NumPy's ufuncs mean for traced values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NoReturn

import numpy as np

from llrsym.networks.activations import NOT_ANALYTIC
from llrsym.networks.trace_algebra import (
    HALF,
    add,
    apply,
    divide,
    logarithm,
    multiply,
    overlaid,
    power,
    scaled,
    subtract,
    together,
)
from llrsym.networks.trace_array import TracedArray, as_view
from llrsym.networks.trace_contraction import contract
from llrsym.networks.trace_graph import Graph
from llrsym.networks.trace_views import View, constant_of, lift

Rule = Callable[..., View]

ACTIVATIONS = {
    "tanh": "tanh",
    "exp": "exp",
    "sin": "sin",
    "cos": "cos",
    "sinh": "sinh",
    "cosh": "cosh",
    "arctan": "arctan",
    "expit": "sigmoid",  # of scipy.special, like erf
    "erf": "erf",
}
CORNERS = {
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), "it has a corner where both arguments agree"),
    **dict.fromkeys(("absolute", "fabs"), NOT_ANALYTIC["abs"]),
    **dict.fromkeys(("sign", "heaviside", "floor", "ceil", "rint", "trunc"), NOT_ANALYTIC["sign"]),
    **dict.fromkeys(("remainder", "fmod", "floor_divide", "divmod", "modf"), NOT_ANALYTIC["sign"]),
}
COMPARISONS = frozenset(
    (
        *(
            "greater",
            "greater_equal",
            "less",
            "less_equal",
            "equal",
            "not_equal",
            "isfinite",
            "isnan",
            "isinf",
        ),
        *("signbit", "logical_and", "logical_or", "logical_not", "logical_xor"),
    )
)


def call_ufunc(
    graph: Graph, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Return the result of a ufunc, or of its ``reduce`` or ``outer`` method."""
    name = ufunc.__name__
    if method == "reduce" and name == "add":
        return np.sum(inputs[0], **{"axis": 0, **options})
    out = options.get("out")
    extra = {
        key for key, value in options.items() if key not in ("out", "dtype", "casting") and value is not True
    }
    if extra or method not in ("__call__", "outer"):
        graph.refuse(
            f"np.{name} with {method if method != '__call__' else sorted(extra)[0]} is not supported"
        )
    views = [as_view(graph, value) for value in inputs]
    if method == "outer":
        views[0] = views[0].reindexed(views[0].index.reshape(views[0].shape + (1,) * len(views[1].shape)))
    result = TracedArray(graph, ufunc_rule(graph, name)(graph, *views))
    if out is None:
        return result
    if len(out) != 1 or not isinstance(out[0], TracedArray):
        graph.refuse(f"np.{name} cannot store its result in a plain array; leave out= away")
    return out[0].replaced(result)


def ufunc_rule(graph: Graph, name: str) -> Rule:
    """Return what the ufunc does to views; refuses those without an exact meaning."""
    if name in ACTIVATIONS:
        return lambda graph, z: apply(graph, ACTIVATIONS[name], z, f"np.{name}")
    if name in RULES:
        return RULES[name]
    if name in CORNERS:
        return partial(_not_analytic, name, CORNERS[name])
    if name in COMPARISONS:
        return partial(_not_analytic, name, "a comparison is constant on pieces and jumps between them")
    return graph.refuse(
        f"np.{name} has no exact engine here; write it with +, *, /, integer powers, exp or tanh"
    )


def _not_analytic(name: str, reason: str, graph: Graph, *views: View) -> NoReturn:
    graph.refuse(
        f"np.{name} is not analytic: {reason}; use an analytic function such as softplus, silu or tanh"
    )


def _power(graph: Graph, a: View, b: View) -> View:
    exponents = constant_of(graph, b)
    if exponents is None:
        graph.refuse("a power whose exponent depends on x or on parameters is not supported; use np.exp")
    bases, _ = together(graph, a, b)
    wanted = np.broadcast_to(exponents, bases.shape)
    result = View((), np.zeros(bases.shape, dtype=np.int64))
    for exponent in sorted(set(exponents.ravel())):
        mask = (wanted == exponent).astype(bool)
        values = power(graph, bases.reindexed(bases.index[mask]), exponent)
        index = np.zeros(bases.shape, dtype=np.int64)
        index[mask] = values.index
        result = overlaid(graph, result, mask, values.reindexed(index))
    return result


def _log(called: str, shift: int, graph: Graph, a: View) -> View:
    return logarithm(graph, add(graph, a, lift(graph, shift)) if shift else a, called)


def _logaddexp(graph: Graph, a: View, b: View) -> View:
    """log(e^a + e^b) = a + softplus(b - a)."""
    return add(graph, a, apply(graph, "softplus", subtract(graph, b, a), "np.logaddexp"))


def _tan(graph: Graph, z: View) -> View:
    return divide(graph, apply(graph, "sin", z, "np.tan"), apply(graph, "cos", z, "np.tan"))


def _square(graph: Graph, z: View) -> View:
    return power(graph, z, Fraction(2))


def _expm1(graph: Graph, z: View) -> View:
    return add(graph, apply(graph, "exp", z, "np.expm1"), lift(graph, -1))


def matmul(graph: Graph, a: View, b: View) -> View:
    """Return the matrix product, as NumPy's matmul broadcasts it."""
    if not a.shape or not b.shape:
        graph.refuse("np.matmul of a single number is not defined; use *")
    batch = "abcdefgh"[: max(len(a.shape), len(b.shape)) - 2] if max(len(a.shape), len(b.shape)) > 2 else ""
    left = "k" if len(a.shape) == 1 else batch[len(batch) + 2 - len(a.shape) :] + "ik"
    right = "k" if len(b.shape) == 1 else batch[len(batch) + 2 - len(b.shape) :] + "kj"
    rows, columns = "" if left == "k" else "i", "" if right == "k" else "j"
    if a.shape[-1] != b.shape[-1 if right == "k" else -2]:
        graph.refuse(
            f"np.matmul: shapes {a.shape} and {b.shape} do not fit together; transpose or reshape one"
        )
    return contract(graph, left, right, batch + rows + columns, a, b)


RULES: dict[str, Rule] = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "power": _power,
    "float_power": _power,
    "matmul": matmul,
    "vecdot": lambda graph, a, b: _einsum_last(graph, a, b),
    "square": _square,
    "negative": lambda graph, z: scaled(graph, Fraction(-1), z),
    "positive": lambda graph, z: z,
    "conjugate": lambda graph, z: z,
    "reciprocal": lambda graph, z: divide(graph, lift(graph, 1), z),
    "sqrt": lambda graph, z: power(graph, z, HALF),
    "expm1": _expm1,
    "log1p": partial(_log, "np.log1p", 1),
    "log": partial(_log, "np.log", 0),
    "logaddexp": _logaddexp,
    "tan": _tan,
}


def _einsum_last(graph: Graph, a: View, b: View) -> View:
    """The inner product along the last axis."""
    batch = "abcdefgh"[: max(len(a.shape), len(b.shape)) - 1]
    left, right = batch[len(batch) + 1 - len(a.shape) :] + "k", batch[len(batch) + 1 - len(b.shape) :] + "k"
    return contract(graph, left, right, batch, a, b)
