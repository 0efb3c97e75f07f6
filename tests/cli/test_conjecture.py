"""``llrsym conjecture``: streams, JSON, exit codes, files, bad input."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app
from llrsym.conjectures import conjecture as module
from tests.conjectures import families

FILE = str(Path(families.__file__))
SCHEMA = resources.files("llrsym.cli").joinpath("schemas", "conjecture.json")


def ask(name, *arguments):
    result = CliRunner().invoke(app, ["conjecture", f"{FILE}:{name}", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_formula_is_conjectured():
    code, stdout, stderr = ask("two_layers", "--sizes", "k=1..3,d=1..3")
    assert (code, stderr) == (3, "")
    assert "k*(d + 1) is conjectured, open" in stdout


def test_the_json_answer_fits_the_schema():
    code, stdout, _ = ask(
        "factorization", "--sizes", "r=1..3,m=1..4,n=1..4", "--where", "r<=min(m,n)", "--json"
    )
    document = json.loads(stdout)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (code, document["formula"], document["verdict"]) == (3, "r*(m + n - r)", "open")


def test_a_refuted_formula_has_exit_code_1():
    code, stdout, _ = ask("two_layers", "--sizes", "k=1..3,d=2", "--formula", "k^2+2")
    assert code == 1
    assert "refuted: at k = 3, d = 2 it says 11, but 9 is proved" in stdout


def test_no_simple_formula_has_exit_code_3():
    code, stdout, _ = ask("quartic", "--sizes", "k=1..10,d=2..4")
    assert code == 3
    assert "no simple formula explains" in stdout


def test_out_of_budget_has_exit_code_4_and_prints_what_is_known():
    code, stdout, stderr = ask("lightning", "--sizes", "a=1..6,d=1..6", "--budget", "0.2", "--json")
    assert code == 4
    assert json.loads(stdout)["complete"] is False
    assert stderr.startswith("llrsym: the budget ran out")


def test_latex_is_a_table():
    code, stdout, _ = ask("two_layers", "--sizes", "k=1..3,d=1..3", "--latex")
    assert code == 3
    assert r"\begin{table}" in stdout
    assert "$k (d + 1)$" in stdout


def test_the_cache_and_the_processes_do_not_change_the_answer(tmp_path):
    sizes = ("--sizes", "k=1..3,d=1..3", "--json", "--cache", str(tmp_path / "ranks"))
    first, second = (json.loads(ask("two_layers", *sizes, "--jobs", jobs)[1]) for jobs in ("2", "1"))
    assert all(sample["cached"] for sample in second["samples"])
    for answer in (first, second):
        answer["seconds"] = 0
        answer["samples"] = [sample | {"cached": False} for sample in answer["samples"]]
    assert first == second


def test_an_interruption_says_what_is_kept(monkeypatch, tmp_path):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "ranks_of", interrupt)
    sizes = ("--sizes", "k=1..3,d=1")
    assert "nothing was kept" in ask("two_layers", *sizes)[2]
    code, _, stderr = ask("two_layers", *sizes, "--cache", str(tmp_path / "ranks"))
    assert code == 130
    assert "the same command continues" in stderr


def test_what_the_file_prints_is_not_part_of_the_answer(tmp_path):
    source = tmp_path / "loud.py"
    source.write_text(
        "print('loading')\ndef net(k):\n    print(k)\n    return f'mlp({k}, 1, 1)'\n", encoding="utf-8"
    )
    result = CliRunner().invoke(app, ["conjecture", f"{source}:net", "--sizes", "k=1..5", "--json"])
    assert json.loads(result.stdout)["formula"] == "k + 3"
    assert "loading" in result.stderr


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("two_layers", ["--sizes", "k=1..3,d=2", "--formula", "k*q"], "q in 'k*q' is not one of the sizes"),
        ("cubes", ["--sizes", "k=1..3"], "has no 'cubes'"),
        ("two_layers", ["--sizes", "k=1..3"], "cannot be called with the sizes k"),
        ("two_layers", ["--sizes", "k=0..3,d=1"], "at k = 0, d = 1: mlp: widths[1] is 0"),
        ("convolution", ["--sizes", "k=1,s=1..3,d=2"], "at k = 1, s = 3, d = 2: conv: "),
        ("two_layers", ["--sizes", "k=1..3,d=1", "--where", "k>9"], "no sizes of the grid fulfil it"),
        ("no_network", ["--sizes", "k=1..3"], "which is no network"),
        ("two_layers", ["--sizes", "k"], "is not like k=1..5"),
        ("two_layers", ["--sizes", "k=1,d=1", "--cache", FILE], "is not a cache of ranks"),
        ("two_layers", ["--sizes", "k=1,d=1", "--json", "--latex"], "exclude each other"),
        ("two_layers", ["--sizes", "k=1,d=1", "--budget", "-1"], "--budget"),
        ("two_layers", [], "--sizes"),
    ],
)
def test_bad_input_is_one_sentence_on_stderr(name, arguments, reason):
    code, stdout, stderr = ask(name, *arguments)
    assert (code, stdout) == (2, "")
    assert reason in stderr
    assert stderr.count("\n") == 1
