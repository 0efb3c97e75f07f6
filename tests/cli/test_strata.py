"""``llrsym strata``: text, JSON against its schema, pictures, and refusals."""

import json
import sys
from importlib import resources

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app

NETWORK, TARGET = "mlp(2,3,1,bias=False)", "mlp(2,1,1,bias=False)"
QUESTION = ("strata", NETWORK, "--target", TARGET)
SIGNATURES = {"png": b"\x89PNG\r\n", "pdf": b"%PDF-", "svg": b"<?xml"}


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_the_table():
    code, stdout, stderr = ask(*QUESTION)
    assert (code, stderr) == (0, "")
    lines = [line.split() for line in stdout.splitlines()]
    assert lines[1] == ["110", "strata", "of", "11", "types"]
    assert [int(line[0]) for line in lines[2:6]] == [3, 5, 6, 9]
    assert ["3", "2", "7", "8", "3", "-", "-", "-", "yes"] in lines
    assert ["5", "4", "5", "6", "1", "1+1", "-", "-", "-"] in lines
    assert ["6", "3", "6", "12", "1", "-", "2", "-", "-"] in lines
    assert ["5", "2", "7", "6", "1", "-", "-", "2", "active", "-"] in lines


@pytest.mark.parametrize(
    ("network", "target", "numbers"),
    [
        (NETWORK, TARGET, (3, 6, 5, 9, 3)),
        ("mlp(2,3,1)", "mlp(2,1,1)", (5, 9, 7, 13, 5)),
        ("mlp(2,3,1,bias='hidden')", "mlp(2,1,1)", (7, 8, 8, 12, 5)),
        ("mlp(1,12,1,bias='hidden')", "mlp(1,1,1,bias='hidden')", (3, 20, 14, 36, 3)),
    ],
    ids=["none", "both", "constant part", "twelve neurons"],
)
def test_json_against_the_schema(network, target, numbers):
    code, stdout, stderr = ask("strata", network, "--target", target, "--json", "--quiet")
    assert (code, stderr) == (0, "")
    document = json.loads(stdout)
    schema = resources.files("llrsym.cli").joinpath("schemas", "strata.json").read_text(encoding="utf-8")
    jsonschema.validate(document, json.loads(schema))
    keys = ("min_rank", "max_rank", "local_recovery", "parameters", "target_parameters")
    assert tuple(document[key] for key in keys) == numbers
    assert document["count"] == sum(entry["count"] for entry in document["strata"])
    assert [s["rank"] for s in document["strata"]] == sorted(s["rank"] for s in document["strata"])


@pytest.mark.parametrize("width", [1, 3, 9])
@pytest.mark.parametrize(("suffix", "signature"), SIGNATURES.items(), ids=SIGNATURES)
def test_pictures_of_every_format(tmp_path, suffix, signature, width):
    file = tmp_path / f"strata.{suffix}"
    wide = f"mlp(2,{width},1)"
    code, stdout, stderr = ask("strata", wide, "--target", "mlp(2,1,1)", "--picture", str(file))
    assert (code, stderr) == (0, "")
    assert "least rank" in stdout
    assert file.read_bytes().startswith(signature)
    assert file.stat().st_size > 3000


def test_a_vector_picture_says_what_it_shows(tmp_path):
    file = tmp_path / "strata.svg"
    assert ask(*QUESTION, "--picture", str(file))[0] == 0
    text = file.read_text(encoding="utf-8")
    for label in ("model rank of a stratum", "dimension of the stratum", "optimistic sample size 3"):
        assert label in text
    assert "rank + dimension = M = 9" in text


REFUSALS = {
    (NETWORK, "mlp(2,4,1,bias=False)"): "the target has 4 hidden neurons and the network only 3; give a",
    (NETWORK, "mlp(3,1,1,bias=False)"): "the target has 3 inputs and the network 2; give both the same",
    (NETWORK, "mlp(2,1,1)"): "the target has hidden biases and the network has none",
    ("mlp(2,3,3,1)", "mlp(2,1,1)"): "not settled: strata are known for two-layer tanh networks",
    ("mlp(2,3,1,activation='sin')", "mlp(2,1,1)"): "the activation of the network is sin; strata are known",
    ("mlp(2,40,1)", "mlp(2,1,1)"): "40 hidden neurons, 39 more than the target, give too many types",
    ("diagonal(3)", "mlp(2,1,1)"): "the network diagonal(3, depth=2) is not an mlp; strata are known for",
    (NETWORK, "mlp(2,0,1)"): "mlp: widths[1] is 0; give a positive integer",
    (NETWORK, TARGET, "--picture", "strata.gif"): "strata.gif is not a .png, .pdf or .svg file; give one",
    (NETWORK, TARGET, "--picture", "absent/strata.png"): "--picture: there is no folder absent; create it",
}


def refused(*arguments: str) -> str:
    code, stdout, stderr = ask("strata", arguments[0], "--target", *arguments[1:])
    assert (code, stdout) == (2, "")
    assert stderr.startswith("llrsym: ")
    assert stderr.count("\n") == 1
    assert len(stderr) < 500
    return stderr


@pytest.mark.parametrize(("arguments", "reason"), REFUSALS.items(), ids=[" ".join(a) for a in REFUSALS])
def test_refusals(arguments, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert reason in refused(*arguments)


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    reason = refused(NETWORK, TARGET, "--picture", str(tmp_path / "strata.png"))
    assert "matplotlib is not installed; run pip install 'llrsym[plot]'" in reason
    assert ask(*QUESTION)[0] == 0


def test_the_target_is_required():
    code, stdout, stderr = ask("strata", NETWORK)
    assert (code, stdout) == (2, "")
    assert "Missing option '--target'" in stderr
