"""Ranks with hundreds of digits, by mpmath: a second opinion that shares no code with the package."""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

from tests.contracts.corpus import Contract

DIGITS = 400
# Pivots are either above the first or below the second; everything between is an error of the test.
CLEAR, GONE = mpf(10) ** -170, mpf(10) ** -330

Vector = list[Any]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


def softplus(z: Any) -> Any:
    return mpmath.log(1 + mpmath.exp(z))


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "tanh": mpmath.tanh,
    "sigmoid": sigmoid,
    "exp": mpmath.exp,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "sech": mpmath.sech,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "gaussian": lambda z: mpmath.exp(-z * z),
    "softplus": softplus,
    "silu": lambda z: z * sigmoid(z),
    "quick_gelu": lambda z: z * sigmoid(mpf("1.702") * z),
    "gelu": lambda z: z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2,
    "gelu_tanh": lambda z: (
        z * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (z + mpf("0.044715") * z**3))) / 2
    ),
    "mish": lambda z: z * mpmath.tanh(softplus(z)),
    "arctan": mpmath.atan,
    "erf": mpmath.erf,
    "sqrt": mpmath.sqrt,
}


def rank(rows: Sequence[Vector]) -> int:
    """Return the rank of a matrix by elimination with complete pivoting; a doubtful pivot fails the test."""
    left, found = [[*row] for row in rows], 0
    while left and left[0]:
        r, c = max(
            ((i, j) for i in range(len(left)) for j in range(len(left[0]))),
            key=lambda p: abs(left[p[0]][p[1]]),
        )
        pivot = left.pop(r)
        size = abs(pivot[c])
        assert size > CLEAR or size < GONE, f"a pivot of size {mpmath.nstr(size, 5)} decides nothing"
        if size < GONE:
            break
        found += 1
        for row in left:
            factor = row[c] / pivot[c]
            for j in range(len(row)):
                row[j] -= factor * pivot[j]
    return found


def numbers(seed: int, count: int) -> list[Any]:
    """Return rational numbers between -2 and 2 without a visible pattern."""
    draws = np.random.default_rng(seed).integers(-2000, 2001, size=count)
    return [mpf(int(draw)) / 997 for draw in draws]


# Functions as text. Python reads - and ** as the grammar does, once numbers are exact.

NUMBER = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?)")


def function(text: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function given as text; exponents stay integers, all other numbers have 400 digits."""
    source = NUMBER.sub(r"mpf('\1')", text.replace("^", "**"))
    source = re.sub(r"\*\*(-?)mpf\('(\d+)'\)", r"**\1\2", source)
    code = compile(source, text, "eval")
    return lambda values: eval(code, {"__builtins__": {}, "mpf": mpf, **ACTIVATIONS}, dict(values))


def span(texts: Sequence[str]) -> int:
    """Return the dimension of the span of functions in x, y, z."""
    functions = [function(text) for text in texts]
    rows = []
    for k in range(len(texts) + 3):
        point = dict(zip("xyz", numbers(k, 3), strict=True))
        rows.append([mpf(f(point)) for f in functions])
    return rank(rows)


# Fully-connected networks


def mlp(*widths: int, activation: str = "tanh", bias: object = True) -> dict[str, Any]:
    """Return what a builder call says."""
    return {"widths": widths, "activation": activation, "bias": bias}


def exact(value: str | float) -> Any:
    """Return a number of a weight file with all its digits: floats are dyadic, texts are p/q."""
    fraction = Fraction(value)
    return mpf(fraction.numerator) / fraction.denominator


def exact_array(values: object) -> np.ndarray:
    """Return an array of such numbers."""
    found: np.ndarray = np.vectorize(exact, otypes=[object])(np.array(values, dtype=object))
    return found


def layers(net: Mapping[str, Any], weights: Mapping[str, Any]) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Return the weights and biases of every layer; a bias that is not there is None."""
    found = []
    for k in range(1, len(net["widths"])):
        b = exact_array(weights[f"b{k}"]) if f"b{k}" in weights else None
        found.append((exact_array(weights[f"W{k}"]), b))
    return found


def tangents(net: Mapping[str, Any], weights: Mapping[str, Any], x: Sequence[Any]) -> list[Vector]:
    """Return the derivatives of every output by all parameters at x, by reverse mode."""
    sigma = ACTIVATIONS.get(net["activation"]) or power(net["activation"])
    stack, h = layers(net, weights), np.array(x, dtype=object)
    values, slopes = [h], []
    for W, b in stack:
        z = W @ h + (0 if b is None else b)
        slopes.append(np.array([mpmath.diff(sigma, v) for v in z], dtype=object))
        h = np.array([sigma(v) for v in z], dtype=object)
        values.append(h)
    rows = []
    for output in range(net["widths"][-1]):
        delta = np.array([mpf(o == output) for o in range(net["widths"][-1])], dtype=object)
        parts: list[Vector] = []
        for k in range(len(stack) - 1, -1, -1):
            W, b = stack[k]
            parts.append([*np.outer(delta, values[k]).ravel(), *(() if b is None else delta)])
            delta = (W.T @ delta) * (slopes[k - 1] if k else 1)
        rows.append([v for part in reversed(parts) for v in part])
    return rows


def power(name: str) -> Callable[[Any], Any]:
    """Return z^N for power:N."""
    exponent = int(name.removeprefix("power:"))
    return lambda z: z**exponent


def random_weights(net: Mapping[str, Any]) -> dict[str, Any]:
    """Return rational weights without a visible pattern."""
    widths, draw = net["widths"], np.random.default_rng(5)
    weights: dict[str, Any] = {}
    for k in range(1, len(widths)):
        weights[f"W{k}"] = [
            [f"{v}/997" for v in row] for row in draw.integers(-1500, 1500, (widths[k], widths[k - 1]))
        ]
        if net["bias"] is True or (net["bias"] == "hidden" and k < len(widths) - 1):
            weights[f"b{k}"] = [f"{v}/991" for v in draw.integers(-1500, 1500, widths[k])]
    return weights


def network(text: str) -> dict[str, Any]:
    """Return the mlp of a builder call."""
    found: dict[str, Any] = eval(text, {"__builtins__": {}, "mlp": mlp})
    return found


def model_rank(net: Mapping[str, Any], weights: Mapping[str, Any] | None) -> int:
    """Return the model rank: at the weights, or at random ones.

    M points are enough, also with several outputs, where fewer than M / c may suffice and need not.
    """
    at = random_weights(net) if weights is None else weights
    M = sum(np.array(value, dtype=object).size for value in at.values())
    d = net["widths"][0]
    return rank([row for k in range(M + 3) for row in tangents(net, at, numbers(100 + k, d))])


def sample_rank(net: Mapping[str, Any], weights: Mapping[str, Any], text: str) -> int:
    """Return the rank of the tangent functions at the rows of a table."""
    points = [[exact(number(cell)) for cell in row] for row in list(csv.reader(text.splitlines()))[1:]]
    return rank([row for point in points for row in tangents(net, weights, point)])


def number(cell: str) -> str | float:
    """Return a cell of a table: an integer or p/q exactly, anything else as the double it is."""
    return cell if re.fullmatch(r"-?\d+(/\d+)?", cell.strip()) else float(cell)


def option(contract: Contract, name: str) -> Any:
    """Return the content of the file of an option, or None."""
    if name not in contract.ask:
        return None
    content = contract.files[contract.ask[contract.ask.index(name) + 1]]
    return json.loads(content) if name == "--weights" and isinstance(content, str) else content


def true_rank(contract: Contract) -> int:
    """Return the rank a contract asks for, computed with 400 digits."""
    with mp.workdps(DIGITS):
        if contract.ask[0] == "independence":
            return span([text for text in contract.ask[1:] if not text.startswith("--")])
        net, weights = network(contract.ask[1]), option(contract, "--weights")
        if contract.ask[0] == "guarantee":
            return sample_rank(net, weights, option(contract, "--data"))
        return model_rank(net, weights)
