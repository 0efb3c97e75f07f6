"""A point with integer weights on every stratum of a two-layer tanh target set.

The points of all strata of one target set have the same function: intrinsic neuron j = 0, 1, ... is
tanh((j+1) x_1 + x_2 + ... + x_d + j) with outgoing weight 1 (without its bias j where there are no hidden
biases); the constant part is tanh(1) if neurons provide it, and 1 if an output bias does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llrsym.bounds.strata_types import ACTIVE, BIASED, StratumType, TargetSet

Neuron = tuple[list[int], int, int]
"""Incoming weights, bias, outgoing weight."""
WitnessWeights = dict[str, list[list[int]] | list[int]]


def derive_witness(target_set: TargetSet, kind: StratumType) -> WitnessWeights:
    """Return integer weights of mlp(d, m, 1), by parameter name, on a stratum of this type."""
    neurons = [*_clusters(target_set, kind), *_constant_neurons(target_set, kind)]
    weights: WitnessWeights = {"W1": [w for w, _, _ in neurons]}
    if target_set.hidden_bias:
        weights["b1"] = [b for _, b, _ in neurons]
    weights["W2"] = [[a for _, _, a in neurons]]
    if target_set.output_bias:
        weights["b2"] = [1]
    return weights


def _clusters(target_set: TargetSet, kind: StratumType) -> Iterator[Neuron]:
    """Neurons with w != 0, with alternating signs; their signed outgoing weights sum to 1 or 0."""
    outgoing: list[Sequence[int]] = [_summing_to(1, size) for size in kind.groups]
    outgoing += [(0,) * size for size in kind.silent]
    outgoing += [_summing_to(0, size) for size in kind.active]
    for number, values in enumerate(outgoing):
        w = [number + 1] + [1] * (target_set.inputs - 1)
        for position, value in enumerate(values):
            sign = -1 if position % 2 else 1
            yield [sign * entry for entry in w], sign * number, sign * value


def _constant_neurons(target_set: TargetSet, kind: StratumType) -> Iterator[Neuron]:
    """Neurons with w = 0, whose sum of a tanh b is tanh(1) or 0."""
    count, w = kind.constants, [0] * target_set.inputs
    if kind.mode != ACTIVE:
        # Where the output bias absorbs nothing, null neurons have b = 0.
        bias = int(kind.mode == BIASED or target_set.output_bias)
        yield from [(w, bias, 0)] * count
    elif count == 1 and not target_set.constant_part:
        yield w, 0, 1
    else:
        total = int(target_set.constant_part)
        yield from [(w, 1, a) for a in _summing_to(total, count)]


def _summing_to(total: int, count: int) -> tuple[int, ...]:
    """Non-zero integers with this sum; a single one is the sum itself."""
    return (total + count - 1, *[-1] * (count - 1))
