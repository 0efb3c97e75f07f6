"""Registers that a direction moves by a constant matrix times themselves: d h = G h, found modulo a prime."""

from collections.abc import Collection
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.domains.elimination import Elimination, center, eliminate
from llrsym.domains.prime_field import PrimeField
from llrsym.kernel.local import Gauge
from llrsym.kernel.program import size
from llrsym.kernel.residues import Setting, draw_constants
from llrsym.kernel.run import Trace, pushed_forward
from llrsym.kernel.tower import Tower
from llrsym.tangent.exponents import rational_from_residue
from llrsym.tangent.root_points import find_nonces
from llrsym.tangent.supports import inverse, product

Floats = NDArray[np.float64]
Field = list[tuple[int, int, Fraction]]
"""d theta[target] = sum of factor * theta[source] over (target, source, factor); source -1 stands for 1."""
MAX_ENTRIES, SPARE = 128, 12


class GaugeSearch:
    """One run of a network at many random weights and inputs, along which directions are pushed forward."""

    def __init__(self, tower: Tower, setting: Setting) -> None:
        program = tower.program
        self.tower, self.prime = tower, setting.prime
        widest = max((n for n in map(size, program.shapes) if n <= MAX_ENTRIES), default=0)
        labels = [f"gauge/{k}" for k in range(widest + SPARE)]
        constants = [draw_constants(tower, setting, label) for label in labels]
        nonces = find_nonces(tower, setting, constants, labels)
        self.domain: PrimeField = NumpyArithmetic().batch(tower, setting, constants, labels, nonces)
        self.trace: Trace[Floats] = self.domain.run()
        flat = [weights.reshape(len(labels), -1) for weights in self.domain.constants.weights]
        self.theta = np.concatenate([*flat, np.ones((len(labels), 1))], axis=1)
        self.sound = ~self.domain.vanishing
        self.inverses: dict[int, tuple[Elimination, Floats] | None] = {}
        self.fed = {0}
        for register, equation in enumerate(program.equations, start=program.first_equation):
            if self.fed.intersection(equation.arguments):
                self.fed.add(register)

    def find(self, field: Field) -> Gauge:
        """Return every register with few entries that moves by a matrix, with that matrix."""
        tangents = self._direction(field)
        found: list[tuple[int, tuple[tuple[int, int, Fraction], ...]]] = []
        program = self.tower.program
        for register, tangent in pushed_forward(program, self.domain, self.trace, tangents):
            if not tangent[self.sound].any():
                continue
            tangents[register] = tangent
            if register in self.fed and size(program.shapes[register]) <= MAX_ENTRIES:
                if self._copies(register, tangents, {known for known, _ in found}):
                    continue
                matrix = self._matrix(register, tangent)
                found += [(register, matrix)] if matrix else []
        return tuple(found)

    def _copies(self, register: int, moved: Collection[int], found: Collection[int]) -> bool:
        """Whether entries of registers with a gauge are only arranged anew: equal ones should stay equal."""
        equation = self.tower.program.equations[register - self.tower.program.first_equation]
        return equation.primitive == "gather" and all(a in found for a in equation.arguments if a in moved)

    def _direction(self, field: Field) -> dict[int, Floats]:
        batch, p = len(self.theta), self.prime
        flat = np.zeros((batch, self.theta.shape[1] - 1))
        for target, source, factor in field:
            residue = factor.numerator * pow(factor.denominator, -1, p) % p
            term = center(self.theta[:, source] * float(residue if 2 * residue < p else residue - p), p)
            flat[:, target] = center(flat[:, target] + term, p)
        tensors, start = {}, 0
        for number, parameter in enumerate(self.tower.program.parameters):
            part = flat[:, start : start + size(parameter.shape)]
            start += size(parameter.shape)
            if part.any():
                tensors[1 + number] = part.reshape(batch, *parameter.shape)
        return tensors

    def _matrix(self, register: int, tangent: Floats) -> tuple[tuple[int, int, Fraction], ...]:
        """Solve tangent = G value for G; empty when there is no solution with small rational entries.

        A diagonal solution is preferred. Where the entries of the register are dependent, another one would
        name some of them by others, which says less than is true.
        """
        tangents = self._flat(tangent)
        values = self._flat(self.trace.values[register])
        matrix = _diagonal(values, tangents, self.prime)
        if matrix is None:
            matrix = self._solved(register, values, tangents)
        return () if matrix is None else _rational(matrix, self.prime)

    def _flat(self, tensor: Floats) -> Floats:
        batch, entries = len(self.theta), tensor[0].size
        return np.broadcast_to(tensor, (batch, *tensor.shape[1:])).reshape(batch, entries)[self.sound]

    def _solved(self, register: int, values: Floats, tangents: Floats) -> Floats | None:
        """The matrix, if the entries of the register are independent and there is one."""
        if register not in self.inverses:
            found = eliminate(values.copy(), self.prime)
            regular = found.rank == values.shape[1]
            minor = values[np.ix_(found.rows, found.columns)]
            self.inverses[register] = (found, inverse(minor, self.prime)) if regular else None
        known = self.inverses[register]
        if known is None:
            return None
        found, solve = known
        transposed = np.empty((values.shape[1], tangents.shape[1]))
        transposed[found.columns] = product(solve, tangents[found.rows], self.prime)
        difference = product(values, transposed, self.prime) - tangents
        return None if center(difference, self.prime).any() else transposed.T


def _diagonal(values: Floats, tangents: Floats, prime: int) -> Floats | None:
    """The diagonal matrix that takes values to tangents, if there is one and no value is always zero."""
    entries = np.arange(values.shape[1])
    first = np.argmax(values != 0, axis=0)
    value, tangent = values[first, entries], tangents[first, entries]
    if not value.all() or center(values * tangent - tangents * value, prime).any():
        return None
    factors = [
        int(t) * pow(int(v), -1, prime) % prime if t else 0 for v, t in zip(value, tangent, strict=True)
    ]
    return np.diag(np.array(factors, dtype=np.float64))


def _rational(matrix: Floats, prime: int) -> tuple[tuple[int, int, Fraction], ...]:
    """The entries that are not zero, column by column; empty when one of them is no small fraction."""
    columns, rows = np.nonzero(matrix.T)
    residues = matrix[rows, columns].astype(np.int64) % prime
    factors = {residue: rational_from_residue(residue, prime) for residue in set(residues.tolist())}
    if None in factors.values():
        return ()
    entries = zip(rows.tolist(), columns.tolist(), residues.tolist(), strict=True)
    return tuple((i, j, value) for i, j, residue in entries if (value := factors[residue]) is not None)
