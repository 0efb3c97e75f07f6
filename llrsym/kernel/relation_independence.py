"""Independence of relations: by a homomorphism to a prime field, or by balls where numbers are no simpler.

Theorems and proofs: docs/theory/upper-bounds.
"""

from collections.abc import Sequence
from math import lcm

from .ball_arithmetic import Ball, product
from .ball_functions import exp, root_over_pi
from .balls import Balls
from .errors import Rejected
from .real_numbers import Numbers, check_regular, enclosed_monomial, enclosed_numbers, short
from .relations import Coefficient, Relation
from .residues import Setting


def check_independent(relations: Sequence[Relation], numbers: Numbers, setting: Setting) -> None:
    """Prove the vectors independent: those with pivots by balls, the others by a homomorphism.

    The others have no entries at the pivots, so that the two proofs may be put together.
    """
    others = _check_pivots(relations, numbers)
    terms = [term for relation in others for _, part in relation for term in part]
    if any(t.numbers for t in terms):
        raise Rejected("relations: a relation with listed numbers has no pivot")
    if any(t.kappa for t in terms) and any(t.e or t.ei for t in terms):
        raise Rejected("relations: kappa and powers of e occur together")
    evaluate, echelon = CoefficientResidues(setting, others), Echelon(setting.prime)
    if not all(echelon.insert(evaluate.vector(relation)) for relation in others):
        raise Rejected("relations: the vectors are dependent modulo p")


def _check_pivots(relations: Sequence[Relation], numbers: Numbers) -> list[Relation]:
    """Prove the relations with pivots independent by these entries; return the others, zero there."""
    chosen, columns = [n for n, _ in numbers.pivots], {column for _, column in numbers.pivots}
    if len(set(chosen)) != len(chosen) or len(columns) != len(chosen):
        raise Rejected("numbers: a relation or a parameter occurs twice among the pivots")
    if not all(0 <= n < len(relations) for n in chosen):
        raise Rejected("numbers: a pivot is in no relation")
    others = [relation for n, relation in enumerate(relations) if n not in set(chosen)]
    if any(entry in columns for relation in others for entry, _ in relation):
        raise Rejected("numbers: a relation without a pivot has an entry at the pivot of another one")
    if not numbers.precision:
        return others
    values = enclosed_numbers(numbers.table, numbers.precision)
    rows = [enclosed_relation(relations[n], values, numbers.precision) for n in chosen]
    check_regular(
        [[row.get(column, (0, 0)) for _, column in numbers.pivots] for row in rows], numbers.precision
    )
    return others


def enclosed_relation(relation: Relation, values: Sequence[Ball], precision: int) -> dict[int, Ball]:
    """Return balls that contain the entries of a relation, from those of the listed numbers.

    Raises ``Rejected`` when an entry is not visibly a real number, such as one with a weight as a variable.
    """
    domain, found = Balls(precision), dict[int, Ball]()
    for entry, terms in relation:
        total = (0, 0)
        for term in terms:
            if term.i or term.ei or term.theta:
                raise Rejected("numbers: a relation with a pivot has an entry that is no real number")
            value = enclosed_monomial(values, term.rational, term.numbers, precision)
            if term.e:
                value = product(value, exp(domain.from_rational(term.e), precision), precision)
            for _ in range(term.kappa):
                value = product(value, root_over_pi(2, precision), precision)
            total = domain.plus(total, short(value, precision))
        found[entry] = total
    return found


class CoefficientResidues:
    """One homomorphism for all coefficients: e^(1/q), e^(i/q), kappa, theta to units, i to a root of -1."""

    def __init__(self, setting: Setting, relations: Sequence[Relation]) -> None:
        self.setting, p = setting, setting.prime
        terms = [t for r in relations for _, part in r for t in part]
        self.q = lcm(*(t.e.denominator for t in terms), *(t.ei.denominator for t in terms))
        e, ei, kappa = setting.numbers("relations/constants", 3)
        self.e, self.ei, self.kappa = (1 + n % (p - 1) for n in (e, ei, kappa))
        self.i = setting.imaginary_unit(1)

    def vector(self, relation: Relation) -> dict[int, int]:
        """Return the residues of the entries of a relation."""
        p = self.setting.prime
        return {entry: sum(self._term(term) for term in terms) % p for entry, terms in relation}

    def _term(self, term: Coefficient) -> int:
        p = self.setting.prime
        value = self.setting.residue(term.rational)
        value *= pow(self.e, int(term.e * self.q), p) * pow(self.ei, int(term.ei * self.q), p)
        value *= pow(self.i, term.i, p) * pow(self.kappa, term.kappa, p) % p
        for n, m in term.theta:
            value = value * pow(1 + self.setting.numbers(f"relations/theta/{n}", 1)[0] % (p - 1), m, p) % p
        return value


class Echelon:
    """Sparse vectors modulo p, kept in echelon form."""

    def __init__(self, p: int) -> None:
        self.p = p
        self.pivots: dict[int, dict[int, int]] = {}

    def insert(self, row: dict[int, int]) -> bool:
        """Add a vector if it is independent of those before, and say whether it was."""
        rest = {column: value for column, value in row.items() if value}
        while rest:
            column = min(rest)
            pivot = self.pivots.get(column)
            if pivot is None:
                inverse = pow(rest[column], -1, self.p)
                self.pivots[column] = {k: v * inverse % self.p for k, v in rest.items()}
                return True
            factor = rest[column]
            for k, v in pivot.items():
                value = (rest.get(k, 0) - factor * v) % self.p
                if value:
                    rest[k] = value
                else:
                    rest.pop(k, None)
        return False
