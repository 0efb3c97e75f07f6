"""Losses, gradients and optimisers of many trials at once, against one trial after the other and float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from llrsym.domains.float64 import approx_jacobian
from llrsym.networks.text import parse_network
from llrsym.recovery.batches import Contraction
from llrsym.recovery.optimizers import (
    CONVERGED,
    DIVERGED,
    GD,
    LEAST_SQUARES,
    OPTIMIZERS,
    STALLED,
    Method,
    Trained,
    polished,
    train,
)
from llrsym.recovery.training import Objective

NETWORKS = [
    "mlp(3, 4, 1)",
    "mlp(2, 3, 2, 2, activation='sigmoid')",
    "conv(input=(5,), kernel=(3,), channels=(2,), bias='hidden')",
    "conv(input=(5,), kernel=(3,), channels=(2,), bias='hidden', shared=False)",
    "conv(input=(3, 3), kernel=(2, 2), channels=(2,))",
    "residual(width=2, blocks=2, hidden=2)",
    "attention(tokens=2, dim=2, head_dim=1, heads=1)",
    "matrix_factorization(rows=3, inner=2, cols=4)",
]
TRIALS, POINTS = 3, 4


def objective_of(network, trials=TRIALS, points=POINTS, seed=0):
    rng = np.random.default_rng(seed)
    points = points if network.inputs else 1
    inputs = rng.standard_normal((trials, points, *network.program.input_shape))
    labels = rng.standard_normal((trials, points, network.outputs))
    shares = rng.random(labels.shape)
    return Objective(network.program, inputs, labels, shares)


@pytest.mark.parametrize("text", NETWORKS)
def test_losses_and_gradients_are_those_of_the_jacobian(text):
    network = parse_network(text)
    objective = objective_of(network)
    theta = np.random.default_rng(1).standard_normal((TRIALS, network.parameter_count))
    losses, gradients = objective.value_and_gradient(theta)
    outputs = objective.outputs(theta)
    for t in range(TRIALS):
        ends = np.cumsum([size for _, _, size in network.layers])[:-1]
        points = objective.inputs[t].reshape(objective.inputs.shape[1], -1)
        jacobian = approx_jacobian(network.program, np.split(theta[t], ends), points)
        errors = (outputs - objective.labels)[t]
        expected = 2 * (objective.shares[t] * errors).ravel() @ jacobian
        np.testing.assert_allclose(gradients[t], expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(losses[t], np.sum(objective.shares[t] * errors**2), rtol=1e-12)


@pytest.mark.parametrize("text", NETWORKS)
def test_the_jacobian_of_one_trial_is_that_of_its_errors(text):
    network = parse_network(text)
    objective = objective_of(network, trials=1)
    theta = np.random.default_rng(2).standard_normal(network.parameter_count)
    expected = approx_fprime(theta, lambda v: objective.residuals(v[None]), 1e-7)
    np.testing.assert_allclose(objective.jacobian(theta[None]), expected, atol=1e-4, rtol=1e-4)
    losses, gradients = objective.value_and_gradient(theta[None])
    residuals = objective.residuals(theta[None])
    np.testing.assert_allclose(residuals @ residuals, losses[0], rtol=1e-12)
    np.testing.assert_allclose(2 * objective.jacobian(theta[None]).T @ residuals, gradients[0], rtol=1e-9)


SPECIFICATIONS = [
    "ij,j->i",
    "ij,i->j",
    "i,j->ij",
    "ps,cs->cp",
    "ps,cps->cp",
    "cp,ps->cs",
    "oj,j->o",
    "i,i->i",
]


@given(
    st.sampled_from(SPECIFICATIONS),
    st.tuples(*[st.sampled_from([1, 3])] * 2),
    st.tuples(*[st.sampled_from([1, 2])] * 2),
)
def test_contractions_are_those_of_einsum(specification, trials, points):
    left, right, out = specification.replace("->", ",").split(",")
    lengths = {letter: 2 + k for k, letter in enumerate(sorted(set(left + right)))}
    rng = np.random.default_rng(0)
    a, b = (
        rng.standard_normal((t, p, *(lengths[letter] for letter in word)))
        for word, t, p in zip((left, right), trials, points, strict=True)
    )
    expected = np.einsum(f"...{left},...{right}->...{out}", a, b)
    contraction = Contraction(specification, a, b)
    np.testing.assert_allclose(contraction.entries(), expected, rtol=1e-12)
    np.testing.assert_allclose(contraction.sums(), expected.sum(axis=1), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("text", ["mlp(3, 4, 1)", NETWORKS[2], NETWORKS[-1]])
def test_a_trial_does_not_see_the_others(text):
    network = parse_network(text)
    objective = objective_of(network)
    theta = 0.1 * np.random.default_rng(1).standard_normal((TRIALS, network.parameter_count))
    together = train(objective, theta, Method(GD, rate=0.1, steps=60))
    for t in range(TRIALS):
        alone = train(objective.of(np.array([t])), theta[t : t + 1], Method(GD, rate=0.1, steps=60))
        np.testing.assert_allclose(alone.theta[0], together.theta[t], rtol=1e-9, atol=1e-12)


def linear_problem():
    """Y = 3 x: one linear neuron, two points, minimum at 3."""
    x = np.array([[[1.0], [2.0]]])
    network = parse_network("mlp(1, 1, bias=False)")
    return Objective(network.program, x, 3 * x, np.full((1, 2, 1), 0.5))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_solves_a_linear_problem(optimizer):
    found = train(linear_problem(), np.zeros((1, 1)), Method(optimizer, rate=0.1, steps=3000))
    assert found.theta[0, 0] == pytest.approx(3, abs=1e-6)
    assert found.ended == (CONVERGED,)


def test_a_rate_that_is_too_large_is_halved():
    # The loss is 2.5 (w - 3)^2, so that steps above 0.4 diverge.
    objective = linear_problem()
    found = train(objective, np.zeros((1, 1)), Method(GD, rate=100.0, steps=200))
    assert found.theta[0, 0] == pytest.approx(3, abs=1e-6)


def test_zero_weights_are_a_saddle_where_gradient_descent_stays():
    network = parse_network("mlp(1, 2, 1, bias=False)")
    objective = objective_of(network, trials=1)
    found = train(objective, np.zeros((1, 4)), Method(GD, steps=200))
    assert not found.theta.any()
    assert found.ended != (CONVERGED,)


def test_a_training_that_leaves_the_numbers_has_diverged_and_is_not_polished():
    network = parse_network("mlp(1, 1, 1, activation='exp', bias=False)")
    objective = objective_of(network, trials=2)
    theta = np.array([[1e6, 1.0], [0.1, 0.1]])
    found = polished(objective, train(objective, theta, Method(GD, steps=50)), 1e-16)
    assert found.ended[0] == DIVERGED
    assert np.isfinite(found.losses[1])


def test_polishing_continues_where_the_training_has_ended():
    objective, start = linear_problem(), np.array([[2.0]])
    trained = Trained(start, np.array([2.5]), np.array([7]), (STALLED,))
    found = polished(objective, trained, 1e-16)
    assert (found.theta[0, 0], found.ended, found.steps.tolist()) == (pytest.approx(3), (CONVERGED,), [7])


def test_dropout_is_repeatable_and_its_losses_are_without_it():
    network = parse_network("mlp(1, 8, 1)")
    objective = objective_of(network)
    theta = np.random.default_rng(1).standard_normal((TRIALS, network.parameter_count))
    method = Method(GD, rate=0.01, steps=30, dropout=0.5)
    first, again, other = (train(objective, theta, method, [seed]) for seed in (1, 1, 2))
    assert (first.theta == again.theta).all()
    assert (first.theta != other.theta).any()
    np.testing.assert_array_equal(first.losses, objective.value_and_gradient(first.theta)[0])


def test_a_mask_removes_a_neuron_from_value_and_gradient():
    network = parse_network("mlp(1, 2, 1, bias=False)")
    objective = objective_of(network, trials=1)
    (register,) = objective.hidden_shapes()
    theta = np.array([[0.5, -1.0, 2.0, 3.0]])
    mask = np.array([1.0, 0.0]).reshape(1, 1, 2)
    loss, gradient = objective.value_and_gradient(theta, {register: mask})
    without = theta * [1, 1, 1, 0]
    np.testing.assert_allclose(loss, objective.value_and_gradient(without)[0])
    assert gradient[0, [1, 3]].tolist() == [0, 0]
    np.testing.assert_allclose(gradient[0, [0, 2]], objective.value_and_gradient(without)[1][0, [0, 2]])


def test_least_squares_does_not_move_from_a_solution():
    found = train(linear_problem(), np.full((1, 1), 3.0), Method(LEAST_SQUARES, steps=10))
    assert (found.theta.tolist(), found.steps.tolist(), found.ended) == ([[3.0]], [0], (CONVERGED,))
