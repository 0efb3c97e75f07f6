"""A target in the family of a wide network: absent biases are zero, convolutions are lists of neurons.

These maps keep the function. They add parameters, so that in general they do not keep the tangent functions.
"""

from __future__ import annotations

from dataclasses import replace

from llrsym.embedding.forms import ZERO, Form
from llrsym.embedding.maps import Embedding, Tensors, identity, joined
from llrsym.kernel.models import Convolution, Layered, Model, parameter_shapes, windows
from llrsym.kernel.program import size


def rewritten(target: Model, wide: Model) -> Embedding:
    """Return the map from the target's parameters to those of a network that differs from ``wide`` in widths.

    Where no such map is known it is the identity.
    """
    match target, wide:
        case Layered(), Layered() if len(target.widths) == len(wide.widths):
            return _with_biases(target, wide)
        case Convolution(), Convolution():
            return _like(target, wide)
        case Convolution(), Layered() if len(wide.widths) == 3:
            return _flattened(target, wide)
    return identity(target)


def _with_biases(target: Layered, wide: Layered) -> Embedding:
    biases = tuple(a or b for a, b in zip(target.biases, wide.biases, strict=True))
    new = [k for k, (a, b) in enumerate(zip(target.biases, biases, strict=True), start=1) if b and not a]
    model = replace(target, biases=biases)
    obstacles = tuple(f"the target has no biases in layer {layer}; they are new parameters" for layer in new)
    own = identity(target)
    return replace(own, wide=model, tensors=_filled(model, own.tensors), obstacles=obstacles)


def _like(target: Convolution, wide: Convolution) -> Embedding:
    own = identity(target)
    tensors, obstacles, units = dict(own.tensors), [], own.units
    if target.shared and not wide.shared:
        places, pixels = size(target.positions), size(target.kernel)
        tensors["K"] = _repeated(tensors["K"], pixels, places)
        if target.hidden_bias:
            tensors["b"] = _repeated(tensors["b"], 1, places)
        obstacles.append("the target shares its kernels; a kernel for every position has new parameters")
        units = None
    for flag, name in (("hidden_bias", "hidden biases"), ("output_bias", "output biases")):
        if getattr(wide, flag) and not getattr(target, flag):
            obstacles.append(f"the target has no {name}; they are new parameters")
    model = replace(
        target,
        shared=target.shared and wide.shared,
        hidden_bias=target.hidden_bias or wide.hidden_bias,
        output_bias=target.output_bias or wide.output_bias,
    )
    same = model == target
    return replace(
        own,
        wide=model,
        tensors=_filled(model, tensors),
        units=units if same else None,
        obstacles=tuple(obstacles),
    )


def _flattened(target: Convolution, wide: Layered) -> Embedding:
    """Every position of every channel is a neuron that sees the input row-major, zero outside its window."""
    tensors = identity(target).tensors
    places, pixels, inputs = size(target.positions), size(target.kernel), size(target.input)
    kernels = _repeated(tensors["K"], pixels, places) if target.shared else tensors["K"]
    rows = []
    for neuron in range(target.channels * places):
        row: list[Form] = [ZERO] * inputs
        for pixel, place in enumerate(windows(target)[neuron % places]):
            row[place] = kernels[neuron * pixels + pixel]
        rows.append(tuple(row))
    flat = {"W1": joined(rows), "W2": tensors["a"]}
    if target.hidden_bias:
        flat["b1"] = _repeated(tensors["b"], 1, places) if target.shared else tensors["b"]
    if target.output_bias:
        flat["b2"] = tensors["b_out"]
    own = (target.hidden_bias, target.output_bias)
    biases = tuple(a or b for a, b in zip(own, wide.biases, strict=True))
    model = Layered((inputs, len(rows), target.outputs), target.activation, biases)
    obstacle = "the target is a convolution; the weights of its neurons outside the kernel are new parameters"
    return Embedding(target, model, _filled(model, flat), None, obstacles=(obstacle,))


def _repeated(flat: tuple[Form, ...], length: int, times: int) -> tuple[Form, ...]:
    parts = [flat[start : start + length] for start in range(0, len(flat), length)]
    return joined(part for part in parts for _ in range(times))


def _filled(model: Model, tensors: Tensors) -> Tensors:
    shapes = parameter_shapes(model)
    return {name: tensors.get(name, (ZERO,) * size(shape)) for name, shape in shapes.items()}
