"""Balls whose work and memory are counted before it is done, so that no certificate can occupy the kernel.

A unit of work is about a nanosecond. What an operation costs is estimated from the number of entries and from
the bits of the largest one; a false estimate could only refuse a proof, never accept one.
"""

from collections.abc import Sequence
from math import isqrt
from operator import itemgetter

from .activations import activation_named
from .ball_activations import BOUNDS, GUARD_BITS, LARGEST_GUARDED
from .ball_functions import LARGEST_EXPONENT
from .balls import Ball, Balls
from .errors import Rejected
from .polynomial_systems import PREFIX
from .program import Shape, size, split_einsum

MAX_WORK = 60_000_000_000
MAX_MEMORY = 16_000_000_000
"""Bits that one sample may occupy, and the evaluation matrix as well."""
MAX_PRODUCTS = 30_000_000
"""Products of one contraction: their positions are lists."""
_CALL, _ENTRY, _HEADER = 10_000, 600, 800
_SERIES_OF_EQUATION = 100


def multiplication(bits: int, others: int = 0) -> int:
    """Return the work of one product of integers with so many bits; the second number may have fewer."""
    short, long = sorted((bits, others or bits))
    return 10 * (long // 30 + 1) * isqrt(short // 30 + 1)


def widest(tensor: Sequence[Ball]) -> int:
    """Return the bits of the largest middle or radius.

    >>> widest([(-9, 0), (3, 31)]), widest([])
    (5, 0)
    """
    if not tensor:
        return 0
    radius: int = max(map(itemgetter(1), tensor))
    return max(max(tensor)[0].bit_length(), min(tensor)[0].bit_length(), radius.bit_length())


class Meter:
    """The work that is left, and the memory that is in use."""

    def __init__(self, work: int = MAX_WORK) -> None:
        self.work, self.held, self.kept = work, 0, 0

    def spend(self, work: int) -> None:
        """Count work; raises ``Rejected`` when there is none left."""
        self.work -= work
        if self.work < 0:
            raise Rejected("limit: the enclosures take too many operations on numbers with so many bits")

    def hold(self, entries: int, bits: int) -> None:
        """Count memory of the present sample; raises ``Rejected`` when it is too much."""
        self.held += entries * (_HEADER + 2 * bits)
        self._check_memory()

    def keep(self, tensor: Sequence[Ball]) -> None:
        """Count the memory of a row of the matrix, which stays."""
        self.kept += len(tensor) * (_HEADER + 2 * widest(tensor))
        self._check_memory()

    def _check_memory(self) -> None:
        if max(self.held, self.kept) > MAX_MEMORY:
            raise Rejected(f"limit: the enclosures need more than {MAX_MEMORY} bits of memory")


class MeteredBalls(Balls):
    """Balls that stop when the meter says so.

    >>> reals = MeteredBalls(20, Meter(work=12_000))
    >>> reals.add([(1, 0)], [(2, 0)])
    [(3, 0)]
    >>> reals.add([(1, 0)], [(2, 0)])
    Traceback (most recent call last):
        ...
    llrsym.kernel.errors.Rejected: limit: the enclosures take too many operations on numbers with so many bits
    """

    def __init__(self, precision: int, meter: Meter) -> None:
        super().__init__(precision)
        self.meter = meter

    def _charge(self, entries: int, bits: int, each: int = 0) -> None:
        self.meter.spend(_CALL + entries * (_ENTRY + bits // 8 + each))
        self.meter.hold(entries, bits)

    def add(self, a: list[Ball], b: list[Ball]) -> list[Ball]:
        self._charge(len(a), max(widest(a), widest(b)))
        return super().add(a, b)

    def negate(self, a: list[Ball]) -> list[Ball]:
        self._charge(len(a), widest(a))
        return super().negate(a)

    def multiply(self, a: list[Ball], b: list[Ball]) -> list[Ball]:
        m, n = widest(a), widest(b)
        self._charge(len(a), max(m + n - self.precision, 0), 4 * multiplication(m, n))
        return super().multiply(a, b)

    def divide(self, a: list[Ball], b: list[Ball]) -> list[Ball]:
        bits = widest(a) + widest(b) + self.precision
        self._charge(len(a), bits, 10 * multiplication(bits))
        return super().divide(a, b)

    def einsum(
        self, specification: str, a: list[Ball], b: list[Ball], shapes: tuple[Shape, Shape, Shape]
    ) -> list[Ball]:
        m, n, products = widest(a), widest(b), _products(specification, shapes)
        if products > MAX_PRODUCTS:
            raise Rejected(f"limit: a contraction has more than {MAX_PRODUCTS} products")
        self._charge(products, m + n, 4 * multiplication(m, n))
        return super().einsum(specification, a, b, shapes)

    def gather(
        self, parts: Sequence[list[Ball]], index: Sequence[int], shapes: Sequence[Shape], shape: Shape
    ) -> list[Ball]:
        self.meter.spend(_CALL + 20 * (len(index) + sum(map(len, parts))))
        return super().gather(parts, index, shapes, shape)

    def scatter(
        self, a: list[Ball], index: Sequence[int], shapes: Sequence[Shape], shape: Shape
    ) -> list[list[Ball]]:
        self._charge(len(a), widest(a) + len(a).bit_length())
        self.meter.spend(20 * sum(size(s) for s in shapes))
        return super().scatter(a, index, shapes, shape)

    def activate(self, name: str, register: int, z: list[Ball]) -> tuple[list[Ball], list[Ball]]:
        work, bits = activation_cost(name, widest(z), self.precision)
        self._charge(2 * len(z), bits, work // 2)
        return super().activate(name, register, z)


def _products(specification: str, shapes: tuple[Shape, Shape, Shape]) -> int:
    """The number of products of a contraction."""
    left, right, out = split_einsum(specification)
    lengths = dict(zip(left + right + out, (*shapes[0], *shapes[1], *shapes[2]), strict=True))
    return size(tuple(lengths.values()))


def activation_cost(name: str, bits: int, precision: int) -> tuple[int, int]:
    """Return the work of one value and slope at numbers with so many bits, and the bits of the result."""
    whole = max(0, bits - precision)
    degree, coefficients = _degree(name)
    working = precision + GUARD_BITS + 4 * min(whole, LARGEST_GUARDED) + (degree + 1) * whole
    growth = 0
    if name not in BOUNDS and not name.startswith(("power:", "rational:")):
        growth = 3 * min(1 << min(whole, 64), LARGEST_EXPONENT)
    steps = 8 + 3 * isqrt(working) + degree
    if name.startswith(PREFIX):
        steps *= _SERIES_OF_EQUATION
    work = steps * (_ENTRY + multiplication(working)) + 6 * multiplication(working + growth)
    return work + (working // 30 + 1) * coefficients, working + growth


def _degree(name: str) -> tuple[int, int]:
    """The degree in z of what is evaluated, and the digits of the coefficients."""
    activation = activation_named(name)
    terms = (*activation.numerator, *activation.denominator)
    digits = len(name) if name.startswith("rational:") else 0
    return max((z for _, _, _, z, _ in terms), default=0), digits
