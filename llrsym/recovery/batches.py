"""Many trainings at once: double precision tensors with one axis for trials and one for sample points.

# The choice of representation
# Every tensor has the shape (trials or 1, points or 1, ...): weights have one entry per trial, inputs one per
# trial and point. The kernel's interpreter and its only gradient run on them as they are. A contraction is
# not carried out before its entries are needed: the derivatives by the weights are needed only as sums over
# the points, which one matrix product per trial gives without a gradient per point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.float64 import Float64, nearest_double
from llrsym.kernel.program import Shape, size, split_einsum

Array = NDArray[np.float64]
Index = NDArray[np.int64]
TRIAL, POINT = "#", "%"
"""The leading axes in a contraction; the indices of a program are letters."""


@dataclass(frozen=True, slots=True, eq=False)
class Contraction:
    """An einsum of two tensors that is carried out when its entries, or their sums, are asked for."""

    specification: str
    a: Array
    b: Array

    def entries(self) -> Array:
        """Return the tensor, with both leading axes."""
        trials, points = (max(self.a.shape[axis], self.b.shape[axis]) for axis in (0, 1))
        result = _contract(self.specification, self.a, self.b, keep_points=True)
        return result.reshape(trials, points, *result.shape[(trials > 1) + (points > 1) :])

    def sums(self) -> Array:
        """Return the sums over the points, with the axis of the trials."""
        trials = max(len(self.a), len(self.b))
        result = _contract(self.specification, self.a, self.b, keep_points=False)
        return result.reshape(trials, *result.shape[trials > 1 :])


Tensor = Array | Contraction


def entries(tensor: Tensor) -> Array:
    """Return a tensor of shape (trials or 1, points or 1, ...)."""
    return tensor.entries() if isinstance(tensor, Contraction) else tensor


def sums_over_points(tensor: Tensor) -> Array:
    """Return the sums over the points, of shape (trials or 1, ...)."""
    return tensor.sums() if isinstance(tensor, Contraction) else tensor.sum(axis=1)


class Batches:
    """The real numbers as float64 for many trials and points; implements the kernel's ``Domain`` protocol.

    With ``masks`` the values of the activation at register r are multiplied by ``masks[r]`` (dropout).
    """

    def __init__(self, masks: dict[int, Array] | None = None) -> None:
        self.scalars = Float64()
        self.masks = masks or {}

    def constant(self, values: Sequence[Fraction], shape: Shape) -> Tensor:
        return np.array([nearest_double(v) for v in values], dtype=np.float64).reshape(1, 1, *shape)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        return entries(a) + entries(b)

    def negate(self, a: Tensor) -> Tensor:
        return -entries(a)

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        return entries(a) * entries(b)

    def divide(self, a: Tensor, b: Tensor) -> Tensor:
        return entries(a) / entries(b)

    def einsum(self, specification: str, a: Tensor, b: Tensor, shapes: tuple[Shape, Shape, Shape]) -> Tensor:
        return Contraction(specification, entries(a), entries(b))

    def gather(
        self, parts: Sequence[Tensor], index: Sequence[int], shapes: Sequence[Shape], shape: Shape
    ) -> Tensor:
        known = [entries(part) for part in parts]
        if _is_whole(tuple(index), sum(map(size, shapes))) and len(known) == 1:
            return known[0].reshape(*known[0].shape[:2], *shape)
        positions = np.asarray(index, dtype=np.int64)
        if len(known) == 1 and -1 not in index:
            return _flat(known[0])[:, :, positions].reshape(*known[0].shape[:2], *shape)
        leading = np.broadcast_shapes(*(part.shape[:2] for part in known))
        flat = [
            np.broadcast_to(_flat(part), (*leading, size(s))) for part, s in zip(known, shapes, strict=True)
        ]
        padded = np.concatenate(
            [*flat, np.zeros((*leading, 1))], axis=2
        )  # index -1 finds the zero at the end
        return padded[:, :, positions].reshape(*leading, *shape)

    def scatter(self, a: Tensor, index: Sequence[int], shapes: Sequence[Shape], shape: Shape) -> list[Tensor]:
        known, total = entries(a), sum(map(size, shapes))
        if _is_whole(tuple(index), total) and len(shapes) == 1:
            return [known.reshape(*known.shape[:2], *shapes[0])]
        order, starts, places = _groups(tuple(index))
        flat = np.zeros((*known.shape[:2], total))
        flat[:, :, places] = np.add.reduceat(_flat(known)[:, :, order], starts, axis=2)
        ends = np.cumsum([size(s) for s in shapes])[:-1]
        pieces = np.split(flat, ends, axis=2)
        return [piece.reshape(*known.shape[:2], *s) for piece, s in zip(pieces, shapes, strict=True)]

    def activate(self, name: str, register: int, z: Tensor) -> tuple[Tensor, Tensor]:
        known = entries(z)
        value, slope = _tanh(known) if name == "tanh" else self.scalars.activate(name, register, known)
        if register not in self.masks:
            return value, slope
        return value * self.masks[register], slope * self.masks[register]

    def is_zero(self, a: Tensor) -> bool:
        return not entries(a).any()


def _tanh(z: Array) -> tuple[Array, Array]:
    """In training the slope may lose digits where it is next to nothing; this is twice as fast."""
    value = np.tanh(z)
    return value, 1 - value * value


def _flat(a: Array) -> Array:
    return a.reshape(*a.shape[:2], prod(a.shape[2:]))


@lru_cache(maxsize=256)
def _is_whole(index: tuple[int, ...], total: int) -> bool:
    return index == tuple(range(total))


@lru_cache(maxsize=256)
def _groups(index: tuple[int, ...]) -> tuple[Index, Index, Index]:
    """The positions of an index sorted by their entry, where each entry begins there, and the entries."""
    array = np.asarray(index, dtype=np.int64)
    order = np.argsort(array, kind="stable")
    order = order[np.searchsorted(array[order], 0) :]  # without the zeros, whose index is -1
    places, starts = np.unique(array[order], return_index=True)
    return order, starts, places


def _contract(specification: str, a: Array, b: Array, *, keep_points: bool) -> Array:
    """The einsum of both tensors, without leading axes of length 1, as one product of matrices per trial."""
    left, right, out = split_einsum(specification)
    left, right = _led(left, a), _led(right, b)
    leading = "".join(c for c in (TRIAL, POINT if keep_points else "") if c and c in left + right)
    return _product(left, right, leading + out, a.reshape(_without_ones(a)), b.reshape(_without_ones(b)))


def _led(letters: str, a: Array) -> str:
    return (TRIAL if a.shape[0] > 1 else "") + (POINT if a.shape[1] > 1 else "") + letters


def _without_ones(a: Array) -> Shape:
    return (*(n for n in a.shape[:2] if n > 1), *a.shape[2:])


def _product(left: str, right: str, out: str, a: Array, b: Array) -> Array:
    a, left = _summed(a, left, right + out)
    b, right = _summed(b, right, left + out)
    batch = "".join(c for c in left if c in right and c in out)
    rows, columns = ("".join(c for c in word if c in out and c not in batch) for word in (left, right))
    inner = "".join(c for c in left if c in right and c not in out)
    lengths = dict(zip(left + right, a.shape + b.shape, strict=True))
    outer = [lengths[c] for c in batch]
    count = {word: prod(lengths[c] for c in word) for word in (rows, inner, columns)}
    matrices = _ordered(a, left, batch + rows + inner).reshape(*outer, count[rows], count[inner])
    vectors = _ordered(b, right, batch + inner + columns).reshape(*outer, count[inner], count[columns])
    letters = batch + rows + columns
    return _ordered((matrices @ vectors).reshape([lengths[c] for c in letters]), letters, out)


def _summed(a: Array, letters: str, wanted: str) -> tuple[Array, str]:
    """Sum over the letters that occur nowhere else."""
    axes = tuple(k for k, c in enumerate(letters) if c not in wanted)
    return (a.sum(axis=axes), "".join(c for c in letters if c in wanted)) if axes else (a, letters)


def _ordered(a: Array, letters: str, wanted: str) -> Array:
    return a if letters == wanted else a.transpose([letters.index(c) for c in wanted])
