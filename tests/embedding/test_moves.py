"""The moves by hand: their weights, which of them are critical, and what refuses them."""

from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

import llrsym as ll
from llrsym.embedding.compatible import Compatible, threefold
from llrsym.embedding.embed import embed
from llrsym.embedding.forms import evaluate
from llrsym.embedding.maps import identity
from llrsym.embedding.moves import Constant, Move, Null, Split, SplitEvenly, ZeroOut
from llrsym.embedding.text import parse_move
from llrsym.errors import BadInput
from llrsym.kernel.errors import Rejected
from llrsym.kernel.models import Layered
from llrsym.networks.builders import conv, diagonal, matrix_factorization, mlp
from llrsym.networks.network import Network

ONE_UNIT = {"W1": [[2]], "b1": [5], "W2": [[3]], "b2": [7]}
"""3 sigma(2 x + 5) + 7."""


def numbers(result: Any) -> dict[str, list[str]]:
    return {name: [str(v) for v in tensor.ravel()] for name, tensor in result.weights.items()}


def one_unit(activation: str, move: Move | str, widths: int = 2) -> dict[str, list[str]]:
    narrow, wide = (mlp(1, width, 1, activation=activation) for width in (1, widths))
    result = embed(wide, target=narrow, weights=ONE_UNIT, moves=[move])
    assert result.critical is True
    return numbers(result)


def test_a_split() -> None:
    expected = {"W1": ["2", "2"], "b1": ["5", "5"], "W2": ["1", "2"], "b2": ["7"]}
    assert one_unit("silu", Split(1, 0, "1/3")) == expected


@pytest.mark.parametrize(
    ("activation", "outgoing", "bias"), [("tanh", "-2", "7"), ("gaussian", "2", "7"), ("sigmoid", "-2", "9")]
)
def test_a_split_with_a_change_of_sign(activation: str, outgoing: str, bias: str) -> None:
    """Odd: -(1 - alpha) v; even: (1 - alpha) v; sigmoid: as odd, and the bias grows by (1 - alpha) v."""
    expected = {"W1": ["2", "-2"], "b1": ["5", "-5"], "W2": ["1", outgoing], "b2": [bias]}
    assert one_unit(activation, Split(1, 0, "1/3", -1)) == expected


def test_an_even_split() -> None:
    expected = {"W1": ["2"] * 3, "b1": ["5"] * 3, "W2": ["1"] * 3, "b2": ["7"]}
    assert one_unit("exp", SplitEvenly(1, 0, 3), 3) == expected


def test_a_null_neuron() -> None:
    assert one_unit("sigmoid", Null(1, "1/2")) == {
        "W1": ["2", "0"],
        "b1": ["5", "1/2"],
        "W2": ["3", "0"],
        "b2": ["7"],
    }


@pytest.mark.parametrize(("activation", "bias"), [("gaussian", "3"), ("cos", "3"), ("sech", "3")])
def test_a_constant_neuron_is_absorbed_by_the_next_bias(activation: str, bias: str) -> None:
    expected = {"W1": ["2", "0"], "b1": ["5", "0"], "W2": ["3", "4"], "b2": [bias]}
    assert one_unit(activation, Constant(1, (4,))) == expected


def test_symbolic_weights() -> None:
    narrow, wide = mlp(1, 1, 1, bias=False), mlp(1, 3, 1, bias=False)
    result = embed(wide, target=narrow, moves=[Split(1, 0, "alpha"), Split(1, 1, "beta", -1)])
    alpha, beta, w, v = (sp.Symbol(n, real=True) for n in ("alpha", "beta", "W1[0,0]", "W2[0,0]"))
    assert result.critical is True
    assert result.weights["W1"].ravel().tolist() == [w, w, -w]
    expected = [alpha * v, (1 - alpha) * beta * v, -(1 - alpha) * (1 - beta) * v]
    assert [sp.expand(a - b) for a, b in zip(result.weights["W2"].ravel(), expected, strict=True)] == [0] * 3
    given = embed(wide, target=narrow, weights={"W1": [[2]], "W2": [[3]]}, moves=[Split(1, 0, "alpha")])
    assert given.weights["W2"].ravel().tolist() == [3 * alpha, 3 - 3 * alpha, 0]


def test_one_name_is_one_number() -> None:
    narrow, wide = mlp(1, 1, 1, bias=False), mlp(1, 3, 1, bias=False)
    result = embed(wide, target=narrow, moves=[Split(1, 0, "r"), Split(1, 0, "r")])
    assert result.embedding.free == ("r",)
    assert result.critical is True


# General compatible embeddings


def test_threefold_splitting() -> None:
    narrow = mlp(1, 1, 2, 1)
    result = embed(mlp(1, 3, 6, 1), target=narrow, moves=["threefold()"])
    assert result.critical is True
    w2 = result.weights["W2"]
    assert [[int(v != 0) for v in row] for row in w2] == [
        [int(i // 2 == j) for j in range(3)] for i in range(6)
    ]
    top = [str(v) for v in result.weights["W3"].ravel()]
    assert top == ["W3[0,0]", "W3[0,1]"] * 2 + ["-W3[0,0]", "-W3[0,1]"]


def test_a_compatible_embedding_with_a_null_unit() -> None:
    """Copies with the multipliers 3 and -2, and a null unit that feeds on their difference."""
    narrow, wide = mlp(1, 1, 1, 1), mlp(1, 2, 2, 1)
    move = Compatible(index=((0, 0), (0, None)), alpha=([[1], [1]], [[3, -2], [5, -5]], [[1, 0]]))
    result = embed(wide, target=narrow, moves=[move])
    assert result.critical is True
    assert result.embedding.units is not None
    betas = [unit and evaluate(unit.multiplier, []) for unit in result.embedding.units[0]]
    assert betas == [3, -2]
    assert embed(
        wide, target=narrow, moves=[Compatible(move.index, move.alpha, beta=([3, -2], [1, 0]))]
    ).critical


def test_null_units_are_absorbed_by_biases() -> None:
    """The gaussian of 0 is 1: a null unit with the weight 4 lowers the next bias by 4."""
    narrow, wide = (mlp(1, n, 1, activation="gaussian") for n in (1, 2))
    result = embed(
        wide, target=narrow, weights=ONE_UNIT, moves=[Compatible(((0, None),), ([[1], [0]], [[1, 4]]))]
    )
    assert result.critical is True
    assert numbers(result) == {"W1": ["2", "0"], "b1": ["5", "0"], "W2": ["3", "4"], "b2": ["3"]}


def test_the_forward_condition() -> None:
    with pytest.raises(BadInput, match="the forward condition fails in row 0 of alpha\\[1\\]"):
        embed(mlp(1, 2, 1), target=mlp(1, 1, 1), moves=[Compatible(((0, 0),), ([[1], [1]], [[1, 1]]))])
    move = Compatible(((0, 0), (0, None)), ([[1], [1]], [["1/2", "1/2"], [1, 1]], [[1, 0]]))
    with pytest.raises(BadInput, match="must add up to 0"):
        embed(mlp(1, 2, 2, 1), target=mlp(1, 1, 1, 1), moves=[move])


def test_the_backward_condition() -> None:
    """Unequal ratios, as a compatible embedding: the function is kept, the rank grows from 9 to 11."""
    move = Compatible(((0, 0), (0, 1)), ([[1], [1]], [["1/2", "1/2"], ["1/3", "2/3"]], [[1, 1]]))
    result = embed(mlp(1, 2, 2, 1), target=mlp(1, 1, 2, 1), moves=[move])
    assert result.critical is False
    assert result.obstacles[0] == "compatible: the backward condition fails at unit 0 of layer 1"
    assert (result.target_rank, result.network_rank) == ((9, 9), (11, 11))


# Moves that keep the function only


@pytest.mark.parametrize(
    ("narrow", "move", "ranks", "obstacle"),
    [
        (mlp(1, 2, 2, 1), Split(1, 0, ("1/2", "1/3")), (13, 15), "unequal ratios"),
        (mlp(2, 2, 2, 1), Split(1, 0, ("1/2", "1/3")), (15, 18), "unequal ratios"),
        (mlp(1, 1, 1, activation="sigmoid", bias="hidden"), Split(1, 0, 1, -1), (3, 4), "needs biases"),
        (mlp(1, 1, 1, activation="silu", bias="hidden"), Split(1, 0, 1, -1), (3, 4), "silu has no parity"),
        (mlp(1, 1, 1, activation="exp", bias="hidden"), Split(1, 0, 1, -1), (2, 3), "exp has no parity"),
        (mlp(1, 1, 1), Constant(1, (3,)), (4, 5), "sigma'\\(bias\\) is not 0"),
        (mlp(1, 1, 1, activation="sigmoid"), Constant(1, (3,)), (4, 5), "sigma'\\(bias\\) is not 0"),
        (mlp(2, 2, 1), ZeroOut(1, (3, 1), 2), (9, 10), "new functions in its outgoing derivatives"),
        (mlp(2, 2, 2, 1), ZeroOut(1, (3, 1), 2), (15, 17), "new functions in its outgoing derivatives"),
        (mlp(2, 2, 1, activation="sigmoid", bias=False), Null(1), (6, 7), "the next layer has no biases"),
        (mlp(1, 1, 2, activation="exp", bias=False), Null(1), (3, 5), "the next layer has no biases"),
        (
            conv(input=(3,), kernel=(2,), channels=(1,), activation="sigmoid"),
            Null(1),
            (4, 5),
            "has no biases",
        ),
        (mlp(1, 1, 1, activation="cos", bias=False), Constant(1, (0,)), (2, 3), "has no biases"),
    ],
    ids=str,
)
def test_moves_that_raise_the_rank(
    narrow: Network, move: Move, ranks: tuple[int, int], obstacle: str
) -> None:
    model = move.apply(identity(narrow.model)).wide  # type: ignore[arg-type]  # every builder has a model
    result = embed(Network.of(model, "wide"), target=narrow, moves=[move])
    assert result.critical is False
    assert (result.target_rank, result.network_rank) == tuple((r, r) for r in ranks)
    with pytest.raises(AssertionError, match=obstacle):
        raise AssertionError(result.obstacles)


def test_sign_clones_of_silu_that_both_speak() -> None:
    """3 and 5: a sigma(z) + a' sigma(-z) has the function z in it, which no single SiLU neuron has."""
    net = mlp(1, 2, 1, activation="silu", bias="hidden")
    assert ll.model_rank(net, at={"W1": [[2], [-2]], "b1": [1, -1], "W2": [[3, 5]]}).lower == 5
    assert ll.model_rank(mlp(1, 1, 1, activation="silu", bias="hidden")).lower == 3


def test_unequal_ratios_into_one_unit_are_one_ratio() -> None:
    assert embed(mlp(1, 2, 1), target=mlp(1, 1, 1), moves=["split(1, 0, ('1/5',))"]).critical is True


def test_an_obstacle_may_turn_out_to_be_none() -> None:
    """Unequal ratios into units that nothing listens to: the kernel decides, not the table."""
    moves = [Null(2), Split(1, 0, ("1/2", "1/3"))]
    result = embed(mlp(1, 2, 2, 1), target=mlp(1, 1, 1, 1), moves=moves)
    assert result.critical is True
    assert result.obstacles == ()


def test_after_a_move_that_keeps_the_function_only() -> None:
    result = embed(
        mlp(1, 4, 1), target=mlp(1, 1, 1), moves=[ZeroOut(1, (1,)), Split(1, 0), SplitEvenly(1, 1, 2)]
    )
    assert result.critical is False
    assert result.network_rank == (5, 5)


def test_a_null_gelu_neuron_is_critical() -> None:
    """gelu(0) = 0."""
    narrow, wide = (mlp(1, n, 1, activation="gelu", bias=False) for n in (1, 2))
    result = embed(wide, target=narrow, moves=[Null(1)])
    assert (result.critical, result.verdict) == (True, "proved")


def test_unsettled() -> None:
    """Dawson's function is 0 at 0, which its equation says and no rule of embeddings uses."""
    narrow, wide = (mlp(1, n, 1, activation="ode:1-2*z*y1@0", bias=False) for n in (1, 2))
    result = embed(wide, target=narrow, moves=[Null(1)])
    assert (result.critical, result.verdict) == (None, "open")
    assert result.obstacles == ("null: sigma(bias) is not known to be 0, and the next layer has no biases",)


def test_a_null_softplus_neuron_adds_the_constant_function() -> None:
    """softplus(0) = log 2."""
    narrow, wide = (mlp(1, n, 1, activation="softplus", bias=False) for n in (1, 2))
    result = embed(wide, target=narrow, moves=[Null(1)])
    assert (result.critical, result.target_rank, result.network_rank[0]) == (False, (2, 2), 3)


# The default


@pytest.mark.parametrize(
    ("activation", "bias", "moves"),
    [
        ("tanh", False, ("null(layer=1, count=2)", "null(layer=2)")),
        ("sigmoid", True, ("null(layer=1, count=2)", "null(layer=2)")),
        (
            "sigmoid",
            False,
            ("split_evenly(layer=1, unit=0, copies=3)", "split_evenly(layer=2, unit=0, copies=2)"),
        ),
        ("sigmoid", "hidden", ("null(layer=1, count=2)", "split_evenly(layer=2, unit=0, copies=2)")),
        (
            "softplus",
            False,
            ("split_evenly(layer=1, unit=0, copies=3)", "split_evenly(layer=2, unit=0, copies=2)"),
        ),
    ],
)
def test_null_neurons_where_they_are_critical(
    activation: str, bias: bool | str, moves: tuple[str, ...]
) -> None:
    """arXiv:2307.08921, A.6 adds null neurons for any activation: without biases sigma(0) = 0 is needed."""
    narrow, wide = (mlp(*w, activation=activation, bias=bias) for w in ((2, 1, 2, 1), (2, 3, 3, 1)))
    result = embed(wide, target=narrow)
    assert result.moves == moves
    assert result.critical is True


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (mlp(2, 3), mlp(2, 3)),
        (diagonal(3), diagonal(3)),
        (matrix_factorization(rows=3, inner=1, cols=2), matrix_factorization(rows=3, inner=4, cols=2)),
        (conv(input=(4, 4), kernel=(2, 2), channels=(1,)), conv(input=(4, 4), kernel=(2, 2), channels=(3,))),
        (
            conv(input=(5,), kernel=(2,), channels=(1,), activation="sigmoid", shared=False),
            conv(input=(5,), kernel=(2,), channels=(2,), activation="sigmoid", shared=False),
        ),
    ],
    ids=str,
)
def test_every_family(narrow: Network, wide: Network) -> None:
    assert embed(wide, target=narrow).critical is True


def test_a_wide_network_is_not_expanded() -> None:
    result = embed(mlp(784, 100, 100, 1), target=mlp(784, 3, 2, 1))
    assert result.critical is True
    assert result.seconds < 30
    assert (result.network.parameter_count, result.target.parameter_count) == (88_701, 2_366)


# Targets of another shape


@pytest.mark.parametrize(
    ("narrow", "wide", "ranks", "obstacle"),
    [
        (mlp(2, 1, 1, bias=False), mlp(2, 2, 1), (3, 5), "no biases in layer 1"),
        (mlp(2, 1, 1, bias="hidden"), mlp(2, 2, 1), (4, 5), "no biases in layer 2"),
        (conv(input=(3,), kernel=(2,), channels=(1,)), mlp(3, 3, 1, bias=False), (4, 8), "is a convolution"),
        (
            conv(input=(3,), kernel=(2,), channels=(1,), bias=True),
            conv(input=(3,), kernel=(2,), channels=(2,), bias=True, shared=False),
            (6, 9),
            "shares its kernels",
        ),
        (
            conv(input=(3,), kernel=(2,), channels=(1,)),
            conv(input=(3,), kernel=(2,), channels=(1,), bias=True),
            (4, 6),
            "no hidden biases",
        ),
    ],
    ids=str,
)
def test_targets_with_fewer_parameters(
    narrow: Network, wide: Network, ranks: tuple[int, int], obstacle: str
) -> None:
    """Zero biases and the zeros of flattened kernels are new parameters: f is kept, the tangents are not."""
    result = embed(wide, target=narrow)
    assert result.critical is False
    assert (result.target_rank, result.network_rank) == tuple((r, r) for r in ranks)
    assert obstacle in result.obstacles[0]


def test_the_weights_of_a_flattened_convolution() -> None:
    narrow = conv(input=(2, 2), kernel=(1, 2), channels=(2,), bias=True)
    result = embed(mlp(4, 4, 1), target=narrow)
    text = [[str(v) for v in row] for row in result.weights["W1"]]
    assert text[0] == ["K[0,0,0]", "K[0,0,1]", "0", "0"]
    assert text[3] == ["0", "0", "K[1,0,0]", "K[1,0,1]"]
    assert [str(v) for v in result.weights["b1"]] == ["b[0]", "b[0]", "b[1]", "b[1]"]
    assert [str(v) for v in result.weights["W2"][0]] == ["a[0,0,0]", "a[0,1,0]", "a[1,0,0]", "a[1,1,0]"]


REFUSED: list[tuple[Network, Network, str]] = [
    (mlp(2, 3, 1), mlp(2, 4, 1), "hidden layer 1 of the target has width 4, of the network 3"),
    (mlp(2, 3, 1), mlp(2, 3, 3, 1), "the target has depth 3, the network 2"),
    (mlp(2, 3, 1), mlp(2, 3, 1, activation="sigmoid"), "the target has activation sigmoid, the network tanh"),
    (mlp(2, 3, 1), mlp(3, 3, 1), "the target has number of inputs 3, the network 2"),
    (mlp(2, 3, 1), mlp(2, 3, 2), "the target has number of outputs 2, the network 1"),
    (
        mlp(2, 3, 1, bias=False),
        mlp(2, 3, 1),
        "layer 1 of the target has biases and that of the network has none",
    ),
    (
        mlp(4, 2, 1),
        conv(input=(4,), kernel=(2,), channels=(1,)),
        "layer 1 of the target has width 3, of the network 2",
    ),
    (mlp(4, 3, 3, 1), conv(input=(4,), kernel=(2,), channels=(1,)), "the target is built by another builder"),
    (conv(input=(4,), kernel=(2,), channels=(1,)), mlp(4, 2, 1), "another builder than the network"),
    (
        conv(input=(4,), kernel=(2,), channels=(1,)),
        conv(input=(4,), kernel=(2,), channels=(1,), shared=False),
        "the target has shared False, the network True",
    ),
    (diagonal(3), diagonal(4), "the target has size 4, the network 3"),
    (
        conv(input=(4,), kernel=(2,), channels=(1,)),
        conv(input=(4,), kernel=(3,), channels=(1,)),
        "the target has kernel \\(3,\\), the network \\(2,\\)",
    ),
    (
        matrix_factorization(rows=2, inner=2, cols=2),
        matrix_factorization(rows=3, inner=2, cols=2),
        "the target has number of rows 3, the network 2",
    ),
]


@pytest.mark.parametrize(("wide", "narrow", "reason"), REFUSED, ids=[reason for *_, reason in REFUSED])
def test_networks_that_do_not_fit(wide: Network, narrow: Network, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        embed(wide, target=narrow)


BAD_MOVES: dict[str, str] = {
    "split(2, 0)": "there is no hidden layer 2; the layers are 1 to 1",
    "split(1, 5)": "hidden layer 1 has the units 0 to 1, not 5",
    "split(1, 0, 0.5)": "0.5 is no number; give an integer, 'p/q' or a name",
    "split(1, 0, '1/0')": "'1/0' is no number",
    "split(1, 0, True)": "True is no number",
    "split(1, 0, (1, 2))": "2 ratios are given; give one, or 1",
    "split(1, 0, sign=2)": "sign is 2; use 1 or -1",
    "split_evenly(1, 0, 0)": "0 units were asked for; give a positive integer",
    "null(1, 0, -1)": "-1 units were asked for",
    "constant(1, (1,), 'beta')": "is not known to be rational; choose a bias where it is",
    "constant(1, (1, 2))": "constant: outgoing is \\(1, 2\\); give a list of 1 numbers",
    "zero_out(1, (0, 0))": "all incoming weights are 0; use null",
    "null": "is no call with literal arguments",
    "null(open('x'))": "is no call with literal arguments",
    "clone(1)": "there is no move 'clone'; there are split,",
    "split(1)": "split: missing a required argument: 'unit'; the move is split",
    "threefold(1)": "threefold\\(\\) has no arguments",
    "null(1, 0, 2)": "of the target has width 4, of the network 3",
}


@pytest.mark.parametrize(("text", "reason"), BAD_MOVES.items(), ids=BAD_MOVES)
def test_moves_that_do_not_fit(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        embed(mlp(2, 3, 1), target=mlp(2, 2, 1), moves=[text])


@pytest.mark.parametrize(
    ("activation", "bias", "text", "reason"),
    [
        ("silu", True, "split(1, 0, '1/2', -1)", "silu has no parity that undoes it; use alpha=1"),
        ("exp", True, "split(1, 0, '1/2', -1)", "exp has no parity that undoes it; use alpha=1"),
        ("sigmoid", False, "split(1, 0, '1/2', -1)", "sigmoid needs biases in the next layer for it"),
        ("gaussian", False, "constant(1, (1,))", "no next bias absorbs it; f would change"),
        ("tanh", False, "null(1, 1)", "the layer has no biases; leave the bias out"),
    ],
)
def test_moves_that_would_change_the_function(activation: str, bias: bool, text: str, reason: str) -> None:
    narrow, wide = (mlp(1, n, 1, activation=activation, bias=bias) for n in (1, 2))
    with pytest.raises(BadInput, match=reason):
        embed(wide, target=narrow, moves=[text])


MOVES: list[Move] = [
    Split(1, 0, Fraction(1, 3), -1),
    Split(1, 0, ("1/2", "alpha")),
    SplitEvenly(1, 0, 3),
    Null(1, "beta", 2),
    Constant(1, (1, "v")),
    ZeroOut(1, (1,), 2),
]


@pytest.mark.parametrize("move", MOVES, ids=str)
def test_the_text_of_a_move_is_read_back(move: Move) -> None:
    again = parse_move(str(move), Layered((1, 1, 1), "tanh", (True, True)))
    assert str(again) == str(move)
    assert type(again) is type(move)


def test_a_proof_beyond_the_limits_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(claim: str, certificate: str) -> None:
        raise Rejected("limit: too many terms")

    monkeypatch.setattr("llrsym.embedding.embed.verify", refuse)
    with pytest.raises(
        BadInput, match="no proof within the limits of the kernel \\(limit: too many terms\\)"
    ):
        embed(mlp(1, 2, 1), target=mlp(1, 1, 1))


def test_threefold_is_for_mlp() -> None:
    with pytest.raises(BadInput, match="no hidden layer"):
        threefold(Layered((1, 1), "tanh", (True,)))
    with pytest.raises(BadInput, match="widens an mlp"):
        embed(diagonal(2), target=diagonal(2), moves=["threefold()"])
    with pytest.raises(BadInput, match="no hidden layer 1"):
        embed(diagonal(2), target=diagonal(2), moves=["null(1)"])
