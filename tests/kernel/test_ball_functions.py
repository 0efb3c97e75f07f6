"""Elementary functions on balls contain what Arb and mpmath compute with more digits, and little more."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
from flint import arb

from llrsym.kernel import ball_functions as functions
from llrsym.kernel.ball_arithmetic import Ball
from llrsym.kernel.errors import Rejected
from tests.kernel.enclosures import (
    contains,
    dyadic,
    hard_middles,
    points_in,
    random_middle,
    random_radius,
)

PRECISIONS = [1, 2, 5, 20, 53, 64, 200, 1000]
Enclosure = Callable[[Ball, int], Ball]


def sine(z: Ball, precision: int) -> Ball:
    return functions.sine_cosine(z, precision)[0]


def cosine(z: Ball, precision: int) -> Ball:
    return functions.sine_cosine(z, precision)[1]


def error_slope(z: Ball, precision: int) -> Ball:
    return functions.error_function_and_slope(z, precision)[1]


FUNCTIONS: dict[str, tuple[Enclosure, Callable[[arb], arb], Callable[[mpmath.mpf], mpmath.mpf]]] = {
    "exp": (functions.exp, arb.exp, mpmath.exp),
    "log": (functions.log, arb.log, mpmath.log),
    "sqrt": (functions.square_root, arb.sqrt, mpmath.sqrt),
    "sin": (sine, arb.sin, mpmath.sin),
    "cos": (cosine, arb.cos, mpmath.cos),
    "arctan": (functions.arctan, arb.atan, mpmath.atan),
    "erf": (functions.error_function, arb.erf, mpmath.erf),
    "erf'": (
        error_slope,
        lambda x: 2 / arb.pi().sqrt() * (-x * x).exp(),
        lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x),
    ),
}
POSITIVE = ("log", "sqrt")
LARGEST = {"exp": 10}
"""Sizes of random arguments in bits before the point; elsewhere 24."""


def arguments(name: str, precision: int, count: int, seed: int) -> list[Ball]:
    """Hard and random balls in the domain of a function."""
    draw = random.Random(f"{name} {precision} {seed}")
    random_ones = [random_middle(precision, draw, LARGEST.get(name, 24)) for _ in range(count)]
    balls = []
    for m in [*hard_middles(precision), *random_ones]:
        r = random_radius(precision, draw)
        if name in POSITIVE:
            m, r = abs(m) + 1, min(r, abs(m))
        balls += [(m, 0), (m, r)] if r else [(m, 0)]
    return balls


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_on_a_ball_are_inside(name: str, precision: int) -> None:
    enclose, true, _ = FUNCTIONS[name]
    draw = random.Random(precision)
    for z in arguments(name, precision, 250 if precision < 500 else 40, 1):
        ball = enclose(z, precision)
        for x in points_in(z, draw):
            assert contains(ball, precision, lambda x=x: true(dyadic(x, precision))), (z, x, ball)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_of_mpmath_are_inside(name: str) -> None:
    enclose, _, true = FUNCTIONS[name]
    for precision in (20, 64, 200):
        with mpmath.workprec(2 * precision + 600):
            for m, r in arguments(name, precision, 40, 2):
                middle, radius = enclose((m, r), precision)
                distance = abs(mpmath.ldexp(true(mpmath.ldexp(m, -precision)), precision) - middle)
                assert distance <= radius + mpmath.ldexp(1, -precision - 400), (m, r)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_exact_arguments_have_narrow_enclosures(name: str, precision: int) -> None:
    enclose, one = FUNCTIONS[name][0], 1 << precision
    for m, r in arguments(name, precision, 100, 3):
        if not r:
            middle, radius = enclose((m, 0), precision)
            assert radius <= 2 * max(1, abs(middle) // one if name == "exp" else 1), (m, radius)


@pytest.mark.parametrize(
    ("name", "lipschitz"), [("sin", 1), ("cos", 1), ("arctan", 1), ("erf", Fraction(113, 100)), ("erf'", 1)]
)
def test_radii_grow_by_a_lipschitz_bound(name: str, lipschitz: Fraction | int) -> None:
    enclose = FUNCTIONS[name][0]
    for m, r in arguments(name, 64, 60, 4):
        assert enclose((m, r), 64)[1] <= enclose((m, 0), 64)[1] + lipschitz * r + 1


def test_radii_of_exp_log_and_sqrt_grow_by_the_derivative() -> None:
    draw, one, r = random.Random(4), 1 << 64, 1 << 30
    for _ in range(200):
        m = draw.randint(1 << 56, 8 << 64)
        for enclose, slope in (
            (functions.exp, functions.exp((m, 0), 64)[0] / one),
            (functions.log, one / m),
            (functions.square_root, (one / m) ** 0.5 / 2),
        ):
            assert enclose((m, r), 64)[1] <= 1.01 * slope * r + 3


def test_the_relative_width_of_large_exponentials_is_that_of_one() -> None:
    for precision in (20, 64, 300):
        for whole in (1, 30, 500, 20000):
            middle, radius = functions.exp((whole << precision, 0), precision)
            assert 0 < radius << precision <= middle


def test_constants_are_inside_at_every_precision() -> None:
    constants: list[tuple[Callable[[int], Ball], Callable[[], arb]]] = [
        (functions.pi, arb.pi),
        (functions.log_two, lambda: arb(2).log()),
        (lambda p: functions.root_over_pi(4, p), lambda: (4 / arb.pi()).sqrt()),
        (lambda p: functions.root_over_pi(2, p), lambda: (2 / arb.pi()).sqrt()),
    ]
    for precision in [*range(1, 300), 1000, 5000]:
        for enclose, true in constants:
            ball = enclose(precision)
            assert contains(ball, precision, true)
            assert ball[1] <= 2
        for below, true in ((functions.pi_below, arb.pi), (functions.log_two_below, lambda: arb(2).log())):
            low = below(precision)
            assert contains((low + 1, 1), precision, true)


def test_the_formulas_for_the_constants_are_identities() -> None:
    """2 artanh(1/3) = log((1 + 1/3)/(1 - 1/3)), and Machin: (5 + i)^4 (239 - i) = 4 * 13^4 (1 + i)."""
    third = Fraction(1, 3)
    assert (1 + third) / (1 - third) == 2
    real, imaginary = 1, 0
    for a, b in [(5, 1)] * 4 + [(239, -1)]:
        real, imaginary = real * a - imaginary * b, real * b + imaginary * a
    assert real == imaginary == 4 * 13**4


def test_huge_arguments_have_enclosures() -> None:
    for precision in (1, 20, 200):
        one = 1 << precision
        for size in (10**6, 10**30, 2**5000):
            far = size << precision
            assert functions.exp((-far, 0), precision) == (0, 1)
            for sign in (1, -1):
                for ball in functions.sine_cosine((sign * far, 0), precision):
                    assert abs(ball[0]) + ball[1] <= one + 1
                value, slope = functions.error_function_and_slope((sign * far, 0), precision)
                assert abs(value[0] - sign * one) <= value[1] <= 2
                assert abs(slope[0]) <= slope[1] <= 2
                assert contains(
                    functions.arctan((sign * far, 0), precision),
                    precision,
                    lambda s=sign * size: arb(s).atan(),
                )
            assert contains(functions.log((far, 0), precision), precision, lambda s=size: arb(s).log())
            assert contains(
                functions.square_root((far, 0), precision), precision, lambda s=size: arb(s).sqrt()
            )


@pytest.mark.parametrize(
    ("enclose", "z", "message"),
    [
        (functions.exp, (1 << 90, 0), "an exponential"),
        (functions.exp, (0, 1 << 90), "an exponential"),
        (functions.log, (0, 0), "a logarithm"),
        (functions.log, (5, 5), "a logarithm"),
        (functions.log, (-5, 1), "a logarithm"),
        (functions.square_root, (-1, 0), "a square root"),
        (functions.square_root, (5, 6), "a square root"),
    ],
)
def test_what_is_undefined_or_unbounded_is_refused(enclose: Enclosure, z: Ball, message: str) -> None:
    with pytest.raises(Rejected, match=message):
        enclose(z, 20)


def test_wide_balls_keep_the_bounds_of_the_functions() -> None:
    wide, one = (3 << 20, 100 << 20), 1 << 20
    for enclose in (sine, cosine, functions.error_function):
        middle, radius = enclose(wide, 20)
        assert abs(middle) + radius <= one
    middle, radius = functions.exp((0, 3 << 20), 20)
    assert middle - radius >= -1


def test_clipping_refuses_what_is_outside() -> None:
    with pytest.raises(Rejected, match="outside of its bounds"):
        functions.clipped((9, 1), 7)
