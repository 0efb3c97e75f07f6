"""Real numbers that have no simpler name, such as gelu(1) or exp(tanh(2)), as coefficients of relations.

A certificate lists such numbers, each made of earlier ones. In the formal ring they are symbols, so that an
identity with them is one for whatever values they have. Whether relations with such coefficients are
independent depends on the values, and is decided by balls (docs/theory/upper-bounds).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .activations import activation_named
from .ball_activations import value_and_slope
from .ball_arithmetic import Ball, product, quotient
from .ball_functions import exp, root_over_pi
from .balls import Balls
from .errors import Rejected
from .formal import Ring
from .polynomials import KAPPA, Poly, add_to, multiply, power

VALUE, SLOPE, EXPONENTIAL, KAPPA_ITSELF = "value", "slope", "exp", "kappa"
KINDS = (VALUE, SLOPE, EXPONENTIAL, KAPPA_ITSELF)
MAX_NUMBERS, MAX_POWER, MAX_PRECISION, MAX_ROWS = 10_000, 128, 4_096, 300
MAX_BITS = 16_384
"""Bits of a number before the binary point, so that products of many stay short."""

Powers = tuple[tuple[int, int], ...]
"""pairs of the number k of a listed number, and its power m >= 1"""


@dataclass(frozen=True, slots=True)
class Number:
    """sigma(z), sigma'(z) or exp(z) for a rational polynomial z in numbers listed earlier, or kappa.

    ``argument`` holds the terms of z: a rational number and the powers of a monomial.
    """

    kind: str
    activation: str = ""
    argument: tuple[tuple[Fraction, Powers], ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """The listed numbers, and how relations with irrational coefficients are seen to be independent.

    ``pivots`` are pairs (relation, parameter entry): the matrix of these entries is eliminated by balls of
    this precision, in this order.
    """

    table: tuple[Number, ...] = ()
    pivots: tuple[tuple[int, int], ...] = ()
    precision: int = 0


NO_NUMBERS = Numbers()


def check_numbers(numbers: Numbers) -> None:
    """Refuse what refers to later numbers, is too long, or has no value; raises ``Rejected``."""
    if len(numbers.table) > MAX_NUMBERS or len(numbers.pivots) > MAX_ROWS:
        raise Rejected(f"limit: more than {MAX_NUMBERS} numbers, or more than {MAX_ROWS} pivots")
    for k, number in enumerate(numbers.table):
        if number.kind not in KINDS:
            raise Rejected(f"numbers: there is no kind '{number.kind}'")
        if number.kind in (VALUE, SLOPE):
            activation_named(number.activation)
        for _, powers in number.argument:
            check_powers(powers, k)
    used = bool(numbers.table or numbers.pivots)
    if not used <= numbers.precision <= used * MAX_PRECISION:
        raise Rejected(f"numbers: expected a precision from 1 to {MAX_PRECISION}, and 0 without numbers")


def check_powers(powers: Powers, count: int) -> None:
    """Refuse a monomial that is not one of the first ``count`` numbers; raises ``Rejected``."""
    if not all(0 <= k < count and 0 < m <= MAX_POWER for k, m in powers):
        raise Rejected(f"numbers: a power of a number is out of range; there are {count} before it")
    if len({k for k, _ in powers}) != len(powers):
        raise Rejected("numbers: a number occurs twice in a term")


def formal_numbers(ring: Ring, table: Iterable[Number]) -> list[Poly]:
    """Return the listed numbers as formal polynomials in symbols for them."""
    found: list[Poly] = []
    for number in table:
        argument: Poly = {}
        for c, powers in number.argument:
            add_to(argument, formal_monomial(found, powers), c)
        if number.kind == KAPPA_ITSELF:
            found.append({((KAPPA, 1),): Fraction(1)})
        elif number.kind == EXPONENTIAL:
            found.append(ring.exponential(argument))
        else:
            found.append(ring.activate(number.activation, argument)[number.kind == SLOPE])
    return found


def formal_monomial(found: Sequence[Poly], powers: Powers) -> Poly:
    """Return a product of powers of formal numbers."""
    total: Poly = {(): Fraction(1)}
    for k, m in powers:
        total = multiply(total, power(found[k], m))
    return total


def enclosed_numbers(table: Iterable[Number], precision: int) -> list[Ball]:
    """Return balls that contain the listed numbers; raises ``Rejected`` where one has no value."""
    domain, found = Balls(precision), list[Ball]()
    for number in table:
        argument: Ball = (0, 0)
        for c, powers in number.argument:
            argument = domain.plus(argument, enclosed_monomial(found, c, powers, precision))
        found.append(short(_enclosed(number, argument, precision), precision))
    return found


def _enclosed(number: Number, argument: Ball, precision: int) -> Ball:
    if number.kind == KAPPA_ITSELF:
        return root_over_pi(2, precision)
    if number.kind == EXPONENTIAL:
        return exp(argument, precision)
    return value_and_slope(number.activation, argument, precision)[number.kind == SLOPE]


def enclosed_monomial(found: Sequence[Ball], c: Fraction, powers: Powers, precision: int) -> Ball:
    """Return a ball that contains c times a product of powers of numbers."""
    total = Balls(precision).from_rational(c)
    for k, m in powers:
        for _ in range(m):
            total = short(product(total, found[k], precision), precision)
    return total


def short(z: Ball, precision: int) -> Ball:
    """Return a ball; raises ``Rejected`` for one with numbers above 2^``MAX_BITS``."""
    if (abs(z[0]) + z[1]).bit_length() > precision + MAX_BITS:
        raise Rejected(f"limit: a number has more than {MAX_BITS} bits before the point")
    return z


def check_regular(matrix: Sequence[Sequence[Ball]], precision: int) -> None:
    """Prove that every square matrix within these balls is regular, by elimination in the given order.

    Raises ``Rejected`` when a pivot may be zero.
    """
    rows = [list(row) for row in matrix]
    domain = Balls(precision)
    for k, top in enumerate(rows):
        if abs(top[k][0]) <= top[k][1]:
            raise Rejected(f"numbers: pivot {k} may be zero with {precision} bits")
        for row in rows[k + 1 :]:
            if row[k] == (0, 0):
                continue
            factor = quotient(row[k], top[k], precision)
            for j in range(k + 1, len(row)):
                row[j] = domain.plus(row[j], domain.minus(product(factor, top[j], precision)))
