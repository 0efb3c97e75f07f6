"""A convolution with one layer as a fully-connected network: the same function, with zeros as weights."""

from fractions import Fraction
from itertools import product

from .errors import Rejected
from .models import Convolution, Layered, Weights, tensors_of, windows
from .program import size

Comparable = Layered | Convolution
ZERO = Fraction(0)
MAX_DENSE = 4_000_000
"""Weights of the first layer of a convolution that is written as a fully-connected network."""


def layered_form(model: Comparable, weights: Weights) -> tuple[Layered, Weights]:
    """Return a layered network with the same function; a layered one itself.

    Hidden neurons come channel by channel, position by position. Raises ``Rejected`` for weights that do not
    fit, and for a convolution with more than ``MAX_DENSE`` such weights.

    >>> net = Convolution((3,), (2,), 1, "tanh", True, False, False, 1)
    >>> one, two, three = map(Fraction, (1, 2, 3))
    >>> layered, (first, last) = layered_form(net, ((one, two), (three, one)))
    >>> layered.widths, [int(v) for v in first], [int(v) for v in last]
    ((3, 2, 1), [1, 2, 0, 0, 1, 2], [3, 1])
    """
    if isinstance(model, Layered):
        return model, weights
    tensors, places = tensors_of(model, weights), size(model.positions)
    inputs, hidden = size(model.input), model.channels * places
    if inputs * hidden > MAX_DENSE:
        raise Rejected(
            f"distance: the convolution is one of {inputs * hidden} weights without zeros, too many"
        )
    first = _rows(model, tensors["K"], inputs)
    layers: list[tuple[Fraction, ...]] = [first]
    if model.hidden_bias:
        repeated = places if model.shared else 1
        layers.append(tuple(b for b in tensors["b"] for _ in range(repeated)))
    layers.append(tensors["a"])
    if model.output_bias:
        layers.append(tensors["b_out"])
    widths, biases = (inputs, hidden, model.outputs), (model.hidden_bias, model.output_bias)
    return Layered(widths, model.activation, biases), tuple(layers)


def _rows(model: Convolution, kernels: tuple[Fraction, ...], inputs: int) -> tuple[Fraction, ...]:
    """The weights of the first layer: for every channel and position, the kernel at the pixels under it."""
    entries, pixels, places = [], size(model.kernel), windows(model)
    for channel, (place, window) in product(range(model.channels), enumerate(places)):
        start = channel if model.shared else channel * len(places) + place
        row = [ZERO] * inputs
        for pixel, value in zip(window, kernels[start * pixels : (start + 1) * pixels], strict=True):
            row[pixel] = value
        entries += row
    return tuple(entries)
