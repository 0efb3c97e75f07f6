"""The strategies: what they draw is valid, of every kind, shrinks, and prints as calls to be pasted."""

import os
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.vendor import pretty

import llrsym as ll
from llrsym.errors import BadInput
from llrsym.networks.weights import exact_weights
from llrsym.testing import (
    KINDS,
    architectures,
    degenerate_weights,
    embeddings,
    inputs,
    networks,
    weights,
)
from llrsym.testing.degenerate import NEAR, degenerate_flat, units_of
from llrsym.testing.strategies import ARCHITECTURES, FAMILIES

QUIET = settings(database=None, max_examples=500)
FIRST = settings(QUIET, phases=[Phase.generate])
"""The first example that fits, however large."""
DEEP = ll.mlp(1, 2, 2, 1)


@settings(max_examples=60)
@given(networks(max_parameters=20))
def test_networks_print_as_the_call_that_builds_them(network):
    assert network.parameter_count <= 20
    printed = pretty.pretty(network)
    assert printed == network.text
    assert ll.parse_network(printed) == network


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_small_networks(family):
    network = find(networks(families=[family]), lambda net: True, settings=QUIET)
    assert 0 < network.parameter_count <= 30


def test_networks_shrink_to_the_smallest():
    found = find(networks(families=["mlp"]), lambda net: net.inputs >= 2, settings=QUIET)
    assert found.text == "mlp(2, 1, 1, activation='tanh', bias=False)"


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "doubles"])
@settings(max_examples=30)
@given(data=st.data())
def test_weights_and_inputs_fit_the_network(exact, data):
    network = data.draw(networks())
    drawn, point = data.draw(weights(network, exact=exact)), data.draw(inputs(network, exact=exact))
    assert len(exact_weights(network, drawn)) == len(network.layers)
    assert len(point) == network.inputs
    kind = Fraction if exact else float
    assert all(isinstance(v, kind) for v in point)


def test_weights_shrink_to_readable_numbers():
    network = ll.mlp(1, 2, 1, bias=False)
    found = find(weights(network), lambda w: w["W1"][0][0] * w["W2"][0][0] > 1, settings=QUIET)
    assert {abs(v) for row in found["W1"] + found["W2"] for v in row} <= {0, 1, 2}


def test_weights_of_large_networks_are_drawn_from_a_seed():
    network = ll.mlp(20, 20, 1)
    found = find(weights(network), lambda w: True, settings=QUIET)
    assert len(exact_weights(network, found)[0]) == 400


@settings(max_examples=80)
@given(st.data())
def test_degenerate_weights_fit_the_network(data):
    network = data.draw(networks())
    drawn = data.draw(degenerate_weights(network))
    assert len(exact_weights(network, drawn)) == len(network.layers)


def rows(kind, network=DEEP, seen=lambda w: any(v for row in w["W1"] for v in row)):
    drawn = find(degenerate_weights(network, kinds=[kind]), seen, settings=FIRST)
    return {name: list(map(list, v)) if isinstance(v[0], list) else v for name, v in drawn.items()}


@pytest.mark.parametrize(("kind", "sign"), [("clone", 1), ("sign clone", -1)])
def test_clones_and_sign_clones(kind, sign):
    """With one input the clones are rows; every draw has them, whatever is the smallest one."""
    network = ll.mlp(1, 2, 1, bias=False)
    found = rows(kind, network, lambda w: w["W1"][0][0] > 1 and w["W2"][0][0] > w["W2"][0][1] > 0)
    assert found["W1"][1][0] == sign * found["W1"][0][0]


def test_odd_ratios_are_1_3_9():
    found = rows("odd ratios", ll.mlp(1, 3, 1, bias=False), lambda w: w["W1"][0][0] and w["W1"][1][0])
    values = [row[0] for row in found["W1"]]
    assert [v / values[0] for v in values] == [1, 3, 9]


def test_nearly_collinear_weights_differ_by_an_exact_rational():
    found = rows("near collinear", ll.mlp(1, 2, 1, bias=False), lambda w: w["W1"][0] != w["W1"][1])
    first, second = (row[0] for row in found["W1"])
    assert second - NEAR in (first, -first, 2 * first)
    assert Fraction(1, 10**40) == NEAR


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        ("zero row", lambda w: any(not any(row) for row in w["W1"])),
        ("zero column", lambda w: any(not any(c) for c in zip(*w["W1"], strict=True))),
        ("dead", lambda w: any(not any(c) for c in zip(*w["W3"], strict=True))),
        ("constant", lambda w: any(not any(r) and b for r, b in zip(w["W1"], w["b1"], strict=True))),
        ("null", lambda w: any(not any(r) and not b for r, b in zip(w["W1"], w["b1"], strict=True))),
        ("zero tensor", lambda w: not any(v for row in w["W1"] for v in row)),
    ],
)
def test_zeros_of_every_kind_occur(kind, holds):
    assert holds(rows(kind, seen=holds))


def test_units_that_are_equal_only_in_a_deeper_layer():
    def seen(w):
        return w["W2"][0] != w["W2"][1] and w["b2"][0] == w["b2"][1]

    found = rows("equal in a deeper layer", seen=seen)
    assert found["W1"][0] == found["W1"][1]
    assert found["b1"][0] == found["b1"][1]
    assert sum(found["W2"][0]) == sum(found["W2"][1])
    verdict = ll.model_rank(DEEP, at=found)
    assert verdict.upper < ll.model_rank(DEEP).lower


def test_all_kinds_occur_in_a_deep_network():
    drawn = {find(degenerate_flat(DEEP, [kind]), lambda pair: True, settings=FIRST)[0] for kind in KINDS}
    assert drawn == set(KINDS)


@pytest.mark.parametrize(
    "network",
    [
        ll.attention(tokens=2, dim=1, head_dim=1, heads=2),
        ll.conv(input=(3,), kernel=(2,), channels=(2,)),
        ll.trace(
            lambda p, x: p["a"] @ ll.__dict__.get("x", p["W"] @ x),
            shapes={"W": (2, 1), "a": (2,)},
            x_shape=(1,),
        ),
    ],
    ids=["attention", "conv", "traced"],
)
def test_networks_without_dense_layers_have_units_too(network):
    assert units_of(network)
    found = find(degenerate_flat(network, ["clone"]), lambda pair: True, settings=FIRST)
    assert found[0] == "clone"


@settings(max_examples=15)
@given(embeddings())
def test_embeddings_keep_the_rank_and_print_as_a_call(result):
    assert result.critical is True
    assert result.network.parameter_count > result.target.parameter_count
    printed = pretty.pretty(result)
    assert printed.startswith(f"embed({result.network.text}, target={result.target.text}, moves=[")
    again = eval(printed, {name: getattr(ll, name) for name in ll.__all__})  # it can be pasted
    assert again.moves == result.moves


@settings(max_examples=10)
@given(architectures())
def test_declared_architectures_are_true_and_can_be_pasted(architecture):
    result = ll.testing.architecture_suite(architecture, only=["claims"])
    assert result.verdict == "holds"
    assert eval(repr(architecture), {"Architecture": type(architecture)}) == architecture
    assert architecture.build in dict(ARCHITECTURES)


def test_unknown_families_and_kinds_are_refused():
    with pytest.raises(BadInput, match="there is no family 'cnn'; use mlp"):
        networks(families=["cnn"])
    with pytest.raises(BadInput, match="there is no kind 'twins'; use clone"):
        degenerate_weights(DEEP, kinds=["twins"])


@pytest.mark.parametrize("build", ["", "true"], ids=["at home", "in a build"])
def test_the_profile_has_no_deadline_and_is_repeatable_in_a_build(build):
    code = (
        "import llrsym.testing.strategies; from hypothesis import settings; "
        "settings.load_profile('llrsym'); print(settings().deadline, settings().derandomize)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"CI": build},
    )
    assert done.stdout.split() == ["None", str(bool(build))]
