"""Comparing two programs through a polynomial map between their parameters, one register at a time.

Both programs run in one formal ring, whose variables are the weights t of the narrow one, free numbers, the
inputs x and one variable for each output. A sum that is a factor of a product is *abbreviated*: it becomes a
multiple of a variable that stands for it, equal sums (up to a multiple) the same variable. So a deep network
takes about as many terms as it has operations, and what is equal in both networks stays recognisable: a wide
register that is a multiple of a narrow one is found to be one, with nothing in the certificate that says so.
Theorem: docs/theory/embeddings (any two programs).
"""

from collections.abc import Container, Mapping, Sequence
from fractions import Fraction

from .activations import Activation, activation_named
from .errors import Rejected
from .formal import Formal, Ring
from .layered_embeddings import FIRST_VARIABLE, check_defined, unit_value
from .polynomials import Key, Monomial, Poly, add_to, multiply, multiply_monomials
from .program import Program, Shape, size
from .run import Trace, forward, gradient

Rows = Mapping[int, tuple[tuple[int, Poly], ...]]
"""The rows of B that are not zero: d_i f_wide = sum of coefficient * d_j f_narrow over (j, coefficient)."""
MAX_PRODUCTS = 10_000_000
"""Products of terms that a comparison may take."""


def check_programs(
    wide: Program, narrow: Program, domain: Formal, entries: Mapping[int, Poly], rule: str
) -> "Comparison":
    """Prove f_wide(E(t)) = f_narrow(t) for all t; return the two runs. Raises ``Rejected``.

    ``entries`` are those of E that are not zero, by wide parameter.
    """
    if size(wide.input_shape) != size(narrow.input_shape) or wide.output_count != narrow.output_count:
        raise Rejected(f"{rule}: the networks differ in inputs or outputs")
    comparison = Comparison(wide, narrow, domain, entries)
    comparison.check_function(rule)
    return comparison


class Comparison:
    """Two programs in one ring: the narrow one at t, then the wide one at E(t)."""

    def __init__(self, wide: Program, narrow: Program, domain: Formal, entries: Mapping[int, Poly]) -> None:
        self.wide, self.narrow, self.domain, self.ring = wide, narrow, domain, domain.ring
        weights = domain.weights([p.shape for p in narrow.parameters])
        self.below = forward(narrow, domain, domain.inputs(narrow.input_shape), weights)
        self.known = len(self.ring.atoms)
        flat = [entries.get(entry, {}) for entry in range(wide.parameter_count)]
        tensors = _tensors(flat, [p.shape for p in wide.parameters])
        self.above = forward(wide, domain, domain.inputs(wide.input_shape), tensors)

    def check_function(self, rule: str) -> None:
        """Prove that the outputs are equal, and that the wide network is defined where the narrow one is."""
        self._check_defined(rule)
        pairs = zip(self.above.values[self.wide.output], self.below.values[self.narrow.output], strict=True)
        for output, (f, g) in enumerate(pairs):
            if not self._are_equal(f, g):
                raise Rejected(f"{rule}: output {output} is another function")

    def _are_equal(self, f: Poly, g: Poly) -> bool:
        """Abbreviations are compared as they are: to expand what they stand for would undo them."""
        if isinstance(self.domain, Abbreviated):
            return self.domain.abbreviate(f) == self.domain.abbreviate(g)
        return self.ring.is_zero(self.domain.plus(f, self.domain.minus(g)))

    def check_rows(self, rows: Rows, rule: str) -> None:
        """Prove that every wide derivative is the combination of narrow ones that its row names."""
        narrow, wide = self._derivatives(self.narrow, self.below), self._derivatives(self.wide, self.above)
        if not all(0 <= i < len(wide) and 0 <= j < len(narrow) for i, row in rows.items() for j, _ in row):
            raise Rejected(f"{rule}: a row of the matrix names a parameter that does not exist")
        for entry, derivative in enumerate(wide):
            difference = dict(derivative)
            for j, coefficient in rows.get(entry, ()):
                add_to(difference, multiply(coefficient, narrow[j]), -1)
            if not self.ring.is_zero(difference):
                raise Rejected(f"{rule}: the derivative by parameter {entry} is not the combination given")

    def check_combinations(self, rule: str) -> None:
        """Prove that every wide derivative is a combination of narrow ones, by their abbreviations."""
        domain = self.domain
        if not isinstance(domain, Abbreviated):
            raise Rejected(f"{rule}: nothing is abbreviated")
        known: set[Monomial] = set()
        for derivative in self._derivatives(self.narrow, self.below):
            known |= domain.names(derivative)
        for entry, derivative in enumerate(self._derivatives(self.wide, self.above)):
            if not domain.is_combination(derivative, known):
                raise Rejected(
                    f"{rule}: the derivative by parameter {entry} is no combination of narrow ones"
                )

    def _derivatives(self, program: Program, trace: Trace[list[Poly]]) -> list[Poly]:
        """They are linear in one variable per output, with the derivatives of the outputs as coefficients."""
        unit = [self.ring.variable("output", k) for k in range(program.output_count)]
        parts = gradient(program, self.domain, trace, unit)
        sizes = [size(p.shape) for p in program.parameters]
        return [d for part, n in zip(parts, sizes, strict=True) for d in (part or [{} for _ in range(n)])]

    def _check_defined(self, rule: str) -> None:
        """A wide network that divides by zero is no function: it may divide by what the narrow one does."""
        if isinstance(self.domain, Abbreviated):
            self.domain.check_no_new_divisors(self.known, rule)
            return
        for equation in self.wide.equations:
            if equation.primitive == "activation":
                activation = activation_named(str(equation.data))
                for z in self.above.values[equation.arguments[0]]:
                    check_defined(self.ring, activation, z)


def _tensors(flat: list[Poly], shapes: Sequence[Shape]) -> list[list[Poly]]:
    starts = [sum(map(size, shapes[:k])) for k in range(len(shapes))]
    return [flat[start : start + size(shape)] for start, shape in zip(starts, shapes, strict=True)]


class Abbreviated(Formal):
    """Tensors of formal polynomials in which every factor and every argument has at most one variable term.

    The first variables of the ring are the ``narrow`` weights, then the ``free`` numbers: these are
    coefficients, like constants.
    """

    def __init__(self, ring: Ring, narrow: int, free: int) -> None:
        super().__init__(ring)
        self.weight_atoms = range(FIRST_VARIABLE, FIRST_VARIABLE + narrow)
        self.free = range(FIRST_VARIABLE + narrow, FIRST_VARIABLE + narrow + free)

    def abbreviate(self, poly: Poly) -> Poly:
        """Return c + g v with coefficients c and g and a variable v that stands for the rest."""
        if not poly or (len(poly) == 1 and _is_variable(next(iter(poly)))):
            return poly
        self.ring.spend(len(poly))
        constant, parts = self._parts(poly)
        if not parts:
            return poly
        gain, key = _factored(parts)
        total = multiply(gain, self._variable(key))
        add_to(total, constant)
        return total

    def names(self, derivative: Poly) -> set[Monomial]:
        """Return the monomials of which this derivative is a non-zero rational multiple."""
        gain, name = self._multiple(derivative)
        names = {name} if set(gain) == {()} else set()
        return names | set(derivative) if len(derivative) == 1 else names

    def is_combination(self, derivative: Poly, known: Container[Monomial]) -> bool:
        """Whether a derivative is found to be a combination of known monomials with coefficients in t."""
        gain, name = self._multiple(derivative)
        if not derivative or (gain and name in known):
            return True
        by_weights: dict[Monomial, Poly] = {}
        for monomial, c in derivative.items():
            weights = tuple(pair for pair in monomial if pair[0] in self.weight_atoms)
            rest = tuple(pair for pair in monomial if pair[0] not in self.weight_atoms)
            by_weights.setdefault(weights, {})[rest] = c
        return all(self._is_sum(part, known) for part in by_weights.values())

    def _is_sum(self, part: Poly, known: Container[Monomial]) -> bool:
        gain, name = self._multiple(part)
        constant, parts = self._parts(part)
        return bool(gain and name in known) or (not constant and all(m in known for m in parts))

    def _multiple(self, poly: Poly) -> tuple[Poly, Monomial]:
        """(g, v) with poly = g v for a variable v and a coefficient g; g is zero where there is none."""
        constant, parts = self._parts(self.abbreviate(poly))
        if constant or len(parts) != 1:
            return {}, ()
        ((name, gain),) = parts.items()
        return gain, name

    def _parts(self, poly: Poly) -> tuple[Poly, dict[Monomial, Poly]]:
        """The part without variables, and the coefficients by monomials in the variables."""
        constant: Poly = {}
        parts: dict[Monomial, Poly] = {}
        for monomial, c in poly.items():
            number = tuple(pair for pair in monomial if self._is_number(pair[0]))
            variables = tuple(pair for pair in monomial if not self._is_number(pair[0]))
            (parts.setdefault(variables, {}) if variables else constant)[number] = c
        return constant, parts

    def _is_number(self, atom: int) -> bool:
        return self.ring.constant_atoms[atom] or atom in self.free

    def _variable(self, key: Key) -> Poly:
        if len(key) == 1 and key[0][1] == 1 and _is_variable(key[0][0]):
            return dict(key)
        return {((self.ring.atom(("sum", key), False), 1),): Fraction(1)}

    def check_no_new_divisors(self, known: int, rule: str) -> None:
        """Refuse quotients and arguments of functions with poles that occurred after the first atoms."""
        for atom in self.ring.atoms[known:]:
            if atom[0] == "inverse":
                raise Rejected(f"{rule}: the network divides by something by which the narrow one does not")
            if atom[0] in ("value", "slope") and not _is_analytic(activation_named(str(atom[1]))):
                raise Rejected(f"{rule}: {atom[1]} has poles, and an argument that is not a narrow one")

    # Tensors: what is multiplied is abbreviated first

    def _each(self, tensor: list[Poly]) -> list[Poly]:
        return [self.abbreviate(entry) for entry in tensor]

    def times(self, a: Poly, b: Poly) -> Poly:
        self.ring.spend(len(a) * len(b))
        if len(a) == len(b) == 1:
            ((left, c),), ((right, d),) = a.items(), b.items()
            monomial, sign = multiply_monomials(left, right)
            return {monomial: sign * c * d}
        return multiply(a, b)

    def multiply(self, a: list[Poly], b: list[Poly]) -> list[Poly]:
        return super().multiply(self._each(a), self._each(b))

    def divide(self, a: list[Poly], b: list[Poly]) -> list[Poly]:
        return super().divide(self._each(a), self._each(b))

    def einsum(
        self, specification: str, a: list[Poly], b: list[Poly], shapes: tuple[Shape, Shape, Shape]
    ) -> list[Poly]:
        return super().einsum(specification, self._each(a), self._each(b), shapes)

    def activate_entry(self, name: str, register: int, index: int, z: Poly) -> tuple[Poly, Poly]:
        if set(z) <= {()}:
            return unit_value(self.ring, activation_named(name), z)
        return self.ring.activate(name, self.abbreviate(z))


def _factored(parts: Mapping[Monomial, Poly]) -> tuple[Poly, Key]:
    """Return (g, key) with sum of coefficient * monomial = g times the polynomial of the key.

    If the coefficients are rational multiples of one, g is that one; otherwise g is a rational number.
    """
    gain = parts[max(parts)]
    greatest = max(gain)
    lead = gain[greatest]
    leads = {monomial: c.get(greatest, Fraction(0)) for monomial, c in parts.items()}
    ratios = {monomial: v / lead for monomial, v in leads.items()}
    if all(_is_multiple(c, gain, ratios[monomial]) for monomial, c in parts.items()):
        return gain, tuple(sorted(ratios.items()))
    whole: Poly = {}
    for monomial, coefficient in parts.items():
        for number, v in coefficient.items():
            whole[multiply_monomials(monomial, number)[0]] = v / lead
    return {(): lead}, tuple(sorted(whole.items()))


def _is_multiple(poly: Poly, gain: Poly, ratio: Fraction) -> bool:
    return bool(ratio) and len(poly) == len(gain) and all(poly.get(m) == ratio * c for m, c in gain.items())


def _is_variable(monomial: Monomial) -> bool:
    return len(monomial) == 1 and monomial[0][1] == 1


def _is_analytic(activation: Activation) -> bool:
    """Whether sigma is analytic on the whole line: not a rational function with a denominator, nor a root."""
    if activation.exact:
        return bool(activation.exponent) or activation.is_polynomial
    return activation.parity is not None
