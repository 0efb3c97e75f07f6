"""Formulas: values, the three ways to write them, and what is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.bounds.formula import Formula
from llrsym.bounds.notation import HTML, LATEX, PLAIN
from llrsym.errors import BadInput
from llrsym.report.markup import HTML_MARKUP, LATEX_MARKUP, MARKDOWN_MARKUP, PLAIN_MARKUP

SIZES = {"d": 28, "s": 3, "k": 2, "m_0": 5}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("k*(s^2 + (d+1-s)^2)", 1370),
        ("(s^2+1)*(k*(d+1-s)^2 - m_0)", 13470),
        ("d*(d-1)/2", 378),
        ("-s^2", -9),
        ("2^3^2", 512),
        ("d/s*s", 28),
        ("0", 0),
    ],
)
def test_values(text, value):
    assert Formula(text).value(SIZES) == value


@pytest.mark.parametrize(
    ("text", "plain", "latex", "html"),
    [
        ("k*(d+1)", "k*(d + 1)", "k (d + 1)", "<i>k</i> (<i>d</i> + 1)"),
        ("a-(b-c)", "a - (b - c)", "a - (b - c)", "<i>a</i> &minus; (<i>b</i> &minus; <i>c</i>)"),
        ("(a/b)^2", "(a/b)^2", r"(\frac{a}{b})^{2}", "(<i>a</i>/<i>b</i>)<sup>2</sup>"),
        ("a/(b*c)", "a/(b*c)", r"\frac{a}{b c}", "<i>a</i>/(<i>b</i> <i>c</i>)"),
        ("2*3*k", "2*3*k", r"2 \cdot 3 k", "2 · 3 <i>k</i>"),
        ("m_0 == 1", "m_0 = 1", "m_{0} = 1", "<i>m</i><sub>0</sub> = 1"),
        ("1 <= k < wide", "1 <= k < wide", r"1 \le k < \mathit{wide}", "1 ≤ <i>k</i> &lt; <i>wide</i>"),
        ("2^(n+1)", "2^(n + 1)", "2^{n + 1}", "2<sup><i>n</i> + 1</sup>"),
        ("(a+b)*-c", "(a + b)*(-c)", "(a + b) (-c)", "(<i>a</i> + <i>b</i>) (-<i>c</i>)"),
    ],
)
def test_the_three_styles(text, plain, latex, html):
    formula = Formula(text)
    shown = formula.write(HTML).replace("\N{THIN SPACE}", " ")
    assert (formula.write(PLAIN), formula.write(LATEX), shown) == (plain, latex, html)


def trees(names=("a", "b")):
    leaves = st.sampled_from([*names, "1", "2", "7"])
    signs = st.sampled_from(["+", "-", "*"])
    join = lambda inner: st.builds("({}){}({})".format, inner, signs, inner)  # noqa: E731
    power = lambda inner: st.builds("({})^2".format, inner)  # noqa: E731
    minus = lambda inner: st.builds("-({})".format, inner)  # noqa: E731
    return st.recursive(leaves, lambda inner: join(inner) | power(inner) | minus(inner), max_leaves=6)


@given(trees(), st.integers(0, 5), st.integers(0, 5))
def test_parentheses_are_left_away_only_where_the_value_stays(text, a, b):
    sizes = {"a": a, "b": b}
    value = Formula(text).value(sizes)
    assert Formula(Formula(text).write(PLAIN)).value(sizes) == value
    latex = Formula(text).write(LATEX).replace(r"\cdot", "*")
    product = re.sub(r"(?<=[\w)}]) (?=[\w(])", "*", latex.replace("{", "(").replace("}", ")"))
    assert Formula(product).value(sizes) == value


def test_conditions():
    assert Formula("1 <= k < d").holds(SIZES)
    assert not Formula("k == d").holds(SIZES)
    with pytest.raises(BadInput, match="is no condition"):
        Formula("k").holds(SIZES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k*", "is no formula"),
        ("", "is no formula"),
        ("k(d)", "may hold integers, names"),
        ("1.5*k", "may hold integers, names"),
        ("True", "may hold integers, names"),
        ("k or d", "may hold integers, names"),
        ("__import__('os')", "may hold integers, names"),
        ("k" * 1001, "more than 1000 characters"),
        ("(" * 400 + "k" + ")" * 400, "is no formula"),
    ],
)
def test_what_is_no_formula(text, message):
    with pytest.raises(BadInput, match=message):
        Formula(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q + k", "q in 'q \\+ k' is not a size; the sizes are d, s, k, m_0"),
        ("s/k", "which is no integer"),
        ("k/(s-3)", "divides by zero"),
        ("k^(0-1)", "exponent outside"),
        ("k^65", "exponent outside"),
        ("((10^64)^64)^64", "exponent outside"),
        ("(k < d) + 1", "calculates with a condition"),
        ("k < d", "which is no integer"),
    ],
)
def test_what_has_no_value(text, message):
    with pytest.raises(BadInput, match=message):
        Formula(text).value(SIZES)


def test_text_with_formulas():
    text = "$k*d$ neurons, 50% of $5 and $6 <b>"
    assert PLAIN_MARKUP.text(text) == "k*d neurons, 50% of $5 and $6 <b>"
    assert LATEX_MARKUP.text(text) == r"$k d$ neurons, 50\% of \$5 and \$6 \textless{}b\textgreater{}"
    assert MARKDOWN_MARKUP.text(text) == r"$k d$ neurons, 50% of \$5 and \$6 \<b\>"
    assert HTML_MARKUP.text(text).endswith("neurons, 50% of $5 and $6 &lt;b&gt;")
