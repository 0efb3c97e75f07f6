"""The rule for embeddings: what it proves, and a false theorem for every check that is dropped."""

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from llrsym.embedding.documents import certificate_text, claim_text, model_document
from llrsym.embedding.maps import Embedding, identity
from llrsym.embedding.moves import Constant, Move, Null, Split
from llrsym.embedding.widening import widening
from llrsym.kernel import layered_embeddings, register_embeddings
from llrsym.kernel.check import check
from llrsym.kernel.embeddings import KEEPS_FUNCTION, KEEPS_TANGENTS
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.formal import Ring
from llrsym.kernel.layered_embeddings import FIRST_VARIABLE
from llrsym.kernel.models import Layered, parameter_count
from llrsym.networks.builders import conv, matrix_factorization, mlp
from llrsym.networks.network import Network
from llrsym.tangent.rank import model_rank

Texts = tuple[dict[str, Any], dict[str, Any]]
Patch = pytest.MonkeyPatch


def texts(embedding: Embedding, keeps: str = KEEPS_TANGENTS) -> Texts:
    """The claim and the certificate as documents that can be changed."""
    return json.loads(claim_text(embedding, "wide", "narrow", keeps)), json.loads(certificate_text(embedding))


def moved(network: Network, *moves: Move) -> Embedding:
    assert network.model is not None
    embedding = identity(network.model)
    for move in moves:
        embedding = move.apply(embedding)
    return embedding


def judge(documents: Texts) -> str:
    """The statement, or the reason of the rejection."""
    try:
        return check(*(json.dumps(d) for d in documents)).text
    except Rejected as error:
        return f"rejected: {error}"


def is_proved(documents: Texts) -> bool:
    return not judge(documents).startswith("rejected")


def variable(number: int, coefficient: str = "1") -> list[object]:
    return [[[[number, 1]], coefficient]]


# What it proves


def test_a_split_neuron_keeps_function_and_tangent_functions() -> None:
    statement = judge(texts(moved(mlp(2, 2, 1), Split(1, 0, "1/3"))))
    assert statement.endswith(
        "f and the span of the tangent functions are those of the former (where defined)"
    )
    assert statement.startswith("at the image of every weight of Layered(widths=(2, 2, 1)")
    assert "in Layered(widths=(2, 3, 1)" in statement
    other = judge(texts(moved(mlp(2, 2, 1), Split(1, 0, "1/3")), KEEPS_FUNCTION))
    assert other.endswith("f is that of the former (where defined)")


def test_the_bound_of_the_statement_is_the_number_of_narrow_parameters() -> None:
    embedding = moved(mlp(2, 2, 1), Null(1))
    sides = claim_text(embedding, "", "", KEEPS_TANGENTS), certificate_text(embedding)
    assert check(*sides).upper == 9
    assert check(claim_text(embedding, "", "", KEEPS_FUNCTION), sides[1]).upper == 13


def test_a_wide_network_of_88701_parameters_takes_no_time() -> None:
    narrow, wide = mlp(784, 3, 2, 1).model, mlp(784, 100, 100, 1).model
    assert narrow is not None
    assert wide is not None
    assert parameter_count(wide) == 88_701
    assert is_proved(texts(widening(narrow, wide)))


def test_the_first_variables_of_the_ring_are_the_narrow_weights() -> None:
    ring = Ring()
    numbers = [next(iter(ring.variable("theta", n)))[0][0] for n in range(3)]
    assert numbers == [FIRST_VARIABLE, FIRST_VARIABLE + 1, FIRST_VARIABLE + 2]


# Layered: a false theorem for every check


def test_forward_weights(monkeypatch: Patch) -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Split(1, 0, "1/3")))
    entry = [row for row in claim["map"] if row[0] == 4]  # W2[0,0], a third of the old one
    assert entry == [[4, variable(2, "1/3")]]
    entry[0][1] = variable(2, "1/2")
    assert "is not that of its narrow unit" in judge((claim, certificate))
    claim["keeps"] = KEEPS_FUNCTION
    assert "is not that of its narrow unit" in judge((claim, certificate))
    monkeypatch.setattr(layered_embeddings, "_check_forward", lambda *arguments: {})
    assert is_proved((claim, certificate))


def test_forward_constants() -> None:
    """The sigmoid of a sign clone leaves a constant behind, which the next bias has to absorb."""
    claim, certificate = texts(moved(mlp(1, 1, 1, activation="sigmoid"), Split(1, 0, "1/3", -1)))
    assert is_proved((claim, certificate))
    (bias,) = [row for row in claim["map"] if row[0] == 6]
    assert bias == [6, [[[[2, 1]], "2/3"], [[[3, 1]], "1"]]]
    bias[1] = variable(3)
    assert "is not that of its narrow unit" in judge((claim, certificate))


def test_forward_constants_of_null_units_with_an_unknown_value() -> None:
    """tanh(1) is a symbol: it cancels between two null units, and is absorbed by no rational bias."""
    claim, certificate = texts(moved(mlp(1, 1, 1), Null(1, 1), Null(1, 1)))
    claim["keeps"] = KEEPS_FUNCTION
    claim["map"] += [[7, "5"], [8, "-5"]]
    assert is_proved((claim, certificate))
    claim["map"][-1] = [8, "-4"]
    assert "is not that of its narrow unit" in judge((claim, certificate))


def test_a_null_unit_may_not_depend_on_x() -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Null(1)))
    claim["map"].append([1, "1"])
    assert "is not that of its narrow unit" in judge((claim, certificate))


def test_backward(monkeypatch: Patch) -> None:
    """13 -> 15: a clone with unequal ratios."""
    embedding = moved(mlp(1, 2, 2, 1), Split(1, 0, ("1/2", "1/3")))
    documents = texts(embedding)
    for multiplier in ("1/2", "1/3", "0"):
        documents[1]["units"][0][0]["multiplier"] = multiplier
        assert "no multiple as claimed" in judge(documents)
    assert is_proved(texts(embedding, KEEPS_FUNCTION))
    monkeypatch.setattr(layered_embeddings, "_check_backward", lambda *arguments: None)
    assert is_proved(documents)


@pytest.mark.parametrize("wrong", ["1/2", "-1/3", "0", variable(0)])
def test_wrong_multipliers_are_noticed(wrong: object) -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Split(1, 0, "1/3")))
    certificate["units"][0][0]["multiplier"] = wrong
    assert "no multiple as claimed" in judge((claim, certificate))


def test_a_constant_neuron_needs_a_vanishing_slope() -> None:
    """Rank 5 instead of 4 for tanh; gaussian and cos have slope 0 at 0."""
    for activation in ("gaussian", "cos", "sech"):
        assert is_proved(texts(moved(mlp(1, 1, 1, activation=activation), Constant(1, (3,)))))
    for activation in ("tanh", "sigmoid", "sin", "silu"):
        embedding = moved(mlp(1, 1, 1, activation=activation), Constant(1, (3,)))
        assert "no multiple as claimed" in judge(texts(embedding))
        assert is_proved(texts(embedding, KEEPS_FUNCTION))


def test_derivatives_by_outgoing_weights(monkeypatch: Patch) -> None:
    """6 -> 7: a null neuron whose value is not 0, without next biases."""
    documents = texts(moved(mlp(2, 2, 1, activation="sigmoid", bias=False), Null(1)))
    assert "has a constant part" in judge(documents)
    monkeypatch.setattr(layered_embeddings, "_check_derivatives", lambda *arguments: None)
    assert is_proved(documents)


def test_derivatives_by_outgoing_weights_of_a_sign_clone() -> None:
    """3 -> 4: sigma(-z) = 1 - sigma(z) without next biases, although the clone has no outgoing weight."""
    sigmoid = mlp(1, 1, 1, activation="sigmoid", bias="hidden")
    assert "has a constant part" in judge(texts(moved(sigmoid, Split(1, 0, 1, -1))))
    assert is_proved(texts(moved(mlp(1, 1, 1, activation="sigmoid"), Split(1, 0, 1, -1))))


def test_derivatives_by_biases_that_the_narrow_network_lacks() -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1, bias=False), Split(1, 0)))
    claim["model"]["biases"] = [False, True]
    assert "the derivative by a bias has no counterpart" in judge((claim, certificate))
    claim["keeps"] = KEEPS_FUNCTION
    assert is_proved((claim, certificate))


def test_biases_that_the_wide_network_lacks_are_not_lost() -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Split(1, 0)))
    claim["model"]["biases"] = [True, False]
    claim["map"] = [row for row in claim["map"] if row[0] != 6]
    assert "is not that of its narrow unit" in judge((claim, certificate))


def test_a_change_of_sign_needs_a_parity(monkeypatch: Patch) -> None:
    """As a certificate for tanh, the clone of an exponential or a SiLU neuron has another value."""
    claim, certificate = texts(moved(mlp(1, 1, 1), Split(1, 0, "1/3", -1)))
    assert is_proved((claim, certificate))
    for name in ("exp", "silu", "softplus"):
        claim["model"]["activation"] = claim["target_model"]["activation"] = name
        assert "no parity that undoes a change of sign" in judge((claim, certificate))
    monkeypatch.setattr(layered_embeddings, "_check_units", lambda *arguments: None)
    claim["keeps"] = KEEPS_FUNCTION
    claim["map"] = [row if row[0] != 5 else [5, variable(2, "2/3")] for row in claim["map"]]
    assert is_proved((claim, certificate))


def test_parity_signs(monkeypatch: Patch) -> None:
    """Even activations: the value of a mirrored clone keeps its sign, its slope changes it."""
    for name, outgoing in (("tanh", "-2/3"), ("gaussian", "2/3")):
        claim, certificate = texts(moved(mlp(1, 1, 1, activation=name), Split(1, 0, "1/3", -1)))
        assert [5, variable(2, outgoing)] in claim["map"]
        assert certificate["units"][0][1] == {"index": 0, "sign": -1, "multiplier": "-2/3"}
        certificate["units"][0][1]["multiplier"] = "2/3"
        assert "no multiple as claimed" in judge((claim, certificate))


def test_units_are_counted_and_in_range() -> None:
    claim, certificate = texts(moved(mlp(1, 2, 1), Split(1, 0)))
    for units in ([], [certificate["units"][0][:2]], [*certificate["units"], []]):
        assert "one unit for every hidden unit" in judge((claim, {**certificate, "units": units}))
    certificate["units"][0][0]["index"] = 2
    assert "an index beyond the narrow layer" in judge((claim, certificate))


def test_the_ends_and_the_activations_agree(monkeypatch: Patch) -> None:
    documents = texts(moved(mlp(1, 2, 1), Split(1, 0)))
    documents[0]["model"]["activation"] = "sinh"
    assert "activation differ" in judge(documents)
    monkeypatch.setattr(layered_embeddings, "_ends", lambda model: None)
    assert is_proved(documents)


@pytest.mark.parametrize("widths", [(2, 3, 1), (1, 3, 2), (1, 3, 2, 1)])
def test_other_inputs_outputs_and_depths_are_refused(widths: tuple[int, ...]) -> None:
    claim, certificate = texts(moved(mlp(1, 2, 1), Split(1, 0)))
    claim["model"] = model_document(Layered(widths, "tanh", (True,) * (len(widths) - 1)))
    assert "inputs, outputs, depth or activation differ" in judge((claim, certificate))


def test_a_unit_on_a_pole_is_no_function() -> None:
    """1/(1 - z) at z = 1: the wide network is defined nowhere."""
    documents = texts(moved(mlp(1, 1, 1), Null(1, 1)))
    for activation, proved in (("rational:1/2,-1", True), ("rational:1/1,-1", False)):
        for side in MODELS:
            documents[0][side]["activation"] = activation
        assert is_proved(documents) == proved
    assert "a unit sits on a pole" in judge(documents)


def test_rational_values_are_computed() -> None:
    """1/(1 + z^2) is 1/2 at 1, with slope -1/2; at 0 the slope vanishes."""
    net = mlp(1, 1, 1, activation="rational:1/1,0,1")
    claim, certificate = texts(moved(net, Constant(1, (4,), 1)), KEEPS_FUNCTION)
    assert [6, [[[], "-2"], [[[3, 1]], "1"]]] in claim["map"]
    assert is_proved((claim, certificate))
    assert "no multiple as claimed" in judge(({**claim, "keeps": KEEPS_TANGENTS}, certificate))
    assert is_proved(texts(moved(net, Constant(1, (4,), 0))))


@pytest.mark.parametrize("activation", ["arctan", "erf", "gelu"])
def test_parity_gives_the_value_at_zero_without_a_closed_form(activation: str) -> None:
    assert is_proved(texts(moved(mlp(1, 1, 1, activation=activation, bias=False), Null(1))))


@pytest.mark.parametrize(
    ("activation", "reason"),
    [
        ("softplus", "layered: a unit has a constant part, and the next narrow layer has no biases"),
    ],
)
def test_an_unknown_value_is_not_taken_for_zero(activation: str, reason: str) -> None:
    unbiased = moved(mlp(1, 1, 1, activation=activation, bias=False), Null(1))
    assert judge(texts(unbiased)) == f"rejected: {reason}"
    assert is_proved(texts(moved(mlp(1, 1, 1, activation=activation), Null(1))))


@pytest.mark.parametrize("bias", [-1, 0, 1])
def test_a_unit_with_a_square_root_may_be_no_function(bias: int) -> None:
    """sqrt(-1): the wide network is defined nowhere, whatever the unit is multiplied by."""
    documents = texts(moved(mlp(1, 1, 1), Null(1, bias)))
    assert is_proved(documents)
    for side in MODELS:
        documents[0][side]["activation"] = "sqrt"
    assert judge(documents) == "rejected: embedding: sqrt is not defined for all real numbers"


def test_free_numbers_stand_for_every_value() -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Split(1, 0, "alpha"), Null(1, "beta")))
    assert claim["free"] == 2
    assert "for all 2 free numbers" in judge((claim, certificate))
    claim["map"] = [
        row if row[0] != 7 else [7, variable(4)] for row in claim["map"]
    ]  # alpha for (1 - alpha) a
    assert "is not that of its narrow unit" in judge((claim, certificate))


def test_the_certificate_fits_the_kind_of_network() -> None:
    claim, _ = texts(moved(matrix_factorization(rows=2, inner=1, cols=2), Null(1)))
    certificate = {"format": "llrsym-certificate-1", "rule": "layered", "units": [[None, None]]}
    assert "compares two layered models" in judge((claim, certificate))


# Formal


CONV = conv(input=(4,), kernel=(2,), channels=(1,), bias=True)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gaussian", "power:2"])
@pytest.mark.parametrize("shared", [True, False])
def test_whole_channels(activation: str, shared: bool) -> None:
    net = conv(input=(3, 2), kernel=(2, 1), channels=(2,), activation=activation, shared=shared, bias=True)
    documents = texts(moved(net, Split(1, 0, "alpha"), Null(1), Split(1, 1, "1/3", -1)))
    assert documents[1]["rule"] == "formal"
    assert is_proved(documents)


def test_long_outputs_of_both_programs_are_compared() -> None:
    """98 terms: no register of one program may stand for an expression of the other."""
    net = conv(input=(9, 9), kernel=(3, 3), channels=(2,))
    assert is_proved(texts(moved(net, Null(1), Split(1, 0, "1/3"))))


def test_the_outputs_are_compared(monkeypatch: Patch) -> None:
    claim, certificate = texts(moved(CONV, Split(1, 0, "1/3")))
    position = next(k for k, row in enumerate(claim["map"]) if row[1] == variable(3, "1/3"))
    claim["map"][position][1] = variable(3, "1/2")
    assert judge((claim, certificate)) == "rejected: formal: output 0 is another function"
    claim["keeps"] = KEEPS_FUNCTION
    assert judge((claim, certificate)) == "rejected: formal: output 0 is another function"


def test_every_row_is_compared(monkeypatch: Patch) -> None:
    """A wrong, a missing and a superfluous row; without the check a rank that has grown would be kept."""
    claim, certificate = texts(moved(CONV, Split(1, 0, "1/3")))
    good = certificate["rows"]
    assert is_proved((claim, certificate))
    for rows in (
        good[1:],
        [[good[0][0], [[0, "1/2"]]], *good[1:]],
        [[good[0][0], [[0, "1/3"], [1, "1"]]], *good[1:]],
    ):
        assert "is not the combination given" in judge((claim, {**certificate, "rows": rows}))
    monkeypatch.setattr(register_embeddings.Comparison, "check_rows", lambda *arguments: None)
    assert is_proved((claim, {**certificate, "rows": []}))


def test_a_null_channel_needs_a_value_that_vanishes_or_an_output_bias() -> None:
    for bias, proved in (("hidden", False), (True, True)):
        net = conv(input=(3,), kernel=(2,), channels=(1,), activation="sigmoid", bias=bias)
        assert is_proved(texts(moved(net, Null(1)))) == proved
    assert is_proved(texts(moved(conv(input=(3,), kernel=(2,), channels=(1,)), Null(1))))


def test_rows_name_parameters_that_exist() -> None:
    claim, certificate = texts(moved(CONV, Split(1, 0, "1/3")))
    rows = certificate["rows"]
    for more in ([99, [[0, "1"]]], [0, [[99, "1"]]]):
        other = [row for row in rows if row[0] != more[0]]
        assert "a parameter that does not exist" in judge((claim, {**certificate, "rows": [*other, more]}))


def test_inputs_and_outputs_are_counted() -> None:
    claim, certificate = texts(moved(CONV, Split(1, 0)))
    claim["model"]["input"] = [5]
    assert "differ in inputs or outputs" in judge((claim, certificate))


def test_poles_are_refused_in_any_program() -> None:
    claim, certificate = texts(moved(conv(input=(2,), kernel=(1,), channels=(1,), bias=True), Null(1)))
    claim["keeps"] = KEEPS_FUNCTION
    claim["map"].append([3, "1"])  # the bias of the null channel
    assert is_proved((claim, certificate))
    for side in ("model", "target_model"):
        claim[side]["activation"] = "rational:1/1,-1"
    assert "a unit sits on a pole" in judge((claim, certificate))


@pytest.mark.parametrize("move", [Split(1, 0, "alpha"), Null(1), Split(1, 1, "1/3", -1)], ids=str)
def test_inner_dimensions_of_a_factorisation(move: Move) -> None:
    assert is_proved(texts(moved(matrix_factorization(rows=2, inner=2, cols=3), move)))


def test_a_factorisation_with_a_zero_column_but_a_full_row_is_not_critical() -> None:
    claim, certificate = texts(moved(matrix_factorization(rows=2, inner=1, cols=2), Null(1)))
    claim["map"].append([6, "1"])  # B[1,0]
    assert "is not the combination given" in judge((claim, certificate))
    claim["keeps"] = KEEPS_FUNCTION
    assert is_proved((claim, certificate))


# Documents

MODELS = ("model", "target_model")
Change = Callable[[dict[str, Any], dict[str, Any]], object]
MALFORMED: dict[str, Change] = {
    "an unknown key of the claim": lambda claim, _: claim.update(extra=1),
    "a missing key of the claim": lambda claim, _: claim.pop("free"),
    "another format": lambda claim, _: claim.update(format="llrsym-claim-2"),
    "something else to keep": lambda claim, _: claim.update(keeps="rank"),
    "a truth value for a number": lambda claim, _: claim.update(free=True),
    "an unknown family": lambda claim, _: claim["model"].update(family="residual"),
    "an unknown key of a model": lambda claim, _: claim["model"].update(extra=1),
    "a missing activation": lambda claim, _: [claim[side].update(activation="relu") for side in MODELS],
    "an entry twice": lambda claim, _: claim["map"].append(claim["map"][0]),
    "a negative entry": lambda claim, _: claim["map"].append([-1, "1"]),
    "a zero coefficient": lambda claim, _: claim["map"].append([8, variable(0, "0")]),
    "a term twice": lambda claim, _: claim["map"].append([8, variable(0) * 2]),
    "a variable that does not exist": lambda claim, _: claim["map"].append([8, variable(4)]),
    "a variable twice": lambda claim, _: claim["map"].append([8, [[[[0, 1], [0, 1]], "1"]]]),
    "the power 0": lambda claim, _: claim["map"].append([8, [[[[0, 0]], "1"]]]),
    "a number that is no string": lambda claim, _: claim["map"].append([8, 1]),
    "a denominator 0": lambda claim, _: claim["map"].append([8, "1/0"]),
    "an unknown rule": lambda _, certificate: certificate.update(rule="believe"),
    "an unknown key of the certificate": lambda _, certificate: certificate.update(extra=1),
    "another format of the certificate": lambda _, certificate: certificate.update(format="x"),
    "the sign 0": lambda _, certificate: certificate["units"][0][0].update(sign=0),
    "the sign true": lambda _, certificate: certificate["units"][0][0].update(sign=True),
    "a negative index": lambda _, certificate: certificate["units"][0][0].update(index=-1),
    "a missing multiplier": lambda _, certificate: certificate["units"][0][0].pop("multiplier"),
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_documents(change: Change) -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Null(1), Null(1)))
    assert is_proved((claim, certificate))
    change(claim, certificate)
    with pytest.raises(Malformed):
        check(json.dumps(claim), json.dumps(certificate))


def test_malformed_rows() -> None:
    claim, certificate = texts(moved(CONV, Split(1, 0, "1/3")))
    first = certificate["rows"][0]
    for rows in ([first, first], [[first[0], [*first[1], *first[1]]]], [[first[0], "1"]], {}):
        with pytest.raises(Malformed):
            check(json.dumps(claim), json.dumps({**certificate, "rows": rows}))


def test_an_entry_beyond_the_parameters_is_rejected() -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Null(1)))
    claim["map"].append([7, "1"])
    assert (
        judge((claim, certificate))
        == "rejected: embedding: an entry of the map is no parameter of the network"
    )


def test_the_number_of_variables_is_limited() -> None:
    claim, certificate = texts(moved(mlp(1, 1, 1), Null(1)))
    claim["free"] = 10**12
    assert judge((claim, certificate)).startswith("rejected: limit: the map has 1000000000004 variables")


# The false theorems are false: exact ranks at one weight


@pytest.mark.parametrize(
    ("network", "move", "ranks"),
    [
        (mlp(1, 2, 2, 1), Split(1, 0, ("1/2", "1/3")), (13, 15)),
        (mlp(2, 2, 1, activation="sigmoid", bias=False), Null(1), (6, 7)),
        (mlp(1, 1, 1, activation="sigmoid", bias="hidden"), Split(1, 0, 1, -1), (3, 4)),
        (mlp(1, 1, 1), Constant(1, (3,)), (4, 5)),
    ],
    ids=str,
)
def test_ranks_of_the_moves_that_are_refused(network: Network, move: Move, ranks: tuple[int, int]) -> None:
    from llrsym.embedding.embed import embed

    embedding = moved(network, move)
    assert isinstance(embedding.wide, Layered)
    bias = {(True, True): True, (False, False): False, (True, False): "hidden"}[embedding.wide.biases[-2:]]
    wide = mlp(*embedding.wide.widths, activation=embedding.wide.activation, bias=bias)
    names = {name: shape for name, shape, _ in network.layers}
    point = {name: filled(shape, k) for k, (name, shape) in enumerate(names.items())}
    result = embed(wide, target=network, weights=point, moves=[move])
    assert model_rank(network, at=point).lower == ranks[0]
    assert result.critical is False
    assert result.network_rank == (ranks[1], ranks[1])


def filled(shape: tuple[int, ...], start: int) -> object:
    """Fractions that are all different."""
    if not shape:
        return Fraction(2 * start + 3, 7)
    return [filled(shape[1:], start + 5 * k + 1) for k in range(shape[0])]
