"""Square roots in a tower: which draws make radicands squares, and that no radicand is a square of its own.

A root s of a radicand r is adjoined to the ring with s^2 = r. A homomorphism extends to it where r is a
non-zero square modulo p. So that samples need not be drawn until all radicands happen to be squares, every
free residue belongs to the first root that it influences, and a nonce for each root says how often its
residues are redrawn.

That a root is new is proved by a witness (docs/theory/roots-and-logarithms): two points with the same
constants and weights at which all earlier radicands are non-zero squares and the product of the radicands
is none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from .domains import ListDomain
from .program import Program, size
from .run import forward

Nonces = tuple[int, ...]
"""One number for each root of a tower; missing ones are 0."""


@dataclass(frozen=True, slots=True)
class Points:
    """The nonces of the samples, of both sides of the pairs, and of the two points of each witness."""

    samples: Mapping[int, Nonces] = field(default_factory=dict)
    pairs: tuple[tuple[Nonces, Nonces], ...] = ()
    witnesses: tuple[tuple[Nonces, Nonces], ...] = ()

    def of_sample(self, sample: int) -> Nonces:
        """The nonces of a sample of the evaluation matrix."""
        return self.samples.get(sample, ())

    def of_pair(self, pair: int) -> tuple[Nonces, Nonces]:
        """The nonces of both sides of a pair."""
        return self.pairs[pair] if pair < len(self.pairs) else ((), ())


NO_POINTS = Points()


def square_root(value: int, p: int) -> int | None:
    """Return the smaller square root of a residue modulo an odd prime, None if there is none
    (Tonelli-Shanks).

    >>> square_root(2, 17), square_root(3, 17)
    (6, None)
    """
    value %= p
    if value == 0:
        return 0
    if not is_square(value, p):
        return None
    odd, twos = p - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    root, rest, unit = pow(value, (odd + 1) // 2, p), pow(value, odd, p), pow(_non_residue(p), odd, p)
    while rest != 1:
        order, power = 0, rest
        while power != 1:
            order, power = order + 1, power * power % p
        factor = pow(unit, 1 << (twos - order - 1), p)
        root, twos, unit = root * factor % p, order, factor * factor % p
        rest = rest * unit % p
    return min(root, p - root)


def is_square(value: int, p: int) -> bool:
    """Whether a residue is a non-zero square modulo an odd prime (Euler's criterion)."""
    return pow(value, (p - 1) // 2, p) == 1


@lru_cache(maxsize=16)
def _non_residue(p: int) -> int:
    return next(n for n in range(2, p) if not is_square(n, p))


def root_influences(
    program: Program,
    exponentials: Mapping[int, Sequence[Sequence[int]]],
    logarithms: Mapping[int, Sequence[int]],
    radicands: Sequence[tuple[int, int]],
) -> tuple[int, ...]:
    """Return the free residues, as bits, on which each radicand may depend.

    ``exponentials`` and ``logarithms`` hold the free residues at the entries of activations, ``radicands``
    the places (register, entry) of the radicands. The first residues are the inputs.
    """
    if not radicands:
        return ()
    domain = _Influence(exponentials, logarithms)
    point = [1 << k for k in range(size(program.input_shape))]
    values = forward(program, domain, point, [[0] * size(q.shape) for q in program.parameters]).values
    return tuple(values[register][entry] for register, entry in radicands)


def owners(influences: Sequence[int], count: int) -> tuple[int, ...]:
    """Return the first root that each of ``count`` free residues influences, -1 if there is none."""
    return tuple(next((n for n, bits in enumerate(influences) if bits >> k & 1), -1) for k in range(count))


class _Influence(ListDomain[int]):
    """Sets of free residues, as bits, on which a value may depend; parameters depend on none."""

    def __init__(
        self, exponentials: Mapping[int, Sequence[Sequence[int]]], logarithms: Mapping[int, Sequence[int]]
    ) -> None:
        self.exponentials, self.logarithms = exponentials, logarithms

    def from_rational(self, value: Fraction) -> int:
        return 0

    def plus(self, a: int, b: int) -> int:
        return a | b

    def minus(self, a: int) -> int:
        return a

    def times(self, a: int, b: int) -> int:
        return a | b

    def over(self, a: int, b: int) -> int:
        return a | b

    def zero_test(self, a: int) -> bool:
        return False

    def activate_entry(self, name: str, register: int, index: int, z: int) -> tuple[int, int]:
        for free in self.exponentials[register][index] if register in self.exponentials else ():
            z |= 1 << free
        if register in self.logarithms and self.logarithms[register][index] >= 0:
            z |= 1 << self.logarithms[register][index]
        return z, z


def redrawn(
    numbers: Callable[[str, int], tuple[int, ...]], label: str, owned: Sequence[int], nonces: Nonces
) -> list[int]:
    """Return the numbers of all free residues of a sample, those of each root drawn with its nonce."""
    drawn = list(numbers(label, len(owned)))
    again = {nonce: numbers(f"{label}/{nonce}", len(owned)) for nonce in set(nonces) if nonce}
    for free, owner in enumerate(owned):
        if 0 <= owner < len(nonces) and nonces[owner]:
            drawn[free] = again[nonces[owner]][free]
    return drawn
