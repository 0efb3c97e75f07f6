"""Claims and certificates about distances as JSON; ``kernel.distances`` reads them back."""

from __future__ import annotations

from llrsym.embedding.documents import model_document
from llrsym.kernel.distances import (
    CHAIN,
    QUESTION,
    RIDGES,
    RULE,
    Chain,
    Direct,
    DistanceClaim,
    RidgeCertificate,
)
from llrsym.kernel.documents import CERTIFICATE_FORMAT, CLAIM_FORMAT
from llrsym.kernel.layer_differences import Copy, Unit
from llrsym.tangent.documents import dump, points_document


def claim_text(claim: DistanceClaim) -> str:
    """Return a claim as JSON text."""
    return dump(
        {
            "format": CLAIM_FORMAT,
            "question": QUESTION,
            "network": claim.network,
            "target": claim.target,
            "model": model_document(claim.models[0]),
            "target_model": model_document(claim.models[1]),
            "weights": points_document(claim.weights[0]),
            "target_weights": points_document(claim.weights[1]),
            "box": [[str(low), str(high)] for low, high in claim.box],
            "bound": str(claim.bound),
        }
    )


def certificate_text(certificate: Direct | Chain) -> str:
    """Return a certificate as JSON text."""
    return dump(_chain(certificate) if isinstance(certificate, Chain) else _part(certificate))


def _chain(chain: Chain) -> dict[str, object]:
    first, second = map(_part, chain.parts)
    return {
        "format": CERTIFICATE_FORMAT,
        "rule": CHAIN,
        "model": model_document(chain.model),
        "weights": points_document(chain.weights),
        "bound": str(chain.bound),
        "first": first,
        "second": second,
    }


def _part(certificate: Direct) -> dict[str, object]:
    common = {"format": CERTIFICATE_FORMAT, "bits": certificate.bits, "boxes": certificate.boxes}
    if isinstance(certificate, RidgeCertificate):
        rows = [list(map(str, row)) for row in certificate.directions]
        return common | {"rule": RIDGES, "units": list(map(_unit, certificate.units)), "directions": rows}
    units = [list(map(_unit, layer)) for layer in certificate.units]
    return common | {"rule": RULE, "centred": certificate.centred, "units": units}


def _unit(unit: Unit) -> object:
    return [unit.index, unit.sign] if isinstance(unit, Copy) else str(unit)
