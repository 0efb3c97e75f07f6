"""``llr_guarantee``: what is proved about given samples, and what it says about noise."""

import json
from importlib import resources

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import llrsym as ll
from llrsym.domains.float64 import approx_jacobian


def weights_of(network: ll.Network, seed: int = 0) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {name: draw.normal(size=shape) for name, shape, _ in network.layers}


def points(count: int, inputs: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, inputs))


@pytest.mark.parametrize("activation", ["tanh", "gelu", "erf", "softplus", "gaussian", "sin"])
def test_a_network_without_bias_needs_k_times_d_plus_1_samples(activation: str) -> None:
    """k = 3, d = 2: nine parameters, all independent."""
    network = ll.mlp(2, 3, 1, activation=activation, bias=False)
    weights = weights_of(network)
    enough = ll.llr_guarantee(network, at=weights, data=points(9, 2))
    assert (enough.answer, enough.verdict, enough.lower, enough.missing_upper) == ("yes", "proved", 9, 0)
    few = ll.llr_guarantee(network, at=weights, data=points(8, 2))
    assert (few.answer, few.verdict, few.lower, few.upper) == ("no", "proved", 8, 8)
    assert (few.missing_lower, few.missing_upper) == (1, 1)


def test_an_embedded_target_needs_no_more_samples_than_the_narrow_network() -> None:
    """Clones of one neuron in a network of three have rank d + 1 = 3."""
    network = ll.mlp(2, 3, 1, bias=False)
    weights = {"W1": [[1, 2]] * 3, "W2": [[1, 2, 3]]}
    answer = ll.llr_guarantee(network, at=weights, data=points(3, 2))
    assert (answer.answer, answer.model_rank_upper, answer.parameters) == ("yes", 3, 9)
    assert len(answer.columns) == 3


def test_equal_samples_add_nothing_and_are_reported() -> None:
    network = ll.mlp(1, 1, 1, bias=False)
    data = [[1], [1], [1]]
    answer = ll.llr_guarantee(network, at={"W1": [[1]], "W2": [[1]]}, data=data)
    assert (answer.answer, answer.distinct, answer.duplicates) == ("no", 1, ((0, 1, 2),))
    more = ll.llr_guarantee(network, at={"W1": [[1]], "W2": [[1]]}, data=[*data, [2]])
    assert (more.answer, more.basis, more.redundant) == ("yes", (0, 3), (1, 2))


def test_opposite_samples_of_an_odd_network_are_one() -> None:
    network = ll.mlp(2, 2, 1, bias=False)
    half = points(3, 2)
    answer = ll.llr_guarantee(network, at=weights_of(network), data=np.vstack([half, -half]))
    assert (answer.answer, answer.lower, answer.upper) == ("no", 3, 3)


def test_a_constant_column_is_a_proved_no() -> None:
    network = ll.mlp(3, 2, 1, activation="gelu")
    data = points(40, 3)
    data[:, 1] = 0.5
    answer = ll.llr_guarantee(network, at=weights_of(network), data=data)
    assert (answer.answer, answer.verdict, answer.lower, answer.upper) == ("no", "proved", 9, 9)
    assert "affine subspace of dimension 2" in answer.reason


def test_two_outputs_count_twice() -> None:
    """2-3-2 with biases: 17 parameters need 9 samples."""
    network = ll.mlp(2, 3, 2)
    weights = weights_of(network)
    assert ll.llr_guarantee(network, at=weights, data=points(9, 2)).answer == "yes"
    few = ll.llr_guarantee(network, at=weights, data=points(8, 2))
    assert (few.answer, few.missing_lower) == ("no", 1)


def test_constants_that_no_theorem_separates_do_not_matter() -> None:
    """A constant neuron in front of a second hidden layer: the tower alone needs Schanuel's conjecture."""
    network = ll.mlp(1, 2, 1, 1)
    weights = {"W1": [[2], [0]], "b1": [1, 1], "W2": [[1, 3]], "b2": ["1/2"], "W3": [[2]], "b3": [0]}
    answer = ll.llr_guarantee(network, at=weights, data=points(12, 1))
    assert (answer.answer, answer.verdict, answer.lower, answer.conditions) == ("yes", "proved", 7, ())


def test_nothing_is_said_about_truth_values() -> None:
    network = ll.mlp(1, 1, 1, bias=False)
    answer = ll.llr_guarantee(network, at=weights_of(network), data=[[1]])
    with pytest.raises(TypeError, match="no truth value"):
        bool(answer)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["tanh", "gelu"]))
def test_the_bound_of_sigma_is_below_sigma_and_bounds_the_noise(seed: int, activation: str) -> None:
    network = ll.mlp(2, 2, 1, activation=activation)
    weights, data = weights_of(network, seed), points(25, 2, seed + 1)
    answer = ll.llr_guarantee(network, at=weights, data=data)
    assert answer.answer == "yes"
    assert answer.sigma_min is not None
    names = list(network.entry_names())
    tensors = [weights[name].ravel() for name in network.parameter_names]
    matrix = approx_jacobian(network.program, tensors, data)[:, [names.index(c) for c in answer.columns]]
    sigma = np.linalg.svd(matrix, compute_uv=False)[-1]
    assert float(answer.sigma_min) <= sigma * (1 + 1e-9)
    assert float(answer.sigma_min) >= sigma / 3
    noise = np.random.default_rng(seed).normal(size=25)
    moved = np.linalg.lstsq(matrix, noise, rcond=None)[0]
    assert np.linalg.norm(moved) <= (answer.noise_amplification or 0) * np.linalg.norm(noise)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 14), st.booleans())
def test_the_answer_agrees_with_the_rank_in_floating_point(seed: int, count: int, is_odd: bool) -> None:
    network = ll.mlp(2, 3, 1, bias=False)
    weights, data = weights_of(network, seed), points(count, 2, seed + 1)
    if is_odd:
        data = np.vstack([data, -data])
    answer = ll.llr_guarantee(network, at=weights, data=data)
    assert answer.lower == answer.upper == min(9, count)
    assert answer.answer == ("yes" if count >= 9 else "no")
    json_answer = answer.to_json_dict()
    schema = resources.files("llrsym.cli").joinpath("schemas/guarantee.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(json.dumps(json_answer, allow_nan=False)), json.loads(schema))


def test_a_redundant_sample_can_be_left_out() -> None:
    network = ll.mlp(2, 2, 1)
    weights, data = weights_of(network), points(30, 2)
    answer = ll.llr_guarantee(network, at=weights, data=data)
    assert answer.basis is not None
    assert answer.redundant is not None
    assert len(answer.basis) == 9
    assert sorted([*answer.basis, *answer.redundant]) == list(range(30))
    assert ll.llr_guarantee(network, at=weights, data=data[list(answer.basis)]).answer == "yes"


def test_a_spent_budget_ends_with_the_interval_so_far() -> None:
    network = ll.mlp(5, 20, 10, 1)
    with pytest.raises(ll.OutOfBudget) as stop:
        ll.llr_guarantee(network, at=weights_of(network), data=points(400, 5), budget=1e-6)
    assert stop.value.verdict.exit_code() == 3
    assert stop.value.verdict.upper <= 341


def test_a_sample_at_which_the_network_is_not_defined_is_refused() -> None:
    network = ll.trace(lambda p, x: p["a"] / x[0], shapes={"a": ()}, x_shape=(1,))
    with pytest.raises(ll.BadInput, match="no finite value"):
        ll.llr_guarantee(network, at={"a": 1}, data=[[1], [0]])
