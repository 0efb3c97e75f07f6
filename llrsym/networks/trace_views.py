"""Values of a traced function as lazy gathers: an array of positions in registers.

Reshaping, transposing, slicing, stacking and padding act on the array of positions alone, so they cost no
equation; a gather is written only where arithmetic needs its entries in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from llrsym.kernel.program import Shape, size
from llrsym.networks.trace_graph import Exact, Graph, Index, exact

ZERO, MINUS_INFINITY = 0, -1


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Entry k is number ``index[k] - 1`` of the concatenated flat sources; 0: zero, -1: minus infinity."""

    sources: tuple[int, ...]
    index: Index

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.index.shape

    def reindexed(self, index: Index) -> View:
        """Return other entries of the same sources."""
        return View(self.sources, index)

    def broadcast(self, shape: Shape) -> View:
        """Return the value repeated to this shape, as NumPy broadcasts."""
        return View(self.sources, np.broadcast_to(self.index, shape))


def whole(graph: Graph, register: int, shape: Shape | None = None) -> View:
    """Return all entries of a register, in another shape if one is given."""
    own = graph.shapes[register]
    return View(
        (register,), np.arange(1, size(own) + 1, dtype=np.int64).reshape(own if shape is None else shape)
    )


def lift(graph: Graph, value: object) -> View:
    """Return constants as a view; a single number in all non-zero places is stored once."""
    values = exact(graph, value)
    flat = values.ravel().tolist()
    infinite = np.array([isinstance(v, float) for v in flat], dtype=bool).reshape(values.shape)
    numbers = [Fraction(0) if isinstance(v, float) else v for v in flat]
    places = np.array([bool(v) for v in numbers], dtype=bool).reshape(values.shape)
    distinct = set(numbers) - {Fraction(0)}
    sources: tuple[int, ...]
    if not distinct:
        sources, index = (), np.zeros(values.shape, dtype=np.int64)
    elif len(distinct) == 1:
        sources = (graph.constant(_objects([distinct.pop()], ())),)
        index = places.astype(np.int64)
    else:
        register = graph.constant(_objects(numbers, values.shape))
        sources, index = (register,), whole(graph, register).index
    return View(sources, np.where(infinite, MINUS_INFINITY, index))


def _objects(numbers: Sequence[Fraction], shape: Shape) -> Exact:
    result = np.empty(len(numbers), dtype=object)
    result[:] = numbers
    return result.reshape(shape)


def constant_of(graph: Graph, view: View) -> Exact | None:
    """Return the value of a view as fractions if it depends on no input or parameter and is finite."""
    if is_zero(view):
        return _objects([Fraction(0)] * view.index.size, view.shape)
    if any(source not in graph.values for source in view.sources) or has_infinity(view):
        return None
    parts = [_objects([Fraction(0)], (1,)), *(graph.values[s].ravel() for s in view.sources)]
    values: Exact = np.concatenate(parts)[view.index]
    return values if isinstance(values, np.ndarray) else _objects([values], ())


def has_infinity(view: View) -> bool:
    """Whether an entry is minus infinity."""
    return bool((view.index < 0).any())


def is_zero(view: View) -> bool:
    """Whether every entry is the number zero."""
    return not view.index.any()


def joined(graph: Graph, views: Sequence[View]) -> tuple[tuple[int, ...], list[Index]]:
    """Return common sources of several views, and the positions of each in these."""
    sources = tuple(dict.fromkeys(source for view in views for source in view.sources))
    starts = dict(zip(sources, np.cumsum([0, *(size(graph.shapes[s]) for s in sources)]), strict=False))
    return sources, [_moved(graph, view, starts) for view in views]


def _moved(graph: Graph, view: View, starts: dict[int, np.int64]) -> Index:
    table = [np.array([ZERO], dtype=np.int64)]
    table += [np.arange(1, size(graph.shapes[s]) + 1, dtype=np.int64) + starts[s] for s in view.sources]
    positions: Index = np.concatenate(table)[np.maximum(view.index, 0)]
    return np.where(view.index < 0, MINUS_INFINITY, positions)


def gathered(graph: Graph, view: View) -> int:
    """Return a register of the shape of the view that holds its entries; the source itself if it does."""
    value = constant_of(graph, view)
    if value is not None:
        return graph.constant(value)
    sources, flat = _used_sources(graph, view)
    if len(sources) == 1 and graph.shapes[sources[0]] == view.shape and _is_in_order(flat):
        return sources[0]
    return graph.add("gather", sources, view.shape, flat - 1)


def _used_sources(graph: Graph, view: View) -> tuple[tuple[int, ...], Index]:
    """The sources that occur in a view, and the flat positions in these."""
    flat = view.index.ravel()
    ends = np.cumsum([size(graph.shapes[s]) for s in view.sources])
    owner = np.searchsorted(ends, flat, side="left")
    used = [k for k in range(len(view.sources)) if (owner[flat > 0] == k).any()]
    if len(used) == len(view.sources):
        return view.sources, flat
    sizes = [size(graph.shapes[s]) for s in view.sources]
    shifts = np.zeros(len(view.sources) + 1, dtype=np.int64)
    for fresh, k in enumerate(used):
        shifts[k] = sum(sizes[:k]) - sum(sizes[j] for j in used[:fresh])
    return tuple(view.sources[k] for k in used), np.where(flat > 0, flat - shifts[owner], 0)


def _is_in_order(flat: Index) -> bool:
    return np.array_equal(flat, np.arange(1, len(flat) + 1))


def aligned(graph: Graph, views: Sequence[View]) -> tuple[list[int], Index]:
    """Return registers of one shape that hold the entries of views of one shape, each combination once.

    The second result says where each entry of the views is found in these registers (from 1).
    Where one view is a rearrangement of a whole register, the others are brought into its order. One that is
    a register as it is comes first: a number beside an array of one entry keeps the shape of the array.
    """
    shape = views[0].shape
    columns = [view.index.ravel() for view in views]
    key = columns[0]
    for column in columns[1:]:
        key = key * (int(column.max(initial=0)) + 1) + column
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    if len(first) == len(key):
        chosen, places = np.arange(len(key)), np.arange(len(key))
        layout = tuple(n for n in shape if n != 1) if _is_squeezable(graph, views) else shape
    else:
        order = np.argsort(first)
        chosen, places, layout = first[order], np.argsort(order)[inverse], (len(first),)
    for view, column in sorted(
        zip(views, columns, strict=True), key=lambda pair: not _is_whole(graph, pair[0])
    ):
        if _covers(graph, view, column[chosen]):
            order = np.argsort(column[chosen])
            chosen, places, layout = chosen[order], np.argsort(order)[places], graph.shapes[view.sources[0]]
            break
    parts = [view.reindexed(c[chosen].reshape(layout)) for view, c in zip(views, columns, strict=True)]
    return [gathered(graph, part) for part in parts], (places + 1).reshape(shape)


def _is_squeezable(graph: Graph, views: Sequence[View]) -> bool:
    """Whether no view is a whole register in its own shape, so that axes of length 1 may be dropped."""
    return not any(_is_whole(graph, view) for view in views)


def _is_whole(graph: Graph, view: View) -> bool:
    """Whether a view is a whole register in its own shape and order."""
    own = len(view.sources) == 1 and graph.shapes[view.sources[0]] == view.shape
    return own and _is_in_order(view.index.ravel())


def _covers(graph: Graph, view: View, positions: Index) -> bool:
    """Whether these positions are all entries of the only source, each once."""
    if len(view.sources) != 1 or len(positions) != size(graph.shapes[view.sources[0]]):
        return False
    return _is_in_order(np.sort(positions))
