"""Ranges of activations and their derivatives: they contain what mpmath computes, and are not too wide."""

import random
from collections.abc import Callable

import mpmath as mp
import pytest

from llrsym.kernel.activations import activation_names
from llrsym.kernel.errors import Rejected
from llrsym.kernel.ranges import jet_range

BITS = 80
Real = Callable[[mp.mpf], mp.mpf]


def gated(gate: Real) -> Real:
    return lambda z: z * gate(z)


def logistic(z: mp.mpf) -> mp.mpf:
    return 1 / (1 + mp.exp(-z))


FUNCTIONS: dict[str, Real] = {
    "identity": lambda z: z,
    "tanh": mp.tanh,
    "sigmoid": logistic,
    "exp": mp.exp,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "sech": mp.sech,
    "gaussian": lambda z: mp.exp(-z * z),
    "sin": mp.sin,
    "cos": mp.cos,
    "silu": gated(logistic),
    "quick_gelu": gated(lambda z: logistic(mp.mpf(1702) / 1000 * z)),
    "gelu_tanh": gated(lambda z: logistic(2 * mp.sqrt(2 / mp.pi) * (z + mp.mpf(44715) / 10**6 * z**3))),
    "mish": gated(lambda z: mp.tanh(mp.log1p(mp.exp(z)))),
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "arctan": mp.atan,
    "gelu": gated(mp.ncdf),
    "erf": mp.erf,
    "sqrt": mp.sqrt,
    "power:1": lambda z: z,
    "power:3": lambda z: z**3,
    "power:4": lambda z: z**4,
    "rational:1,2|3/1,0,1": lambda z: (1 + 2 * z / 3) / (1 + z * z),
}


def intervals(name: str, count: int) -> list[tuple[mp.mpf, mp.mpf]]:
    """Middles and radii: points, short and long intervals, near zero and far out."""
    draw = random.Random(name)
    places = [mp.mpf(0), mp.mpf(draw.uniform(-3, 3)), mp.mpf(draw.uniform(-12, 12))]
    radii = [mp.mpf(r) for r in (0, "1e-9", 0.01, 0.05, 0.13, 0.7, 3, 11)]
    drawn = [(draw.choice(places) + mp.mpf(draw.uniform(-1, 1)), draw.choice(radii)) for _ in range(count)]
    return [(abs(m) + r + mp.mpf("0.01"), r) for m, r in drawn] if name == "sqrt" else drawn


def derivatives(name: str, x: mp.mpf) -> list[mp.mpf]:
    return mp.taylor(FUNCTIONS[name], x, 3)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_ranges_contain_values_and_derivatives(name: str) -> None:
    with mp.workdps(60):
        for m, r in intervals(name, 24):
            middle, radius = int(mp.floor(m * 2**BITS)), int(mp.floor(r * 2**BITS))
            jet = jet_range(name, (middle, radius), BITS)
            for step in range(-4, 5):
                x = (mp.mpf(middle) + mp.mpf(radius) * step / 4) / 2**BITS
                for order, (value, ball) in enumerate(zip(derivatives(name, x), jet, strict=True)):
                    true = value * mp.factorial(order) * 2**BITS
                    assert abs(true - ball[0]) <= ball[1] + mp.mpf(2) ** (BITS - 60), (name, order, m, r)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_ranges_over_short_intervals_are_short(name: str) -> None:
    """The radius is about that of the argument, times the size of the next derivatives."""
    for m in [2, 3] if name == "sqrt" else [-2, -1, 0, 1, 2]:
        for ball in jet_range(name, (m << BITS, 1 << BITS - 10), BITS):
            assert ball[1] < 1000 << BITS - 10


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "gaussian", "sech", "arctan", "erf", "sin", "cos"])
def test_bounded_activations_have_bounded_ranges_everywhere(name: str) -> None:
    jet = jet_range(name, (0, 10**6 << BITS), BITS)
    assert all(abs(m) + r < 8 << BITS for m, r in jet)


def test_an_odd_point_is_exact_up_to_rounding() -> None:
    value, slope, _, _ = jet_range("tanh", (0, 0), BITS)
    assert abs(value[0]) + value[1] <= 8
    assert abs(slope[0] - (1 << BITS)) + slope[1] <= 8


def test_every_activation_of_the_table_has_ranges() -> None:
    assert {name for name in activation_names() if ":" not in name} <= FUNCTIONS.keys()


@pytest.mark.parametrize(
    ("name", "ball", "reason"),
    [
        ("ode:y1@1", (0, 1), "no rule"),
        ("sqrt", (0, 1), "may not be positive"),
        ("rational:1/0,1", (0, 1 << BITS), "denominator may be zero"),
        ("exp", (1 << BITS + 30, 0), "exponential of a number above"),
    ],
)
def test_what_has_no_range_is_refused(name: str, ball: tuple[int, int], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        jet_range(name, ball, BITS)
