"""Fits of formulas to values: known formulas are found again, and noise and exceptions are not explained."""

import random
from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.conjectures.expressions import SizeFormula
from llrsym.conjectures.fit import almost_fit, fit


def grid(where=None, **sizes):
    points = [dict(zip(sizes, values, strict=True)) for values in product(*sizes.values())]
    return [point for point in points if where is None or where(**point)]


def up_to(n):
    return range(1, n + 1)


FORMULAS = {
    "constant": ("7", grid(k=up_to(3), d=up_to(3))),
    "linear": ("(6*k - d + 1)/2", grid(k=up_to(4), d=(1, 3, 5, 7))),
    "two layers": ("k*(d + 1)", grid(k=up_to(3), d=up_to(3))),
    "two layers with biases": ("k*(d + 2) + 1", grid(k=up_to(3), d=up_to(3))),
    "convolution": ("k*(s + L)", grid(k=up_to(3), s=up_to(3), L=up_to(4))),
    "matrices": ("r*(m + n - r)", grid(lambda r, m, n: r <= min(m, n), r=up_to(4), m=up_to(4), n=up_to(4))),
    "lightning": ("2*a*(2*d - a) - 1", grid(lambda a, d: a <= d, a=up_to(4), d=up_to(4))),
    "quadratic forms": ("min(k, d)*(2*d - min(k, d) + 1)/2", grid(k=up_to(5), d=up_to(4))),
    "pairs of forms": (
        "min(2*k, d)*(2*d - min(2*k, d) + 1)/2",
        grid(k=up_to(3), d=up_to(6)),
    ),
    "all matrices": ("min(r, m, n)*(m + n - min(r, m, n))", grid(r=up_to(4), m=up_to(4), n=up_to(4))),
    "cubic forms": ("min(k*d, binom(d + 2, 3))", grid(k=up_to(8), d=up_to(4))),
    "cubic polynomials": ("min(binom(d + 3, 3), k*(d + 1))", grid(k=up_to(8), d=up_to(4))),
    "forms": ("min(k*d, binom(d + r - 1, r))", grid(k=up_to(10), d=range(2, 5), r=range(5, 8))),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_simplest_formula_is_the_known_one(name):
    text, points = FORMULAS[name]
    formula = SizeFormula(text)
    assert fit(points, [formula.value(point) for point in points])[0].text == text


@given(st.lists(st.integers(-4, 4), min_size=6, max_size=6))
def test_every_polynomial_of_degree_two_is_found_and_its_text_has_its_values(coefficients):
    points = grid(k=up_to(4), d=up_to(4))
    far = grid(k=(7, 9), d=(6, 11))

    def value(k, d):
        return sum(c * m for c, m in zip(coefficients, (1, k, d, k * k, k * d, d * d), strict=True))

    found = fit(points, [value(**point) for point in points])[0]
    assert [SizeFormula(found.text).value(point) for point in far] == [value(**point) for point in far]
    assert [found.value(point) for point in far] == [value(**point) for point in far]


@given(st.integers(0, 10**6))
def test_noise_is_not_explained(seed):
    points = grid(k=up_to(5), d=up_to(5))
    noise = random.Random(seed)
    assert fit(points, [p["k"] * p["d"] + noise.randint(0, 5) for p in points]) == []


@pytest.mark.parametrize("count", range(1, 6))
def test_few_points_are_not_fitted(count):
    points = grid(k=up_to(count))
    values = [k * k for k in up_to(count)]
    assert [shape.text for shape in fit(points, values)] == (["k^2"] if count == 5 else [])


def test_one_point_that_decides_a_coefficient_is_no_evidence():
    points = [{"k": k, "d": 1} for k in up_to(8)] + [{"k": 1, "d": 2}]
    assert fit(points, [p["k"] for p in points[:-1]] + [4]) == []


def defective(k, d, r):
    """The dimension of the span of k tangent spaces of forms of degree r in d variables.

    Alexander and Hirschowitz 1995, as stated by Brambilla and Ottaviani, arXiv:math/0701409, Theorem 1.1.
    """
    if r == 2:
        return sum(d - i for i in range(min(k, d)))
    exceptional = (r, d, k) in {(3, 5, 7), (4, 3, 5), (4, 4, 9), (4, 5, 14)}
    return min(k * d, comb(d + r - 1, r)) - exceptional


@pytest.mark.parametrize(
    ("sizes", "almost"),
    [
        ({"k": up_to(10), "d": range(2, 5), "r": (4,)}, "min(k*d, binom(d + 3, 4))"),
        ({"k": up_to(10), "d": range(2, 5), "r": range(3, 6)}, "min(k*d, binom(d + r - 1, r))"),
        ({"k": up_to(9), "d": range(3, 6), "r": (3,)}, "min(k*d, binom(d + 2, 3))"),
    ],
    ids=["quartics", "degrees 3 to 5", "cubics"],
)
def test_exceptions_are_not_explained_but_listed(sizes, almost):
    points = grid(**sizes)
    values = [defective(**point) for point in points]
    assert fit(points, values) == []
    shape = almost_fit(points, values)
    assert shape is not None
    assert shape.text == almost
    exceptions = [p for p, y in zip(points, values, strict=True) if shape.value(p) != y]
    assert exceptions == [p for p in points if (p["r"], p["d"], p["k"]) in {(3, 5, 7), (4, 3, 5), (4, 4, 9)}]


def test_nothing_is_fitted_to_nothing():
    assert fit([], []) == []
    assert almost_fit([], []) is None
