"""Taylor steps for polynomial differential equations, with a proved bound of their error.

A step from z to z + h has an approximate solution T, a polynomial in u between 0 and 1 with integer
coefficients in units of 2^-bits, and the polynomial T' - h P(z + hu, T) is bounded by its coefficients: that
is the defect. Whatever T is, the solution stays as close to T as the defect, the error at the start and a
logarithmic norm of the Jacobian around T say; this proves that it exists, too. Steps and orders are chosen by
the size of coefficients, which no proof rests on. Proofs: docs/theory/differential-equations.md.

References: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, theorem I.10.6; Neumaier,
Global, rigorous and realistic bounds for the solution of dissipative differential equations, 1994.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import lcm
from operator import mul

from .ball_arithmetic import Ball, between, product
from .polynomial_systems import Exponents, Polynomial, derivative, read_system

Series = list[int]
"""coefficients of 1, u, u^2, .., in units of 2^-bits"""

NEGLIGIBLE = 16
"""Units below which a coefficient does not matter to the choice of a step."""
LARGEST_COEFFICIENT = 4_096
"""Bits by which the coefficients of a step that is too long may exceed four times the precision."""


# Systems, prepared


@dataclass(frozen=True, slots=True)
class Recipe:
    """A system as a straight-line program: node 0 is z, node k is y_k, and the others are products of two.

    Equation k is the sum of integers times nodes over ``divisors[k - 1]``; node -1 is the number 1.
    """

    unknowns: int
    products: tuple[tuple[int, int], ...]
    sums: tuple[tuple[tuple[int, int], ...], ...]
    divisors: tuple[int, ...]
    jacobian: tuple[tuple[Polynomial, ...], ...]
    window: int


@lru_cache(maxsize=64)
def recipe_of(name: str) -> Recipe:
    """Return the straight-line program of an ``ode:`` name."""
    system = read_system(name)
    count = len(system.derivatives)
    nodes: dict[Exponents, int] = {tuple(int(j == k) for j in range(count + 1)): k for k in range(count + 1)}
    products: list[tuple[int, int]] = []

    def node(powers: Exponents) -> int:
        if not any(powers):
            return -1
        if powers not in nodes:
            left = _part(powers)
            right = tuple(e - d for e, d in zip(powers, left, strict=True))
            products.append((node(left), node(right)))
            nodes[powers] = len(nodes)
        return nodes[powers]

    divisors = tuple(lcm(*(c.denominator for c, _ in side)) for side in system.derivatives)
    sums = tuple(
        tuple((int(c * divisor), node(powers)) for c, powers in side)
        for side, divisor in zip(system.derivatives, divisors, strict=True)
    )
    jacobian = tuple(tuple(derivative(side, k) for k in range(1, count + 1)) for side in system.derivatives)
    return Recipe(count, tuple(products), sums, divisors, jacobian, system.degree + 2)


def _part(powers: Exponents) -> Exponents:
    """A factor of a product of variables: one z, half of the powers, or one variable."""
    if powers[0]:
        return (1, *(0 for _ in powers[1:]))
    half = tuple(e // 2 for e in powers)
    if any(half):
        return half
    first = powers.index(1)
    return tuple(int(j == first) for j in range(len(powers)))


def enclosed(polynomial: Polynomial, at: Sequence[Ball], bits: int) -> Ball:
    """Return a ball that contains the values of a polynomial at all points of a product of balls."""
    middle = radius = 0
    for c, powers in polynomial:
        value = (1 << bits, 0)
        for ball, e in zip(at, powers, strict=True):
            for _ in range(e):
                value = product(value, ball, bits)
        quotient, rest = divmod(c.numerator * value[0], c.denominator)
        middle += quotient
        radius += -(-(abs(c.numerator) * value[1]) // c.denominator) + (rest > 0)
    return middle, radius


# One step


@dataclass(frozen=True, slots=True)
class State:
    """z, and y(z) within ``radius`` of the middles in every component; all in units of 2^-bits."""

    z: int
    middles: tuple[int, ...]
    radius: int


@dataclass(frozen=True, slots=True)
class Step:
    """From z to z + side 2^-halvings: y is within ``radius`` of T, and in the box, on the whole step."""

    start: State
    side: int
    halvings: int
    radius: int
    box: tuple[Ball, ...]
    end: State
    eases: bool


def order_of(bits: int, window: int) -> int:
    """Return how many Taylor coefficients: more bits need more of them rather than shorter steps."""
    return bits // 3 + window


def taylor_series(
    name: str, bits: int, start: State, side: int, halvings: int
) -> tuple[list[Series], list[int]]:
    """Return the coefficients of all nodes at T, and the last ones of the right sides, times their divisors.

    They end early where they grow so much that the step is far too long.
    """
    recipe, order = recipe_of(name), order_of(bits, recipe_of(name).window)
    z, h = start.z, side << bits - halvings
    nodes: list[Series] = [[z, h, *[0] * (order - 2)], *([m] for m in start.middles)]
    nodes += [[] for _ in recipe.products]
    first = recipe.unknowns + 1
    last: list[int] = []
    for k in range(order):
        for number, (left, right) in enumerate(recipe.products, start=first):
            b = nodes[right]
            if left == 0:
                total = z * b[k] + (h * b[k - 1] if k else 0)
            else:
                total = sum(map(mul, nodes[left][: k + 1], b[k::-1]))
            nodes[number].append(total >> bits)
        one = 1 << bits if k == 0 else 0
        last = [sum(c * (nodes[n][k] if n >= 0 else one) for c, n in terms) for terms in recipe.sums]
        if k < order - 1:
            if max(total.bit_length() for total in last) > 5 * bits + LARGEST_COEFFICIENT:
                break
            for n, (total, divisor) in enumerate(zip(last, recipe.divisors, strict=True), start=1):
                nodes[n].append(side * total // (divisor * (k + 1) << halvings))
    return nodes, last


def _errors_of_nodes(recipe: Recipe, nodes: list[Series], bits: int) -> list[int]:
    """Bounds of |node - its series| for u in [0, 1], where the nodes are computed exactly from T."""
    order = len(nodes[0])
    sums = [sum(map(abs, series)) for series in nodes]
    errors = [0] * (recipe.unknowns + 1)
    for left, right in recipe.products:
        beyond = accumulate(map(abs, reversed(nodes[right])))  # of the last 1, 2, .. coefficients
        tail = sum(map(mul, map(abs, nodes[left][1:]), beyond))
        a, b = errors[left], errors[right]
        errors.append(order - (-(tail + a * sums[right] + b * sums[left] + a * b) >> bits))
    return errors


def _defect(recipe: Recipe, nodes: list[Series], last: list[int], bits: int, halvings: int) -> int:
    """A bound of |T' - h P(z + hu, T)| for u in [0, 1] in every component."""
    order, errors, largest = len(nodes[0]), _errors_of_nodes(recipe, nodes, bits), 0
    for terms, divisor, rest in zip(recipe.sums, recipe.divisors, last, strict=True):
        spread = abs(rest) + sum(abs(c) * errors[n] for c, n in terms if n >= 0)
        largest = max(largest, -(-spread // (divisor << halvings)))
    return order * order // 2 + largest


def _logarithmic_norm(recipe: Recipe, box: Sequence[Ball], bits: int, side: int, halvings: int) -> int:
    """An upper bound of the logarithmic maximum norm of h times the Jacobian in a box of (z, y)."""
    rows = []
    for k, row in enumerate(recipe.jacobian):
        balls = [enclosed(entry, box, bits) for entry in row]
        rows.append(sum(side * m + r if j == k else abs(m) + r for j, (m, r) in enumerate(balls)))
    return -(-max(rows) >> halvings)


def attempt(name: str, bits: int, start: State, side: int, halvings: int) -> Step | int:
    """Return a proved step, or by how many halvings more to try again."""
    recipe = recipe_of(name)
    nodes, last = taylor_series(name, bits, start, side, halvings)
    solution = nodes[1 : recipe.unknowns + 1]
    order = len(nodes[0])
    if len(solution[0]) < order:
        return max(1, -(-max(abs(total).bit_length() for total in last) // len(solution[0])))
    late = [
        -(-(size - NEGLIGIBLE.bit_length() + 1) // k)
        for series in solution
        for k in range(order - recipe.window, order)
        if (size := series[k].bit_length()) > NEGLIGIBLE.bit_length() - 1
    ]
    if late:
        return max(1, *late)
    defect = _defect(recipe, nodes, last, bits, halvings)
    off = start.radius + defect
    room = 3 * off + 2
    z = between(*sorted((start.z, start.z + nodes[0][1])))
    box = tuple((series[0], sum(map(abs, series[1:])) + room) for series in solution)
    growth = _logarithmic_norm(recipe, (z, *box), bits, side, halvings)
    inside, outside = _errors_of_step(start.radius, defect, growth, bits)
    if growth > 1 << bits or inside >= room:
        return 1
    ends = State(start.z + nodes[0][1], tuple(map(sum, solution)), outside)
    used = max((k for s in solution for k, c in enumerate(s) if abs(c) > NEGLIGIBLE), default=0)
    return Step(start, side, halvings, inside, box, ends, 2 * (order - recipe.window) > 3 * used)


def _errors_of_step(radius: int, defect: int, growth: int, bits: int) -> tuple[int, int]:
    """Bounds of |y - T| on a step and at its end, from those of the error at the start and of the defect."""
    one = 1 << bits
    if growth < 0:
        return radius + defect, -(-(radius << bits) // (one - growth)) + defect
    factor = one + growth - (-growth * growth >> bits)  # e^x <= 1 + x + x^2 for 0 <= x <= 1
    bound = -(-(radius + defect) * factor >> bits)
    return bound, bound
