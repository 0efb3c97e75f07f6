"""The exact minimum of the model rank over a target set, for the families where a theorem gives it.

deep-tanh       tanh of any depth; sigmoid with all biases      docs/theory/deep-tanh (T1, T2, T3, T3-hid)
two-layer       tanh, sigmoid, exp(-z^2), one output             docs/theory/target-sets
convolution     one tanh convolution, one output                 docs/theory/convolution-targets
closed forms    factorisation, deep linear, diagonal, z^2        docs/theory/closed-forms

Nothing has to be certified by search: the hypotheses are decided in exact arithmetic from the target.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from .closed_forms import deep_linear_rank, diagonal_rank, factorization_rank, quadratic_rank, rank_of
from .constants import Constant, is_zero
from .errors import Rejected
from .irreducible import Net, Undecided, net_of, reduce
from .models import Convolution, Diagonal, Factorization, Layered, Model, Weights, parameter_count
from .program import size
from .two_layer import (
    GAUSSIAN,
    SIGMOID,
    TANH,
    Inexpressible,
    minimal_rank_convolution,
    minimal_rank_fully_connected,
    target_of,
)


@dataclass(frozen=True, slots=True)
class Exact:
    """The minimal rank, bounds on the optimistic sample size that need no search, and the theorem used.

    ``irreducible`` and its rational ``weights`` (None: almost every) are a network of that rank all of whose
    tangent functions are independent; a minor over n of its samples proves that n suffice.
    """

    rank: int
    samples_lower: int
    samples_upper: int
    theorem: str
    facts: tuple[str, ...]
    irreducible: Layered | None = None
    weights: Weights | None = None


def exact_minimal_rank(wide: Model, target: Model, weights: Weights | None) -> Exact:
    """Return the minimum of rank(theta) over all theta with f_theta = f*.

    ``weights`` None: for Lebesgue-almost every weight of the target. Raises ``Inexpressible`` if no theta has
    the target function and ``Rejected`` if no theorem here decides the case.
    """
    match wide, target:
        case Factorization(), Factorization():
            rank = factorization_rank(wide, target, weights)
            return Exact(
                rank, rank, rank, "matrix factorisation", ("rank r of the matrix: r (rows + cols - r)",)
            )
        case Diagonal(), Diagonal():
            rank = diagonal_rank(wide, target, weights)
            return Exact(rank, rank, rank, "diagonal networks", ("one for every non-zero coefficient",))
        case Convolution(), Layered() | Convolution():
            return _convolution(wide, target, weights)
        case Layered(), Layered() if wide.activation == "identity" or len(wide.widths) == 2:
            return _linear(wide, target, weights)
        case Layered(), Layered() | Convolution():
            return _layered(wide, target, weights)
    raise Rejected("no theorem compares the families of this network and this target")


def _linear(wide: Layered, target: Layered, weights: Weights | None) -> Exact:
    _check_ends(wide, target)
    if target.activation != "identity" and len(target.widths) > 2:
        raise Rejected(f"the target has the activation {target.activation}, the network is linear")
    if len(set(wide.biases)) > 1:
        raise Rejected("deep linear networks are treated with all biases or none")
    rank, samples = deep_linear_rank(wide, target, weights)
    return Exact(rank, samples, samples, "deep linear networks", ("rank of the linear part of the target",))


def _convolution(wide: Convolution, target: Layered | Convolution, weights: Weights | None) -> Exact:
    if wide.activation != TANH:
        raise Rejected(
            f"the minimal rank of a convolutional network is known for tanh, not {wide.activation}"
        )
    _check_two_layer(target, wide.activation)
    _require_one_output(wide.outputs)
    _require_inputs(target, size(wide.input))
    if isinstance(target, Convolution) and target.input != wide.input:
        raise Rejected(f"the target has inputs of shape {target.input}, the network {wide.input}")
    summary = target_of(target, weights, wide.input)
    rank = minimal_rank_convolution(summary, wide)
    facts = (f"padded neurons that f* needs, distinct up to sign: {summary.neurons}",)
    return Exact(rank, rank, rank, "convolutional networks with one layer", facts)


def _layered(wide: Layered, target: Layered | Convolution, weights: Weights | None) -> Exact:
    two_layer = len(wide.widths) == 3 and wide.widths[2] == 1
    if wide.activation == "power:2" and two_layer and isinstance(target, Layered):
        _check_two_layer(target, wide.activation)
        _check_ends(wide, target)
        if any(wide.biases) or any(target.biases):
            raise Rejected("quadratic networks are treated without biases")
        rank = quadratic_rank(wide, target, weights)
        return Exact(rank, rank, rank, "quadratic networks", ("rank of the quadratic form",))
    if two_layer and wide.activation in (TANH, SIGMOID, GAUSSIAN):
        return _fully_connected(wide, target, weights)
    if not isinstance(target, Layered):
        raise Rejected("a convolutional target is treated in networks with one hidden layer and one output")
    if wide.activation != TANH and not (wide.activation == SIGMOID and all(wide.biases)):
        raise Rejected(
            f"no theorem gives the minimal rank for {wide.activation} with these biases at this depth"
        )
    return _deep(wide, target, weights)


def _fully_connected(wide: Layered, target: Layered | Convolution, weights: Weights | None) -> Exact:
    _check_two_layer(target, wide.activation)
    _require_inputs(target, wide.widths[0])
    grid = target.input if isinstance(target, Convolution) else (wide.widths[0],)
    summary = target_of(target, weights, grid)
    rank = minimal_rank_fully_connected(summary, wide)
    facts = (f"neurons that f* needs, distinct up to sign: {summary.neurons}",)
    return Exact(rank, rank, rank, f"two-layer {wide.activation} networks", facts)


def _check_two_layer(target: Layered | Convolution, activation: str) -> None:
    if isinstance(target, Layered) and len(target.widths) != 3:
        raise Rejected(f"the target has {len(target.widths) - 2} hidden layers, the network has one")
    if target.activation != activation:
        raise Rejected(f"the target has the activation {target.activation}, the network {activation}")
    _require_one_output(target.widths[-1] if isinstance(target, Layered) else target.outputs)


def _require_one_output(outputs: int) -> None:
    if outputs != 1:
        raise Rejected(f"this theorem is about one output, here are {outputs}")


def _require_inputs(target: Layered | Convolution, inputs: int) -> None:
    own = target.widths[0] if isinstance(target, Layered) else size(target.input)
    if own != inputs:
        raise Rejected(f"the target has {own} inputs, the network {inputs}")


def _check_ends(wide: Layered, target: Layered) -> None:
    if (wide.widths[0], wide.widths[-1]) != (target.widths[0], target.widths[-1]):
        raise Rejected(
            f"inputs and outputs of the target {target.widths} and the network {wide.widths} differ"
        )


# Deep tanh networks


def _deep(wide: Layered, target: Layered, weights: Weights | None) -> Exact:
    _check_ends(wide, target)
    if target.activation != wide.activation:
        raise Rejected(f"the target has the activation {target.activation}, the network {wide.activation}")
    if len(wide.widths) != len(target.widths):
        raise Rejected(
            f"the target has {len(target.widths) - 2} hidden layers, the network {len(wide.widths) - 2}"
        )
    hidden_only = all(wide.biases[:-1]) and not wide.biases[-1]
    upward_closed = all(
        after or not before for before, after in zip(wide.biases, wide.biases[1:], strict=False)
    )
    if not hidden_only and not upward_closed:
        raise Rejected("a layer has biases and a later one, not the last alone, has none")
    if weights is None:
        return _generic_deep(wide, target)
    net = reduce(net_of(target, weights))
    return _constant_target(wide, net) if net.is_constant else _irreducible_target(wide, net)


def _generic_deep(wide: Layered, target: Layered) -> Exact:
    """Almost every target is irreducible as it stands."""
    extra = [
        layer for layer, (t, w) in enumerate(zip(target.biases, wide.biases, strict=True)) if t and not w
    ]
    last = len(wide.biases) - 1
    if extra and (extra != [last] or not wide.biases[last - 1]):
        raise Inexpressible("the target has biases in a layer in which the network has none")
    spare = bool(extra)
    _check_fits(wide, target.widths, spare)
    model = Layered(target.widths, wide.activation, wide.biases)
    answer = _deep_answer(model, None, spare, target.widths[-2], 1)
    # With biases that the target has not, its weights are not almost every weight of the model.
    return answer if target.biases == wide.biases else replace(answer, irreducible=None)


def _irreducible_target(wide: Layered, net: Net) -> Exact:
    last = len(wide.biases) - 1
    for layer, has_bias in enumerate(wide.biases[:-1]):
        if not has_bias and not all(_is_zero(bias) for bias in net.biases[layer]):
            raise Inexpressible(f"the target has biases in layer {layer + 1}, the network has none there")
    spare = not wide.biases[last] and not all(_is_zero(bias) for bias in net.biases[last])
    if spare and not wide.biases[last - 1]:
        raise Inexpressible("the target has a constant part, and the network has no biases")
    _check_fits(wide, net.widths, spare)
    model = Layered(net.widths, TANH, wide.biases)
    directions, bundle = rank_of(net.weights[last]), _largest_bundle(net)
    rational = _weights_of(net, model)
    answer = _deep_answer(model, rational, spare, directions, bundle)
    return answer if rational is not None else replace(answer, irreducible=None)


def _deep_answer(model: Layered, weights: Weights | None, spare: bool, directions: int, bundle: int) -> Exact:
    """T3, and T3-hid when a constant neuron is needed; ``model`` is the irreducible network.

    Samples: n of them give n c numbers, and n s to functions with values in an s-dimensional space. Such
    spaces are spanned by the outgoing weights of all neurons, or of parallel ones.
    """
    outputs, before = model.widths[-1], model.widths[-3]
    own = parameter_count(model)
    rank = own + (outputs + before if spare else 0)
    facts = [f"irreducible network with widths {model.widths}: {own} independent tangent functions"]
    if spare:
        facts.append(f"a constant part needs a constant neuron: {outputs} + {before} more")
    if outputs == 1:
        return Exact(rank, rank, rank, "deep tanh networks", tuple(facts))
    read_out = model.widths[-2] + model.biases[-1]
    span = min(directions, outputs)
    inside = own - (outputs - span) * read_out
    parallel = read_out + bundle * (before + model.biases[-2])
    lower = max(-(-rank // outputs), -(-inside // span), parallel)
    return Exact(rank, lower, rank, "deep tanh networks", tuple(facts), None if spare else model, weights)


def _largest_bundle(net: Net) -> int:
    """The largest number of neurons of the last hidden layer whose outgoing weights are parallel."""
    counts: dict[tuple[Fraction, ...], int] = {}
    for column in zip(*net.weights[-1], strict=True):
        lead = next(v for v in column if v)
        direction = tuple(v / lead for v in column)
        counts[direction] = counts.get(direction, 0) + 1
    return max(counts.values())


def _constant_target(wide: Layered, net: Net) -> Exact:
    """f* is constant: T3 for constant functions."""
    value = net.biases[-1]
    outputs, inputs = wide.widths[-1], wide.widths[0]
    facts = ("the target is constant",)
    if wide.biases[-1]:
        return Exact(outputs, 1, 1, "deep tanh networks", facts)
    if all(_is_zero(v) for v in value):
        return Exact(0, 0, 0, "deep tanh networks", facts)
    if not any(wide.biases):
        raise Inexpressible("the target is a constant that is not zero, and the network has no biases")
    if len(wide.widths) > 3:
        return Exact(outputs, 1, 1, "deep tanh networks", facts)
    return Exact(outputs + inputs, inputs + 1, inputs + 1, "deep tanh networks", facts)


def _check_fits(wide: Layered, needed: tuple[int, ...], spare: bool) -> None:
    last = len(wide.widths) - 2
    for layer in range(1, last + 1):
        width, available = needed[layer] + (spare and layer == last), wide.widths[layer]
        if width > available:
            raise Inexpressible(
                f"the target needs {width} neurons in hidden layer {layer}, the network has {available}"
            )


def _is_zero(number: Constant) -> bool:
    zero = is_zero(number)
    if zero is None:
        raise Undecided(f"it is not known whether {number} = 0")
    return zero


def _weights_of(net: Net, model: Layered) -> Weights | None:
    """The weights of the irreducible network if all are rational."""
    tensors: list[tuple[Fraction, ...]] = []
    for rows, biases, has_bias in zip(net.weights, net.biases, model.biases, strict=True):
        tensors.append(tuple(v for row in rows for v in row))
        values = [bias.as_rational for bias in biases]
        if has_bias:
            rational = tuple(v for v in values if v is not None)
            if len(rational) < len(values):
                return None
            tensors.append(rational)
    return tuple(tensors)
