"""Values and slopes of activations on balls, from their exact data.

With ``E = exp(u)`` numerator and denominator are divided by the power of E that leaves the denominator a
polynomial in ``exp(-|u|)`` with a constant term. Nothing explodes then that does not explode in the
activation itself, so arguments of any size have enclosures. Activations with a bounded second derivative
are evaluated at the middle of the ball only. Proofs: docs/theory/balls.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import lcm

from .activations import PRIMITIVE, Polynomial, activation_named
from .ball_arithmetic import Ball, at_precision, product, quotient, rounded
from .ball_functions import (
    arctan,
    clipped,
    error_function_and_slope,
    exp,
    log,
    root_over_pi,
    sine_cosine,
    square_root,
)
from .differential_equations import value_and_slope as solution_and_slope
from .errors import Rejected
from .polynomial_systems import PREFIX

Pair = tuple[Ball, Ball]
"""value and derivative"""
Monomial = tuple[int, int, int]
"""powers of kappa, z and E"""
Terms = tuple[int, tuple[tuple[int, Monomial], ...]]
"""a denominator, and terms with integer coefficients"""

GUARD_BITS = 16
LARGEST_GUARDED = 64
"""Arguments above 2^64 have enclosures too, but not to the last bit."""

BOUNDS = {
    "tanh": (8, 8, 7),
    "sigmoid": (8, 2, 1),
    "sech": (8, 4, 8),
    "gaussian": (8, 7, 16),
    "sin": (8, 8, 8),
    "cos": (8, 8, 8),
    "erf": (8, 10, 8),
    "arctan": (13, 8, 6),
    "silu": (0, 11, 4),
    "quick_gelu": (0, 11, 7),
    "gelu_tanh": (0, 12, 8),
    "mish": (0, 11, 13),
    "softplus": (0, 8, 2),
    "gelu": (0, 10, 7),
}
"""Bounds of |sigma|, |sigma'| and |sigma''| on the real line, in eighths; 0 for an unbounded sigma."""


def value_and_slope(name: str, z: Ball, precision: int) -> Pair:
    """Return balls that contain sigma(x), and sigma'(x), for all x of z.

    Raises ``Rejected`` where sigma is not defined on all of z or is too large to be written down.

    >>> value_and_slope("tanh", (0, 3), 20)
    ((0, 4), (1048574, 2))
    >>> value_and_slope("softplus", (-1 << 50, 0), 20)
    ((0, 1), (0, 1))
    """
    if name.startswith(PREFIX):
        return solution_and_slope(name, z, precision)
    if name not in BOUNDS:
        return _evaluate(name, z, precision)
    middle, radius = z
    value, slope = _evaluate(name, (middle, 0), precision)
    return _widened(BOUNDS[name], value, slope, radius, precision) if radius else (value, slope)


def _widened(bounds: tuple[int, int, int], value: Ball, slope: Ball, r: int, precision: int) -> Pair:
    """Enclosures on a ball of radius r, from those at its middle and from Taylor's theorem."""
    largest, steepest, curvature = bounds
    # the change of the value in units of 2^-2p / 8: radius times a bound of the slope on the ball
    change = min(steepest * r << precision, r * (8 * (abs(slope[0]) + slope[1]) + curvature * r))
    value = value[0], value[1] - (-change >> precision + 3)
    slope = slope[0], slope[1] - (-curvature * r >> 3)
    if largest:
        value = clipped(value, -(-(largest << precision) >> 3))
    return value, clipped(slope, -(-(steepest << precision) >> 3))


def _evaluate(name: str, z: Ball, precision: int) -> Pair:
    """Evaluate with guard bits, and round once."""
    whole = max(0, z[0].bit_length() - precision)
    fine = precision + GUARD_BITS + 4 * min(whole, LARGEST_GUARDED)
    evaluate, argument = _DIRECT.get(name), at_precision(z, precision, fine)
    value, slope = evaluate(argument, fine) if evaluate else _closed_form(name, argument, fine)
    return at_precision(value, fine, precision), at_precision(slope, fine, precision)


# Closed forms


@dataclass(frozen=True, slots=True)
class _Quotient:
    """N/D with E = exp(u) and the derivatives of N and D, prepared for evaluation."""

    numerator: Terms
    denominator: Terms
    numerator_slope: Terms
    denominator_slope: Terms
    exponent: Terms
    monomials: tuple[Monomial, ...]
    degrees: tuple[int, int]
    lowest: int
    highest: int


@lru_cache(maxsize=256)
def _quotient(name: str) -> _Quotient:
    activation = activation_named(name)
    above, below = activation.numerator, activation.denominator
    # the derivative of a primitive is N/D; no further one is needed
    closed = activation.kind != PRIMITIVE
    changes = (activation.slope(above), activation.slope(below)) if closed else ((), ())
    unit = int(activation.unit == "kappa")
    exponent = tuple((u, 0, unit, n, 0) for n, u in enumerate(activation.exponent, start=1) if u)
    used = (*above, *below, *changes[0], *changes[1])
    if not above or any(i for _, i, _, _, _ in used) or (exponent and activation.unit == "i"):
        raise Rejected(f"activation '{name}' has no real closed form")
    degrees = [(k, j) for _, _, k, j, _ in (*used, *exponent)]
    powers = [e for _, _, _, _, e in below]
    return _Quotient(
        *(_terms(above), _terms(below), _terms(changes[0]), _terms(changes[1]), _terms(exponent)),
        tuple({(k, j, e) for _, _, k, j, e in used}),
        (max(k for k, _ in degrees), max(j for _, j in degrees)),
        min(powers),
        max(powers),
    )


def _terms(polynomial: Polynomial) -> Terms:
    common = lcm(*(c.denominator for c, _, _, _, _ in polynomial))
    return common, tuple((int(c * common), (k, j, e)) for c, _, k, j, e in polynomial)


def _closed_form(name: str, z: Ball, precision: int) -> Pair:
    """N/D and (N' - (N/D) D')/D, numerators and denominators divided by one power of E."""
    data = _quotient(name)
    table = _monomial_values(data, z, precision)
    below = _total(data.denominator, table)
    value = quotient(_total(data.numerator, table), below, precision)
    m, r = _total(data.numerator_slope, table)
    n, s = product(value, _total(data.denominator_slope, table), precision)
    return value, quotient((m - n, r + s), below, precision)


def _primitive_slope(name: str, z: Ball, precision: int) -> Ball:
    """The slope N/D of a primitive."""
    data = _quotient(name)
    table = _monomial_values(data, z, precision)
    return quotient(_total(data.numerator, table), _total(data.denominator, table), precision)


def _total(terms: Terms, table: Mapping[Monomial, Ball]) -> Ball:
    """The value of a polynomial; the integer combination is exact, the division rounds."""
    denominator, entries = terms
    middle = radius = 0
    for c, monomial in entries:
        m, r = table[monomial]
        middle += c * m
        radius += abs(c) * r
    middle, rest = divmod(middle, denominator)
    return middle, -(-(radius + rest) // denominator)


def _monomial_values(data: _Quotient, z: Ball, precision: int) -> dict[Monomial, Ball]:
    """kappa^k z^j E^(e - s) for the monomials of N, D, N', D', where E^s is what is divided out."""
    degree_kappa, degree_z = data.degrees
    kappas = _powers(root_over_pi(2, precision), degree_kappa, precision)
    powers = _powers(z, degree_z, precision)

    def plain(k: int, j: int) -> Ball:
        return product(kappas[k], powers[j], precision) if k else powers[j]

    if not data.exponent[1]:
        return {(k, j, e): plain(k, j) for k, j, e in data.monomials}
    u, radius = _total(data.exponent, {(k, j, e): plain(k, j) for _, (k, j, e) in data.exponent[1]})
    raised = {m: data.highest - m[2] if u > 0 else m[2] - data.lowest for m in data.monomials}
    falling = _powers(exp((-abs(u), radius), precision), max(raised.values()), precision)
    growth = -min(raised.values())
    rising = _powers(exp((abs(u), radius), precision), growth, precision) if growth > 0 else []

    def full(k: int, j: int, power: int) -> Ball:
        if not power:
            return plain(k, j)
        factor = falling[power] if power > 0 else rising[-power]
        return product(plain(k, j), factor, precision) if k or j else factor

    return {(k, j, e): full(k, j, power) for (k, j, e), power in raised.items()}


def _powers(z: Ball, degree: int, precision: int) -> list[Ball]:
    """1, z, ..., z^degree."""
    powers = [(1 << precision, 0), z]
    while len(powers) <= degree:
        powers.append(product(powers[-1], z, precision))
    return powers


# Other activations


def _cosine(z: Ball, precision: int) -> Pair:
    (m, r), cosine = sine_cosine(z, precision)
    return cosine, (-m, r)


def _softplus(z: Ball, precision: int) -> Pair:
    """log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), where the sign of the middle may stand for that of z."""
    m, r = z
    small, width = exp((-abs(m), r), precision)
    value, radius = log(((1 << precision) + small, width), precision)
    total = (value + m, radius + r) if m > 0 else (value, radius)
    return total, _primitive_slope("softplus", z, precision)


def _arctan(z: Ball, precision: int) -> Pair:
    return arctan(z, precision), _primitive_slope("arctan", z, precision)


def _square_root(z: Ball, precision: int) -> Pair:
    if z[0] <= z[1]:
        raise Rejected("a square root of a number that may not be positive")
    value = square_root(z, precision)
    return value, quotient((1 << precision, 0), (2 * value[0], 2 * value[1]), precision)


def _gelu(z: Ball, precision: int) -> Pair:
    """z Phi(z) and Phi(z) + z Phi'(z), with 2 Phi(z) = 1 + erf(z / sqrt 2)."""
    root_of_half = square_root((1 << precision - 1, 0), precision)
    erf, slope = error_function_and_slope(product(z, root_of_half, precision), precision)
    normal = rounded(erf[0] + (1 << precision), erf[1], 1)
    density = rounded(*product(slope, root_of_half, precision), 1)
    change = product(z, density, precision)
    return product(z, normal, precision), (normal[0] + change[0], normal[1] + change[1])


_DIRECT: dict[str, Callable[[Ball, int], Pair]] = {
    "sin": sine_cosine,
    "cos": _cosine,
    "softplus": _softplus,
    "arctan": _arctan,
    "sqrt": _square_root,
    "erf": error_function_and_slope,
    "gelu": _gelu,
}
