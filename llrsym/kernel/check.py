"""The door to the kernel: a claim and a certificate go in, a proved statement comes out, or an exception."""

from dataclasses import dataclass

from .documents import GIVEN, Certificate, Claim, decode, read_certificate, read_claim
from .errors import Malformed, Rejected
from .residues import Arithmetic, PureArithmetic
from .rules import SCHANUEL, check_rank_at_least, check_rank_at_most


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
        claim = read_claim(decode(claim_text))
        certificate = read_certificate(decode(certificate_text))
        return check_claim(claim, certificate, arithmetic or PureArithmetic())
    except (Malformed, Rejected):
        raise
    except Exception as error:
        raise Rejected(f"the check broke off: {type(error).__name__}: {error}") from error


def check_claim(claim: Claim, certificate: Certificate, arithmetic: Arithmetic) -> Statement:
    """Check both sides of a decoded claim."""
    conditions: list[str] = []
    if claim.lower > 0:
        if certificate.lower is None:
            raise Rejected(f"lower: the claim {claim.lower} has no proof")
        conditions += check_rank_at_least(
            claim.program, claim.weights, certificate.lower, claim.lower, arithmetic
        )
    conditions += check_rank_at_most(claim.program, claim.weights, certificate.upper, claim.upper)
    return Statement(
        _sentence(claim), claim.lower, claim.upper, claim.at, tuple(conditions), arithmetic.trusted
    )


def _sentence(claim: Claim) -> str:
    bounds = f"= {claim.lower}" if claim.lower == claim.upper else f"in [{claim.lower}, {claim.upper}]"
    where = "at the given weights" if claim.at == GIVEN else "at almost every weight"
    count = claim.program.parameter_count
    return f"dim span of the {count} tangent functions {bounds} {where} (as functions where they are defined)"
