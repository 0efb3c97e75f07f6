"""Entries of a parameter map: polynomials in the narrow weights and in free numbers such as splitting ratios.

They are polynomials of the kernel's formal ring, whose first variables are numbered from ``FIRST_VARIABLE``.
Forms are shared and never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod

import sympy as sp

from llrsym.kernel.layered_embeddings import FIRST_VARIABLE
from llrsym.kernel.polynomials import Monomial, Poly, add_to, multiply

Form = Poly
ZERO: Form = {}
ONE: Form = {(): Fraction(1)}


def variable(number: int) -> Form:
    """Return the variable with this number: a narrow weight, or after them a free number."""
    return {((FIRST_VARIABLE + number, 1),): Fraction(1)}


def number(value: Fraction | int) -> Form:
    """Return a constant."""
    return {(): Fraction(value)} if value else ZERO


def total(*forms: Form) -> Form:
    """Return the sum."""
    result: Form = {}
    for form in forms:
        add_to(result, form)
    return result


def product(a: Form, b: Form) -> Form:
    """Return a b."""
    if not a or not b:
        return ZERO
    if a == ONE or b == ONE:
        return b if a == ONE else a
    return multiply(a, b)


def negative(form: Form) -> Form:
    """Return -form."""
    return {monomial: -c for monomial, c in form.items()}


def evaluate(form: Form, values: Sequence[Fraction]) -> Fraction:
    """Return the value at numbers for all variables."""
    return sum(
        (c * prod(values[atom - FIRST_VARIABLE] ** int(power) for atom, power in m) for m, c in form.items()),
        Fraction(0),
    )


def expression(form: Form, symbols: Mapping[int, sp.Symbol]) -> sp.Expr:
    """Return the form in SymPy, with one symbol per variable number."""
    terms = [
        sp.Mul(
            sp.Rational(c.numerator, c.denominator),
            *(symbols[atom - FIRST_VARIABLE] ** int(power) for atom, power in monomial),
        )
        for monomial, c in form.items()
    ]
    return sp.Add(*terms)


def document(form: Form) -> object:
    """Return the form as data of a claim: a rational, or pairs of a monomial and its coefficient."""
    if set(form) <= {()}:
        return str(form.get((), Fraction(0)))
    return [[_monomial(m), str(c)] for m, c in sorted(form.items())]


def _monomial(monomial: Monomial) -> list[list[int]]:
    return [[atom - FIRST_VARIABLE, int(power)] for atom, power in monomial]
