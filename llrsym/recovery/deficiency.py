"""Why an evaluation matrix has less than the model rank: a subspace of the inputs, or relations of its rows.

Candidates come from exact linear algebra on the points and from the middles of Arb balls; the kernel's own
rules decide about each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import flint

from llrsym.domains.arb import precision_of
from llrsym.errors import BadInput
from llrsym.kernel.data_points import on_subspace
from llrsym.kernel.errors import Rejected
from llrsym.kernel.guarantees import Deficiency, GuaranteeClaim, RowRelation, is_row_relation
from llrsym.kernel.rules import LowerCertificate, check_rank_at_most
from llrsym.tangent.left_inverse import Checkpoint, Evaluation, Point, spread_rows, submatrix
from llrsym.tangent.lower import find_lower_bound
from llrsym.tangent.upper import bound_without_relations, find_relation_bound

MAX_DENOMINATOR, MAX_EXPONENT = 1_000, 100_000
CLOSE = Fraction(1, 1 << 60)


def find_subspace(claim: GuaranteeClaim, seed: str, checkpoint: Checkpoint) -> tuple[Deficiency, int] | None:
    """Return the affine hull of the points with a bound of the rank on it, when it is no whole space."""
    found = _affine_hull(claim.points)
    if found is None:
        return None
    directions, offset = found
    checkpoint(f"the samples lie in a subspace of dimension {len(directions)}: the rank on it")
    program = on_subspace(claim.program, directions, offset)
    upper = bound_without_relations(program, claim.weights)
    try:
        lower = find_lower_bound(program, claim.weights, upper.rank, seed)
    except BadInput:
        # The network is nowhere defined on the subspace.
        return None
    rewrites = lower.certificate.rewrites if isinstance(lower.certificate, LowerCertificate) else ()
    better = find_relation_bound(
        program,
        claim.weights,
        lower.rank,
        seed,
        rewrites,
        lambda: checkpoint("relations on the subspace"),
        symmetries_only=False,
        linear_symmetries=False,
        careful=True,
    )
    best = upper if better is None or better.rank >= upper.rank else better
    try:
        check_rank_at_most(program, claim.weights, best.certificate, best.rank)
    except Rejected:
        return None
    inner = best.certificate
    return Deficiency("subspace", directions=directions, offset=offset, inner=inner), best.rank


def _affine_hull(points: Sequence[Point]) -> tuple[tuple[Point, ...], Point] | None:
    """Return reduced directions and an offset that is 0 at their pivots; None for the whole space."""
    first, inputs = points[0], len(points[0])
    differences = [[a - b for a, b in zip(point, first, strict=True)] for point in points[1:]]
    if not differences or inputs == 0:
        return None
    entries = [flint.fmpq(v.numerator, v.denominator) for row in differences for v in row]
    echelon, rank = flint.fmpq_mat(len(differences), inputs, entries).rref()
    if rank == inputs:
        return None
    rows = [[Fraction(int(v.p), int(v.q)) for v in row] for row in echelon.tolist()[:rank]]
    directions = tuple(tuple(row) for row in rows)
    pivots = [next(n for n, v in enumerate(row) if v) for row in rows]
    offset = tuple(
        value - sum((first[p] * row[n] for p, row in zip(pivots, rows, strict=True)), Fraction(0))
        for n, value in enumerate(first)
    )
    return directions, offset


def find_row_relations(
    claim: GuaranteeClaim, evaluation: Evaluation, needed: int, checkpoint: Checkpoint
) -> tuple[Deficiency, int] | None:
    """Return rational relations between the rows of the evaluation matrix that the kernel confirms.

    Rows outside a basis are combinations of it; where the coefficients look like simple fractions, the
    combination is a candidate. None unless there are ``needed`` of them.
    """
    rank, count = len(evaluation.columns), claim.program.output_count
    basis = spread_rows(evaluation.projection, rank)
    if len(basis) < rank:
        return None
    others = sorted(set(range(evaluation.matrix.nrows())) - set(basis))
    with precision_of(evaluation.bits):
        minor = submatrix(evaluation.matrix, basis, evaluation.columns)
        try:
            coefficients = submatrix(evaluation.matrix, others, evaluation.columns) * minor.inv()
        except ZeroDivisionError:
            return None
        table = [[_guess(value) for value in row] for row in coefficients.tolist()]
    relations: list[RowRelation] = []
    for row, guesses in zip(others, table, strict=True):
        checkpoint(f"relations between samples: {len(relations)} found")
        if None not in guesses:
            relation = _relation(row, basis, [g for g in guesses if g is not None], count)
            if _holds(claim, relation):
                relations.append(relation)
    if len(relations) < needed:
        return None
    return Deficiency("rows", relations=tuple(relations)), len(claim.points) * count - len(relations)


def _guess(value: flint.arb) -> Fraction | None:
    """A fraction with a small denominator that is very close to the middle of a ball."""
    mantissa, exponent = value.mid().man_exp()
    if abs(int(exponent)) > MAX_EXPONENT:
        return None
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    near = exact.limit_denominator(MAX_DENOMINATOR)
    return near if abs(near - exact) < CLOSE else None


def _relation(row: int, basis: Sequence[int], coefficients: Sequence[Fraction], count: int) -> RowRelation:
    terms = [(*divmod(row, count), Fraction(1))]
    terms += [(*divmod(b, count), -c) for b, c in zip(basis, coefficients, strict=True) if c]
    return tuple(terms)


def _holds(claim: GuaranteeClaim, relation: RowRelation) -> bool:
    try:
        return is_row_relation(claim, relation)
    except Rejected:
        return False
