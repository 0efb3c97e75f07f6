"""Exact rank-revealing Gaussian elimination modulo a prime on floating-point matrix products.

Residues are integers held in float64 and kept centred, |a| <= p/2 + 2. For p < 2**23 a sum of `PANEL_MAX`
products of two of them stays below 2**53, so a BLAS matrix product of that inner length is exact, whatever
the order of summation or the use of fused multiply-add; one reduction then serves the whole product
(Dumas, Giorgi, Pernet, "Dense linear algebra over word-size prime fields", arXiv:cs/0601133).

The elimination is right-looking over column panels. Within a panel every pivot step is a Gauss-Jordan
exchange: for pivot rows R and columns C with minor W = X[R, C],

    X[R, C] -> W^-1        X[R, .] -> W^-1 X[R, .]        X[i, C] -> -X[i, C] W^-1
    X[i, j] -> X[i, j] - X[i, C] W^-1 X[R, j].

Exchanges compose. So a panel is exchanged by blocks, a block by smaller blocks and the smallest entry by
entry; afterwards the panel holds the multipliers of one product that updates the rest of the matrix.
A minor of less than full rank only means that its missing columns are searched again in further rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

PRIME_LIMIT = 2**23
PANEL_STEP, PANEL_MAX = 64, 384  # 384 * (2**22 + 2)**2 < 2**53 - 2**23: the longest exact inner product used
BLOCKS = (128, 32)  # block widths inside a panel; the last is eliminated entry by entry in int64
PRODUCT, PRODUCT_ROWS = 2**18, 128  # numbers in one product and its fewest rows: few BLAS calls, small buffer
CACHED = 2**15  # numbers reduced at a time: 256 kB, so that the passes of one reduction stay in cache


@dataclass(frozen=True)
class Elimination:
    """Rank and pivot positions of a matrix modulo a prime.

    The minor at `[rows, columns]` (original indices, in order of elimination) is non-singular modulo the
    prime, and so is every leading minor of it.
    """

    rank: int
    rows: Indices
    columns: Indices


def unwatched() -> None:
    """A tick for steps that nobody wants to end."""


def center(values: Floats, prime: int, out: Floats | None = None) -> Floats:
    """Return the centred residues of integers held in float64, exactly.

    `values` has at least one axis and integer entries with |v| <= 2**53 - prime. Every result is congruent
    to its entry, with |r| <= prime/2 when |v| <= 2**50 and |r| <= prime/2 + 2 always. The result is written
    to `out` when given; `out` may be `values` itself.

    >>> center(np.array([12.0, -4.0, 3.0]), 7)
    array([-2.,  3.,  3.])
    """
    result = np.empty(values.shape) if out is None else out
    if values.size == 0:
        return result
    step = max(1, CACHED * len(values) // values.size)
    buffer = np.empty((min(step, len(values)), *values.shape[1:]))
    for start in range(0, len(values), step):
        piece = values[start : start + step]
        _reduce(piece, prime, buffer[: len(piece)], result[start : start + step])
    return result


def _reduce(piece: Floats, prime: int, quotient: Floats, out: Floats) -> None:
    # A quotient that is off by one only leaves the residue off centre: the subtraction is exact either way.
    np.multiply(piece, 1.0 / prime, out=quotient)
    np.rint(quotient, out=quotient)
    np.multiply(quotient, float(prime), out=quotient)
    np.subtract(piece, quotient, out=out)


def eliminate(
    matrix: Floats, prime: int, *, stop_at: int | None = None, tick: Callable[[], None] = unwatched
) -> Elimination:
    """Return the exact rank of `matrix` modulo `prime` and where a non-singular minor of that size is.

    `matrix` (n, m), of any shape and rank, holds centred residues in float64 and is destroyed; C order is
    fastest. With `stop_at` the search ends at that many pivots: the rank returned is min(rank, stop_at).
    `tick` is called once a panel and may raise.

    Raises ValueError when `prime` is not an odd prime below 2**23, when an entry is not a centred residue
    (an integer with |a| <= prime/2 + 2 and |a| < prime) or when `stop_at` is negative.

    >>> found = eliminate(np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 3.0]]), 7)
    >>> found.rank, found.rows.tolist(), found.columns.tolist()
    (2, [1, 2], [0, 1])
    """
    _check_input(matrix, prime, stop_at)
    height, width = matrix.shape
    limit = min(height, width) if stop_at is None else min(height, width, stop_at)
    order = np.arange(height)
    columns = np.empty(0, np.int64)
    step = min(PANEL_MAX, PANEL_STEP * (1 + width // (8 * PANEL_STEP)))
    for start in range(0, width, step):
        done = len(columns)
        if done >= limit:
            break
        tick()
        found = _eliminate_panel(matrix[done:, start:], step, prime, order[done:])
        columns = np.concatenate([columns, start + found])
    rank = min(len(columns), limit)
    return Elimination(rank, order[:rank].copy(), columns[:rank])


def _check_input(matrix: Floats, prime: int, stop_at: int | None) -> None:
    odd = 2 < prime < PRIME_LIMIT and prime % 2 == 1
    if not odd or not all(prime % divisor for divisor in range(3, isqrt(prime) + 1, 2)):
        raise ValueError(f"prime must be an odd prime below 2**23, not {prime}")
    if stop_at is not None and stop_at < 0:
        raise ValueError(f"stop_at must not be negative, not {stop_at}")
    step = max(1, CACHED // max(1, matrix.shape[1]))
    if not all(_is_centred(matrix[top : top + step], prime) for top in range(0, len(matrix), step)):
        raise ValueError(f"matrix entries must be centred residues modulo {prime}: reduce them with center()")


def _is_centred(values: Floats, prime: int) -> bool:
    # |r| < prime makes 0 the only entry that vanishes modulo the prime; nan fails the first comparison.
    bound = min(prime / 2 + 2, prime - 1)
    integers = np.rint(values)
    return values.size == 0 or bool((integers == values).all() and np.abs(integers).max() <= bound)


def _eliminate_panel(matrix: Floats, width: int, prime: int, order: Indices) -> Indices:
    """Eliminate the first `width` columns, move pivot rows (and `order`) to the top, return pivot columns."""
    multipliers = matrix[:, :width].copy()
    rows, columns = _exchange_pivots(multipliers, prime, BLOCKS)
    rank = len(rows)
    trailing = matrix[:, width:]
    pivot_rows = trailing[rows]
    displaced = np.setdiff1d(np.arange(rank), rows)
    vacated = rows[rows >= rank]
    below = np.arange(len(matrix))
    below[vacated] = displaced
    multipliers = multipliers[np.ix_(below[rank:], columns)]
    trailing[vacated] = trailing[displaced]
    order[vacated], order[:rank] = order[displaced], order[rows]
    _add_product(trailing[rank:], multipliers, pivot_rows, prime)
    return columns


def _add_product(target: Floats, left: Floats, right: Floats, prime: int) -> None:
    """Replace `target` by the centred residues of target + left @ right, in slices that stay in cache."""
    height, width = target.shape
    if target.size == 0 or left.shape[1] == 0:
        return
    tall = min(height, max(PRODUCT_ROWS, PRODUCT // width))
    product = np.empty((tall, width))
    step = max(1, CACHED // width)
    quotient = np.empty((step, width))
    for top in range(0, height, tall):
        rows = target[top : top + tall]
        np.matmul(left[top : top + tall], right, out=product[: len(rows)])
        for start in range(0, len(rows), step):
            piece = rows[start : start + step]
            np.add(piece, product[start : start + len(piece)], out=piece)
            _reduce(piece, prime, quotient[: len(piece)], piece)


def _exchange_pivots(panel: Floats, prime: int, widths: tuple[int, ...]) -> tuple[Indices, Indices]:
    """Exchange `panel` in place at as many pivots as its rank, and return their rows and columns."""
    free = np.ones(len(panel), np.bool_)
    pivots: list[tuple[Indices, Indices]] = []
    for start in range(0, panel.shape[1], widths[0]):
        missing = np.arange(start, min(start + widths[0], panel.shape[1]))
        while len(candidates := _first_rows(panel, free, missing)):
            block = panel[np.ix_(candidates, missing)]
            rows, columns, inverse = _invert_minor(block, prime, widths)
            pivots.append((candidates[rows], missing[columns]))
            _exchange(panel, *pivots[-1], inverse, prime)
            free[candidates[rows]] = False
            missing = np.delete(missing, columns)
    none = np.empty(0, np.int64)
    return np.concatenate([none, *(r for r, _ in pivots)]), np.concatenate([none, *(c for _, c in pivots)])


def _first_rows(panel: Floats, free: NDArray[np.bool_], columns: Indices) -> Indices:
    """Return the first free rows that are not zero in `columns`, at most as many as there are columns."""
    if not len(columns):
        return columns
    window = panel[:, columns[0] : columns[-1] + 1]
    part = window if window.shape[1] == len(columns) else panel[:, columns]
    return np.flatnonzero(part.any(axis=1) & free)[: len(columns)]


def _invert_minor(block: Floats, prime: int, widths: tuple[int, ...]) -> tuple[Indices, Indices, Floats]:
    """Return pivot rows and columns of `block`, as many as its rank, and the inverse of their minor."""
    if len(widths) == 1:
        exchanged, rows, columns = _exchange_entries(block.astype(np.int64), prime)
        return rows, columns, center(exchanged[np.ix_(rows, columns)].astype(np.float64), prime)
    rows, columns = _exchange_pivots(block, prime, widths[1:])
    return rows, columns, block[np.ix_(rows, columns)]


def _exchange(panel: Floats, rows: Indices, columns: Indices, inverse: Floats, prime: int) -> None:
    """Exchange `panel` in place at the minor [rows, columns], given the inverse of this minor."""
    solved = center(inverse @ panel[rows], prime)
    solved[:, columns] = inverse
    multipliers = -panel[:, columns]
    multipliers[rows] = np.eye(len(rows))
    panel[:, columns] = 0.0
    panel[rows] = 0.0
    _add_product(panel, multipliers, solved, prime)


def _exchange_entries(block: NDArray[np.int64], prime: int) -> tuple[NDArray[np.int64], Indices, Indices]:
    """Exchange a small integer block at one entry after the other; return it with pivot rows and columns.

    Only the pivot row and column are reduced at each step: every other entry grows by less than 2**46 a step.
    """
    free = np.ones(len(block), np.bool_)
    rows: list[int] = []
    columns: list[int] = []
    for j in range(block.shape[1]):
        column = block[:, j] % prime
        i = int((column * free).argmax())
        if not (free[i] and column[i]):
            continue
        inverse = pow(int(column[i]), -1, prime)
        row = block[i] % prime * inverse % prime
        row[j], column[i] = inverse, -1
        block[:, j], block[i] = 0, 0
        block -= column[:, None] * row
        free[i] = False
        rows.append(i)
        columns.append(j)
    return block % prime, np.array(rows, np.int64), np.array(columns, np.int64)
