"""The model rank as users ask for it: given and almost every weight, reasons, certificates, budgets."""

from fractions import Fraction
from pathlib import Path

import pytest

import llrsym as ll
from llrsym.errors import BadInput, OutOfBudget
from llrsym.networks.assembly import Assembly
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.lower import find_lower_bound
from llrsym.verification import verify_paths


def names(verdict: ll.Verdict) -> set[str]:
    assert isinstance(verdict.relations, tuple)
    return {relation.name for relation in verdict.relations}


def test_a_generic_tanh_net_has_full_rank_at_almost_every_weight() -> None:
    verdict = ll.model_rank(ll.mlp(3, 5, 4, 2))
    assert (verdict.lower, verdict.upper, verdict.verdict) == (54, 54, "proved")
    assert verdict.at == "almost every"


@pytest.mark.parametrize(
    ("weights", "rank", "causes"),
    [
        ({"W1": [[1, 2], [1, 2]], "b1": [1, 1], "W2": [[1, 3]], "b2": [0]}, 5, {"clone"}),
        ({"W1": [[1, 2], [-1, -2]], "b1": [1, -1], "W2": [[1, 3]], "b2": [0]}, 5, {"sign clone"}),
        ({"W1": [[1, 2], [3, 4]], "b1": [1, 2], "W2": [[1, 0]], "b2": [0]}, 6, {"dead neuron"}),
        (
            {"W1": [[1, 2], [0, 0]], "b1": [1, 0], "W2": [[1, 0]], "b2": [0]},
            5,
            {"dead neuron", "null neuron"},
        ),
        (
            {"W1": [[1, 2], [0, 0]], "b1": [1, 2], "W2": [[1, 0]], "b2": [0]},
            5,
            {"dead neuron", "constant neuron"},
        ),
    ],
)
def test_every_lost_dimension_is_named(weights: dict[str, object], rank: int, causes: set[str]) -> None:
    verdict = ll.model_rank(ll.mlp(2, 2, 1), at=weights, explain=True)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (rank, rank, "proved")
    assert names(verdict) == causes


def test_neurons_equal_only_in_a_deeper_layer_are_found() -> None:
    weights = {
        "W1": [[1], [1]],
        "b1": [2, 2],
        "W2": [[1, 2], [3, 0]],  # different rows, equal preactivations
        "b2": [1, 1],
        "W3": [[1, 5]],
        "b3": [0],
    }
    verdict = ll.model_rank(ll.mlp(1, 2, 2, 1), at=weights, explain=True)
    assert verdict.verdict == "proved"
    assert verdict.lower == 6  # the parameters of mlp(1, 1, 1, 1), to which the net reduces


def test_triple_weights_are_no_clone() -> None:
    weights = {"W1": [[1], [3]], "b1": [1, 3], "W2": [[1, 1]], "b2": [0]}
    assert ll.model_rank(ll.mlp(1, 2, 1), at=weights).lower == 7


def test_weights_that_differ_in_the_last_bit_are_different() -> None:
    weights = {"W1": [[1.0], [1.0 + 2.0**-52]], "W2": [[1.0, 1.0]]}
    verdict = ll.model_rank(ll.mlp(1, 2, 1, bias=False), at=weights)
    assert (verdict.lower, verdict.verdict) == (4, "proved")


def test_rounded_tenths_are_the_doubles_they_are() -> None:
    float_sum = {"W1": [[0.1 + 0.2], [0.3]], "W2": [[1, 1]]}
    exact = {"W1": [[Fraction(3, 10)], ["3/10"]], "W2": [[1, 1]]}
    net = ll.mlp(1, 2, 1, bias=False)
    assert ll.model_rank(net, at=float_sum).lower == 4
    assert ll.model_rank(net, at=exact).lower == 2


def test_a_certificate_is_written_and_accepted(tmp_path: Path) -> None:
    verdict = ll.model_rank(ll.mlp(2, 3, 1, activation="exp"), certificate=tmp_path / "proof")
    assert verdict.certificate == str(tmp_path / "proof")
    (outcome,) = verify_paths(tmp_path)
    assert outcome.accepted
    assert outcome.trusted == ()


def test_the_same_seed_gives_the_same_certificate(tmp_path: Path) -> None:
    for name in ("a", "b"):
        ll.model_rank(ll.mlp(2, 3, 1), seed=7, certificate=tmp_path / name)
    texts = {(tmp_path / name / "certificate.json").read_text() for name in ("a", "b")}
    assert len(texts) == 1


def test_a_budget_that_is_over_gives_the_interval_so_far() -> None:
    with pytest.raises(OutOfBudget) as caught:
        ll.model_rank(ll.mlp(2, 3, 1), budget=0)
    assert (caught.value.verdict.lower, caught.value.verdict.upper) == (0, 13)


def test_a_division_by_zero_everywhere_is_bad_input() -> None:
    net = Assembly((1,), {"a": (1,)})
    zero = net.add(net.input, net.einsum(",i->i", net.constant([-1], ()), net.input))
    exponential = net.activation("exp", net.divide(net.input, zero))
    program = net.finish(net.multiply(net.parameter("a"), exponential))
    with pytest.raises(BadInput, match="identically zero"):
        ll.model_rank(Network("1/0", program), at={"a": [1]})


def test_opaque_activations_are_proved_from_below_by_balls(tmp_path: Path) -> None:
    weights = {"W1": [[1], [1]], "b1": [1, 1], "W2": [[1, 2]], "b2": [0]}
    verdict = ll.model_rank(ll.mlp(1, 2, 1, activation="gelu"), at=weights, certificate=tmp_path)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (4, 4, "proved")
    assert "by balls" in verdict.lower_reason
    assert verify_paths(tmp_path)[0].accepted


@pytest.mark.parametrize("activation", ["arctan", "softplus"])
def test_logarithms_are_proved_from_below(activation: str, tmp_path: Path) -> None:
    weights = {"W1": [[1], [1]], "b1": [1, 1], "W2": [[1, 2]], "b2": [0]}
    net = ll.mlp(1, 2, 1, activation=activation)
    verdict = ll.model_rank(net, at=weights, certificate=tmp_path)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (4, 4, "proved")
    assert "over" in verdict.lower_reason
    assert "proved independent" in verdict.lower_reason
    assert verify_paths(tmp_path)[0].accepted
    assert ll.model_rank(net).lower == 7


def test_a_network_with_roots_is_proved_and_its_certificate_accepted(tmp_path: Path) -> None:
    functions = ["x/sqrt(x^2 + y^2 + 1/100)", "y/sqrt(x^2 + y^2 + 1/100)", "sqrt(x^2 + y^2 + 1/100)", "1"]
    verdict = ll.independence(functions, certificate=tmp_path)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (4, 4, "proved")
    assert verdict.lower_reason.endswith("with 1 square root proved new")
    (outcome,) = verify_paths(tmp_path)
    assert (outcome.accepted, outcome.trusted) == (True, ())


ONES = {"W1": [[1]], "W2": [[1]], "W3": [[1]]}


def test_softplus_inside_an_exponential_has_no_tower_at_given_weights() -> None:
    """exp(softplus(z)) = 1 + exp(z) is no new exponential, but exp(w softplus(z)) is for almost every w."""
    net = ll.mlp(1, 1, 1, 1, activation="softplus", bias=False)
    verdict = ll.model_rank(net, at=ONES)
    lower = find_lower_bound(net.program, exact_weights(net, ONES), 3, "0")
    assert lower.rank == 0
    assert "values of softplus have rank" in lower.reason
    assert (verdict.lower, verdict.verdict) == (3, "proved")
    assert "by balls" in verdict.lower_reason
    assert ll.model_rank(net).lower == 3


def test_a_constant_in_an_exponent_makes_a_lower_side_without_balls_conditional(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("llrsym.tangent.ball_lower.MAX_PARAMETERS", 0)
    weights = {"W1": [[2], [0]], "b1": [1, 1], "W2": [[1, 3]], "b2": ["1/2"], "W3": [[2]], "b3": [0]}
    verdict = ll.model_rank(ll.mlp(1, 2, 1, 1), at=weights)
    assert (verdict.lower, verdict.upper) == (7, 7)
    assert (verdict.lower_verdict, verdict.upper_verdict) == ("conditional", "proved")
    assert any("Schanuel" in condition for condition in verdict.conditions)


def test_dependent_exponents_are_rewritten_and_the_rewriting_is_certified(tmp_path: Path) -> None:
    functions = ["exp(tanh(2*x)*(1+tanh(x)^2))", "exp(2*tanh(x))", "x"]
    verdict = ll.independence(functions, certificate=tmp_path)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (2, 2, "proved")
    assert verify_paths(tmp_path)[0].accepted


def test_vector_outputs_take_as_many_samples_as_they_need() -> None:
    # Four samples are needed although 7 parameters of rank and 2 outputs would suggest fewer.
    weights = {"W1": [[1, 0, 0, 0], [0, 0, 0, 0]], "W2": [[1, 0], [0, 0]]}
    verdict = ll.model_rank(ll.mlp(4, 2, 2, activation="identity", bias=False), at=weights)
    assert (verdict.lower, verdict.upper) == (5, 5)
