"""The door to the kernel: a claim and a certificate go in, a proved statement comes out, or an exception."""

from collections.abc import Callable
from dataclasses import dataclass

from .decoding import decode
from .distances import QUESTION as DISTANCE_QUESTION
from .distances import check_distance, read_distance_certificate, read_distance_claim
from .documents import ALMOST_EVERY, GIVEN, Certificate, Claim, read_certificate, read_claim
from .effort import check_guarantee_effort, check_lower_effort, check_upper_effort
from .embeddings import QUESTION as EMBEDDING_QUESTION
from .embeddings import check_embedding, read_embedding_certificate, read_embedding_claim
from .errors import Malformed, Rejected
from .guarantee_documents import read_guarantee_certificate, read_guarantee_claim
from .guarantees import QUESTION as GUARANTEE_QUESTION
from .guarantees import YES, check_guarantee
from .residues import Arithmetic, PureArithmetic
from .rules import SCHANUEL, check_rank_at_least, check_rank_at_most
from .target_claims import QUESTION as TARGET_QUESTION
from .target_claims import check_target_claim, read_target_certificate, read_target_claim


@dataclass(frozen=True, slots=True)
class Statement:
    """What has been proved, the theorems it cites, and what else had to be trusted."""

    text: str
    lower: int
    upper: int
    at: str
    conditions: tuple[str, ...]
    trusted: tuple[str, ...]

    @property
    def is_conditional(self) -> bool:
        """Whether an unproved conjecture is among the conditions."""
        return SCHANUEL in self.conditions


def check(claim_text: str, certificate_text: str, arithmetic: Arithmetic | None = None) -> Statement:
    """Return the proved statement.

    Raises ``Malformed`` when a document is not well-formed and ``Rejected`` when the certificate does not
    prove the claim; whatever else goes wrong is a rejection too.
    """
    try:
        claim, certificate = decode(claim_text), decode(certificate_text)
        question = claim.get("question") if isinstance(claim, dict) else None
        prove = _QUESTIONS.get(str(question), _prove_rank)
        return prove(claim, certificate, arithmetic or PureArithmetic())
    except (Malformed, Rejected):
        raise
    except Exception as error:
        raise Rejected(f"the check broke off: {type(error).__name__}: {error}") from error


def _prove_rank(claim: object, certificate: object, arithmetic: Arithmetic) -> Statement:
    return check_claim(read_claim(claim), read_certificate(certificate), arithmetic)


def _prove_target(claim: object, certificate: object, arithmetic: Arithmetic) -> Statement:
    decoded = read_target_claim(claim)
    proof = read_target_certificate(certificate, decoded)
    text, conditions = check_target_claim(decoded, proof, arithmetic)
    trusted = arithmetic.trusted if proof.minor is not None else ()
    return Statement(text, decoded.lower, decoded.upper, decoded.at, tuple(conditions), trusted)


def _prove_embedding(claim: object, certificate: object, arithmetic: Arithmetic) -> Statement:
    decoded = read_embedding_claim(claim)
    text = check_embedding(decoded, read_embedding_certificate(certificate, decoded))
    return Statement(text, 0, decoded.rank_bound, ALMOST_EVERY, (), ())


def _prove_guarantee(claim: object, certificate: object, arithmetic: Arithmetic) -> Statement:
    decoded = read_guarantee_claim(claim)
    proof = read_guarantee_certificate(certificate)
    check_guarantee_effort(decoded, proof, arithmetic)
    text, conditions = check_guarantee(decoded, proof, arithmetic)
    lower = decoded.rank if decoded.answer == YES else 0
    return Statement(text, lower, decoded.rank, GIVEN, tuple(conditions), arithmetic.trusted)


def _prove_distance(claim: object, certificate: object, arithmetic: Arithmetic) -> Statement:
    text = check_distance(read_distance_claim(claim), read_distance_certificate(certificate))
    return Statement(text, 0, 0, GIVEN, (), ())


_QUESTIONS: dict[str, Callable[[object, object, Arithmetic], Statement]] = {
    TARGET_QUESTION: _prove_target,
    EMBEDDING_QUESTION: _prove_embedding,
    GUARANTEE_QUESTION: _prove_guarantee,
    DISTANCE_QUESTION: _prove_distance,
}


def check_claim(claim: Claim, certificate: Certificate, arithmetic: Arithmetic) -> Statement:
    """Check both sides of a decoded claim."""
    conditions: list[str] = []
    if claim.lower > 0:
        if certificate.lower is None:
            raise Rejected(f"lower: the claim {claim.lower} has no proof")
        check_lower_effort(claim.program, certificate.lower, arithmetic)
        conditions += check_rank_at_least(
            claim.program, claim.weights, certificate.lower, claim.lower, arithmetic
        )
    check_upper_effort(claim.program, certificate.upper)
    conditions += check_rank_at_most(claim.program, claim.weights, certificate.upper, claim.upper)
    return Statement(
        _sentence(claim), claim.lower, claim.upper, claim.at, tuple(conditions), arithmetic.trusted
    )


def _sentence(claim: Claim) -> str:
    bounds = f"= {claim.lower}" if claim.lower == claim.upper else f"in [{claim.lower}, {claim.upper}]"
    where = "at the given weights" if claim.at == GIVEN else "at almost every weight"
    count = claim.program.parameter_count
    return f"dim span of the {count} tangent functions {bounds} {where} (as functions where they are defined)"
