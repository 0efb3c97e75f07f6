"""Properties of a target, as it is written, that a published statement may have to exclude."""

from fractions import Fraction

from llrsym.bounds.claim_sizes import coefficients, dead_positions, rows_of
from llrsym.kernel.families import narrow_model, weights_in
from llrsym.kernel.models import Convolution, Diagonal, Factorization, Layered, Model, Weights, tensors_of
from llrsym.kernel.program import size

COINCIDE = "two padded neurons coincide up to sign"
ZERO_READ_OUT = "a position is dead"
CONSTANT = "a neuron is constant"
SPARSE = "a coefficient is zero"
WITHOUT = {
    COINCIDE: "no two padded neurons coincide up to sign",
    ZERO_READ_OUT: "no position is dead",
    CONSTANT: "no neuron is constant",
    SPARSE: "no coefficient is zero",
}
"""What a statement says that excludes each of these properties."""


def properties_of(target: Model, weights: Weights | None) -> frozenset[str]:
    """Return which of the properties a target has as it is written; almost every target has none.

    A position of a convolution is dead when its read-out weight is zero. A padded neuron is a kernel at a
    position, written in the whole input; a neuron is constant when it has no incoming weight.
    """
    if weights is None:
        return frozenset()
    match target:
        case Convolution():
            wide = (size(target.input), target.channels * size(target.positions), target.outputs)
            flat = Layered(wide, target.activation, (target.hidden_bias, target.output_bias))
            found = _of_neurons(flat, weights_in(narrow_model(flat, target), target, weights))
            return found | ({ZERO_READ_OUT} if dead_positions(target, weights) else set())
        case Layered():
            return _of_neurons(target, weights)
        case Diagonal():
            return frozenset({SPARSE} if coefficients(target, weights) < target.size else ())
        case Factorization():
            return frozenset()


def _of_neurons(model: Layered, weights: Weights) -> frozenset[str]:
    tensors = tensors_of(model, weights)
    found: set[str] = set()
    for layer in range(1, len(model.widths) - 1):
        rows = rows_of(tensors[f"W{layer}"], model.widths[layer - 1])
        biases = tensors.get(f"b{layer}", (Fraction(0),) * len(rows))
        neurons = [(*row, bias) for row, bias in zip(rows, biases, strict=True)]
        up_to_sign = {max(neuron, tuple(-v for v in neuron)) for neuron in neurons}
        found |= {COINCIDE} if len(up_to_sign) < len(neurons) else set()
        found |= {CONSTANT} if not all(map(any, rows)) else set()
    return frozenset(found)
