"""Relations whose coefficients are values of functions at numbers: how the kernel is told about them."""

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction

from llrsym.kernel.ball_arithmetic import Ball, product, quotient
from llrsym.kernel.balls import Balls
from llrsym.kernel.errors import Rejected
from llrsym.kernel.formal import Ring
from llrsym.kernel.polynomials import IMAGINARY, KAPPA, Monomial, Poly
from llrsym.kernel.real_numbers import (
    EXPONENTIAL,
    KAPPA_ITSELF,
    MAX_PRECISION,
    MAX_ROWS,
    NO_NUMBERS,
    Number,
    Numbers,
    enclosed_numbers,
)
from llrsym.kernel.relation_independence import CoefficientResidues, enclosed_relation
from llrsym.kernel.relations import Coefficient, Relation

PRECISIONS = (128, 512, 2_048, MAX_PRECISION)


class NumberTable:
    """The numbers that have occurred in the constants of one ring, in an order in which each may be made."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.listed: list[Number] = []
        self._places: dict[Number, int] = {}

    def relation(self, vector: dict[int, Poly]) -> Relation | None:
        """Return a vector over constants in the kernel's terms, or None when one has no place in them."""
        vector = _without_common_factor(self.ring, vector)
        try:
            entries = [(entry, self._terms(constant)) for entry, constant in sorted(vector.items())]
        except Rejected:
            return None
        return tuple((entry, terms) for entry, terms in entries if terms)

    def _terms(self, constant: Poly) -> tuple[Coefficient, ...]:
        return tuple(self._term(monomial, c) for monomial, c in constant.items())

    def _term(self, monomial: Monomial, c: Fraction) -> Coefficient:
        e, ei, i, kappa = Fraction(0), Fraction(0), 0, 0
        theta: list[tuple[int, int]] = []
        numbers: dict[int, int] = {}
        for atom, exponent in monomial:
            match self.ring.atoms[atom]:
                case ("exp", ()):
                    e = Fraction(exponent)
                case ("exp", ((0, 1),)):
                    ei = Fraction(exponent)
                case ("theta", int(index)):
                    theta.append((index, int(exponent)))
                case _ if atom == IMAGINARY:
                    i = int(exponent)
                case _ if atom == KAPPA:
                    kappa = int(exponent)
                case _:
                    place, power = self._place(atom, exponent)
                    numbers[place] = numbers.get(place, 0) + power
        return Coefficient(c, e, ei, i, kappa, tuple(theta), tuple(sorted(numbers.items())))

    def _place(self, atom: int, exponent: Fraction | int) -> tuple[int, int]:
        """Return the place of a number in the list, and its power; raises ``Rejected`` for other atoms."""
        kind, *data = self.ring.atoms[atom]
        if not self.ring.constant_atoms[atom]:
            raise Rejected("a coefficient that is not constant")
        if kind == "exp":
            monomial: Monomial = data[0]  # type: ignore[assignment]  # an exp atom holds a monomial
            return self._listed(Number(EXPONENTIAL, "", self._argument({monomial: Fraction(exponent)}))), 1
        if kind in ("value", "slope"):
            z: Poly = dict(data[1])  # type: ignore[call-overload]  # a value atom holds the key of z
            return self._listed(Number(str(kind), str(data[0]), self._argument(z))), int(exponent)
        if atom == KAPPA:
            return self._listed(Number(KAPPA_ITSELF)), int(exponent)
        raise Rejected("a constant without a place in the list")

    def _argument(self, z: Poly) -> tuple[tuple[Fraction, tuple[tuple[int, int], ...]], ...]:
        terms = []
        for monomial, c in sorted(z.items()):
            numbers: dict[int, int] = {}
            for atom, exponent in monomial:
                place, power = self._place(atom, exponent)
                numbers[place] = numbers.get(place, 0) + power
            terms.append((c, tuple(sorted(numbers.items()))))
        return tuple(terms)

    def _listed(self, number: Number) -> int:
        if number not in self._places:
            self._places[number] = len(self.listed)
            self.listed.append(number)
        return self._places[number]


def _without_common_factor(ring: Ring, vector: dict[int, Poly]) -> dict[int, Poly]:
    """Divide a relation by the powers of numbers that its entries share, so that none is negative."""
    monomials = [dict(monomial) for constant in vector.values() for monomial in constant]
    shared = {
        atom: min(m.get(atom, 0) for m in monomials)
        for atom in set[int]().union(*monomials)
        if ring.constant_atoms[atom] and ring.atoms[atom][0] in ("value", "slope")
    }

    def divided(monomial: Monomial) -> Monomial:
        powers = dict(monomial)
        for atom, least in shared.items():
            powers[atom] = powers.get(atom, 0) - least
        return tuple(sorted((atom, power) for atom, power in powers.items() if power))

    return {entry: {divided(m): c for m, c in constant.items()} for entry, constant in vector.items()}


class LikelyResidues(CoefficientResidues):
    """One homomorphism for all coefficients, as if listed numbers had no relations: good for a search."""

    def _term(self, term: Coefficient) -> int:
        value = super()._term(term)
        for k, m in term.numbers:
            residue = 1 + self.setting.numbers(f"relations/number/{k}", 1)[0] % (self.setting.prime - 1)
            value = value * pow(residue, m, self.setting.prime) % self.setting.prime
        return value


def find_pivots(relations: Sequence[Relation], table: Sequence[Number]) -> tuple[Numbers, set[int]]:
    """Return the pivots with which the kernel proves relations with irrational entries independent.

    Also returns the relations for which there is none at the precisions that are tried: they depend on the
    others, or seem to. Relations that share their entries with those that need pivots get some, too.
    """
    chosen = {n for n, relation in enumerate(relations) if needs_pivot(relation)}
    if not chosen:
        return NO_NUMBERS, set()
    best, left = NO_NUMBERS, chosen
    for precision in PRECISIONS:
        wanted, more = chosen, chosen
        while more and len(wanted) <= MAX_ROWS:
            others = [relation for n, relation in enumerate(relations) if n not in wanted]
            pivots = _pivots(relations, wanted, {entry for r in others for entry, _ in r}, table, precision)
            missing = wanted - {n for n, _ in pivots}
            if len(missing) < len(left) or not best.precision:
                best, left = Numbers(tuple(table), pivots, precision), missing
            if not missing:
                return best, missing
            entries = {entry for n in wanted for entry, _ in relations[n]}
            sharing = {n for n, relation in enumerate(relations) if any(e in entries for e, _ in relation)}
            more = sharing - wanted
            wanted = wanted | sharing
    return best, left


def needs_pivot(relation: Relation) -> bool:
    """Whether the entries of a relation are not in a field in which independence shows modulo a prime."""
    terms = [term for _, part in relation for term in part]
    return any(t.numbers for t in terms) or (any(t.kappa for t in terms) and any(t.e or t.ei for t in terms))


def _pivots(
    relations: Sequence[Relation],
    wanted: set[int],
    excluded: set[int],
    table: Sequence[Number],
    precision: int,
) -> tuple[tuple[int, int], ...]:
    """Eliminate rows by balls, each time at the largest entry, until none is visibly not zero."""
    try:
        values = enclosed_numbers(table, precision)
    except Rejected:
        return ()
    rows: dict[int, dict[int, Ball]] = {}
    for n in sorted(wanted):
        with suppress(Rejected):  # an entry that is not real, or has a weight as a variable: no pivot
            row = enclosed_relation(relations[n], values, precision)
            rows[n] = {k: v for k, v in row.items() if k not in excluded}
    domain, pivots = Balls(precision), list[tuple[int, int]]()
    while any(rows.values()):
        size, n, column = max((abs(m) - r, n, k) for n, row in rows.items() for k, (m, r) in row.items())
        if size <= 0:
            break
        pivots.append((n, column))
        top = rows.pop(n)
        for row in rows.values():
            entry = row.pop(column, (0, 0))
            if entry == (0, 0):
                continue
            factor = quotient(entry, top[column], precision)
            for k, value in top.items():
                if k != column:
                    change = domain.minus(product(factor, value, precision))
                    row[k] = domain.plus(row.get(k, (0, 0)), change)
    return tuple(pivots)
