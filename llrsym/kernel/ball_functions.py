"""Enclosures of elementary functions on balls, with proved bounds for truncation and rounding.

Every function is evaluated at the exact middle m 2^-p: the argument is reduced, a power series is summed
with integers that are rounded downwards, and the reduction is undone. What was lost is counted, and the
radius of the argument is added by a Lipschitz bound. The page docs/theory/balls.md proves each bound;
variables are named as there: ``bits`` is the working precision, h the number of halvings or roots.

References: Brent and Zimmermann, Modern Computer Arithmetic, 2010, chapter 4; Johansson, arXiv:1611.02831.
"""

from functools import lru_cache
from math import isqrt

from .ball_arithmetic import Ball, at_precision, between, quotient, rounded
from .errors import Rejected

LARGEST_EXPONENT = 1 << 20
"""exp refuses larger arguments: its value would have more than 1.5 million bits."""
LARGEST_ANGLE_BITS = 1 << 10
"""sin and cos of larger arguments are enclosed by [-1, 1] only."""


# Constants


@lru_cache(maxsize=64)
def _log_two(bits: int) -> int:
    """2 artanh(1/3), at most 2^64 units too small."""
    power, total, n = (2 << bits) // 3, 0, 1
    while power:
        total += power // n
        power //= 9
        n += 2
    return total


def _arctan_of_reciprocal(k: int, bits: int) -> int:
    """arctan(1/k), up to one unit per term."""
    power, total, n = (1 << bits) // k, 0, 1
    while power:
        total += power // n if n % 4 == 1 else -(power // n)
        power //= k * k
        n += 2
    return total


@lru_cache(maxsize=64)
def _pi(bits: int) -> int:
    """Machin's formula, at most 2^64 units too small."""
    return 16 * _arctan_of_reciprocal(5, bits) - 4 * _arctan_of_reciprocal(239, bits) - (1 << 63)


def log_two_below(bits: int) -> int:
    """Return an integer P with P <= 2^bits log 2 <= P + 2."""
    enough = (bits + 127) // 64 * 64
    return _log_two(enough) >> enough - bits


def pi_below(bits: int) -> int:
    """Return an integer P with P <= 2^bits pi <= P + 2."""
    enough = (bits + 127) // 64 * 64
    return _pi(enough) >> enough - bits


def log_two(precision: int) -> Ball:
    """Return a ball that contains log 2."""
    return log_two_below(precision) + 1, 1


def pi(precision: int) -> Ball:
    """Return a ball that contains pi.

    >>> pi(10)
    (3217, 1)
    """
    return pi_below(precision) + 1, 1


# Balls


def clipped(z: Ball, bound: int) -> Ball:
    """Return a ball that contains the numbers of z in [-bound, bound].

    Raises ``Rejected`` when there are none.

    >>> clipped((3, 2), 4), clipped((0, 9), 4)
    ((2, 2), (0, 4))
    """
    low, high = z[0] - z[1], z[0] + z[1]
    if -bound <= low and high <= bound:
        return z
    if high < -bound or bound < low:
        raise Rejected("a number is outside of its bounds")
    return between(max(low, -bound), min(high, bound))


def square_root(z: Ball, precision: int) -> Ball:
    """Return a ball that contains the square roots of all numbers of z.

    Raises ``Rejected`` when z contains negative numbers.

    >>> square_root((64, 0), 4), square_root((32, 8), 4)
    ((32, 0), (22, 4))
    """
    m, r = z
    if m < r:
        raise Rejected("a square root of a number that may be negative")
    low, square = isqrt(m - r << precision), m + r << precision
    high = isqrt(square)
    return between(low, high + (high * high < square))


# Exponential


def _taylor_parts(t: int, scale: int, bits: int) -> tuple[list[int], int, int]:
    """The sums s_j of t^(4k) / (4k + j)! over k, for t 2^-scale in [0, 2/5]; the number of k; and t^2.

    With t s_1 + t^3 s_3 and so on this takes a quarter of the long products of the plain series.
    """
    square = t * t >> scale
    fourth = square * square >> scale
    term = 1 << bits
    parts, steps = [0, 0, 0, 0], 0
    while term:
        n = 4 * steps
        second = term // (n + 1)
        third = second // (n + 2)
        last = third // (n + 3)
        parts = [parts[0] + term, parts[1] + second, parts[2] + third, parts[3] + last]
        term = (last * fourth >> scale) // (n + 4)
        steps += 1
    return parts, steps, square


def exponential(numerator: int, scale: int, precision: int) -> tuple[int, int, int]:
    """Return (low, high, e) with low 2^e <= exp(numerator 2^-scale) <= high 2^e.

    high - low is about 2^-precision of them.
    """
    h = isqrt(precision) // 2 + 1
    bits = precision + h + 2 * precision.bit_length() + 8
    fine = bits + max(0, numerator.bit_length() - scale) + 3
    k, rest = divmod(at_precision((numerator, 0), scale, fine)[0], log_two_below(fine))
    shift = fine + h
    parts, steps, _ = _taylor_parts(rest, shift, bits)
    total = parts[3]
    for part in parts[2::-1]:
        total = part + (total * rest >> shift)
    for _ in range(h):
        total = total * total >> bits
    return total - 4, total + (5 * steps + 8 << h + 1) + 4, k - bits


@lru_cache(maxsize=16)
def _exponential_bounds(numerator: int, precision: int) -> tuple[int, int]:
    """Integers below and above 2^p exp(numerator 2^-p)."""
    floor = numerator >> precision
    if floor >= LARGEST_EXPONENT:
        raise Rejected(f"an exponential of a number above {LARGEST_EXPONENT}")
    if floor < -precision:
        return 0, 1
    low, high, exponent = exponential(numerator, precision, max(8, precision + 8 + min(0, floor)))
    shift = exponent + precision
    if shift >= 0:
        return low << shift, high << shift
    return low >> -shift, -(-high >> -shift)


def exp(z: Ball, precision: int) -> Ball:
    """Return a ball that contains the exponentials of all numbers of z, and hardly any number below zero.

    Exact z gives a radius of about 2^-p max(1, exp z). Raises ``Rejected`` above 2^20.

    >>> exp((0, 0), 20), exp((-1 << 40, 0), 20)
    ((1048576, 1), (0, 1))
    """
    m, r = z
    if r << 4 > 1 << precision:
        return between(_exponential_bounds(m - r, precision)[0], _exponential_bounds(m + r, precision)[1])
    low, high = _exponential_bounds(m, precision)
    middle, radius = between(low, high)
    return (middle, radius - (-high * ((r << precision) + r * r) >> 2 * precision)) if r else (middle, radius)


# Sine and cosine


def _sine_cosine(numerator: int, precision: int) -> tuple[Ball, Ball]:
    """Sine and cosine of numerator 2^-p."""
    h = isqrt(precision) // 2 + 2
    bits = precision + h + 2 * precision.bit_length() + 8
    fine = bits + max(0, numerator.bit_length() - precision) + 3
    k, rest = divmod(numerator << fine - precision, pi_below(fine - 1))
    shift = fine + h
    parts, steps, square = _taylor_parts(rest, shift, bits)
    cosine = parts[0] - (square * parts[2] >> shift)
    sine = rest * (parts[1] - (square * parts[3] >> shift)) >> shift
    error = 6 * steps + 10
    for _ in range(h):
        cosine, sine = (cosine - sine) * (cosine + sine) >> bits, cosine * sine >> bits - 1
        error = 2 * error + (error * error >> bits) + 3
    for _ in range(k & 3):
        cosine, sine = -sine, cosine
    return rounded(sine, error + 1, bits - precision), rounded(cosine, error + 1, bits - precision)


def sine_cosine(z: Ball, precision: int) -> tuple[Ball, Ball]:
    """Return balls that contain the sines and the cosines of all numbers of z.

    >>> sine_cosine((0, 0), 20)
    ((0, 1), (1048575, 1))
    """
    m, r = z
    one = 1 << precision
    if r > one or m.bit_length() > precision + LARGEST_ANGLE_BITS:
        return (0, one), (0, one)
    (sine, s), (cosine, c) = _sine_cosine(m, precision)
    return clipped((sine, s + r), one), clipped((cosine, c + r), one)


# Logarithm and arctangent


def log(z: Ball, precision: int) -> Ball:
    """Return a ball that contains the logarithms of all numbers of z.

    Raises ``Rejected`` when z contains numbers that are not positive.

    >>> log((1 << 20, 0), 20), log((2 << 20, 0), 20)
    ((0, 1), (726817, 1))
    """
    m, r = z
    if m <= r:
        raise Rejected("a logarithm of a number that may not be positive")
    exponent = m.bit_length() - 1 - precision
    h = isqrt(precision) // 2 + 1
    bits = precision + h + 2 * precision.bit_length() + exponent.bit_length() + 8
    one = 1 << bits
    reduced = at_precision((m, 0), m.bit_length() - 1, bits)[0]
    for _ in range(h):
        reduced = isqrt(reduced << bits)
    total = power = (reduced - one << bits) // (reduced + one)
    square, n = power * power >> bits, 0
    while power:
        n += 1
        power = power * square >> bits
        total += power // (2 * n + 1)
    middle = (total << h + 1) + exponent * log_two_below(bits)
    error = (4 * n + 11 << h) + 2 * abs(exponent)
    value, radius = rounded(middle, error, bits - precision)
    return value, radius - (-(r << precision) // (m - r))


def arctan(z: Ball, precision: int) -> Ball:
    """Return a ball that contains the arctangents of all numbers of z.

    >>> arctan((1 << 20, 0), 20), arctan((-1 << 99, 0), 20)
    ((823549, 1), (-1647100, 1))
    """
    m, r = z
    h = isqrt(precision) // 2 + 1
    bits = precision + h + 2 * precision.bit_length() + 8
    one, size = 1 << bits, abs(m)
    inverted = size >> precision > 0
    small = (1 << bits + precision) // size if inverted else size << bits - precision
    for _ in range(h):
        small = (small << bits) // (one + isqrt((one << bits) + small * small))
    total = power = small
    square, n = small * small >> bits, 0
    while power:
        n += 1
        power = power * square >> bits
        total += -(power // (2 * n + 1)) if n & 1 else power // (2 * n + 1)
    value, error = total << h, (2 * n + 4 << h) + 4
    if inverted:
        value = pi_below(bits - 1) - value
    middle, radius = rounded(-value if m < 0 else value, error, bits - precision)
    return middle, radius + r


# Error function


@lru_cache(maxsize=64)
def root_over_pi(number: int, precision: int) -> Ball:
    """Return a ball that contains sqrt(number / pi).

    >>> root_over_pi(4, 20)
    (1183191, 1)
    """
    fine = precision + 8
    return at_precision(square_root(quotient((number << fine, 0), pi(fine), fine), fine), fine, precision)


def _kummer(a: int, bits: int) -> tuple[int, int]:
    """The sum of a^n / (3 5 .. (2n + 1)), too small by at most (n + 4)^2 max(1, a)^4 e^(a/2) units; and n."""
    square = a * a >> bits
    fourth = square * square >> bits
    term = 1 << bits
    parts, n = [0, 0, 0, 0], 0
    while term or n <= a >> bits:
        second = term // (2 * n + 3)
        third = second // (2 * n + 5)
        last = third // (2 * n + 7)
        parts = [parts[0] + term, parts[1] + second, parts[2] + third, parts[3] + last]
        term = (last * fourth >> bits) // (2 * n + 9)
        n += 4
    total = parts[3]
    for part in parts[2::-1]:
        total = part + (total * a >> bits)
    return total, n


def _error_function(size: int, precision: int) -> tuple[Ball, Ball]:
    """erf(x) and its slope 2 / sqrt(pi) e^(-x^2) for x = size 2^-p >= 0."""
    square = size * size
    if 10 * square >= 7 * precision << 2 * precision:
        return between((1 << precision) - 1, 1 << precision), between(0, 2)
    whole = max(0, size.bit_length() - precision)
    growth = 4 * (2 * whole + 1)  # (2 x^2)^4 < 2^growth
    bits = precision + whole + growth + 2 * precision.bit_length() + 16
    total, n = _kummer(at_precision((square, 0), 2 * precision - 1, bits)[0], bits)
    low, high, exponent = exponential(-square, 2 * precision, precision + whole + 8)
    constant, width = root_over_pi(4, bits)
    # factors are at precisions bits, -exponent, bits and p, and exponent < 0
    low, high = (constant - width) * low, (constant + width) * high
    shift = precision + bits - exponent
    above = -(-high * total * size >> shift) + ((n + 4) ** 2 << 1 + whole + growth)
    value, slope = between(low * total * size >> shift, above), between(low, high)
    return rounded(*value, bits - precision), rounded(*slope, bits - exponent - precision)


def error_function_and_slope(z: Ball, precision: int) -> tuple[Ball, Ball]:
    """Return balls that contain erf(x), and 2 / sqrt(pi) e^(-x^2), for all x of z.

    >>> error_function_and_slope((0, 0), 20), error_function_and_slope((-9 << 20, 1), 20)
    (((0, 1), (1183191, 1)), ((-1048574, 2), (1, 2)))
    """
    m, r = z
    (middle, radius), (slope, width) = _error_function(abs(m), precision)
    value = clipped((-middle if m < 0 else middle, radius - (-113 * r // 100)), 1 << precision)
    return value, (slope, width + r)


def error_function(z: Ball, precision: int) -> Ball:
    """Return a ball that contains erf(x) for all x of z.

    >>> error_function((1 << 19, 0), 20)
    (545783, 1)
    """
    return error_function_and_slope(z, precision)[0]
