"""Condensed networks: exact copies are found exactly, near ones nearly, and every number shown is proved."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import llrsym as ll
from llrsym.errors import BadInput
from llrsym.kernel.layer_differences import Copy
from llrsym.kernel.models import Convolution, Layered
from llrsym.networks.network import Network
from llrsym.networks.weight_files import load_weights
from llrsym.networks.weights import exact_weights
from llrsym.recovery.condense import condense
from llrsym.recovery.condense_distance import rounded_up
from llrsym.recovery.condense_exact import exactly_merged
from llrsym.recovery.condense_fit import fitted
from llrsym.recovery.condense_net import FloatNet, Stratum
from llrsym.recovery.condense_path import condensation_path
from llrsym.recovery.condense_result import Condensed
from llrsym.verification import verify_paths

Weights = Mapping[str, object]


def layered(network: Network) -> Layered:
    assert isinstance(network.model, Layered)
    return network.model


def copies(*, noise: float = 0.0, activation: str = "tanh") -> tuple[Network, Weights]:
    """Six neurons that are copies of two, up to sign where the activation is odd, for two inputs."""
    random = np.random.default_rng(5)
    rows, biases = np.array([[1.0, -0.5], [0.25, 2.0]]), np.array([0.5, -0.25])
    index, signs = [0, 1, 0, 1, 1, 0], np.array([1, 1, -1, 1, -1, 1])
    if activation != "tanh":
        signs = np.ones(6)
    w1, b1 = rows[index] * signs[:, None], biases[index] * signs
    weights = {
        "W1": w1 + noise * random.normal(size=w1.shape),
        "b1": b1 + noise * random.normal(size=b1.shape),
        "W2": np.array([[1.0, 0.5, 0.25, -2.0, 1.0, 0.75]]),
        "b2": [0.125],
    }
    return ll.mlp(2, 6, 1, activation=activation), weights


def sampled(network: Network, at: Weights, result: Condensed, count: int = 5000) -> float:
    """The largest difference at random points of the box, in double precision."""
    f = FloatNet.of(layered(network), exact_weights(network, at))
    g = FloatNet.of(layered(result.chosen.target), result.chosen.exact_weights)
    low, high = np.array([[float(v) for v in side] for side in result.box]).T
    points = low + (high - low) * np.random.default_rng(9).random((count, len(low)))
    return float(np.abs(f(points) - g(points)).max())


def test_exact_copies_are_merged_exactly() -> None:
    network, weights = copies()
    result = condense(network, at=weights, tolerance=1e-30)
    assert result.chosen.widths == (2,)
    assert result.distance == 0
    assert (result.samples.samples, result.samples.verdict) == (9, "proved")
    assert sorted(result.weights["W2"].ravel().tolist()) == [Fraction(-5, 2), Fraction(3, 2)]


def test_nearly_equal_neurons_are_merged_at_a_proved_distance() -> None:
    network, weights = copies(noise=0.01)
    result = condense(network, at=weights, tolerance=0.01)
    assert result.chosen.widths == (2,)
    assert sampled(network, weights, result) <= result.distance <= Fraction(1, 100)
    assert result.samples.samples == 9
    assert (result.levels[0].neurons, result.levels[0].distance) == (6, 0)


@pytest.mark.parametrize("activation", ["sigmoid", "gaussian", "gelu", "sin"])
def test_other_activations(activation: str) -> None:
    network, weights = copies(noise=0.003, activation=activation)
    result = condense(network, at=weights, neurons=[2], tolerance=0.05)
    assert result.chosen.widths == (2,)
    assert sampled(network, weights, result) <= result.distance <= Fraction(1, 20)


def test_an_open_sample_size_is_not_called_proved() -> None:
    network, weights = copies(activation="gelu")
    result = condense(network, at=weights, neurons=[2])
    assert result.chosen.samples_verdict == "open"
    assert result.exit_code() == 3
    assert "O in [0, 9] for its function in the network, open" in str(result)


def test_two_hidden_layers_and_constant_neurons() -> None:
    weights = {
        "W1": [[1.0], [1.0], [0.001]],
        "b1": [0.25, 0.26, 0.5],
        "W2": [[0.5, 0.5, 1.0], [-0.5, -0.5, 0.75]],
        "b2": [0.125, -0.5],
        "W3": [[1.0, 2.0]],
        "b3": [0.0],
    }
    network = ll.mlp(1, 3, 2, 1)
    result = condense(network, at=weights, tolerance=0.02)
    assert sum(result.chosen.widths) <= 3
    assert sampled(network, weights, result) <= result.distance <= Fraction(1, 50)


def test_neurons_without_influence_are_dropped_exactly() -> None:
    network = ll.mlp(1, 3, 1)
    weights = {"W1": [[1], [5], [0]], "b1": [0.5, 1, 0.75], "W2": [["1/3", 0, 0]], "b2": [1]}
    result = condense(network, at=weights, tolerance=1e-30)
    assert (result.chosen.widths, result.distance) == ((1,), 0)
    assert result.weights["W2"].tolist() == [[Fraction(1, 3)]]


def test_without_biases_and_with_many_inputs() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(2, 12))
    w1 = np.concatenate([rows, -rows[:1], rows[1:]]) + 1e-4 * random.normal(size=(4, 12))
    network, weights = ll.mlp(12, 4, 2, bias=False), {"W1": w1, "W2": random.normal(size=(2, 4))}
    result = condense(network, at=weights, tolerance=0.01)
    assert result.chosen.widths == (2,)
    assert sampled(network, weights, result) <= result.distance
    assert "b1" not in result.weights


def one_direction(inputs: int) -> tuple[Network, Weights]:
    """Ten neurons that look along two directions of many inputs, up to noise."""
    random = np.random.default_rng(3)
    rows = random.normal(size=(2, inputs)) / np.sqrt(inputs)
    w1 = rows[[0, 1] * 5] * (1 + 0.1 * random.normal(size=(10, 1))) + 1e-3 * random.normal(size=(10, inputs))
    b1 = np.array([0.5, -0.25] * 5) + 0.05 * random.normal(size=10)
    weights = {"W1": w1, "b1": b1, "W2": random.normal(size=(1, 10)), "b2": [0]}
    return ll.mlp(inputs, 10, 1), weights


def test_many_inputs_are_cut_along_directions(tmp_path: Path) -> None:
    network, weights = one_direction(9)
    result = condense(network, at=weights, neurons=[2], certificate=tmp_path)
    coarse = result.levels[-1]
    assert sampled(network, weights, result) <= coarse.sampled <= coarse.distance <= 3 * coarse.sampled
    assert all(check.accepted for check in verify_paths(tmp_path))
    proof = json.loads((tmp_path / "neurons-2" / "distance" / "certificate.json").read_text("utf-8"))
    assert "ridges" in (proof["rule"], proof.get("second", {}).get("rule"))


# Convolutions


def channels(*, shared: bool, noise: float) -> tuple[Network, Weights]:
    """Four channels that are two up to sign; without sharing, others at every position."""
    random = np.random.default_rng(1)
    places = () if shared else (3,)
    kernels, biases = random.normal(size=(2, *places, 2)), random.normal(size=(2, *places))
    order = np.array([[0, 1, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1]])
    signs = np.array([1.0, -1.0, -1.0, 1.0])
    if shared:
        k, b = kernels[order[0]] * signs[:, None], biases[order[0]] * signs
    else:
        k = np.stack([kernels[order[p], p] * signs[:, None] for p in range(3)], axis=1)
        b = np.stack([biases[order[p], p] * signs for p in range(3)], axis=1)
    k, b = k + noise * random.normal(size=k.shape), b + noise * random.normal(size=b.shape)
    network = ll.conv(input=(4,), kernel=(2,), channels=(4,), shared=shared, bias=True, outputs=2)
    return network, {"K": k, "b": b, "a": random.normal(size=(2, 4, 3)), "b_out": [0.5, -1.0]}


def seen(network: Network, at: Weights, result: Condensed) -> float:
    """The largest difference of the two convolutions at random points of [-1, 1]^d."""
    assert isinstance(network.model, Convolution)
    assert isinstance(result.chosen.target.model, Convolution)
    f = FloatNet.of(network.model, exact_weights(network, at))
    g = FloatNet.of(result.chosen.target.model, result.chosen.exact_weights)
    points = np.random.default_rng(9).uniform(-1, 1, (3000, network.inputs))
    return float(np.abs(f(points) - g(points)).max())


@pytest.mark.parametrize("shared", [True, False])
def test_channels_that_agree_are_merged_exactly(shared: bool) -> None:
    network, weights = channels(shared=shared, noise=0)
    result = condense(network, at=weights, neurons=[2])
    assert (result.chosen.neurons, result.chosen.widths, result.distance) == (2, (2,), 0)
    assert seen(network, weights, result) < 1e-13
    assert f"channels=(2,), activation='tanh', shared={shared}" in result.chosen.target.text


@pytest.mark.parametrize("shared", [True, False])
def test_channels_that_nearly_agree(shared: bool, tmp_path: Path) -> None:
    network, weights = channels(shared=shared, noise=1e-3)
    result = condense(network, at=weights, neurons=[2], tolerance=0.2, certificate=tmp_path)
    assert result.chosen.neurons == 2
    assert 0 < seen(network, weights, result) <= result.distance <= Fraction(1, 5)
    assert all(check.accepted for check in verify_paths(tmp_path))
    assert "channels" in str(result)


def test_a_channel_without_influence_is_dropped() -> None:
    network = ll.conv(input=(3,), kernel=(2,), channels=(2,))
    weights = {"K": [[1, 2], [3, 4]], "a": [["1/3", 1], [0, 0]]}
    result = condense(network, at=weights, neurons=[1])
    assert (result.chosen.neurons, result.distance, result.samples.samples) == (1, 0, 4)
    assert result.weights["a"].tolist() == [[Fraction(1, 3), 1]]


def test_channels_out_of_range_are_refused() -> None:
    network, weights = channels(shared=True, noise=0)
    with pytest.raises(BadInput, match="5 channels are not possible; choose from 1 to 4"):
        condense(network, at=weights, neurons=[5])


def test_huge_convolutions_are_refused() -> None:
    network = ll.conv(input=(3000,), kernel=(1,), channels=(1,))
    with pytest.raises(BadInput, match="are too many; use a convolution"):
        condense(network, at={"K": [[1]], "a": [[1] * 3000]})


def test_the_box_is_that_of_the_samples(tmp_path: Path) -> None:
    network, weights = copies(noise=0.01)
    table = tmp_path / "x.csv"
    table.write_text("a,b,y\n0,0.5,1\n1,-0.25,2\n0.5,0,3\n", encoding="utf-8")
    result = condense(network, at=weights, data=str(table), labels="y", neurons=[2])
    assert result.box == ((Fraction(0), Fraction(1)), (Fraction(-1, 4), Fraction(1, 2)))
    whole = condense(network, at=weights, box=[-1, 1], neurons=[2])
    assert result.levels[-1].distance <= whole.levels[-1].distance


def test_a_point_is_a_box() -> None:
    network, weights = copies(noise=0.01)
    result = condense(network, at=weights, box=[0.5, 0.5], neurons=[2])
    assert sampled(network, weights, result) <= result.levels[-1].distance


def test_certificates_are_checked_by_a_stranger(tmp_path: Path) -> None:
    network, weights = copies(noise=0.01)
    result = condense(network, at=weights, neurons=[2], certificate=tmp_path)
    assert result.certificate == str(tmp_path)
    checks = verify_paths(tmp_path)
    assert len(checks) == 4
    assert all(check.accepted for check in checks)
    claim = json.loads((tmp_path / "neurons-2" / "distance" / "claim.json").read_text(encoding="utf-8"))
    assert Fraction(claim["bound"]) == result.levels[-1].distance


def test_coarse_networks_are_reached_through_a_finer_one(tmp_path: Path) -> None:
    network, weights = copies(noise=1e-5)
    result = condense(network, at=weights, neurons=[1], certificate=tmp_path)
    proof = (tmp_path / "neurons-1" / "distance" / "certificate.json").read_text(encoding="utf-8")
    assert json.loads(proof)["rule"] == "chain"
    assert json.loads(proof)["model"]["widths"] == [2, 2, 1]
    coarse = result.levels[-1]
    assert coarse.sampled <= coarse.distance <= 1.2 * coarse.sampled


def test_more_effort_gives_sharper_distances() -> None:
    network, weights = copies(noise=0.2)
    least, most = (condense(network, at=weights, neurons=[1], effort=n) for n in (1, 4))
    assert most.levels[-1].distance <= least.levels[-1].distance


def test_answers_are_reproducible() -> None:
    network, weights = copies(noise=0.01)
    first, second = (condense(network, at=weights, neurons=[2, 3]) for _ in range(2))
    for one, other in zip(first.levels, second.levels, strict=True):
        assert (one.distance, one.exact_weights) == (other.distance, other.exact_weights)


def test_weights_are_written(tmp_path: Path) -> None:
    network, weights = copies(noise=0.01)
    result = condense(network, at=weights, neurons=[2], tolerance=0.05)
    for name in ("w.json", "w.npz"):
        result.write(tmp_path / name)
        read = exact_weights(result.chosen.target, load_weights(tmp_path / name))
        assert read == result.chosen.exact_weights
    with pytest.raises(BadInput, match=r"neither \.json nor \.npz"):
        result.write(tmp_path / "w.txt")


def test_a_budget_leaves_sample_sizes_open_and_distances_proved() -> None:
    network, weights = copies(noise=0.01, activation="gelu")
    result = condense(network, at=weights, neurons=[2], budget=1e-6, tolerance=0.05)
    assert result.distance <= Fraction(1, 20)
    assert result.chosen.samples_verdict == "open"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"tolerance": 0}, "not positive"),
        ({"tolerance": -1e-3}, "not positive"),
        ({"tolerance": float("nan")}, "not positive"),
        ({"tolerance": "small"}, "no number"),
        ({"neurons": [0]}, "no positive integers"),
        ({"neurons": []}, "no positive integers"),
        ({"neurons": [7]}, "choose from 1 to 6"),
        ({"effort": 0}, "from 1 to"),
        ({"box": [1, -1]}, "is empty"),
        ({"box": [[0, 1]] * 3}, "one pair of numbers or 2"),
        ({"box": [0, 1], "data": [[0, 1]]}, "give one of them"),
        ({"data": [[0, 1, 2]]}, "expected 2 columns"),
    ],
)
def test_bad_input_is_one_sentence(arguments: dict[str, object], reason: str) -> None:
    network, weights = copies()
    with pytest.raises(BadInput, match=reason):
        condense(network, at=weights, **arguments)  # type: ignore[arg-type]


def test_other_networks_and_weights_are_refused() -> None:
    with pytest.raises(BadInput, match="fully-connected network with a hidden layer"):
        condense(ll.conv(input=(4,), kernel=(2,), channels=(1, 1)), at={})
    with pytest.raises(BadInput, match="fully-connected network with a hidden layer"):
        condense(ll.mlp(2, 1), at={"W1": [[1, 2]], "b1": [0]})
    network, weights = copies()
    with pytest.raises(BadInput, match="W1 expected shape"):
        condense(network, at={**weights, "W1": [[1.0]]})


def test_functions_that_overflow_are_refused() -> None:
    network, weights = ll.mlp(1, 1, 1, activation="exp"), {"W1": [[1]], "b1": [0], "W2": [[1]], "b2": [0]}
    with pytest.raises(BadInput, match="overflows"):
        condense(network, at=weights, box=[-1000, 1000])


def test_huge_boxes_have_bounds_where_the_activation_is_bounded() -> None:
    network, weights = copies(noise=0.01)
    result = condense(network, at=weights, box=[-1e308, 1e308], neurons=[2])
    assert 0 < result.levels[-1].distance < 20


# Imported networks


def forward(p: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    hidden = np.tanh(x @ p["U"] + p["c"])
    result: np.ndarray = p["v"] @ hidden
    return result


SHAPES = {"U": (2, 3), "c": (3,), "v": (1, 3), "x": (2,)}
TRACED: Weights = {"U": [[1, -1, 3], [2, -2, 5]], "c": [0.5, -0.5, 1], "v": [[1, 3, 2]]}


def test_traced_networks_are_recognised() -> None:
    network = ll.trace(forward, shapes=SHAPES)
    result = condense(network, at=TRACED, neurons=[2])
    assert (result.chosen.widths, result.distance) == ((2,), 0)
    assert result.network.text == "mlp(2, 3, 1, activation='tanh', bias='hidden')"
    assert sorted(result.weights["W2"].ravel().tolist()) == [-2, 2]


def test_onnx_models_are_recognised() -> None:
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    arrays = {name: np.array(TRACED[name], dtype=np.float64) for name in ("U", "c", "v")}
    nodes = [
        helper.make_node("Gemm", ["x", "U", "c"], ["z"]),
        helper.make_node("Tanh", ["z"], ["h"]),
        helper.make_node("Gemm", ["h", "v"], ["y"], transB=1),
    ]
    ends = [
        [helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, shape)]
        for name, shape in (("x", [1, 2]), ("y", [1, 1]))
    ]
    initial = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "g", *ends, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    network, weights = ll.from_onnx(model)
    assert network.model is None
    result = condense(network, at=weights, neurons=[2])
    assert (result.chosen.widths, result.distance) == ((2,), 0)


@pytest.mark.parametrize(
    "function",
    [
        lambda p, x: p["v"] @ (np.tanh(x @ p["U"] + p["c"]) + np.tanh(x @ p["U"])),
        lambda p, x: p["v"] @ np.tanh(x @ p["U"] + 2 * p["c"]),
        lambda p, x: p["v"] @ np.tanh(x @ p["U"] * p["c"]),
        lambda p, x: p["v"] @ np.sin(np.tanh(x @ p["U"] + p["c"])),
        lambda p, x: p["v"] @ (np.tanh(x @ p["U"] + p["c"]) ** 2),
        lambda p, x: p["v"] @ (x @ p["U"] + p["c"]),
    ],
    ids=["two activations", "scaled bias", "gate", "two layers", "square", "linear"],
)
def test_other_programs_are_not_taken_for_an_mlp(function: Callable[..., np.ndarray]) -> None:
    with pytest.raises(BadInput, match="no fully-connected network with a hidden layer"):
        condense(ll.trace(function, shapes=SHAPES), at=TRACED)


def test_tied_weights_are_not_taken_for_an_mlp() -> None:
    def tied(p: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
        result: np.ndarray = p["W"].T @ np.tanh(p["W"] @ x)
        return result

    with pytest.raises(BadInput, match="no fully-connected network with a hidden layer"):
        condense(ll.trace(tied, shapes={"W": (2, 2), "x": (2,)}), at={"W": [[1, 2], [3, 4]]})


# The parts of the search


def test_exact_merging_keeps_the_function() -> None:
    for activation in ("tanh", "sigmoid", "gaussian", "cos"):
        network, weights = copies(activation=activation)
        exact = exact_weights(network, weights)
        stratum = exactly_merged(layered(network), exact)
        assert stratum.neurons == 2
        points = np.random.default_rng(0).normal(size=(50, 2))
        wide = FloatNet.of(layered(network), exact)
        assert np.allclose(wide(points), stratum.net(points), atol=1e-13)


def test_mirrored_sigmoids_leave_a_constant() -> None:
    network = ll.mlp(1, 2, 1, activation="sigmoid")
    weights = {"W1": [[2], [-2]], "b1": [1, -1], "W2": [[3, 0.5]], "b2": [0.25]}
    stratum = exactly_merged(layered(network), exact_weights(network, weights))
    assert stratum.units == ((Copy(0, 1), Copy(0, -1)),)
    assert [tensor[0] for tensor in stratum.weights[2:]] == [Fraction(5, 2), Fraction(3, 4)]


def test_the_path_goes_down_by_one_neuron_and_keeps_every_layer() -> None:
    random = np.random.default_rng(2)
    network = ll.mlp(2, 4, 3, 1)
    weights = {name: random.normal(size=shape) for name, shape, _ in network.layers}
    start = exactly_merged(layered(network), exact_weights(network, weights))
    path = list(condensation_path(start, random.uniform(-1, 1, (64, 2))))
    assert [stratum.neurons for stratum in path] == [7, 6, 5, 4, 3, 2]
    for stratum in path:
        widths = stratum.net.model.widths[1:-1]
        assert min(widths) >= 1
        assert [len(units) for units in stratum.units] == [4, 3]
        for units, width in zip(stratum.units, widths, strict=True):
            assert all(unit.index < width for unit in units if isinstance(unit, Copy))


def test_fitting_never_makes_it_worse() -> None:
    network, weights = copies(noise=0.2)
    start = exactly_merged(layered(network), exact_weights(network, weights))
    points = np.random.default_rng(1).uniform(-1, 1, (400, 2))
    values = start.net(points)
    for stratum in condensation_path(start, points):
        before = np.abs(stratum.net(points) - values).max()
        after = np.abs(fitted(stratum, points, values).net(points) - values).max()
        assert after <= before


def test_large_networks_are_not_fitted() -> None:
    network = ll.mlp(100, 2, 1)
    weights = {"W1": np.ones((2, 100)), "b1": [0, 0], "W2": [[1, 1]], "b2": [0]}
    net = FloatNet.of(layered(network), exact_weights(network, weights))
    stratum = Stratum(net, ((Copy(0, 1), Copy(1, 1)),))
    assert fitted(stratum, np.zeros((3, 100)), np.ones((3, 1))) is stratum


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1/3", "0.334"), ("123.4", "124"), ("0.001", "0.001"), ("0.00099951", "0.001"), ("7", "7"), ("0", "0")],
)
def test_bounds_are_rounded_up_to_three_digits(value: str, expected: str) -> None:
    assert rounded_up(Fraction(value)) == Fraction(expected)
