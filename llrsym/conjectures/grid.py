"""Grids of named sizes: those that are asked for, larger ones, and degenerate ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from llrsym.conjectures.expressions import SizeFormula
from llrsym.errors import BadInput, shown

MAX_POINTS = 2000
LARGEST_SIZE = 10**9
Point = dict[str, int]
_RANGE = re.compile(r"(?P<first>\d{1,9})\s*\.\.\s*(?P<last>\d{1,9})|(?P<single>\d{1,9})")


@dataclass(frozen=True)
class Grid:
    """Values of named sizes and a condition: its points are the combinations that fulfil the condition.

    Raises ``BadInput`` for names that are no identifiers, values that are no integers, a condition with
    other names, and a grid with no point or with too many.

    >>> grid = Grid.of({"s": [1, 2], "d": range(1, 4)}, "s <= d")
    >>> len(grid.points), grid.points[-1]
    (5, {'s': 2, 'd': 3})
    """

    sizes: Mapping[str, tuple[int, ...]]
    where: str | None = None

    @classmethod
    def of(cls, sizes: Mapping[str, Iterable[int]], where: str | None = None) -> Grid:
        """Return the grid with these values, each taken once, in increasing order."""
        return cls({name: _values(name, values) for name, values in sizes.items()}, where)

    def __post_init__(self) -> None:
        if not self.sizes:
            raise BadInput('sizes: there are none; give at least one, as in "k=1..5,d=1..4"')
        if self.where is not None:
            check_names("where", SizeFormula(self.where), self.sizes)
        if prod(map(len, self.sizes.values())) > MAX_POINTS:
            raise BadInput(f"sizes: the grid has more than {MAX_POINTS} points; take fewer values")
        if not self.points:
            raise BadInput("where: no sizes of the grid fulfil it; widen the sizes or the condition")

    @property
    def points(self) -> list[Point]:
        """The combinations that fulfil the condition."""
        return self._allowed(self.sizes)

    @property
    def larger(self) -> list[Point]:
        """Points beyond the largest values: one size, all sizes, and all sizes but one beyond."""
        beyond = {name: _next(values) for name, values in self.sizes.items()}
        top = {name: values[-1] for name, values in self.sizes.items()}
        middle = {name: values[len(values) // 2] for name, values in self.sizes.items()}
        found = [beyond]
        for name in self.sizes:
            found += [own | {name: beyond[name]} for own in (top, middle)]
            found += [beyond | {name: own[name]} for own in (top, middle)]
        return self._new(found)

    @property
    def degenerate(self) -> list[Point]:
        """Points outside the grid with sizes 1, and with one size far beyond small others."""
        low = {name: values[0] for name, values in self.sizes.items()}
        top = {name: values[-1] for name, values in self.sizes.items()}
        found = [dict.fromkeys(self.sizes, 1)]
        for name, values in self.sizes.items():
            found += [own | {name: 1} for own in (low, top)]
            found.append(low | {name: _far(values)})
        return self._new(found)

    def _new(self, found: Iterable[Point]) -> list[Point]:
        """Those that fulfil the condition and are not in the grid, each once."""
        known = [tuple(point.values()) for point in self.points]
        names = tuple(self.sizes)
        unique = dict.fromkeys(tuple(point[name] for name in names) for point in found)
        points = [dict(zip(names, values, strict=True)) for values in unique if values not in known]
        return [point for point in points if self._is_allowed(point)]

    def _is_allowed(self, point: Point) -> bool:
        """Whether the condition holds; beyond the grid it need not have a meaning."""
        try:
            return self._holds(point)
        except BadInput:
            return False

    def _allowed(self, sizes: Mapping[str, tuple[int, ...]]) -> list[Point]:
        combinations = (dict(zip(sizes, values, strict=True)) for values in product(*sizes.values()))
        return [point for point in combinations if self._holds(point)]

    def _holds(self, point: Point) -> bool:
        return self.where is None or SizeFormula(self.where).holds(point)


def read_sizes(text: str) -> dict[str, tuple[int, ...]]:
    """Return the values of the sizes that a text such as ``k=1..5,d=2`` names.

    Raises ``BadInput`` for other texts.

    >>> read_sizes("k=1..3,d=2")
    {'k': (1, 2, 3), 'd': (2,)}
    """
    sizes: dict[str, tuple[int, ...]] = {}
    for part in text.split(","):
        name, _, values = (piece.strip() for piece in part.partition("="))
        found = _RANGE.fullmatch(values)
        if found is None or not name.isidentifier():
            raise BadInput(f'sizes: {shown(part.strip())} is not like k=1..5; write "k=1..5,d=1..4"')
        if name in sizes:
            raise BadInput(f"sizes: {name} occurs twice; give every size once")
        first = int(found["single"] or found["first"])
        last = int(found["single"] or found["last"])
        if last < first:
            raise BadInput(f"sizes: {shown(part.strip())} is empty; begin with the smaller number")
        sizes[name] = tuple(range(first, min(last, first + MAX_POINTS) + 1))
    return sizes


def check_names(what: str, formula: SizeFormula, sizes: Mapping[str, object]) -> None:
    """Raise ``BadInput`` if a formula has names that are no sizes."""
    unknown = ", ".join(sorted(formula.names - sizes.keys()))
    if unknown:
        raise BadInput(
            f"{what}: {unknown} in {shown(formula.text)} is not one of the sizes; use {', '.join(sizes)}"
        )


def _values(name: object, values: Iterable[int]) -> tuple[int, ...]:
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        raise BadInput(f"sizes: {shown(name)} is no name; use letters and digits")
    given = list(_first(values))
    if not given or any(type(value) is not int or not 0 <= value <= LARGEST_SIZE for value in given):
        raise BadInput(
            f"sizes: the values {shown(given)} of {name} are no sizes; give at least one, such as 3"
        )
    return tuple(sorted(set(given)))


def _first(values: Iterable[int]) -> Iterator[int]:
    """The values, or one more than may be: a range that never ends is not read to its end."""
    for number, value in enumerate(values):
        if number > MAX_POINTS:
            return
        yield value


def _next(values: tuple[int, ...]) -> int:
    """The value after the last one, at the distance of the last two."""
    return values[-1] + (values[-1] - values[-2] if len(values) > 1 else 1)


def _far(values: tuple[int, ...]) -> int:
    """A value half a grid beyond the last one."""
    return max(_next(values), values[-1] + (values[-1] - values[0]) // 2)
