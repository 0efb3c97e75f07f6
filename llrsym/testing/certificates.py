"""Properties of certificates: the kernel accepts them, and what it accepts after damage is still true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from llrsym.kernel.check import Statement
from llrsym.kernel.documents import Claim, read_claim
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.program import size
from llrsym.testing.context import Context
from llrsym.testing.damage import damaged
from llrsym.testing.result import HOLDS, NUMERICAL, PROVED, UNDECIDED, Counterexample, Property
from llrsym.testing.search import Case, Inapplicable, Undecided
from llrsym.testing.values import Flat
from llrsym.verdict import REFUTED
from llrsym.verification import verify

GROUP = "certificates"
MUTATIONS, FEWEST, WORK = 200, 20, 3000
"""The number of damaged certificates: so many parameters in all, within these bounds."""


def certificates(context: Context) -> Iterator[Property]:
    """Yield whether the kernel accepts every certificate, and nothing false after damage."""

    refusals: dict[tuple[object, ...], str | None] = {}

    def refusal(case: Case, weights: Flat | None) -> str | None:
        key = case.instance.network.text, weights
        if key not in refusals:
            refusals[key] = _refusal(context.rank(case.instance.network, weights).documents)
        return refusals[key]

    def test(case: Case) -> str | None:
        return refusal(case, case.weights) or refusal(case, None)

    found = context.search_weights(test)
    statement = "the kernel accepts the certificate of every rank"
    yield context.searched("certificates", GROUP, statement, found, PROVED)
    yield _mutations(context)


def _refusal(documents: tuple[str, str]) -> str | None:
    try:
        verify(*documents)
    except (Malformed, Rejected) as error:
        return f"the kernel refuses the certificate of a rank: {error}"
    return None


def _mutations(context: Context) -> Property:
    """Damage to two certificates of the smallest network: at almost every weight, and at clones."""
    instance = context.instances[0]
    parameters = instance.network.parameter_count
    ones = tuple((Fraction(1),) * count for _, _, count in instance.network.layers)
    count = min(MUTATIONS, max(FEWEST, WORK // max(1, parameters)))
    random = Random(f"{context.seed}/mutations")
    texts = [context.rank(instance.network, weights).documents for weights in (None, ones)]
    accepted = undecided = tried = 0
    counterexample: Counterexample | None = None
    for _ in range(count):
        if context.is_over or counterexample:
            break
        tried += 1
        claim, certificate, told = _damaged(texts[tried % 2], random)
        statement = _accepted(claim, certificate)
        accepted += statement is not None
        try:
            false = None if statement is None else _false(context, statement, claim)
        except Undecided:
            undecided += 1
            continue
        if false is not None:
            reason = f"after damage ({told}) the kernel accepts '{statement and statement.text}'; {false}"
            counterexample = context.counterexample(GROUP, Case(instance, ()), reason)
    outcome = REFUTED if counterexample else HOLDS if tried and not undecided else UNDECIDED
    return Property(
        name="damaged certificates",
        group=GROUP,
        statement=f"what the kernel accepts after damage is true ({tried - accepted} of {tried} refused)",
        outcome=outcome,
        evidence=NUMERICAL,
        examples=tried - undecided,
        undecided=undecided,
        counterexample=counterexample,
    )


def _damaged(texts: tuple[str, str], random: Random) -> tuple[str, str, str]:
    """Claim and certificate, one of them damaged, and what was done."""
    documents: list[Any] = [json.loads(text) for text in texts]
    which = random.randrange(2)
    documents[which], told = damaged(documents[which], random)
    claim, certificate = (json.dumps(document) for document in documents)
    return claim, certificate, f"{('claim', 'certificate')[which]}: {told}"


def _accepted(claim: str, certificate: str) -> Statement | None:
    try:
        return verify(claim, certificate)
    except (Malformed, Rejected):
        return None


def _false(context: Context, statement: Statement, claim: str) -> str | None:
    """What contradicts an accepted statement: the rank of the claimed program with many digits."""
    decoded = read_claim(json.loads(claim))
    weights = decoded.weights if decoded.weights is not None else _random_weights(decoded, context.seed)
    try:
        rank = context.numerical_rank(decoded.program, weights)
    except Inapplicable:
        return None
    except (LookupError, TypeError, ValueError) as error:
        return f"the claimed program cannot be run ({type(error).__name__}: {error})"
    if statement.lower <= rank <= statement.upper:
        return None
    return f"with many digits the rank is {rank}"


def _random_weights(claim: Claim, seed: int) -> Flat:
    random = Random(f"{seed}/weights")
    return tuple(
        tuple(Fraction(random.randint(-(10**6), 10**6), 10**6) for _ in range(size(p.shape)))
        for p in claim.program.parameters
    )
