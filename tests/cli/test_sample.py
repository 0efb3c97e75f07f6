"""The verb ``sample``: its answer against the schema, its files, its exit codes and its refusals."""

import json
from importlib import resources

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app

NETWORK = "mlp(1, 2, 1, bias=False)"
SCHEMA = json.loads(
    resources.files("llrsym.cli").joinpath("schemas", "sample.json").read_text(encoding="utf-8")
)


def ask(*arguments):
    result = CliRunner().invoke(app, ["sample", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "w.json"
    path.write_text('{"W1": [[1], [2]], "W2": [[1, 1]]}', encoding="utf-8")
    return path


def answer(*arguments, code=0):
    found, stdout, stderr = ask(*arguments, "--json")
    assert (found, stderr) == (code, "")
    document = json.loads(stdout)
    jsonschema.validate(document, SCHEMA)
    return document


def test_the_answer_as_json_its_points_and_its_certificate(tmp_path, weights):
    points, folder = tmp_path / "x.csv", tmp_path / "proof"
    document = answer(NETWORK, "--weights", weights, "--out", points, "--certificate", folder)
    assert (document["n"], document["answer"], document["verdict"]) == (4, "yes", "proved")
    assert (document["samples_lower"], document["samples_upper"], document["optimistic_lower"]) == (4, 4, 4)
    assert (document["out"], document["certificate"]) == (str(points), str(folder))
    assert document["sigma_min"] > 0
    lines = points.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "x1"
    assert [[float(line)] for line in lines[1:]] == document["points"]
    accepted = CliRunner().invoke(app, ["verify", str(folder)])
    assert (accepted.exit_code, accepted.stdout.count("accepted")) == (0, 2)
    again = CliRunner().invoke(
        app, ["guarantee", NETWORK, "--weights", str(weights), "--data", str(points), "--json"]
    )
    assert json.loads(again.stdout)["answer"] == "yes"


def test_the_answer_as_text(weights):
    code, stdout, stderr = ask(NETWORK, "--weights", weights)
    assert (code, stderr) == (0, "")
    lines = stdout.splitlines()
    assert lines[0].startswith("4 samples for mlp(1, 2, 1")
    assert lines[0].endswith("they carry a guarantee, proved")
    assert "  fewer than 4 never do, proved: a sample gives one equation" in stdout
    assert sum("a new direction at distance" in line for line in lines) == 4


def test_too_few_points_are_a_proved_no(weights):
    document = answer(NETWORK, "--weights", weights, "-n", 3)
    assert (document["n"], document["answer"], document["sigma_min"]) == (3, "no", None)


def test_d_optimal_points_of_a_box(weights):
    document = answer(NETWORK, "--weights", weights, "--box", "1,3", "--method", "d-optimal", "-n", 6)
    assert (document["n"], document["answer"], document["method"]) == (6, "yes", "d-optimal")
    assert all(1 <= x <= 3 for (x,) in document["points"])
    assert "the interval [1, 3]" in document["source"]


def test_a_distribution_without_enough_points(weights):
    document = answer(NETWORK, "--weights", weights, "--distribution", "sphere")
    assert (document["n"], document["candidates"], document["answer"]) == (2, 2, "no")


def test_candidates(tmp_path, weights):
    path = tmp_path / "data.csv"
    path.write_text("t;y\n" + "".join(f"0.{k};1\n" for k in range(1, 9)), encoding="utf-8")
    document = answer(NETWORK, "--weights", weights, "--candidates", path, "--columns", "t")
    assert (document["columns"], document["candidates"], document["answer"]) == (["t"], 8, "yes")
    assert {(choice["row"] - 1) / 10 for choice in document["choices"]} == {x for (x,) in document["points"]}


def test_an_embedded_target(tmp_path):
    narrow = tmp_path / "t.json"
    narrow.write_text('{"W1": [[1]], "W2": [["1/3"]]}', encoding="utf-8")
    target = "mlp(1, 1, 1, bias=False)"
    document = answer(NETWORK, "--target", target, "--target-weights", narrow)
    assert (document["n"], document["answer"], document["optimistic_upper"]) == (2, "yes", 2)
    assert document["target"].startswith("mlp(1, 1, 1")


def test_out_of_budget(weights):
    code, stdout, stderr = ask(NETWORK, "--weights", weights, "--budget", "1e-9", "--json")
    document = json.loads(stdout)
    jsonschema.validate(document, SCHEMA)
    assert (code, document["answer"], document["verdict"]) == (4, None, "open")
    assert stderr.startswith("llrsym: the budget ran out; what is known is printed")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "sample: give either weights of the network, or a target and its weights"),
        (["--target", "mlp(1, 1, 1, bias=False)"], "sample: give either weights"),
        (["--weights", "W", "--out", "x.txt"], "--out: x.txt is not .csv"),
        (["--weights", "W", "--out", "none/x.csv"], "--out: there is no folder none; create it"),
        (["--weights", "W", "--method", "best"], "sample: there is no method 'best'"),
        (["--weights", "W", "-n", "0"], "Invalid value for '-n'"),
        (["--weights", "W", "--box", "1"], "box: expected one pair of numbers or 1, got 1 rows of 1"),
        (["--weights", "W", "--candidates", "none.csv"], "data: none.csv cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input(weights, arguments, reason):
    arguments = [weights if argument == "W" else argument for argument in arguments]
    code, stdout, stderr = ask(NETWORK, *arguments)
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"llrsym: {reason}")
    assert stderr.count("\n") == 1
