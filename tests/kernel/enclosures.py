"""What Arb says about balls of the kernel: the oracle of their tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

import flint
from flint import arb, arb_series

from llrsym.kernel.ball_arithmetic import Ball

Series = Callable[[arb_series], arb_series]


@contextmanager
def arb_bits(bits: int) -> Iterator[None]:
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def dyadic(m: int, precision: int) -> arb:
    return arb(m) / (arb(2) ** precision)


def contains(ball: Ball, precision: int, true: Callable[[], arb]) -> bool:
    """Whether a ball contains a number that Arb encloses as narrowly as the answer needs.

    Where an end of the ball is the limit of the function at infinity, no precision may be enough: then the
    number is inside up to 2^-4000.
    """
    m, r = ball
    for bits in (2 * precision + 200, 4 * precision + 6000):
        with arb_bits(bits):
            value = true()
            distance = abs(value * arb(2) ** precision - m)
            if distance <= r:
                return True
            if distance > r:
                return False
    with arb_bits(bits):
        return bool(value.rad() < arb(2) ** -4000 and not distance > r)


def points_in(ball: Ball, draw: random.Random) -> set[int]:
    """Both ends, the middle and a random number of a ball."""
    m, r = ball
    return {m - r, m, m + r, m - r + draw.randint(0, 2 * r)}


def random_middle(precision: int, draw: random.Random, largest: int) -> int:
    """A dyadic number of random size, below 2^largest."""
    size = draw.choice([-precision, -precision // 2, -8, -3, -1, 0, 1, 2, 3, largest // 2, largest])
    return draw.choice([1, -1]) * draw.getrandbits(max(1, precision + min(size, largest)))


def random_radius(precision: int, draw: random.Random) -> int:
    """Zero, tiny, middle or about one."""
    bits = draw.choice([0, 0, 1, 3, precision // 2, precision])
    return draw.getrandbits(bits) if bits else 0


def hard_middles(precision: int) -> list[int]:
    """Zero, its neighbours, powers of two, numbers next to k pi / 2 and k log 2, and large ones."""
    one = 1 << precision
    with arb_bits(precision + 100):
        steps = [arb.pi() / 2, arb(2).log()]
        near = [int((k * s * one).floor().unique_fmpz()) for s in steps for k in (1, 2, 3, 4, 7, 40, 641)]
    exact = [0, one, one >> 1, 2 * one, 3 * one // 2, 10 * one, 36 * one, 64 * one, 900 * one]
    middles = {m + d for m in [*near, *exact] for d in (-1, 0, 1)}
    return sorted(middles | {-m for m in middles})


def exactly(value: Fraction) -> arb:
    return arb(flint.fmpq(value.numerator, value.denominator))


def holds(ball: Ball, precision: int, value: Fraction) -> bool:
    """Whether a ball contains a rational number."""
    return abs(value * (1 << precision) - ball[0]) <= ball[1]
