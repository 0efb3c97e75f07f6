"""Values and slopes of all activations on balls contain those of Arb's power series and of mpmath."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest
from flint import arb, arb_series

from llrsym.domains.multiprecision import Multiprecision
from llrsym.kernel.activations import activation_names
from llrsym.kernel.ball_activations import BOUNDS, value_and_slope
from llrsym.kernel.ball_arithmetic import Ball
from llrsym.kernel.domains import Rationals
from llrsym.kernel.errors import Malformed, Rejected
from tests.kernel.enclosures import (
    Series,
    arb_bits,
    contains,
    dyadic,
    exactly,
    hard_middles,
    holds,
    points_in,
    random_middle,
    random_radius,
)

PRECISIONS = [1, 20, 53, 64, 200, 1000]


def _logistic(x: arb_series) -> arb_series:
    return 1 / (1 + (-x).exp())


def _hyperbolic_tangent(x: arb_series) -> arb_series:
    return 1 - 2 * _logistic(-2 * x)


def _scaled(x: arb_series, number: arb) -> arb_series:
    return x * arb_series([number], prec=3)


def _normal(x: arb_series) -> arb_series:
    return (1 + _scaled(x, (arb(1) / 2).sqrt()).erf()) / 2


def _gelu_tanh(x: arb_series) -> arb_series:
    cubic = x + _scaled(x * x * x, exactly(Fraction(8943, 200000)))
    return x * (1 + _hyperbolic_tangent(_scaled(cubic, (2 / arb.pi()).sqrt()))) / 2


SERIES: dict[str, Series] = {
    "identity": lambda x: x,
    "tanh": _hyperbolic_tangent,
    "sigmoid": _logistic,
    "exp": lambda x: x.exp(),
    "sinh": lambda x: (x.exp() - (-x).exp()) / 2,
    "cosh": lambda x: (x.exp() + (-x).exp()) / 2,
    "sech": lambda x: 2 / (x.exp() + (-x).exp()),
    "gaussian": lambda x: (-x * x).exp(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "silu": lambda x: x * _logistic(x),
    "quick_gelu": lambda x: x * _logistic(_scaled(x, exactly(Fraction(1702, 1000)))),
    "gelu_tanh": _gelu_tanh,
    "mish": lambda x: x * _hyperbolic_tangent((1 + x.exp()).log()),
    "softplus": lambda x: (1 + x.exp()).log(),
    "arctan": lambda x: x.atan(),
    "sqrt": lambda x: x.sqrt(),
    "gelu": lambda x: x * _normal(x),
    "erf": lambda x: x.erf(),
    "power:1": lambda x: x,
    "power:2": lambda x: x * x,
    "power:5": lambda x: x * x * x * x * x,
    "rational:1,-2|3/1,0,1": lambda x: (1 - 2 * x / 3) / (1 + x * x),
    "rational:1|7,0,-3|11": lambda x: arb_series([exactly(Fraction(1, 7))], prec=3) - 3 * x * x / 11,
}
UNBOUNDED = ("exp", "sinh", "cosh")


def true_pair(name: str, m: int, precision: int) -> list[arb]:
    """Value and slope at m 2^-p at Arb's present precision."""
    series = SERIES[name](arb_series([dyadic(m, precision), 1], prec=2))
    return [series[0], series[1]]


def arguments(name: str, precision: int, count: int, seed: int) -> list[Ball]:
    draw = random.Random(f"{name} {precision} {seed}")
    largest = 6 if name in UNBOUNDED else 22
    middles = [m for m in hard_middles(precision) if name not in UNBOUNDED or abs(m) >> precision < 100]
    middles += [random_middle(precision, draw, largest) for _ in range(count)]
    balls = []
    for m in middles:
        r = random_radius(precision, draw)
        if name == "sqrt":
            m, r = abs(m) + 1, min(r, abs(m))
        if name.startswith("rational"):
            r = min(r, 1 << precision >> 6)  # wider balls may be refused
        balls += [(m, 0), (m, r)] if r else [(m, 0)]
    return balls


def test_every_activation_has_a_test() -> None:
    assert {name.partition(":")[0] for name in SERIES} == {n.partition(":")[0] for n in activation_names()}
    assert set(BOUNDS) <= set(SERIES)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", SERIES)
def test_values_and_slopes_on_a_ball_are_inside(name: str, precision: int) -> None:
    draw = random.Random(precision)
    for z in arguments(name, precision, 60 if precision < 500 else 10, 1):
        pair = value_and_slope(name, z, precision)
        for x in points_in(z, draw):
            for k, ball in enumerate(pair):
                assert contains(ball, precision, lambda k=k, x=x: true_pair(name, x, precision)[k]), (z, x)


@pytest.mark.parametrize("name", SERIES)
def test_values_and_slopes_of_mpmath_are_inside(name: str) -> None:
    for precision in (20, 64, 200):
        with mpmath.workprec(2 * precision + 900):
            for m, r in arguments(name, precision, 10, 2):
                if abs(m) >> precision > 400:
                    continue
                pair = value_and_slope(name, (m, r), precision)
                true = Multiprecision().activate_entry(name, 0, 0, mpmath.ldexp(m, -precision))
                for (middle, radius), number in zip(pair, true, strict=True):
                    distance = abs(mpmath.ldexp(number, precision) - middle)
                    assert distance <= radius + mpmath.ldexp(1 + abs(number), -precision - 200), (m, r)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", SERIES)
def test_exact_arguments_have_narrow_enclosures(name: str, precision: int) -> None:
    for m, r in arguments(name, precision, 40, 3):
        if not r:
            growth = max(1, abs(m) >> precision) ** 5 if ":" in name else 1
            for middle, radius in value_and_slope(name, (m, 0), precision):
                size = abs(middle) >> precision if name in UNBOUNDED else 0
                size = (abs(middle) >> precision) ** 2 if name == "sqrt" else size
                assert radius <= 2 * growth + size, (m, middle, radius)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_radii_grow_by_the_slope_and_its_bound(name: str) -> None:
    """To first order the value grows by the local slope, the slope by the curvature bound."""
    precision, r = 200, 1 << 80
    _, _, curvature = BOUNDS[name]
    for m, _ in arguments(name, precision, 40, 4):
        slope = value_and_slope(name, (m, 0), precision)[1]
        value, wide = value_and_slope(name, (m, r), precision)
        assert value[1] <= (abs(slope[0]) * r >> precision) + 4
        assert wide[1] <= curvature * r // 8 + 4


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_bounds_hold_on_a_grid_and_are_not_wasteful(name: str) -> None:
    """|sigma|, |sigma'| and |sigma''| in eighths, at -20, -20 + 1/16, ..., 20."""
    largest = [0.0, 0.0, 0.0]
    with arb_bits(200):
        for k in range(-320, 321):
            series = SERIES[name](arb_series([dyadic(k, 4), 1], prec=3))
            found = [8 * abs(series[0]), 8 * abs(series[1]), 16 * abs(series[2])]
            assert not any(number > bound for number, bound in zip(found, BOUNDS[name], strict=True) if bound)
            largest = [max(seen, float(number)) for seen, number in zip(largest, found, strict=True)]
    for seen, bound in zip(largest, BOUNDS[name], strict=True):
        assert bound < 3 * seen + 1


@pytest.mark.parametrize("name", [name for name in SERIES if name not in UNBOUNDED and name != "sqrt"])
@pytest.mark.parametrize("size", [1000, 10**6, 10**15, 10**60])
def test_large_arguments_are_answered(name: str, size: int) -> None:
    for precision in (20, 200):
        for sign in (1, -1):
            m = sign * size << precision
            pair = value_and_slope(name, (m, 0), precision)
            if size <= 10**6:
                for k, ball in enumerate(pair):
                    assert contains(ball, precision, lambda k=k, m=m, p=precision: true_pair(name, m, p)[k])
                if ":" not in name:
                    assert max(radius for _, radius in pair) <= 2


LIMITS = {
    "tanh": (1, 0),
    "sigmoid": (1, 0),
    "sech": (0, 0),
    "gaussian": (0, 0),
    "erf": (1, 0),
    "silu": (10**9, 1),
    "quick_gelu": (10**9, 1),
    "gelu_tanh": (10**9, 1),
    "mish": (10**9, 1),
    "softplus": (10**9, 1),
    "gelu": (10**9, 1),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_far_from_zero(name: str) -> None:
    """At 10^9 the activations are their limits or asymptotes up to less than one unit."""
    for ball, limit in zip(value_and_slope(name, (10**9 << 64, 0), 64), LIMITS[name], strict=True):
        assert holds(ball, 64, Fraction(limit))
        assert ball[1] <= 2


@pytest.mark.parametrize("name", SERIES)
def test_exact_rational_values_are_inside(name: str) -> None:
    z = (3 << 18, 0)
    try:
        exact = Rationals().activate_entry(name, 0, 0, Fraction(3, 4))
    except Rejected:
        return
    for ball, value in zip(value_and_slope(name, z, 20), exact, strict=True):
        assert holds(ball, 20, value)


def test_polynomials_of_small_integers_are_exact() -> None:
    assert value_and_slope("identity", (-7, 2), 10) == ((-7, 2), (1 << 10, 0))
    assert value_and_slope("power:3", (-2 << 10, 0), 10) == ((-8 << 10, 0), (12 << 10, 0))


@pytest.mark.parametrize(
    ("name", "z"),
    [
        ("sqrt", (0, 0)),
        ("sqrt", (-4, 1)),
        ("sqrt", (4, 4)),
        ("exp", (1 << 80, 0)),
        ("sinh", (-1 << 80, 0)),
        ("cosh", (1 << 80, 0)),
        ("rational:1/0,1", (0, 0)),
        ("rational:1/0,1", (2, 3)),
    ],
)
def test_what_is_undefined_or_unbounded_is_refused(name: str, z: Ball) -> None:
    with pytest.raises(Rejected):
        value_and_slope(name, z, 20)


def test_unknown_activations_are_malformed() -> None:
    with pytest.raises(Malformed):
        value_and_slope("relu", (0, 0), 20)


def test_wide_balls_keep_the_bounds_of_the_activations() -> None:
    for name, (largest, steepest, _) in BOUNDS.items():
        value, slope = value_and_slope(name, (5 << 20, 1000 << 20), 20)
        assert abs(slope[0]) + slope[1] <= steepest << 17
        assert not largest or abs(value[0]) + value[1] <= largest << 17
        assert largest or value[1] <= steepest * 1000 << 18
