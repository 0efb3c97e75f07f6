"""From a trained network to coarser and coarser strata, one neuron at a time.

A step merges two neurons of a layer, up to the sign that the parity of the activation allows, or makes a
neuron constant. The cheapest step is taken, by its effect on the outputs at sample points: to first order in
the change of the neuron, which for one hidden layer is exact. This is a search; nothing here is proved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from llrsym.kernel.layer_differences import Copy, Unit, Units
from llrsym.recovery.condense_exact import signs_allowed
from llrsym.recovery.condense_net import Array, FloatNet, Stratum

Indices = NDArray[np.int_]
CANCELLING = 0.2
"""Outgoing weights whose sum is below this share of their sizes do not weight a representative."""
REFRESHED = 0.75
"""All costs are computed anew when so few neurons are left."""


@dataclass(frozen=True)
class Step:
    """Merge neuron ``other`` of a hidden layer into ``neuron``, or make ``neuron`` the constant ``value``."""

    layer: int
    neuron: int
    other: int | None
    sign: int
    value: float


def condensation_path(start: Stratum, points: Array) -> Iterator[Stratum]:
    """Yield the stratum and coarser ones, each with one neuron less, down to one neuron in each layer."""
    stratum, costs = start, _Costs(start.net, points)
    yield stratum
    while (step := costs.cheapest()) is not None:
        stratum = _taken(stratum, step, costs)
        costs.update(stratum.net, step)
        yield stratum


class _Costs:
    """The effects of all steps: ``merges[l][p, q]`` for p < q with their signs, ``nulls[l][p]``."""

    def __init__(self, net: FloatNet, points: Array) -> None:
        self.points = points
        self._compute(net)

    def _compute(self, net: FloatNet) -> None:
        self.net, self.size = net, sum(net.model.widths[1:-1])
        self._evaluate(net)
        hidden = range(len(net.weights) - 1)
        self.merges = [np.full((n, n), np.inf) for n in net.model.widths[1:-1]]
        self.signs = [np.ones((n, n), dtype=int) for n in net.model.widths[1:-1]]
        self.nulls = [self._null_costs(layer) for layer in hidden]
        for layer in hidden:
            for p in range(net.model.widths[layer + 1] - 1):
                self._compare(layer, p, np.arange(p + 1, net.model.widths[layer + 1]))

    def _evaluate(self, net: FloatNet) -> None:
        self.arguments = net.arguments(self.points)
        self.values = [net.activate(z)[0] for z in self.arguments[:-1]]
        self.influence = net.sensitivities(self.arguments)

    def update(self, net: FloatNet, step: Step) -> None:
        """Follow a step."""
        if sum(net.model.widths[1:-1]) < REFRESHED * self.size:
            self._compute(net)
            return
        self.net = net
        self._evaluate(net)
        layer, gone = step.layer, step.neuron if step.other is None else step.other
        for axis in (0, 1):
            self.merges[layer] = np.delete(self.merges[layer], gone, axis)
            self.signs[layer] = np.delete(self.signs[layer], gone, axis)
        self.nulls[layer] = self._null_costs(layer)
        if step.other is None:
            return
        p = step.neuron - (gone < step.neuron)
        for q in range(p):
            self._compare(layer, q, np.array([p]))
        if p + 1 < len(self.merges[layer]):
            self._compare(layer, p, np.arange(p + 1, len(self.merges[layer])))

    def cheapest(self) -> Step | None:
        """Return the step of least effect; None when every layer has one neuron."""
        best, step = np.inf, None
        for layer, (merges, nulls) in enumerate(zip(self.merges, self.nulls, strict=True)):
            if len(nulls) == 1:
                continue
            p = int(np.argmin(nulls))
            if nulls[p] < best:
                best, step = nulls[p], Step(layer, p, None, 1, self.constant(layer, p))
            p, q = (int(k) for k in np.unravel_index(np.argmin(merges), merges.shape))
            if merges[p, q] <= best:
                best, step = merges[p, q], Step(layer, p, q, int(self.signs[layer][p, q]), 0.0)
        return step

    def constant(self, layer: int, p: int) -> float:
        """The value by which a neuron is replaced; zero where no bias can take it."""
        if not self.net.model.biases[layer + 1]:
            return 0.0
        values = self.values[layer][:, p]
        return float((values.min() + values.max()) / 2)

    def _null_costs(self, layer: int) -> Array:
        constants = np.array([self.constant(layer, p) for p in range(self.values[layer].shape[1])])
        effects = self.influence[layer] * (constants - self.values[layer])[:, None, :]
        return _finite(np.abs(effects).max(axis=(0, 1)))

    def _compare(self, layer: int, p: int, others: Indices) -> None:
        """The effects of merging q into p for all q of ``others``."""
        z, h, influence = self.arguments[layer], self.values[layer], self.influence[layer]
        flip = signs_allowed(self.net.model, layer + 1)
        signs = np.where((z[:, [p]] * z[:, others]).sum(axis=0) < 0, -1, 1)
        if flip is None:
            signs[:] = 1
        factors = np.where(signs < 0, 1 if flip is None else flip[0], 1)
        constants = np.where(signs < 0, 0.0 if flip is None else float(flip[1]), 0.0)
        shares = self._shares(layer, p, others, factors)
        merged = self.net.activate(z[:, [p]] * shares + z[:, others] * signs * (1 - shares))[0]
        change = influence[:, :, [p]] * (merged - h[:, [p]])[:, None, :]
        change = change + influence[:, :, others] * (factors * merged + constants - h[:, others])[:, None, :]
        self.merges[layer][p, others] = _finite(np.abs(change).max(axis=(0, 1)))
        self.signs[layer][p, others] = signs

    def _shares(self, layer: int, p: int, others: Indices, factors: Indices) -> Array:
        """The weight of p in the mean of p and q: by influence, so that effects of first order cancel."""
        mean = self.influence[layer].mean(axis=0)
        own, other = np.linalg.norm(mean[:, p]), np.linalg.norm(mean[:, others], axis=0)
        signed = other * np.where(factors * (mean[:, p] @ mean[:, others]) < 0, -1.0, 1.0)
        cancels = np.abs(own + signed) < CANCELLING * (own + other)
        total = np.where(cancels, own + other, own + signed)
        shares: Array = np.divide(own, total, out=np.full(len(total), 0.5), where=total != 0)
        return shares

    def share(self, step: Step, factor: int) -> float:
        """The weight of the first neuron of a merge."""
        return float(self._shares(step.layer, step.neuron, np.array([step.other]), np.array([factor]))[0])


def _finite(values: Array) -> Array:
    """Overflow makes a step as bad as can be, and still possible."""
    return np.nan_to_num(values, nan=1e300, posinf=1e300)


def _taken(stratum: Stratum, step: Step, costs: _Costs) -> Stratum:
    """Return the stratum after a step."""
    net, layer = stratum.net, step.layer
    weights, biases = list(net.weights), list(net.biases)
    flip = signs_allowed(net.model, layer + 1) if step.sign < 0 else None
    factor, constant = flip if flip is not None else (1, Fraction(0))
    gone = step.neuron if step.other is None else step.other
    outgoing = weights[layer + 1][:, gone]
    if step.other is None:
        biases[layer + 1] = biases[layer + 1] + step.value * outgoing
    else:
        share, p = costs.share(step, factor), step.neuron
        for tensors in (weights, biases):
            own = tensors[layer] = tensors[layer].copy()
            own[p] = _mean(own[p], step.sign * own[gone], share)
        after = weights[layer + 1] = weights[layer + 1].copy()
        after[:, p] += factor * outgoing
        biases[layer + 1] = biases[layer + 1] + float(constant) * outgoing
    weights[layer], biases[layer] = np.delete(weights[layer], gone, 0), np.delete(biases[layer], gone, 0)
    weights[layer + 1] = np.delete(weights[layer + 1], gone, 1)
    widths = list(net.model.widths)
    widths[layer + 1] -= 1
    model = replace(net.model, widths=tuple(widths))
    units = list(stratum.units)
    units[layer] = _renamed(units[layer], step, (factor, constant))
    return Stratum(FloatNet(model, tuple(weights), tuple(biases)), tuple(units))


def _mean(a: Array, b: Array, share: float) -> Array:
    """The weighted mean, without a rounding error where the two agree."""
    mean: Array = np.where(a == b, a, share * a + (1 - share) * b)
    return mean


def _renamed(units: Units, step: Step, parity: tuple[int, Fraction]) -> Units:
    gone = step.neuron if step.other is None else step.other

    def follow(unit: Unit) -> Unit:
        if not isinstance(unit, Copy):
            return unit
        if unit.index == gone and step.other is None:
            return Fraction(step.value)
        index, sign = (step.neuron, step.sign * unit.sign) if unit.index == gone else (unit.index, unit.sign)
        return Copy(index - (index > gone), sign)

    return tuple(follow(unit) for unit in units)
