"""Neurons that agree exactly up to sign, or have no outgoing weights, merged in exact arithmetic."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from llrsym.kernel.activations import activation_named
from llrsym.kernel.layer_differences import Copy, Unit, Units, layers_of
from llrsym.kernel.models import Layered, Weights
from llrsym.recovery.condense_net import FloatNet, Stratum

Rows = list[list[Fraction]]
"""Rows of weights, the bias last."""


def signs_allowed(model: Layered, layer: int) -> tuple[int, Fraction] | None:
    """Return (a, c) with sigma(-z) = a sigma(z) + c if the next layer can take it, else None."""
    parity = activation_named(model.activation).parity
    if parity is None or parity[1] or (parity[2] and not model.biases[layer]):
        return None
    return parity[0], Fraction(parity[2])


def exactly_merged(model: Layered, weights: Weights) -> Stratum:
    """Return the network without neurons that are exact copies or have no influence; f is the same."""
    layers = [[list(row) for row in layer.rows] for layer in layers_of(model, weights)]
    units: list[Units] = []
    for layer in range(1, len(layers)):
        units.append(_merged(model, layers, layer))
    narrow = replace(model, widths=(model.widths[0], *(len(rows) for rows in layers)))
    exact = _tensors(narrow, layers)
    return Stratum(FloatNet.of(narrow, exact), tuple(units), exact)


def _merged(model: Layered, layers: list[Rows], layer: int) -> Units:
    """Merge in hidden layer ``layer``, and return what its neurons have become."""
    own, after = layers[layer - 1], layers[layer]
    flip = signs_allowed(model, layer)
    kept: dict[tuple[Fraction, ...], int] = {}
    units: list[Unit] = []
    columns: list[list[Fraction]] = []
    rows: Rows = []
    for j, row in enumerate(own):
        outgoing = [line[j] for line in after]
        if not any(outgoing) and (rows or j + 1 < len(own)):
            units.append(Fraction(0))
            continue
        mirrored = tuple(-v for v in row)
        sign = -1 if flip is not None and tuple(row) not in kept and mirrored in kept else 1
        place = kept.setdefault(mirrored if sign < 0 else tuple(row), len(rows))
        if place == len(rows):
            rows.append(row)
            columns.append([Fraction(0)] * len(after))
        factor, constant = flip if sign < 0 and flip is not None else (1, Fraction(0))
        for line, column, v in zip(after, range(len(after)), outgoing, strict=True):
            columns[place][column] += factor * v
            line[-1] += constant * v
        units.append(Copy(place, sign))
    layers[layer - 1] = rows
    layers[layer] = [[*(c[k] for c in columns), line[-1]] for k, line in enumerate(after)]
    return tuple(units)


def _tensors(model: Layered, layers: list[Rows]) -> Weights:
    tensors: list[tuple[Fraction, ...]] = []
    for rows, has_bias in zip(layers, model.biases, strict=True):
        tensors.append(tuple(v for row in rows for v in row[:-1]))
        if has_bias:
            tensors.append(tuple(row[-1] for row in rows))
    return tuple(tensors)
