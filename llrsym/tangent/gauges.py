"""Registers that a direction moves by a constant matrix times themselves: d h = G h, found modulo a prime."""

from fractions import Fraction

import flint
import numpy as np
from numpy.typing import NDArray

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.domains.elimination import center
from llrsym.domains.prime_field import PrimeField
from llrsym.kernel.local import Gauge
from llrsym.kernel.program import size
from llrsym.kernel.residues import Setting, draw_constants
from llrsym.kernel.run import Trace, pushed_forward
from llrsym.kernel.tower import Tower
from llrsym.tangent.exponents import rational_from_residue
from llrsym.tangent.root_points import find_nonces

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
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
        self.fed = {0}
        for register, equation in enumerate(program.equations, start=program.first_equation):
            if self.fed.intersection(equation.arguments):
                self.fed.add(register)

    def find(self, field: Field) -> Gauge:
        """Return every register with few entries that moves by a matrix, with that matrix."""
        tangents = self._direction(field)
        found = []
        program = self.tower.program
        for register, tangent in pushed_forward(program, self.domain, self.trace, tangents):
            if not tangent[self.sound].any():
                continue
            tangents[register] = tangent
            if register in self.fed and size(program.shapes[register]) <= MAX_ENTRIES:
                matrix = self._matrix(self.trace.values[register], tangent)
                found += [(register, matrix)] if matrix else []
        return tuple(found)

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

    def _matrix(self, value: Floats, tangent: Floats) -> tuple[tuple[int, int, Fraction], ...]:
        """Solve tangent = G value for G; empty when there is no solution with small rational entries.

        A diagonal solution is preferred. Where the entries of the register are dependent, another one would
        name some of them by others, which says less than is true.
        """
        batch, n = len(self.theta), value[0].size
        both = [np.broadcast_to(t, (batch, *t.shape[1:])).reshape(batch, n) for t in (value, tangent)]
        values, tangents = (part[self.sound].astype(np.int64) % self.prime for part in both)
        return self._diagonal(values, tangents) or self._solved(values, tangents)

    def _diagonal(self, values: Integers, tangents: Integers) -> tuple[tuple[int, int, Fraction], ...]:
        entries = []
        for k in range(values.shape[1]):
            first = int(np.argmax(values[:, k] != 0))
            if not values[first, k]:
                return ()
            residue = int(tangents[first, k]) * pow(int(values[first, k]), -1, self.prime) % self.prime
            factor = rational_from_residue(residue, self.prime)
            if factor is None or ((values[:, k] * residue - tangents[:, k]) % self.prime).any():
                return ()
            entries += [(k, k, factor)] if factor else []
        return tuple(entries)

    def _solved(self, values: Integers, tangents: Integers) -> tuple[tuple[int, int, Fraction], ...]:
        n = values.shape[1]
        reduced, rank = flint.nmod_mat(np.concatenate([values, tangents], axis=1).tolist(), self.prime).rref()
        if rank != n or int(reduced[n - 1, n - 1]) != 1:
            return ()
        entries = []
        for column in range(n):
            for output in range(n):
                factor = rational_from_residue(int(reduced[column, n + output]), self.prime)
                if factor is None:
                    return ()
                entries += [(output, column, factor)] if factor else []
        return tuple(entries)
