"""The closed table of rules. Each ``check_`` function proves one kind of statement or raises ``Rejected``.

rank_at_least   evaluation minor in the exponential tower modulo p   docs/theory: given-weights, almost-every
                balls: an evaluation matrix with a left inverse       docs/theory: ball-ranks
rank_at_most    parameters: the number of parameters                  docs/theory: upper-bounds
                ambient: monomials of a network polynomial in x       docs/theory: upper-bounds
                relations: linear dependences, formally verified      docs/theory: upper-bounds
                factorisation: through a network with other weights   docs/theory: upper-bounds
                annihilators: functionals that vanish on the tangents docs/theory: upper-bounds
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from .activations import activation_named
from .annihilators import Equations, Functional, count_annihilated
from .ball_arithmetic import Ball, product
from .ball_functions import exp, root_over_pi
from .ball_ranks import BallCertificate, check_rank_by_balls
from .balls import Balls
from .cuts import Cut
from .defined import check_defined_somewhere
from .domains import ListDomain
from .errors import Rejected
from .factorisations import factored
from .formal import Formal, Ring
from .local import Gauge, LocalChecks
from .polynomials import IMAGINARY, KAPPA, Monomial, Poly, add_to, multiply
from .program import Program, size
from .real_numbers import (
    NO_NUMBERS,
    Number,
    Numbers,
    check_numbers,
    check_powers,
    check_regular,
    enclosed_monomial,
    enclosed_numbers,
    formal_monomial,
    formal_numbers,
)
from .residues import (
    Arithmetic,
    Setting,
    constant_columns,
    draw_constants,
    draw_sample,
    premise_columns,
    radicand,
)
from .roots import NO_POINTS, Points, is_square
from .run import Trace, directional, forward
from .tower import Tower, Weights, check_weights, derive_tower, formal_trace

LINDEMANN = "Lindemann-Weierstrass theorem (e^b for rational b and i b)"
AX = "Ax's theorem on exponential towers (docs/theory)"
CONSTANT_LOGARITHM = "log 2 and arctan of a rational number that is not 0 are transcendental (Lindemann)"
PI = "pi is transcendental (Lindemann)"
LOCAL_WORK = 500_000
"""Products of terms that the local check of one relation may take."""
SCHANUEL = "Schanuel's conjecture (exponentials of the constants that occur in exponents)"


@dataclass(frozen=True, slots=True)
class LowerCertificate:
    """A homomorphism, how often to test the premise, and a submatrix whose rank is claimed.

    ``points`` is needed for programs with square roots only.
    """

    prime: int
    unit: int
    seed: str
    pairs: int
    rows: tuple[tuple[int, int], ...]
    columns: tuple[int, ...]
    rewrites: tuple[tuple[Monomial, Poly], ...] = ()
    points: Points = NO_POINTS


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One term c e^a e^(ib) i^j kappa^k prod theta_n^m_n prod nu_k^m_k of an entry of a relation.

    The nu_k are the listed numbers of the certificate.
    """

    rational: Fraction
    e: Fraction = Fraction(0)
    ei: Fraction = Fraction(0)
    i: int = 0
    kappa: int = 0
    theta: tuple[tuple[int, int], ...] = ()
    numbers: tuple[tuple[int, int], ...] = ()


Relation = tuple[tuple[int, tuple[Coefficient, ...]], ...]
"""Non-zero entries of a vector c in parameter space with sum c_n d_n f = 0: (parameter entry, terms)."""


@dataclass(frozen=True, slots=True)
class UpperCertificate:
    """The name of an upper rule, and for ``relations`` the vectors and the prime that separates them.

    For ``factorisation`` the cuts, and the certificate ``inner`` of the network after them; for
    ``annihilators`` the functionals and the equations that their unknowns solve.
    """

    rule: str
    relations: tuple[Relation, ...] = ()
    prime: int = 0
    seed: str = ""
    rewrites: tuple[tuple[Monomial, Poly], ...] = ()
    gauges: tuple[Gauge, ...] = ()
    numbers: Numbers = NO_NUMBERS
    cuts: tuple[Cut, ...] = ()
    inner: "UpperCertificate | None" = None
    equations: tuple[Equations, ...] = ()
    functionals: tuple[Functional, ...] = ()


# Lower bounds


def check_rank_at_least(
    program: Program,
    weights: Weights | None,
    certificate: LowerCertificate | BallCertificate,
    rank: int,
    arithmetic: Arithmetic,
) -> list[str]:
    """Prove dim span{d_i f} >= rank, at the given weights or (``weights`` None) at almost every weight.

    Theorem (docs/theory/given-weights, almost-every): if the base exponents are independent over Q modulo
    constants, every choice of residues extends to a ring homomorphism from an integral domain that injects
    into functions, so a minor of the evaluation matrix that is non-zero modulo p is a non-zero function.
    Logarithms and square roots: docs/theory/roots-and-logarithms. Balls: docs/theory/ball-ranks.
    Returns the theorems used, with unproved conjectures among them where constants require one.
    """
    if rank == 0:
        return []
    if isinstance(certificate, BallCertificate):
        check_rank_by_balls(program, weights, certificate, rank, arithmetic)
        return []
    tower = derive_tower(program, weights, certificate.rewrites)
    setting = Setting(certificate.prime, certificate.unit, certificate.seed)
    points = certificate.points
    conditions = check_premise(tower, setting, certificate.pairs, points, arithmetic)
    if tower.roots:
        check_defined_somewhere(program, weights)
    found = evaluation_rank(tower, setting, certificate.rows, certificate.columns, points, arithmetic)
    if found < rank:
        raise Rejected(f"rank_at_least: the evaluation matrix has rank {found} modulo p, claimed {rank}")
    return conditions


def check_premise(
    tower: Tower, setting: Setting, pairs: int, points: Points, arithmetic: Arithmetic
) -> list[str]:
    """Prove that base exponents and logarithms are independent over Q modulo constants, and roots new.

    The two points of a pair share every constant (and every weight that is a variable), different pairs do
    not, and the sign of i alternates. A relation would be a vector in the kernel of every difference row,
    or of every row of derivatives. Returns the theorems used.
    """
    check_roots(tower, setting, points)
    columns, constants = premise_columns(tower), constant_columns(tower)
    if pairs > 4 * (columns + constants) + 64:
        raise Rejected(f"premise: {pairs} pairs are more than are useful")
    if not columns and not constants:
        return theorems_used(tower)
    rank, constant_rank = arithmetic.premise_ranks(tower, setting, pairs, points)
    if rank < columns:
        raise Rejected(_dependent(tower, rank))
    if constant_rank < constants:
        raise Rejected(f"premise: the {constants} constants in exponents have rank {constant_rank} modulo p")
    return theorems_used(tower)


def _dependent(tower: Tower, rank: int) -> str:
    if not tower.logarithms:
        return (
            f"premise: the difference rows of the {len(tower.bases)} base exponents have rank {rank} modulo p"
        )
    names = sorted({tower.activation_at(source.register).name for source in tower.logarithms})
    return (
        f"premise: the derivatives of {len(tower.bases)} base exponents and {len(tower.logarithms)} values "
        f"of {', '.join(names)} have rank {rank} modulo p"
    )


def check_roots(tower: Tower, setting: Setting, points: Points) -> None:
    """Prove by one witness for each root that no product of its radicands at distinct points is a square.

    Theorem (docs/theory/roots-and-logarithms): at the two points of the witness, which share every constant
    and weight, the earlier radicands are non-zero squares modulo p, and the product of the radicand's
    values is none.
    """
    if len(points.witnesses) != len(tower.roots):
        raise Rejected(f"roots: expected {len(tower.roots)} witnesses, got {len(points.witnesses)}")
    if not tower.roots:
        return
    shared = draw_constants(tower, setting, "matrix")
    for number, witness in enumerate(points.witnesses):
        product = 1
        for side, nonces in zip("ab", witness, strict=True):
            sample = draw_sample(tower, setting, f"root/{number}/{side}", nonces)
            product *= radicand(tower, setting, shared, sample, number)
        if is_square(product, setting.prime) or product % setting.prime == 0:
            place = tower.roots[number]
            raise Rejected(f"roots: the witness for entry {place.entry} of register {place.register} is none")


def theorems_used(tower: Tower) -> list[str]:
    """Return the cited theorems on which a tower rests."""
    used = [AX] if tower.bases or tower.logarithms else []
    used += _constant_logarithm(tower)
    if tower.needs_schanuel:
        return [*used, SCHANUEL]
    if tower.constants:
        used.append(LINDEMANN)
    return [*used, PI] if tower.uses_kappa else used


def _constant_logarithm(tower: Tower) -> list[str]:
    """One value arctan(b) or log 2 is transcendental; that several constants are independent is not known."""
    if not tower.constant_logarithms:
        return []
    atom = tower.ring.atoms[tower.constant_logarithms[0]]
    argument: Poly = dict(atom[2])  # type: ignore[call-overload]  # a value atom holds the key of z
    alone = len(tower.constant_logarithms) == 1 and not tower.constants and not tower.uses_kappa
    if not alone or set(argument) - {()} or (argument and atom[1] != "arctan"):
        raise Rejected(
            f"premise: {atom[1]} has a constant value that is not known to be independent of others"
        )
    return [CONSTANT_LOGARITHM]


def evaluation_rank(
    tower: Tower,
    setting: Setting,
    rows: Sequence[tuple[int, int]],
    columns: Sequence[int],
    points: Points,
    arithmetic: Arithmetic,
) -> int:
    """Return the rank modulo p of a submatrix of the evaluation matrix, with its indices checked."""
    outputs, parameters = tower.program.output_count, tower.program.parameter_count
    if len(set(rows)) != len(rows) or len(set(columns)) != len(columns):
        raise Rejected("minor: a row or a column occurs twice")
    if not all(sample >= 0 and 0 <= output < outputs for sample, output in rows):
        raise Rejected(f"minor: a row is no (sample, output) with output below {outputs}")
    if not all(0 <= column < parameters for column in columns):
        raise Rejected(f"minor: a column is no parameter below {parameters}")
    return arithmetic.evaluation_rank(tower, setting, rows, columns, points)


# Upper bounds


def check_rank_at_most(
    program: Program, weights: Weights | None, certificate: UpperCertificate, rank: int
) -> list[str]:
    """Prove dim span{d_i f} <= rank by one of the upper rules; returns the theorems used (none)."""
    if weights is not None:
        check_weights(program, weights)
    bound = _UPPER_RULES.get(certificate.rule)
    if bound is None:
        raise Rejected(f"rank_at_most: there is no rule '{certificate.rule}'")
    proved = bound(program, weights, certificate)
    if proved > rank:
        raise Rejected(f"rank_at_most: the certificate proves {proved}, claimed {rank}")
    return []


def bound_by_parameters(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    """dim T <= M: there are only M tangent functions."""
    return program.parameter_count


def bound_by_ambient_space(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    """For f polynomial in x: the monomials of d_i f are among those of f with symbolic weights."""
    domain = Support(size(program.input_shape))
    anything = frozenset({(0,) * domain.inputs})
    weights_support = [[anything] * size(p.shape) for p in program.parameters]
    point = [frozenset({tuple(int(k == n) for k in range(domain.inputs))}) for n in range(domain.inputs)]
    trace = forward(program, domain, point, weights_support)
    return sum(len(support) for support in trace.values[program.output])


Exponents = frozenset[tuple[int, ...]]
MAX_SUPPORT_WORK = 2_000_000


class Support(ListDomain[Exponents]):
    """Sets of exponent vectors that contain those of a polynomial in x, whatever the weights."""

    def __init__(self, inputs: int) -> None:
        self.inputs, self.work = inputs, 0

    def from_rational(self, value: Fraction) -> Exponents:
        return frozenset({(0,) * self.inputs}) if value else frozenset()

    def plus(self, a: Exponents, b: Exponents) -> Exponents:
        return a | b

    def minus(self, a: Exponents) -> Exponents:
        return a

    def times(self, a: Exponents, b: Exponents) -> Exponents:
        self.work += len(a) * len(b)
        if self.work > MAX_SUPPORT_WORK:
            raise Rejected("limit: the ambient space of polynomials is too large")
        return frozenset(tuple(m + n for m, n in zip(x, y, strict=True)) for x in a for y in b)

    def over(self, a: Exponents, b: Exponents) -> Exponents:
        raise Rejected("ambient: the network divides, so it is no polynomial in x")

    def zero_test(self, a: Exponents) -> bool:
        return not a

    def activate_entry(
        self, name: str, register: int, index: int, z: Exponents
    ) -> tuple[Exponents, Exponents]:
        activation = activation_named(name)
        if not activation.is_polynomial:
            raise Rejected(f"ambient: the network is no polynomial in x because of {name}")
        degrees = {term[3] for term in activation.numerator}
        powers, total = self.from_rational(Fraction(1)), frozenset[tuple[int, ...]]()
        for degree in range(max(degrees, default=0) + 1):
            total |= powers if degree in degrees else frozenset()
            powers = self.times(powers, z)
        return total, total


def bound_by_relations(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    """M - K for K independent vectors c with sum c_n d_n f = 0, an identity proved in the formal ring."""
    check_numbers(certificate.numbers)
    table = certificate.numbers.table
    _check_relation_indices(program, weights, certificate.relations, len(table))
    gauges = certificate.gauges or ((),) * len(certificate.relations)
    if len(gauges) != len(certificate.relations):
        raise Rejected("relations: expected one gauge for each relation, or none at all")
    pairs = list(zip(certificate.relations, gauges, strict=True))
    local = LocalChecks(program, weights, LOCAL_WORK)
    rest = [
        n for n, (c, gauge) in enumerate(pairs) if has_numbers(c) or not is_local_relation(local, c, gauge)
    ]
    if rest:
        ring = Ring()
        trace = formal_trace(program, weights, ring)
        for monomial, replacement in certificate.rewrites:
            ring.add_rewrite(monomial, replacement)
        for number in rest:
            if not is_relation(program, ring, trace, certificate.relations[number], table):
                raise Rejected(f"relation {number}: the derivative along it is not zero")
    _check_independent(certificate)
    return program.parameter_count - len(certificate.relations)


def is_local_relation(local: LocalChecks, relation: Relation, gauge: Gauge = ()) -> bool:
    """Whether the derivative along the relation vanishes as far as can be seen one layer at a time.

    False also for a gauge that does not hold, and where this takes more work than the formal ring allows.
    """
    try:
        return local.vanishes(lambda ring: direction_of(local.program, ring, relation), gauge)
    except Rejected:
        return False


def is_relation(
    program: Program,
    ring: Ring,
    trace: Trace[list[Poly]],
    relation: Relation,
    table: Sequence[Number] = (),
) -> bool:
    """Whether the directional derivative of f along the relation is proved to vanish identically."""
    tangent = directional(program, Formal(ring), trace, direction_of(program, ring, relation, table))
    return tangent is None or all(ring.is_zero(entry) for entry in tangent)


def direction_of(
    program: Program, ring: Ring, relation: Relation, table: Sequence[Number] = ()
) -> dict[int, list[Poly]]:
    """Return a relation as formal tensors by parameter number; ``table`` lists its numbers."""
    numbers = formal_numbers(ring, table) if has_numbers(relation) else []
    direction: dict[int, list[Poly]] = {}
    starts = _starts(program)
    for entry, terms in relation:
        tensor = _tensor_of(starts, entry)
        shape = program.parameters[tensor].shape
        vector = direction.setdefault(tensor, [{} for _ in range(size(shape))])
        vector[entry - starts[tensor]] = formal_coefficient(ring, terms, numbers)
    return direction


def has_numbers(relation: Relation) -> bool:
    """Whether listed numbers occur; they are symbols of the whole network, so no local check knows them."""
    return any(term.numbers for _, terms in relation for term in terms)


def _tensor_of(starts: Sequence[int], entry: int) -> int:
    return max(k for k, start in enumerate(starts) if start <= entry)


def formal_coefficient(ring: Ring, terms: Sequence[Coefficient], numbers: Sequence[Poly]) -> Poly:
    """Return an entry of a relation as a formal polynomial, from the listed numbers as such."""
    total: Poly = {}
    for term in terms:
        powers: list[tuple[int, Fraction | int]] = [(IMAGINARY, term.i), (KAPPA, term.kappa)]
        if term.e:
            powers.append((ring.atom(("exp", ()), True), term.e))
        if term.ei:
            powers.append((ring.atom(("exp", ((IMAGINARY, 1),)), True), term.ei))
        powers += [(ring.atom(("theta", n), False), m) for n, m in term.theta]
        monomial = tuple(sorted((atom, power) for atom, power in powers if power))
        add_to(total, multiply({monomial: term.rational}, formal_monomial(numbers, term.numbers)))
    return total


def _starts(program: Program) -> list[int]:
    starts = [0]
    for parameter in program.parameters:
        starts.append(starts[-1] + size(parameter.shape))
    return [start for start, p in zip(starts, program.parameters, strict=False) if size(p.shape)]


def _check_relation_indices(
    program: Program, weights: Weights | None, relations: Sequence[Relation], listed: int
) -> None:
    count = program.parameter_count
    if any(size(p.shape) == 0 for p in program.parameters) and relations:
        raise Rejected("relations: a parameter tensor is empty")
    for number, relation in enumerate(relations):
        entries = [entry for entry, _ in relation]
        if len(set(entries)) != len(entries) or not all(0 <= entry < count for entry in entries):
            raise Rejected(f"relation {number}: an entry is repeated or no parameter below {count}")
        terms = [term for _, part in relation for term in part]
        if not all(t.i in (0, 1) and t.kappa >= 0 for t in terms):
            raise Rejected(f"relation {number}: a power of i or kappa is out of range")
        for term in terms:
            check_powers(term.numbers, listed)
        if weights is None and any(t.numbers for t in terms):
            raise Rejected(f"relation {number}: listed numbers are for given weights only")
        if weights is not None and any(t.theta for t in terms):
            raise Rejected(f"relation {number}: weights occur as variables although they are given")
        if not all(0 <= n < count and m > 0 for t in terms for n, m in t.theta):
            raise Rejected(f"relation {number}: a power of a weight is out of range")
        if any(len({n for n, _ in t.theta}) != len(t.theta) for t in terms):
            raise Rejected(f"relation {number}: a weight occurs twice in a term")


def _check_independent(certificate: UpperCertificate) -> None:
    """Prove the vectors independent: those with pivots by balls, the others by a homomorphism.

    The others have no entries at the pivots, so that the two proofs may be put together.
    """
    others = _check_pivots(certificate.relations, certificate.numbers)
    terms = [term for relation in others for _, part in relation for term in part]
    if any(t.numbers for t in terms):
        raise Rejected("relations: a relation with listed numbers has no pivot")
    if any(t.kappa for t in terms) and any(t.e or t.ei for t in terms):
        raise Rejected("relations: kappa and powers of e occur together")
    setting = Setting(certificate.prime, 1, certificate.seed)
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

    Raises ``Rejected`` when an entry is not visibly real.
    """
    domain, found = Balls(precision), dict[int, Ball]()
    for entry, terms in relation:
        total = (0, 0)
        for term in terms:
            if term.i or term.ei or term.theta:
                raise Rejected("numbers: a relation with a pivot has an entry that is not real")
            value = enclosed_monomial(values, term.rational, term.numbers, precision)
            if term.e:
                value = product(value, exp(domain.from_rational(term.e), precision), precision)
            for _ in range(term.kappa):
                value = product(value, root_over_pi(2, precision), precision)
            total = domain.plus(total, value)
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


def bound_by_factorisation(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    """f(x; theta) = g(x; phi(theta)), so dim T_f(theta) <= dim T_g(phi(theta)) <= the generic rank of g."""
    inner = certificate.inner
    bound = None if inner is None or inner.inner is not None else _UPPER_RULES.get(inner.rule)
    if inner is None or bound is None:
        raise Rejected("factorisation: expected the certificate of another rule after the cuts")
    return bound(factored(program, certificate.cuts), None, inner)


def bound_by_annihilators(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    """N - K for f with N coefficients and K independent functionals that vanish on all tangent functions."""
    setting = Setting(certificate.prime, 1, certificate.seed)
    return count_annihilated(program, certificate.equations, certificate.functionals, setting)


_UPPER_RULES = {
    "parameters": bound_by_parameters,
    "ambient": bound_by_ambient_space,
    "relations": bound_by_relations,
    "factorisation": bound_by_factorisation,
    "annihilators": bound_by_annihilators,
}
