"""Bad input: exit code 2, one sentence on stderr that says what, where and what to do, nothing on stdout."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import llrsym
from llrsym.cli.app import app

GOOD = {"W1": [[1.0], [2.0]], "b1": [0.5, 1.0], "W2": [[1.0, 1.0]], "b2": [0.0]}
NET = "mlp(1,2,1)"


class Bomb:
    """An object whose unpickling creates the file ``executed``."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A working directory with weight files, most of them broken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(llrsym.__file__).parents[1]))
    texts = {
        "good": json.dumps(GOOD),
        "shape": json.dumps({**GOOD, "W1": [[1.0, 2.0]]}),
        "nan": json.dumps({**GOOD, "b1": [0.5, float("nan")]}),
        "huge": json.dumps(GOOD).replace("0.5", "1e999"),
        "missing": json.dumps({name: value for name, value in GOOD.items() if name != "b1"}),
        "extra": json.dumps({**GOOD, "W3": [[1.0]]}),
        "truth": json.dumps({**GOOD, "b1": [True, 0]}),
        "words": json.dumps({**GOOD, "b1": ["half", 0]}),
        "twice": json.dumps(GOOD)[:-1] + ', "b1": [0.0, 0.0]}',
        "truncated": json.dumps(GOOD)[:30],
        "list": "[1, 2, 3]",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    for name in ("evil.pkl", "evil.pt", "evil.npz", "evil.json"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    np.savez(tmp_path / "object.npz", **GOOD | {"b1": np.array([Bomb(), 0], dtype=object)})
    np.savez(tmp_path / "nan.npz", **GOOD | {"b1": np.array([np.nan, 0])})
    (tmp_path / "occupied").write_text("a file", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    return tmp_path


# arguments -> what the sentence must say
CASES: dict[tuple[str, ...], str] = {
    ("rank", NET, "--weights", "shape.json"): "W1 expected shape (2, 1), got (1, 2); see `llrsym describe",
    ("rank", NET, "--weights", "nan.json"): "nan.json: NaN is not a number; every weight must be finite",
    ("rank", NET, "--weights", "nan.npz"): "b1[0] is nan; every weight must be finite",
    ("rank", NET, "--weights", "huge.json"): "b1[0] is inf; every weight must be finite",
    ("rank", NET, "--weights", "missing.json"): "b1 is missing; the network has W1 (2, 1), b1 (2,)",
    ("rank", NET, "--weights", "extra.json"): "'W3' is not a parameter; the network has W1",
    ("rank", NET, "--weights", "truth.json"): "b1[0] is True; give a number, not a truth value",
    ("rank", NET, "--weights", "words.json"): "b1[0] is 'half'; write an exact number as 'p/q'",
    ("rank", NET, "--weights", "twice.json"): "twice.json: the key 'b1' occurs twice; keep one",
    ("rank", NET, "--weights", "truncated.json"): "truncated.json: not a complete JSON document",
    ("rank", NET, "--weights", "list.json"): "list.json: expected an object",
    ("rank", NET, "--weights", "absent.json"): "absent.json cannot be read (no such file or directory); give",
    ("rank", NET, "--weights", "empty"): "files of type '' are not supported; save .npz",
    ("rank", NET, "--weights", "evil.pkl"): "evil.pkl: a pickle can run code when it is opened",
    ("rank", NET, "--weights", "evil.pt"): "evil.pt: a pickle can run code when it is opened",
    ("rank", NET, "--weights", "evil.npz"): "evil.npz: it is not a complete .npz archive",
    ("rank", NET, "--weights", "evil.json"): "evil.json: not a complete JSON document",
    ("rank", NET, "--weights", "object.npz"): "b1 holds pickled objects, which are not executed; store",
    ("rank", "mlp(2,0,1)"): "mlp: widths[1] is 0; give a positive integer",
    ("rank", "mlp(2)"): "expected at least two widths, got 1; write mlp(inputs, ..., outputs)",
    ("rank", "mlp(2,3,1,activation='relu')"): "relu is not analytic: it has a corner at z = 0; use",
    ("rank", "mlp(2,3,1,activation='tahn')"): "activation 'tahn' is not known; did you mean tanh",
    ("rank", "mlp(2,3,1,activation=tanh)"): "the argument 'tanh' is not a literal; write",
    ("rank", "mlp(2,3,1,bias='output')"): "bias is 'output'; use True, False or 'hidden'",
    ("rank", "mlp(__import__('os').mkdir('executed'))"): "is not a literal; write numbers",
    ("rank", "mlp(2,1000000000,1)"): "widths[1] is more than 50000000; use a smaller one",
    ("rank", f"mlp(2,{'9' * 4000},1)"): "widths[1] is more than 50000000; use a smaller one",
    ("rank", "convolve(input=(6,))"): "there is no builder 'convolve'; available are mlp, ",
    ("rank", "net.py:model"): "net.py is no file; give the path of a Python file, as in model.py:NAME",
    ("describe", "mlp(2,3,1"): "is not a network expression; write for example",
    ("describe", "mlp(2,3,1,bias=True,bias=False)"): "bias twice is not allowed; give each keyword once",
    ("tangent", "matrix_factorization(rows=2)"): "missing a required argument: 'inner'; the builder is",
    ("rank", NET, "--budget", "nan"): "--budget: nan is not a positive number of seconds; give one",
    ("rank", NET, "--budget", "-1"): "--budget: -1.0 is not a positive number of seconds; give one",
    ("rank", NET, "--budget", "soon"): "Invalid value for '--budget': ",
    ("rank", NET, "--seed", "-1"): "Invalid value for '--seed': ",
    ("rank", NET, "--certificate", "occupied"): "--certificate: occupied cannot be a directory",
    ("rank", NET, "--jsn"): "No such option: --jsn",
    ("rank",): "Missing argument 'NETWORK'; see `llrsym --help`",
    ("rnk", NET): "No such command 'rnk'. Did you mean 'rank'?; see `llrsym --help`",
    (): "Missing command; see `llrsym --help`",
    ("independence",): "Missing argument 'FUNCTIONS...'; see `llrsym --help`",
    ("independence", "relu(x)"): "relu is not analytic: it has a corner at z = 0; use",
    ("independence", "x", "--jsn"): "jsn",
    ("independence", "__import__('os').mkdir('executed')"): "function",
    ("verify", "absent", "absent"): "absent cannot be read",
    ("verify", "empty"): "there is no claim.json below empty; write one",
    ("verify", "truncated.json", "good.json"): "truncated.json",
}
TABLE = pytest.mark.parametrize(
    ("arguments", "reason"), CASES.items(), ids=[" ".join(arguments)[:60] or "nothing" for arguments in CASES]
)


def check_refusal(code: int, stdout: str, stderr: str, reason: str) -> None:
    assert code == 2
    assert stdout == ""
    assert stderr.startswith("llrsym: ")
    assert stderr.endswith("\n")
    assert stderr.count("\n") == 1
    assert reason in stderr
    assert len(stderr) < 500
    assert not Path("executed").exists()


@pytest.mark.usefixtures("files")
@TABLE
def test_inside_the_process(arguments, reason):
    result = CliRunner().invoke(app, list(arguments))
    check_refusal(result.exit_code, result.stdout, result.stderr, reason)


@pytest.mark.usefixtures("files")
@TABLE
def test_as_a_command(arguments, reason):
    run = subprocess.run([sys.executable, "-m", "llrsym", *arguments], capture_output=True, text=True)
    check_refusal(run.returncode, run.stdout, run.stderr, reason)


@pytest.mark.usefixtures("files")
def test_the_good_file_among_them_is_accepted():
    """Otherwise every refusal above could have one and the same wrong cause."""
    result = CliRunner().invoke(app, ["rank", NET, "--weights", "good.json", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["lower"] == 7
