"""Formal polynomials: monomials in numbered atoms with rational coefficients, and i^2 = -1."""

from fractions import Fraction

from .errors import Rejected

Monomial = tuple[tuple[int, Fraction | int], ...]
Poly = dict[Monomial, Fraction]
Key = tuple[tuple[Monomial, Fraction], ...]

IMAGINARY, KAPPA = 0, 1
"""The numbers of the atoms i and kappa = sqrt(2/pi)."""
UNIT_MONOMIALS: dict[str, Monomial] = {"1": (), "i": ((IMAGINARY, 1),), "kappa": ((KAPPA, 1),)}
MAX_TERMS, MAX_PRODUCTS, MAX_EXPONENT, MAX_BITS = 200_000, 4_000_000, 128, 1_000_000


def freeze(poly: Poly) -> Key:
    """Return a hashable form, equal exactly for equal polynomials."""
    return tuple(sorted(poly.items()))


def add_to(total: Poly, poly: Poly, factor: Fraction | int = 1) -> None:
    """Add ``factor`` times a polynomial to ``total`` in place."""
    for monomial, coefficient in poly.items():
        value = total.get(monomial, 0) + factor * coefficient
        if value:
            total[monomial] = Fraction(value)
        else:
            total.pop(monomial, None)


def multiply_monomials(a: Monomial, b: Monomial) -> tuple[Monomial, int]:
    """Return the product and the sign that i^2 = -1 leaves."""
    if not a or not b:
        return a or b, 1
    powers = dict(a)
    for atom, power in b:
        powers[atom] = powers.get(atom, 0) + power
    sign = 1
    if powers.get(IMAGINARY, 0) >= 2:
        powers[IMAGINARY] -= 2
        sign = -1
    return tuple(sorted((atom, power) for atom, power in powers.items() if power)), sign


def multiply(a: Poly, b: Poly) -> Poly:
    """Return the product; raises ``Rejected`` beyond ``MAX_TERMS`` terms or ``MAX_BITS`` bits."""
    if len(a) * len(b) > MAX_PRODUCTS:
        raise Rejected(f"limit: a product of {len(a)} by {len(b)} terms is too large to expand")
    total: Poly = {}
    for left, c in a.items():
        for right, d in b.items():
            monomial, sign = multiply_monomials(left, right)
            value = total.get(monomial, 0) + sign * c * d
            if value:
                total[monomial] = value
            else:
                total.pop(monomial, None)
    if len(total) > MAX_TERMS:
        raise Rejected(f"limit: a formal polynomial has {len(total)} terms")
    if any(v.numerator.bit_length() + v.denominator.bit_length() > MAX_BITS for v in total.values()):
        raise Rejected(f"limit: a coefficient of a formal polynomial has more than {MAX_BITS} bits")
    return total


def power(base: Poly, exponent: int) -> Poly:
    """Return a non-negative integer power; raises ``Rejected`` beyond ``MAX_EXPONENT``."""
    if exponent > MAX_EXPONENT:
        raise Rejected(f"limit: a power {exponent} of a formal polynomial is too high to expand")
    result: Poly = {(): Fraction(1)}
    for _ in range(exponent):
        result = multiply(result, base)
    return result
