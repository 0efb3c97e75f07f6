"""Which candidates to take: pivoting and D-optimal exchange on orthonormal tangent functions.

Every candidate is a block of c rows and r columns: its values of r functions that are orthonormal on the
pool. The volume of a selection is the square root of det(sum A^T A) over its blocks A; quotients of volumes
do not depend on the basis. This is floating point and advises only: what is chosen is certified elsewhere.

# The choice of algorithm
# pivot      one output: QR with column pivoting (LAPACK, through SciPy); several: the same greedy rule on
#            blocks: most new directions first, then the largest volume of what is new
# d-optimal  starts there; then one point is exchanged at a time while that enlarges the volume, with updates
#            of rank 2 c (Fedorov's exchange in the order of Cook and Nachtsheim)
# Points beyond the rank are those that enlarge the volume most, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NEGLIGIBLE = 1e-9
"""A new direction is longer than this, where rows have length about 1."""
WORTHWHILE = 1.02
"""An exchange multiplies the squared volume at least by this."""
SWEEPS = 10
Checkpoint = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one sample adds to those before it.

    ``new`` counts new directions of the tangent space; ``distances`` are the lengths of what is new, of which
    1 is typical of a row; ``volume`` is the factor by which the volume of the selection grows.
    """

    candidate: int
    new: int
    distances: tuple[float, ...]
    volume: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """A sample that was replaced, and the factor by which that enlarged the volume."""

    out: int
    into: int
    volume: float


def pivoted(blocks: Array, count: int | None) -> list[int]:
    """Return ``count`` candidates, the most useful ones first; None: as many as reach the full rank."""
    rank = blocks.shape[2]
    if blocks.shape[1] == 1:
        chosen = _qr_pivots(blocks[:, 0, :])[: rank if count is None else min(rank, count)]
    else:
        chosen = _block_pivots(blocks, count)
    while count is not None and len(chosen) < count:
        chosen = _with_most_volume(blocks, chosen, count)
    return chosen


def _qr_pivots(rows: Array) -> list[int]:
    from scipy.linalg import qr

    order = qr(rows.T, mode="r", pivoting=True, check_finite=False)[1]
    return [int(k) for k in order[: min(rows.shape)]]


def _block_pivots(blocks: Array, count: int | None) -> list[int]:
    rest, found, chosen = blocks.copy(), 0, list[int]()
    while found < blocks.shape[2] and len(chosen) < min(len(blocks), count or len(blocks)):
        squares = np.linalg.eigvalsh(rest @ rest.transpose(0, 2, 1))
        fresh = squares > NEGLIGIBLE**2
        logarithms = np.log(np.where(fresh, squares, 1.0)).sum(axis=1)
        order = np.lexsort((logarithms, fresh.sum(axis=1)))
        best = int(order[-1])
        if not fresh[best].any():
            break
        chosen.append(best)
        found += int(fresh[best].sum())
        rest = _without(rest, _directions(rest[best]))
    return chosen


def _directions(block: Array) -> Array:
    """An orthonormal basis (k, r) of the rows that are not negligible."""
    _, lengths, basis = np.linalg.svd(block, full_matrices=False)
    result: Array = basis[lengths > NEGLIGIBLE]
    return result


def _without(blocks: Array, basis: Array) -> Array:
    result: Array = blocks - (blocks @ basis.T) @ basis
    return result


def _with_most_volume(blocks: Array, chosen: Sequence[int], count: int) -> list[int]:
    """Add the candidate that enlarges the volume most, until there are ``count``."""
    design = _Design(blocks, chosen)
    while len(design.chosen) < min(count, len(blocks)):
        gains = design.gains()
        gains[design.chosen] = -1.0
        design.add(int(np.argmax(gains)))
    left = [k for k in range(len(blocks)) if k not in design.chosen]
    return design.chosen + left[: count - len(design.chosen)]


def exchanged(
    blocks: Array, chosen: Sequence[int], checkpoint: Checkpoint
) -> tuple[list[int], list[Exchange]]:
    """Return a selection whose volume no single exchange enlarges by a percent, and the exchanges made.

    A selection that does not reach the full rank has no volume and is returned as it is.
    """
    design, made = _Design(blocks, chosen), list[Exchange]()
    if not design.has_volume:
        return list(chosen), made
    for sweep in range(SWEEPS):
        checkpoint(f"D-optimal exchange, sweep {sweep + 1}")
        before = len(made)
        for place in range(len(design.chosen)):
            factors = design.factors(place)
            factors[design.chosen] = 1.0
            best = int(np.argmax(factors))
            if factors[best] > WORTHWHILE:
                made.append(Exchange(design.chosen[place], best, float(np.sqrt(factors[best]))))
                design.replace(place, best)
        if len(made) == before:
            break
        design = _Design(blocks, design.chosen)  # removes the rounding errors of the updates
    return design.chosen, made


class _Design:
    """A selection with C = (sum A^T A)^-1 and the products A C A^T of all candidates, kept up to date."""

    def __init__(self, blocks: Array, chosen: Sequence[int]) -> None:
        self.blocks, self.chosen = blocks, list(chosen)
        rows = np.concatenate([blocks[0, :0], *blocks[self.chosen]])
        information = rows.T @ rows
        self.has_volume = bool((np.linalg.eigvalsh(information) > NEGLIGIBLE**2).all())
        tiny = 0.0 if self.has_volume else NEGLIGIBLE
        self.inverse = np.linalg.inv(information + tiny * np.eye(len(information)))
        self.products = (blocks @ self.inverse) @ blocks.transpose(0, 2, 1)
        self.identity = np.eye(blocks.shape[1])

    def gains(self) -> Array:
        """The factors of the squared volume if a candidate is added."""
        result: Array = np.linalg.det(self.identity + self.products)
        return result

    def factors(self, place: int) -> Array:
        """The factors of the squared volume if the sample at this place is replaced by each candidate."""
        out = self.chosen[place]
        grown = self.identity + self.products
        cross = self.blocks @ (self.inverse @ self.blocks[out].T)
        kept = self.identity - self.products[out] + cross.transpose(0, 2, 1) @ np.linalg.solve(grown, cross)
        result: Array = np.linalg.det(grown) * np.linalg.det(kept)
        return result

    def add(self, candidate: int) -> None:
        """Add a candidate."""
        self._update(self.blocks[candidate], np.ones(len(self.identity)))
        self.chosen.append(candidate)

    def replace(self, place: int, candidate: int) -> None:
        """Replace the sample at this place."""
        rows = np.concatenate([self.blocks[candidate], self.blocks[self.chosen[place]]])
        signs = np.repeat([1.0, -1.0], len(self.identity))
        self._update(rows, signs)
        self.chosen[place] = candidate

    def _update(self, rows: Array, signs: Array) -> None:
        """The formula of Sherman, Morrison and Woodbury for sum A^T A + rows^T diag(signs) rows."""
        moved = self.inverse @ rows.T
        core = np.linalg.inv(np.diag(signs) + rows @ moved)
        shares = self.blocks @ moved
        self.products = self.products - (shares @ core) @ shares.transpose(0, 2, 1)
        self.inverse = self.inverse - moved @ core @ moved.T


def explained(blocks: Array, chosen: Sequence[int]) -> list[Choice]:
    """Return what every sample adds to those before it, in the order of the selection."""
    basis, choices = np.zeros((0, blocks.shape[2])), list[Choice]()
    for position, candidate in enumerate(chosen):
        if len(basis) < blocks.shape[2]:
            fresh = _without(_without(blocks[candidate], basis), basis)  # twice, against rounding errors
            _, lengths, directions = np.linalg.svd(fresh, full_matrices=False)
            kept = lengths > NEGLIGIBLE
            basis = np.concatenate([basis, directions[kept]])
            distances = tuple(float(v) for v in lengths[kept])
            choices.append(Choice(candidate, len(distances), distances, float(np.prod(distances))))
        else:
            return choices + _further(blocks, chosen, position)
    return choices


def _further(blocks: Array, chosen: Sequence[int], start: int) -> list[Choice]:
    """Samples beyond the full rank: only the volume grows."""
    design, choices = _Design(blocks, chosen[:start]), list[Choice]()
    for candidate in chosen[start:]:
        choices.append(Choice(candidate, 0, (), float(np.sqrt(design.gains()[candidate]))))
        design.add(candidate)
    return choices
