"""The sizes at which a formula is tested: a case is a wide network and a target network."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from llrsym.kernel.models import (
    Convolution,
    Diagonal,
    Factorization,
    Layered,
    Model,
    parameter_count,
)
from llrsym.kernel.program import size

MAX_CASES = 100
LONGEST = {1: 5, 2: 4}
"""Longest input, by the number of axes, of the convolutions that are searched; 3 for more axes."""
MOST_KERNELS, MOST_NEURONS, LONGEST_INPUT, LARGEST_MATRIX = 2, 3, 3, 3


@dataclass(frozen=True, slots=True)
class Case:
    """A wide network and a target network."""

    wide: Model
    target: Model


def smaller_cases(case: Case) -> list[Case]:
    """Return cases of the same kind whose sizes are at most those of the case, smallest first.

    Beyond small limits sizes are not searched. The wide network has as many neurons as the target, or one
    more where the case has more.
    """
    cases = list(dict.fromkeys(_cases(case)))
    return sorted(cases, key=lambda c: (parameter_count(c.wide), parameter_count(c.target)))[:MAX_CASES]


def _cases(case: Case) -> Iterator[Case]:
    match case.wide, case.target:
        case Convolution() | Layered() as wide, Convolution() as target:
            yield from _convolution_cases(wide, target)
        case Layered() as wide, Layered() as target:
            yield from _layered_cases(wide, target)
        case Factorization() as wide, Factorization() as target:
            for rows, cols in product(_up_to(target.rows), _up_to(target.cols)):
                for inner, extra in product(_up_to(target.inner), _slack(wide.inner, target.inner)):
                    yield Case(Factorization(rows, inner + extra, cols), Factorization(rows, inner, cols))
        case Diagonal() as wide, Diagonal() as target:
            for inputs in range(1, min(target.size, LONGEST_INPUT) + 1):
                yield Case(replace(wide, size=inputs), replace(target, size=inputs))
        case _:
            yield case


def _up_to(length: int, most: int = LARGEST_MATRIX) -> range:
    return range(1, min(length, most) + 1)


def _slack(wide: int, target: int) -> range:
    """No spare neuron, or one if the network has one."""
    return range(2 if wide > target else 1)


def _convolution_cases(wide: Convolution | Layered, target: Convolution) -> Iterator[Case]:
    for grid, kernel in _shapes(target.input, target.kernel):
        for channels in _up_to(target.channels, MOST_KERNELS):
            narrow = replace(target, input=grid, kernel=kernel, channels=channels)
            if isinstance(wide, Convolution):
                for extra in _slack(wide.channels, target.channels):
                    net = replace(wide, input=grid, kernel=kernel, channels=channels + extra)
                    yield Case(net, narrow)
                continue
            for extra in _slack(wide.widths[1], target.channels * size(target.positions)):
                neurons = channels * size(narrow.positions) + extra
                yield Case(replace(wide, widths=(size(grid), neurons, wide.widths[2])), narrow)


def _shapes(
    grid: tuple[int, ...], kernel: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Smaller inputs and kernels; axes of equal length stay equal."""
    longest = LONGEST.get(len(grid), 3)
    square = len(set(grid)) == len(set(kernel)) == 1
    if square:
        for d in _up_to(grid[0], longest):
            for s in _up_to(min(kernel[0], d), longest):
                yield (d,) * len(grid), (s,) * len(grid)
        return
    for lengths in product(*(_up_to(d, longest) for d in grid)):
        for own in product(*(_up_to(min(s, d), longest) for s, d in zip(kernel, lengths, strict=True))):
            yield lengths, own


def _layered_cases(wide: Layered, target: Layered) -> Iterator[Case]:
    most = MOST_NEURONS if len(target.widths) == 3 else 2
    ends = product(_up_to(target.widths[0]), _up_to(target.widths[-1], 2))
    for inputs, outputs in ends:
        for hidden in product(*(_up_to(width, most) for width in target.widths[1:-1])):
            for spare in _spare(wide, target):
                own = tuple(width + extra for width, extra in zip(hidden, spare, strict=True))
                net = replace(wide, widths=(inputs, *own, outputs))
                yield Case(net, replace(target, widths=(inputs, *hidden, outputs)))


def _spare(wide: Layered, target: Layered) -> list[tuple[int, ...]]:
    """No spare neurons, or one in every layer that has some."""
    layers = zip(wide.widths[1:-1], target.widths[1:-1], strict=True)
    most = tuple(int(own > needed) for own, needed in layers)
    return list(dict.fromkeys([tuple(0 for _ in most), most]))
