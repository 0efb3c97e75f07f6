"""The moves of networks without a family: how they get one more channel, head, neuron or block.

Every move keeps f. Whether the composition keeps the tangent functions is proved by the kernel, register by
register (docs/theory/embeddings, any two programs).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from llrsym.embedding.forms import ONE, ZERO, negative, number, total
from llrsym.embedding.maps import Embedding, shapes_of
from llrsym.embedding.moves import HALF, Move, Number, check_count, form_of, value_and_slope
from llrsym.embedding.units import UnitMap, unit_map
from llrsym.errors import BadInput, shown
from llrsym.kernel.program import Shape
from llrsym.networks.builders.units import UnitGroup
from llrsym.networks.network import Network


class UnitMove(ABC):
    """A way to add units to a network; its text is the call that makes it."""

    @abstractmethod
    def extend(self, growing: UnitMap) -> UnitMap:
        """Return the map into the network with more units; raises ``BadInput`` where that is not possible."""

    __str__ = Move.__str__


@dataclass(frozen=True)
class SplitUnit(UnitMove):
    """Clone a unit: of every weight v that leads on, alpha v stays and the clone takes (1 - alpha) v.

    ``group`` names the units, such as ``"heads1"`` or ``"channels2"``. Keeps the tangent functions.
    """

    group: str
    unit: int = 0
    alpha: Number = HALF

    def extend(self, growing: UnitMap) -> UnitMap:
        """Return the map into the wider network."""
        group = _splittable(growing, self.group, self.unit)
        embedding, ratio = form_of(growing.embedding, self.alpha, "split_unit")
        ratios = [ratio, total(ONE, negative(ratio))]
        return replace(growing, embedding=embedding).with_copies(group, self.unit, ratios)


@dataclass(frozen=True)
class SplitUnitEvenly(UnitMove):
    """Replace a unit by ``copies`` clones with equal shares of the weights that lead on.

    Keeps the tangent functions.
    """

    group: str
    unit: int
    copies: int

    def extend(self, growing: UnitMap) -> UnitMap:
        """Return the map into the wider network."""
        check_count("split_unit_evenly", self.copies)
        group = _splittable(growing, self.group, self.unit)
        return growing.with_copies(group, self.unit, [number(Fraction(1, self.copies))] * self.copies)


@dataclass(frozen=True)
class NullUnits(UnitMove):
    """Add ``count`` units all of whose weights are zero.

    Keeps the tangent functions if a unit without weights has the value 0 (heads and gated units always, other
    ones if sigma(0) = 0), or if each use of the unit is followed by biases of the same shape.
    """

    group: str
    count: int = 1

    def extend(self, growing: UnitMap) -> UnitMap:
        """Return the map into the wider network."""
        check_count("null_units", self.count)
        return growing.with_zeros(growing.group(self.group), self.count)


@dataclass(frozen=True)
class NullBlock(UnitMove):
    """Leave a block of the network silent: all its weights are zero, and its input is its output.

    Keeps the tangent functions if sigma(0) = 0 and blocks have no biases after V, or if they have all biases
    and a block of the target comes before it.
    """

    block: int

    def extend(self, growing: UnitMap) -> UnitMap:
        """Return the map itself: its silent blocks were chosen at the start."""
        return growing


def unit_embedding(target: Network, network: Network, moves: Sequence[Move | UnitMove]) -> Embedding:
    """Return the composition of the moves and the default ones, from the target into the network.

    The default is null units where a unit without weights has the value 0, else clones; a network with more
    blocks has silent ones. Raises ``BadInput`` where the networks are not comparable or a move does not fit.

    >>> from llrsym.networks.builders import recurrent
    >>> narrow, wide = (recurrent(inputs=1, hidden=m, steps=2) for m in (1, 2))
    >>> unit_embedding(narrow, wide, []).moves
    ("null_units(group='hidden')",)
    """
    blocks = [move.block for move in moves if isinstance(move, NullBlock)]
    growing = unit_map(target, network, blocks)
    for move in moves:
        if not isinstance(move, UnitMove):
            raise BadInput(
                f"embed: the move {move} is for networks with a family; use split_unit, split_unit_evenly, "
                "null_units or null_block"
            )
        growing = move.extend(growing) if isinstance(move, NullBlock) else _recorded(growing, move)
    shapes = shapes_of(network.program)
    for group in growing.groups:
        growing = _widened(growing, group, shapes)
    return growing.filled(shapes)


def _recorded(growing: UnitMap, move: UnitMove) -> UnitMap:
    wider = move.extend(growing)
    embedding = wider.embedding
    return replace(wider, embedding=replace(embedding, moves=(*embedding.moves, str(move))))


def _widened(growing: UnitMap, group: UnitGroup, shapes: dict[str, Shape]) -> UnitMap:
    name, axis = group.own[0]
    own, available = growing.size(group), shapes[name][axis]
    if own > available:
        raise BadInput(
            f"embed: the target has {own} units '{group.name}', the network {available}; "
            "choose a wider network"
        )
    if own == available:
        return growing
    missing = available - own
    if group.outgoing and not _is_zero_without_weights(group):
        return _recorded(growing, SplitUnitEvenly(group.name, 0, missing + 1))
    return _recorded(growing, NullUnits(group.name, missing))


def _is_zero_without_weights(group: UnitGroup) -> bool:
    return group.activation is None or value_and_slope(group.activation, ZERO)[0] == ZERO


def _splittable(growing: UnitMap, name: str, unit: int) -> UnitGroup:
    group = growing.group(name)
    width = growing.size(group)
    if type(unit) is not int or not 0 <= unit < width:
        raise BadInput(f"embed: '{name}' has the units 0 to {width - 1}, not {shown(unit)}")
    if not group.outgoing:
        raise BadInput(f"embed: '{name}' has no weights of its own that lead on; use null_units")
    return group


UNIT_MOVES: dict[str, type[UnitMove]] = {
    "split_unit": SplitUnit,
    "split_unit_evenly": SplitUnitEvenly,
    "null_units": NullUnits,
    "null_block": NullBlock,
}
"""The moves by the names under which they are written."""
