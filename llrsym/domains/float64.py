"""Double precision with NumPy: tensors of many sample points at once.

Every tensor has a leading batch axis: one entry per point, or a single one for parameters and constants,
which then serves all points. Results are approximate; nothing here decides a theorem.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from llrsym.errors import BadInput
from llrsym.kernel.activations import Polynomial, activation_named
from llrsym.kernel.differential_equations import pieces_towards
from llrsym.kernel.polynomial_systems import PREFIX
from llrsym.kernel.program import Program, Shape, size, split_einsum
from llrsym.kernel.run import Trace, forward, gradient

Array = NDArray[np.float64]
Pair = tuple[Array, Array]
PIECE_BITS, NEGLIGIBLE_BITS = 192, 64
"""Precision of the Taylor polynomials of ``ode:`` activations, and of the coefficients that are left out."""


class Float64:
    """The real numbers as float64; implements the kernel's ``Domain`` protocol.

    Division by zero and overflow give infinities and NaN as in NumPy.
    """

    def constant(self, values: Sequence[Fraction], shape: Shape) -> Array:
        return np.array([nearest_double(v) for v in values], dtype=np.float64).reshape(1, *shape)

    def add(self, a: Array, b: Array) -> Array:
        return a + b

    def negate(self, a: Array) -> Array:
        return -a

    def multiply(self, a: Array, b: Array) -> Array:
        return a * b

    def divide(self, a: Array, b: Array) -> Array:
        return a / b

    def einsum(self, specification: str, a: Array, b: Array, shapes: tuple[Shape, Shape, Shape]) -> Array:
        left, right, out = split_einsum(specification)
        if _is_matrix_vector(left, right, out, a, b):
            return _apply(a[0].T if left[1] == right else a[0], b)
        if _is_matrix_vector(right, left, out, b, a):
            return _apply(b[0].T if right[1] == left else b[0], a)
        plain = dict(zip(dict.fromkeys(left + right), ascii_letters, strict=False))
        left, right, out = ("".join(plain[letter] for letter in word) for word in (left, right, out))
        result: Array = np.einsum(f"...{left},...{right}->...{out}", a, b)
        return result

    def gather(
        self, parts: Sequence[Array], index: Sequence[int], shapes: Sequence[Shape], shape: Shape
    ) -> Array:
        batch = max(len(part) for part in parts)
        flat = [np.broadcast_to(_rows(part), (batch, size(s))) for part, s in zip(parts, shapes, strict=True)]
        padded = np.concatenate([*flat, np.zeros((batch, 1))], axis=1)  # index -1 finds the zero at the end
        return padded[:, np.asarray(index, dtype=np.int64)].reshape(batch, *shape)

    def scatter(self, a: Array, index: Sequence[int], shapes: Sequence[Shape], shape: Shape) -> list[Array]:
        ends = np.cumsum([size(s) for s in shapes])
        flat = np.zeros((len(a), int(ends[-1]) + 1))
        np.add.at(flat.T, np.asarray(index, dtype=np.int64), _rows(a).T)
        pieces = np.split(flat[:, :-1], ends[:-1], axis=1)
        return [piece.reshape(len(a), *s) for piece, s in zip(pieces, shapes, strict=True)]

    def activate(self, name: str, register: int, z: Array) -> Pair:
        if name.startswith(PREFIX):
            return _solution(name, z)
        return _FUNCTIONS[name](z) if name in _FUNCTIONS else _rational(name, z)

    def is_zero(self, a: Array) -> bool:
        return not a.any()


def approx_jacobian(program: Program, weights: Sequence[Sequence[Fraction | float]], points: Array) -> Array:
    """Return the derivatives of all outputs by all parameters at n points, in double precision.

    ``weights`` holds one flat row-major sequence per parameter, ``points`` has shape (n, d). The result
    has shape (n * c, M): row ``c * point + output``, columns in the flat order of the parameters. Entries
    are infinite or NaN where a denominator vanishes or a double overflows.

    Raises ``BadInput`` for weights or points of the wrong size.

    >>> from llrsym.networks.builders import mlp
    >>> network = mlp(1, 1, 1, bias=False)
    >>> approx_jacobian(network.program, [[0.0], [2.0]], np.array([[1.0], [3.0]])).tolist()
    [[2.0, 0.0], [6.0, 0.0]]

    Reference: the empirical tangent matrix of Zhang et al., arXiv:2211.11623, transposed.
    """
    with np.errstate(all="ignore"):
        trace = approx_trace(program, weights, points)
        blocks = [_output_gradient(program, trace, len(points), o) for o in range(program.output_count)]
    height = len(points) * program.output_count
    return np.stack(blocks, axis=1).reshape(height, program.parameter_count) if blocks else np.zeros((0, 0))


def approx_trace(
    program: Program, weights: Sequence[Sequence[Fraction | float]], points: Array
) -> Trace[Array]:
    """Return all registers at n points (n, d); a register that does not depend on the point has batch 1.

    Raises ``BadInput`` for weights or points of the wrong size.
    """
    _check_sizes(program, weights, points)
    tensors = [
        np.array([nearest_double(v) for v in values], dtype=np.float64).reshape(1, *parameter.shape)
        for values, parameter in zip(weights, program.parameters, strict=True)
    ]
    inputs = np.asarray(points, dtype=np.float64).reshape(len(points), *program.input_shape)
    return forward(program, Float64(), inputs, tensors)


def nearest_double(value: Fraction | float) -> float:
    """Return the closest double; beyond the largest one an infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _check_sizes(program: Program, weights: Sequence[Sequence[Fraction | float]], points: Array) -> None:
    expected, got = [size(p.shape) for p in program.parameters], [len(values) for values in weights]
    if expected != got:
        raise BadInput(f"weights: expected flat tensors with {expected} entries, got {got}")
    if points.ndim != 2 or points.shape[1] != size(program.input_shape):
        raise BadInput(f"points: expected shape (n, {size(program.input_shape)}), got {points.shape}")


def _output_gradient(program: Program, trace: Trace[Array], count: int, output: int) -> Array:
    """The derivatives (count, M) of one output."""
    cotangent = np.zeros((1, program.output_count))
    cotangent[0, output] = 1.0
    shape = program.shapes[program.output]
    tensors = gradient(program, Float64(), trace, cotangent.reshape(1, *shape))
    result = np.zeros((count, program.parameter_count))
    start = 0
    for tensor, parameter in zip(tensors, program.parameters, strict=True):
        width = size(parameter.shape)
        if tensor is not None:
            result[:, start : start + width] = _rows(tensor)
        start += width
    return result


def _rows(a: Array) -> Array:
    return a.reshape(len(a), math.prod(a.shape[1:]))


def _is_matrix_vector(matrix: str, vector: str, out: str, a: Array, b: Array) -> bool:
    """Whether one matrix is applied to a batch of vectors: that goes to BLAS."""
    return len(a) == 1 and len(matrix) == 2 and len(vector) == len(out) == 1 and vector != out


def _apply(matrix: Array, vectors: Array) -> Array:
    result: Array = vectors @ matrix
    return result


# The functions avoid overflow and cancellation: e = exp(-|z|) never exceeds 1.


def _logistic(z: Array) -> Pair:
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1 + e), e / (1 + e) ** 2


def _sech(z: Array) -> Pair:
    e = np.exp(-np.abs(z))
    value = 2 * e / (1 + e * e)
    return value, -value * np.tanh(z)


def _gated(z: Array, u: Array, du: Array | float) -> Pair:
    """Z times the logistic function of u(z)."""
    s, slope = _logistic(u)
    return z * s, s + z * slope * du


def _gelu_tanh(z: Array) -> Pair:
    kappa = math.sqrt(2 / math.pi)
    return _gated(z, kappa * z * (2 + 0.08943 * z * z), kappa * (2 + 3 * 0.08943 * z * z))


def _mish(z: Array) -> Pair:
    softplus, s = np.logaddexp(0.0, z), _logistic(z)[0]
    gate = np.tanh(softplus)
    return z * gate, gate + z * _sech(softplus)[0] ** 2 * s


def _gelu(z: Array) -> Pair:
    normal = 0.5 * _each(math.erfc, -z / math.sqrt(2))
    return z * normal, normal + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _erf(z: Array) -> Pair:
    return _each(math.erf, z), 2 / math.sqrt(math.pi) * np.exp(-z * z)


def _gaussian(z: Array) -> Pair:
    value = np.exp(-z * z)
    return value, -2 * z * value


def _each(function: Callable[[float], float], z: Array) -> Array:
    return np.array([function(v) for v in z.ravel().tolist()], dtype=np.float64).reshape(z.shape)


def _rational(name: str, z: Array) -> Pair:
    """``power:N`` and ``rational:...`` from their exact data."""
    activation = activation_named(name)
    top, bottom = activation.numerator, activation.denominator
    denominator = _horner(bottom, z)
    value = _horner(top, z) / denominator
    change = _horner(activation.slope(top), z) - value * _horner(activation.slope(bottom), z)
    return value, change / denominator


def _horner(polynomial: Polynomial, z: Array) -> Array:
    coefficients = {power: nearest_double(c) for c, _, _, power, _ in polynomial}
    total = np.zeros(z.shape)
    for power in range(max(coefficients, default=0), -1, -1):
        total = total * z + coefficients.get(power, 0.0)
    return total


def _solution(name: str, z: Array) -> Pair:
    """``ode:...`` by the kernel's Taylor polynomials; NaN where the solution is not cheap to follow."""
    value, slope = np.full(z.shape, math.nan), np.full(z.shape, math.nan)
    for side in (1, -1):
        here = np.isfinite(z) & ((z >= 0) if side > 0 else (z < 0))
        if here.any():
            value[here], slope[here] = _on_side(name, side, side * z[here])
    return value, slope


def _on_side(name: str, side: int, distance: Array) -> Pair:
    """Value and slope at side * distance."""
    table = _pieces(name, side, max(0, math.frexp(distance.max())[1]))
    place = np.searchsorted(table.starts, distance, side="right") - 1
    scale = table.scales[place]
    u = (distance - table.starts[place]) * scale
    u[distance > table.end] = math.nan
    coefficients = table.coefficients[place]
    value, slope = np.zeros(u.shape), np.zeros(u.shape)
    for k in range(coefficients.shape[1] - 1, -1, -1):
        slope = slope * u + value
        value = value * u + coefficients[:, k]
    return value, side * slope * scale


@dataclass(frozen=True)
class _Pieces:
    """Polynomials in (distance - start) * scale on consecutive steps, one per row."""

    starts: Array
    scales: Array
    coefficients: Array
    end: float


@lru_cache(maxsize=64)
def _pieces(name: str, side: int, exponent: int) -> _Pieces:
    """The steps up to 2^exponent, or as far as they go."""
    pieces = pieces_towards(name, side, 1 << PIECE_BITS + exponent, PIECE_BITS)
    if not pieces:
        return _Pieces(np.zeros(1), np.ones(1), np.zeros((1, 1)), -1.0)
    unit = 1 << PIECE_BITS
    used = max(
        k for _, _, series in pieces for k, c in enumerate(series) if abs(c) > 1 << NEGLIGIBLE_BITS or not k
    )
    starts = np.array([abs(z) / unit for z, _, _ in pieces])
    scales = np.array([2.0**h for _, h, _ in pieces])
    rows = np.array([[c / unit for c in series[: used + 1]] for _, _, series in pieces])
    return _Pieces(starts, scales, rows, starts[-1] + 1 / scales[-1])


_FUNCTIONS: dict[str, Callable[[Array], Pair]] = {
    "identity": lambda z: (z, np.ones(z.shape)),
    "tanh": lambda z: (np.tanh(z), _sech(z)[0] ** 2),
    "sigmoid": _logistic,
    "exp": lambda z: (np.exp(z), np.exp(z)),
    "sinh": lambda z: (np.sinh(z), np.cosh(z)),
    "cosh": lambda z: (np.cosh(z), np.sinh(z)),
    "sech": _sech,
    "gaussian": _gaussian,
    "sin": lambda z: (np.sin(z), np.cos(z)),
    "cos": lambda z: (np.cos(z), -np.sin(z)),
    "silu": lambda z: _gated(z, z, 1.0),
    "quick_gelu": lambda z: _gated(z, 1.702 * z, 1.702),
    "gelu_tanh": _gelu_tanh,
    "mish": _mish,
    "softplus": lambda z: (np.logaddexp(0.0, z), _logistic(z)[0]),
    "gelu": _gelu,
    "arctan": lambda z: (np.arctan(z), 1 / (1 + z * z)),
    "erf": _erf,
    "sqrt": lambda z: (np.sqrt(z), 0.5 / np.sqrt(z)),
}
