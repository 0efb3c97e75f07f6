"""The sizes that a formula about a target may name, read off the wide network and the target."""

from fractions import Fraction

from llrsym.kernel.models import (
    Convolution,
    Diagonal,
    Factorization,
    Layered,
    Model,
    Weights,
    parameter_count,
    tensors_of,
)
from llrsym.kernel.program import size

Row = tuple[Fraction, ...]
DEAD = "n_dead"
"""The name of the number of zero read-out weights."""


def sizes_of(wide: Model, target: Model, weights: Weights | None = None) -> dict[str, int]:
    """Return the named sizes; without weights those of almost every target.

    M, M_narrow           parameters of the wide network and of the target network
    fully connected       d inputs, c outputs, L layers of weights; hidden widths m1, m2, ... of the wide
                          network and k1, k2, ... of the target, m and k where there is one hidden layer
    convolution           d and s: length of the input and of the kernel along an axis (d1, d2, ... and
                          s1, s2, ... where there are several axes); D, S, L: numbers of input pixels,
                          kernel pixels and positions; k and m: channels; n_dead: zero read-out weights
    factorisation         rows, cols, inner (of the wide network), r: the largest rank of the target matrix
    linear, z^2           besides, r: the largest rank of the linear map or of the quadratic form
    diagonal              d inputs, L factors, k: coefficients that are not zero

    >>> from llrsym.kernel.models import Convolution
    >>> net = Convolution((3,), (2,), 2, "tanh", True, False, False, 1)
    >>> print(*(f"{name}={value}" for name, value in sizes_of(net, net).items()))
    M=8 M_narrow=8 d=3 s=2 D=3 S=2 L=2 c=1 k=2 m=2 n_dead=0
    """
    sizes = {"M": parameter_count(wide), "M_narrow": parameter_count(target)}
    match target:
        case Convolution():
            own = {DEAD: dead_positions(target, weights)}
            return sizes | _geometry(target) | {"k": target.channels} | _widths(wide, "m") | own
        case Layered():
            geometry = _geometry(wide) if isinstance(wide, Convolution) else _ends(target)
            return sizes | geometry | _widths(target, "k") | _widths(wide, "m") | _form_rank(target)
        case Factorization():
            r = min(target.rows, target.inner, target.cols)
            inner = wide.inner if isinstance(wide, Factorization) else target.inner
            return sizes | {"rows": target.rows, "cols": target.cols, "inner": inner, "r": r}
        case Diagonal():
            return sizes | {"d": target.size, "L": target.depth, "k": coefficients(target, weights)}


def _geometry(model: Convolution) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, lengths in (("d", model.input), ("s", model.kernel)):
        if len(set(lengths)) == 1:
            sizes[name] = lengths[0]
        if len(lengths) > 1:
            sizes |= {f"{name}{axis}": length for axis, length in enumerate(lengths, start=1)}
    counts = {"D": size(model.input), "S": size(model.kernel), "L": size(model.positions)}
    return sizes | counts | {"c": model.outputs}


def _ends(model: Layered) -> dict[str, int]:
    return {"d": model.widths[0], "c": model.widths[-1], "L": len(model.widths) - 1}


def _widths(model: Model, name: str) -> dict[str, int]:
    if isinstance(model, Convolution):
        return {name: model.channels}
    if not isinstance(model, Layered):
        return {}
    hidden = model.widths[1:-1]
    single = {name: hidden[0]} if len(hidden) == 1 else {}
    return single | {f"{name}{layer}": width for layer, width in enumerate(hidden, start=1)}


def _form_rank(target: Layered) -> dict[str, int]:
    return {"r": largest_rank(target)} if target.activation in ("identity", "power:2") else {}


def largest_rank(target: Layered) -> int:
    """Return the largest rank of the linear map or the quadratic form that such a network expresses."""
    return min(target.widths) if target.activation == "identity" else min(target.widths[:2])


def coefficients(target: Diagonal, weights: Weights | None) -> int:
    """Return the number of coefficients that are not zero."""
    if weights is None:
        return target.size
    return sum(map(all, zip(*rows_of(tensors_of(target, weights)["u"], target.size), strict=True)))


def rows_of(flat: Row, columns: int) -> list[Row]:
    """Return the rows of a matrix with these entries."""
    return [flat[k : k + columns] for k in range(0, len(flat), columns)]


def dead_positions(target: Convolution, weights: Weights | None) -> int:
    """Return the number of positions (of all channels) without a read-out weight."""
    if weights is None:
        return 0
    a = tensors_of(target, weights)["a"]
    positions = target.channels * size(target.positions)
    return sum(not any(column) for column in zip(*rows_of(a, positions), strict=True))
