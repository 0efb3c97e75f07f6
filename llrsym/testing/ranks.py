"""Properties of ranks: semicontinuity, and the agreement of three number systems."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

from llrsym.errors import OutOfBudget
from llrsym.tangent.ball_lower import find_ball_lower_bound
from llrsym.tangent.lower import find_lower_bound
from llrsym.testing.context import Context
from llrsym.testing.result import NUMERICAL, PROVED, Property
from llrsym.testing.search import Case, Undecided
from llrsym.testing.values import Flat

BALL_PARAMETERS = 40
"""Balls are tried for networks with at most so many parameters."""
NEARBY = Fraction(1, 10**40)


def semicontinuity(context: Context) -> Iterator[Property]:
    """Yield whether no rank is above that at almost every weight, nor above that at weights nearby."""
    evidence = {PROVED}

    def test(case: Case) -> str | None:
        network = case.instance.network
        here = context.rank(network, case.weights).verdict
        others = {
            "at almost every weight": context.rank(network, None).verdict,
            "at weights nearby": context.rank(network, _moved(case.weights, str(case.key))).verdict,
        }
        for where, there in others.items():
            if here.lower > there.upper:
                return f"the rank {here.interval} is above that {where}, {there.interval}"
        rank = here.upper
        if rank > min(there.lower for there in others.values()):
            rank = context.numerical_rank(network.program, case.weights)
            evidence.add(NUMERICAL)
        for where, there in others.items():
            if rank > there.lower:
                raise Undecided(f"the rank is {here.interval}, and {where} {there.interval}")
        return None

    found = context.search_weights(test)
    statement = "rank at degenerate weights <= rank nearby, and <= rank at almost every weight"
    how = NUMERICAL if NUMERICAL in evidence else PROVED
    yield context.searched("semicontinuity", "semicontinuity", statement, found, how)


def _moved(weights: Flat, seed: str) -> Flat:
    """Weights at a distance of about 1e-40, in no special direction."""
    random = Random(seed)
    return tuple(
        tuple(value + NEARBY * Fraction(random.randint(-(2**30), 2**30), 2**30) for value in values)
        for values in weights
    )


def ranks(context: Context) -> Iterator[Property]:
    """Yield whether the prime field, balls and many digits agree about ranks at given weights."""

    def test(case: Case) -> str | None:
        network, seed = case.instance.network, str(context.seed)
        verdict = context.rank(network, case.weights).verdict
        numerical = context.numerical_rank(network.program, case.weights)
        if not verdict.lower <= numerical <= verdict.upper:
            return f"the rank is proved to be {verdict.interval}, with many digits it is {numerical}"
        modular = find_lower_bound(network.program, case.weights, verdict.upper, seed, 0)
        bounds = {"modulo a prime": modular.rank}
        if network.parameter_count <= BALL_PARAMETERS:
            bounds["by balls"] = _by_balls(context, case, verdict.upper)
        for how, bound in bounds.items():
            if bound > numerical:
                return f"{how} the rank is at least {bound}, with many digits it is {numerical}"
        if verdict.lower < numerical:
            raise Undecided(f"the rank is {verdict.interval}, with many digits {numerical}")
        return None

    found = context.search_weights(test)
    statement = "ranks modulo a prime, by balls and with 320 digits agree"
    yield context.searched("ranks", "ranks", statement, found, NUMERICAL)


def _by_balls(context: Context, case: Case, target: int) -> int:
    def checkpoint(message: str) -> None:
        if context.is_over:
            raise OutOfBudget(context.rank(case.instance.network, case.weights).verdict)

    try:
        program = case.instance.network.program
        return find_ball_lower_bound(program, case.weights, target, str(context.seed), 0, checkpoint).rank
    except OutOfBudget:
        return 0
