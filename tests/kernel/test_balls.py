"""Arithmetic of balls: every exact result is inside, and programs over balls enclose exact gradients."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from typing import TypeVar

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.domains.multiprecision import approx_jacobian_mp
from llrsym.kernel.activations import activation_names
from llrsym.kernel.ball_arithmetic import Ball, at_precision, between, product, quotient, rounded
from llrsym.kernel.balls import Balls
from llrsym.kernel.domains import ListDomain, Rationals
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.run import directional, forward, gradient
from llrsym.kernel.tower import Weights
from llrsym.networks.builders import mlp
from tests.kernel.enclosures import holds
from tests.kernel.laws import (
    adjoint_violations,
    all_primitives,
    rational_violations,
    rational_weights,
    ring_violations,
    weights_in_domain,
)

S = TypeVar("S")
NAMES = [name for name in activation_names() if ":" not in name]
RATIONAL = ["identity", "power:2", "power:5", "rational:1,-2|3/1,0,1", "rational:3,1"]
PRECISIONS = [16, 53, 64, 200, 1000]
middles = st.integers(-(2**90), 2**90) | st.integers(-40, 40)
radii = st.integers(0, 2**70) | st.integers(0, 9)
balls = st.tuples(middles, radii)
precisions = st.integers(1, 100)
places = st.fractions(-1, 1, max_denominator=50)


def at(z: Ball, place: Fraction, precision: int) -> Fraction:
    """The number of a ball at a place between -1 and 1."""
    return (z[0] + place * z[1]) / (1 << precision)


def overlap(a: Ball, b: Ball) -> bool:
    return abs(a[0] - b[0]) <= a[1] + b[1]


# Single operations


@given(balls, st.integers(0, 120), places)
def test_rounding_is_outward(z: Ball, bits: int, place: Fraction) -> None:
    middle, radius = rounded(*z, bits)
    assert abs((z[0] + place * z[1]) / (1 << bits) - middle) <= radius
    assert radius <= (z[1] >> bits) + 2
    assert radius or not (z[1] or z[0] % (1 << bits))


@given(balls, precisions, precisions, places)
def test_a_change_of_precision_is_outward(z: Ball, before: int, after: int, place: Fraction) -> None:
    assert holds(at_precision(z, before, after), after, at(z, place, before))


@given(middles, st.integers(0, 2**60))
def test_an_interval_is_inside_its_ball(low: int, length: int) -> None:
    middle, radius = between(low, low + length)
    assert middle - radius <= low
    assert low + length <= middle + radius
    assert 2 * radius <= length + 1


@given(balls, balls, precisions, places, places)
def test_results_of_operations_are_inside(a: Ball, b: Ball, p: int, s: Fraction, t: Fraction) -> None:
    reals, x, y = Balls(p), at(a, s, p), at(b, t, p)
    assert holds(reals.plus(a, b), p, x + y)
    assert holds(reals.minus(a), p, -x)
    assert holds(reals.times(a, b), p, x * y)
    assert product(a, b, p) == reals.times(a, b) == reals.multiply([a], [b])[0]
    assert reals.add([a], [b]) == [reals.plus(a, b)]
    assert reals.negate([a]) == [reals.minus(a)]
    if abs(b[0]) > b[1]:
        assert holds(reals.over(a, b), p, x / y)
    else:
        with pytest.raises(Rejected, match="a denominator may be zero"):
            reals.over(a, b)


@given(balls, balls, precisions)
def test_enclosures_grow_with_their_arguments(a: Ball, b: Ball, p: int) -> None:
    """Operations on the middles are inside those on the balls, up to the rounding of one unit."""
    reals = Balls(p)
    for operation in (reals.plus, reals.times):
        (m, r), (n, s) = operation((a[0], 0), (b[0], 0)), operation(a, b)
        assert abs(m - n) + r <= s + 1


@given(st.fractions(), precisions)
def test_rationals_are_inside(value: Fraction, p: int) -> None:
    ball = Balls(p).from_rational(value)
    assert holds(ball, p, value)
    assert ball[1] == int((value * (1 << p)).denominator != 1)


@given(balls, balls)
def test_only_zero_is_known_to_be_zero(a: Ball, b: Ball) -> None:
    reals = Balls(30)
    assert reals.zero_test(a) == (a == (0, 0))
    assert reals.zero_test(reals.times(a, (0, 0)))
    assert reals.is_zero([(0, 0), (0, 0)])
    assert not reals.is_zero([(0, 0), (0, 1)])
    assert reals.times(a, (1 << 30, 0)) == a
    if abs(b[0]) > b[1]:
        assert reals.zero_test(reals.over((0, 0), b))


def test_exact_operations_stay_exact() -> None:
    assert quotient((6 << 10, 0), (-3 << 10, 0), 10) == (-2 << 10, 0)
    assert product((-3 << 9, 0), (3 << 10, 0), 10) == (-9 << 9, 0)
    assert quotient((7, 3), (1 << 10, 0), 10) == (7, 3)


def test_a_precision_is_positive() -> None:
    with pytest.raises(Rejected, match="precision"):
        Balls(0)


# Laws


@pytest.mark.parametrize("precision", PRECISIONS)
def test_laws_of_a_ring_hold_for_some_numbers_of_both_sides(precision: int) -> None:
    reals, one = Balls(precision), 1 << precision
    scalars = [reals.from_rational(Fraction(n, m)) for n, m in ((2, 1), (-30, 7), (11, 4))] + [(5 * one, 3)]
    assert not ring_violations(reals, scalars, overlap)
    assert not rational_violations(reals, overlap)


@pytest.mark.parametrize("activation", NAMES)
def test_backward_and_forward_derivatives_are_adjoint(activation: str) -> None:
    program, point, reals = all_primitives(activation), [Fraction(2, 3), Fraction(-1, 4)], Balls(100)
    weights = weights_in_domain(program, point, 3)
    run = (reals.constant(point, (2,)), [reals.constant(w, ()) for w in weights])
    draw = random.Random(8)
    assert not adjoint_violations(program, reals, run, lambda: (draw.randint(-(2**101), 2**101), 2), overlap)


# Contractions

SPECIFICATIONS = [
    "ij,j->i",
    "ij,jk->ik",
    "i,i->",
    "i,j->ij",
    ",->",
    "i,->i",
    "ijk,kj->i",
    "ij,ij->ij",
    "ab,cb->ac",
]
LENGTHS = {"i": 2, "j": 3, "k": 2, "a": 2, "b": 3, "c": 1}


@pytest.mark.parametrize("specification", SPECIFICATIONS)
@pytest.mark.parametrize("empty", ["", "i", "j", "b"])
def test_contractions_contain_the_exact_ones_and_round_once(specification: str, empty: str) -> None:
    left, right, out = specification.replace("->", ",").split(",")
    a, b, c = (tuple(0 if k in empty else LENGTHS[k] for k in word) for word in (left, right, out))
    draw, reals = random.Random(1), Balls(40)
    for _ in range(20):
        tensors = [
            [(draw.randint(-(2**42), 2**42), draw.randint(0, 9)) for _ in range(size(s))] for s in (a, b)
        ]
        exact = [[at(z, Fraction(draw.randint(-5, 5), 5), 40) for z in tensor] for tensor in tensors]
        got = reals.einsum(specification, tensors[0], tensors[1], (a, b, c))
        true = Rationals().einsum(specification, exact[0], exact[1], (a, b, c))
        assert len(got) == len(true) == size(c)
        assert all(holds(ball, 40, value) for ball, value in zip(got, true, strict=True))
        middle = [[(m, 0) for m, _ in tensor] for tensor in tensors]
        assert all(r <= 1 for _, r in reals.einsum(specification, middle[0], middle[1], (a, b, c)))


# Programs


def jacobian(
    program: Program, domain: ListDomain[S], point: Sequence[Fraction], weights: Weights
) -> list[list[S]]:
    """The derivatives of every output by all parameters, in any number system."""
    at_point = [domain.from_rational(v) for v in point]
    one, zero = domain.from_rational(Fraction(1)), domain.from_rational(Fraction(0))
    trace = forward(program, domain, at_point, [[domain.from_rational(v) for v in w] for w in weights])
    sizes, rows = [size(p.shape) for p in program.parameters], []
    for output in range(program.output_count):
        cotangent = [one if k == output else zero for k in range(program.output_count)]
        parts = gradient(program, domain, trace, cotangent)
        rows.append([v for part, n in zip(parts, sizes, strict=True) for v in (part or [zero] * n)])
    return rows


@pytest.mark.parametrize("precision", [20, 64, 200, 1000])
@pytest.mark.parametrize("activation", RATIONAL)
def test_gradients_contain_the_exact_ones(activation: str, precision: int) -> None:
    program, point = all_primitives(activation), [Fraction(2, 3), Fraction(-1, 4)]
    weights = rational_weights(program, 4)
    exact = jacobian(program, Rationals(), point, weights)
    enclosed = jacobian(program, Balls(precision), point, weights)
    for line, true in zip(enclosed, exact, strict=True):
        assert all(holds(ball, precision, v) for ball, v in zip(line, true, strict=True))
        assert all(radius < 1 << 40 for _, radius in line)


@given(st.integers(0, 10**6), st.integers(12, 80), st.sampled_from(RATIONAL))
def test_gradients_of_random_networks_contain_the_exact_ones(
    seed: int, precision: int, activation: str
) -> None:
    """Where the precision is too low to separate a denominator from zero, nothing is claimed."""
    program, draw = all_primitives(activation, "power:2"), random.Random(seed)
    weights = rational_weights(program, seed)
    point = [Fraction(draw.randint(-9, 9), draw.randint(1, 9)) for _ in range(2)]
    exact = jacobian(program, Rationals(), point, weights)
    with suppress(Rejected):
        enclosed = jacobian(program, Balls(precision), point, weights)
        for line, true in zip(enclosed, exact, strict=True):
            assert all(holds(ball, precision, v) for ball, v in zip(line, true, strict=True))


def assert_inside(enclosed: list[list[Ball]], true: Sequence[Sequence[mpmath.mpf]], precision: int) -> None:
    """Inside up to the rounding of mpmath, which has 60 digits more."""
    for line, numbers in zip(enclosed, true, strict=True):
        for (middle, radius), number in zip(line, numbers, strict=True):
            slack = mpmath.ldexp(1 + abs(number), -150)
            assert abs(mpmath.ldexp(number, precision) - middle) <= radius + slack


@pytest.mark.parametrize("precision", [20, 64, 300])
@pytest.mark.parametrize("activation", NAMES)
def test_jacobians_contain_those_of_mpmath(activation: str, precision: int) -> None:
    program, point = all_primitives(activation, activation), [Fraction(3, 4), Fraction(-2, 5)]
    if activation == "sqrt":
        program = all_primitives(activation)
    weights = weights_in_domain(program, point, 7)
    digits = precision // 3 + 80
    true = approx_jacobian_mp(program, weights, [point], digits).tolist()
    enclosed = jacobian(program, Balls(precision), point, weights)
    with mpmath.workdps(digits):
        assert_inside(enclosed, true, precision)
    assert all(radius < 1 << 24 for line in enclosed for _, radius in line)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus", "sin", "mish"])
def test_jacobians_of_random_deep_networks_contain_those_of_mpmath(activation: str) -> None:
    program, draw = mlp(3, 4, 3, 2, activation=activation).program, random.Random(activation)
    for precision in (30, 120):
        weights = tuple(
            tuple(Fraction(draw.gauss(0, 2)) for _ in range(size(p.shape))) for p in program.parameters
        )
        point = [Fraction(draw.gauss(0, 3)) for _ in range(3)]
        true = approx_jacobian_mp(program, weights, [point], 120).tolist()
        with mpmath.workdps(120):
            assert_inside(jacobian(program, Balls(precision), point, weights), true, precision)


def test_directional_derivatives_are_inside() -> None:
    program, reals = all_primitives("power:2"), Balls(64)
    weights, point = rational_weights(program, 4), [Fraction(2, 3), Fraction(-1, 4)]
    exact, enclosed = (
        directional(
            program,
            domain,
            forward(program, domain, domain.constant(point, (2,)), [domain.constant(w, ()) for w in weights]),
            {0: domain.constant([Fraction(1, 3), Fraction(0), Fraction(-2)], (3,))},
        )
        for domain in (Rationals(), reals)
    )
    assert exact is not None
    assert enclosed is not None
    assert all(holds(ball, 64, v) for ball, v in zip(enclosed, exact, strict=True))
