"""Minimal model ranks over target sets that linear algebra over Q decides (docs/theory/closed-forms)."""

from collections.abc import Sequence
from fractions import Fraction

from .models import Diagonal, Factorization, Layered, Weights, tensors_of
from .two_layer import Inexpressible

Matrix = list[list[Fraction]]


def rank_of(matrix: Sequence[Sequence[Fraction]]) -> int:
    """Return the rank of a rational matrix."""
    rows = [list(row) for row in matrix]
    rank = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, len(rows)):
            factor = rows[i][column] / rows[rank][column]
            if factor:
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


def product(left: Sequence[Sequence[Fraction]], right: Sequence[Sequence[Fraction]]) -> Matrix:
    """Return the matrix product; ``left`` has as many columns as ``right`` has rows, at least one."""
    columns = list(zip(*right, strict=True))
    return [[sum((a * b for a, b in zip(row, c, strict=True)), Fraction(0)) for c in columns] for row in left]


def matrix_from(flat: Sequence[Fraction], columns: int) -> Matrix:
    """Return the matrix with these entries in row-major order."""
    return [list(flat[k : k + columns]) for k in range(0, len(flat), columns)]


def factorization_rank(wide: Factorization, target: Factorization, weights: Weights | None) -> int:
    """Return r (rows + cols - r) for a target matrix of rank r."""
    if (wide.rows, wide.cols) != (target.rows, target.cols):
        raise Inexpressible(f"the target is a {target.rows} x {target.cols} matrix")
    r = min(target.rows, target.inner, target.cols)
    if weights is not None:
        tensors = tensors_of(target, weights)
        left, right = matrix_from(tensors["A"], target.inner), matrix_from(tensors["B"], target.cols)
        r = rank_of(product(left, right))
    if r > min(wide.rows, wide.inner, wide.cols):
        raise Inexpressible(f"the target matrix has rank {r}, the network reaches {wide.inner}")
    return r * (wide.rows + wide.cols - r)


def linear_target_rank(target: Layered, weights: Weights | None) -> tuple[int, bool]:
    """Return the rank of the linear part of a deep linear net, and whether its constant part is not zero."""
    if weights is None:
        return min(target.widths), any(target.biases)
    tensors = tensors_of(target, weights)
    first = matrix_from(tensors["W1"], target.widths[0])
    linear, constant = first, [[v] for v in tensors.get("b1", (Fraction(0),) * target.widths[1])]
    for layer in range(2, len(target.widths)):
        matrix = matrix_from(tensors[f"W{layer}"], target.widths[layer - 1])
        bias = tensors.get(f"b{layer}", (Fraction(0),) * target.widths[layer])
        linear, constant = product(matrix, linear), product(matrix, constant)
        constant = [[v + b] for (v,), b in zip(constant, bias, strict=True)]
    return rank_of(linear), any(v for (v,) in constant)


def deep_linear_rank(wide: Layered, target: Layered, weights: Weights | None) -> tuple[int, int]:
    """Return the minimal rank and the samples needed, for identity activation and all or no biases."""
    r, has_constant = linear_target_rank(target, weights)
    has_bias = any(wide.biases)
    inputs, outputs = wide.widths[0], wide.widths[-1]
    if has_constant and not has_bias:
        raise Inexpressible("the target has a constant part, and the network has no biases")
    if r > min(wide.widths):
        raise Inexpressible(
            f"the linear part of the target has rank {r}, the network reaches {min(wide.widths)}"
        )
    if len(wide.widths) == 2:
        return outputs * (inputs + has_bias), inputs + has_bias
    if r == 0:
        return outputs * has_bias, int(has_bias)
    return r * (inputs + outputs - r) + outputs * has_bias, inputs + has_bias


def diagonal_rank(wide: Diagonal, target: Diagonal, weights: Weights | None) -> int:
    """Return k for a target with k non-zero coefficients; with one layer the model is linear."""
    if wide.size != target.size:
        raise Inexpressible(f"the target has {target.size} inputs")
    if wide.depth == 1 or weights is None:
        return wide.size
    flat = tensors_of(target, weights)["u"]
    return sum(
        all(flat[layer * target.size + j] for layer in range(target.depth)) for j in range(target.size)
    )


def quadratic_rank(wide: Layered, target: Layered, weights: Weights | None) -> int:
    """Return r d - r (r - 1) / 2 for f = sum a_i (w_i . x)^2 and a quadratic form of rank r."""
    inputs = wide.widths[0]
    r = min(inputs, target.widths[1])
    if weights is not None:
        tensors = tensors_of(target, weights)
        rows = matrix_from(tensors["W1"], inputs)
        scaled = [[a * v for v in row] for a, row in zip(tensors["W2"], rows, strict=True)]
        r = rank_of(product([list(column) for column in zip(*rows, strict=True)], scaled))
    if r > wide.widths[1]:
        raise Inexpressible(
            f"the target is a quadratic form of rank {r}, the network has {wide.widths[1]} neurons"
        )
    return r * inputs - r * (r - 1) // 2
