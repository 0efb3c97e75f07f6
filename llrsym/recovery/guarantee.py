"""LLR guarantees of given samples: does the evaluation matrix J(X) have the model rank?

# The choice of algorithm
# 1. The model rank at the weights, with certificates of both sides (tangent.rank).
# 2. Too few different samples: no. Otherwise J(X) by Arb on a basis of the tangent functions, at a
#    precision that is doubled until the basis has a left inverse: yes, with sigma_min.
# 3. If it has none: the rank on the affine hull of the samples, then rational relations of their rows: no.
# Invariants: an answer is what the kernel returned for a claim and a certificate; numbers are marked as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt
from pathlib import Path
from time import monotonic

import numpy as np

from llrsym.domains.flint_field import FlintProducts
from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel.analytic import check_analytic
from llrsym.kernel.ball_ranks import squared_norm_bound
from llrsym.kernel.errors import Rejected
from llrsym.kernel.guarantees import (
    NO,
    YES,
    Deficiency,
    GuaranteeCertificate,
    GuaranteeClaim,
    Sigma,
    check_guarantee,
)
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.recovery.data import Data, read_data
from llrsym.recovery.deficiency import find_row_relations, find_subspace
from llrsym.recovery.guarantee_documents import certificate_text, claim_text
from llrsym.recovery.guarantee_result import Guarantee
from llrsym.tangent.certificates import write_documents
from llrsym.tangent.left_inverse import (
    Evaluation,
    LeftInverse,
    Point,
    find_evaluation,
    find_left_inverse,
    spread_rows,
)
from llrsym.tangent.rank import Progress, Question, silent
from llrsym.verdict import Verdict

SIGMA_BITS = 40


def llr_guarantee(
    network: Network,
    *,
    at: Mapping[str, object],
    data: object,
    columns: str | Sequence[str] | None = None,
    labels: object = None,
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Guarantee:
    """Decide whether these samples carry an LLR guarantee for the network at these weights.

    ``at`` holds weights by parameter name and ``data`` the samples: the name of a .csv, .npy or .npz file, an
    array of shape (n, d), nested lists, a data frame or what ``read_data`` gave. ``columns`` names the inputs
    among the columns. The guarantee concerns the inputs alone; labels are checked and not used.

    The answer is yes when it is proved that the n c x M evaluation matrix of the tangent functions has the
    model rank: then f is the only function of its tangent hyperplane that takes its values at the samples.
    It is no when it is proved that it has not.

    Raises ``BadInput`` for weights or data that do not fit, ``OutOfBudget`` when ``budget`` seconds are over.

    >>> import llrsym as ll
    >>> net, weights = ll.mlp(1, 1, 1, bias=False), {"W1": [[1]], "W2": [[1]]}
    >>> ll.llr_guarantee(net, at=weights, data=[[0.5], [1]]).answer
    'yes'
    >>> ll.llr_guarantee(net, at=weights, data=[[0.5], [-0.5]]).answer
    'no'

    Reference: arXiv:2406.18035, Definition 3 and Lemma 1; docs/theory/guarantees.
    """
    samples = read_data(data, network, columns=columns, labels=labels)
    search = _Search(network, exact_weights(network, at), samples, seed, budget, progress or silent)
    return search.answer(None if certificate is None else Path(certificate))


@dataclass(frozen=True, slots=True)
class _Proof:
    """A claim and its certificate, accepted by the kernel, and the theorems that it uses."""

    claim: GuaranteeClaim
    certificate: GuaranteeCertificate
    conditions: tuple[str, ...]


class _Search:
    """One question about the evaluation matrix, with what is proved so far."""

    def __init__(
        self,
        network: Network,
        weights: tuple[Point, ...],
        data: Data,
        seed: int,
        budget: float | None,
        progress: Progress,
    ) -> None:
        self.network, self.weights, self.data, self.seed = network, weights, data, seed
        self.start, self.progress = monotonic(), progress
        self.deadline = None if budget is None else self.start + budget
        self.model = Question("model_rank", network, weights, seed, budget, False, progress)
        distinct: dict[Point, int] = {}
        for position, point in enumerate(data.points):
            distinct.setdefault(point, position)
        self.points, self.positions = tuple(distinct), tuple(distinct.values())
        self.count = network.program.output_count
        self.answer_so_far = self._unanswered()

    def answer(self, folder: Path | None) -> Guarantee:
        """Settle the question as far as possible; with a folder, write the certificate and check it."""
        rank = self._model_rank()
        self.answer_so_far = self._unanswered()
        proof = self._too_few(rank) or self._nothing_to_recover(rank)
        found = self._evaluation(rank) if rank.upper else None
        if found is not None and proof is None:
            proof = self._from_evaluation(found, rank)
        elif found is not None:
            self._raise_lower(found)
            is_less = self.answer_so_far.lower < self.answer_so_far.upper
            proof = (self._prove_deficient(found, rank) if is_less else None) or proof
        if proof is not None and folder is not None:
            self._checkpoint("writing the certificate and checking it")
            path = write_documents(folder, claim_text(proof.claim), certificate_text(proof.certificate))
            self.answer_so_far = replace(self.answer_so_far, certificate=path)
        return self._timed(self.answer_so_far)

    def _model_rank(self) -> Verdict:
        try:
            return self.model.answer(None)
        except OutOfBudget as stop:
            raise OutOfBudget(self._timed(self._unanswered())) from stop

    def _timed(self, result: Guarantee) -> Guarantee:
        return replace(result, seconds=round(monotonic() - self.start, 3))

    def _checkpoint(self, message: str) -> None:
        if self.deadline is not None and monotonic() > self.deadline:
            raise OutOfBudget(self._timed(self.answer_so_far))
        self.progress(message)

    def _unanswered(self) -> Guarantee:
        model = self.model.verdict(None)
        rows = len(self.points) * self.count
        return Guarantee(
            network=self.network.text,
            parameters=self.network.parameter_count,
            samples=len(self.data),
            distinct=len(self.points),
            outputs=self.count,
            is_analytic=_is_analytic(self.network),
            lower=0,
            upper=min(rows, model.upper),
            model_rank_lower=model.lower,
            model_rank_upper=model.upper,
            lower_verdict="proved",
            upper_verdict="proved",
            answer=None,
            reason="nothing is proved yet",
            lower_reason="nothing is proved yet",
            upper_reason=_rows_reason(rows, model.upper, len(self.points)),
            duplicates=self.data.duplicates,
            rows=self.data.rows,
            conditions=model.conditions,
            trusted=model.trusted,
            seed=self.seed,
        )

    def _nothing_to_recover(self, model: Verdict) -> _Proof | None:
        """The tangent space is zero, so that every sample and none carries a guarantee."""
        if model.upper > 0 or self.model.upper.certificate is None:
            return None
        claim = self._claim(YES, 0, 0, None)
        certificate = GuaranteeCertificate(None, self.model.upper.certificate, None)
        conditions = self._check(claim, certificate)
        self.answer_so_far = replace(self.answer_so_far, answer=YES, reason="the tangent space is zero")
        return _Proof(claim, certificate, conditions)

    # The samples do not carry a guarantee

    def _too_few(self, model: Verdict) -> _Proof | None:
        rows = len(self.points) * self.count
        if rows >= model.lower:
            return None
        reason = f"{len(self.points)} different samples give {rows} equations, fewer than the model rank"
        return self._prove_no(Deficiency("outputs"), rows, model, reason)

    def _prove_no(self, deficiency: Deficiency, rank: int, model: Verdict, reason: str) -> _Proof | None:
        if rank >= model.lower:
            return None
        claim = self._claim(NO, rank, model.lower, None)
        certificate = GuaranteeCertificate(self.model.lower.certificate, None, deficiency)
        conditions = self._check(claim, certificate)
        self.answer_so_far = replace(
            self.answer_so_far,
            answer=NO,
            upper=min(rank, self.answer_so_far.upper),
            upper_verdict="proved",
            upper_reason=reason,
            reason=reason,
            strength=model.lower_verdict,
        )
        return _Proof(claim, certificate, conditions)

    # The evaluation matrix

    def _evaluation(self, model: Verdict) -> Evaluation | None:
        """The evaluation matrix on a basis of the tangent functions, or on those that its rank shows."""
        certificate, rows = self.model.lower.certificate, len(self.points) * self.count
        is_basis = certificate is not None and model.lower == model.upper <= rows
        known = certificate.columns if certificate is not None and is_basis else None
        target = min(model.upper, rows)
        try:
            return find_evaluation(
                self.network.program, self.weights, self.points, target, known, self._checkpoint
            )
        except Rejected as refusal:
            raise BadInput(f"data: {refusal}; remove the sample") from refusal

    def _from_evaluation(self, found: Evaluation, model: Verdict) -> _Proof | None:
        self._note_numbers(found)
        if len(found.columns) == model.upper:
            return self._prove_yes(found, model)
        self._raise_lower(found)
        return self._prove_deficient(found, model)

    def _note_numbers(self, found: Evaluation) -> None:
        self.answer_so_far = replace(
            self.answer_so_far,
            bits=found.bits,
            numerical_rank=len(found.columns),
            reason=f"with {found.bits} bits the evaluation matrix shows rank {len(found.columns)}",
        )

    def _prove_yes(self, found: Evaluation, model: Verdict) -> _Proof | None:
        self._checkpoint("least singular value: a left inverse checked by the kernel")
        rank = model.upper
        basis = spread_rows(found.projection, rank)
        inverse = self._left_inverse(found, _most_useful(found, basis))
        if inverse is None or self.model.upper.certificate is None:
            return None
        sigma = Sigma(inverse.certificate.columns, least_singular_value(inverse))
        claim = self._claim(YES, rank, rank, sigma)
        certificate = GuaranteeCertificate(inverse.certificate, self.model.upper.certificate, None)
        conditions, bits = self._check(claim, certificate), inverse.certificate.precision
        self.answer_so_far = replace(
            self.answer_so_far,
            answer=YES,
            lower=rank,
            upper=rank,
            model_rank_lower=rank,
            lower_reason=f"a left inverse of {rank} columns, by balls of {bits} bits",
            upper_reason=self.model.upper.reason,
            reason="the evaluation matrix has the model rank",
            columns=self._names(found.columns),
            sigma_min=sigma.bound,
            sigma_estimate=_approx_sigma(found),
            conditions=conditions,
            trusted=tuple(dict.fromkeys((*self.answer_so_far.trusted, *FlintProducts.trusted))),
        )
        self._find_redundant(found, basis)
        return _Proof(claim, certificate, conditions)

    def _left_inverse(self, found: Evaluation, rows: Sequence[int]) -> LeftInverse | None:
        return find_left_inverse(self.network.program, self.weights, self.points, found, rows)

    def _find_redundant(self, found: Evaluation, basis: Sequence[int]) -> None:
        """The samples outside a non-singular minor are redundant, once the kernel has accepted the minor."""
        self._checkpoint("redundant samples: a non-singular minor checked by the kernel")
        if len(basis) < len(found.columns) or self._left_inverse(found, sorted(basis)) is None:
            return
        used = {self.positions[row // self.count] for row in basis}
        rest = tuple(position for position in range(len(self.data)) if position not in used)
        self.answer_so_far = replace(self.answer_so_far, basis=tuple(sorted(used)), redundant=rest)

    def _raise_lower(self, found: Evaluation) -> None:
        rows = spread_rows(found.projection, len(found.columns))
        if len(rows) == len(found.columns) and self._left_inverse(found, sorted(rows)) is not None:
            reason = f"a non-singular minor, by balls with {found.bits} bits of search"
            self.answer_so_far = replace(
                self.answer_so_far,
                lower=len(rows),
                lower_verdict="proved",
                lower_reason=reason,
                trusted=tuple(dict.fromkeys((*self.answer_so_far.trusted, *FlintProducts.trusted))),
            )

    def _prove_deficient(self, found: Evaluation, model: Verdict) -> _Proof | None:
        """By the rule that proves the smallest rank of the evaluation matrix."""
        claim, seed = self._claim(NO, 0, 0, None), str(self.seed)
        best = find_subspace(claim, seed, self._checkpoint)
        if best is None or best[1] > len(found.columns):
            needed = max(1, len(self.points) * self.count - model.lower + 1)
            rows = find_row_relations(claim, found, needed, self._checkpoint)
            best = min((b for b in (best, rows) if b is not None), key=lambda b: b[1], default=None)
        if best is None or best[1] >= min(self.answer_so_far.upper, model.lower):
            return None
        return self._prove_no(*best, model, _deficiency_reason(*best))

    # Claims

    def _claim(self, answer: str, rank: int, model_rank: int, sigma: Sigma | None) -> GuaranteeClaim:
        """A claim about the different samples: equal ones add nothing."""
        return GuaranteeClaim(
            self.network.text,
            self.network.program,
            self.weights,
            self.points,
            answer,
            rank,
            model_rank,
            sigma,
        )

    def _check(self, claim: GuaranteeClaim, certificate: GuaranteeCertificate) -> tuple[str, ...]:
        return tuple(check_guarantee(claim, certificate, FlintProducts())[1])

    def _names(self, columns: Sequence[int]) -> tuple[str, ...]:
        names = self.network.entry_names()
        return tuple(names[column] for column in columns)


def _is_analytic(network: Network) -> bool:
    """Whether f is seen to be analytic everywhere: then almost every sample is as good as any."""
    try:
        check_analytic(network.program)
    except Rejected:
        return False
    return True


def _rows_reason(rows: int, rank: int, points: int) -> str:
    if rows < rank:
        return f"{points} different samples give {rows} equations"
    return "the model rank is an upper bound"


def _deficiency_reason(deficiency: Deficiency, rank: int) -> str:
    if deficiency.rule == "rows":
        return f"{len(deficiency.relations)} exact relations between the equations of the samples"
    dimension = len(deficiency.directions)
    where = f"the samples lie in an affine subspace of dimension {dimension}"
    return f"{where}, on which the tangent functions have rank <= {rank}"


def _most_useful(found: Evaluation, basis: Sequence[int]) -> list[int]:
    """All rows, or where there are many the basis and as many of the largest rest."""
    count = found.matrix.nrows()
    if count <= 2 * len(basis):
        return list(range(count))
    rest = sorted(set(range(count)) - set(basis), key=lambda row: -found.projection[row, row])
    return sorted([*basis, *rest[: len(basis)]])


def least_singular_value(inverse: LeftInverse) -> Fraction:
    """Return a short rational number that the kernel proves to be a lower bound of sigma_min."""
    squared = squared_norm_bound(inverse.certificate.inverse, FlintProducts())
    value = (1 - inverse.defect) * (1 << inverse.certificate.scale) / (isqrt(squared) + 1)
    shift = SIGMA_BITS + value.denominator.bit_length() - value.numerator.bit_length()
    return Fraction(int(value * Fraction(2) ** shift), 1) / Fraction(2) ** shift


def _approx_sigma(found: Evaluation) -> float | None:
    """sigma_min of all rows in floating point: the inverse of the norm of the left inverse."""
    entries = np.array([[float(v.mid()) for v in row] for row in found.inverse.tolist()])
    if not np.isfinite(entries).all():
        return None
    return float(1 / np.linalg.norm(entries, 2))
