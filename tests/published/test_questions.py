"""Questions with known answers, each of which defeats one naive way to compute a rank."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
import sympy

from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import mlp
from llrsym.networks.network import Network
from llrsym.tangent.independence import independence
from llrsym.tangent.rank import model_rank
from llrsym.verdict import Relation, Verdict
from tests.published.adapter import network_of

PROVED = ("proved", "proved")


def rank_of(verdict: Verdict) -> int:
    """Return the rank of a verdict that must be closed and proved on both sides."""
    assert verdict.lower == verdict.upper, str(verdict)
    assert (verdict.lower_verdict, verdict.upper_verdict) == PROVED, str(verdict)
    return verdict.lower


def only_relation(verdict: Verdict) -> list[sympy.Expr]:
    """Return the coefficients of the one relation, scaled so that the last one is 1."""
    assert isinstance(verdict.relations, tuple)
    (relation,) = verdict.relations
    return scaled(relation)


def scaled(relation: Relation) -> list[sympy.Expr]:
    """Return the coefficients of a relation in the order of the family, divided by the last one."""
    values = [sympy.sympify(text) for text in relation.coefficients.values()]
    return [sympy.simplify(value / values[-1]) for value in values]


# Families of functions


def test_a_shift_of_exp_is_a_multiple_by_e() -> None:
    """The relation has no rational coefficients; a residue of e drawn per row would miss it."""
    verdict = independence(["exp(x)", "exp(x+1)"])
    assert rank_of(verdict) == 1
    assert only_relation(verdict) == [-sympy.E, 1]


def test_three_shifted_sines_span_a_plane() -> None:
    verdict = independence(["sin(x)", "sin(x+1)", "sin(x+2)"])
    assert rank_of(verdict) == 2
    first, middle, last = only_relation(verdict)
    assert (first, last) == (1, 1)
    assert sympy.simplify((middle + 2 * sympy.cos(1)).rewrite(sympy.exp)) == 0


def test_three_shifted_sines_are_independent_as_exponents() -> None:
    """2 cos 1 is irrational: no rational combination of the exponents is constant."""
    functions = ["exp(sin(x))", "exp(sin(x+1))", "exp(sin(x+2))", "exp(sin(x))*exp(sin(x+2))"]
    assert rank_of(independence(functions)) == 4


def test_the_double_angle_of_tanh() -> None:
    """tanh(2x) (1 + tanh(x)^2) = 2 tanh(x): two tanh are no two free generators."""
    verdict = independence(["tanh(2*x)*(1+tanh(x)^2)", "tanh(x)"])
    assert rank_of(verdict) == 1
    assert only_relation(verdict) == [Fraction(-1, 2), 1]


def test_an_odd_multiple_of_the_argument_of_tanh() -> None:
    assert rank_of(independence(["tanh(x)", "tanh(3*x)"])) == 2
    weights = {"W1": [[1], [3]], "W2": [[1, 1]]}
    assert rank_of(model_rank(mlp(1, 2, 1, bias=False), at=weights)) == 4


def test_gaussians_in_four_directions() -> None:
    """(x+y)^2 + (x-y)^2 = 2x^2 + 2y^2: four gaussians are no four free generators."""
    verdict = independence(["exp(-(x+y)^2)*exp(-(x-y)^2)", "exp(-x^2)^2*exp(-y^2)^2"])
    assert rank_of(verdict) == 1
    assert only_relation(verdict) == [-1, 1]


def test_gaussian_by_name_is_the_exponential_of_minus_a_square() -> None:
    assert rank_of(independence(["gaussian(x)", "exp(-x^2)", "gaussian(x+y)*gaussian(x-y)"])) == 2


def test_softplus_inside_an_exponential_is_no_new_generator() -> None:
    """exp(softplus(x)) = 1 + exp(x): the rank is 2, whatever is settled of it."""
    verdict = independence(["exp(softplus(x))", "1", "exp(x)"])
    assert verdict.lower <= 2 <= verdict.upper


# Networks at given weights


def test_neurons_that_floating_point_cannot_tell_apart() -> None:
    """w = 1 and 1 + 2^-52 are different dyadic rationals."""
    weights = {"W1": [[1.0], [1.0 + 2.0**-52]], "W2": [[1.0, 1.0]]}
    assert rank_of(model_rank(mlp(1, 2, 1, bias=False), at=weights)) == 4


def test_sixteen_multiples_of_one_argument() -> None:
    """sum_k tanh(0.3 k x), k = 1..16: a floating point SVD answers 21 or less."""
    network = mlp(1, 16, 1, bias=False)
    exact = {"W1": [[f"{3 * k}/10"] for k in range(1, 17)], "W2": [[1] * 16]}
    floats = {"W1": [[0.3 * k] for k in range(1, 17)], "W2": [[1.0] * 16]}
    assert rank_of(model_rank(network, at=exact)) == 32
    assert rank_of(model_rank(network, at=floats)) == 32


def test_a_transcendental_constant_inside_an_exponent() -> None:
    """An exponent 3 tanh(1), independent of the others only under Schanuel's conjecture: balls do not ask."""
    weights = {"W1": [[2], [0]], "b1": [1, 1], "W2": [[1, 3]], "b2": ["1/2"], "W3": [[2]], "b3": [0]}
    verdict = model_rank(mlp(1, 2, 1, 1), at=weights)
    assert (verdict.lower, verdict.upper, verdict.parameters) == (7, 7, 9)
    assert (verdict.verdict, verdict.conditions) == ("proved", ())
    assert "by balls" in verdict.lower_reason


def shifted_kernels(share: int) -> Network:
    """A convolution of length 3 with two kernels of size 2."""
    return network_of({"kind": "cnn2", "act": "tanh", "n": 3, "s": 2, "C": 2, "share": share})


@pytest.mark.parametrize(
    ("share", "a", "rank"),
    [(1, [[2, 3], [5, 7]], 7), (0, [[2, 3], [5, 7]], 10), (0, [[2, 0], [8, 7]], 9)],
)
def test_kernels_that_are_shifts_of_one_another(share: int, a: list[list[int]], rank: int) -> None:
    """[1, 0] at the second place and [0, 1] at the first are both tanh(x2): k(S + L) = 8 is not attained."""
    kernels = [[1, 0], [0, 1]]
    weights = {"K": kernels if share else [[k, k] for k in kernels], "a": a}
    assert rank_of(model_rank(shifted_kernels(share), at=weights)) == rank


def tied_constants(at: Mapping[str, object]) -> Verdict:
    """sum a_i tanh(z_i) + c with z = (K x + B0, B1, K x)."""
    net = Assembly((1,), {"K": (1,), "B": (2,), "a": (3,), "c": (1,)})
    zero = net.constant([0], (1,))
    slope = net.multiply(net.parameter("K"), net.input)
    z = net.gather([slope, zero], [0, 1, 0], (3,))
    z = net.add(z, net.gather([net.parameter("B"), zero], [0, 1, 2], (3,)))
    total = net.einsum("i,i->", net.parameter("a"), net.activation("tanh", z))
    output = net.add(net.gather([total], [0], (1,)), net.parameter("c"))
    return model_rank(Network("tied constant neurons", net.finish(output)), at=at)


def test_tied_constant_neurons() -> None:
    """d_K f = (sech(2)^2 - 1) x is not zero: the slope of a constant neuron must not be dropped."""
    assert rank_of(tied_constants({"K": [0], "B": [2, -1], "a": [1, -1, -1], "c": [0]})) == 2


def test_tied_constant_neurons_with_equal_slopes() -> None:
    """With B0 = 0 both places have slope 1, and d_K f = 0."""
    assert rank_of(tied_constants({"K": [0], "B": [0, -1], "a": [1, -1, -1], "c": [0]})) == 1


def test_average_pooling() -> None:
    """a (tanh(u x1) + tanh(v x2)) has 3 parameters, not 4."""
    net = Assembly((2,), {"w": (2,), "a": (1,)})
    h = net.activation("tanh", net.multiply(net.parameter("w"), net.input))
    pooled = net.gather([net.einsum("i,i->", net.constant([1, 1], (2,)), h)], [0], (1,))
    network = Network("average pooling", net.finish(net.multiply(net.parameter("a"), pooled)))
    assert rank_of(model_rank(network, at={"w": [2, 3], "a": [5]})) == 3
    assert rank_of(model_rank(network)) == 3
