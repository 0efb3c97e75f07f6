"""Claims about the optimistic sample size of a target, and the rules that prove them.

A claim: over all parameters theta of a wide network with f_theta = f*, the smallest model rank lies between
``lower`` and ``upper``, and the optimistic sample size O(f*) between ``samples``. For one output they agree.
The target f* is given by its weights, or stands for almost every weight.

lower   none      nothing is proved
        exact     the theorem on the target set of the family             kernel.target_sets
upper   exact     the same
        narrow    an embedding keeps the rank of a narrow network          docs/theory/embeddings
        embedding the same for any two networks, by the map that is given  docs/theory/embeddings
samples none      n <= rank always; n >= rank / c
        minor     n samples at which the irreducible network has full rank docs/theory/samples
                  (with embedding: the narrow network)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .ball_ranks import BallCertificate
from .decoding import expect, read_count, read_object, read_pair, read_string
from .documents import (
    ALMOST_EVERY,
    CERTIFICATE_FORMAT,
    CLAIM_FORMAT,
    GIVEN,
    read_lower,
    read_upper,
    read_weights,
)
from .embeddings import (
    KEEPS_TANGENTS,
    REGISTERS,
    EmbeddingCertificate,
    EmbeddingClaim,
    check_embedding,
    read_map,
)
from .errors import Rejected
from .families import narrow_model, weights_in
from .model_documents import (
    AnyModel,
    check_weights_of,
    outputs_of,
    program_for,
    read_any_model,
    title_of,
    weight_count,
)
from .models import Weights, program_of
from .polynomials import Poly
from .program import Program
from .residues import Arithmetic
from .rules import LowerCertificate, UpperCertificate, check_rank_at_least, check_rank_at_most
from .target_sets import Exact, exact_minimal_rank

QUESTION = "optimistic_sample_size"
NONE, EXACT, NARROW, EMBEDDING = "none", "exact", "narrow", "embedding"


@dataclass(frozen=True, slots=True)
class TargetClaim:
    """Bounds on the minimal rank over the target set and on the optimistic sample size."""

    network: str
    target: str
    wide: AnyModel
    target_model: AnyModel
    weights: Weights | None
    lower: int
    upper: int
    samples: tuple[int, int]

    @property
    def at(self) -> str:
        """Whether the target is given or almost every one."""
        return ALMOST_EVERY if self.weights is None else GIVEN


@dataclass(frozen=True, slots=True)
class TargetCertificate:
    """The rule of each side; ``narrow`` bounds the rank of the narrow network, ``minor`` the samples.

    ``map`` are the entries of an embedding of the target into the network, needed unless both are the same.
    """

    lower: str
    upper: str
    narrow: UpperCertificate | None = None
    minor: LowerCertificate | BallCertificate | None = None
    map: Mapping[int, Poly] | None = None


def check_target_claim(
    claim: TargetClaim, certificate: TargetCertificate, arithmetic: Arithmetic
) -> tuple[str, list[str]]:
    """Prove a claim; return the statement in words and the theorems used. Raises ``Rejected``."""
    if claim.weights is not None:
        check_weights_of(claim.target_model, claim.weights)
    if certificate.narrow is not None and certificate.upper not in (NARROW, EMBEDDING):
        raise Rejected(f"upper: the rule '{certificate.upper}' uses no bound of a narrow network")
    exact = _exact(claim) if EXACT in (certificate.lower, certificate.upper) else None
    _check_lower(claim, certificate, exact)
    if certificate.upper == EMBEDDING:
        _check_embedded(claim, certificate)
    else:
        _check_upper(claim, certificate, exact)
    conditions = _check_samples(claim, certificate, exact, arithmetic)
    return _sentence(claim, exact), conditions


def _exact(claim: TargetClaim) -> Exact:
    if isinstance(claim.wide, Program) or isinstance(claim.target_model, Program):
        raise Rejected("exact: there is no theorem about programs; use the rule 'embedding'")
    return exact_minimal_rank(claim.wide, claim.target_model, claim.weights)


def _check_lower(claim: TargetClaim, certificate: TargetCertificate, exact: Exact | None) -> None:
    if certificate.lower not in (NONE, EXACT):
        raise Rejected(f"lower: there is no rule '{certificate.lower}'")
    proved = exact.rank if exact and certificate.lower == EXACT else 0
    if proved < claim.lower:
        raise Rejected(f"lower: the rule '{certificate.lower}' proves {proved}, claimed {claim.lower}")


def _check_upper(claim: TargetClaim, certificate: TargetCertificate, exact: Exact | None) -> None:
    if certificate.upper == EXACT and exact is not None:
        if exact.rank > claim.upper:
            raise Rejected(f"upper: the theorem proves {exact.rank}, claimed {claim.upper}")
        return
    if certificate.upper != NARROW or certificate.narrow is None:
        raise Rejected(f"upper: there is no rule '{certificate.upper}'")
    if isinstance(claim.wide, Program) or isinstance(claim.target_model, Program):
        raise Rejected("narrow: the rule compares two models; use 'embedding' for programs")
    model = narrow_model(claim.wide, claim.target_model)
    weights = None if claim.weights is None else weights_in(model, claim.target_model, claim.weights)
    generic = claim.weights is not None or model == claim.target_model
    if not generic and certificate.narrow.rule != "parameters":
        raise Rejected("upper: such targets are a null set of the narrow network; use 'parameters'")
    check_rank_at_most(program_of(model), weights, certificate.narrow, claim.upper)


def _check_embedded(claim: TargetClaim, certificate: TargetCertificate) -> None:
    """The tangent functions at E(t) span the same space as those of the target at t."""
    if certificate.narrow is None:
        raise Rejected("embedding: there is no bound of the rank of the target")
    if certificate.map is not None:
        wide, narrow = claim.wide, claim.target_model
        kept = EmbeddingClaim("", "", KEEPS_TANGENTS, wide, narrow, 0, certificate.map)
        check_embedding(kept, EmbeddingCertificate(REGISTERS))
    elif claim.wide != claim.target_model:
        raise Rejected("embedding: the target is another network, and there is no map")
    check_rank_at_most(program_for(claim.target_model), claim.weights, certificate.narrow, claim.upper)


def _check_samples(
    claim: TargetClaim, certificate: TargetCertificate, exact: Exact | None, arithmetic: Arithmetic
) -> list[str]:
    lower, upper = claim.samples
    outputs = outputs_of(claim.wide)
    proved_lower = -(-claim.lower // outputs)
    if exact is not None and certificate.lower == EXACT:
        proved_lower = max(proved_lower, exact.samples_lower)
    if lower > proved_lower:
        raise Rejected(f"samples: at least {proved_lower} are proved to be needed, claimed {lower}")
    if certificate.minor is None:
        proved_upper = claim.upper
        if exact is not None and certificate.upper == EXACT:
            proved_upper = min(proved_upper, exact.samples_upper)
        if upper < proved_upper:
            raise Rejected(f"samples: {proved_upper} are proved to suffice, claimed {upper}")
        return []
    used = len({sample for sample, _ in certificate.minor.rows})
    if used > upper:
        raise Rejected(f"samples: the minor uses {used}, claimed {upper}")
    if certificate.upper == EMBEDDING:
        program, weights, rank = program_for(claim.target_model), claim.weights, claim.upper
    elif exact is not None and exact.irreducible is not None:
        program, weights, rank = program_of(exact.irreducible), exact.weights, exact.rank
    else:
        raise Rejected("samples: there is no irreducible network with rational weights for a minor")
    return check_rank_at_least(program, weights, certificate.minor, rank, arithmetic)


def _sentence(claim: TargetClaim, exact: Exact | None) -> str:
    bounds = _interval(claim.lower, claim.upper)
    samples = _interval(*claim.samples)
    which = "almost every target" if claim.weights is None else "the given target"
    theorem = f" ({exact.theorem})" if exact else ""
    where = f"{which} of {title_of(claim.target_model)} in {title_of(claim.wide)}"
    return f"minimal model rank {bounds}, optimistic sample size {samples}, for {where}{theorem}"


def _interval(lower: int, upper: int) -> str:
    return f"= {lower}" if lower == upper else f"in [{lower}, {upper}]"


# Decoding


def read_target_claim(document: object) -> TargetClaim:
    """Decode a claim; raises ``Malformed``."""
    keys = ("format", "question", "network", "target", "wide", "target_model", "weights")
    values = read_object(document, "claim", (*keys, "lower", "upper", "samples"))
    expect(values["format"] == CLAIM_FORMAT, "claim: format", CLAIM_FORMAT, values["format"])
    lower, upper = read_count(values["lower"], "claim: lower"), read_count(values["upper"], "claim: upper")
    first, last = read_pair(values["samples"], "claim: samples")
    samples = read_count(first, "claim: samples"), read_count(last, "claim: samples")
    expect(lower <= upper and samples[0] <= samples[1], "claim", "lower <= upper", (lower, upper, samples))
    return TargetClaim(
        read_string(values["network"], "claim: network"),
        read_string(values["target"], "claim: target"),
        read_any_model(values["wide"]),
        read_any_model(values["target_model"]),
        None if values["weights"] is None else read_weights(values["weights"]),
        lower,
        upper,
        samples,
    )


def read_target_certificate(document: object, claim: TargetClaim) -> TargetCertificate:
    """Decode a certificate of this claim; raises ``Malformed``."""
    keys: tuple[str, ...] = ("format", "lower", "upper", "narrow", "minor")
    embedded = isinstance(document, dict) and document.get("upper") == EMBEDDING
    values = read_object(document, "certificate", (*keys, "map") if embedded else keys)
    expect(
        values["format"] == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, values["format"]
    )
    entries = values["map"] if embedded else None
    return TargetCertificate(
        read_string(values["lower"], "certificate: lower"),
        read_string(values["upper"], "certificate: upper"),
        None if values["narrow"] is None else read_upper(values["narrow"]),
        None if values["minor"] is None else read_lower(values["minor"]),
        None if entries is None else read_map(entries, weight_count(claim.target_model)),
    )
