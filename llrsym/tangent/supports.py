"""Which tensors of parameters take part in relations: minimal supports of null vectors modulo a prime.

# The choice of algorithm
# 1. Gauss-Jordan elimination in blocks of columns gives every null vector of a matrix at once.
# 2. How many null vectors live on a set of tensors is the corank of the columns outside it, among the null
#    vectors: a small matrix. So minimal sets are found by leaving out one tensor after the other.
# Invariant: nothing here is more than a hint where to search for relations.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

import flint
import numpy as np
from numpy.typing import NDArray

from llrsym.domains.elimination import center, eliminate

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
BLOCK, SMALL = 384, 64
"""Columns that are eliminated at a time, by blocks that FLINT inverts; sums of BLOCK products are exact."""
Tick = Callable[[], None]


def null_space(matrix: Floats, prime: int, tick: Tick) -> Floats:
    """Return a basis (rows) of the vectors v with ``matrix @ v = 0`` modulo ``prime`` (below 2**23).

    ``matrix`` holds centred residues. ``tick`` is called once per block of columns and may raise.

    >>> null_space(np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]), 101, lambda: None)
    array([[-2.,  1.,  0.],
           [-3.,  0.,  1.]])
    """
    left, columns = matrix, np.arange(matrix.shape[1])
    is_free_row = np.ones(len(matrix), dtype=bool)
    pivot_rows, pivot_columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    done = 0  # columns on the left that depend on the pivots found so far
    while done < len(columns):
        tick()
        window = slice(done, done + BLOCK)
        free = np.flatnonzero(is_free_row)
        found = eliminate(np.ascontiguousarray(left[free, window]), prime)
        rows, pivots = free[found.rows], done + found.columns
        rest = np.delete(np.arange(len(columns)), pivots)
        factors, left = left[:, pivots], left[:, rest]
        solved = center(inverse(factors[rows], prime) @ left[rows], prime)
        left -= factors @ solved
        left[rows] = solved
        center(left, prime, out=left)
        is_free_row[rows] = False
        pivot_rows.append(rows)
        pivot_columns.append(columns[pivots])
        done = min(done + BLOCK, len(columns)) - len(pivots)
        columns = columns[rest]
    basis = np.zeros((len(columns), matrix.shape[1]))
    basis[np.arange(len(columns)), columns] = 1.0
    basis[:, np.concatenate(pivot_columns)] = -left[np.concatenate(pivot_rows)].T
    return basis


def supports(
    basis: Floats,
    groups: Sequence[Indices],
    fits: Callable[[Collection[int]], bool],
    prime: int,
    tick: Tick,
) -> Iterator[tuple[int, ...]]:
    """Yield sets of groups of columns outside which new combinations of the rows of ``basis`` vanish.

    New are those that are no sums of combinations for the sets before. First come single groups, then minimal
    sets. To a minimal set are added all those groups that allow for more new combinations, and the earlier
    sets that meet these, as far as the whole ``fits``. Together the sets account for all combinations.

    >>> rows = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    >>> list(supports(rows, [np.array([k]) for k in range(4)], lambda groups: True, 101, lambda: None))
    [(3,), (0, 1)]
    """
    space = _Supports(basis, groups, prime, tick)
    before: list[set[int]] = []
    for k in space.additions(()):
        space.add((k,))
        yield (k,)
    while len(space.known) < len(basis):
        smallest = space.smallest()
        space.add(smallest)
        more = space.additions(smallest)
        whole = {*smallest, *more}
        for earlier in before:
            if earlier & whole and fits(earlier | whole):
                whole |= earlier
        sets = [whole] if fits(whole) else [{*smallest, k} for k in more]
        for chosen in [one for one in sets if fits(one)] or [set(smallest)]:
            yield tuple(sorted(chosen))
            space.add(chosen)
            before.append(chosen)


class _Supports:
    """The combinations of the rows of a basis that vanish outside sets of groups of columns."""

    def __init__(self, basis: Floats, groups: Sequence[Indices], prime: int, tick: Tick) -> None:
        self.prime, self.tick = prime, tick
        parts = [basis[:, columns] for columns in groups]
        self.parts = [part[:, eliminate(part.copy(), prime).columns] for part in parts]
        self.largest_first = sorted(range(len(groups)), key=lambda k: -len(groups[k]))
        self.known = np.zeros((0, len(basis)))
        self.unknown = np.eye(len(basis))

    def add(self, inside: Collection[int]) -> None:
        """Count the combinations for a set among those that are known."""
        outside = [part for k, part in enumerate(self.parts) if k not in inside]
        everything = np.eye(len(self.unknown))
        vectors = self._without(everything, np.concatenate([everything[:, :0], *outside], axis=1))
        together = np.concatenate([self.known, vectors])
        self.known = together[eliminate(together.copy(), self.prime).rows]
        self.unknown = null_space(self.known, self.prime, self.tick).T

    def additions(self, inside: Collection[int]) -> list[int]:
        """Return the groups with each of which a set has new combinations."""
        found, vectors = [], np.eye(len(self.unknown))
        outside = [k for k in self.largest_first if k not in inside and self.parts[k].size]
        for position, k in enumerate(outside):
            later = [self.parts[other] for other in outside[position + 1 :]]
            with_k = self._without(vectors, np.concatenate([self.parts[k][:, :0], *later], axis=1))
            if self._is_new(with_k):
                found.append(k)
            vectors = self._without(vectors, self.parts[k])
        return sorted(found)

    def _without(self, vectors: Floats, part: Floats) -> Floats:
        """Return a basis of the combinations, among these, that vanish on a part of the columns."""
        rows = product(vectors, part, self.prime)
        return product(null_space(rows.T, self.prime, self.tick), vectors, self.prime)

    def _is_new(self, vectors: Floats) -> bool:
        return bool(product(vectors, self.unknown, self.prime).any())

    def smallest(self) -> tuple[int, ...]:
        """Return a minimal set for which there is something new, without large groups where possible."""
        inside, vectors = set(range(len(self.parts))), np.eye(len(self.unknown))
        for k in self.largest_first:
            fewer = self._without(vectors, self.parts[k])
            if self._is_new(fewer):
                inside.remove(k)
                vectors = fewer
        return tuple(sorted(inside))


def product(left: Floats, right: Floats, prime: int) -> Floats:
    """Return the matrix product, BLOCK terms of a sum at a time."""
    total = np.zeros((left.shape[0], right.shape[1]))
    for start in range(0, left.shape[1], BLOCK):
        total = center(total + left[:, start : start + BLOCK] @ right[start : start + BLOCK], prime)
    return total


def inverse(minor: Floats, prime: int) -> Floats:
    """Return the inverse of a matrix all of whose leading minors are invertible."""
    count = len(minor)
    both = np.concatenate([minor, np.eye(count)], axis=1)
    for start in range(0, count, SMALL):
        stop = min(start + SMALL, count)
        integers = both[start:stop, start:stop].astype(np.int64) % prime
        inverse = flint.nmod_mat(integers.tolist(), prime).inv()
        block = center(np.array(inverse.tolist(), dtype=np.int64).astype(np.float64), prime)
        touched = slice(
            stop, count + stop
        )  # what is further right is still as it was, and zero in these rows
        rows = center(block @ both[start:stop, touched], prime)
        both[:, touched] = center(both[:, touched] - both[:, start:stop] @ rows, prime)
        both[start:stop, touched] = rows
    return both[:, count:]
