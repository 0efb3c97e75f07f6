"""The verb ``condense``: table, JSON and its schema, weights, certificates, exit codes, messages."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app

NET = "mlp(1, 3, 1)"
WEIGHTS = {"W1": [[1], [1.001], [-1]], "b1": [0.5, 0.5, -0.5], "W2": [[1, 2, -0.5]], "b2": [0]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.json").write_text(json.dumps(WEIGHTS), encoding="utf-8")
    (tmp_path / "x.csv").write_text("x,y\n-0.5,1\n0.25,2\n", encoding="utf-8")
    return tmp_path


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["condense", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_answer_as_text(folder: Path) -> None:
    code, out, err = ask(NET, "--weights", "w.json", "--tolerance", "1e-3")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("condensation of mlp(1, 3, 1, activation='tanh', bias=True) (M = 10)")
    assert lines[1] == "  box: [-1, 1]"
    assert lines[2].split() == ["neurons", "widths", "M", "distance", "<=", "sampled", "O"]
    assert "= 4, proved" in out
    assert "nearer ones may exist" in out


def test_json_fits_the_schema(folder: Path) -> None:
    text = resources.files("llrsym.cli").joinpath("schemas/condense.json").read_text(encoding="utf-8")
    code, out, err = ask(NET, "--weights", "w.json", "--json", "--tolerance", "0.001", "--out", "g.npz")
    assert (code, err) == (0, "")
    document = json.loads(out)
    jsonschema.validate(document, json.loads(text))
    assert document["chosen"]["widths"] == [1]
    assert 0 < document["chosen"]["sampled"] <= document["chosen"]["distance"] <= 0.001
    assert document["chosen"]["samples"] == 4
    assert document["weights"] == "g.npz"
    assert [level["distance"] for level in document["levels"]] == sorted(
        level["distance"] for level in document["levels"]
    )


def test_weights_and_certificates_are_written(folder: Path) -> None:
    arguments = ("--weights", "w.json", "--tolerance", "1e-3", "--out", "g.json", "--certificate", "proof")
    code, out, _ = ask(NET, *arguments)
    assert code == 0
    assert out.splitlines()[-2:] == ["  certificate: proof", "  weights: g.json"]
    checked = CliRunner().invoke(app, ["verify", "proof"])
    assert checked.exit_code == 0
    assert "|f - g| <=" in checked.stdout
    again = CliRunner().invoke(app, ["rank", "mlp(1, 1, 1)", "--weights", "g.json"])
    assert again.exit_code == 0


def test_a_certificate_of_a_smaller_distance_is_rejected(folder: Path) -> None:
    assert ask(NET, "--weights", "w.json", "--neurons", "1", "--certificate", "proof")[0] == 0
    path = folder / "proof" / "neurons-1" / "distance" / "claim.json"
    claim = json.loads(path.read_text(encoding="utf-8"))
    claim["bound"] = "1/1000000000"
    path.write_text(json.dumps(claim), encoding="utf-8")
    checked = CliRunner().invoke(app, ["verify", str(path), str(path.with_name("certificate.json"))])
    assert checked.exit_code == 1


def test_data_give_the_box_and_neurons_the_rows(folder: Path) -> None:
    code, out, _ = ask(NET, "--weights", "w.json", "--data", "x.csv", "--labels", "y", "--neurons", "1..3")
    assert code == 0
    assert "  box: [-0.5, 0.25]" in out.splitlines()


def test_open_sample_sizes_give_exit_code_3(folder: Path) -> None:
    code, out, _ = ask("mlp(1, 3, 1, activation='gelu')", "--weights", "w.json", "--neurons", "1")
    assert code == 3
    assert "open" in out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--tolerance", "0"), "the tolerance 0.0 is not positive; give one such as 0.001"),
        (("--box", "1,-1"), "box: the side from 1 to -1 is empty; give the lesser number first"),
        (("--box", "a,b"), "no number"),
        (("--neurons", "x"), "is no list of numbers"),
        (("--neurons", "5..3"), "are 0 numbers"),
        (("--neurons", "9"), "choose from 1 to 3"),
        (("--effort", "0"), "from 1 to"),
        (("--out", "w.txt"), "neither .json nor .npz"),
        (("--data", "none.csv"), "cannot be read"),
        (("--budget", "-1"), "not a positive number of seconds"),
    ],
)
def test_bad_input_is_one_sentence(folder: Path, arguments: tuple[str, ...], reason: str) -> None:
    code, out, err = ask(NET, "--weights", "w.json", *arguments)
    assert (code, out) == (2, "")
    assert reason in err
    assert len(err.splitlines()) == 1


def test_deep_convolutions_are_not_condensed(folder: Path) -> None:
    code, _, err = ask("conv(input=(3,), kernel=(2,), channels=(1, 1))", "--weights", "w.json")
    assert code == 2
    assert "fully-connected" in err
