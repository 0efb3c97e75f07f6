"""Exact weights: every float is the dyadic rational it is, nothing is ever rounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from math import isfinite, prod
from numbers import Integral, Rational

import numpy as np

from llrsym.errors import BadInput, shown
from llrsym.kernel.program import Shape
from llrsym.networks.network import Network

Weights = tuple[tuple[Fraction, ...], ...]
MAX_DIGITS = 4000
_RATIONAL = re.compile(rf"[-+]?[0-9]{{1,{MAX_DIGITS}}}(/[0-9]{{1,{MAX_DIGITS}}})?")
_NOT_ZERO = re.compile(r"[-+]?[0.]*[1-9]")


def exact_weights(network: Network, mapping: Mapping[str, object]) -> Weights:
    """Return the exact weights: one flat row-major tuple of fractions per parameter, in program order.

    ``mapping`` takes each parameter name to an array or nested list of its shape. Entries may be floats
    (taken as the dyadic rationals they are), integers, fractions, SymPy rationals or ``"p/q"``.

    Raises ``BadInput`` for missing or unknown names, wrong shapes, NaN, infinities, booleans and
    anything else that is not an exact real number.

    >>> from llrsym.networks.builders import mlp
    >>> weights = exact_weights(mlp(1, 1, 1, bias=False), {"W1": [[0.5]], "W2": [["-2/3"]]})
    >>> [str(w) for tensor in weights for w in tensor]
    ['1/2', '-2/3']
    """
    if not isinstance(mapping, Mapping):
        kind = type(mapping).__name__
        raise BadInput(
            f"weights: expected a mapping from names to arrays, got {kind}; pass for example a dict"
        )
    _check_names(network, mapping)
    return tuple(exact_tensor(name, shape, mapping[name]) for name, shape, _ in network.layers)


def exact_tensor(name: str, shape: Shape, value: object) -> tuple[Fraction, ...]:
    """Return the entries of one tensor of this shape in row-major order; raises ``BadInput`` as above."""
    got, entries = _flatten(name, value)
    # An empty nested list cannot show its later axes: [] is any tensor without entries.
    if got != shape and not (not entries and prod(shape) == 0 and not isinstance(value, np.ndarray)):
        raise BadInput(f"weights: {name} expected shape {shape}, got {got}; see `llrsym describe NETWORK`")
    return tuple(_exact(name, position, shape, entry) for position, entry in enumerate(entries))


def nearest_double_of(text: str) -> float:
    """Return the double nearest to a decimal text; infinity is left to the caller to refuse.

    Raises ``BadInput`` for a number other than zero whose double is zero: it would silently vanish.

    >>> nearest_double_of("0.1"), nearest_double_of("0e-400")
    (0.1, 0.0)
    >>> nearest_double_of("1e-400")
    Traceback (most recent call last):
        ...
    llrsym.errors.BadInput: 1e-400 is not zero but its double is; write it as an exact 'p/q'
    """
    double = float(text)
    if not double and _NOT_ZERO.match(text):
        short = text if len(text) <= 40 else f"{text[:37]}..."
        raise BadInput(f"{short} is not zero but its double is; write it as an exact 'p/q'")
    return double


def _check_names(network: Network, mapping: Mapping[str, object]) -> None:
    wanted = ", ".join(f"{name} {shape}" for name, shape, _ in network.layers[:12])
    wanted += ", ..." if len(network.layers) > 12 else ""
    for name in network.parameter_names:
        if name not in mapping:
            raise BadInput(f"weights: {name} is missing; the network has {wanted}")
    for name in mapping:
        if name not in network.parameter_names:
            raise BadInput(f"weights: {shown(name)} is not a parameter; the network has {wanted}")


def _flatten(name: str, value: object) -> tuple[Shape, list[object]]:
    """The shape and the entries of an array or of nested lists."""
    if isinstance(value, np.ndarray):
        return value.shape, value.ravel().tolist()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return (), [value]
    parts = [_flatten(name, part) for part in value]
    shapes = {shape for shape, _ in parts}
    if len(shapes) > 1:
        raise BadInput(
            f"weights: {name} has rows of different shapes {sorted(shapes)[:2]}; give a full array"
        )
    inner = shapes.pop() if shapes else ()
    return (len(parts), *inner), [entry for _, entries in parts for entry in entries]


def _exact(name: str, position: int, shape: Shape, value: object) -> Fraction:
    try:
        number = _rational(value)
    except (ValueError, TypeError) as error:
        place = ",".join(str(int(k)) for k in np.unravel_index(position, shape)) if shape else ""
        raise BadInput(f"weights: {name}[{place}] is {shown(value)}; {error}") from error
    return number


def _rational(value: object) -> Fraction:
    """The exact rational that the value is; the message of the exception says what to give instead."""
    match value:
        case bool():
            raise TypeError("give a number, not a truth value")
        case float():
            if not isfinite(value):
                raise ValueError("every weight must be finite")
            return Fraction(value)
        case str():
            if not _RATIONAL.fullmatch(value):
                raise ValueError("write an exact number as 'p/q'")
            if not int(value.partition("/")[2] or "1"):
                raise ValueError("its denominator is 0; write an exact number as 'p/q' with a positive q")
            return _bounded(Fraction(value))
        case Integral() | Rational():
            return _bounded(Fraction(int(value.numerator), int(value.denominator)))
        case _:
            raise TypeError(f"give a float, an integer or an exact fraction, not {type(value).__name__}")


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 3 * MAX_DIGITS:
        raise ValueError(f"numbers of more than {MAX_DIGITS} digits are refused")
    return value
