"""Networks by name: each builder returns a network whose text rebuilds it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from llrsym.errors import BadInput, shown
from llrsym.kernel.program import MAX_ENTRIES, Shape, size
from llrsym.networks.activations import canonical_activation
from llrsym.networks.assembly import Assembly
from llrsym.networks.network import Network

Bias = bool | str


def mlp(*widths: int, activation: str = "tanh", bias: Bias = True) -> Network:
    """Return the fully-connected net f(x) = W_L h_(L-1) + b_L, h_l = sigma(W_l h_(l-1) + b_l), h_0 = x.

    ``widths`` are (d, m_1, ..., m_(L-1), c): inputs, hidden layers, outputs. Parameters are
    ``W1, b1, W2, b2, ...`` with W_l of shape (m_l, m_(l-1)) and b_l of shape (m_l,). ``bias`` is True
    (every layer), False (none) or ``"hidden"`` (every layer but the last). The output layer is affine.

    Raises ``BadInput`` for a width that is not a positive integer, an activation that is not analytic or
    unknown, or a ``bias`` other than these three.

    >>> mlp(2, 8, 8, 1)
    Network(text="mlp(2, 8, 8, 1, activation='tanh', bias=True)")
    >>> mlp(2, 8, 8, 1).parameter_count
    105
    """
    _check_widths("mlp", {f"widths[{k}]": width for k, width in enumerate(widths)})
    if len(widths) < 2:
        raise BadInput(
            f"mlp: expected at least two widths, got {len(widths)}; write mlp(inputs, ..., outputs)"
        )
    if not isinstance(bias, bool) and bias != "hidden":
        raise BadInput(f"mlp: bias is {shown(bias)}; use True, False or 'hidden'")
    name = canonical_activation(activation)
    shapes = _mlp_shapes(widths, bias)
    _check_sizes("mlp", shapes)
    text = f"mlp({', '.join(map(str, widths))}, activation={name!r}, bias={bias!r})"
    net = Assembly((widths[0],), shapes)
    h, last = net.input, len(widths) - 1
    for layer in range(1, last + 1):
        h = net.einsum("ij,j->i", net.parameter(f"W{layer}"), h)
        h = net.add(h, net.parameter(f"b{layer}")) if f"b{layer}" in shapes else h
        h = net.activation(name, h) if layer < last else h
    return Network(text, net.finish(h))


def matrix_factorization(*, rows: int, inner: int, cols: int) -> Network:
    """Return the factorisation model A B with parameters A (rows, inner) and B (inner, cols).

    A sample of this model is one entry (i, j) of the product, so its inputs are the finitely many index
    pairs. The program therefore has no continuous input: its outputs are the rows * cols entries of A B,
    and a tangent function is the table of its values at all index pairs.

    Raises ``BadInput`` for a size that is not a positive integer.

    >>> network = matrix_factorization(rows=4, inner=2, cols=3)
    >>> network.inputs, network.outputs, network.parameter_count
    (0, 12, 14)

    Reference: Zhang et al., arXiv:2211.11623 (rank stratification), matrix factorisation.
    """
    _check_widths("matrix_factorization", {"rows": rows, "inner": inner, "cols": cols})
    shapes: dict[str, Shape] = {"A": (rows, inner), "B": (inner, cols)}
    _check_sizes("matrix_factorization", {**shapes, "A B": (rows, cols)})
    net = Assembly((0,), shapes)
    product = net.einsum("ik,kj->ij", net.parameter("A"), net.parameter("B"))
    return Network(f"matrix_factorization(rows={rows}, inner={inner}, cols={cols})", net.finish(product))


BUILDERS: dict[str, Callable[..., Network]] = {"mlp": mlp, "matrix_factorization": matrix_factorization}


def _mlp_shapes(widths: tuple[int, ...], bias: Bias) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    last = len(widths) - 1
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths), start=1):
        shapes[f"W{layer}"] = (fan_out, fan_in)
        if bias is True or (bias == "hidden" and layer < last):
            shapes[f"b{layer}"] = (fan_out,)
    return shapes


def _check_widths(builder: str, widths: dict[str, int]) -> None:
    for place, width in widths.items():
        if type(width) is not int or width < 1:
            raise BadInput(f"{builder}: {place} is {shown(width)}; give a positive integer")


def _check_sizes(builder: str, shapes: dict[str, Shape]) -> None:
    for name, shape in shapes.items():
        if size(shape) > MAX_ENTRIES:
            raise BadInput(f"{builder}: {name} has more than {MAX_ENTRIES} entries; use smaller widths")
