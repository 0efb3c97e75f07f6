"""Formal polynomials: exact expressions in which every rewriting is a true identity of functions.

A polynomial maps monomials to non-zero rational coefficients; a monomial is a sorted tuple of
(atom, power). Atoms are numbered by the ring that made them:

* i and kappa = sqrt(2/pi); inputs x_k; weights theta_k (only when the weights are variables);
* ``value`` and ``slope``: sigma(z) and sigma'(z) of an activation at a formal polynomial z, as opaque
  symbols, z and -z sharing one symbol by the parity identity of sigma;
* ``value`` of a square root: s with s^2 = z;
* ``exp``: e^m for a monomial m, with rational powers (m = () is the number e);
* ``inverse``: 1/D for a polynomial D.

Values and slopes stay opaque as long as that suffices. ``is_zero`` expands those that have a closed form into
exponentials and inverses, clears the denominators, replaces squares of roots and compares coefficients.
What it calls zero is zero as a function.
"""

from collections.abc import Iterable
from fractions import Fraction

from .activations import CLOSED, OPAQUE, PRIMITIVE, ROOT, Activation, Polynomial, activation_named
from .domains import ListDomain, einsum_pairs
from .errors import Rejected, Undefined
from .polynomials import (
    IMAGINARY,
    KAPPA,
    MAX_TERMS,
    UNIT_MONOMIALS,
    Key,
    Monomial,
    Poly,
    add_to,
    freeze,
    multiply,
    power,
)
from .program import Shape, size

Atom = tuple[object, ...]

MAX_WORK = 10_000_000
"""Terms that all zero tests of one problem may pass through."""
PLAIN_SYMBOLS, PLAIN_TERMS, PLAIN_ROOM = 6, 64, 400


class Ring:
    """The atoms of one problem, numbered in order of creation (deterministic), and their meanings.

    ``products`` limits the products of terms in the evaluation of a network.
    """

    def __init__(self, products: int | None = None) -> None:
        self.products = products
        self.atoms: list[Atom] = [("i",), ("kappa",)]
        self.constant_atoms: list[bool] = [True, True]
        self.rewrites: dict[Monomial, Poly] = {}
        self.work = 0
        self._numbers: dict[Atom, int] = {atom: n for n, atom in enumerate(self.atoms)}
        self._expansions: dict[int, Poly] = {}
        self._nonzero: set[int] = set()

    def spend(self, products: int) -> None:
        """Count products of terms; raises ``Rejected`` beyond the number allowed at the start."""
        if self.products is not None:
            self.products -= products
            if self.products < 0:
                raise Rejected("limit: the formal evaluation takes too many products")

    def atom(self, atom: Atom, constant: bool) -> int:
        """Return the number of an atom, new or known."""
        number = self._numbers.setdefault(atom, len(self.atoms))
        if number == len(self.atoms):
            self.atoms.append(atom)
            self.constant_atoms.append(constant)
        return number

    def find(self, atom: Atom) -> int | None:
        """Return the number of a known atom."""
        return self._numbers.get(atom)

    def variable(self, kind: str, index: int) -> Poly:
        """Return x_index or theta_index."""
        return {((self.atom((kind, index), False), 1),): Fraction(1)}

    def is_constant(self, poly: Poly) -> bool:
        """Whether no monomial contains an input or a weight."""
        return all(self.constant_atoms[atom] for monomial in poly for atom, _ in monomial)

    def exponential(self, exponent: Poly) -> Poly:
        """Return e^p as one monomial; rewritten monomials of p are replaced first."""
        powers: list[tuple[int, Fraction | int]] = []
        for monomial, coefficient in self.reduce(exponent).items():
            constant = all(self.constant_atoms[atom] for atom, _ in monomial)
            powers.append((self.atom(("exp", monomial), constant), coefficient))
        return {tuple(sorted(powers)): Fraction(1)}

    def reduce(self, poly: Poly) -> Poly:
        """Return the polynomial with squares of roots and rewritten monomials replaced."""
        for root in sorted({a for m in poly for a, p in m if p > 1 and self._kind(a) == ROOT}, reverse=True):
            even, poly = self._split(poly, root)
            poly = multiply(poly, {((root, 1),): Fraction(1)})
            add_to(poly, even)
        if not self.rewrites:
            return poly
        total: Poly = {}
        for monomial, coefficient in poly.items():
            add_to(total, self.rewrites.get(monomial, {monomial: Fraction(1)}), coefficient)
        return total

    def add_rewrite(self, monomial: Monomial, replacement: Poly) -> None:
        """Accept an identity between exponents after proving it; raises ``Rejected`` otherwise."""
        for m in (monomial, *replacement):
            atoms = [atom for atom, _ in m]
            if atoms != sorted(set(atoms)) or not all(0 <= atom < len(self.atoms) for atom in atoms):
                raise Rejected("rewrite: a monomial repeats an atom or names one that does not exist")
        top = max((atom for m in replacement for atom, _ in m), default=IMAGINARY)
        if top > max((atom for atom, _ in monomial), default=IMAGINARY):
            raise Rejected("rewrite: a replacement uses a symbol that is later than the rewritten monomial")
        used = set(replacement) | {m for p in self.rewrites.values() for m in p}
        if monomial in used or monomial in self.rewrites or used & (self.rewrites.keys() | {monomial}):
            raise Rejected("rewrite: a rewritten monomial occurs in a replacement")
        difference: Poly = {monomial: Fraction(1)}
        add_to(difference, replacement, -1)
        if not self.is_zero(difference):
            raise Rejected("rewrite: the relation between exponents is not an identity")
        self.rewrites[monomial] = replacement
        self._expansions.clear()

    # Activations

    def activate(self, name: str, z: Poly) -> tuple[Poly, Poly]:
        """Return sigma(z) and sigma'(z): new symbols, except where expanding a polynomial is free."""
        activation = activation_named(name)
        if activation.is_polynomial and (len(z) <= 1 or activation.is_affine):
            return evaluate(activation.numerator, z, {}), evaluate(
                activation.slope(activation.numerator), z, {}
            )
        if activation.kind == ROOT:
            return self._root(name, z)
        if not z and activation.exact:
            return _at_zero(activation)
        if not z and activation.kind == PRIMITIVE and activation.parity == (-1, 0, 0):
            return {}, _at_zero(activation)[0]
        if not z and activation.kind == OPAQUE and (activation.parity == (-1, 0, 0) or name == "gelu"):
            # An odd function is zero at zero, and gelu(0) = 0 Phi(0).
            return {}, self._symbols(name, z)[1]
        if activation.parity is not None and leads_negative(z):
            a, b, c = activation.parity
            mirrored = {monomial: -coefficient for monomial, coefficient in z.items()}
            value, slope = self._symbols(name, mirrored)
            return _affine(value, a, (mirrored, b), c), _affine(slope, -a, ({}, 0), -b)
        return self._symbols(name, z)

    def _symbols(self, name: str, z: Poly) -> tuple[Poly, Poly]:
        key, constant = freeze(z), self.is_constant(z)
        value = self.atom(("value", name, key), constant)
        slope = self.atom(("slope", name, key), constant)
        return {((value, 1),): Fraction(1)}, {((slope, 1),): Fraction(1)}

    def _root(self, name: str, z: Poly) -> tuple[Poly, Poly]:
        """s with s^2 = z, and its derivative 1/(2s)."""
        if not z:
            raise Undefined("a square root of zero has no derivative")
        root: Poly = {((self.atom(("value", name, freeze(z)), self.is_constant(z)), 1),): Fraction(1)}
        return root, multiply(self.inverse(root), {(): Fraction(1, 2)})

    def inverse(self, poly: Poly) -> Poly:
        """Return 1/poly, with the unit part (a number times exponentials) of poly inverted at once."""
        if not poly:
            raise Undefined("a denominator is identically zero")
        unit = self._unit_part(poly)
        rest = multiply(poly, {unit: Fraction(1)})
        scale = 1 / rest[min(rest)]
        rest = multiply(rest, {(): scale})
        back: Poly = {unit: scale}
        if rest == {(): 1}:
            return back
        number = self.atom(("inverse", freeze(rest)), self.is_constant(rest))
        return multiply(back, {((number, 1),): Fraction(1)})

    def _unit_part(self, poly: Poly) -> Monomial:
        """The monomial of exponentials that brings every exponential of poly to lowest power zero."""
        lowest: dict[int, Fraction | int] = {}
        monomials = [dict(monomial) for monomial in poly]
        for atom in {a for m in monomials for a in m if self.atoms[a][0] == "exp"}:
            lowest[atom] = min(m.get(atom, 0) for m in monomials)
        return tuple(sorted((atom, -p) for atom, p in lowest.items() if p))

    # The zero test

    def is_zero(self, poly: Poly, room: int = MAX_TERMS) -> bool:
        """Whether the polynomial is zero after expanding symbols and clearing denominators.

        The latest symbol goes first: its expansion has only earlier ones, so every symbol goes once. A
        polynomial a + b s in a root s is zero if a and b are. Beyond ``room`` terms the answer is False,
        which then means nothing.
        """
        while poly:
            if len(poly) > room:
                return False
            self.work += len(poly)
            self.spend(len(poly))
            if self.work > MAX_WORK:
                raise Rejected("limit: the zero tests take too many terms")
            atoms = {atom for monomial in poly for atom, _ in monomial}
            inverses = [atom for atom in atoms if self.atoms[atom][0] == "inverse"]
            symbol = max((atom for atom in atoms if self._is_reducible(atom)), default=None)
            if inverses:
                poly = self._cleared(poly, max(inverses))
            elif symbol is None:
                return False
            elif self._kind(symbol) == ROOT:
                even, odd = self._split(poly, symbol)
                if not self.is_zero(odd, room):
                    return False
                poly = even
            else:
                poly = self._expanded(poly, symbol)
        return True

    def _kind(self, atom: int) -> str | None:
        """The kind of the activation of a value or slope."""
        definition = self.atoms[atom]
        return activation_named(str(definition[1])).kind if definition[0] in ("value", "slope") else None

    def _is_reducible(self, atom: int) -> bool:
        """Whether a symbol is more than a variable: values of primitives stay as they are."""
        kind = self._kind(atom)
        return kind is not None and not (kind == PRIMITIVE and self.atoms[atom][0] == "value")

    def _split(self, poly: Poly, root: int) -> tuple[Poly, Poly]:
        """Return a and b with poly = a + b s, after s^2 = z."""
        key: Key = self.atoms[root][2]  # type: ignore[assignment]  # a value atom holds the key of z
        parts: tuple[Poly, Poly] = ({}, {})
        for degree, part in _by_power(poly, root).items():
            add_to(parts[degree % 2], multiply(part, power(dict(key), degree // 2)))
        return parts

    def is_plainly_zero(self, poly: Poly) -> bool:
        """A zero test that gives up early; False means nothing."""
        atoms = {self.atoms[a] for m in poly for a, _ in m}
        found = [activation_named(str(atom[1])) for atom in atoms if atom[0] in ("value", "slope")]
        hard = sum(not activation.is_polynomial for activation in found)
        hard += sum(atom[0] == "inverse" for atom in atoms)
        if not poly or hard > PLAIN_SYMBOLS or len(poly) > PLAIN_TERMS:
            return not poly
        return all(activation.kind != OPAQUE for activation in found) and self.is_zero(poly, PLAIN_ROOM)

    def _cleared(self, poly: Poly, inverse: int) -> Poly:
        """Return poly * D^k without the atom 1/D, after proving D non-zero."""
        key: Key = self.atoms[inverse][1]  # type: ignore[assignment]  # an inverse atom holds the key of D
        denominator: Poly = dict(key)
        if inverse not in self._nonzero:
            if self.is_zero(denominator):
                raise Undefined("a denominator is identically zero")
            self._nonzero.add(inverse)
        by_power = _by_power(poly, inverse)
        total: Poly = {}
        for degree, part in by_power.items():
            add_to(total, multiply(part, power(denominator, max(by_power) - degree)))
        return total

    def _expanded(self, poly: Poly, symbol: int) -> Poly:
        """Return the polynomial with one symbol replaced by its closed form."""
        powers: dict[int, Poly] = {0: {(): Fraction(1)}}
        total: Poly = {}
        for monomial, coefficient in poly.items():
            degree = int(dict(monomial).get(symbol, 0))
            if degree not in powers:
                powers[degree] = power(self.expansion(symbol), degree)
            rest = tuple(pair for pair in monomial if pair[0] != symbol)
            add_to(total, multiply(powers[degree], {rest: coefficient}))
        return total

    def expansion(self, number: int) -> Poly:
        """Return the closed form of a value or slope symbol in exponentials and inverses."""
        if number not in self._expansions:
            kind, name, key = self.atoms[number]
            activation = activation_named(str(name))
            if activation.kind not in (CLOSED, PRIMITIVE) or (kind, activation.kind) == ("value", PRIMITIVE):
                raise Rejected(f"activation '{name}' has no exact closed form")
            z: Poly = dict(key)  # type: ignore[call-overload]  # a value atom holds the key of z
            slope_of_closed = kind == "slope" and activation.kind == CLOSED
            self._expansions[number] = self._closed_form(activation, z, slope_of_closed)
        return self._expansions[number]

    def _closed_form(self, activation: Activation, z: Poly, slope: bool) -> Poly:
        """Return N/D at z, or its derivative."""
        e = self.exponential(exponent_of(activation, z)) if activation.exponent else {}
        bottom = self.inverse(evaluate(activation.denominator, z, e))
        value = multiply(evaluate(activation.numerator, z, e), bottom)
        if not slope:
            return value
        change = evaluate(activation.slope(activation.numerator), z, e)
        add_to(change, multiply(value, evaluate(activation.slope(activation.denominator), z, e)), -1)
        return multiply(change, bottom)


def _by_power(poly: Poly, atom: int) -> dict[int, Poly]:
    """The coefficients of a polynomial in one atom."""
    parts: dict[int, Poly] = {}
    for monomial, coefficient in poly.items():
        degree = int(dict(monomial).get(atom, 0))
        parts.setdefault(degree, {})[tuple(pair for pair in monomial if pair[0] != atom)] = coefficient
    return parts


def exponent_of(activation: Activation, z: Poly) -> Poly:
    """Return u(z), the exponent of an exact activation."""
    total: Poly = {}
    unit = UNIT_MONOMIALS[activation.unit]
    zs: Poly = {(): Fraction(1)}
    for coefficient in activation.exponent:
        zs = multiply(zs, z)
        if coefficient:
            add_to(total, multiply(zs, {unit: coefficient}))
    return total


def evaluate(polynomial: Polynomial, z: Poly, e: Poly) -> Poly:
    """Return a polynomial in z and E at formal values."""
    total: Poly = {}
    for coefficient, i, kappa, z_power, e_power in polynomial:
        monomial = tuple((atom, p) for atom, p in ((IMAGINARY, i), (KAPPA, kappa)) if p)
        add_to(total, multiply(multiply(power(z, z_power), power(e, e_power)), {monomial: coefficient}))
    return total


def _at_zero(activation: Activation) -> tuple[Poly, Poly]:
    """sigma(0) and sigma'(0), where E = 1: rational numbers, but for the units."""
    one: Poly = {(): Fraction(1)}

    def at(polynomial: Polynomial) -> Poly:
        return evaluate(polynomial, {}, one)

    bottom = at(activation.denominator)
    if set(bottom) != {()}:
        raise Rejected(f"activation '{activation.name}' has no rational denominator at 0")
    scale = 1 / bottom[()]
    value = multiply(at(activation.numerator), {(): scale})
    slope = at(activation.slope(activation.numerator))
    add_to(slope, multiply(value, at(activation.slope(activation.denominator))), -1)
    return value, multiply(slope, {(): scale})


def leads_negative(z: Poly) -> bool:
    """Whether -z rather than z is the representative of the pair z, -z."""
    return bool(z) and z[max(z)] < 0


def _affine(symbol: Poly, a: int, scaled: tuple[Poly, int], c: int) -> Poly:
    """a * symbol + b * z + c."""
    total: Poly = {}
    add_to(total, symbol, a)
    add_to(total, scaled[0], scaled[1])
    if c:
        add_to(total, {(): Fraction(1)}, c)
    return total


class Formal(ListDomain[Poly]):
    """Tensors of formal polynomials over one ring."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring

    def from_rational(self, value: Fraction) -> Poly:
        return {(): value} if value else {}

    def plus(self, a: Poly, b: Poly) -> Poly:
        if not a or not b:
            return a or b
        total = dict(a)
        add_to(total, b)
        return total

    def minus(self, a: Poly) -> Poly:
        return {monomial: -coefficient for monomial, coefficient in a.items()}

    def times(self, a: Poly, b: Poly) -> Poly:
        self.ring.spend(len(a) * len(b))
        return multiply(a, b)

    def over(self, a: Poly, b: Poly) -> Poly:
        return multiply(a, self.ring.inverse(b))

    def zero_test(self, a: Poly) -> bool:
        return self.ring.is_plainly_zero(a)

    def einsum(
        self, specification: str, a: list[Poly], b: list[Poly], shapes: tuple[Shape, Shape, Shape]
    ) -> list[Poly]:
        index_a, index_b, count = einsum_pairs(specification, shapes)
        totals: list[Poly] = [{} for _ in range(size(shapes[2]))]
        for position, (i, j) in enumerate(zip(index_a, index_b, strict=True)):
            if a[i] and b[j]:
                add_to(totals[position // count], self.times(a[i], b[j]))
        return totals

    def activate_entry(self, name: str, register: int, index: int, z: Poly) -> tuple[Poly, Poly]:
        return self.ring.activate(name, z)

    def inputs(self, shape: Shape) -> list[Poly]:
        """The input tensor, one variable per entry."""
        return [self.ring.variable("x", k) for k in range(size(shape))]

    def weights(self, shapes: Iterable[Shape]) -> list[list[Poly]]:
        """The weights as variables theta_k, numbered over all parameters."""
        tensors, start = [], 0
        for shape in shapes:
            tensors.append([self.ring.variable("theta", start + k) for k in range(size(shape))])
            start += size(shape)
        return tensors
