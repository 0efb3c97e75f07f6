"""Upper bounds on the optimistic sample size where no theorem about the target set is known.

The target is embedded into the network by a map that keeps its tangent functions, or it is the network
itself. Then its rank bounds the minimal rank, and samples that reach it bound O(f*).
"""

from collections.abc import Mapping

from llrsym.bounds.search import Bounds, Search, find_few_samples
from llrsym.embedding.documents import entries_of
from llrsym.embedding.forms import Form
from llrsym.embedding.unit_moves import unit_embedding
from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel.embeddings import (
    KEEPS_TANGENTS,
    REGISTERS,
    EmbeddingCertificate,
    EmbeddingClaim,
    check_embedding,
)
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program
from llrsym.kernel.rules import LowerCertificate
from llrsym.kernel.target_claims import EMBEDDING, NONE, TargetCertificate
from llrsym.tangent.rank import Question

OPEN = "the minimal rank over all parameters with this function is known for mlp, one-layer conv and products"


class ProgramSearch(Search):
    """One question about one target, by an embedding that is checked on both programs."""

    @property
    def models(self) -> tuple[Program, Program]:
        """The two programs."""
        return self.network.program, self.target.program

    def bounds(self) -> Bounds:
        """Bound the minimal rank by the rank of the target, and O(f*) by samples that reach it."""
        entries = self._map()
        question = Question(
            "model_rank", self.target, self.weights, self.seed, self.remaining(), False, self.progress
        )
        try:
            question.answer(None)
        except OutOfBudget as stop:
            raise OutOfBudget(self.verdict(self._from(question, entries, None), None)) from stop
        return self._from(question, entries, self._minor(question) if question.closed else None)

    def _map(self) -> Mapping[int, Form] | None:
        """The entries of a map that keeps the tangent functions; None if both networks are the same."""
        wide, narrow = self.models
        if wide == narrow:
            return None
        embedding = unit_embedding(self.target, self.network, ())
        if embedding.obstacles:
            raise BadInput(f"bound: {embedding.obstacles[0]}; give the target the biases of the network")
        entries = entries_of(embedding)
        self.progress("the kernel checks that an embedding keeps the tangent functions")
        claim = EmbeddingClaim(self.network.text, self.target.text, KEEPS_TANGENTS, wide, narrow, 0, entries)
        try:
            check_embedding(claim, EmbeddingCertificate(REGISTERS))
        except Rejected as refusal:
            raise BadInput(
                f"bound: no embedding of the target is proved to keep its tangent functions ({refusal}); "
                "give weights of the network itself, without a target"
            ) from refusal
        return entries

    def _minor(self, question: Question) -> LowerCertificate | None:
        """A minor of full rank over few samples; with one output every sample gives one row."""
        rank, outputs = question.upper.rank, self.target.outputs
        if outputs <= 1 or not rank:
            return None
        self.progress("looking for few samples that reach the rank")
        samples = range(-(-rank // outputs), rank)
        return find_few_samples(
            self.target.program, self.weights, rank, samples, str(self.seed), self.is_out_of_time
        )

    def _from(
        self, question: Question, entries: Mapping[int, Form] | None, minor: LowerCertificate | None
    ) -> Bounds:
        upper = question.upper
        certificate = TargetCertificate(NONE, EMBEDDING, upper.certificate, minor, entries)
        samples = upper.rank if minor is None else len({sample for sample, _ in minor.rows})
        kept = "the network itself" if entries is None else "an embedding keeps the rank of the target"
        return Bounds(
            0,
            upper.rank,
            (0, samples),
            certificate,
            model=self.target.program,
            open_reason=OPEN,
            upper_reason=f"{kept}: {upper.reason}",
        )
