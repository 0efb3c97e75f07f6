"""Relations whose coefficients are linear in the weights: changes of basis, scales, shifts.

A vector field theta -> G theta + g is a symmetry if sum_n (G theta + g)_n d_n f = 0 for all
theta and x. For fixed candidates of (G, g) that is a linear system, solved modulo a prime at random weights
and samples. What it yields are candidates: the kernel proves them as identities.

# The choice of algorithm
# 1. Small networks: all tensors at once. Large ones: each tensor and each pair whose tangent functions are
#    newly dependent, then runs of tensors that follow one another.
# 2. The candidates act on one axis of a tensor (matrix G), add slices of one tensor to the other, or shift.
# Invariant: a wrong candidate costs time and proves nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, combinations, permutations, product

import flint
import numpy as np
from numpy.typing import NDArray

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.domains.elimination import center, eliminate
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.residues import PRIMES, Setting, draw_constants
from llrsym.kernel.roots import Points
from llrsym.kernel.rules import Coefficient, Relation
from llrsym.kernel.run import gradient
from llrsym.kernel.tower import Tower, Weights, derive_tower
from llrsym.tangent.blocks import NamedRelation
from llrsym.tangent.exponents import rational_from_residue
from llrsym.tangent.gauges import GaugeSearch
from llrsym.tangent.lower import primitive_root
from llrsym.tangent.nullspace import Tick
from llrsym.tangent.root_points import find_nonces, find_sample_nonces

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
MAX_UNKNOWNS, MAX_PARAMETERS = 1_500, 6_000
ROWS, MAX_AXIS, MAX_SHIFTS, MAX_BATCH, MAX_DRAWS = 64, 24, 64, 256, 500


@dataclass(frozen=True, slots=True)
class Field:
    """One candidate: d theta[target] = theta[source] for pairs of entries; source -1 is the number 1."""

    label: str
    targets: Indices
    sources: Indices


def find_linear_symmetries(
    program: Program, weights: Weights | None, seed: str, tick: Tick
) -> Iterator[list[NamedRelation]]:
    """Yield batches of candidates for relations at the given weights, or at almost every weight."""
    if program.parameter_count > MAX_PARAMETERS:
        return
    try:
        search = _Search(program, seed, tick)
    except Rejected:
        return
    gauges = GaugeSearch(search.tower, search.setting("gauges"))
    fields = [_own_fields(program, k) for k in range(len(program.parameters))]
    for tensors in search.promising([len(own) for own in fields]):
        chosen = [field for k in tensors for field in fields[k]]
        chosen += [f for k, other in permutations(tensors, 2) for f in _slices(program, k, other)]
        found = [_named(program, weights, combination, gauges) for combination in search.solve(chosen)]
        yield sorted(found, key=lambda named: (not named.name.startswith("shift"), len(named.relation)))


class _Search:
    """Evaluation matrices modulo a prime at several random weights."""

    def __init__(self, program: Program, seed: str, tick: Tick) -> None:
        self.program, self.seed, self.tick = program, seed, tick
        self.tower: Tower = derive_tower(program, None)
        self.prime = PRIMES[0]
        self.drawn: list[tuple[Floats, Floats]] = []

    def setting(self, label: str) -> Setting:
        """Return a prime with fresh residues."""
        return Setting(self.prime, primitive_root(self.prime), f"{self.seed}.symmetries.{label}")

    def rows(self, number: int) -> tuple[Floats, Floats]:
        """Return rows of derivatives of f, each at its own weights (returned with a 1 behind them) and input.

        A row is the derivative of a random combination of the outputs.
        """
        while len(self.drawn) <= number:
            self.drawn.append(self._draw(len(self.drawn)))
        return self.drawn[number]

    def _draw(self, number: int) -> tuple[Floats, Floats]:
        program, setting = self.program, self.setting(str(number))
        labels = [f"row/{k}" for k in range(ROWS)]
        constants = [draw_constants(self.tower, setting, label) for label in labels]
        nonces = find_nonces(self.tower, setting, constants, labels)
        domain = NumpyArithmetic().batch(self.tower, setting, constants, labels, nonces)
        raw = setting.numbers("outputs", ROWS * program.output_count)
        mixed = np.array([n % self.prime for n in raw], dtype=np.float64)
        cotangent = center(mixed, self.prime).reshape(ROWS, *program.shapes[program.output])
        tensors = gradient(program, domain, domain.run(), cotangent)
        flat = [
            np.zeros((ROWS, size(p.shape)))
            if t is None
            else np.broadcast_to(t, (ROWS, *p.shape)).reshape(ROWS, -1)
            for t, p in zip(tensors, program.parameters, strict=True)
        ]
        weights = [w.reshape(ROWS, -1) for w in domain.constants.weights]
        theta = np.concatenate([*weights, np.ones((ROWS, 1))], axis=1)
        return np.concatenate(flat, axis=1)[~domain.vanishing], theta[~domain.vanishing]

    def _matrix_at_one_weight(self) -> Floats:
        """Return as many rows of the Jacobian as it has columns, and some more."""
        program = self.program
        outputs = max(1, program.output_count)
        samples = -(-(program.parameter_count + ROWS) // outputs)
        wanted = [(n, output) for n in range(samples) for output in range(outputs)]
        columns = range(program.parameter_count)
        setting = self.setting("matrix")
        points = Points(find_sample_nonces(self.tower, setting, samples))
        matrix, vanishing = NumpyArithmetic().evaluation_matrix(self.tower, setting, wanted, columns, points)
        return matrix[~vanishing]

    def promising(self, counts: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """Yield sets of tensors to search, given the numbers of fields on each."""
        numbers = range(len(counts))
        if sum(counts) <= MAX_UNKNOWNS:
            yield tuple(numbers)
            return
        yield from self._dependent_pairs()
        for length in range(3, len(counts) + 1):
            for first in range(len(counts) - length + 1):
                if sum(counts[first : first + length]) <= MAX_UNKNOWNS:
                    yield tuple(range(first, first + length))

    def _dependent_pairs(self) -> Iterator[tuple[int, ...]]:
        """The tensors, and the pairs, among whose tangent functions there are new dependences."""
        program = self.program
        matrix = self._matrix_at_one_weight()
        ends = list(accumulate(size(p.shape) for p in program.parameters))
        columns = [np.arange(b - size(p.shape), b) for b, p in zip(ends, program.parameters, strict=True)]
        deficits: dict[tuple[int, ...], int] = {}
        numbers = range(len(program.parameters))
        for tensors in [*combinations(numbers, 1), *combinations(numbers, 2)]:
            self.tick()
            chosen = np.concatenate([columns[k] for k in tensors])
            rank = eliminate(np.ascontiguousarray(matrix[:, chosen]), self.prime).rank
            deficits[tensors] = len(chosen) - rank
            if deficits[tensors] > sum(deficits[k,] for k in tensors if len(tensors) > 1):
                yield tensors

    def solve(self, fields: Sequence[Field]) -> Iterator[list[tuple[Fraction, Field]]]:
        """Yield a basis of the combinations of fields along which f does not change."""
        rows = self._independent_rows(fields)
        entries = rows.astype(np.int64) % self.prime
        reduced, rank = flint.nmod_mat(entries.tolist(), self.prime).rref()
        table = [[int(v) for v in row] for row in reduced.tolist()[:rank]]
        pivots = [next(k for k, v in enumerate(row) if v) for row in table]
        for free in sorted(set(range(len(fields))) - set(pivots)):
            column = {
                pivot: -row[free] % self.prime for pivot, row in zip(pivots, table, strict=True) if row[free]
            }
            values = {k: rational_from_residue(v, self.prime) for k, v in (column | {free: 1}).items()}
            if None not in values.values():
                yield [(v, fields[k]) for k, v in sorted(values.items()) if v is not None]

    def _independent_rows(self, fields: Sequence[Field]) -> Floats:
        """Return a basis of the conditions on the combinations, from as many weights as bring new ones."""
        known, drawn, wanted = np.zeros((0, len(fields))), 0, 2
        while True:
            self.tick()
            fresh = [self._along(fields, *self.rows(number)) for number in range(drawn, wanted)]
            rows = np.concatenate([known, *fresh])
            found = eliminate(rows.copy(), self.prime)
            if found.rank == len(known) or wanted > MAX_DRAWS:
                return known
            known, drawn, wanted = rows[found.rows], wanted, 2 * wanted

    def _along(self, fields: Sequence[Field], matrix: Floats, theta: Floats) -> Floats:
        """The derivatives of f along every field at these rows."""
        columns = np.empty((len(matrix), len(fields)))
        for k, field in enumerate(fields):
            terms = center(matrix[:, field.targets] * theta[:, field.sources], self.prime)
            columns[:, k] = terms.sum(axis=1)
        return center(columns, self.prime)


def _entries(program: Program, tensor: int) -> Indices:
    start = sum(size(p.shape) for p in program.parameters[:tensor])
    shape = program.parameters[tensor].shape
    return np.arange(start, start + size(shape), dtype=np.int64).reshape(shape)


def _own_fields(program: Program, tensor: int) -> list[Field]:
    """Fields on one tensor: theta[.. i ..] <- theta[.. j ..] for every axis, and shifts of its entries.

    Where that is cheap, as for the heads of attention, an axis moves for every first index by itself.
    """
    entries, name = _entries(program, tensor), program.parameters[tensor].name
    flat = entries.ravel()
    fields = [Field(f"{name} scaled", flat, flat)] if not entries.ndim else []
    for axis in range(entries.ndim):
        inner = axis > 0 and len(entries) * entries.shape[axis] ** 2 <= MAX_BATCH
        for b, part in enumerate(entries) if inner else [("", entries)]:
            moved = np.moveaxis(part, axis - inner, 0)
            place = f"{name}[{b}]" if inner else name
            for i, j in product(range(len(moved)), repeat=2):
                if i == j or len(moved) <= MAX_AXIS:
                    label = f"{place}[{i}] <- {place}[{j}] on axis {axis}"
                    fields.append(Field(label, moved[i].ravel(), moved[j].ravel()))
    if len(flat) <= MAX_SHIFTS:
        one = np.array([-1])
        fields += [Field(f"{name} shifted at entry {k}", flat[k : k + 1], one) for k in range(len(flat))]
    return fields


def _slices(program: Program, tensor: int, other: int) -> Iterator[Field]:
    """The tensor moved by the slices of another one that have its shape."""
    entries, source = _entries(program, tensor), _entries(program, other)
    name, other_name = program.parameters[tensor].name, program.parameters[other].name
    if source.shape == entries.shape:
        yield Field(f"{name} <- {other_name}", entries.ravel(), source.ravel())
    kept = entries.ndim
    for axes in combinations(range(source.ndim), kept) if kept < source.ndim else ():
        moved = np.moveaxis(source, axes, range(-kept, 0)).reshape(-1, *(source.shape[k] for k in axes))
        if moved.shape[1:] == entries.shape and len(moved) <= MAX_SHIFTS:
            for k, piece in enumerate(moved):
                yield Field(
                    f"{name} <- {other_name}, slice {k} on axes {axes}", entries.ravel(), piece.ravel()
                )


def _named(
    program: Program, weights: Weights | None, fields: list[tuple[Fraction, Field]], gauges: GaugeSearch
) -> NamedRelation:
    flat = None if weights is None else [v for tensor in weights for v in tensor]
    total: dict[int, dict[int, Fraction]] = {}
    for factor, field in fields:
        for target, source in zip(field.targets.tolist(), field.sources.tolist(), strict=True):
            terms = total.setdefault(target, {})
            terms[source] = terms.get(source, Fraction(0)) + factor
    relation: Relation = tuple(
        (target, coefficients)
        for target, terms in sorted(total.items())
        if (coefficients := _terms(terms, flat))
    )
    moved = {target for target, _ in relation}
    ends = accumulate(size(p.shape) for p in program.parameters)
    parts = zip(program.parameters, ends, strict=True)
    names = [p.name for p, end in parts if moved & set(range(end - size(p.shape), end))]
    shifts = all((field.sources == -1).all() for _, field in fields)
    kind = "shift" if shifts else "change of basis" if len(names) > 1 else "linear symmetry"
    description = "; ".join(f"{factor} * ({field.label})" for factor, field in fields[:4])
    entries = [(t, source, c) for t, terms in total.items() for source, c in terms.items() if c]
    gauge = gauges.find(entries) if entries else ()
    return NamedRelation(f"{kind} of {', '.join(names)}", description, relation, gauge)


def _terms(terms: dict[int, Fraction], flat: list[Fraction] | None) -> tuple[Coefficient, ...]:
    """The entry of a relation: linear in the weights, or a number when they are given."""
    if flat is not None:
        value = sum((c * (1 if source < 0 else flat[source]) for source, c in terms.items()), Fraction(0))
        return (Coefficient(value),) if value else ()
    return tuple(
        Coefficient(c, theta=() if source < 0 else ((source, 1),)) for source, c in sorted(terms.items()) if c
    )
