"""Exactness of the float64 elimination against FLINT and Python integers."""

from itertools import product

import numpy as np
import pytest
from flint import nmod_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from llrsym.domains.elimination import (
    BLOCKS,
    PANEL_MAX,
    PRIME_LIMIT,
    Elimination,
    center,
    eliminate,
)

LARGEST = 8388593  # the largest prime below 2**23
PRIMES = (3, 5, 7, 101, 65537, 4194301, LARGEST)
Floats = NDArray[np.float64]


def flint_matrix(matrix: Floats, prime: int) -> nmod_mat:
    residues = (matrix.astype(np.int64) % prime).ravel().tolist()
    height, width = matrix.shape
    return nmod_mat(height, width, residues, prime)


def check_against_flint(matrix: Floats, prime: int) -> Elimination:
    found = eliminate(matrix.copy(), prime)
    assert found.rank == flint_matrix(matrix, prime).rank()
    check_minor(matrix, prime, found)
    return found


def check_minor(matrix: Floats, prime: int, found: Elimination) -> None:
    assert found.rows.dtype == found.columns.dtype == np.int64
    assert len(set(found.rows.tolist())) == len(set(found.columns.tolist())) == found.rank
    assert found.rows.shape == found.columns.shape == (found.rank,)
    if found.rank:
        minor = flint_matrix(matrix[np.ix_(found.rows, found.columns)], prime)
        assert int(minor.det()) != 0


def random_residues(rng: np.random.Generator, prime: int, *shape: int) -> Floats:
    return rng.integers(-(prime // 2), prime // 2 + 1, shape).astype(np.float64)


def random_of_rank(rng: np.random.Generator, prime: int, height: int, width: int, rank: int) -> Floats:
    left = random_residues(rng, prime, height, rank).astype(np.int64)
    right = random_residues(rng, prime, rank, width).astype(np.int64)
    return center(((left @ right) % prime).astype(np.float64), prime)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Floats, int]:
    """Sums of a low-rank and a sparse matrix, some rows and columns zero or repeated."""
    prime = draw(st.sampled_from(PRIMES))
    height, width = draw(st.integers(0, 150)), draw(st.integers(0, 150))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = random_of_rank(rng, prime, height, width, draw(st.integers(0, 40)))
    density = draw(st.sampled_from((0.0, 0.01, 0.1, 1.0)))
    sparse = random_residues(rng, prime, height, width) * (rng.random((height, width)) < density)
    matrix = center(matrix + sparse, prime)
    if draw(st.booleans()) and height:
        matrix = matrix[rng.integers(0, height, height)]
    if draw(st.booleans()):
        matrix = matrix * (rng.random(width) < 0.5)
    return matrix, prime


@settings(max_examples=150, deadline=None, derandomize=True)
@given(matrices())
def test_rank_and_minor_agree_with_flint(case: tuple[Floats, int]) -> None:
    check_against_flint(*case)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from((3, 5)), st.data())
def test_tiny_matrices_over_tiny_primes(height: int, width: int, prime: int, data: st.DataObject) -> None:
    entries = st.integers(-(prime // 2), prime // 2)
    flat = data.draw(st.lists(entries, min_size=height * width, max_size=height * width))
    check_against_flint(np.array(flat, np.float64).reshape(height, width), prime)


@pytest.mark.parametrize("prime", [3, LARGEST])
@pytest.mark.parametrize(
    ("height", "width", "rank"),
    [
        (500, 500, 500),
        (700, 450, 450),
        (450, 1300, 450),
        (600, 600, 300),
        (900, 600, 1),
        (BLOCKS[0] + 1, PANEL_MAX + 1, BLOCKS[0]),
        (600, 3 * PANEL_MAX, 600),
        (40, 8 * PANEL_MAX + 5, 40),
    ],
)
def test_shapes_that_cross_panels_and_blocks(height: int, width: int, rank: int, prime: int) -> None:
    matrix = random_of_rank(np.random.default_rng(height + width), prime, height, width, rank)
    check_against_flint(matrix, prime)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (7, 4), (300, 200)])
def test_zero_matrices(shape: tuple[int, int]) -> None:
    found = eliminate(np.zeros(shape), 7)
    assert (found.rank, found.rows.size, found.columns.size) == (0, 0, 0)


def structured() -> dict[str, Floats]:
    rng = np.random.default_rng(5)
    full = random_residues(rng, LARGEST, 400, 400)
    alternate = np.arange(400) % 2
    x, zero = full[:150, :130], np.zeros((150, 130))
    return {
        "zero columns": full * alternate,
        "zero rows": full * alternate[:, None],
        "repeated columns": full[:, np.arange(400) // 2],
        "repeated rows": full[np.arange(400) // 2],
        "zero corner": full * (np.add.outer(np.arange(400) // 200, np.arange(400) // 200) > 0),
        "three overlapping pairs": np.block([[x, x, zero], [x, zero, x], [zero, x, x]]),
        "constant tiles": np.kron(full[:20, :20], np.ones((20, 20))),
        "constant tiles plus identity": center(
            np.kron(full[:20, :20], np.ones((20, 20))) + np.eye(400), LARGEST
        ),
        "reversed identity": np.eye(400)[::-1].copy(),
        "permutation": np.eye(400)[rng.permutation(400)],
        "triangle of ones": np.triu(np.ones((400, 400))),
        "column order": np.asfortranarray(full[:300]),
        "strided view": full[::2, ::3],
    }


@pytest.mark.parametrize("name", structured())
def test_structured_matrices(name: str) -> None:
    check_against_flint(structured()[name], LARGEST)


@pytest.mark.parametrize(
    ("name", "rank"), [("zero columns", 200), ("repeated rows", 200), ("three overlapping pairs", 390)]
)
def test_structured_ranks_known_by_hand(name: str, rank: int) -> None:
    assert eliminate(structured()[name], LARGEST).rank == rank


def extreme_matrix(prime: int, height: int, width: int) -> Floats:
    """Entries +-(prime - 1)/2 only: a random sign matrix, scaled."""
    signs = np.random.default_rng(8).integers(0, 2, (height, width)) * 2 - 1
    return signs.astype(np.float64) * (prime // 2)


@pytest.mark.parametrize("shape", [(600, 600), (420, 8 * PANEL_MAX)])
def test_extreme_entries_are_eliminated_exactly(shape: tuple[int, int]) -> None:
    check_against_flint(extreme_matrix(LARGEST, *shape), LARGEST)


def test_longest_inner_product_of_extreme_residues_is_exact() -> None:
    half = LARGEST // 2 + 2  # the widest residue that `center` may return
    assert LARGEST < PRIME_LIMIT
    assert PANEL_MAX * half**2 + half <= 2**53 - LARGEST
    for left, right in product((half, -half), repeat=2):
        total = np.full((1, PANEL_MAX), float(left)) @ np.full((PANEL_MAX, 1), float(right)) + half
        exact = PANEL_MAX * left * right + half
        assert int(total[0, 0]) == exact
        assert (int(center(total, LARGEST)[0, 0]) - exact) % LARGEST == 0


def test_extreme_low_rank_with_full_panels() -> None:
    """Rows that combine a full panel of extreme rows must cancel to exact zeros."""
    size = PANEL_MAX
    wide = extreme_matrix(LARGEST, size, 8 * size)
    again = extreme_matrix(LARGEST, 100, size).astype(np.int64) @ wide.astype(np.int64) % LARGEST
    matrix = np.vstack([wide, center(again.astype(np.float64), LARGEST)])
    assert check_against_flint(matrix, LARGEST).rank == size


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(PRIMES), st.data())
def test_center_agrees_with_python_integers(prime: int, data: st.DataObject) -> None:
    top = 2**53 - prime
    numbers = data.draw(st.lists(st.integers(-top, top) | st.integers(top - 9, top), min_size=1, max_size=20))
    residues = center(np.array(numbers, np.float64), prime)
    for number, residue in zip(numbers, residues.tolist(), strict=True):
        assert residue == int(residue)
        assert (int(residue) - number) % prime == 0
        assert abs(residue) <= prime / 2 + (0 if abs(number) <= 2**50 else 2)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (70000,), (700, 100), (3, 40000), (40, 50, 60)])
def test_center_of_any_shape_in_place_or_not(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).integers(-(2**52), 2**52, shape).astype(np.float64)
    before, expected = values.copy(), values.astype(np.int64) % 4194301
    fresh = center(values, 4194301)
    assert np.array_equal(values, before)
    assert np.array_equal(fresh.astype(np.int64) % 4194301, expected)
    assert center(values, 4194301, out=values) is values
    assert np.array_equal(values, fresh)


@pytest.mark.parametrize("stop_at", [0, 1, 64, 129, 200, 299, 300, 1000])
def test_stop_at_returns_that_many_pivots(stop_at: int) -> None:
    matrix = random_of_rank(np.random.default_rng(2), LARGEST, 350, 600, 300)
    found = eliminate(matrix.copy(), LARGEST, stop_at=stop_at)
    assert found.rank == min(stop_at, 300)
    check_minor(matrix, LARGEST, found)


def test_leading_minors_are_nonsingular() -> None:
    matrix = structured()["three overlapping pairs"]
    found = check_against_flint(matrix, LARGEST)
    for size in range(1, found.rank, 37):
        leading = matrix[np.ix_(found.rows[:size], found.columns[:size])]
        assert int(flint_matrix(leading, LARGEST).det()) != 0


def test_rank_depends_on_the_prime() -> None:
    matrix = np.array([[1.0, 2.0], [2.0, -1.0]])  # determinant -5
    assert eliminate(matrix.copy(), 5).rank == 1
    assert eliminate(matrix.copy(), 7).rank == 2


@pytest.mark.parametrize("prime", [-3, 0, 1, 2, 4, 9, 15, 2**23 - 1, 2**23 + 9])
def test_modulus_must_be_an_odd_prime_below_the_limit(prime: int) -> None:
    with pytest.raises(ValueError, match="odd prime"):
        eliminate(np.zeros((2, 2)), prime)


@pytest.mark.parametrize("entry", [0.5, 6.0, -7.0, np.nan, np.inf])
def test_entries_must_be_centred_integers(entry: float) -> None:
    with pytest.raises(ValueError, match="centred residues"):
        eliminate(np.array([[1.0, entry]]), 7)


def test_a_multiple_of_a_tiny_prime_is_not_a_centred_residue() -> None:
    with pytest.raises(ValueError, match="centred residues"):
        eliminate(np.array([[3.0]]), 3)


def test_stop_at_must_not_be_negative() -> None:
    with pytest.raises(ValueError, match="stop_at"):
        eliminate(np.zeros((2, 2)), 7, stop_at=-1)
