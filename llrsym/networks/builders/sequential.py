"""Networks that apply one kind of step again and again: residual blocks and recurrence."""

from __future__ import annotations

from llrsym.errors import BadInput, shown
from llrsym.networks.activations import canonical_activation
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders.checks import (
    Bias,
    assembly_of,
    call,
    check_bias,
    check_count,
    check_entries,
    check_flag,
    check_sizes,
)
from llrsym.networks.builders.layers import affine
from llrsym.networks.network import Network


def residual(
    *,
    width: int,
    blocks: int = 1,
    hidden: int | tuple[int, ...],
    activation: str = "tanh",
    bias: Bias = True,
) -> Network:
    """Return the residual net f(x) = h_L, h_0 = x, h_l = h_(l-1) + V_l sigma(W_l h_(l-1) + b_l) + c_l.

    ``blocks`` is L; ``hidden`` is the number of neurons of every block, or a tuple with one number for each.
    Parameters are ``W1, b1, V1, c1, W2, ...`` with W_l of shape (hidden_l, width) and V_l of shape (width,
    hidden_l). ``bias`` is True (b and c), False (neither) or ``"hidden"`` (b alone).

    Raises ``BadInput`` for sizes that are not positive integers, a tuple ``hidden`` of another length than
    ``blocks``, and as ``mlp``.

    >>> residual(width=3, blocks=2, hidden=4).text
    "residual(width=3, blocks=2, hidden=4, activation='tanh', bias=True)"

    Reference: He et al., arXiv:1512.03385 (without normalisation).
    """
    check_sizes("residual", {"width": width})
    check_count("residual", "blocks", blocks)
    neurons = _hidden(hidden, blocks)
    check_bias("residual", bias)
    name = canonical_activation(activation)
    shapes: dict[str, tuple[int, ...]] = {}
    for block, m in enumerate(neurons, start=1):
        shapes |= residual_shapes(width, m, bias, str(block))
    net = assembly_of("residual", (width,), shapes)
    h = net.input
    for block in range(1, blocks + 1):
        h = _residual_block(net, h, name, str(block))
    same = neurons[0] if len(set(neurons)) == 1 else neurons
    text = call("residual", width=width, blocks=blocks, hidden=same, activation=name, bias=bias)
    return Network(text, net.finish(h))


def _hidden(hidden: object, blocks: int) -> tuple[int, ...]:
    """Return the number of neurons of every block."""
    if not isinstance(hidden, tuple | list):
        check_sizes("residual", {"hidden": hidden})
        return (hidden,) * blocks  # type: ignore[return-value]  # a positive integer, checked above
    check_sizes("residual", {f"hidden[{k}]": m for k, m in enumerate(hidden)})
    if len(hidden) != blocks:
        raise BadInput(
            f"residual: hidden is {shown(tuple(hidden))} for {blocks} blocks; give one number for each block"
        )
    return tuple(hidden)


def residual_shapes(width: int, hidden: int, bias: Bias, suffix: str) -> dict[str, tuple[int, ...]]:
    """Return the parameters of V sigma(W h + b) + c, in program order."""
    shapes: dict[str, tuple[int, ...]] = {f"W{suffix}": (hidden, width)}
    shapes |= {f"b{suffix}": (hidden,)} if bias else {}
    shapes[f"V{suffix}"] = (width, hidden)
    return shapes | ({f"c{suffix}": (width,)} if bias is True else {})


def _residual_block(net: Assembly, h: int, activation: str, suffix: str) -> int:
    inner = net.activation(activation, affine(net, f"W{suffix}", f"b{suffix}", h))
    return net.add(h, affine(net, f"V{suffix}", f"c{suffix}", inner))


def recurrent(
    *,
    inputs: int,
    hidden: int,
    steps: int,
    activation: str = "tanh",
    bias: Bias = True,
    outputs: int = 1,
    all_steps: bool = False,
) -> Network:
    """Return the recurrent net h_t = sigma(A h_(t-1) + B x_t + b), h_0 = 0, with output C h_T + c.

    The input has shape (steps, inputs): x_1, ..., x_T. The weights are the same at every step: ``A`` (hidden,
    hidden), ``B`` (hidden, inputs), ``b`` (hidden,), ``C`` (outputs, hidden), ``c`` (outputs,). With
    ``all_steps`` the outputs are C h_t + c for t = 1, ..., T. ``bias`` is True (b and c), False (neither) or
    ``"hidden"`` (b alone). As h_0 = 0, A acts from the second step on.

    Raises ``BadInput`` for sizes that are not positive integers, and as ``mlp``.

    >>> recurrent(inputs=1, hidden=3, steps=4).layers[:2]
    (('A', (3, 3), 9), ('B', (3, 1), 3))

    Reference: Elman, Cognitive Science 14 (1990).
    """
    sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs}
    check_sizes("recurrent", sizes)
    check_count("recurrent", "steps", steps)
    check_bias("recurrent", bias)
    check_flag("recurrent", "all_steps", all_steps)
    name = canonical_activation(activation)
    shapes: dict[str, tuple[int, ...]] = {"A": (hidden, hidden), "B": (hidden, inputs)}
    shapes |= {"b": (hidden,)} if bias else {}
    shapes["C"] = (outputs, hidden)
    shapes |= {"c": (outputs,)} if bias is True else {}
    check_entries("recurrent", [(steps, hidden), (steps, outputs)])
    net = assembly_of("recurrent", (steps, inputs), shapes)
    states = _states(net, name)
    read = [affine(net, "C", "c", h) for h in (states if all_steps else states[-1:])]
    f = read[0] if not all_steps else net.gather(read, range(steps * outputs), (steps, outputs))
    text = call(
        "recurrent",
        inputs=inputs,
        hidden=hidden,
        steps=steps,
        activation=name,
        bias=bias,
        outputs=outputs,
        all_steps=all_steps,
    )
    return Network(text, net.finish(f))


def _states(net: Assembly, activation: str) -> list[int]:
    """Return the hidden states h_1, ..., h_T."""
    steps, inputs = net.shape(net.input)
    states: list[int] = []
    for step in range(steps):
        x = net.gather([net.input], range(step * inputs, (step + 1) * inputs), (inputs,))
        z = affine(net, "B", "b", x)
        z = net.add(net.einsum("ij,j->i", net.parameter("A"), states[-1]), z) if states else z
        states.append(net.activation(activation, z))
    return states
