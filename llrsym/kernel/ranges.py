"""Ranges of activations and of their first three derivatives over intervals of any length.

An interval longer than 1/4 is cut at the multiples of 1/8 in [-8, 8]. On a piece the four functions are
written in terms of one function that is monotone there, such as the logistic one, whose range is known from
its values at the two ends; sums and products of ranges do the rest. Proofs: docs/theory/distances.md.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from .activations import ONE, Polynomial, activation_named
from .ball_arithmetic import Ball, between, quotient, rounded
from .ball_functions import arctan, error_function, exp, log, root_over_pi, sine_cosine, square_root
from .balls import Balls
from .errors import Rejected

Jet = tuple[Ball, Ball, Ball, Ball]
"""sigma, sigma', sigma'' and sigma'''"""
CUTS_PER_UNIT, LAST_CUT = 8, 8
SMALLEST_PRECISION = 8


def jet_range(name: str, z: Ball, precision: int) -> Jet:
    """Return balls that contain sigma and its first three derivatives at all numbers of z.

    Raises ``Rejected`` where sigma is not differentiable or too large, or has no proved range.

    >>> jet_range("tanh", (0, 1 << 20), 20)[0]
    (-2, 798594)
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
    value, first, second, third = (hull(parts) for parts in zip(*jets, strict=True))
    return value, first, second, third


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
    """Return a ball that contains the squares of all numbers of z, and no negative ones but by rounding.

    >>> square(Balls(4), (0, 32)), square(Balls(4), (32, 16))
    ((32, 32), (80, 64))
    """
    size, r = abs(z[0]), z[1]
    low, high = max(0, size - r) ** 2, (size + r) ** 2
    return between(low >> reals.precision, -(-high >> reals.precision))


def _product(a: Ball, b: Ball, precision: int) -> Ball:
    """The products of all numbers of two wide balls, from those of their ends."""
    ends = [(a[0] + i * a[1]) * (b[0] + j * b[1]) for i in (-1, 1) for j in (-1, 1)]
    return between(min(ends) >> precision, -(-max(ends) >> precision))


def _pieces(z: Ball, precision: int) -> Iterator[Ball]:
    """The parts of z between multiples of 1/8 in [-8, 8]; a short one is not cut."""
    low, high = z[0] - z[1], z[0] + z[1]
    unit = precision - CUTS_PER_UNIT.bit_length() + 1
    if high - low <= 2 << unit:
        yield z
        return
    last = LAST_CUT * CUTS_PER_UNIT
    first, final = max((low >> unit) + 1, -last), min((high - 1) >> unit, last)
    ends = [low, *(k << unit for k in range(first, final + 1)), high]
    for start, stop in pairwise(ends):
        yield between(start, stop)


def _increasing(function: Callable[[Ball], Ball], z: Ball) -> Ball:
    """The range of an increasing function of one number."""
    m, r = z
    if not r:
        return function(z)
    return hull((function((m - r, 0)), function((m + r, 0))))


def _polynomial(reals: Balls, terms: Polynomial, z: Ball) -> Ball:
    """A polynomial in z alone, by Horner's scheme with multiplications of ranges."""
    coefficients = {power: c for c, _, _, power, _ in terms}
    total: Ball = (0, 0)
    for power in range(max(coefficients, default=0), -1, -1):
        total = _product(total, z, reals.precision)
        if power in coefficients:
            total = reals.plus(total, reals.from_rational(coefficients[power]))
    return total


def _scaled(factor: int, a: Ball) -> Ball:
    return factor * a[0], factor * a[1]


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
    """s' = 1/4 - (s - 1/2)^2, s'' = s' (1 - 2 s), s''' = s' (1 - 6 s')."""
    m, r = s = _logistic(reals, z)
    one, half = 1 << reals.precision, 1 << reals.precision - 1
    first = _difference((half >> 1, 0), square(reals, (m - half, r)))
    third = reals.times(first, (one - 6 * first[0], 6 * first[1]))
    return s, first, reals.times(first, (2 * (half - m), 2 * r)), third


def _tanh(reals: Balls, z: Ball) -> Jet:
    """t = 2 s(2 z) - 1, t' = 1 - t^2, t'' = -2 t t', t''' = t' (4 - 6 t')."""
    m, r = _logistic(reals, (2 * z[0], 2 * z[1]))
    one = 1 << reals.precision
    t = 2 * m - one, 2 * r
    first = _difference((one, 0), square(reals, t))
    third = reals.times(first, (4 * one - 6 * first[0], 6 * first[1]))
    return t, first, reals.times((-2 * t[0], 2 * t[1]), first), third


def _softplus(reals: Balls, z: Ball) -> Jet:
    precision = reals.precision

    def at(point: Ball) -> Ball:
        m, radius = exp((-abs(point[0]), 0), precision)
        return reals.plus((max(point[0], 0), 0), log((m + (1 << precision), radius), precision))

    s, first, second, _ = _sigmoid(reals, z)
    return _increasing(at, z), s, first, second


def _gated(reals: Balls, z: Ball, outer: Callable[[Balls, Ball], Jet], u: Jet) -> Jet:
    """z g(u(z)), where ``u`` holds the ranges of u and its derivatives on the piece."""
    argument, u1, u2, u3 = u
    g, g1, g2, g3 = outer(reals, argument)
    square_of_u1 = square(reals, u1)
    first = reals.times(g1, u1)
    second = reals.plus(reals.times(g2, square_of_u1), reals.times(g1, u2))
    mixed = reals.times(reals.times(g2, u1), u2)
    third = reals.plus(reals.times(reals.times(g3, u1), square_of_u1), _scaled(3, mixed))
    third = reals.plus(third, reals.times(g1, u3))
    return (
        reals.times(z, g),
        reals.plus(g, reals.times(z, first)),
        reals.plus(_scaled(2, first), reals.times(z, second)),
        reals.plus(_scaled(3, second), reals.times(z, third)),
    )


def _silu(reals: Balls, z: Ball) -> Jet:
    return _gated(reals, z, _sigmoid, _identity(reals, z))


def _quick_gelu(reals: Balls, z: Ball) -> Jet:
    factor = reals.from_rational(activation_named("quick_gelu").exponent[0])
    return _gated(reals, z, _sigmoid, (reals.times(factor, z), factor, (0, 0), (0, 0)))


def _gelu_tanh(reals: Balls, z: Ball) -> Jet:
    """u = kappa (c_1 z + c_3 z^3) with kappa = sqrt(2/pi)."""
    kappa = root_over_pi(2, reals.precision)
    powers = enumerate(activation_named("gelu_tanh").exponent, start=1)
    u: Polynomial = tuple((c, 0, 0, n, 0) for n, c in powers if c)
    value, first, second, third = (
        reals.times(kappa, _polynomial(reals, form, z)) for form in _derivatives(u)
    )
    return _gated(reals, z, _sigmoid, (value, first, second, third))


def _mish(reals: Balls, z: Ball) -> Jet:
    return _gated(reals, z, _tanh, _softplus(reals, z))


# Other activations


def _exponential(reals: Balls, z: Ball) -> Jet:
    value = _increasing(lambda point: exp(point, reals.precision), z)
    return value, value, value, value


def _sinh(reals: Balls, z: Ball) -> Jet:
    m, r = _exponential(reals, z)[0]
    n, s = _exponential(reals, reals.minus(z))[0]
    sinh, cosh = rounded(m - n, r + s, 1), rounded(m + n, r + s, 1)
    return sinh, cosh, sinh, cosh


def _cosh(reals: Balls, z: Ball) -> Jet:
    sinh, cosh, _, _ = _sinh(reals, z)
    return cosh, sinh, cosh, sinh


def _sech(reals: Balls, z: Ball) -> Jet:
    """u = 2 e / (1 + e^2) with e = exp(-|z|); u' = -u tanh, u'' = u (1 - 2 u^2), u''' = u' (1 - 6 u^2)."""
    one, precision = 1 << reals.precision, reals.precision

    def at(point: Ball) -> Ball:
        m, r = e = exp((-abs(point[0]), 0), precision)
        return quotient((2 * m, 2 * r), reals.plus((one, 0), reals.times(e, e)), precision)

    m, r = z
    u = hull((at((max(0, abs(m) - r), 0)), at((abs(m) + r, 0))))
    u_squared = square(reals, u)
    first = reals.minus(reals.times(u, _tanh(reals, z)[0]))
    second = reals.times(u, _difference((one, 0), _scaled(2, u_squared)))
    return u, first, second, reals.times(first, _difference((one, 0), _scaled(6, u_squared)))


def _gaussian(reals: Balls, z: Ball) -> Jet:
    """g' = -2 z g, g'' = (4 z^2 - 2) g, g''' = (6 - 4 z^2) 2 z g."""
    z_squared, one = square(reals, z), 1 << reals.precision
    value = _increasing(lambda point: exp(point, reals.precision), reals.minus(z_squared))
    fall = _scaled(2, reals.times(z, value))
    bend = _scaled(4, z_squared)
    second = reals.times(_difference(bend, (2 * one, 0)), value)
    return value, reals.minus(fall), second, reals.times(_difference((6 * one, 0), bend), fall)


def _sine(reals: Balls, z: Ball) -> Jet:
    sine, cosine = sine_cosine(z, reals.precision)
    return sine, cosine, reals.minus(sine), reals.minus(cosine)


def _cosine(reals: Balls, z: Ball) -> Jet:
    sine, cosine = sine_cosine(z, reals.precision)
    return cosine, reals.minus(sine), reals.minus(cosine), sine


def _arctan(reals: Balls, z: Ball) -> Jet:
    """w = 1 / (1 + z^2), w' = -(2 z w) w with |2 z w| <= 1, w'' = (6 - 8 w) w^2."""
    one, precision = 1 << reals.precision, reals.precision
    m, r = square(reals, z)
    first = quotient((one, 0), (one + max(m, r), r), precision)
    part = common(_scaled(2, reals.times(z, first)), (0, one))
    third = reals.times((6 * one - 8 * first[0], 8 * first[1]), square(reals, first))
    value = _increasing(lambda point: arctan(point, precision), z)
    return value, first, reals.minus(reals.times(part, first)), third


def _erf(reals: Balls, z: Ball) -> Jet:
    """e' = 2 / sqrt(pi) exp(-z^2), and the derivatives of exp(-z^2)."""
    precision = reals.precision
    factor = root_over_pi(4, precision)
    first, second, third = (reals.times(factor, part) for part in _gaussian(reals, z)[:3])
    return _increasing(lambda point: error_function(point, precision), z), first, second, third


def _gelu(reals: Balls, z: Ball) -> Jet:
    """z P with P = (1 + erf(z / sqrt 2)) / 2 and P'' = -z P': P + z P', (2 - z^2) P', z (z^2 - 4) P'."""
    one, precision = 1 << reals.precision, reals.precision
    root = square_root((one >> 1, 0), precision)
    (m, r), erf_slope, _, _ = _erf(reals, reals.times(root, z))
    normal, density = rounded(m + one, r, 1), rounded(*reals.times(root, erf_slope), 1)
    z_squared, change = square(reals, z), reals.times(z, density)
    second = reals.times(_difference((2 * one, 0), z_squared), density)
    third = reals.times(_difference(z_squared, (4 * one, 0)), change)
    return reals.times(z, normal), reals.plus(normal, change), second, third


def _root(reals: Balls, z: Ball) -> Jet:
    """v' = 1 / (2 v), v'' = -v' / (2 z), v''' = -3 v'' / (2 z)."""
    precision = reals.precision
    if z[0] <= z[1]:
        raise Rejected("ranges: a square root of a number that may not be positive")
    value = _increasing(lambda point: square_root(point, precision), z)
    first = quotient((1 << precision, 0), _scaled(2, value), precision)
    second = reals.minus(quotient(first, _scaled(2, z), precision))
    return value, first, second, reals.minus(_scaled(3, quotient(second, _scaled(2, z), precision)))


def _identity(reals: Balls, z: Ball) -> Jet:
    return z, (1 << reals.precision, 0), (0, 0), (0, 0)


def _rational(reals: Balls, name: str, z: Ball) -> Jet:
    """v = N / D, and D v^(k) = N^(k) - the other terms of the derivative of v D."""
    activation = activation_named(name)
    n, n1, n2, n3 = (_polynomial(reals, form, z) for form in _derivatives(activation.numerator))
    if activation.denominator == ONE:
        return n, n1, n2, n3
    d, d1, d2, d3 = (_polynomial(reals, form, z) for form in _derivatives(activation.denominator))
    value = reals.over(n, d)
    first = reals.over(_difference(n1, reals.times(value, d1)), d)
    change = reals.plus(_scaled(2, reals.times(first, d1)), reals.times(value, d2))
    second = reals.over(_difference(n2, change), d)
    change = reals.plus(reals.times(second, d1), reals.times(first, d2))
    change = reals.plus(_scaled(3, change), reals.times(value, d3))
    return value, first, second, reals.over(_difference(n3, change), d)


@lru_cache(maxsize=256)
def _derivatives(terms: Polynomial) -> tuple[Polynomial, ...]:
    """A polynomial in z and its first three derivatives."""
    forms = [terms]
    for _ in range(3):
        forms.append(tuple((c * n, i, k, n - 1, e) for c, i, k, n, e in forms[-1] if n))
    return tuple(forms)


_JETS: dict[str, Callable[[Balls, Ball], Jet]] = {
    "identity": _identity,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "exp": _exponential,
    "sinh": _sinh,
    "cosh": _cosh,
    "sech": _sech,
    "gaussian": _gaussian,
    "sin": _sine,
    "cos": _cosine,
    "silu": _silu,
    "quick_gelu": _quick_gelu,
    "gelu_tanh": _gelu_tanh,
    "mish": _mish,
    "softplus": _softplus,
    "arctan": _arctan,
    "sqrt": _root,
    "gelu": _gelu,
    "erf": _erf,
}
