"""Networks in double precision, for the search of a condensed one; nothing here is proved.

A convolution with one layer is written as a fully-connected network with zeros as weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from llrsym.domains.float64 import Float64, nearest_double
from llrsym.kernel.layer_differences import Units
from llrsym.kernel.layered_form import Comparable, layered_form
from llrsym.kernel.models import Convolution, Layered, Weights, parameter_count, parameter_shapes
from llrsym.kernel.program import size

Array = NDArray[np.float64]
Indices = NDArray[np.int_]


@dataclass(frozen=True)
class FloatNet:
    """Weights (n_l, n_(l-1)) and biases (n_l,) of every layer; a layer without biases has zeros."""

    model: Layered
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]

    @classmethod
    def of(cls, model: Comparable, weights: Weights) -> FloatNet:
        """Return the network with the doubles nearest to exact weights."""
        model, weights = layered_form(model, weights)
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

    def gradients(self, points: Array) -> Array:
        """Return the derivatives (S, c, d) of the outputs by the inputs."""
        arguments = self.arguments(points)
        slopes: Array = self.activate(arguments[0])[1]
        return (self.sensitivities(arguments)[0] * slopes[:, None, :]) @ self.weights[0]

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


def with_parameters(model: Comparable, theta: Array) -> FloatNet:
    """Return the network with these parameters, in the order of its program."""
    layered, places = _places(model)
    values = np.concatenate([[0.0], theta])
    return FloatNet(layered, tuple(values[k] for k, _ in places), tuple(values[k] for _, k in places))


@lru_cache(maxsize=64)
def _places(model: Comparable) -> tuple[Layered, tuple[tuple[Indices, Indices], ...]]:
    """For every layer where weights and biases are among the parameters, from 1; 0 if they are always 0."""
    numbers = _tensors(model, list(map(Fraction, range(1, parameter_count(model) + 1))))
    layered, tensors = layered_form(model, numbers)
    net = FloatNet.of(layered, tensors)
    layers = zip(net.weights, net.biases, strict=True)
    return layered, tuple((weight.astype(int), bias.astype(int)) for weight, bias in layers)


def _tensors(model: Comparable, flat: list[Fraction]) -> Weights:
    ends = accumulate(map(size, parameter_shapes(model).values()), initial=0)
    return tuple(tuple(flat[start:stop]) for start, stop in pairwise(ends))


@dataclass(frozen=True)
class Stratum:
    """A narrow network, and what every hidden neuron of the wide one has become: a copy or a constant.

    ``exact_weights`` are given where the narrow weights are not doubles. A narrow convolution has its own
    ``convolution`` and exact weights, and ``net`` is its fully-connected form.
    """

    net: FloatNet
    units: tuple[Units, ...]
    exact_weights: Weights | None = None
    convolution: Convolution | None = None

    @property
    def model(self) -> Comparable:
        """The family and the sizes of the narrow network."""
        return self.net.model if self.convolution is None else self.convolution

    @property
    def weights(self) -> Weights:
        """The exact weights of the narrow network."""
        return self.net.exact if self.exact_weights is None else self.exact_weights

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the hidden layers; of a convolution the number of channels."""
        return self.net.model.widths[1:-1] if self.convolution is None else (self.convolution.channels,)

    @property
    def neurons(self) -> int:
        """The number of hidden neurons, or of channels."""
        return sum(self.widths)

    @property
    def theta(self) -> Array:
        """The parameters as doubles."""
        return np.array([nearest_double(v) for tensor in self.weights for v in tensor])

    def fitted(self, theta: Array) -> Stratum:
        """The stratum with other parameters."""
        tensors = _tensors(self.model, list(map(Fraction, theta.tolist())))
        return replace(self, net=with_parameters(self.model, theta), exact_weights=tensors)
