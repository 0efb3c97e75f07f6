"""Ball arithmetic in fixed point: real numbers enclosed by integers.

At precision p the ball ``(m, r)`` is the set of real x with ``|x - m 2^-p| <= r 2^-p``. Every operation
returns a ball that contains all exact results on its arguments; what would be unbounded is refused. There
are no floats, no infinities and no undefined values. Proofs: docs/theory/balls.md.

References: Johansson, arXiv:1611.02831 (balls); Brent and Zimmermann, Modern Computer Arithmetic, 2010.
"""

from .errors import Rejected

Ball = tuple[int, int]
"""(middle, radius >= 0), both in units of 2^-precision."""


def rounded(middle: int, radius: int, bits: int) -> Ball:
    """Return a ball at a precision lower by ``bits`` that contains the given one.

    An exact number that needs no rounding stays exact.

    >>> rounded(-5, 0, 1), rounded(-6, 0, 1), rounded(5, 3, 2)
    ((-3, 1), (-3, 0), (1, 1))
    """
    # >> rounds downwards also for negative middles, and the bits cut off are what was lost
    return middle >> bits, -(-(radius + (middle & ((1 << bits) - 1))) >> bits)


def at_precision(z: Ball, before: int, after: int) -> Ball:
    """Return a ball at precision ``after`` that contains the one given at precision ``before``.

    >>> at_precision((3, 1), 2, 4), at_precision((12, 4), 4, 2)
    ((12, 4), (3, 1))
    """
    if after < before:
        return rounded(*z, before - after)
    return z[0] << after - before, z[1] << after - before


def between(low: int, high: int) -> Ball:
    """Return a ball that contains the interval [low, high].

    >>> between(3, 6), between(4, 4)
    ((4, 2), (4, 0))
    """
    middle = (low + high) >> 1
    return middle, high - middle


def product(a: Ball, b: Ball, precision: int) -> Ball:
    """Return a ball that contains x y for all x of a and y of b.

    >>> product((3, 1), (-16, 0), 4), product((3, 0), (5, 0), 4)
    ((-3, 1), (0, 1))
    """
    (m, r), (n, s) = a, b
    return rounded(m * n, abs(m) * s + r * (abs(n) + s), precision)


def quotient(a: Ball, b: Ball, precision: int) -> Ball:
    """Return a ball that contains x / y for all x of a and y of b.

    Raises ``Rejected`` when b contains zero.

    >>> quotient((3, 0), (-2, 0), 4), quotient((1, 0), (3, 0), 4)
    ((-24, 0), (5, 1))
    """
    (m, r), (n, s) = a, b
    if n < 0:
        m, n = -m, -n
    if n <= s:
        raise Rejected("a denominator may be zero")
    middle, rest = divmod(m << precision, n)
    spread = r * n + abs(m) * s
    if spread:
        return middle, (rest > 0) - (-(spread << precision) // (n * (n - s)))
    return middle, int(rest > 0)
