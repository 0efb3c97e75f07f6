"""Thousands of damaged claims and certificates: refused, or the theorem that is accepted is true.

The truth of what is accepted is judged by numerical differentiation with 100 digits, which shares no code
with the kernel.
"""

import copy
import json
import random
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llrsym.kernel.check import Statement, check
from llrsym.kernel.decoding import decode
from llrsym.kernel.documents import ALMOST_EVERY, GIVEN, Certificate, Claim, read_claim
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import mlp
from llrsym.networks.expressions import parse_functions
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.documents import certificate_text, claim_text
from llrsym.tangent.rank import Question, silent
from tests.kernel.scenarios import Texts, numerical_rank, time_limit

SECONDS = 10
NETWORKS: dict[str, Callable[[], tuple[Network, dict[str, object] | None]]] = {
    "clones": lambda: (
        mlp(1, 2, 1, bias=False),
        {"W1": [[1], [-1]], "W2": [[1, 2]]},
    ),
    "powers of e": lambda: (
        mlp(1, 2, 1, activation="exp"),
        {"W1": [[1], [1]], "b1": [0, 1], "W2": [[1, 2]], "b2": [0]},
    ),
    "almost every": lambda: (mlp(1, 2, 1, activation="exp", bias="hidden"), None),
    "homogeneous": lambda: (mlp(1, 1, 1, activation="power:2", bias=False), None),
    "rewriting": lambda: (parse_functions(["exp(sin(x)^2)", "exp(-cos(x)^2)", "x"]), {"a": [0, 0, 0]}),
    "ambient": lambda: (
        mlp(2, 3, 1, activation="power:2", bias=False),
        {"W1": [[1, 2]] * 3, "W2": [[1] * 3]},
    ),
    "two outputs": lambda: (
        mlp(1, 2, 2, activation="sin", bias=False),
        {"W1": [[1], [1]], "W2": [[1, 2], [3, "1/2"]]},
    ),
    "tied quotient": lambda: (tied_quotient(), {"w": [1, 2], "v": ["1/3"]}),
    "roots": lambda: (
        parse_functions(["sqrt(x + 1)", "x/sqrt(x + 1)", "1/sqrt(x + 1)", "sqrt(2 - x)"]),
        {"a": [0, 0, 0, 0]},
    ),
    "logarithms": lambda: (
        parse_functions(["arctan(x)", "arctan(-x)", "softplus(x)", "softplus(-x)", "x", "exp(x)"]),
        {"a": [0, 0, 0, 0, 0, 0]},
    ),
    "normalised": lambda: (normalised(), None),
}


def tied_quotient() -> Network:
    """v sigmoid(w0 x + w1) / (1 + w0^2): one division and one weight in two places."""
    net = Assembly((1,), {"w": (2,), "v": (1,)})
    first, second = (net.gather([net.parameter("w")], [k], (1,)) for k in (0, 1))
    h = net.activation("sigmoid", net.add(net.multiply(first, net.input), second))
    below = net.add(net.constant([1], (1,)), net.multiply(first, first))
    return Network("tied", net.finish(net.divide(net.multiply(net.parameter("v"), h), below)))


def normalised() -> Network:
    """v arctan(w x / sqrt(1 + (w x)^2)) at almost every weight."""
    net = Assembly((1,), {"w": (1,), "v": (1,)})
    z = net.multiply(net.parameter("w"), net.input)
    root = net.activation("sqrt", net.add(net.constant([1], (1,)), net.multiply(z, z)))
    h = net.activation("arctan", net.divide(z, root))
    return Network("normalised", net.finish(net.multiply(net.parameter("v"), h)))


@lru_cache(maxsize=32)
def valid_documents(name: str) -> Texts:
    """A claim and a certificate that the kernel accepts, with both bounds closed where possible."""
    network, at = NETWORKS[name]()
    weights = None if at is None else exact_weights(network, at)
    question = Question("model_rank", network, weights, 0, None, True, silent)
    question.answer(None)
    lower, upper = question.lower, question.upper
    place = ALMOST_EVERY if weights is None else GIVEN
    claim = Claim("model_rank", network.text, place, lower.rank, upper.rank, network.program, weights)
    return claim_text(claim), certificate_text(Certificate(lower.certificate, upper.certificate))


@lru_cache(maxsize=4096)
def true_rank(program: str, weights: str) -> int | None:
    """The rank at the weights, or at random ones; None where the network is not defined."""
    document = json.loads(valid_documents("clones")[0])
    tensors = json.loads(weights)
    document |= {"program": json.loads(program), "weights": tensors, "lower": 0}
    claim = read_claim(document | {"at": ALMOST_EVERY if tensors is None else GIVEN})
    try:
        return numerical_rank(claim.program, claim.weights)
    except (ArithmeticError, ValueError):
        return None


def accepted(claim: str, certificate: str) -> Statement | None:
    """The statement, or None if it is refused; any other end fails the test."""
    with time_limit(SECONDS):
        try:
            return check(claim, certificate)
        except (Malformed, Rejected):
            return None


def assert_true(statement: Statement, claim: str) -> None:
    document = json.loads(claim)
    rank = true_rank(json.dumps(document["program"]), json.dumps(document["weights"]))
    assert rank is None or statement.lower <= rank <= statement.upper, (statement.text, rank, claim)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_documents_are_valid_before_they_are_damaged(name: str) -> None:
    claim, certificate = valid_documents(name)
    statement = accepted(claim, certificate)
    assert statement is not None
    assert statement.lower == statement.upper
    assert_true(statement, claim)


def test_the_documents_contain_every_kind_of_proof() -> None:
    texts = {name: valid_documents(name) for name in NETWORKS}
    uppers = {name: json.loads(certificate)["upper"] for name, (_, certificate) in texts.items()}
    assert uppers["ambient"]["rule"] == "ambient" or uppers["ambient"]["relations"]
    assert '"e"' in json.dumps(uppers["powers of e"]["relations"])
    assert '"theta"' in json.dumps(uppers["almost every"]["relations"])
    assert uppers["rewriting"]["relations"]
    assert json.loads(texts["rewriting"][1])["lower"]["rewrites"]
    assert len(json.loads(texts["two outputs"][1])["lower"]["rows"][0]) == 2
    assert len(json.loads(texts["roots"][1])["lower"]["points"]["witnesses"]) == 2
    assert len(json.loads(texts["normalised"][1])["lower"]["points"]["witnesses"]) == 1


# Damage

Path = tuple[str | int, ...]
SAMPLES: list[object] = [0, 1, -1, 2, 7, 10**7, True, None, 0.5, "0", "1", "-1", "1/2", "x", "", [], {}, [[]]]
SAMPLES += [
    "tanh",
    "exp",
    "sqrt",
    "arctan",
    "softplus",
    "relations",
    "parameters",
    "ambient",
    "add",
    "multiply",
    "einsum",
    "given",
]
SAMPLES += [
    [[2, 1]],
    {"c": "1"},
    {"c": "1", "e": "1"},
    {"c": "1", "theta": [[0, 1], [0, 1]]},
    8388593,
]


def paths(document: object, prefix: Path = ()) -> list[Path]:
    """All places of a document, but the root."""
    items: list[tuple[str | int, object]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    return [p for key, value in items for p in ((*prefix, key), *paths(value, (*prefix, key)))]


def at(document: object, path: Path) -> object:
    for key in path:
        document = document[key]  # type: ignore[index]  # the path leads through containers
    return document


def put(document: object, path: Path, value: object) -> None:
    at(document, path[:-1])[path[-1]] = value  # type: ignore[index]  # the path leads through containers


def nearby(value: object, draw: random.Random) -> object:
    """A value of the same kind that differs a little."""
    match value:
        case bool() | None:
            return draw.choice(SAMPLES)
        case int():
            return draw.choice([value + 1, value - 1, 0, 1, 2 * value, -value, value + 2])
        case str() if value.lstrip("-").replace("/", "", 1).isdigit():
            number = Fraction(value)
            return str(draw.choice([number + 1, -number, number / 2, number * 3, number - 1, 1 + 0 * number]))
        case str():
            return draw.choice(
                [value + "x", value[1:], value.upper(), "exp", "sin", "sqrt", "arctan", "power:2"]
            )
        case list() if value:
            shuffled = draw.sample(value, len(value))
            return draw.choice([shuffled, value + value[-1:], value[:-1], value[::-1], value[1:]])
        case _:
            return draw.choice(SAMPLES)


def damage(document: object, draw: random.Random) -> None:
    """Change, delete, duplicate or swap at one place."""
    places = paths(document)
    if not places:
        return
    place = draw.choice(places)
    parent, key = at(document, place[:-1]), place[-1]
    match draw.randrange(9):
        case 0 | 1 | 2 | 3 | 4 | 5:
            put(document, place, nearby(at(document, place), draw))
        case 6:
            put(document, place, copy.deepcopy(draw.choice([*SAMPLES, at(document, draw.choice(places))])))
        case 7 if isinstance(parent, list):
            parent.insert(int(key), copy.deepcopy(parent[int(key)]))
        case _:
            del parent[key]  # type: ignore[attr-defined]  # a container


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=1000)
@given(
    st.integers(0, 2**63), st.sampled_from((1, 1, 1, 2, 3)), st.sampled_from(("claim", "certificate", "both"))
)
def test_damaged_documents_prove_nothing_false(name: str, seed: int, count: int, where: str) -> None:
    draw = random.Random(seed)
    texts = [json.loads(text) for text in valid_documents(name)]
    targets = {"claim": texts[:1], "certificate": texts[1:], "both": texts}[where]
    for _ in range(count):
        damage(draw.choice(targets), draw)
    claim, certificate = json.dumps(texts[0]), json.dumps(texts[1])
    statement = accepted(claim, certificate)
    if statement is not None:
        assert_true(statement, claim)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("change", [("lower", 1), ("upper", -1)])
def test_a_better_bound_is_refused(name: str, change: tuple[str, int]) -> None:
    claim, certificate = valid_documents(name)
    document = json.loads(claim)
    document[change[0]] += change[1]
    for other in ("lower", "upper"):
        document[other] = document[change[0]] if other != change[0] else document[other]
    assert accepted(json.dumps(document), certificate) is None


@settings(max_examples=150)
@given(st.sampled_from(sorted(NETWORKS)), st.sampled_from(sorted(NETWORKS)))
def test_certificates_of_other_claims(claim_of: str, certificate_of: str) -> None:
    claim, certificate = valid_documents(claim_of)[0], valid_documents(certificate_of)[1]
    statement = accepted(claim, certificate)
    if statement is not None:
        assert_true(statement, claim)


@settings(max_examples=300)
@given(st.sampled_from(sorted(NETWORKS)), st.integers(0, 1), st.data())
def test_damaged_text(name: str, which: int, data: st.DataObject) -> None:
    texts = list(valid_documents(name))
    text = texts[which]
    start = data.draw(st.integers(0, len(text) - 1))
    stop = data.draw(st.integers(start, min(len(text), start + 8)))
    new = data.draw(st.text('0123456789-/"[]{},:.eN \\u\x00truefalsnI\ud800', max_size=4))
    texts[which] = text[:start] + new + text[stop:]
    statement = accepted(*texts)
    if statement is not None:
        assert_true(statement, json.dumps(decode(texts[0])))


@settings(max_examples=300)
@given(
    st.recursive(
        st.sampled_from(SAMPLES), lambda s: st.lists(s) | st.dictionaries(st.text(), s), max_leaves=8
    )
)
def test_documents_of_any_shape_are_malformed(document: object) -> None:
    claim, certificate = valid_documents("clones")
    for texts in ((json.dumps(document), certificate), (claim, json.dumps(document))):
        with pytest.raises(Malformed):
            check(*texts)


@pytest.mark.parametrize("text", ["", "[", "null", "[" * 100_000, '{"a": 1', "1" * 5000, '"\\ud800"', "\x00"])
def test_texts_that_are_no_documents(text: str) -> None:
    claim, certificate = valid_documents("clones")
    for texts in ((text, certificate), (claim, text)):
        with pytest.raises(Malformed):
            check(*texts)
