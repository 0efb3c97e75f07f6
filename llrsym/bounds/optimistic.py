"""The optimistic sample size of a target in a wide network.

# The choice of algorithm
# 1. Where a theorem gives the exact minimum of the model rank over the target set, the kernel computes it.
# 2. Otherwise an embedding bounds it by the rank of a narrow network: the target written with as few neurons
#    as its builder has. A wide network of a family is never expanded; for the others, the map that embeds the
#    target is found unit by unit and checked on both programs.
# 3. With several outputs the number of samples lies between rank / c and rank; a minor over few samples of
#    the irreducible network closes that interval where it can.
# Invariants: every number was proved by a kernel rule; a side without a theorem stays open.
"""

from collections.abc import Mapping
from pathlib import Path

from llrsym.bounds.programs import ProgramSearch
from llrsym.bounds.search import Bounds, Search, find_few_samples
from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel.errors import Rejected
from llrsym.kernel.families import narrow_model, weights_in
from llrsym.kernel.models import Model, parameter_count, program_of
from llrsym.kernel.rules import UpperCertificate
from llrsym.kernel.target_claims import EXACT, NARROW, NONE, TargetCertificate
from llrsym.kernel.target_sets import Exact, exact_minimal_rank
from llrsym.kernel.two_layer import Inexpressible
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.rank import Progress, Question, silent
from llrsym.tangent.through import UpperBound
from llrsym.verdict import Verdict


def optimistic_sample_size(
    network: Network,
    *,
    target: Network | None = None,
    weights: Mapping[str, object] | None = None,
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Return proved bounds on the optimistic sample size O(f*) and on the minimal model rank.

    ``target`` is a network whose functions ``network`` can express, by default ``network`` itself; the
    question is about the function at ``weights`` (exact, by parameter name), or without them about almost
    every weight of the target. ``lower`` and ``upper`` of the verdict bound the smallest model rank over all
    parameters of ``network`` with that function, ``samples_lower`` and ``samples_upper`` bound O(f*); for one
    output they agree. Where no theorem about the target set is known, the lower side is open.

    Raises ``BadInput`` for a target that the network cannot express or that is not comparable, with the
    condition that fails, and ``OutOfBudget`` (with the best verdict so far) after ``budget`` seconds.

    >>> import llrsym as ll
    >>> verdict = ll.optimistic_sample_size(ll.mlp(784, 100, 100, 1), target=ll.mlp(784, 3, 2, 1))
    >>> verdict.samples, verdict.parameters, verdict.verdict
    (2366, 88701, 'proved')
    >>> wide, narrow = (ll.residual(width=2, blocks=n, hidden=2) for n in (4, 1))
    >>> verdict = ll.optimistic_sample_size(wide, target=narrow)
    >>> verdict.upper, verdict.samples_upper, verdict.parameters
    (12, 6, 48)

    Reference: arXiv:2406.18035, Definition 4 and Theorems 1, 4 to 7; docs/theory (deep-tanh, target-sets,
    convolution-targets, closed-forms, embeddings, samples).
    """
    narrow = network if target is None else target
    exact_values = None if weights is None else exact_weights(narrow, weights)
    families = network.model is not None and narrow.model is not None
    kind: type[Search] = FamilySearch if families else ProgramSearch
    return kind(network, narrow, exact_values, seed, budget, progress or silent).answer(certificate)


class FamilySearch(Search):
    """One question about one target, where both networks belong to a family."""

    @property
    def models(self) -> tuple[Model, Model]:
        """The two models."""
        if self.network.model is None or self.target.model is None:
            raise BadInput(f"bound: {self.network.text} belongs to no family with a theorem")
        return self.network.model, self.target.model

    def bounds(self) -> Bounds:
        """Apply the theorem of the family, else an embedding."""
        self.progress("looking for a theorem about the target set")
        try:
            exact = exact_minimal_rank(*self.models, self.weights)
        except Inexpressible as refusal:
            raise BadInput(f"bound: {self.network.text} cannot express this target: {refusal}") from refusal
        except Rejected as refusal:
            return self._embedded(str(refusal))
        return self._exact(exact)

    def _exact(self, exact: Exact) -> Bounds:
        samples = exact.samples_lower, exact.samples_upper
        bounds = Bounds(exact.rank, exact.rank, samples, TargetCertificate(EXACT, EXACT), exact)
        if samples[0] == samples[1] or exact.irreducible is None:
            return bounds
        self.progress("looking for few samples that reach the rank")
        program, seed = program_of(exact.irreducible), str(self.seed)
        minor = find_few_samples(
            program, exact.weights, exact.rank, range(*samples), seed, self.is_out_of_time
        )
        if minor is None:
            return bounds
        samples = samples[0], len({sample for sample, _ in minor.rows})
        return Bounds(exact.rank, exact.rank, samples, TargetCertificate(EXACT, EXACT, minor=minor), exact)

    def _embedded(self, reason: str) -> Bounds:
        """No theorem decides the case: bound the minimum by the rank of the narrow network."""
        wide, narrow = self.models
        try:
            model = narrow_model(wide, narrow)
        except Rejected as refusal:
            known = reason if reason == str(refusal) else f"{reason}; {refusal}"
            raise BadInput(f"bound: {known}; give a target that {self.network.text} contains") from refusal
        inner = Network.of(model, "the narrow network")
        if self.weights is None and model != narrow:
            count = inner.parameter_count
            upper = UpperBound(count, UpperCertificate("parameters"), f"there are {count} parameters")
            return _from_narrow(upper, model, reason)
        weights = None if self.weights is None else weights_in(model, narrow, self.weights)
        question = Question("model_rank", inner, weights, self.seed, self.remaining(), False, self.progress)
        try:
            question.answer(None)
        except OutOfBudget as stop:
            raise OutOfBudget(self.verdict(_from_narrow(question.upper, model, reason), None)) from stop
        return _from_narrow(question.upper, model, reason)


def _from_narrow(upper: UpperBound, model: Model, reason: str) -> Bounds:
    certificate = TargetCertificate(NONE, NARROW, upper.certificate)
    described = f"a narrow network with {parameter_count(model)} parameters"
    return Bounds(
        0,
        upper.rank,
        (0, upper.rank),
        certificate,
        model=model,
        open_reason=reason,
        upper_reason=f"an embedding keeps the rank of {described}: {upper.reason}",
    )
