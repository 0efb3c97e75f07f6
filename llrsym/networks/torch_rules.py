"""What the operators of ATen mean, each as a few NumPy calls on traced values.

Reference: the operators of PyTorch (https://docs.pytorch.org/docs/stable/torch.compiler_ir.html).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from llrsym.networks.activations import NOT_ANALYTIC
from llrsym.networks.onnx_layers import attention, average_pool, batch_norm, convolution, normalised
from llrsym.networks.onnx_rules import softmax_of
from llrsym.networks.trace_algebra import apply
from llrsym.networks.trace_array import TracedArray, as_view

Rule = Callable[..., Any]

KEPT = (
    "scaled_dot_product_attention",
    "mish",
    "silu",
    "softplus",
    "gelu",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
)
"""Operators that are not decomposed, because they are exact as they are."""
NOT_ANALYTIC_HERE = {
    **dict.fromkeys(("relu", "leaky_relu", "prelu", "_prelu_kernel", "elu", "abs"), NOT_ANALYTIC["relu"]),
    **dict.fromkeys(("hardtanh", "hardswish", "hardsigmoid", "clamp", "threshold"), NOT_ANALYTIC["clip"]),
    **dict.fromkeys(
        ("maximum", "minimum", "max", "min", "amax", "amin", "topk", "sort"), NOT_ANALYTIC["clip"]
    ),
    **dict.fromkeys(
        ("max_pool2d_with_indices", "max_pool3d_with_indices", "log_sigmoid"), NOT_ANALYTIC["clip"]
    ),
    **dict.fromkeys(("sign", "floor", "ceil", "round", "trunc", "argmax", "argmin"), NOT_ANALYTIC["sign"]),
    **dict.fromkeys(
        ("gt", "ge", "lt", "le", "eq", "ne", "isnan", "isinf", "logical_not"), NOT_ANALYTIC["sign"]
    ),
}
RANDOM = (
    *("native_dropout", "bernoulli", "rand", "rand_like", "randn", "randn_like", "normal", "dropout"),
    *("_native_batch_norm_legit", "_native_batch_norm_legit_functional"),
)


def activation(name: str) -> Rule:
    """Return the rule that applies an activation to every entry."""
    return lambda x, **options: _activated(name, x)


def _activated(name: str, x: TracedArray) -> TracedArray:
    return TracedArray(x.graph, apply(x.graph, name, x.view, name))


def _gelu(x: Any, approximate: str = "none") -> Any:
    return _activated("gelu_tanh" if approximate == "tanh" else "gelu", x)


def _softplus(x: Any, beta: Any = 1, threshold: Any = 20) -> Any:
    return _activated("softplus", x) if beta == 1 else _activated("softplus", x * beta) / beta


def _add(a: Any, b: Any, alpha: Any = 1) -> Any:
    return a + b * alpha


def _subtract(a: Any, b: Any, alpha: Any = 1) -> Any:
    return a - b * alpha


def _divide(a: Any, b: Any, rounding_mode: str | None = None) -> Any:
    if rounding_mode is not None:
        raise ValueError("a division that rounds is not analytic")
    return a / b


def _addmm(c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    return c * beta + (a @ b) * alpha


def _expand(x: Any, shape: Sequence[int], implicit: bool = False) -> Any:
    missing = len(shape) - x.ndim
    known = [1] * missing + list(x.shape)
    return np.broadcast_to(x, [k if n == -1 else n for n, k in zip(shape, known, strict=True)])


def _squeeze(x: Any, axes: int | Sequence[int] | None = None) -> Any:
    given = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    return np.squeeze(x, tuple(k for k in given if x.shape[k] == 1))


def _slice(x: Any, axis: int = 0, start: int | None = None, stop: int | None = None, step: int = 1) -> Any:
    return np.moveaxis(np.moveaxis(x, axis, 0)[slice(start, stop, step)], 0, axis)


def _select(x: Any, axis: int, position: int) -> Any:
    return np.take(x, position, axis=axis)


def _index(x: Any, indices: Sequence[Any]) -> Any:
    return x[tuple(slice(None) if k is None else k for k in indices)]


def _split(x: Any, sizes: int | Sequence[int], axis: int = 0) -> Any:
    length = x.shape[axis]
    given = [sizes] * (length // sizes) if isinstance(sizes, int) else sizes
    return np.split(x, [int(k) for k in np.cumsum(given) if k < length], axis=axis)


def _unbind(x: Any, axis: int = 0) -> Any:
    return list(np.moveaxis(x, axis, 0))


def _cat(parts: Sequence[Any], axis: int = 0) -> Any:
    return np.concatenate([part for part in parts if part.shape != (0,)], axis=axis)


def _pad(x: Any, pads: Sequence[int], value: Any = 0) -> Any:
    if value:
        raise ValueError("padding with another number than zero is not supported")
    widths = [(0, 0)] * (x.ndim - len(pads) // 2) + list(zip(pads[::2], pads[1::2], strict=True))[::-1]
    return np.pad(x, widths)


def _repeat(x: Any, counts: Sequence[int]) -> Any:
    return np.tile(x, tuple(counts))


def _sum(x: Any, axes: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return np.sum(x, axis=_axes(axes), keepdims=keepdim)


def _mean(x: Any, axes: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return np.mean(x, axis=_axes(axes), keepdims=keepdim)


def _variance(x: Any, axes: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
    return np.var(x, axis=_axes(axes), ddof=int(1 if correction is None else correction), keepdims=keepdim)


def _axes(axes: Any) -> Any:
    return tuple(axes) if isinstance(axes, list) and axes else None if isinstance(axes, list) else axes


def _where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)


def _masked_fill(x: Any, mask: Any, value: Any) -> Any:
    if isinstance(mask, TracedArray):
        raise ValueError("a mask that depends on the input is not analytic; use a constant mask")
    return np.where(np.broadcast_to(mask, np.broadcast_shapes(x.shape, mask.shape)), value, x)


def _softmax(x: Any, axis: int, half_to_float: Any = False) -> Any:
    return softmax_of(x, axis)


def _attention(
    q: Any,
    k: Any,
    v: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    if dropout_p:
        raise ValueError("attention with dropout is random; call module.eval() first")
    if enable_gqa:
        k, v = (np.repeat(part, q.shape[-3] // part.shape[-3], axis=-3) for part in (k, v))
    return attention(q, k, v, q.shape[-1] ** -0.5 if scale is None else scale, attn_mask, is_causal)


def _convolution(
    x: Any,
    w: Any,
    b: Any,
    strides: Sequence[int],
    padding: Sequence[int],
    dilations: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    group: int,
) -> Any:
    if transposed:
        raise ValueError("a transposed convolution is not supported; write it as a convolution")
    spatial = w.ndim - 2
    wide = [list(v) * spatial if len(v) == 1 else v for v in (strides, padding, dilations)]
    return convolution(x, w, b, wide[0], wide[2], [(n, n) for n in wide[1]], group)


def _average_pool(
    x: Any,
    kernel: Sequence[int],
    strides: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor: int | None = None,
) -> Any:
    if divisor is not None:
        raise ValueError("an average with another divisor is not supported; leave divisor_override away")
    spatial = len(kernel)
    steps = list(strides) or list(kernel)
    pads = [(n, n) for n in (list(padding) * spatial if len(padding) == 1 else padding)]
    lead = x.ndim == spatial + 1
    y = average_pool(x[None] if lead else x, kernel, steps, [1] * spatial, pads, count_include_pad, ceil_mode)
    return y[0] if lead else y


def _adaptive_pool(x: Any, lengths: Sequence[int]) -> Any:
    kernel = [n // k for n, k in zip(x.shape[-len(lengths) :], lengths, strict=True)]
    if any(n % k for n, k in zip(x.shape[-len(lengths) :], lengths, strict=True)):
        raise ValueError("an adaptive pooling with windows of different lengths is not supported")
    return _average_pool(x, kernel)


def _layer_norm(x: Any, shape: Sequence[int], scale: Any, bias: Any, epsilon: float) -> Any:
    y, mean, inverse = normalised(x, tuple(range(x.ndim - len(shape), x.ndim)), epsilon)
    y = y if scale is None else y * scale
    return (y if bias is None else y + bias, mean, inverse)


def _group_norm(
    x: Any, scale: Any, bias: Any, batch: int, channels: int, size: int, group: int, epsilon: float
) -> Any:
    rows = x.reshape(batch, group, -1)
    y, mean, inverse = normalised(rows, (2,), epsilon)
    y = y.reshape(x.shape)
    per_channel = (-1, *(1,) * (x.ndim - 2))
    y = y if scale is None else y * scale.reshape(per_channel)
    return (y if bias is None else y + bias.reshape(per_channel), mean, inverse)


def _batch_norm(
    x: Any, scale: Any, bias: Any, mean: Any, variance: Any, momentum: float, epsilon: float
) -> Any:
    return (
        batch_norm(x, 1 if scale is None else scale, 0 if bias is None else bias, mean, variance, epsilon),
    )


def _full_like(x: Any, value: Any, **options: Any) -> Any:
    return TracedArray(x.graph, as_view(x.graph, value).broadcast(x.shape))


def _same(x: Any, *arguments: Any, **options: Any) -> Any:
    return x


RULES: dict[str, Rule] = {
    **{name: activation(name) for name in ("tanh", "sigmoid", "exp", "sin", "cos", "sinh", "cosh", "erf")},
    **{name: activation(name) for name in ("silu", "mish")},
    **dict.fromkeys(
        ("clone", "contiguous", "alias", "detach", "lift_fresh_copy", "_to_copy", "dropout"), _same
    ),
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), lambda x, shape: x.reshape(shape)),
    **dict.fromkeys(("mm", "bmm", "matmul", "mv", "dot"), lambda a, b: a @ b),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), _average_pool),
    **dict.fromkeys(("_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_avg_pool1d"), _adaptive_pool),
    **dict.fromkeys(("split", "split_with_sizes"), _split),
    **dict.fromkeys(("softmax", "_softmax"), _softmax),
    "atan": activation("arctan"),
    "gelu": _gelu,
    "softplus": _softplus,
    "add": _add,
    "sub": _subtract,
    "rsub": lambda a, b, alpha=1: b - a * alpha,
    "mul": lambda a, b: a * b,
    "div": _divide,
    "neg": lambda x: -x,
    "pow": lambda a, b: np.power(a, b),
    "reciprocal": lambda x: 1 / x,
    "sqrt": lambda x: np.sqrt(x),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "log": lambda x: np.log(x),
    "log1p": lambda x: np.log1p(x),
    "tan": lambda x: np.tan(x),
    "addmm": _addmm,
    "baddbmm": _addmm,
    "addcmul": lambda x, a, b, value=1: x + a * b * value,
    "einsum": lambda equation, operands, path=None: np.einsum(equation, *operands),
    "permute": lambda x, axes: np.transpose(x, axes),
    "transpose": lambda x, a, b: np.swapaxes(x, a, b),
    "t": lambda x: x.T,
    "expand": _expand,
    "squeeze": _squeeze,
    "unsqueeze": lambda x, axis: np.expand_dims(x, axis),
    "slice": _slice,
    "select": _select,
    "index": _index,
    "index_select": lambda x, axis, index: np.take(x, index, axis=axis),
    "unbind": _unbind,
    "cat": _cat,
    "stack": lambda parts, axis=0: np.stack(parts, axis=axis),
    "flip": lambda x, axes: np.flip(x, tuple(axes)),
    "roll": lambda x, shifts, axes=None: np.roll(x, tuple(shifts), tuple(axes) if axes else None),
    "repeat": _repeat,
    "constant_pad_nd": _pad,
    "tril": lambda x, diagonal=0: np.tril(x, diagonal),
    "triu": lambda x, diagonal=0: np.triu(x, diagonal),
    "where": _where,
    "masked_fill": _masked_fill,
    "sum": _sum,
    "mean": _mean,
    "var": _variance,
    "full_like": _full_like,
    "zeros_like": lambda x, **options: _full_like(x, 0),
    "ones_like": lambda x, **options: _full_like(x, 1),
    "scaled_dot_product_attention": _attention,
    "convolution": _convolution,
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
}
