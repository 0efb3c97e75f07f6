"""The verb ``recover``: its answer against the schema, its files, pictures, exit codes and refusals."""

import json
import signal
import subprocess
import sys
from importlib import resources

import jsonschema
import numpy as np
import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from llrsym.cli.app import app
from llrsym.recovery.recovery_figures import LABEL_GAP, _spread

SCHEMA = json.loads(
    resources.files("llrsym.cli").joinpath("schemas", "recover.json").read_text(encoding="utf-8")
)
NETWORK, TARGET = "mlp(1, {N}, 1, bias=False)", "mlp(1, 1, 1, bias=False)"
QUICK = ("--widths", "1,2", "--samples", "1,3", "--trials", "2", "--steps", "100")


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "t.json"
    path.write_text('{"W1": [[1]], "W2": [[1]]}', encoding="utf-8")
    return path


def ask(*arguments):
    result = CliRunner().invoke(app, ["recover", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def answer(*arguments, code=3):
    found, stdout, stderr = ask(*arguments, "--json")
    assert (found, stderr) == (code, "")
    document = json.loads(stdout)
    jsonschema.validate(document, SCHEMA)
    return document


def test_the_answer_as_json(weights):
    document = answer(NETWORK, "--target", TARGET, "--target-weights", weights, *QUICK, "--polish")
    assert (document["verdict"], document["complete"], document["trainings"]) == ("numerical", True, 8)
    assert [(c["size"], c["parameters"], c["samples_upper"]) for c in document["curves"]] == [
        (1, 2, 2),
        (2, 4, 2),
    ]
    assert [[p["n"] for p in c["points"]] for c in document["curves"]] == [[1, 3], [1, 3]]
    assert document["options"]["polish"] is True
    assert (document["out"], document["results"], document["at"]) == (None, None, "given")


def test_the_answer_as_text(weights):
    code, stdout, stderr = ask(NETWORK, "--target", TARGET, "--target-weights", weights, *QUICK)
    assert (code, stderr) == (3, "")
    lines = stdout.splitlines()
    assert lines[0] == (
        "recovery of mlp(1, 1, 1, activation='tanh', bias=False) at the given weights: 8 trainings, numerical"
    )
    assert sum("2 (proved)" in line for line in lines) == 2
    assert "proves nor refutes" in lines[-1]


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_the_picture_and_the_trainings_beside_it(tmp_path, suffix):
    out = tmp_path / f"figure{suffix}"
    document = answer(NETWORK, "--target", TARGET, *QUICK, "--out", out)
    assert (document["out"], document["results"]) == (str(out), str(tmp_path / "figure.jsonl"))
    assert out.stat().st_size > 5000
    assert (tmp_path / "figure.jsonl").read_text().count("\n") == 9


def test_the_styles_are_light_and_dark_and_need_no_new_training(tmp_path):
    results = tmp_path / "r.jsonl"
    answer(NETWORK, "--target", TARGET, *QUICK, "--results", results)
    before = results.read_bytes()
    means = []
    for style in ("light", "dark"):
        out = tmp_path / f"{style}.png"
        answer(NETWORK, "--target", TARGET, *QUICK, "--results", results, "--out", out, "--style", style)
        means.append(imread(out)[..., :3].mean())
    assert means[0] > 0.85
    assert means[1] < 0.3
    assert results.read_bytes() == before


def test_several_networks_have_a_panel_each(tmp_path):
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    answer("mlp(1, 2, 1)", "--target", "mlp(1, 1, 1)", *QUICK[2:], "--out", one)
    document = answer("mlp(1, 2, 1)", "mlp(1, 3, 1)", "--target", "mlp(1, 1, 1)", *QUICK[2:], "--out", two)
    assert [curve["parameters"] for curve in document["curves"]] == [7, 10]
    assert imread(two).shape[1] > 1.3 * imread(one).shape[1]


def test_labels_do_not_overlap():
    places = _spread([0.1, 0.11, 0.111, 0.5, 0.52, 0.9])
    assert places == sorted(places)
    assert min(np.diff(places)) >= LABEL_GAP - 1e-12
    assert (places[0], places[3], places[5]) == (0.1, 0.5, 0.9)


def test_an_experiment_by_name_and_its_options():
    document = answer("local", "--samples", "5", "--trials", "2", "--steps", "50", "--no-polish")
    assert [curve["start"] for curve in document["curves"]] == ["split", "null", "zero-out"]
    assert (document["options"]["threshold"], document["options"]["polish"]) == (1e-9, False)


def test_out_of_budget_prints_what_is_known_and_the_same_command_continues(tmp_path):
    results = tmp_path / "r.jsonl"
    asked = (NETWORK, "--target", TARGET, *QUICK, "--results", results)
    code, stdout, stderr = ask(*asked, "--budget", "1e-6", "--json")
    document = json.loads(stdout)
    jsonschema.validate(document, SCHEMA)
    assert (code, document["complete"], document["trainings"]) == (4, False, 0)
    assert stderr == "llrsym: the budget ran out; 0 of 8 trainings are done, the same command continues\n"
    assert answer(*asked)["complete"]


def test_an_interruption_says_where_the_trainings_are(tmp_path):
    results = tmp_path / "r.jsonl"
    command = [sys.executable, "-m", "llrsym", "recover", "paper", "--results", str(results)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not results.exists() and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert stderr == (
        f"llrsym: interrupted; the trainings so far are kept in {results}, the same command continues\n"
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((NETWORK,), "--target: it is missing; give a target"),
        (("paper", "--target", TARGET), "--target: the experiment paper has its own"),
        (("neuron", "local"), "recover: neuron is an experiment and stands alone"),
        (("neuron", "--out", "x.gif"), "--out: x.gif is not a .png, .pdf or .svg file"),
        (("neuron", "--out", "nowhere/x.png"), "--out: there is no folder nowhere"),
        (("neuron", "--out", "x.png", "--style", "blue"), "--style: there is no 'blue'; take light or dark"),
        (("neuron", "--samples", "0"), "--samples: '0' names no positive integers"),
        (("neuron", "--jobs", "0"), "--jobs: 0 is no number of processes"),
        (("neuron", "--budget", "-1"), "--budget: -1.0 is not a positive number"),
        (("neuron", "--results", "."), "--results: . cannot be read (is a directory)"),
        (("neuron", "--trials", "x"), "Invalid value for '--trials'"),
        (("mlp(1, relu, 1)", "--target", TARGET), "mlp: "),
        ((), "Missing argument"),
    ],
)
def test_refusals(tmp_path, monkeypatch, arguments, reason):
    monkeypatch.chdir(tmp_path)
    code, stdout, stderr = ask(*arguments)
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"llrsym: {reason}")
    assert stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
