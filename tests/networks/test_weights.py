"""Exact weights: nothing is rounded, and nothing that is not a real number gets in."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from llrsym.errors import BadInput
from llrsym.networks.builders import mlp
from llrsym.networks.weights import exact_weights

NETWORK = mlp(1, 2, 1, bias="hidden")
GOOD: dict[str, object] = {"W1": [[1], [2]], "b1": [0, 0], "W2": [[1, 1]]}


def first_entry(value: object) -> Fraction:
    return exact_weights(NETWORK, {**GOOD, "W1": [[value], [0]]})[0][0]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_are_their_dyadic_rationals(value):
    assert first_entry(value) == Fraction(*value.as_integer_ratio())
    assert first_entry(np.float64(value)) == Fraction(*value.as_integer_ratio())


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_single_precision_arrays_are_exact(value):
    array = np.array([[value], [0]], dtype=np.float32)
    assert exact_weights(NETWORK, {**GOOD, "W1": array})[0][0] == Fraction(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, Fraction(3)),
        (-0.0, Fraction(0)),
        (0.1, Fraction(3602879701896397, 36028797018963968)),
        ("-22/7", Fraction(-22, 7)),
        ("5", Fraction(5)),
        (10**40, Fraction(10**40)),
        (Fraction(1, 3), Fraction(1, 3)),
        (sympy.Rational(2, 3), Fraction(2, 3)),
        (sympy.Integer(-4), Fraction(-4)),
        (np.int64(7), Fraction(7)),
        (np.float32(0.1), Fraction(13421773, 134217728)),
        (5e-324, Fraction(1, 2**1074)),
    ],
)
def test_exact_numbers_keep_their_value(value, expected):
    assert first_entry(value) == expected


def test_order_is_that_of_the_program_and_row_major():
    weights = exact_weights(mlp(2, 2, 1), {"b2": [9], "W2": [[7, 8]], "b1": [5, 6], "W1": [[1, 2], [3, 4]]})
    assert [int(w) for tensor in weights for w in tensor] == list(range(1, 10))
    transposed = np.array([[1.0, 3.0], [2.0, 4.0]]).T
    assert exact_weights(mlp(2, 2, bias=False), {"W1": transposed})[0] == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"W1": [[1, 2]]}, r"W1 expected shape \(2, 1\), got \(1, 2\)"),
        ({"W1": [1, 2]}, r"W1 expected shape \(2, 1\), got \(2,\)"),
        ({"W1": 3}, r"W1 expected shape \(2, 1\), got \(\)"),
        ({"W1": None}, r"W1 expected shape \(2, 1\), got \(\)"),
        ({"W1": []}, r"W1 expected shape \(2, 1\), got \(0,\)"),
        ({"W1": [[1], [2, 3]]}, "rows of different shapes"),
        ({"W1": np.zeros((2, 1, 1))}, r"got \(2, 1, 1\)"),
        ({"b1": [0, float("nan")]}, r"b1\[1\] is nan; every weight must be finite"),
        ({"b1": [float("inf"), 0]}, r"b1\[0\] is inf; every weight must be finite"),
        ({"W2": np.array([[0, -np.inf]])}, r"W2\[0,1\] is -inf"),
        ({"b1": [True, 0]}, r"b1\[0\] is True; give a number, not a truth value"),
        ({"b1": np.array([True, False])}, "truth value"),
        ({"b1": [1j, 0]}, "not complex"),
        ({"b1": np.array([1j, 0])}, "not complex"),
        ({"b1": ["0.5", 0]}, r"b1\[0\] is '0.5'; write an exact number as 'p/q'"),
        ({"b1": ["1/0", 0]}, r"b1\[0\] is '1/0'; its denominator is 0; write an exact number as 'p/q'"),
        ({"b1": ["1e3", 0]}, "write an exact number"),
        ({"b1": ["9" * 4001, 0]}, "write an exact number"),
        ({"b1": [10**9000, 0]}, "more than 4000 digits are refused"),
        ({"b1": [None, 0]}, "not NoneType"),
        ({"b1": [object(), 0]}, "not object"),
        ({"b1": [sympy.sqrt(2), 0]}, "give a float, an integer or an exact fraction"),
        ({"b1": np.ma.masked_array([1.0, 2.0], mask=[True, False])}, "not NoneType"),
        ({"b2": [1]}, "'b2' is not a parameter; the network has W1"),
    ],
)
def test_refusals(changes, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        exact_weights(NETWORK, {**GOOD, **changes})
    assert "\n" not in str(refusal.value)


def test_a_missing_parameter_is_named():
    with pytest.raises(BadInput, match=r"weights: b1 is missing; the network has W1 \(2, 1\), b1 \(2,\)"):
        exact_weights(NETWORK, {"W1": [[1], [2]], "W2": [[1, 1]]})


def test_a_list_is_no_mapping():
    with pytest.raises(BadInput, match="expected a mapping from names to arrays, got list"):
        exact_weights(NETWORK, [1, 2])  # type: ignore[arg-type]
