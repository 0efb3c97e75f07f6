"""Attacks on distances along directions: odd directions, boxes, units and images; nothing false is proved."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest

from llrsym.kernel.activations import activation_named
from llrsym.kernel.distances import (
    Box,
    Chain,
    DistanceCertificate,
    DistanceClaim,
    RidgeCertificate,
    check_distance,
    comparison_of,
)
from llrsym.kernel.errors import Rejected
from llrsym.kernel.layer_differences import Copy, Row, Unit, Units
from llrsym.kernel.models import Convolution, Layered, Weights
from llrsym.kernel.ridges import Cell, Ridges
from llrsym.recovery.condense_net import FloatNet
from tests.kernel.test_distances import Array

ZERO, ONE = Fraction(0), Fraction(1)
ACTIVATIONS = (
    *("tanh", "sigmoid", "sech", "gaussian", "sin", "cos", "arctan", "erf", "power:2", "power:3"),
    *("exp", "sinh", "gelu", "gelu_tanh", "silu", "mish", "softplus", "rational:0,1/1,0,1"),
)
KINDS = ("axes", "random", "zero", "dependent", "huge", "tiny", "none")


class Attack:
    """Random networks, boxes that may be flat, units that may be wrong, and directions of one kind."""

    def __init__(self, seed: int) -> None:
        random = self.random = Random(seed)
        self.activation = random.choice(ACTIVATIONS)
        inputs, narrow, wide = random.choice([1, 2, 2, 3]), random.choice([1, 2]), random.choice([1, 2, 4])
        outputs = random.choice([1, 2])
        parity = activation_named(self.activation).parity
        self.signs = (1, -1) if parity is not None and not parity[1] else (1,)
        self.units: Units = tuple(self._unit(narrow) for _ in range(wide))
        g: Weights = tuple(self._numbers(n) for n in (narrow * inputs, narrow, outputs * narrow, outputs))
        f: Weights = tuple(self._numbers(n) for n in (wide * inputs, wide, outputs * wide, outputs))
        f = self._near(f, g, inputs) if random.random() < 0.8 else f
        g = (*g[:2], self._sums(f[2], narrow, outputs), g[3]) if random.random() < 0.7 else g
        small = Layered((inputs, narrow, outputs), self.activation, (True, True))
        large = replace(small, widths=(inputs, wide, outputs))
        self.box: Box = tuple(self._side() for _ in range(inputs))
        self.claim = DistanceClaim("f", "g", (large, small), (f, g), self.box, ONE)
        self.rows = self._directions(random.choice(KINDS), inputs)
        self.bits = random.choice([16, 24, 32, 60])
        self.nets = FloatNet.of(large, f), FloatNet.of(small, g)

    def _numbers(self, count: int) -> tuple[Fraction, ...]:
        return tuple(Fraction(self.random.randint(-24, 24), 16) for _ in range(count))

    def _unit(self, narrow: int) -> Unit:
        if self.random.random() < 0.2:
            return ZERO
        return Copy(self.random.randrange(narrow), self.random.choice(self.signs))

    def _near(self, f: Weights, g: Weights, inputs: int) -> Weights:
        """Give the copies the weights of their neuron, up to sign and some noise."""
        size = self.random.choice([ZERO, Fraction(1, 100), Fraction(1, 3)])
        rows, biases = list(f[0]), list(f[1])
        for j, unit in enumerate(self.units):
            if isinstance(unit, Copy):
                noise = self._numbers(inputs + 1)
                source = g[0][unit.index * inputs : (unit.index + 1) * inputs]
                near = [unit.sign * v + size * n for v, n in zip(source, noise, strict=False)]
                rows[j * inputs : (j + 1) * inputs] = near
                biases[j] = unit.sign * g[1][unit.index] + size * noise[-1]
        return tuple(rows), tuple(biases), *f[2:]

    def _sums(self, last: tuple[Fraction, ...], narrow: int, outputs: int) -> tuple[Fraction, ...]:
        """The outgoing weights of every narrow neuron: the sums over its copies."""
        wide, totals = len(self.units), [ZERO] * (narrow * outputs)
        for o, (j, unit) in product(range(outputs), enumerate(self.units)):
            if isinstance(unit, Copy):
                totals[o * narrow + unit.index] += last[o * wide + j]
        return tuple(totals)

    def _side(self) -> tuple[Fraction, Fraction]:
        middle, length = Fraction(self.random.randint(-6, 6), 3), Fraction(self.random.randint(0, 8), 7)
        return middle - length, middle + self.random.choice([ZERO, length, 2 * length])

    def _directions(self, kind: str, inputs: int) -> tuple[Row, ...]:
        axes = tuple(tuple(Fraction(int(i == j)) for j in range(inputs)) for i in range(inputs))
        rows = tuple(self._numbers(inputs) for _ in range(2))
        scale = {"huge": Fraction(1000), "tiny": Fraction(1, 1000)}.get(kind, ONE)
        return {
            "axes": axes,
            "none": (),
            "zero": ((ZERO,) * inputs, rows[0]),
            "dependent": (rows[0], tuple(Fraction(-7, 3) * v for v in rows[0])),
        }.get(kind, tuple(tuple(scale * v for v in row) for row in rows))

    @property
    def ridges(self) -> Ridges:
        proof = RidgeCertificate(self.bits, 1, self.units, self.rows)
        ridges, _ = comparison_of(self.claim, proof)
        if not isinstance(ridges, Ridges):
            raise TypeError("expected ridges")
        return ridges

    def points(self) -> list[tuple[Fraction, ...]]:
        """All corners, and points with rational coordinates inside."""
        inner = [
            tuple(low + (high - low) * Fraction(self.random.randint(0, 16), 16) for low, high in self.box)
            for _ in range(12)
        ]
        return [*product(*self.box), *inner]

    def along(self, point: tuple[Fraction, ...]) -> list[Fraction]:
        """The coordinates y of a point."""
        t = [v - (low + high) / 2 for v, (low, high) in zip(point, self.box, strict=True)]
        return [sum((u * v for u, v in zip(row, t, strict=True)), ZERO) for row in self.rows]

    def path(self, ridges: Ridges, point: tuple[Fraction, ...], depth: int) -> Iterator[Cell]:
        """Smaller and smaller cells that contain the y of a point."""
        cell, y = ridges.whole, self.along(point)
        for _ in range(depth):
            yield cell
            try:
                halves = ridges.halves(cell)
            except Rejected:
                return
            cell = self.random.choice([half for half in halves if is_inside(y, half)])

    def difference(self, points: list[tuple[Fraction, ...]]) -> Array:
        at = np.array([[float(v) for v in point] for point in points])
        f, g = self.nets
        found: Array = np.abs(f(at) - g(at)).max(axis=1)
        return found


def is_inside(y: list[Fraction], cell: Cell) -> bool:
    return all(low <= v <= high for v, (low, high) in zip(y, cell, strict=True))


@pytest.mark.parametrize("seed", range(28))
def test_no_bound_is_below_a_point_of_its_cell(seed: int) -> None:
    attack = Attack(seed)
    ridges, points = attack.ridges, attack.points()
    truth = attack.difference(points)
    for point, value in list(zip(points, truth, strict=True))[::3]:
        for cell in attack.path(ridges, point, 10):
            assert Fraction(value * (1 - 1e-11) - 1e-11) <= Fraction(ridges.bound(cell), 2**attack.bits)


@pytest.mark.parametrize("seed", range(200, 230))
def test_small_cells_have_sharp_bounds(seed: int) -> None:
    """A cell of one point, no copies: the bound is the difference there, so the tests above are not easy."""
    attack = Attack(seed)
    point = tuple((low + high) / 2 for low, high in attack.box)
    claim = replace(attack.claim, box=tuple((v, v) for v in point))
    ridges, whole = comparison_of(claim, RidgeCertificate(60, 1, (ZERO,) * len(attack.units), attack.rows))
    (value,) = attack.difference([point])
    assert ridges.bound(whole) / 2**60 == pytest.approx(value, abs=1e-10, rel=1e-10)


@pytest.mark.parametrize("seed", range(300, 320))
def test_halves_cover_and_no_cell_with_a_point_is_dropped(seed: int) -> None:
    attack = Attack(seed)
    ridges = attack.ridges
    for point in attack.points():
        y = attack.along(point)
        for cell in attack.path(ridges, point, 24):
            assert is_inside(y, cell)
            assert not ridges._is_empty(cell)


def test_a_wrong_unit_is_no_proof_of_a_wrong_bound() -> None:
    """f = tanh(x), g = tanh(2 x): at most 0.30028.. on [-1, 1], whoever is called a copy of whom."""
    first, narrow = Layered((1, 1, 1), "tanh", (False, False)), Fraction(2)
    claim = DistanceClaim(
        "f", "g", (first, first), (((ONE,), (ONE,)), ((narrow,), (ONE,))), ((-ONE, ONE),), Fraction(3, 10)
    )
    units: tuple[Unit, ...] = (Copy(0, 1), Copy(0, -1), ZERO)
    for unit, row in product(units, ((ONE,), (Fraction(1000),), (ZERO,))):
        proof = RidgeCertificate(40, 24, (unit,), (row,))
        with pytest.raises(Rejected, match=r"do not prove|cutting would not help"):
            check_distance(claim, proof)
    proof = RidgeCertificate(40, 300, (ZERO,), ((ONE,),))
    assert "301/1000" in check_distance(replace(claim, bound=Fraction(301, 1000)), proof)


def images(shape: tuple[int, ...]) -> tuple[Convolution, Weights]:
    model = Convolution(shape, (1,) * len(shape), 1, "tanh", True, False, False, 1)
    pixels = int(np.prod(shape))
    return model, ((ONE,), tuple(Fraction(k + 1) for k in range(pixels)))


def test_convolutions_of_images_of_different_shapes_are_not_compared() -> None:
    """Equal weights at equal row-major pixels, but (2, 3) is not (3, 2): f - g would be called 0."""
    (f, wf), (g, wg) = images((2, 3)), images((3, 2))
    claim = DistanceClaim("f", "g", (f, g), (wf, wg), ((-ONE, ONE),) * 6, ZERO)
    units: Units = tuple(Copy(k, 1) for k in range(6))
    ridges, plain = RidgeCertificate(40, 1, units, ()), DistanceCertificate(40, 1, False, (units,))
    flat = Layered((6, 6, 1), "tanh", (False, False))
    eye = tuple(Fraction(int(i == j)) for i, j in product(range(6), repeat=2))
    for proof in (ridges, plain, Chain(flat, (eye, wf[1]), ZERO, (ridges, plain))):
        with pytest.raises(Rejected, match=r"reads images of shape \(2, 3\), the other \(3, 2\)"):
            check_distance(claim, proof)
        same = replace(claim, models=(f, f), weights=(wf, wf))
        assert check_distance(same, proof).startswith("|f - g| <= 0")


def test_a_short_claim_about_many_inputs_is_refused_at_once() -> None:
    model = Layered((3000, 4, 1), "tanh", (False, False))
    weights: Weights = ((ONE,) * 12_000, (ONE,) * 4)
    claim = DistanceClaim("f", "g", (model, model), (weights, weights), ((ZERO, ONE),) * 3000, ONE)
    proof = RidgeCertificate(40, 1, tuple(Copy(k, 1) for k in range(4)), ((ONE,) * 3000,) * 2)
    with pytest.raises(Rejected, match="limit: ridges take 36060056 products"):
        check_distance(claim, proof)
