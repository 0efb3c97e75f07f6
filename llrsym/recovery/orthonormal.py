"""The tangent functions at given weights in a basis that is orthonormal on a pool of points, as doubles.

# The choice of algorithm
# 1. J in double precision and QR with column pivoting; enough when it shows the whole rank.
# 2. Otherwise B = J J_S^-1 with Arb, for independent columns and a square set S of rows. The entries of B are
#    exact to many digits, and B contains the identity, so its least singular value is at least 1: only large
#    entries spoil it. QR of B^T names rows that reduce them; two or three rounds are enough.
# Invariant: the result is advice for the choice of samples; no theorem depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from llrsym.domains.arb import evaluation_matrix, precision_of
from llrsym.domains.float64 import approx_jacobian
from llrsym.kernel.program import Program
from llrsym.recovery.data import Data

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Weights = Sequence[Sequence[Fraction]]
Checkpoint = Callable[[str], None]
VISIBLE = 1e-11
"""Pivots in double precision below this part of the largest one may be rounding errors."""
WELL_CONDITIONED = 1e4
FIRST_BITS, MOST_BITS = 320, 2560
SHORTLIST = 2
"""With Arb, so many rows are evaluated for each unit of the rank, and at least ``FEW``."""
FEW = 300


@dataclass(frozen=True)
class TangentBasis:
    """``blocks[k]`` are the values (c, r) of r functions at point ``positions[k]`` of the pool.

    The functions span what is visible of the tangent space; their rows have length about 1. ``bits`` is the
    precision in which J was computed.
    """

    positions: tuple[int, ...]
    blocks: Array
    bits: int

    @property
    def rank(self) -> int:
        """The number of functions."""
        return int(self.blocks.shape[2])


def approx_tangent_basis(
    program: Program,
    weights: Weights,
    data: Data,
    rank: int,
    columns: Sequence[int] | None,
    checkpoint: Checkpoint,
) -> TangentBasis:
    """Return an orthonormal basis of the tangent functions on the points at which they are finite.

    ``rank`` is the dimension sought and ``columns`` are parameters whose tangent functions are known to be a
    basis, if any. There are fewer functions if fewer are visible at these points.
    """
    checkpoint(f"tangent functions at {len(data)} candidates, double precision")
    rows = approx_jacobian(program, weights, data.array)
    count = program.output_count
    finite = np.isfinite(rows).all(axis=1).reshape(len(data), count).all(axis=1)
    positions = np.flatnonzero(finite).astype(np.int64)
    rows = rows.reshape(len(data), count, -1)[positions]
    basis = _visible_basis(rows.reshape(len(positions) * count, -1), rank)
    if basis.shape[1] < rank and columns is not None and len(columns) == rank:
        picked = _shortlist(len(positions), -(-max(FEW, SHORTLIST * rank) // max(1, count)))
        precise = _precise_basis(program, weights, data, positions[picked], columns, checkpoint)
        if precise is not None:
            return precise
    return _as_blocks(positions, basis, count, 53)


def _shortlist(available: int, wanted: int) -> Integers:
    """Positions that are evenly spaced."""
    return np.unique(np.linspace(0, available - 1, min(available, wanted)).astype(np.int64))


def _as_blocks(positions: Integers, basis: Array, count: int, bits: int) -> TangentBasis:
    functions = basis.shape[1]
    scale = np.sqrt(len(basis) / functions) if functions else 1.0
    blocks = (scale * basis).reshape(len(positions), count, functions)
    return TangentBasis(tuple(int(k) for k in positions), blocks, bits)


def _visible_basis(matrix: Array, rank: int) -> Array:
    """Orthonormal columns that span those of the matrix, as far as doubles show, at most ``rank``."""
    from scipy.linalg import qr

    lengths = np.linalg.norm(matrix, axis=0)
    scaled = matrix[:, lengths > 0] / lengths[lengths > 0]
    if not scaled.size:
        return np.zeros((len(matrix), 0))
    Q, R, _ = qr(scaled, mode="economic", pivoting=True, check_finite=False)
    pivots = np.abs(np.diagonal(R))
    result: Array = Q[:, : min(rank, int((pivots > VISIBLE * pivots[0]).sum()))]
    return result


def _precise_basis(
    program: Program,
    weights: Weights,
    data: Data,
    positions: Integers,
    columns: Sequence[int],
    checkpoint: Checkpoint,
) -> TangentBasis | None:
    """The same with Arb for known columns; None if they look dependent at these points."""
    points = [data.points[k] for k in positions]
    bits = FIRST_BITS
    while len(points) * program.output_count >= len(columns) and bits <= MOST_BITS:
        checkpoint(f"tangent functions at {len(points)} candidates, {bits} bits")
        table = evaluation_matrix(program, weights, points, bits).tolist()
        with precision_of(bits):
            basis = _interpolating_basis([[row[k] for k in columns] for row in table], checkpoint)
        if basis is not None:
            return _as_blocks(positions, basis, program.output_count, bits)
        bits *= 2
    return None


def _interpolating_basis(table: list[list[arb]], checkpoint: Checkpoint) -> Array | None:
    from scipy.linalg import qr

    rank = len(table[0])
    matrix = arb_mat(table)
    rows = _pivot_rows(_scaled(table), rank)
    for attempt in range(4):
        checkpoint(f"an orthonormal basis, round {attempt + 1}")
        values = _interpolated(matrix, [table[k] for k in rows])
        if values is None:
            return None
        if np.abs(values).max() <= WELL_CONDITIONED:
            break
        rows = _pivot_rows(values, rank)
    result: Array = qr(values, mode="economic", check_finite=False)[0]
    return result


def _scaled(table: list[list[arb]]) -> Array:
    matrix = np.array([[float(entry.mid()) for entry in row] for row in table])
    lengths = np.linalg.norm(matrix, axis=0)
    scaled: Array = matrix / np.where(lengths > 0, lengths, 1.0)
    return scaled


def _pivot_rows(matrix: Array, count: int) -> list[int]:
    from scipy.linalg import qr

    order = qr(matrix.T, mode="r", pivoting=True, check_finite=False)[1]
    return [int(k) for k in order[:count]]


def _interpolated(matrix: arb_mat, square: list[list[arb]]) -> Array | None:
    """J J_S^-1 as doubles, or None if its digits are lost."""
    try:
        product = matrix * arb_mat(square).inv()
    except ZeroDivisionError:
        return None
    entries = product.entries()
    if not all(entry.is_finite() and float(entry.rad()) < 1e-8 for entry in entries):
        return None
    values = np.array([float(entry.mid()) for entry in entries])
    return values.reshape(matrix.nrows(), matrix.ncols())
