"""Residues of a tower: one ring homomorphism to a prime field, given by a prime, a unit and a seed.

All residues are drawn by the kernel itself from the seed (SHAKE-256): weights and constants have one
residue for all samples; inputs, generators and logarithms a fresh one per sample. A generator is a power of
the unit g, so that its powers add up in Z/(p - 1). Where a radicand is no square modulo p, the certificate
names other draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import shake_256
from operator import mul
from struct import unpack
from typing import Protocol

from .activations import PRIMITIVE, ROOT, Activation, Polynomial, activation_named
from .derivations import derivative_row
from .domains import ListDomain
from .elimination import rank_modulo
from .errors import Rejected
from .polynomials import IMAGINARY, KAPPA, Key, Monomial
from .program import Shape, size
from .roots import Nonces, Points, redrawn, square_root
from .run import Trace, forward, gradient
from .tower import ZERO, Argument, Exponential, Logarithm, Source, Tower

PRIMES = (4194301, 4194277, 4194217, 4194181, 8388593, 8388581, 8388473, 8388461)
"""Primes congruent to 1 modulo 4 below 2^22 and 2^23; a product of two residues stays below 2^46."""

MAX_ENTRIES = 20_000_000

Matrix = Sequence[Sequence[int]]
WeightResidues = tuple[tuple[int, ...], ...]


class Vanishing(Rejected):
    """A denominator is zero at this sample: the homomorphism does not extend to it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The homomorphism: the prime, a unit g modulo it, and the seed of all residues."""

    prime: int
    unit: int
    seed: str

    def __post_init__(self) -> None:
        if self.prime not in PRIMES:
            raise Rejected(f"prime: expected one of {PRIMES}, got {self.prime}")
        if not 0 < self.unit < self.prime:
            raise Rejected(f"unit: expected 1 to {self.prime - 1}, got {self.unit}")

    def residue(self, value: Fraction) -> int:
        """Return the residue of a rational number; raises ``Rejected`` if p divides its denominator."""
        denominator = value.denominator % self.prime
        if denominator == 0:
            raise Rejected(f"the prime {self.prime} divides the denominator of {value}")
        return value.numerator * pow(denominator, -1, self.prime) % self.prime

    def numbers(self, label: str, count: int) -> tuple[int, ...]:
        """Return ``count`` integers below 2^64, a function of the seed and the label alone."""
        return unpack(f"<{count}Q", shake_256(f"{self.seed}/{label}".encode()).digest(8 * count))

    def imaginary_unit(self, sign: int) -> int:
        """Return a square root of -1 (p = 1 mod 4), or its negative."""
        for base in range(2, self.prime):
            root = pow(base, (self.prime - 1) // 4, self.prime)
            if root * root % self.prime == self.prime - 1:
                return root if sign > 0 else self.prime - root
        raise Rejected(f"{self.prime} has no square root of -1")


@dataclass(frozen=True, slots=True)
class Constants:
    """Residues shared by all samples: i, kappa, exponents of e^(c/q), weights, constant logarithms."""

    imaginary: int
    kappa: int
    exponents: tuple[int, ...]
    weights: WeightResidues
    logarithms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Residues of one sample: the inputs, the exponents of the generators, and the logarithms."""

    inputs: tuple[int, ...]
    exponents: tuple[int, ...]
    logarithms: tuple[int, ...]


def draw_constants(
    tower: Tower, setting: Setting, label: str, sign: int = 1, weights: WeightResidues | None = None
) -> Constants:
    """Draw the residues that all samples under this label share; ``weights`` if they are known already."""
    p = setting.prime
    end = 1 + len(tower.constants)
    numbers = setting.numbers(f"{label}/constants", end + len(tower.constant_logarithms))
    kappa = 1 + numbers[0] % (p - 1)
    exponents = tuple(n % (p - 1) for n in numbers[1:end])
    known = draw_weights(tower, setting, label) if weights is None else weights
    logarithms = tuple(n % p for n in numbers[end:])
    return Constants(setting.imaginary_unit(sign), kappa, exponents, known, logarithms)


def draw_weights(tower: Tower, setting: Setting, label: str) -> WeightResidues:
    """Return the residues of the given weights, or draw them when the weights are variables."""
    if tower.weights is not None:
        return tuple(tuple(setting.residue(v) for v in tensor) for tensor in tower.weights)
    program = tower.program
    flat = iter(setting.numbers(f"{label}/weights", program.parameter_count))
    return tuple(tuple(next(flat) % setting.prime for _ in range(size(q.shape))) for q in program.parameters)


def draw_pairs(tower: Tower, setting: Setting, pairs: int) -> list[Constants]:
    """Draw the constants of every pair of the premise; weights that are given are the same in all."""
    weights = None if tower.weights is None else draw_weights(tower, setting, "pair")
    return [draw_constants(tower, setting, f"pair/{k}", -1 if k % 2 else 1, weights) for k in range(pairs)]


def draw_sample(tower: Tower, setting: Setting, label: str, nonces: Nonces = ()) -> Sample:
    """Draw the residues of one sample; ``nonces`` say how often those of each root are redrawn."""
    numbers = redrawn(setting.numbers, label, tower.owners, nonces)
    d, p = size(tower.program.input_shape), setting.prime
    ends = d + len(tower.bases)
    exponents = tuple(n % (p - 1) for n in numbers[d:ends])
    return Sample(tuple(n % p for n in numbers[:d]), exponents, tuple(n % p for n in numbers[ends:]))


def coefficients(
    setting: Setting, constants: Constants, polynomial: Polynomial
) -> list[tuple[int, int, int]]:
    """Return (residue, power of z, power of E) for every term of an activation's polynomial."""
    p = setting.prime
    return [
        (setting.residue(c) * pow(constants.imaginary, i, p) * pow(constants.kappa, k, p) % p, z, e)
        for c, i, k, z, e in polynomial
    ]


class Residues(ListDomain[int]):
    """Residues modulo p at one sample of a tower."""

    def __init__(self, tower: Tower, setting: Setting, constants: Constants, sample: Sample) -> None:
        self.tower, self.setting, self.constants, self.sample = tower, setting, constants, sample
        self.prime = setting.prime

    def from_rational(self, value: Fraction) -> int:
        return self.setting.residue(value)

    def plus(self, a: int, b: int) -> int:
        return (a + b) % self.prime

    def minus(self, a: int) -> int:
        return -a % self.prime

    def times(self, a: int, b: int) -> int:
        return a * b % self.prime

    def over(self, a: int, b: int) -> int:
        if not b:
            raise Vanishing("a denominator vanishes at a sample")
        return a * pow(b, -1, self.prime) % self.prime

    def zero_test(self, a: int) -> bool:
        return not a

    def sums(self, terms: list[int], count: int, entries: int) -> list[int]:
        return [sum(terms[n * count : (n + 1) * count]) % self.prime for n in range(entries)]

    def activate(self, name: str, register: int, z: list[int]) -> tuple[list[int], list[int]]:
        activation = activation_named(name)
        if activation.kind == ROOT:
            values = [self.root(entry) for entry in z]
            return values, [self.over(1, 2 * value % self.prime) for value in values]
        values, slopes = self._closed(activation, register, z)
        if activation.kind == PRIMITIVE:
            found = zip(self.tower.values[register], z, strict=True)
            return [self.logarithm(known, entry) for known, entry in found], values
        return values, slopes

    def root(self, radicand: int) -> int:
        """Return the smaller square root of a radicand that has to be a non-zero square."""
        root = square_root(radicand, self.prime)
        if not root:
            raise Vanishing("a radicand is zero or no square at a sample")
        return root

    def logarithm(self, known: Logarithm, z: int) -> int:
        """Return the residue of the value of a primitive at z, by the parity identity at -z."""
        if known == ZERO:
            return 0
        drawn = self.constants.logarithms if known.is_constant else self.sample.logarithms
        value = drawn[known.index]
        if known.mirror is None:
            return value
        a, b, c = known.mirror
        return (a * value - b * z + c) % self.prime

    def _closed(self, activation: Activation, register: int, z: list[int]) -> tuple[list[int], list[int]]:
        """N/D and its derivative at every entry."""
        rows = self.tower.exponentials.get(register, ())
        units = [self.exponential(row) for row in rows] or [1] * len(z)
        top, bottom, d_top, d_bottom = self._data(activation)
        values, slopes = [], []
        for entry, unit in zip(z, units, strict=True):
            denominator = self._at(bottom, entry, unit)
            if not denominator:
                raise Vanishing(f"the denominator of {activation.name} vanishes at a sample")
            inverse = pow(denominator, -1, self.prime)
            value = self._at(top, entry, unit) * inverse % self.prime
            slope = (self._at(d_top, entry, unit) - value * self._at(d_bottom, entry, unit)) * inverse
            values.append(value)
            slopes.append(slope % self.prime)
        return values, slopes

    def activate_entry(self, name: str, register: int, index: int, z: int) -> tuple[int, int]:
        raise NotImplementedError("residues are activated a tensor at a time")

    def exponential(self, row: Exponential) -> int:
        """Return the residue of one exponential: g to the sum of its exponents modulo p - 1."""
        total = sum(m * self.sample.exponents[base] for base, m in row.generators)
        total += sum(m * self.constants.exponents[k] for k, m in row.constants)
        return pow(self.setting.unit, total % (self.prime - 1), self.prime)

    def _data(self, activation: Activation) -> list[list[tuple[int, int, int]]]:
        top, bottom = activation.numerator, activation.denominator
        polynomials = (top, bottom, activation.slope(top), activation.slope(bottom))
        return [coefficients(self.setting, self.constants, polynomial) for polynomial in polynomials]

    def _at(self, terms: list[tuple[int, int, int]], z: int, e: int) -> int:
        p = self.prime
        return sum(c * pow(z, i, p) * pow(e, j, p) for c, i, j in terms) % p

    def run(self) -> Trace[list[int]]:
        """Evaluate the program at this sample."""
        weights = [list(w) for w in self.constants.weights]
        return forward(self.tower.program, self, list(self.sample.inputs), weights)

    def base_values(self, trace: Trace[list[int]]) -> list[int]:
        """Return the residues of the base exponents."""
        return [self._base(base, trace) for base in self.tower.bases]

    def _base(self, base: Monomial | Argument, trace: Trace[list[int]]) -> int:
        if not isinstance(base, Argument):
            return self.monomial(base, trace)
        z, total = trace.values[base.argument][base.entry], 0
        for power, u in enumerate(base.exponent):
            total += self.setting.residue(u) * pow(z, power + 1, self.prime)
        return total * self.unit(base.unit) * self.setting.residue(base.scale) % self.prime

    def entry(self, tensor: list[int], index: int) -> int:
        """One entry of a tensor."""
        return tensor[index]

    def unit(self, name: str) -> int:
        """The residue of 1, i or kappa."""
        return {"1": 1, "i": self.constants.imaginary, "kappa": self.constants.kappa}[name]

    def monomial(self, monomial: Monomial, trace: Trace[list[int]]) -> int:
        """Return the residue of a formal monomial in inputs, activation values, i and kappa."""
        total = 1
        for atom, power in monomial:
            total = total * pow(self._atom(atom, trace), int(power), self.prime) % self.prime
        return total

    def _atom(self, atom: int, trace: Trace[list[int]]) -> int:
        if atom in (IMAGINARY, KAPPA):
            return self.constants.imaginary if atom == IMAGINARY else self.constants.kappa
        definition = self.tower.ring.atoms[atom]
        if definition[0] == "x":
            return self.sample.inputs[int(str(definition[1]))]
        if definition[0] == "inverse":
            key: Key = definition[1]  # type: ignore[assignment]  # an inverse atom holds the key of D
            total = sum(self.setting.residue(c) * self.monomial(m, trace) for m, c in key)
            return self.over(1, total % self.prime)
        source = self.source(atom)
        value = trace.values[source.register][source.entry]
        if source.mirror is None:
            return value
        a, b, c = source.mirror
        return a * (value - c + b * trace.values[source.argument][source.entry]) % self.prime

    def source(self, atom: int) -> Source:
        """Where a symbol is found in a run."""
        source = self.tower.sources.get(atom)
        if source is None:
            raise Rejected(f"a base exponent contains a symbol of kind '{self.tower.ring.atoms[atom][0]}'")
        return source


class Arithmetic(Protocol):
    """Evaluates a tower under a homomorphism and eliminates; ``trusted`` names what that rests on."""

    trusted: tuple[str, ...]

    def premise_ranks(self, tower: Tower, setting: Setting, pairs: int, points: Points) -> tuple[int, int]:
        """Ranks of the rows of the base exponents and logarithms, and of the rows of the constants."""

    def evaluation_rank(
        self,
        tower: Tower,
        setting: Setting,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[int],
        points: Points,
    ) -> int:
        """Rank of the evaluation matrix with rows (sample, output) and the given parameter columns."""

    def product(self, left: Matrix, right: Matrix) -> list[list[int]]:
        """The product of two matrices of integers."""


class PureArithmetic:
    """The standard library alone."""

    trusted: tuple[str, ...] = ()

    def premise_ranks(self, tower: Tower, setting: Setting, pairs: int, points: Points) -> tuple[int, int]:
        rows, constants = [], []
        for pair, shared in enumerate(draw_pairs(tower, setting, pairs)):
            try:
                row, values = self._pair(tower, setting, shared, pair, points)
            except Vanishing:
                continue
            rows.append(row)
            constants.append(values)
        p, width = setting.prime, constant_columns(tower)
        return rank_modulo(rows, premise_columns(tower), p), rank_modulo(constants, width, p)

    def _pair(
        self, tower: Tower, setting: Setting, shared: Constants, pair: int, points: Points
    ) -> tuple[list[int], list[int]]:
        """A row of the premise: differences of two points or, with logarithms, derivatives at the first."""
        samples = [
            draw_sample(tower, setting, f"pair/{pair}/{side}", nonces)
            for side, nonces in zip("ab", points.of_pair(pair), strict=True)
        ]
        domain = Residues(tower, setting, shared, samples[0])
        trace = domain.run()
        if tower.logarithms:
            row = derivative_row(domain, trace, list(samples[1].inputs))
        else:
            other = Residues(tower, setting, shared, samples[1])
            both = zip(domain.base_values(trace), other.base_values(other.run()), strict=True)
            row = [(a - b) % setting.prime for a, b in both]
        values = [domain.monomial(monomial, trace) for monomial in tower.constants]
        if tower.uses_kappa:
            values.append(shared.imaginary * pow(shared.kappa, -2, setting.prime) % setting.prime)
        return row, values

    def evaluation_rank(
        self,
        tower: Tower,
        setting: Setting,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[int],
        points: Points,
    ) -> int:
        if len(rows) * len(columns) > MAX_ENTRIES:
            raise Rejected(f"limit: {len(rows)} x {len(columns)} entries are more than {MAX_ENTRIES}")
        matrix = evaluation_rows(tower, setting, rows, columns, points)
        return rank_modulo(matrix, len(columns), setting.prime)

    def product(self, left: Matrix, right: Matrix) -> list[list[int]]:
        columns = list(zip(*right, strict=True))
        return [[sum(map(mul, row, column)) for column in columns] for row in left]


def radicand(tower: Tower, setting: Setting, shared: Constants, sample: Sample, number: int) -> int:
    """Return a radicand at a sample; raises ``Vanishing`` unless earlier ones are non-zero squares there."""
    program, root = tower.program, tower.roots[number]
    before = program.equations[: root.register - program.first_equation]
    part = replace(tower, program=replace(program, equations=before, output=root.argument))
    domain = Residues(part, setting, shared, sample)
    values = domain.run().values
    for earlier in tower.roots[:number]:
        domain.root(values[earlier.argument][earlier.entry])
    return values[root.argument][root.entry]


def premise_columns(tower: Tower) -> int:
    """Return how many base exponents and logarithms have to be independent over Q modulo constants."""
    return len(tower.bases) + len(tower.logarithms)


def constant_columns(tower: Tower) -> int:
    """Return how many constants have to be independent over Q."""
    return len(tower.constants) + int(tower.uses_kappa)


def evaluation_rows(
    tower: Tower,
    setting: Setting,
    rows: Sequence[tuple[int, int]],
    columns: Sequence[int],
    points: Points,
) -> list[list[int]]:
    """Return the rows (sample, output) of the evaluation matrix [d_i f_o(x_sample)] in these columns."""
    shared = draw_constants(tower, setting, "matrix")
    by_sample: dict[int, list[int]] = {}
    for sample, output in rows:
        by_sample.setdefault(sample, []).append(output)
    result = []
    for sample, outputs in by_sample.items():
        drawn = draw_sample(tower, setting, f"matrix/{sample}", points.of_sample(sample))
        domain = Residues(tower, setting, shared, drawn)
        trace = domain.run()
        for output in outputs:
            row = flat_gradient(domain, trace, output)
            result.append([row[column] for column in columns])
    return result


def flat_gradient(domain: Residues, trace: Trace[list[int]], output: int) -> list[int]:
    """Return the derivatives of one output by all parameters, in program order."""
    program = domain.tower.program
    cotangent = [int(k == output) for k in range(program.output_count)]
    shapes: list[Shape] = [q.shape for q in program.parameters]
    tensors = gradient(program, domain, trace, cotangent)
    return [
        entry
        for t, s in zip(tensors, shapes, strict=True)
        for entry in (t if t is not None else [0] * size(s))
    ]
