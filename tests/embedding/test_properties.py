"""Random compositions of moves: function, tangent functions, ranks, and critical points."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from llrsym.domains.float64 import approx_jacobian, approx_trace
from llrsym.embedding.embed import embed
from llrsym.embedding.maps import hidden_widths, identity
from llrsym.embedding.moves import Constant, Move, Null, Split, SplitEvenly
from llrsym.embedding.result import Embedded
from llrsym.kernel.models import Layered, Model
from llrsym.networks.builders import conv, matrix_factorization, mlp
from llrsym.networks.network import Network
from llrsym.tangent.rank import model_rank

Floats = NDArray[np.float64]
RATIOS = st.sampled_from(["0", "1", "1/3", "-2", "5/2"])


@st.composite
def narrow_networks(draw: st.DrawFn) -> Network:
    """Small networks of the families with hidden units."""
    activation = draw(st.sampled_from(["tanh", "sigmoid", "gaussian", "silu", "power:2", "sin"]))
    bias = draw(st.sampled_from([True, False, "hidden"]))
    kind = draw(st.sampled_from(["mlp", "deep", "conv", "product"]))
    if kind == "conv":
        shared, outputs = draw(st.booleans()), draw(st.integers(1, 2))
        return conv(
            input=(3,),
            kernel=(2,),
            channels=(1,),
            activation=activation,
            shared=shared,
            bias=bias,
            outputs=outputs,
        )
    if kind == "product":
        return matrix_factorization(rows=2, inner=draw(st.integers(1, 2)), cols=2)
    hidden = draw(st.lists(st.integers(1, 2), min_size=2, max_size=2)) if kind == "deep" else [2]
    return mlp(2, *hidden, draw(st.integers(1, 2)), activation=activation, bias=bias)


@st.composite
def compositions(draw: st.DrawFn) -> tuple[Network, list[Move], Model]:
    """A narrow network, moves that keep its tangent functions, and the model that they reach."""
    network = draw(narrow_networks())
    assert network.model is not None
    embedding, moves = identity(network.model), []
    for _ in range(draw(st.integers(1, 3))):
        layer = draw(st.integers(1, len(hidden_widths(embedding.wide))))
        unit = draw(st.integers(0, hidden_widths(embedding.wide)[layer - 1] - 1))
        move = draw(moves_at(embedding.wide, layer, unit))
        embedding = move.apply(embedding)
        moves.append(move)
    return network, moves, embedding.wide


def moves_at(model: Model, layer: int, unit: int) -> st.SearchStrategy[Move]:
    """Moves that keep the tangent functions, by the table of docs/theory/embeddings."""
    activation = getattr(model, "activation", "identity")
    next_bias = model.biases[layer] if isinstance(model, Layered) else getattr(model, "output_bias", False)
    choices: list[st.SearchStrategy[Move]] = [
        RATIOS.map(lambda ratio: Split(layer, unit, ratio)),
        st.just(SplitEvenly(layer, unit, 3)),
    ]
    if activation in ("tanh", "gaussian", "power:2", "sin", "identity") or (
        activation == "sigmoid" and next_bias
    ):
        choices.append(RATIOS.map(lambda ratio: Split(layer, unit, ratio, -1)))
    if next_bias or activation in ("tanh", "silu", "power:2", "sin", "identity"):
        choices.append(st.just(Null(layer)))
    if activation == "gaussian" and next_bias and isinstance(model, Layered):
        outgoing = st.lists(st.integers(-2, 2), min_size=(n := model.widths[layer + 1]), max_size=n)
        choices.append(outgoing.map(lambda v: Constant(layer, tuple(v))))
    return st.one_of(choices)


def network_of(model: Model) -> Network:
    """The network of a model; its text does not matter here."""
    return Network.of(model, "wide")


def point(network: Network, seed: int) -> dict[str, object]:
    """Rational weights with small denominators."""
    rng = np.random.default_rng(seed)
    return {
        name: [Fraction(int(v), 8) for v in rng.integers(1, 12, size=size) * rng.choice([-1, 1], size=size)]
        for name, _, size in network.layers
    }


def shaped(network: Network, flat: dict[str, Any]) -> dict[str, object]:
    return {name: np.array(flat[name], dtype=object).reshape(shape) for name, shape, _ in network.layers}


def floats(network: Network, weights: Any) -> list[list[float]]:
    return [[float(v) for v in np.asarray(weights[name]).ravel()] for name in network.parameter_names]


def embedded(
    network: Network, moves: list[Move], wide: Model, seed: int = 0
) -> tuple[Embedded, dict[str, object]]:
    weights = shaped(network, point(network, seed))
    return embed(network_of(wide), target=network, weights=weights, moves=moves), weights


@settings(max_examples=60)
@given(compositions(), st.integers(0, 1000))
def test_compositions_keep_the_function_and_are_critical(
    composition: tuple[Network, list[Move], Model], seed: int
) -> None:
    network, moves, wide = composition
    result, weights = embedded(network, moves, wide, seed)
    assert result.critical is True
    inputs = np.random.default_rng(seed).normal(size=(6, network.inputs))
    values = [at(net, w, inputs)[0] for net, w in ((network, weights), (result.network, result.weights))]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-9, atol=1e-9)


@settings(max_examples=12)
@given(compositions(), st.integers(0, 1000))
def test_compositions_keep_the_exact_rank(composition: tuple[Network, list[Move], Model], seed: int) -> None:
    network, moves, wide = composition
    result, weights = embedded(network, moves, wide, seed)
    ranks = [model_rank(network, at=weights), model_rank(result.network, at=result.weights)]
    assert all(r.lower == r.upper for r in ranks), [str(r) for r in ranks]
    assert ranks[0].lower == ranks[1].lower


Loss = tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]
LOSSES: dict[str, Loss] = {
    "square": (lambda e: e, lambda r: r),
    "log-cosh": (np.tanh, np.arctanh),
    "quartic": (lambda e: e**3, np.cbrt),
}
"""d loss / d f as a function of the error f - y, and its inverse."""


@settings(max_examples=25)
@given(compositions(), st.integers(0, 1000), st.sampled_from(sorted(LOSSES)))
def test_critical_points_stay_critical(
    composition: tuple[Network, list[Move], Model], seed: int, loss: str
) -> None:
    """Labels for which the gradient vanishes at the narrow weights: d loss / d f is orthogonal to T."""
    network, moves, wide = composition
    result, weights = embedded(network, moves, wide, seed)
    inputs = np.random.default_rng(seed).normal(size=(network.parameter_count + 3, network.inputs))
    slope, inverse = LOSSES[loss]
    below, above = (at(network, weights, inputs), at(result.network, result.weights, inputs))
    labels = below[0] - inverse(0.9 * np.linalg.svd(below[1])[0][:, -1])
    gradients = [slope(f - labels) @ jacobian for f, jacobian in (below, above)]
    scale = 1 + max(np.abs(below[1]).max(), np.abs(above[1]).max())
    np.testing.assert_allclose(gradients[0], 0, atol=1e-6 * scale)
    np.testing.assert_allclose(gradients[1], 0, atol=1e-6 * scale)


def at(network: Network, weights: Any, inputs: Floats) -> tuple[Floats, Floats]:
    """The values and the Jacobian at all inputs and outputs."""
    numbers = floats(network, weights)
    jacobian = approx_jacobian(network.program, numbers, inputs).reshape(-1, network.parameter_count)
    values = approx_trace(network.program, numbers, inputs).values[network.program.output]
    return np.broadcast_to(values.reshape(len(values), -1), (len(inputs), network.outputs)).ravel(), jacobian


def test_a_critical_point_is_lost_by_a_move_that_is_not_critical() -> None:
    network, wide = mlp(1, 2, 2, 1), mlp(1, 3, 2, 1)
    flat = {"W1": (1, -2), "b1": (0.5, 1), "W2": (1, -1, 2, 1), "b2": (0.25, -0.5), "W3": (1, -2), "b3": (0,)}
    weights = shaped(network, flat)
    result = embed(wide, target=network, weights=weights, moves=["split(1, 0, ('1/2', -3))"])
    inputs = 3 * np.random.default_rng(0).normal(size=(60, 1))
    narrow, full = (at(net, w, inputs)[1] for net, w in ((network, weights), (wide, result.weights)))
    basis = np.linalg.qr(narrow)[0]
    outside = full - basis @ (basis.T @ full)
    column = int(np.argmax(np.linalg.norm(outside, axis=0)))
    sensitivity = outside[:, column] / np.linalg.norm(outside[:, column])
    assert np.abs(sensitivity @ narrow).max() < 1e-9
    assert np.abs(sensitivity @ full).max() > 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_null_and_split_agree_where_both_are_critical(seed: int) -> None:
    network, wide = mlp(2, 2, 1), mlp(2, 4, 1)
    weights = shaped(network, point(network, seed))
    images = [
        embed(wide, target=network, weights=weights, moves=moves)
        for moves in ([], ["split(1, 0)", "split(1, 2)"], ["split_evenly(1, 1, 3)"])
    ]
    assert [image.critical for image in images] == [True] * 3
    assert {model_rank(wide, at=image.weights).lower for image in images} == {9}
