"""The model rank of a two-layer tanh or sigmoid net at any weights, by counting alone.

Clusters are the neurons with non-zero incoming weights, grouped by (w, b) up to a common sign. A cluster
contributes c for its values and (d + hb) times the dimension of the span of its output vectors for its
slopes; constant neurons contribute the functions x_k and, with an output bias or a non-zero value, the
constants. It extends arXiv:2406.18035, Corollary 7, to biases and vector outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Neuron:
    """Incoming weights, bias (0 when there is none) and the vector of outgoing weights."""

    w: Vector
    b: Fraction
    a: Vector

    @property
    def is_constant(self) -> bool:
        """Whether the neuron does not see the input."""
        return not any(self.w)

    @property
    def incoming(self) -> Vector:
        """w and b in one vector."""
        return (*self.w, self.b)


def tanh_rank(neurons: Sequence[Neuron], d: int, c: int, hidden_bias: bool, output_bias: bool) -> int:
    """Return the rank for tanh."""
    reached = any(n.is_constant and n.b for n in neurons)
    return _rank(neurons, d, c, hidden_bias, output_bias or reached)


def sigmoid_rank(neurons: Sequence[Neuron], d: int, c: int, hidden_bias: bool, output_bias: bool) -> int:
    """Return the rank for sigmoid, for which sigma(0) is not 0 and sigma(z) + sigma(-z) = 1."""
    reached = any(n.is_constant for n in neurons)
    both_signs = any(tuple(-v for v in n.incoming) == m.incoming for n in neurons for m in neurons)
    return _rank(neurons, d, c, hidden_bias, output_bias or reached or both_signs)


def _rank(neurons: Sequence[Neuron], d: int, c: int, hidden_bias: bool, constants: bool) -> int:
    clusters: dict[Vector, list[Vector]] = {}
    for neuron in neurons:
        if not neuron.is_constant:
            opposite = tuple(-v for v in neuron.incoming)
            clusters.setdefault(max(neuron.incoming, opposite), []).append(neuron.a)
    slopes = sum(c + (d + hidden_bias) * _span(vectors) for vectors in clusters.values())
    still = _span([n.a for n in neurons if n.is_constant])
    return slopes + d * still + (c if constants else still * hidden_bias)


def _span(vectors: Sequence[Vector]) -> int:
    if not vectors:
        return 0
    return flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in row] for row in vectors]).rank()
