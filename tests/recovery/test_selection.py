"""Pivoting and exchange against determinants and brute force."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.domains.arb import evaluation_matrix, precision_of
from llrsym.networks.builders import mlp
from llrsym.networks.weights import exact_weights
from llrsym.recovery.data import read_data
from llrsym.recovery.orthonormal import approx_tangent_basis
from llrsym.recovery.selection import _Design, exchanged, explained, pivoted


def draw(seed, candidates, outputs, rank):
    return np.random.default_rng(seed).normal(size=(candidates, outputs, rank))


def squared_volume(blocks, chosen):
    rows = blocks[list(chosen)].reshape(-1, blocks.shape[2])
    return np.linalg.det(rows.T @ rows)


def silent(message):
    return None


sizes = st.tuples(st.integers(0, 99), st.integers(1, 3), st.integers(1, 5))


@given(sizes)
def test_factors_of_exchanges_and_additions_are_quotients_of_determinants(drawn):
    seed, outputs, rank = drawn
    blocks = draw(seed, 8, outputs, rank)
    chosen = list(range(-(-rank // outputs) + seed % 2))
    before = squared_volume(blocks, chosen)
    design = _Design(blocks, chosen)
    place = seed % len(chosen)
    rest = [k for n, k in enumerate(chosen) if n != place]
    for candidate, (gain, factor) in enumerate(zip(design.gains(), design.factors(place), strict=True)):
        assert gain == pytest.approx(squared_volume(blocks, [*chosen, candidate]) / before)
        changed = squared_volume(blocks, [*rest, candidate]) / before
        assert factor == pytest.approx(changed, rel=1e-6, abs=1e-6)


@given(sizes)
def test_updates_agree_with_a_new_computation(drawn):
    seed, outputs, rank = drawn
    blocks = draw(seed, 8, outputs, rank)
    design = _Design(blocks, list(range(rank)))
    design.add(7)
    design.replace(0, 6)
    fresh = _Design(blocks, design.chosen)
    assert design.chosen == [6, *range(1, rank), 7]
    assert np.allclose(design.inverse, fresh.inverse, rtol=1e-5, atol=1e-5 * abs(fresh.inverse).max())
    assert np.allclose(design.products, fresh.products, rtol=1e-5, atol=1e-5 * abs(fresh.products).max())


@given(sizes)
def test_the_volume_of_a_selection_is_the_product_of_what_its_samples_add(drawn):
    seed, outputs, rank = drawn
    blocks = draw(seed, 8, outputs, rank)
    chosen = pivoted(blocks, None)
    choices = explained(blocks, [*chosen, *(k for k in range(8) if k not in chosen)])
    assert sum(choice.new for choice in choices) == rank
    assert len(chosen) == -(-rank // outputs)  # generic rows: as few as counting allows
    whole = np.prod([choice.volume for choice in choices])
    if rank % outputs == 0:  # else the last block of the full rank has more rows than new directions
        assert whole**2 == pytest.approx(squared_volume(blocks, range(8)), rel=1e-6)


def test_pivoting_takes_the_row_that_is_farthest_from_the_earlier_ones():
    rows = np.array([[1.0, 0, 0], [0.9, 2, 0], [3, 0, 0.1], [0, 0, 0.5]])[:, None, :]
    assert pivoted(rows, None) == [2, 1, 3]
    assert [choice.distances[0] for choice in explained(rows, [0, 1, 2])] == pytest.approx([1, 2, 0.1])


def test_more_and_fewer_points_than_the_rank():
    blocks = draw(5, 20, 1, 4)
    full, more, all_ = pivoted(blocks, None), pivoted(blocks, 7), pivoted(blocks, 20)
    assert pivoted(blocks, 2) == full[:2]
    assert more[:4] == full
    assert sorted(all_) == list(range(20))
    best = max((squared_volume(blocks, [*full, k]), k) for k in range(20) if k not in full)
    assert more[4] == best[1]


@pytest.mark.parametrize("outputs", [1, 2])
def test_blocks_without_new_directions_end_the_selection(outputs):
    blocks = np.zeros((6, outputs, 4))
    blocks[:, :, :2] = draw(1, 6, outputs, 2)
    choices = explained(blocks, pivoted(blocks, None))
    assert sum(choice.new for choice in choices) == 2
    assert len(pivoted(blocks, 5)) == 5


@pytest.mark.parametrize(("outputs", "rank", "count"), [(1, 3, 3), (1, 3, 4), (2, 4, 2), (2, 3, 2)])
def test_exchange_reaches_nearly_the_largest_volume(outputs, rank, count):
    for seed in range(10):
        blocks = draw(seed, 9, outputs, rank)
        start = list(range(count))
        chosen, made = exchanged(blocks, start, silent)
        best = max(squared_volume(blocks, subset) for subset in combinations(range(9), count))
        reached = squared_volume(blocks, chosen)
        assert reached >= 0.5 * best
        growth = np.prod([exchange.volume for exchange in made]) ** 2
        assert reached == pytest.approx(growth * squared_volume(blocks, start), rel=1e-5)


def test_a_selection_without_volume_is_not_exchanged():
    blocks = draw(0, 9, 1, 4)
    assert exchanged(blocks, [3, 1], silent) == ([3, 1], [])


@pytest.mark.parametrize(("scale", "bits"), [(1.0, 53), (0.02, 53), (0.003, 320)])
def test_quotients_of_volumes_are_quotients_of_minors(scale, bits):
    network, rng = mlp(2, 4, 1), np.random.default_rng(3)
    weights = exact_weights(network, {n: scale * rng.normal(size=s) for n, s, _ in network.layers})
    data = read_data(rng.integers(-64, 64, size=(40, 2)) / 64)
    basis = approx_tangent_basis(network.program, weights, data, 17, range(17), silent)
    assert basis.bits == bits
    rows = basis.blocks[:, 0, :]
    assert np.allclose(rows.T @ rows / len(rows) * 17, np.eye(17), atol=1e-8)
    first, second = pivoted(basis.blocks, None), list(range(17))
    with precision_of(500):
        minors = [
            evaluation_matrix(
                network.program, weights, [data.points[basis.positions[k]] for k in chosen], 500
            ).det()
            for chosen in (first, second)
        ]
        expected = float(abs(minors[0] / minors[1]).mid())
    found = abs(np.linalg.det(rows[first]) / np.linalg.det(rows[second]))
    assert found == pytest.approx(expected, rel=1e-3)
