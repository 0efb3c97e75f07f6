"""Networks at which a search finds nothing to hold on to: the answer is an interval, never a crash."""

import pytest

import llrsym as ll


@pytest.mark.parametrize(
    ("network", "rank"),
    [
        (ll.mlp(1, 1, 1, 1, activation="formula:sqrt(exp(2*z))"), 4),
        (ll.mlp(1, 1, 1, activation="formula:sqrt(1+z^2)/sqrt(2+2*z^2)"), 1),
    ],
    ids=["towers of exponentials", "a root that is no new function"],
)
def test_the_true_rank_is_in_the_interval(network: ll.Network, rank: int) -> None:
    verdict = ll.model_rank(network)
    assert verdict.lower <= rank <= verdict.upper
