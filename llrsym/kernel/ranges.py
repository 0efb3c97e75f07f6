"""Ranges of activations and of their first two derivatives over intervals of any length.

The interval is cut at the multiples of 1/8 in [-8, 8]. On a piece the three functions are written in terms
of one function that is monotone there, such as the logistic one, whose range is known from its values at the
two ends; sums and products of ranges do the rest. Proofs: docs/theory/distances.md.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from .activations import Polynomial, activation_named
from .ball_functions import arctan, error_function, exp, log, root_over_pi, sine_cosine, square_root
from .balls import Ball, Balls, at_precision, between, quotient
from .errors import Rejected

Jet = tuple[Ball, Ball, Ball]
"""sigma, sigma' and sigma''"""
CUTS_PER_UNIT, LAST_CUT = 8, 8
SMALLEST_PRECISION = 8


def jet_range(name: str, z: Ball, precision: int) -> Jet:
    """Return balls that contain sigma(x), sigma'(x) and sigma''(x) for all x of z.

    Raises ``Rejected`` where sigma is not twice differentiable or too large, or has no proved range.

    >>> jet_range("tanh", (0, 1 << 20), 20)[0]
    (0, 798599)
    """
    if precision < SMALLEST_PRECISION:
        raise Rejected(f"ranges need a precision of at least {SMALLEST_PRECISION} bits")
    evaluate = _JETS.get(name)
    if evaluate is None and not name.startswith(("power:", "rational:")):
        raise Rejected(f"ranges: no rule for the activation '{name}'")
    reals = Balls(precision)
    pieces = list(_pieces(z, precision))
    jets = [evaluate(reals, piece) if evaluate else _rational(reals, name, piece) for piece in pieces]
    if len(jets) == 1:
        return jets[0]
    value, slope, curvature = (hull(parts) for parts in zip(*jets, strict=True))
    return value, slope, curvature


def hull(balls: Iterable[Ball]) -> Ball:
    """Return the smallest ball that contains all of the given ones, up to one unit.

    >>> hull([(0, 1), (6, 2)])
    (3, 5)
    """
    ends = [(m - r, m + r) for m, r in balls]
    return between(min(low for low, _ in ends), max(high for _, high in ends))


def common(a: Ball, b: Ball) -> Ball:
    """Return a ball that contains the common numbers of two balls; raises ``Rejected`` if there are none.

    >>> common((0, 4), (5, 3))
    (3, 1)
    """
    low, high = max(a[0] - a[1], b[0] - b[1]), min(a[0] + a[1], b[0] + b[1])
    if low > high:
        raise Rejected("two enclosures of one number have nothing in common")
    return between(low, high)


def square(reals: Balls, z: Ball) -> Ball:
    """Return a ball that contains the squares of all numbers of z, and few negative ones.

    >>> square(Balls(4), (0, 32))
    (32, 32)
    """
    m, r = z
    if abs(m) >= r:
        return reals.times(z, z)
    return between(0, -(-((abs(m) + r) ** 2) >> reals.precision))


def _pieces(z: Ball, precision: int) -> Iterator[Ball]:
    """The parts of z between multiples of 1/8 in [-8, 8]."""
    low, high = z[0] - z[1], z[0] + z[1]
    unit = precision - CUTS_PER_UNIT.bit_length() + 1
    last = LAST_CUT * CUTS_PER_UNIT
    first, final = max((low >> unit) + 1, -last), min((high - 1) >> unit, last)
    ends = [low, *(k << unit for k in range(first, final + 1)), high]
    for start, stop in zip(ends, ends[1:], strict=False):
        yield between(start, stop)


def _increasing(function: Callable[[Ball], Ball], z: Ball) -> Ball:
    """The range of an increasing function of one number."""
    m, r = z
    if not r:
        return function(z)
    return hull((function((m - r, 0)), function((m + r, 0))))


def _polynomial(reals: Balls, terms: Polynomial, z: Ball) -> Ball:
    """A polynomial in z alone, by Horner's scheme."""
    coefficients = {power: c for c, _, _, power, _ in terms}
    total: Ball = (0, 0)
    for power in range(max(coefficients, default=0), -1, -1):
        total = reals.times(total, z)
        if power in coefficients:
            total = reals.plus(total, reals.from_rational(coefficients[power]))
    return total


def _twice(a: Ball) -> Ball:
    return 2 * a[0], 2 * a[1]


def _difference(a: Ball, b: Ball) -> Ball:
    return a[0] - b[0], a[1] + b[1]


# Functions of the logistic function


def _logistic(reals: Balls, z: Ball) -> Ball:
    one, precision = 1 << reals.precision, reals.precision

    def at(point: Ball) -> Ball:
        small, radius = exp((-abs(point[0]), 0), precision)
        above = (one, 0) if point[0] >= 0 else (small, radius)
        return quotient(above, (one + small, radius), precision)

    return _increasing(at, z)


def _sigmoid(reals: Balls, z: Ball) -> Jet:
    """s' = 1/4 - (s - 1/2)^2, s'' = s' (1 - 2 s)."""
    m, r = s = _logistic(reals, z)
    half = 1 << reals.precision - 1
    slope = _difference((half >> 1, 0), square(reals, (m - half, r)))
    return s, slope, reals.times(slope, (2 * (half - m), 2 * r))


def _tanh(reals: Balls, z: Ball) -> Jet:
    """t = 2 s(2 z) - 1, t' = 1 - t^2, t'' = -2 t t'."""
    m, r = _logistic(reals, _twice(z))
    one = 1 << reals.precision
    t = 2 * m - one, 2 * r
    slope = _difference((one, 0), square(reals, t))
    return t, slope, reals.minus(_twice(reals.times(t, slope)))


def _softplus(reals: Balls, z: Ball) -> Jet:
    precision = reals.precision

    def at(point: Ball) -> Ball:
        m, radius = exp((-abs(point[0]), 0), precision)
        return reals.plus((max(point[0], 0), 0), log((m + (1 << precision), radius), precision))

    s, slope, _ = _sigmoid(reals, z)
    return _increasing(at, z), s, slope


def _swish(reals: Balls, z: Ball, u: Jet) -> Jet:
    """z s(u(z)), where ``u`` holds u, u' and u'' on the piece."""
    argument, first, second = u
    s, s1, s2 = _sigmoid(reals, argument)
    inner = reals.times(first, s1)
    change = reals.plus(reals.times(second, s1), reals.times(square(reals, first), s2))
    slope = reals.plus(s, reals.times(z, inner))
    return reals.times(z, s), slope, reals.plus(_twice(inner), reals.times(z, change))


def _silu(reals: Balls, z: Ball) -> Jet:
    return _swish(reals, z, (z, (1 << reals.precision, 0), (0, 0)))


def _quick_gelu(reals: Balls, z: Ball) -> Jet:
    factor = reals.from_rational(activation_named("quick_gelu").exponent[0])
    return _swish(reals, z, (reals.times(factor, z), factor, (0, 0)))


def _gelu_tanh(reals: Balls, z: Ball) -> Jet:
    """u = kappa (c_1 z + c_3 z^3) with kappa = sqrt(2/pi)."""
    kappa = root_over_pi(2, reals.precision)
    powers = enumerate(activation_named("gelu_tanh").exponent, start=1)
    u: Polynomial = tuple((c, 0, 0, n, 0) for n, c in powers if c)
    forms = [u, _derivative(u), _derivative(_derivative(u))]
    value, first, second = (reals.times(kappa, _polynomial(reals, form, z)) for form in forms)
    return _swish(reals, z, (value, first, second))


def _mish(reals: Balls, z: Ball) -> Jet:
    """z w with w = (E^2 + 2 E) / (E^2 + 2 E + 2), E = e^z; divided by E^2 where z is not negative."""
    one, precision = 1 << reals.precision, reals.precision
    positive = z[0] >= z[1]
    e = exp(reals.minus(z) if positive else z, precision)
    square_of_e, after = reals.times(e, e), (one + e[0], e[1])
    if positive:
        below = reals.plus((one, 0), _twice(reals.plus(e, square_of_e)))
        above, slope, bend = (one + 2 * e[0], 2 * e[1]), reals.times(square_of_e, after), (2 * one, 0)
        twice_plus = reals.times(square_of_e, (one + (bend[0] * 0) + (e[0] >> 1) + 1, (e[1] >> 1) + 2))
    else:
        twice = reals.plus(square_of_e, _twice(e))
        below = reals.plus((2 * one, 0), twice)
        above, slope = twice, reals.times(e, after)
        twice_plus = reals.times(e, (one + 2 * e[0], 2 * e[1]))
    return _mish_of(reals, z, (above, below, slope, twice_plus))
