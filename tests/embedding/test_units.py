"""Embeddings unit by unit: the function and the rank at exact weights, the moves, and what is refused."""

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import llrsym as ll
from llrsym.domains.float64 import approx_trace
from llrsym.embedding.embed import embed
from llrsym.embedding.result import Embedded
from llrsym.embedding.unit_moves import NullUnits, SplitUnit
from llrsym.errors import BadInput
from llrsym.networks.builders.units import call_of, unit_groups
from llrsym.networks.network import Network

SAME = {"tokens": 2, "dim": 2}
PAIRS: dict[str, tuple[Network, Network]] = {
    "conv": (
        ll.conv(input=(5,), kernel=(2,), channels=(1, 1), bias=True),
        ll.conv(input=(5,), kernel=(2,), channels=(2, 2), bias=True),
    ),
    "unshared conv": (
        ll.conv(input=(4,), kernel=(2,), channels=(1, 1), shared=False, outputs=2, activation="sigmoid"),
        ll.conv(input=(4,), kernel=(2,), channels=(2, 3), shared=False, outputs=2, activation="sigmoid"),
    ),
    "conv without read-out": (
        ll.conv(input=(5,), kernel=(2,), channels=(1, 1), outputs=None, stride=2, padding=1),
        ll.conv(input=(5,), kernel=(2,), channels=(3, 1), outputs=None, stride=2, padding=1),
    ),
    "residual": (
        ll.residual(width=1, blocks=2, hidden=(1, 2), activation="sigmoid"),
        ll.residual(width=1, blocks=4, hidden=2, activation="sigmoid"),
    ),
    "recurrent": (
        ll.recurrent(inputs=1, hidden=1, steps=2, activation="sigmoid"),
        ll.recurrent(inputs=1, hidden=3, steps=2, activation="sigmoid"),
    ),
    "attention": (
        ll.attention(**SAME, head_dim=1, bias=True),
        ll.attention(**SAME, head_dim=2, heads=2, bias=True),
    ),
    "linear attention": (
        ll.attention(**SAME, head_dim=1, kind="linear", causal=True),
        ll.attention(**SAME, head_dim=2, heads=2, kind="linear", causal=True),
    ),
    "transformer": (
        ll.transformer(**SAME, hidden=1, head_dim=1, activation="tanh", norm=None),
        ll.transformer(**SAME, hidden=2, head_dim=1, heads=2, blocks=2, activation="tanh", norm=None),
    ),
    "gated": (ll.gated(inputs=2, hidden=1), ll.gated(inputs=2, hidden=2)),
    "tied": (ll.tied_autoencoder(inputs=2, hidden=1), ll.tied_autoencoder(inputs=2, hidden=2)),
    "experts": (
        ll.mixture_of_experts(inputs=1, experts=2, hidden=1),
        ll.mixture_of_experts(inputs=1, experts=2, hidden=2),
    ),
}


def drawn(network: Network, seed: int) -> dict[str, Any]:
    """Small rational weights."""
    rng = random.Random(seed)

    def tensor(shape: tuple[int, ...]) -> Any:
        if not shape:
            return Fraction(rng.choice([-3, -1, 1, 2, 5]), rng.choice([1, 2, 3]))
        return [tensor(shape[1:]) for _ in range(shape[0])]

    return {name: tensor(shape) for name, shape, _ in network.layers}


def outputs(network: Network, weights: dict[str, Any], inputs: np.ndarray) -> np.ndarray:
    flat = [np.array(weights[name], dtype=float).ravel().tolist() for name in network.parameter_names]
    trace = approx_trace(network.program, flat, inputs)
    return np.asarray(trace.values[network.program.output]).reshape(len(inputs), -1)


@pytest.mark.parametrize("family", PAIRS)
def test_function_and_rank_are_kept_at_exact_weights(family: str) -> None:
    narrow, wide = PAIRS[family]
    weights = drawn(narrow, 3)
    result = embed(wide, target=narrow, weights=weights)
    assert result.critical is True
    inputs = np.random.default_rng(1).normal(size=(20, narrow.inputs))
    embedded = {name: result.weights[name] for name in wide.parameter_names}
    np.testing.assert_allclose(
        outputs(narrow, weights, inputs), outputs(wide, embedded, inputs), rtol=1e-9, atol=1e-12
    )
    below, above = ll.model_rank(narrow, at=weights), ll.model_rank(wide, at=embedded)
    assert (below.lower, below.upper) == (above.lower, above.upper)
    assert below.lower == below.upper


def test_a_move_by_name_as_text_or_as_an_object() -> None:
    narrow, wide = PAIRS["attention"]
    by_text = embed(wide, target=narrow, moves=["split_unit('heads', 0, alpha='r')"])
    by_object = embed(wide, target=narrow, moves=[SplitUnit("heads", 0, "r")])
    assert by_text.moves == by_object.moves
    assert by_text.moves == ("split_unit(group='heads', alpha='r')", "null_units(group='head_dim')")
    assert by_text.critical is True
    shares = by_text.weights["WO"][:, 0, 0].tolist()
    assert [str(share) for share in shares] == ["WO[0,0,0]*r", "-WO[0,0,0]*r + WO[0,0,0]"]
    again = embed(wide, target=narrow, moves=by_text.moves)
    assert again.moves == by_text.moves


def test_blocks_that_are_left_are_silent() -> None:
    narrow, wide = PAIRS["residual"]
    result = embed(wide, target=narrow)
    assert result.moves[:2] == ("null_block(3)", "null_block(4)")
    assert not any(str(v) != "0" for v in result.weights["V3"].flat)
    chosen = embed(wide, target=narrow, moves=["null_block(2)"])
    assert chosen.moves[:2] == ("null_block(2)", "null_block(4)")
    assert chosen.critical is True
    tanh = [ll.residual(width=2, blocks=n, hidden=1) for n in (1, 2)]
    assert embed(tanh[1], target=tanh[0], moves=["null_block(1)"]).critical is True


def test_a_wide_block_waits_for_a_wide_one() -> None:
    wide = ll.residual(width=2, blocks=3, hidden=(1, 2, 1))
    assert embed(wide, target=ll.residual(width=2, hidden=2)).moves == ("null_block(1)", "null_block(3)")


def refused(result: Embedded) -> tuple[bool | None, tuple[int, int] | None, tuple[int, int] | None]:
    return result.critical, result.target_rank, result.network_rank


def test_what_is_not_kept_is_proved_by_ranks() -> None:
    sigmoid = {"inputs": 2, "steps": 3, "activation": "sigmoid"}
    wide, narrow = ll.recurrent(hidden=3, **sigmoid), ll.recurrent(hidden=2, **sigmoid)
    assert refused(embed(wide, target=narrow, moves=["null_units('hidden')"])) == (False, (13, 13), (15, 15))
    options = {"width": 2, "hidden": 1}
    result = embed(ll.residual(**options), target=ll.residual(**options, bias=False))
    assert result.critical is False
    assert result.obstacles == tuple(
        f"the target has no {name}; it is a new parameter" for name in ("b1", "c1")
    )
    tied = [ll.tied_autoencoder(inputs=2, hidden=m, activation="sigmoid", bias=False) for m in (1, 2)]
    assert refused(embed(tied[1], target=tied[0])) == (False, (2, 2), (4, 4))


def test_the_certificates_of_both_halves(tmp_path: Any) -> None:
    narrow, wide = PAIRS["gated"]
    result = embed(wide, target=narrow, certificate=tmp_path)
    assert result.certificate == str(tmp_path)
    assert (tmp_path / "certificate.json").is_file()


DEEP = ll.conv(input=(6,), kernel=(2,), channels=(2, 2))
WIDE = ll.residual(width=2, blocks=2, hidden=2)
REFUSED: dict[str, tuple[Network, Network, list[Any], str]] = {
    "another builder": (ll.gated(inputs=2, hidden=2), WIDE, [], "are built in different ways"),
    "a family": (WIDE, ll.mlp(2, 2, 2), [], "are built in different ways"),
    "no builder": (Network("own", WIDE.program), WIDE, [], "the network own is no call of a builder"),
    "a wider target": (WIDE, ll.residual(width=2, hidden=3), [], "block 1 of the target does not fit"),
    "more channels": (
        DEEP,
        ll.conv(input=(6,), kernel=(2,), channels=(2, 3)),
        [],
        "the target has 3 units 'channels2', the network 2",
    ),
    "more layers": (
        DEEP,
        ll.conv(input=(6,), kernel=(2,), channels=(2, 2, 2)),
        [],
        "the target has the parameter K3 and the network has none such",
    ),
    "fewer layers": (
        ll.conv(input=(6,), kernel=(2,), channels=(2, 2, 2)),
        DEEP,
        [],
        "the network has the parameter K3 and the target has none such",
    ),
    "another last layer": (
        ll.conv(input=(6,), kernel=(2,), channels=(2, 3), outputs=None),
        ll.conv(input=(6,), kernel=(2,), channels=(2, 2), outputs=None),
        [],
        "K2 of the target has the shape (2, 2, 2) in the end",
    ),
    "another activation": (
        WIDE,
        ll.residual(width=2, hidden=2, activation="sin"),
        [],
        "the target has activation sin, the network tanh",
    ),
    "biases": (
        ll.residual(width=2, hidden=2, bias=False),
        ll.residual(width=2, hidden=2),
        [],
        "the target has the parameter b1 and the network has none such",
    ),
    "unknown units": (WIDE, WIDE, ["split_unit('heads')"], "there are no units 'heads'"),
    "an unknown unit": (WIDE, WIDE, ["split_unit('hidden1', 2)"], "'hidden1' has the units 0 to 1, not 2"),
    "too many units": (WIDE, WIDE, [NullUnits("hidden1", 2)], "the target has 4 units 'hidden1'"),
    "no count": (WIDE, WIDE, ["null_units('hidden1', 0)"], "0 units were asked for"),
    "no copies": (WIDE, WIDE, ["split_unit_evenly('hidden1', 0, 0)"], "0 units were asked for"),
    "no number": (WIDE, WIDE, ["split_unit('hidden1', 0, 'a b')"], "is no number"),
    "a move of families": (WIDE, WIDE, ["null(1)"], "is for networks with a family"),
    "a move of units": (
        ll.mlp(1, 2, 1),
        ll.mlp(1, 1, 1),
        ["null_units('x')"],
        "for networks without a family",
    ),
    "tied clones": (
        PAIRS["tied"][1],
        PAIRS["tied"][0],
        ["split_unit('hidden')"],
        "'hidden' has no weights of its own that lead on",
    ),
    "blocks of a network without": (*PAIRS["gated"][::-1], ["null_block(1)"], "only residual networks"),
    "a block that is not there": (WIDE, WIDE, ["null_block(3)"], "one of the blocks 1 to 2"),
    "too many silent blocks": (WIDE, WIDE, ["null_block(1)"], "block 2 of the target does not fit"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    network, target, moves, reason = REFUSED[case]
    with pytest.raises(BadInput) as caught:
        embed(network, target=target, moves=moves)
    assert reason in str(caught.value)


def test_every_weight_of_a_unit_is_known() -> None:
    """The table names each parameter of the builders, and axes of one length for the units of a group."""
    for narrow, wide in PAIRS.values():
        shapes = {name: shape for name, shape, _ in wide.layers}
        groups = unit_groups(wide)
        assert call_of(narrow) is not None
        assert groups
        for group in groups:
            sizes = {shapes[name][axis] for name, axis in (*group.own, *group.outgoing)}
            assert len(sizes) == 1, group.name
    assert unit_groups(ll.mlp(1, 2, 1)) == ()
