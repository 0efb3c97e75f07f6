"""Points at which all radicands of a tower are squares modulo p, and witnesses that they are not always.

# The choice of algorithm
# A random residue is a square half of the time. Every free residue belongs to the first root that it
# influences; where a radicand is no square, the residues of its root are drawn again, for all samples at
# once. So a sample takes about two draws for each root, not 2^roots. A radicand such as (1 - x) e^(2 y) does
# not change its class with its latest residue, so after some redraws those of earlier roots have their turn.
# Invariants: nothing is trusted here; the kernel tests every radicand at every point.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.arithmetic import NumpyArithmetic, pair_labels
from llrsym.kernel.errors import Rejected
from llrsym.kernel.residues import Constants, Setting, draw_constants, draw_pairs
from llrsym.kernel.roots import Nonces
from llrsym.kernel.tower import Tower

ROUNDS_PER_ROOT, ROUNDS = 12, 60
PATIENCE = 6
"""Redraws of the residues of one root before those of an earlier root are tried in their place."""
Integers = NDArray[np.int64]


def find_nonces(
    tower: Tower, setting: Setting, shared: Sequence[Constants], labels: Sequence[str]
) -> list[Nonces]:
    """Return nonces for every label with which all radicands are non-zero squares, as far as they are found.

    ``shared`` holds one set of constants for all labels, or one for each.
    """
    if not tower.roots:
        return [()] * len(labels)
    search = _Search(tower, setting, shared, labels)
    pending = np.arange(len(labels))
    for _ in range(search.rounds):
        classes = search.classes(pending)
        failed = classes != 1
        wrong = failed.any(axis=1)
        pending, first = pending[wrong], failed.argmax(axis=1)[wrong]
        if not len(pending):
            break
        search.redraw(pending, first)
    return search.result()


def find_sample_nonces(tower: Tower, setting: Setting, count: int) -> dict[int, Nonces]:
    """Return the nonces of the first samples of the evaluation matrix, as far as they are not empty."""
    labels = [f"matrix/{sample}" for sample in range(count)]
    found = find_nonces(tower, setting, [draw_constants(tower, setting, "matrix")], labels)
    return {sample: nonces for sample, nonces in enumerate(found) if nonces}


def find_pair_nonces(tower: Tower, setting: Setting, pairs: int) -> tuple[tuple[Nonces, Nonces], ...]:
    """Return the nonces of both sides of all pairs of the premise; none where there are no roots."""
    if not tower.roots:
        return ()
    shared = [constants for constants in draw_pairs(tower, setting, pairs) for _ in "ab"]
    found = find_nonces(tower, setting, shared, pair_labels(pairs))
    return tuple(zip(found[0::2], found[1::2], strict=True))


def find_witnesses(tower: Tower, setting: Setting) -> tuple[tuple[Nonces, Nonces], ...]:
    """Return two points for each root with square earlier radicands and a product of its own that is none.

    Raises ``Rejected`` where none is found: the radicand may be constant, or a square up to a constant.
    """
    if not tower.roots:
        return ()
    count = len(tower.roots)
    labels = [f"root/{number}/{side}" for number in range(count) for side in "ab"]
    search = _Search(tower, setting, [draw_constants(tower, setting, "matrix")], labels)
    pending = list(range(count))
    for _ in range(search.rounds):
        sides = np.array([2 * number + side for number in pending for side in (0, 1)])
        classes = search.classes(sides).reshape(len(pending), 2, count)
        left = []
        for number, pair in zip(pending, classes, strict=True):
            wrong = [
                (side, int(np.argmax(pair[side, :number] != 1)))
                for side in (0, 1)
                if (pair[side, :number] != 1).any()
            ]
            wrong = wrong or [(side, number) for side in (0, 1) if pair[side, number] == 0]
            if not wrong and pair[0, number] == pair[1, number]:
                wrong = [(1, number)]
            for side, root in wrong:
                search.redraw(np.array([2 * number + side]), np.array([root]))
            left += [number] if wrong else []
        pending = left
        if not pending:
            nonces = search.result()
            return tuple(zip(nonces[0::2], nonces[1::2], strict=True))
    place = tower.roots[pending[0]]
    raise Rejected(
        f"no witness that entry {place.entry} of the square root in register {place.register} is new: its "
        "argument may be a constant or the square of another function"
    )


class _Search:
    """Nonces of many points, which are redrawn where a radicand is not as wanted."""

    def __init__(
        self, tower: Tower, setting: Setting, shared: Sequence[Constants], labels: Sequence[str]
    ) -> None:
        self.tower, self.setting, self.shared, self.labels = tower, setting, shared, labels
        self.nonces = np.zeros((len(labels), len(tower.roots)), dtype=np.int64)
        self.failures = np.zeros_like(self.nonces)
        self.rounds = ROUNDS + ROUNDS_PER_ROOT * len(tower.roots)
        self.redrawn_by = [self._owners_of(root) or [root] for root in range(len(tower.roots))]

    def _owners_of(self, root: int) -> list[int]:
        """The roots, latest first, that own a free residue which influences this one."""
        bits = self.tower.influences[root]
        found = {owner for free, owner in enumerate(self.tower.owners) if bits >> free & 1}
        return sorted(found, reverse=True)

    def classes(self, points: Integers) -> Integers:
        """Return 1, -1 or 0 for radicands (points, roots) that are squares, others, or zero."""
        shared = self.shared if len(self.shared) == 1 else [self.shared[k] for k in points]
        nonces = [self._nonces(k) for k in points]
        labels = [self.labels[k] for k in points]
        domain = NumpyArithmetic().batch(self.tower, self.setting, shared, labels, nonces)
        values = domain.run().values
        radicands = [domain.entry(values[root.argument], root.entry) for root in self.tower.roots]
        return domain.quadratic_characters(np.stack(radicands, axis=1))

    def redraw(self, points: Integers, roots: Integers) -> None:
        """Draw residues again that may decide about a root."""
        turns = self.failures[points, roots] // PATIENCE
        owners = [self.redrawn_by[root] for root in roots]
        self.nonces[points, [who[turn % len(who)] for who, turn in zip(owners, turns, strict=True)]] += 1
        self.failures[points, roots] += 1

    def result(self) -> list[Nonces]:
        return [self._nonces(k) for k in range(len(self.labels))]

    def _nonces(self, point: int) -> Nonces:
        found = [int(n) for n in self.nonces[point]]
        while found and not found[-1]:
            found.pop()
        return tuple(found)
