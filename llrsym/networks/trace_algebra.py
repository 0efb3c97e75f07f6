"""Arithmetic of traced values: each operation adds at most a few equations to the graph.

Constants are folded exactly, additions of zero and multiplications by zero or one cost nothing, and a factor
or summand that is repeated along an axis is not copied where a contraction can say the same.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np

from llrsym.errors import BadInput
from llrsym.kernel.activations import activation_names
from llrsym.kernel.program import Shape, size
from llrsym.networks.activations import canonical_function
from llrsym.networks.trace_contraction import contract, reduced
from llrsym.networks.trace_graph import Exact, Graph
from llrsym.networks.trace_views import (
    MINUS_INFINITY,
    View,
    aligned,
    constant_of,
    gathered,
    has_infinity,
    is_zero,
    joined,
    lift,
    whole,
)

HALF = Fraction(1, 2)


def together(graph: Graph, a: View, b: View) -> tuple[View, View]:
    """Return both values broadcast to one shape."""
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        graph.refuse(f"values of shapes {a.shape} and {b.shape} do not fit together; reshape one of them")
    graph.check_size(shape)
    return a.broadcast(shape), b.broadcast(shape)


def finite(graph: Graph, view: View) -> View:
    """Return the view; refuses minus infinity, which only sums, exp and softmax understand."""
    if has_infinity(view):
        graph.refuse("minus infinity is only understood in sums and below exp; use a finite number")
    return view


def overlaid(graph: Graph, base: View, mask: np.ndarray, other: View) -> View:
    """Return the entries of ``other`` where the mask holds and those of ``base`` elsewhere."""
    if not mask.any():
        return base
    sources, (a, b) = joined(graph, [base, other])
    return View(sources, np.where(mask, b, a))


def add(graph: Graph, a: View, b: View) -> View:
    """Return a + b; minus infinity plus anything is minus infinity."""
    a, b = together(graph, a, b)
    values = constant_of(graph, a), constant_of(graph, b)
    if values[0] is not None and values[1] is not None:
        return lift(graph, values[0] + values[1])
    infinite = (a.index < 0) | (b.index < 0)
    only_a, only_b = (b.index == 0) & ~infinite, (a.index == 0) & ~infinite
    both = ~(infinite | only_a | only_b)
    total = _sum_of_all(graph, a, b) if both.all() else _sum_of_some(graph, a, b, both)
    total = overlaid(graph, total, only_a, a)
    total = overlaid(graph, total, only_b & ~only_a, b)
    return total.reindexed(np.where(infinite, MINUS_INFINITY, total.index))


def _sum_of_all(graph: Graph, a: View, b: View) -> View:
    registers, places = aligned(graph, [a, b])
    register = graph.add("add", registers, graph.shapes[registers[0]])
    return whole(graph, register).reindexed(places)


def _sum_of_some(graph: Graph, a: View, b: View, both: np.ndarray) -> View:
    index = np.zeros(a.shape, dtype=np.int64)
    if not both.any():
        return View((), index)
    total = _sum_of_all(graph, a.reindexed(a.index[both]), b.reindexed(b.index[both]))
    index[both] = total.index
    return total.reindexed(index)


def scaled(graph: Graph, factor: Fraction, a: View) -> View:
    """Return a rational multiple of a value."""
    if factor == 1 or is_zero(a):
        return a
    if factor == 0:
        return View((), np.zeros(a.shape, dtype=np.int64))
    infinite = a.index < 0
    if factor < 0:
        finite(graph, a)
    value = constant_of(graph, a)
    if value is not None:
        return lift(graph, value * factor)
    present = a.index > 0
    (register,), places = aligned(graph, [a.reindexed(a.index[present] if not present.all() else a.index)])
    result = _multiple(graph, factor, register)
    index = np.where(infinite, MINUS_INFINITY, 0)
    index[present] = places.ravel()
    return result.reindexed(index)


def _multiple(graph: Graph, factor: Fraction, register: int) -> View:
    """A multiple of a register; a multiple of a multiple is one multiple."""
    node = graph.nodes.get(register)
    is_multiple = node is not None and node.primitive == "einsum" and str(node.data).startswith(",")
    if node is not None and is_multiple and node.arguments[0] in graph.values:
        factor, register = factor * graph.values[node.arguments[0]][()], node.arguments[1]
    if factor == 1:
        return whole(graph, register)
    shape = graph.shapes[register]
    letters = "ijklmnopqrstuvwxyz"[: len(shape)]
    scalar = graph.constant(_scalar(factor))
    return whole(graph, graph.add("einsum", (scalar, register), shape, f",{letters}->{letters}"))


def _scalar(value: Fraction) -> Exact:
    result = np.empty((), dtype=object)
    result[()] = value
    return result


def uniform_value(graph: Graph, view: View) -> Fraction | None:
    """Return the rational number that all entries are, if they are one."""
    if view.index.size == 0 or view.index.min() != view.index.max():
        return None
    value = constant_of(graph, view.reindexed(view.index.ravel()[:1]))
    return None if value is None else Fraction(value[0])


def subtract(graph: Graph, a: View, b: View) -> View:
    """Return a - b; equal entries cancel."""
    a, b = together(graph, a, b)
    sources, (left, right) = joined(graph, [a, finite(graph, b)])
    cancels = left == right
    if cancels.any():
        a, b = View(sources, np.where(cancels, 0, left)), View(sources, np.where(cancels, 0, right))
    return add(graph, a, scaled(graph, Fraction(-1), b))


def multiply(graph: Graph, a: View, b: View) -> View:
    """Return the entrywise product."""
    a, b = together(graph, a, b)
    for factor, other in ((a, b), (b, a)):
        number = uniform_value(graph, factor)
        if number is not None:
            return scaled(graph, number, other)
    a, b = finite(graph, a), finite(graph, b)
    letters = "".join(chr(ord("a") + k) for k in range(len(a.shape)))
    if _is_repeated(a) != _is_repeated(b):
        return contract(graph, letters, letters, letters, a, b)
    return _entrywise(graph, "multiply", a, b)


def _is_repeated(view: View) -> bool:
    """Whether the view repeats entries along an axis."""
    return any(n > 1 and (np.diff(view.index, axis=k) == 0).all() for k, n in enumerate(view.shape))


def _entrywise(graph: Graph, primitive: str, a: View, b: View) -> View:
    """Products or quotients of the entries, with zero where the first is the number zero."""
    values = constant_of(graph, a), constant_of(graph, b)
    if values[0] is not None and values[1] is not None:
        return lift(graph, values[0] * values[1] if primitive == "multiply" else values[0] / values[1])
    present = (a.index > 0) & (b.index > 0)
    index = np.zeros(a.shape, dtype=np.int64)
    if not present.any():
        return View((), index)
    if present.all():
        registers, places = aligned(graph, [a, b])
    else:
        registers, places = aligned(graph, [a.reindexed(a.index[present]), b.reindexed(b.index[present])])
    register = graph.add(primitive, registers, graph.shapes[registers[0]])
    index[present] = places.ravel()
    return whole(graph, register).reindexed(index)


def divide(graph: Graph, a: View, b: View) -> View:
    """Return the entrywise quotient; refuses a divisor that is the number zero."""
    a, b = together(graph, finite(graph, a), finite(graph, b))
    value = constant_of(graph, b)
    if (b.index == 0).any() or (value is not None and not value.all()):
        graph.refuse("division by zero; make every divisor different from zero")
    if value is not None:
        return multiply(graph, a, lift(graph, 1 / value))
    return _logistic(graph, a, b) or _entrywise(graph, "divide", a, b)


def _logistic(graph: Graph, a: View, b: View) -> View | None:
    """The sigmoid where the quotient is literally 1 / (1 + exp(-z))."""
    if uniform_value(graph, a) != 1:
        return None
    z = _exponent_of_one_plus_exp(graph, b)
    return None if z is None else apply(graph, "sigmoid", scaled(graph, Fraction(-1), z), "sigmoid")


def _exponent_of_one_plus_exp(graph: Graph, view: View) -> View | None:
    """Return z where the view is literally a rearrangement of a register 1 + exp(z)."""
    node = graph.nodes.get(view.sources[0]) if len(view.sources) == 1 else None
    if node is None or node.primitive != "add":
        return None
    for one, power in (node.arguments, node.arguments[::-1]):
        inner = graph.nodes.get(power)
        is_one = one in graph.values and bool((graph.values[one] == 1).all())
        if is_one and inner is not None and inner.data == "exp":
            z = whole(graph, inner.arguments[0])
            return z.reindexed(z.index.ravel()[view.index - 1])
    return None


def apply(graph: Graph, name: str, z: View, called: str) -> View:
    """Return an activation of every entry; ``called`` is what the user calls it."""
    try:
        known = canonical_function(name) if ":" in name or name in activation_names() else None
    except BadInput as error:
        graph.refuse(str(error))
    if known is None:
        graph.refuse(
            f"{called} of a value that is not constant has no exact engine; write it without {called}"
        )
    kept = z.index != MINUS_INFINITY
    if name != "exp":
        finite(graph, z)
    if name == "exp" and (z.index <= 0).any():
        return _exp_of_some(graph, z, kept)
    if not z.index.size:
        return z
    (register,), places = aligned(graph, [z])
    result = graph.add("activation", (register,), graph.shapes[register], known)
    return whole(graph, result).reindexed(places)


def _exp_of_some(graph: Graph, z: View, kept: np.ndarray) -> View:
    """The exponential where it is constant: exp(0) = 1, and zero stands for exp(-infinity)."""
    result = overlaid(graph, View((), np.zeros(z.shape, dtype=np.int64)), kept, _ones(graph, z.shape))
    proper = z.index > 0
    if not proper.any():
        return result
    values = apply(graph, "exp", z.reindexed(z.index[proper]), "exp")
    index = np.zeros(z.shape, dtype=np.int64)
    index[proper] = values.index
    return overlaid(graph, result, proper, values.reindexed(index))


def _ones(graph: Graph, shape: Shape) -> View:
    return lift(graph, 1).broadcast(shape)


def power(graph: Graph, a: View, exponent: Fraction) -> View:
    """Return a to a constant power; integers, and halves where square roots are known."""
    value = constant_of(graph, finite(graph, a))
    if exponent.denominator == 2:
        return power(graph, square_root(graph, a), exponent * 2)
    if exponent.denominator != 1:
        graph.refuse(f"the power {exponent} is not analytic at zero; use an integer exponent")
    if exponent < 0:
        return divide(graph, _ones(graph, a.shape), power(graph, a, -exponent))
    if value is not None:
        return lift(graph, value ** int(exponent))
    if exponent == 0:
        return _ones(graph, a.shape)
    return a if exponent == 1 else apply(graph, f"power:{exponent}", a, "a power")


def square_root(graph: Graph, a: View) -> View:
    """Return the square root; of a constant the rational root, or else the double nearest to it."""
    value = constant_of(graph, finite(graph, a))
    if value is None:
        return apply(graph, "sqrt", a, "sqrt")
    if any(v < 0 for v in value.ravel()):
        graph.refuse("the square root of a negative constant is not real; make it positive")
    roots = np.empty(value.size, dtype=object)
    roots[:] = [_root(v) for v in value.ravel()]
    return lift(graph, roots.reshape(value.shape))


def _root(value: Fraction) -> Fraction:
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    root = Fraction(top, bottom)
    return root if root * root == value else Fraction(float(value) ** 0.5)


def logarithm(graph: Graph, a: View, called: str) -> View:
    """Return log a where a is literally 1 + exp(z): this is softplus(z); refuses every other logarithm."""
    z = _exponent_of_one_plus_exp(graph, a)
    if z is None:
        graph.refuse(f"{called} has no exact engine, except for log(1 + exp(z)), which is softplus")
    return apply(graph, "softplus", z, "softplus")


def softmax(graph: Graph, z: View, axis: int) -> View:
    """Return the softmax along an axis, as exponentials of differences to one logit of each row."""
    rows = np.moveaxis(z.index, axis, -1)
    if (rows < 0).all(axis=-1).any():
        graph.refuse("softmax: a row is masked completely; leave one entry visible")
    first = (rows >= 0).argmax(axis=-1)[..., None]
    reference = z.reindexed(np.take_along_axis(rows, first, axis=-1))
    powers = apply(graph, "exp", subtract(graph, z.reindexed(rows), reference), "exp")
    total = summed(graph, powers, (len(rows.shape) - 1,))
    shares = divide(graph, powers, total.reindexed(total.index[..., None]))
    return shares.reindexed(np.moveaxis(shares.index, -1, axis))


def summed(graph: Graph, a: View, axes: tuple[int, ...]) -> View:
    """Return the sum over some axes."""
    letters = "".join(chr(ord("a") + k) for k in range(len(a.shape)))
    kept = "".join(letter for k, letter in enumerate(letters) if k not in axes)
    return reduced(graph, letters, kept, finite(graph, a))


def materialised(graph: Graph, a: View) -> int:
    """Return a register with the entries of the view in their order; a whole register keeps its own shape."""
    finite(graph, a)
    if len(a.sources) == 1 and a.index.size == size(graph.shapes[a.sources[0]]):
        a = a.reindexed(a.index.reshape(graph.shapes[a.sources[0]]))
    return gathered(graph, a)
