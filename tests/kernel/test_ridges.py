"""Distances along directions: bounds are above what is sampled for any directions and units."""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from llrsym.kernel.check import check
from llrsym.kernel.distances import (
    Box,
    Direct,
    DistanceClaim,
    RidgeCertificate,
    check_distance,
    comparison_of,
)
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.layer_differences import Copy, Row, Units
from llrsym.kernel.layered_form import layered_form
from llrsym.kernel.models import Convolution, Layered, Weights, parameter_count, parameter_shapes
from llrsym.kernel.ridges import Cell, Ridges
from llrsym.recovery.condense_distance import Distance
from llrsym.recovery.condense_net import FloatNet
from tests.kernel.test_distances import Pair

BITS = 60


def directions(seed: int, count: int, inputs: int) -> tuple[Row, ...]:
    """Any rows, not orthonormal."""
    rows = np.random.default_rng(seed).integers(-64, 65, (count, inputs)).tolist()
    return tuple(tuple(Fraction(v, 64) for v in row) for row in rows)


def ridges_of(pair: Pair, units: Units, rows: tuple[Row, ...]) -> Ridges:
    ridges, _ = comparison_of(pair.claim(Fraction(1)), RidgeCertificate(BITS, 1, units, rows))
    assert isinstance(ridges, Ridges)
    return ridges


def cells(ridges: Ridges, depth: int) -> list[Cell]:
    found = [ridges.whole]
    for _ in range(depth):
        found = [half for cell in found for half in ridges.halves(cell)]
    return found


def largest_in(pair: Pair, rows: tuple[Row, ...], cell: Cell) -> float:
    """The largest difference at random points and corners of the box whose y is in the cell."""
    low, high = np.array([[float(v) for v in side] for side in pair.box]).T
    shares = np.random.default_rng(3).random((4000, len(low)))
    shares[:500] = np.round(shares[:500])
    points = low + (high - low) * shares
    y = (points - (low + high) / 2) @ np.array([[float(v) for v in row] for row in rows]).reshape(
        -1, len(low)
    ).T
    ends = np.array([[float(v) for v in side] for side in cell]).reshape(-1, 2)
    inside = points[((y >= ends[:, 0]) & (y <= ends[:, 1])).all(axis=1)]
    return float(np.abs(pair.wide(inside) - pair.narrow(inside)).max(initial=0.0))


CASES = [
    Pair((4, 2, 1), 5, seed=1),
    Pair((4, 3, 2), 6, seed=2, noise=0.3, constants=2),
    Pair((3, 2, 1), 5, activation="sigmoid", seed=3, noise=0.1),
    Pair((3, 2, 1), 5, activation="gaussian", seed=4, noise=0.2, constants=1),
    Pair((3, 2, 1), 4, activation="gelu", seed=5, noise=0.1),
    Pair((3, 2, 2), 4, activation="sin", seed=6, noise=0.5),
    Pair((3, 2, 1), 4, activation="exp", seed=7, noise=0.1),
    Pair((3, 2, 1), 4, activation="power:3", seed=8, noise=0.2),
    Pair((3, 2, 1), 4, activation="arctan", seed=9, noise=0.2),
]


def kinds_of_units(pair: Pair) -> list[Units]:
    """The right ones, none, and wrong ones: all neurons copies of the last."""
    (units,) = pair.units
    narrow = pair.narrow.model.widths[1]
    return [units, (Fraction(0),) * len(units), tuple(Copy(narrow - 1, 1) for _ in units)]


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("pair", CASES)
def test_bounds_are_above_every_sampled_difference(pair: Pair, count: int) -> None:
    rows = directions(count, count, pair.models[0].widths[0])
    for units in kinds_of_units(pair):
        ridges = ridges_of(pair, units, rows)
        for cell in cells(ridges, 2 * count):
            assert largest_in(pair, rows, cell) <= ridges.bound(cell) / 2**BITS + 1e-12


def test_cells_cover_the_box_and_empty_ones_have_no_point() -> None:
    pair, one, zero = CASES[0], Fraction(1), Fraction(0)
    rows = (one, one, zero, zero), (one, -one, zero, zero)
    ridges = ridges_of(pair, pair.units[0], rows)
    parts = cells(ridges, 6)
    empty = [cell for cell in parts if not ridges.bound(cell)]
    assert 0 < len(empty) < len(parts)
    assert all(largest_in(pair, rows, cell) == 0.0 for cell in empty)
    assert max(largest_in(pair, rows, cell) for cell in parts) == largest_in(pair, rows, ridges.whole)


def test_bounds_along_the_right_direction_are_sharp() -> None:
    """Neurons of sixteen inputs that depend on their sum only, split by +-h: of second order in h."""
    inputs, h = 16, Fraction(1, 100)
    rows = ((Fraction(1),) * inputs, (Fraction(1, 2),) * inputs)
    wide = Layered((inputs, 4, 1), "tanh", (True, False))
    narrow = replace(wide, widths=(inputs, 2, 1))
    first = tuple(v for row in rows for _ in range(2) for v in row)
    f: Weights = (first, (h, -h, h, -h), (Fraction(1), Fraction(1), Fraction(-2), Fraction(-2)))
    g: Weights = (tuple(v for row in rows for v in row), (Fraction(0),) * 2, (Fraction(2), Fraction(-4)))
    box: Box = ((Fraction(-1, 2), Fraction(1, 2)),) * inputs
    claim = DistanceClaim("f", "g", (wide, narrow), (f, g), box, Fraction(1))
    units: Units = (Copy(0, 1), Copy(0, 1), Copy(1, 1), Copy(1, 1))
    along: Row = (Fraction(1, 4),) * inputs
    ridges, whole = comparison_of(claim, RidgeCertificate(BITS, 1, units, (along,)))
    stack = [whole]
    for _ in range(7):
        stack = [half for cell in stack for half in ridges.halves(cell)]
    largest = max(ridges.bound(cell) for cell in stack)
    x = np.linspace(-8, 8, 100_001)
    second = [np.tanh(a * x + 0.01) + np.tanh(a * x - 0.01) - 2 * np.tanh(a * x) for a in (1, 0.5)]
    truth = float(np.abs(second[0] - 2 * second[1]).max())
    assert truth <= largest / 2**BITS <= 1.2 * truth


@pytest.fixture
def claim() -> DistanceClaim:
    return CASES[0].claim(Fraction(1))


@pytest.fixture
def proof() -> RidgeCertificate:
    return RidgeCertificate(BITS, 200, CASES[0].units[0], directions(1, 2, 4))


def documents(claim: DistanceClaim, proof: Direct) -> tuple[Any, Any]:
    first, second = Distance(claim.bound, claim, proof).documents
    return json.loads(first), json.loads(second)


def test_a_bound_is_proved_and_a_smaller_one_than_the_truth_never_is(
    claim: DistanceClaim, proof: RidgeCertificate
) -> None:
    bound = Fraction(
        ridges_of(CASES[0], proof.units, proof.directions).bound(comparison_of(claim, proof)[1]), 2**BITS
    )
    right = documents(replace(claim, bound=bound), proof)
    assert check(json.dumps(right[0]), json.dumps(right[1])).text.startswith("|f - g| <= ")
    false = Fraction(CASES[0].sampled(claim.box)) * Fraction(99, 100)
    with pytest.raises(Rejected, match="do not prove"):
        check_distance(replace(claim, bound=false), proof)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"units": (Copy(0, 1),)}, "one unit for every hidden neuron"),
        ({"units": (Copy(2, 1),) * 5}, "does not exist"),
        ({"units": (Copy(-1, 1),) * 5}, "does not exist"),
        ({"directions": ((Fraction(1),) * 3,)}, "one rational number for every input"),
        ({"directions": ((0.5,) * 4,)}, "one rational number for every input"),
        ({"boxes": 1}, "do not prove"),
    ],
)
def test_what_does_not_fit_is_rejected(
    claim: DistanceClaim, proof: RidgeCertificate, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Rejected, match=reason):
        check_distance(replace(claim, bound=Fraction(1, 1000)), replace(proof, **change))


def test_without_directions_nothing_can_be_cut(claim: DistanceClaim, proof: RidgeCertificate) -> None:
    with pytest.raises(Rejected, match="cutting would not help"):
        check_distance(replace(claim, bound=Fraction(1, 10**9)), replace(proof, directions=()))


def test_networks_with_more_layers_are_rejected() -> None:
    pair = Pair((2, 2, 2, 1), 3, seed=1)
    with pytest.raises(Rejected, match="one hidden layer"):
        check_distance(pair.claim(Fraction(9)), RidgeCertificate(BITS, 9, pair.units[0], ()))


def test_a_sign_needs_a_parity() -> None:
    pair = Pair((3, 2, 1), 4, activation="gelu")
    with pytest.raises(Rejected, match="no multiple of it at z"):
        ridges_of(pair, (Copy(0, -1), *pair.units[0][1:]), ())


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "ridge"},
        {"bits": 15},
        {"boxes": 0},
        {"centred": True},
        {"units": [[[0, 1]]]},
        {"directions": [["1/0", "0", "0", "0"]]},
        {"directions": [[0.5, "0", "0", "0"]]},
        {"directions": None},
    ],
    ids=str,
)
def test_malformed_documents_are_refused(
    claim: DistanceClaim, proof: RidgeCertificate, change: dict[str, Any]
) -> None:
    first, second = documents(claim, proof)
    check(json.dumps(first), json.dumps(second))
    with pytest.raises(Malformed):
        check(json.dumps(first), json.dumps(second | change))


# Convolutions


@pytest.mark.parametrize(("shared", "bias", "outputs"), list(product([True, False], [True, False], [1, 2])))
@pytest.mark.parametrize(("shape", "kernel"), [((5,), (3,)), ((3, 4), (2, 3))])
def test_the_layered_form_is_the_same_function(
    shape: tuple[int, ...], kernel: tuple[int, ...], shared: bool, bias: bool, outputs: int
) -> None:
    model = Convolution(shape, kernel, 2, "tanh", shared, bias, bias, outputs)
    random = np.random.default_rng(0)
    arrays = {name: random.normal(size=entries) for name, entries in parameter_shapes(model).items()}
    weights: Weights = tuple(tuple(map(Fraction, array.ravel().tolist())) for array in arrays.values())
    layered, tensors = layered_form(model, weights)
    assert parameter_count(layered) == sum(map(len, tensors))
    images = random.normal(size=(7, *shape))
    expected = np.array([by_definition(model, arrays, image) for image in images])
    assert np.allclose(FloatNet.of(layered, tensors)(images.reshape(7, -1)), expected, atol=1e-13)


def by_definition(
    model: Convolution, arrays: dict[str, NDArray[np.float64]], image: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The outputs, by loops over channels and positions."""
    total = arrays.get("b_out", np.zeros(model.outputs)).copy()
    read_out = arrays["a"].reshape(model.outputs, model.channels, *model.positions)
    for c, *place in product(range(model.channels), *map(range, model.positions)):
        window = image[tuple(slice(p, p + s) for p, s in zip(place, model.kernel, strict=True))]
        own = (c,) if model.shared else (c, *place)
        z = (arrays["K"][own] * window).sum() + (arrays["b"][own] if model.hidden_bias else 0.0)
        total += read_out[(slice(None), c, *place)] * np.tanh(z)
    return total


def test_huge_convolutions_are_refused() -> None:
    model = Convolution((3000,), (1,), 1, "tanh", True, False, False, 1)
    with pytest.raises(Rejected, match="too many"):
        layered_form(model, ((Fraction(1),), (Fraction(1),) * 3000))
