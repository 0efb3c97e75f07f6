"""The exponential tower of a program: every exponential as a monomial in free generators.

At given rational weights every exponent u(z) of the program is a rational combination of formal
monomials. The non-constant ones are the base exponents alpha_j; with common denominators q_j the
generators are e^(alpha_j / q_j), and every exponential is a product of integer powers of generators and
of e^(c / q) for the constant monomials c (1, i, and in the conditional case others). When the weights
are variables ('almost every weight') the base exponents are the distinct arguments themselves.

Nothing here is trusted to be independent: that the base exponents are independent over Q modulo
constants is the premise which the rules certify with difference rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from .activations import Activation, activation_named
from .errors import Rejected
from .formal import Formal, Ring, exponent_of, leads_negative
from .polynomials import IMAGINARY, Monomial, Poly, freeze
from .program import Equation, Program, size, split_einsum
from .run import Trace, apply, forward

Weights = tuple[tuple[Fraction, ...], ...]
Powers = tuple[tuple[int, int], ...]
MAX_BASES = 5_000
LONG = 64
"""Terms of a polynomial in variable weights beyond which its register gets a name of its own."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a symbol is found in a run: entry of an activation, and how to undo its parity identity."""

    register: int
    argument: int
    entry: int
    mirror: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Argument:
    """A base exponent that is the argument of an exponential: ``scale`` times u(z) at one entry."""

    argument: int
    entry: int
    scale: Fraction
    exponent: tuple[Fraction, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Exponential:
    """E = prod generator_j^m_j * prod constant_k^n_k for one entry of an activation."""

    generators: Powers
    constants: Powers


@dataclass(frozen=True, slots=True)
class Tower:
    """Base exponents of a program, and the integer exponents of each of its exponentials."""

    program: Program
    weights: Weights | None
    ring: Ring
    bases: tuple[Monomial | Argument, ...]
    constants: tuple[Monomial, ...]
    sources: dict[int, Source]
    exponentials: dict[int, tuple[Exponential, ...]]

    @property
    def uses_kappa(self) -> bool:
        """Whether sqrt(2/pi) occurs in the program."""
        return any(activation.unit == "kappa" for _, activation in exact_activations(self.program))

    @property
    def needs_schanuel(self) -> bool:
        """Whether independence of the exponentials of constants rests on Schanuel's conjecture."""
        plain = {(), ((IMAGINARY, 1),)}
        return bool(set(self.constants) - plain) or (self.uses_kappa and bool(self.constants))


def exact_activations(program: Program) -> list[tuple[int, Activation]]:
    """Return (register, activation) of every activation equation; refuses opaque activations."""
    found = []
    for offset, equation in enumerate(program.equations):
        if equation.primitive == "activation":
            activation = activation_named(str(equation.data))
            if not activation.exact:
                raise Rejected(f"activation '{activation.name}' has no exact engine: no lower bound follows")
            found.append((program.first_equation + offset, activation))
    return found


def formal_trace(program: Program, weights: Weights | None, ring: Ring) -> Trace[list[Poly]]:
    """Run a program over formal polynomials; ``weights`` None means that they are variables.

    In that case a register with long polynomials becomes a tensor of new variables: nothing that follows has
    to be known about it, because the premise of the lower bound is tested on the exponents as they are, and
    an identity in independent variables holds for their values.
    """
    domain = Formal(ring)
    shapes = [p.shape for p in program.parameters]
    if weights is not None:
        check_weights(program, weights)
        tensors = [domain.constant(w, s) for w, s in zip(weights, shapes, strict=True)]
        return forward(program, domain, domain.inputs(program.input_shape), tensors)
    values, slopes = [domain.inputs(program.input_shape), *domain.weights(shapes)], dict[int, list[Poly]]()
    for register, equation in enumerate(program.equations, start=program.first_equation):
        arguments = [values[r] for r in equation.arguments]
        if _is_long_product(program, equation, arguments):
            values.append(_variables(ring, register, size(equation.shape)))
            continue
        value, slope = apply(program, domain, register, equation, arguments)
        short = all(len(entry) <= LONG for entry in value)
        values.append(value if short else _variables(ring, register, len(value)))
        if slope is not None:
            slopes[register] = slope
    return Trace(values, slopes)


def _is_long_product(program: Program, equation: Equation, arguments: list[list[Poly]]) -> bool:
    """Whether the entries of a product are too long to be written out first."""
    if equation.primitive not in ("einsum", "multiply"):
        return False
    left, right = (max(map(len, argument), default=0) for argument in arguments)
    summed = 1
    if equation.primitive == "einsum":
        letters, _, out = split_einsum(str(equation.data))
        shape = program.shapes[equation.arguments[0]]
        summed = size(tuple(n for k, n in zip(letters, shape, strict=True) if k not in out))
    return left * right > LONG or left * right * summed > 4 * LONG


def _variables(ring: Ring, register: int, count: int) -> list[Poly]:
    return [ring.variable(f"register {register}", k) for k in range(count)]


def check_weights(program: Program, weights: Weights) -> None:
    """Raise ``Rejected`` unless there is one rational number for every parameter entry."""
    expected = [size(p.shape) for p in program.parameters]
    if [len(w) for w in weights] != expected or not all(type(v) is Fraction for w in weights for v in w):
        raise Rejected(f"weights: expected rational tensors with {expected} entries")


def derive_tower(
    program: Program, weights: Weights | None, rewrites: Sequence[tuple[Monomial, Poly]] = ()
) -> Tower:
    """Return the tower of a program, with the given relations between exponents proved and applied.

    Raises ``Rejected`` when a relation is no identity or the program has no exact engine.
    """
    ring = Ring()
    equations = exact_activations(program)
    if weights is not None:
        check_weights(program, weights)
    if not any(activation.exponent for _, activation in equations):
        # Without exponentials the homomorphism is Z_(p)[theta, x] -> F_p, and nothing has to be expanded.
        return Tower(program, weights, ring, (), (), {}, {})
    trace = formal_trace(program, weights, ring)
    for monomial, replacement in rewrites:
        ring.add_rewrite(monomial, replacement)
    collector = _Collector(ring, weights is None)
    for register, activation in equations:
        argument = program.equations[register - program.first_equation].arguments[0]
        for entry, z in enumerate(trace.values[argument]):
            collector.record_source(register, argument, entry, activation, z)
            if activation.exponent:
                collector.add(register, argument, entry, activation, z)
    bases, constants, exponentials = collector.finish()
    return Tower(program, weights, ring, bases, constants, collector.sources, exponentials)


class _Collector:
    """Gathers the exponents of all exponentials, then brings them to common denominators."""

    def __init__(self, ring: Ring, weights_vary: bool) -> None:
        self.ring = ring
        self.weights_vary = weights_vary
        self.bases: dict[object, int] = {}
        self.base_data: list[Monomial | Argument] = []
        self.constants: dict[Monomial, int] = {}
        self.sources: dict[int, Source] = {}
        self.rows: dict[int, list[tuple[dict[int, Fraction], dict[int, Fraction]]]] = {}

    def add(self, register: int, argument: int, entry: int, activation: Activation, z: Poly) -> None:
        if self.weights_vary and not self.ring.is_constant(z):
            base, coefficient = self._argument_base(argument, entry, activation, z)
            self.rows.setdefault(register, []).append(({base: coefficient}, {}))
            return
        generators: dict[int, Fraction] = {}
        constants: dict[int, Fraction] = {}
        for monomial, coefficient in sorted(self.ring.reduce(exponent_of(activation, z)).items()):
            if self.ring.is_constant({monomial: coefficient}):
                constants[self.constants.setdefault(monomial, len(self.constants))] = coefficient
            else:
                generators[self._base(monomial, monomial)] = coefficient
        self.rows.setdefault(register, []).append((generators, constants))

    def record_source(
        self, register: int, argument: int, entry: int, activation: Activation, z: Poly
    ) -> None:
        """Remember where the symbol of sigma(z) can be read off a run."""
        mirror = activation.parity if leads_negative(z) else None
        key = freeze({m: -c for m, c in z.items()} if mirror else z)
        atom = self.ring.find(("value", activation.name, key))
        if atom is not None:
            self.sources.setdefault(atom, Source(register, argument, entry, mirror))

    def _base(self, key: object, data: Monomial | Argument) -> int:
        number = self.bases.setdefault(key, len(self.base_data))
        if number == len(self.base_data):
            self.base_data.append(data)
            if number >= MAX_BASES:
                raise Rejected(f"limit: more than {MAX_BASES} base exponents")
        return number

    def _argument_base(
        self, argument: int, entry: int, activation: Activation, z: Poly
    ) -> tuple[int, Fraction]:
        """The base exponent of u(z): z up to a rational factor if u is linear, else u(z) up to sign."""
        lead = z[max(z)]
        linear = len(activation.exponent) == 1
        factor = lead if linear else Fraction(1 if lead > 0 else -1)
        primitive = freeze({monomial: coefficient / factor for monomial, coefficient in z.items()})
        shape = (Fraction(1),) if linear else activation.exponent
        sign = factor if linear or _is_odd(activation) else Fraction(1)
        if not linear and not _is_odd(activation) and not _is_even(activation):
            primitive, sign = freeze(z), Fraction(1)
        data = Argument(argument, entry, 1 / sign, shape, activation.unit)
        base = self._base((activation.unit, shape, primitive), data)
        return base, sign * (activation.exponent[0] if linear else 1)

    def finish(
        self,
    ) -> tuple[tuple[Monomial | Argument, ...], tuple[Monomial, ...], dict[int, tuple[Exponential, ...]]]:
        q = [1] * len(self.base_data)
        q_constant = [1] * len(self.constants)
        for rows in self.rows.values():
            for generators, constants in rows:
                _extend(q, generators)
                _extend(q_constant, constants)
        exponentials = {
            register: tuple(Exponential(_integral(g, q), _integral(c, q_constant)) for g, c in rows)
            for register, rows in self.rows.items()
        }
        return tuple(self.base_data), tuple(self.constants), exponentials


def _extend(q: list[int], coefficients: dict[int, Fraction]) -> None:
    for base, coefficient in coefficients.items():
        q[base] = lcm(q[base], coefficient.denominator)


def _integral(coefficients: dict[int, Fraction], q: list[int]) -> Powers:
    return tuple(
        (base, c.numerator * (q[base] // c.denominator)) for base, c in sorted(coefficients.items()) if c
    )


def _is_odd(activation: Activation) -> bool:
    return all(not u for u in activation.exponent[1::2])


def _is_even(activation: Activation) -> bool:
    return all(not u for u in activation.exponent[0::2])
