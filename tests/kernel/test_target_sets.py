"""The exact minimum over a target set: attained, and not beaten by any other parameter with the function.

Ranks of parameters come from evaluation minors and relations, which know nothing about target sets.
"""

import random
from fractions import Fraction
from itertools import pairwise

import pytest

from llrsym.kernel.errors import Rejected
from llrsym.kernel.models import Diagonal, Factorization, Layered, Model, Weights
from llrsym.kernel.target_sets import exact_minimal_rank
from llrsym.kernel.two_layer import Inexpressible
from tests.kernel.representations import (
    Neuron,
    layered,
    proved_rank,
    random_neuron,
    rank_in,
    reaches,
    same_function,
    samples_needed,
    scramble,
    two_layer,
    two_layer_weights,
    weights,
)

ACTIVATIONS = ["tanh", "sigmoid", "gaussian"]
BIASES = [(True, True), (True, False), (False, True), (False, False)]


# Two layers, one output: (wide, weights of a parameter at which the minimum is attained)

ATTAINED: dict[str, tuple[Layered, Weights]] = {
    "tanh, all biases": (layered(2, 2, 1), weights([1, 2, 0, 0], [1, 0], [3, 0], [5])),
    "tanh, no bias": (layered(2, 2, 1, biases=False), weights([1, 2, 0, 0], [3, 0])),
    "tanh, output bias": (layered(2, 2, 1, biases=(False, True)), weights([1, 2, 0, 0], [3, 0], [1])),
    "tanh, a constant neuron": (
        layered(2, 3, 1, biases=(True, False)),
        weights([1, 2, 0, 0, 0, 0], [1, 2, 0], [3, 1, 0]),
    ),
    "tanh, only a constant": (layered(2, 2, 1, biases=(True, False)), weights([0] * 4, [2, 0], [1, 0])),
    "tanh, zero": (layered(2, 2, 1, biases=(True, False)), weights([0] * 4, [0, 0], [0, 0])),
    "tanh, zero and an output bias": (layered(2, 1, 1), weights([0, 0], [0], [0], [0])),
    "sigmoid, all biases": (
        layered(2, 2, 1, activation="sigmoid"),
        weights([1, 2, 0, 0], [1, 0], [3, 0], [5]),
    ),
    "sigmoid, a neuron in both orientations": (
        layered(2, 2, 1, activation="sigmoid", biases=(True, False)),
        weights([1, 2, -1, -2], [1, -1], [3, 5]),
    ),
    "sigmoid, no biases, both orientations": (
        layered(2, 2, 1, activation="sigmoid", biases=False),
        weights([1, 2, -1, -2], [3, 5]),
    ),
    "sigmoid, a clone": (
        layered(2, 2, 1, activation="sigmoid", biases=(True, False)),
        weights([1, 2, 1, 2], [1, 1], [3, 5]),
    ),
    "sigmoid, other orientations": (
        layered(1, 2, 1, activation="sigmoid", biases=(True, False)),
        weights([1, -2], [1, 1], [3, 5]),
    ),
    "sigmoid, only a constant": (
        layered(2, 2, 1, activation="sigmoid", biases=(True, False)),
        weights([0] * 4, [1, 1], [1, 1]),
    ),
    "sigmoid, zero": (
        layered(2, 2, 1, activation="sigmoid", biases=(True, False)),
        weights([0] * 4, [1, 0], [0, 0]),
    ),
    "gaussian, all biases": (
        layered(2, 2, 1, activation="gaussian"),
        weights([1, 2, 0, 0], [1, 0], [3, 0], [5]),
    ),
    "gaussian, a constant neuron": (
        layered(2, 2, 1, activation="gaussian", biases=(True, False)),
        weights([1, 2, 0, 0], [1, 0], [3, 5]),
    ),
    "gaussian, a constant neuron, no bias": (
        layered(2, 2, 1, activation="gaussian", biases=False),
        weights([1, 2, 0, 0], [3, 5]),
    ),
    "gaussian, a sign clone": (
        layered(2, 2, 1, activation="gaussian", biases=(True, False)),
        weights([1, 2, -1, -2], [1, -1], [3, 5]),
    ),
    "gaussian, only a constant": (
        layered(2, 2, 1, activation="gaussian", biases=(True, False)),
        weights([0] * 4, [0, 0], [1, 1]),
    ),
    "gaussian, zero": (layered(2, 1, 1, activation="gaussian", biases=False), weights([0, 0], [0])),
    "deep, all biases": (
        layered(1, 2, 2, 1),
        weights([1, 0], [1, 0], [2, 0, 0, 0], [1, 0], [3, 0], [1]),
    ),
    "deep, no bias": (layered(1, 2, 2, 1, biases=False), weights([1, 0], [2, 0, 0, 0], [3, 0])),
    "deep, biases above": (
        layered(1, 2, 2, 1, biases=(False, True, True)),
        weights([1, 0], [2, 0, 0, 0], [1, 0], [3, 0], [1]),
    ),
    "deep, hidden biases": (
        layered(1, 2, 2, 1, biases=(True, True, False)),
        weights([1, 0], [1, 0], [2, 0, 0, 0], [1, 0], [3, 0]),
    ),
    "deep, a constant neuron": (
        layered(1, 2, 2, 1, biases=(True, True, False)),
        weights([1, 2], [1, 0], [2, 1, 0, 0], [1, 2], [3, 1]),
    ),
    "deeper, a constant neuron": (
        layered(1, 1, 2, 2, 1, biases=(True, True, True, False)),
        weights([1], [1], [2, 1], [0, 1], [1, 2, 0, 0], [1, 2], [3, 1]),
    ),
    "deep, only a constant": (
        layered(1, 1, 1, 2, biases=(True, True, False)),
        weights([0], [0], [0], [1], [2, 3]),
    ),
    "two outputs, a constant neuron": (
        layered(2, 2, 2, biases=(True, False)),
        weights([1, 2, 0, 0], [1, 2], [3, 1, 0, 4]),
    ),
    "two outputs, only a constant": (
        layered(2, 1, 2, biases=(True, False)),
        weights([0, 0], [2], [3, 1]),
    ),
    "quadratic": (
        layered(3, 3, 1, activation="power:2", biases=False),
        weights([1, 2, 0, 0, 1, 1, 0, 0, 0], [1, -1, 0]),
    ),
    "quadratic, zero": (layered(2, 1, 1, activation="power:2", biases=False), weights([0, 0], [0])),
    "linear": (
        layered(3, 2, 2, activation="identity"),
        weights([1, 2, 0, 0, 0, 0], [0, 0], [1, 0, 2, 0], [1, 1]),
    ),
    "linear without biases": (
        layered(3, 2, 2, activation="identity", biases=False),
        weights([1, 2, 0, 0, 0, 0], [1, 0, 2, 0]),
    ),
    "linear, zero": (layered(2, 1, 2, activation="identity"), weights([0, 0], [0], [0, 0], [1, 0])),
    "affine": (layered(2, 2), weights([1, 2, 3, 4], [0, 1])),
}


@pytest.mark.parametrize("name", ATTAINED)
def test_the_minimum_is_attained(name: str) -> None:
    wide, at = ATTAINED[name]
    assert rank_in(wide, wide, at) == proved_rank(wide, at)


def test_factorizations_and_diagonal_networks() -> None:
    product = Factorization(3, 2, 3)
    at = weights([1, 0, 2, 0, 3, 0], [1, 2, 4, 0, 0, 0])
    assert rank_in(product, product, at) == proved_rank(product, at) == 5
    assert rank_in(product, product, weights([0] * 6, [0] * 6)) == 0
    assert rank_in(product, product, weights([1, 1, 1, 1, 1, 1], [1, 2, 3, -1, -2, -3])) == 0
    net = Diagonal(3, 2)
    at = weights([1, 0, 0, 2, 0, 0])
    assert rank_in(net, net, at) == proved_rank(net, at) == 1
    assert rank_in(net, net, weights([1, 0, 5, 2, 3, 0])) == 1
    assert rank_in(Diagonal(3, 1), net, at) == 3
    assert rank_in(net, Diagonal(3, 1), weights([1, 0, 2])) == 2


# No other parameter is better


def distinct(neurons: list[Neuron]) -> bool:
    keys = {min((w, b), (tuple(-v for v in w), -b)) for w, b, _ in neurons}
    return len(keys) == len(neurons)


@pytest.mark.parametrize("pattern", BIASES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_other_parameter_of_two_layers_is_better(activation: str, pattern: tuple[bool, bool]) -> None:
    source = random.Random(f"{activation}{pattern}")
    hidden, output = pattern
    checked = 0
    while checked < 120:
        inputs, width = source.randint(1, 2), source.randint(2, 5)
        neurons = [random_neuron(source, inputs, hidden) for _ in range(source.randint(1, 2))]
        if not distinct(neurons):
            continue
        found = scramble(source, activation, neurons, width)
        # Flipped sigmoid neurons change the constant, which the wide network absorbs or has to live with.
        constant = Fraction(source.randint(-1, 1)) if output else None
        own = -found.constant if constant is None and activation == "sigmoid" else constant
        shifted = None if constant is None else constant + found.constant
        wide = two_layer(activation, found.neurons, shifted, hidden)
        at = two_layer_weights(found.neurons, shifted, hidden)
        model, parameters = (
            two_layer(activation, neurons, own, hidden),
            two_layer_weights(neurons, own, hidden),
        )
        assert same_function((wide, at), (model, parameters))
        claimed = rank_in(wide, model, parameters)
        assert claimed == rank_in(wide, wide, at)
        assert reaches(wide, at, claimed), (wide, at, claimed)
        checked += 1


# Vector outputs


@pytest.mark.parametrize("seed", range(12))
def test_the_samples_lie_in_the_interval(seed: int) -> None:
    source = random.Random(seed)
    widths = (
        source.randint(1, 3),
        *(source.randint(1, 3) for _ in range(source.randint(1, 2))),
        2 + seed % 2,
    )
    pattern = source.choice([(True,) * (len(widths) - 1), (False,) * (len(widths) - 1)])
    model = layered(*widths, biases=pattern)
    sizes = [n for fan_in, fan_out in pairwise(widths) for n in (fan_in * fan_out, fan_out)]
    entries = [[source.choice([-1, 0, 1, 2]) for _ in range(n)] for n in sizes]
    at = weights(*(t for k, t in enumerate(entries) if k % 2 == 0 or pattern[0]))
    exact = exact_minimal_rank(model, model, at)
    assert exact.samples_lower <= exact.samples_upper <= exact.rank
    if exact.irreducible is None:
        return
    assert exact.weights is not None
    needed = samples_needed(exact.irreducible, exact.weights, exact.rank)
    assert exact.samples_lower <= needed <= exact.samples_upper


@pytest.mark.parametrize("widths", [(1, 2, 2), (2, 1, 3), (3, 2, 2, 2), (2, 3, 1, 2), (1, 4, 2)])
def test_the_samples_of_almost_every_target_lie_in_the_interval(widths: tuple[int, ...]) -> None:
    model = layered(*widths)
    exact = exact_minimal_rank(model, model, None)
    assert exact.irreducible == model
    assert exact.samples_lower <= samples_needed(model, None, exact.rank) <= exact.samples_upper


# What a network cannot express, and what is not decided

NEEDS_MORE: dict[str, tuple[Model, Model, Weights | None]] = {
    "too few neurons": (layered(1, 1, 1), layered(1, 2, 1), weights([1, 2], [0, 0], [1, 1], [0])),
    "too few deep neurons": (layered(1, 1, 3, 1), layered(1, 2, 1, 1), None),
    "hidden biases": (layered(1, 3, 1, biases=False), layered(1, 1, 1), weights([1], [1], [1], [0])),
    "hidden biases, almost every": (layered(1, 3, 1, biases=False), layered(1, 1, 1), None),
    "biases below": (
        layered(1, 3, 3, 1, biases=(False, True, True)),
        layered(1, 1, 1, 1),
        weights([1], [1], [1], [0], [1], [0]),
    ),
    "biases below, almost every": (
        layered(1, 3, 3, 1, biases=(False, True, True)),
        layered(1, 1, 1, 1),
        None,
    ),
    "a constant": (layered(1, 3, 1, biases=False), layered(1, 1, 1), weights([0], [1], [1], [0])),
    "a constant in a deep network": (
        layered(1, 3, 3, 1, biases=False),
        layered(1, 1, 1, 1),
        weights([1], [0], [1], [0], [1], [1]),
    ),
    "no room for a constant neuron": (
        layered(1, 1, 1, biases=(True, False)),
        layered(1, 1, 1),
        weights([1], [1], [1], [1]),
    ),
    "no room for a constant neuron in a deep network": (
        layered(1, 3, 1, 1, biases=(True, True, False)),
        layered(1, 1, 1, 1),
        None,
    ),
    "no room for both orientations": (
        layered(1, 1, 1, activation="sigmoid", biases=(True, False)),
        layered(1, 1, 1, activation="sigmoid"),
        weights([1], [1], [1], [1]),
    ),
    "a matrix of larger rank": (Factorization(2, 1, 2), Factorization(2, 2, 2), None),
    "a bottleneck": (layered(2, 1, 2, activation="identity"), layered(2, 2, activation="identity"), None),
    "a linear map with a constant": (
        layered(2, 2, 1, activation="identity", biases=False),
        layered(2, 1, activation="identity"),
        None,
    ),
    "a form of larger rank": (
        layered(2, 1, 1, activation="power:2", biases=False),
        layered(2, 2, 1, activation="power:2", biases=False),
        None,
    ),
}


@pytest.mark.parametrize("name", NEEDS_MORE)
def test_no_number_for_what_cannot_be_expressed(name: str) -> None:
    with pytest.raises(Inexpressible):
        exact_minimal_rank(*NEEDS_MORE[name])


UNDECIDED: dict[str, tuple[Model, Model]] = {
    "another depth": (layered(1, 2, 2, 1), layered(1, 2, 1)),
    "another activation": (layered(1, 2, 1), layered(1, 1, 1, activation="sigmoid")),
    "another family": (layered(1, 2, 1), Diagonal(1, 2)),
    "SiLU": (layered(1, 2, 1, activation="silu"), layered(1, 1, 1, activation="silu")),
    "deep gaussian": (layered(1, 2, 2, 1, activation="gaussian"), layered(1, 1, 1, 1, activation="gaussian")),
    "deep sigmoid without all biases": (
        layered(1, 2, 2, 1, activation="sigmoid", biases=(True, True, False)),
        layered(1, 1, 1, 1, activation="sigmoid"),
    ),
    "two outputs, sigmoid without biases": (
        layered(1, 2, 2, activation="sigmoid", biases=False),
        layered(1, 1, 2, activation="sigmoid", biases=False),
    ),
    "biases that are not closed upwards": (
        layered(1, 2, 2, 1, biases=(True, False, True)),
        layered(1, 1, 1, 1, biases=False),
    ),
    "biases in the first layer only": (
        layered(1, 2, 2, 1, biases=(True, False, False)),
        layered(1, 1, 1, 1, biases=False),
    ),
    "biases in the middle only": (
        layered(1, 2, 2, 1, biases=(False, True, False)),
        layered(1, 1, 1, 1, biases=False),
    ),
    "quadratic with biases": (
        layered(1, 2, 1, activation="power:2"),
        layered(1, 1, 1, activation="power:2"),
    ),
    "linear with some biases": (
        layered(1, 2, 1, activation="identity", biases=(True, False)),
        layered(1, 1, 1, activation="identity"),
    ),
    "other inputs": (layered(1, 2, 1), layered(2, 1, 1)),
    "other outputs": (layered(1, 2, 2), layered(1, 1, 1)),
    "too large": (layered(1, 10**12, 1), layered(1, 10**12, 1)),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_no_theorem_is_claimed(name: str) -> None:
    wide, target = UNDECIDED[name]
    with pytest.raises(Rejected) as refusal:
        exact_minimal_rank(wide, target, None)
    assert not isinstance(refusal.value, Inexpressible)
