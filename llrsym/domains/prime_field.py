"""Residues of many samples at once: the prime field with NumPy, exact in float64.

The same homomorphism as ``llrsym.kernel.residues`` (the residues are drawn by the kernel), with tensors as
float64 arrays of centred residues and one leading axis for the samples. Products stay below 2^45 and only
so many are added that sums stay below 2^53 - p, so every operation is exact.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.elimination import center
from llrsym.kernel.activations import PRIMITIVE, ROOT, Activation, Polynomial, activation_named
from llrsym.kernel.errors import Rejected
from llrsym.kernel.polynomials import IMAGINARY, KAPPA, Monomial, Poly
from llrsym.kernel.program import Shape, size, split_einsum
from llrsym.kernel.residues import Constants, Setting
from llrsym.kernel.run import Trace, forward
from llrsym.kernel.tower import ZERO, Argument, Powers, Source, Tower

Array = NDArray[np.float64]


class PrimeField:
    """Tensors of residues at a batch of samples; implements the kernel's ``Domain`` protocol."""

    def __init__(
        self,
        tower: Tower,
        setting: Setting,
        constants: "SharedConstants",
        inputs: Array,
        exponents: NDArray[np.int64],
        logarithms: Array,
    ) -> None:
        self.tower, self.setting, self.constants = tower, setting, constants
        self.prime = setting.prime
        self.inputs, self.exponents, self.logarithms = inputs, exponents, logarithms
        self.vanishing = np.zeros(len(inputs), dtype=bool)

    def constant(self, values: Sequence[Fraction], shape: Shape) -> Array:
        flat = np.array([self.setting.residue(v) for v in values], dtype=np.float64)
        return center(flat, self.prime).reshape(1, *shape)

    def add(self, a: Array, b: Array) -> Array:
        return center(a + b, self.prime)

    def negate(self, a: Array) -> Array:
        return -a

    def multiply(self, a: Array, b: Array) -> Array:
        return center(a * b, self.prime)

    def divide(self, a: Array, b: Array) -> Array:
        return self.multiply(a, self.inverse(np.broadcast_to(b, np.broadcast_shapes(a.shape, b.shape))))

    def einsum(self, specification: str, a: Array, b: Array, shapes: tuple[Shape, Shape, Shape]) -> Array:
        left, right, out = split_einsum(specification)
        summed = [letter for letter in left if letter in right and letter not in out]
        if not summed:
            return center(np.einsum(f"...{left},...{right}->...{out}", a, b), self.prime)
        return self._contract(left, right, out, a, b, summed[0])

    def _contract(self, left: str, right: str, out: str, a: Array, b: Array, letter: str) -> Array:
        """Sum over slices of one index so short that no partial sum leaves the exact range."""
        axis_a, axis_b = left.index(letter) + 1, right.index(letter) + 1
        length = a.shape[axis_a]
        others = size(
            tuple(a.shape[left.index(c) + 1] for c in left if c in right and c not in out and c != letter)
        )
        step = max(1, terms_exact(self.prime) // max(1, others))
        if others > terms_exact(self.prime):
            raise ValueError(
                "einsum: a contraction over several long indices at once is not exact in float64"
            )
        total: Array | None = None
        for start in range(0, length, step):
            part_a = a.take(range(start, min(start + step, length)), axis=axis_a)
            part_b = b.take(range(start, min(start + step, length)), axis=axis_b)
            part = center(_product(left, right, out, part_a, part_b), self.prime)
            total = part if total is None else center(total + part, self.prime)
        batch = max(a.shape[0], b.shape[0])
        lengths = dict(zip(left + right, (*a.shape[1:], *b.shape[1:]), strict=True))
        return np.zeros((batch, *(lengths[c] for c in out))) if total is None else total

    def gather(
        self, parts: Sequence[Array], index: Sequence[int], shapes: Sequence[Shape], shape: Shape
    ) -> Array:
        batch = max(part.shape[0] for part in parts)
        flat = [
            np.broadcast_to(part.reshape(part.shape[0], -1), (batch, size(s)))
            for part, s in zip(parts, shapes, strict=True)
        ]
        padded = np.concatenate([*flat, np.zeros((batch, 1))], axis=1)
        return padded[:, np.asarray(index, dtype=np.int64)].reshape(batch, *shape)

    def scatter(self, a: Array, index: Sequence[int], shapes: Sequence[Shape], shape: Shape) -> list[Array]:
        batch = a.shape[0]
        flat = np.zeros((batch, sum(size(s) for s in shapes) + 1))
        np.add.at(flat.T, np.asarray(index, dtype=np.int64), a.reshape(batch, -1).T)
        center(flat, self.prime, out=flat)
        starts = np.cumsum([0, *(size(s) for s in shapes)])
        return [
            flat[:, lo:hi].reshape(batch, *s) for lo, hi, s in zip(starts, starts[1:], shapes, strict=False)
        ]

    def is_zero(self, a: Array) -> bool:
        return not a.any()

    def inverse(self, a: Array) -> Array:
        """Return entrywise inverses; samples with a zero entry are marked, their entries are arbitrary."""
        flat = a.reshape(a.shape[0], -1)
        self.vanishing |= ~flat.all(axis=1)
        return self._inverse(np.where(flat == 0, 1.0, flat).ravel()).reshape(a.shape)

    def _inverse(self, flat: Array) -> Array:
        """Montgomery's trick as a product tree: three products per entry and one true inversion."""
        if len(flat) <= 1:
            return np.array([pow(int(v), -1, self.prime) for v in flat], dtype=np.float64)
        even = flat if len(flat) % 2 == 0 else np.append(flat, 1.0)
        a, b = even[0::2], even[1::2]
        inverse = self._inverse(center(a * b, self.prime))
        result = np.empty(len(even))
        result[0::2] = center(inverse * b, self.prime)
        result[1::2] = center(inverse * a, self.prime)
        return result[: len(flat)]

    def activate(self, name: str, register: int, z: Array) -> tuple[Array, Array]:
        activation = activation_named(name)
        z = np.broadcast_to(z, (len(self.inputs), *z.shape[1:]))
        if activation.kind == ROOT:
            values = self.roots(z)
            return values, self.inverse(center(2 * values, self.prime))
        values, slopes = self._closed(activation, register, z)
        return (self._logarithms(register, z), values) if activation.kind == PRIMITIVE else (values, slopes)

    def roots(self, z: Array) -> Array:
        """Return the smaller square roots; samples where one is missing are marked, that entry is 1."""
        found = self._smaller_roots(z)
        self.vanishing |= ~found.reshape(len(z), -1).all(axis=1)
        return center(np.where(found == 0, 1.0, found), self.prime)

    def quadratic_characters(self, z: Array) -> NDArray[np.int64]:
        """Return 1 for non-zero squares, -1 for other non-zero residues, and 0."""
        return np.where(self._smaller_roots(z) > 0, 1, np.where(z == 0, 0, -1))

    def _smaller_roots(self, z: Array) -> Array:
        """The smaller square root of every residue; 0 where there is none."""
        residues = np.where(z < 0, z + self.prime, z).astype(np.int64)
        return _root_table(self.prime)[residues].astype(np.float64)

    def _logarithms(self, register: int, z: Array) -> Array:
        """Values of a primitive: free residues, or by the parity identity at -z."""
        flat, values = z.reshape(len(z), -1), np.zeros((len(z), z[0].size))
        for entry, known in enumerate(self.tower.values[register]):
            if known == ZERO:
                continue
            drawn = self.constants.logarithms if known.is_constant else self.logarithms
            value = drawn[:, known.index]
            if known.mirror is not None:
                a, b, c = known.mirror
                value = a * value - b * flat[:, entry] + c
            values[:, entry] = value
        return center(values, self.prime).reshape(z.shape)

    def _closed(self, activation: Activation, register: int, z: Array) -> tuple[Array, Array]:
        """N/D and its derivative."""
        unit = self.exponentials(register).reshape(z.shape) if activation.exponent else np.ones(z.shape)
        top, bottom = activation.numerator, activation.denominator
        inverse = self.inverse(self._at(bottom, z, unit))
        value = self.multiply(self._at(top, z, unit), inverse)
        slope = self._at(activation.slope(top), z, unit)
        slope = center(slope - self.multiply(value, self._at(activation.slope(bottom), z, unit)), self.prime)
        return value, self.multiply(slope, inverse)

    def _at(self, polynomial: Polynomial, z: Array, unit: Array) -> Array:
        total = np.zeros(z.shape)
        for c, i, kappa, z_power, e_power in polynomial:
            term = np.broadcast_to(self.constants.coefficient(c, i, kappa, z.ndim - 1), z.shape)
            for factor, power in ((z, z_power), (unit, e_power)):
                for _ in range(power):
                    term = self.multiply(term, factor)
            total = center(total + term, self.prime)
        return total

    def exponentials(self, register: int) -> Array:
        """Return the residues (samples, entries) of the exponentials of an activation."""
        bases, powers, starts, filled = self.constants.powers(register)
        total = self.constants.offsets(register) + np.zeros((len(self.exponents), 1), dtype=np.int64)
        if len(bases):
            total[:, filled] += np.add.reduceat(self.exponents[:, bases] * powers, starts, axis=1)
        return self.constants.table(total % (self.prime - 1))

    def run(self) -> Trace[Array]:
        """Evaluate the program at the whole batch."""
        return forward(self.tower.program, self, self.inputs, self.constants.weights)

    def base_values(self, trace: Trace[Array]) -> Array:
        """Return the residues (samples, bases) of the base exponents."""
        columns = [self._base(base, trace) for base in self.tower.bases]
        batch = len(self.inputs)
        return (
            np.stack([np.broadcast_to(c, (batch,)) for c in columns], axis=1)
            if columns
            else np.zeros((batch, 0))
        )

    def _base(self, base: Monomial | Argument, trace: Trace[Array]) -> Array:
        if not isinstance(base, Argument):
            return self.monomial(base, trace)
        z = self.entry(trace.values[base.argument], base.entry)
        total = np.zeros(z.shape)
        power = np.ones(z.shape)
        for u in base.exponent:
            power = self.multiply(power, z)
            total = center(total + power * float(self.setting.residue(u)), self.prime)
        i, kappa = int(base.unit == "i"), int(base.unit == "kappa")
        return self.multiply(total, self.constants.coefficient(base.scale, i, kappa, 0))

    def entry(self, tensor: Array, index: int) -> Array:
        """One entry of a tensor at all samples."""
        return np.broadcast_to(tensor.reshape(len(tensor), -1)[:, index], (len(self.inputs),))

    def from_rational(self, value: Fraction) -> Array:
        """The residue of a rational number at all samples."""
        return np.broadcast_to(self.constants.coefficient(value, 0, 0, 0), (len(self.inputs),))

    def unit(self, name: str) -> Array:
        """The residue of 1, i or kappa at all samples."""
        i, kappa = int(name == "i"), int(name == "kappa")
        return np.broadcast_to(self.constants.coefficient(Fraction(1), i, kappa, 0), (len(self.inputs),))

    def plus(self, a: Array, b: Array) -> Array:
        """a + b at all samples."""
        return self.add(a, b)

    def times(self, a: Array, b: Array) -> Array:
        """a b at all samples."""
        return self.multiply(a, b)

    def constant_values(self, trace: Trace[Array]) -> Array:
        """Return the residues (samples, constants) of the constants that must be independent over Q."""
        columns = [self.monomial(monomial, trace) for monomial in self.tower.constants]
        if self.tower.uses_kappa:
            c = self.constants
            inverse = self.multiply(c.inverse_kappa, c.inverse_kappa)
            columns.append(np.broadcast_to(self.multiply(c.imaginary, inverse), (len(self.inputs),)))
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.inputs), 0))

    def monomial(self, monomial: Monomial, trace: Trace[Array]) -> Array:
        """Return the residues of a formal monomial at all samples."""
        total = np.ones(len(self.inputs))
        for atom, power in monomial:
            for _ in range(int(power)):
                total = self.multiply(total, self._atom(atom, trace))
        return total

    def _polynomial(self, poly: Poly, trace: Trace[Array]) -> Array:
        total = np.zeros(len(self.inputs))
        for monomial, c in poly.items():
            term = self.multiply(self.monomial(monomial, trace), self.constants.coefficient(c, 0, 0, 0))
            total = center(total + term, self.prime)
        return total

    def _atom(self, atom: int, trace: Trace[Array]) -> Array:
        if atom in (IMAGINARY, KAPPA):
            return self.constants.imaginary if atom == IMAGINARY else self.constants.kappa
        definition = self.tower.ring.atoms[atom]
        if definition[0] == "x":
            return self.inputs.reshape(len(self.inputs), -1)[:, int(str(definition[1]))]
        if definition[0] == "inverse":
            denominator: Poly = dict(definition[1])  # type: ignore[call-overload]  # the key of D
            return self.inverse(self._polynomial(denominator, trace)[:, None])[:, 0]
        source = self.source(atom)
        value = self.entry(trace.values[source.register], source.entry)
        if source.mirror is None:
            return value
        a, b, c = source.mirror
        argument = self.entry(trace.values[source.argument], source.entry)
        return center(a * (value - c + b * argument), self.prime)

    def source(self, atom: int) -> Source:
        """Where a symbol is found in a run."""
        source = self.tower.sources.get(atom)
        if source is None:
            kind = self.tower.ring.atoms[atom][0]
            raise Rejected(f"a base exponent contains a symbol of kind '{kind}'")
        return source


def terms_exact(prime: int) -> int:
    """Return how many products of centred residues may be added in float64 without rounding."""
    half = prime // 2 + 2
    return ((1 << 53) - prime) // (half * half)


def _product(left: str, right: str, out: str, a: Array, b: Array) -> Array:
    """A contraction; the products of a batch with a matrix go to BLAS."""
    if a.shape[0] == 1 and len(left) == 2 and len(right) == len(out) == 1:
        matrix = a[0] if left[1] == right else a[0].T
        return np.asarray(b @ matrix.T, dtype=np.float64)
    if b.shape[0] == 1 and len(right) == 2 and len(left) == len(out) == 1:
        matrix = b[0] if right[0] == left else b[0].T
        return np.asarray(a @ matrix, dtype=np.float64)
    return np.asarray(np.einsum(f"...{left},...{right}->...{out}", a, b), dtype=np.float64)


class SharedConstants:
    """Constants and weights of a batch: one set for all samples, or one for every sample."""

    def __init__(self, tower: Tower, setting: Setting, residues: Sequence[Constants]) -> None:
        self.tower, self.setting = tower, setting
        p = setting.prime
        self.imaginary = center(np.array([float(r.imaginary) for r in residues]), p)
        self.kappa = center(np.array([float(r.kappa) for r in residues]), p)
        self.inverse_kappa = center(np.array([float(pow(r.kappa, -1, p)) for r in residues]), p)
        self.exponents = np.array([r.exponents for r in residues], dtype=np.int64).reshape(len(residues), -1)
        logarithms = np.array([r.logarithms for r in residues], dtype=np.float64)
        self.logarithms = center(logarithms.reshape(len(residues), -1), p)
        varying = residues if tower.weights is None else residues[:1]
        self.weights = [
            center(np.array([r.weights[k] for r in varying], dtype=np.float64), p).reshape(
                len(varying), *q.shape
            )
            for k, q in enumerate(tower.program.parameters)
        ]
        self._low, self._high = _power_tables(p, setting.unit)

    def powers(self, register: int) -> tuple[NDArray[np.int64], ...]:
        """The generators of an activation's exponentials and their exponents modulo p - 1, row after row.

        Returned are the generators, the exponents, where each row begins, and the rows that are not empty.
        """
        rows = [row.generators for row in self.tower.exponentials[register]]
        filled = [k for k, row in enumerate(rows) if row]
        starts = np.cumsum([0, *(len(rows[k]) for k in filled)])[:-1]
        flat = [(base, m % (self.setting.prime - 1)) for row in rows for base, m in row]
        table = np.array(flat, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1], starts, np.array(filled, dtype=np.int64)

    def offsets(self, register: int) -> NDArray[np.int64]:
        """The exponents (samples or 1, entries) that the constants contribute."""
        rows = [row.constants for row in self.tower.exponentials[register]]
        return self.exponents @ self._matrix(len(self.tower.constants), rows)

    def _matrix(self, height: int, rows: Sequence[Powers]) -> NDArray[np.int64]:
        matrix = np.zeros((height, len(rows)), dtype=np.int64)
        for entry, row in enumerate(rows):
            for base, m in row:
                matrix[base, entry] = m % (self.setting.prime - 1)
        return matrix

    def coefficient(self, c: Fraction, i: int, kappa: int, axes: int) -> Array:
        """The residues of c i^a kappa^b, shaped for tensors with this many axes."""
        p = self.setting.prime
        total = np.full(1, float(self.setting.residue(c)))
        for factor, power in ((self.imaginary, i), (self.kappa, kappa)):
            for _ in range(power):
                total = center(center(total, p) * factor, p)
        return center(total, p).reshape(-1, *(1,) * axes)

    def table(self, exponents: NDArray[np.int64]) -> Array:
        """Return g^exponent: one product of two table entries."""
        product = self._low[exponents & (len(self._low) - 1)] * self._high[exponents >> 12]
        return center(product, self.setting.prime)


@lru_cache(maxsize=4)
def _root_table(p: int) -> NDArray[np.int32]:
    """The smaller square root of every residue, 0 where there is none."""
    roots = np.arange(1, (p + 1) // 2, dtype=np.int64)
    table = np.zeros(p, dtype=np.int32)
    table[roots * roots % p] = roots
    return table


@lru_cache(maxsize=8)
def _power_tables(p: int, g: int) -> tuple[Array, Array]:
    """g^k for k < 2^12, and g^(2^12 k) for k up to p / 2^12."""
    tables = []
    for base, count in ((g, 1 << 12), (pow(g, 1 << 12, p), (p >> 12) + 1)):
        powers = [1]
        for _ in range(count - 1):
            powers.append(powers[-1] * base % p)
        tables.append(center(np.array(powers, dtype=np.float64), p))
    return tables[0], tables[1]
