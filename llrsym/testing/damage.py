"""Damaged documents: one place of a claim or a certificate changed, deleted, repeated or exchanged."""

from __future__ import annotations

import copy
import random
from fractions import Fraction
from typing import Any

Path = tuple[str | int, ...]
ODD: list[Any] = [0, 1, -1, 2, 7, 10**7, True, None, 0.5, "0", "1", "-1", "1/2", "x", "", [], {}, [[]]]
ODD += ["tanh", "exp", "sqrt", "arctan", "relations", "parameters", "ambient", "add", "multiply", "given"]
ODD += [[[2, 1]], {"c": "1"}, {"c": "1", "e": "1"}, {"c": "1", "theta": [[0, 1], [0, 1]]}, 8388593]
NAMES = ["exp", "sin", "sqrt", "arctan", "power:2"]


def paths(document: object, prefix: Path = ()) -> list[Path]:
    """Return all places of a document but the root."""
    items: list[tuple[str | int, object]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    return [p for key, value in items for p in ((*prefix, key), *paths(value, (*prefix, key)))]


def at(document: Any, path: Path) -> Any:
    """Return what stands at a place."""
    for key in path:
        document = document[key]
    return document


def damaged(document: Any, draw: random.Random) -> tuple[Any, str]:
    """Return a copy that differs at one place, and what was done."""
    changed = copy.deepcopy(document)
    places = paths(changed)
    place = draw.choice(places)
    parent, key = at(changed, place[:-1]), place[-1]
    before = parent[key]
    match draw.randrange(9):
        case 6:
            parent[key] = copy.deepcopy(draw.choice([*ODD, at(changed, draw.choice(places))]))
        case 7 if isinstance(parent, list):
            parent.insert(int(key), copy.deepcopy(before))
            return changed, f"{_written(place)} repeated"
        case 8:
            del parent[key]
            return changed, f"{_written(place)} deleted"
        case _:
            parent[key] = _nearby(before, draw)
    return changed, f"{_written(place)} = {_short(before)} replaced by {_short(parent[key])}"


def _nearby(value: Any, draw: random.Random) -> Any:
    """A value of the same kind that differs a little."""
    match value:
        case bool() | None:
            return draw.choice(ODD)
        case int():
            return draw.choice([value + 1, value - 1, 0, 1, 2 * value, -value, value + 2])
        case str() if value.lstrip("-").replace("/", "", 1).isdigit():
            number = Fraction(value)
            return str(draw.choice([number + 1, -number, number / 2, number * 3, number - 1, Fraction(1)]))
        case str():
            return draw.choice([value + "x", value[1:], value.upper(), *NAMES])
        case list() if value:
            shuffled = draw.sample(value, len(value))
            return draw.choice([shuffled, value + value[-1:], value[:-1], value[::-1], value[1:]])
        case _:
            return draw.choice(ODD)


def _written(place: Path) -> str:
    return "/".join(map(str, place))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
