"""One question about the optimistic sample size of a target: its parts, and the verdict on its bounds."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from llrsym.bounds.derivation import derive_tree
from llrsym.bounds.documents import target_certificate_text, target_claim_text
from llrsym.bounds.sizes import local_recovery, maximal_rank
from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.errors import BadInput
from llrsym.kernel.errors import Rejected
from llrsym.kernel.model_documents import AnyModel, weight_count
from llrsym.kernel.models import Weights
from llrsym.kernel.program import Program
from llrsym.kernel.rules import LowerCertificate
from llrsym.kernel.target_claims import TargetCertificate, TargetClaim, check_target_claim
from llrsym.kernel.target_sets import Exact
from llrsym.networks.network import Network
from llrsym.tangent.certificates import write_documents
from llrsym.tangent.lower import find_lower_bound
from llrsym.tangent.rank import Progress
from llrsym.verdict import ALMOST_EVERY, GIVEN, SAMPLE_SIZE, Verdict

MINOR_ENTRIES = 4_000_000
"""Entries of the largest evaluation matrix that is searched for a minor over few samples."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The best bounds so far, and the certificate that proves them."""

    lower: int
    upper: int
    samples: tuple[int, int]
    certificate: TargetCertificate
    exact: Exact | None = None
    model: AnyModel | None = None
    open_reason: str = ""
    upper_reason: str = ""


@dataclass
class Search(ABC):
    """What was asked about one target, and how to answer it."""

    network: Network
    target: Network
    weights: Weights | None
    seed: int
    budget: float | None
    progress: Progress

    def __post_init__(self) -> None:
        self.start = monotonic()

    @property
    @abstractmethod
    def models(self) -> tuple[AnyModel, AnyModel]:
        """The network and the target as the kernel knows them."""

    @abstractmethod
    def bounds(self) -> Bounds:
        """Return the best bounds that are found; raises ``OutOfBudget`` and ``BadInput``."""

    def answer(self, folder: Path | str | None) -> Verdict:
        """Return the bounds as a verdict, checked by the kernel."""
        return self.verdict(self.bounds(), folder)

    def remaining(self) -> float | None:
        """The seconds that are left."""
        return None if self.budget is None else max(1e-9, self.budget - (monotonic() - self.start))

    def is_out_of_time(self) -> bool:
        """Whether the budget is spent."""
        return self.budget is not None and monotonic() - self.start > self.budget

    def verdict(self, bounds: Bounds, folder: Path | str | None) -> Verdict:
        """Check the bounds with the kernel and return them; with a folder, write the certificate."""
        wide, narrow = self.models
        claim = TargetClaim(
            self.network.text,
            self.target.text,
            wide,
            narrow,
            self.weights,
            bounds.lower,
            bounds.upper,
            bounds.samples,
        )
        self.progress("checking with the kernel")
        try:
            _, conditions = check_target_claim(claim, bounds.certificate, NumpyArithmetic())
        except Rejected as refusal:
            raise BadInput(f"bound: no proof within the limits of the kernel ({refusal})") from refusal
        path = None
        if folder is not None:
            texts = target_claim_text(claim), target_certificate_text(bounds.certificate)
            path = write_documents(Path(folder), *texts)
        exact = bounds.exact
        theorem = None if exact is None else f"theorem on {exact.theorem}: {'; '.join(exact.facts)}"
        return Verdict(
            question=SAMPLE_SIZE,
            network=self.network.text,
            target=self.target.text,
            parameters=weight_count(wide),
            at=ALMOST_EVERY if self.weights is None else GIVEN,
            lower=bounds.lower,
            upper=bounds.upper,
            lower_verdict="open" if exact is None else "proved",
            upper_verdict="proved",
            lower_reason=theorem or f"no theorem applies: {bounds.open_reason}",
            upper_reason=theorem or bounds.upper_reason,
            conditions=tuple(conditions),
            derivation=derive_tree(claim, bounds.certificate, exact, bounds.model),
            certificate=path,
            seed=self.seed,
            seconds=round(monotonic() - self.start, 3),
            trusted=NumpyArithmetic.trusted if bounds.certificate.minor else (),
            samples_lower=bounds.samples[0],
            samples_upper=bounds.samples[1],
            local_recovery=None if exact is None else local_recovery(wide, narrow, self.weights),
            max_rank=maximal_rank(wide),
        )


def find_few_samples(
    program: Program,
    weights: Weights | None,
    rank: int,
    samples: range,
    seed: str,
    stop: Callable[[], bool],
) -> LowerCertificate | None:
    """Return a minor of this rank over as few samples as the search finds, in a range of numbers."""
    for count in samples:
        rows = count * program.output_count
        if stop() or rows * program.parameter_count > MINOR_ENTRIES:
            return None
        found = find_lower_bound(program, weights, rank, seed, samples=count)
        if found.rank == rank and isinstance(found.certificate, LowerCertificate):
            return found.certificate
    return None
