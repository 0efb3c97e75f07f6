"""What NumPy's functions mean for traced values.

A function that only rearranges entries is applied to the array of positions; sums and products of tensors
become contractions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from llrsym.networks.trace_algebra import HALF, finite, multiply, power, scaled, subtract, summed
from llrsym.networks.trace_array import TracedArray, as_view
from llrsym.networks.trace_contraction import LETTERS, contract, reduced
from llrsym.networks.trace_graph import Graph
from llrsym.networks.trace_ufuncs import matmul
from llrsym.networks.trace_views import View, joined, lift

Axis = int | Sequence[int] | None

REARRANGING: tuple[Callable[..., Any], ...] = (
    *(np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.expand_dims, np.squeeze),
    *(np.roll, np.flip, np.fliplr, np.flipud, np.rot90, np.repeat, np.tile, np.take, np.take_along_axis),
    *(np.diagonal, np.diag, np.diagflat, np.tril, np.triu, np.broadcast_to, np.delete),
    *(np.atleast_1d, np.atleast_2d, np.atleast_3d, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
    np.lib.stride_tricks.sliding_window_view,
)
JOINING: tuple[Callable[..., Any], ...] = (
    *(np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block, np.append),
    *(np.broadcast_arrays,),
)
NOT_ANALYTIC = {
    **dict.fromkeys((np.max, np.amax, np.min, np.amin, np.ptp), "it has corners"),
    **dict.fromkeys((np.argmax, np.argmin, np.argsort, np.sort, np.partition), "it compares values"),
    **dict.fromkeys((np.clip, np.median, np.percentile, np.quantile), "it has corners"),
    **dict.fromkeys((np.around, np.round, np.fix, np.nonzero, np.all, np.any), "it jumps"),
    **dict.fromkeys((np.allclose, np.isclose, np.array_equal), "it compares values"),
}


def call_function(
    graph: Graph, func: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Return the result of a NumPy function with a traced argument."""
    if func in REARRANGING:
        return _rearranged(func, args, options)
    if func in JOINING:
        return _joined(graph, func, args, options)
    if func in FUNCTIONS:
        return FUNCTIONS[func](graph, *args, **options)
    name = f"np.{getattr(func, '__name__', func)}"
    if func in NOT_ANALYTIC:
        hint = "; a softmax needs no shift by the maximum here" if func in (np.max, np.amax) else ""
        graph.refuse(f"{name} is not analytic: {NOT_ANALYTIC[func]}; use an analytic function instead{hint}")
    return graph.refuse(f"{name} is not supported; write it with +, *, /, matmul, einsum, sum, exp or tanh")


def _rearranged(func: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    array, *rest = args if args else (options["a"],)
    if not isinstance(array, TracedArray):
        raise ValueError(
            f"np.{func.__name__} with an index that depends on x or on parameters is not analytic"
        )
    result = func(array.view.index, *rest, **{k: v for k, v in options.items() if k not in ("a", "subok")})
    return _wrapped(array, result)


def _wrapped(array: TracedArray, result: Any) -> Any:
    if isinstance(result, list | tuple):
        return type(result)(array.derived(part) for part in result)
    return array.derived(result)


def _joined(graph: Graph, func: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Apply a function of several arrays, given as arguments or in nested lists, to their positions."""
    leaves: list[View] = []

    def collected(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(collected(part) for part in value)
        leaves.append(as_view(graph, value))
        return _Leaf(len(leaves) - 1)

    arrays = args if func in (np.append, np.broadcast_arrays) else args[:1]
    tree = collected(list(arrays[:2] if func is np.append else arrays))
    sources, indices = joined(graph, leaves)
    if options.get("out") is not None:
        graph.refuse("out= is not supported here; assign the result instead")
    plain = {key: value for key, value in options.items() if key not in ("out", "dtype", "casting", "subok")}
    result = func(*_filled(tree, indices), *args[len(tree) :], **plain)
    template = TracedArray(graph, View(sources, np.zeros((), dtype=np.int64)))
    return _wrapped(template, result)


class _Leaf(int):
    """The number of an array in a nested list."""


def _filled(tree: Any, indices: list[Any]) -> Any:
    if isinstance(tree, _Leaf):
        return indices[tree]
    return type(tree)(_filled(part, indices) for part in tree)


def _axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    given = range(ndim) if axis is None else [axis] if isinstance(axis, int | np.integer) else axis
    axes = [int(k) + ndim if k < 0 else int(k) for k in given]
    if any(not 0 <= k < ndim for k in axes) or len(set(axes)) != len(axes):
        raise ValueError(f"axis {axis} does not exist in an array with {ndim} axes")
    return tuple(axes)


def _sum(
    graph: Graph, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False
) -> Any:
    _check_out(graph, out)
    if dtype is not None and not np.issubdtype(np.dtype(dtype), np.floating):
        graph.refuse(f"np.sum with dtype {np.dtype(dtype)} rounds values; keep a float type")
    view = as_view(graph, a)
    axes = _axes(axis, len(view.shape))
    total = summed(graph, view, axes)
    index = np.expand_dims(total.index, axes) if keepdims is True else total.index
    return TracedArray(graph, total.reindexed(index))


def _check_out(graph: Graph, out: Any) -> None:
    if out is not None:
        graph.refuse("out= is not supported here; assign the result instead")


def _mean(
    graph: Graph, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False
) -> Any:
    count = int(np.prod([a.shape[k] for k in _axes(axis, a.ndim)]))
    if not count:
        graph.refuse("np.mean of no entries is not defined; reduce an axis that has entries")
    total = _sum(graph, a, axis, dtype, out, keepdims)
    return TracedArray(graph, scaled(graph, Fraction(1, count), total.view))


def _average(graph: Graph, a: Any, axis: Axis = None, weights: Any = None, **options: Any) -> Any:
    if weights is not None or options.pop("returned", False):
        graph.refuse("np.average with weights is not supported; multiply by the weights and use np.sum")
    return _mean(graph, a, axis, **options)


def _var(
    graph: Graph,
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: int = 0,
    keepdims: Any = False,
) -> Any:
    count = int(np.prod([a.shape[k] for k in _axes(axis, a.ndim)]))
    centred = subtract(graph, a.view, _mean(graph, a, axis, keepdims=True).view)
    squares = TracedArray(graph, power(graph, centred, Fraction(2)))
    total = _sum(graph, squares, axis, dtype, out, keepdims)
    return TracedArray(graph, scaled(graph, Fraction(1, count - ddof), total.view))


def _std(graph: Graph, a: Any, *args: Any, **options: Any) -> Any:
    return TracedArray(graph, power(graph, _var(graph, a, *args, **options).view, HALF))


def _norm(graph: Graph, x: Any, ord: Any = None, axis: Axis = None, keepdims: Any = False) -> Any:
    vectors = axis is not None and len(_axes(axis, x.ndim)) == 1
    if not (ord is None or (ord == 2 and (vectors or x.ndim == 1)) or (ord == "fro" and x.ndim == 2)):
        graph.refuse(
            f"np.linalg.norm with ord={ord!r} is not supported; only the root of a sum of squares is"
        )
    squares = TracedArray(graph, power(graph, x.view, Fraction(2)))
    return TracedArray(graph, power(graph, _sum(graph, squares, axis, keepdims=keepdims).view, HALF))


def _cumsum(graph: Graph, a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    _check_out(graph, out)
    array = a.reshape(-1) if axis is None else a
    moved = np.moveaxis(array, axis or 0, -1)
    return np.moveaxis(moved @ np.triu(np.ones((moved.shape[-1],) * 2, dtype=int)), -1, axis or 0)


def _where(graph: Graph, condition: Any, *choices: Any) -> Any:
    if isinstance(condition, TracedArray):
        graph.refuse(
            "np.where with a condition that depends on x or on parameters is not analytic; use a constant"
        )
    if len(choices) != 2:
        graph.refuse("np.where needs two values beside the condition; give both")
    sources, (a, b) = joined(graph, [as_view(graph, choice) for choice in choices])
    return TracedArray(graph, View(sources, np.where(np.asarray(condition, dtype=bool), a, b)))


def _pad(graph: Graph, array: Any, width: Any, mode: str = "constant", **options: Any) -> Any:
    if np.any(np.asarray(options.pop("constant_values", 0))):
        graph.refuse("np.pad with a constant other than zero is not supported; use np.concatenate")
    if (
        mode not in ("constant", "edge", "reflect", "symmetric", "wrap")
        or options.get("reflect_type") == "odd"
    ):
        graph.refuse(
            f"np.pad with mode {mode!r} is not supported; use 'constant', 'edge', 'reflect' or 'wrap'"
        )
    return array.derived(np.pad(array.view.index, width, mode=mode, **options))  # type: ignore[call-overload]


def _einsum(graph: Graph, *operands: Any, optimize: Any = False, out: Any = None, **options: Any) -> Any:
    _check_out(graph, out)
    if not operands or not isinstance(operands[0], str) or options:
        graph.refuse("np.einsum: write the contraction as text, such as np.einsum('ij,j->i', a, b)")
    arrays = [as_view(graph, operand) for operand in operands[1:]]
    words, result = _einsum_words(graph, operands[0], [len(a.shape) for a in arrays])
    pairs = [_without_repeats(graph, word, array) for word, array in zip(words, arrays, strict=True)]
    word, total = pairs[0]
    if len(pairs) == 1:
        return TracedArray(graph, reduced(graph, word, result, finite(graph, total)))
    for position, (other, array) in enumerate(pairs[1:], start=2):
        later = result + "".join(w for w, _ in pairs[position:])
        kept = "".join(k for k in dict.fromkeys(word + other) if k in later)
        kept = result if position == len(pairs) else kept
        total = contract(graph, word, other, kept, finite(graph, total), finite(graph, array))
        word = kept
    return TracedArray(graph, total)


def _einsum_words(graph: Graph, text: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result; ``...`` becomes letters that the text does not use."""
    arguments, arrow, result = text.replace(" ", "").partition("->")
    words = arguments.split(",")
    if len(words) != len(ranks):
        graph.refuse(f"np.einsum: '{text}' names {len(words)} arrays, but {len(ranks)} are given")
    spare = [k for k in LETTERS if k not in text]
    extra = [
        rank - len(w.replace("...", "")) if "..." in w else 0 for w, rank in zip(words, ranks, strict=True)
    ]
    if any(n < 0 for n in extra):
        graph.refuse(
            f"np.einsum: '{text}' has more letters than an array has axes; write one letter per axis"
        )
    longest = "".join(spare[: max(extra, default=0)])
    words = [w.replace("...", longest[len(longest) - n :]) for w, n in zip(words, extra, strict=True)]
    if not arrow:
        letters = "".join(w for w in words)
        result = longest + "".join(
            k for k in sorted(set(letters)) if letters.count(k) == 1 and k not in longest
        )
    result = result.replace("...", longest)
    if not set(result) <= set("".join(words)) or not "".join([*words, "i"]).isalpha():
        graph.refuse(f"np.einsum: '{text}' is not a contraction; write for example 'ij,j->i'")
    return words, result


def _without_repeats(graph: Graph, word: str, view: View) -> tuple[str, View]:
    """Take the diagonal of axes with the same letter."""
    if len(word) != len(view.shape):
        graph.refuse(
            f"np.einsum: '{word}' does not fit to an array of shape {view.shape}; write one letter per axis"
        )
    distinct = "".join(dict.fromkeys(word))
    return distinct, view if distinct == word else view.reindexed(
        np.einsum(f"{word}->{distinct}", view.index)
    )


def _dot(graph: Graph, a: Any, b: Any, out: Any = None) -> Any:
    _check_out(graph, out)
    left, right = as_view(graph, a), as_view(graph, b)
    if not left.shape or not right.shape:
        return TracedArray(graph, multiply(graph, left, right))
    axes = ([len(left.shape) - 1], [max(0, len(right.shape) - 2)])
    return TracedArray(graph, _tensordot_views(graph, left, right, axes))


def _tensordot(graph: Graph, a: Any, b: Any, axes: Any = 2) -> Any:
    left, right = as_view(graph, a), as_view(graph, b)
    if isinstance(axes, int):
        pairs = list(range(len(left.shape) - axes, len(left.shape))), list(range(axes))
    else:
        first, second = ([k] if isinstance(k, int) else list(k) for k in axes)
        pairs = first, second
    return TracedArray(graph, _tensordot_views(graph, left, right, pairs))


def _tensordot_views(graph: Graph, a: View, b: View, axes: tuple[list[int], list[int]]) -> View:
    first, second = _axes(axes[0], len(a.shape)), _axes(axes[1], len(b.shape))
    if [a.shape[k] for k in first] != [b.shape[k] for k in second]:
        graph.refuse(f"shapes {a.shape} and {b.shape} do not fit together; transpose or reshape one of them")
    left, right = list(LETTERS[: len(a.shape)]), list(LETTERS[len(a.shape) : len(a.shape) + len(b.shape)])
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    out = [k for i, k in enumerate(left) if i not in first] + [
        k for j, k in enumerate(right) if j not in second
    ]
    return contract(graph, "".join(left), "".join(right), "".join(out), finite(graph, a), finite(graph, b))


def _inner(graph: Graph, a: Any, b: Any) -> Any:
    left, right = as_view(graph, a), as_view(graph, b)
    if not left.shape or not right.shape:
        return TracedArray(graph, multiply(graph, left, right))
    return TracedArray(graph, _tensordot_views(graph, left, right, ([-1], [-1])))


def _outer(graph: Graph, a: Any, b: Any, out: Any = None) -> Any:
    _check_out(graph, out)
    left, right = as_view(graph, a), as_view(graph, b)
    flat = [view.reindexed(view.index.ravel()) for view in (left, right)]
    return TracedArray(graph, contract(graph, "i", "j", "ij", flat[0], flat[1]))


def _vdot(graph: Graph, a: Any, b: Any) -> Any:
    flat = [view.reindexed(view.index.ravel()) for view in (as_view(graph, a), as_view(graph, b))]
    return TracedArray(graph, matmul(graph, flat[0], flat[1]))


def _trace(graph: Graph, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, **options: Any) -> Any:
    return _sum(graph, np.diagonal(a, offset, axis1, axis2), -1)


def _full_like(graph: Graph, a: Any, value: Any, dtype: Any = None, order: str = "K", **options: Any) -> Any:
    shape = options.get("shape")
    if dtype is not None and not np.issubdtype(np.dtype(dtype), np.floating):
        return np.full(a.shape if shape is None else shape, value, dtype=dtype)
    return TracedArray(graph, as_view(graph, value).broadcast(a.shape if shape is None else shape))


def _prod(
    graph: Graph, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False
) -> Any:
    _check_out(graph, out)
    axes = _axes(axis, a.ndim)
    rows = np.moveaxis(a, axes, range(len(axes))).reshape(
        -1, *(n for k, n in enumerate(a.shape) if k not in axes)
    )
    product = lift(graph, 1).broadcast(rows.shape[1:])
    for row in rows:
        product = multiply(graph, product, row.view)
    return TracedArray(
        graph, product.reindexed(np.expand_dims(product.index, axes)) if keepdims is True else product
    )


def _matrix_power(graph: Graph, a: Any, n: int) -> Any:
    if n < 1:
        graph.refuse("np.linalg.matrix_power with an exponent below 1 is not supported; use a positive one")
    result = a
    for _ in range(n - 1):
        result = result @ a
    return result


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sum: _sum,
    np.mean: _mean,
    np.average: _average,
    np.copy: lambda graph, a, *args, **options: a.copy(),
    np.var: _var,
    np.std: _std,
    np.prod: _prod,
    np.cumsum: _cumsum,
    np.where: _where,
    np.pad: _pad,
    np.einsum: _einsum,
    np.dot: _dot,
    np.tensordot: _tensordot,
    np.inner: _inner,
    np.outer: _outer,
    np.vdot: _vdot,
    np.trace: _trace,
    np.full_like: _full_like,
    np.zeros_like: lambda graph, a, *args, **options: _full_like(graph, a, 0, *args, **options),
    np.ones_like: lambda graph, a, *args, **options: _full_like(graph, a, 1, *args, **options),
    np.linalg.matrix_power: _matrix_power,
    np.linalg.norm: _norm,
    np.shape: lambda graph, a: a.shape,
    np.ndim: lambda graph, a: a.ndim,
    np.size: lambda graph, a, axis=None: a.size if axis is None else a.shape[axis],
}
