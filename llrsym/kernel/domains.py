"""Number systems of the kernel: tensors are flat row-major lists of scalars.

``ListDomain`` does the bookkeeping of tensors once; a number system adds the scalar operations. Here are
exact rationals and residues modulo a prime; formal polynomials are in ``formal``. balls with integer
middles and radii are in ``balls``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Generic, TypeVar

from .activations import Activation, Polynomial, activation_named
from .errors import Rejected
from .program import Shape, size, split_einsum

S = TypeVar("S")


@lru_cache(maxsize=1024)
def einsum_pairs(specification: str, shapes: tuple[Shape, Shape, Shape]) -> tuple[list[int], list[int], int]:
    """Return flat indices into both arguments, ``count`` consecutive ones for every entry of the result."""
    left, right, out = split_einsum(specification)
    lengths = dict(zip(left + right + out, (*shapes[0], *shapes[1], *shapes[2]), strict=True))
    letters = [*out, *(letter for letter in dict.fromkeys(left + right) if letter not in out)]

    def strides(word: str, shape: Shape) -> list[int]:
        return [size(shape[word.index(letter) + 1 :]) if letter in word else 0 for letter in letters]

    by_left, by_right = strides(left, shapes[0]), strides(right, shapes[1])
    index_a, index_b = [], []
    for position in product(*(range(lengths[letter]) for letter in letters)):
        index_a.append(sum(p * s for p, s in zip(position, by_left, strict=True)))
        index_b.append(sum(p * s for p, s in zip(position, by_right, strict=True)))
    count = size(tuple(lengths[letter] for letter in letters[len(out) :]))
    return index_a, index_b, count


class ListDomain(ABC, Generic[S]):
    """Tensors as flat lists over a number system given by its scalar operations."""

    @abstractmethod
    def from_rational(self, value: Fraction) -> S:
        """The scalar of a rational number."""

    @abstractmethod
    def plus(self, a: S, b: S) -> S:
        """a + b."""

    @abstractmethod
    def minus(self, a: S) -> S:
        """-a."""

    @abstractmethod
    def times(self, a: S, b: S) -> S:
        """a b."""

    @abstractmethod
    def over(self, a: S, b: S) -> S:
        """a / b; refuses a zero divisor."""

    @abstractmethod
    def zero_test(self, a: S) -> bool:
        """Whether a is known to be zero."""

    @abstractmethod
    def activate_entry(self, name: str, register: int, index: int, z: S) -> tuple[S, S]:
        """Value and derivative of an activation at entry ``index`` of its argument."""

    def constant(self, values: Sequence[Fraction], shape: Shape) -> list[S]:
        return [self.from_rational(v) for v in values]

    def add(self, a: list[S], b: list[S]) -> list[S]:
        return [self.plus(x, y) for x, y in zip(a, b, strict=True)]

    def negate(self, a: list[S]) -> list[S]:
        return [self.minus(x) for x in a]

    def multiply(self, a: list[S], b: list[S]) -> list[S]:
        return [self.times(x, y) for x, y in zip(a, b, strict=True)]

    def divide(self, a: list[S], b: list[S]) -> list[S]:
        return [self.over(x, y) for x, y in zip(a, b, strict=True)]

    def einsum(
        self, specification: str, a: list[S], b: list[S], shapes: tuple[Shape, Shape, Shape]
    ) -> list[S]:
        index_a, index_b, count = einsum_pairs(specification, shapes)
        terms = [self.times(a[i], b[j]) for i, j in zip(index_a, index_b, strict=True)]
        return terms if count == 1 else self.sums(terms, count, size(shapes[2]))

    def sums(self, terms: list[S], count: int, entries: int) -> list[S]:
        """Return the sums of ``count`` consecutive terms each."""
        totals = []
        for start in range(0, entries * count, count or 1):
            total = self.from_rational(Fraction(0))
            for term in terms[start : start + count]:
                total = self.plus(total, term)
            totals.append(total)
        return totals if count else [self.from_rational(Fraction(0))] * entries

    def gather(
        self, parts: Sequence[list[S]], index: Sequence[int], shapes: Sequence[Shape], shape: Shape
    ) -> list[S]:
        flat = [entry for part in parts for entry in part]
        zero = self.from_rational(Fraction(0))
        return [zero if k < 0 else flat[k] for k in index]

    def scatter(
        self, a: list[S], index: Sequence[int], shapes: Sequence[Shape], shape: Shape
    ) -> list[list[S]]:
        flat = [self.from_rational(Fraction(0))] * sum(size(s) for s in shapes)
        for entry, k in zip(a, index, strict=True):
            if k >= 0:
                flat[k] = self.plus(flat[k], entry)
        starts = [sum(size(s) for s in shapes[:n]) for n in range(len(shapes))]
        return [flat[start : start + size(s)] for start, s in zip(starts, shapes, strict=True)]

    def activate(self, name: str, register: int, z: list[S]) -> tuple[list[S], list[S]]:
        pairs = [self.activate_entry(name, register, index, entry) for index, entry in enumerate(z)]
        return [value for value, _ in pairs], [slope for _, slope in pairs]

    def is_zero(self, a: list[S]) -> bool:
        return all(self.zero_test(entry) for entry in a)


class Rationals(ListDomain[Fraction]):
    """Exact rational numbers; only activations without exponentials have rational values."""

    def from_rational(self, value: Fraction) -> Fraction:
        return value

    def plus(self, a: Fraction, b: Fraction) -> Fraction:
        return a + b

    def minus(self, a: Fraction) -> Fraction:
        return -a

    def times(self, a: Fraction, b: Fraction) -> Fraction:
        return a * b

    def over(self, a: Fraction, b: Fraction) -> Fraction:
        if not b:
            raise Rejected("a denominator is zero")
        return a / b

    def zero_test(self, a: Fraction) -> bool:
        return not a

    def activate_entry(self, name: str, register: int, index: int, z: Fraction) -> tuple[Fraction, Fraction]:
        activation = activation_named(name)
        if not activation.exact or activation.exponent:
            raise Rejected(f"activation '{name}' has no rational values")

        def at(polynomial: Polynomial) -> Fraction:
            return sum((c * z**power for c, _, _, power, _ in polynomial), Fraction(0))

        return quotient_rule(self, activation, at)


def quotient_rule(
    domain: ListDomain[S], activation: Activation, at: Callable[[Polynomial], S]
) -> tuple[S, S]:
    """Return N/D and (N' - (N/D) D')/D, where ``at`` evaluates a polynomial in z and E."""
    denominator = at(activation.denominator)
    value = domain.over(at(activation.numerator), denominator)
    change = domain.times(value, at(activation.slope(activation.denominator)))
    slope = domain.plus(at(activation.slope(activation.numerator)), domain.minus(change))
    return value, domain.over(slope, denominator)
