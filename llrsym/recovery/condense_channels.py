"""From a convolution with one layer to fewer channels.

With weight sharing a channel is one neuron that looks at many windows: its values at the positions are as
many outputs of a fully-connected network on one window. Without sharing every position has such a network of
its own, whose neurons may be numbered anew; the number of channels is the largest number of neurons at one
position. The neurons are merged as those of any other network. This is a search; nothing here is proved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from llrsym.domains.float64 import nearest_double
from llrsym.kernel.layer_differences import Copy, Unit
from llrsym.kernel.models import Convolution, Layered, Weights, tensors_of, windows
from llrsym.kernel.program import size
from llrsym.recovery.condense_exact import exactly_merged
from llrsym.recovery.condense_net import Array, FloatNet, Stratum
from llrsym.recovery.condense_path import condensation_path

Exact = tuple[Fraction, ...]
ZERO = Fraction(0)


@dataclass(frozen=True)
class Lane:
    """The network on one window at some positions, and its strata by their numbers of neurons."""

    positions: range
    strata: dict[int, Stratum]

    def at_most(self, neurons: int) -> Stratum:
        """The finest stratum that has no more neurons."""
        return self.strata[min(neurons, max(self.strata))]


def channel_path(model: Convolution, weights: Weights, points: Array) -> Iterator[Stratum]:
    """Yield strata with fewer and fewer channels, down to one; the first is merged exactly."""
    lanes = [_lane(model, weights, positions, points) for positions in _lanes(model)]
    most = max(max(lane.strata) for lane in lanes)
    for channels in range(most, 0, -1):
        yield _combined(model, weights, lanes, channels, channels == most)


def _lanes(model: Convolution) -> list[range]:
    """The positions that share their weights."""
    count = size(model.positions)
    return [range(count)] if model.shared else [range(p, p + 1) for p in range(count)]


def _lane(model: Convolution, weights: Weights, positions: range, points: Array) -> Lane:
    net, tensors = _window_network(model, weights, positions)
    start = exactly_merged(net, tensors)
    views = np.concatenate([points[:, list(windows(model)[p])] for p in positions])
    # A few hundred windows are enough to compare steps.
    path = condensation_path(start, views[:: max(1, len(views) // len(points))])
    return Lane(positions, {stratum.neurons: stratum for stratum in path})


def _window_network(model: Convolution, weights: Weights, positions: range) -> tuple[Layered, Weights]:
    """The network on one window, with one output for every position and output of the convolution."""
    tensors, count, channels = tensors_of(model, weights), size(model.positions), range(model.channels)
    pixels, own = size(model.kernel), 1 if model.shared else count
    places = [c * own + (0 if model.shared else positions.start) for c in channels]
    layers: list[Exact] = [tuple(v for k in places for v in tensors["K"][k * pixels : (k + 1) * pixels])]
    if model.hidden_bias:
        layers.append(tuple(tensors["b"][k] for k in places))
    pairs = [(o, p) for o in range(model.outputs) for p in positions]
    layers.append(
        tuple(tensors["a"][(o * model.channels + c) * count + p] for o, p in pairs for c in channels)
    )
    if model.output_bias:
        layers.append((ZERO,) * len(pairs))
    widths, biases = (pixels, model.channels, len(pairs)), (model.hidden_bias, model.output_bias)
    return Layered(widths, model.activation, biases), tuple(layers)


def _combined(
    model: Convolution, weights: Weights, lanes: list[Lane], channels: int, is_exact: bool
) -> Stratum:
    """The convolution with so many channels; positions with fewer neurons have zeros for the others."""
    narrow = replace(model, channels=channels)
    count, pixels = size(model.positions), size(model.kernel)
    own = 1 if model.shared else count
    kernels, biases = [ZERO] * (channels * own * pixels), [ZERO] * (channels * own)
    outgoing = [ZERO] * (model.outputs * channels * count)
    final = list(tensors_of(model, weights).get("b_out", ()))
    units: dict[tuple[int, int], Unit] = {}
    for lane in lanes:
        stratum, start = lane.at_most(channels), lane.positions.start
        tensors = tensors_of(stratum.net.model, stratum.weights)
        for i in range(stratum.neurons):
            place = i * own + (0 if model.shared else start)
            kernels[place * pixels : (place + 1) * pixels] = tensors["W1"][i * pixels : (i + 1) * pixels]
            biases[place : place + 1] = tensors["b1"][i : i + 1] if model.hidden_bias else [ZERO]
        for k, (o, p) in enumerate((o, p) for o in range(model.outputs) for p in lane.positions):
            for i in range(stratum.neurons):
                outgoing[(o * channels + i) * count + p] = tensors["W2"][k * stratum.neurons + i]
            if model.output_bias:
                final[o] += tensors["b2"][k]
        for p in lane.positions:
            units |= {(c, p): _moved(unit, count, p) for c, unit in enumerate(stratum.units[0])}
    exact = [tuple(kernels), *([tuple(biases)] if model.hidden_bias else []), tuple(outgoing)]
    if model.output_bias:
        exact.append(tuple(final if is_exact else (Fraction(nearest_double(v)) for v in final)))
    flat = tuple(units[c, p] for c in range(model.channels) for p in range(count))
    return Stratum(FloatNet.of(narrow, tuple(exact)), (flat,), tuple(exact), narrow)


def _moved(unit: Unit, count: int, position: int) -> Unit:
    return Copy(unit.index * count + position, unit.sign) if isinstance(unit, Copy) else unit
