"""``llrsym check``: streams, JSON against the schema, exit codes, and bad input of every kind."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app
from tests.testing import gallery

FILE = str(Path(gallery.__file__))
SCHEMA = json.loads(
    resources.files("llrsym.cli").joinpath("schemas", "check.json").read_text(encoding="utf-8")
)


def ask(name, *arguments):
    result = CliRunner().invoke(app, ["check", f"{FILE}:{name}" if name.isidentifier() else name, *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_right_architecture_holds():
    code, stdout, stderr = ask("gate", "--examples", "2", "--only", "claims", "--only", "symmetries")
    assert (code, stderr) == (0, "")
    lines = stdout.splitlines()
    assert "gallery.py:gate: holds (4 holds; 4 networks, M up to 10)" in lines[0]
    assert [line.split("  ")[1] for line in lines[1:3]] == ["claim M = k*(2*d+1)", "claim rank <= k*(2*d-1)"]


def test_a_wrong_one_is_refuted_with_a_command_that_finds_it_again():
    code, stdout, _ = ask("wrong", "--only", "symmetries")
    assert code == 1
    (again,) = [line.partition("again: llrsym ")[2] for line in stdout.splitlines() if "again:" in line]
    repeated = CliRunner().invoke(app, again.split())
    assert (repeated.exit_code, repeated.stdout) == (1, stdout)


@pytest.mark.parametrize("name", ["wrong", "gate"])
def test_the_json_answer_fits_the_schema(name):
    code, stdout, _ = ask(name, "--json", "--examples", "2")
    document = json.loads(stdout)
    jsonschema.validate(document, SCHEMA)
    assert (code, document["verdict"]) == ((1, "refuted") if name == "wrong" else (0, "holds"))
    assert sum(document["counts"].values()) == len(document["properties"])
    found = {entry["name"]: entry["counterexample"] for entry in document["properties"]}
    assert (found.get("symmetry wrong_scale") is None) == (name == "gate")


def test_an_open_claim_has_exit_code_3(tmp_path):
    source = tmp_path / "model.py"
    source.write_text(
        "from llrsym.testing import Architecture\n"
        "from tests.testing.gallery import forward, shapes\n"
        "net = Architecture(forward=forward, shapes=shapes, sizes={'d': [2], 'k': [1]}, claims='O <= 1')\n",
        encoding="utf-8",
    )
    code, stdout, _ = ask(f"{source}:net", "--only", "claims", "--examples", "2")
    assert code == 3
    assert "undecided at" in stdout


@pytest.mark.parametrize("name", ["by_defaults", "sine", "imported", "mlp(1, 1, 1)"])
def test_networks_and_functions_are_tested_without_a_declaration(name):
    code, stdout, _ = ask(name, "--only", "evaluation", "--examples", "2")
    assert code == 0, stdout


def test_out_of_budget_has_exit_code_4():
    code, stdout, stderr = ask("gate", "--budget", "0.001", "--json")
    assert (code, json.loads(stdout)["complete"]) == (4, False)
    assert stderr.startswith("llrsym: the budget ran out")


def test_what_the_file_prints_is_not_part_of_the_answer(tmp_path):
    source = tmp_path / "loud.py"
    source.write_text("print('loading')\nnet = 'mlp(1, 1, 1)'\n", encoding="utf-8")
    code, stdout, stderr = ask(f"{source}:net", "--only", "evaluation", "--examples", "1", "--json")
    assert (code, json.loads(stdout)["verdict"]) == (0, "holds")
    assert "loading" in stderr


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("nothing", [], "has no 'nothing'; it has gate, wrong"),
        ("number", [], "is of type int"),
        ("without_defaults", [], "has sizes without values"),
        ("too_narrow", [], "at d = 0: mlp: widths[0] is 0"),
        ("conflicting", [], "at d = 1, k = 2: "),
        ("unknown_name", [], "q in 'k*q' is not one of the sizes"),
        ("gate", ["--only", "speed"], "there is no property 'speed'"),
        ("gate", ["--examples", "0"], "--examples"),
        ("gate", ["--budget", "-1"], "--budget"),
        ("nowhere.py:net", [], "nowhere.py is no file"),
        ("mlp(2", [], "is not a network expression"),
    ],
)
def test_bad_input_is_one_sentence_on_stderr(name, arguments, reason):
    code, stdout, stderr = ask(name, *arguments)
    assert (code, stdout) == (2, "")
    assert reason in stderr
    assert stderr.count("\n") == 1
