"""Arb balls through python-flint: the number system in which ball certificates are searched.

Nothing here is trusted: a certificate that is found is checked with the kernel's own balls. The precision of
FLINT is global; it is changed inside ``with precision_of(..)`` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import flint
from flint import arb, arb_mat

from llrsym.kernel.activations import CLOSED, Activation, Polynomial, activation_named
from llrsym.kernel.ball_activations import value_and_slope
from llrsym.kernel.domains import ListDomain, quotient_rule
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.run import forward, gradient

MAX_SHIFT = 1 << 24
GUARD_BITS = 30
Weights = Sequence[Sequence[Fraction]]


@contextmanager
def precision_of(bits: int) -> Iterator[None]:
    """Compute with this many bits inside the block; FLINT's precision is restored afterwards."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


class ArbField(ListDomain[arb]):
    """Tensors as flat row-major lists of Arb balls, at FLINT's current precision.

    A division by a ball that contains zero gives a ball without bounds; it fails every later test.
    """

    def from_rational(self, value: Fraction) -> arb:
        return arb(flint.fmpq(value.numerator, value.denominator))

    def plus(self, a: arb, b: arb) -> arb:
        return a + b

    def minus(self, a: arb) -> arb:
        return -a

    def times(self, a: arb, b: arb) -> arb:
        return a * b

    def over(self, a: arb, b: arb) -> arb:
        return a / b

    def zero_test(self, a: arb) -> bool:
        return bool(a.is_zero())

    def activate_entry(self, name: str, register: int, index: int, z: arb) -> tuple[arb, arb]:
        activation = activation_named(name)
        if activation.kind == CLOSED and activation.unit != "i":
            pair = quotient_rule(self, activation, lambda polynomial: self._at(activation, polynomial, z))
            # E = exp(u) is out of range for huge arguments, where the activation is not.
            return pair if all(entry.is_finite() for entry in pair) else _by_kernel(name, z)
        direct = _DIRECT.get(name)
        return _by_kernel(name, z) if direct is None else direct(z)

    def _at(self, activation: Activation, polynomial: Polynomial, z: arb) -> arb:
        """A polynomial in z and E = exp(u(z)), u of unit 1 or kappa."""
        powers = _kappa() if activation.unit == "kappa" else arb(1)
        exponent = sum(
            (self.from_rational(c) * z ** (n + 1) for n, c in enumerate(activation.exponent)), arb(0)
        )
        E = (powers * exponent).exp()
        terms = [self.from_rational(c) * _kappa() ** k * z**n * E**e for c, _, k, n, e in polynomial]
        return sum(terms, arb(0))


def _kappa() -> arb:
    return (arb(2) / arb.pi()).sqrt()


def _normal_slope(z: arb) -> arb:
    return 2 / arb.pi().sqrt() * (-z * z).exp()


def _gelu(z: arb) -> tuple[arb, arb]:
    half = arb(1) / 2
    lower = (1 + (z * half.sqrt()).erf()) / 2
    return z * lower, lower + z * _normal_slope(z * half.sqrt()) * half.sqrt() / 2


_DIRECT = {
    "sin": lambda z: (z.sin(), z.cos()),
    "cos": lambda z: (z.cos(), -z.sin()),
    "softplus": lambda z: (z.exp().log1p(), 1 / (1 + (-z).exp())),
    "arctan": lambda z: (z.atan(), 1 / (1 + z * z)),
    "sqrt": lambda z: (z.sqrt(), 1 / (2 * z.sqrt())),
    "erf": lambda z: (z.erf(), _normal_slope(z)),
    "gelu": _gelu,
}


def _by_kernel(name: str, z: arb) -> tuple[arb, arb]:
    """What FLINT does not have: the kernel's own enclosure, for the dyadic middle of the ball."""
    bits = flint.ctx.prec + GUARD_BITS
    middle = _nearest(z, bits)
    unit = arb(2) ** -bits
    (a, _), (b, _) = value_and_slope(name, (middle, 0), bits)
    return arb(a) * unit, arb(b) * unit


def _nearest(value: arb, scale: int) -> int:
    """An integer next to the middle of a ball times 2^scale, computed exactly."""
    mantissa, exponent = value.mid().man_exp()
    shift = int(exponent) + scale
    if shift > MAX_SHIFT:
        raise Rejected("limit: the middle of an enclosure is too large to be written down")
    return int(mantissa) << shift if shift >= 0 else (int(mantissa) + (1 << (-shift - 1))) >> -shift


def evaluation_matrix(
    program: Program, weights: Weights, points: Sequence[Sequence[Fraction]], bits: int
) -> arb_mat:
    """Return the (n c) x M matrix of the tangent functions at n points, row ``c * point + output``.

    Raises ``Rejected`` where the network has no value.

    >>> from llrsym.networks.builders import mlp
    >>> network = mlp(1, 1, 1, bias=False)
    >>> J = evaluation_matrix(network.program, [[Fraction(0)], [Fraction(2)]], [[Fraction(1)]], 53)
    >>> [str(entry) for entry in J.entries()]
    ['2.00000000000000', '0']

    Reference: docs/theory/ball-ranks.
    """
    with precision_of(bits):
        domain = ArbField()
        tensors = [[domain.from_rational(v) for v in tensor] for tensor in weights]
        sizes = [size(p.shape) for p in program.parameters]
        one, zero, count = arb(1), arb(0), program.output_count
        entries: list[arb] = []
        for point in points:
            trace = forward(program, domain, [domain.from_rational(v) for v in point], tensors)
            for output in range(count):
                cotangent = [one if k == output else zero for k in range(count)]
                parts = gradient(program, domain, trace, cotangent)
                for part, n in zip(parts, sizes, strict=True):
                    entries += [zero] * n if part is None else part
        if not all(entry.is_finite() for entry in entries):
            raise Rejected("a tangent function has no finite value at one of the points")
        return arb_mat(len(points) * count, program.parameter_count, entries)


def rounded(matrix: arb_mat, scale: int) -> list[list[int]]:
    """Return integers close to the middles of the entries times 2^scale, by row."""
    return [[_nearest(entry, scale) for entry in row] for row in matrix.tolist()]
