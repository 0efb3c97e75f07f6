"""Convolution, pooling and normalisation as NumPy calls on traced values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from llrsym.networks.onnx_rules import Call, Rule, softmax_of

Pads = list[tuple[int, int]]
ATTENTION_ATTRIBUTES = {
    *("is_causal", "q_num_heads", "kv_num_heads", "scale", "softcap", "softmax_precision"),
    "qk_matmul_output_mode",
}


def windows(
    x: Any, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Pads
) -> Any:
    """Return (N, C, positions..., kernel...) of x (N, C, lengths...), padded with zeros."""
    spatial = len(kernel)
    padded = np.pad(x, [(0, 0), (0, 0), *pads])
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    if any(e > n for e, n in zip(extent, padded.shape[2:], strict=True)):
        raise ValueError(f"a kernel of extent {tuple(extent)} is larger than its input {padded.shape[2:]}")
    view = np.lib.stride_tricks.sliding_window_view(padded, extent, axis=tuple(range(2, 2 + spatial)))
    steps = [slice(None, None, s) for s in strides]
    return view[(slice(None), slice(None), *steps, *(slice(None, None, d) for d in dilations))]


def convolution(
    x: Any, w: Any, b: Any, strides: Sequence[int], dilations: Sequence[int], pads: Pads, group: int
) -> Any:
    """Return the cross-correlation of x (N, C, ...) with w (O, C / group, kernel...), plus b (O,)."""
    spatial = w.ndim - 2
    cut = windows(x, w.shape[2:], strides, dilations, pads)
    batch, positions = cut.shape[0], cut.shape[2 : 2 + spatial]
    places, offsets = "pqrstu"[:spatial], "vwxyzk"[:spatial]
    if group == 1:
        y = np.einsum(f"nc{places}{offsets},oc{offsets}->no{places}", cut, w)
    else:
        cut = cut.reshape(batch, group, w.shape[1], *cut.shape[2:])
        kernels = w.reshape(group, -1, *w.shape[1:])
        y = np.einsum(f"ngc{places}{offsets},goc{offsets}->ngo{places}", cut, kernels)
        y = y.reshape(batch, w.shape[0], *positions)
    return y if b is None else y + b.reshape(-1, *(1,) * spatial)


def _pads(call: Call, lengths: Sequence[int], kernel: Sequence[int]) -> Pads:
    """The zeros before and after every axis; ``auto_pad`` SAME keeps ceil(length / stride) positions."""
    spatial = len(kernel)
    mode = call.get("auto_pad", "NOTSET")
    given = call.get("pads", [0] * (2 * spatial))
    if mode in ("NOTSET", "VALID"):
        given = given if mode == "NOTSET" else [0] * (2 * spatial)
        return [(given[k], given[k + spatial]) for k in range(spatial)]
    pads = []
    strides, dilations = call.get("strides", [1] * spatial), call.get("dilations", [1] * spatial)
    for n, k, s, d in zip(lengths, kernel, strides, dilations, strict=True):
        total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        less, more = total // 2, total - total // 2
        pads.append((less, more) if mode == "SAME_UPPER" else (more, less))
    return pads


def _conv(call: Call, x: Any, w: Any, b: Any = None) -> Any:
    spatial = w.ndim - 2
    pads = _pads(call, x.shape[2:], w.shape[2:])
    ones = [1] * spatial
    return convolution(
        x, w, b, call.get("strides", ones), call.get("dilations", ones), pads, call.get("group", 1)
    )


def average_pool(
    x: Any,
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Pads,
    count_pad: bool,
    ceil: bool,
) -> Any:
    """Return the means over windows; beyond the padding, and without ``count_pad`` in it, nothing counts."""
    extra = []
    for n, k, s, d, (before, after) in zip(x.shape[2:], kernel, strides, dilations, pads, strict=True):
        rest = (n + before + after - (k - 1) * d - 1) % s
        starts_inside = n + before + after - (k - 1) * d - 1 - rest + s < n + before
        extra.append(s - rest if ceil and rest and starts_inside else 0)
    counted = np.pad(np.ones(x.shape[2:], dtype=int), pads, constant_values=int(count_pad))[None, None]
    wide = [(a, b + e) for (a, b), e in zip(pads, extra, strict=True)]
    axes = tuple(range(-len(kernel), 0))
    counts = windows(counted, kernel, strides, dilations, [(0, e) for e in extra]).sum(axis=axes)
    total = windows(x, kernel, strides, dilations, wide).sum(axis=axes)
    reciprocals = np.array([Fraction(1, int(n)) for n in counts.ravel()], dtype=object).reshape(counts.shape)
    return total * reciprocals


def _average_pool(call: Call, x: Any) -> Any:
    kernel = call.get("kernel_shape")
    ones = [1] * len(kernel)
    return average_pool(
        x,
        kernel,
        call.get("strides", ones),
        call.get("dilations", ones),
        _pads(call, x.shape[2:], kernel),
        bool(call.get("count_include_pad", 0)),
        bool(call.get("ceil_mode", 0)),
    )


def _global_average_pool(call: Call, x: Any) -> Any:
    return np.mean(x, axis=tuple(range(2, x.ndim)), keepdims=True)


def normalised(x: Any, axes: tuple[int, ...], epsilon: float) -> tuple[Any, Any, Any]:
    """Return (x - mean) / sqrt(variance + epsilon) over some axes, the mean and the reciprocal root."""
    mean = np.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    root = np.sqrt(np.mean(centred**2, axis=axes, keepdims=True) + epsilon)
    return centred / root, mean, 1 / root


def _layer_norm(call: Call, x: Any, scale: Any, bias: Any = None) -> Any:
    axes = tuple(range(call.get("axis", -1) % x.ndim, x.ndim))
    y, mean, inverse = normalised(x, axes, call.get("epsilon", 1e-5))
    y = y * scale
    return (y if bias is None else y + bias, mean, inverse)[: max(1, call.outputs)]


def _instance_norm(call: Call, x: Any, scale: Any, bias: Any) -> Any:
    y, _, _ = normalised(x, tuple(range(2, x.ndim)), call.get("epsilon", 1e-5))
    return y * _per_channel(scale, x.ndim) + _per_channel(bias, x.ndim)


def _per_channel(values: Any, rank: int) -> Any:
    return values.reshape(-1, *(1,) * (rank - 2))


def batch_norm(x: Any, scale: Any, bias: Any, mean: Any, variance: Any, epsilon: float) -> Any:
    """Return the normalisation with stored statistics, channels along axis 1."""
    scale, bias, mean, variance = (_per_channel(v, max(2, x.ndim)) for v in (scale, bias, mean, variance))
    return (x - mean) / np.sqrt(variance + epsilon) * scale + bias


def _batch_norm(call: Call, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    if call.get("training_mode", 0) or (call.outputs > 1 and call.opset < 14):
        call.refuse("batch normalisation in training mode depends on the batch; export in evaluation mode")
    return batch_norm(x, scale, bias, mean, variance, call.get("epsilon", 1e-5))


def attention(q: Any, k: Any, v: Any, scale: float, mask: Any, is_causal: bool, softcap: float = 0.0) -> Any:
    """Return softmax(scale q k^T + mask) v of q (..., T, d), k (..., S, d), v (..., S, e).

    ``mask`` is None, truth values that say which entries are visible, or summands; the causal mask hides
    column s of row t where s > t. A positive ``softcap`` c replaces the scores z by c tanh(z / c).
    """
    scores = (q @ np.swapaxes(k, -1, -2)) * scale
    if softcap:
        scores = np.tanh(scores / softcap) * softcap
    if is_causal:
        scores = np.where(np.tri(*scores.shape[-2:]) == 1, scores, -np.inf)
    if isinstance(mask, np.ndarray) and mask.dtype == bool:
        scores = np.where(np.broadcast_to(mask, scores.shape), scores, -np.inf)
    elif mask is not None:
        scores = scores + mask
    return softmax_of(scores, -1) @ v


def _attention(call: Call, q: Any, k: Any, v: Any, mask: Any = None, *others: Any) -> Any:
    if any(other is not None for other in others):
        call.refuse("attention with a cache of keys and values is not supported; export it without")
    for name in call.attributes.keys() - ATTENTION_ATTRIBUTES:
        call.refuse(f"the attribute '{name}' of attention is not supported; export the model without it")
    is_flat = q.ndim == 3
    if is_flat:
        q = _heads(q, call.get("q_num_heads"))
        k, v = (_heads(part, call.get("kv_num_heads")) for part in (k, v))
    k, v = (np.repeat(part, q.shape[1] // k.shape[1], axis=1) for part in (k, v))
    scale = call.get("scale", q.shape[-1] ** -0.5)
    y = attention(q, k, v, scale, mask, bool(call.get("is_causal", 0)), call.get("softcap", 0.0))
    return np.swapaxes(y, 1, 2).reshape(y.shape[0], y.shape[2], -1) if is_flat else y


def _heads(x: Any, count: int) -> Any:
    """(B, T, heads * d) as (B, heads, T, d)."""
    return np.swapaxes(x.reshape(*x.shape[:2], count, -1), 1, 2)


LAYERS: dict[str, Rule] = {
    "Attention": _attention,
    "Conv": _conv,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average_pool,
    "LayerNormalization": _layer_norm,
    "InstanceNormalization": _instance_norm,
    "BatchNormalization": _batch_norm,
}
