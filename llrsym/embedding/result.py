"""The answer of ``embed``: the wide weights and what is proved about the map that gave them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
import sympy as sp

from llrsym.embedding.forms import Form, evaluate, expression
from llrsym.embedding.maps import Embedding, shapes_of
from llrsym.errors import BadInput
from llrsym.networks.network import Network

Weights = tuple[tuple[Fraction, ...], ...]
PROVED, OPEN = "proved", "open"


@dataclass(frozen=True)
class Embedded:
    """A network with the weights E(t) of an embedded target, and the theorems about the map E.

    ``critical`` is True when it is proved that E keeps the tangent functions of every target (then it keeps
    the rank and takes critical points to critical points), False when it is proved that it does not, and None
    when neither is proved; f itself is always proved to be kept. ``obstacles`` are the conditions that fail,
    ``target_rank`` and ``network_rank`` the proved bounds on the two ranks where they were compared.
    """

    network: Network
    target: Network
    embedding: Embedding = field(repr=False)
    target_weights: Weights | None = field(repr=False)
    critical: bool | None
    reason: str
    obstacles: tuple[str, ...]
    target_rank: tuple[int, int] | None = None
    network_rank: tuple[int, int] | None = None
    conditions: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    certificate: str | None = None
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """``proved`` when it is settled whether E keeps the tangent functions, else ``open``."""
        return OPEN if self.critical is None else PROVED

    @property
    def moves(self) -> tuple[str, ...]:
        """The moves whose composition is E."""
        return self.embedding.moves

    @property
    def is_numeric(self) -> bool:
        """Whether the weights are numbers: the target's are given, and E has no free numbers."""
        return self.target_weights is not None and not self.embedding.free

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """The wide weights by name: arrays of fractions, or of SymPy expressions if something is not given.

        The symbols are named like the entries of the target's parameters, ``W1[0,2]``, and like the free
        numbers.
        """
        shapes = shapes_of(self.embedding.wide)
        tensors = {name: self._array(self.embedding.tensors[name]) for name in shapes}
        return MappingProxyType({name: tensor.reshape(shapes[name]) for name, tensor in tensors.items()})

    def _array(self, forms: Iterable[Form]) -> np.ndarray:
        """One entry per form; equal zero entries are not computed one by one."""
        if self.is_numeric:
            values = [v for tensor in self.target_weights or () for v in tensor]
            zero = Fraction(0)
            entries = [evaluate(form, values) if form else zero for form in forms]
        else:
            symbols = self._symbols()
            entries = [expression(form, symbols) if form else sp.Integer(0) for form in forms]
        array = np.empty(len(entries), dtype=object)
        array[:] = entries
        return array

    def _symbols(self) -> dict[int, sp.Expr]:
        names = [*self.target.entry_names(), *self.embedding.free]
        symbols: dict[int, sp.Expr] = {k: sp.Symbol(name, real=True) for k, name in enumerate(names)}
        given = [v for tensor in self.target_weights or () for v in tensor]
        return symbols | {k: sp.Rational(v.numerator, v.denominator) for k, v in enumerate(given)}

    def write(self, path: Path | str) -> None:
        """Write the weights to a .json file (exact, as ``"p/q"``) or an .npz file of float64.

        Raises ``BadInput`` for other types of files, for a folder that cannot be written, and for .npz if a
        weight is not a float64 number or no number at all.
        """
        path = checked_path(Path(path))
        weights = self.weights
        try:
            if path.suffix == ".json":
                plain = {name: _nested(tensor) for name, tensor in weights.items()}
                path.write_text(json.dumps(plain), encoding="utf-8")
            else:
                doubles = {name: _doubles(name, tensor) for name, tensor in weights.items()}
                np.savez(path, allow_pickle=False, **doubles)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise BadInput(f"weights: {path} cannot be written ({reason}); choose another file") from error

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data, without the weights."""
        return {
            "question": "embedding",
            "network": self.network.text,
            "target": self.target.text,
            "parameters": self.network.parameter_count,
            "target_parameters": self.target.parameter_count,
            "verdict": self.verdict,
            "critical": self.critical,
            "reason": self.reason,
            "obstacles": list(self.obstacles),
            "target_rank": None if self.target_rank is None else list(self.target_rank),
            "network_rank": None if self.network_rank is None else list(self.network_rank),
            "moves": list(self.moves),
            "free": list(self.embedding.free),
            "conditions": list(self.conditions),
            "trusted": list(self.trusted),
            "certificate": self.certificate,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        kind = {True: "critical, proved", False: "not critical, proved", None: "open"}[self.critical]
        lines = [
            f"embedding of {self.target.text} (M = {self.target.parameter_count})",
            f"  into {self.network.text} (M = {self.network.parameter_count}): {kind}",
            "  function: the same for every weight of the target, proved",
            f"  tangent functions: {self.reason}",
            *(f"  condition that fails: {obstacle}" for obstacle in self.obstacles),
            *(f"  move: {move}" for move in self.moves),
            *(f"  uses: {condition}" for condition in self.conditions),
            *(f"  trusts: {item}" for item in self.trusted),
        ]
        return "\n".join(lines + ([] if self.certificate is None else [f"  certificate: {self.certificate}"]))


def checked_path(path: Path) -> Path:
    """Return the path of a weight file; raises ``BadInput`` for types that are not written."""
    if path.suffix not in (".json", ".npz"):
        raise BadInput(f"weights: {path} is neither .json nor .npz; choose one of these types")
    return path


def _nested(tensor: np.ndarray) -> object:
    if tensor.ndim == 0:
        return str(tensor.item())
    return [_nested(part) if tensor.ndim > 1 else str(part) for part in tensor]


def _doubles(name: str, tensor: np.ndarray) -> np.ndarray:
    for entry in tensor.flat:
        if not isinstance(entry, Fraction) or Fraction(float(entry)) != entry:
            raise BadInput(f"weights: {name} has the entry {entry}, which is no float64; write a .json file")
    return tensor.astype(np.float64)
