"""The difference of two layered networks on a box, layer by layer.

Every neuron j of the wide network is a copy of a narrow one, up to a sign s, or a constant. Its argument is
``s (y + delta)``, where y is the argument of the narrow neuron and delta is small: an affine function of the
narrow values before, whose coefficients are exact, plus what the layers before have left. The terms of a
copy are expanded at y, so that outgoing weights that add up to those of the narrow neuron cancel exactly, and
so do the changes of first order. Proof: docs/theory/distances.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from .activations import activation_named
from .ball_arithmetic import Ball, rounded
from .balls import Balls
from .errors import Rejected
from .models import Layered, Weights, tensors_of
from .ranges import Jet, common, hull, jet_range, square

Row = tuple[Fraction, ...]
Signs = list[tuple[int, Fraction]]
"""(factor, constant) of every unit: sigma(s u) = factor sigma(u) + constant."""
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Copy:
    """A wide neuron with the argument s (y + delta), y that of the narrow neuron ``index``."""

    index: int
    sign: int


Unit = Copy | Fraction
"""A copy, or a neuron whose value is near this number."""
Units = tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Affine:
    """Rows of coefficients; the last one of a row is its constant."""

    rows: tuple[Row, ...]

    def integers(self) -> tuple[list[list[int]], int]:
        """Integers, and the common denominator by which they are to be divided."""
        scale = lcm(*(v.denominator for row in self.rows for v in row))
        return [[v.numerator * (scale // v.denominator) for v in row] for row in self.rows], scale

    def enclosed(self, reals: Balls) -> list[list[Ball]]:
        """The coefficients as balls."""
        return [[reals.from_rational(v) for v in row] for row in self.rows]


def layers_of(model: Layered, weights: Weights) -> list[Affine]:
    """Return the affine functions between the layers; a missing bias is zero."""
    tensors, layers = tensors_of(model, weights), []
    for layer, (fan_in, fan_out) in enumerate(zip(model.widths, model.widths[1:], strict=False), start=1):
        flat, biases = tensors[f"W{layer}"], tensors.get(f"b{layer}", (ZERO,) * fan_out)
        rows = (flat[i * fan_in : (i + 1) * fan_in] for i in range(fan_out))
        layers.append(Affine(tuple((*row, b) for row, b in zip(rows, biases, strict=True))))
    return layers


@dataclass(frozen=True, slots=True)
class _Step:
    """One layer after the first, by receiving neuron: what its sums of wide values are made of.

    ``copies[r][p]`` lists (j, signed weight) for the copies j of narrow neuron p, ``first_order[r][p]`` is
    the combination of their affine parts of delta, and ``constants[r]`` lists (j, weight) for the others.
    """

    copies: list[list[list[tuple[int, Ball]]]]
    first_order: list[list[list[Ball]]]
    constants: list[list[tuple[int, Ball]]]


@dataclass(frozen=True, slots=True)
class _Layer:
    """The differences in one hidden layer, as enclosures on a box.

    ``slopes[p]`` is sigma'(y_p). For every wide neuron, ``left`` is what delta has besides its affine part,
    ``rest`` the change of its value beyond sigma'(y) delta, and ``change`` all of the change.
    """

    slopes: list[Ball]
    left: list[Ball]
    rest: list[Ball]
    change: list[Ball]


class Differences:
    """Two networks with the same inputs, outputs, depth and activation, and the units of the wide one.

    Raises ``Rejected`` for units that do not fit, and for a sign that the activation does not allow.
    """

    def __init__(
        self,
        models: tuple[Layered, Layered],
        layers: tuple[Sequence[Affine], Sequence[Affine]],
        units: Sequence[Units],
        bits: int,
    ) -> None:
        wide, narrow = models
        _check_comparable(wide, narrow, units)
        self.activation, self.reals = wide.activation, Balls(bits)
        inputs, outputs = wide.widths[0], wide.widths[-1]
        ends = [tuple(Copy(i, 1) for i in range(count)) for count in (inputs, outputs)]
        self.units: list[Units] = [ends[0], *units, ends[1]]
        self.narrow = [layer.enclosed(self.reals) for layer in layers[1]]
        before: Affine | None = None
        self.affine: list[list[list[Ball]]] = []
        self.steps: list[_Step] = []
        for number, (own, other) in enumerate(zip(*layers, strict=True)):
            signs = self._signs(number)
            if before is not None:
                self.steps.append(self._step(number, own, signs, before, narrow.widths[number]))
            before = self._differences(number, own, other, signs)
            self.affine.append(before.enclosed(self.reals))

    def _signs(self, number: int) -> Signs:
        return [_parity(self.activation, unit, number) for unit in self.units[number]]

    def _differences(self, number: int, own: Affine, other: Affine, signs: Signs) -> Affine:
        """The affine parts of delta in the narrow values, and those of the arguments of constants."""
        width = len(other.rows[0])
        rows = []
        for row, unit in zip(own.rows, self.units[number + 1], strict=True):
            total = [ZERO] * width
            total[-1] = row[-1]
            for weight, source, (factor, constant) in zip(row, self.units[number], signs, strict=False):
                if isinstance(source, Copy):
                    total[source.index] += factor * weight
                    total[-1] += constant * weight
                else:
                    total[-1] += source * weight
            if isinstance(unit, Copy):
                total = [unit.sign * v - w for v, w in zip(total, other.rows[unit.index], strict=True)]
            rows.append(tuple(total))
        return Affine(tuple(rows))

    def _step(self, number: int, own: Affine, signs: Signs, before: Affine, width: int) -> _Step:
        weights, scale = own.integers()
        inner, inner_scale = before.integers()
        step = _Step([], [], [])
        for row in weights:
            copies: list[list[tuple[int, Ball]]] = [[] for _ in range(width)]
            totals = [[0] * len(inner[0]) for _ in range(width)]
            constants = []
            for j, (weight, source) in enumerate(zip(row, self.units[number], strict=False)):
                signed = signs[j][0] * weight
                entry = j, self._ratio(signed, scale)
                if not isinstance(source, Copy):
                    constants.append(entry)
                elif signed:
                    copies[source.index].append(entry)
                    total = totals[source.index]
                    totals[source.index] = [v + signed * w for v, w in zip(total, inner[j], strict=True)]
            step.copies.append(copies)
            denominator = scale * inner_scale
            step.first_order.append([[self._ratio(v, denominator) for v in total] for total in totals])
            step.constants.append(constants)
        return step

    def _ratio(self, numerator: int, denominator: int) -> Ball:
        middle, rest = divmod(numerator << self.reals.precision, denominator)
        return middle, int(rest > 0)

    def outputs(self, box: Sequence[Ball]) -> list[Ball]:
        """Return balls that contain every output of the difference at all points of the box."""
        one: Ball = (1 << self.reals.precision, 0)
        values, previous, layer = [*box, one], [*box, one], None
        for number, affine in enumerate(self.affine):
            delta = [self._dot(row, values) for row in affine]
            left: list[Ball] = [(0, 0)] * len(delta)
            if layer is not None:
                left = self._left(self.steps[number - 1], layer, previous, self.units[number + 1])
                delta = [self.reals.plus(d, t) for d, t in zip(delta, left, strict=True)]
            if number + 1 == len(self.affine):
                return delta
            layer, following = self._layer(number, values, delta, left)
            previous, values = values, [*following, one]
        raise Rejected("layered: a network without layers")

    def _dot(self, row: list[Ball], values: list[Ball]) -> Ball:
        return self.reals.contractions(row, values, len(row))[0]

    def _left(self, step: _Step, layer: _Layer, previous: list[Ball], units: Units) -> list[Ball]:
        """What delta has besides its affine part: the changes of all values before, weighted."""
        sums = []
        for copies, first_order, constants, unit in zip(
            step.copies, step.first_order, step.constants, units, strict=True
        ):
            middle = radius = 0
            for p, group in enumerate(copies):
                if group:
                    m, r = self._group(group, self._dot(first_order[p], previous), layer, p)
                    middle, radius = middle + m, radius + r
            m, r = self._combination(constants, layer.change)
            sign = unit.sign if isinstance(unit, Copy) else 1
            sums.append((sign * (middle + m), radius + r))
        return sums

    def _group(self, group: list[tuple[int, Ball]], first_order: Ball, layer: _Layer, p: int) -> Ball:
        """The weighted changes of the copies of one neuron: expanded at y, or one by one."""
        reals = self.reals
        delta = reals.plus(first_order, self._combination(group, layer.left))
        expanded = reals.plus(reals.times(layer.slopes[p], delta), self._combination(group, layer.rest))
        return common(expanded, self._combination(group, layer.change))

    def _combination(self, weighted: list[tuple[int, Ball]], values: list[Ball]) -> Ball:
        if not weighted:
            return 0, 0
        return self._dot([weight for _, weight in weighted], [values[j] for j, _ in weighted])

    def _layer(
        self, number: int, values: list[Ball], delta: list[Ball], left: list[Ball]
    ) -> tuple[_Layer, list[Ball]]:
        """The differences in hidden layer ``number + 1``, and the narrow values there."""
        bits, units = self.reals.precision, self.units[number + 1]
        arguments = [self._dot(row, values) for row in self.narrow[number]]
        members: list[list[Ball]] = [[y] for y in arguments]
        for unit, d in zip(units, delta, strict=True):
            if isinstance(unit, Copy):
                members[unit.index].append(self.reals.plus(arguments[unit.index], d))
        jets = [jet_range(self.activation, y, bits) for y in arguments]
        wide = [jet_range(self.activation, hull(group), bits) for group in members]
        rest, change = [], []
        for unit, d in zip(units, delta, strict=True):
            if isinstance(unit, Copy):
                beyond, whole = self._changes(jets[unit.index], wide[unit.index], d)
            else:
                value = jet_range(self.activation, d, bits)[0]
                beyond = whole = self.reals.plus(value, self.reals.minus(self.reals.from_rational(unit)))
            rest.append(beyond)
            change.append(whole)
        return _Layer([slope for _, slope, _, _ in jets], left, rest, change), [
            value for value, _, _, _ in jets
        ]

    def _changes(self, jet: Jet, wide: Jet, delta: Ball) -> tuple[Ball, Ball]:
        """sigma(y + delta) - sigma(y) - sigma'(y) delta, and sigma(y + delta) - sigma(y)."""
        if delta == (0, 0):
            return delta, delta
        reals = self.reals
        by_curvature = rounded(*reals.times(wide[2], square(reals, delta)), 1)
        by_slopes = reals.times(reals.plus(wide[1], reals.minus(jet[1])), delta)
        by_values = reals.plus(wide[0], reals.minus(jet[0]))
        return common(by_curvature, by_slopes), common(reals.times(wide[1], delta), by_values)


def _check_comparable(wide: Layered, narrow: Layered, units: Sequence[Units]) -> None:
    if len(wide.widths) != len(narrow.widths) or (wide.widths[0], wide.widths[-1]) != (
        narrow.widths[0],
        narrow.widths[-1],
    ):
        raise Rejected("distance: the networks differ in depth, inputs or outputs")
    if len(wide.widths) > 2 and wide.activation != narrow.activation:
        raise Rejected("distance: the networks have different activations")
    if [len(layer) for layer in units] != list(wide.widths[1:-1]):
        raise Rejected("distance: expected one unit for every hidden neuron of the network")
    for layer, width in zip(units, narrow.widths[1:-1], strict=True):
        if any(isinstance(unit, Copy) and not 0 <= unit.index < width for unit in layer):
            raise Rejected("distance: a unit is the copy of a neuron that does not exist")


def _parity(activation: str, unit: Unit, number: int) -> tuple[int, Fraction]:
    if number == 0 or not isinstance(unit, Copy) or unit.sign == 1:
        return 1, ZERO
    parity = activation_named(activation).parity
    if parity is None or parity[1]:
        raise Rejected(f"distance: {activation} at -z is no multiple of it at z, up to a constant")
    return parity[0], Fraction(parity[2])
