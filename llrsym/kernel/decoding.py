"""Reading JSON documents strictly.

Refused: duplicate, unknown or missing keys, floating-point numbers, NaN, booleans where integers belong,
documents beyond the size limit. Numbers that are not integers are strings ``"p/q"``.
"""

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn

from .errors import Malformed
from .program import Shape

MAX_CHARACTERS = 400_000_000
_RATIONAL = re.compile(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?")


def decode(text: str) -> object:
    """Parse JSON strictly; raises ``Malformed``."""
    if len(text) > MAX_CHARACTERS:
        raise Malformed(f"the document has more than {MAX_CHARACTERS} characters")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(f"not a complete JSON document: {error}") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise Malformed(f"a key occurs twice among {[key for key, _ in pairs]}")
    return dict(pairs)


def _no_float(text: str) -> NoReturn:
    raise Malformed(f"{text} is a floating-point number; write exact numbers as 'p/q'")


def expect(condition: bool, place: str, expected: object, got: object) -> None:
    if not condition:
        raise Malformed(f"{place}: expected {expected}, got {str(got)[:80]}")


def read_object(document: object, place: str, keys: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(document, dict) or set(document) != set(keys):
        got = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise Malformed(f"{place}: expected an object with the keys {list(keys)}, got {got}")
    return document


def read_list(document: object, place: str) -> list[object]:
    if not isinstance(document, list):
        raise Malformed(f"{place}: expected a list, got {type(document).__name__}")
    return document


def read_pair(document: object, place: str) -> tuple[object, object]:
    entries = read_list(document, place)
    if len(entries) != 2:
        raise Malformed(f"{place}: expected a pair, got {len(entries)} entries")
    return entries[0], entries[1]


def read_string(document: object, place: str) -> str:
    expect(isinstance(document, str), place, "a string", document)
    return str(document)


def read_integer(document: object) -> int:
    if type(document) is not int:
        raise Malformed(f"expected an integer, got {str(document)[:80]}")
    return document


def read_count(document: object, place: str) -> int:
    if type(document) is not int or document < 0:
        raise Malformed(f"{place}: expected a non-negative integer, got {str(document)[:80]}")
    return document


def read_shape(document: object) -> Shape:
    return tuple(read_count(n, "shape") for n in read_list(document, "shape"))


def read_rational(document: object) -> Fraction:
    if not isinstance(document, str) or not _RATIONAL.fullmatch(document):
        raise Malformed(f"expected an exact number 'p' or 'p/q' in quotes, got {str(document)[:80]}")
    try:
        return Fraction(document)
    except ZeroDivisionError as error:
        raise Malformed(f"the denominator of {document} is zero") from error
