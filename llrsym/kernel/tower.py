"""The exponential tower of a program: every exponential as a monomial in free generators.

At given rational weights every exponent u(z) of the program is a rational combination of formal
monomials. The non-constant ones are the base exponents alpha_j; with common denominators q_j the
generators are e^(alpha_j / q_j), and every exponential is a product of integer powers of generators and
of e^(c / q) for the constant monomials c (1, i, and in the conditional case others). When the weights
are variables ('almost every weight') the base exponents are the distinct arguments themselves.

Values of primitives (arctan, softplus) are generators too, the logarithms of the tower, and square roots are
adjoined to it.

Nothing here is trusted to be independent: that base exponents and logarithms are independent over Q modulo
constants, and that no radicand is a square, are the premises which the rules certify.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from .activations import OPAQUE, PRIMITIVE, ROOT, Activation, activation_named
from .errors import Rejected
from .formal import Formal, Ring, exponent_of, leads_negative
from .polynomials import IMAGINARY, UNIT_MONOMIALS, Monomial, Poly, add_to, freeze, multiply_monomials
from .program import Equation, Program, size, split_einsum
from .roots import owners, root_influences
from .run import Trace, apply, forward

Weights = tuple[tuple[Fraction, ...], ...]
Powers = tuple[tuple[int, int], ...]
Combination = tuple[dict[int, Fraction], dict[int, Fraction]]
"""An exponent: coefficients of base exponents, and of constants."""
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
class Logarithm:
    """The value of a primitive: number ``index``, of the constant ones if so, and its parity identity."""

    index: int
    mirror: tuple[int, int, int] | None
    is_constant: bool = False


ZERO = Logarithm(-1, None)
"""The value of an odd primitive at zero."""


@dataclass(frozen=True, slots=True)
class Tower:
    """Base exponents of a program, and the integer exponents of each of its exponentials.

    ``logarithms``: where each distinct value of a primitive occurs first, ``constant_logarithms`` the
    symbols of those at constant arguments, ``values`` which one an entry is;
    ``roots``: where each distinct radicand occurs first, in program order, ``influences`` the free residues
    (inputs, base exponents, logarithms in this order) it may depend on, as bits; ``owners``: the first root
    that a free residue influences, or -1.
    """

    program: Program
    weights: Weights | None
    ring: Ring
    bases: tuple[Monomial | Argument, ...]
    constants: tuple[Monomial, ...]
    sources: dict[int, Source]
    exponentials: dict[int, tuple[Exponential, ...]]
    logarithms: tuple[Source, ...] = ()
    constant_logarithms: tuple[int, ...] = ()
    values: dict[int, tuple[Logarithm, ...]] = field(default_factory=dict)
    roots: tuple[Source, ...] = ()
    influences: tuple[int, ...] = ()
    owners: tuple[int, ...] = ()

    def activation_at(self, register: int) -> Activation:
        """The activation that a register holds the values of."""
        return activation_named(str(self.program.equations[register - self.program.first_equation].data))

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
            if activation.kind == OPAQUE:
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
    if all(activation.exact and not activation.exponent for _, activation in equations):
        # Without generators the homomorphism is Z_(p)[theta, x] -> F_p, and nothing has to be expanded.
        inputs = (-1,) * size(program.input_shape)
        return Tower(program, weights, ring, (), (), {}, {}, owners=inputs)
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
    return collector.tower(program, weights)


class _Collector:
    """Gathers the exponents of all exponentials, then brings them to common denominators."""

    def __init__(self, ring: Ring, weights_vary: bool) -> None:
        self.ring = ring
        self.weights_vary = weights_vary
        self.bases: dict[object, int] = {}
        self.base_data: list[Monomial | Argument] = []
        self.constants: dict[Monomial, int] = {}
        self.sources: dict[int, Source] = {}
        self.rows: dict[int, list[Combination]] = {}
        self.echelon: dict[str, dict[Monomial, tuple[Poly, dict[int, Fraction]]]] = {}
        self.logarithms: dict[int, int] = {}
        self.constant_logarithms: dict[int, int] = {}
        self.values: dict[int, list[Logarithm]] = {}
        self.roots: dict[int, None] = {}

    def add(self, register: int, argument: int, entry: int, activation: Activation, z: Poly) -> None:
        """Record the exponential of one entry as a combination of base exponents and constants."""
        rows = self.rows.setdefault(register, [])
        if self.weights_vary and not self.ring.is_constant(z):
            place = (argument, entry)
            if len(activation.exponent) == 1:
                rows.append(self._linear(place, activation, self.ring.reduce(z)))
            else:
                base, coefficient = self._argument_base(place, activation, z)
                rows.append(({base: coefficient}, {}))
            return
        generators: dict[int, Fraction] = {}
        constants: dict[int, Fraction] = {}
        for monomial, coefficient in sorted(self.ring.reduce(exponent_of(activation, z)).items()):
            if self.ring.is_constant({monomial: coefficient}):
                constants[self._constant(monomial)] = coefficient
            else:
                generators[self._base(monomial, monomial)] = coefficient
        rows.append((generators, constants))

    def _linear(self, place: tuple[int, int], activation: Activation, z: Poly) -> Combination:
        """The exponent c z in the arguments that came before it, as far as z depends on them over Q."""
        rest, total = dict(z), dict[int, Fraction]()
        known = self.echelon.setdefault(activation.unit, {})
        while (lead := self._lead(rest)) is not None and lead in known:
            poly, combination = known[lead]
            factor = rest[lead] / poly[lead]
            add_to(rest, poly, -factor)
            for base, coefficient in combination.items():
                total[base] = total.get(base, Fraction(0)) + factor * coefficient
        scale = activation.exponent[0]
        if lead is not None:
            data = Argument(*place, 1 / z[max(z)], (Fraction(1),), activation.unit)
            base = self._base((activation.unit, freeze(z)), data)
            known[lead] = rest, {base: z[max(z)]} | {k: -c for k, c in total.items() if c}
            return {base: scale * z[max(z)]}, {}
        constants: dict[int, Fraction] = {}
        for monomial, c in rest.items():
            product, sign = multiply_monomials(monomial, UNIT_MONOMIALS[activation.unit])
            constants[self._constant(product)] = sign * scale * c
        return {base: scale * c for base, c in total.items() if c}, constants

    def _lead(self, poly: Poly) -> Monomial | None:
        """The last monomial that is not constant."""
        return max((m for m in poly if not self.ring.is_constant({m: poly[m]})), default=None)

    def _constant(self, monomial: Monomial) -> int:
        return self.constants.setdefault(monomial, len(self.constants))

    def record_source(
        self, register: int, argument: int, entry: int, activation: Activation, z: Poly
    ) -> None:
        """Remember where the symbol of sigma(z) can be read off a run."""
        mirror = activation.parity if leads_negative(z) else None
        key = freeze({m: -c for m, c in z.items()} if mirror else z)
        atom = self.ring.find(("value", activation.name, key))
        if atom is not None:
            self.sources.setdefault(atom, Source(register, argument, entry, mirror))
        if activation.kind == ROOT and atom is not None:
            self.roots.setdefault(atom)
        if activation.kind == PRIMITIVE:
            value = ZERO
            if atom is not None:
                constant = self.ring.is_constant(z)
                numbers = self.constant_logarithms if constant else self.logarithms
                value = Logarithm(numbers.setdefault(atom, len(numbers)), mirror, constant)
            self.values.setdefault(register, []).append(value)

    def _base(self, key: object, data: Monomial | Argument) -> int:
        number = self.bases.setdefault(key, len(self.base_data))
        if number == len(self.base_data):
            self.base_data.append(data)
            if number >= MAX_BASES:
                raise Rejected(f"limit: more than {MAX_BASES} base exponents")
        return number

    def _argument_base(self, place: tuple[int, int], activation: Activation, z: Poly) -> tuple[int, Fraction]:
        """The base exponent of u(z) for a u that is not linear: u(z), up to sign where u has a parity."""
        sign = 1
        if z[max(z)] < 0 and (_is_odd(activation) or _is_even(activation)):
            sign = -1
        key = freeze({monomial: sign * coefficient for monomial, coefficient in z.items()})
        sign = sign if _is_odd(activation) else 1
        data = Argument(*place, Fraction(sign), activation.exponent, activation.unit)
        return self._base((activation.unit, activation.exponent, key), data), Fraction(sign)

    def tower(self, program: Program, weights: Weights | None) -> Tower:
        """Return the tower of everything that has been recorded."""
        exponentials = self._exponentials()
        values = {register: tuple(found) for register, found in self.values.items()}
        roots = tuple(self.sources[atom] for atom in self.roots)
        first = size(program.input_shape)
        first_logarithm = first + len(self.base_data)
        influences = root_influences(
            program,
            {
                r: [[first + base for base, _ in e.generators] for e in rows]
                for r, rows in exponentials.items()
            },
            {
                r: [-1 if v == ZERO or v.is_constant else v.index + first_logarithm for v in row]
                for r, row in values.items()
            },
            [(root.argument, root.entry) for root in roots],
        )
        return Tower(
            program,
            weights,
            self.ring,
            tuple(self.base_data),
            tuple(self.constants),
            self.sources,
            exponentials,
            tuple(self.sources[atom] for atom in self.logarithms),
            tuple(self.constant_logarithms),
            values,
            roots,
            influences,
            owners(influences, first_logarithm + len(self.logarithms)),
        )

    def _exponentials(self) -> dict[int, tuple[Exponential, ...]]:
        q = [1] * len(self.base_data)
        q_constant = [1] * len(self.constants)
        for rows in self.rows.values():
            for generators, constants in rows:
                _extend(q, generators)
                _extend(q_constant, constants)
        return {
            register: tuple(Exponential(_integral(g, q), _integral(c, q_constant)) for g, c in rows)
            for register, rows in self.rows.items()
        }


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
