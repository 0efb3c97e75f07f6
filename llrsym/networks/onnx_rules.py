"""What ONNX operators mean, each as a few NumPy calls on traced values.

Reference: the operator specifications of ONNX (https://onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from llrsym.networks.trace_algebra import apply, softmax
from llrsym.networks.trace_array import TracedArray, as_view
from llrsym.networks.trace_graph import Graph

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Call:
    """A node: its operator, its attributes, the number of outputs, and the version of the operators."""

    graph: Graph
    operator: str
    attributes: Mapping[str, Any]
    outputs: int
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def refuse(self, message: str) -> Any:
        """Refuse the node."""
        return self.graph.refuse(message)


def activation(name: str) -> Rule:
    """Return the rule that applies an activation to every entry."""

    def rule(call: Call, x: TracedArray) -> TracedArray:
        return TracedArray(call.graph, apply(call.graph, name, x.view, name))

    return rule


def integers(call: Call, value: Any, what: str) -> list[int]:
    """Return a constant tensor of integers as a list."""
    if isinstance(value, TracedArray) or value is None:
        call.refuse(f"{what} is not a constant tensor of integers; export the model with a fixed shape")
    return [int(k) for k in np.ravel(value)]


def axes_of(call: Call, given: Any, rank: int) -> tuple[int, ...] | None:
    """Return the axes of an operator, an attribute in older versions and an input in newer ones."""
    axes = call.get("axes") if given is None else integers(call, given, "the list of axes")
    return None if axes is None else tuple(int(k) % rank if rank else 0 for k in axes)


def _gemm(call: Call, a: Any, b: Any, c: Any = 0) -> Any:
    a = a.T if call.get("transA", 0) else a
    b = b.T if call.get("transB", 0) else b
    product = (a @ b) * call.get("alpha", 1.0)
    return product if c is None else product + c * call.get("beta", 1.0)


def _power(call: Call, a: Any, b: Any) -> Any:
    return np.power(a, b)


def _reshape(call: Call, x: Any, shape: Any = None) -> Any:
    wanted = call.get("shape") if shape is None else integers(call, shape, "the new shape")
    keep_zero = call.get("allowzero", 0)
    return x.reshape([x.shape[k] if n == 0 and not keep_zero else n for k, n in enumerate(wanted)])


def _flatten(call: Call, x: Any) -> Any:
    axis = call.get("axis", 1)
    axis = axis if axis >= 0 else axis + x.ndim
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _transpose(call: Call, x: Any) -> Any:
    return np.transpose(x, call.get("perm"))


def _concat(call: Call, *parts: Any) -> Any:
    return np.concatenate(parts, axis=call.get("axis", 1))


def _split(call: Call, x: Any, sizes: Any = None) -> Any:
    axis = call.get("axis", 0)
    given = call.get("split") if sizes is None else integers(call, sizes, "the list of sizes")
    count = call.get("num_outputs", call.outputs)
    chunk = -(-x.shape[axis] // count)
    ends = np.cumsum(given)[:-1] if given is not None else [chunk * (k + 1) for k in range(count - 1)]
    return tuple(np.split(x, ends, axis=axis))


def _slice(
    call: Call, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None
) -> Any:
    first = call.get("starts") if starts is None else integers(call, starts, "the list of starts")
    last = call.get("ends") if ends is None else integers(call, ends, "the list of ends")
    along = axes_of(call, axes, x.ndim) or tuple(range(len(first)))
    strides = [1] * len(first) if steps is None else integers(call, steps, "the list of steps")
    key: list[slice] = [slice(None)] * x.ndim
    for axis, start, stop, step in zip(along, first, last, strides, strict=True):
        length = x.shape[axis]
        low, high = (0, length) if step > 0 else (-1, length - 1)
        start, stop = (k + length if k < 0 else k for k in (start, stop))
        stop = min(max(stop, low), length if step > 0 else high)
        key[axis] = slice(min(max(start, 0), length if step > 0 else high), None if stop < 0 else stop, step)
    return x[tuple(key)]


def _gather(call: Call, x: Any, indices: Any) -> Any:
    if isinstance(indices, TracedArray):
        call.refuse("an index that depends on the input is not analytic; use constant indices")
    return np.take(x, indices, axis=call.get("axis", 0))


def _gather_elements(call: Call, x: Any, indices: Any) -> Any:
    if isinstance(indices, TracedArray):
        call.refuse("an index that depends on the input is not analytic; use constant indices")
    axis = call.get("axis", 0)
    return np.take_along_axis(x, np.where(indices < 0, indices + x.shape[axis], indices), axis=axis)


def _squeeze(call: Call, x: Any, axes: Any = None) -> Any:
    return np.squeeze(x, axes_of(call, axes, x.ndim))


def _unsqueeze(call: Call, x: Any, axes: Any = None) -> Any:
    given = call.get("axes") if axes is None else integers(call, axes, "the list of axes")
    return np.expand_dims(x, tuple(given))


def _expand(call: Call, x: Any, shape: Any) -> Any:
    wanted = np.broadcast_shapes(x.shape, tuple(integers(call, shape, "the new shape")))
    call.graph.check_size(wanted)
    return np.broadcast_to(x, wanted)


def _tile(call: Call, x: Any, repeats: Any) -> Any:
    counts = integers(call, repeats, "the list of repeats")
    call.graph.check_size(tuple(n * k for n, k in zip(x.shape, counts, strict=True)))
    return np.tile(x, counts)


def _pad(call: Call, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    widths = call.get("pads") if pads is None else integers(call, pads, "the list of pads")
    along = axes_of(call, axes, x.ndim) or tuple(range(x.ndim))
    full = [(0, 0)] * x.ndim
    for k, axis in enumerate(along):
        full[axis] = (widths[k], widths[k + len(along)])
    if min(min(pair) for pair in full) < 0:
        x = x[tuple(slice(max(0, -a), n - max(0, -b)) for (a, b), n in zip(full, x.shape, strict=True))]
        full = [(max(0, a), max(0, b)) for a, b in full]
    call.graph.check_size(tuple(n + a + b for n, (a, b) in zip(x.shape, full, strict=True)))
    mode = call.get("mode", "constant")
    fill = 0 if value is None else value
    if mode != "constant":
        return np.pad(x, full, mode=mode)
    outside = np.pad(np.zeros(x.shape, dtype=bool), full, constant_values=True)
    return np.where(
        outside,
        np.asarray(fill).reshape(()) if not isinstance(fill, TracedArray) else fill.reshape(()),
        np.pad(x, full),
    )


def _where(call: Call, condition: Any, a: Any, b: Any) -> Any:
    return TracedArray(
        call.graph, as_view(call.graph, np.where(condition, _traced(call, a), _traced(call, b)))
    )


def _traced(call: Call, value: Any) -> TracedArray:
    return value if isinstance(value, TracedArray) else TracedArray(call.graph, as_view(call.graph, value))


def _trilu(call: Call, x: Any, k: Any = None) -> Any:
    diagonal = 0 if k is None else integers(call, k, "the diagonal")[0]
    return np.triu(x, diagonal) if call.get("upper", 1) else np.tril(x, diagonal)


def _cast(call: Call, x: Any, like: Any = None) -> Any:
    from llrsym.networks.onnx_model import FLOATS, element_type

    to = call.get("to")
    if to is not None and element_type(to) not in FLOATS:
        call.refuse(f"a cast to {element_type(to)} rounds values, which is not analytic; keep a float type")
    return x


def _dropout(call: Call, x: Any, ratio: Any = None, training: Any = None) -> Any:
    if training is not None and np.any(training):
        call.refuse("dropout in training mode is random; export the model in evaluation mode")
    return (x, np.ones(x.shape, dtype=bool))[: max(1, call.outputs)]


def _einsum(call: Call, *operands: Any) -> Any:
    return np.einsum(call.get("equation"), *operands)


def _reduce(reduction: Callable[..., Any], call: Call, x: Any, axes: Any = None) -> Any:
    along = axes_of(call, axes, x.ndim)
    if not along and call.get("noop_with_empty_axes", 0):
        return x if reduction is not _sum_of_squares else x**2
    return reduction(x, axis=along or None, keepdims=bool(call.get("keepdims", 1)))


def _sum_of_squares(x: Any, **options: Any) -> Any:
    return np.sum(x**2, **options)


def _norm(x: Any, **options: Any) -> Any:
    return np.sqrt(np.sum(x**2, **options))


def _mean_of_all(call: Call, *parts: Any) -> Any:
    total = _sum_of_all(call, *parts)
    return total / len(parts)


def _sum_of_all(call: Call, *parts: Any) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _softmax(call: Call, x: Any) -> Any:
    axis = call.get("axis", -1 if call.opset >= 13 else 1)
    if call.opset >= 13:
        return softmax_of(x, axis)
    return softmax_of(x.reshape(int(np.prod(x.shape[:axis])), -1), 1).reshape(x.shape)


def softmax_of(x: TracedArray, axis: int) -> TracedArray:
    """Return the softmax of a traced value along an axis."""
    return TracedArray(x.graph, softmax(x.graph, x.view, axis))


def _gelu(call: Call, x: Any) -> Any:
    name = "gelu_tanh" if call.get("approximate", "none") == "tanh" else "gelu"
    return activation(name)(call, x)


def _swish(call: Call, x: Any) -> Any:
    alpha = call.get("alpha", 1.0)
    return activation("silu")(call, x) if alpha == 1 else x * activation("sigmoid")(call, x * alpha)


def _shape(call: Call, x: Any) -> Any:
    return np.array(x.shape, dtype=np.int64)[slice(call.get("start", 0), call.get("end"))]


def _size(call: Call, x: Any) -> Any:
    return np.array(x.size, dtype=np.int64)


RULES: dict[str, Rule] = {
    **{op: activation(op.lower()) for op in ("Tanh", "Sigmoid", "Exp", "Sin", "Cos", "Sinh", "Cosh", "Erf")},
    **{op: activation(op.lower()) for op in ("Softplus", "Mish")},
    "Atan": activation("arctan"),
    "Tan": lambda call, x: np.tan(x),
    "Gelu": _gelu,
    "Swish": _swish,
    "Softmax": _softmax,
    "Identity": lambda call, x: x,
    "Add": lambda call, a, b: a + b,
    "Sub": lambda call, a, b: a - b,
    "Mul": lambda call, a, b: a * b,
    "Div": lambda call, a, b: a / b,
    "Neg": lambda call, x: -x,
    "Reciprocal": lambda call, x: 1 / x,
    "Sqrt": lambda call, x: np.sqrt(x),
    "Log": lambda call, x: np.log(x),
    "Pow": _power,
    "Sum": _sum_of_all,
    "Mean": _mean_of_all,
    "MatMul": lambda call, a, b: a @ b,
    "Gemm": _gemm,
    "Einsum": _einsum,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Expand": _expand,
    "Tile": _tile,
    "Pad": _pad,
    "Where": _where,
    "Trilu": _trilu,
    "Cast": _cast,
    "CastLike": _cast,
    "Dropout": _dropout,
    "Shape": _shape,
    "Size": _size,
    "ReduceSum": partial(_reduce, np.sum),
    "ReduceMean": partial(_reduce, np.mean),
    "ReduceProd": partial(_reduce, np.prod),
    "ReduceSumSquare": partial(_reduce, _sum_of_squares),
    "ReduceL2": partial(_reduce, _norm),
}
