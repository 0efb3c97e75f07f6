"""Tables from TOML files: rows of questions, and sweeps over named sizes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NoReturn

from llrsym.bounds.formula import Formula
from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.text import parse_network
from llrsym.networks.weight_files import load_weights
from llrsym.report.plans import COLUMNS, Claim, Instance, Plan, Statement
from llrsym.report.questions import Question

MAX_INSTANCES = 10_000
"""Most questions of one sweep."""
_TABLE_KEYS = {"caption": str, "label": str, "columns": list, "row": list}
_ROW_KEYS = {
    "title": str,
    "network": str,
    "target": str,
    "weights": str,
    "sizes": dict,
    "where": str,
    "formula": str,
    "at_most": bool,
}


def read_plan(path: Path) -> Plan:
    """Return the table that a TOML file describes; paths of weights are relative to the file.

    Raises ``BadInput`` for a file that cannot be read and for entries that are missing, unknown or of the
    wrong kind, with the file, the row and the key.
    """
    document = _document(path)
    _check_keys(str(path), document, _TABLE_KEYS)
    rows = document.get("row", [])
    if not rows:
        _refuse(str(path), "row", "there is none; add a [[row]] with network and target")
    statements = tuple(_statement(path, number, row) for number, row in enumerate(rows, start=1))
    return Plan(
        document.get("caption", ""),
        document.get("label", path.stem),
        _columns(str(path), document.get("columns"), statements),
        statements,
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"table: {path} cannot be read ({reason}); give a TOML file, or 'paper'") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"table: {path} is no TOML file: {error}") from error


def _refuse(place: str, key: str, reason: str) -> NoReturn:
    raise BadInput(f"table: {place}: {key}: {reason}")


def _check_keys(place: str, entries: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    for key, value in entries.items():
        if key not in kinds:
            _refuse(place, key, f"unknown key; the keys are {', '.join(kinds)}")
        if type(value) is not kinds[key]:
            words = {str: "a string", list: "a list", dict: "a table", bool: "true or false"}
            _refuse(place, key, f"expected {words[kinds[key]]}, got {shown(value)}")


def _columns(place: str, given: list[Any] | None, statements: tuple[Statement, ...]) -> tuple[str, ...]:
    if given is None:
        return default_columns(statements)
    for column in given:
        if not isinstance(column, str) or column not in COLUMNS:
            _refuse(place, "columns", f"{shown(column)} is no column; the columns are {', '.join(COLUMNS)}")
    if not given or len(set(given)) < len(given):
        _refuse(place, "columns", "expected at least one column and each only once")
    return tuple(given)


def default_columns(statements: tuple[Statement, ...]) -> tuple[str, ...]:
    """Return the columns that the statements have something to say in."""
    alone = [s for s in statements if not s.claims]
    asked = {
        "title": any(i.title for s in alone for i in s.instances),
        "network": bool(alone),
        "target": bool(alone),
        "sizes": len(alone) < len(statements),
        "parameters": True,
        "formula": len(alone) < len(statements),
        "rank": any(_outputs(i.question) > 1 for s in statements for i in s.instances),
        "samples": True,
        "verdict": True,
    }
    return tuple(key for key, wanted in asked.items() if wanted)


def _outputs(question: object) -> int:
    return question.network.outputs if isinstance(question, Question) else 1


def _statement(path: Path, number: int, row: Any) -> Statement:
    place = f"{path}, row {number}"
    if not isinstance(row, dict):
        _refuse(place, "row", f"expected a table, got {shown(row)}")
    _check_keys(place, row, _ROW_KEYS)
    for key in ("network", "target"):
        if key not in row:
            _refuse(place, key, "it is missing; write a builder call such as mlp(2, 8, 1)")
    weights = None if "weights" not in row else load_weights(path.parent / row["weights"])
    instances = tuple(_instances(place, row, weights))
    if not instances:
        _refuse(place, "where", "no sizes fulfil it; widen the sizes or the condition")
    title = row.get("title", "")
    if "formula" not in row:
        return Statement(instances, title)
    formula = _formula(place, "formula", row["formula"], row.get("sizes", {}))
    network, target = (_symbols(row[key]) for key in ("network", "target"))
    claims = {"formula": Claim(formula, at_most=row.get("at_most", False))}
    where = f", ${row['where']}$" if "where" in row else ""
    return Statement(instances, title or f"{target} in {network}{where}", claims, network, target)


def _instances(
    place: str, row: Mapping[str, Any], weights: Mapping[str, object] | None
) -> Iterator[Instance]:
    condition = _formula(place, "where", row["where"], row.get("sizes", {})) if "where" in row else None
    for sizes in _sweep(place, row.get("sizes", {})):
        if condition is not None and not condition.holds(sizes):
            continue
        network, target = (_network(place, key, row[key], sizes) for key in ("network", "target"))
        try:
            question = Question(network, target, weights)
        except BadInput as error:
            raise BadInput(f"table: {place}: {error}") from error
        note = f"the target at the weights of {row['weights']}" if weights is not None else ""
        yield Instance(question, sizes, row.get("title", ""), note)


def _formula(place: str, key: str, text: str, sizes: Mapping[str, Any]) -> Formula:
    try:
        formula = Formula(text)
    except BadInput as error:
        raise BadInput(f"table: {place}: {key}: {error}") from error
    for name in sorted(formula.names - sizes.keys()):
        _refuse(place, key, f"{name} is not one of the sizes ({', '.join(sizes) or 'there are none'})")
    return formula


def _sweep(place: str, sizes: Mapping[str, Any]) -> Iterator[dict[str, int]]:
    ranges = [_range(place, name, value) for name, value in sizes.items()]
    count = prod(map(len, ranges))
    if count > MAX_INSTANCES:
        _refuse(place, "sizes", f"they give {count} questions, at most {MAX_INSTANCES} are asked; take fewer")
    for values in product(*ranges):
        yield dict(zip(sizes, values, strict=True))


def _range(place: str, name: str, value: Any) -> list[int]:
    """The values of one size: 3, [1, 2, 4] or "1..3"."""
    if not name.isidentifier():
        _refuse(place, "sizes", f"{shown(name)} is no name; use letters and digits")
    if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d{1,9})\s*\.\.\s*(\d{1,9})\s*", value)):
        values: list[Any] = list(range(int(found[1]), min(int(found[2]), int(found[1]) + MAX_INSTANCES) + 1))
    else:
        values = value if isinstance(value, list) else [value]
    if not values or any(type(entry) is not int for entry in values):
        _refuse(place, f"sizes.{name}", f'{shown(value)} are no sizes; write 3, [1, 2, 4] or "1..3"')
    return values


def _network(place: str, key: str, text: str, sizes: Mapping[str, int]) -> Network:
    try:
        return parse_network(_replaced(place, key, text, sizes))
    except BadInput as error:
        at = f" at {', '.join(f'{n} = {v}' for n, v in sizes.items())}" if sizes else ""
        raise BadInput(f"table: {place}: {key}{at}: {error}") from error


def _replaced(place: str, key: str, text: str, sizes: Mapping[str, int]) -> str:
    """The text with the values of the formulas that stand in braces."""

    def value(found: re.Match[str]) -> str:
        return str(_formula(place, key, found[1], sizes).value(sizes))

    return re.sub(r"\{([^{}]*)\}", value, text)


def _symbols(text: str) -> str:
    return re.sub(r"\{([^{}]*)\}", r"\1", text)
