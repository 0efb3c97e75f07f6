"""Relations whose coefficients are linear in the weights: changes of basis, scales, shifts.

A vector field theta -> G theta + g is a symmetry if sum_n (G theta + g)_n d_n f = 0 for all
theta and x. For fixed candidates of (G, g) that is a linear system, solved modulo a prime at random weights
and samples. What it yields are candidates: the kernel proves them as identities.

# The choice of algorithm
# 1. Small networks: all tensors at once. Large ones: sets of tensors on which null vectors of the Jacobian at
#    one random weight live; then runs of tensors that follow one another.
# 2. The candidates act on one axis of a tensor (matrix G), add slices of one tensor to the other, or shift.
# Invariant: a wrong candidate costs time and proves nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.domains.elimination import center, eliminate
from llrsym.domains.prime_field import PrimeField
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.relation_independence import Echelon
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.residues import PRIMES, Setting, draw_constants
from llrsym.kernel.roots import Points
from llrsym.kernel.run import gradient
from llrsym.kernel.tower import Tower, Weights, derive_tower
from llrsym.tangent.blocks import NamedRelation
from llrsym.tangent.exponents import rational_from_residue
from llrsym.tangent.fields import Family, Field, candidates, quotients
from llrsym.tangent.gauges import GaugeSearch
from llrsym.tangent.lower import primitive_root
from llrsym.tangent.nullspace import Tick
from llrsym.tangent.root_points import find_nonces, find_sample_nonces
from llrsym.tangent.supports import null_space, supports

Floats = NDArray[np.float64]
SMALL, MAX_UNKNOWNS, MAX_PARAMETERS = 300, 2_500, 6_000
ROWS, SHARING = 64, 4
"""How many rows are drawn at a time, and how many of them at the same weights."""


def find_linear_symmetries(
    program: Program,
    weights: Weights | None,
    seed: str,
    tick: Tick,
    *,
    wide: bool = False,
    repeat: bool = False,
) -> Iterator[list[NamedRelation]]:
    """Yield batches of candidates for relations at the given weights, or at almost every weight.

    They are sought where dependences are seen, or with ``wide`` wherever else they might be. Each is
    independent of those before it; with ``repeat`` every one that is found is yielded.
    """
    if program.parameter_count > MAX_PARAMETERS:
        return
    try:
        search = _Search(program, seed, tick)
    except Rejected:
        return
    gauges = GaugeSearch(search.tower, search.setting("gauges"))
    known = Echelon(search.prime)
    for tensors in search.elsewhere() if wide else search.promising():
        found = [(_named(program, weights, fields), fields) for fields in search.solve(tensors)]
        found.sort(key=lambda pair: (not pair[0].name.startswith("shift"), len(pair[0].relation)))
        batch = []
        for relation, fields in found:
            if known.insert(search.vector(fields)) or repeat:
                tick()
                linear = not any((field.sources >= program.parameter_count).any() for _, field in fields)
                batch.append(replace(relation, gauge=gauges.find(_moves(fields)) if linear else ()))
        yield batch


class _Search:
    """Evaluation matrices modulo a prime at several random weights."""

    def __init__(self, program: Program, seed: str, tick: Tick) -> None:
        self.program, self.seed, self.tick = program, seed, tick
        self.tower: Tower = derive_tower(program, None)
        self.prime = PRIMES[0]
        self.quotients = quotients(program)
        self.drawn = [self._draw(0)]
        if not len(self.drawn[0][0]):
            raise Rejected("no point at which the network is defined was found modulo the prime")

    def setting(self, label: str) -> Setting:
        """Return a prime with fresh residues."""
        return Setting(self.prime, primitive_root(self.prime), f"{self.seed}.symmetries.{label}")

    def rows(self, count: int) -> Iterator[tuple[Floats, Floats]]:
        """Yield so many rows of derivatives of f, or a few more, each with its weights, and a 1 behind them.

        A row is the derivative of a random combination of the outputs at a random input.
        """
        number = 0
        while count > 0:
            if number == len(self.drawn):
                self.tick()
                self.drawn.append(self._draw(number))
            yield self.drawn[number]
            count -= ROWS
            number += 1

    def _draw(self, number: int) -> tuple[Floats, Floats]:
        program, setting = self.program, self.setting(str(number))
        labels = [f"row/{k}" for k in range(ROWS)]
        drawn = [draw_constants(self.tower, setting, label) for label in labels[::SHARING]]
        constants = [shared for shared in drawn for _ in range(SHARING)]
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
        weights = np.concatenate([w.reshape(ROWS, -1) for w in domain.constants.weights], axis=1)
        theta = np.concatenate([weights, self._quotients(weights, domain), np.ones((ROWS, 1))], axis=1)
        return np.concatenate(flat, axis=1)[~domain.vanishing], theta[~domain.vanishing]

    def _quotients(self, weights: Floats, domain: PrimeField) -> Floats:
        above, below = np.array(self.quotients, dtype=np.int64).reshape(-1, 2).T
        inverses = domain.inverse(weights[:, below])
        return np.where(above < 0, inverses, center(inverses * weights[:, above], self.prime))

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

    def promising(self) -> Iterator[tuple[int, ...]]:
        """Yield sets of tensors, in each of which there are dependences: all of them in a small network."""
        count = len(self.program.parameters)
        if self._unknowns(range(count)) > SMALL:
            yield from self._dependent()
        elif count:
            yield tuple(range(count))

    def elsewhere(self) -> Iterator[tuple[int, ...]]:
        """Yield all tensors at once, or in a large network runs of tensors; nothing in a small one."""
        count = len(self.program.parameters)
        everything = self._unknowns(range(count))
        if SMALL < everything <= MAX_UNKNOWNS:
            yield tuple(range(count))
        if everything <= MAX_UNKNOWNS:
            return
        for length in range(2, count):
            for first in range(count - length + 1):
                run = range(first, first + length)
                if self._unknowns(run) <= MAX_UNKNOWNS:
                    yield tuple(run)

    def _unknowns(self, tensors: Sequence[int]) -> int:
        return sum(len(family) for family in candidates(self.program, tensors))

    def _dependent(self) -> Iterator[tuple[int, ...]]:
        """Sets of tensors that account for all dependences of the tangent functions at one weight."""
        ends = list(accumulate(size(p.shape) for p in self.program.parameters))
        columns = [
            np.arange(b - size(p.shape), b) for b, p in zip(ends, self.program.parameters, strict=True)
        ]
        basis = null_space(self._matrix_at_one_weight(), self.prime, self.tick)

        def fits(tensors: Collection[int]) -> bool:
            return self._unknowns(sorted(tensors)) <= MAX_UNKNOWNS

        yield from supports(basis, columns, fits, self.prime, self.tick)

    def solve(self, tensors: Sequence[int]) -> Iterator[list[tuple[Fraction, Field]]]:
        """Yield a basis of the combinations of candidates on these tensors along which f does not change."""
        families = candidates(self.program, tensors)
        places = [(family, number) for family in families for number in range(len(family))]
        for vector in null_space(self._conditions(families, len(places)), self.prime, self.tick):
            chosen = np.flatnonzero(vector)
            values = [rational_from_residue(int(vector[k]), self.prime) for k in chosen]
            if None not in values:
                pairs = zip(values, (places[k] for k in chosen), strict=True)
                yield [(value, family.field(n)) for value, (family, n) in pairs if value is not None]

    def _conditions(self, families: Sequence[Family], unknowns: int) -> Floats:
        """Return independent conditions on the combinations, from more rows than there are unknowns."""
        parts = [
            np.concatenate([family.along(*drawn, self.prime) for family in families], axis=1)
            for drawn in self.rows(unknowns + ROWS)
        ]
        rows = np.concatenate(parts)
        return rows[eliminate(rows.copy(), self.prime).rows]

    def vector(self, fields: Sequence[tuple[Fraction, Field]]) -> dict[int, int]:
        """Return a combination at one random weight."""
        theta = next(self.rows(1))[1][0]
        total: dict[int, int] = {}
        for target, source, factor in _moves(fields):
            value = factor.numerator * pow(factor.denominator, -1, self.prime) * int(theta[source])
            total[target] = (total.get(target, 0) + value) % self.prime
        return total


def _moves(fields: Sequence[tuple[Fraction, Field]]) -> list[tuple[int, int, Fraction]]:
    """Return the entries (target, source, factor) of a combination, each pair once."""
    total: dict[tuple[int, int], Fraction] = {}
    for factor, field in fields:
        for pair in zip(field.targets.tolist(), field.sources.tolist(), strict=True):
            total[pair] = total.get(pair, Fraction(0)) + factor
    return [(target, source, factor) for (target, source), factor in total.items() if factor]


def _named(
    program: Program, weights: Weights | None, fields: Sequence[tuple[Fraction, Field]]
) -> NamedRelation:
    flat = None if weights is None else [v for tensor in weights for v in tensor]
    total: dict[int, list[Coefficient]] = {}
    for target, coefficient in _cleared(_moves(fields), program):
        total.setdefault(target, []).append(coefficient)
    relation: Relation = tuple(
        (target, coefficients)
        for target, terms in sorted(total.items())
        if (coefficients := tuple(terms) if flat is None else _number(terms, flat))
    )
    moved = {target for target, _ in relation}
    ends = accumulate(size(p.shape) for p in program.parameters)
    parts = zip(program.parameters, ends, strict=True)
    names = [p.name for p, end in parts if moved & set(range(end - size(p.shape), end))]
    shifts = all((field.sources == -1).all() for _, field in fields)
    kind = "shift" if shifts else "change of basis" if len(names) > 1 else "linear symmetry"
    description = "; ".join(f"{factor} * ({field.label})" for factor, field in fields[:4])
    return NamedRelation(f"{kind} of {', '.join(names)}", description, relation)


def _cleared(
    moves: Sequence[tuple[int, int, Fraction]], program: Program
) -> Iterator[tuple[int, Coefficient]]:
    """Yield (target, coefficient), multiplied by every weight by which something is divided."""
    parameters, known = program.parameter_count, quotients(program)
    pairs = {s: known[s - parameters] if s >= parameters else (s, -1) for _, s, _ in moves}
    divisors = sorted({below for _, below in pairs.values() if below >= 0})
    for target, source, factor in sorted(moves):
        above, below = pairs[source]
        powers = {k: 1 for k in divisors if k != below}
        if above >= 0:
            powers[above] = powers.get(above, 0) + 1
        yield target, Coefficient(factor, theta=tuple(sorted(powers.items())))


def _number(terms: Sequence[Coefficient], flat: Sequence[Fraction]) -> tuple[Coefficient, ...]:
    """The value of an entry of a relation at given weights."""
    value = sum((t.rational * prod(flat[k] ** m for k, m in t.theta) for t in terms), Fraction(0))
    return (Coefficient(value),) if value else ()
