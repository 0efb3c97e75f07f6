"""Null vectors modulo a prime, and the sets of tensors on which they live."""

import flint
import numpy as np
import pytest

from llrsym.domains.elimination import center
from llrsym.kernel.residues import PRIMES
from llrsym.tangent.supports import inverse, null_space, product, supports

P = PRIMES[0]


def silent() -> None:
    return None


def random_matrix(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return center(rng.integers(0, P, (rows, columns)).astype(np.float64), P)


@pytest.mark.parametrize(
    ("rows", "columns", "rank"), [(0, 3, 0), (5, 0, 0), (4, 9, 3), (70, 50, 50), (600, 900, 500), (40, 40, 0)]
)
def test_the_null_space_is_all_of_it(rows, columns, rank):
    matrix = product(random_matrix(rows, rank, 1), random_matrix(rank, columns, 2), P)
    basis = null_space(matrix.copy(), P, silent)
    assert basis.shape == (columns - rank, columns)
    assert not product(matrix, basis.T, P).any()
    if basis.size:
        assert flint.nmod_mat((basis.astype(np.int64) % P).tolist(), P).rank() == columns - rank


def test_columns_that_depend_on_others_across_blocks_are_found():
    left = random_matrix(500, 400)
    matrix = np.concatenate([left, left[:, ::-1], np.zeros((500, 2)), random_matrix(500, 50, 5)], axis=1)
    basis = null_space(matrix, P, silent)
    assert len(basis) == 402
    assert not product(matrix, basis.T, P).any()


@pytest.mark.parametrize("count", [0, 1, 64, 65, 200])
def test_the_inverse_of_a_generic_matrix(count):
    matrix = random_matrix(count, count, 3)
    assert (product(matrix, inverse(matrix, P), P) == np.eye(count)).all()


def groups(*sizes: int) -> list[np.ndarray]:
    ends = np.cumsum(sizes)
    return [np.arange(end - n, end) for n, end in zip(sizes, ends, strict=True)]


def test_sets_account_for_all_combinations_and_single_groups_come_first():
    """Vectors on groups 0 and 1, on 2 alone, and on 3, 4 and 5."""
    basis = np.zeros((4, 12))
    basis[0:2, 0:4] = random_matrix(2, 4, 1)
    basis[2, 4:6] = random_matrix(1, 2, 2)
    basis[3, 6:12] = random_matrix(1, 6, 3)
    mixed = product(random_matrix(4, 4, 4), basis, P)
    found = list(supports(mixed, groups(2, 2, 2, 2, 2, 2), lambda chosen: True, P, silent))
    assert found[0] == (2,)
    assert sorted(found[1:]) == [(0, 1), (3, 4, 5)]


def test_a_group_that_allows_for_more_is_added_or_comes_one_at_a_time():
    """Three vectors on groups 0 and 1; more with group 2 or 3."""
    basis = np.zeros((5, 24))
    basis[0:3, 0:12] = random_matrix(3, 12, 1)
    basis[3, 0:18] = random_matrix(1, 18, 2)
    basis[4, [*range(12), *range(18, 24)]] = random_matrix(1, 18, 3)
    four = groups(6, 6, 6, 6)
    assert list(supports(basis, four, lambda chosen: True, P, silent)) == [(0, 1, 2, 3)]
    assert list(supports(basis, four, lambda chosen: len(chosen) < 4, P, silent)) == [(0, 1, 2), (0, 1, 3)]


def test_no_combinations_live_nowhere():
    assert list(supports(np.zeros((0, 4)), groups(2, 2), lambda chosen: True, P, silent)) == []


def test_the_search_can_be_ended_from_outside():
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        null_space(random_matrix(3, 4), P, stop)
