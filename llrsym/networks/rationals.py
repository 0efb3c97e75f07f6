"""Exact numbers given as integers, fractions or text."""

import re
from fractions import Fraction

MAX_CHARACTERS = 4_000
_HUGE_EXPONENT = re.compile(r"[eE][-+]?[0-9_]{4,}\s*$")


def exact_rational(value: object) -> Fraction:
    """Return an integer, a fraction, or a text such as '1/3' or '0.25', as the exact number that it is.

    Raises ``ValueError`` for anything else, truth values and floats among them, and for numbers that are too
    long to be written out.

    >>> exact_rational("0.1")
    Fraction(1, 10)
    >>> exact_rational("1e-999999999")
    Traceback (most recent call last):
        ...
    ValueError: no exact number
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Fraction):
        raise ValueError("no exact number")
    if isinstance(value, str) and (len(value) > MAX_CHARACTERS or _HUGE_EXPONENT.search(value)):
        raise ValueError("no exact number")
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("no exact number") from error
