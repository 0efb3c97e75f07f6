"""Claims and certificates of guarantees as JSON text, in the kernel's format."""

from __future__ import annotations

from llrsym.kernel.documents import CERTIFICATE_FORMAT, CLAIM_FORMAT
from llrsym.kernel.guarantees import QUESTION, Deficiency, GuaranteeCertificate, GuaranteeClaim
from llrsym.tangent.documents import (
    dump,
    lower_document,
    points_document,
    program_document,
    upper_document,
)


def claim_text(claim: GuaranteeClaim) -> str:
    """Return a claim as JSON; ``kernel.guarantee_documents`` reads it back unchanged."""
    sigma = claim.sigma
    return dump(
        {
            "format": CLAIM_FORMAT,
            "question": QUESTION,
            "network": claim.network,
            "program": program_document(claim.program),
            "weights": points_document(claim.weights),
            "points": points_document(claim.points),
            "answer": claim.answer,
            "rank": claim.rank,
            "model_rank": claim.model_rank,
            "sigma": None
            if sigma is None
            else {"columns": list(sigma.columns), "at_least": str(sigma.bound)},
        }
    )


def certificate_text(certificate: GuaranteeCertificate) -> str:
    """Return a certificate as JSON; ``kernel.guarantee_documents`` reads it back unchanged."""
    lower, upper, deficiency = certificate.lower, certificate.upper, certificate.deficiency
    return dump(
        {
            "format": CERTIFICATE_FORMAT,
            "lower": None if lower is None else lower_document(lower),
            "upper": None if upper is None else upper_document(upper),
            "deficiency": None if deficiency is None else _deficiency(deficiency),
        }
    )


def _deficiency(deficiency: Deficiency) -> dict[str, object]:
    if deficiency.rule == "rows":
        relations = [[[[n, o], str(c)] for n, o, c in relation] for relation in deficiency.relations]
        return {"rule": "rows", "relations": relations}
    if deficiency.inner is None:
        return {"rule": deficiency.rule}
    return {
        "rule": deficiency.rule,
        "directions": points_document(deficiency.directions),
        "offset": points_document([deficiency.offset])[0],
        "inner": upper_document(deficiency.inner),
    }
