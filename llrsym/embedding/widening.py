"""The default embedding of a narrow network into a wider one: null units where they keep the tangent
functions, evenly split units elsewhere."""

from __future__ import annotations

from dataclasses import replace

from llrsym.embedding.forms import ZERO
from llrsym.embedding.maps import Embedding, hidden_layer, hidden_widths, identity
from llrsym.embedding.moves import Null, SplitEvenly, value_and_slope
from llrsym.errors import BadInput
from llrsym.kernel.model_documents import AnyModel
from llrsym.kernel.models import Convolution, Diagonal, Factorization, Layered, Model


def widening(narrow: Model, wide: Model) -> Embedding:
    """Return an embedding that keeps the tangent functions of every narrow parameter.

    Raises ``BadInput`` with the condition that fails when the networks differ in more than the widths of
    their hidden layers, or ``narrow`` has a wider one.

    >>> from llrsym.networks.builders import mlp
    >>> widening(mlp(2, 1, 1).model, mlp(2, 3, 1).model).wide.widths
    (2, 3, 1)
    """
    check_widening(narrow, wide)
    return widened(identity(narrow), wide)


def widened(embedding: Embedding, wide: Model) -> Embedding:
    """Return the embedding continued into a wider network."""
    check_widening(embedding.wide, wide)
    wanted = hidden_widths(wide)
    for layer, width in enumerate(wanted, start=1):
        missing = width - hidden_widths(embedding.wide)[layer - 1]
        if missing:
            hidden = hidden_layer(embedding, layer)
            at_zero = value_and_slope(hidden.activation, ZERO)[0]
            is_null_critical = hidden.next_bias is not None or at_zero == ZERO
            move = Null(layer, 0, missing) if is_null_critical else SplitEvenly(layer, 0, missing + 1)
            embedding = move.apply(embedding)
            embedding = replace(embedding, moves=(*embedding.moves, str(move)))
    return embedding


def check_widening(narrow: AnyModel, wide: AnyModel) -> None:
    """Raise ``BadInput`` unless ``wide`` is ``narrow`` with wider hidden layers."""
    if type(narrow) is not type(wide):
        raise BadInput("embed: the target is built by another builder than the network; use the same one")
    _check_same(narrow, wide)
    pairs = zip(hidden_widths(narrow), hidden_widths(wide), strict=True)
    for layer, (own, available) in enumerate(pairs, start=1):
        if own > available:
            raise BadInput(
                f"embed: hidden layer {layer} of the target has width {own}, of the network {available}; "
                "choose a wider network"
            )


def _check_same(narrow: AnyModel, wide: AnyModel) -> None:
    match narrow, wide:
        case Layered(), Layered():
            _require("depth", len(narrow.widths) - 1, len(wide.widths) - 1)
            _require("number of inputs", narrow.widths[0], wide.widths[0])
            _require("number of outputs", narrow.widths[-1], wide.widths[-1])
            _require_biases(narrow.biases, wide.biases)
            if len(narrow.widths) > 2:
                _require("activation", narrow.activation, wide.activation)
        case Convolution(), Convolution():
            for name in ("input", "kernel", "outputs", "activation", "shared", "hidden_bias", "output_bias"):
                _require(name, getattr(narrow, name), getattr(wide, name))
        case Factorization(), Factorization():
            _require("number of rows", narrow.rows, wide.rows)
            _require("number of columns", narrow.cols, wide.cols)
        case Diagonal(), Diagonal():
            _require("size", narrow.size, wide.size)
            _require("depth", narrow.depth, wide.depth)


def _require(what: str, own: object, other: object) -> None:
    if own != other:
        raise BadInput(
            f"embed: the target has {what} {own}, the network {other}; they must agree for an embedding"
        )


def _require_biases(narrow: tuple[bool, ...], wide: tuple[bool, ...]) -> None:
    for layer, (own, other) in enumerate(zip(narrow, wide, strict=True), start=1):
        if own != other:
            has, lacks = ("target", "network") if own else ("network", "target")
            raise BadInput(
                f"embed: layer {layer} of the {has} has biases and that of the {lacks} has none; "
                "they must agree for an embedding"
            )
