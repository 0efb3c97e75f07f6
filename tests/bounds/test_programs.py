"""Optimistic sample sizes of targets without a theorem: bounds by embeddings, and at given weights."""

from typing import Any

import pytest

import llrsym as ll
from llrsym.errors import BadInput, OutOfBudget
from llrsym.networks.assembly import Assembly
from llrsym.networks.network import Network
from llrsym.verification import verify

SAME = {"tokens": 2, "dim": 2}
BOUNDS: dict[str, tuple[Network, Network, int, int]] = {
    "conv": (
        ll.conv(input=(5,), kernel=(2,), channels=(4, 4)),
        ll.conv(input=(5,), kernel=(2,), channels=(1, 2)),
        2 + 4 + 6,
        12,
    ),
    "residual": (
        ll.residual(width=2, blocks=4, hidden=3),
        ll.residual(width=2, blocks=1, hidden=1),
        7,
        5,
    ),
    "recurrent": (
        ll.recurrent(inputs=1, hidden=4, steps=3),
        ll.recurrent(inputs=1, hidden=2, steps=3),
        11,
        11,
    ),
    # 8 parameters less the scalings of WQ, WK and of WV, WO
    "attention": (
        ll.attention(**SAME, head_dim=2, heads=3),
        ll.attention(**SAME, head_dim=1),
        8 - 2,
        3,
    ),
    # the key bias is worthless
    "biased attention": (
        ll.attention(**SAME, head_dim=1, heads=3, bias=True),
        ll.attention(**SAME, head_dim=1, bias=True),
        13 - 2 - 1 - 1,
        4,
    ),
}


@pytest.mark.parametrize("family", BOUNDS)
def test_the_rank_of_the_target_bounds_the_samples(family: str, tmp_path: Any) -> None:
    network, target, rank, samples = BOUNDS[family]
    verdict = ll.optimistic_sample_size(network, target=target, certificate=tmp_path)
    assert (verdict.lower, verdict.upper) == (0, rank)
    assert (verdict.samples_lower, verdict.samples_upper) == (0, samples)
    assert (verdict.lower_verdict, verdict.upper_verdict) == ("open", "proved")
    assert verdict.parameters == network.parameter_count > rank
    assert ll.model_rank(target).upper == rank
    claim, certificate = ((tmp_path / f"{name}.json").read_text() for name in ("claim", "certificate"))
    assert verify(claim, certificate).upper == rank
    assert verdict.derivation is not None
    assert verdict.derivation.premises[0].rule == "Embedding Principle"


def test_the_minor_says_how_many_samples() -> None:
    """Four outputs and rank 6: three samples reach it; for one output there is no such step."""
    network, target, *_ = BOUNDS["attention"]
    tree = ll.optimistic_sample_size(network, target=target).derivation
    assert tree is not None
    assert [p.statement for p in tree.premises][1:] == ["3 samples reach the rank of the target"]
    network, target, *_ = BOUNDS["recurrent"]
    tree = ll.optimistic_sample_size(network, target=target).derivation
    assert tree is not None
    assert len(tree.premises) == 1


def test_special_weights_need_fewer() -> None:
    """A neuron without outgoing weights adds its value alone."""
    weights = {"W1": [[1, 2]], "b1": [0], "V1": [[0], [0]], "c1": [0, 0]}
    verdict = ll.optimistic_sample_size(
        ll.residual(width=2, blocks=2, hidden=2), target=ll.residual(width=2, hidden=1), weights=weights
    )
    assert (verdict.at, verdict.upper, verdict.samples_upper) == ("given", 4, 2)


def test_a_network_of_any_kind_at_its_own_weights() -> None:
    """x -> v exp(w x) with v = 0: the derivative by w is zero."""
    net = Assembly((1,), {"w": (1,), "v": (1,)})
    h = net.activation("exp", net.multiply(net.parameter("w"), net.input))
    own = Network("own", net.finish(net.multiply(net.parameter("v"), h)))
    verdict = ll.optimistic_sample_size(own, weights={"w": [1], "v": [0]})
    assert (verdict.upper, verdict.samples_upper, verdict.target) == (1, 1, "own")
    assert ll.optimistic_sample_size(own).upper == 2
    with pytest.raises(BadInput, match="the network own is no call of a builder"):
        ll.optimistic_sample_size(own, target=ll.mlp(1, 1, 1))


def test_a_family_at_its_own_weights() -> None:
    weights = {"W1": [[1], [1]], "b1": [0, 0], "W2": [[1, 1]], "b2": [0]}
    verdict = ll.optimistic_sample_size(ll.mlp(1, 2, 1), weights=weights)
    assert (verdict.samples, verdict.verdict) == (4, "proved")


def test_embeddings_that_do_not_keep_the_rank_bound_nothing() -> None:
    tied = [ll.tied_autoencoder(inputs=2, hidden=m, activation="sigmoid", bias=False) for m in (1, 2)]
    with pytest.raises(BadInput, match="no embedding of the target is proved to keep its tangent functions"):
        ll.optimistic_sample_size(tied[1], target=tied[0])
    with pytest.raises(BadInput, match="the target has no b1; it is a new parameter; give the target the"):
        ll.optimistic_sample_size(
            ll.residual(width=1, hidden=2), target=ll.residual(width=1, hidden=1, bias=False)
        )


def test_a_budget_leaves_the_number_of_parameters() -> None:
    network, target, *_ = BOUNDS["biased attention"]
    with pytest.raises(OutOfBudget) as caught:
        ll.optimistic_sample_size(network, target=target, budget=1e-9)
    assert caught.value.verdict.upper == target.parameter_count
