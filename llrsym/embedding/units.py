"""Maps between networks of one builder, unit by unit: channels, heads, head dimensions, neurons, blocks.

These are the networks without a family of their own: deep convolutions, residual and recurrent networks,
attention, transformers, gated, tied and mixed ones. The builder says which entries belong to a unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from llrsym.embedding.forms import ZERO, Form, product
from llrsym.embedding.maps import Embedding, identity, shapes_of
from llrsym.errors import BadInput, shown
from llrsym.kernel.program import Shape
from llrsym.networks.builders.units import IN_BLOCKS, SIZES, UnitGroup, block_of, call_of, unit_groups
from llrsym.networks.network import Network

Arrays = Mapping[str, np.ndarray]
Options = Mapping[str, object]
BIASES = ("b", "c")
"""How the names of biases begin; a target may lack them."""


@dataclass(frozen=True)
class UnitMap:
    """A map into a network whose units grow in number: one array of forms for every parameter."""

    embedding: Embedding
    arrays: Arrays
    groups: tuple[UnitGroup, ...]

    def group(self, name: str) -> UnitGroup:
        """Return the group with this name; raises ``BadInput`` if there is none."""
        for group in self.groups:
            if group.name == name:
                return group
        known = ", ".join(repr(group.name) for group in self.groups)
        raise BadInput(f"embed: there are no units {shown(name)}; there are {known or 'none'}")

    def size(self, group: UnitGroup) -> int:
        """The number of units so far."""
        name, axis = group.own[0]
        return int(self.arrays[name].shape[axis])

    def with_copies(self, group: UnitGroup, unit: int, ratios: Sequence[Form]) -> UnitMap:
        """Replace a unit by copies; each of them gets this share of what leads on."""
        arrays = dict(self.arrays)
        for name, axis in group.own:
            arrays[name] = _copied(arrays[name], axis, unit, [None] * len(ratios))
        for name, axis in group.outgoing:
            arrays[name] = _copied(arrays[name], axis, unit, ratios)
        return replace(self, arrays=arrays)

    def with_zeros(self, group: UnitGroup, count: int) -> UnitMap:
        """Add units all of whose weights are zero."""
        arrays = dict(self.arrays)
        for name, axis in (*group.own, *group.outgoing):
            shape = list(arrays[name].shape)
            shape[axis] = count
            arrays[name] = np.concatenate([arrays[name], zeros(tuple(shape))], axis)
        return replace(self, arrays=arrays)

    def filled(self, shapes: Mapping[str, Shape]) -> Embedding:
        """Return the map into the network with these parameters; those that are new are zero."""
        arrays = {name: self.arrays.get(name, zeros(shape)) for name, shape in shapes.items()}
        for name, shape in shapes.items():
            if arrays[name].shape != shape:
                raise BadInput(
                    f"embed: {name} of the target has the shape {arrays[name].shape} in the end, the network "
                    f"has {shape}; use networks that differ in the numbers of their units only"
                )
        return replace(self.embedding, tensors={name: tuple(array.flat) for name, array in arrays.items()})


def zeros(shape: Shape) -> np.ndarray:
    """Return an array of forms that are zero."""
    return array_of([ZERO] * int(np.prod(shape, dtype=int)), shape)


def array_of(forms: Sequence[Form], shape: Shape) -> np.ndarray:
    """Return the forms as an array."""
    flat = np.empty(len(forms), dtype=object)
    flat[:] = forms
    return flat.reshape(shape)


def _copied(array: np.ndarray, axis: int, unit: int, ratios: Sequence[Form | None]) -> np.ndarray:
    """Replace one slice by copies times these factors (None: 1), the first in its place, the others last."""
    part = np.take(array, [unit], axis)
    copies = [part if ratio is None else _scaled(part, ratio) for ratio in ratios]
    before, after = np.split(array, [unit], axis)
    return np.concatenate([before, copies[0], np.delete(after, 0, axis), *copies[1:]], axis)


def _scaled(array: np.ndarray, ratio: Form) -> np.ndarray:
    return array_of([product(ratio, form) for form in array.flat], array.shape)


# From the target to the network


def unit_map(target: Network, network: Network, null_blocks: Sequence[int]) -> UnitMap:
    """Return the map that writes the blocks of the target into those of the network; no unit is added yet.

    Raises ``BadInput`` where the networks differ in more than the numbers of their units and blocks, and the
    target's biases.
    """
    options = _compared(target, network)
    own = identity(target.program)
    shapes = shapes_of(target.program)
    arrays = {name: array_of(own.tensors[name], shape) for name, shape in shapes.items()}
    new = [name for name in network.parameter_names if name not in arrays]
    moves: tuple[str, ...] = ()
    if "blocks" in options[0]:
        places = _places(target, network, options, null_blocks)
        arrays = {_renamed(name, places): array for name, array in arrays.items()}
        silent = [block for block in range(1, _count(options[1]) + 1) if block not in places.values()]
        new = [
            name for name in network.parameter_names if name not in arrays and block_of(name) not in silent
        ]
        moves = tuple(f"null_block({block})" for block in silent)
    elif null_blocks:
        raise BadInput("embed: only residual networks and transformers have blocks; leave null_block away")
    obstacles = tuple(f"the target has no {name}; it is a new parameter" for name in new)
    embedding = replace(own, wide=network.program, units=None, moves=moves, obstacles=obstacles)
    groups = [group for group in unit_groups(network) if all(name in arrays for name, _ in group.own[:1])]
    kept = tuple(_present(group, arrays) for group in groups)
    return UnitMap(embedding, arrays, kept)


def _present(group: UnitGroup, arrays: Arrays) -> UnitGroup:
    """Leave away the parameters that the target lacks; they are filled with zeros at the end."""
    own = tuple(pair for pair in group.own if pair[0] in arrays)
    return replace(group, own=own, outgoing=tuple(pair for pair in group.outgoing if pair[0] in arrays))


def _compared(target: Network, network: Network) -> tuple[Options, Options]:
    """Return the arguments of the two builders; raises ``BadInput`` where they are not comparable."""
    for name, net in (("target", target), ("network", network)):
        if net.model is None and call_of(net) is None:
            raise BadInput(
                f"embed: the {name} {net.text} is no call of a builder, and its units are not known; "
                "use two calls of the same builder, such as residual(...)"
            )
    (own, narrow), (other, wide) = call_of(target) or ("", {}), call_of(network) or ("", {})
    if own != other or not own:
        raise BadInput(
            f"embed: the target {target.text} and the network {network.text} are built in different ways; "
            "use two calls of the same builder"
        )
    for name in narrow.keys() | wide.keys():
        if name not in (*SIZES, "bias") and narrow.get(name) != wide.get(name):
            raise BadInput(
                f"embed: the target has {name} {narrow.get(name)}, the network {wide.get(name)}; "
                "they must agree for an embedding"
            )
    _compare_parameters(target, network, own in IN_BLOCKS)
    return narrow, wide


def _compare_parameters(target: Network, network: Network, in_blocks: bool) -> None:
    def kind(name: str) -> str:
        return name.rstrip("0123456789") if in_blocks else name

    known, own = (
        {kind(name) for name in network.parameter_names},
        {kind(name) for name in target.parameter_names},
    )
    more = [name for name in network.parameter_names if kind(name) not in own and not name.startswith(BIASES)]
    less = [name for name in target.parameter_names if kind(name) not in known]
    if more or less:
        has, lacks = ("target", "network") if less else ("network", "target")
        raise BadInput(
            f"embed: the {has} has the parameter {(less or more)[0]} and the {lacks} has none such; "
            "they must agree for an embedding"
        )


def _count(options: Options) -> int:
    return int(str(options["blocks"]))


def _places(
    target: Network, network: Network, options: tuple[Options, Options], null_blocks: Sequence[int]
) -> dict[int, int]:
    """Return where every block of the target goes: in order, as early as it fits."""
    count, available = _count(options[0]), _count(options[1])
    free = [block for block in range(1, available + 1) if block not in null_blocks]
    if not all(type(block) is int and 1 <= block <= available for block in null_blocks):
        raise BadInput(f"embed: null_block takes one of the blocks 1 to {available} of the network")
    sizes = _sizes(target), _sizes(network)
    places: dict[int, int] = {}
    for place in free:
        block = len(places) + 1
        if block <= count and all(map(int.__le__, sizes[0][block], sizes[1][place])):
            places[block] = place
    if len(places) < count:
        raise BadInput(
            f"embed: block {len(places) + 1} of the target does not fit into the blocks that are left of the "
            f"{available} of the network; choose a deeper or wider network"
        )
    return places


def _sizes(network: Network) -> dict[int, list[int]]:
    """The numbers of units of every block."""
    shapes, sizes = shapes_of(network.program), dict[int, list[int]]()
    for group in unit_groups(network):
        name, axis = group.own[0]
        sizes.setdefault(block_of(name), []).append(shapes[name][axis])
    return sizes


def _renamed(name: str, places: Mapping[int, int]) -> str:
    block = block_of(name)
    return name if not block else name.removesuffix(str(block)) + str(places[block])
