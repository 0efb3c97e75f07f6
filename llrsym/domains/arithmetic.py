"""The kernel's arithmetic on whole batches: evaluation in ``prime_field``, elimination in ``elimination``."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.elimination import Elimination, center, eliminate, unwatched
from llrsym.domains.flint_field import flint_product
from llrsym.domains.prime_field import Array, PrimeField, SharedConstants
from llrsym.kernel.derivations import derivative_row
from llrsym.kernel.program import size
from llrsym.kernel.residues import Constants, Matrix, Setting, Vanishing, draw_constants, draw_pairs
from llrsym.kernel.roots import Nonces, Points, redrawn
from llrsym.kernel.run import Trace, gradient
from llrsym.kernel.tower import Tower

CHUNK_ENTRIES = 1 << 20
"""Entries of the evaluation matrix that are computed at a time."""


class NumpyArithmetic:
    """The kernel's ``Arithmetic`` with NumPy: the same residues and ranks, many samples at a time.

    ``tick`` is called between the parts of a long computation and may raise.
    """

    trusted: tuple[str, ...] = ("evaluation and elimination modulo p by NumPy in exact float64 integers",)

    def __init__(self, tick: Callable[[], None] = unwatched) -> None:
        self.tick = tick

    def premise_ranks(self, tower: Tower, setting: Setting, pairs: int, points: Points) -> tuple[int, int]:
        """Return the ranks of the rows of base exponents and logarithms and of the rows of constants."""
        rows, constants = self._pair_rows(tower, setting, pairs, points)
        rank = eliminate(rows, setting.prime, tick=self.tick).rank
        return rank, eliminate(constants, setting.prime, tick=self.tick).rank

    def premise_rows(self, tower: Tower, setting: Setting, pairs: int, points: Points) -> Array:
        """Return base(point) - base(point'), or derivatives, for all pairs where the network is defined."""
        return self._pair_rows(tower, setting, pairs, points)[0]

    def _pair_rows(self, tower: Tower, setting: Setting, pairs: int, points: Points) -> tuple[Array, Array]:
        shared = [c for c in draw_pairs(tower, setting, pairs) for _ in "ab"]
        nonces = [side for k in range(pairs) for side in points.of_pair(k)]
        domain = self.batch(tower, setting, shared, pair_labels(pairs), nonces)
        trace = domain.run()
        constants, sound = domain.constant_values(trace)[0::2], ~domain.vanishing[0::2]
        if tower.logarithms:
            direction = np.repeat(domain.inputs[1::2], 2, axis=0)
            columns: list[Array] = derivative_row(domain, trace, direction)
            rows = np.stack(columns, axis=1)[0::2]
        else:
            values, sound = domain.base_values(trace), sound & ~domain.vanishing[1::2]
            rows = center(values[0::2] - values[1::2], setting.prime)
        return rows[sound], constants[sound]

    def evaluation_rank(
        self,
        tower: Tower,
        setting: Setting,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[int],
        points: Points,
    ) -> int:
        """Return the rank of a submatrix; refuses rows at which a denominator vanishes."""
        matrix, vanishing = self.evaluation_matrix(tower, setting, rows, columns, points)
        if vanishing.any():
            raise Vanishing("a denominator vanishes, or a radicand is no square, at a sample")
        return eliminate(matrix, setting.prime, tick=self.tick).rank

    def product(self, left: Matrix, right: Matrix) -> list[list[int]]:
        """Return the product of two matrices of integers, by FLINT."""
        return flint_product(left, right)

    def eliminate_defined(
        self,
        tower: Tower,
        setting: Setting,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[int],
        points: Points,
    ) -> tuple[Elimination, list[tuple[int, int]]]:
        """Eliminate the rows at which the network is defined; return their list as well."""
        matrix, vanishing = self.evaluation_matrix(tower, setting, rows, columns, points)
        if vanishing.any():
            matrix = matrix[~vanishing]
        defined = [row for row, undefined in zip(rows, vanishing, strict=True) if not undefined]
        return eliminate(matrix, setting.prime, tick=self.tick), defined

    def evaluation_matrix(
        self,
        tower: Tower,
        setting: Setting,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[int],
        points: Points,
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
            self.tick()
            chunk = samples[start : start + step]
            labels = [f"matrix/{sample}" for sample in chunk]
            nonces = [points.of_sample(sample) for sample in chunk]
            domain = self.batch(tower, setting, shared, labels, nonces)
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
        self,
        tower: Tower,
        setting: Setting,
        shared: Sequence[Constants],
        labels: Sequence[str],
        nonces: Sequence[Nonces],
    ) -> PrimeField:
        """Return the samples with these labels; ``shared`` holds one set of constants, or one for each."""
        drawn = [
            redrawn(setting.numbers, label, tower.owners, nonce)
            for label, nonce in zip(labels, nonces, strict=True)
        ]
        raw = np.array(drawn, dtype=np.uint64).reshape(len(labels), len(tower.owners))
        d = size(tower.program.input_shape)
        ends = d + len(tower.bases)
        p = np.uint64(setting.prime)
        inputs, logarithms = (
            center((part % p).astype(np.float64), setting.prime) for part in (raw[:, :d], raw[:, ends:])
        )
        exponents = (raw[:, d:ends] % (p - np.uint64(1))).astype(np.int64)
        constants = SharedConstants(tower, setting, shared)
        inputs = inputs.reshape(len(labels), *tower.program.input_shape)
        return PrimeField(tower, setting, constants, inputs, exponents, logarithms)


def pair_labels(pairs: int) -> list[str]:
    """Return the labels of both sides of the pairs of the premise."""
    return [f"pair/{k}/{side}" for k in range(pairs) for side in "ab"]


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
