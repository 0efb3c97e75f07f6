"""Numbers of the form c_0 + sum c_j g_j with rational c_j, where g_j is tanh or exp of such a number.

A constant neuron that is absorbed in the next bias turns a rational bias into such a number. Two of them are
equal if they are formally the same; that they differ is decided where the g_j are values of one function at
rational arguments (docs/theory/deep-tanh: Lindemann-Weierstrass), and unknown otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from .errors import Rejected

Key = tuple[str, "Constant"] | None
"""None for the number 1, else the name of a function and its argument."""
MAX_NESTED_TERMS, MAX_LEVELS = 10_000, 100
"""The terms of the arguments of the arguments ... may be exponentially many in the depth of a network."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A formal number: its coefficients by key, none of them zero."""

    terms: frozenset[tuple[Key, Fraction]] = frozenset()

    @classmethod
    def rational(cls, value: Fraction | int) -> Constant:
        """Return a rational number."""
        return cls.of({None: Fraction(value)})

    @classmethod
    def of(cls, coefficients: Mapping[Key, Fraction]) -> Constant:
        """Return the number with these coefficients."""
        return cls(frozenset((key, c) for key, c in coefficients.items() if c))

    def __add__(self, other: Constant) -> Constant:
        total = dict(self.terms)
        for key, c in other.terms:
            total[key] = total.get(key, Fraction(0)) + c
        return Constant.of(total)

    def __sub__(self, other: Constant) -> Constant:
        return self + other.times(Fraction(-1))

    def times(self, factor: Fraction) -> Constant:
        """Return a rational multiple."""
        return Constant.of({key: factor * c for key, c in self.terms})

    @property
    def as_rational(self) -> Fraction | None:
        """The number, if it is formally rational."""
        if not self.terms:
            return Fraction(0)
        ((key, value), *rest) = self.terms
        return value if key is None and not rest else None

    def __str__(self) -> str:
        parts = []
        for key, c in sorted(self.terms, key=lambda term: _order(term[0])):
            parts.append(str(c) if key is None else f"{c} {key[0]}({key[1]})")
        return " + ".join(parts) or "0"


def is_zero(number: Constant) -> bool | None:
    """Whether a number is zero: True, False, or None where it is not decided.

    1 and tanh of distinct positive rationals are independent over Q, and so are exp of distinct rationals.
    """
    if not number.terms:
        return True
    functions = {key[0] for key, _ in number.terms if key is not None}
    arguments = [key[1].as_rational for key, _ in number.terms if key is not None]
    return None if len(functions) > 1 or None in arguments else False


def tanh_of(number: Constant) -> Constant:
    """Return tanh of a number, with the sign taken out so that tanh(-u) and -tanh(u) are the same."""
    if not number.terms:
        return number
    if _terms_left(number, MAX_NESTED_TERMS, MAX_LEVELS) < 0:
        raise Rejected(f"limit: a constant with more than {MAX_NESTED_TERMS} terms or {MAX_LEVELS} levels")
    negative = _leads_negative(number)
    argument = number.times(Fraction(-1)) if negative else number
    return Constant.of({("tanh", argument): Fraction(-1 if negative else 1)})


def logistic_of(number: Constant) -> Constant:
    """Return 1 / (1 + e^-u) = (1 + tanh(u / 2)) / 2."""
    return (Constant.rational(1) + tanh_of(number.times(Fraction(1, 2)))).times(Fraction(1, 2))


def exp_of(number: Fraction) -> Constant:
    """Return e^u of a rational number; e^0 = 1."""
    return Constant.of({("exp", Constant.rational(number)) if number else None: Fraction(1)})


def _terms_left(number: Constant, limit: int, levels: int) -> int:
    """Return ``limit`` minus the number of nested terms, or -1 as soon as one of the two is exceeded."""
    if levels == 0:
        return -1
    for key, _ in number.terms:
        limit -= 1
        if limit >= 0 and key is not None:
            limit = _terms_left(key[1], limit, levels - 1)
        if limit < 0:
            return -1
    return limit


def _leads_negative(number: Constant) -> bool:
    """A sign that the negative has not: that of the coefficient whose key comes first."""
    return min(number.terms, key=lambda term: _order(term[0]))[1] < 0


def _order(key: Key) -> tuple[object, ...]:
    """A total order of keys that does not depend on hashes."""
    if key is None:
        return ()
    return (key[0], tuple(sorted((_order(inner), c) for inner, c in key[1].terms)))
