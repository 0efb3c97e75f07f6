"""Candidates for relations that are linear in the weights: families of vector fields on one tensor.

In a family every row of target entries may move by every row of source entries. So the derivatives of f along
all of them, at given weights, are one product of matrices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.elimination import center
from llrsym.kernel.program import Program, size
from llrsym.tangent.supports import BLOCK

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
MAX_AXIS, MAX_SHIFTS, MAX_BATCH = 24, 64, 256


@dataclass(frozen=True, slots=True)
class Field:
    """One candidate: d theta[target] = theta[source] for pairs of entries.

    Source -1 is the number 1, and source M + k, for M parameters, is the k-th of the ``quotients``.
    """

    label: str
    targets: Indices
    sources: Indices


@dataclass(frozen=True, slots=True)
class Family:
    """Candidates for each row of ``targets`` (n, m) and each of ``sources`` (k, m), or only for equal rows.

    ``label`` has {i} and {j} in the places of the numbers of the two rows.
    """

    label: str
    targets: Indices
    sources: Indices
    diagonal: bool = False

    def __len__(self) -> int:
        return len(self.targets) * (1 if self.diagonal else len(self.sources))

    def field(self, number: int) -> Field:
        """Return one of the candidates, numbered like the columns of ``along``."""
        i, j = (number, number) if self.diagonal else divmod(number, len(self.sources))
        label = self.label.replace("{i}", str(i)).replace("{j}", str(j))
        return Field(label, self.targets[i], self.sources[j])

    def along(self, gradients: Floats, theta: Floats, prime: int) -> Floats:
        """Return the derivatives of f along every candidate, given its gradients, the weights and a 1."""
        slopes, values = gradients[:, self.targets], theta[:, self.sources]
        if self.diagonal:
            return center(center(slopes * values, prime).sum(axis=2), prime)
        total = np.zeros((len(slopes), len(self.targets), len(self.sources)))
        for start in range(0, self.targets.shape[1], BLOCK):
            part = slice(start, start + BLOCK)
            center(total + slopes[:, :, part] @ values[:, :, part].transpose(0, 2, 1), prime, out=total)
        return total.reshape(len(slopes), len(self))


def candidates(program: Program, tensors: Sequence[int]) -> list[Family]:
    """Return the families that move these tensors, by themselves or by slices of tensors between them."""
    between = range(min(tensors, default=0), max(tensors, default=0) + 1)
    own = [family for k in tensors for family in _own(program, k)]
    places = {quotient: k for k, quotient in enumerate(quotients(program), start=program.parameter_count)}
    own += [family for k in tensors for family in _unscaled(program, k, places)]
    return own + [f for k in tensors for other in between if other != k for f in _slices(program, k, other)]


def _own(program: Program, tensor: int) -> Iterator[Family]:
    """Fields on one tensor: theta[.. i ..] <- theta[.. j ..] for every axis, and shifts of its entries.

    Where that is cheap, as for the heads of attention, an axis moves for every first index by itself.
    """
    entries, name = _entries(program, tensor), program.parameters[tensor].name
    if not entries.ndim:
        yield Family(f"{name} scaled", entries.reshape(1, 1), entries.reshape(1, 1))
    for axis in range(entries.ndim):
        inner = axis > 0 and len(entries) * entries.shape[axis] ** 2 <= MAX_BATCH
        for b, part in enumerate(entries) if inner else [("", entries)]:
            moved = np.moveaxis(part, axis - inner, 0)
            rows = moved.reshape(len(moved), -1)
            place = f"{name}[{b}]" if inner else name
            yield Family(f"{place}[{{i}}] <- {place}[{{j}}] on axis {axis}", rows, rows, len(rows) > MAX_AXIS)
    if entries.size <= MAX_SHIFTS:
        yield Family(f"{name} shifted at entry {{i}}", entries.reshape(-1, 1), np.array([[-1]]))


def quotients(program: Program) -> list[tuple[int, int]]:
    """Return the quotients by which weights may move: (-1, k) for 1 / theta[k], (j, k) for theta[j] /
    theta[k].

    They are those of the entries of vectors, in networks with a square root: after layer normalisation the
    entries n_j of a token add up to zero. Where gamma_j n_j + beta_j follows, weights w_j can move by
    1 / gamma_j and a bias by minus the sum of beta_j / gamma_j.
    """
    if not any(equation.data == "sqrt" for equation in program.equations):
        return []
    vectors = [_entries(program, k) for k, p in enumerate(program.parameters) if len(p.shape) == 1]
    found = [(-1, int(k)) for vector in vectors for k in vector]
    for below, above in permutations(vectors, 2):
        if len(below) == len(above):
            found += zip(above.tolist(), below.tolist(), strict=True)
    return found


def _unscaled(program: Program, tensor: int, places: dict[tuple[int, int], int]) -> Iterator[Family]:
    """Rows along an axis moved by reciprocals of an earlier vector, entries by sums of quotients of two."""
    entries, name = _entries(program, tensor), program.parameters[tensor].name
    vectors = [k for k in range(tensor) if len(program.parameters[k].shape) == 1] if places else []
    for scale in vectors:
        below = _entries(program, scale).tolist()
        for axis in range(entries.ndim):
            rows = np.moveaxis(entries, axis, -1).reshape(-1, entries.shape[axis])
            if rows.shape[1] == len(below) and len(rows) <= MAX_SHIFTS:
                label = f"{name}, row {{i}} of axis {axis}, <- 1 / {program.parameters[scale].name}"
                yield Family(label, rows, np.array([[places[-1, k] for k in below]]))
        for shift in vectors if entries.size <= MAX_SHIFTS else ():
            above = _entries(program, shift).tolist()
            if shift != scale and len(above) == len(below):
                targets = np.repeat(entries.reshape(-1, 1), len(below), axis=1)
                label = f"{name}, entry {{i}}, <- {program.parameters[shift].name} / "
                sources = [places[pair] for pair in zip(above, below, strict=True)]
                yield Family(label + program.parameters[scale].name, targets, np.array([sources]))


def _slices(program: Program, tensor: int, other: int) -> Iterator[Family]:
    """The tensor moved by the slices of another one that have its shape."""
    entries, source = _entries(program, tensor), _entries(program, other)
    name, other_name = program.parameters[tensor].name, program.parameters[other].name
    targets, kept = entries.reshape(1, -1), entries.ndim
    if source.shape == entries.shape:
        yield Family(f"{name} <- {other_name}", targets, source.reshape(1, -1))
    for axes in combinations(range(source.ndim), kept) if kept < source.ndim else ():
        moved = np.moveaxis(source, axes, range(-kept, 0)).reshape(-1, *(source.shape[k] for k in axes))
        if moved.shape[1:] == entries.shape and len(moved) <= MAX_SHIFTS:
            label = f"{name} <- {other_name}, slice {{j}} on axes {axes}"
            yield Family(label, targets, moved.reshape(len(moved), -1))


def _entries(program: Program, tensor: int) -> Indices:
    start = sum(size(p.shape) for p in program.parameters[:tensor])
    shape = program.parameters[tensor].shape
    return np.arange(start, start + size(shape), dtype=np.int64).reshape(shape)
