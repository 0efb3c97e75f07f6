"""Activations that are defined by a differential equation: ``ode:`` names, and existence for all real z.

``ode:1-2*z*y1@0`` is the solution of y1' = 1 - 2 z y1, y1(0) = 0; ``ode:y2@0;-y1@1`` is the first component
of y1' = y2, y2' = -y1, y(0) = (0, 1). The right sides are polynomials in z, y1, .., yn with rational
coefficients, written in one way only: terms in the order of their total degree and then of the exponents of
z, y1, .., yn; coefficients as ``p`` or ``p/q``; the coefficient 1 only where there is no variable.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from .errors import Malformed

Exponents = tuple[int, ...]
"""of z, y1, .., yn"""
Polynomial = tuple[tuple[Fraction, Exponents], ...]
Univariate = tuple[Fraction, ...]
"""coefficients, constant term first, the last one not zero; () is the polynomial 0"""

PREFIX = "ode:"
MAX_CHARACTERS = 4_000
MAX_EQUATIONS = 8
MAX_DEGREE = 16
MAX_TERMS = 64
MAX_DIGITS = 60
_NUMBER = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}(/[0-9]{{1,{MAX_DIGITS}}})?")
_FACTOR = re.compile(r"(?:z|y([1-9]))(?:\^([1-9][0-9]?))?")


@dataclass(frozen=True, slots=True)
class System:
    """y_k' = derivatives[k - 1](z, y_1, .., y_n) with y_k(0) = initial[k - 1]; the activation is y_1."""

    derivatives: tuple[Polynomial, ...]
    initial: tuple[Fraction, ...]

    @property
    def degree(self) -> int:
        """The largest total degree of a right side."""
        return max((sum(powers) for terms in self.derivatives for _, powers in terms), default=0)


# Names


@lru_cache(maxsize=256)
def read_system(name: str) -> System:
    """Return the system that an ``ode:`` name writes out; raises ``Malformed`` for every other text.

    >>> read_system("ode:1-2*z*y1@0").derivatives
    (((Fraction(1, 1), (0, 0)), (Fraction(-2, 1), (1, 1))),)
    """
    if not name.startswith(PREFIX) or len(name) > MAX_CHARACTERS:
        raise Malformed(f"a differential equation is written in at most {MAX_CHARACTERS} characters")
    equations = name[len(PREFIX) :].split(";")
    if len(equations) > MAX_EQUATIONS:
        raise Malformed(f"more than {MAX_EQUATIONS} differential equations")
    sides = [equation.partition("@") for equation in equations]
    system = System(
        tuple(_read_polynomial(side, len(equations)) for side, _, _ in sides),
        tuple(_read_number(value) for _, _, value in sides),
    )
    if written(system) != name:
        raise Malformed(f"a differential equation is not in its canonical form {written(system)}")
    return system


def written(system: System) -> str:
    """Return the canonical name of a system; raises ``Malformed`` for one beyond the limits.

    >>> written(System((((Fraction(1), (0, 0)), (Fraction(-2), (1, 1))),), (Fraction(0),)))
    'ode:1-2*z*y1@0'
    """
    count, terms = len(system.derivatives), max(map(len, system.derivatives), default=0)
    if not 1 <= count <= MAX_EQUATIONS or count != len(system.initial):
        raise Malformed(f"expected 1 to {MAX_EQUATIONS} differential equations, each with an initial value")
    if terms > MAX_TERMS or system.degree > MAX_DEGREE:
        raise Malformed(f"a right side has more than {MAX_TERMS} terms or a degree above {MAX_DEGREE}")
    numbers = [*system.initial, *(c for side in system.derivatives for c, _ in side)]
    if any(max(abs(v.numerator), v.denominator) >= 10**MAX_DIGITS for v in numbers):
        raise Malformed(f"a number has more than {MAX_DIGITS} digits")
    parts = [
        f"{_written_polynomial(side)}@{value}"
        for side, value in zip(system.derivatives, system.initial, strict=True)
    ]
    return PREFIX + ";".join(parts)


def collected(terms: Sequence[tuple[Fraction, Exponents]]) -> Polynomial:
    """Return the sum of terms in canonical order."""
    total: dict[Exponents, Fraction] = {}
    for coefficient, powers in terms:
        total[powers] = total.get(powers, Fraction(0)) + coefficient
    ordered = sorted(total, key=lambda powers: (sum(powers), powers))
    return tuple((total[powers], powers) for powers in ordered if total[powers])


def derivative(polynomial: Polynomial, variable: int) -> Polynomial:
    """Return the partial derivative by z (0) or by y_k (k)."""
    return collected(
        [
            (c * powers[variable], (*powers[:variable], powers[variable] - 1, *powers[variable + 1 :]))
            for c, powers in polynomial
            if powers[variable]
        ]
    )


def _read_number(text: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise Malformed(f"'{text[:40]}' is no number p or p/q with at most {MAX_DIGITS} digits")
    try:
        return Fraction(text)
    except ZeroDivisionError as error:
        raise Malformed(f"'{text[:40]}' divides by zero") from error


def _read_polynomial(text: str, variables: int) -> Polynomial:
    pieces = re.findall(r"[+-]?[^+-]+", text)
    if "".join(pieces) != text or not pieces or text[0] == "+":
        raise Malformed(f"'{text[:40]}' is no sum of terms")
    terms = [_read_term(piece, variables) for piece in pieces]
    return collected(terms)


def _read_term(text: str, variables: int) -> tuple[Fraction, Exponents]:
    sign, body = (-1, text[1:]) if text[0] == "-" else (1, text.removeprefix("+"))
    first, *factors = body.split("*")
    coefficient = Fraction(sign)
    if _NUMBER.fullmatch(first):
        coefficient *= _read_number(first)
    else:
        factors.insert(0, first)
    powers = [0] * (variables + 1)
    for factor in factors:
        match = _FACTOR.fullmatch(factor)
        if match is None or int(match[1] or 0) > variables:
            raise Malformed(f"'{factor[:40]}' is no power of z or of y1, .., y{variables}")
        powers[int(match[1] or 0)] += int(match[2] or 1)
    return coefficient, tuple(powers)


def _written_polynomial(polynomial: Polynomial) -> str:
    text = ""
    for coefficient, powers in polynomial:
        names = ["z", *(f"y{k}" for k in range(1, len(powers)))]
        factors = [n if e == 1 else f"{n}^{e}" for n, e in zip(names, powers, strict=True) if e]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        text += ("-" if coefficient < 0 else "+" if text else "") + "*".join(factors)
    return text or "0"


# Existence for all real z


def check_exists_everywhere(system: System) -> None:
    """Prove that the solution exists for all real z; raises ``Malformed`` where these criteria do not.

    Equations that depend on each other, directly or not, form a group. A group is linear in its own unknowns,
    or it is one equation whose solution stays between two barriers. Proofs:
    docs/theory/differential-equations.md.
    """
    count = len(system.derivatives)
    reached = [_reached(system, k) for k in range(1, count + 1)]
    for k in range(1, count + 1):
        group = {j for j in range(1, count + 1) if j in reached[k - 1] and k in reached[j - 1]} | {k}
        linear = all(sum(powers[j] for j in group) <= 1 for _, powers in system.derivatives[k - 1])
        if not linear and (len(group) > 1 or not _is_bounded(system, k)):
            raise Malformed(
                f"y{k}' = {_written_polynomial(system.derivatives[k - 1])} is not proved to have a solution "
                "for all real z: it is neither linear nor bounded by constant solutions"
            )


def _reached(system: System, start: int) -> set[int]:
    """The unknowns on which the derivative of y_start depends, directly or not."""
    found: set[int] = set()
    waiting = [start]
    while waiting:
        terms = system.derivatives[waiting.pop() - 1]
        used = {j for _, powers in terms for j in range(1, len(powers)) if powers[j]}
        waiting += used - found
        found |= used
    return found


def _is_bounded(system: System, k: int) -> bool:
    """Whether barriers above and below y_k(0) keep y_k between them, for all z > 0 and all z < 0."""
    terms, start = system.derivatives[k - 1], system.initial[k - 1]
    barriers = _common_divisor(_coefficients_in(terms, k))
    change = _at_level(terms, k, start)
    above = has_root(barriers, start, 1) or (change is not None and all(c < 0 for c in change))
    below = has_root(barriers, start, -1) or (change is not None and all(c > 0 for c in change))
    return above and below


def _coefficients_in(terms: Polynomial, k: int) -> list[Univariate]:
    """The polynomials in y_k that are the coefficients of the products of the other variables."""
    rows: dict[Exponents, dict[int, Fraction]] = {}
    for c, powers in terms:
        rows.setdefault((*powers[:k], *powers[k + 1 :]), {})[powers[k]] = c
    return [tuple(row.get(n, Fraction(0)) for n in range(max(row) + 1)) for row in rows.values()]


def _at_level(terms: Polynomial, k: int, level: Fraction) -> list[Fraction] | None:
    """The coefficients of P_k(z, level) if it is an odd polynomial in z alone: z P_k has their sign."""
    total: dict[int, Fraction] = {}
    for c, powers in terms:
        if any(e for j, e in enumerate(powers) if j not in (0, k)):
            return None
        total[powers[0]] = total.get(powers[0], Fraction(0)) + c * level ** powers[k]
    if any(c and power % 2 == 0 for power, c in total.items()):
        return None
    return [c for c in total.values() if c]


def _common_divisor(polynomials: Sequence[Univariate]) -> Univariate:
    total: Univariate = ()
    for polynomial in polynomials:
        a, b = total, polynomial
        while b:
            a, b = b, _remainder(a, b)
        lead = a[-1]
        total = tuple(v / lead for v in a)
    return total


def _remainder(a: Univariate, b: Univariate) -> Univariate:
    rest, lead = list(a), b[-1]
    while len(rest) >= len(b):
        v, shift = rest[-1], len(rest) - len(b)
        factor = v / lead
        for n, c in enumerate(b):
            rest[n + shift] -= factor * c
        while rest and not rest[-1]:
            rest.pop()
    return tuple(rest)


def has_root(polynomial: Univariate, start: Fraction, side: int) -> bool:
    """Return whether a non-zero polynomial has a real root at ``start`` or on the given side (1 or -1) of it.

    >>> has_root((Fraction(-2), Fraction(0), Fraction(1)), Fraction(1), 1)
    True

    Reference: Sturm's theorem; Basu, Pollack and Roy, Algorithms in Real Algebraic Geometry, section 2.2.
    """
    if not _value(polynomial, start):
        return True
    chain = [polynomial, tuple(n * c for n, c in enumerate(polynomial))[1:]]
    while chain[-1]:
        chain.append(tuple(-c for c in _remainder(chain[-2], chain[-1])))
    here = [_value(p, start) for p in chain[:-1]]
    far = [p[-1] * side ** (len(p) - 1) for p in chain[:-1]]
    return _sign_changes(here) != _sign_changes(far)


def _value(polynomial: Univariate, at: Fraction) -> Fraction:
    return sum((c * at**n for n, c in enumerate(polynomial)), Fraction(0))


def _sign_changes(values: Sequence[Fraction]) -> int:
    signs = [v > 0 for v in values if v]
    return sum(a != b for a, b in pairwise(signs))
