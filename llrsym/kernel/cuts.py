"""A register of a network as a combination of monomials with coefficients polynomial in the weights.

The monomials are in the input and in the entries of some earlier registers, the bases. A free cut has one
coefficient for every monomial that an entry can have, whatever the weights; it need not be written out. A
tied cut expands the register and finds a basis of the space over Q that all its coefficients span.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from .activations import Activation, activation_named
from .errors import Rejected
from .formal import Formal, Ring
from .polynomials import Key, Monomial, Poly, add_to, freeze
from .program import Program, size
from .run import Domain, apply
from .supports import FIRST, MAX_WORK, Monomials, anything, variable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cut:
    """A register, the registers that it is a polynomial in, besides the input, and whether it is tied."""

    register: int
    bases: tuple[int, ...]
    tied: bool


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A register as sum over m of factor * u[number] * m: (number, factor) by monomial m, for every entry.

    The first ``count`` numbers are parameters; those after them are the ``combinations`` of parameters.
    """

    entries: tuple[dict[Monomial, tuple[int, Fraction]], ...]
    count: int
    combinations: tuple[dict[int, Fraction], ...] = ()

    @property
    def monomials(self) -> list[Monomial]:
        """All monomials in order."""
        return sorted({monomial for entry in self.entries for monomial in entry})


def coefficients(program: Program, cut: Cut, work: int = MAX_WORK) -> Coefficients:
    """Return which coefficients a cut has.

    Raises ``Rejected`` where the register is no polynomial, or takes more than ``work`` products of terms.
    """
    first, bases = program.first_equation, cut.bases
    if not all(first <= base < cut.register for base in bases) or len(set(bases)) != len(bases):
        raise Rejected("cut: the bases are no different registers before the one that is cut")
    if not first <= cut.register < first + len(program.equations):
        raise Rejected(f"cut: register {cut.register} is not computed")
    return (_tied_coefficients if cut.tied else _free_coefficients)(program, cut, work)


def _free_coefficients(program: Program, cut: Cut, work: int) -> Coefficients:
    supports = run_between(program, cut, Monomials("cut", work), variable, anything(program))
    entries: list[dict[Monomial, tuple[int, Fraction]]] = []
    count = 0
    for support in supports:
        entries.append({m: (count + k, Fraction(1)) for k, m in enumerate(sorted(support))})
        count += len(support)
    return Coefficients(tuple(entries), count)


def _tied_coefficients(program: Program, cut: Cut, work: int) -> Coefficients:
    """Expand the register in the variables and theta, and number a basis of its coefficients."""
    ring = Ring(work)
    variables = [ring.variable("register", k) for k in range(_variable_count(program, cut))]
    weights = Formal(ring).weights([p.shape for p in program.parameters])
    values = run_between(program, cut, Expanded(ring), variables.__getitem__, weights)
    parts = [by_monomial(value, FIRST + len(variables)) for value in values]
    known: dict[Key, int] = {}
    for entry in parts:
        for monomial in sorted(entry):
            known.setdefault(freeze(_scaled(entry[monomial])), len(known))
    numbers, count, combinations = _independent(sorted(known, key=lambda key: (len(key), known[key])))
    entries = tuple(
        {m: (numbers[freeze(_scaled(poly))], Fraction(_lead(poly))) for m, poly in entry.items()}
        for entry in parts
    )
    return Coefficients(entries, count, combinations)


def by_monomial(value: Poly, first_weight: int) -> dict[Monomial, Poly]:
    """Return the coefficients, polynomials in theta, of a polynomial in the variables."""
    parts: dict[Monomial, Poly] = {}
    for monomial, number in value.items():
        outer = tuple((atom, power) for atom, power in monomial if atom < first_weight)
        parts.setdefault(outer, {})[monomial[len(outer) :]] = number
    return parts


def _lead(poly: Poly) -> Fraction:
    return poly[min(poly)]


def _scaled(poly: Poly) -> Poly:
    inverse = _lead(poly) ** -1
    return {monomial: number * inverse for monomial, number in poly.items()}


def _independent(keys: Sequence[Key]) -> tuple[dict[Key, int], int, tuple[dict[int, Fraction], ...]]:
    """Number polynomials, a basis of their span over Q first; the others are combinations of that."""
    rows: dict[Monomial, tuple[Poly, dict[int, Fraction]]] = {}
    numbers: dict[Key, int] = {}
    dependent: list[tuple[Key, dict[int, Fraction]]] = []
    for key in keys:
        rest, combination = dict(key), dict[int, Fraction]()
        while rest and min(rest) in rows:
            row, parts = rows[min(rest)]
            factor = _lead(rest)
            add_to(rest, row, -factor)
            for number, part in parts.items():
                combination[number] = combination.get(number, Fraction(0)) + factor * part
        if not rest:
            dependent.append((key, combination))
            continue
        inverse = _lead(rest) ** -1
        number = numbers[key] = len(numbers)
        parts = {k: -part * inverse for k, part in combination.items()} | {number: inverse}
        rows[min(rest)] = _scaled(rest), parts
    count = len(numbers)
    for key, _ in dependent:
        numbers[key] = len(numbers)
    return numbers, count, tuple(combination for _, combination in dependent)


def _variable_count(program: Program, cut: Cut) -> int:
    return sum(size(program.shapes[register]) for register in (0, *cut.bases))


def run_between(
    program: Program,
    cut: Cut,
    domain: Domain[list[T]],
    variable: Callable[[int], T],
    weights: Sequence[list[T]],
) -> list[T]:
    """Compute the register of a cut with variables for the input and the bases, numbered in this order."""
    shapes = program.shapes
    values: dict[int, list[T]] = dict(enumerate(weights, start=1))
    start = 0
    for register in (0, *cut.bases):
        values[register] = [variable(start + k) for k in range(size(shapes[register]))]
        start += size(shapes[register])
    for register in sorted(_needed(program, cut.register, set(values))):
        equation = program.equations[register - program.first_equation]
        arguments = [values[argument] for argument in equation.arguments]
        values[register] = apply(program, domain, register, equation, arguments)[0]
    return values[cut.register]


def _needed(program: Program, target: int, known: set[int]) -> set[int]:
    """Return the registers without those in ``known`` that the target is computed from."""
    needed, waiting = set[int](), [target]
    while waiting:
        register = waiting.pop()
        if register not in known and register not in needed:
            needed.add(register)
            waiting += program.equations[register - program.first_equation].arguments
    return needed


class Expanded(Formal):
    """Formal polynomials in which polynomial activations are multiplied out."""

    def over(self, a: Poly, b: Poly) -> Poly:
        raise Rejected("cut: the register is computed by a division")

    def activate_entry(self, name: str, register: int, index: int, z: Poly) -> tuple[Poly, Poly]:
        terms = {term[3]: term[0] for term in _polynomial(name).numerator}
        total: Poly = {}
        powers: Poly = {(): Fraction(1)}
        for degree in range(max(terms, default=0) + 1):
            powers = self.times(powers, z) if degree else powers
            add_to(total, powers, terms.get(degree, 0))
        return total, total


def _polynomial(name: str) -> Activation:
    """Return a polynomial activation with rational coefficients."""
    activation = activation_named(name)
    if not activation.is_polynomial or any(i or kappa or e for _, i, kappa, _, e in activation.numerator):
        raise Rejected(f"cut: the register is no polynomial because of {name}")
    return activation
