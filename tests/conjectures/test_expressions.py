"""Formulas with minima and binomial coefficients: values, names, ways to write them, refusals."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.bounds.notation import HTML, LATEX, PLAIN
from llrsym.conjectures.expressions import SizeFormula
from llrsym.errors import BadInput


@given(st.integers(0, 9), st.integers(0, 9))
def test_values_are_those_of_the_arithmetic(k, d):
    formula = SizeFormula("2*min(k*(d+1), binom(d+3, 3)) - max(k, d, 4)^2")
    assert formula.value({"k": k, "d": d}) == 2 * min(k * (d + 1), comb(d + 3, 3)) - max(k, d, 4) ** 2


def test_calls_may_stand_in_calls():
    formula = SizeFormula("min(max(a, b), binom(min(a, 3), 2))")
    assert formula.value({"a": 5, "b": 1}) == 3
    assert formula.names == {"a", "b"}


def test_conditions_hold_or_not():
    condition = SizeFormula("r <= min(m, n)")
    assert condition.is_condition
    assert condition.holds({"r": 2, "m": 2, "n": 3})
    assert not condition.holds({"r": 3, "m": 2, "n": 3})


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (PLAIN, "min(k*d, binom(d + 2, 3))/2"),
        (LATEX, r"\frac{\min\left(k d,\, \binom{d + 2}{3}\right)}{2}"),
        (HTML, "min(<i>k</i>\N{THIN SPACE}<i>d</i>, binom(<i>d</i> + 2, 3))/2"),
    ],
    ids=["plain", "latex", "html"],
)
def test_a_formula_is_written_in_every_style(style, text):
    assert SizeFormula("min(k*d, binom(d+2,3))/2").write(style) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sqrt(k)", "is no formula"),
        ("min(k)", "has 1 arguments"),
        ("binom(k, 2, 3)", "has 3 arguments"),
        ("min(k, key=d)", "is no formula"),
        ("min(*k, d)", "is no formula"),
        ("k*", "is no formula"),
        ("min(k, 1.5)", "may hold integers"),
        ("__0 + 1", "is no formula"),
        ("k.real", "may hold integers"),
        ("+".join(["k"] * 1000), "more than"),
    ],
)
def test_other_texts_are_refused(text, reason):
    with pytest.raises(BadInput, match=reason):
        SizeFormula(text)


@pytest.mark.parametrize("text", ["binom(k-9, 2)", "binom(k, 0-1)", "k/2", "min(k/2, 1)", "q", "k<2"])
def test_a_value_that_does_not_exist_is_refused(text):
    with pytest.raises(BadInput):
        SizeFormula(text).value({"k": 3})
