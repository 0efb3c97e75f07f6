"""Model ranks known from the literature or from exact computation, case by case.

``known_ranks.json`` holds the cases with their sources. A case with degenerate neurons is asked at given
weights; the others at almost every weight. The lower bound must always be attained. The upper bound must be
attained too, unless ``open_above.json`` lists the case for that question. A listed question whose search
ended without an answer fails when it turns out to be closed, so that the list stays exact. Questions open at
almost every weight are asked again at one generic point. ``list_open.py`` regenerates the list.
"""

from typing import Any

import pytest

from llrsym.errors import OutOfBudget
from llrsym.kernel.activations import OPAQUE, activation_named
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.ball_lower import find_ball_lower_bound
from llrsym.tangent.lower import find_lower_bound
from llrsym.tangent.rank import model_rank
from llrsym.tangent.upper import bound_without_relations
from llrsym.verdict import ALMOST_EVERY, GIVEN, Verdict
from tests.published.adapter import Weights, generic_point, network_of, point_of, read_data
from tests.published.architectures import activation_of

CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in read_data("known_ranks.json")}
OPEN: dict[str, dict[str, str]] = read_data("open_above.json")
"""By question, ``almost every`` or ``given``: the cases open from above; ``conditional``: those whose lower
bound needs a conjecture; ``unfinished``: those whose search for relations ignores the budget;
``balls``: those whose lower bound by balls is too small; ``balls above``: those open from above."""
LONG, BRIEF = 120.0, 0.5
"""Budget in seconds of a question that has to be closed, and of an open one."""


def ask(network: Network, at: Weights | None, seconds: float) -> Verdict:
    """Return the verdict, the best one so far when the budget ends."""
    try:
        return model_rank(network, at=at, budget=seconds)
    except OutOfBudget as stopped:
        return stopped.verdict


def is_exact(case: dict[str, Any]) -> bool:
    """Whether the activation, if there is one, has a form that lower bounds can use."""
    return "act" not in case["build"] or activation_named(activation_of(case["build"])).kind != OPAQUE


def check_closed(name: str, network: Network, at: Weights | None) -> None:
    """Fail unless both bounds are the expected rank and proved, but for a conjecture where that is listed."""
    verdict, expected = ask(network, at, LONG), CASES[name]["expected_rank"]
    assert (verdict.lower, verdict.upper) == (expected, expected), str(verdict)
    assert (verdict.lower_verdict, verdict.upper_verdict) == (lower_strength(name), "proved"), str(verdict)


def check_open(name: str, network: Network, at: Weights | None) -> None:
    """Fail unless the lower bound is the expected rank and a brief search leaves the upper bound larger."""
    expected = CASES[name]["expected_rank"]
    weights = None if at is None else exact_weights(network, at)
    lower = find_lower_bound(network.program, weights, network.parameter_count, "0")
    assert (lower.rank, lower.verdict) == (expected, lower_strength(name))
    assert bound_without_relations(network.program, weights).rank > expected
    if name in OPEN["unfinished"]:
        return
    verdict = ask(network, at, BRIEF)
    assert verdict.lower <= expected <= verdict.upper, str(verdict)
    if not OPEN[ALMOST_EVERY if at is None else GIVEN][name].startswith("the search"):
        assert verdict.upper > expected, f"closed now; take it from the list: {verdict}"


def lower_strength(name: str) -> str:
    """How well the lower bound of this case is established."""
    return "conditional" if name in OPEN["conditional"] else "proved"


EXACT = [name for name, case in CASES.items() if is_exact(case)]


@pytest.mark.parametrize("name", EXACT)
def test_known_rank(name: str) -> None:
    build = CASES[name]["build"]
    network, point = network_of(build), point_of(build, name)
    assert network.parameter_count == CASES[name]["parameters"]
    if name in OPEN["unfinished"] or name in OPEN[GIVEN if point else ALMOST_EVERY]:
        check_open(name, network, point)
    else:
        check_closed(name, network, point)
    if name in OPEN[ALMOST_EVERY]:
        check = check_open if name in OPEN[GIVEN] else check_closed
        check(name, network, generic_point(network, name))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not is_exact(case)])
def test_known_rank_by_balls(name: str) -> None:
    """erf and gelu have no closed form: the lower side is proved by balls, and is the known rank."""
    build, expected = CASES[name]["build"], CASES[name]["expected_rank"]
    network, point = network_of(build), point_of(build, name)
    if OPEN["balls above"].get(name, "").startswith("the search"):
        weights = None if point is None else exact_weights(network, point)
        lower = find_ball_lower_bound(network.program, weights, network.parameter_count, "0", 0, ignore)
        assert lower.rank == expected, lower.reason
        return
    verdict = ask(network, point, LONG)
    assert (verdict.lower == expected) == (name not in OPEN["balls"]), str(verdict)
    assert (verdict.upper == expected) == (name not in OPEN["balls above"]), str(verdict)
    assert verdict.lower <= expected <= verdict.upper, str(verdict)


def ignore(message: str) -> None:
    return None


def test_the_list_of_open_cases_names_known_cases() -> None:
    assert {name for names in OPEN.values() for name in names} <= set(CASES)
    assert all(reason for names in OPEN.values() for reason in names.values())
