"""Model ranks known from the literature or from exact computation, case by case.

``known_ranks.json`` holds the cases with their sources. A case with degenerate neurons is asked at given
weights; the others at almost every weight. The lower bound must always be attained. The upper bound
must be attained too, unless ``open_above.json`` lists the case for that question; a listed question
that turns out to be closed fails, so that the list stays exact. Questions open at almost every weight are
asked again at one generic point. ``list_open.py`` regenerates the list.
"""

from typing import Any

import pytest

from llrsym.errors import OutOfBudget
from llrsym.kernel.activations import activation_named
from llrsym.networks.network import Network
from llrsym.tangent.lower import find_lower_bound
from llrsym.tangent.rank import model_rank
from llrsym.tangent.upper import bound_without_relations
from llrsym.verdict import ALMOST_EVERY, Verdict
from tests.published.adapter import Weights, activation_of, generic_point, network_of, point_of, read_data

CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in read_data("known_ranks.json")}
OPEN: dict[str, dict[str, str]] = read_data("open_above.json")
"""By question, ``almost every`` or ``given``: the cases open from above; ``conditional``: those whose lower
bound needs a conjecture; ``unfinished``: those whose search for relations ignores the budget."""
LONG, BRIEF = 120.0, 0.5
"""Budget in seconds of a question that has to be closed, and of one that is listed as open."""


def ask(network: Network, at: Weights | None, seconds: float) -> Verdict:
    """Return the verdict, the best one so far when the budget ends."""
    try:
        return model_rank(network, at=at, budget=seconds)
    except OutOfBudget as stopped:
        return stopped.verdict


def is_exact(case: dict[str, Any]) -> bool:
    """Whether the activation, if there is one, has a closed form that lower bounds can use."""
    return "act" not in case["build"] or activation_named(activation_of(case["build"])).exact


def check(name: str, question: str, network: Network, at: Weights | None) -> None:
    """Fail unless the verdict is true, attained from below, and from above exactly where it is not listed."""
    is_open = name in OPEN[question]
    verdict = ask(network, at, BRIEF if is_open else LONG)
    expected = CASES[name]["expected_rank"]
    assert verdict.at == question
    assert verdict.lower <= expected <= verdict.upper, str(verdict)
    assert verdict.lower == expected, str(verdict)
    assert verdict.lower_verdict == ("conditional" if name in OPEN["conditional"] else "proved"), str(verdict)
    assert verdict.upper_verdict == "proved"
    assert (verdict.upper > expected) == is_open, str(verdict)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if is_exact(c) and n not in OPEN["unfinished"]])
def test_known_rank(name: str) -> None:
    build = CASES[name]["build"]
    network, point = network_of(build), point_of(build, name)
    assert network.parameter_count == CASES[name]["parameters"]
    check(name, ALMOST_EVERY if point is None else "given", network, point)
    if name in OPEN[ALMOST_EVERY]:
        check(name, "given", network, generic_point(network, name))


@pytest.mark.parametrize("name", sorted(OPEN["unfinished"]))
def test_known_rank_from_below(name: str) -> None:
    network, expected = network_of(CASES[name]["build"]), CASES[name]["expected_rank"]
    lower = find_lower_bound(network.program, None, network.parameter_count, "0")
    assert (lower.rank, lower.verdict) == (expected, "proved")
    assert bound_without_relations(network.program, None).rank > expected


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not is_exact(case)])
def test_activations_without_closed_form_get_honest_bounds(name: str) -> None:
    """No lower bound is invented for erf, gelu, arctan and softplus; the interval contains the rank."""
    build, expected = CASES[name]["build"], CASES[name]["expected_rank"]
    verdict = ask(network_of(build), point_of(build, name), LONG)
    assert verdict.lower <= expected <= verdict.upper, str(verdict)
    assert verdict.lower_verdict == "proved"
    assert verdict.lower < expected, "a lower bound is proved now: move the case to the exact ones"


def test_the_list_of_open_cases_names_known_cases() -> None:
    assert {name for names in OPEN.values() for name in names} <= set(CASES)
    assert all(reason for names in OPEN.values() for reason in names.values())
