"""Distances of networks: bounds are above what is sampled, exact copies are at 0, forgeries are refused."""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from llrsym.kernel.activations import activation_named
from llrsym.kernel.check import check
from llrsym.kernel.distances import (
    Box,
    Chain,
    Comparison,
    DistanceCertificate,
    DistanceClaim,
    check_distance,
    read_distance_certificate,
    read_distance_claim,
)
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.layer_differences import Copy, Unit, Units
from llrsym.kernel.models import Layered, Weights
from llrsym.recovery.condense_distance import Distance
from llrsym.recovery.condense_net import FloatNet

BITS = 80
Array = NDArray[np.float64]


class Pair:
    """A random narrow network and a wide one near it: perturbed copies up to sign, and constants."""

    def __init__(
        self,
        widths: tuple[int, ...],
        wide: int,
        *,
        activation: str = "tanh",
        noise: float = 1e-2,
        constants: int = 0,
        seed: int = 0,
    ) -> None:
        self.random = np.random.default_rng(seed)
        parity = activation_named(activation).parity
        self.flip = parity if parity is not None and not parity[1] else None
        depth = len(widths) - 1
        shapes = list(zip(widths[1:], widths, strict=False))
        self.narrow = FloatNet(
            Layered(widths, activation, (True,) * depth),
            tuple(self.random.normal(size=shape) / np.sqrt(shape[1]) for shape in shapes),
            tuple(self.random.normal(size=n) / 2 for n, _ in shapes),
        )
        units = [self._units(n, wide, constants) for n in widths[1:-1]]
        self.units: tuple[Units, ...] = tuple(units)
        self.wide = self._wide(noise)
        self.box: Box = ((Fraction(-1), Fraction(3, 4)),) * widths[0]

    def _units(self, narrow: int, wide: int, constants: int) -> Units:
        indices = [*range(narrow), *self.random.integers(0, narrow, wide - narrow).tolist()]
        signs = [int(s) if self.flip else 1 for s in self.random.choice([1, -1], wide)]
        copies: list[Unit] = [Copy(index, sign) for index, sign in zip(indices, signs, strict=True)]
        return (*copies, *(Fraction(int(k), 7) for k in self.random.integers(-5, 6, constants)))

    def _wide(self, noise: float) -> FloatNet:
        weights, biases = [], []
        inputs: Units = tuple(Copy(k, 1) for k in range(self.narrow.model.widths[0]))
        ends = [inputs, *self.units, tuple(Copy(k, 1) for k in range(self.narrow.model.widths[-1]))]
        for layer, (sources, targets) in enumerate(pairwise(ends)):
            matrix, bias = self._layer(layer, sources, targets)
            if layer + 1 < len(self.narrow.weights):
                matrix = matrix + noise * self.random.normal(size=matrix.shape)
                bias = bias + noise * self.random.normal(size=bias.shape)
            weights.append(matrix)
            biases.append(bias)
        model = self.narrow.model
        widths = (model.widths[0], *map(len, self.units), model.widths[-1])
        return FloatNet(replace(model, widths=widths), tuple(weights), tuple(biases))

    def _layer(self, layer: int, sources: Units, targets: Units) -> tuple[Array, Array]:
        """Weights with which all copies together act as the narrow neuron."""
        narrow, offsets = self.narrow.weights[layer], self.narrow.biases[layer]
        shares = np.bincount([s.index for s in sources if isinstance(s, Copy)], minlength=narrow.shape[1])
        matrix, bias = np.zeros((len(targets), len(sources))), np.zeros(len(targets))
        for i, target in enumerate(targets):
            if not isinstance(target, Copy):
                matrix[i] = self.random.normal(size=len(sources)) / 20
                continue
            bias[i] = offsets[target.index]
            for j, source in enumerate(sources):
                if isinstance(source, Copy):
                    share = narrow[target.index, source.index] / shares[source.index]
                    factor, constant = 1, 0
                    if source.sign < 0 and self.flip and layer:
                        factor, _, constant = self.flip
                    matrix[i, j] = share * factor
                    bias[i] -= share * factor * constant
                else:
                    matrix[i, j] = self.random.normal() / 20
                    bias[i] -= matrix[i, j] * float(source)
            matrix[i], bias[i] = target.sign * matrix[i], target.sign * bias[i]
        return matrix, bias

    @property
    def models(self) -> tuple[Layered, Layered]:
        return self.wide.model, self.narrow.model

    @property
    def weights(self) -> tuple[Weights, Weights]:
        return self.wide.exact, self.narrow.exact

    def comparison(self, centred: bool = False) -> Comparison:
        return Comparison(self.models, self.weights, DistanceCertificate(BITS, 1, centred, self.units))

    def sampled(self, box: Box, count: int = 4000) -> float:
        """The largest difference at random points and corners."""
        low, high = np.array([[float(v) for v in side] for side in box]).T
        points = low + (high - low) * self.random.random((count, len(low)))
        corners = low + (high - low) * self.random.integers(0, 2, (64, len(low)))
        points = np.concatenate([points, corners])
        return float(np.abs(self.wide(points) - self.narrow(points)).max())

    def claim(self, bound: Fraction) -> DistanceClaim:
        return DistanceClaim("wide", "narrow", self.models, self.weights, self.box, bound)

    def documents(self, bound: Fraction, boxes: int = 99, centred: bool = True) -> tuple[Any, Any]:
        certificate = DistanceCertificate(BITS, boxes, centred, self.units)
        claim, proof = Distance(bound, self.claim(bound), certificate).documents
        return json.loads(claim), json.loads(proof)


def bound_of(pair: Pair, box: Box, centred: bool = False) -> float:
    return pair.comparison(centred).bound(box) / 2**BITS


CASES = [
    Pair((1, 2, 1), 5, seed=1),
    Pair((2, 3, 1), 8, seed=2, noise=0.2),
    Pair((2, 3, 2), 6, seed=3, constants=2),
    Pair((2, 2, 2, 1), 5, seed=4, constants=1, noise=0.1),
    Pair((3, 2, 3, 2, 2), 4, seed=5),
    Pair((2, 3, 1), 6, activation="sigmoid", seed=6, noise=0.1),
    Pair((2, 2, 2, 1), 5, activation="sigmoid", seed=7, constants=1),
    Pair((2, 3, 1), 6, activation="gaussian", seed=8, noise=0.1),
    Pair((2, 3, 2, 1), 6, activation="sin", seed=9, noise=0.1),
    Pair((2, 3, 1), 6, activation="softplus", seed=10, noise=0.1),
    Pair((2, 3, 1), 6, activation="gelu", seed=11, noise=0.1, constants=1),
    Pair((2, 3, 2, 1), 6, activation="exp", seed=12),
    Pair((2, 3, 1), 6, activation="power:3", seed=13, noise=0.1),
    Pair((2, 2, 1), 5, activation="arctan", seed=14, noise=0.5),
]


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("pair", CASES)
def test_bounds_are_above_every_sampled_difference(pair: Pair, centred: bool) -> None:
    comparison = pair.comparison(centred)
    box = pair.box
    for depth in range(7):
        sampled = pair.sampled(box, 500)
        assert comparison.bound(box) / 2**BITS >= sampled * (1 - 1e-9) - 1e-13
        box = comparison.halves(box)[depth % 2]


@pytest.mark.parametrize("pair", CASES)
def test_bounds_on_small_boxes_are_sharp(pair: Pair) -> None:
    middle = Fraction(1, 7)
    box: Box = ((middle, middle + Fraction(1, 4000)),) * len(pair.box)
    sampled = pair.sampled(box)
    assert sampled * (1 - 1e-9) <= bound_of(pair, box, True) <= sampled * 1.01 + 1e-9


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gaussian", "sin", "exp"])
def test_exact_copies_are_at_distance_zero(activation: str) -> None:
    """Halves of weights are exact, so that copies with equal shares cancel exactly."""
    pair = Pair((2, 2, 1), 4, activation=activation, noise=0, seed=3)
    units: Units = (Copy(0, 1), Copy(1, 1), Copy(0, 1), Copy(1, 1))
    pair.units = (units,)
    narrow = pair.narrow
    weights = np.tile(narrow.weights[0], (2, 1)), np.tile(narrow.weights[1] / 2, (1, 2))
    pair.wide = FloatNet(pair.wide.model, weights, (np.tile(narrow.biases[0], 2), narrow.biases[1]))
    assert pair.comparison().bound(pair.box) == 0
    claim, certificate = pair.documents(Fraction(0), boxes=1, centred=False)
    assert "<= 0 on" in check_distance(read_distance_claim(claim), read_distance_certificate(certificate))


def test_changes_of_first_order_cancel() -> None:
    """Copies whose weighted mean is the narrow neuron: the bound is of second order in their distance."""
    narrow = FloatNet(
        Layered((1, 1, 1), "tanh", (True, True)), (np.eye(1), np.eye(1)), (np.ones(1) / 2, np.zeros(1))
    )
    bounds = []
    for step in (2.0**-6, 2.0**-7):
        wide = FloatNet(
            Layered((1, 2, 1), "tanh", (True, True)),
            (np.array([[1 + step], [1 - step]]), np.array([[0.5, 0.5]])),
            (np.array([0.5 + step, 0.5 - step]), np.zeros(1)),
        )
        certificate = DistanceCertificate(BITS, 1, False, ((Copy(0, 1), Copy(0, 1)),))
        comparison = Comparison((wide.model, narrow.model), (wide.exact, narrow.exact), certificate)
        bounds.append(comparison.bound(((Fraction(-1), Fraction(1)),)) / 2**BITS)
    assert bounds[0] < 2.0**-10
    assert 3.5 < bounds[0] / bounds[1] < 4.5


def proves(claim: object, certificate: object) -> bool:
    try:
        check_distance(read_distance_claim(claim), read_distance_certificate(certificate))
    except Rejected:
        return False
    return True


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair((2, 2, 1), 5, seed=4, noise=0.05)


@pytest.fixture(scope="module")
def bound(pair: Pair) -> Fraction:
    """A bound that 99 boxes prove."""
    return Fraction(pair.sampled(pair.box) * 1.2)


def test_a_bound_is_proved_and_a_smaller_one_than_the_truth_never_is(pair: Pair, bound: Fraction) -> None:
    assert proves(*pair.documents(bound))
    for factor in (Fraction(99, 100), Fraction(1, 2), Fraction(0)):
        assert not proves(*pair.documents(Fraction(pair.sampled(pair.box)) * factor))
    sharp = Fraction(pair.sampled(pair.box) * 1.02)
    assert proves(*pair.documents(sharp, boxes=999))
    assert not proves(*pair.documents(sharp, boxes=3))


def test_the_statement_says_what_is_proved(pair: Pair, bound: Fraction) -> None:
    claim, certificate = (json.dumps(document) for document in pair.documents(bound))
    statement = check(claim, certificate)
    assert statement.text.startswith(f"|f - g| <= {bound} on [-1, 3/4] x [-1, 3/4], in every output")
    assert statement.at == "given"
    assert statement.trusted == ()


def test_other_weights_are_another_claim(pair: Pair, bound: Fraction) -> None:
    for key, entry in (("weights", "5"), ("target_weights", "5")):
        claim, certificate = pair.documents(bound)
        claim[key][0][0] = entry
        assert not proves(claim, certificate)


def test_wrong_units_prove_nothing_false(pair: Pair, bound: Fraction) -> None:
    """Units are a help only: with any of them a proof of a false bound is refused."""
    false = Fraction(pair.sampled(pair.box)) * Fraction(9, 10)
    for change in ([0, 1], [1, -1], [1, 1], "1/2", "-7"):
        for place in range(len(pair.units[0])):
            claim, certificate = pair.documents(false, boxes=9)
            certificate["units"][0][place] = change
            assert not proves(claim, certificate)


def test_signs_need_a_parity() -> None:
    pair = Pair((2, 2, 1), 4, activation="softplus", seed=2)
    claim, certificate = pair.documents(Fraction(10**6))
    assert proves(claim, certificate)
    certificate["units"][0][0] = [0, -1]
    with pytest.raises(Rejected, match="no multiple of it"):
        check_distance(read_distance_claim(claim), read_distance_certificate(certificate))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c, p: p["units"].append([]), "one unit for every hidden neuron"),
        (lambda c, p: p["units"][0].pop(), "expected one unit for every"),
        (lambda c, p: p["units"][0].__setitem__(0, [2, 1]), "a neuron that does not exist"),
        (lambda c, p: c["target_model"].__setitem__("activation", "sigmoid"), "different activations"),
        (lambda c, p: c["weights"].pop(), "rational tensors of the shapes"),
    ],
)
def test_what_does_not_fit_is_rejected(pair: Pair, bound: Fraction, change: Any, reason: str) -> None:
    claim, certificate = pair.documents(bound)
    change(claim, certificate)
    with pytest.raises(Rejected, match=reason):
        check_distance(read_distance_claim(claim), read_distance_certificate(certificate))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c, p: c.__setitem__("box", [["1", "0"], ["0", "1"]]), "low <= high"),
        (lambda c, p: c["box"].pop(), "2 pairs"),
        (lambda c, p: c.__setitem__("bound", "-1"), "not negative"),
        (lambda c, p: c.__setitem__("bound", 1), "in quotes"),
        (lambda c, p: c.__setitem__("model", {"family": "diagonal", "size": 2, "depth": 1}), "layered"),
        (lambda c, p: p.__setitem__("bits", 4), "bits"),
        (lambda c, p: p.__setitem__("boxes", 0), "boxes"),
        (lambda c, p: p.__setitem__("centred", 1), "true or false"),
        (lambda c, p: p["units"][0].__setitem__(0, [0, 2]), "sign"),
        (lambda c, p: p["units"][0].__setitem__(0, [-1, 1]), "index"),
        (lambda c, p: p.__setitem__("rule", "trust me"), "rule"),
        (lambda c, p: p.__setitem__("more", 1), "keys"),
    ],
)
def test_malformed_documents_are_refused(pair: Pair, bound: Fraction, change: Any, reason: str) -> None:
    claim, certificate = pair.documents(bound)
    change(claim, certificate)
    with pytest.raises(Malformed, match=reason):
        check_distance(read_distance_claim(claim), read_distance_certificate(certificate))


def test_linear_networks_without_hidden_layers() -> None:
    model = Layered((2, 1), "tanh", (True,))
    f, g = ((Fraction(1), Fraction(2)), (Fraction(3),)), ((Fraction(1), Fraction(1)), (Fraction(0),))
    box: Box = ((Fraction(-1), Fraction(1)), (Fraction(0), Fraction(2)))
    claim = DistanceClaim("f", "g", (model, model), (f, g), box, Fraction(5))
    assert check_distance(claim, DistanceCertificate(32, 1, True, ()))
    with pytest.raises(Rejected, match="do not prove"):
        check_distance(replace(claim, bound=Fraction(49, 10)), DistanceCertificate(32, 99, True, ()))


def test_a_false_bound_fails_at_a_point() -> None:
    model = Layered((1, 1), "tanh", (True,))
    f, g = ((Fraction(1),), (Fraction(3),)), ((Fraction(1),), (Fraction(0),))
    point: Box = ((Fraction(1, 3), Fraction(1, 3)),)
    claim = DistanceClaim("f", "g", (model, model), (f, g), point, Fraction(2))
    with pytest.raises(Rejected, match="at a point"):
        check_distance(claim, DistanceCertificate(32, 99, False, ()))


# Chains


@pytest.fixture(scope="module")
def chain() -> tuple[Pair, Chain, Fraction]:
    """A wide network, one in the middle, a narrow one; bounds of the two parts and their sum."""
    pair = Pair((2, 2, 1), 5, seed=4, noise=0.05)
    random = np.random.default_rng(1)
    near = pair.wide.weights[0] + 1e-3 * random.normal(size=pair.wide.weights[0].shape)
    middle = FloatNet(pair.wide.model, (near, pair.wide.weights[1]), pair.wide.biases)
    itself: Units = tuple(Copy(k, 1) for k in range(5))
    first = DistanceCertificate(BITS, 9, False, (itself,))
    comparison = Comparison((pair.wide.model, middle.model), (pair.wide.exact, middle.exact), first)
    bound = Fraction(comparison.bound(pair.box), 2**BITS)
    second = DistanceCertificate(BITS, 99, True, pair.units)
    rest = Fraction(pair.sampled(pair.box)) * Fraction(12, 10) + bound
    return pair, Chain(middle.model, middle.exact, bound, (first, second)), bound + rest


def chain_documents(chain: tuple[Pair, Chain, Fraction]) -> tuple[Any, Any]:
    pair, certificate, bound = chain
    texts = Distance(bound, pair.claim(bound), certificate).documents
    claim, proof = map(json.loads, texts)
    return claim, proof


def test_the_bounds_of_a_chain_add_up(chain: tuple[Pair, Chain, Fraction]) -> None:
    assert proves(*chain_documents(chain))
    assert chain[2] > chain[0].sampled(chain[0].box)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c, p: p.__setitem__("bound", "0"), id="nothing for the first part"),
        pytest.param(lambda c, p: p.__setitem__("bound", c["bound"]), id="nothing for the second part"),
        pytest.param(lambda c, p: p.__setitem__("bound", "1000"), id="more than everything"),
        pytest.param(lambda c, p: p.__setitem__("bound", "-1000"), id="less than nothing"),
        pytest.param(lambda c, p: p["weights"][0].__setitem__(0, "3"), id="another network between"),
        pytest.param(lambda c, p: p.__setitem__("weights", c["target_weights"]), id="not its weights"),
        pytest.param(lambda c, p: p["first"]["units"][0].__setitem__(0, [1, 1]), id="wrong units"),
        pytest.param(lambda c, p: c["target_weights"][0].__setitem__(0, "3"), id="another target"),
    ],
)
def test_tampered_chains_are_rejected(chain: tuple[Pair, Chain, Fraction], change: Any) -> None:
    claim, certificate = chain_documents(chain)
    change(claim, certificate)
    assert not proves(claim, certificate)


def test_a_chain_has_two_parts_without_chains(chain: tuple[Pair, Chain, Fraction]) -> None:
    claim, certificate = chain_documents(chain)
    with pytest.raises(Malformed, match="keys"):
        read_distance_certificate(dict(certificate, first=dict(certificate, first=0)))
    assert read_distance_claim(claim).bound == chain[2]
