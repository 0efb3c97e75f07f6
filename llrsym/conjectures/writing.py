"""Short ways to write a polynomial, in the grammar of ``SizeFormula``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sympy as sp

from llrsym.conjectures.polynomials import Polynomial

Ordered = tuple[sp.Symbol, ...]


def shortest(polynomial: Polynomial) -> str:
    """Return the form of a polynomial with the fewest names and numbers, among several.

    >>> from fractions import Fraction
    >>> terms = (((1, 1), Fraction(4)), ((0, 2), Fraction(-2)), ((0, 0), Fraction(-1)))
    >>> shortest(Polynomial(("d", "a"), terms))
    '2*a*(2*d - a) - 1'
    """
    symbols = tuple(sp.Symbol(quantity, real=True) for quantity in polynomial.quantities)
    texts = [_written(form, symbols) for form in _forms(_expression(polynomial, symbols), symbols)]
    return min(texts, key=_length)


def _length(text: str) -> tuple[int, int, int, int, str]:
    names, numbers = (len(re.findall(pattern, text)) for pattern in (r"\b[^\W\d]\w*", r"\b\d+"))
    return names, numbers, text.count("-"), len(text), text


def _expression(polynomial: Polynomial, symbols: Ordered) -> sp.Expr:
    products = (
        sp.Rational(c.numerator, c.denominator)
        * sp.Mul(*(symbol**e for symbol, e in zip(symbols, exponents, strict=True)))
        for exponents, c in polynomial.terms
    )
    return sp.Add(*products)


def _forms(expression: sp.Expr, symbols: Ordered) -> Iterator[sp.Expr]:
    yield expression
    yield _factored(expression)
    constant = expression.as_coeff_Add()[0]
    yield sp.Add(_factored(expression - constant), constant, evaluate=False)
    for symbol in symbols:
        powers = sp.Poly(expression, symbol).all_coeffs()[::-1]
        parts = [
            sp.Mul(_factored(c), symbol**n, evaluate=False) if n else c for n, c in enumerate(powers) if c
        ]
        yield sp.Add(*parts, evaluate=False)


def _factored(expression: sp.Expr) -> sp.Expr:
    """A product whose leading number is positive if one of its factors can take the sign."""
    number, factors = sp.factor_list(expression)
    bases = [(-base if number < 0 and base.is_Add and power % 2 else base, power) for base, power in factors]
    flipped = [n for n, (base, power) in enumerate(factors) if bases[n][0] != base]
    for n in flipped[1:]:
        bases[n] = factors[n]
    sign = -1 if flipped else 1
    return sp.Mul(sign * number, *(base**power for base, power in bases), evaluate=False)


def _written(expression: sp.Expr, symbols: Ordered) -> str:
    if expression.is_Add:
        return _sum(expression, symbols)
    return _product(expression, symbols)


def _sum(expression: sp.Expr, symbols: Ordered) -> str:
    """Positive terms first, then those of high degree, then in the order of the names; numbers last."""

    def order(term: sp.Expr) -> tuple[bool, bool, int, list[int]]:
        powers = sp.Poly(term, *symbols).monoms()[0]
        return term.is_number, _is_negative(term), -sum(powers), [-power for power in powers]

    text = ""
    for term in sorted(_terms(expression), key=order):
        negative = _is_negative(term)
        written = _product(-term if negative else term, symbols)
        text += f" {'-' if negative else '+'} {written}" if text else _product(term, symbols)
    return text


def _terms(expression: sp.Expr) -> list[sp.Expr]:
    return [part for term in expression.args for part in (_terms(term) if term.is_Add else [term])]


def _is_negative(term: sp.Expr) -> bool:
    return bool(_split(term)[0] < 0)


def _split(term: sp.Expr) -> tuple[sp.Rational, list[sp.Expr]]:
    """The number in front of a product, and its other factors."""
    flat = [part for factor in sp.Mul.make_args(term) for part in sp.Mul.make_args(factor)]
    number = sp.Mul(*(factor for factor in flat if factor.is_number))
    return number, [factor for factor in flat if not factor.is_number]


def _product(term: sp.Expr, symbols: Ordered) -> str:
    number, factors = _split(term)
    names = {symbol.name: n for n, symbol in enumerate(symbols)}

    def order(factor: sp.Expr) -> tuple[bool, int]:
        base = factor.as_base_exp()[0]
        return bool(base.is_Add), names.get(str(base), 0)

    texts = [_power(factor, symbols) for factor in sorted(factors, key=order)]
    numerator, denominator = abs(int(number.p)), int(number.q)
    if numerator != 1 or not texts:
        texts.insert(0, str(numerator))
    sign = "-" if number < 0 else ""
    return f"{sign}{'*'.join(texts)}" + (f"/{denominator}" if denominator != 1 else "")


def _power(factor: sp.Expr, symbols: Ordered) -> str:
    base, exponent = factor.as_base_exp()
    text = f"({_sum(base, symbols)})" if base.is_Add else str(base)
    return text if exponent == 1 else f"{text}^{exponent}"
