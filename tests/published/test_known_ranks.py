"""Model ranks known from the literature or from exact computation, case by case.

``known_ranks.json`` holds the cases with their sources. A case with degenerate neurons is asked at given
weights; the others at almost every weight. The lower bound must always be attained. The upper bound
must be attained too, unless ``open_above.json`` lists the case for that question; the list may hold nothing
that is closed. Questions open at almost every weight are asked again at one generic point.
"""

from typing import Any

import pytest

from llrsym.errors import OutOfBudget
from llrsym.kernel.activations import activation_named
from llrsym.networks.network import Network
from llrsym.tangent.rank import model_rank
from llrsym.verdict import Verdict
from tests.published.adapter import Weights, activation_of, generic_point, network_of, point_of, read_data

CASES = {case["id"]: case for case in read_data("known_ranks.json")}
OPEN: dict[str, dict[str, str]] = read_data("open_above.json")
"""By question, ``almost every`` or ``given``: the cases open from above, with the reason."""
SECONDS = 8.0
"""Budget of one question; a question that exceeds it counts as open from above."""


def ask(network: Network, at: Weights | None) -> Verdict:
    """Return the verdict, the best one so far when the budget ends."""
    try:
        return model_rank(network, at=at, budget=SECONDS)
    except OutOfBudget as stopped:
        return stopped.verdict


def is_exact(case: dict[str, Any]) -> bool:
    """Whether the activation, if there is one, has a closed form that lower bounds can use."""
    return "act" not in case["build"] or activation_named(activation_of(case["build"])).exact


def check(case: dict[str, Any], verdict: Verdict) -> None:
    """Fail unless the verdict is true, attained from below, and attained from above where not listed."""
    expected = case["expected_rank"]
    assert verdict.lower <= expected <= verdict.upper, str(verdict)
    assert (verdict.lower_verdict, verdict.upper_verdict) == ("proved", "proved"), str(verdict)
    assert verdict.lower == expected, str(verdict)
    assert (verdict.upper > expected) == (case["id"] in OPEN[verdict.at]), str(verdict)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if is_exact(case)])
def test_known_rank(name: str) -> None:
    case = CASES[name]
    network = network_of(case["build"])
    assert network.parameter_count == case["parameters"]
    check(case, ask(network, point_of(case["build"], name)))
    if name in OPEN["almost every"]:
        check(case, ask(network, generic_point(network, name)))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not is_exact(case)])
def test_activations_without_closed_form_get_honest_bounds(name: str) -> None:
    """No lower bound is invented for erf, gelu, arctan and softplus; the interval contains the rank."""
    case = CASES[name]
    verdict = ask(network_of(case["build"]), point_of(case["build"], name))
    assert verdict.lower <= case["expected_rank"] <= verdict.upper, str(verdict)
    assert verdict.lower_verdict == "proved"
    assert verdict.lower < case["expected_rank"], "a lower bound is proved now: move the case to the exact ones"


def test_the_list_of_open_cases_names_known_cases() -> None:
    assert {name for names in OPEN.values() for name in names} <= set(CASES)
    assert all(reason for names in OPEN.values() for reason in names.values())
