"""Which monomials a polynomial can have, whatever the values of the weights that are its coefficients.

Entries of layers often have the same monomials, so unions and products of the same sets are computed once.
"""

from fractions import Fraction

from .activations import activation_named
from .domains import ListDomain
from .errors import Rejected
from .polynomials import Monomial, multiply_monomials
from .program import Program, size
from .run import forward

Support = frozenset[Monomial]
FIRST = 2
"""The atom of the first variable; those before it are i and kappa."""
MAX_WORK = 2_000_000
"""Products of monomials."""


class Monomials(ListDomain[Support]):
    """Sets of monomials that contain those of a polynomial, whatever its coefficients.

    ``what`` begins the messages of refusals.
    """

    def __init__(self, what: str, work: int = MAX_WORK) -> None:
        self.what, self.work = what, work
        self.products: dict[tuple[Support, Support], Support] = {}
        self.unions: dict[tuple[Support, Support], Support] = {}

    def from_rational(self, value: Fraction) -> Support:
        return frozenset({()}) if value else frozenset()

    def plus(self, a: Support, b: Support) -> Support:
        if (a, b) not in self.unions:
            self.unions[a, b] = a | b
        return self.unions[a, b]

    def minus(self, a: Support) -> Support:
        return a

    def times(self, a: Support, b: Support) -> Support:
        if (a, b) not in self.products:
            self.work -= len(a) * len(b)
            if self.work < 0:
                raise Rejected(f"limit: {self.what}: the polynomials have too many monomials")
            self.products[a, b] = frozenset(multiply_monomials(left, right)[0] for left in a for right in b)
        return self.products[a, b]

    def over(self, a: Support, b: Support) -> Support:
        raise Rejected(f"{self.what}: computed by a division")

    def zero_test(self, a: Support) -> bool:
        return not a

    def activate_entry(self, name: str, register: int, index: int, z: Support) -> tuple[Support, Support]:
        activation = activation_named(name)
        if not activation.is_polynomial or any(i or k or e for _, i, k, _, e in activation.numerator):
            raise Rejected(f"{self.what}: no polynomial because of {name}")
        degrees = {term[3] for term in activation.numerator}
        powers, total = self.from_rational(Fraction(1)), frozenset[Monomial]()
        for degree in range(max(degrees, default=0) + 1):
            powers = self.times(powers, z) if degree else powers
            total |= powers if degree in degrees else frozenset()
        return total, total


def anything(program: Program) -> list[list[Support]]:
    """Return weights whose values are not known."""
    return [[frozenset({()})] * size(parameter.shape) for parameter in program.parameters]


def variable(number: int) -> Support:
    """Return the monomial of one variable."""
    return frozenset({((FIRST + number, 1),)})


def count_monomials(program: Program, domain: Monomials) -> int:
    """Return how many monomials in x the outputs can have together; refuses what is no polynomial."""
    point = [variable(k) for k in range(size(program.input_shape))]
    trace = forward(program, domain, point, anything(program))
    return sum(map(len, trace.values[program.output]))
