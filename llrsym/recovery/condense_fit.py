"""A narrow network is moved closer to the wide one: least squares at sample points, then the largest error.

Levenberg's method with reweighting (Lawson, 1961): points with large errors gain weight. A search in double
precision; what comes out is an ordinary set of weights, whose distance is proved afterwards.
"""

from __future__ import annotations

import numpy as np

from llrsym.domains.float64 import approx_jacobian
from llrsym.kernel.models import parameter_shapes, program_of
from llrsym.recovery.condense_net import Array, Stratum, with_parameters

PLAIN_STEPS, WEIGHTED_STEPS, STALLED = 40, 30, 0.999
LARGEST = 120
"""Networks with more parameters are left as they are."""


def fitted(stratum: Stratum, points: Array, values: Array) -> Stratum:
    """Return the stratum with weights of smaller error at the points (S, d), where f is ``values`` (S, c)."""
    fit = _Fit(stratum, points, values)
    if fit.theta.size > LARGEST:
        return stratum
    with np.errstate(all="ignore"):
        fit.descend(PLAIN_STEPS, reweighted=False)
        fit.descend(WEIGHTED_STEPS, reweighted=True)
    return stratum if fit.best is None else stratum.fitted(fit.best)


class _Fit:
    """Gauss-Newton steps with damping; ``best`` has the smallest largest error so far."""

    def __init__(self, start: Stratum, points: Array, values: Array) -> None:
        self.model, self.points, self.values = start.model, points, values
        self.program = program_of(start.model)
        self.sizes = list(parameter_shapes(start.model).values())
        self.theta = start.theta
        self.best: Array | None = None
        self.error = float(np.abs(self._residual(self.theta)).max())
        self.damping, self.density = 1e-3, np.ones(values.size)

    def _split(self, theta: Array) -> list[Array]:
        ends = np.cumsum([int(np.prod(shape)) for shape in self.sizes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(theta, ends), self.sizes, strict=True)]

    def _residual(self, theta: Array) -> Array:
        residual: Array = (with_parameters(self.model, theta)(self.points) - self.values).ravel()
        return residual

    def descend(self, steps: int, *, reweighted: bool) -> None:
        """Take steps, and keep the parameters with the smallest largest error."""
        for _ in range(steps):
            residual = self._residual(self.theta)
            if reweighted:
                self.density *= np.abs(residual) + 1e-3 * np.abs(residual).max() + 1e-300
                self.density /= self.density.mean()
            root = np.sqrt(self.density)
            flat = [part.ravel().tolist() for part in self._split(self.theta)]
            jacobian = approx_jacobian(self.program, flat, self.points) * root[:, None]
            if not self._step(jacobian, residual * root, root):
                return

    def _step(self, jacobian: Array, residual: Array, root: Array) -> bool:
        """Change the parameters; False where it hardly helps."""
        before, size = float(residual @ residual), jacobian.shape[1]
        if not np.isfinite(before) or not np.isfinite(jacobian).all():
            return False
        scale = np.linalg.norm(jacobian) / np.sqrt(size) + 1e-300
        target = np.concatenate([residual, np.zeros(size)])
        for _ in range(8):
            damped = np.concatenate([jacobian, self.damping * scale * np.eye(size)])
            change = np.linalg.lstsq(damped, target, rcond=None)[0]
            theta = self.theta - change
            new = self._residual(theta)
            after = float((new * root) @ (new * root))
            if after < before:
                self.theta, self.damping = theta, max(self.damping / 5, 1e-14)
                self._remember(theta, float(np.abs(new).max()))
                return after < STALLED * before
            self.damping *= 5
        return False

    def _remember(self, theta: Array, error: float) -> None:
        if error < self.error:
            self.best, self.error = theta, error
