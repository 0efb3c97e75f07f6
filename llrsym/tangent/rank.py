"""The model rank: dim span{d f / d theta_i}, at given weights or at almost every weight.

# The choice of algorithm
# 1. The parameter count and the ambient space bound the rank from above at no cost.
# 2. An evaluation minor in the exponential tower modulo a prime bounds it from below.
# 3. Where the tower has no answer, or only one that rests on a conjecture: an evaluation minor by balls.
# 4. While a gap remains: relations, proved as exact identities, lower the upper bound; other primes and
#    seeds may raise the lower one.
# Invariants: lower and upper are always proved by kernel rules; a gap is reported, never rounded away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic

from llrsym.errors import OutOfBudget
from llrsym.kernel.documents import ALMOST_EVERY, GIVEN, Certificate, Claim
from llrsym.kernel.errors import Rejected
from llrsym.kernel.real_numbers import Number
from llrsym.kernel.rules import LowerCertificate, check_rank_at_most
from llrsym.kernel.tower import Weights
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.ball_lower import find_ball_lower_bound
from llrsym.tangent.blocks import NamedRelation
from llrsym.tangent.certificates import write_certificate
from llrsym.tangent.describe import described
from llrsym.tangent.lower import LowerBound, find_lower_bound
from llrsym.tangent.through import UpperBound
from llrsym.tangent.upper import bound_without_relations, find_relation_bound
from llrsym.verdict import Relation, Relations, Verdict

Progress = Callable[[str], None]
ATTEMPTS, BALL_ATTEMPTS = 3, 2


def model_rank(
    network: Network,
    *,
    at: Mapping[str, object] | None = None,
    explain: bool = False,
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Return proved bounds on the dimension of the tangent function space.

    ``at`` holds weights by parameter name; floats are taken as the exact rationals they are. Without it
    the question is about Lebesgue-almost every weight. ``explain`` adds the relations; ``certificate`` is
    a folder for claim.json and certificate.json, which are checked again once written.

    Raises ``BadInput`` for weights that do not fit, ``OutOfBudget`` (with the best verdict so far) when
    ``budget`` seconds have passed.

    >>> import llrsym as ll
    >>> verdict = ll.model_rank(ll.mlp(1, 2, 1, bias=False), at={"W1": [[1.0], [-1.0]], "W2": [[1.0, 2.0]]})
    >>> verdict.lower, verdict.upper, verdict.verdict
    (2, 2, 'proved')

    Reference: docs/theory (given-weights, almost-every, upper-bounds); arXiv:2406.18035, Definition 5.
    """
    weights = None if at is None else exact_weights(network, at)
    question = Question("model_rank", network, weights, seed, budget, explain, progress or silent)
    return question.answer(certificate)


def silent(message: str) -> None:
    return None


class Question:
    """One question about dim span of tangent functions, with the best bounds so far."""

    def __init__(
        self,
        kind: str,
        network: Network,
        weights: Weights | None,
        seed: int,
        budget: float | None,
        explain: bool,
        progress: Progress,
        describe: Callable[[NamedRelation, Sequence[Number]], Relation] | None = None,
    ) -> None:
        self.describe = describe or partial(described, network)
        self.kind, self.network, self.weights, self.seed = kind, network, weights, seed
        self.explain, self.progress = explain, progress
        self.start = monotonic()
        self.deadline = None if budget is None else self.start + budget
        self.upper = bound_without_relations(network.program, weights)
        self.lower = LowerBound(0, None, (), "nothing has been computed yet")

    def answer(self, folder: Path | str | None) -> Verdict:
        """Close the gap as far as possible and return the verdict."""
        self._raise_lower(0)
        if not self.closed or self.explain:
            self._lower_upper()
        for attempt in range(1, ATTEMPTS):
            if not self.closed and (self.lower.rank or attempt < BALL_ATTEMPTS):
                self._raise_lower(attempt)
        return self.verdict(folder)

    @property
    def closed(self) -> bool:
        """Whether both bounds agree."""
        return self.lower.rank == self.upper.rank

    def _raise_lower(self, attempt: int) -> None:
        self._checkpoint(f"lower bound, attempt {attempt + 1}: evaluation matrix modulo a prime")
        found = find_lower_bound(
            self.network.program,
            self.weights,
            self.upper.rank,
            str(self.seed),
            attempt,
            tick=self._check_budget,
        )
        if found.rank >= self.lower.rank:
            self.lower = found
        needs_balls = found.certificate is None or found.verdict != "proved"
        if attempt < BALL_ATTEMPTS and needs_balls and self.upper.rank:
            self._raise_lower_by_balls(attempt, found.rank or self.upper.rank)

    def _raise_lower_by_balls(self, attempt: int, target: int) -> None:
        found = find_ball_lower_bound(
            self.network.program,
            self.weights,
            target,
            str(self.seed),
            attempt,
            self._checkpoint,
        )
        if found.rank >= max(1, self.lower.rank):
            self.lower = found
        elif not self.lower.rank:
            self.lower = replace(self.lower, reason=f"{self.lower.reason}; {found.reason}")

    def _lower_upper(self) -> None:
        self._checkpoint("upper bound: exact relations among the tangent functions")
        certificate = self.lower.certificate
        rewrites = certificate.rewrites if isinstance(certificate, LowerCertificate) else ()
        symmetries_only = self.closed and self.kind == "model_rank"
        for careful in (False, True):
            found = find_relation_bound(
                self.network.program,
                self.weights,
                self.lower.rank,
                str(self.seed),
                rewrites,
                self._check_budget,
                symmetries_only=symmetries_only,
                linear_symmetries=self.kind == "model_rank",
                careful=careful,
            )
            if found is None or found.rank > self.upper.rank:
                return
            try:
                check_rank_at_most(self.network.program, self.weights, found.certificate, found.rank)
            except Rejected:
                self._checkpoint("upper bound: the relations once more, each one checked at once")
                continue
            self.upper = found
            return

    def _checkpoint(self, message: str) -> None:
        self._check_budget()
        self.progress(message)

    def _check_budget(self) -> None:
        if self.deadline is not None and monotonic() > self.deadline:
            raise OutOfBudget(self.verdict(None))

    def verdict(self, folder: Path | str | None) -> Verdict:
        """Return the current bounds as a verdict; with a folder, write and re-check the certificate."""
        path = None if folder is None else self._write(Path(folder))
        return Verdict(
            question=self.kind,
            network=self.network.text,
            parameters=self.network.parameter_count,
            at=ALMOST_EVERY if self.weights is None else GIVEN,
            lower=self.lower.rank,
            upper=self.upper.rank,
            lower_verdict=self.lower.verdict,
            upper_verdict="proved",
            lower_reason=self.lower.reason,
            upper_reason=self.upper.reason,
            conditions=self.lower.conditions,
            relations=self._relations(self.upper) if self.explain else None,
            certificate=path,
            seed=self.seed,
            seconds=round(monotonic() - self.start, 3),
            trusted=self.lower.trusted if self.lower.rank else (),
        )

    def _relations(self, upper: UpperBound) -> Relations:
        if not upper.relations and upper.rank < self.network.parameter_count:
            return "unexplained"
        table = upper.certificate.numbers.table
        return tuple(self.describe(relation, table) for relation in upper.relations)

    def _write(self, folder: Path) -> str:
        at = ALMOST_EVERY if self.weights is None else GIVEN
        claim = Claim(
            self.kind,
            self.network.text,
            at,
            self.lower.rank,
            self.upper.rank,
            self.network.program,
            self.weights,
        )
        self.progress("writing the certificate and checking it")
        return write_certificate(folder, claim, Certificate(self.lower.certificate, self.upper.certificate))
