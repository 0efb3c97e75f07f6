"""Local linear recovery guarantees of given samples: does the evaluation matrix have the model rank?

yes   rank J(X) >= r, by balls or in the tower of the network at the points, and model rank <= r
no    rank J(X) <= s < m <= model rank, by one of three rules for s:
      outputs       there are only so many different rows
      rows          rational relations between the rows of J(X), each an exact identity
      subspace      all points lie in an affine subspace, and the network restricted to it has rank <= s
Theorems: docs/theory/guarantees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .ball_ranks import BallCertificate, check_least_singular_value, check_left_inverse
from .data_points import Point, at_points, check_on_subspace, on_subspace
from .errors import Rejected
from .formal import Formal, Ring
from .program import Program, size
from .relation_independence import Echelon
from .residues import Arithmetic, Setting
from .rules import LowerCertificate, UpperCertificate, check_rank_at_least, check_rank_at_most
from .run import gradient
from .tower import Weights, check_weights, formal_trace

QUESTION = "llr_guarantee"
YES, NO = "yes", "no"
ECHELON_PRIME = 4194301
MAX_POINTS = 1_000_000

RowRelation = tuple[tuple[int, int, Fraction], ...]
"""(point, output, coefficient): rows of J(X) whose combination is zero."""


@dataclass(frozen=True, slots=True)
class Sigma:
    """sigma_min of the columns of J(X) is at least ``bound``; the columns are a basis of the tangents."""

    columns: tuple[int, ...]
    bound: Fraction


@dataclass(frozen=True, slots=True)
class GuaranteeClaim:
    """For ``yes`` both ranks are ``rank``; for ``no`` that of J(X) is at most ``rank`` < ``model_rank``."""

    network: str
    program: Program
    weights: Weights
    points: tuple[Point, ...]
    answer: str
    rank: int
    model_rank: int
    sigma: Sigma | None


@dataclass(frozen=True, slots=True)
class Deficiency:
    """Why rank J(X) is small: the name of a rule and its data."""

    rule: str
    relations: tuple[RowRelation, ...] = ()
    directions: tuple[Point, ...] = ()
    offset: Point = ()
    inner: UpperCertificate | None = None


@dataclass(frozen=True, slots=True)
class GuaranteeCertificate:
    """``lower`` bounds rank J(X) and ``upper`` the model rank, or ``lower`` the latter and ``deficiency``."""

    lower: LowerCertificate | BallCertificate | None
    upper: UpperCertificate | None
    deficiency: Deficiency | None


def check_guarantee(
    claim: GuaranteeClaim, certificate: GuaranteeCertificate, arithmetic: Arithmetic
) -> tuple[str, list[str]]:
    """Prove the claim; return it as a sentence, and the theorems used."""
    check_weights(claim.program, claim.weights)
    inputs = size(claim.program.input_shape)
    if any(len(point) != inputs for point in claim.points) or len(claim.points) > MAX_POINTS:
        raise Rejected(f"guarantee: expected at most {MAX_POINTS} points of {inputs} numbers")
    prove = {YES: _prove_yes, NO: _prove_no}[claim.answer]
    conditions = prove(claim, certificate, arithmetic)
    return _sentence(claim), conditions


def _sentence(claim: GuaranteeClaim) -> str:
    count = f"those of the {len(claim.points)} points where the network is defined"
    if claim.answer == NO:
        return (
            f"the evaluation matrix of the tangent functions at {count} has rank <= {claim.rank}, the model "
            f"rank at the given weights is >= {claim.model_rank}: no local linear recovery guarantee"
        )
    text = (
        f"the evaluation matrix of the tangent functions at {count} has the model rank {claim.rank} at the "
        "given weights: a local linear recovery guarantee"
    )
    if claim.sigma is None:
        return text
    return f"{text}; sigma_min of its {len(claim.sigma.columns)} claimed columns is >= {claim.sigma.bound}"


def _prove_yes(claim: GuaranteeClaim, certificate: GuaranteeCertificate, arithmetic: Arithmetic) -> list[str]:
    if certificate.upper is None or certificate.deficiency is not None or claim.rank != claim.model_rank:
        raise Rejected("guarantee: 'yes' needs one rank and an upper bound of the model rank")
    conditions = check_rank_at_most(claim.program, claim.weights, certificate.upper, claim.rank)
    return [*_prove_evaluation_rank(claim, certificate.lower, arithmetic), *conditions]


def _prove_evaluation_rank(
    claim: GuaranteeClaim, lower: LowerCertificate | BallCertificate | None, arithmetic: Arithmetic
) -> list[str]:
    """Prove rank J(X) >= rank, and sigma_min where it is claimed."""
    if claim.rank == 0 and claim.sigma is None:
        return []
    if isinstance(lower, LowerCertificate) and claim.sigma is None:
        stacked = at_points(claim.program, claim.points)
        return check_rank_at_least(stacked, claim.weights, lower, claim.rank, arithmetic)
    if not isinstance(lower, BallCertificate) or lower.points or lower.weights is not None:
        raise Rejected("guarantee: expected balls at the points and weights of the claim")
    defect = check_left_inverse(claim.program, claim.weights, claim.points, lower, arithmetic)
    if len(lower.columns) < claim.rank:
        raise Rejected(f"guarantee: balls prove rank {len(lower.columns)}, claimed {claim.rank}")
    if claim.sigma is not None:
        if not lower.columns or claim.sigma.columns != lower.columns or len(lower.columns) != claim.rank:
            raise Rejected("guarantee: the claimed columns are not those of the certificate")
        check_least_singular_value(lower, defect, claim.sigma.bound, arithmetic)
    return []


def _prove_no(claim: GuaranteeClaim, certificate: GuaranteeCertificate, arithmetic: Arithmetic) -> list[str]:
    if certificate.upper is not None or certificate.deficiency is None or claim.sigma is not None:
        raise Rejected("guarantee: 'no' needs a deficiency of the evaluation matrix and nothing else")
    if certificate.lower is None or claim.rank >= claim.model_rank:
        raise Rejected("guarantee: 'no' needs a model rank above the rank of the evaluation matrix")
    bound = _DEFICIENCIES.get(certificate.deficiency.rule)
    if bound is None:
        raise Rejected(f"guarantee: there is no rule '{certificate.deficiency.rule}'")
    found = bound(claim, certificate.deficiency)
    if found > claim.rank:
        raise Rejected(f"guarantee: rank J(X) <= {found} is proved, claimed {claim.rank}")
    return check_rank_at_least(claim.program, claim.weights, certificate.lower, claim.model_rank, arithmetic)


def bound_by_outputs(claim: GuaranteeClaim, deficiency: Deficiency) -> int:
    """Equal points have equal rows."""
    return len(set(claim.points)) * claim.program.output_count


def bound_by_rows(claim: GuaranteeClaim, deficiency: Deficiency) -> int:
    """n c - K for K independent vectors y with y^T J(X) = 0, each the gradient of one formal function."""
    outputs = claim.program.output_count
    echelon, setting = Echelon(ECHELON_PRIME), Setting(ECHELON_PRIME, 1, "")
    for number, relation in enumerate(deficiency.relations):
        places = [(point, output) for point, output, _ in relation]
        valid = all(0 <= n < len(claim.points) and 0 <= o < outputs for n, o in places)
        if not valid or len(set(places)) != len(places):
            raise Rejected(f"rows: relation {number} names a row twice or one that does not exist")
        if not is_row_relation(claim, relation):
            raise Rejected(f"rows: the combination of rows in relation {number} is not zero")
        if not echelon.insert({n * outputs + o: setting.residue(value) for n, o, value in relation}):
            raise Rejected("rows: the relations are dependent modulo p")
    return len(claim.points) * outputs - len(deficiency.relations)


def is_row_relation(claim: GuaranteeClaim, relation: Sequence[tuple[int, int, Fraction]]) -> bool:
    """Whether the gradient of sum of coefficient * f_output(point; theta) is proved to be zero."""
    points = list(dict.fromkeys(n for n, _, _ in relation))
    program, ring = at_points(claim.program, [claim.points[n] for n in points]), Ring()
    trace, domain = formal_trace(program, claim.weights, ring), Formal(ring)
    cotangent = [Fraction(0)] * program.output_count
    for point, output, value in relation:
        cotangent[points.index(point) * claim.program.output_count + output] = value
    parts = gradient(program, domain, trace, domain.constant(cotangent, (program.output_count,)))
    return all(ring.is_zero(entry) for part in parts if part is not None for entry in part)


def bound_by_subspace(claim: GuaranteeClaim, deficiency: Deficiency) -> int:
    """rank J(X) <= dim span of the tangent functions restricted to a subspace that contains all points."""
    inputs = size(claim.program.input_shape)
    vectors = (*deficiency.directions, deficiency.offset)
    if deficiency.inner is None or any(len(vector) != inputs for vector in vectors):
        raise Rejected(f"subspace: expected vectors of {inputs} numbers and the bound of a rank")
    check_on_subspace(claim.points, deficiency.directions, deficiency.offset)
    restricted = on_subspace(claim.program, deficiency.directions, deficiency.offset)
    return _proved_bound(restricted, claim.weights, deficiency.inner, claim.rank)


def _proved_bound(program: Program, weights: Weights, certificate: UpperCertificate, rank: int) -> int:
    check_rank_at_most(program, weights, certificate, rank)
    return rank


_DEFICIENCIES = {"outputs": bound_by_outputs, "rows": bound_by_rows, "subspace": bound_by_subspace}
