"""Taylor's theorem for the difference of two layered networks on a box.

At the middle of the box values and derivatives up to the second are enclosed, on all of the box the third
ones; the error is of fourth order in the size of the box, however far apart the neurons of the two networks
are. The work grows with the third power of the number of inputs. Proof: docs/theory/distances.md.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement

from .ball_arithmetic import Ball
from .balls import Balls
from .ranges import jet_range, square

Rows = Sequence[Sequence[Ball]]
"""Rows of coefficients; the last one of a row is its constant."""
Index = tuple[int, ...]
"""The coordinates by which to differentiate, in order; () for the value."""


Parts = dict[Index, list[Ball]]
"""The numbers of one layer and their derivatives; those that are zero are left away."""


def centred_difference(
    reals: Balls, activation: str, networks: tuple[Sequence[Rows], Sequence[Rows]], box: Sequence[Ball]
) -> list[Ball]:
    """Return balls that contain every output of f - g at all points of the box; f, g are the networks."""
    f, g = (_run(reals, activation, layers, [(m, 0) for m, _ in box], 2) for layers in networks)
    whole_f, whole_g = (_run(reals, activation, layers, box, 3) for layers in networks)
    radii: list[Ball] = [(0, r) for _, r in box]
    total = _minus(f[()], g[()])
    for index in _indices(len(box), 3)[1:]:
        a, b = (f, g) if len(index) < 3 else (whole_f, whole_g)
        if index in a:
            step = _monomial(reals, radii, index)
            terms = [reals.times(d, step) for d in _minus(a[index], b[index])]
            total = reals.add(total, terms)
    return total


def _monomial(reals: Balls, radii: list[Ball], index: Index) -> Ball:
    """The range of the Taylor monomial of this index: product of h_k^n / n! over its coordinates."""
    product: Ball = (1 << reals.precision, 0)
    for k in sorted(set(index)):
        power = index.count(k)
        factor = radii[k] if power == 1 else square(reals, radii[k])
        factor = factor if power < 3 else reals.times(factor, radii[k])
        product = reals.times(product, _divided(factor, (1, 2, 6)[power - 1]))
    return product


def _divided(z: Ball, divisor: int) -> Ball:
    middle, rest = divmod(z[0], divisor)
    return middle, -(-(z[1] + rest) // divisor)


def _indices(count: int, order: int) -> list[Index]:
    return [i for n in range(order + 1) for i in combinations_with_replacement(range(count), n)]


def _run(reals: Balls, activation: str, layers: Sequence[Rows], box: Sequence[Ball], order: int) -> Parts:
    """The outputs of a network with their derivatives up to this order."""
    first = layers[0]
    parts: Parts = {(): _affine(reals, first, list(box))}
    for k in range(len(box)):
        parts[k,] = [row[k] for row in first]
    indices = _indices(len(box), order)
    for rows in layers[1:]:
        values = _activated(reals, activation, parts, indices)
        parts = {index: _linear(reals, rows, part) for index, part in values.items() if index}
        parts[()] = _affine(reals, rows, values[()])
    return parts


def _affine(reals: Balls, rows: Rows, values: list[Ball]) -> list[Ball]:
    return reals.add(_linear(reals, rows, values), [row[-1] for row in rows])


def _linear(reals: Balls, rows: Rows, values: list[Ball]) -> list[Ball]:
    weights = [weight for row in rows for weight in row[:-1]]
    return reals.contractions(weights, values * len(rows), len(values))


def _activated(reals: Balls, activation: str, z: Parts, indices: list[Index]) -> Parts:
    """The derivatives of sigma(z) by the chain rule."""
    jets = [jet_range(activation, value, reals.precision) for value in z[()]]
    orders = [list(part) for part in zip(*jets, strict=True)]
    parts: Parts = {(): orders[0]}
    for index in indices[1:]:
        terms = [reals.multiply(orders[1], z[index])] if index in z else []
        for order, factors in _splits(index):
            if all(factor in z for factor in factors):
                product = orders[order]
                for factor in factors:
                    product = reals.multiply(product, z[factor])
                terms.append(product)
        parts[index] = terms[0]
        for term in terms[1:]:
            parts[index] = reals.add(parts[index], term)
    return parts


def _splits(index: Index) -> list[tuple[int, tuple[Index, ...]]]:
    """The other terms of the chain rule: the order of sigma's derivative and the factors."""
    if len(index) == 1:
        return []
    if len(index) == 2:
        return [(2, (index[:1], index[1:]))]
    k, n, m = index
    pairs: list[tuple[Index, ...]] = [((k,), (n, m)), ((n,), (k, m)), ((m,), (k, n))]
    return [*((2, pair) for pair in pairs), (3, ((k,), (n,), (m,)))]


def _minus(a: list[Ball], b: list[Ball]) -> list[Ball]:
    return [(m - n, r + s) for (m, r), (n, s) in zip(a, b, strict=True)]
