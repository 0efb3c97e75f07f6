"""The corpus of contracts: questions whose right answers were derived without the program.

``tests/data/contracts.json`` is a list of objects with the keys

* ``id``; ``ask``, the arguments of ``llrsym``;
* ``files``: names with contents. A text is written as it is, an object as JSON; for ``.npz`` and ``.npy`` the
  values are arrays of floats, or ``{"dtype": ..., "values": ...}``;
* ``before``: commands that run first and must succeed;
* ``edits``: what is then changed in the JSON files, each with ``file``, ``at`` (a path of keys) and ``to`` (a
  value; without it the key is deleted), or with ``copy``, another file;
* exactly one contract, see ``CONTRACTS``;
* ``trap``: what a naive implementation would answer, and why; ``truth``: the derivation or the source;
* ``numeric``: true if the truth is also confirmed by ``tests/contracts/numerics.py``;
* ``defect``: what the program is known to do wrong; the contract stays, and the gate says when it is kept.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[1] / "data" / "contracts.json"

CONTRACTS = {
    "proved": "both bounds are this number, both sides are proved, exit code 0",
    "returns": "the JSON answer has these values; exit code 0, or that of ``exit``",
    "refuses": "exit code 2, nothing on stdout, one sentence on stderr with this piece",
    "rejects": "verify: exit code 1, not accepted, with this piece in the reason",
    "formulas": "tangent: these functions are equal to these expressions, all outputs in order",
    "open": "not settled, or conditional only; the interval contains this number",
    "between": "the JSON answer has numbers within these bounds; exit code 0, or that of ``exit``",
    "encloses": "the interval contains this number, whatever is settled",
}


@dataclass(frozen=True)
class Contract:
    """One question with its contract."""

    id: str
    ask: tuple[str, ...]
    kind: str
    value: Any
    trap: str
    truth: str
    exit: int = 0
    files: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[tuple[str, ...], ...] = ()
    edits: tuple[Mapping[str, Any], ...] = ()
    numeric: bool = False
    defect: str = ""

    @property
    def rank(self) -> int:
        """The true rank that the contract states."""
        return int(self.value["lower"] if self.kind == "returns" else self.value)

    def prepare(self, folder: Path) -> None:
        """Write the files."""
        for name, content in self.files.items():
            write(folder / name, content)

    def tamper(self, folder: Path) -> None:
        """Apply the edits."""
        for edit in self.edits:
            path = folder / edit["file"]
            if "copy" in edit:
                path.write_bytes((folder / edit["copy"]).read_bytes())
            else:
                document = json.loads(path.read_text(encoding="utf-8"))
                path.write_text(json.dumps(changed(document, edit)), encoding="utf-8")


def changed(document: Any, edit: Mapping[str, Any]) -> Any:
    """Return a document with one value replaced, added or deleted; an edit must change something."""
    *parents, last = edit["at"]
    place = functools.reduce(lambda value, key: value[key], parents, document)
    if "to" not in edit:
        del place[last]
        return document
    old = place.get(last) if isinstance(place, dict) else place[last]
    assert json.dumps(old) != json.dumps(edit["to"]), edit
    place[last] = edit["to"]
    return document


def write(path: Path, content: Any) -> None:
    """Write a text, a JSON document, or the arrays of a NumPy file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        arrays: dict[str, Any] = {name: array(values) for name, values in content.items()}
        np.savez(path, **arrays)
    elif path.suffix == ".npy":
        np.save(path, array(content))
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")


def array(values: Any) -> np.ndarray:
    """Return an array; words such as "nan" are floats."""
    if isinstance(values, dict):
        return np.array(values["values"], dtype=values["dtype"])
    return np.array(values, dtype=float)


def contract_of(entry: Mapping[str, Any]) -> Contract:
    """Return the contract of an entry of the data file, which must state exactly one."""
    (kind,) = entry.keys() & CONTRACTS.keys()
    changes = {"before": tuple(map(tuple, entry.get("before", ()))), "edits": tuple(entry.get("edits", ()))}
    rest = {key: value for key, value in entry.items() if key != kind} | changes
    return Contract(kind=kind, value=entry[kind], **rest | {"ask": tuple(entry["ask"])})


def contracts() -> list[Contract]:
    """Return the corpus."""
    return [contract_of(entry) for entry in json.loads(DATA.read_text(encoding="utf-8"))]
