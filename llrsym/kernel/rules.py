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

from .annihilators import Equations, Functional, count_annihilated
from .ball_ranks import BallCertificate, check_rank_by_balls
from .cuts import Cut
from .defined import check_defined_somewhere
from .errors import Rejected
from .factorisations import factored
from .formal import Ring
from .local import Gauge, LocalChecks
from .polynomials import Monomial, Poly
from .program import Program
from .real_numbers import (
    NO_NUMBERS,
    Numbers,
    check_numbers,
)
from .relation_independence import check_independent
from .relations import Relation, check_relation_indices, has_numbers, is_local_relation, is_relation
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
from .supports import Monomials, count_monomials
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
    """For f polynomial in x: the monomials of d_i f are among those of f with unknown weights."""
    return count_monomials(program, Monomials("ambient"))


def bound_by_relations(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    """M - K for K independent vectors c with sum c_n d_n f = 0, an identity proved in the formal ring."""
    check_numbers(certificate.numbers)
    table = certificate.numbers.table
    check_relation_indices(program, weights, certificate.relations, len(table))
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
    setting = Setting(certificate.prime, 1, certificate.seed)
    check_independent(certificate.relations, certificate.numbers, setting)
    return program.parameter_count - len(certificate.relations)


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
