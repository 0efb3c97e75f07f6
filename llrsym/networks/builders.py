"""Networks by name: each builder returns a network whose text rebuilds it."""

from __future__ import annotations

from collections.abc import Callable

from llrsym.errors import BadInput, shown
from llrsym.kernel.errors import Malformed
from llrsym.kernel.models import Convolution, Diagonal, Factorization, Layered, Model
from llrsym.kernel.program import MAX_ENTRIES
from llrsym.networks.activations import canonical_activation
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
    _check_bias("mlp", bias)
    name = canonical_activation(activation)
    text = f"mlp({', '.join(map(str, widths))}, activation={name!r}, bias={bias!r})"
    hidden = len(widths) - 2
    return _network(Layered(widths, name, (bias is not False,) * hidden + (bias is True,)), text)


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
    text = f"matrix_factorization(rows={rows}, inner={inner}, cols={cols})"
    return _network(Factorization(rows, inner, cols), text)


def conv(
    *,
    input: tuple[int, ...],
    kernel: tuple[int, ...],
    channels: tuple[int, ...],
    activation: str = "tanh",
    shared: bool = True,
    bias: Bias = False,
    outputs: int = 1,
) -> Network:
    """Return the convolutional net f = sum over channels and positions p of a_p sigma(K . x[p:p+s] + b).

    One stride-1 convolution (cross-correlation) without padding over an input of shape ``input``, in 1-D,
    2-D or more, with ``channels[0]`` kernels of shape ``kernel``; then a linear read-out with its own weight
    for every position. Parameters are ``K`` (channels, *kernel), ``a`` (channels, *positions) and, with
    ``bias``, ``b`` (channels,) and ``b_out`` (outputs,); ``"hidden"`` leaves b_out away. Without sharing, K
    and b have a value for every position: (channels, *positions, ...). With more than one output, ``a``
    begins with an axis of that length.

    Raises ``BadInput`` for sizes that are not positive integers or do not fit together, and as ``mlp``.

    >>> conv(input=(6,), kernel=(3,), channels=(2,)).layers
    (('K', (2, 3), 6), ('a', (2, 4), 8))

    Reference: arXiv:2406.18035, Section 5 (convolutional networks with and without weight sharing).
    """
    sizes = {"input": input, "kernel": kernel, "channels": channels}
    for name, value in sizes.items():
        if not isinstance(value, tuple | list) or not value:
            raise BadInput(f"conv: {name} is {shown(value)}; give a tuple of positive integers such as (6,)")
        _check_widths("conv", {f"{name}[{k}]": entry for k, entry in enumerate(value)})
    _check_widths("conv", {"outputs": outputs})
    if len(input) != len(kernel) or any(s > n for s, n in zip(kernel, input, strict=True)):
        raise BadInput(
            f"conv: a kernel of shape {tuple(kernel)} does not fit into an input of {tuple(input)}"
        )
    if len(channels) != 1:
        raise BadInput(f"conv: {len(channels)} convolution layers were asked for; give one entry, (m,)")
    if not isinstance(shared, bool):
        raise BadInput(f"conv: shared is {shown(shared)}; use True or False")
    _check_bias("conv", bias)
    name = canonical_activation(activation)
    text = (
        f"conv(input={tuple(input)}, kernel={tuple(kernel)}, channels={tuple(channels)}, "
        f"activation={name!r}, shared={shared}, bias={bias!r}, outputs={outputs})"
    )
    biases = (bias is not False, bias is True)
    return _network(
        Convolution(tuple(input), tuple(kernel), channels[0], name, shared, *biases, outputs), text
    )


def diagonal(inputs: int, *, depth: int = 2) -> Network:
    """Return the diagonal linear net f(x) = sum_j (u_1j u_2j ... u_depth,j) x_j with parameter u.

    ``u`` has shape (depth, inputs). Raises ``BadInput`` for sizes that are not positive integers.

    >>> diagonal(5, depth=3).parameter_count
    15

    Reference: arXiv:2307.08921 (deep diagonal networks).
    """
    _check_widths("diagonal", {"inputs": inputs, "depth": depth})
    return _network(Diagonal(inputs, depth), f"diagonal({inputs}, depth={depth})")


BUILDERS: dict[str, Callable[..., Network]] = {
    "mlp": mlp,
    "conv": conv,
    "matrix_factorization": matrix_factorization,
    "diagonal": diagonal,
}


def _network(model: Model, text: str) -> Network:
    try:
        return Network.of(model, text)
    except Malformed as error:
        raise BadInput(f"{text.partition('(')[0]}: {error}; use smaller sizes") from error


def _check_bias(builder: str, bias: object) -> None:
    if not isinstance(bias, bool) and bias != "hidden":
        raise BadInput(f"{builder}: bias is {shown(bias)}; use True, False or 'hidden'")


def _check_widths(builder: str, widths: dict[str, int]) -> None:
    for place, width in widths.items():
        if type(width) is not int or width < 1:
            raise BadInput(f"{builder}: {place} is {shown(width)}; give a positive integer")
        if width > MAX_ENTRIES:
            raise BadInput(f"{builder}: {place} is more than {MAX_ENTRIES}; use a smaller one")
