"""Fully-connected networks, gated and tied ones, and products of parameters."""

from __future__ import annotations

from llrsym.errors import BadInput
from llrsym.kernel.models import Diagonal, Factorization, Layered
from llrsym.networks.activations import canonical_activation
from llrsym.networks.builders.checks import (
    Bias,
    assembly_of,
    call,
    check_bias,
    check_entries,
    check_sizes,
    network_of,
)
from llrsym.networks.builders.layers import affine, repeated, softmax
from llrsym.networks.network import Network


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
    check_sizes("mlp", {f"widths[{k}]": width for k, width in enumerate(widths)})
    if len(widths) < 2:
        raise BadInput(
            f"mlp: expected at least two widths, got {len(widths)}; write mlp(inputs, ..., outputs)"
        )
    check_bias("mlp", bias)
    name = canonical_activation(activation)
    hidden = len(widths) - 2
    model = Layered(widths, name, (bias is not False,) * hidden + (bias is True,))
    return network_of(model, call("mlp", *widths, activation=name, bias=bias))


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
    check_sizes("matrix_factorization", {"rows": rows, "inner": inner, "cols": cols})
    text = call("matrix_factorization", rows=rows, inner=inner, cols=cols)
    return network_of(Factorization(rows, inner, cols), text)


def diagonal(inputs: int, *, depth: int = 2) -> Network:
    """Return the diagonal linear net f(x) = sum_j (u_1j u_2j ... u_depth,j) x_j with parameter u.

    ``u`` has shape (depth, inputs). Raises ``BadInput`` for sizes that are not positive integers.

    >>> diagonal(5, depth=3).parameter_count
    15

    Reference: arXiv:2307.08921 (deep diagonal networks).
    """
    check_sizes("diagonal", {"inputs": inputs, "depth": depth})
    return network_of(Diagonal(inputs, depth), call("diagonal", inputs, depth=depth))


def gated(
    *, inputs: int, hidden: int, outputs: int = 1, activation: str = "sigmoid", bias: Bias = False
) -> Network:
    """Return the gated linear unit f(x) = W3 ((W1 x + b1) * sigma(W2 x + b2)) + b3, * entrywise.

    ``W1`` and ``W2`` have shape (hidden, inputs), ``W3`` (outputs, hidden); ``bias`` as for ``mlp``, with
    b1 and b2 the hidden ones. The identity as activation gives the bilinear layer.

    Raises ``BadInput`` as ``mlp``.

    >>> gated(inputs=3, hidden=2, outputs=2, activation="silu").parameter_names
    ('W1', 'W2', 'W3')

    Reference: Dauphin et al., arXiv:1612.08083; Shazeer, arXiv:2002.05202.
    """
    check_sizes("gated", {"inputs": inputs, "hidden": hidden, "outputs": outputs})
    check_bias("gated", bias)
    name = canonical_activation(activation)
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, shape in enumerate([(hidden, inputs), (hidden, inputs), (outputs, hidden)], start=1):
        shapes[f"W{layer}"] = shape
        if bias is True or (bias and layer < 3):
            shapes[f"b{layer}"] = shape[:1]
    net = assembly_of("gated", (inputs,), shapes)
    value, gate = affine(net, "W1", "b1", net.input), affine(net, "W2", "b2", net.input)
    f = affine(net, "W3", "b3", net.multiply(value, net.activation(name, gate)))
    sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs}
    return Network(call("gated", **sizes, activation=name, bias=bias), net.finish(f))


def tied_autoencoder(*, inputs: int, hidden: int, activation: str = "tanh", bias: Bias = True) -> Network:
    """Return the autoencoder f(x) = W^T sigma(W x + b) + c, whose decoder is the transposed encoder.

    ``W`` has shape (hidden, inputs), ``b`` (hidden,) and ``c`` (inputs,); ``bias`` is True, False or
    ``"hidden"`` (b alone). Raises ``BadInput`` as ``mlp``.

    >>> tied_autoencoder(inputs=4, hidden=2).layers
    (('W', (2, 4), 8), ('b', (2,), 2), ('c', (4,), 4))

    Reference: Vincent et al., JMLR 11 (2010), tied weights.
    """
    check_sizes("tied_autoencoder", {"inputs": inputs, "hidden": hidden})
    check_bias("tied_autoencoder", bias)
    name = canonical_activation(activation)
    shapes: dict[str, tuple[int, ...]] = {"W": (hidden, inputs)}
    shapes |= {"b": (hidden,)} if bias else {}
    shapes |= {"c": (inputs,)} if bias is True else {}
    net = assembly_of("tied_autoencoder", (inputs,), shapes)
    h = net.activation(name, affine(net, "W", "b", net.input))
    f = net.einsum("ij,i->j", net.parameter("W"), h)
    f = net.add(f, net.parameter("c")) if bias is True else f
    text = call("tied_autoencoder", inputs=inputs, hidden=hidden, activation=name, bias=bias)
    return Network(text, net.finish(f))


def mixture_of_experts(
    *, inputs: int, experts: int, hidden: int, activation: str = "tanh", bias: bool = True
) -> Network:
    """Return f(x) = sum_e g_e(x) a_e . sigma(W_e x + b_e) with the gate g = softmax(G x + c).

    ``G`` has shape (experts, inputs), ``c`` (experts,), ``W`` (experts, hidden, inputs), ``b`` and ``a``
    (experts, hidden); ``bias`` False leaves b and c away.

    Raises ``BadInput`` for sizes that are not positive integers, a ``bias`` other than True and False, and
    as ``mlp`` for the activation.

    >>> mixture_of_experts(inputs=2, experts=2, hidden=1).parameter_count
    14

    Reference: Jacobs et al., Neural Computation 3 (1991).
    """
    sizes = {"inputs": inputs, "experts": experts, "hidden": hidden}
    check_sizes("mixture_of_experts", sizes)
    check_bias("mixture_of_experts", bias, (True, False))
    name = canonical_activation(activation)
    shapes: dict[str, tuple[int, ...]] = {"G": (experts, inputs)}
    shapes |= {"c": (experts,)} if bias else {}
    shapes["W"] = (experts, hidden, inputs)
    shapes |= {"b": (experts, hidden)} if bias else {}
    shapes["a"] = (experts, hidden)
    check_entries("mixture_of_experts", [(experts, experts)])
    net = assembly_of("mixture_of_experts", (inputs,), shapes)
    gate = softmax(net, affine(net, "G", "c", net.input))
    z = net.einsum("emi,i->em", net.parameter("W"), net.input)
    z = net.add(z, net.parameter("b")) if bias else z
    values = net.multiply(net.activation(name, z), repeated(net, gate, hidden))
    f = net.gather([net.einsum("em,em->", net.parameter("a"), values)], [0], (1,))
    return Network(call("mixture_of_experts", **sizes, activation=name, bias=bias), net.finish(f))
