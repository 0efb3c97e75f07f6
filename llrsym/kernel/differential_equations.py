"""Enclosures of solutions of polynomial differential equations, at numbers and on balls.

The solution is followed from 0 by proved Taylor steps, which are made once and shared. Around the middle of
a short ball it is enclosed by Picard's theorem, on a long ball by the boxes of the steps.
Proofs: docs/theory/differential-equations.md.
"""

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from threading import Lock

from .ball_arithmetic import Ball, at_precision, between
from .errors import Rejected
from .polynomial_systems import System as System
from .polynomial_systems import read_system as read_system
from .taylor_steps import (
    Series,
    State,
    Step,
    attempt,
    enclosed,
    order_of,
    recipe_of,
    taylor_series,
)

MAX_BITS = 8_192
MAX_STEPS = 2_000
MAX_HALVINGS = 48
MAX_WORK = 1 << 37
"""Bits in the products of coefficients, for one path: about a minute."""
GUARD_BITS, GRAIN = 48, 64
"""Bits are added in multiples of the grain, so that numbers of several precisions share their steps."""
WIDENINGS, LARGEST_CHANGE = 6, 1 << 10


# Paths


class _Path:
    """The steps from 0 in one direction, made as far as they have been needed."""

    def __init__(self, name: str, bits: int, side: int) -> None:
        self.name, self.bits, self.side = name, bits, side
        self.steps: list[Step] = []
        self.halvings, self.work = 0, 0
        self.extending = Lock()

    def covering(self, distance: int) -> int:
        """Return the number of the step that contains side * distance, with all before it made."""
        with self.extending:  # a path is shared: two threads must not make steps from one end
            while not self.steps or _end(self.steps[-1]) < distance:
                self.steps.append(self._next())
        return self.reached(distance)

    def reached(self, distance: int) -> int:
        """Return the number of steps that end before side * distance."""
        return bisect_left(self.steps, distance, key=_end)

    def _next(self) -> Step:
        if len(self.steps) >= MAX_STEPS:
            raise Rejected(f"limit: a differential equation takes more than {MAX_STEPS} steps")
        start = self.steps[-1].end if self.steps else _beginning(self.name, self.bits)
        halvings = self.halvings
        recipe = recipe_of(self.name)
        order = order_of(self.bits, recipe.window)
        effort = (len(recipe.products) + recipe.unknowns) * order * order * self.bits
        while halvings <= min(MAX_HALVINGS, self.bits):
            self.work += effort
            if self.work > MAX_WORK:
                raise Rejected("limit: a differential equation takes too much work")
            found = attempt(self.name, self.bits, start, self.side, halvings)
            if isinstance(found, Step):
                self.halvings = max(0, halvings - found.eases)
                return found
            halvings += found
        raise Rejected("a differential equation is not proved to have a solution up to this argument")


def _end(step: Step) -> int:
    return abs(step.end.z)


def _beginning(name: str, bits: int) -> State:
    middles = [divmod(value.numerator << bits, value.denominator) for value in read_system(name).initial]
    return State(0, tuple(m for m, _ in middles), int(any(rest for _, rest in middles)))


@lru_cache(maxsize=32)
def _path(name: str, bits: int, side: int) -> _Path:
    return _Path(name, bits, side)


@lru_cache(maxsize=512)
def _solution(name: str, bits: int, start: State, side: int, halvings: int) -> tuple[Series, ...]:
    nodes, _ = taylor_series(name, bits, start, side, halvings)
    return tuple(nodes[1 : recipe_of(name).unknowns + 1])


def _at_point(name: str, z: int, bits: int) -> tuple[Ball, ...]:
    """Enclosures of y_1, .., y_n at one point."""
    side = -1 if z < 0 else 1
    path = _path(name, bits, side)
    step = path.steps[path.covering(abs(z))]
    u = abs(z - step.start.z) << step.halvings
    values = []
    for series in _solution(name, bits, step.start, side, step.halvings):
        total = 0
        for c in reversed(series):
            total = (total * u >> bits) + c
        values.append((total, step.radius + len(series)))
    return tuple(values)


def _steps_over(name: str, low: int, high: int, bits: int) -> list[Step]:
    """The steps that cover an interval."""
    found: list[Step] = []
    for side, near, far in ((1, low, high), (-1, -high, -low)):
        if far > 0 or (far == 0 and not found):
            path = _path(name, bits, side)
            last = path.covering(far)
            found += path.steps[path.covering(max(0, near)) : last + 1]
    return found


def pieces_towards(name: str, side: int, distance: int, bits: int) -> list[tuple[int, int, Series]]:
    """Return (z, h, coefficients of y_1 in (x - z) side 2^h) for steps from 0 to side * distance 2^-bits.

    They end earlier where the solution is not proved to exist, or is not cheap to follow.

    >>> [(z >> 64, h, len(series)) for z, h, series in pieces_towards("ode:y1@1", -1, 1 << 64, 64)]
    [(0, 0, 24)]
    """
    path = _path(name, bits, side)
    with suppress(Rejected):
        path.covering(distance)
    steps = path.steps[: path.reached(distance) + 1]
    return [(s.start.z, s.halvings, _solution(name, bits, s.start, side, s.halvings)[0]) for s in steps]


# Values


def value_and_slope(name: str, z: Ball, precision: int) -> tuple[Ball, Ball]:
    """Return balls that contain sigma(x), and sigma'(x), for all x of z, where sigma is an ``ode:`` name.

    Raises ``Rejected`` where the solution is not proved to exist on all of z, ``Malformed`` for other names.

    >>> value_and_slope("ode:y2@0;-y1@1", (1 << 20, 0), 20)  # the sine of 1
    ((882346, 1), (566548, 1))
    """
    bits = _bits(precision + GUARD_BITS)
    while True:
        m, r = at_precision(z, precision, bits)
        values = _at_point(name, m, bits)
        excess = max(radius for _, radius in values).bit_length() - (bits - precision) + 4
        if excess <= 0 or bits + excess > MAX_BITS:
            break
        bits = _bits(bits + excess)
    value, slope = _on_ball(name, (m, r), values, bits)
    return at_precision(value, bits, precision), at_precision(slope, bits, precision)


def _bits(needed: int) -> int:
    if needed > MAX_BITS:
        raise Rejected(f"limit: a differential equation needs more than {MAX_BITS} bits")
    return -(-needed // GRAIN) * GRAIN


def _on_ball(name: str, z: Ball, values: tuple[Ball, ...], bits: int) -> tuple[Ball, Ball]:
    """Value and slope on a ball, from the values at its middle."""
    slope = read_system(name).derivatives[0]
    box = _widened(name, z, values, bits)
    if box is not None:
        return box[0], enclosed(slope, (z, *box), bits)
    pieces = _steps_over(name, z[0] - z[1], z[0] + z[1], bits)
    slopes = []
    for step in pieces:
        part = between(*sorted((step.start.z, step.end.z)))
        slopes.append(enclosed(slope, (part, *step.box), bits))
    return _hull([step.box[0] for step in pieces]), _hull(slopes)


def _widened(name: str, z: Ball, values: tuple[Ball, ...], bits: int) -> tuple[Ball, ...] | None:
    """Boxes that the solution does not leave on a ball, proved by Picard's theorem; None if not found."""
    if not z[1]:
        return values
    sides = read_system(name).derivatives
    room = [0] * len(values)
    for _ in range(WIDENINGS):
        box = [(m, r + 2 * g) for (m, r), g in zip(values, room, strict=True)]
        speeds = [enclosed(side, (z, *box), bits) for side in sides]
        moved = [-(-z[1] * (abs(m) + r) >> bits) for m, r in speeds]
        if all(change <= 2 * g for change, g in zip(moved, room, strict=True)):
            return tuple((m, r + change) for (m, r), change in zip(values, moved, strict=True))
        if max(moved) >> bits > LARGEST_CHANGE:
            break
        room = [max(change, g) + 1 for change, g in zip(moved, room, strict=True)]
    return None


def _hull(balls: Sequence[Ball]) -> Ball:
    return between(min(m - r for m, r in balls), max(m + r for m, r in balls))
