"""Parameter maps between networks, and the hidden layers of the families as lists of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from llrsym.embedding.forms import ONE, Form, variable
from llrsym.errors import BadInput, shown
from llrsym.kernel.layered_embeddings import Unit, Units
from llrsym.kernel.model_documents import AnyModel, weight_count
from llrsym.kernel.models import Convolution, Factorization, Layered, parameter_shapes
from llrsym.kernel.program import Program, Shape, size

Tensors = Mapping[str, tuple[Form, ...]]


@dataclass(frozen=True)
class Embedding:
    """A map E from the parameters of ``narrow`` to those of ``wide`` with f_wide(E(t)) = f_narrow(t).

    ``tensors`` holds one form per wide parameter, row-major; ``free`` names the free numbers of E. ``units``
    says of which narrow unit each hidden unit is a copy (None: it is not known for all units), and
    ``obstacles`` why E does not keep the tangent functions, for those moves that do not.
    """

    narrow: AnyModel
    wide: AnyModel
    tensors: Tensors
    units: tuple[Units, ...] | None
    free: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()

    def with_free(self, name: str) -> tuple[Embedding, Form]:
        """Return the map with a free number of this name (known or new), and the number as a form."""
        free = self.free if name in self.free else (*self.free, name)
        return replace(self, free=free), variable(weight_count(self.narrow) + free.index(name))


def shapes_of(model: AnyModel) -> dict[str, Shape]:
    """Return the shapes of the parameter tensors by name, in order."""
    if isinstance(model, Program):
        return {parameter.name: parameter.shape for parameter in model.parameters}
    return parameter_shapes(model)


def identity(model: AnyModel) -> Embedding:
    """Return the identity of the parameters of a model."""
    tensors, start = {}, 0
    for name, shape in shapes_of(model).items():
        tensors[name] = tuple(variable(start + k) for k in range(size(shape)))
        start += size(shape)
    units = tuple(tuple(Unit(k, 1, ONE) for k in range(width)) for width in hidden_widths(model))
    return Embedding(model, model, tensors, units)


def hidden_widths(model: AnyModel) -> tuple[int, ...]:
    """Return the number of units of every hidden layer: neurons, channels, or inner dimensions."""
    match model:
        case Layered():
            return model.widths[1:-1]
        case Convolution():
            return (model.channels,)
        case Factorization():
            return (model.inner,)
        case _:
            return ()


@dataclass(frozen=True)
class Hidden:
    """One hidden layer: per unit its incoming weights, biases and outgoing weights.

    ``next_bias`` is None where the next layer has no biases; entry n of the outgoing weights of a unit leads
    to the sum that has the bias ``targets[n]``.
    """

    activation: str
    incoming: tuple[tuple[Form, ...], ...]
    biases: tuple[tuple[Form, ...], ...]
    outgoing: tuple[tuple[Form, ...], ...]
    next_bias: tuple[Form, ...] | None
    targets: tuple[int, ...]

    @property
    def width(self) -> int:
        """The number of units."""
        return len(self.incoming)


def hidden_layer(embedding: Embedding, layer: int) -> Hidden:
    """Return hidden layer ``layer`` (from 1) of the wide network; raises ``BadInput`` if there is none."""
    depth = len(hidden_widths(embedding.wide))
    if type(layer) is not int or not 1 <= layer <= depth:
        raise BadInput(f"embed: there is no hidden layer {shown(layer)}; the layers are 1 to {depth}")
    match embedding.wide:
        case Layered() as model:
            return _hidden_layered(embedding.tensors, model, layer)
        case Convolution() as model:
            return _hidden_channels(embedding.tensors, model)
        case Factorization() as model:
            return _hidden_inner(embedding.tensors, model)
        case _:
            raise BadInput("embed: this network has no hidden layer of units; embed another family")


def _hidden_layered(tensors: Tensors, model: Layered, layer: int) -> Hidden:
    fan_in, width, fan_out = model.widths[layer - 1 : layer + 2]
    following = tensors[f"W{layer + 1}"]
    return Hidden(
        model.activation,
        chunks(tensors[f"W{layer}"], fan_in, width),
        tuple((b,) for b in tensors[f"b{layer}"]) if model.biases[layer - 1] else ((),) * width,
        tuple(following[unit::width] for unit in range(width)),
        tensors[f"b{layer + 1}"] if model.biases[layer] else None,
        tuple(range(fan_out)),
    )


def _hidden_channels(tensors: Tensors, model: Convolution) -> Hidden:
    own = 1 if model.shared else size(model.positions)
    places = size(model.positions)
    read_out = chunks(tensors["a"], places, model.outputs * model.channels)
    outgoing = [read_out[channel :: model.channels] for channel in range(model.channels)]
    return Hidden(
        model.activation,
        chunks(tensors["K"], own * size(model.kernel), model.channels),
        chunks(tensors["b"], own, model.channels) if model.hidden_bias else ((),) * model.channels,
        tuple(tuple(form for part in parts for form in part) for parts in outgoing),
        tensors["b_out"] if model.output_bias else None,
        tuple(output for output in range(model.outputs) for _ in range(places)),
    )


def _hidden_inner(tensors: Tensors, model: Factorization) -> Hidden:
    incoming = tuple(tensors["A"][k :: model.inner] for k in range(model.inner))
    outgoing = chunks(tensors["B"], model.cols, model.inner)
    return Hidden("identity", incoming, ((),) * model.inner, outgoing, None, tuple(range(model.cols)))


def with_hidden(embedding: Embedding, layer: int, hidden: Hidden) -> Embedding:
    """Return the map into the network whose hidden layer ``layer`` is this one."""
    tensors = dict(embedding.tensors)
    match embedding.wide:
        case Layered() as model:
            widths = (*model.widths[:layer], hidden.width, *model.widths[layer + 1 :])
            tensors[f"W{layer}"] = joined(hidden.incoming)
            tensors[f"W{layer + 1}"] = joined(zip(*hidden.outgoing, strict=True))
            if model.biases[layer - 1]:
                tensors[f"b{layer}"] = joined(hidden.biases)
            if hidden.next_bias is not None:
                tensors[f"b{layer + 1}"] = hidden.next_bias
            return replace(embedding, wide=replace(model, widths=widths), tensors=tensors)
        case Convolution() as model:
            tensors["K"] = joined(hidden.incoming)
            places = size(model.positions)
            by_output = [chunks(unit, places, model.outputs) for unit in hidden.outgoing]
            tensors["a"] = joined(joined(parts) for parts in zip(*by_output, strict=True))
            if model.hidden_bias:
                tensors["b"] = joined(hidden.biases)
            if hidden.next_bias is not None:
                tensors["b_out"] = hidden.next_bias
            return replace(embedding, wide=replace(model, channels=hidden.width), tensors=tensors)
        case Factorization() as model:
            tensors["A"], tensors["B"] = joined(zip(*hidden.incoming, strict=True)), joined(hidden.outgoing)
            return replace(embedding, wide=replace(model, inner=hidden.width), tensors=tensors)
        case _:
            raise BadInput("embed: this network has no hidden layer of units; embed another family")


def chunks(flat: tuple[Form, ...], length: int, count: int) -> tuple[tuple[Form, ...], ...]:
    """Return ``count`` consecutive parts of this length."""
    return tuple(flat[k * length : (k + 1) * length] for k in range(count))


def joined(parts: Iterable[Sequence[Form]]) -> tuple[Form, ...]:
    """Return the parts as one flat tuple."""
    return tuple(form for part in parts for form in part)
