"""The kernel's arithmetic on whole batches: evaluation in ``prime_field``, elimination in ``elimination``."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.elimination import Elimination, center, eliminate
from llrsym.domains.prime_field import Array, PrimeField, SharedConstants
from llrsym.kernel.program import size
from llrsym.kernel.residues import Constants, Setting, Vanishing, draw_constants, draw_pairs
from llrsym.kernel.run import Trace, gradient
from llrsym.kernel.tower import Tower

CHUNK_ENTRIES = 1 << 20
"""Entries of the evaluation matrix that are computed at a time."""


class NumpyArithmetic:
    """The kernel's ``Arithmetic`` with NumPy: the same residues and ranks, many samples at a time."""

    trusted: tuple[str, ...] = ("evaluation and elimination modulo p by NumPy in exact float64 integers",)

    def premise_ranks(self, tower: Tower, setting: Setting, pairs: int) -> tuple[int, int]:
        """Return the ranks of the difference rows and of the rows of constants."""
        differences, constants = self._pair_rows(tower, setting, pairs)
        return eliminate(differences, setting.prime).rank, eliminate(constants, setting.prime).rank

    def differences(self, tower: Tower, setting: Setting, pairs: int) -> Array:
        """Return the rows base(point) - base(point') of all pairs at which the network is defined."""
        return self._pair_rows(tower, setting, pairs)[0]

    def _pair_rows(self, tower: Tower, setting: Setting, pairs: int) -> tuple[Array, Array]:
        shared = draw_pairs(tower, setting, pairs)
        labels = [f"pair/{k}/{side}" for k in range(pairs) for side in "ab"]
        domain = self.batch(tower, setting, [c for c in shared for _ in "ab"], labels)
        trace = domain.run()
        values = domain.base_values(trace)
        constants = domain.constant_values(trace)[0::2]
        sound = ~(domain.vanishing[0::2] | domain.vanishing[1::2])
        return center(values[0::2] - values[1::2], setting.prime)[sound], constants[sound]

    def evaluation_rank(
        self, tower: Tower, setting: Setting, rows: Sequence[tuple[int, int]], columns: Sequence[int]
    ) -> int:
        """Return the rank of a submatrix; refuses rows at which a denominator vanishes."""
        matrix, vanishing = self.evaluation_matrix(tower, setting, rows, columns)
        if vanishing.any():
            raise Vanishing("a denominator vanishes at a sample")
        return eliminate(matrix, setting.prime).rank

    def eliminate_defined(
        self, tower: Tower, setting: Setting, rows: Sequence[tuple[int, int]], columns: Sequence[int]
    ) -> tuple[Elimination, list[tuple[int, int]]]:
        """Eliminate the rows at which the network is defined; return their list as well."""
        matrix, vanishing = self.evaluation_matrix(tower, setting, rows, columns)
        if vanishing.any():
            matrix = matrix[~vanishing]
        defined = [row for row, undefined in zip(rows, vanishing, strict=True) if not undefined]
        return eliminate(matrix, setting.prime), defined

    def evaluation_matrix(
        self, tower: Tower, setting: Setting, rows: Sequence[tuple[int, int]], columns: Sequence[int]
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Return the rows (sample, output) of [d_i f_o(x_sample)] modulo p, and which rows are undefined."""
        shared = [draw_constants(tower, setting, "matrix")]
        matrix = np.zeros((len(rows), len(columns)))
        vanishing = np.zeros(len(rows), dtype=bool)
        samples = sorted({sample for sample, _ in rows})
        positions: dict[int, list[tuple[int, int]]] = {}
        for position, (sample, output) in enumerate(rows):
            positions.setdefault(sample, []).append((position, output))
        step = max(1, CHUNK_ENTRIES // max(1, tower.program.parameter_count))
        for start in range(0, len(samples), step):
            chunk = samples[start : start + step]
            domain = self.batch(tower, setting, shared, [f"matrix/{sample}" for sample in chunk])
            self._fill(domain, [positions[sample] for sample in chunk], columns, matrix)
            for flag, sample in zip(domain.vanishing, chunk, strict=True):
                vanishing[[position for position, _ in positions[sample]]] = flag
        return matrix, vanishing

    def _fill(
        self, domain: PrimeField, places: list[list[tuple[int, int]]], columns: Sequence[int], matrix: Array
    ) -> None:
        trace = domain.run()
        everything = columns == range(domain.tower.program.parameter_count)
        for output in sorted({output for place in places for _, output in place}):
            rows = [(k, position) for k, place in enumerate(places) for position, o in place if o == output]
            target = rows[0][1]
            if everything and [p for _, p in rows] == list(range(target, target + len(places))):
                write_gradients(domain, trace, output, matrix[target : target + len(places)])
                continue
            block = np.zeros((len(places), domain.tower.program.parameter_count))
            write_gradients(domain, trace, output, block)
            matrix[[position for _, position in rows]] = block[[k for k, _ in rows]][:, list(columns)]

    def batch(
        self, tower: Tower, setting: Setting, shared: Sequence[Constants], labels: Sequence[str]
    ) -> PrimeField:
        """Return the samples with these labels; ``shared`` holds one set of constants, or one for each."""
        d, count = size(tower.program.input_shape), len(tower.bases)
        raw = np.array([setting.numbers(label, d + count) for label in labels], dtype=np.uint64)
        raw = raw.reshape(len(labels), d + count)
        p = np.uint64(setting.prime)
        inputs = center((raw[:, :d] % p).astype(np.float64), setting.prime)
        exponents = (raw[:, d:] % (p - np.uint64(1))).astype(np.int64)
        constants = SharedConstants(tower, setting, shared)
        return PrimeField(
            tower, setting, constants, inputs.reshape(len(labels), *tower.program.input_shape), exponents
        )


def write_gradients(domain: PrimeField, trace: Trace[Array], output: int, rows: Array) -> None:
    """Write the derivatives of one output into zeroed rows (samples, parameters)."""
    program = domain.tower.program
    batch = len(domain.inputs)
    cotangent = np.zeros((batch, program.output_count))
    cotangent[:, output] = 1.0
    tensors = gradient(program, domain, trace, cotangent.reshape(batch, *program.shapes[program.output]))
    start = 0
    for tensor, parameter in zip(tensors, program.parameters, strict=True):
        width = size(parameter.shape)
        if tensor is not None:
            rows[:, start : start + width] = tensor.reshape(tensor.shape[0], -1)
        start += width
