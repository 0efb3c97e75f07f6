"""The engine against a closed form at degenerate weights: clones, sign clones, dead and constant neurons."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llrsym.networks.network import Network
from llrsym.tangent.rank import model_rank
from tests.published.adapter import network_of
from tests.published.closed_form import Neuron, sigmoid_rank, tanh_rank

Rank = Callable[[list[Neuron], int, int, bool, bool], int]
SMALL = st.integers(-2, 2)
WEIGHTS = st.builds(Fraction, st.integers(-7, 7), st.sampled_from((1, 2, 3)))
RULES = ("free", "clone", "sign clone", "constant", "same w", "dead", "silent")


@st.composite
def neurons(draw: st.DrawFn, d: int, c: int, hidden_bias: bool) -> list[Neuron]:
    """Up to five neurons, each free or degenerate in one of six ways."""
    found: list[Neuron] = []
    for _ in range(draw(st.integers(1, 5))):
        rule = draw(st.sampled_from(RULES if found else RULES[:1] + RULES[3:4]))
        w = tuple(draw(st.lists(WEIGHTS, min_size=d, max_size=d)))
        b = draw(WEIGHTS) if hidden_bias else Fraction(0)
        a = tuple(Fraction(draw(SMALL)) for _ in range(c))
        if rule in ("clone", "sign clone", "same w"):
            source = draw(st.sampled_from(found))
            sign = -1 if rule == "sign clone" else 1
            w = tuple(sign * v for v in source.w)
            b = b if rule == "same w" else sign * source.b
        if rule in ("constant", "dead"):
            w = (Fraction(0),) * d
        if rule in ("silent", "dead"):
            a = (Fraction(0),) * c
        found.append(Neuron(w, b, a))
    return found


@st.composite
def instances(draw: st.DrawFn) -> tuple[list[Neuron], int, int, bool, bool]:
    """Neurons with the number of inputs and outputs and the biases that exist."""
    d, c = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    hidden_bias, output_bias = draw(st.booleans()), draw(st.booleans())
    return draw(neurons(d, c, hidden_bias)), d, c, hidden_bias, output_bias


def engine_question(
    activation: str, found: list[Neuron], d: int, c: int, hidden_bias: bool, output_bias: bool
) -> tuple[Network, dict[str, object]]:
    """Return the network and its weights; the value of the output bias does not matter."""
    build = {"kind": "two", "d": d, "out": c, "neurons": found, "act": activation}
    network = network_of({**build, "hb": int(hidden_bias), "ob": int(output_bias)})
    weights = {
        "W1": [n.w for n in found],
        "b1": [n.b for n in found],
        "W2": [[n.a[o] for n in found] for o in range(c)],
        "b2": [1] * c,
    }
    return network, {name: weights[name] for name in network.parameter_names}


@pytest.mark.parametrize(("activation", "closed_form"), [("tanh", tanh_rank), ("sigmoid", sigmoid_rank)])
@settings(max_examples=250)
@given(instance=instances())
def test_two_layer_nets_at_degenerate_weights(
    activation: str, closed_form: Rank, instance: tuple[list[Neuron], int, int, bool, bool]
) -> None:
    network, weights = engine_question(activation, *instance)
    verdict = model_rank(network, at=weights)
    expected = closed_form(*instance)
    assert (verdict.lower, verdict.upper, verdict.verdict) == (expected, expected, "proved"), str(verdict)


def test_the_closed_form_at_published_counts() -> None:
    """k intrinsic neurons: k(d+1), k(d+2), k(d+2)+1; k(d+2)+d+1 for a constant part without output bias."""
    w = [(Fraction(1), Fraction(2)), (Fraction(3), Fraction(-1)), (Fraction(1), Fraction(1))]
    free = [Neuron(row, Fraction(0), (Fraction(1),)) for row in w]
    still = Neuron((Fraction(0), Fraction(0)), Fraction(1), (Fraction(1),))
    assert tanh_rank(free, 2, 1, False, False) == 9
    assert tanh_rank(free, 2, 1, True, False) == 12
    assert tanh_rank(free, 2, 1, True, True) == 13
    assert tanh_rank([*free, still], 2, 1, True, False) == 15
