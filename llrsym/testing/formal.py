"""Polynomials in the weights as numbers: a declared function is run on them, so that it can be proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps
from math import isfinite
from numbers import Rational
from typing import Any

import numpy as np

from llrsym.embedding.forms import Form, negative, number, product, total, variable
from llrsym.errors import BadInput
from llrsym.kernel.polynomials import power
from llrsym.networks.network import Network
from llrsym.testing.values import object_array


class NoPolynomial(Exception):
    """A declared function does with the weights what polynomials do not allow."""


Operation = Callable[["Formal", Any], "Formal"]


def _by_entries(operation: Operation) -> Operation:
    """The operation with single numbers; an array on the other side is left to NumPy, entry by entry."""

    @wraps(operation)
    def operate(own: Formal, other: Any) -> Formal:
        return NotImplemented if isinstance(other, np.ndarray) else operation(own, other)

    return operate


@dataclass(frozen=True, eq=False)
class Formal:
    """A polynomial with rational coefficients in the weights; arrays of them are like arrays of numbers."""

    form: Form

    @_by_entries
    def __add__(self, other: object) -> Formal:
        return Formal(total(self.form, as_form(other)))

    __radd__ = __add__

    @_by_entries
    def __mul__(self, other: object) -> Formal:
        return Formal(product(self.form, as_form(other)))

    __rmul__ = __mul__

    def __neg__(self) -> Formal:
        return Formal(negative(self.form))

    def __pos__(self) -> Formal:
        return self

    @_by_entries
    def __sub__(self, other: object) -> Formal:
        return Formal(total(self.form, negative(as_form(other))))

    @_by_entries
    def __rsub__(self, other: object) -> Formal:
        return Formal(total(as_form(other), negative(self.form)))

    @_by_entries
    def __truediv__(self, other: object) -> Formal:
        return Formal(product(self.form, number(1 / _rational(other))))

    def __pow__(self, exponent: object) -> Formal:
        if not isinstance(exponent, int) or exponent < 0:
            raise NoPolynomial("a power that is no non-negative integer")
        return Formal(power(self.form, exponent))


def as_form(value: object) -> Form:
    """Return a number or a formal polynomial as a form; raises ``NoPolynomial`` for anything else."""
    return value.form if isinstance(value, Formal) else number(_rational(value))


def _rational(value: object) -> Fraction:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and isfinite(value):
        return Fraction(value)
    if isinstance(value, Rational):
        return Fraction(value)
    raise NoPolynomial(f"a value of type {type(value).__name__}")


def variables(network: Network, free: tuple[str, ...] = ()) -> tuple[dict[str, Any], dict[str, Formal]]:
    """Return the weights of a network and free numbers as formal variables, numbered in this order."""
    arrays, start = {}, 0
    for name, shape, size in network.layers:
        arrays[name] = object_array([Formal(variable(start + k)) for k in range(size)], shape)
        start += size
    return arrays, {name: Formal(variable(start + k)) for k, name in enumerate(free)}


def called(place: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Return what a declared function gives; raises ``BadInput`` naming it if it raises."""
    try:
        return function(*arguments, **named)
    except (BadInput, NoPolynomial):
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise BadInput(f"{place} raised {reason}; correct it") from error


def called_formally(place: str, function: Callable[..., Any], arrays: Mapping[str, Any], **named: Any) -> Any:
    """Return what a function gives on formal variables; ``NoPolynomial`` where it does not allow them."""
    try:
        return function(dict(arrays), **named)
    except NoPolynomial:
        raise
    except Exception as error:
        raise NoPolynomial(f"{type(error).__name__}: {error}") from error
