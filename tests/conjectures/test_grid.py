"""Grids of sizes: points, larger and degenerate ones, refusals."""

import pytest

from llrsym.conjectures.grid import MAX_POINTS, Grid, read_sizes
from llrsym.errors import BadInput


def test_the_points_fulfil_the_condition():
    grid = Grid.of({"s": (2, 1, 2), "d": range(1, 4)}, "s <= d")
    assert [tuple(p.values()) for p in grid.points] == [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)]


def test_larger_points_lie_beyond_the_grid_in_every_size():
    grid = Grid.of({"k": (2, 4, 6), "d": (1, 2, 3)})
    larger = grid.larger
    assert {"k": 8, "d": 4} in larger
    assert {"k": 8, "d": 3} in larger
    assert {"k": 6, "d": 4} in larger
    assert all(p["k"] > 6 or p["d"] > 3 for p in larger)


def test_degenerate_points_have_a_size_1_or_one_far_beyond():
    grid = Grid.of({"k": range(2, 6), "d": range(2, 5)})
    assert {"k": 1, "d": 1} in grid.degenerate
    assert {"k": 1, "d": 4} in grid.degenerate
    assert {"k": 6, "d": 2} in grid.degenerate
    assert not any(p in grid.points for p in grid.degenerate)


def test_points_beyond_the_grid_fulfil_the_condition_too():
    grid = Grid.of({"s": range(1, 4), "d": range(1, 5)}, "s <= d")
    assert all(p["s"] <= p["d"] for p in [*grid.larger, *grid.degenerate])


def test_a_condition_without_a_meaning_beyond_the_grid_drops_these_points():
    assert Grid.of({"k": (3, 4)}, "binom(5-k, 1) >= 0").larger == [{"k": 5}]
    assert Grid.of({"k": (4, 5)}, "binom(5-k, 1) >= 0").larger == []


def test_sizes_are_read():
    assert read_sizes(" k = 1..3 , d=4") == {"k": (1, 2, 3), "d": (4,)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("k", "is not like"),
        ("k=1...3", "is not like"),
        ("k=a", "is not like"),
        ("1k=1", "is not like"),
        ("", "is not like"),
        ("k=3..1", "is empty"),
        ("k=1,k=2", "occurs twice"),
    ],
)
def test_other_texts_are_refused(text, reason):
    with pytest.raises(BadInput, match=reason):
        read_sizes(text)


@pytest.mark.parametrize(
    ("sizes", "where", "reason"),
    [
        ({}, None, "there are none"),
        ({"k": []}, None, "of k are no sizes"),
        ({"k": [1.5]}, None, "of k are no sizes"),
        ({"k": [-1]}, None, "of k are no sizes"),
        ({"k": [True]}, None, "of k are no sizes"),
        ({"2": [1]}, None, "is no name"),
        ({"__0": [1]}, None, "is no name"),
        ({"k": [1]}, "k > 1", "no sizes of the grid"),
        ({"k": [1]}, "q > 1", "q in 'q > 1' is not one of the sizes"),
        ({"k": [1]}, "k", "is no condition"),
        ({"k": range(1, MAX_POINTS), "d": (1, 2)}, None, "more than"),
    ],
)
def test_grids_without_points_are_refused(sizes, where, reason):
    with pytest.raises(BadInput, match=reason):
        Grid.of(sizes, where)
