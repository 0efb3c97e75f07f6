"""Layered networks in double precision, for the search of a condensed one; nothing here is proved."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.float64 import Float64, nearest_double
from llrsym.kernel.layer_differences import Units
from llrsym.kernel.models import Layered, Weights

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FloatNet:
    """Weights (n_l, n_(l-1)) and biases (n_l,) of every layer; a layer without biases has zeros."""

    model: Layered
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]

    @classmethod
    def of(cls, model: Layered, weights: Weights) -> FloatNet:
        """Return the network with the doubles nearest to exact weights."""
        tensors = iter(weights)
        matrices, biases = [], []
        for layer, has_bias in enumerate(model.biases, start=1):
            shape = model.widths[layer], model.widths[layer - 1]
            matrices.append(np.array([nearest_double(v) for v in next(tensors)]).reshape(shape))
            given = next(tensors) if has_bias else (Fraction(0),) * shape[0]
            biases.append(np.array([nearest_double(v) for v in given]))
        return cls(model, tuple(matrices), tuple(biases))

    @property
    def exact(self) -> Weights:
        """The weights as the dyadic rationals they are, one flat tensor per parameter."""
        tensors: list[tuple[Fraction, ...]] = []
        for matrix, bias, has_bias in zip(self.weights, self.biases, self.model.biases, strict=True):
            tensors.append(tuple(map(Fraction, matrix.ravel().tolist())))
            if has_bias:
                tensors.append(tuple(map(Fraction, bias.tolist())))
        return tuple(tensors)

    def activate(self, z: Array) -> tuple[Array, Array]:
        """Return sigma(z) and sigma'(z)."""
        return Float64().activate(self.model.activation, 0, z)

    def arguments(self, points: Array) -> list[Array]:
        """Return the arguments (S, n_l) of every layer; the last ones are the outputs. They may overflow."""
        h, layers = points, []
        with np.errstate(all="ignore"):
            for matrix, bias in zip(self.weights, self.biases, strict=True):
                layers.append(h @ matrix.T + bias)
                h = self.activate(layers[-1])[0]
        return layers

    def __call__(self, points: Array) -> Array:
        """Return the outputs (S, c)."""
        return self.arguments(points)[-1]

    def sensitivities(self, arguments: list[Array]) -> list[Array]:
        """Return for every hidden layer the derivatives (S, c, n_l) of the outputs by its values."""
        count, outputs = arguments[-1].shape
        after = np.broadcast_to(np.eye(outputs), (count, outputs, outputs))
        layers: list[Array] = []
        for layer in range(len(self.weights) - 1, 0, -1):
            after = after @ self.weights[layer]
            layers.insert(0, after)
            after = after * self.activate(arguments[layer - 1])[1][:, None, :]
        return layers


@dataclass(frozen=True)
class Stratum:
    """A narrow network, and what every hidden neuron of the wide one has become: a copy or a constant.

    ``exact_weights`` are given where the narrow weights are not doubles.
    """

    net: FloatNet
    units: tuple[Units, ...]
    exact_weights: Weights | None = None

    @property
    def weights(self) -> Weights:
        """The exact weights of the narrow network."""
        return self.net.exact if self.exact_weights is None else self.exact_weights

    @property
    def neurons(self) -> int:
        """The number of hidden neurons."""
        return sum(self.net.model.widths[1:-1])
