"""Deep tanh networks: no parameter with the same function has a smaller rank than the theorem says."""

import random
from fractions import Fraction

import pytest

from llrsym.kernel.errors import Rejected
from llrsym.kernel.models import Layered, Weights, parameter_count, parameter_shapes
from llrsym.kernel.program import size
from llrsym.kernel.target_sets import exact_minimal_rank
from tests.kernel.representations import (
    layered,
    minor_rank,
    proved_rank,
    rank_in,
    reaches,
    same_function,
    samples_needed,
    weights,
)

Matrix = list[list[Fraction]]


def spread(source: random.Random, model: Layered, at: Weights, copies: int) -> tuple[Layered, Weights]:
    """Widen a tanh network with unequal splits, sign clones, dead neurons and pairs that cancel."""
    matrices, biases = unpacked(model, at)
    widths = list(model.widths)
    for layer in range(1, len(widths) - 1):
        for _ in range(copies):
            grow(source, matrices, biases, layer)
            widths[layer] += 1
    wide = Layered(tuple(widths), "tanh", model.biases)
    tensors: list[tuple[Fraction, ...]] = []
    for matrix, bias, has_bias in zip(matrices, biases, model.biases, strict=True):
        tensors.append(tuple(v for row in matrix for v in row))
        tensors += [tuple(bias)] if has_bias else []
    return wide, tuple(tensors)


def unpacked(model: Layered, at: Weights) -> tuple[list[Matrix], list[list[Fraction]]]:
    tensors = iter(at)
    matrices, biases = [], []
    for fan_in, fan_out, has_bias in zip(model.widths, model.widths[1:], model.biases, strict=False):
        flat = next(tensors)
        matrices.append([list(flat[i * fan_in : (i + 1) * fan_in]) for i in range(fan_out)])
        biases.append(list(next(tensors)) if has_bias else [Fraction(0)] * fan_out)
    return matrices, biases


def grow(source: random.Random, matrices: list[Matrix], biases: list[list[Fraction]], layer: int) -> None:
    """Add one neuron to a hidden layer without changing the function."""
    below, above = matrices[layer - 1], matrices[layer]
    move = source.choice(["split", "dead", "zero row"])
    j = source.randrange(len(below))
    sign = source.choice([1, -1])
    if move == "split":
        below.append([sign * v for v in below[j]])
        biases[layer - 1].append(sign * biases[layer - 1][j])
        for row in above:
            moved = Fraction(source.randint(-2, 2))
            row[j] -= moved
            row.append(sign * moved)
        return
    row = (
        [Fraction(source.randint(-1, 1)) for _ in below[j]]
        if move == "dead"
        else [Fraction(0)] * len(below[j])
    )
    below.append(row)
    biases[layer - 1].append(Fraction(0))
    for out in above:
        out.append(Fraction(source.randint(-1, 1)) if move == "zero row" else Fraction(0))


DEEP = {
    "all biases": (layered(1, 2, 2, 1), weights([1, 2], [1, 0], [1, 3, 2, -1], [0, 1], [1, 2], [1])),
    "none": (layered(2, 2, 1, 1, biases=False), weights([1, 2, 1, 1], [3, -1], [2])),
    "two outputs": (layered(1, 1, 2, 2), weights([2], [1], [1, 3], [0, 1], [1, 2, 0, 1], [1, 0])),
    "output bias": (
        layered(1, 2, 1, 1, biases=(False, False, True)),
        weights([1, 2], [3, -1], [2], [1]),
    ),
    "biases above": (
        layered(1, 2, 1, 1, biases=(False, True, True)),
        weights([1, 2], [3, -1], [1], [2], [1]),
    ),
    "hidden biases": (
        layered(1, 2, 2, 1, biases=(True, True, False)),
        weights([1, 2], [1, 0], [1, 3, 2, -1], [0, 1], [1, 2]),
    ),
    "hidden biases and a constant": (
        layered(1, 2, 2, 1, biases=(True, True, False)),
        weights([1, 2], [1, 0], [1, 3, 0, 0], [1, 2], [1, 2]),
    ),
    "hidden biases, two outputs and a constant": (
        layered(1, 1, 2, 2, biases=(True, True, False)),
        weights([1], [1], [1, 0], [1, 2], [1, 2, 3, 1]),
    ),
    "three hidden layers": (
        layered(1, 1, 2, 1, 1),
        weights([1], [1], [1, 3], [0, 1], [1, 2], [0], [2], [1]),
    ),
}


@pytest.mark.parametrize("name", DEEP)
def test_no_other_parameter_of_a_deep_network_is_better(name: str) -> None:
    source = random.Random(name)
    narrow, at = DEEP[name]
    claimed = rank_in(narrow, narrow, at)
    for _ in range(60):
        wide, parameters = spread(source, narrow, at, source.randint(1, 2))
        assert same_function((narrow, at), (wide, parameters))
        assert rank_in(wide, narrow, at) == rank_in(wide, wide, parameters) == claimed
        assert reaches(wide, parameters, claimed), (wide, parameters)


@pytest.mark.parametrize("name", ["all biases", "none", "two outputs", "biases above", "hidden biases"])
def test_the_irreducible_network_attains_it(name: str) -> None:
    narrow, at = DEEP[name]
    assert rank_in(narrow, narrow, at) == parameter_count(narrow) == proved_rank(narrow, at)


@pytest.mark.parametrize("seed", range(8))
def test_no_degenerate_parameter_beats_the_minimum_of_its_own_function(seed: int) -> None:
    source = random.Random(seed)
    decided = 0
    while decided < 8:
        hidden, outputs = source.randint(1, 2), source.randint(1, 2)
        first = source.randint(0, hidden + 1)
        closed = [layer >= first for layer in range(hidden + 1)]
        pattern = source.choice([closed, [True] * hidden + [False]])
        widths = (source.randint(1, 2), *(source.randint(1, 3) for _ in range(hidden)), outputs)
        model = layered(*widths, biases=pattern)
        shapes = parameter_shapes(model).values()
        at = weights(*([source.choice([0, 0, 1, -1, 1, 2]) for _ in range(size(s))] for s in shapes))
        try:
            exact = exact_minimal_rank(model, model, at)
        except Rejected:
            continue
        decided += 1
        rank = minor_rank(model, at)
        assert rank >= exact.rank, (model, at)
        assert samples_needed(model, at, rank) >= exact.samples_lower, (model, at)
