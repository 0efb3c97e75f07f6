"""False theorems from false relations, forged documents and hidden assumptions (items 14 to 20)."""

import json
from fractions import Fraction

import pytest

from llrsym.kernel import residues, rules
from llrsym.kernel.check import Statement, check
from llrsym.kernel.elimination import rank_modulo
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.program import Program
from llrsym.kernel.relations import Coefficient
from llrsym.kernel.rules import AX, LINDEMANN, PI, SCHANUEL, UpperCertificate
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import mlp
from tests.kernel.scenarios import (
    PARAMETERS,
    PRIME,
    check_rank_of,
    check_relations,
    documents,
    family,
    minor,
    relation,
    relations,
)

ONE = Fraction(1)
Patch = pytest.MonkeyPatch


# 13: outputs, 14: relations


def test_item_13_rows_are_outputs_of_samples() -> None:
    program = mlp(1, 2, activation="identity", bias=False).program
    weights = ((ONE, ONE),)
    rows = ((0, 0), (0, 1))
    assert check(*documents(program, weights, (2, 2), minor(2, rows=rows))).lower == 2
    with pytest.raises(Rejected, match="output below 2"):
        check(*documents(program, weights, (2, 2), minor(2, rows=((0, 0), (0, 2)))))


def product_model() -> Program:
    """f = theta_0 theta_1 x: one relation, theta_0 d_0 = theta_1 d_1."""
    net = Assembly((), {"a": (), "b": ()})
    return net.finish(net.multiply(net.multiply(net.parameter("a"), net.input), net.parameter("b")))


def weighted(theta: tuple[tuple[int, int], ...], factor: int = 1) -> Coefficient:
    return Coefficient(Fraction(factor), theta=theta)


HOMOGENEITY = relation(_0=weighted(((0, 1),)), _1=weighted(((1, 1),), -1))


def test_item_14_a_generic_relation_is_accepted_once() -> None:
    assert check_relations(product_model(), None, relations(HOMOGENEITY)).upper == 1
    for again in (HOMOGENEITY, relation(_0=weighted(((0, 2),)), _1=weighted(((0, 1), (1, 1)), -1))):
        with pytest.raises(Rejected, match="dependent modulo p"):
            check_relations(product_model(), None, relations(HOMOGENEITY, again))


@pytest.mark.parametrize("theta", [((0, 1), (0, 1)), ((0, 2), (0, 1)), ((0, 1), (0, 2), (1, 1), (1, 1))])
def test_item_14_a_weight_occurs_once_in_a_term(theta: tuple[tuple[int, int], ...]) -> None:
    """Read as theta_0 in the formal proof and as its square in the test of independence: rank 0."""
    second = relation(_0=weighted(theta), _1=weighted(((1, 1),), -1))
    with pytest.raises((Malformed, Rejected)):
        check_relations(product_model(), None, relations(HOMOGENEITY, second))


def test_item_14_vectors_are_independent(monkeypatch: Patch) -> None:
    program, weights = family("x", "2*x", "exp(x)")
    first = relation(_0=2, _1=-1)
    assert check_relations(program, weights, relations(first)).upper == 2
    forgeries = [
        (first, first),
        (first, relation(_0=-4, _1=2)),
        (first, ()),
        (first, relation(_0=0, _1=0)),
        (first, relation(_0=2 + PRIME, _1=-1 - PRIME)),
    ]
    for vectors in forgeries[:-1]:
        with pytest.raises(Rejected, match="dependent modulo p"):
            check_relations(program, weights, relations(*vectors))
    with pytest.raises(Rejected, match="relation 1: the derivative along it is not zero"):
        check_relations(program, weights, relations(*forgeries[-1]))
    monkeypatch.setattr(rules, "check_independent", lambda *arguments: None)
    assert check_relations(program, weights, relations(first, first)).upper == 1


@pytest.mark.parametrize("factor", [PRIME, 1 + PRIME, 2 + 2 * PRIME])
def test_item_14_a_relation_holds_over_q(factor: int) -> None:
    program, weights = family("x", "2*x + x^2", f"{PRIME}*x^2")
    with pytest.raises(Rejected, match="the derivative along it is not zero"):
        check_relations(program, weights, relations(relation(_0=factor, _1=-1)))


def test_item_14_an_entry_occurs_once() -> None:
    program, weights = family("x", "2*x")
    vector = ((0, (Coefficient(ONE),)), (0, (Coefficient(ONE),)), (1, (Coefficient(-ONE),)))
    with pytest.raises(Rejected, match="an entry is repeated"):
        check_relations(program, weights, relations(vector))
    with pytest.raises(Rejected, match="no parameter below 2"):
        check_relations(program, weights, relations(relation(_0=2, _1=-1, _2=1)))


def test_item_14_weights_are_no_variables_at_given_weights() -> None:
    with pytest.raises(Rejected, match="weights occur as variables although they are given"):
        check_relations(product_model(), ((ONE,), (ONE,)), relations(HOMOGENEITY))
    assert check_relations(product_model(), ((ONE,), (ONE,)), relations(relation(_0=1, _1=-1))).upper == 1


def test_item_14_constants_are_constants() -> None:
    program, weights = family("x", "exp(x)")
    claim, certificate = documents(program, weights, (0, 1), None, relations(relation(_0=1, _1=-1)))
    for key, value in (("x", 1), ("X", [[0, 1]]), ("exp", "1")):
        text = json.loads(certificate)
        text["upper"]["relations"][0][0][1] = [{"c": "1", key: value}]
        with pytest.raises(Malformed, match="coefficient: expected 'c' and some of"):
            check(claim, json.dumps(text))


def test_item_14_powers_of_e_and_i_are_independent_numbers() -> None:
    program, weights = family("exp(x)", "exp(x+1)", "exp(x+2)")
    e = [Coefficient(ONE, e=Fraction(k)) for k in range(3)]
    both = relations(relation(_0=e[1], _1=-1), relation(_0=e[2], _2=-1))
    assert check_relations(program, weights, both).upper == 1
    third = relations(*both.relations, relation(_1=e[1], _2=-1))
    with pytest.raises(Rejected, match="dependent modulo p"):
        check_relations(program, weights, third)
    wrong = relation(_0=Coefficient(ONE, e=Fraction(2718281828, 10**9)), _1=-1)
    with pytest.raises(Rejected, match="the derivative along it is not zero"):
        check_relations(program, weights, relations(wrong))


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((Coefficient(ONE, kappa=1), Coefficient(ONE, e=ONE)), "kappa and powers of e occur together"),
        ((Coefficient(ONE, kappa=1, ei=ONE),), "kappa and powers of e occur together"),
        ((Coefficient(ONE, i=2),), "a power of i or kappa is out of range"),
        ((Coefficient(ONE, i=5),), "a power of i or kappa is out of range"),
    ],
)
def test_item_14_coefficients_in_a_known_field(terms: tuple[Coefficient, ...], reason: str) -> None:
    program, weights = family("x", "-x")
    with pytest.raises(Rejected, match=reason):
        check_relations(program, weights, relations(((0, terms), (1, terms))))


def test_item_14_kappa_in_one_vector_and_e_in_another() -> None:
    program, weights = family("x", "2*x", "3*x")
    first = relation(_0=Coefficient(Fraction(2), kappa=1), _1=Coefficient(-ONE, kappa=1))
    second = relation(_0=Coefficient(Fraction(3), e=ONE), _2=Coefficient(-ONE, e=ONE))
    assert check_relations(program, weights, relations(first)).upper == 2
    assert check_relations(program, weights, relations(second)).upper == 2
    with pytest.raises(Rejected, match="kappa and powers of e occur together"):
        check_relations(program, weights, relations(first, second))


def test_item_14_multiples_by_i_are_dependent() -> None:
    program, weights = family("x", "2*x")
    first, imaginary = relation(_0=2, _1=-1), Coefficient(Fraction(2), i=1)
    second = relation(_0=imaginary, _1=Coefficient(-ONE, i=1))
    with pytest.raises(Rejected, match="dependent modulo p"):
        check_relations(program, weights, relations(first, second))


# 16, 18, 20, and the documents


def test_item_16_almost_every_does_not_follow_from_one_weight() -> None:
    program = mlp(1, 2, 1, bias=False).program
    clones = ((ONE, ONE), (ONE, ONE))
    upper = relations(relation(_0=1, _1=-1), relation(_2=1, _3=-1))
    assert check_relations(program, clones, upper).upper == 2
    with pytest.raises(Rejected, match="the derivative along it is not zero"):
        check_relations(program, None, upper)


@pytest.mark.parametrize("at", ["almost every", "given"])
def test_item_16_the_claim_has_weights_exactly_if_they_are_given(at: str) -> None:
    program = mlp(1, 2, 1, bias=False).program
    weights = ((ONE, ONE), (ONE, ONE)) if at == "given" else None
    claim, certificate = documents(program, weights, (0, 4), None)
    changed = json.loads(claim) | {"at": "given" if at == "almost every" else "almost every"}
    assert check(claim, certificate).at == at
    with pytest.raises(Malformed, match="weights exactly if given"):
        check(json.dumps(changed), certificate)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1.0", "1e3", "0.5", "1E400"])
def test_item_18_no_floating_point_numbers(number: str) -> None:
    claim, certificate = documents(*family("x"), (0, 1), None)
    assert check(claim, certificate).upper == 1
    for text in (claim.replace('"upper": 1', f'"upper": {number}'), claim.replace('"0"', number)):
        with pytest.raises(Malformed, match="floating-point"):
            check(text, certificate)


@pytest.mark.parametrize(
    "number", ["nan", "inf", "1.5", "1e3", "0x1", "1_0", " 1", "+1", "1/-2", "1/0", "", "1//2", "\u0661"]
)
def test_item_18_no_other_way_to_write_a_number(number: str) -> None:
    claim, certificate = documents(*family("x"), (0, 1), None)
    with pytest.raises(Malformed):
        check(claim.replace('[["0"]]', json.dumps([[number]])), certificate)
    assert check(claim.replace('[["0"]]', '[["-0/7"]]'), certificate).upper == 1


def empty_network(inputs: int, width: int) -> Program:
    net = Assembly((inputs,), {"w": (width, inputs), "a": (width,)})
    h = net.activation("tanh", net.einsum("ij,j->i", net.parameter("w"), net.input))
    return net.finish(net.einsum("i,i->", net.parameter("a"), h))


@pytest.mark.parametrize(("inputs", "width"), [(0, 0), (0, 2), (2, 0)])
def test_item_18_empty_cases(inputs: int, width: int) -> None:
    program = empty_network(inputs, width)
    weights = ((ONE,) * (inputs * width), (ONE,) * width)
    for at in (weights, None):
        count = program.parameter_count
        assert check(*documents(program, at, (0, count), None)).upper == count
        with pytest.raises(Rejected, match="rank 0 modulo p, claimed 1"):
            check(*documents(program, at, (1, max(1, count)), minor(1, columns=tuple(range(count)))))


def test_item_18_no_parameters_no_outputs() -> None:
    net = Assembly((1,), {})
    program = net.finish(net.activation("tanh", net.input))
    assert check(*documents(program, (), (0, 0), minor(0))).upper == 0
    net = Assembly((1,), {"a": (2,)})
    silent = net.finish(net.gather([net.parameter("a")], [], (0,)))
    vectors = relations(relation(_0=1), relation(_1=1))
    assert check_relations(silent, None, vectors).upper == 0
    with pytest.raises(Rejected, match="output below 0"):
        check(*documents(silent, None, (1, 2), minor(1)))


CONDITIONS = [
    (["x", "x^2"], ()),
    (["exp(x)", "x"], (AX,)),
    (["exp(x+1)", "x"], (AX, LINDEMANN)),
    (["sin(x+1)", "x"], (AX, LINDEMANN)),
    (["gelu_tanh(x)", "x"], (AX, PI)),
    (["gelu_tanh(x)", "exp(x+1)"], (AX, SCHANUEL)),
    (["gelu_tanh(x+1)", "x"], (AX, SCHANUEL)),
    (["exp(x + tanh(1))", "x"], (AX, SCHANUEL)),
    (["sin(x + tanh(1))", "x"], (AX, SCHANUEL)),
    (["exp(x + sin(1))", "x"], (AX, SCHANUEL)),
]


@pytest.mark.parametrize(("functions", "conditions"), CONDITIONS, ids=str)
def test_item_20_the_statement_names_what_was_used(functions: list[str], conditions: tuple[str, ...]) -> None:
    statement = check_rank_of(functions, 2)
    assert statement.conditions == conditions
    assert statement.is_conditional == (SCHANUEL in conditions)


def test_item_20_dependent_constants_are_refused_even_conditionally(monkeypatch: Patch) -> None:
    functions = ["exp(tanh(2)*(1 + tanh(1)^2))", "exp(2*tanh(1))*x"]
    with pytest.raises(Rejected, match="constants in exponents have rank"):
        check_rank_of(functions, 2)
    monkeypatch.setattr(rules, "constant_columns", lambda net: 0)
    assert check_rank_of(functions, 2).lower == 2


def test_a_claim_is_not_chosen_by_the_certificate() -> None:
    claim, certificate = documents(*family("x", "exp(x)"), (2, 2), minor(2))
    for key in ("program", "weights", "lower ", "conditions", "at"):
        with pytest.raises(Malformed, match="certificate: expected an object with the keys"):
            check(claim, json.dumps(json.loads(certificate) | {key: 1}))
    with pytest.raises(Rejected, match="has no proof"):
        check(claim, json.dumps(json.loads(certificate) | {"lower": None}))


@pytest.mark.parametrize("key", ["lower", "upper", "weights", "program", "at"])
def test_duplicate_keys_are_refused(key: str) -> None:
    claim, certificate = documents(*family("x"), (0, 1), None)
    document = json.loads(claim)
    twice = claim.rstrip().removesuffix("}") + f", {json.dumps(key)}: {json.dumps(document[key])}}}"
    with pytest.raises(Malformed, match="a key occurs twice"):
        check(twice, certificate)


def test_upper_rules_prove_what_they_say() -> None:
    program, weights = family("x", "x^2", "x + x^2")
    assert check(*documents(program, weights, (0, 2), None, UpperCertificate("ambient"))).upper == 2
    for rule, reason in (("parameters", "proves 3, claimed 2"), ("structure", "there is no rule")):
        with pytest.raises(Rejected, match=reason):
            check(*documents(program, weights, (0, 2), None, UpperCertificate(rule)))
    with pytest.raises(Rejected, match="proves 2, claimed 1"):
        check(*documents(program, weights, (0, 1), None, UpperCertificate("ambient")))
    for function in ("exp(x)", "1/(1 + x^2)", "tanh(x)*0"):
        with pytest.raises(Rejected, match="ambient"):
            check(*documents(*family(function, "x"), (0, 1), None, UpperCertificate("ambient")))


def test_the_ambient_space_counts_every_output() -> None:
    program = mlp(1, 2, activation="identity", bias=False).program
    ambient = UpperCertificate("ambient")
    assert check(*documents(program, None, (0, 2), None, ambient)).upper == 2
    with pytest.raises(Rejected, match="proves 2, claimed 1"):
        check(*documents(program, None, (0, 1), None, ambient))


@pytest.mark.parametrize("bounds", [(2, 1), (-1, 1), (0, -1)])
def test_bounds_are_counts_in_order(bounds: tuple[int, int]) -> None:
    with pytest.raises(Malformed):
        check(*documents(*family("x"), bounds, None))


def test_elimination_never_overflows_a_slot() -> None:
    """The greatest residues and many operations on one entry; the rank is known by construction."""
    prime, width = max(residues.PRIMES), 160
    rows = [[prime - 1] * k + [1] + [prime - 1] * (width - k - 1) for k in range(width)]
    # Row k is -(1, .., 1) + 2 e_k: determinant 2^(w-1) (w - 2) up to sign, a unit modulo p.
    assert rank_modulo(rows, width, prime) == width
    assert rank_modulo([*rows, [5] * width, rows[3]], width, prime) == width
    dependent = [[(k * j) % prime for j in range(1, width)] for k in range(prime - width, prime)]
    assert rank_modulo(dependent, width - 1, prime) == 1
    for bad in (2, 1 << 23, (1 << 61) - 1):
        with pytest.raises(ValueError, match=r"prime below 2\^23"):
            rank_modulo(rows, width, bad)


def test_statement_of_an_accepted_claim() -> None:
    statement: Statement = check(*documents(*family("x", "exp(x)"), (2, 2), minor(2), PARAMETERS))
    assert statement.text.startswith("dim span of the 2 tangent functions = 2 at the given weights")
    assert (statement.lower, statement.upper, statement.trusted) == (2, 2, ())
