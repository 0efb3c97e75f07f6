"""Relations whose coefficients are polynomials in the weights, found weight space by weight space.

The entries of a relation are sought as combinations of 1 and theta_j, or also of products theta_j theta_k.
That is a linear system with very many unknowns. It falls apart along the scalings theta_n -> s^e_n theta_n
that change f by scalings of its inputs and outputs only: they act on relations, so every relation is a sum
of relations in which all terms "theta_n moves by m(theta)" have the same weight, e(m) - e_n.

# The choice of algorithm
# 1. The scalings are the diagonal relations of the network with free factors at its inputs and outputs.
# 2. Degree one, then degree two; the largest weight spaces first; random weights and samples modulo a prime.
# Invariant: a wrong candidate costs time and proves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import flint
import numpy as np
from numpy.typing import NDArray

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.domains.elimination import center, eliminate
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Equation, Parameter, Program, size
from llrsym.kernel.relation_independence import Echelon
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.residues import PRIMES, Setting, draw_constants
from llrsym.kernel.run import gradient
from llrsym.kernel.tower import Tower, derive_tower
from llrsym.tangent.blocks import NamedRelation
from llrsym.tangent.exponents import rational_from_residue
from llrsym.tangent.gauges import GaugeSearch
from llrsym.tangent.lower import primitive_root
from llrsym.tangent.nullspace import Tick
from llrsym.tangent.root_points import find_nonces

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
MAX_PARAMETERS, MAX_MOVES, MAX_UNKNOWNS, CHUNK, SPARE = 200, 120_000, 1_600, 256, 12


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves d theta[target] = product of theta[sources]; source M stands for the number 1."""

    targets: Indices
    sources: Indices

    def chosen(self, which: Indices) -> "Moves":
        """Return some of them."""
        return Moves(self.targets[which], self.sources[which])


def find_graded_symmetries(program: Program, seed: str, wanted: int, tick: Tick) -> Iterator[NamedRelation]:
    """Yield up to so many candidates for relations at almost every weight, independent of each other."""
    if program.parameter_count > MAX_PARAMETERS:
        return
    try:
        yield from _found(program, seed, wanted, tick)
    except Rejected:
        return  # no tower, or too few points at which the network is defined modulo the prime


def _found(program: Program, seed: str, wanted: int, tick: Tick) -> Iterator[NamedRelation]:
    rows, weights = _Rows(program, seed, tick), _scaling_weights(program, seed, tick)
    gauges = GaugeSearch(rows.tower, rows.setting("gauges"))
    echelon, theta = Echelon(rows.prime), rows.upto(1)[1][0].astype(np.int64) % rows.prime
    for degree in (1, 2):
        for moves in _weight_spaces(weights, degree, rows.prime):
            for combination in rows.relations(moves):
                relation = _relation(combination, program.parameter_count)
                if echelon.insert(_values(relation, theta, rows.prime)):
                    wanted -= 1
                    yield _named(program, relation, gauges)
                if not wanted:
                    return


class _Rows:
    """Derivatives of f modulo a prime, each row at its own random weights and input."""

    def __init__(self, program: Program, seed: str, tick: Tick) -> None:
        self.program, self.seed, self.tick = program, seed, tick
        self.tower: Tower = derive_tower(program, None)
        self.prime = PRIMES[0]
        count = program.parameter_count
        self.known: tuple[Floats, Floats] = np.zeros((0, count)), np.zeros((0, count + 1))

    def setting(self, label: str) -> Setting:
        """Return the prime with fresh residues."""
        return Setting(self.prime, primitive_root(self.prime), f"{self.seed}.graded.{label}")

    def upto(self, count: int) -> tuple[Floats, Floats]:
        """Return so many rows: derivatives of a random combination of outputs, and the weights and 1."""
        while len(self.known[0]) < count:
            self.tick()
            fresh = self._draw(len(self.known[0]))
            if not len(fresh[0]):
                raise Rejected("no point at which the network is defined was found modulo the prime")
            self.known = (
                np.concatenate([self.known[0], fresh[0]]),
                np.concatenate([self.known[1], fresh[1]]),
            )
        return self.known[0][:count], self.known[1][:count]

    def _draw(self, number: int) -> tuple[Floats, Floats]:
        program, setting = self.program, self.setting(str(number))
        labels = [f"row/{k}" for k in range(CHUNK)]
        constants = [draw_constants(self.tower, setting, label) for label in labels]
        nonces = find_nonces(self.tower, setting, constants, labels)
        domain = NumpyArithmetic().batch(self.tower, setting, constants, labels, nonces)
        raw = setting.numbers("outputs", CHUNK * program.output_count)
        mixed = center(np.array([n % self.prime for n in raw], dtype=np.float64), self.prime)
        cotangent = mixed.reshape(CHUNK, *program.shapes[program.output])
        tensors = gradient(program, domain, domain.run(), cotangent)
        flat = [
            np.zeros((CHUNK, size(p.shape)))
            if t is None
            else np.broadcast_to(t, (CHUNK, *p.shape)).reshape(CHUNK, -1)
            for t, p in zip(tensors, program.parameters, strict=True)
        ]
        theta = [w.reshape(CHUNK, -1) for w in domain.constants.weights]
        ones = np.ones((CHUNK, 1))
        sound = ~domain.vanishing
        return np.concatenate(flat, axis=1)[sound], np.concatenate([*theta, ones], axis=1)[sound]

    def relations(self, moves: Moves) -> Iterator[list[tuple[Fraction, int, Indices]]]:
        """Yield a basis of the combinations of moves along which f does not change."""
        count = len(moves.targets)
        gradients, theta = self.upto(count + SPARE)
        columns = gradients[:, moves.targets]
        for factor in moves.sources.T:
            columns = center(columns * theta[:, factor], self.prime)
        found = eliminate(columns.copy(), self.prime)
        if found.rank == count:
            return
        entries = columns[found.rows].astype(np.int64) % self.prime
        for vector in _nullspace(entries, self.prime):
            yield [(value, int(moves.targets[k]), moves.sources[k]) for k, value in vector.items()]


def _nullspace(entries: Indices, prime: int) -> Iterator[dict[int, Fraction]]:
    """Yield a basis of the null space of rows of full rank, as far as its entries are small fractions."""
    rank, count = entries.shape
    reduced = flint.nmod_mat(entries.tolist(), prime).rref()[0] if rank else None
    table = [] if reduced is None else [[int(v) for v in row] for row in reduced.tolist()]
    pivots = [next(k for k, v in enumerate(row) if v) for row in table]
    for free in sorted(set(range(count)) - set(pivots)):
        column = {p: -row[free] % prime for p, row in zip(pivots, table, strict=True) if row[free]} | {
            free: 1
        }
        values = {k: rational_from_residue(v, prime) for k, v in column.items()}
        if None not in values.values():
            yield {k: v for k, v in values.items() if v is not None}


def _scaling_weights(program: Program, seed: str, tick: Tick) -> Indices:
    """Return the weights e_n of all entries under the scalings, mixed into one residue, and 0 for 1."""
    rows = _Rows(_with_factors(program), seed, tick)
    count = rows.program.parameter_count
    gradients, theta = rows.upto(count + SPARE)
    columns = center(gradients * theta[:, :count], rows.prime)
    independent = columns[eliminate(columns.copy(), rows.prime).rows].astype(np.int64) % rows.prime
    mixing = rows.setting("mixing").numbers("scalings", count)
    total = [0] * (program.parameter_count + 1)
    for factor, vector in zip(mixing, _nullspace(independent, rows.prime), strict=False):
        for entry, value in vector.items():
            if entry < program.parameter_count:
                residue = value.numerator * pow(value.denominator, -1, rows.prime)
                total[entry] = (total[entry] + factor * residue) % rows.prime
    return np.array(total, dtype=np.int64)


def _with_factors(program: Program) -> Program:
    """Return the network with a parameter that multiplies each input and one that multiplies each output."""
    shape, names = program.shapes[program.output], {p.name for p in program.parameters}
    inner, outer = (f"{'_' * max(map(len, names), default=0)}_{side}" for side in ("input", "output"))
    own = (Parameter(inner, program.input_shape), Parameter(outer, shape))
    count = len(program.parameters)

    def place(register: int) -> int:
        if register == 0:
            return count + 3
        return register if register <= count else register + 3

    scaled = Equation("multiply", (0, count + 1), program.input_shape)
    equations = [
        Equation(e.primitive, tuple(place(a) for a in e.arguments), e.shape, e.data)
        for e in program.equations
    ]
    last = Equation("multiply", (place(program.output), count + 2), shape)
    output = count + 3 + len(equations) + 1
    return Program(program.input_shape, (*program.parameters, *own), (scaled, *equations, last), output)


def _weight_spaces(weights: Indices, degree: int, prime: int) -> Iterator[Moves]:
    """Yield the moves up to a degree that have equal weights; large spaces come first."""
    count = len(weights) - 1
    if degree == 1:
        sources = np.arange(count + 1, dtype=np.int64)[:, None]
    else:
        sources = np.stack(np.triu_indices(count + 1), axis=1).astype(np.int64)
    if count * len(sources) > MAX_MOVES:
        return
    totals = weights[sources].sum(axis=1)
    keys = ((totals[None, :] - weights[:count, None]) % prime).ravel()
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    for part in sorted(np.split(order, starts[1:]), key=len, reverse=True):
        if len(part) <= MAX_UNKNOWNS:
            yield Moves(part // len(sources), sources[part % len(sources)])


def _relation(combination: list[tuple[Fraction, int, Indices]], count: int) -> Relation:
    """The relation of a combination of moves; index ``count`` is the number 1, not a weight."""
    terms: dict[int, list[Coefficient]] = {}
    for value, target, sources in combination:
        indices = [int(n) for n in sources if n < count]
        powers = tuple((n, indices.count(n)) for n in sorted(set(indices)))
        terms.setdefault(target, []).append(Coefficient(value, theta=powers))
    return tuple((target, tuple(terms[target])) for target in sorted(terms))


def _values(relation: Relation, theta: Indices, prime: int) -> dict[int, int]:
    """Return the entries of a relation at these weights modulo a prime."""
    values = {}
    for target, terms in relation:
        total = 0
        for term in terms:
            part = term.rational.numerator * pow(term.rational.denominator, -1, prime)
            for n, power in term.theta:
                part = part * pow(int(theta[n]), power, prime) % prime
            total += part
        values[target] = total % prime
    return values


def _named(program: Program, relation: Relation, gauges: GaugeSearch) -> NamedRelation:
    """Return a relation with a name for what it moves, and the registers that follow it linearly."""
    ends = list(accumulate(size(p.shape) for p in program.parameters))
    moved = {target for target, _ in relation}
    names = [
        p.name
        for p, end in zip(program.parameters, ends, strict=True)
        if moved & set(range(end - size(p.shape), end))
    ]
    terms = [(target, term) for target, coefficients in relation for term in coefficients]
    if any(sum(power for _, power in term.theta) > 1 for _, term in terms):
        return NamedRelation(f"quadratic symmetry of {', '.join(names)}", "", relation)
    field = [(t, term.theta[0][0] if term.theta else -1, term.rational) for t, term in terms]
    kind = "linear symmetry" if any(term.theta for _, term in terms) else "shift"
    return NamedRelation(f"{kind} of {', '.join(names)}", "", relation, gauges.find(field))
