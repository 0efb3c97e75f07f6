"""The optimistic sample size of a target in a wide network.

# The choice of algorithm
# 1. Where a theorem gives the exact minimum of the model rank over the target set, the kernel computes it.
# 2. Otherwise an embedding bounds it by the rank of a narrow network: the target written with as few neurons
#    as its builder has. The wide network is never expanded.
# 3. With several outputs the number of samples lies between rank / c and rank; a minor over few samples of
#    the irreducible network closes that interval where it can.
# Invariants: every number was proved by a kernel rule; a side without a theorem stays open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from llrsym.bounds.derivation import derive_tree
from llrsym.bounds.documents import target_certificate_text, target_claim_text
from llrsym.bounds.sizes import local_recovery, maximal_rank
from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel.errors import Rejected
from llrsym.kernel.families import narrow_model, weights_in
from llrsym.kernel.models import Model, Weights, parameter_count, program_of
from llrsym.kernel.rules import LowerCertificate, UpperCertificate
from llrsym.kernel.target_claims import (
    EXACT,
    NARROW,
    NONE,
    TargetCertificate,
    TargetClaim,
    check_target_claim,
)
from llrsym.kernel.target_sets import Exact, exact_minimal_rank
from llrsym.kernel.two_layer import Inexpressible
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.certificates import write_documents
from llrsym.tangent.lower import find_lower_bound
from llrsym.tangent.rank import Progress, Question, silent
from llrsym.tangent.upper import UpperBound
from llrsym.verdict import ALMOST_EVERY, GIVEN, SAMPLE_SIZE, Verdict

MINOR_ENTRIES = 4_000_000
"""Entries of the largest evaluation matrix that is searched for a minor over few samples."""


def optimistic_sample_size(
    network: Network,
    *,
    target: Network,
    weights: Mapping[str, object] | None = None,
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Return proved bounds on the optimistic sample size O(f*) and on the minimal model rank.

    ``target`` is a network whose functions ``network`` can express; the question is about the function at
    ``weights`` (exact, by parameter name), or without them about almost every weight of the target.
    ``lower`` and ``upper`` of the verdict bound the smallest model rank over all parameters of ``network``
    with that function, ``samples_lower`` and ``samples_upper`` bound O(f*); for one output they agree.

    Raises ``BadInput`` for a target that the network cannot express or that is not comparable, with the
    condition that fails, and ``OutOfBudget`` (with the best verdict so far) after ``budget`` seconds.

    >>> import llrsym as ll
    >>> verdict = ll.optimistic_sample_size(ll.mlp(784, 100, 100, 1), target=ll.mlp(784, 3, 2, 1))
    >>> verdict.samples, verdict.parameters, verdict.verdict
    (2366, 88701, 'proved')

    Reference: arXiv:2406.18035, Definition 4 and Theorems 1, 4 to 7; docs/theory (deep-tanh, target-sets,
    convolution-targets, closed-forms, embeddings, samples).
    """
    wide, narrow = _model_of(network), _model_of(target)
    exact_values = None if weights is None else exact_weights(target, weights)
    search = _Search(network, target, wide, narrow, exact_values, seed, budget, progress or silent)
    return search.answer(certificate)


def _model_of(network: Network) -> Model:
    if network.model is None:
        raise BadInput(f"bound: {network.text} belongs to no family with a theorem; use mlp, conv, ...")
    return network.model


@dataclass(frozen=True, slots=True)
class Bounds:
    """The best bounds so far, and the certificate that proves them."""

    lower: int
    upper: int
    samples: tuple[int, int]
    certificate: TargetCertificate
    exact: Exact | None = None
    model: Model | None = None
    open_reason: str = ""
    upper_reason: str = ""


class _Search:
    """One question about one target."""

    def __init__(
        self,
        network: Network,
        target: Network,
        wide: Model,
        narrow: Model,
        weights: Weights | None,
        seed: int,
        budget: float | None,
        progress: Progress,
    ) -> None:
        self.network, self.target, self.wide, self.narrow = network, target, wide, narrow
        self.weights, self.seed, self.budget, self.progress = weights, seed, budget, progress
        self.start = monotonic()

    def answer(self, folder: Path | str | None) -> Verdict:
        """Apply the theorem of the family, else an embedding, and check the result with the kernel."""
        self.progress("looking for a theorem about the target set")
        try:
            exact = exact_minimal_rank(self.wide, self.narrow, self.weights)
        except Inexpressible as refusal:
            raise BadInput(f"bound: {self.network.text} cannot express this target: {refusal}") from refusal
        except Rejected as refusal:
            bounds = self._embedded(str(refusal))
        else:
            bounds = self._exact(exact)
        return self._verdict(bounds, folder)

    def _exact(self, exact: Exact) -> Bounds:
        samples = exact.samples_lower, exact.samples_upper
        bounds = Bounds(exact.rank, exact.rank, samples, TargetCertificate(EXACT, EXACT), exact)
        if samples[0] == samples[1] or exact.irreducible is None:
            return bounds
        self.progress("looking for few samples that reach the rank")
        minor = find_few_samples(exact, str(self.seed), self._out_of_time)
        if minor is None:
            return bounds
        samples = samples[0], len({sample for sample, _ in minor.rows})
        return Bounds(exact.rank, exact.rank, samples, TargetCertificate(EXACT, EXACT, minor=minor), exact)

    def _embedded(self, reason: str) -> Bounds:
        """No theorem decides the case: bound the minimum by the rank of the narrow network."""
        try:
            model = narrow_model(self.wide, self.narrow)
        except Rejected as refusal:
            known = reason if reason == str(refusal) else f"{reason}; {refusal}"
            raise BadInput(f"bound: {known}; give a target that {self.network.text} contains") from refusal
        inner = Network.of(model, "the narrow network")
        if self.weights is None and model != self.narrow:
            count = inner.parameter_count
            upper = UpperBound(count, UpperCertificate("parameters"), f"there are {count} parameters")
            return self._from_narrow(upper, model, reason)
        weights = None if self.weights is None else weights_in(model, self.narrow, self.weights)
        remaining = None if self.budget is None else max(1e-9, self.budget - (monotonic() - self.start))
        question = Question("model_rank", inner, weights, self.seed, remaining, False, self.progress)
        try:
            question.answer(None)
        except OutOfBudget as stop:
            raise OutOfBudget(self._verdict(self._from_narrow(question.upper, model, reason), None)) from stop
        return self._from_narrow(question.upper, model, reason)

    def _from_narrow(self, upper: UpperBound, model: Model, reason: str) -> Bounds:
        certificate = TargetCertificate(NONE, NARROW, upper.certificate)
        return Bounds(0, upper.rank, (0, upper.rank), certificate, None, model, reason, upper.reason)

    def _out_of_time(self) -> bool:
        return self.budget is not None and monotonic() - self.start > self.budget

    def _verdict(self, bounds: Bounds, folder: Path | str | None) -> Verdict:
        claim = TargetClaim(
            self.network.text,
            self.target.text,
            self.wide,
            self.narrow,
            self.weights,
            bounds.lower,
            bounds.upper,
            bounds.samples,
        )
        self.progress("checking with the kernel")
        _, conditions = check_target_claim(claim, bounds.certificate, NumpyArithmetic())
        path = None
        if folder is not None:
            texts = target_claim_text(claim), target_certificate_text(bounds.certificate)
            path = write_documents(Path(folder), *texts)
        exact = bounds.exact
        theorem = None if exact is None else f"theorem on {exact.theorem}: {'; '.join(exact.facts)}"
        embedding = f"an embedding keeps the rank of {_described(bounds.model)}: {bounds.upper_reason}"
        return Verdict(
            question=SAMPLE_SIZE,
            network=self.network.text,
            target=self.target.text,
            parameters=parameter_count(self.wide),
            at=ALMOST_EVERY if self.weights is None else GIVEN,
            lower=bounds.lower,
            upper=bounds.upper,
            lower_verdict="open" if exact is None else "proved",
            upper_verdict="proved",
            lower_reason=theorem or f"no theorem applies: {bounds.open_reason}",
            upper_reason=theorem or embedding,
            conditions=tuple(conditions),
            derivation=derive_tree(claim, bounds.certificate, exact, bounds.model),
            certificate=path,
            seed=self.seed,
            seconds=round(monotonic() - self.start, 3),
            trusted=NumpyArithmetic.trusted if bounds.certificate.minor else (),
            samples_lower=bounds.samples[0],
            samples_upper=bounds.samples[1],
            local_recovery=None if exact is None else local_recovery(self.wide, self.narrow, self.weights),
            max_rank=maximal_rank(self.wide),
        )


def _described(model: Model | None) -> str:
    return (
        "the narrow network"
        if model is None
        else f"a narrow network with {parameter_count(model)} parameters"
    )


def find_few_samples(exact: Exact, seed: str, stop: Callable[[], bool]) -> LowerCertificate | None:
    """Return a minor of full rank of the irreducible network over as few samples as the search finds."""
    if exact.irreducible is None:
        return None
    program = program_of(exact.irreducible)
    for samples in range(exact.samples_lower, exact.samples_upper):
        rows = samples * program.output_count
        if stop() or rows * program.parameter_count > MINOR_ENTRIES:
            return None
        found = find_lower_bound(program, exact.weights, exact.rank, seed, samples=samples)
        if found.rank == exact.rank:
            return found.certificate
    return None
