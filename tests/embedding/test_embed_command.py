"""The verb: files, JSON against the schema, certificates, exit codes and messages; and writing weights."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

import llrsym as ll
from llrsym.cli.app import app
from llrsym.errors import BadInput
from llrsym.networks.weight_files import load_weights

WEIGHTS = {"W1": [["1/3"]], "b1": [0.5], "W2": [[3]], "b2": ["-1/7"]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.json").write_text(json.dumps(WEIGHTS), encoding="utf-8")
    return tmp_path


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["embed", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_weights_are_written_exactly_and_have_the_rank_of_the_target(folder: Path) -> None:
    code, out, err = ask("mlp(1,3,1)", "--target", "mlp(1,1,1)", "--weights", "t.json", "--out", "w.json")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "  weights: w.json"
    written = json.loads((folder / "w.json").read_text(encoding="utf-8"))
    expected = {
        "W1": [["1/3"], ["0"], ["0"]],
        "b1": ["1/2", "0", "0"],
        "W2": [["3", "0", "0"]],
        "b2": ["-1/7"],
    }
    assert written == expected
    assert ll.model_rank(ll.mlp(1, 3, 1), at=load_weights(folder / "w.json")).lower == 4


def test_json_fits_the_schema(folder: Path) -> None:
    schema = json.loads(
        resources.files("llrsym.cli").joinpath("schemas/embed.json").read_text(encoding="utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(schema["properties"])
    settled = {"[]": True, "split(1, 0, 'alpha')": True, "zero_out(1, (1,))": False}
    for move, critical in settled.items():
        moves = [] if move == "[]" else ["--move", move]
        code, out, err = ask("mlp(1,3,1)", "--target", "mlp(1,1,1)", "--out", "w.json", "--json", *moves)
        assert (code, err) == (0, "")
        document = json.loads(out)
        jsonschema.validate(document, schema)
        assert (document["critical"], document["verdict"], document["weights"]) == (
            critical,
            "proved",
            "w.json",
        )


def test_certificates_are_verified_like_all_others(folder: Path) -> None:
    moves = {"critical": [], "other": ["--move", "zero_out(1, (1,), 2)"]}
    for name, more in moves.items():
        arguments = ["mlp(1,2,1)", "--target", "mlp(1,1,1)", "--out", "w.json", "--certificate", name, *more]
        assert ask(*arguments)[0] == 0
        result = CliRunner().invoke(app, ["verify", name])
        assert result.exit_code == 0, result.output
    assert (folder / "critical" / "claim.json").exists()
    below = {path.parent.name for path in (folder / "other").rglob("claim.json")}
    assert below == {"function", "rank-target", "rank-network"}


def test_symbolic_weights_are_written_as_expressions(folder: Path) -> None:
    assert (
        ask("mlp(1,2,1)", "--target", "mlp(1,1,1)", "--out", "w.json", "--move", "split(1, 0, 'r')")[0] == 0
    )
    written = json.loads((folder / "w.json").read_text(encoding="utf-8"))
    assert written["W1"] == [["W1[0,0]"], ["W1[0,0]"]]
    assert written["W2"] == [["W2[0,0]*r", "-W2[0,0]*r + W2[0,0]"]]


def test_an_open_question_has_its_exit_code(folder: Path) -> None:
    nets = [f"mlp(1,{n},1,activation='ode:1-2*z*y1@0',bias=False)" for n in (2, 1)]
    code, out, _ = ask(nets[0], "--target", nets[1], "--out", "w.json", "--move", "null(1)")
    assert code == 3
    assert ": open\n" in out


BAD: dict[tuple[str, ...], str] = {
    ("mlp(1,2,1)", "--target", "mlp(1,3,1)"): "hidden layer 1 of the target has width 3, of the network 2",
    ("mlp(1,2,1)", "--target", "mlp(1,2,2,1)"): "the target has depth 3, the network 2",
    (
        "mlp(1,2,1)",
        "--target",
        "mlp(1,1,1,activation='sin')",
    ): "the target has activation sin, the network tanh",
    ("mlp(1,2,1)", "--target", "mlp(1,1,1)", "--weights", "no.json"): "no.json cannot be read",
    ("mlp(1,2,1)", "--target", "mlp(2,1,1)", "--weights", "t.json"): "the target has number of inputs 2",
    ("mlp(1,3,1)", "--target", "mlp(1,2,1)", "--weights", "t.json"): "W1 expected shape (2, 1), got (1, 1)",
    ("mlp(1,2,1)", "--target", "mlp(1,1,1)", "--move", "clone(1)"): "there is no move 'clone'",
    ("mlp(1,2,1)", "--target", "cnn(1)"): "there is no builder 'cnn'",
}


@pytest.mark.parametrize(("arguments", "reason"), BAD.items(), ids=BAD.values())
def test_bad_input(folder: Path, arguments: tuple[str, ...], reason: str) -> None:
    code, out, err = ask(*arguments, "--out", "w.json")
    assert (code, out) == (2, "")
    assert reason in err
    assert len(err.splitlines()) == 1
    assert not (folder / "w.json").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("w.txt", "w.txt is neither .json nor .npz"),
        ("missing/w.json", "--out: there is no folder missing; create it"),
        ("w.npz", "W1 has the entry 1/3, which is no float64; write a .json file"),
    ],
)
def test_files_that_cannot_hold_the_weights(folder: Path, name: str, reason: str) -> None:
    code, out, err = ask("mlp(1,2,1)", "--target", "mlp(1,1,1)", "--weights", "t.json", "--out", name)
    assert (code, out) == (2, "")
    assert reason in err


def test_npz_holds_floats_that_are_exact(tmp_path: Path) -> None:
    weights = {"W1": [[0.5]], "b1": [0.25], "W2": [[3]], "b2": [0]}
    result = ll.embed(ll.mlp(1, 2, 1), target=ll.mlp(1, 1, 1), weights=weights, moves=["split(1, 0)"])
    result.write(tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as archive:
        assert {name: archive[name].tolist() for name in archive.files} == {
            "W1": [[0.5], [0.5]],
            "b1": [0.25, 0.25],
            "W2": [[1.5, 1.5]],
            "b2": [0.0],
        }
    symbolic = ll.embed(ll.mlp(1, 2, 1), target=ll.mlp(1, 1, 1))
    with pytest.raises(BadInput, match="W1 has the entry W1\\[0,0\\], which is no float64"):
        symbolic.write(tmp_path / "w.npz")


def test_the_result_is_frozen_and_read_only() -> None:
    result = ll.embed(ll.mlp(1, 2, 1), target=ll.mlp(1, 1, 1))
    with pytest.raises(AttributeError):
        result.critical = False  # type: ignore[misc]
    with pytest.raises(TypeError):
        result.weights["W1"] = np.zeros((2, 1))  # type: ignore[index]


def test_networks_without_a_family_are_refused() -> None:
    net = ll.mlp(1, 2, 1)
    with pytest.raises(BadInput, match="the network traced is no call of a builder"):
        ll.embed(ll.Network("traced", net.program), target=net)


def test_the_same_seed_gives_the_same_answer() -> None:
    answers = {
        str(ll.embed(ll.mlp(1, 2, 1), target=ll.mlp(1, 1, 1), moves=["zero_out(1, ('w',), 'b')"], seed=seed))
        for seed in (0, 0, 1, 2)
    }
    (answer,) = answers
    assert (
        "at almost every weight of the target and almost every free number they span more: rank 5" in answer
    )


def test_networks_of_a_file_and_blocks(folder: Path) -> None:
    text = "wide = 'residual(width=2, blocks=2, hidden=2)'\nnarrow = 'residual(width=2, hidden=1)'\n"
    (folder / "model.py").write_text(text, encoding="utf-8")
    code, stdout, _ = ask("model.py:wide", "--target", "model.py:narrow", "--out", "wide.json")
    assert code == 0
    assert "  move: null_block(2)\n  move: null_units(group='hidden1')\n" in stdout
    assert json.loads((folder / "wide.json").read_text(encoding="utf-8"))["c2"] == ["0", "0"]


def test_a_function_of_a_file_has_no_units(folder: Path) -> None:
    text = "def own(p, x):\n    return p['w'] * x\nown.shapes = {'w': (1,), 'x': (1,)}\n"
    (folder / "model.py").write_text(text, encoding="utf-8")
    code, _, stderr = ask("model.py:own", "--target", "residual(width=1, hidden=1)", "--out", "wide.json")
    assert code == 2
    assert "embed: the network model.py:own is no call of a builder" in stderr
