"""Minimal ranks of convolutional targets, against all representations with small kernels and exact ranks."""

import random
from collections.abc import Iterator
from itertools import combinations_with_replacement, permutations, product

import flint
import pytest

from llrsym.kernel.errors import Rejected
from llrsym.kernel.models import Convolution, Layered, Weights, parameter_shapes
from llrsym.kernel.program import size
from llrsym.kernel.target_sets import exact_minimal_rank
from llrsym.kernel.two_layer import Inexpressible
from tests.kernel.representations import layered, proved_rank, rank_in, reaches, weights

Kernel = tuple[tuple[int, ...], int]
"""Weights and bias."""
Padded = tuple[tuple[int, ...], int]


def conv(
    input: tuple[int, ...],
    kernel: tuple[int, ...],
    channels: int,
    *,
    shared: bool = True,
    hidden: bool = False,
    output: bool = False,
) -> Convolution:
    return Convolution(input, kernel, channels, "tanh", shared, hidden, output, 1)


# All representations in one dimension


def kernels(pixels: int, hidden: bool) -> list[Kernel]:
    """All kernels of 0 and +-1 up to sign, and zero without a bias."""
    nonzero = [k for k in product((-1, 0, 1), repeat=pixels) if k > (0,) * pixels]
    return [((0,) * pixels, 0), *((k, b) for k in nonzero for b in ((0, 1, -1) if hidden else (0,)))]


def padded(kernel: Kernel, place: int, inputs: int) -> Padded:
    w, b = kernel
    return (0,) * place + w + (0,) * (inputs - place - len(w)), b


def read_outs(
    groups: dict[Padded, int], target: dict[Padded, int]
) -> Iterator[dict[Padded, tuple[int, ...]]]:
    """All read-outs by padded neuron out of few numbers whose sums are those of the target."""
    choices = []
    for neuron, count in groups.items():
        if not any(neuron[0]):
            choices.append([(0,) * count])
            continue
        total = target.get(neuron, 0)
        free = product(sorted({0, 1, total}), repeat=count - 1)
        choices.append([(*part, total - sum(part)) for part in free])
    for chosen in product(*choices):
        yield dict(zip(groups, chosen, strict=True))


def rank_by_formula(chosen: tuple[Kernel, ...], inputs: int, hidden: bool, a: dict[Padded, list[int]]) -> int:
    """N_P + rank D, with a row of D for every kernel entry and bias (docs/theory/two-layer-tanh)."""
    pixels = len(chosen[0][0])
    neurons = {p: n for n, p in enumerate(p for p in a if any(p[0]))}
    width = inputs + 1
    rows = []
    for kernel in chosen:
        entries = [[0] * (width * len(neurons)) for _ in range(pixels + hidden)]
        for place in range(inputs + 1 - pixels):
            key = padded(kernel, place, inputs)
            value = a[key].pop(0)
            if any(key[0]):
                for s in range(pixels):
                    entries[s][neurons[key] * width + place + s] += value
                if hidden:
                    entries[pixels][neurons[key] * width + inputs] += value
        rows += entries
    return len(neurons) + (int(flint.fmpz_mat(rows).rank()) if neurons else 0)


def best_rank(wide: Convolution, target: dict[Padded, int]) -> int | None:
    """The least rank over all representations by these kernels; None if there is none."""
    (inputs,), (pixels,) = wide.input, wide.kernel
    best: int | None = None
    for chosen in combinations_with_replacement(kernels(pixels, wide.hidden_bias), wide.channels):
        groups: dict[Padded, int] = {}
        for kernel in chosen:
            for place in range(inputs + 1 - pixels):
                key = padded(kernel, place, inputs)
                groups[key] = groups.get(key, 0) + 1
        if not set(target) <= set(groups):
            continue
        for a in read_outs(groups, target):
            stacks = {key: list(values) for key, values in a.items()}
            rank = rank_by_formula(chosen, inputs, wide.hidden_bias, stacks)
            best = rank if best is None else min(best, rank)
    return best


CASES = [
    (3, 2, 1, False), (3, 2, 2, False), (3, 2, 3, False), (4, 2, 2, False), (4, 3, 1, False),
    (4, 3, 2, False), (3, 3, 2, False), (3, 1, 2, False), (1, 1, 1, False), (5, 2, 2, False),
    (3, 2, 2, True), (4, 2, 1, True),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_representation_with_small_kernels_is_better_and_one_is_as_good(
    case: tuple[int, int, int, bool],
) -> None:
    inputs, pixels, channels, hidden = case
    wide, source = conv((inputs,), (pixels,), channels, hidden=hidden), random.Random(str(case))
    outcomes = set()
    for _ in range(12):
        chosen = [source.choice(kernels(pixels, hidden)) for _ in range(source.randint(1, channels + 1))]
        places = [source.randint(0, inputs - pixels) for _ in chosen]
        target = {padded(k, p, inputs): source.choice([1, 2]) for k, p in zip(chosen, places, strict=True)}
        target = {p: c for p, c in target.items() if any(p[0])} or {
            padded(kernels(pixels, False)[1], 0, inputs): 1
        }
        model = layered(inputs, len(target), 1, biases=(hidden, False))
        tensors = [[v for w, _ in target for v in w], *([[b for _, b in target]] if hidden else [])]
        at = weights(*tensors, list(target.values()))
        best = best_rank(wide, target)
        outcomes.add(best)
        if best is None:
            with pytest.raises(Inexpressible):
                rank_in(wide, model, at)
        else:
            assert rank_in(wide, model, at) == best, target
    assert outcomes != {None}


# Exact ranks of parameters

ATTAINED: dict[str, tuple[Convolution, Weights]] = {
    "shifts of one kernel": (conv((3,), (2,), 2), weights([1, 0, 0, 1], [2, 3, 0, 7])),
    "a dead position": (conv((4,), (2,), 1), weights([1, 2], [1, 0, 3])),
    "a dead channel": (conv((4,), (2,), 2), weights([1, 2, 0, 0], [1, 2, 3, 0, 0, 0])),
    "one position": (conv((3,), (3,), 2), weights([1, 2, 0, 0, 0, 0], [5, 0])),
    "one input": (conv((1,), (1,), 1), weights([2], [3])),
    "one pixel": (
        conv((4,), (1,), 2, hidden=True, output=True),
        weights([1, 0], [2, 0], [1] * 4 + [0] * 4, [1]),
    ),
    "biases": (conv((4,), (2,), 1, hidden=True), weights([1, 2], [1], [1, 2, 3])),
    "output bias": (conv((4,), (2,), 1, output=True), weights([1, 2], [1, 2, 3], [0])),
    "a constant kernel": (
        conv((4,), (2,), 2, hidden=True),
        weights([1, 2, 0, 0], [1, 2], [1, 2, 3, 0, 4, 0]),
    ),
    "two dimensions": (conv((2, 3), (2, 2), 1), weights([1, 2, 3, 4], [1, 2])),
    "a column in two dimensions": (
        conv((2, 3), (2, 2), 2),
        weights([1, 0, 3, 0, 0, 0, 0, 0], [1, 2, 0, 0]),
    ),
    "a rectangular kernel": (conv((3, 3), (1, 2), 1, hidden=True), weights([1, -2], [1], [1, 0, 2, 3, 1, 1])),
    "three dimensions": (conv((2, 2, 2), (1, 2, 1), 1), weights([1, -2], [1, 2, 0, 3])),
    "zero": (conv((3,), (2,), 1), weights([0, 0], [0, 0])),
    "no sharing": (conv((4,), (2,), 1, shared=False), weights([1, 2, 0, 0, 3, 1], [1, 0, 2])),
    "no sharing, coincident neurons": (
        conv((3,), (2,), 1, shared=False),
        weights([0, 1, 0, 0], [2, 0]),
    ),
    "no sharing, biases": (
        conv((3,), (2,), 1, shared=False, hidden=True, output=True),
        weights([1, 2, 1, 2], [1, 1], [2, 3], [1]),
    ),
    "no sharing, a constant kernel": (
        conv((3,), (2,), 1, shared=False, hidden=True),
        weights([1, 2, 0, 0], [1, 1], [2, 3]),
    ),
}


@pytest.mark.parametrize("name", ATTAINED)
def test_the_minimum_is_attained(name: str) -> None:
    wide, at = ATTAINED[name]
    assert rank_in(wide, wide, at) == proved_rank(wide, at)


@pytest.mark.parametrize("shared", [True, False])
def test_no_parameter_has_a_smaller_rank_than_its_own_function_allows(shared: bool) -> None:
    source = random.Random(shared)
    for _ in range(250):
        dimensions = source.randint(1, 2)
        kernel = tuple(source.randint(1, 2) for _ in range(dimensions))
        input = tuple(s + source.randint(0, 2) for s in kernel)
        hidden, output = source.choice([(False, False), (True, False), (True, True), (False, True)])
        model = conv(input, kernel, source.randint(1, 2), shared=shared, hidden=hidden, output=output)
        shapes = parameter_shapes(model)
        at = weights(*([source.choice([0, 0, 1, -1, 2]) for _ in range(size(s))] for s in shapes.values()))
        exact = rank_in(model, model, at)
        assert reaches(model, at, exact), (model, at)
        flat = Layered((size(input), model.channels * size(model.positions), 1), "tanh", (hidden, output))
        assert rank_in(flat, model, at) >= rank_in(
            conv(input, kernel, 9, shared=False, hidden=hidden, output=output), model, at
        )


def test_known_values() -> None:
    image, kernel = (28, 28), (3, 3)
    target = conv(image, kernel, 1)
    assert rank_in(conv(image, kernel, 4), target, None) == 685
    assert rank_in(conv(image, kernel, 4, shared=False), target, None) == 6760
    assert rank_in(layered(784, 700, 1, biases=False), target, None) == 530660
    shifts = conv((3,), (2,), 2)
    assert rank_in(shifts, shifts, weights([1, 0, 0, 1], [2, 3, 5, 7])) == 7


# Placement without sharing


def fits_by_search(supports: list[tuple[int, int]], inputs: int, pixels: int, channels: int) -> bool:
    """Whether neurons on intervals [first, last] can take different windows, by trying all orders."""
    windows = [p for p in range(inputs + 1 - pixels) for _ in range(channels)]
    if len(supports) > len(windows):
        return False
    return any(
        all(p <= first and last < p + pixels for p, (first, last) in zip(order, supports, strict=True))
        for order in set(permutations(windows, len(supports)))
    )


@pytest.mark.parametrize("seed", range(40))
def test_neurons_without_sharing_fit_if_and_only_if_some_assignment_exists(seed: int) -> None:
    source = random.Random(seed)
    inputs, pixels, channels = source.choice([(4, 2, 1), (5, 3, 1), (4, 3, 2), (4, 2, 2), (6, 3, 1)])
    wide = conv((inputs,), (pixels,), channels, shared=False)
    drawn = []
    for _ in range(source.randint(1, 5)):
        extent = source.randint(1, pixels)
        first = source.randint(0, inputs - extent)
        row = [0] * inputs
        row[first], row[first + extent - 1] = source.randint(2, 9), source.randint(1, 99)
        drawn.append(tuple(row))
    rows = list(dict.fromkeys(drawn))
    supports = [(min(k for k, v in enumerate(r) if v), max(k for k, v in enumerate(r) if v)) for r in rows]
    target = layered(inputs, len(rows), 1, biases=False)
    at = weights([v for row in rows for v in row], [1] * len(rows))
    if fits_by_search(supports, inputs, pixels, channels):
        assert rank_in(wide, target, at) == len(rows) * (1 + pixels)
    else:
        with pytest.raises(Inexpressible):
            rank_in(wide, target, at)


NEEDS_MORE: dict[str, tuple[Convolution, Convolution | Layered, Weights | None]] = {
    "too few channels": (conv((4,), (2,), 1), conv((4,), (2,), 2), None),
    "no channel for the constant": (
        conv((4,), (2,), 1, hidden=True),
        conv((4,), (2,), 1, hidden=True, output=True),
        None,
    ),
    "a wider kernel": (conv((4,), (2,), 3), conv((4,), (3,), 1), None),
    "a row that no kernel holds": (conv((4,), (2,), 9), layered(4, 1, 1, biases=False), None),
    "kernels that are not shared": (conv((4,), (2,), 2), conv((4,), (2,), 1, shared=False), None),
    "no room without sharing": (conv((4,), (2,), 1, shared=False), conv((4,), (2,), 2), None),
    "no room for a constant without sharing": (
        conv((4,), (2,), 1, shared=False, hidden=True),
        conv((4,), (2,), 1, hidden=True, output=True),
        None,
    ),
    "hidden biases": (conv((4,), (2,), 1), conv((4,), (2,), 1, hidden=True), None),
    "an output bias": (conv((4,), (2,), 2), conv((4,), (2,), 1, output=True), None),
}


@pytest.mark.parametrize("name", NEEDS_MORE)
def test_no_number_for_what_cannot_be_expressed(name: str) -> None:
    with pytest.raises(Inexpressible):
        exact_minimal_rank(*NEEDS_MORE[name])


def test_too_many_ways_are_refused_in_time() -> None:
    pixel = weights([1] + [0] * 39, [1])
    target = layered(40, 1, 1, biases=False)
    for wide in (conv((40,), (30,), 2), conv((3_000_000,), (2,), 1)):
        own = target if wide.input == (40,) else conv((3_000_000,), (2,), 1)
        with pytest.raises(Rejected, match="limit"):
            exact_minimal_rank(wide, own, pixel if own is target else None)
