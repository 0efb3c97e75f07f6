"""A target written in the family of a wide network with as few neurons as its builder has.

By the Embedding Principle the minimal rank over the target set is at most the rank of this narrow network:
splitting neurons or whole channels embeds it into the wide one and keeps the space of tangent functions
(docs/theory/embeddings).
"""

from collections.abc import Sequence
from fractions import Fraction

from .errors import Rejected
from .models import Convolution, Layered, Model, Weights, parameter_shapes, tensors_of, windows
from .program import size

ZERO = Fraction(0)


def narrow_model(wide: Model, target: Model) -> Layered | Convolution:
    """Return the narrow network of the wide family that expresses every function of the target.

    Biases that the target lacks are zero. Raises ``Rejected`` with the condition that fails.
    """
    match wide, target:
        case Layered(), Layered():
            return _narrow_layered(wide, target)
        case Convolution(), Convolution():
            return _narrow_convolution(wide, target)
        case Layered(), Convolution():
            return _flattened(wide, target)
    raise Rejected("the target belongs to another family of networks, and no embedding between them is known")


def _narrow_layered(wide: Layered, target: Layered) -> Layered:
    if len(wide.widths) != len(target.widths):
        depths = len(target.widths) - 2, len(wide.widths) - 2
        raise Rejected("the target has {} hidden layers, the network {}".format(*depths))
    if (wide.widths[0], wide.widths[-1]) != (target.widths[0], target.widths[-1]):
        raise Rejected(
            f"inputs and outputs of the target {target.widths} and the network {wide.widths} differ"
        )
    _same_activation(wide.activation, target.activation, len(wide.widths) > 2)
    for layer, (own, available) in enumerate(zip(target.widths, wide.widths, strict=True)):
        if own > available:
            raise Rejected(f"hidden layer {layer} of the target has {own} neurons, the network {available}")
    _biases_suffice(wide.biases, target.biases)
    return Layered(target.widths, wide.activation, wide.biases)


def _narrow_convolution(wide: Convolution, target: Convolution) -> Convolution:
    _same_activation(wide.activation, target.activation, True)
    for name in ("input", "kernel", "outputs"):
        own, other = getattr(target, name), getattr(wide, name)
        if own != other:
            raise Rejected(f"the target has {name} {own}, the network {other}")
    if wide.shared and not target.shared:
        raise Rejected("the target does not share its kernels, the network does")
    if target.channels > wide.channels:
        raise Rejected(f"the target has {target.channels} channels, the network {wide.channels}")
    biases = wide.hidden_bias, wide.output_bias
    _biases_suffice(biases, (target.hidden_bias, target.output_bias))
    return Convolution(
        wide.input, wide.kernel, target.channels, wide.activation, wide.shared, *biases, wide.outputs
    )


def _flattened(wide: Layered, target: Convolution) -> Layered:
    if len(wide.widths) != 3:
        raise Rejected(f"the target has one hidden layer, the network {len(wide.widths) - 2}")
    _same_activation(wide.activation, target.activation, True)
    ends = size(target.input), target.outputs
    if (wide.widths[0], wide.widths[-1]) != ends:
        raise Rejected(f"the target has {ends[0]} inputs and {ends[1]} outputs, the network {wide.widths}")
    neurons = target.channels * size(target.positions)
    if neurons > wide.widths[1]:
        raise Rejected(f"the target has {neurons} neurons, the network {wide.widths[1]}")
    _biases_suffice(wide.biases, (target.hidden_bias, target.output_bias))
    return Layered((ends[0], neurons, ends[1]), wide.activation, wide.biases)


def _same_activation(wide: str, target: str, matters: bool) -> None:
    if matters and wide != target:
        raise Rejected(f"the target has the activation {target}, the network {wide}")


def _biases_suffice(wide: Sequence[bool], target: Sequence[bool]) -> None:
    if any(own and not available for own, available in zip(target, wide, strict=True)):
        raise Rejected("the target has biases in a layer in which the network has none")


def weights_in(model: Model, target: Model, weights: Weights) -> Weights:
    """Return the weights at which the model of ``narrow_model`` is the target function."""
    tensors = tensors_of(target, weights)
    if isinstance(target, Convolution) and isinstance(model, Layered):
        tensors = _flat_tensors(target, tensors)
    elif isinstance(target, Convolution) and isinstance(model, Convolution) and target.shared != model.shared:
        tensors = _unshared_tensors(target, tensors)
    shapes = parameter_shapes(model)
    return tuple(tensors.get(name, (ZERO,) * size(shape)) for name, shape in shapes.items())


def _unshared_tensors(
    target: Convolution, tensors: dict[str, tuple[Fraction, ...]]
) -> dict[str, tuple[Fraction, ...]]:
    positions, pixels = size(target.positions), size(target.kernel)
    own = dict(tensors)
    kernels = [tensors["K"][k : k + pixels] for k in range(0, len(tensors["K"]), pixels)]
    own["K"] = tuple(v for kernel in kernels for _ in range(positions) for v in kernel)
    if target.hidden_bias:
        own["b"] = tuple(v for v in tensors["b"] for _ in range(positions))
    return own


def _flat_tensors(
    target: Convolution, tensors: dict[str, tuple[Fraction, ...]]
) -> dict[str, tuple[Fraction, ...]]:
    own = _unshared_tensors(target, tensors) if target.shared else tensors
    pixels, inputs = size(target.kernel), size(target.input)
    rows: list[Fraction] = []
    kernels = [own["K"][k : k + pixels] for k in range(0, len(own["K"]), pixels)]
    for window, kernel in zip(windows(target) * target.channels, kernels, strict=True):
        row = [ZERO] * inputs
        for pixel, value in zip(window, kernel, strict=True):
            row[pixel] = value
        rows += row
    flat = {"W1": tuple(rows), "W2": tensors["a"]}
    flat |= {"b1": own["b"]} if target.hidden_bias else {}
    return flat | ({"b2": tensors["b_out"]} if target.output_bias else {})
