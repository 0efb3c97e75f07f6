"""Where a training begins: at small random weights, or near a point of the target set.

The points are those of three families of strata: every unit of the target split evenly into clones, the other
units null, and the other units with random incoming weights and no outgoing ones. The embeddings that give
them are those of ``embed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from llrsym.embedding.forms import evaluate
from llrsym.embedding.maps import Embedding, hidden_layer, hidden_widths
from llrsym.embedding.moves import Move, Null, SplitEvenly, ZeroOut
from llrsym.embedding.rewriting import rewritten
from llrsym.embedding.widening import check_widening, widened
from llrsym.errors import BadInput
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.recovery.batches import Array

SMALL, SPLIT, NULL, ZERO_OUT = "small", "split", "null", "zero-out"
POINTS = (SPLIT, NULL, ZERO_OUT)
STARTS = (SMALL, *POINTS)


def target_map(network: Network, target: Network, start: str) -> Embedding:
    """Return the map from the target's parameters to points of the target set in one family of strata.

    Raises ``BadInput`` for networks that ``embed`` knows no hidden layers of, and for a target that does not
    fit into the network.
    """
    if network.model is None or target.model is None or not hidden_widths(network.model):
        raise BadInput(
            f"--start: {start} needs an mlp, conv or matrix_factorization with hidden units; take small"
        )
    check_widening(rewritten(target.model, network.model).wide, network.model)
    embedding = rewritten(target.model, network.model)
    for layer, width in enumerate(hidden_widths(network.model), start=1):
        for move in _moves(embedding, layer, width, start):
            embedding = move.apply(embedding)
    return widened(embedding, network.model)


def target_point(
    embedding: Embedding, target: Network, weights: Mapping[str, object], random: np.random.Generator
) -> Array:
    """Return the flat parameters (M,) at the end of a map; its free numbers are standard normal draws."""
    exact = exact_weights(target, weights)
    free = [Fraction(float(v)) for v in random.standard_normal(len(embedding.free))]
    values = [*(v for tensor in exact for v in tensor), *free]
    forms = [form for tensor in embedding.tensors.values() for form in tensor]
    return np.array([float(evaluate(form, values)) for form in forms])


def _moves(embedding: Embedding, layer: int, width: int, start: str) -> list[Move]:
    """The moves that bring one hidden layer to its width."""
    hidden = hidden_layer(embedding, layer)
    more = width - hidden.width
    if more <= 0:
        return []
    if start == NULL:
        return [Null(layer, 0, more)]
    if start == SPLIT:
        copies = [len(range(unit, width, hidden.width)) for unit in range(hidden.width)]
        return [SplitEvenly(layer, unit, count) for unit, count in enumerate(copies) if count > 1]
    fan_in = range(len(hidden.incoming[0]))
    return [
        ZeroOut(
            layer,
            tuple(f"w{layer}_{unit}_{k}" for k in fan_in),
            f"b{layer}_{unit}" if hidden.biases[0] else 0,
        )
        for unit in range(more)
    ]
