"""Square roots: what is proved with them, and which false theorems are refused."""

from fractions import Fraction

import pytest

from llrsym.kernel import rules
from llrsym.kernel.check import check
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.relations import Coefficient
from llrsym.kernel.roots import Points
from llrsym.kernel.tower import Weights
from llrsym.networks.assembly import Assembly
from llrsym.tangent.lower import find_lower_bound
from tests.kernel.scenarios import (
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
from tests.kernel.test_forgeries import accepted_by_some_seed

Patch = pytest.MonkeyPatch


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

    def bound(factor: int) -> int:
        by_c, by_w = (Coefficient(Fraction(f), theta=((k, 1),)) for k, f in ((0, -1), (1, factor)))
        return check_relations(program, None, relations(relation(_0=by_c, _1=by_w))).upper

    assert bound(2) == 1
    for factor in (1, -2):
        with pytest.raises(Rejected, match="the derivative along it is not zero"):
            bound(factor)


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
        with pytest.raises(
            Rejected, match=r"roots: the witness for entry 0 of register|no square at a sample"
        ):
            check_rank_of(functions, 1, seed=seed)


@pytest.mark.parametrize(
    "program",
    [normalised_program(2, "0", True), normalised_program(1, "0", False)],
    ids=["two centred features", "one feature"],
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


@pytest.mark.parametrize("functions", CONSTANT_OR_SQUARE[:1] + CONSTANT_OR_SQUARE[7:11], ids=str)
def test_it_is_the_witness_that_stands_in_the_way(functions: list[str], monkeypatch: Patch) -> None:
    monkeypatch.setattr(rules, "check_roots", lambda *arguments: None)
    assert accepted_by_some_seed(functions, 2, 10)


def test_the_square_root_of_zero_is_nowhere_differentiable() -> None:
    with pytest.raises(Rejected, match="a square root of zero has no derivative"):
        check_rank_of(["sqrt(x - x)"], 1, points=Points())


# The search


def test_classes_that_do_not_change_with_the_latest_residue_are_found() -> None:
    """(1 - x) e^(-2x) is a square with 1 - x, whatever the residue of e^(-x)."""
    functions = ["sqrt(1 + x)", "sqrt(2 + x)", "sqrt(exp(-x) + 1)", "sqrt(3*(1 - x)*exp(-x)*exp(-x))"]
    for attempt in range(3):
        program, weights = family(*functions)
        assert find_lower_bound(program, weights, 4, "0", attempt).rank == 4
