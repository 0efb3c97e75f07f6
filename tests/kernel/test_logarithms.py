"""arctan and softplus: independence by rows of derivatives, constants, and refused false theorems."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.kernel import residues, rules
from llrsym.kernel.check import check
from llrsym.kernel.derivations import derivative_row
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import size
from llrsym.kernel.residues import Residues, Setting, draw_constants, draw_pairs, draw_sample
from llrsym.kernel.rules import AX, CONSTANT_LOGARITHM
from llrsym.kernel.tower import Tower, Weights, derive_tower
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import mlp
from llrsym.tangent.lower import find_lower_bound
from tests.kernel.scenarios import (
    PRIME,
    check_rank_of,
    check_relations,
    documents,
    family,
    numerical_rank,
    points_of,
    relation,
    relations,
)
from tests.kernel.test_roots import proved

Patch = pytest.MonkeyPatch
SETTING = Setting(PRIME, 2, "logarithms")


# What is proved

INDEPENDENT = [
    ["arctan(x)", "arctan(2*x)", "arctan(x + 1)", "x", "1"],
    ["arctan(x)", "arctan(y)", "arctan(x*y)", "arctan(x)*arctan(y)"],
    ["softplus(x)", "softplus(2*x)", "softplus(3*x)", "x", "1"],
    ["softplus(x)", "softplus(x + 1)", "sigmoid(x)", "exp(x)"],
    ["softplus(x)", "arctan(exp(x))", "softplus(2*x)"],
    ["sin(x)", "tanh(x)", "arctan(x)", "cos(x)"],
    ["arctan(x)", "exp(arctan(x))", "tanh(arctan(x))"],
    ["arctan(sin(x))", "arctan(cos(x))", "x"],
    ["arctan(arctan(x))", "arctan(x)"],
    ["softplus(arctan(x))", "exp(arctan(x))"],
    ["exp(x*softplus(x))", "softplus(x)"],
    ["arctan(sqrt(x))", "1/(1 + x)", "sqrt(x)"],
    ["arctan(x/sqrt(1 - x^2))", "x", "sqrt(1 - x^2)"],
    ["gelu_tanh(arctan(x))", "arctan(x)"],
]


@pytest.mark.parametrize("functions", INDEPENDENT, ids=str)
def test_independent_functions(functions: list[str]) -> None:
    assert proved(*family(*functions)) == len(functions)
    bound = find_lower_bound(*family(*functions), len(functions), "0")
    assert bound.conditions[0] == AX


@pytest.mark.parametrize(
    ("functions", "rank"),
    [
        (["arctan(x)", "arctan(-x)"], 1),
        (["softplus(x)", "softplus(-x)", "x"], 2),
        (["softplus(x)", "softplus(-x)*2", "softplus(3*x)", "softplus(-3*x)", "1"], 4),
        (["arctan(-2*x)*x", "arctan(2*x)*x", "arctan(x - x)"], 1),
        (["softplus(x)*(softplus(-x) + x)", "softplus(x)^2"], 1),
    ],
    ids=str,
)
def test_parity_lowers_the_rank(functions: list[str], rank: int) -> None:
    assert proved(*family(*functions)) == rank


@pytest.mark.parametrize("activation", ["arctan", "softplus"])
@pytest.mark.parametrize("rows", [[1, 1], [1, -1], [2, 3], [1, 0]], ids=str)
def test_two_layers_at_given_weights(activation: str, rows: list[int]) -> None:
    program = mlp(1, 2, 1, activation=activation, bias=False).program
    weights = tuple(tuple(map(Fraction, w)) for w in (rows, [1, 3]))
    assert proved(program, weights) == numerical_rank(program, weights)


@pytest.mark.parametrize("activation", ["arctan", "softplus"])
@pytest.mark.parametrize("widths", [(2, 3, 2), (1, 2, 2, 1), (1, 2, 1, 2, 1)], ids=str)
def test_any_depth_at_almost_every_weight(activation: str, widths: tuple[int, ...]) -> None:
    program = mlp(*widths, activation=activation).program
    assert proved(program, None) == program.parameter_count


def test_arctan_at_any_depth_at_given_weights() -> None:
    program = mlp(1, 2, 2, 1, activation="arctan").program
    sizes = enumerate((size(p.shape) for p in program.parameters), start=1)
    weights = tuple(tuple(Fraction(k + 2, n) for k in range(count)) for n, count in sizes)
    assert proved(program, weights) == numerical_rank(program, weights) == program.parameter_count


# False theorems

NO_NEW_LOGARITHM = [
    ["arctan(x)", "arctan(2*x/(1 - x^2))"],
    ["arctan(x)", "arctan(1/x)"],
    ["arctan(x)", "arctan((x + 1)/(1 - x))"],
    ["arctan(x)", "arctan(y)", "arctan((x + y)/(1 - x*y))"],
    ["arctan(tanh(x))", "arctan(exp(2*x))"],
    ["arctan(sinh(x))", "arctan(tanh(x/2))"],
    ["arctan(sin(x)/cos(x))", "x"],
    ["sin(arctan(x))", "x"],
    ["cos(2*arctan(x))", "1/(1 + x^2)"],
    ["arctan((sqrt(1 + x^2) - 1)/x)", "arctan(x)"],
    ["arctan(cos(x)^2 + sin(x)^2)", "x"],
    ["exp(softplus(x))", "exp(x)"],
    ["exp(softplus(x)/2)", "softplus(x)"],
    ["exp(softplus(x) + softplus(-x))", "exp(x)"],
    ["tanh(softplus(x))", "exp(x)"],
    ["softplus(softplus(x))", "softplus(x)"],
    ["softplus(x)", "softplus(x + softplus(y) - softplus(-y) - y)", "exp(softplus(x))"],
]


@pytest.mark.parametrize("functions", NO_NEW_LOGARITHM, ids=str)
def test_logarithms_that_are_not_new_are_refused(functions: list[str]) -> None:
    for rank in range(1, len(functions) + 1):
        with pytest.raises(Rejected, match=r"premise: the derivatives of \d base exponents and \d values of"):
            check_rank_of(functions, rank)
    assert proved(*family(*functions)) == 0


@pytest.mark.parametrize(
    "functions",
    [[*NO_NEW_LOGARITHM[0], "1"], ["sin(arctan(x))^2*(1 + x^2)", "x^2"], ["exp(softplus(x))", "1 + exp(x)"]],
)
def test_it_is_the_premise_that_stands_in_the_way(functions: list[str], monkeypatch: Patch) -> None:
    """2 arctan x - arctan(2x/(1 - x^2)) is 0 between the poles and another constant beyond them."""
    with pytest.raises(Rejected, match="premise: the derivatives"):
        check_rank_of(functions, len(functions))
    monkeypatch.setattr(rules, "check_premise", lambda *arguments: [])
    assert check_rank_of(functions, len(functions)).lower == len(functions)


def test_there_is_no_addition_formula_across_poles() -> None:
    with pytest.raises(Rejected, match="relation 0: the derivative along it is not zero"):
        check_relations(*family(*NO_NEW_LOGARITHM[0]), relations(relation(_0=2, _1=-1)))
    odd = family("arctan(x)", "arctan(-x)")
    assert check_relations(*odd, relations(relation(_0=1, _1=1))).upper == 1


@pytest.mark.parametrize(
    "functions",
    [["sin(x)", "tanh(x)", "arctan(x)"], ["arctan(x)", "exp(arctan(x))"], ["arctan(exp(x))", "sin(x)"]],
    ids=str,
)
def test_both_square_roots_of_minus_one_are_needed(functions: list[str], monkeypatch: Patch) -> None:
    assert check_rank_of(functions, len(functions)).lower == len(functions)
    monkeypatch.setattr(residues, "draw_pairs", with_one_sign)
    with pytest.raises(Rejected, match="premise: the derivatives"):
        check_rank_of(functions, len(functions))


def with_one_sign(net: Tower, setting: Setting, pairs: int) -> list[residues.Constants]:
    return [draw_constants(net, setting, "pair") for _ in range(pairs)]


def test_every_logarithm_needs_a_row() -> None:
    functions = ["arctan(x)", "softplus(x)", "x"]
    assert check_rank_of(functions, 3, pairs=3).lower == 3
    with pytest.raises(
        Rejected, match="1 base exponents and 2 values of arctan, softplus have rank 2 modulo p"
    ):
        check_rank_of(functions, 3, pairs=2)


def test_a_logarithm_of_the_weights_alone_is_refused() -> None:
    """x arctan(w) has one residue of arctan(w) for all samples, not a free one."""
    net = Assembly((1,), {"w": (1,)})
    program = net.finish(net.multiply(net.activation("arctan", net.parameter("w")), net.input))
    bound = find_lower_bound(program, None, 1, "0")
    assert bound.rank == 0
    assert "0 base exponents and 1 values of arctan have rank 0" in bound.reason


def test_slopes_are_known_and_values_are_not() -> None:
    """d/dw arctan(w x) = x/(1 + w^2 x^2), in relations at given weights."""
    net = Assembly((1,), {"w": (1,), "a": (1,)})
    square = net.multiply(net.input, net.input)
    quotient = net.divide(net.input, net.add(net.constant([1], (1,)), square))
    values = net.activation("arctan", net.multiply(net.parameter("w"), net.input))
    program = net.finish(net.add(values, net.multiply(net.parameter("a"), quotient)))
    ones: Weights = ((Fraction(1),), (Fraction(1),))
    assert check_relations(program, ones, relations(relation(_0=1, _1=-1))).upper == 1
    for weights, factor in ((ones, 1), (((Fraction(2),), (Fraction(1),)), -1)):
        with pytest.raises(Rejected, match="relation 0"):
            check_relations(program, weights, relations(relation(_0=1, _1=factor)))


# Constants


@pytest.mark.parametrize("functions", [["arctan(1/2)*x", "x^2"], ["softplus(0)", "exp(x)"], ["arctan(-2)"]])
def test_one_constant_alone(functions: list[str]) -> None:
    assert CONSTANT_LOGARITHM in check_rank_of(functions, len(functions)).conditions


def test_a_power_of_two_is_no_new_exponential_of_x() -> None:
    """2^x and e^x are independent; 2^x 2^-x is 1; arctan(-1/2) is -arctan(1/2)."""
    assert check_rank_of(["exp(softplus(0)*x)", "exp(x)", "x"], 3).lower == 3
    assert proved(*family("exp(softplus(0)*x)*exp(-softplus(0)*x)", "1")) == 1
    assert proved(*family("exp(arctan(1/2)*x)", "1/exp(arctan(-1/2)*x)", "exp(-arctan(1/2)*x)")) == 2


@pytest.mark.parametrize(
    "functions",
    [
        ["arctan(1/2)", "arctan(1/3)*x", "arctan(1)*x^2"],
        ["x*(arctan(1/2) + arctan(1/3) - arctan(1))"],
        ["softplus(0)", "arctan(1/2)*x"],
        ["softplus(1)"],
        ["softplus(0)", "exp(x + 1)"],
        ["softplus(0)*exp(1)", "x"],
        ["arctan(1/2)", "gelu_tanh(x)"],
        ["exp(x + softplus(0)) - 2*exp(x)"],
        ["cos(x + arctan(1))"],
        ["arctan(arctan(1/2))"],
        ["arctan(tanh(1))*x"],
        ["softplus(0)", "softplus(softplus(0))"],
    ],
    ids=str,
)
def test_constants_that_may_depend_on_one_another_are_refused(functions: list[str]) -> None:
    with pytest.raises(Rejected, match="has a constant value that is not known to be independent of others"):
        check_rank_of(functions, 1)


# Rows of derivatives


def dot(value: int, numerator: int, denominator: int) -> int:
    return value * numerator * pow(denominator, -1, PRIME) % PRIME


ROWS: dict[str, Callable[[int, int, int, int], list[int]]] = {
    "arctan(x^2)": lambda x, v, i, root: [dot(i, 2 * x * v, 1 + x**4)],
    "arctan(-x)*x": lambda x, v, i, root: [dot(i, v, 1 + x**2)],
    "exp(x^3)*arctan(x)": lambda x, v, i, root: [3 * x * x * v % PRIME, dot(i, v, 1 + x**2)],
    "exp(1/(1 + x^2))*arctan(x)": lambda x, v, i, root: [
        dot(-2 * x, v, (1 + x**2) ** 2),
        dot(i, v, 1 + x**2),
    ],
    "exp(arctan(-x))": lambda x, v, i, root: [dot(1, v, 1 + x**2), dot(i, v, 1 + x**2)],
    "sin(x*sqrt(x))*arctan(x)": lambda x, v, i, root: [dot(3 * i * root, v, 2), dot(i, v, 1 + x**2)],
    "arctan(sqrt(x))": lambda x, v, i, root: [dot(i, v, 2 * root * (1 + x))],
}


@pytest.mark.parametrize("function", ROWS)
def test_rows_are_the_derivatives(function: str) -> None:
    tower = derive_tower(*family(function))
    points = points_of(tower, SETTING, 4, 1)
    fast = NumpyArithmetic().premise_rows(tower, SETTING, 4, points)
    for pair, shared in enumerate(draw_pairs(tower, SETTING, 4)):
        sides = zip("ab", points.of_pair(pair), strict=True)
        one, other = (draw_sample(tower, SETTING, f"pair/{pair}/{side}", nonces) for side, nonces in sides)
        domain = Residues(tower, SETTING, shared, one)
        row = derivative_row(domain, domain.run(), list(other.inputs))
        x, v = one.inputs[0], other.inputs[0]
        root = domain.root(x) if "sqrt" in function else 0
        assert row == ROWS[function](x, v, shared.imaginary, root)
        assert row == [int(value) % PRIME for value in fast[pair]]


def test_rows_of_arguments_with_variable_weights() -> None:
    """u(z) = -z^2 at z = -w x, and kappa u(z) of the tanh form of GELU, have the derivatives u'(z) dz."""
    net = Assembly((1,), {"w": (1,)})
    z = net.multiply(net.constant([-1], (1,)), net.multiply(net.parameter("w"), net.input))
    parts = [net.activation(name, z) for name in ("gaussian", "gelu_tanh", "arctan")]
    program = net.finish(net.multiply(net.multiply(parts[0], parts[1]), parts[2]))
    tower, points = derive_tower(program, None), points_of(derive_tower(program, None), SETTING, 2, 1)
    fast = NumpyArithmetic().premise_rows(tower, SETTING, 2, points)
    for pair, shared in enumerate(draw_pairs(tower, SETTING, 2)):
        x, v = (draw_sample(tower, SETTING, f"pair/{pair}/{side}").inputs[0] for side in "ab")
        w, k = shared.weights[0][0], shared.kappa
        z_, dz = w * x, w * v
        cubic = k * (2 + 3 * dot(1, 8943, 100000) * z_ * z_) * dz
        expected = [-2 * z_ * dz % PRIME, cubic % PRIME, dot(shared.imaginary, dz, 1 + z_ * z_)]
        domain = Residues(tower, SETTING, shared, draw_sample(tower, SETTING, f"pair/{pair}/a"))
        assert derivative_row(domain, domain.run(), [v]) == expected
        assert [int(value) % PRIME for value in fast[pair]] == expected


def test_the_kernel_counts_logarithms_once() -> None:
    program, weights = family("arctan(x) + arctan(-x)*x", "softplus(x)*softplus(-x)", "arctan(x)^2")
    tower = derive_tower(program, weights)
    assert (len(tower.logarithms), len(tower.bases)) == (2, 1)
    text = documents(program, weights, (3, 3), find_lower_bound(program, weights, 3, "0").certificate)
    assert check(*text).lower == 3
