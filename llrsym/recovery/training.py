"""The losses of many trainings at once, and their derivatives.

The forward pass and the gradient are those of the kernel's interpreter, over ``Batches``. A trial never sees
the numbers of another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from llrsym.kernel.program import Program, size
from llrsym.kernel.run import Trace, forward, gradient
from llrsym.recovery.batches import Array, Batches, Tensor, entries, sums_over_points

Masks = dict[int, Array]


@dataclass(frozen=True)
class Objective:
    """The mean squared errors of T trials: loss_t = sum over points and outputs of share * (f - label)^2.

    ``inputs`` has the shape (T, points, ...), ``labels`` and ``shares`` have (T, points, outputs); a share of
    0 hides a label.
    """

    program: Program
    inputs: Array
    labels: Array
    shares: Array

    def of(self, chosen: NDArray[np.intp]) -> Objective:
        """Return the objective of some of the trials."""
        kept = {name: getattr(self, name)[chosen] for name in ("inputs", "labels", "shares")}
        return replace(self, **kept)

    def outputs(self, theta: Array) -> Array:
        """Return the outputs (T, points, outputs) at parameters (T, M)."""
        return self._run(theta, Batches())[1]

    def value_and_gradient(self, theta: Array, masks: Masks | None = None) -> tuple[Array, Array]:
        """Return the losses (T,) and their gradients (T, M) at parameters (T, M)."""
        domain = Batches(masks)
        trace, outputs = self._run(theta, domain)
        errors = outputs - self.labels
        weighted = self.shares * errors
        losses = np.einsum("tpc,tpc->t", weighted, errors)
        parts = self._pulled_back(domain, trace, 2 * weighted)
        return losses, self._joined([None if part is None else sums_over_points(part) for part in parts])

    def residuals(self, theta: Array) -> Array:
        """Return the errors (points * outputs,) of the only trial; the loss is the sum of their squares."""
        errors: Array = np.sqrt(self.shares) * (self.outputs(theta) - self.labels)
        return errors.ravel()

    def jacobian(self, theta: Array) -> Array:
        """Return the derivatives (points * outputs, M) of these errors."""
        domain = Batches()
        trace, outputs = self._run(theta, domain)
        rows = []
        for output in range(outputs.shape[2]):
            cotangent = np.zeros(outputs.shape)
            cotangent[:, :, output] = np.sqrt(self.shares[:, :, output])
            parts = self._pulled_back(domain, trace, cotangent)
            rows.append(self._joined([None if part is None else entries(part)[0] for part in parts]))
        return np.stack(rows, axis=1).reshape(-1, theta.shape[1])

    def hidden_shapes(self) -> dict[int, tuple[int, ...]]:
        """Return the registers of the activations, with the shapes of their tensors."""
        first = self.program.first_equation
        equations = enumerate(self.program.equations, start=first)
        return {register: e.shape for register, e in equations if e.primitive == "activation"}

    def _run(self, theta: Array, domain: Batches) -> tuple[Trace[Tensor], Array]:
        weights, start = [], 0
        for parameter in self.program.parameters:
            stop = start + size(parameter.shape)
            weights.append(theta[:, start:stop].reshape(len(theta), 1, *parameter.shape))
            start = stop
        trace: Trace[Tensor] = forward(self.program, domain, self.inputs, weights)
        outputs = entries(trace.values[self.program.output])
        return trace, np.broadcast_to(outputs.reshape(*outputs.shape[:2], -1), self.labels.shape)

    def _pulled_back(self, domain: Batches, trace: Trace[Tensor], cotangent: Array) -> list[Tensor | None]:
        shape = self.program.shapes[self.program.output]
        cotangent = cotangent.reshape(*cotangent.shape[:2], *shape)
        return gradient(self.program, domain, trace, cotangent)

    def _joined(self, parts: list[Array | None]) -> Array:
        """The derivatives by all parameters side by side; the first axis is that of the trials or points."""
        rows = max((len(part) for part in parts if part is not None), default=1)
        flat = []
        for part, parameter in zip(parts, self.program.parameters, strict=True):
            width = size(parameter.shape)
            known = np.zeros((1, width)) if part is None else part.reshape(-1, width)
            flat.append(np.broadcast_to(known, (rows, width)))
        return np.concatenate(flat, axis=1)
