"""Exact weights in several forms: flat and exact, as arrays, as nested lists, and as text to paste."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.float64 import nearest_double
from llrsym.kernel.program import Shape
from llrsym.networks.network import Network

Flat = tuple[tuple[Fraction, ...], ...]
"""One flat row-major tuple per parameter, in the order of the network."""
Array = NDArray[Any]


def as_arrays(network: Network, flat: Sequence[Sequence[object]]) -> dict[str, Array]:
    """Return the weights as arrays of exact numbers, by name."""
    pairs = zip(network.layers, flat, strict=True)
    return {name: object_array(list(values), shape) for (name, shape, _), values in pairs}


def as_doubles(network: Network, flat: Flat) -> dict[str, Array]:
    """Return the weights as arrays of the nearest doubles, by name."""
    pairs = zip(network.layers, flat, strict=True)
    return {
        name: np.array([nearest_double(v) for v in values], dtype=np.float64).reshape(shape)
        for (name, shape, _), values in pairs
    }


def as_nested(network: Network, flat: Sequence[Sequence[object]]) -> dict[str, Any]:
    """Return the weights as nested lists, by name: what ``model_rank(net, at=...)`` takes."""
    pairs = zip(network.layers, flat, strict=True)
    return {name: _nested(list(values), shape) for (name, shape, _), values in pairs}


def as_json(network: Network, flat: Flat) -> dict[str, Any]:
    """Return the weights as nested lists of integers and of texts such as ``"1/2"``."""
    return as_nested(network, [[plain(value) for value in values] for values in flat])


def object_array(entries: list[Any], shape: Shape) -> Array:
    """Return an array of Python objects."""
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array.reshape(shape)


def _nested(entries: list[Any], shape: Shape) -> Any:
    if not shape:
        return entries[0]
    step = len(entries) // shape[0] if shape[0] else 0
    return [_nested(entries[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0])]


def plain(value: Fraction) -> int | str:
    """Return an integer as it is and another fraction as text: both are exact in JSON and in Python."""
    return value.numerator if value.denominator == 1 else str(value)


def pasted(value: object) -> str:
    """Return data as text that is both JSON and Python."""
    return json.dumps(value)


def mapped(flat: Flat, change: Callable[[Fraction], Fraction]) -> Flat:
    """Return the weights with every entry changed."""
    return tuple(tuple(change(value) for value in values) for values in flat)


def written_sizes(sizes: Mapping[str, int]) -> str:
    """Return sizes as the arguments of a call: ``d=1, k=2``."""
    return ", ".join(f"{name}={value}" for name, value in sizes.items())
