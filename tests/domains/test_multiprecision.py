"""Many digits: against the exact data of the kernel, and where double precision is not enough."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from llrsym.domains.float64 import approx_jacobian
from llrsym.domains.multiprecision import Multiprecision, approx_jacobian_mp, approx_rank_mp
from llrsym.errors import BadInput
from llrsym.kernel.activations import Activation, Polynomial, activation_named, activation_names
from llrsym.kernel.errors import Rejected
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import mlp

EXACT = [name for name in activation_names() if ":" not in name and activation_named(name).exact]
EXACT += ["power:3", "rational:1,-2|3/1,0,1"]


def from_exact_data(activation: Activation, z: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
    """N/D and its derivative from the kernel's table, in complex arithmetic."""
    unit = {"1": mpmath.mpf(1), "i": mpmath.mpc(0, 1), "kappa": mpmath.sqrt(2 / mpmath.pi)}[activation.unit]

    def exponential(z: mpmath.mpf) -> mpmath.mpc:
        terms = (
            mpmath.mpf(u.numerator) / u.denominator * z ** (n + 1) for n, u in enumerate(activation.exponent)
        )
        return mpmath.exp(unit * sum(terms))

    def at(polynomial: Polynomial, z: mpmath.mpf) -> mpmath.mpc:
        e = exponential(z)
        kappa = mpmath.sqrt(2 / mpmath.pi)
        return sum(
            mpmath.mpf(c.numerator) / c.denominator * mpmath.mpc(0, 1) ** i * kappa**k * z**n * e**m
            for c, i, k, n, m in polynomial
        )

    top, bottom = at(activation.numerator, z), at(activation.denominator, z)
    change = at(activation.slope(activation.numerator), z) * bottom
    change -= top * at(activation.slope(activation.denominator), z)
    return top / bottom, change / bottom**2


@pytest.mark.parametrize("activation", EXACT)
def test_activation_agrees_with_the_exact_data_of_the_kernel(activation: str) -> None:
    data = activation_named(activation)
    with mpmath.workdps(60):
        for z in (mpmath.mpf(-9) / 7, mpmath.mpf(1) / 3, mpmath.mpf(2)):
            got = Multiprecision().activate_entry(activation, 0, 0, z)
            for a, b in zip(got, from_exact_data(data, z), strict=True):
                assert abs(a - b) < mpmath.mpf(10) ** -55


def test_slope_is_the_derivative_of_the_value(activation: str) -> None:
    with mpmath.workdps(60):
        z = mpmath.mpf(4) / 7
        slope = Multiprecision().activate_entry(activation, 0, 0, z)[1]
        value = mpmath.diff(lambda t: Multiprecision().activate_entry(activation, 0, 0, t)[0], z)
        assert abs(slope - value) < mpmath.mpf(10) ** -25


def test_parity_identities_hold(activation: str) -> None:
    a, b, c = activation_named(activation).parity or (0, 0, 0)
    with mpmath.workdps(50):
        z = mpmath.mpf(7) / 5
        plus, minus = (Multiprecision().activate_entry(activation, 0, 0, s * z)[0] for s in (1, -1))
        holds = abs(minus - (a * plus + b * z + c)) < mpmath.mpf(10) ** -45
    assert holds == (activation_named(activation).parity is not None)


def test_fractions_are_exact_at_the_digits_asked_for() -> None:
    program = mlp(1, 1, 1, activation="identity", bias=False).program
    jacobian = approx_jacobian_mp(
        program, [[Fraction(1, 3)], [Fraction(2, 7)]], [[Fraction(1, 11)]], digits=80
    )
    with mpmath.workdps(80):
        assert abs(jacobian[0, 0] - mpmath.mpf(2) / 77) < mpmath.mpf(10) ** -80
        assert abs(jacobian[0, 1] - mpmath.mpf(1) / 33) < mpmath.mpf(10) ** -80


def test_global_precision_is_left_alone() -> None:
    before = mpmath.mp.dps
    matrix = approx_jacobian_mp(mlp(1, 2, 1).program, [[1, 2], [0, 1], [1, 1], [0]], [[0.5], [1]], digits=90)
    approx_rank_mp(matrix, digits=90)
    assert mpmath.mp.dps == before


def test_rank_that_double_precision_misses() -> None:
    """sum_k tanh(k x / 20) for k <= 12 has 24 independent tangent functions; float64 sees fewer."""
    weights = [[Fraction(k, 20) for k in range(1, 13)], [Fraction(1)] * 12]
    program = mlp(1, 12, 1, bias=False).program
    points = [[Fraction(k, 8)] for k in range(1, 31)]
    jacobian = approx_jacobian_mp(program, weights, points, digits=200)
    assert approx_rank_mp(jacobian, digits=200) == 24
    doubles = approx_jacobian(program, weights, np.array([[float(v)] for (v,) in points]))
    assert np.linalg.matrix_rank(doubles) < 24


def test_rank_of_dependent_tangent_functions() -> None:
    """Two equal neurons: W1 columns and read-out columns coincide in pairs."""
    weights = [[Fraction(2, 3)] * 2, [Fraction(1, 5)] * 2, [Fraction(1), Fraction(3)], [Fraction(0)]]
    jacobian = approx_jacobian_mp(mlp(1, 2, 1).program, weights, [[Fraction(k, 3)] for k in range(9)])
    assert approx_rank_mp(jacobian) == 4


def test_rank_refuses_to_guess_without_a_gap() -> None:
    with mpmath.workdps(50):
        matrix = mpmath.matrix([[1, 0], [0, mpmath.mpf(10) ** -30]])
    with pytest.raises(ValueError, match="no gap"):
        approx_rank_mp(matrix)
    with pytest.raises(ValueError, match="not finite"):
        approx_rank_mp(mpmath.matrix([[1, mpmath.nan]]))


@pytest.mark.parametrize(
    ("entries", "rank"), [([[0, 0]], 0), ([[0, 5], [0, 0]], 1), ([[1, 2], [3, 4], [5, 6]], 2)]
)
def test_rank_of_small_matrices(entries: list[list[int]], rank: int) -> None:
    assert approx_rank_mp(mpmath.matrix(entries)) == rank


def test_vanishing_denominator_is_refused() -> None:
    net = Assembly((1,), {"w": (1,)})
    program = net.finish(net.divide(net.parameter("w"), net.input))
    with pytest.raises(Rejected, match="denominator is zero"):
        approx_jacobian_mp(program, [[1]], [[0]])


def test_wrong_sizes_are_refused() -> None:
    program = mlp(2, 1, 1, bias=False).program
    with pytest.raises(BadInput, match=r"with \[2, 1\] entries, got \[2\]"):
        approx_jacobian_mp(program, [[1, 2]], [[0, 0]])
    with pytest.raises(BadInput, match="expected 2 numbers per point, got 3"):
        approx_jacobian_mp(program, [[1, 2], [1]], [[0, 0], [0, 0, 0]])
