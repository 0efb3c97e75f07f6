"""Rational relations between base exponents, to be proved by the kernel and then used as rewritings."""

from fractions import Fraction
from math import isqrt

import flint

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.kernel.errors import Rejected
from llrsym.kernel.formal import Ring
from llrsym.kernel.polynomials import Monomial, Poly, add_to
from llrsym.kernel.residues import Setting
from llrsym.kernel.roots import Points
from llrsym.kernel.tower import Tower


def find_rewrites(tower: Tower, setting: Setting, pairs: int, points: Points) -> list[tuple[Monomial, Poly]]:
    """Return identities monomial = combination of others among the base exponents, each one verified.

    Candidates come from the null space of the difference rows modulo p by rational reconstruction.
    """
    monomials = [base for base in tower.bases if isinstance(base, tuple)]
    if len(monomials) != len(tower.bases):
        return []
    order = sorted(range(len(monomials)), key=lambda k: (max((a for a, _ in monomials[k]), default=0), k))
    differences = NumpyArithmetic().premise_rows(tower, setting, pairs, points)[:, order]
    rows = [[int(v) % setting.prime for v in row] for row in differences]
    reduced, rank = flint.nmod_mat(rows, setting.prime).rref()
    entries = [[int(v) for v in row] for row in reduced.tolist()][:rank]
    pivots = [next(k for k, v in enumerate(row) if v) for row in entries]
    found = []
    for column in sorted(set(range(len(order))) - set(pivots)):
        combination: Poly = {}
        for row, pivot in zip(entries, pivots, strict=True):
            value = rational_from_residue(row[column], setting.prime)
            if value:
                combination[monomials[order[pivot]]] = value
        target = monomials[order[column]]
        constant = _constant_term(tower, target, combination)
        if constant is not None:
            add_to(combination, {(): constant})
            found.append((target, combination))
    return found


def _constant_term(tower: Tower, monomial: Monomial, combination: Poly) -> Fraction | None:
    """Return c with monomial = combination + c as an identity, for the c in reach, else None."""
    difference: Poly = {monomial: Fraction(1)}
    add_to(difference, combination, -1)
    for numerator in (0, 1, -1, 2, -2):
        for denominator in (1, 2):
            candidate = dict(difference)
            add_to(candidate, {(): Fraction(numerator, denominator)}, -1)
            if _is_identity(tower.ring, candidate):
                return Fraction(numerator, denominator)
    return None


def _is_identity(ring: Ring, poly: Poly) -> bool:
    try:
        return ring.is_zero(poly)
    except Rejected:
        return False


def rational_from_residue(residue: int, modulus: int) -> Fraction | None:
    """Return the fraction a/b = residue with |a|, b at most sqrt(modulus / 2), if there is one.

    >>> rational_from_residue(-2 * pow(3, -1, 4194301) % 4194301, 4194301)
    Fraction(-2, 3)
    """
    bound = isqrt(modulus // 2)
    (r0, r1), (s0, s1) = (modulus, residue % modulus), (0, 1)
    while r1 > bound:
        quotient = r0 // r1
        (r0, r1), (s0, s1) = (r1, r0 - quotient * r1), (s1, s0 - quotient * s1)
    return Fraction(r1, s1) if s1 and abs(s1) <= bound else None
