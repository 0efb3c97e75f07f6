"""Square roots: what is proved with them, which false theorems are refused, and tampered certificates."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from llrsym.kernel.check import check
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.roots import Points
from llrsym.kernel.rules import Coefficient, LowerCertificate
from llrsym.kernel.tower import Weights
from llrsym.networks.assembly import Assembly
from llrsym.tangent.lower import find_lower_bound
from tests.kernel.scenarios import (
    Texts,
    check_rank_of,
    check_relations,
    documents,
    family,
    minor,
    numerical_rank,
    relation,
    relations,
    with_points,
)

def normalised_program(features: int, epsilon: str, centred: bool, activation: str = "identity") -> Program:
    """sum_k a_k sigma(z_k / sqrt(mean z^2 + epsilon)) with z_k = w_k x_k, less its mean if so."""
    net = Assembly((features,), {"w": (features,), "a": (features,)})
    z = net.multiply(net.parameter("w"), net.input)
    average = net.constant([Fraction(1, features)] * features, (features,))
    if centred:
        mean = net.einsum("i,i->", z, net.constant([Fraction(-1, features)] * features, (features,)))
        z = net.add(z, net.gather([mean], [0] * features, (features,)))
    square = net.add(net.einsum("i,i->", net.multiply(z, z), average), net.constant([epsilon], ()))
    root = net.gather([net.activation("sqrt", square)], [0] * features, (features,))
    return net.finish(
        net.einsum("i,i->", net.parameter("a"), net.activation(activation, net.divide(z, root)))
    )


def proved(program: Program, weights: Weights | None) -> int:
    """The lower bound that the search finds, after the kernel has accepted its certificate."""
    bound = find_lower_bound(program, weights, program.parameter_count, "0")
    if bound.certificate is not None:
        check(*documents(program, weights, (bound.rank, program.parameter_count), bound.certificate))
    return bound.rank


# What is proved

INDEPENDENT = [
    ["sqrt(x)", "sqrt(y)", "sqrt(x)*sqrt(y)", "1"],
    ["sqrt(exp(x))", "exp(x)", "1"],
    ["sqrt(sqrt(x))", "sqrt(x)", "x"],
    ["sqrt(x + sqrt(y))", "sqrt(x - sqrt(y))", "sqrt(y)"],
    ["exp(sqrt(x))", "exp(-sqrt(x))", "sqrt(x)", "x"],
    ["sqrt(sin(x))", "sqrt(cos(x))", "sin(x)", "cos(x)"],
    ["gelu_tanh(sqrt(x))", "x", "sqrt(x)"],
    ["sqrt(gelu_tanh(x))", "gelu_tanh(x)"],
    ["sin(sqrt(x + 1))", "cos(sqrt(x + 1))", "tanh(sqrt(x + 1))"],
    ["x/sqrt(x^2 + y^2)", "y/sqrt(x^2 + y^2)", "1"],
]


@pytest.mark.parametrize("functions", INDEPENDENT, ids=str)
def test_independent_functions_with_roots(functions: list[str]) -> None:
    assert proved(*family(*functions)) == len(functions)


DEPENDENT = [
    (["sqrt(x)*sqrt(x)", "x"], 1),
    (["(sqrt(x^2 + 1) + x)*(sqrt(x^2 + 1) - x)", "1"], 1),
    (["1/(sqrt(x + 1) - sqrt(x))", "sqrt(x + 1)", "sqrt(x)"], 2),
    (["exp(sqrt(x)^3)", "exp(x*sqrt(x))"], 1),
    (["sqrt(x^2 + y^2)*(x/sqrt(x^2 + y^2))^2", "y^2/sqrt(x^2 + y^2)", "sqrt(x^2 + y^2)"], 2),
    (["cos(sqrt(x))^2", "sin(sqrt(x))^2", "1"], 2),
]


@pytest.mark.parametrize(("functions", "rank"), DEPENDENT, ids=str)
def test_identities_of_roots_lower_the_rank(functions: list[str], rank: int) -> None:
    assert proved(*family(*functions)) == rank
    with pytest.raises(Rejected, match=f"rank {rank} modulo p, claimed {rank + 1}"):
        check_rank_of(functions, rank + 1)


@pytest.mark.parametrize("activation", ["identity", "tanh", "softplus", "gaussian"])
@pytest.mark.parametrize("features", [2, 3])
@pytest.mark.parametrize("given", [True, False])
def test_layer_normalisation(activation: str, features: int, given: bool) -> None:
    """The outputs add up to zero, so that exponents depend on one another: tanh(z1) is tanh(-z2)."""
    program = normalised_program(features, "1/100", True, activation)
    weights = tuple(tuple(map(Fraction, (1, "1/2", 3)[:features])) for _ in "wa") if given else None
    rank = numerical_rank(program, weights)
    assert proved(program, weights) == rank


def test_roots_in_relations_have_the_right_derivative() -> None:
    """c sqrt(w x): 2 w d/dw and c d/dc are equal, and no other multiple is."""
    net = Assembly((1,), {"c": (1,), "w": (1,)})
    root = net.activation("sqrt", net.multiply(net.parameter("w"), net.input))
    program = net.finish(net.multiply(net.parameter("c"), root))
    for factor, holds in ((2, True), (1, False), (-2, False)):
        by_c, by_w = (Coefficient(Fraction(f), theta=((k, 1),)) for k, f in ((0, -1), (1, factor)))
        claim: Callable[[], object] = lambda v=(by_c, by_w): check_relations(  # type: ignore[misc]  # bound
            program, None, relations(relation(_0=v[0], _1=v[1]))
        )
        if holds:
            claim()
        else:
            with pytest.raises(Rejected, match="the derivative along it is not zero"):
                claim()


@pytest.mark.parametrize(("epsilon", "holds"), [("0", True), ("1/100", False)])
@pytest.mark.parametrize("centred", [True, False])
def test_normalisation_without_epsilon_is_homogeneous(epsilon: str, holds: bool, centred: bool) -> None:
    program = normalised_program(3, epsilon, centred)
    scaling = tuple((k, (Coefficient(Fraction(1), theta=((k, 1),)),)) for k in range(3))
    if holds:
        assert check_relations(program, None, relations(scaling)).upper == 5
    else:
        with pytest.raises(Rejected, match="relation 0"):
            check_relations(program, None, relations(scaling))


# False theorems

CONSTANT_OR_SQUARE = [
    ["x/sqrt(x^2)", "1"],
    ["sqrt((x + 1)^2)", "x", "1"],
    ["sqrt(x^2 + 2*x*y + y^2)", "x", "y"],
    ["sqrt(2)", "1"],
    ["sqrt(2)*x", "x"],
    ["sqrt(exp(1))*x", "x"],
    ["sqrt(cos(x)^2 + sin(x)^2)", "1"],
    ["sqrt(exp(2*x))", "exp(x)"],
    ["sqrt(exp(x))", "exp(x/2)"],
    ["sqrt(1 - sin(x)^2)", "cos(x)"],
    ["sqrt(x^2*exp(1))", "x"],
    ["sqrt(x)", "sqrt(4*x)"],
    ["sqrt(x)", "sqrt(-3*x)"],
    ["sqrt(x)", "sqrt(x*exp(1))"],
    ["sqrt(x)", "sqrt(x*exp(2*y))", "sqrt(x)*exp(y)"],
    ["sqrt(x)*sqrt(y)", "sqrt(x*y)"],
    ["sqrt(exp(x))*sqrt(exp(y))", "sqrt(exp(x + y))"],
    ["sqrt(x + y)", "sqrt(x)", "sqrt(x^2 + x*y)"],
    ["exp(sqrt(x))", "sqrt(exp(2*sqrt(x)))"],
    ["sqrt((1 + cos(x))/2)", "cos(x/2)"],
    ["sqrt((x + 1)/2)", "sqrt((x - 1)/2)", "sqrt(x + sqrt(x^2 - 1))"],
    ["sqrt(softplus(x)*(softplus(-x) + x))", "softplus(x)"],
    ["exp(sqrt(x^2))", "exp(x)"],
]


@pytest.mark.parametrize("functions", CONSTANT_OR_SQUARE, ids=str)
def test_roots_that_are_not_new_are_refused(functions: list[str]) -> None:
    bound = find_lower_bound(*family(*functions), len(functions), "0")
    assert (bound.rank, bound.certificate) == (0, None)
    assert bound.reason.startswith("no witness that entry 0 of the square root")
    for seed in "abc":
        with pytest.raises(Rejected, match="roots: the witness for entry 0 of register"):
            check_rank_of(functions, 1, seed=seed)


@pytest.mark.parametrize(
    "program",
    [normalised_program(2, "0", True), normalised_program(1, "0", False), normalised_program(1, "0", True)],
    ids=["two centred features", "one feature", "one centred feature"],
)
def test_normalisation_of_few_features_is_refused(program: Program) -> None:
    for weights in (None, tuple((Fraction(1),) * size(p.shape) for p in program.parameters)):
        with pytest.raises(Rejected):
            check(*documents(program, weights, (1, 4), with_points(program, weights, minor(1))))
        assert proved(program, weights) == 0


def test_a_root_of_the_weights_alone_is_refused() -> None:
    """Weight normalisation: x |w| has one residue of |w| for all samples, not a free one."""
    net = Assembly((1,), {"w": (1,)})
    norm = net.activation("sqrt", net.add(net.constant([1], (1,)), net.parameter("w")))
    program = net.finish(net.multiply(norm, net.input))
    with pytest.raises(Rejected, match="roots: the witness"):
        check(*documents(program, None, (1, 1), with_points(program, None, minor(1))))
    assert proved(program, None) == 0


def test_the_square_root_of_zero_is_nowhere_differentiable() -> None:
    with pytest.raises(Rejected, match="a square root of zero has no derivative"):
        check_rank_of(["sqrt(x - x)"], 1, points=Points())


# Tampered certificates

FUNCTIONS = ["sqrt(x)", "sqrt(x + y)", "sqrt(exp(x) + y)", "x"]


def certified() -> tuple[Program, Weights, LowerCertificate]:
    program, weights = family(*FUNCTIONS)
    return program, weights, with_points(program, weights, minor(4))


def verdict_of(points: Points) -> str:
    program, weights, certificate = certified()
    try:
        return f"rank {check(*documents(program, weights, (4, 4), replace(certificate, points=points))).lower}"
    except Rejected as error:
        return str(error)


def test_the_certificate_that_is_tampered_with_is_accepted_as_it_is() -> None:
    assert verdict_of(certified()[2].points) == "rank 4"


WITNESSES: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "missing": lambda w: w[:2],
    "none": lambda w: (),
    "extra": lambda w: (*w, w[0]),
    "in another order": lambda w: w[::-1],
    "one side twice": lambda w: tuple((a, a) for a, _ in w),
    "sides exchanged": lambda w: tuple((b, a) for a, b in w),
    "other nonces": lambda w: tuple(((*a[:-1], 77), b) for a, b in w),
    "no nonces": lambda w: (((), ()),) * 3,
}


@pytest.mark.parametrize("name", WITNESSES)
def test_other_witnesses_are_refused(name: str) -> None:
    points = certified()[2].points
    reason = verdict_of(replace(points, witnesses=WITNESSES[name](points.witnesses)))
    if name in ("missing", "none", "extra"):
        assert reason.startswith("roots: expected 3 witnesses, got")
    else:
        assert reason.startswith(("a radicand is zero or no square", "roots: the witness"))


def test_samples_need_squares() -> None:
    points = certified()[2].points
    sample = next(sample for sample, nonces in points.samples.items() if nonces)
    rest = {k: nonces for k, nonces in points.samples.items() if k != sample}
    assert verdict_of(replace(points, samples=rest)) == "a radicand is zero or no square at a sample"


def test_pairs_without_squares_count_for_nothing() -> None:
    points = certified()[2].points
    assert "the 1 base exponents have rank 0" in verdict_of(replace(points, pairs=()))


def tampered(change: Callable[[dict[str, Any]], object], functions: list[str] = FUNCTIONS) -> Texts:
    """Claim and certificate as text, after a change of the points of the certificate."""
    program, weights = family(*functions)
    certificate = with_points(program, weights, minor(len(functions)))
    claim, text = documents(program, weights, (len(functions),) * 2, certificate)
    document = json.loads(text)
    document["lower"].setdefault("points", {"samples": [], "pairs": [], "witnesses": []})
    change(document["lower"]["points"])
    return claim, json.dumps(document)


MALFORMED: dict[str, Callable[[dict[str, Any]], object]] = {
    "negative nonce": lambda points: points["witnesses"][0][0].append(-1),
    "truth value": lambda points: points["witnesses"][0][0].append(True),
    "text": lambda points: points["pairs"][0][1].append("1"),
    "negative sample": lambda points: points["samples"].append([-1, [1]]),
    "sample twice": lambda points: points["samples"].append(points["samples"][0]),
    "one side": lambda points: points["pairs"].append([[1]]),
    "three sides": lambda points: points["witnesses"][0].append([]),
    "another key": lambda points: points.update(assume=[]),
    "a missing key": lambda points: points.pop("pairs"),
    "nonces without a list": lambda points: points["samples"].append([9, 1]),
    "digits without end": lambda points: points["witnesses"][0][0].append(10**4999),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_points(name: str) -> None:
    with pytest.raises((Malformed, Rejected)):
        check(*tampered(MALFORMED[name]))


HARMLESS: dict[str, Callable[[dict[str, Any]], object]] = {
    "as it is": lambda points: None,
    "samples that are not used": lambda points: points["samples"].append([99, [1, 2]]),
    "nonces of no root": lambda points: points["witnesses"][2][1].extend([0] * 3 + [7]),
    "pairs that are not used": lambda points: points["pairs"].append([[1], [2]]),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_points_that_are_not_used_change_nothing(name: str) -> None:
    assert check(*tampered(HARMLESS[name])).lower == 4


def test_points_of_a_program_without_roots() -> None:
    """They name no residues; a witness of a root that does not exist is refused."""
    functions = ["x", "exp(x)", "arctan(x)"]
    assert check(*tampered(lambda points: points["samples"].append([0, [5]]), functions)).lower == 3
    with pytest.raises(Rejected, match="roots: expected 0 witnesses, got 1"):
        check(*tampered(lambda points: points["witnesses"].append([[], []]), functions))


def test_certificates_without_points_of_programs_with_roots() -> None:
    claim, text = tampered(lambda points: None)
    document = json.loads(text)
    del document["lower"]["points"]
    with pytest.raises(Rejected, match="roots: expected 3 witnesses, got 0"):
        check(claim, json.dumps(document))


# The search


def test_classes_that_do_not_change_with_the_latest_residue_are_found() -> None:
    """(1 - x) e^(-2x) is a square with 1 - x, whatever the residue of e^(-x)."""
    functions = ["sqrt(1 + x)", "sqrt(2 + x)", "sqrt(exp(-x) + 1)", "sqrt(3*(1 - x)*exp(-x)*exp(-x))"]
    for attempt in range(3):
        program, weights = family(*functions)
        assert find_lower_bound(program, weights, 4, "0", attempt).rank == 4
