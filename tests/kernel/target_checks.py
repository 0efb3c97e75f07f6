"""Forged claims about target sets, each refused by one check, and the laws that a broken rule violates."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from llrsym.bounds.documents import target_certificate_text, target_claim_text
from llrsym.kernel.check import Statement, check
from llrsym.kernel.constants import is_zero, tanh_of
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.irreducible import Undecided, net_of, reduce
from llrsym.kernel.models import Convolution, Factorization, Layered, Model, Weights, program_of
from llrsym.kernel.rules import LowerCertificate, UpperCertificate
from llrsym.kernel.target_claims import EXACT, NARROW, NONE, TargetCertificate, TargetClaim
from llrsym.kernel.target_sets import exact_minimal_rank
from llrsym.kernel.two_layer import Inexpressible
from llrsym.tangent.lower import find_lower_bound
from tests.kernel import test_convolution_targets, test_irreducible, test_target_sets
from tests.kernel.representations import layered, proved_rank, samples_needed, weights
from tests.kernel.test_constants import rational

Texts = tuple[str, str]
Case = tuple[TargetClaim, TargetCertificate]
BOTH = TargetCertificate(EXACT, EXACT)
PARAMETERS = TargetCertificate(NONE, NARROW, UpperCertificate("parameters"))


def claim(
    wide: Model, target: Model, at: Weights | None, bounds: tuple[int, int], samples: tuple[int, int]
) -> TargetClaim:
    return TargetClaim("a network", "a target", wide, target, at, *bounds, samples)


def texts(case: Case) -> Texts:
    return target_claim_text(case[0]), target_certificate_text(case[1])


def accepted(document: Texts) -> Statement | None:
    try:
        return check(*document)
    except (Malformed, Rejected):
        return None


@lru_cache(maxsize=8)
def few_samples(samples: int, rank: int) -> LowerCertificate:
    """A minor of the two-output network over so many samples; a smaller one if there is none."""
    found = find_lower_bound(program_of(TWO_OUTPUTS), TWO_OUTPUTS_AT, rank, "0", samples=samples)
    assert found.certificate is not None
    return found.certificate


NARROW_TANH, WIDE_TANH = layered(1, 1, 1), layered(1, 3, 1)
TANH_AT = weights([2], [1], [3], [1])
SILU, WIDE_SILU = layered(1, 1, 1, activation="silu"), layered(1, 3, 1, activation="silu")
TWO_OUTPUTS, TWO_OUTPUTS_AT = layered(1, 2, 2), weights([1, 2], [1, 0], [1, 0, 0, 1], [0, 0])
"""Ten parameters; two neurons with independent outgoing weights, so that five samples suffice."""
SIX_SAMPLES = (*((sample, output) for sample in range(4) for output in range(2)), (4, 0), (5, 1))


def valid() -> dict[str, Case]:
    """True claims with certificates that prove them, one for every rule."""
    return {
        "exact": (claim(WIDE_TANH, NARROW_TANH, TANH_AT, (4, 4), (4, 4)), BOTH),
        "almost every": (claim(WIDE_TANH, NARROW_TANH, None, (4, 4), (4, 4)), BOTH),
        "narrow": (claim(WIDE_SILU, SILU, None, (0, 4), (0, 4)), PARAMETERS),
        "narrow at weights": (
            claim(WIDE_TANH, NARROW_TANH, TANH_AT, (0, 4), (0, 4)),
            replace(PARAMETERS, narrow=UpperCertificate("relations", (), 8388461, "a")),
        ),
        "lower only": (
            claim(WIDE_TANH, NARROW_TANH, TANH_AT, (4, 5), (4, 5)),
            replace(PARAMETERS, lower=EXACT),
        ),
        "minor": (
            claim(TWO_OUTPUTS, TWO_OUTPUTS, TWO_OUTPUTS_AT, (10, 10), (5, 5)),
            replace(BOTH, minor=few_samples(5, 10)),
        ),
        "convolution": (
            claim(
                Convolution((4,), (2,), 2, "tanh", True, False, False, 1),
                Convolution((4,), (2,), 1, "tanh", True, False, False, 1),
                weights([1, 2], [1, 0, 3]),
                (5, 5),
                (5, 5),
            ),
            BOTH,
        ),
        "factorisation": (claim(Factorization(3, 2, 3), Factorization(3, 1, 3), None, (5, 5), (5, 5)), BOTH),
    }


def forgeries() -> dict[str, Case]:
    """False or unproved claims by the check that refuses them."""
    wide, narrow, at = WIDE_TANH, NARROW_TANH, TANH_AT
    pair = (TWO_OUTPUTS, TWO_OUTPUTS, TWO_OUTPUTS_AT)
    silu, tanh_two = SILU, layered(1, 2, 1)
    none, hidden = layered(1, 3, 1, biases=False), layered(1, 3, 1, biases=(True, False))
    return {
        "the lower bound is too large": (claim(wide, narrow, at, (5, 5), (4, 5)), BOTH),
        "the upper bound is too small": (claim(wide, narrow, at, (3, 3), (3, 3)), BOTH),
        "a lower bound by no rule": (
            claim(wide, narrow, at, (1, 4), (0, 4)),
            TargetCertificate(NONE, EXACT),
        ),
        "an unknown rule below": (claim(wide, narrow, at, (0, 4), (0, 4)), TargetCertificate("guess", EXACT)),
        "an unknown rule above": (claim(wide, narrow, at, (4, 4), (4, 4)), TargetCertificate(EXACT, "guess")),
        "no upper certificate": (claim(wide, narrow, at, (4, 4), (4, 4)), TargetCertificate(EXACT, NARROW)),
        "fewer samples than are needed": (claim(wide, narrow, at, (4, 4), (3, 3)), BOTH),
        "more samples needed than are": (claim(wide, narrow, at, (4, 4), (5, 5)), BOTH),
        "samples by the number of outputs": (claim(*pair, (10, 10), (5, 5)), BOTH),
        "samples from half an upper bound": (claim(wide, narrow, at, (0, 4), (0, 2)), PARAMETERS),
        "a minor over more samples": (
            claim(*pair, (10, 10), (5, 5)),
            replace(BOTH, minor=replace(few_samples(5, 10), rows=SIX_SAMPLES)),
        ),
        "a minor that is too small": (
            claim(*pair, (10, 10), (5, 5)),
            replace(BOTH, minor=replace(few_samples(5, 10), rows=few_samples(5, 10).rows[:-1])),
        ),
        "a minor without a theorem": (
            claim(*pair, (0, 10), (0, 5)),
            replace(PARAMETERS, minor=few_samples(5, 10)),
        ),
        "a minor where a constant neuron is needed": (
            claim(
                layered(1, 3, 2, biases=(True, False)),
                pair[1],
                weights(*pair[2][:3], [1, 1]),
                (11, 11),
                (6, 8),
            ),
            replace(BOTH, minor=few_samples(5, 10)),
        ),
        "the rank of a narrower network": (
            claim(WIDE_SILU, silu, None, (0, 3), (0, 3)),
            PARAMETERS,
        ),
        "another activation": (claim(WIDE_SILU, narrow, None, (0, 4), (0, 4)), PARAMETERS),
        "too many neurons": (claim(narrow, tanh_two, None, (0, 7), (0, 7)), PARAMETERS),
        "biases that the network has not": (claim(none, narrow, None, (0, 4), (0, 4)), PARAMETERS),
        "another depth": (claim(layered(1, 2, 2, 1), narrow, None, (0, 4), (0, 4)), PARAMETERS),
        "a null set of the narrow network": (
            claim(WIDE_SILU, layered(1, 1, 1, activation="silu", biases=False), None, (0, 4), (0, 4)),
            replace(PARAMETERS, narrow=UpperCertificate("relations", (), 8388461, "a")),
        ),
        "relations that do not hold": (
            claim(wide, narrow, at, (0, 3), (0, 3)),
            replace(PARAMETERS, narrow=UpperCertificate("relations", (((0, ()),),), 8388461, "a")),
        ),
        "weights of another shape": (
            claim(wide, narrow, weights([1, 2], [1], [1], [1]), (0, 4), (0, 4)),
            PARAMETERS,
        ),
        "weights of another network": (claim(wide, narrow, weights([1], [1], [1]), (4, 4), (4, 4)), BOTH),
        "the constant costs nothing": (claim(hidden, narrow, at, (3, 3), (3, 3)), BOTH),
        "no theorem for SiLU": (claim(WIDE_SILU, silu, None, (4, 4), (4, 4)), BOTH),
        "kernels that are not shared": (
            claim(
                Convolution((4,), (2,), 2, "silu", True, False, False, 1),
                Convolution((4,), (2,), 1, "silu", False, False, False, 1),
                None,
                (0, 9),
                (0, 9),
            ),
            PARAMETERS,
        ),
        "a matrix of rank two": (
            claim(Factorization(3, 2, 3), Factorization(3, 2, 3), None, (5, 5), (5, 5)),
            BOTH,
        ),
    }


# Laws: each returns what is wrong, nothing if the kernel is right


def false_claims() -> list[str]:
    return [name for name, case in forgeries().items() if accepted(texts(case)) is not None]


@lru_cache(maxsize=1)
def attained() -> dict[str, tuple[Model, Weights, int]]:
    cases: Mapping[str, tuple[Model, Weights]] = {
        **test_target_sets.ATTAINED,
        **{f"convolution: {name}": case for name, case in test_convolution_targets.ATTAINED.items()},
    }
    return {name: (*case, proved_rank(*case)) for name, case in cases.items()}


def wrong_numbers() -> list[str]:
    """Minima at parameters that are known to attain them."""
    wrong = []
    for name, (model, at, rank) in attained().items():
        try:
            found = exact_minimal_rank(model, model, at).rank
        except (Malformed, Rejected):
            found = -1
        wrong += [name] if found != rank else []
    return wrong


def numbers_for_nothing() -> list[str]:
    """Numbers for targets that are not expressible or not decided."""
    cases = {**test_target_sets.NEEDS_MORE, **test_convolution_targets.NEEDS_MORE}
    wrong = []
    for name, case in cases.items():
        try:
            exact_minimal_rank(*case)
        except Inexpressible:
            continue
        except Rejected:
            wrong.append(f"{name}: not recognised")
        else:
            wrong.append(name)
    return wrong


def guesses() -> list[str]:
    """Nested constants whose equality is not known, and reductions that must find what is equal."""
    wrong = []
    try:
        reduce(net_of(*test_irreducible.nested(3)))
    except Rejected as refusal:
        wrong += [] if isinstance(refusal, Undecided) else ["nested constants are refused for another reason"]
    else:
        wrong.append("nested constants are guessed")
    for name, (model, at, widths) in test_irreducible.CASCADES.items():
        try:
            found = reduce(net_of(model, at)).widths
        except Rejected:
            found = ()
        wrong += [name] if found != widths else []
    one = tanh_of(rational(1))
    wrong += ["tanh 1"] if is_zero(one + tanh_of(rational(-1))) is not True else []
    return wrong


SAMPLES: list[tuple[Layered, Weights]] = [
    (TWO_OUTPUTS, TWO_OUTPUTS_AT),
    (layered(2, 2, 2), weights([1, 2, 3, 1], [1, 0], [1, 2, 2, 4], [0, 0])),
    (layered(1, 1, 3, 2), weights([1], [1], [1, 2, 3], [0, 1, 1], [1, 2, 3, 0, 0, 1], [0, 0])),
    (layered(3, 1, 2, biases=False), weights([1, 2, 3], [1, 2])),
    (layered(2, 1, 2, activation="identity"), weights([1, 2], [1], [1, 2], [1, 0])),
]


@lru_cache(maxsize=1)
def sample_sizes() -> list[tuple[Layered, Weights, int]]:
    found = []
    for model, at in SAMPLES:
        rank = proved_rank(model, at)
        found.append((model, at, samples_needed(model, at, rank)))
    return found


def wrong_samples() -> list[str]:
    wrong = []
    for model, at, needed in sample_sizes():
        exact = exact_minimal_rank(model, model, at)
        wrong += [] if exact.samples_lower <= needed <= exact.samples_upper else [str(model)]
    return wrong


def loose_documents() -> list[str]:
    """Damaged documents that are accepted."""
    good = texts(valid()["almost every"])
    first, second = json.loads(good[0]), json.loads(good[1])
    wide = first["wide"]
    broken = {
        "unknown key": (first | {"more": 1}, second),
        "missing key": ({k: v for k, v in first.items() if k != "samples"}, second),
        "another format": (first | {"format": "llrsym-claim-0"}, second),
        "a truth value as a number": (first | {"lower": True, "upper": 4}, second),
        "a negative bound": (first | {"lower": -1}, second),
        "bounds in the wrong order": (first | {"lower": 4, "upper": 3}, second),
        "samples in the wrong order": (first | {"samples": [4, 3]}, second),
        "three samples": (first | {"samples": [0, 4, 4]}, second),
        "a number as a truth value": (first | {"wide": wide | {"biases": [1, 1]}}, second),
        "a width of zero": (first | {"wide": wide | {"widths": [1, 0, 1]}}, second),
        "a truth value as a width": (first | {"wide": wide | {"widths": [True, 3, 1]}}, second),
        "a negative width": (first | {"wide": wide | {"widths": [1, -3, 1]}}, second),
        "one bias too few": (first | {"wide": wide | {"biases": [True]}}, second),
        "an unknown family": (first | {"wide": wide | {"family": "dense"}}, second),
        "a family that is no name": (first | {"wide": wide | {"family": ["layered"]}}, second),
        "an unknown field of a model": (first | {"wide": wide | {"outputs": 1}}, second),
        "a weight that is a number": (first | {"weights": [[1], [1], [1], [1]]}, second),
        "a name that is a number": (first | {"network": 3}, second),
        "another certificate format": (first, second | {"format": "llrsym-certificate-0"}),
        "an unknown key of the certificate": (first, second | {"proof": None}),
        "a certificate of another question": (
            first,
            {"format": second["format"], "lower": None, "upper": None},
        ),
        "a claim that is a list": ([first], second),
    }
    return [name for name, (a, b) in broken.items() if accepted((json.dumps(a), json.dumps(b))) is not None]
