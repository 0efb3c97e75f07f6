"""How losses are made small: gradient descent and Adam for many trials at once, SciPy's methods one by one.

# The choice of algorithm
# ``gd`` is plain full-batch gradient descent with a guard: a step that would raise the loss is taken back and
# the rate of that trial is halved; after a good step it grows again, up to the given rate. With a small
# initialisation it follows the gradient flow, which is what the literature is about, and no rate has to be
# tuned. Dropout makes the loss random; there every step is taken.
# ``lbfgs`` and ``least-squares`` are SciPy's L-BFGS-B and its trust region reflective Gauss-Newton method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from llrsym.recovery.batches import Array
from llrsym.recovery.training import Masks, Objective

CONVERGED, STALLED, STEPS, DIVERGED = "converged", "stalled", "steps", "diverged"
"""How a training ended: the loss is small, no step makes it smaller, the steps are used up, no number."""
GD, ADAM, LBFGS, LEAST_SQUARES = "gd", "adam", "lbfgs", "least-squares"
RATES = {GD: 0.5, ADAM: 0.01}
"""The optimisers for many trials at once, with the rate that they have by default."""
OPTIMIZERS = (*RATES, LBFGS, LEAST_SQUARES)
CHECKED_EVERY = 50
"""Steps between two looks at which trials have ended."""
SMALLEST_RATE, GROWTH, SLACK = 1e-12, 1.1, 1e-10
POLISHING_STEPS = 300
DECAY_1, DECAY_2, DAMPING = 0.9, 0.999, 1e-8
"""The constants of Adam, arXiv:1412.6980."""


@dataclass(frozen=True)
class Method:
    """An optimiser and its numbers; a loss is small below ``tolerance`` times that of the zero function."""

    optimizer: str = GD
    rate: float = 0.5
    steps: int = 3000
    tolerance: float = 1e-16
    dropout: float = 0.0


@dataclass(frozen=True)
class Trained:
    """Parameters (T, M), losses (T,), numbers of steps (T,), and how each training ended."""

    theta: Array
    losses: Array
    steps: NDArray[np.int64]
    ended: tuple[str, ...]


def train(objective: Objective, theta: Array, method: Method, seed: Sequence[int] = (0,)) -> Trained:
    """Return where an optimiser ends that starts at the parameters ``theta`` (T, M).

    ``seed`` is that of the dropout. A training that leaves the numbers has ended as ``diverged``.

    >>> from llrsym.networks.builders import mlp
    >>> x = np.array([[[1.0], [2.0]]])
    >>> objective = Objective(mlp(1, 1, bias=False).program, x, 3 * x, np.full((1, 2, 1), 0.5))
    >>> found = train(objective, np.zeros((1, 1)), Method("gd", rate=0.1))
    >>> found.theta.round(6).tolist(), found.ended
    ([[3.0]], ('converged',))
    """
    power = np.einsum("tpc,tpc->t", objective.shares * objective.labels, objective.labels)
    goals = method.tolerance * np.where(power > 0, power, 1.0)
    with np.errstate(all="ignore"):
        if method.optimizer in RATES:
            found = _descend(objective, theta, method, goals, seed)
        else:
            found = _one_by_one(objective, theta, method)
    ended = tuple(map(_ending, found.losses, goals, found.steps, [method.steps] * len(goals)))
    return replace(found, ended=ended)


def polished(objective: Objective, trained: Trained, tolerance: float) -> Trained:
    """Return where SciPy's least squares ends from there, for the trainings that have not diverged."""
    live = np.flatnonzero(np.isfinite(trained.losses))
    method = Method(LEAST_SQUARES, steps=POLISHING_STEPS, tolerance=tolerance)
    found = train(objective.of(live), trained.theta[live], method)
    theta, losses, ended = trained.theta.copy(), trained.losses.copy(), list(trained.ended)
    theta[live], losses[live] = found.theta, found.losses
    for position, ending in zip(live.tolist(), found.ended, strict=True):
        ended[position] = ending
    return Trained(theta, losses, trained.steps, tuple(ended))


def _ending(loss: float, goal: float, steps: int, most: int) -> str:
    if not np.isfinite(loss):
        return DIVERGED
    if loss <= goal:
        return CONVERGED
    return STEPS if steps >= most else STALLED


# Many trials at once


@dataclass(frozen=True)
class _State:
    """The trials that still run: everything has one row per trial."""

    trials: NDArray[np.intp]
    theta: Array
    losses: Array
    gradients: Array
    rates: Array
    first: Array
    second: Array

    def of(self, kept: NDArray[np.bool_]) -> _State:
        return _State(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def _descend(
    objective: Objective, theta: Array, method: Method, goals: Array, seed: Sequence[int]
) -> Trained:
    """Those that have ended leave the batch, which makes the others faster and changes none of them."""
    masks = _Masks(objective, method.dropout, seed)
    losses, gradients = objective.value_and_gradient(theta, masks.draw(len(theta)))
    rates, zeros = np.full(len(theta), method.rate), np.zeros(theta.shape)
    state = _State(np.arange(len(theta)), theta, losses, gradients, rates, zeros, zeros)
    result = Trained(theta.copy(), losses.copy(), np.zeros(len(theta), dtype=np.int64), ())
    running = objective
    for number in range(1, method.steps + 1):
        drawn = masks.draw(len(state.theta))
        take = _adam if method.optimizer == ADAM else _plain if drawn else _guarded
        state = take(running, state, method.rate, number, drawn)
        if number % CHECKED_EVERY and number < method.steps:
            continue
        result.theta[state.trials], result.losses[state.trials] = state.theta, state.losses
        result.steps[state.trials] = number
        live = (state.losses > goals[state.trials]) & (state.rates >= SMALLEST_RATE)
        if not live.all():
            state, running = state.of(live), running.of(np.flatnonzero(live))
        if not live.any():
            break
    return replace(result, losses=objective.value_and_gradient(result.theta)[0]) if method.dropout else result


def _guarded(objective: Objective, state: _State, rate: float, number: int, masks: Masks | None) -> _State:
    """A step of gradient descent for those trials whose loss it does not raise."""
    theta = state.theta - state.rates[:, None] * state.gradients
    losses, gradients = objective.value_and_gradient(theta)
    good = losses <= state.losses * (1 + SLACK)  # at a tiny initialisation the loss hardly changes
    return replace(
        state,
        theta=np.where(good[:, None], theta, state.theta),
        losses=np.where(good, losses, state.losses),
        gradients=np.where(good[:, None], gradients, state.gradients),
        rates=np.where(good, np.minimum(state.rates * GROWTH, rate), state.rates / 2),
    )


def _plain(objective: Objective, state: _State, rate: float, number: int, masks: Masks | None) -> _State:
    theta = state.theta - rate * state.gradients
    losses, gradients = objective.value_and_gradient(theta, masks)
    return replace(state, theta=theta, losses=losses, gradients=gradients)


def _adam(objective: Objective, state: _State, rate: float, number: int, masks: Masks | None) -> _State:
    first = DECAY_1 * state.first + (1 - DECAY_1) * state.gradients
    second = DECAY_2 * state.second + (1 - DECAY_2) * state.gradients**2
    size = np.sqrt(second / (1 - DECAY_2**number)) + DAMPING
    theta = state.theta - rate * first / (1 - DECAY_1**number) / size
    losses, gradients = objective.value_and_gradient(theta, masks)
    return replace(state, theta=theta, losses=losses, gradients=gradients, first=first, second=second)


class _Masks:
    """Random masks for the activations: each value is dropped with a probability, the others are scaled."""

    def __init__(self, objective: Objective, dropout: float, seed: Sequence[int]) -> None:
        self.points, self.dropout = objective.inputs.shape[1], dropout
        self.shapes = objective.hidden_shapes() if dropout else {}
        self.random = np.random.default_rng(list(seed))

    def draw(self, trials: int) -> Masks | None:
        """Return one mask per register, trial and point; None without dropout."""
        kept = 1 - self.dropout
        return {
            register: (self.random.random((trials, self.points, *shape)) < kept) / kept
            for register, shape in self.shapes.items()
        } or None


# One trial after the other


def _one_by_one(objective: Objective, theta: Array, method: Method) -> Trained:
    minimise = _lbfgs if method.optimizer == LBFGS else _least_squares
    found = [minimise(objective.of(np.array([t])), theta[t], method) for t in range(len(theta))]
    at = np.array([point for point, _ in found]).reshape(theta.shape)
    losses = objective.value_and_gradient(at)[0] if len(at) else np.zeros(0)
    return Trained(at, losses, np.array([count for _, count in found], dtype=np.int64), ())


def _lbfgs(objective: Objective, start: Array, method: Method) -> tuple[Array, int]:
    from scipy.optimize import minimize

    def value(theta: Array) -> tuple[float, Array]:
        losses, gradients = objective.value_and_gradient(theta[None])
        return float(losses[0]), gradients[0]

    options = {"maxiter": method.steps, "maxfun": 2 * method.steps, "ftol": 0.0, "gtol": 0.0, "maxcor": 20}
    found = minimize(value, start, jac=True, method="L-BFGS-B", options=options)
    return cast(Array, found.x), int(found.nit)


def _least_squares(objective: Objective, start: Array, method: Method) -> tuple[Array, int]:
    from scipy.optimize import least_squares

    residuals = objective.residuals(start[None])
    if not residuals.any() or not np.isfinite(residuals).all():
        return start, 0
    found = least_squares(
        lambda theta: objective.residuals(theta[None]),
        start,
        jac=lambda theta: objective.jacobian(theta[None]),
        max_nfev=method.steps,
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
    )
    return cast(Array, found.x), int(found.nfev)
