"""Targets with small integer weights at which a formula is likely to fail, simplest first.

Kernels that are shifts of one another through a zero border, parallel, opposite or equal up to order,
zero kernels (constant parts), dead positions, read-out weights that cancel, equal and zero biases.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, count, islice, product

from llrsym.kernel.models import (
    Convolution,
    Diagonal,
    Factorization,
    Layered,
    Model,
    Weights,
    parameter_shapes,
)
from llrsym.kernel.program import size

Rows = list[list[int]]
FULL_MASKS = 4
"""Up to this many read-out weights every choice of zeros is tried, beyond it only a few."""


def special_targets(model: Model) -> Iterator[Weights]:
    """Yield weights of the model, in an order that never changes; some describe the same function.

    >>> from llrsym.kernel.models import Diagonal
    >>> [[str(v) for v in weights[0]] for weights in special_targets(Diagonal(2, 1))]
    [['1', '1'], ['1', '0'], ['0', '1'], ['0', '0']]
    """
    match model:
        case Convolution():
            yield from _convolutions(model)
        case Layered():
            yield from _layered(model)
        case Diagonal():
            for mask in sorted(product((1, 0), repeat=model.size), key=lambda mask: mask.count(0)):
                yield (_exact([*mask, *[1] * (model.size * (model.depth - 1))]),)
        case Factorization():
            for left in _matrices(model.rows, model.inner):
                for right in _matrices(model.inner, model.cols):
                    yield _exact(_flat(left)), _exact(_flat(right))


def _exact(numbers: Sequence[int]) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, numbers))


def _flat(rows: Rows) -> list[int]:
    return [value for row in rows for value in row]


def _convolutions(model: Convolution) -> Iterator[Weights]:
    positions = size(model.positions)
    own = 1 if model.shared else positions
    biases = list(reversed(_biases(model.channels, model.hidden_bias)))
    none = [0] * model.outputs * model.output_bias
    constants = [(bias, none) for bias in biases] + [(biases[0], [1] * model.outputs)] * model.output_bias
    for kernels in _kernels(model.kernel, model.channels):
        K = [v for kernel in kernels for _ in range(own) for v in kernel]
        for read_out in _read_outs(model.outputs * model.channels * positions):
            for bias, constant in constants:
                b = [v for v in bias for _ in range(own)]
                tensors = [K, b, read_out, constant]
                yield tuple(_exact(tensor) for tensor in tensors if tensor)


def _biases(neurons: int, has_bias: bool) -> list[list[int]]:
    """Distinct, equal and zero biases."""
    return [list(range(1, neurons + 1)), [1] * neurons, [0] * neurons] if has_bias else [[]]


def _kernels(shape: tuple[int, ...], channels: int) -> Iterator[Rows]:
    pixels = size(shape)
    yield _generic(channels, pixels)
    for block in range(1, min(pixels, 2) + 1):
        # The pattern (1) or (1, 2) at different places of the window, then with other factors and signs.
        for places in combinations(range(pixels + 1 - block), channels):
            yield [_placed(pixels, place, range(1, block + 1)) for place in places]
            signs = [(-1) ** c for c in range(channels)]
            yield [
                [s * v for v in _placed(pixels, p, range(1, block + 1))]
                for p, s in zip(places, signs, strict=True)
            ]
    for places in combinations_with_replacement(range(pixels), channels):
        yield [_placed(pixels, place, [c + 1]) for c, place in enumerate(places)]
    yield from _related_rows(channels, pixels)


def _placed(length: int, place: int, values: Sequence[int]) -> list[int]:
    return [values[i - place] if 0 <= i - place < len(values) else 0 for i in range(length)]


def _generic(rows: int, columns: int) -> Rows:
    """Positive and pairwise independent rows (with one column: different numbers)."""
    return [[(i + 1) ** j + i * j * j for j in range(1, columns + 1)] for i in range(rows)]


def _related_rows(rows: int, columns: int) -> Iterator[Rows]:
    """Parallel, opposite, equal up to order, sparse, and zero rows."""
    base = list(range(1, columns + 1))
    yield [[(i + 1) * v for v in base] for i in range(rows)]
    yield [[(-1) ** i * (i // 2 + 1) * v for v in base] for i in range(rows)]
    yield [base[i % columns :] + base[: i % columns] for i in range(rows)]
    yield [[int(i % columns == j) * (i // columns + 1) for j in range(columns)] for i in range(rows)]
    yield [[0] * columns, *_generic(rows, columns)[1:]]


def _primes() -> Iterator[int]:
    return (n for n in count(2) if all(n % p for p in range(2, n)))


def _read_outs(length: int) -> Iterator[list[int]]:
    """Different primes with chosen zeros, equal numbers, alternating signs."""
    primes = list(islice(_primes(), length))
    zeros = range(length if length <= FULL_MASKS else 1)
    for missing in zeros:
        for dead in combinations(range(length), missing):
            yield [0 if n in dead else p for n, p in enumerate(primes)]
    if length > FULL_MASKS:
        yield [0, *primes[1:]]
        yield [*primes[:-1], 0]
        yield [p * (i % 2) for i, p in enumerate(primes)]
    yield [1] * length
    yield [(-1) ** i for i in range(length)]


def _layered(model: Layered) -> Iterator[Weights]:
    """Two layers: every combination of forms. More: one layer after the other is special."""
    forms = [_forms(model, layer) for layer in range(1, len(model.widths))]
    if len(forms) <= 2:
        for chosen in product(*forms):
            yield tuple(_exact(tensor) for layer in chosen for tensor in layer)
        return
    plain = [layer[0] for layer in forms]
    for position, layer in enumerate(forms):
        for special in layer[bool(position) :]:
            chosen_layers = [*plain[:position], special, *plain[position + 1 :]]
            yield tuple(_exact(tensor) for form in chosen_layers for tensor in form)


def _forms(model: Layered, layer: int) -> list[list[list[int]]]:
    """Weights and biases of one layer; the first form is generic."""
    rows, columns, has_bias = model.widths[layer], model.widths[layer - 1], model.biases[layer - 1]
    last = layer == len(model.widths) - 1
    matrices = (
        [[read_out] for read_out in _read_outs(columns)] if rows == 1 and last else _matrices(rows, columns)
    )
    return [
        [tensor for tensor in (_flat(matrix), bias) if tensor]
        for matrix in matrices
        for bias in _biases(rows, has_bias)
    ]


def _matrices(rows: int, columns: int) -> list[Rows]:
    return [_generic(rows, columns), *_related_rows(rows, columns)]


def as_arrays(model: Model, weights: Weights) -> dict[str, object]:
    """Return weights as nested lists by name; a number that is no integer is text ``p/q``."""
    named = zip(parameter_shapes(model).items(), weights, strict=True)
    return {name: _nested([_number(v) for v in flat], shape) for (name, shape), flat in named}


def _number(value: Fraction) -> int | str:
    return int(value) if value.denominator == 1 else str(value)


def _nested(flat: Sequence[object], shape: tuple[int, ...]) -> object:
    if len(shape) <= 1:
        return list(flat)
    step = size(shape[1:])
    return [_nested(flat[k : k + step], shape[1:]) for k in range(0, len(flat), step)]
