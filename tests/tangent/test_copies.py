"""Copies of heads and channels at given weights: exact ranks, and relations with a name."""

from collections import Counter
from fractions import Fraction

import pytest

import llrsym as ll


def doubled(shape: tuple[int, ...], start: int) -> list[object]:
    """Two equal slices of distinct fractions."""
    count = start

    def tensor(rest: tuple[int, ...]) -> object:
        nonlocal count
        if not rest:
            count += 1
            return Fraction((-1) ** count * (2 * count + 1), 4)
        return [tensor(rest[1:]) for _ in range(rest[0])]

    part = tensor(shape[1:])
    return [part, part]


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("attention(tokens=3, dim=2, head_dim=1, heads=2)", 6),
        ("attention(tokens=2, dim=2, head_dim=1, heads=2, kind='linear')", 5),
        ("conv(input=(4,), kernel=(2,), channels=(2,), activation='tanh')", 5),
    ],
)
def test_copies_add_nothing_and_are_named(text: str, rank: int) -> None:
    """Two equal heads, or channels, have the rank of one of them."""
    network = ll.parse_network(text)
    one = ll.parse_network(text.replace("heads=2", "heads=1").replace("channels=(2,)", "channels=(1,)"))
    weights = {name: doubled(shape, 7 * k) for k, (name, shape, _) in enumerate(network.layers)}
    single = {name: [value[0]] for name, value in weights.items()}
    verdict = ll.model_rank(network, at=weights, explain=True)
    assert (verdict.lower, verdict.upper) == (rank, rank)
    assert ll.model_rank(one, at=single).lower == rank
    assert isinstance(verdict.relations, tuple)
    names = Counter(relation.name for relation in verdict.relations)
    assert names["copy"] + names["clone"] >= 3
