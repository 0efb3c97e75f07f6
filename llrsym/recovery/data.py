"""Samples as exact points: what a table of numbers means for a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from math import isfinite, isnan
from numbers import Integral, Rational
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.float64 import nearest_double
from llrsym.errors import BadInput, shown
from llrsym.kernel.program import Shape, size
from llrsym.networks.network import Network
from llrsym.networks.weights import nearest_double_of
from llrsym.recovery.data_files import MAX_NUMBERS, MISSING, Table, is_infinite, is_number, read_table

Point = tuple[Fraction, ...]
MAX_DIGITS = 4000
COMPLETE = "remove the row or fill the cell"


@dataclass(frozen=True)
class Data:
    """Samples: exact ``points``, one of d rational numbers each, with ``labels`` if there are any.

    ``rows`` are the numbers of the rows in the file (from 1, a row of names included), ``names`` those of
    the d columns.
    """

    points: tuple[Point, ...]
    names: tuple[str, ...]
    rows: tuple[int, ...]
    labels: tuple[Point, ...] | None = None

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def array(self) -> NDArray[np.float64]:
        """The doubles nearest to the points, of shape (n, d), read-only."""
        return _doubles(self.points, len(self.names))

    @cached_property
    def label_array(self) -> NDArray[np.float64] | None:
        """The doubles nearest to the labels, of shape (n, c), read-only."""
        return None if self.labels is None else _doubles(self.labels, len(self.labels[0]))

    @cached_property
    def duplicates(self) -> tuple[tuple[int, ...], ...]:
        """Groups of two and more positions (from 0) with equal points, in order."""
        groups: dict[Point, list[int]] = {}
        for position, point in enumerate(self.points):
            groups.setdefault(point, []).append(position)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    @property
    def duplicate_rows(self) -> tuple[tuple[int, ...], ...]:
        """The same groups as numbers of rows in the file."""
        return tuple(tuple(self.rows[k] for k in group) for group in self.duplicates)

    def subset(self, positions: Sequence[int]) -> Data:
        """Return the samples at these positions (from 0), in this order."""
        labels = None if self.labels is None else tuple(self.labels[k] for k in positions)
        return Data(
            tuple(self.points[k] for k in positions),
            self.names,
            tuple(self.rows[k] for k in positions),
            labels,
        )


def read_data(
    source: object,
    network: Network | Shape | None = None,
    *,
    columns: str | Sequence[str] | None = None,
    labels: object = None,
) -> Data:
    """Return the samples of a .csv, .tsv, .txt, .npy or .npz file, an array, nested lists or a data frame.

    ``network`` (or its input shape) says how many columns there must be. ``columns`` and ``labels`` choose
    them by name, as a list or as ``"a,b"``; without ``columns`` all columns that are no labels are taken.
    ``labels`` may also be an array with one row for each sample. Nothing is rounded: a float is the dyadic
    rational it is; in text an integer or ``p/q`` is exact and ``0.1`` is the double nearest to 1/10, as in
    weight files. Equal rows are allowed, see ``Data.duplicates``.

    Raises ``BadInput``, with the row and the column, for missing, infinite or non-numeric cells, for ragged,
    empty, pickled or too large tables, for a number of columns that does not fit and for unknown names.

    >>> data = read_data([[0.5, 1], [0.25, 2], [0.5, 1]], (2,))
    >>> [str(v) for v in data.points[1]], data.duplicate_rows
    (['1/4', '2'], ((1, 3),))
    """
    table = read_table(source) if not isinstance(source, Data) else _table_of(source)
    wanted = _names(labels) if _is_selection(labels) else ()
    targets = _positions(table, wanted, "labels")
    inputs = _inputs(table, _names(columns), targets)
    _check_width(table, inputs, network)
    if not table.rows:
        table.refuse("there are no rows; give one row for each sample")
    if len(table.rows) * max(1, len(inputs) + len(targets)) > MAX_NUMBERS:
        table.refuse(f"there are more than {MAX_NUMBERS} numbers; keep fewer rows or columns")
    points = _points(table, inputs)
    values = _points(table, targets) if targets else _labels(table, labels, source)
    _check_labels(table, values, network)
    return Data(points, tuple(table.names[k] for k in inputs), tuple(table.numbers), values)


def _table_of(data: Data) -> Table:
    return Table("", data.names, data.points, data.rows)


def _is_selection(labels: object) -> bool:
    """Whether labels are named, rather than given as numbers."""
    if isinstance(labels, str):
        return True
    return isinstance(labels, list | tuple) and bool(labels) and all(isinstance(v, str) for v in labels)


def _names(chosen: object) -> tuple[str, ...]:
    if chosen is None:
        return ()
    parts: Iterable[object] = chosen.split(",") if isinstance(chosen, str) else chosen  # type: ignore[assignment]
    return tuple(str(part).strip() for part in parts)


def _inputs(table: Table, chosen: tuple[str, ...], targets: tuple[int, ...]) -> tuple[int, ...]:
    if not chosen:
        return tuple(k for k in range(len(table.names)) if k not in targets)
    inputs = _positions(table, chosen, "columns")
    for position in inputs:
        if position in targets:
            table.refuse(f"column {shown(table.names[position])} is both an input and a label; choose one")
    return inputs


def _positions(table: Table, chosen: Sequence[str], option: str) -> tuple[int, ...]:
    found: list[int] = []
    for name in chosen:
        group = table.groups.get(name)
        if group is None and name not in table.names:
            known = _hint(name, [*table.names, *table.groups])
            table.refuse(f"{option}: there is no column {shown(name)}; {known}")
        found += [table.names.index(name)] if group is None else group
    if len(set(found)) < len(found):
        table.refuse(f"{option}: a column is named twice; name each one once")
    return tuple(found)


def _hint(name: str, names: Sequence[str]) -> str:
    lowered = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), lowered, n=1)
    return f"did you mean {shown(lowered[close[0]])}" if close else f"there are {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "") or "none"


def _check_width(table: Table, inputs: tuple[int, ...], network: Network | Shape | None) -> None:
    if network is None:
        return
    expected = network.inputs if isinstance(network, Network) else size(network)
    if len(inputs) != expected:
        names = _listed([table.names[k] for k in inputs])
        table.refuse(
            f"expected {expected} columns, got {len(inputs)}: {names}; choose the inputs of the network "
            "with --columns and the values with --labels"
        )


def _points(table: Table, positions: tuple[int, ...]) -> tuple[Point, ...]:
    return tuple(
        tuple(_exact(table, number, k, row[k]) for k in positions)
        for number, row in zip(table.numbers, table.rows, strict=True)
    )


def _exact(table: Table, number: int, column: int, value: object) -> Fraction:
    result = _rational(value)
    if isinstance(result, str):
        table.refuse(f"row {number}, column {shown(table.names[column])} {result}")
    return result


def _rational(value: object) -> Fraction | str:
    """The exact number that a cell is, or what is wrong with it."""
    match value:
        case bool():
            return "is a truth value; write 0 or 1"
        case float():
            if isfinite(value):
                return Fraction(value)
            return f"is NaN; {COMPLETE}" if isnan(value) else "is infinite; every number must be finite"
        case str():
            return _parsed(value.strip())
        case Integral() | Rational():
            return Fraction(int(value.numerator), int(value.denominator))
        case _ if value is None or type(value).__name__ in ("NAType", "NaTType"):
            return f"is missing; {COMPLETE}"
        case _:
            return f"is of type {type(value).__name__}; give a float, an integer or an exact fraction"


def _parsed(text: str) -> Fraction | str:
    if text.lower() in MISSING:
        return f"is {'NaN' if text.lower() == 'nan' else 'missing'}; {COMPLETE}"
    if is_infinite(text):
        return "is infinite; every number must be finite"
    if not is_number(text):
        hint = "write decimals with a point" if "," in text else "keep numeric columns only with --columns"
        return f"is {shown(text)}, which is no number; {hint}"
    if len(text) > MAX_DIGITS:
        return f"has more than {MAX_DIGITS} digits; write fewer"
    if "/" in text:
        return (
            Fraction(text)
            if int(text.split("/")[1])
            else "has the denominator 0; every number must be finite"
        )
    if text.lstrip("+-").isdigit():
        return Fraction(int(text))
    try:
        double = nearest_double_of(text)
    except BadInput as error:
        return f"is too small: {error}"
    return Fraction(double) if isfinite(double) else "is too large for a double; every number must be finite"


def _labels(table: Table, labels: object, source: object) -> tuple[Point, ...] | None:
    if labels is None:
        return source.labels if isinstance(source, Data) else None
    values = read_table(labels)
    if len(values.rows) != len(table.rows):
        table.refuse(f"there are {len(table.rows)} rows but {len(values.rows)} labels; give one for each row")
    return _points(values, tuple(range(len(values.names))))


def _check_labels(table: Table, values: tuple[Point, ...] | None, network: Network | Shape | None) -> None:
    if values is None or not isinstance(network, Network):
        return
    if len(values[0]) != network.outputs:
        table.refuse(
            f"labels: the network has {network.outputs} outputs, got {len(values[0])} columns of labels; "
            "name one column for each output"
        )


def _doubles(points: Sequence[Point], width: int) -> NDArray[np.float64]:
    array = np.array([[nearest_double(v) for v in point] for point in points], dtype=np.float64)
    array = array.reshape(len(points), width)
    array.flags.writeable = False
    return array


def write_csv(path: Path, data: Data) -> None:
    """Write the points to a CSV file that ``read_data`` reads back as the same exact numbers.

    Raises ``BadInput`` if the file cannot be written.
    """
    import csv

    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(data.names)
            writer.writerows([_written(value) for value in point] for point in data.points)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"data: {path} cannot be written ({reason}); choose another file") from error


def _written(value: Fraction) -> str:
    """A text that stands for exactly this number: an integer, a decimal if it is a double, else ``p/q``."""
    if value.denominator == 1:
        return str(value.numerator)
    double = nearest_double(value)
    return repr(double) if isfinite(double) and Fraction(double) == value else str(value)
