"""Embeddings of layered networks, checked layer by layer in the entries of the map that are not zero.

Nothing is expanded: a unit of the wide network is compared with one unit of the narrow one, as affine forms
in the values of the layer below (forward) and in the sensitivities d f/d z of the layer above (backward).
Theorem: docs/theory/embeddings (compatible embeddings).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .activations import ONE, ROOT, Activation, activation_named
from .domains import Rationals
from .errors import Rejected, Undefined
from .formal import Ring, evaluate
from .models import Layered
from .polynomials import Poly, add_to, multiply

FIRST_VARIABLE = 2
"""Atoms of a formal ring before its first variable: i and kappa."""
UNIT: Poly = {(): Fraction(1)}


@dataclass(frozen=True, slots=True)
class Unit:
    """A wide unit with z = sign * z_index of the narrow net, and d f/d z = multiplier * d f/d z_index."""

    index: int
    sign: int
    multiplier: Poly


Units = tuple[Unit | None, ...]
"""One layer of wide units; None is a unit whose value does not depend on x, with d f/d z = 0."""


def unit_value(ring: Ring, activation: Activation, z: Poly) -> tuple[Poly, Poly]:
    """Return sigma(z) and sigma'(z) at a z that does not depend on x; parity settles opaque ones at 0."""
    check_defined(ring, activation, z)
    if set(z) <= {()} and activation.exact and not activation.exponent:
        number = z.get((), Fraction(0))
        pair = Rationals().activate_entry(activation.name, 0, 0, number)
        return {(): pair[0]} if pair[0] else {}, {(): pair[1]} if pair[1] else {}
    value, slope = ring.activate(activation.name, z)
    if not z and not activation.exact and activation.parity is not None:
        a, b, c = activation.parity
        # sigma(0) = a sigma(0) + c and sigma'(0) = -a sigma'(0) - b
        value = ({(): Fraction(c, 2)} if c else {}) if a == -1 else value
        slope = ({(): Fraction(-b, 2)} if b else {}) if a == 1 else slope
    return value, slope


def check_defined(ring: Ring, activation: Activation, z: Poly) -> None:
    """Only rational activations have real poles, and roots a domain; a network beyond them is no function."""
    if activation.kind == ROOT:
        raise Rejected(f"embedding: {activation.name} is not defined for all real numbers")
    rational = activation.exact and not activation.exponent and activation.denominator != ONE
    if rational and ring.is_zero(evaluate(activation.denominator, z, {})):
        raise Undefined(f"embedding: a unit sits on a pole of {activation.name}")


@dataclass(frozen=True, slots=True)
class _Value:
    """h = gain h_index + offset, sigma'(z) = flip sigma'(z_index); index None: h = offset, sigma' = slope."""

    index: int | None
    gain: int
    offset: Poly
    flip: int
    slope: Poly


@dataclass(frozen=True, slots=True)
class _Layer:
    """Where the weights of a layer are; column ``inputs`` is the bias, the weight of the constant 1."""

    start: int
    inputs: int
    outputs: int
    has_bias: bool

    def weight(self, row: int, column: int) -> Poly:
        offset = row * self.inputs + column if column < self.inputs else self.outputs * self.inputs + row
        return {((FIRST_VARIABLE + self.start + offset, 1),): Fraction(1)}

    def place(self, entry: int) -> tuple[int, int]:
        offset, body = entry - self.start, self.outputs * self.inputs
        return divmod(offset, self.inputs) if offset < body else (offset - body, self.inputs)


ONE_UNIT = _Value(None, 0, UNIT, 1, {})
"""The bias is the weight of a unit with the value 1."""
_Entries = Mapping[tuple[int, int], Poly]


def check_layered(
    ring: Ring,
    wide: Layered,
    narrow: Layered,
    entries: Mapping[int, Poly],
    hidden: Sequence[Units],
    tangents: bool,
) -> None:
    """Prove f_wide(E(t)) = f_narrow(t) and, if asked, that every d_i f_wide is a combination of d_j f_narrow.

    Forward: z = sign z_index. Backward: d f/d z = multiplier d f/d z_index. Then every derivative.
    """
    if _ends(wide) != _ends(narrow):
        raise Rejected("layered: inputs, outputs, depth or activation differ")
    activation = activation_named(wide.activation)
    _check_units(wide, narrow, activation, hidden)
    places = _layers(wide)
    units = [*hidden, tuple(Unit(k, 1, UNIT) for k in range(wide.widths[-1]))]
    below = [_Value(k, 1, {}, 1, {}) for k in range(wide.widths[0])]
    for number, part in enumerate(_by_layer(entries, places)):
        above, place = units[number], _layers(narrow)[number]
        constants = _check_forward(ring, part, above, below, place)
        if tangents:
            _check_derivatives(ring, above, below, places[number], place)
        if tangents and number:
            _check_backward(ring, part, above, units[number - 1], below, place)
        if number < len(hidden):
            below = [_value(ring, activation, unit, constants.get(k, {})) for k, unit in enumerate(above)]


def _ends(model: Layered) -> tuple[int, int, int, str]:
    return model.widths[0], model.widths[-1], len(model.widths), model.activation


def _layers(model: Layered) -> list[_Layer]:
    layers, start = [], 0
    for inputs, outputs, has_bias in zip(model.widths, model.widths[1:], model.biases, strict=False):
        layers.append(_Layer(start, inputs, outputs, has_bias))
        start += outputs * (inputs + has_bias)
    return layers


def _check_units(wide: Layered, narrow: Layered, activation: Activation, hidden: Sequence[Units]) -> None:
    if [len(layer) for layer in hidden] != list(wide.widths[1:-1]):
        raise Rejected("layered: expected one unit for every hidden unit of the network")
    for layer, width in zip(hidden, narrow.widths[1:-1], strict=True):
        known = [unit for unit in layer if unit is not None]
        if not all(0 <= unit.index < width and unit.sign in (1, -1) for unit in known):
            raise Rejected("layered: a unit has an index beyond the narrow layer or a sign other than 1, -1")
        if any(u.sign == -1 for u in known) and (activation.parity is None or activation.parity[1]):
            raise Rejected(f"layered: {activation.name} has no parity that undoes a change of sign")


def _by_layer(entries: Mapping[int, Poly], layers: Sequence[_Layer]) -> list[_Entries]:
    maps: list[dict[tuple[int, int], Poly]] = [{} for _ in layers]
    number = 0
    for entry in sorted(entries):
        while number + 1 < len(layers) and entry >= layers[number + 1].start:
            number += 1
        maps[number][layers[number].place(entry)] = entries[entry]
    return list(maps)


def _value(ring: Ring, activation: Activation, unit: Unit | None, z: Poly) -> _Value:
    if unit is None:
        value, slope = unit_value(ring, activation, z)
        return _Value(None, 0, value, 1, slope)
    if unit.sign == 1 or activation.parity is None:
        return _Value(unit.index, 1, {}, 1, {})
    a, _, c = activation.parity
    return _Value(unit.index, a, {(): Fraction(c)} if c else {}, -a, {})


def _check_forward(
    ring: Ring, entries: _Entries, above: Units, below: Sequence[_Value], narrow: _Layer
) -> dict[int, Poly]:
    """z_i = sign_i z_index(i), coefficient by coefficient; returns z_i of the units without an index."""
    total: dict[tuple[int, int], Poly] = {}
    for (row, column), form in entries.items():
        value = below[column] if column < len(below) else ONE_UNIT
        if value.index is not None:
            add_to(total.setdefault((row, value.index), {}), form, value.gain)
        if value.offset:
            add_to(total.setdefault((row, narrow.inputs), {}), multiply(form, value.offset))
    for row, unit in enumerate(above):
        if unit is not None:
            for column in range(narrow.inputs + narrow.has_bias):
                add_to(total.setdefault((row, column), {}), narrow.weight(unit.index, column), -unit.sign)
    constants = {row: total.pop((row, narrow.inputs), {}) for row, unit in enumerate(above) if unit is None}
    for (row, _), form in total.items():
        if not _vanishes(ring, form):
            raise Rejected(f"layered: the argument of unit {row} of a layer is not that of its narrow unit")
    return constants


def _check_backward(
    ring: Ring, entries: _Entries, above: Units, units: Units, below: Sequence[_Value], narrow: _Layer
) -> None:
    """d f/d z_j = sigma'(z_j) sum_i W_ij multiplier_i d f/d z_index(i) for the units j of the layer below."""
    total: dict[tuple[int, int], Poly] = {}
    for (row, column), form in entries.items():
        unit = above[row]
        if unit is not None and column < len(below):
            add_to(total.setdefault((unit.index, column), {}), multiply(form, unit.multiplier))
    for column, unit in enumerate(units):
        if unit is not None:
            for row in range(narrow.outputs):
                expected = multiply(narrow.weight(row, unit.index), unit.multiplier)
                add_to(total.setdefault((row, column), {}), expected, -below[column].flip)
    for (_, column), form in total.items():
        if _vanishes(ring, form) or (units[column] is None and _vanishes(ring, below[column].slope)):
            continue
        raise Rejected(f"layered: the sensitivity of unit {column} of a layer is no multiple as claimed")


def _check_derivatives(
    ring: Ring, above: Units, below: Sequence[_Value], wide: _Layer, narrow: _Layer
) -> None:
    """d_ij f = multiplier_i d f/d z_index(i) h_j: a constant part of h_j needs the narrow bias derivative."""
    if narrow.has_bias or not any(unit is not None and unit.multiplier for unit in above):
        return
    if wide.has_bias:
        raise Rejected("layered: the derivative by a bias has no counterpart in the narrow network")
    if not all(_vanishes(ring, value.offset) for value in below):
        raise Rejected("layered: a unit has a constant part, and the next narrow layer has no biases")


def _vanishes(ring: Ring, form: Poly) -> bool:
    return not form or ring.is_zero(form)
