"""Tables of numbers: .csv, .npy and .npz files and Python objects, read without executing what they hold."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from math import prod
from pathlib import Path
from typing import NoReturn

import numpy as np

from llrsym.errors import BadInput, shown
from llrsym.networks.array_files import Unreadable, read_npy, read_npz

MAX_BYTES = 200_000_000
MAX_NUMBERS = 2_000_000
MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?", "-", "."))
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*([eE][-+]?[0-9]+)?|\.[0-9]+([eE][-+]?[0-9]+)?|[0-9]+/[0-9]+)")
_INFINITE = re.compile(r"[-+]?inf(inity)?", re.IGNORECASE)
_TEXT = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Table:
    """Cells as they were given: ``rows`` of equal length, the names of the columns, the number of each row.

    ``groups`` names several columns at once, such as those of one array of an archive.
    """

    place: str
    names: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    numbers: Sequence[int]
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def refuse(self, reason: str) -> NoReturn:
        """Raise ``BadInput`` with a sentence that says where the data came from."""
        raise BadInput(f"data: {self.place}{reason}")


def is_number(text: str) -> bool:
    """Whether a cell holds a decimal number, an integer or a quotient ``p/q``.

    >>> is_number("-1.5e-3"), is_number("1/3"), is_number("0,5"), is_number("1_000")
    (True, True, False, False)
    """
    return _NUMBER.fullmatch(text) is not None


def is_infinite(text: str) -> bool:
    """Whether a cell says infinity."""
    return _INFINITE.fullmatch(text) is not None


def read_table(source: object) -> Table:
    """Return the table in a file (a path or its text), or of an array, nested lists or a data frame.

    In .csv, .tsv and .txt the delimiter is a tab, a semicolon or a comma, and the first row holds the names
    of the columns unless it holds numbers. A column without a name is called by its number, from 1. The
    rows of a file are numbered from 1, the row of names included; those of arrays from 1.

    Raises ``BadInput`` for files that are missing, empty, too large, ragged, pickled or of another type.
    """
    if isinstance(source, str | Path):
        return _read_file(Path(source))
    if isinstance(source, np.ndarray):
        return _from_array("", source)
    columns, convert = getattr(source, "columns", None), getattr(source, "to_numpy", None)
    if columns is not None and callable(convert):
        return _from_array("", np.asarray(convert()), tuple(str(name) for name in columns))
    if hasattr(source, "tolist"):
        source = source.tolist()
    if not isinstance(source, list | tuple):
        raise BadInput(
            f"data: expected a file, an array, nested lists or a data frame, got {type(source).__name__}; "
            "pass one of these"
        )
    return _from_lists(source)


def _read_file(path: Path) -> Table:
    suffix = path.suffix.lower()
    if suffix not in (*_TEXT, ".npy", ".npz"):
        raise BadInput(
            f"data: {path} is of type '{suffix}', which is not read; save it as .csv, .npy or .npz"
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"data: {path} has more than {MAX_BYTES} bytes; keep fewer rows or columns")
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"data: {path} cannot be read ({reason}); give the path of a readable file") from error
    if not content.strip():
        raise _empty(path)
    return _read_csv(path, content) if suffix in _TEXT else _read_numpy(path, content)


def _empty(path: Path) -> BadInput:
    return BadInput(f"data: {path} is empty; give a file with one row for each sample")


# --- text ---


def _read_csv(path: Path, content: bytes) -> Table:
    place = f"{path}: "
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n ")
        if not text:
            raise _empty(path)
        records = list(csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except UnicodeDecodeError as error:
        raise BadInput(f"data: {path} is no UTF-8 text; save it as CSV with encoding UTF-8") from error
    except csv.Error as error:
        raise BadInput(f"data: {path} is no complete CSV file ({error}); write it again") from error
    records = [[cell.strip() for cell in record] for record in records]
    if not records[0]:
        raise BadInput(f"data: {place}row 1 is empty; start with the names of the columns or with numbers")
    start = 1 if _is_header(place, records[0]) else 0
    if start == len(records):
        raise BadInput(f"data: {place}there are names of columns but no rows; add one row for each sample")
    names = _checked_names(place, records[0]) if start else _numbered(len(records[0]))
    table = Table(place, names, records[start:], range(start + 1, len(records) + 1))
    for number, row in zip(table.numbers, table.rows, strict=True):
        if len(row) != len(names):
            table.refuse(f"row {number} has {len(row)} cells, expected {len(names)}; complete or remove it")
    return table


def _delimiter(text: str) -> str:
    """The first of tab, semicolon and comma that splits the first line: a comma may be in a decimal."""
    first = text.lstrip("\r\n").splitlines()[0]
    for delimiter in "\t;":
        if len(next(csv.reader([first], delimiter=delimiter))) > 1:
            return delimiter
    return ","


def _is_header(place: str, first: Sequence[str]) -> bool:
    numeric = [cell for cell in first if is_number(cell) or is_infinite(cell)]
    names = [cell for cell in first if cell.lower() not in MISSING and cell not in numeric]
    if numeric and names:
        raise BadInput(
            f"data: {place}row 1 holds the number {shown(numeric[0])} and the text {shown(names[0])}; "
            "start with names of all columns or with numbers only"
        )
    return bool(names)


def _checked_names(place: str, names: Sequence[str]) -> tuple[str, ...]:
    known: set[str] = set()
    for name in names:
        if name in known:
            raise BadInput(f"data: {place}two columns are called {shown(name)}; rename one of them")
        known.add(name)
    return tuple(names)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(str(k + 1) for k in range(count))


# --- arrays ---


def _read_numpy(path: Path, content: bytes) -> Table:
    place = f"{path}: "
    try:
        if path.suffix.lower() == ".npy":
            return _from_array(place, read_npy(content))
        arrays = {name: read_npy(data) for name, data in read_npz(content, MAX_BYTES)}
    except Unreadable as error:
        raise BadInput(
            f"data: {place}it {error}; save an array of floats with numpy.save, or several with numpy.savez"
        ) from error
    if len(arrays) == 1:
        return _from_array(place, next(iter(arrays.values())))
    return _joined(place, arrays)


def _from_array(place: str, array: np.ndarray, names: tuple[str, ...] | None = None) -> Table:
    matrix = _as_matrix(place, array)
    if names is not None and len(names) != matrix.shape[1]:
        raise BadInput(
            f"data: {place}expected {len(names)} columns, got {matrix.shape[1]}; pass a flat frame"
        )
    names = _numbered(matrix.shape[1]) if names is None else _checked_names(place, names)
    return Table(place, names, matrix.tolist(), range(1, len(matrix) + 1))


def _as_matrix(place: str, array: np.ndarray) -> np.ndarray:
    """One row per sample: a vector is a column, and the inner axes of larger arrays are flattened."""
    if array.ndim == 0:
        raise BadInput(f"data: {place}expected an array with one row for each sample, got a single number")
    if array.size > MAX_NUMBERS:
        raise BadInput(
            f"data: {place}there are {array.size} numbers, the limit is {MAX_NUMBERS}; keep fewer rows"
        )
    if array.dtype.names is not None or array.dtype.kind in "cmMV":
        raise _not_numeric(place, array)
    width = prod(array.shape[1:])
    matrix: np.ndarray = array.reshape(len(array), width)
    return matrix


def _not_numeric(place: str, array: np.ndarray) -> BadInput:
    return BadInput(f"data: {place}entries of type {array.dtype} are not read; convert them to floats")


def _joined(place: str, arrays: Mapping[str, np.ndarray]) -> Table:
    """The columns of all arrays of an archive; ``X.1``, ``X.2``, ... are those of a matrix X."""
    matrices = {name: _as_matrix(place, array) for name, array in arrays.items()}
    lengths = {len(matrix) for matrix in matrices.values()}
    if len(lengths) != 1:
        raise BadInput(
            f"data: {place}its arrays ({', '.join(list(arrays)[:6]) or 'none'}) have not the same number of "
            "rows; save the samples as one array"
        )
    names: list[str] = []
    groups: dict[str, tuple[int, ...]] = {}
    for name, matrix in matrices.items():
        width = matrix.shape[1]
        groups[name] = tuple(range(len(names), len(names) + width))
        names += [name] if arrays[name].ndim == 1 else [f"{name}.{k + 1}" for k in range(width)]
    _checked_names(place, names)
    parts = [matrix.tolist() for matrix in matrices.values()]
    rows = [[cell for part in row for cell in part] for row in zip(*parts, strict=True)]
    return Table(place, tuple(names), rows, range(1, len(rows) + 1), groups)


def _from_lists(rows: Sequence[object]) -> Table:
    flat = [_flat(row) for row in rows]
    width = len(flat[0]) if flat else 0
    for number, row in enumerate(flat, start=1):
        if len(row) != width:
            raise BadInput(
                f"data: row {number} has {len(row)} cells, expected {width}; complete or remove it"
            )
    return Table("", _numbered(width), flat, range(1, len(flat) + 1))


def _flat(row: object) -> list[object]:
    """The cells of one row, which may be a number or nested lists, row-major."""
    if hasattr(row, "tolist"):
        row = row.tolist()
    return [cell for part in row for cell in _flat(part)] if isinstance(row, list | tuple) else [row]
