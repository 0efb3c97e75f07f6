"""Ranks of embedded narrow nets: critical embeddings keep the rank of the narrow net, others raise it.

Critical embeddings are those of arXiv:2111.15527: neurons split with one ratio, null neurons, and for odd
activations splitting with a change of sign. The other moves keep the function but not the rank.
"""

from fractions import Fraction
from typing import Any

import pytest

from llrsym.networks.builders import mlp
from llrsym.networks.network import Network
from llrsym.tangent.rank import model_rank
from tests.published.adapter import Weights, generic_point

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


def rank(network: Network, at: Weights) -> int:
    """Return the rank, which must be proved from both sides."""
    verdict = model_rank(network, at=at)
    assert verdict.lower == verdict.upper, str(verdict)
    assert verdict.verdict == "proved", str(verdict)
    return verdict.lower


def narrow_point(widths: tuple[int, ...], bias: bool = True) -> Weights:
    """Return a generic point of the narrow net."""
    return generic_point(mlp(*widths, bias=bias), f"narrow {widths} {bias}")


def widened(point: Weights, layer: int, incoming: list[Any], bias: Any, outgoing: list[Any]) -> Weights:
    """Return the point with one more neuron in a hidden layer."""
    wide = dict(point)
    wide[f"W{layer}"] = [*point[f"W{layer}"], incoming]
    if f"b{layer}" in point:
        wide[f"b{layer}"] = [*point[f"b{layer}"], bias]
    wide[f"W{layer + 1}"] = [[*row, v] for row, v in zip(point[f"W{layer + 1}"], outgoing, strict=True)]
    return wide


def split(point: Weights, layer: int, ratios: list[Fraction], sign: int = 1) -> Weights:
    """Split neuron 0: its clone (or sign clone) takes these parts of its outgoing weights."""
    following = point[f"W{layer + 1}"]
    parts = [ratio * row[0] for ratio, row in zip(ratios, following, strict=True)]
    kept = dict(point)
    kept[f"W{layer + 1}"] = [[row[0] - part, *row[1:]] for row, part in zip(following, parts, strict=True)]
    incoming = [sign * v for v in point[f"W{layer}"][0]]
    bias = sign * point[f"b{layer}"][0] if f"b{layer}" in point else 0
    return widened(kept, layer, incoming, bias, [sign * part for part in parts])


def wider(widths: tuple[int, ...], layer: int, bias: bool = True) -> Network:
    """Return the net with one more neuron in a hidden layer."""
    return mlp(*(n + (k == layer) for k, n in enumerate(widths)), bias=bias)


WIDTHS = [(2, 2, 1), (2, 2, 2, 1), (1, 2, 2, 1), (2, 2, 2, 2, 1)]


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sign", [1, -1])
def test_splitting_with_one_ratio_keeps_the_rank(widths: tuple[int, ...], bias: bool, sign: int) -> None:
    narrow = mlp(*widths, bias=bias)
    for layer in range(1, len(widths) - 1):
        wide = split(narrow_point(widths, bias), layer, [THIRD] * widths[layer + 1], sign)
        assert rank(wider(widths, layer, bias), wide) == narrow.parameter_count


@pytest.mark.parametrize("widths", WIDTHS)
def test_a_null_neuron_keeps_the_rank_at_every_bias(widths: tuple[int, ...]) -> None:
    """The next biases put even tanh(1) times the sensitivities of the next units into the old space."""
    for layer in range(1, len(widths) - 1):
        for bias in (0, 1):
            incoming, outgoing = [0] * widths[layer - 1], [0] * widths[layer + 1]
            wide = widened(narrow_point(widths), layer, incoming, bias, outgoing)
            assert rank(wider(widths, layer), wide) == mlp(*widths).parameter_count


@pytest.mark.parametrize(("widths", "count"), [((3, 1, 1, 1), 5), ((4, 2, 3, 1), 17), ((5, 2, 2, 2, 1), 20)])
def test_null_neurons_in_every_layer_without_biases(widths: tuple[int, ...], count: int) -> None:
    """LLR, Table 1."""
    assert rank(mlp(*widths, bias=False), narrow_point(widths, False)) == count
    point = narrow_point(widths, False)
    for layer in range(1, len(widths) - 1):
        fan_in = len(point[f"W{layer}"][0])
        point = widened(point, layer, [0] * fan_in, 0, [0] * widths[layer + 1])
    wide = mlp(widths[0], *(n + 1 for n in widths[1:-1]), widths[-1], bias=False)
    assert rank(wide, point) == count


@pytest.mark.parametrize(("widths", "expected"), [((1, 2, 2, 1), 15), ((2, 2, 2, 1), 18)])
def test_splitting_with_two_ratios_raises_the_rank(widths: tuple[int, ...], expected: int) -> None:
    """13 -> 15 and 15 -> 18: d + 1 more, although the function is the same."""
    assert rank(wider(widths, 1), split(narrow_point(widths), 1, [HALF, THIRD])) == expected


@pytest.mark.parametrize(
    ("activation", "bias", "expected"),
    [("tanh", True, 4), ("tanh", "hidden", 3), ("sigmoid", "hidden", 4), ("silu", "hidden", 5)],
)
def test_splitting_one_neuron_with_a_change_of_sign(activation: str, bias: bool | str, expected: int) -> None:
    """f(x) = a sigma(w x + b), of rank 3, or 4 with an output bias, and a sign clone beside it."""
    point: Weights = {"W1": [[2], [-2]], "b1": [1, -1], "W2": [[3, 5]], "b2": [1]}
    network = mlp(1, 2, 1, activation=activation, bias=bias)
    assert rank(network, {name: point[name] for name in network.parameter_names}) == expected


@pytest.mark.parametrize(
    ("activation", "expected"), [("gaussian", 4), ("cos", 4), ("tanh", 5), ("sigmoid", 5)]
)
def test_a_constant_neuron_compensated_by_the_next_bias(activation: str, expected: int) -> None:
    """Its slope vanishes at 0 for gaussian and cos; for the others the function x joins the four."""
    point: Weights = {"W1": [[2], [0]], "b1": [1, 0], "W2": [[3, 5]], "b2": [1]}
    assert rank(mlp(1, 2, 1, activation=activation), point) == expected


def test_the_branches_of_one_neuron_in_a_net_of_two() -> None:
    """arXiv:2405.13787, Example 1: split 3, a second neuron without output 4, without input as well 3."""
    network = mlp(1, 2, 1, bias="hidden")
    second = {"split": (2, 1, 5, 3), "silent": (3, 5, 0, 4), "null": (0, 0, 0, 3)}
    for w, b, a, expected in second.values():
        point: Weights = {"W1": [[2], [w]], "b1": [1, b], "W2": [[3, a]]}
        assert rank(network, point) == expected
