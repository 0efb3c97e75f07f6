"""Claims about the optimistic sample size of a target, and the rules that prove them.

A claim: over all parameters theta of a wide network with f_theta = f*, the smallest model rank lies between
``lower`` and ``upper``, and the optimistic sample size O(f*) between ``samples``. For one output they agree.
The target f* is given by its weights, or stands for almost every weight.

lower   none      nothing is proved
        exact     the theorem on the target set of the family             kernel.target_sets
upper   exact     the same
        narrow    an embedding keeps the rank of a narrow network          docs/theory/embeddings
samples none      n <= rank always; n >= rank / c
        minor     n samples at which the irreducible network has full rank docs/theory/samples
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .decoding import expect, read_count, read_list, read_object, read_pair, read_string
from .documents import (
    ALMOST_EVERY,
    CERTIFICATE_FORMAT,
    CLAIM_FORMAT,
    GIVEN,
    read_lower,
    read_upper,
    read_weights,
)
from .errors import Malformed, Rejected
from .families import narrow_model, weights_in
from .models import (
    Convolution,
    Diagonal,
    Factorization,
    Layered,
    Model,
    Weights,
    output_count,
    program_of,
    tensors_of,
)
from .residues import Arithmetic
from .rules import LowerCertificate, UpperCertificate, check_rank_at_least, check_rank_at_most
from .target_sets import Exact, exact_minimal_rank

QUESTION = "optimistic_sample_size"
FAMILIES: dict[str, type[Any]] = {
    "layered": Layered,
    "convolution": Convolution,
    "factorization": Factorization,
    "diagonal": Diagonal,
}
NONE, EXACT, NARROW = "none", "exact", "narrow"


@dataclass(frozen=True, slots=True)
class TargetClaim:
    """Bounds on the minimal rank over the target set and on the optimistic sample size."""

    network: str
    target: str
    wide: Model
    target_model: Model
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
    """The rule of each side; ``narrow`` bounds the rank of the narrow network, ``minor`` the samples."""

    lower: str
    upper: str
    narrow: UpperCertificate | None = None
    minor: LowerCertificate | None = None


def check_target_claim(
    claim: TargetClaim, certificate: TargetCertificate, arithmetic: Arithmetic
) -> tuple[str, list[str]]:
    """Prove a claim; return the statement in words and the theorems used. Raises ``Rejected``."""
    if claim.weights is not None:
        tensors_of(claim.target_model, claim.weights)
    exact = None
    if EXACT in (certificate.lower, certificate.upper):
        exact = exact_minimal_rank(claim.wide, claim.target_model, claim.weights)
    if certificate.narrow is not None and certificate.upper != NARROW:
        raise Rejected(f"upper: the rule '{certificate.upper}' uses no bound of a narrow network")
    _check_lower(claim, certificate, exact)
    _check_upper(claim, certificate, exact)
    conditions = _check_samples(claim, certificate, exact, arithmetic)
    return _sentence(claim, exact), conditions


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
    model = narrow_model(claim.wide, claim.target_model)
    weights = None if claim.weights is None else weights_in(model, claim.target_model, claim.weights)
    generic = claim.weights is not None or model == claim.target_model
    if not generic and certificate.narrow.rule != "parameters":
        raise Rejected("upper: such targets are a null set of the narrow network; use 'parameters'")
    check_rank_at_most(program_of(model), weights, certificate.narrow, claim.upper)


def _check_samples(
    claim: TargetClaim, certificate: TargetCertificate, exact: Exact | None, arithmetic: Arithmetic
) -> list[str]:
    lower, upper = claim.samples
    outputs = output_count(claim.wide)
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
    if exact is None or exact.irreducible is None:
        raise Rejected("samples: there is no irreducible network with rational weights for a minor")
    used = len({sample for sample, _ in certificate.minor.rows})
    if used > upper:
        raise Rejected(f"samples: the minor uses {used}, claimed {upper}")
    program = program_of(exact.irreducible)
    return check_rank_at_least(program, exact.weights, certificate.minor, exact.rank, arithmetic)


def _sentence(claim: TargetClaim, exact: Exact | None) -> str:
    bounds = _interval(claim.lower, claim.upper)
    samples = _interval(*claim.samples)
    which = "almost every target" if claim.weights is None else "the given target"
    theorem = f" ({exact.theorem})" if exact else ""
    where = f"{which} of {claim.target_model} in {claim.wide}"
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
        read_model(values["wide"]),
        read_model(values["target_model"]),
        None if values["weights"] is None else read_weights(values["weights"]),
        lower,
        upper,
        samples,
    )


def read_target_certificate(document: object) -> TargetCertificate:
    """Decode a certificate; raises ``Malformed``."""
    values = read_object(document, "certificate", ("format", "lower", "upper", "narrow", "minor"))
    expect(
        values["format"] == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, values["format"]
    )
    return TargetCertificate(
        read_string(values["lower"], "certificate: lower"),
        read_string(values["upper"], "certificate: upper"),
        None if values["narrow"] is None else read_upper(values["narrow"]),
        None if values["minor"] is None else read_lower(values["minor"]),
    )


def read_model(document: object) -> Model:
    """Decode a model: its family and the fields of that family."""
    family = document.get("family") if isinstance(document, Mapping) else None
    kind = FAMILIES.get(family) if isinstance(family, str) else None
    if kind is None:
        raise Malformed(f"model: the family must be one of {sorted(FAMILIES)}")
    names = tuple(field.name for field in fields(kind))
    values = read_object(document, "model", ("family", *names))
    model: Model = kind(**{name: _model_value(name, values[name]) for name in names})
    return model


def _model_value(name: str, value: object) -> object:
    if name == "activation":
        return read_string(value, name)
    if name in ("shared", "hidden_bias", "output_bias"):
        return _truth(value, name)
    if name == "biases":
        return tuple(_truth(v, name) for v in read_list(value, name))
    if name in ("widths", "input", "kernel"):
        return tuple(read_count(v, name) for v in read_list(value, name))
    return read_count(value, name)


def _truth(value: object, name: str) -> bool:
    if type(value) is not bool:
        raise Malformed(f"{name}: expected true or false, got {str(value)[:80]}")
    return value
