"""One suite of laws for all number systems, of the kernel and of the search, and their agreement."""

from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
import sympy as sp

from llrsym.domains.float64 import approx_jacobian, approx_trace
from llrsym.domains.multiprecision import Multiprecision, approx_jacobian_mp
from llrsym.domains.symbolic import Symbolic
from llrsym.kernel.activations import activation_named
from llrsym.kernel.domains import Rationals, einsum_pairs
from llrsym.kernel.errors import Rejected
from llrsym.kernel.formal import Formal, Ring
from llrsym.kernel.polynomials import IMAGINARY, Poly
from llrsym.kernel.program import Program, size
from llrsym.kernel.residues import PRIMES, Residues, Setting, Vanishing, evaluation_rows
from llrsym.kernel.run import forward, gradient
from llrsym.kernel.tower import derive_tower
from llrsym.networks.assembly import Assembly
from tests.kernel.laws import (
    EXACT,
    OPAQUES,
    TOWER,
    adjoint_violations,
    all_primitives,
    formal_adjoint_violations,
    formal_equal,
    random_scalars,
    rational_violations,
    rational_weights,
    residue_adjoint_violations,
    residues,
    ring_violations,
    weights_in_domain,
)
from tests.kernel.scenarios import PRIME, family, network_values, points_of, real

IMAGINARY_UNIT: Poly = {((IMAGINARY, 1),): Fraction(1)}
ONE: Poly = {(): Fraction(1)}
RATIONAL = [name for name in EXACT if not activation_named(name).exponent]
FORMAL = ["tanh", "exp", "sin", "power:2", "rational:1,-2|3/1,0,1", "arctan", "softplus", "sqrt"]


def close(a: mpmath.mpf, b: mpmath.mpf) -> bool:
    return bool(abs(a - b) <= mpmath.mpf(10) ** -40 * (1 + abs(a)))


# Rings


def test_rationals_are_a_ring() -> None:
    scalars = [Fraction(2), Fraction(-3, 7), Fraction(5, 4)]
    assert not ring_violations(Rationals(), scalars, Fraction.__eq__)
    assert not rational_violations(Rationals(), Fraction.__eq__)
    with pytest.raises(Rejected, match="a denominator is zero"):
        Rationals().over(Fraction(1), Fraction(0))


@pytest.mark.parametrize("prime", PRIMES)
def test_residues_are_a_ring(prime: int) -> None:
    domain = residues(*family("x"))
    domain = Residues(domain.tower, Setting(prime, 2, "a"), domain.constants, domain.sample)
    assert not ring_violations(domain, [1, prime - 1, prime // 2, 12345], int.__eq__)
    assert not rational_violations(domain, int.__eq__)
    with pytest.raises(Vanishing):
        domain.over(1, 0)
    for sign in (1, -1):
        assert pow(domain.setting.imaginary_unit(sign), 2, prime) == prime - 1
    assert sum(map(domain.setting.imaginary_unit, (1, -1))) == prime


def test_formal_polynomials_are_a_ring() -> None:
    ring = Ring()
    domain, x, i = Formal(ring), ring.variable("x", 0), IMAGINARY_UNIT
    values = [x, i, ring.activate("sin", x)[0], domain.plus(x, ring.activate("tanh", x)[0])]
    assert not ring_violations(domain, values, formal_equal(ring))
    assert not rational_violations(domain, formal_equal(ring))
    assert domain.times(i, i) == {(): -1}


def test_multiprecision_is_a_ring_up_to_rounding() -> None:
    with mpmath.workdps(60):
        scalars = [mpmath.mpf(2) / 3, mpmath.mpf("-1.7"), mpmath.pi + 0]
        assert not ring_violations(Multiprecision(), scalars, close)
        assert not rational_violations(Multiprecision(), close)


def test_symbolic_expressions_are_a_ring() -> None:
    x, y = sp.symbols("x y")

    def equal(a: sp.Expr, b: sp.Expr) -> bool:
        return bool(sp.simplify(a - b) == 0)

    assert not ring_violations(Symbolic(), [x, 1 + y], equal)
    assert not rational_violations(Symbolic(), equal)


# Derivatives


@pytest.mark.parametrize("activation", TOWER)
@pytest.mark.parametrize("given_weights", [True, False])
def test_backward_and_forward_derivatives_are_adjoint_in_residues(
    activation: str, given_weights: bool
) -> None:
    program = all_primitives(activation)
    assert not residue_adjoint_violations(program, rational_weights(program) if given_weights else None)


@pytest.mark.parametrize("activation", RATIONAL)
def test_backward_and_forward_derivatives_are_adjoint_in_rationals(activation: str) -> None:
    program, numbers = all_primitives(activation), random_scalars(5)
    run = ([next(numbers), next(numbers)], [list(w) for w in rational_weights(program)])
    assert not adjoint_violations(program, Rationals(), run, lambda: next(numbers), Fraction.__eq__)


@pytest.mark.parametrize("activation", FORMAL)
def test_backward_and_forward_derivatives_are_adjoint_formally(activation: str) -> None:
    program = small_program(activation)
    for weights in (rational_weights(program), None):
        assert not formal_adjoint_violations(program, weights)


def small_program(activation: str) -> Program:
    """Every primitive, small enough to be expanded formally."""
    net = Assembly((1,), {"w": (2,)})
    w, x = net.parameter("w"), net.input
    z = net.gather([w, x], [0, 2], (2,))
    scalar = net.einsum("i,i->", z, w)
    h = net.activation(activation, scalar)
    below = net.add(net.constant([2], ()), net.multiply(scalar, scalar))
    return net.finish(net.gather([net.divide(h, below), net.add(h, h), w], [0, 1, -1, 2], (4,)))


@pytest.mark.parametrize("activation", TOWER)
def test_gradients_are_limits_of_difference_quotients(activation: str) -> None:
    program, point = all_primitives(activation), [Fraction(2, 3), Fraction(-1, 4)]
    weights = weights_in_domain(program, point, 3)
    with mpmath.workdps(70):
        jacobian = approx_jacobian_mp(program, weights, [point], 60)
        tensors = [[real(v) for v in w] for w in weights]
        at = [real(v) for v in point]
        step = mpmath.mpf(10) ** -22
        entries = [(tensor, k) for tensor in tensors for k in range(len(tensor))]
        for column, (tensor, k) in enumerate(entries):
            value = tensor[k]
            tensor[k] = value + step
            above = network_values(program, tensors, at)
            tensor[k] = value - step
            below = network_values(program, tensors, at)
            tensor[k] = value
            for row, (a, b) in enumerate(zip(above, below, strict=True)):
                assert abs((a - b) / (2 * step) - jacobian[row, column]) < mpmath.mpf(10) ** -35


# Contractions

SPECIFICATIONS = [
    "ij,j->i",
    "ij,jk->ik",
    "i,i->",
    "i,j->ij",
    ",->",
    "i,->i",
    "ij,ij->",
    "ijk,kj->i",
    "ij,ij->ij",
]
SPECIFICATIONS += ["ab,cb->ac", "abc,abd->cd", "abc,ad->dbc", "Ab,b->A"]
LENGTHS = {"i": 2, "j": 3, "k": 2, "a": 2, "b": 3, "c": 1, "d": 2, "A": 2}


@pytest.mark.parametrize("specification", SPECIFICATIONS)
@pytest.mark.parametrize("empty", ["", "i", "j", "b"])
def test_einsum_is_the_einsum_of_numpy_and_its_own_adjoint(specification: str, empty: str) -> None:
    left, right, out = specification.replace("->", ",").split(",")
    shapes = [tuple(0 if k in empty else LENGTHS[k] for k in word) for word in (left, right, out)]
    draw = np.random.default_rng(3)
    a, b, c = (draw.integers(-9, 9, shape) for shape in shapes)
    flat = [[Fraction(int(v)) for v in array.ravel()] for array in (a, b, c)]
    got = Rationals().einsum(specification, flat[0], flat[1], (shapes[0], shapes[1], shapes[2]))
    assert got == np.einsum(specification, a, b).ravel().tolist()
    back = Rationals().einsum(f"{out},{right}->{left}", flat[2], flat[1], (shapes[2], shapes[1], shapes[0]))
    one = sum((x * y for x, y in zip(got, flat[2], strict=True)), Fraction(0))
    assert one == sum((x * y for x, y in zip(back, flat[0], strict=True)), Fraction(0))
    index_a, index_b, count = einsum_pairs(specification, (shapes[0], shapes[1], shapes[2]))
    assert len(index_a) == len(index_b) == count * size(shapes[2])


def test_scatter_is_the_transpose_of_gather() -> None:
    domain, shapes = Rationals(), [(2,), (3,)]
    index, numbers = [4, -1, 0, 0, 3, 1], random_scalars(1)
    parts = [[next(numbers) for _ in range(size(s))] for s in shapes]
    other = [next(numbers) for _ in index]
    gathered = domain.gather(parts, index, shapes, (6,))
    scattered = domain.scatter(other, index, shapes, (6,))
    left = sum(a * b for a, b in zip(gathered, other, strict=True))
    right = sum(a * b for p, q in zip(parts, scattered, strict=True) for a, b in zip(p, q, strict=True))
    assert left == right
    assert gathered[1] == 0


# Values


def rational_residue(value: Fraction) -> int:
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME


@pytest.mark.parametrize("activation", RATIONAL)
def test_rational_values_reduce_to_residues(activation: str) -> None:
    """The same network over Q and modulo p at the same point: Z_(p) -> F_p commutes with everything."""
    program = all_primitives(activation)
    weights = rational_weights(program)
    domain = residues(program, weights)
    point = [Fraction(v) for v in domain.sample.inputs]
    exact = forward(program, Rationals(), point, [list(w) for w in weights])
    modular = domain.run()
    for a, b in zip(exact.values, modular.values, strict=True):
        assert [rational_residue(v) for v in a] == list(b)
    cotangent = [Fraction(1), Fraction(2), Fraction(-3)]
    by_q = gradient(program, Rationals(), exact, cotangent)
    by_p = gradient(program, domain, modular, [1, 2, PRIME - 3])
    assert [[rational_residue(v) for v in t or []] for t in by_q] == [list(t or []) for t in by_p]


@pytest.mark.parametrize("activation", [*TOWER, *OPAQUES])
def test_values_agree_in_all_number_systems(activation: str) -> None:
    program, point = all_primitives(activation), [Fraction(3, 4), Fraction(-2, 5)]
    weights = weights_in_domain(program, point, 7)
    with mpmath.workdps(50):
        tensors = [[real(v) for v in w] for w in weights]
        expected = network_values(program, tensors, [real(v) for v in point])
        digits = forward(program, Multiprecision(), [mpmath.mpf(3) / 4, mpmath.mpf(-2) / 5], tensors)
        assert all(close(a, b) for a, b in zip(expected, digits.values[-1], strict=True))
        symbols = [[sp.Rational(v.numerator, v.denominator) for v in w] for w in weights]
        symbolic = forward(program, Symbolic(), [sp.Rational(3, 4), sp.Rational(-2, 5)], symbols)
        for a, b in zip(expected, symbolic.values[-1], strict=True):
            assert abs(a - mpmath.mpf(str(sp.N(b, 40)))) < mpmath.mpf(10) ** -30 * (1 + abs(a))
        points = np.array([[0.75, -0.4]])
        floats = approx_trace(program, weights, points).values[-1].ravel()
        assert np.allclose([float(v) for v in expected], floats, rtol=1e-12)
        jacobian = approx_jacobian_mp(program, weights, [point], 40).tolist()
        expected_rows = [[float(v) for v in row] for row in jacobian]
        assert np.allclose(expected_rows, approx_jacobian(program, weights, points), rtol=1e-9, atol=1e-12)


IDENTITIES = [
    ("tanh(2*x)*(1 + tanh(x)^2)", "2*tanh(x)"),
    ("sin(x)^2", "1 - cos(x)^2"),
    ("sin(x+y)", "sin(x)*cos(y) + cos(x)*sin(y)"),
    ("silu(x) - silu(-x)", "x"),
    ("sigmoid(x)", "1/2 + tanh(x/2)/2"),
    ("cosh(x)^2", "1 + sinh(x)^2"),
    ("sech(x)*cosh(x)", "1"),
    ("gaussian(x+y)*gaussian(x-y)", "gaussian(x)^2*gaussian(y)^2"),
    ("mish(x)", "x*(1 - 2/((1 + exp(x))^2 + 1))"),
    ("quick_gelu(x)", "x*sigmoid(1.702*x)"),
    ("gelu_tanh(x)", "x + gelu_tanh(-x)"),
    ("exp(x + 1)", "exp(x)*exp(1)"),
    ("sin(x + 1)", "sin(x)*cos(1) + cos(x)*sin(1)"),
    ("1/(1 + exp(-x))", "sigmoid(x)"),
    ("x/(x + x^2)", "1/(1 + x)"),
    ("sqrt(x)^2", "x"),
    ("(sqrt(x^2 + 1) + x)*(sqrt(x^2 + 1) - x)", "1"),
    ("1/sqrt(x)", "sqrt(x)/x"),
    ("exp(sqrt(x)^3)", "exp(x*sqrt(x))"),
    ("sqrt(x + sqrt(y))^4", "x^2 + y + 2*x*sqrt(y)"),
    ("arctan(-x)", "-arctan(x)"),
    ("softplus(x) - softplus(-x)", "x"),
]


@pytest.mark.parametrize("functions", IDENTITIES, ids=str)
def test_identities_hold_formally_and_modulo_p(functions: tuple[str, str]) -> None:
    program, weights = family(*functions)
    ring = Ring()
    domain = Formal(ring)
    tensors = [domain.constant(w, p.shape) for w, p in zip(weights, program.parameters, strict=True)]
    trace = forward(program, domain, domain.inputs(program.input_shape), tensors)
    tangents = gradient(program, domain, trace, [ONE])[0]
    assert tangents is not None
    assert formal_equal(ring)(tangents[0], tangents[1])
    tower, setting = derive_tower(program, weights), Setting(PRIME, 5, "i")
    points = points_of(tower, setting, 1, 6)
    assert all(a == b for a, b in evaluation_rows(tower, setting, [(k, 0) for k in range(6)], [0, 1], points))


NO_IDENTITIES = [
    ("tanh(2*x)", "2*tanh(x)"),
    ("exp(x+1)", "3*exp(x)"),
    ("exp(x+1)", "exp(x)"),
    ("sin(x)", "cos(x)"),
    ("gelu_tanh(x)", "x*sigmoid(1.702*x)"),
    ("exp(x*1.0000001)", "exp(x)"),
    ("mish(x)", "silu(x)"),
    ("sqrt(x + 1)", "sqrt(x) + 1"),
    ("sqrt(x)", "x"),
    ("x + sqrt(x)", "x"),
    ("arctan(2*x)", "2*arctan(x)"),
    ("softplus(2*x)", "2*softplus(x)"),
    ("softplus(-x)", "softplus(x)"),
]


@pytest.mark.parametrize("functions", NO_IDENTITIES, ids=str)
def test_what_is_no_identity_is_none_formally_nor_modulo_p(functions: tuple[str, str]) -> None:
    program, weights = family(*functions)
    ring = Ring()
    domain = Formal(ring)
    tensors = [domain.constant(w, p.shape) for w, p in zip(weights, program.parameters, strict=True)]
    trace = forward(program, domain, domain.inputs(program.input_shape), tensors)
    tangents = gradient(program, domain, trace, [ONE])[0]
    assert tangents is not None
    assert not formal_equal(ring)(tangents[0], tangents[1])
    tower, setting = derive_tower(program, weights), Setting(PRIME, 5, "i")
    rows = evaluation_rows(tower, setting, [(0, 0)], [0, 1], points_of(tower, setting, 1, 1))
    assert rows[0][0] != rows[0][1]


@pytest.mark.parametrize("activation", [name for name in [*TOWER, *OPAQUES] if name != "sqrt"])
def test_parities_are_true(activation: str) -> None:
    parity = activation_named(activation).parity
    odd_or_even = {"tanh", "sinh", "sin", "cosh", "cos", "sech", "gaussian", "power:1", "power:2", "power:5"}
    odd_or_even |= {"arctan", "erf"}
    assert parity is not None or activation not in odd_or_even
    with mpmath.workdps(60):
        for z in (mpmath.mpf(2) / 3, mpmath.mpf(-5) / 4):
            plus, minus = (Multiprecision().activate_entry(activation, 0, 0, w)[0] for w in (z, -z))
            holds = [
                (a, b, c)
                for a, b, c in product((-1, 1), (-1, 0, 1), (-1, 0, 1))
                if close(minus, a * plus + b * z + c)
            ]
            assert parity is None or parity in holds
