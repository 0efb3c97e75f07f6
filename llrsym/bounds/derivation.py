"""The derivation of a bound as a tree of statements, drawn from the claim that the kernel has checked."""

from llrsym.kernel.models import Model, output_count, parameter_count
from llrsym.kernel.target_claims import TargetCertificate, TargetClaim
from llrsym.kernel.target_sets import Exact
from llrsym.verdict import Derivation

PAGES = {
    "matrix factorisation": "closed-forms",
    "diagonal networks": "closed-forms",
    "deep linear networks": "closed-forms",
    "quadratic networks": "closed-forms",
    "convolutional networks with one layer": "convolution-targets",
    "deep tanh networks": "deep-tanh",
}


def derive_tree(
    claim: TargetClaim, certificate: TargetCertificate, exact: Exact | None, narrow: Model | None
) -> Derivation:
    """Return the tree whose root is the bound on O(f*)."""
    which = "f* given" if claim.weights is not None else "almost every f*"
    target = f"{which} of {claim.target}"
    sides = [_lower(claim, exact), _upper(claim, exact, narrow)]
    root = f"O(f*) {_interval(*claim.samples)} in {claim.network}, {target}"
    return Derivation(root, _sample_rule(claim, certificate), tuple(side for side in sides if side))


def _sample_rule(claim: TargetClaim, certificate: TargetCertificate) -> str:
    outputs = output_count(claim.wide)
    if outputs == 1:
        return "O(f*) = min rank for one output"
    return f"{outputs} outputs: rank / {outputs} <= n <= rank" + (
        "; a minor over few samples" if certificate.minor else ""
    )


def _lower(claim: TargetClaim, exact: Exact | None) -> Derivation | None:
    if exact is None:
        return None
    every = f"every theta of the network with f_theta = f* has rank >= {claim.lower}"
    return Derivation(every, _theorem(exact), _facts(exact), "hypotheses decided in exact arithmetic")


def _upper(claim: TargetClaim, exact: Exact | None, narrow: Model | None) -> Derivation:
    some = f"some theta of the network with f_theta = f* has rank <= {claim.upper}"
    if exact is not None:
        return Derivation(some, _theorem(exact), _facts(exact))
    count = parameter_count(narrow) if narrow is not None else claim.upper
    inner = Derivation(
        f"the narrow network ({count} parameters) has rank <= {claim.upper} at f*", "rank_at_most", ()
    )
    split = Derivation("splitting neurons keeps f and the span of the tangent functions", "embeddings", ())
    return Derivation(some, "Embedding Principle", (split, inner))


def _theorem(exact: Exact) -> str:
    return f"{exact.theorem}, docs/theory/{PAGES.get(exact.theorem, 'target-sets')}"


def _facts(exact: Exact) -> tuple[Derivation, ...]:
    return tuple(Derivation(fact, "computed from the target") for fact in exact.facts)


def _interval(lower: int, upper: int) -> str:
    return f"= {lower}" if lower == upper else f"in [{lower}, {upper}]"
