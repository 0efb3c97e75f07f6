"""Recovery experiments: what is trained on what, and what came out, against the theory where there is one."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

import llrsym as ll
from llrsym.errors import BadInput, OutOfBudget
from llrsym.recovery.experiment_options import numbers
from llrsym.recovery.experiment_starts import POINTS, target_map, target_point
from llrsym.recovery.experiments import Experiment, Protocol, Setting
from llrsym.recovery.presets import PRESETS
from llrsym.recovery.recover import recover
from llrsym.recovery.training import Objective

NEURON = {"W1": [[0.6, 0.8]], "W2": [[1.0]]}
SMALL = {
    "network": "mlp(2, {N}, 1, bias=False)",
    "target": "mlp(2, 1, 1, bias=False)",
    "target_weights": NEURON,
    "widths": [1, 2],
    "samples": [2, 5],
    "trials": 2,
    "steps": 200,
}


def ask(**changes):
    options = SMALL | changes
    return recover(options.pop("network"), **options)


def errors(answer):
    return [(p.n, p.errors) for curve in answer.curves for p in curve.points]


@pytest.mark.parametrize("start", POINTS)
@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("mlp(2, 5, 1)", "mlp(2, 2, 1)"),
        ("mlp(2, 3, 4, 2)", "mlp(2, 2, 2, 2)"),
        ("mlp(5, 4, 1, bias='hidden')", "conv(input=(5,), kernel=(3,), channels=(1,), bias='hidden')"),
        ("conv(input=(5,), kernel=(3,), channels=(3,))", "conv(input=(5,), kernel=(3,), channels=(1,))"),
        ("matrix_factorization(rows=3, inner=3, cols=4)", "matrix_factorization(rows=3, inner=1, cols=4)"),
    ],
)
def test_the_starts_have_the_function_of_the_target(start, wide, narrow):
    network, target = ll.parse_network(wide), ll.parse_network(narrow)
    rng = np.random.default_rng(3)
    weights = {name: rng.standard_normal(shape) for name, shape, _ in target.layers}
    theta = target_point(target_map(network, target, start), target, weights, rng)
    experiment = Experiment(target, weights, (), Protocol((1,)))
    inputs = rng.standard_normal((1, 7 if target.inputs else 1, target.inputs))
    labels = experiment.labels(inputs)
    shaped = inputs.reshape(*inputs.shape[:2], *network.program.input_shape)
    found = Objective(network.program, shaped, labels, labels).outputs(theta[None])
    np.testing.assert_allclose(found, labels, rtol=1e-12, atol=1e-13)
    assert theta.shape == (network.parameter_count,)


def test_the_starts_are_different_strata():
    network, target = ll.mlp(2, 3, 1, bias=False), ll.mlp(2, 1, 1, bias=False)
    points = {
        start: target_point(target_map(network, target, start), target, NEURON, np.random.default_rng(0))
        for start in POINTS
    }
    np.testing.assert_allclose(points["split"], [0.6, 0.8] * 3 + [1 / 3] * 3)
    np.testing.assert_allclose(points["null"], [0.6, 0.8, 0, 0, 0, 0, 1, 0, 0])
    assert points["zero-out"][2:6].all()
    assert points["zero-out"][6:].tolist() == [1, 0, 0]


@pytest.mark.parametrize("n", [2, 4, 5, 9])
def test_local_recovery_from_the_dead_stratum_begins_at_the_local_recovery_size(n):
    # arXiv:2309.00508, Theorem 5.4: m + m0 d = 3 + 2 = 5 samples are enough there, and O - 1 = 2 never are.
    answer = ask(widths=[3], samples=[n], trials=10, start=["zero-out"], steps=1000, polish=True)
    (curve,) = answer.curves
    assert (curve.sizes.samples, curve.sizes.local_recovery, curve.parameters) == (3, 5, 9)
    assert (curve.points[0].median < 1e-9) == (n >= 5)


def test_at_the_optimistic_sample_size_the_error_of_a_split_start_is_of_second_order():
    medians = []
    for perturb in (1e-2, 1e-3):
        answer = ask(widths=[3], samples=[2, 3], trials=20, start="split", perturb=perturb, polish=True)
        medians.append([point.median for point in answer.curves[0].points])
    below, at = np.log10(medians[0]) - np.log10(medians[1])
    assert 0.7 < below < 1.3
    assert at > 1.6


def test_one_neuron_is_recovered_from_a_small_start_with_as_many_samples_as_parameters():
    answer = recover("neuron", widths="1", samples="3,4", trials=5)
    (curve,) = answer.curves
    assert (curve.sizes.samples, curve.sizes.verdict, curve.recovered_from(1e-6)) == (4, "proved", 4)


def test_the_sizes_of_the_paper_are_proved():
    answer = recover("paper", samples="1", trials=1, steps=1, polish=False, widths="1,3")
    sizes = [(curve.parameters, curve.sizes.samples, curve.sizes.verdict) for curve in answer.curves]
    assert [samples for _, samples, _ in sizes] == [7, 7, 15, 15, 21, 21]
    assert [parameters for parameters, _, _ in sizes] == [7, 21, 15, 45, 21, 63]
    assert {verdict for *_, verdict in sizes} == {"proved"}
    assert [curve.sizes.local_recovery for curve in answer.curves[4:]] == [21, 27]


def test_the_target_of_the_paper_is_a_sum_of_shifted_neurons():
    preset = PRESETS["paper"]
    experiment = Experiment(ll.parse_network(preset.target), preset.weights, (), Protocol((1,)))
    x = np.random.default_rng(0).standard_normal((1, 6, 5))
    rows = [np.r_[[0] * k, 0.6, 0.8, 1, [0] * (2 - k)] for k in range(3)]
    expected = sum(np.tanh(x @ row) for row in rows)
    np.testing.assert_allclose(experiment.labels(x)[..., 0], expected, rtol=1e-12)


def test_all_entries_of_a_matrix_determine_it_and_half_of_them_do_not():
    answer = recover("factorisation", widths="1,4", samples="4,16", trials=3, steps=3000)
    for curve in answer.curves:
        assert curve.sizes.samples == 7
        few, all_of_them = curve.points
        assert few.median > 0.1
        assert all_of_them.median < 1e-6


def test_label_noise_bounds_the_error_from_below_and_many_samples_average_it():
    answer = ask(widths=[1], samples=[4, 400], noise=0.05, trials=10, steps=500)
    few, many = (point.median for point in answer.curves[0].points)
    assert 1e-4 < many < few


def test_dropout_changes_the_trainings():
    plain, dropped = (ask(widths=[2], dropout=p, rate=0.05, init_scale=0.1) for p in (0.0, 0.3))
    assert errors(plain) != errors(dropped)
    assert errors(dropped) == errors(ask(widths=[2], dropout=0.3, rate=0.05, init_scale=0.1))


def test_the_first_samples_of_a_trial_are_the_same_for_every_number():
    alone, among = ask(samples=[5]), ask(samples=[2, 5])
    for one, two in zip(alone.curves, among.curves, strict=True):
        np.testing.assert_allclose(one.points[0].errors, two.points[1].errors, rtol=1e-6)


def test_tasks_cover_every_training_once():
    target = ll.mlp(2, 1, 1)
    settings = tuple(Setting(ll.mlp(2, m, 1), "", m) for m in (1, 400))
    experiment = Experiment(target, {}, settings, Protocol(tuple(range(1, 50)), trials=7))
    tasks = list(experiment.tasks())
    assert [n for task in tasks if task.setting == 1 for n in task.samples] == list(range(1, 50))
    assert [n for task in tasks if task.setting == 0 for n in task.samples] == list(range(1, 50))
    assert len([task for task in tasks if task.setting == 1]) > len([t for t in tasks if t.setting == 0])


def test_the_number_of_processes_changes_nothing(tmp_path):
    one = ask(results=tmp_path / "one.jsonl")
    two = ask(results=tmp_path / "two.jsonl", jobs=2)
    assert one.trainings == two.trainings
    lines = [sorted((tmp_path / name).read_text().splitlines()) for name in ("one.jsonl", "two.jsonl")]
    assert lines[0] == lines[1]


@pytest.mark.parametrize("kept", [0, 1, 3, 8])
@pytest.mark.parametrize("torn", ["", '{"setting": 1, "n": 5, "tri'])
def test_an_interrupted_run_continues_with_the_same_results(tmp_path, kept, torn):
    path = tmp_path / "r.jsonl"
    whole = ask(results=path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: 1 + kept]) + torn)
    assert ask(results=path).trainings == whole.trainings
    assert sorted(path.read_text().splitlines()) == sorted(line.rstrip("\n") for line in lines)


def test_a_header_that_was_cut_off_is_written_anew(tmp_path):
    path = tmp_path / "r.jsonl"
    whole = ask(results=path)
    path.write_text(path.read_text()[:50])
    assert ask(results=path).trainings == whole.trainings


def test_a_complete_file_is_not_trained_again(tmp_path):
    path = tmp_path / "r.jsonl"
    ask(results=path)
    before = path.read_bytes()
    again = ask(results=path, budget=1e-9)
    assert again.complete
    assert path.read_bytes() == before


def test_the_threshold_may_differ_from_that_of_the_file(tmp_path):
    path = tmp_path / "r.jsonl"
    ask(results=path)
    assert ask(results=path, threshold=0.5).threshold == 0.5


def test_a_killed_run_continues_with_the_same_results(tmp_path):
    path = tmp_path / "r.jsonl"
    options = {"samples": list(range(2, 40)), "widths": [1, 20], "trials": 10, "steps": 400}
    asked = {**SMALL, **options, "results": str(path)}
    network = asked.pop("network")
    code = f"from llrsym.recovery.recover import recover; recover({network!r}, **{asked!r})"
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": "."})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not path.exists() or path.read_bytes().count(b"\n") < 20):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    partial = path.read_bytes().count(b"\n")
    resumed = ask(**options, results=path)
    assert 20 <= partial <= resumed.count
    assert resumed.complete
    assert resumed.trainings == ask(**options).trainings


def test_a_budget_that_runs_out_gives_what_was_trained():
    with pytest.raises(OutOfBudget) as stop:
        ask(samples=list(range(1, 200)), trials=50, budget=1e-6)
    assert not stop.value.verdict.complete
    assert stop.value.verdict.count == 2 * 199 * 50


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("hello\n", "holds no trainings of llrsym"),
        ("hello", "holds no trainings of llrsym"),
        ('{"format": "llrsym ranks 1"}\n', "holds no trainings of llrsym"),
        ("HEADER\nnonsense\n", "line 2 of .* is no training"),
        ('HEADER\n{"setting": 0}\n', "line 2 of .* is no training"),
        ("HEADER\n[1, 2]\n", "line 2 of .* is no training"),
        (
            'HEADER\n{"setting": 9, "n": 2, "trial": 0, "train": 1, "test": 1, "descent": 1, "steps": 1, '
            '"ended": "steps"}\n',
            "line 2 of .* is no training",
        ),
    ],
)
def test_files_that_are_something_else_are_refused(tmp_path, content, reason):
    path = tmp_path / "r.jsonl"
    ask(results=path)
    path.write_text(content.replace("HEADER", path.read_text().splitlines()[0]))
    with pytest.raises(BadInput, match=reason):
        ask(results=path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"trials": 3}, "trials"),
        ({"samples": [2, 6]}, "samples"),
        ({"seed": 1}, "seed"),
        ({"noise": 0.1}, "noise"),
        ({"steps": 201}, "steps"),
        ({"optimizer": "adam"}, "optimizer"),
        ({"widths": [1, 3]}, "settings"),
        ({"target_weights": {"W1": [[0.6, 0.9]], "W2": [[1]]}}, "target_weights"),
    ],
)
def test_trainings_of_another_experiment_are_refused(tmp_path, change, named):
    path = tmp_path / "r.jsonl"
    ask(results=path)
    with pytest.raises(BadInput, match=f"have another {named} .* repeat those options"):
        ask(results=path, **change)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"target": None}, "--target: it is missing"),
        ({"network": "paper"}, "has its own"),
        ({"widths": None}, "has sizes in braces"),
        ({"network": "mlp(2, 2, 1, bias=False)"}, "no network has a size in braces"),
        ({"network": "mlp(2, {K}, 1)"}, "names another size than N"),
        ({"network": ["mlp(2, {N}, 1)", "mlp(2, {N}, 1)"]}, "two networks are the same"),
        ({"network": []}, "at least one network"),
        ({"network": "mlp(3, {N}, 1, bias=False)"}, "2 inputs and 1 outputs, but .* has 3 and 1"),
        ({"target": "mlp(2, 3, 1, bias=False)", "target_weights": None}, "cannot express this target"),
        ({"target_weights": {"W1": [[1, 2]]}}, "W2 is missing"),
        ({"samples": "5..2"}, "names no positive integers"),
        ({"samples": [0]}, "names no positive integers"),
        ({"samples": [True]}, "names no positive integers"),
        ({"samples": 1.5}, "no list of integers"),
        ({"samples": ""}, "names no positive integers"),
        ({"samples": "1..2000"}, "give 1 to 1000 integers"),
        ({"samples": "999999"}, "of at most 100000"),
        ({"trials": 0}, "--trials: 0 is not an integer from 1"),
        ({"trials": True}, "--trials: True is not an integer"),
        ({"noise": float("nan")}, "--noise: nan is not a number from 0"),
        ({"noise": -1}, "--noise: -1 is not a number from 0"),
        ({"rate": 0.0}, "--rate: 0.0 is not a number above 0"),
        ({"threshold": 0}, "--threshold: 0 is not a number above 0"),
        ({"dropout": 1.0}, "--dropout: 1.0 is not a number from 0 to 0.95"),
        ({"dropout": 0.1, "polish": True}, "would undo the dropout"),
        ({"dropout": 0.1, "optimizer": "lbfgs"}, "cannot follow a random loss"),
        ({"optimizer": "sgd"}, "there is no 'sgd'; take gd, adam"),
        ({"optimizer": "lbfgs", "rate": 0.1}, "chooses its own steps"),
        ({"start": "far"}, "there is no 'far'; take some of small, split"),
        ({"jobs": 0}, "no number of processes"),
        ({"trials": 10_000, "samples": "1..500"}, "10000000 trainings, at most 1000000"),
        ({"momentum": 0.9}, "there is no option 'momentum'"),
    ],
)
def test_refusals(change, reason):
    with pytest.raises(BadInput, match=reason):
        ask(**change)


def test_more_samples_than_entries_are_refused():
    with pytest.raises(BadInput, match="17 is too many, the target has 16 entries"):
        recover("factorisation", samples="1..17")


def test_starts_need_a_family():
    network = "attention(tokens=2, dim=2, head_dim=1, heads=1)"
    with pytest.raises(BadInput, match="needs an mlp, conv or matrix_factorization"):
        recover(network, target=network, start="split")


def test_dropout_needs_hidden_neurons():
    with pytest.raises(BadInput, match="neither mlp nor conv"):
        recover("factorisation", dropout=0.1, samples="16")


def test_numbers_are_sorted_and_single():
    assert numbers("samples", "8, 3..4, 1..9:4, 3") == (1, 3, 4, 5, 8, 9)
    assert numbers("widths", [3, 1]) == (1, 3)
    assert numbers("widths", 7) == (7,)


def test_perturb_alone_starts_at_target_points():
    answer = ask(widths=[2], samples=[3], perturb=0.01)
    assert [curve.start for curve in answer.curves] == list(POINTS)


def test_weights_that_are_not_given_are_drawn_and_the_sizes_are_about_almost_every_target():
    answer = ask(target_weights=None, samples=[3], widths=[2])
    other = ask(target_weights=None, samples=[3], widths=[2], seed=1)
    assert (answer.curves[0].sizes.at, answer.curves[0].sizes.samples) == ("almost every", 3)
    assert errors(answer) != errors(other)
    assert "at random weights" in str(answer)


def test_the_answer_is_labelled_numerical_and_is_no_truth_value():
    answer = ask(samples=[3])
    assert (answer.verdict, answer.exit_code(), answer.to_json_dict()["verdict"]) == (
        "numerical",
        3,
        "numerical",
    )
    assert "numerical" in str(answer).splitlines()[0]
    with pytest.raises(TypeError, match="no truth value"):
        bool(answer)


def test_where_recovery_begins():
    (curve, _) = ask(samples=[2, 5]).curves
    point = curve.points[0]
    medians = {1: 1.0, 2: 1e-6, 3: 0.5, 4: 1e-5, 5: 1e-7}
    points = tuple(replace(point, n=n, errors=(m, m), trials=2) for n, m in medians.items())
    curve = replace(curve, points=points)
    assert [curve.recovered_from(t) for t in (1e-3, 1e-6, 1e-8, 2.0)] == [4, 5, None, 1]


def test_a_training_that_diverged_counts_as_an_infinite_error():
    (curve, _) = ask(samples=[5]).curves
    point = replace(curve.points[0], trials=3, errors=(1e-9,))
    assert point.median is None
    assert point.share_below(1e-3) == pytest.approx(1 / 3)
    assert replace(point, errors=(1e-9, 2e-9)).median == 2e-9


def test_every_line_of_the_file_is_a_training(tmp_path):
    path = tmp_path / "r.jsonl"
    answer = ask(results=path)
    header, *lines = map(json.loads, path.read_text().splitlines())
    assert (header["format"], header["trials"], header["samples"]) == ("llrsym recovery 1", 2, [2, 5])
    assert len(lines) == answer.count == 8
    assert {line["test"] for line in lines} == {e for c in answer.curves for p in c.points for e in p.errors}
