"""Functionals that vanish on the tangent functions of a sum of monomial maps.

Suppose f = sum over j of f_j(theta_j; x), where f_j has its own weights theta_j and every coefficient of
f_j is a monomial in them, the same one for every j. A functional l on the coefficients is then a polynomial
G with <l, P> = sum of G(theta_j), and it vanishes on all tangent functions if G is singular at every
theta_j. Products G = A B with A(theta_j) = B(theta_j) = 0 are: there are such A if there are more monomials
of its degree than points. This is the classical reason why many secant varieties of Segre and Veronese
varieties are smaller than their parameters say.

# The choice of algorithm
# 1. Weights of one f_j are exchangeable if a monomial of f_j stays one when one replaces the other. The
#    degrees in the classes of exchangeable weights are split between A and B in all ways.
# 2. Solutions modulo a prime at the residues of the weights that the kernel uses; random ones, until the
#    functionals are as many as the bound needs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement, product

import flint

from llrsym.kernel.annihilators import Equations, Functional, Powers, Terms
from llrsym.kernel.cuts import Cut, Expanded, by_monomial, run_between
from llrsym.kernel.errors import Rejected
from llrsym.kernel.formal import Formal, Ring
from llrsym.kernel.program import Program, size
from llrsym.kernel.relation_independence import Echelon
from llrsym.kernel.residues import PRIMES, Setting
from llrsym.kernel.rules import UpperCertificate
from llrsym.kernel.supports import FIRST
from llrsym.tangent.nullspace import Tick

WORK, MAX_FORMS, DRAWS = 60_000, 120, 3
Exponents = tuple[int, ...]
Place = tuple[int, Powers]


@dataclass(frozen=True, slots=True)
class Secant:
    """Points (weights of f_j in corresponding order), and by place exponents and factor of its monomial."""

    points: tuple[tuple[int, ...], ...]
    monomials: dict[Place, tuple[Exponents, Fraction]]
    classes: tuple[tuple[int, ...], ...]
    """Numbers of exchangeable weights of a point."""


def find_annihilators(program: Program, lower: int, seed: str, tick: Tick) -> UpperCertificate | None:
    """Return the certificate of the upper bound ``lower``, or None."""
    secant = find_secant(program)
    if secant is None or len(secant.monomials) <= lower:
        return None
    setting = Setting(PRIMES[0], 1, seed)
    search = _Search(secant, program.parameter_count, setting)
    for first, second in _splits(secant):
        for _ in range(DRAWS):
            tick()
            search.add(first, second)
            if len(search.functionals) == len(secant.monomials) - lower:
                found = tuple(search.equations), tuple(search.functionals)
                return UpperCertificate(
                    "annihilators", prime=setting.prime, seed=seed, equations=found[0], functionals=found[1]
                )
    return None


@lru_cache(maxsize=4)
def find_secant(program: Program) -> Secant | None:
    """Return how f is a sum of copies of one monomial map, or None.

    Remembered, because the same network is often asked about at many weights.
    """
    coefficients = _coefficients(program)
    if not coefficients:
        return None
    parts: dict[int, dict[Place, tuple[Powers, Fraction]]] = {}
    owner = _components([powers for terms in coefficients.values() for powers in terms])
    for place, terms in coefficients.items():
        for powers, factor in terms.items():
            part = parts.setdefault(owner[powers[0][0]] if powers else -1, {})
            if place in part:
                return None
            part[place] = powers, factor
    copies = [_copy(part) for part in parts.values()]
    points, monomials = [point for point, _ in copies], copies[0][1]
    if len(copies) < 2 or any(found != monomials for _, found in copies):
        return None
    if len({exponents for exponents, _ in monomials.values()}) < len(monomials):
        return None
    return Secant(tuple(points), monomials, _classes({e for e, _ in monomials.values()}))


def _coefficients(program: Program) -> dict[Place, dict[Powers, Fraction]]:
    """Return the coefficients of f by output and monomial in x; empty where that takes too long."""
    if program.output < program.first_equation:
        return {}
    ring, inputs = Ring(WORK), size(program.input_shape)
    x = [ring.variable("register", k) for k in range(inputs)]
    theta = Formal(ring).weights([p.shape for p in program.parameters])
    try:
        outputs = run_between(program, Cut(program.output, (), True), Expanded(ring), x.__getitem__, theta)
    except Rejected:
        return {}
    found: dict[Place, dict[Powers, Fraction]] = {}
    for output, value in enumerate(outputs):
        for monomial, poly in by_monomial(value, FIRST + inputs).items():
            place = output, tuple((atom - FIRST, int(power)) for atom, power in monomial)
            found[place] = {
                tuple((atom - FIRST - inputs, int(power)) for atom, power in inner): number
                for inner, number in poly.items()
            }
    return found


def _components(monomials: Sequence[Powers]) -> dict[int, int]:
    """Return a representative for every weight; those of one monomial have the same one."""
    parent: dict[int, int] = {}

    def root(n: int) -> int:
        parent.setdefault(n, n)
        while parent[n] != n:
            n = parent[n]
        return n

    for powers in monomials:
        for n, _ in powers:
            parent[root(n)] = root(powers[0][0])
    return {n: root(n) for n in list(parent)}


def _copy(
    part: dict[Place, tuple[Powers, Fraction]],
) -> tuple[tuple[int, ...], dict[Place, tuple[Exponents, Fraction]]]:
    """Return the weights of a part in the order of their numbers, and its monomials in these."""
    weights = tuple(sorted({n for powers, _ in part.values() for n, _ in powers}))
    return weights, {
        place: (tuple(dict(powers).get(n, 0) for n in weights), factor)
        for place, (powers, factor) in part.items()
    }


def _classes(exponents: set[Exponents]) -> tuple[tuple[int, ...], ...]:
    """Return the classes of weights that can replace one another in a monomial."""
    width = len(next(iter(exponents)))
    pairs: list[Powers] = [((n, 1),) for n in range(width)]
    for mu in exponents:
        for u, v in product(range(width), repeat=2):
            moved = [m - (n == u) + (n == v) for n, m in enumerate(mu)]
            if u < v and mu[u] and tuple(moved) in exponents:
                pairs.append(((u, 1), (v, 1)))
    owner = _components(pairs)
    return tuple(tuple(n for n in range(width) if owner[n] == k) for k in sorted(set(owner.values())))


def _splits(secant: Secant) -> Iterator[tuple[list[Exponents], list[Exponents]]]:
    """Yield the monomials of A and of B, more of each than there are points, whose products all occur."""
    exponents = {e for e, _ in secant.monomials.values()}
    total = [sum(next(iter(exponents))[n] for n in group) for group in secant.classes]
    count = len(secant.points)
    for degrees in product(*(range(d + 1) for d in total)):
        others = tuple(d - e for d, e in zip(total, degrees, strict=True))
        if sum(degrees) > sum(others):
            continue
        first, second = _forms(secant, degrees), _forms(secant, others)
        if min(len(first), len(second)) <= count or max(len(first), len(second)) > MAX_FORMS:
            continue
        if {tuple(map(sum, zip(a, b, strict=True))) for a in first for b in second} <= exponents:
            yield first, second


def _forms(secant: Secant, degrees: Sequence[int]) -> list[Exponents]:
    """Return the monomials of these degrees in the classes."""
    width = len(secant.points[0])
    choices = [combinations_with_replacement(g, d) for g, d in zip(secant.classes, degrees, strict=True)]
    chosen = ([n for part in parts for n in part] for parts in product(*choices))
    return [tuple(numbers.count(n) for n in range(width)) for numbers in chosen]


class _Search:
    """The functionals found so far, independent at the residues of the weights."""

    def __init__(self, secant: Secant, weights: int, setting: Setting) -> None:
        self.secant, self.next, self.setting = secant, weights, setting
        self.places = {exponents: place for place, (exponents, _) in secant.monomials.items()}
        self.order = {place: n for n, place in enumerate(secant.monomials)}
        self.echelon = Echelon(setting.prime)
        self.equations: list[Equations] = []
        self.functionals: list[Functional] = []
        self.draws = 0

    def add(self, first: list[Exponents], second: list[Exponents]) -> None:
        """Add the functional of a product of two forms through the points, if it is a new one."""
        pair = self._through_points(first), self._through_points(second)
        entries: dict[Place, list[tuple[int, int]]] = {}
        for i, j in product(range(len(first)), range(len(second))):
            exponents = tuple(a + b for a, b in zip(first[i], second[j], strict=True))
            entries.setdefault(self.places[exponents], []).append((i, j))
        p, vector = self.setting.prime, dict[int, int]()
        for place, terms in entries.items():
            value = sum(pair[0].solution[i] * pair[1].solution[j] for i, j in terms)
            vector[self.order[place]] = value * self.setting.residue(1 / self.secant.monomials[place][1]) % p
        if not self.echelon.insert(vector):
            return
        count, row = len(self.secant.points), sum(len(e.rows) for e in self.equations)
        starts = self.next, self.next + len(first)
        written = tuple(
            (place[0], place[1], self._entry(place, terms, starts))
            for place, terms in sorted(entries.items())
        )
        products = tuple((Fraction(1), row + k, row + count + k) for k in range(count))
        self.functionals.append(Functional(written, products))
        self.equations += pair
        self.next += len(first) + len(second)

    def _entry(self, place: Place, terms: list[tuple[int, int]], starts: tuple[int, int]) -> Terms:
        factor = 1 / self.secant.monomials[place][1]
        return tuple((factor, ((starts[0] + i, 1), (starts[1] + j, 1))) for i, j in terms)

    def _through_points(self, forms: list[Exponents]) -> Equations:
        """The equations that a form vanishes at all points, with a random solution."""
        rows = tuple(
            tuple(
                ((Fraction(1), tuple((n, m) for n, m in zip(point, exponents, strict=True) if m)),)
                for exponents in forms
            )
            for point in self.secant.points
        )
        return Equations(rows, self._solution(rows))

    def _solution(self, rows: Sequence[Sequence[Terms]]) -> tuple[int, ...]:
        p = self.setting.prime
        matrix = [[self._value(terms[0][1]) for terms in row] for row in rows]
        basis, nullity = flint.nmod_mat(matrix, p).nullspace()
        self.draws += 1
        factors = self.setting.numbers(f"annihilators/{self.draws}", int(nullity))
        table = [[int(v) for v in row] for row in basis.tolist()]
        return tuple(sum(f * v for f, v in zip(factors, row, strict=False)) % p for row in table)

    def _value(self, powers: Powers) -> int:
        p, value = self.setting.prime, 1
        for n, m in powers:
            value = value * pow(1 + self.setting.numbers(f"relations/theta/{n}", 1)[0] % (p - 1), m, p) % p
        return value
