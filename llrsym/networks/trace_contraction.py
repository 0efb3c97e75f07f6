"""Contractions of traced values, written with as few gathers as possible.

An operand whose entries are those of one register with its axes in another order is contracted as that
register with its letters in that order; an axis along which entries repeat has no letter at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

import numpy as np

from llrsym.kernel.program import Shape, size
from llrsym.networks.trace_graph import Exact, Graph, Index
from llrsym.networks.trace_views import View, constant_of, gathered, is_zero, lift, whole

LETTERS = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"
MERGE_ABOVE = 256
"""Contractions over several indices are flattened to one beyond this many terms."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A register and one letter for each of its axes."""

    register: int
    letters: str


def contract(graph: Graph, left: str, right: str, out: str, a: View, b: View) -> View:
    """Return the contraction ``left,right->out`` of two values; letters as in NumPy's einsum, none repeated.

    A letter may occur in one argument alone (its entries are added up) and lengths 1 are broadcast.
    """
    lengths = _lengths(graph, left, right, out, a, b)
    a, b = _stretched(a, left, lengths), _stretched(b, right, lengths)
    shape = tuple(lengths[letter] for letter in out)
    if is_zero(a) or is_zero(b) or 0 in lengths.values():
        return View((), np.zeros(shape, dtype=np.int64))
    values = constant_of(graph, a), constant_of(graph, b)
    if values[0] is not None and values[1] is not None:
        return lift(graph, _exact_einsum(left, right, out, values[0], values[1]))
    first, second = _operands(graph, a, left, b, right, out)
    present = first.letters + second.letters
    repeats = prod(n for letter, n in lengths.items() if letter not in out + present)
    first = _without_lonely_letters(graph, first, second.letters + out)
    second = _without_lonely_letters(graph, second, first.letters + out)
    result = _contracted(graph, first, second, "".join(k for k in out if k in present))
    return _unfolded(graph, result, out, shape, repeats)


def reduced(graph: Graph, letters: str, out: str, a: View) -> View:
    """Return a value with its axes in the order of ``out``, added up over all other letters."""
    lengths = dict(zip(letters, a.shape, strict=True))
    shape = tuple(lengths[letter] for letter in out)
    value = constant_of(graph, a)
    if is_zero(a) or value is not None:
        return lift(
            graph, np.zeros(shape, dtype=int) if value is None else _exact_einsum(letters, "", out, value)
        )
    operand = _operand(graph, a, letters, keep_short=False)
    repeats = prod(n for letter, n in lengths.items() if letter not in out + operand.letters)
    return _unfolded(graph, _without_lonely_letters(graph, operand, out), out, shape, repeats)


def _unfolded(graph: Graph, result: Operand, out: str, shape: Shape, repeats: int) -> View:
    """A register as a view: axes in the order of ``out``, repeated where it has none, times a sum of ones."""
    order = [result.letters.index(letter) for letter in out if letter in result.letters]
    index = whole(graph, result.register).index.transpose(order)
    for axis, letter in enumerate(out):
        if letter not in result.letters:
            index = np.expand_dims(index, axis)
    view = View((result.register,), np.broadcast_to(index, shape))
    return view if repeats == 1 else contract(graph, "", out, out, lift(graph, Fraction(repeats)), view)


def _lengths(graph: Graph, left: str, right: str, out: str, a: View, b: View) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for letters, shape in ((left, a.shape), (right, b.shape)):
        if len(letters) != len(shape):
            graph.refuse(
                f"einsum: '{letters}' does not fit to an array of shape {shape}; write one letter per axis"
            )
        for letter, length in zip(letters, shape, strict=True):
            known = lengths.setdefault(letter, length)
            if length not in (known, 1) and known != 1:
                graph.refuse(
                    f"shapes {a.shape} and {b.shape} do not fit together: lengths {known} and {length}"
                )
            lengths[letter] = length if known == 1 else known
    graph.check_size(tuple(lengths[letter] for letter in out))
    return lengths


def _stretched(view: View, letters: str, lengths: dict[str, int]) -> View:
    return view.broadcast(tuple(lengths[letter] for letter in letters))


def _exact_einsum(left: str, right: str, out: str, *arrays: Exact) -> Exact:
    result = np.einsum(f"{left},{right}->{out}" if len(arrays) == 2 else f"{left}->{out}", *arrays)
    if isinstance(result, np.ndarray):
        return result
    scalar = np.empty((), dtype=object)
    scalar[()] = result
    return scalar


def _operands(graph: Graph, a: View, left: str, b: View, right: str, out: str) -> tuple[Operand, Operand]:
    """Both operands; an axis of length 1 keeps its letter only where that occurs twice or in the result."""
    short = "".join(letter for letter, n in zip(left + right, (*a.shape, *b.shape), strict=True) if n == 1)
    first, second = _operand(graph, a, left), _operand(graph, b, right)
    if any(letter in short and letter not in out + second.letters for letter in first.letters):
        first = _operand(graph, a, left, keep_short=False)
    if any(letter in short and letter not in out + first.letters for letter in second.letters):
        second = _operand(graph, b, right, keep_short=False)
    return first, second


def _operand(graph: Graph, view: View, letters: str, keep_short: bool = True) -> Operand:
    """A register for the view; repeated axes lose their letters, axes of length 1 where that is shorter."""
    core: Index = view.index
    names: list[str] = []
    short: list[str] = []
    for axis in reversed(range(len(letters))):
        if core.shape[axis] == 1:
            short.insert(0, letters[axis])
        if core.shape[axis] == 1 or (np.diff(core, axis=axis) == 0).all():
            core = core[(slice(None),) * axis + (0, ...)]
        else:
            names.insert(0, letters[axis])
    whole_register = _as_register(graph, view.reindexed(core), names, short if keep_short else [])
    return whole_register or Operand(gathered(graph, view.reindexed(core)), "".join(names))


def _as_register(graph: Graph, core: View, names: list[str], short: list[str]) -> Operand | None:
    """The only source with its letters in the order of its axes, if the view is all of it, transposed."""
    if len(core.sources) != 1 or core.index.size != size(graph.shapes[core.sources[0]]):
        return None
    shape = graph.shapes[core.sources[0]]
    if sum(n == 1 for n in shape) > len(short) or sorted(core.shape) != sorted(n for n in shape if n != 1):
        return None
    origin = (0,) * core.index.ndim
    strides = [int(np.diff(core.index, axis=k)[origin]) for k in range(core.index.ndim)]
    order = sorted(range(len(names)), key=lambda k: -strides[k])
    expected = np.arange(1, core.index.size + 1).reshape(core.index.transpose(order).shape)
    if [n for n in shape if n != 1] != list(expected.shape):
        return None
    if not np.array_equal(core.index.transpose(order), expected):
        return None
    spare, proper = iter(short), iter(order)
    return Operand(core.sources[0], "".join(next(spare) if n == 1 else names[next(proper)] for n in shape))


def _without_lonely_letters(graph: Graph, operand: Operand, others: str) -> Operand:
    """Add up over letters that occur nowhere else."""
    for letter in operand.letters:
        if letter not in others:
            length = graph.shapes[operand.register][operand.letters.index(letter)]
            ones = gathered(graph, lift(graph, 1).broadcast((length,)))
            rest = operand.letters.replace(letter, "")
            operand = _contracted(graph, operand, Operand(ones, letter), rest)
    return operand


def _contracted(graph: Graph, a: Operand, b: Operand, out: str) -> Operand:
    """Write one equation: an einsum, or a product where nothing is contracted, stretched or transposed."""
    if a.letters == b.letters == out:
        return Operand(graph.add("multiply", (a.register, b.register), graph.shapes[a.register]), out)
    if len(a.letters) == 1 and len(b.letters) == 2:
        a, b = b, a  # the matrix comes first, as in the dense layers of the builders
    summed = [k for k in a.letters if k in b.letters and k not in out]
    lengths = dict(
        zip(a.letters + b.letters, graph.shapes[a.register] + graph.shapes[b.register], strict=True)
    )
    if len(summed) > 1 and size(tuple(lengths[k] for k in summed)) > MERGE_ABOVE:
        return _contracted(graph, _merged(graph, a, summed), _merged(graph, b, summed), out)
    names = dict(zip([*out, *summed], LETTERS, strict=False))
    left, right, result = ("".join(names[k] for k in word) for word in (a.letters, b.letters, out))
    shape = tuple(lengths[k] for k in out)
    return Operand(graph.add("einsum", (a.register, b.register), shape, f"{left},{right}->{result}"), out)


def _merged(graph: Graph, operand: Operand, summed: list[str]) -> Operand:
    """The operand with its summed axes flattened to one, the last, under the first of their letters."""
    kept = [k for k in operand.letters if k not in summed]
    order = [operand.letters.index(k) for k in [*kept, *summed]]
    view = whole(graph, operand.register)
    index = view.index.transpose(order)
    flat = index.reshape(*index.shape[: len(kept)], -1)
    return replace(
        operand, register=gathered(graph, view.reindexed(flat)), letters="".join([*kept, summed[0]])
    )
