"""Layers that several architectures share, each a few equations of an assembly.

A layer takes and returns registers. Biases are added where the assembly declares a parameter of that name.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from llrsym.kernel.program import Shape, size
from llrsym.networks.assembly import Assembly


def affine(net: Assembly, weight: str, bias: str, x: int) -> int:
    """Return W x (+ b) of a vector x (n,), with W (m, n) and b (m,)."""
    z = net.einsum("ij,j->i", net.parameter(weight), x)
    return net.add(z, net.parameter(bias)) if net.declares(bias) else z


def token_affine(net: Assembly, weight: str, bias: str, x: int) -> int:
    """Return W x_t (+ b) of every token of x (tokens, n), with W (m, n) and b (m,)."""
    z = net.einsum("td,od->to", x, net.parameter(weight))
    return with_token_bias(net, bias, z)


def with_token_bias(net: Assembly, bias: str, z: int) -> int:
    """Return z (tokens, m) plus the same b (m,) at every token, where b is declared."""
    if not net.declares(bias):
        return z
    tokens, width = net.shape(z)
    return net.add(z, net.gather([net.parameter(bias)], list(range(width)) * tokens, (tokens, width)))


def repeated(net: Assembly, x: int, count: int) -> int:
    """Return x with a last axis of ``count`` equal entries."""
    shape = net.shape(x)
    return net.gather([x], [k for k in range(size(shape)) for _ in range(count)], (*shape, count))


def reshaped(net: Assembly, x: int, shape: Shape) -> int:
    """Return x with another shape, entries in row-major order."""
    return x if net.shape(x) == shape else net.gather([x], range(size(shape)), shape)


def difference(net: Assembly, a: int, b: int) -> int:
    """Return a - b, equal shapes."""
    shape = net.shape(b)
    return net.add(a, net.multiply(net.constant([-1] * size(shape), shape), b))


def normalised(net: Assembly, x: int, norm: str, epsilon: Fraction, suffix: str) -> int:
    """Return every token of x (tokens, n) divided by the root of its mean square plus epsilon.

    ``norm`` "layer" subtracts the mean of the token first. The result is scaled by ``gamma<suffix>`` (n,) and
    shifted by ``beta<suffix>`` (n,), where they are declared.
    """
    tokens, width = net.shape(x)
    average = net.constant([Fraction(1, width)] * width, (width,))
    if norm == "layer":
        x = difference(net, x, repeated(net, net.einsum("td,d->t", x, average), width))
    square = net.einsum("td,d->t", net.multiply(x, x), average)
    if epsilon:
        square = net.add(square, net.constant([epsilon] * tokens, (tokens,)))
    x = net.divide(x, repeated(net, net.activation("sqrt", square), width))
    if net.declares(f"gamma{suffix}"):
        x = net.einsum("td,d->td", x, net.parameter(f"gamma{suffix}"))
    return with_token_bias(net, f"beta{suffix}", x)


def softmax(net: Assembly, logits: int, visible: Sequence[int] = ()) -> int:
    """Return the softmax over the last axis, as exponentials of the differences to the first logit.

    ``visible[r]`` says how many entries of row r (rows in row-major order, repeating) take part: the others
    get weight zero. Empty: all. One logit is subtracted, so only differences of logits occur in exponents.
    """
    shape = net.shape(logits)
    length, rows = shape[-1], size(shape[:-1])
    counts = [visible[r % len(visible)] if visible else length for r in range(rows)]
    later = [r * length + k for r, count in enumerate(counts) for k in range(1, count)]
    one = net.constant([1], (1,))
    if later:
        firsts = [k - k % length for k in later]
        logit, first = (net.gather([logits], index, (len(later),)) for index in (later, firsts))
        parts = [net.activation("exp", difference(net, logit, first)), one]
    else:
        parts = [one]
    place = {k: n for n, k in enumerate(later)} | {r * length: len(later) for r in range(rows)}
    weights = net.gather(parts, [place.get(k, -1) for k in range(rows * length)], (rows, length))
    total = net.einsum("rk,k->r", weights, net.constant([1] * length, (length,)))
    return reshaped(net, net.divide(weights, repeated(net, total, length)), shape)


def masked(net: Assembly, scores: int, visible: Sequence[int]) -> int:
    """Return the scores with zeros where row r (repeating) has no visible entry, as in ``softmax``."""
    shape = net.shape(scores)
    length = shape[-1]
    index = [k if k % length < visible[k // length % len(visible)] else -1 for k in range(size(shape))]
    return net.gather([scores], index, shape)
