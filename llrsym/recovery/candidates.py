"""Candidates for sample points: those of a user, or a space-filling set with short coordinates.

Generated coordinates are dyadic with few bits, so that certificates stay small; on the sphere they are
rational, and the points lie on it exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.recovery.data import Data, read_data
from llrsym.recovery.data_files import is_number

Point = tuple[Fraction, ...]
Box = tuple[tuple[Fraction, Fraction], ...]
DISTRIBUTIONS = ("uniform", "normal", "sphere")
CUBE = (Fraction(-1), Fraction(1))
BITS = 12
"""A side of a box has about 2^BITS different coordinates."""
MAX_INPUTS = 21_201
"""Sobol points have no more coordinates than this."""


@dataclass(frozen=True)
class Pool:
    """Candidates and where they come from."""

    data: Data
    description: str


def read_pool(network: Network, candidates: object, columns: str | Sequence[str] | None) -> Pool:
    """Return the different points of a table of candidates; raises ``BadInput`` as ``read_data`` does."""
    data = read_data(candidates, network, columns=columns)
    first: dict[Point, int] = {}
    for position, point in enumerate(data.points):
        first.setdefault(point, position)
    source = candidates if isinstance(candidates, str | Path) else "the given points"
    return Pool(data.subset(tuple(first.values())), f"{len(first)} different candidates of {source}")


def draw_pool(network: Network, box: object, distribution: str | None, size: int, seed: int) -> Pool:
    """Return about ``size`` space-filling points of a box or a distribution, rounded to short coordinates.

    Without a box and a distribution the box is the cube [-1, 1]^d. Raises ``BadInput`` for a box that does
    not fit and for an unknown distribution.
    """
    if distribution not in (None, *DISTRIBUTIONS):
        raise BadInput(
            f"sample: there is no distribution {shown(distribution)}; choose {', '.join(DISTRIBUTIONS)}"
        )
    if box is not None and distribution not in (None, "uniform"):
        raise BadInput(
            f"sample: a box cannot be combined with the distribution {distribution}; give one of them"
        )
    inputs = network.inputs
    if inputs > MAX_INPUTS:
        raise BadInput(f"sample: {inputs} inputs are too many to draw points; give candidates")
    uniform = _space_filling(inputs, size, seed)
    match distribution:
        case "normal":
            points, said = _normal(uniform), "normally distributed points"
        case "sphere":
            points, said = _on_sphere(uniform), "points of the unit sphere"
        case _:
            sides = read_box(box, inputs)
            points, said = _in_box(uniform, sides), f"points of {_shown_box(sides)}"
    different = tuple(dict.fromkeys(points))
    names = tuple(f"x{k + 1}" for k in range(inputs))
    data = Data(different, names, tuple(range(1, len(different) + 1)))
    return Pool(data, f"{len(different)} space-filling {said}")


def read_box(box: object, inputs: int) -> Box:
    """Return the sides of a box, one (least, greatest) for each input.

    ``box`` is None for [-1, 1]^d, a pair of numbers for all inputs, a list of pairs, the text ``"-1,1"`` or
    ``"-1,1;0,2"``, or a table with two columns and one row for each input. Raises ``BadInput``.

    >>> [[str(v) for v in side] for side in read_box("-1,1/2", 2)]
    [['-1', '1/2'], ['-1', '1/2']]
    """
    if box is None:
        return (CUBE,) * inputs
    if isinstance(box, str) and not Path(box).suffix[1:2].isalpha():
        box = [[_number(part) for part in side.split(",")] for side in box.split(";")]
    if isinstance(box, list | tuple) and box and not hasattr(box[0], "__len__"):
        box = [box]
    try:
        rows = read_data(box).points
    except BadInput as error:
        raise BadInput(f"box: {str(error).removeprefix('data: ')}") from error
    if len(rows) not in (1, inputs) or any(len(row) != 2 for row in rows):
        raise BadInput(
            f"box: expected one pair of numbers or {inputs}, got {len(rows)} rows of {len(rows[0])}; "
            'write for example "-1,1"'
        )
    for low, high in rows:
        if low > high:
            raise BadInput(f"box: the side from {low} to {high} is empty; give the lesser number first")
    sides = tuple((row[0], row[1]) for row in rows)
    return sides * inputs if len(sides) == 1 else sides


def _number(text: str) -> str:
    if not is_number(text.strip()):
        raise BadInput(f'box: {shown(text)} is no number; write for example "-1,1"')
    return text.strip()


def _shown_box(sides: Box) -> str:
    if len(set(sides)) == 1:
        low, high = sides[0]
        return (
            f"the interval [{low}, {high}]" if len(sides) == 1 else f"the cube [{low}, {high}]^{len(sides)}"
        )
    return f"a box with {len(sides)} sides"


def _space_filling(inputs: int, size: int, seed: int) -> NDArray[np.float64]:
    """Scrambled Sobol points in the open unit cube; their number is a power of two, as they require."""
    from scipy.stats import qmc

    points: NDArray[np.float64] = qmc.Sobol(inputs, seed=seed).random_base2(ceil(np.log2(max(2, size))))
    return np.clip(points, 2.0**-40, 1 - 2.0**-40)


def _in_box(uniform: NDArray[np.float64], sides: Box) -> Iterator[Point]:
    steps = [_step(high - low) for low, high in sides]
    for row in uniform.tolist():
        yield tuple(
            _rounded(low + Fraction(u) * (high - low), step, low, high)
            for u, (low, high), step in zip(row, sides, steps, strict=True)
        )


def _step(width: Fraction) -> Fraction:
    """The largest power of two that is at most width / 2^BITS."""
    if not width:
        return Fraction(1)
    exponent = width.numerator.bit_length() - width.denominator.bit_length()
    return Fraction(2) ** (exponent - 1 - BITS)


def _rounded(value: Fraction, step: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """The closest multiple of the step inside the side; the side itself if it is a single number."""
    if low == high:
        return low
    return min(max(round(value / step), ceil(low / step)), floor(high / step)) * step


def _normal(uniform: NDArray[np.float64]) -> Iterator[Point]:
    from scipy.stats import norm

    unit = 1 << (BITS - 2)
    for row in norm.ppf(uniform).tolist():
        yield tuple(Fraction(round(v * unit), unit) for v in row)


def _on_sphere(uniform: NDArray[np.float64]) -> Iterator[Point]:
    """Rational points: the stereographic projection takes dyadic points of space to the sphere."""
    from scipy.stats import norm

    unit = 1 << (BITS - 2)
    for row in norm.ppf(uniform).tolist():
        length = float(np.linalg.norm(row))
        if not isfinite(length) or length == 0:
            continue
        *rest, last = (v / length for v in row)
        plane = [Fraction(round(v / (1 + abs(last)) * unit), unit) for v in rest]
        square = sum((v * v for v in plane), Fraction(0))
        pole = (1 - square) / (1 + square)
        yield (*(2 * v / (1 + square) for v in plane), pole if last >= 0 else -pole)
