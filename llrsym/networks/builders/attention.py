"""Self-attention with softmax or linear scores, and transformer blocks."""

from __future__ import annotations

from fractions import Fraction

from llrsym.errors import BadInput, shown
from llrsym.kernel.program import Shape
from llrsym.networks.activations import canonical_activation
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders.checks import (
    assembly_of,
    call,
    check_bias,
    check_choice,
    check_count,
    check_entries,
    check_flag,
    check_sizes,
)
from llrsym.networks.builders.layers import masked, normalised, softmax, token_affine, with_token_bias
from llrsym.networks.builders.sequential import residual_shapes
from llrsym.networks.network import Network
from llrsym.networks.rationals import exact_rational

KINDS = ("softmax", "linear")
NORMS = ("layer", "rms", None)


def attention(
    *,
    tokens: int,
    dim: int,
    head_dim: int,
    heads: int = 1,
    kind: str = "softmax",
    bias: bool = False,
    causal: bool = False,
) -> Network:
    """Return self-attention: y_t = sum over heads h of O_h sum_s p_hts (V_h x_s + v_h) (+ o).

    The scores are q_ht . k_hs with q_ht = Q_h x_t + q_h, k_hs = K_h x_s + k_h. With ``kind`` "softmax" p is
    their softmax over s; with "linear" it is the scores themselves (lightning attention). ``causal`` lets
    token t see the tokens s <= t alone. Input and output have shape (tokens, dim). Parameters: ``WQ, WK, WV``
    of shape (heads, head_dim, dim), ``WO`` (heads, dim, head_dim), and with ``bias`` ``bQ, bK, bV`` (heads,
    head_dim) and ``bO`` (dim,). The customary factor 1/sqrt(head_dim) is left to WQ and bQ, which range over
    all values: it changes no rank.

    Raises ``BadInput`` for sizes that are not positive integers, and for other kinds, biases or masks.

    >>> attention(tokens=4, dim=3, head_dim=2, heads=2).layers[0]
    ('WQ', (2, 2, 3), 12)

    Reference: Vaswani et al., arXiv:1706.03762; lightning attention: Henry, Marchetti and Kohn,
    arXiv:2408.17221.
    """
    sizes = {"tokens": tokens, "dim": dim, "head_dim": head_dim, "heads": heads}
    check_sizes("attention", sizes)
    check_choice("attention", "kind", kind, KINDS)
    check_bias("attention", bias, (True, False))
    check_flag("attention", "causal", causal)
    check_entries("attention", [(heads, tokens, tokens), (heads, tokens, head_dim), (tokens, dim)])
    net = assembly_of("attention", (tokens, dim), attention_shapes(dim, head_dim, heads, bias))
    y = attend(net, net.input, "", kind, causal)
    return Network(call("attention", **sizes, kind=kind, bias=bias, causal=causal), net.finish(y))


def attention_shapes(dim: int, head_dim: int, heads: int, bias: bool, suffix: str = "") -> dict[str, Shape]:
    """Return the parameters of an attention layer, in program order."""
    shapes: dict[str, Shape] = {}
    for name in "QKV":
        shapes[f"W{name}{suffix}"] = (heads, head_dim, dim)
        shapes |= {f"b{name}{suffix}": (heads, head_dim)} if bias else {}
    shapes[f"WO{suffix}"] = (heads, dim, head_dim)
    return shapes | ({f"bO{suffix}": (dim,)} if bias else {})


def attend(net: Assembly, x: int, suffix: str, kind: str, causal: bool) -> int:
    """Return the attention layer with these parameters at x (tokens, dim)."""
    q, k, v = (projected(net, x, f"W{name}{suffix}", f"b{name}{suffix}") for name in "QKV")
    scores = net.einsum("hta,hsa->hts", q, k)
    y = net.einsum("hts,hsa->hta", attention_weights(net, scores, kind, causal), v)
    z = net.einsum("hta,hoa->to", y, net.parameter(f"WO{suffix}"))
    return with_token_bias(net, f"bO{suffix}", z)


def projected(net: Assembly, x: int, weight: str, bias: str) -> int:
    """Return W_h x_t (+ b_h), shape (heads, tokens, m), for W of shape (heads, m, dim)."""
    z = net.einsum("td,had->hta", x, net.parameter(weight))
    if not net.declares(bias):
        return z
    heads, tokens, width = net.shape(z)
    index = [h * width + a for h in range(heads) for _ in range(tokens) for a in range(width)]
    return net.add(z, net.gather([net.parameter(bias)], index, (heads, tokens, width)))


def attention_weights(net: Assembly, scores: int, kind: str, causal: bool) -> int:
    """Return the weights p_hts of the values, from the scores (heads, tokens, tokens)."""
    visible = range(1, net.shape(scores)[1] + 1) if causal else ()
    if kind == "softmax":
        return softmax(net, scores, visible)
    return masked(net, scores, visible) if causal else scores


def transformer(
    *,
    tokens: int,
    dim: int,
    heads: int = 1,
    hidden: int,
    blocks: int = 1,
    activation: str = "gelu",
    norm: str | None = "layer",
    bias: bool = True,
    causal: bool = False,
    head_dim: int | None = None,
    epsilon: int | str | Fraction = "1/100000",
) -> Network:
    """Return transformer blocks: x += attention(N x), then x_t += V sigma(W (N'x)_t + b) + c for every token.

    N and N' normalise every token: with ``norm`` "rms" they divide it by the root of its mean square plus
    ``epsilon`` and scale it by ``gammaA1`` and ``gammaF1`` (dim,); with "layer" its mean is subtracted first
    and ``betaA1`` and ``betaF1`` are added at the end. ``norm`` None leaves them away. ``attention`` is
    softmax self-attention with ``heads`` heads of ``head_dim`` (by default dim / heads). In- and output have
    shape (tokens, dim). The parameters of block l are those of ``attention`` and of ``residual`` with the
    number l: ``WQ1, bQ1, WK1, bK1, WV1, bV1, WO1, bO1, W1, b1, V1, c1, WQ2, ...``; ``bias`` False leaves all
    biases away, those of the normalisation among them.

    Raises ``BadInput`` for a ``dim`` that ``heads`` does not divide where ``head_dim`` is absent, an
    ``epsilon`` that is negative or no exact number, and as ``attention``.

    >>> transformer(tokens=3, dim=4, heads=2, hidden=8, activation="tanh", norm=None).parameter_count
    156

    Reference: Vaswani et al., arXiv:1706.03762; Ba, Kiros and Hinton, arXiv:1607.06450 (layer normalisation);
    Zhang and Sennrich, arXiv:1910.07467 (root mean square).
    """
    sizes = {"tokens": tokens, "dim": dim, "heads": heads, "hidden": hidden}
    check_sizes("transformer", sizes)
    check_count("transformer", "blocks", blocks)
    check_bias("transformer", bias, (True, False))
    check_flag("transformer", "causal", causal)
    check_choice("transformer", "norm", norm, NORMS)
    exact = _epsilon(epsilon)
    a = _head_dim(dim, heads, head_dim)
    name = canonical_activation(activation)
    shapes: dict[str, Shape] = {}
    for block in map(str, range(1, blocks + 1)):
        shapes |= _norm_shapes(norm, dim, bias, f"A{block}") | attention_shapes(dim, a, heads, bias, block)
        shapes |= _norm_shapes(norm, dim, bias, f"F{block}") | residual_shapes(dim, hidden, bias, block)
    check_entries("transformer", [(heads, tokens, tokens), (heads, tokens, a), (tokens, max(dim, hidden))])
    net = assembly_of("transformer", (tokens, dim), shapes)
    x = net.input
    for block in map(str, range(1, blocks + 1)):
        h = x if norm is None else normalised(net, x, norm, exact, f"A{block}")
        x = net.add(x, attend(net, h, block, "softmax", causal))
        h = x if norm is None else normalised(net, x, norm, exact, f"F{block}")
        inner = net.activation(name, token_affine(net, f"W{block}", f"b{block}", h))
        x = net.add(x, token_affine(net, f"V{block}", f"c{block}", inner))
    options = {"activation": name, "norm": norm, "bias": bias, "causal": causal, "head_dim": a}
    options |= {} if norm is None else {"epsilon": str(exact)}
    return Network(call("transformer", **sizes, blocks=blocks, **options), net.finish(x))


def _norm_shapes(norm: str | None, dim: int, bias: bool, suffix: str) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {} if norm is None else {f"gamma{suffix}": (dim,)}
    return shapes | ({f"beta{suffix}": (dim,)} if norm == "layer" and bias else {})


def _epsilon(value: object) -> Fraction:
    try:
        exact = exact_rational(value)
    except ValueError:
        exact = None
    if exact is None or exact < 0:
        raise BadInput(f"transformer: epsilon is {shown(value)}; give a number such as '1/100000' or 0")
    return exact


def _head_dim(dim: int, heads: int, head_dim: int | None) -> int:
    if head_dim is not None:
        check_sizes("transformer", {"head_dim": head_dim})
        return head_dim
    if dim % heads:
        raise BadInput(
            f"transformer: {heads} heads do not divide dim = {dim}; use another number or give head_dim"
        )
    return dim // heads
