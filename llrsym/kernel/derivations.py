"""Derivatives of base exponents and logarithms by the inputs, in residues.

One row of the premise: the derivatives of all base exponents and logarithms along one direction of inputs
at one point. A rational combination that is constant has derivative zero, so its coefficients are in the
kernel of every row (docs/theory/roots-and-logarithms).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from .polynomials import Key, Monomial
from .run import Domain, Trace, pushed_forward
from .tower import Argument, Source, Tower

T = TypeVar("T")
S = TypeVar("S")


class TowerDomain(Domain[T], Protocol[T, S]):
    """Residues at one point or at many; S is the residue of one entry."""

    tower: Tower

    def entry(self, tensor: T, index: int) -> S:
        """One entry of a tensor."""

    def from_rational(self, value: Fraction) -> S:
        """The residue of a rational number."""

    def plus(self, a: S, b: S) -> S:
        """a + b."""

    def times(self, a: S, b: S) -> S:
        """a b."""

    def unit(self, name: str) -> S:
        """The residue of 1, i or kappa."""

    def monomial(self, monomial: Monomial, trace: Trace[T]) -> S:
        """The residue of a formal monomial."""

    def source(self, atom: int) -> Source:
        """Where a symbol is found in a run."""


def derivative_row(domain: TowerDomain[T, S], trace: Trace[T], direction: T) -> list[S]:
    """Return the derivatives of the base exponents and of the logarithms along a direction of inputs."""
    tangents = {0: direction}
    for register, tangent in pushed_forward(domain.tower.program, domain, trace, tangents):
        tangents[register] = tangent
    along = _Along(domain, trace, tangents)
    bases = [along.base(base) for base in domain.tower.bases]
    return bases + [along.logarithm(source) for source in domain.tower.logarithms]


class _Along(Generic[T, S]):
    """Derivatives along one direction; registers without a tangent do not depend on the inputs."""

    def __init__(self, domain: TowerDomain[T, S], trace: Trace[T], tangents: Mapping[int, T]) -> None:
        self.domain, self.trace, self.tangents = domain, trace, tangents
        self.zero = domain.from_rational(Fraction(0))

    def logarithm(self, source: Source) -> S:
        """The derivative of the unit times the value of a primitive."""
        unit = self.domain.unit(self.domain.tower.activation_at(source.register).unit)
        return self.domain.times(unit, self.symbol(source))

    def base(self, base: Monomial | Argument) -> S:
        """The derivative of a base exponent: u'(z) dz, or the product rule."""
        if not isinstance(base, Argument):
            return self.monomial(base)
        domain = self.domain
        z = domain.entry(self.trace.values[base.argument], base.entry)
        slope, power = self.zero, domain.from_rational(base.scale)
        for degree, u in enumerate(base.exponent, start=1):
            slope = domain.plus(slope, domain.times(domain.from_rational(degree * u), power))
            power = domain.times(power, z)
        change = domain.times(domain.unit(base.unit), self.entry(base.argument, base.entry))
        return domain.times(slope, change)

    def monomial(self, monomial: Monomial) -> S:
        """The sum over its atoms of power * atom^(power - 1) * d(atom) * the rest."""
        total = self.zero
        for atom, power in monomial:
            rest = tuple((a, p - (a == atom)) for a, p in monomial if p > (a == atom))
            factor = self.domain.times(self.domain.from_rational(Fraction(power)), self.atom(atom))
            total = self.domain.plus(total, self.domain.times(factor, self.domain.monomial(rest, self.trace)))
        return total

    def atom(self, atom: int) -> S:
        """The derivative of an input, of 1/D, or of the value of an activation; i and kappa are constants."""
        kind, *data = self.domain.tower.ring.atoms[atom]
        if kind in ("i", "kappa"):
            return self.zero
        if kind == "x":
            return self.entry(0, int(str(data[0])))
        return self.inverse(atom, data[0]) if kind == "inverse" else self.symbol(self.domain.source(atom))  # type: ignore[arg-type]  # an inverse atom holds the key of D

    def inverse(self, atom: int, denominator: Key) -> S:
        """d(1/D) = -dD / D^2."""
        change = self.zero
        for monomial, c in denominator:
            term = self.domain.times(self.domain.from_rational(-c), self.monomial(monomial))
            change = self.domain.plus(change, term)
        return self.domain.times(change, self.domain.monomial(((atom, 2),), self.trace))

    def symbol(self, source: Source) -> S:
        """The derivative of the symbol that an entry of an activation shows, up to its parity identity."""
        value = self.entry(source.register, source.entry)
        if source.mirror is None:
            return value
        a, b, _ = source.mirror
        domain = self.domain
        argument = domain.times(domain.from_rational(Fraction(b)), self.entry(source.argument, source.entry))
        return domain.times(domain.from_rational(Fraction(a)), domain.plus(value, argument))

    def entry(self, register: int, index: int) -> S:
        """One entry of a tangent."""
        return self.domain.entry(self.tangents[register], index) if register in self.tangents else self.zero
