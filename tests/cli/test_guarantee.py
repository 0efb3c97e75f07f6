"""``llrsym guarantee``: text, JSON against its schema, certificates, and refusals."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app

NETWORK = "mlp(2, 2, 1, bias=False)"


def ask(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["guarantee", NETWORK, *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "weights.json"
    file.write_text('{"W1": [[1, 2], [-1, 0.5]], "W2": [[2, 3]]}', encoding="utf-8")
    return file


def table(folder: Path, rows: object, header: str = "age,dose") -> Path:
    file = folder / "data.csv"
    lines = [",".join(map(str, row)) for row in np.asarray(rows).tolist()]
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def points(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 2)).round(3)


def test_a_proved_yes_in_text_json_and_certificate(tmp_path: Path, weights: Path) -> None:
    data, proof = table(tmp_path, points(8)), tmp_path / "proof"
    code, text, errors = ask("--weights", weights, "--data", data, "--certificate", proof)
    assert (code, errors) == (0, "")
    assert "yes, proved" in text
    assert "6 samples carry the guarantee by themselves, 2 are redundant: " in text
    assert CliRunner().invoke(app, ["verify", str(proof)]).exit_code == 0
    code, text, _ = ask("--weights", weights, "--data", data, "--json")
    document = json.loads(text)
    schema = resources.files("llrsym.cli").joinpath("schemas/guarantee.json").read_text(encoding="utf-8")
    jsonschema.validate(document, json.loads(schema))
    assert (document["answer"], document["lower"], document["samples"]) == ("yes", 6, 8)


def test_a_proved_no_is_settled_too(tmp_path: Path, weights: Path) -> None:
    code, text, _ = ask("--weights", weights, "--data", table(tmp_path, points(5)))
    assert code == 0
    assert "no, proved" in text
    assert "missing samples: 1; almost every choice of 1 more is enough" in text


def test_columns_are_chosen_by_name(tmp_path: Path, weights: Path) -> None:
    rows = np.column_stack([points(8), np.arange(8)])
    data = table(tmp_path, rows, "age,dose,effect")
    assert ask("--weights", weights, "--data", data, "--columns", "age,dose")[0] == 0
    assert ask("--weights", weights, "--data", data, "--labels", "effect")[0] == 0
    code, _, errors = ask("--weights", weights, "--data", data)
    assert code == 2
    assert "2" in errors
    assert "3" in errors


@pytest.mark.parametrize(
    ("row", "said"),
    [("nan,1", "row 3"), ("inf,1", "row 3"), (",1", "row 3"), ("x,1", "row 3"), ("1,2,3", "row 3")],
)
def test_a_bad_row_is_named_in_one_sentence(tmp_path: Path, weights: Path, row: str, said: str) -> None:
    file, proof = tmp_path / "data.csv", tmp_path / "proof"
    file.write_text(f"age,dose\n1,2\n{row}\n", encoding="utf-8")
    code, text, errors = ask("--weights", weights, "--data", file, "--certificate", proof)
    assert (code, text) == (2, "")
    assert said in errors
    assert errors.count("\n") == 1
    assert not list(proof.glob("*"))


def test_an_empty_file_and_a_missing_one_are_refused(tmp_path: Path, weights: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("", encoding="utf-8")
    for file in (empty, tmp_path / "none.csv"):
        code, text, errors = ask("--weights", weights, "--data", file)
        assert (code, text, errors.count("\n")) == (2, "", 1)


def test_a_spent_budget_has_its_own_exit_code(tmp_path: Path, weights: Path) -> None:
    code, text, errors = ask("--weights", weights, "--data", table(tmp_path, points(8)), "--budget", "1e-9")
    assert code == 4
    assert "not settled" in text
    assert "budget" in errors
