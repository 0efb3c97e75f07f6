"""SymPy expressions: the gradient of the kernel against SymPy's own derivatives."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from llrsym.domains.symbolic import (
    Symbolic,
    Z,
    activation_expressions,
    approx_solution,
    solutions,
)
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.program import Program, size
from llrsym.kernel.run import directional, forward, gradient
from llrsym.networks.assembly import Assembly


def symbols(program: Program) -> tuple[list[sp.Symbol], list[list[sp.Symbol]]]:
    names = [(p.name, size(p.shape)) for p in program.parameters]
    inputs = [sp.Symbol(f"x{k}", real=True) for k in range(size(program.input_shape))]
    return inputs, [[sp.Symbol(f"{name}_{k}", real=True) for k in range(count)] for name, count in names]


def is_zero(expression: sp.Expr) -> bool:
    """Equality as functions, at two points to 40 digits."""
    names = sorted(expression.free_symbols, key=str)
    function = sp.lambdify(names, expression, "mpmath")
    with mpmath.workdps(40):
        places = [[mpmath.mpf(3 * k + shift) / 7 for k in range(len(names))] for shift in (1, -4)]
        return all(abs(function(*place)) < mpmath.mpf(10) ** -30 for place in places)


def test_gradient_is_the_derivative(program: Program) -> None:
    inputs, weights = symbols(program)
    trace = forward(program, Symbolic(), inputs, weights)
    for output in range(program.output_count):
        cotangent = [sp.Integer(int(k == output)) for k in range(program.output_count)]
        parts = gradient(program, Symbolic(), trace, cotangent)
        value = trace.values[program.output][output]
        for part, tensor in zip(parts, weights, strict=True):
            for k, symbol in enumerate(tensor):
                derivative = sp.Integer(0) if part is None else part[k]
                assert is_zero(derivative - sp.diff(value, symbol))


def test_directional_derivative_is_the_gradient_along_it(program: Program) -> None:
    inputs, weights = symbols(program)
    trace = forward(program, Symbolic(), inputs, weights)
    direction = {n: [sp.Integer(2 * k - 1) for k in range(len(t))] for n, t in enumerate(weights)}
    moved = directional(program, Symbolic(), trace, direction)
    assert moved is not None
    for value, along in zip(trace.values[program.output], moved, strict=True):
        expected = sum(
            direction[n][k] * sp.diff(value, symbol)
            for n, tensor in enumerate(weights)
            for k, symbol in enumerate(tensor)
        )
        assert is_zero(along - expected)


def test_activation_of_an_expression(activation: str) -> None:
    x = sp.Symbol("x", real=True)
    value, slope = Symbolic().activate_entry(activation, 0, 0, 2 * x - 1)
    assert is_zero(sp.diff(value, x) - 2 * slope)
    assert Z not in value.free_symbols | slope.free_symbols


def test_numbers_stay_exact() -> None:
    domain = Symbolic()
    assert domain.constant([Fraction(1, 3), Fraction(-2)], (2,)) == [sp.Rational(1, 3), sp.Integer(-2)]
    x = sp.Symbol("x")
    assert domain.is_zero(domain.add([x], domain.negate([x])))
    assert not domain.is_zero([x])


def test_sums_of_nothing_are_zero() -> None:
    net = Assembly((2,), {"w": (3, 0), "u": (0,)})
    program = net.finish(net.einsum("ij,j->i", net.parameter("w"), net.parameter("u")))
    assert forward(program, Symbolic(), [sp.Integer(1)] * 2, [[], []]).values[-1] == [0, 0, 0]


def test_zero_denominators_and_unknown_names_are_refused() -> None:
    with pytest.raises(Rejected, match="denominator is zero"):
        Symbolic().over(sp.Integer(1), sp.Integer(0))
    with pytest.raises(Malformed, match="relu"):
        activation_expressions("relu")


def test_solutions_of_differential_equations_are_functions() -> None:
    z = sp.Symbol("z", real=True)
    sine, cosine = solutions("ode:y2@0;-y1@1")
    assert (sine(sp.Integer(0)), cosine(sp.Integer(0))) == (0, 1)
    assert sine(3 * z).diff(z) == 3 * cosine(3 * z)
    assert cosine(z).diff(z, 2) == -cosine(z)
    assert sine(z).is_real
    assert str(cosine(2 * z)) == "y2(2*z)"
    third = sp.Rational(1, 3)
    assert abs((sine(third) - sp.sin(third)).evalf(50)) < sp.Float("1e-49")
    assert abs((cosine(third) - sp.cos(third)).evalf(50)) < sp.Float("1e-49")
    assert sine(z).evalf() == sine(z)
    with mpmath.workdps(30):
        assert mpmath.almosteq(approx_solution("ode:1-y1^2@0", 0, mpmath.mpf("1e-40")), mpmath.mpf("1e-40"))
        assert mpmath.isnan(approx_solution("ode:1-y1^2@0", 0, mpmath.inf))
    with pytest.raises(Malformed):
        solutions("ode:y3@0")
