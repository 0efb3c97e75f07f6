"""Attacks on lower bounds: no parameter with the function of a target has a smaller rank than is claimed.

The rank at each parameter is bounded by the exact engine, which knows nothing of the theorems on target sets.
"""

from fractions import Fraction
from random import Random

import pytest

import llrsym as ll
from tests.bounds import representations as make

POINTS = [[0.3, -1.1, 0.7, 0.2, -0.4], [1.3, 0.4, -0.8, 0.9, 0.1], [-0.6, 0.5, 1.9, -1.2, 0.8]]


def attack(network: ll.Network, target: ll.Network, given: dict, weights: dict) -> int:
    """Return by how much the rank at the weights exceeds the claimed minimum; both are proved."""
    claimed = ll.optimistic_sample_size(network, target=target, weights=given)
    assert claimed.verdict == "proved"
    found = ll.model_rank(network, at=weights)
    assert found.upper >= claimed.lower, (network.text, given, weights, found.upper, claimed.lower)
    return found.upper - claimed.lower


TWO_LAYER = [
    (activation, bias, seed)
    for activation in ("tanh", "sigmoid", "gaussian")
    for bias in (False, "hidden", True)
    for seed in range(6)
]


@pytest.mark.parametrize(("activation", "bias", "seed"), TWO_LAYER)
def test_two_layers(activation, bias, seed):
    rng = Random(seed)
    biases = bias is not False, bias is True
    neurons = [((1, 2), 1, Fraction(2)), ((2, -1), 0, Fraction(-3)), ((2, 4), 2, Fraction(5))][: 1 + seed % 3]
    neurons = [(w, b * biases[0], a) for w, b, a in neurons]
    given = make.two_layer(Random(0), neurons, 1, len(neurons), activation, biases)
    target = ll.mlp(2, len(neurons), 1, activation=activation, bias=bias)
    width = len(neurons) + 1 + seed % 2
    weights = make.two_layer(rng, neurons, 1, width, activation, biases)
    for x in POINTS:
        values = [make.two_layer_value(w, activation, x[:2]) for w in (given, weights)]
        assert values[0] == pytest.approx(values[1])
    attack(ll.mlp(2, width, 1, activation=activation, bias=bias), target, given, weights)


CONVOLUTIONS = {
    "shifted": (3, 2, [((1,), {0: 2, 1: 8, 2: 7})]),
    "one place": (4, 3, [((1,), {0: 2, 3: 5})]),
    "a gap": (4, 3, [((1,), {0: 2, 2: 5})]),
    "two patterns": (4, 2, [((1,), {0: 2, 1: 3}), ((1, 2), {0: 1, 2: 4})]),
    "parallel": (3, 2, [((1,), {0: 2, 1: 3}), ((2,), {1: 1, 2: 4})]),
    "whole kernels": (4, 3, [((1, 2, 3), {0: 1, 1: 2}), ((3, 2, 1), {1: 4})]),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_shared_kernels(name, seed):
    d, s, target = CONVOLUTIONS[name]
    channels = 4 + seed % 2
    given = make.shared_convolution(Random(100 + seed), target, d, s, 4)
    weights = make.shared_convolution(Random(seed), target, d, s, channels)
    for x in POINTS:
        assert make.convolution_value(weights, x) == pytest.approx(make.target_value(target, x))
        assert make.convolution_value(given, x) == pytest.approx(make.target_value(target, x))
    networks = [ll.conv(input=(d,), kernel=(s,), channels=(c,)) for c in (channels, 4)]
    attack(*networks, given, weights)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_kernels_that_are_not_shared(name, seed):
    d, s, target = CONVOLUTIONS[name]
    given = make.shared_convolution(Random(100 + seed), target, d, s, 4)
    weights = make.free_convolution(Random(seed), target, d, s, 4)
    for x in POINTS:
        assert make.convolution_value(weights, x) == pytest.approx(make.target_value(target, x))
    network = ll.conv(input=(d,), kernel=(s,), channels=(4,), shared=False)
    attack(network, ll.conv(input=(d,), kernel=(s,), channels=(4,)), given, weights)


DEEP = [(depth, bias, seed) for depth in (2, 3) for bias in (True, False) for seed in range(6)]


@pytest.mark.parametrize(("depth", "bias", "seed"), DEEP)
def test_deep_tanh(depth, bias, seed):
    narrow: make.Layers = [
        ([[Fraction(1), Fraction(2)], [Fraction(2), Fraction(-1)]], [Fraction(bias), Fraction(0)])
    ]
    narrow += [([[Fraction(1), Fraction(3)]], [Fraction(2 * bias)])]
    narrow += [([[Fraction(2)]], [Fraction(bias)]) for _ in range(depth - 1)]
    widths = (2, *[2 + seed % 2] * (depth - 1)) if seed < 3 else (3, *[2] * (depth - 1))
    wide = make.deep(Random(seed), narrow, widths, bias)
    for x in POINTS:
        assert make.deep_value(wide, x[:2]) == pytest.approx(make.deep_value(narrow, x[:2]))
    target, network = ll.mlp(2, 2, *[1] * depth, bias=bias), ll.mlp(2, *widths, 1, bias=bias)
    attack(network, target, make.deep_weights(narrow, bias), make.deep_weights(wide, bias))


def test_an_attack_can_reach_the_minimum_and_would_notice_a_smaller_rank():
    """The minimum is attained, so a claim that were larger by one would be refuted by this parameter."""
    net = ll.conv(input=(3,), kernel=(2,), channels=(2,))
    weights = {"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 7]]}
    assert attack(net, net, weights, weights) == 0
    other = {"K": [[1, 0], [0, 2]], "a": [[2, 3], [5, 7]]}
    with pytest.raises(AssertionError):
        attack(net, net, other, weights)
