"""Neurons without input: their values are numbers, and what depends on them is proved to."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import llrsym as ll
from llrsym.networks.expressions import parse_functions

ACTIVATIONS = ("tanh", "sigmoid", "silu", "gelu", "gelu_tanh", "erf", "softplus", "arctan", "mish", "sech")
ALIVE = {"W1": [[1, 2]], "b1": [Fraction(1, 3)], "W2": [[3]], "b2": [1]}


def with_constants(biases: list[Fraction], factors: list[Fraction]) -> dict[str, object]:
    """The weights of one living neuron with two inputs, and of others without."""
    return {
        "W1": [*ALIVE["W1"], *([0, 0] for _ in biases)],
        "b1": [*ALIVE["b1"], *biases],
        "W2": [[*ALIVE["W2"][0], *factors]],
        "b2": ALIVE["b2"],
    }


@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(max_examples=4)
@given(st.lists(st.fractions(-2, 2, max_denominator=8), min_size=1, max_size=3), st.data())
def test_constant_neurons_add_the_inputs_themselves(
    activation: str, biases: list[Fraction], data: st.DataObject
) -> None:
    """sigma(b) and a sigma'(b) are multiples of 1, and a sigma'(b) x_k of x_k: 5 + 2 functions.

    Zeros of sigma' are algebraic or at 0 for none of these activations but the even one.
    """
    factors = [data.draw(st.fractions(-2, 2, max_denominator=4).filter(bool)) for _ in biases]
    verdict = ll.model_rank(
        ll.mlp(2, 1 + len(biases), 1, activation=activation), at=with_constants(biases, factors)
    )
    flat = activation == "sech" and not any(biases)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (5 if flat else 7, 5 if flat else 7, "proved")


@pytest.mark.parametrize("activation", ["tanh", "gelu", "gelu_tanh", "erf", "sigmoid", "silu", "arctan"])
def test_a_constant_neuron_of_a_constant_neuron(activation: str) -> None:
    """The value sigma(1 + sigma(1)) of the second layer; counted by hand: 2 + 2 + 1 + 3 + 2."""
    at = {
        "W1": [[1, 2], [0, 0]],
        "b1": [0.5, 1],
        "W2": [[1, 1], [0, 1]],
        "b2": [0.25, 1],
        "W3": [[1, 1]],
        "b3": [1],
    }
    verdict = ll.model_rank(ll.mlp(2, 2, 2, 1, activation=activation), at=at)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (10, 10, "proved")


def test_the_relation_names_the_numbers(tmp_path: Path) -> None:
    verdict = ll.model_rank(
        ll.mlp(1, 2, 1, activation="gelu"),
        at={"W1": [[1], [0]], "b1": [0.5, 1], "W2": [[1, 2]], "b2": [1]},
        explain=True,
        certificate=tmp_path / "proof",
    )
    assert "(-1/2*gelu(1)) db1[1] + (gelu'(1)) dW2[0,1] = 0" in str(verdict)
    upper = json.loads((tmp_path / "proof" / "certificate.json").read_text(encoding="utf-8"))["upper"]
    assert upper["numbers"]["table"][0] == {"kind": "value", "activation": "gelu", "argument": [["1", []]]}


def test_a_common_factor_that_is_a_number_is_left_out() -> None:
    """softplus(0) = log 2 for both neurons: d_a - d_a' = 0 and no log 2 in it."""
    verdict = ll.model_rank(
        ll.mlp(1, 2, 1, activation="softplus", bias=False),
        at={"W1": [[0], [0]], "W2": [[1, 1]]},
        explain=True,
    )
    assert (verdict.lower, verdict.upper) == (2, 2)
    assert "softplus(" not in str(verdict)


def test_constants_of_two_activations_that_are_one_number() -> None:
    """tanh(1/2) = 2 sigmoid(1) - 1: three constant functions, one dimension, whichever symbols they get."""
    verdict = ll.independence(["tanh(1/2)", "sigmoid(1)", "1", "x"])
    assert (verdict.lower, verdict.upper, verdict.verdict) == (2, 2, "proved")


def test_a_number_in_one_relation_does_not_hide_the_others() -> None:
    """gelu(1) x and x, sin and its double: at given weights and at almost every weight the rank is 2."""
    network = parse_functions(["gelu(1)*x", "x", "sin(x)", "2*sin(x)"])
    for at in (None, {network.parameter_names[0]: [1, 1, 1, 1]}):
        verdict = ll.model_rank(network, at=at)
        assert (verdict.lower, verdict.upper, verdict.verdict) == (2, 2, "proved")
