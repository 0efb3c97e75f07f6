"""Deep tanh networks: reduction to the irreducible network, by the steps R1 to R3 in exact arithmetic.

R1 merges neurons that agree up to sign, R2 drops a neuron without outgoing weights, R3 moves a neuron
without incoming weights into the next bias. The reduced network has the same function, and where the biases
that R3 needs are parameters, its tangent functions lie in the span of those before. A network to which no
step applies has linearly independent tangent functions and is determined by its function up to the order and
the signs of its neurons (docs/theory/deep-tanh, T1 to T3).
"""

from dataclasses import dataclass
from fractions import Fraction

from .constants import Constant, is_zero, tanh_of
from .errors import Rejected
from .models import Layered, Weights, tensors_of

Row = list[Fraction]


class Undecided(Rejected):
    """It is not known whether two numbers are equal."""


@dataclass(slots=True)
class Net:
    """A tanh network by layers, all of which have biases; ``weights[l][i][j]``, ``biases[l][i]``."""

    inputs: int
    weights: list[list[Row]]
    biases: list[list[Constant]]

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of inputs, of neurons in each hidden layer, and of outputs."""
        return (self.inputs, *(len(rows) for rows in self.weights))

    @property
    def is_constant(self) -> bool:
        """Whether a hidden layer is empty."""
        return 0 in self.widths[1:-1]


def net_of(model: Layered, weights: Weights) -> Net:
    """Return the network with given weights; a missing bias is zero. Raises ``Rejected`` for bad weights."""
    tensors = tensors_of(model, weights)
    matrices, biases = [], []
    for layer, (fan_in, fan_out) in enumerate(zip(model.widths, model.widths[1:], strict=False), start=1):
        flat = tensors[f"W{layer}"]
        matrices.append([list(flat[i * fan_in : (i + 1) * fan_in]) for i in range(fan_out)])
        values = tensors.get(f"b{layer}", (Fraction(0),) * fan_out)
        biases.append([Constant.rational(value) for value in values])
    net = Net(model.widths[0], matrices, biases)
    return _from_logistic(net) if model.activation == "sigmoid" else net


def _from_logistic(net: Net) -> Net:
    """Write 1 / (1 + e^-z) as (1 + tanh(z / 2)) / 2 in every hidden layer."""
    half = Fraction(1, 2)
    last = len(net.weights) - 1
    for layer, rows in enumerate(net.weights):
        for i, row in enumerate(rows):
            bias = net.biases[layer][i]
            if layer > 0:
                bias += Constant.rational(sum(row, Fraction(0)) * half)
                row = [v * half for v in row]
            rows[i] = row if layer == last else [v * half for v in row]
            net.biases[layer][i] = bias if layer == last else bias.times(half)
    return net


def reduce(net: Net) -> Net:
    """Apply R1 to R3 until none applies, and prove the result irreducible or constant.

    Raises ``Undecided`` if two biases may or may not be equal.
    """
    while sum(_reduce_layer(net, layer) for layer in range(len(net.weights) - 1)):
        pass
    if not net.is_constant:
        _check_irreducible(net)
    return net


def _reduce_layer(net: Net, layer: int) -> int:
    """Apply the steps to one hidden layer; return the number of neurons that have gone."""
    keep: dict[tuple[tuple[Fraction, ...], Constant], int] = {}
    removed: list[int] = []
    after = net.weights[layer + 1]
    for j, (row, bias) in enumerate(zip(net.weights[layer], net.biases[layer], strict=True)):
        if all(not v for v in row):
            value = tanh_of(bias)
            for i, outgoing in enumerate(after):
                net.biases[layer + 1][i] += value.times(outgoing[j])
            removed.append(j)
            continue
        sign = leading_sign(row)
        first = keep.setdefault((tuple(sign * v for v in row), bias.times(Fraction(sign))), j)
        if first != j:
            flip = sign * leading_sign(net.weights[layer][first])
            for outgoing in after:
                outgoing[first] += flip * outgoing[j]
            removed.append(j)
    gone = set(removed)
    gone |= {j for j in range(len(net.weights[layer])) if all(not row[j] for row in after)}
    net.weights[layer] = [row for j, row in enumerate(net.weights[layer]) if j not in gone]
    net.biases[layer] = [bias for j, bias in enumerate(net.biases[layer]) if j not in gone]
    net.weights[layer + 1] = [[v for j, v in enumerate(row) if j not in gone] for row in after]
    return len(gone)


def leading_sign(row: Row | tuple[Fraction, ...]) -> int:
    """Return the sign of the first entry that is not zero."""
    return 1 if next(v for v in row if v) > 0 else -1


def _check_irreducible(net: Net) -> None:
    """Every row and column is non-zero, and neurons of one layer are proved to differ up to sign."""
    for layer, rows in enumerate(net.weights[:-1]):
        if not all(any(row) for row in rows) or not all(map(any, zip(*net.weights[layer + 1], strict=True))):
            raise Rejected(f"irreducible: layer {layer + 1} has a zero row or column")
        groups: dict[tuple[Fraction, ...], list[Constant]] = {}
        for row, bias in zip(rows, net.biases[layer], strict=True):
            sign = Fraction(leading_sign(row))
            biases = groups.setdefault(tuple(sign * v for v in row), [])
            biases.append(bias.times(sign))
        for biases in groups.values():
            _check_distinct(biases, layer + 1)


def _check_distinct(biases: list[Constant], layer: int) -> None:
    rational = [bias.as_rational for bias in biases]
    if None not in rational:
        if len(set(rational)) < len(rational):
            raise Rejected(f"irreducible: two neurons of layer {layer} are equal")
        return
    for j, bias in enumerate(biases):
        for other in biases[:j]:
            require_nonzero(bias - other, f"two neurons of layer {layer} are equal")


def require_nonzero(number: Constant, meaning: str) -> None:
    """Raise ``Undecided`` or ``Rejected`` unless a number is proved not to be zero."""
    zero = is_zero(number)
    if zero is None:
        raise Undecided(f"it is not known whether {number} = 0, that is, whether {meaning}")
    if zero:
        raise Rejected(f"irreducible: {meaning}")
