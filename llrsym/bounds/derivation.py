"""The derivation of a bound as a tree of statements, drawn from the claim that the kernel has checked."""

from dataclasses import dataclass

from llrsym.kernel.model_documents import AnyModel, outputs_of, weight_count
from llrsym.kernel.target_claims import EMBEDDING, TargetCertificate, TargetClaim
from llrsym.kernel.target_sets import Exact
from llrsym.verdict import Derivation


@dataclass(frozen=True, slots=True)
class Theorem:
    """Where a theorem on target sets is proved, and why its two sides hold, each in a few sentences."""

    page: str
    lower: tuple[str, ...]
    upper: tuple[str, ...]


NEEDED = "every needed neuron occurs with a non-zero outgoing weight and gives 1 + inputs (+ 1) functions"
THEOREMS = {
    "deep tanh networks": Theorem(
        "deep-tanh",
        (
            "every theta with f_theta = f* reduces to one irreducible network, with tangent functions in the "
            "span of those of theta (R1 to R3, T2)",
            "the tangent functions of an irreducible network are linearly independent (T1)",
        ),
        ("neurons with all weights zero add nothing to the span of the tangent functions",),
    ),
    "two-layer tanh networks": Theorem(
        "target-sets",
        (NEEDED,),
        ("each needed neuron occurs once, all weights of the others are zero",),
    ),
    "two-layer sigmoid networks": Theorem(
        "target-sets",
        (NEEDED,),
        ("each needed neuron occurs once, up to one pair of both orientations for a constant part",),
    ),
    "two-layer gaussian networks": Theorem(
        "target-sets",
        (NEEDED,),
        ("each needed neuron occurs once, the others repeat it",),
    ),
    "convolutional networks with one layer": Theorem(
        "convolution-targets",
        ("the kernels of a pattern cover its places; each of them gives all its pixel derivatives",),
        ("the cheapest cover of every pattern, all other kernels zero",),
    ),
    "matrix factorisation": Theorem(
        "closed-forms", ("both factors have at least the rank of the matrix",), ("factors of that rank",)
    ),
    "deep linear networks": Theorem(
        "closed-forms", ("every factor has at least the rank of the product",), ("factors of that rank",)
    ),
    "diagonal networks": Theorem(
        "closed-forms",
        ("a non-zero coefficient has non-zero factors",),
        ("zero coefficients: two zero factors",),
    ),
    "quadratic networks": Theorem(
        "closed-forms",
        ("the incoming weights span the range of the quadratic form",),
        ("a diagonal form with as many squares as its rank",),
    ),
}


def derive_tree(
    claim: TargetClaim, certificate: TargetCertificate, exact: Exact | None, narrow: AnyModel | None
) -> Derivation:
    """Return the tree whose root is the bound on O(f*)."""
    which = "the given target" if claim.weights is not None else "almost every target"
    root = f"O(f*) {_interval(*claim.samples)} for {which} f* of {claim.target} in {claim.network}"
    embedded = certificate.upper == EMBEDDING
    upper = _embedded(claim, certificate) if embedded else _upper(claim, exact, narrow)
    sides = [_lower(claim, exact), upper, _minor(claim, certificate)]
    outputs = outputs_of(claim.wide)
    rule = "one output: O(f*) = min rank" if outputs == 1 else f"min rank / {outputs} <= O(f*) <= min rank"
    return Derivation(root, rule, tuple(side for side in sides if side is not None))


def _lower(claim: TargetClaim, exact: Exact | None) -> Derivation | None:
    if exact is None:
        return None
    theorem = THEOREMS[exact.theorem]
    facts = [Derivation(fact, "computed from f*", (), "exact arithmetic") for fact in exact.facts]
    reasons = [Derivation(reason, f"docs/theory/{theorem.page}") for reason in theorem.lower]
    statement = f"every theta with f_theta = f* has rank >= {claim.lower}"
    return Derivation(statement, f"theorem on {exact.theorem}", (*facts, *reasons))


def _upper(claim: TargetClaim, exact: Exact | None, narrow: AnyModel | None) -> Derivation:
    statement = f"some theta with f_theta = f* has rank <= {claim.upper}"
    if exact is not None:
        theorem = THEOREMS[exact.theorem]
        reasons = [Derivation(reason, f"docs/theory/{theorem.page}") for reason in theorem.upper]
        return Derivation(statement, f"theorem on {exact.theorem}", tuple(reasons))
    count = claim.upper if narrow is None else weight_count(narrow)
    split = Derivation(
        "splitting neurons keeps f and the span of its tangent functions", "docs/theory/embeddings"
    )
    inner = Derivation(
        f"the narrow network, with {count} parameters, has rank <= {claim.upper} at f*", "rank_at_most"
    )
    return Derivation(statement, "Embedding Principle", (split, inner))


def _embedded(claim: TargetClaim, certificate: TargetCertificate) -> Derivation:
    statement = f"some theta with f_theta = f* has rank <= {claim.upper}"
    where = "at almost every weight" if claim.weights is None else "at the given weights"
    rank = Derivation(f"the target has rank <= {claim.upper} {where}", "rank_at_most")
    if certificate.map is None:
        return Derivation(statement, "the target is the network itself", (rank,))
    kept = Derivation(
        "a map from the weights of the target to those of the network keeps f and the span of the tangent "
        "functions",
        "docs/theory/embeddings",
        (),
        "both programs, register by register",
    )
    return Derivation(statement, "Embedding Principle", (kept, rank))


def _minor(claim: TargetClaim, certificate: TargetCertificate) -> Derivation | None:
    if certificate.minor is None:
        return None
    which = "target" if certificate.upper == EMBEDDING else "irreducible network"
    statement = f"{claim.samples[1]} samples reach the rank of the {which}"
    return Derivation(statement, "docs/theory/samples", (), "a minor that is not zero modulo a prime")


def _interval(lower: int, upper: int) -> str:
    return f"= {lower}" if lower == upper else f"in [{lower}, {upper}]"
