"""Convolutional networks of any number of layers, in any number of dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from llrsym.errors import BadInput, shown
from llrsym.kernel.models import Convolution
from llrsym.kernel.program import Shape, size
from llrsym.networks.activations import canonical_activation
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders.checks import (
    Bias,
    assembly_of,
    call,
    check_bias,
    check_count,
    check_entries,
    check_flag,
    check_integer,
    check_sizes,
    network_of,
)
from llrsym.networks.builders.layers import reshaped
from llrsym.networks.network import Network

PerLayer = tuple[int, ...] | tuple[tuple[int, ...], ...]


def conv(
    *,
    input: tuple[int, ...],
    kernel: PerLayer,
    channels: tuple[int, ...],
    activation: str = "tanh",
    shared: bool = True,
    bias: Bias = False,
    outputs: int | None = 1,
    stride: int | PerLayer = 1,
    padding: int | PerLayer = 0,
) -> Network:
    """Return the convolutional net f = sum over channels c and positions p of a_cp h_cp (+ b_out).

    h is the result of L = len(channels) convolution layers on an input of shape ``input`` with one channel,
    in 1-D, 2-D or more: cross-correlation with ``channels[l]`` kernels, bias, activation. ``kernel``,
    ``stride`` and ``padding`` have one entry for every axis, or are a tuple of L such tuples, one for every
    layer; an integer stands for itself on every axis. Padding is by zeros, on both sides.

    Parameters of one layer are ``K`` ``(channels, *kernel)``, with ``bias`` ``b`` (channels,), then the
    read-out ``a`` ``(channels, *positions)`` and ``b_out`` (outputs,). Several layers have
    ``K1, b1, K2, ..., a, b_out`` with K_l of shape ``(channels_l, channels_(l-1), *kernel)`` from the second
    on. Without sharing, kernels and their biases have a value for every position:
    ``(channels, *positions, ...)``. With more than one output, ``a`` begins with an axis of that length.
    ``bias`` ``"hidden"`` leaves b_out away. With ``outputs`` None there is no read-out: the outputs are all
    entries of the last convolution, before any activation, and its bias is the output bias.

    Raises ``BadInput`` for sizes that are not positive integers or do not fit together, and as ``mlp``.

    >>> conv(input=(6,), kernel=(3,), channels=(2,)).layers
    (('K', (2, 3), 6), ('a', (2, 4), 8))
    >>> conv(input=(8,), kernel=(3,), channels=(2, 3), stride=((2,), (1,))).layers
    (('K1', (2, 3), 6), ('K2', (3, 2, 3), 18), ('a', (3, 1), 3))

    Reference: arXiv:2406.18035, Section 5 (one layer, with and without weight sharing); arXiv:2304.05752
    (several linear layers with strides).
    """
    input_shape, counts = _integers("input", input), _integers("channels", channels)
    check_count("conv", "the number of layers", len(counts))
    check_flag("conv", "shared", shared)
    check_bias("conv", bias)
    if outputs is not None:
        check_sizes("conv", {"outputs": outputs})
    name = canonical_activation(activation)
    layers = _layers(input_shape, counts, kernel, stride, padding)
    options = {"activation": name, "shared": shared, "bias": bias, "outputs": outputs}
    text = call("conv", **_geometry(input_shape, layers), **options, **_steps(layers))
    if len(layers) == 1 and not _steps(layers) and outputs is not None:
        biases = (bias is not False, bias is True)
        kernels, count = layers[0].kernel, layers[0].channels
        return network_of(Convolution(input_shape, kernels, count, name, shared, *biases, outputs), text)
    return _assembled(layers, name, shared, bias, outputs, text)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One convolution: from ``before`` channels of shape ``input`` to ``channels`` of shape ``positions``."""

    number: str
    input: Shape
    before: int
    channels: int
    kernel: Shape
    stride: Shape
    padding: Shape

    @property
    def positions(self) -> Shape:
        """The shape of the positions of the kernel."""
        axes = zip(self.input, self.kernel, self.stride, self.padding, strict=True)
        return tuple((n + 2 * p - s) // step + 1 for n, s, step, p in axes)

    def kernel_shape(self, shared: bool) -> Shape:
        """The shape of the kernels; the axis of the incoming channels is absent in the first layer."""
        before = () if self.number in ("", "1") else (self.before,)
        return (self.channels, *(() if shared else self.positions), *before, *self.kernel)

    def windows(self) -> list[int]:
        """Return the flat entries (channel, pixel) under the kernel, position by position; -1 is padding."""
        places = product(*map(range, self.positions))
        taps = list(product(range(self.before), *map(range, self.kernel)))
        return [self._entry(place, channel, offset) for place in places for channel, *offset in taps]

    def _entry(self, place: Shape, channel: int, offset: list[int]) -> int:
        flat = channel
        axes = zip(place, offset, self.input, self.stride, self.padding, strict=True)
        for position, shift, length, stride, padding in axes:
            coordinate = position * stride + shift - padding
            if not 0 <= coordinate < length:
                return -1
            flat = flat * length + coordinate
        return flat


def _layers(
    input_shape: Shape, channels: Shape, kernel: object, stride: object, padding: object
) -> list[_Layer]:
    axes, count = len(input_shape), len(channels)
    kernels = _per_layer("kernel", kernel, axes, count, 1)
    strides = _per_layer("stride", stride, axes, count, 1)
    paddings = _per_layer("padding", padding, axes, count, 0)
    layers: list[_Layer] = []
    shape, before = input_shape, 1
    for number, m in enumerate(channels):
        numbered = str(number + 1) if count > 1 else ""
        layer = _Layer(numbered, shape, before, m, kernels[number], strides[number], paddings[number])
        padded = tuple(n + 2 * p for n, p in zip(shape, layer.padding, strict=True))
        if any(s > n for s, n in zip(layer.kernel, padded, strict=True)):
            place = f" in layer {numbered}" if numbered else ""
            raise BadInput(
                f"conv: a kernel of shape {layer.kernel} does not fit into an input of {padded}{place}; "
                "use a smaller one"
            )
        layers.append(layer)
        shape, before = layer.positions, m
    return layers


def _per_layer(name: str, value: object, axes: int, layers: int, least: int) -> list[Shape]:
    """Return one tuple of integers, an entry for every axis, for every layer."""
    if isinstance(value, int) and name != "kernel":
        value = (value,) * axes
    if isinstance(value, tuple | list) and value and all(isinstance(v, tuple | list) for v in value):
        if len(value) != layers:
            raise BadInput(
                f"conv: {name} has {len(value)} entries for {layers} layers; give one for each layer"
            )
        return [_per_axis(f"{name}[{k}]", v, axes, least) for k, v in enumerate(value)]
    return [_per_axis(name, value, axes, least)] * layers


def _per_axis(name: str, value: object, axes: int, least: int) -> Shape:
    entries = _integers(name, value, least)
    if len(entries) != axes:
        raise BadInput(
            f"conv: {name} {entries} does not fit into an input of {axes} dimensions; give one entry for each"
        )
    return entries


def _integers(name: str, value: object, least: int = 1) -> Shape:
    if not isinstance(value, tuple | list) or not value:
        kind = "positive" if least else "non-negative"
        raise BadInput(f"conv: {name} is {shown(value)}; give a tuple of {kind} integers such as (6,)")
    for k, entry in enumerate(value):
        check_integer("conv", f"{name}[{k}]", entry, least)
    return tuple(value)


def _geometry(input_shape: Shape, layers: list[_Layer]) -> dict[str, object]:
    channels = tuple(layer.channels for layer in layers)
    return {
        "input": input_shape,
        "kernel": _written([layer.kernel for layer in layers]),
        "channels": channels,
    }


def _steps(layers: list[_Layer]) -> dict[str, object]:
    """Return stride and padding as arguments, where they are not the defaults."""
    steps: dict[str, object] = {}
    for name, default, values in (
        ("stride", 1, [layer.stride for layer in layers]),
        ("padding", 0, [layer.padding for layer in layers]),
    ):
        if any(entry != default for value in values for entry in value):
            steps[name] = _written(values)
    return steps


def _written(values: list[Shape]) -> object:
    return values[0] if len(set(values)) == 1 else tuple(values)


def _assembled(
    layers: list[_Layer], activation: str, shared: bool, bias: Bias, outputs: int | None, text: str
) -> Network:
    last = layers[-1]
    shapes: dict[str, Shape] = {}
    for layer in layers:
        shapes[f"K{layer.number}"] = layer.kernel_shape(shared)
        if bias is True or (bias and (outputs is not None or layer is not last)):
            shapes[f"b{layer.number}"] = (layer.channels, *(() if shared else layer.positions))
    if outputs is not None:
        shapes["a"] = (*((outputs,) if outputs > 1 else ()), last.channels, *last.positions)
        shapes |= {"b_out": (outputs,)} if bias is True else {}
    check_entries("conv", [(size(q.positions), q.before * size(q.kernel)) for q in layers])
    check_entries("conv", [(q.channels, size(q.positions)) for q in layers])
    net = assembly_of("conv", layers[0].input, shapes)
    h = net.input
    for layer in layers:
        h = _convolved(net, h, layer, shared)
        h = h if layer is last and outputs is None else net.activation(activation, h)
    return Network(text, net.finish(h if outputs is None else _read_out(net, h, outputs)))


def _convolved(net: Assembly, h: int, layer: _Layer, shared: bool) -> int:
    """Return the preactivations (channels, positions) of one layer."""
    places, taps, channels = size(layer.positions), layer.before * size(layer.kernel), layer.channels
    patches = net.gather([h], layer.windows(), (places, taps))
    kernel_shape = (channels, taps) if shared else (channels, places, taps)
    kernels = reshaped(net, net.parameter(f"K{layer.number}"), kernel_shape)
    z = net.einsum("ps,cs->cp" if shared else "ps,cps->cp", patches, kernels)
    if not net.declares(f"b{layer.number}"):
        return z
    channel_of = [c for c in range(channels) for _ in range(places)]
    index = channel_of if shared else list(range(channels * places))
    return net.add(z, net.gather([net.parameter(f"b{layer.number}")], index, (channels, places)))


def _read_out(net: Assembly, h: int, outputs: int) -> int:
    entries = size(net.shape(h))
    weights = reshaped(net, net.parameter("a"), (outputs, entries))
    f = net.einsum("oj,j->o", weights, reshaped(net, h, (entries,)))
    return net.add(f, net.parameter("b_out")) if net.declares("b_out") else f
