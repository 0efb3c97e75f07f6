"""Properties of declared claims: formulas for ranks and sample sizes, over sizes and adversarial targets."""

from __future__ import annotations

from collections.abc import Iterator

from llrsym.bounds.formula import written
from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.errors import BadInput, OutOfBudget
from llrsym.testing.architecture import Instance
from llrsym.testing.claims import NO, PARAMETERS, RANK, SAMPLES, YES, Claim
from llrsym.testing.context import RANK_SECONDS, Context, weight_cases
from llrsym.testing.result import HOLDS, NUMERICAL, PROVED, UNDECIDED, Counterexample, Property
from llrsym.testing.search import Case, Undecided
from llrsym.testing.values import Flat, as_nested
from llrsym.verdict import REFUTED, Verdict

GROUP = "claims"


def claims(context: Context) -> Iterator[Property]:
    """Yield whether the claims hold at all sizes, and ``O <= ...`` also for special targets."""
    for claim in context.architecture.parsed_claims:
        yield _at_all_sizes(context, claim)
        if claim.quantity == SAMPLES and claim.relation == "<=":
            yield _for_special_targets(context, claim)


def _at_all_sizes(context: Context, claim: Claim) -> Property:
    held, notes = 0, []
    counterexample: Counterexample | None = None
    for instance in context.instances:
        if context.is_over:
            notes.append(f"not reached in the time: {instance}")
            continue
        answer, told = _judged(context, claim, instance)
        held += answer == YES
        if answer == NO:
            counterexample = _refutation(context, instance, told)
            break
        if answer is None:
            notes.append(f"undecided at {instance}: {told}")
    about = "" if claim.quantity == PARAMETERS else " at almost every weight"
    outcome = REFUTED if counterexample else UNDECIDED if notes else HOLDS
    return Property(
        name=f"claim {claim.text}",
        group=GROUP,
        statement=f"{claim.text}{about}, at {len(context.instances)} sizes",
        outcome=outcome,
        evidence=PROVED,
        examples=held + (counterexample is not None),
        undecided=len(notes),
        counterexample=counterexample,
        notes=tuple(notes),
    )


def _refutation(context: Context, instance: Instance, reason: str) -> Counterexample:
    return context.counterexample(GROUP, Case(instance, ()), reason)


def _judged(context: Context, claim: Claim, instance: Instance) -> tuple[str | None, str]:
    """Whether a claim holds at some sizes, and the numbers that say so."""
    network = instance.network
    value = claim.value(instance.sizes, network.parameter_count)
    where = f" at {written(instance.sizes)}" if instance.sizes else ""
    if value is None:
        return NO, f"{claim.formula.text} has no integer value{where}"
    lower, upper = _bounds(context, claim.quantity, instance)
    known = f"{lower}" if lower == upper else f"in [{lower}, {upper}]"
    told = f"{claim.formula.text} is {value}{where}, and {claim.quantity} is {known}"
    return claim.holds(value, lower, upper), told


def _bounds(context: Context, quantity: str, instance: Instance) -> tuple[int, int]:
    """Proved bounds; a lower one that is conditional counts as zero."""
    network = instance.network
    if quantity == PARAMETERS:
        return network.parameter_count, network.parameter_count
    if quantity == RANK:
        verdict = context.rank(network, None).verdict
        return verdict.lower if verdict.lower_verdict == PROVED else 0, verdict.upper
    return _samples(context, instance, None)


def _samples(context: Context, instance: Instance, weights: Flat | None) -> tuple[int, int]:
    network = instance.network
    at = None if weights is None else as_nested(network, weights)
    try:
        verdict: Verdict = optimistic_sample_size(network, weights=at, seed=context.seed, budget=RANK_SECONDS)
    except OutOfBudget as stop:
        return 0, stop.verdict.upper
    except BadInput as error:
        raise Undecided(str(error)) from error
    lower = verdict.samples_lower if verdict.lower_verdict == PROVED else 0
    return lower or 0, verdict.upper if verdict.samples_upper is None else verdict.samples_upper


def _for_special_targets(context: Context, claim: Claim) -> Property:
    """Degenerate weights are functions that need fewer samples, or other ones than almost every function."""

    def test(case: Case) -> str | None:
        value = claim.value(case.instance.sizes, case.instance.network.parameter_count)
        lower, upper = _samples(context, case.instance, case.weights)
        if value is None or lower > value:
            return f"{claim.formula.text} is {value}, and O >= {lower} for the function of these weights"
        if upper > value:
            raise Undecided(f"O is in [{lower}, {upper}], the formula {value}")
        return None

    title = f"claim {claim.text}: special targets"
    found = context.search(title, test, context.instances, weight_cases, context.count())
    statement = f"{claim.text} for the functions of degenerate weights"
    return context.searched(title, GROUP, statement, found, PROVED if found.case is None else NUMERICAL)
