"""Linear functionals on the coefficients of a network polynomial in x that vanish on all tangent functions.

Let f = sum over m of P_m(theta) phi_m(x), with N pairs m of an output and a monomial. A functional is a
vector l of length N with <l, d_i P> = 0 for all i; K of them that are independent leave a rank of N - K.
They depend on the weights, in a way that is long to write down but easy to say: as polynomials in unknown
numbers y that solve homogeneous linear equations e_1 = ... = e_E = 0 whose coefficients are polynomials in
theta. If

    <l(y), P(theta)> = sum over q of c_q e_a(q) e_b(q)

is an identity in y and theta, its derivative by theta_i vanishes wherever the equations hold
(docs/theory/upper-bounds).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .cuts import Cut, Expanded, by_monomial, run_between
from .elimination import rank_modulo
from .errors import Rejected
from .formal import Formal, Ring
from .polynomials import Monomial, Poly, add_to, multiply
from .program import Program, size
from .residues import Setting
from .supports import FIRST

MAX_WORK = 2_000_000
Powers = tuple[tuple[int, int], ...]
"""(variable, power) with increasing variables: first the weights, then the unknowns."""
Terms = tuple[tuple[Fraction, Powers], ...]


@dataclass(frozen=True, slots=True)
class Equations:
    """Equations sum over k of A_jk(theta) y_k = 0, row by row, and the residues of one solution."""

    rows: tuple[tuple[Terms, ...], ...]
    solution: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Functional:
    """Entries (output, powers of the inputs, polynomial in y), and the products (c, a, b) of equations."""

    entries: tuple[tuple[int, Powers, Terms], ...]
    products: tuple[tuple[Fraction, int, int], ...]


def count_annihilated(
    program: Program, equations: Sequence[Equations], functionals: Sequence[Functional], setting: Setting
) -> int:
    """Return N - K, after proving that K independent functionals vanish on all tangent functions."""
    space = _Space(program, equations)
    for functional in functionals:
        space.check_identity(functional)
    point = _Point(space, equations, setting)
    vectors = [point.vector(functional) for functional in functionals]
    if rank_modulo(vectors, len(space.places), setting.prime) < len(functionals):
        raise Rejected("annihilators: the functionals are dependent modulo p")
    return len(space.places) - len(functionals)


class _Space:
    """The coefficients P_m as polynomials in theta, and the equations as polynomials in theta and y."""

    def __init__(self, program: Program, equations: Sequence[Equations]) -> None:
        cut, ring = Cut(program.output, (), True), Ring(MAX_WORK)
        if program.output < program.first_equation:
            raise Rejected("annihilators: the output is not computed")
        self.inputs, self.weights = size(program.input_shape), program.parameter_count
        x = [ring.variable("register", k) for k in range(self.inputs)]
        theta = Formal(ring).weights([p.shape for p in program.parameters])
        outputs = run_between(program, cut, Expanded(ring), x.__getitem__, theta)
        first_weight = FIRST + self.inputs
        parts = [by_monomial(value, first_weight) for value in outputs]
        self.coefficients = {(o, m): poly for o, part in enumerate(parts) for m, poly in part.items()}
        self.places = {place: n for n, place in enumerate(sorted(self.coefficients))}
        self.unknowns = sum(len(system.solution) for system in equations)
        self.equations: list[Poly] = []
        start = self.weights
        for system in equations:
            for row in system.rows:
                if len(row) != len(system.solution):
                    raise Rejected("annihilators: an equation does not have one coefficient per unknown")
                total: Poly = {}
                for k, terms in enumerate(row):
                    unknown: Poly = {((first_weight + start + k, 1),): Fraction(1)}
                    add_to(total, multiply(self.polynomial(terms, 0, self.weights), unknown))
                self.equations.append(total)
            start += len(system.solution)

    def polynomial(self, terms: Terms, low: int, high: int) -> Poly:
        """Return a polynomial in the variables from ``low`` to ``high``, exclusive."""
        total: Poly = {}
        for coefficient, powers in terms:
            variables = [n for n, _ in powers]
            if variables != sorted(set(variables)) or not all(low <= n < high and m > 0 for n, m in powers):
                raise Rejected("annihilators: a term has a variable that is out of place")
            monomial: Monomial = tuple((FIRST + self.inputs + n, m) for n, m in powers)
            add_to(total, {monomial: Fraction(coefficient)} if coefficient else {})
        return total

    def place(self, output: int, powers: Powers) -> tuple[int, Monomial]:
        """Return the coefficient of a monomial in an output, which has to occur."""
        place = output, tuple((FIRST + k, m) for k, m in powers)
        if place not in self.coefficients:
            raise Rejected("annihilators: a functional has an entry for a monomial that does not occur")
        return place

    def check_identity(self, functional: Functional) -> None:
        """Prove <l(y), P(theta)> = sum of c e_a e_b."""
        total: Poly = {}
        places = [self.place(output, powers) for output, powers, _ in functional.entries]
        if len(set(places)) != len(places):
            raise Rejected("annihilators: an entry of a functional is repeated")
        for place, (_, _, terms) in zip(places, functional.entries, strict=True):
            entry = self.polynomial(terms, self.weights, self.weights + self.unknowns)
            add_to(total, multiply(entry, self.coefficients[place]))
        for factor, a, b in functional.products:
            if not (0 <= a < len(self.equations) and 0 <= b < len(self.equations)):
                raise Rejected("annihilators: a product of equations that do not exist")
            add_to(total, multiply(self.equations[a], self.equations[b]), -factor)
        if total:
            raise Rejected("annihilators: a functional is no combination of products of equations")


class _Point:
    """Residues of the weights, and of unknowns that are proved to be those of true solutions."""

    def __init__(self, space: _Space, equations: Sequence[Equations], setting: Setting) -> None:
        self.space, self.setting, p = space, setting, setting.prime
        self.values = [
            1 + setting.numbers(f"relations/theta/{n}", 1)[0] % (p - 1) for n in range(space.weights)
        ]
        self.values += [value % p for system in equations for value in system.solution]
        for system in equations:
            rows = [[self.value(terms) for terms in row] for row in system.rows]
            if any(sum(a * y for a, y in zip(row, system.solution, strict=True)) % p for row in rows):
                raise Rejected("annihilators: the solution does not solve the equations modulo p")
            if rank_modulo(rows, len(system.solution), p) < len(rows):
                raise Rejected("annihilators: the equations are dependent modulo p")

    def value(self, terms: Terms) -> int:
        """Return the residue of a polynomial."""
        p, total = self.setting.prime, 0
        for coefficient, powers in terms:
            part = self.setting.residue(coefficient)
            for n, m in powers:
                part = part * pow(self.values[n], m, p) % p
            total += part
        return total % p

    def vector(self, functional: Functional) -> list[int]:
        """Return the residues of a functional, one for every place."""
        row = [0] * len(self.space.places)
        for output, powers, terms in functional.entries:
            row[self.space.places[self.space.place(output, powers)]] = self.value(terms)
        return row
