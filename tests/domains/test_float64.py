"""Double precision against finite differences, closed forms, and mpmath far from zero."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray

from llrsym.domains.float64 import Float64, approx_jacobian, approx_trace, nearest_double
from llrsym.domains.multiprecision import approx_jacobian_mp
from llrsym.domains.symbolic import Z, activation_expressions
from llrsym.errors import BadInput
from llrsym.kernel.program import Program, size
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import matrix_factorization, mlp

Floats = NDArray[np.float64]


def random_weights(program: Program, seed: int) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=size(p.shape)).tolist() for p in program.parameters]


def random_points(program: Program, count: int) -> Floats:
    return np.random.default_rng(7).normal(size=(count, size(program.input_shape)))


def outputs(program: Program, weights: list[list[float]], points: Floats) -> Floats:
    values = approx_trace(program, weights, points).values[program.output]
    return np.broadcast_to(values.reshape(len(values), -1), (len(points), program.output_count))


def finite_differences(program: Program, weights: list[list[float]], points: Floats) -> Floats:
    step, columns = 1e-6, []
    for tensor in weights:
        for k, value in enumerate(tensor):
            sides = []
            for moved in (value + step, value - step):
                tensor[k] = moved
                sides.append(outputs(program, weights, points).ravel())
            tensor[k] = value
            columns.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(columns, axis=1)


def test_activation_agrees_with_its_closed_form_near_and_far(activation: str) -> None:
    z = np.array([-600.0, -30.0, -3.0, -0.7, -1e-9, 0.0, 1e-9, 0.4, 2.5, 25.0, 600.0])
    z = z[z > 0] if activation == "sqrt" else z
    digits, least = 600, 1e-300  # enough for 1 - tanh(600)^2
    if activation.startswith("ode:"):  # their Taylor polynomials have an absolute accuracy
        z, digits, least = z[abs(z) < 9], 60, 1e-38
    value, slope = Float64().activate(activation, 0, z.reshape(1, -1))
    for got, expression in zip((value, slope), activation_expressions(activation), strict=True):
        function = sp.lambdify(Z, expression, "mpmath")
        with mpmath.workdps(digits):
            expected = [nearest_double(float(function(mpmath.mpf(v)))) for v in z.tolist()]
        np.testing.assert_allclose(got[0], expected, rtol=1e-12, atol=least)


def test_solutions_end_in_nan_where_they_are_not_followed() -> None:
    z = np.array([[-np.inf, -1.6, -1.5, 0.0, 1.0, 1.6, np.nan]])
    value, slope = Float64().activate("ode:1+y1^2@0", 0, z)
    assert np.isnan(value[0]).tolist() == [True, True, False, False, False, True, True]
    np.testing.assert_allclose(value[0, 2:5], np.tan(z[0, 2:5]), rtol=1e-13)
    np.testing.assert_allclose(slope[0, 2:5], 1 + np.tan(z[0, 2:5]) ** 2, rtol=1e-12)
    far = Float64().activate("ode:y2@0;-y1@1", 0, np.array([99.0, 1e300]))[0]
    np.testing.assert_allclose(far[0], np.sin(99.0), rtol=1e-13)


def test_solutions_are_accurate_to_the_last_digits() -> None:
    z = np.linspace(-20, 20, 40_001)
    value, slope = Float64().activate("ode:1-y1^2@0", 0, z)
    np.testing.assert_allclose(value, np.tanh(z), rtol=4e-16)
    np.testing.assert_allclose(slope, 1 / np.cosh(z) ** 2, rtol=1e-13)


def test_slope_agrees_with_finite_differences(activation: str) -> None:
    z = np.linspace(0.1 if activation == "sqrt" else -3, 3, 25).reshape(5, 5)
    domain, step = Float64(), 1e-5
    difference = domain.activate(activation, 0, z + step)[0] - domain.activate(activation, 0, z - step)[0]
    slope = domain.activate(activation, 0, z)[1]
    np.testing.assert_allclose(slope, difference / (2 * step), rtol=1e-7, atol=1e-8)


def test_jacobian_agrees_with_finite_differences(program: Program) -> None:
    weights, points = random_weights(program, 1), random_points(program, 5)
    jacobian = approx_jacobian(program, weights, points)
    assert jacobian.shape == (5 * program.output_count, program.parameter_count)
    np.testing.assert_allclose(jacobian, finite_differences(program, weights, points), rtol=1e-7, atol=1e-8)


def test_jacobian_agrees_with_multiprecision(program: Program) -> None:
    weights, points = random_weights(program, 2), random_points(program, 3)
    expected = np.array(approx_jacobian_mp(program, weights, points.tolist()).tolist(), dtype=float)
    np.testing.assert_allclose(approx_jacobian(program, weights, points), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "specification",
    ["ij,j->i", "ji,j->i", "j,ij->i", "j,ji->i", "i,j->ij", "ij,jk->ik", "ij,ij->", "i,i->i", ",i->i"],
)
def test_einsum_is_a_loop_over_indices(specification: str) -> None:
    left, right, out = specification.replace("->", ",").split(",")
    lengths = {"i": 2, "j": 3, "k": 4}
    net = Assembly((0,), {"a": tuple(lengths[c] for c in left), "b": tuple(lengths[c] for c in right)})
    program = net.finish(net.einsum(specification, net.parameter("a"), net.parameter("b")))
    weights = random_weights(program, 3)
    assert outputs(program, weights, np.zeros((1, 0))).shape == (1, size(tuple(lengths[c] for c in out)))
    expected = finite_differences(program, weights, np.zeros((1, 0)))
    np.testing.assert_allclose(approx_jacobian(program, weights, np.zeros((1, 0))), expected, atol=1e-8)


def test_batches_broadcast_in_every_einsum_order() -> None:
    rng = np.random.default_rng(0)
    matrices, vectors = rng.normal(size=(1, 2, 3)), rng.normal(size=(5, 3))
    shapes = ((2, 3), (3,), (2,))
    expected = np.stack([matrices[0] @ v for v in vectors])
    np.testing.assert_allclose(Float64().einsum("ij,j->i", matrices, vectors, shapes), expected)
    transposed = matrices.transpose(0, 2, 1)
    np.testing.assert_allclose(
        Float64().einsum("j,ji->i", vectors, transposed, ((3,), (3, 2), (2,))), expected
    )


def test_a_run_without_inputs_serves_every_point() -> None:
    program = matrix_factorization(rows=2, inner=1, cols=2).program
    jacobian = approx_jacobian(program, [[2, 3], [5, 7]], np.zeros((2, 0)))
    once = [[5, 0, 2, 0], [7, 0, 0, 2], [0, 5, 3, 0], [0, 7, 0, 3]]
    assert jacobian.tolist() == once + once


def test_an_unused_parameter_has_a_zero_column(activation: str) -> None:
    net = Assembly((1,), {"unused": (2,), "w": (1,)})
    z = net.multiply(net.parameter("w"), net.input)
    program = net.finish(net.activation(activation, z))
    jacobian = approx_jacobian(program, [[1.0, 2.0], [0.5]], np.array([[0.5], [1.0]]))
    assert not jacobian[:, :2].any()


def test_poles_and_overflow_are_not_finite_and_do_not_warn() -> None:
    net = Assembly((1,), {"w": (1,)})
    program = net.finish(net.divide(net.parameter("w"), net.input))
    assert np.isinf(approx_jacobian(program, [[1.0]], np.array([[0.0]]))[0, 0])
    exponential = mlp(1, 1, 1, activation="exp", bias=False).program
    assert np.isinf(approx_jacobian(exponential, [[1000.0], [1.0]], np.array([[1.0]]))[0, 1])


def test_roots_beyond_their_domain_are_not_finite_and_do_not_warn() -> None:
    net = Assembly((1,), {"w": (1,)})
    program = net.finish(net.activation("sqrt", net.multiply(net.parameter("w"), net.input)))
    jacobian = approx_jacobian(program, [[1.0]], np.array([[-1.0], [0.0], [4.0]]))
    assert np.isfinite(jacobian).ravel().tolist() == [False, False, True]
    assert jacobian[2, 0] == 1.0


def test_fractions_are_rounded_once_and_large_ones_are_infinite() -> None:
    assert nearest_double(Fraction(1, 3)) == 1 / 3
    assert nearest_double(Fraction(10**400)) == np.inf
    assert nearest_double(Fraction(-(10**400))) == -np.inf


def test_wrong_sizes_are_refused() -> None:
    program = mlp(2, 1, 1, bias=False).program
    with pytest.raises(BadInput, match=r"with \[2, 1\] entries, got \[2\]"):
        approx_jacobian(program, [[1.0, 2.0]], np.zeros((1, 2)))
    with pytest.raises(BadInput, match=r"expected shape \(n, 2\), got \(4, 3\)"):
        approx_jacobian(program, [[1.0, 2.0], [1.0]], np.zeros((4, 3)))


def test_no_points_give_no_rows() -> None:
    program = mlp(2, 1, 1, bias=False).program
    assert approx_jacobian(program, [[1.0, 2.0], [1.0]], np.zeros((0, 2))).shape == (0, 3)
