"""Names of activations: known, registered, refused."""

from fractions import Fraction

import pytest

from llrsym.errors import BadInput
from llrsym.kernel.activations import activation_named, activation_names
from llrsym.networks.activations import (
    NOT_ANALYTIC,
    canonical_activation,
    canonical_function,
    register_activation,
)
from llrsym.networks.builders import mlp
from llrsym.networks.text import parse_network

PLAIN = [name for name in activation_names() if ":" not in name and name != "sqrt"]


@pytest.mark.parametrize("name", [*PLAIN, "power:1", "power:7", "rational:1/1,0,1", "rational:1,-1|2"])
def test_names_of_the_kernel_are_kept(name):
    assert canonical_activation(name) == name


def test_the_square_root_is_a_function_but_no_activation():
    assert canonical_function("sqrt") == "sqrt"
    with pytest.raises(BadInput, match="sqrt is not analytic: it has no derivative at z = 0"):
        canonical_activation("sqrt")


@pytest.mark.parametrize("name", [*NOT_ANALYTIC, "ReLU", "LeakyReLU"])
def test_non_analytic_ones_are_refused_with_the_reason(name):
    with pytest.raises(BadInput, match=f"^{name} is not analytic: it"):
        canonical_activation(name)


def test_no_refused_name_is_known_to_the_kernel():
    assert not set(NOT_ANALYTIC) & set(activation_names())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tahn", "did you mean tanh"),
        ("nonsense", "there are identity, tanh"),
        ("", "activation '' is not known"),
        ("power:0", "write for example 'power:3'"),
        ("power:3.5", "write for example 'power:3'"),
        ("power:" + "9" * 5000, "write for example 'power:3'"),
        ("rational:0.5/1", "write for example"),
        ("rational:1/0", "write for example"),
        ("rational:1/-1,0,1", "denominator has a real zero"),
        ("rational:1/0,1", "denominator has a real zero"),
        ("rational:0,1/0,1", "denominator has a real zero"),
        ("rational:1/1,2,1", "denominator has a real zero"),
    ],
)
def test_unknown_and_singular_ones_are_refused(name, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        canonical_activation(name)
    assert "\n" not in str(refusal.value)


def test_a_registered_activation_travels_as_data():
    register_activation("bump", numerator=[0, "1/2"], denominator=[Fraction(1, 3), 0, 1])
    network = mlp(1, 2, 1, activation="bump")
    assert network.text == "mlp(1, 2, 1, activation='rational:0,1|2/1|3,0,1', bias=True)"
    assert parse_network(network.text) == network
    assert activation_named(canonical_activation("bump")).denominator == (
        (Fraction(1, 3), 0, 0, 0, 0),
        (Fraction(1), 0, 0, 2, 0),
    )


def test_registering_twice_the_same_is_allowed_and_something_else_is_not():
    first = register_activation("twice", numerator=[1, 1])
    assert register_activation("twice", numerator=[1, 1]) == first
    with pytest.raises(BadInput, match="'twice' already means something else"):
        register_activation("twice", numerator=[1, 2])


@pytest.mark.parametrize(
    ("name", "numerator", "denominator", "reason"),
    [
        ("tanh", [1], [1], "'tanh' already means something else"),
        ("relu", [1], [1], "'relu' already means something else"),
        ("power:3", [1], [1], "is not an identifier"),
        ("half", [0.5], [1], "coefficient 0.5; give an integer or 'p/q'"),
        ("truth", [True], [1], "coefficient True"),
        ("words", ["one"], [1], "coefficient 'one'"),
        ("zero", [0], [1], "not all zero"),
        ("nothing", [], [1], "not a list of integers"),
        ("pole", [1], [1, 0, -1], "real zero"),
    ],
)
def test_registration_refusals(name, numerator, denominator, reason):
    with pytest.raises(BadInput, match=reason):
        register_activation(name, numerator=numerator, denominator=denominator)
