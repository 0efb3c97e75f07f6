"""Claims and certificates about sample sizes as JSON text, in the kernel's format."""

from llrsym.embedding.documents import map_document, model_document
from llrsym.kernel.documents import CERTIFICATE_FORMAT, CLAIM_FORMAT
from llrsym.kernel.target_claims import EMBEDDING, QUESTION, TargetCertificate, TargetClaim
from llrsym.tangent.documents import dump, lower_document, upper_document


def target_claim_text(claim: TargetClaim) -> str:
    """Return a claim as JSON; ``kernel.target_claims.read_target_claim`` reads it back unchanged."""
    weights = None if claim.weights is None else [[str(v) for v in tensor] for tensor in claim.weights]
    return dump(
        {
            "format": CLAIM_FORMAT,
            "question": QUESTION,
            "network": claim.network,
            "target": claim.target,
            "wide": model_document(claim.wide),
            "target_model": model_document(claim.target_model),
            "weights": weights,
            "lower": claim.lower,
            "upper": claim.upper,
            "samples": list(claim.samples),
        }
    )


def target_certificate_text(certificate: TargetCertificate) -> str:
    """Return a certificate as JSON; ``read_target_certificate`` of the kernel reads it back unchanged."""
    document: dict[str, object] = {
        "format": CERTIFICATE_FORMAT,
        "lower": certificate.lower,
        "upper": certificate.upper,
        "narrow": None if certificate.narrow is None else upper_document(certificate.narrow),
        "minor": None if certificate.minor is None else lower_document(certificate.minor),
    }
    if certificate.upper == EMBEDDING:
        document["map"] = None if certificate.map is None else map_document(certificate.map)
    return dump(document)
