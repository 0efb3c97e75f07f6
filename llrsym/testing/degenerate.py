"""Degenerate weights: clones, multiples, zeros and near coincidences, in the units that a network has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from llrsym.errors import BadInput, shown
from llrsym.networks.builders.units import unit_groups
from llrsym.networks.network import Network
from llrsym.tangent.blocks import dense_blocks
from llrsym.testing.strategies import flat_weights
from llrsym.testing.values import Array, Flat, as_arrays, as_nested

KINDS = (
    "clone",
    "sign clone",
    "odd ratios",
    "zero row",
    "zero column",
    "near collinear",
    "dead",
    "constant",
    "null",
    "zero tensor",
    "equal in a deeper layer",
)
NEAR = Fraction(1, 10**40)
"""How far from collinear nearly collinear weights are."""
Axes = tuple[tuple[str, int], ...]
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Units:
    """Interchangeable slices of parameters: (parameter, axis) of what a unit owns and what leads on.

    ``is_hidden`` says that they are neurons, channels or heads, and not just the slices of one parameter.
    """

    own: Axes
    outgoing: Axes
    size: int
    is_hidden: bool


def degenerate_weights(
    network: Network, *, kinds: Sequence[str] | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for exact weights at which hidden units coincide, vanish, or nearly do.

    ``kinds`` are some of ``KINDS``; those for which the network has no place are left out, and with none
    left the weights are unrestricted. The result has the form of ``weights``.

    Raises ``BadInput`` for an unknown kind.

    >>> from llrsym.networks.builders import mlp
    >>> from hypothesis import find, settings
    >>> clones = degenerate_weights(mlp(1, 2, 1, bias=False), kinds=["sign clone"])
    >>> found = find(clones, lambda w: w["W1"][0][0] > 0, settings=settings(database=None))
    >>> [str(row[0]) for row in found["W1"]]
    ['1', '-1']
    """
    return degenerate_flat(network, kinds).map(lambda pair: as_nested(network, pair[1]))


def degenerate_flat(
    network: Network, kinds: Sequence[str] | None = None
) -> st.SearchStrategy[tuple[str, Flat]]:
    """Return a strategy for pairs of a kind and flat weights of that kind."""
    for kind in kinds or ():
        if kind not in KINDS:
            raise BadInput(f"degenerate_weights: there is no kind {shown(kind)}; use {', '.join(KINDS)}")
    plan = _Plan(network, kinds or KINDS)
    if not plan.kinds:
        return plan.plain.map(lambda flat: ("unrestricted", flat))
    return _degenerate(plan)


class _Plan:
    """The places of every kind in a network, and the strategy for weights without restrictions."""

    def __init__(self, network: Network, kinds: Sequence[str]) -> None:
        groups = units_of(network)
        self.network, self.plain = network, flat_weights(network)
        self.places: dict[str, list[Any]] = {kind: list(_places(kind, groups)) for kind in kinds}
        self.kinds = [kind for kind, found in self.places.items() if found]

    def __repr__(self) -> str:
        return self.network.text


@st.composite
def _degenerate(draw: Draw, plan: _Plan) -> tuple[str, Flat]:
    kind = draw(st.sampled_from(plan.kinds))
    arrays = as_arrays(plan.network, draw(plan.plain))
    place = draw(st.sampled_from(plan.places[kind]))
    _CHANGES[kind](draw, arrays, place)
    return kind, tuple(tuple(map(Fraction, arrays[name].flat)) for name in plan.network.parameter_names)


def units_of(network: Network) -> list[Units]:
    """Return the hidden units of a network, then the slices of every parameter."""
    shapes = {name: shape for name, shape, _ in network.layers}
    found = [(group.own, group.outgoing) for group in unit_groups(network)]
    found = found or list(_dense_units(network))
    slices: list[tuple[Axes, Axes]] = [
        (((name, axis),), ()) for name, shape in shapes.items() for axis in range(len(shape))
    ]
    kinds: list[tuple[list[tuple[Axes, Axes]], bool]] = [(found, True), (slices, False)]
    return [
        Units(own, outgoing, shapes[own[0][0]][own[0][1]], is_hidden)
        for groups, is_hidden in kinds
        for own, outgoing in groups
        if own
    ]


def _dense_units(network: Network) -> Iterator[tuple[Axes, Axes]]:
    names = network.parameter_names
    for block in dense_blocks(network.program):
        own = [(names[block.incoming], 0)] + ([] if block.bias is None else [(names[block.bias], 0)])
        yield tuple(own), ((names[block.outgoing], 1),)


def _places(kind: str, groups: list[Units]) -> Iterable[Any]:
    hidden = [group for group in groups if group.is_hidden] or groups
    match kind:
        case "clone" | "sign clone" | "near collinear" | "odd ratios":
            return [group for group in hidden if group.size >= 2]
        case "null":
            return [group for group in hidden if group.size]
        case "dead":
            return [group for group in groups if group.outgoing and group.size]
        case "constant":
            return [group for group in groups if len(group.own) > 1 and group.size]
        case "equal in a deeper layer":
            return _stacked(groups)
        case _:
            return [group for group in groups if group.size and not group.is_hidden]


def _stacked(groups: list[Units]) -> list[tuple[Units, Units, str, int, int]]:
    """Pairs of layers: the name of the weights between them, the axis of the lower and of the upper units."""
    return [
        (below, above, name, axis, other)
        for below in groups
        for name, axis in below.outgoing
        for above in groups
        if above.outgoing
        for upper, other in above.own
        if upper == name and other != axis and below.size >= 2 and above.size >= 2
    ]


# Changes: each writes into the arrays


def _slice(array: Array, axis: int, index: int) -> tuple[Any, ...]:
    return (slice(None),) * axis + (index,)


def _multiple(arrays: dict[str, Array], axes: Axes, target: int, source: int, factor: Fraction | int) -> None:
    """Make the slices of one unit multiples of those of another."""
    for name, axis in axes:
        array = arrays[name]
        array[_slice(array, axis, target)] = array[_slice(array, axis, source)] * factor


def _pair(draw: Draw, size: int) -> tuple[int, int]:
    source = draw(st.integers(0, size - 2))
    return source, draw(st.integers(source + 1, size - 1))


def _clone(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    source, target = _pair(draw, units.size)
    _multiple(arrays, units.own, target, source, 1)


def _sign_clone(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    source, target = _pair(draw, units.size)
    _multiple(arrays, units.own, target, source, -1)


def _odd_ratios(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    """The units w, 3 w, 9 w: tanh(3 z) is a rational function of tanh(z)."""
    for target in range(1, min(3, units.size)):
        _multiple(arrays, units.own, target, target - 1, 3)


def _near_collinear(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    source, target = _pair(draw, units.size)
    _multiple(arrays, units.own, target, source, draw(st.sampled_from((1, -1, 2))))
    name, axis = units.own[0]
    first = np.moveaxis(arrays[name], axis, 0)
    if first.size:
        first[(target, *(0,) * (first.ndim - 1))] += NEAR


def _zero(draw: Draw, arrays: dict[str, Array], axes: Axes, size: int) -> None:
    unit = draw(st.integers(0, size - 1))
    _multiple(arrays, axes, unit, unit, 0)


def _zero_row(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    _zero(draw, arrays, units.own, units.size)


def _dead(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    _zero(draw, arrays, units.outgoing, units.size)


def _constant(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    """No incoming weights; the biases stay."""
    _zero(draw, arrays, units.own[:1], units.size)


def _null(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    _zero(draw, arrays, (*units.own, *units.outgoing), units.size)


def _zero_tensor(draw: Draw, arrays: dict[str, Array], units: Units) -> None:
    name = units.own[0][0]
    arrays[name] = arrays[name] * 0


def _deeper(draw: Draw, arrays: dict[str, Array], place: tuple[Units, Units, str, int, int]) -> None:
    """Two clones below; above them two units with different weights and the same function."""
    below, above, name, axis, other = place
    first, second = _pair(draw, below.size)
    _multiple(arrays, below.own, second, first, 1)
    source, target = _pair(draw, above.size)
    _multiple(arrays, above.own, target, source, 1)
    shift = Fraction(draw(st.integers(1, 3)))
    array = np.moveaxis(arrays[name], (axis, other), (0, 1))
    array[first, target] = array[first, target] + shift
    array[second, target] = array[second, target] - shift


_CHANGES: dict[str, Callable[[Draw, dict[str, Array], Any], None]] = {
    "clone": _clone,
    "sign clone": _sign_clone,
    "odd ratios": _odd_ratios,
    "zero row": _zero_row,
    "zero column": _zero_row,
    "near collinear": _near_collinear,
    "dead": _dead,
    "constant": _constant,
    "null": _null,
    "zero tensor": _zero_tensor,
    "equal in a deeper layer": _deeper,
}
