"""Output that cannot be shown, read or written: no traceback, and no exit code that would be an answer."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import llrsym
from llrsym.cli import BAD_INPUT, CLOSED_PIPE
from llrsym.cli.app import app

WEIGHTS = {"W1": [[1], [2]], "b1": [0, 1], "W2": [[1, 1]], "b2": [0]}
NET = "mlp(1,2,1)"
PYTHON = """
net = "mlp(1, 2, 1)"

def sizes(k=1):
    return f"mlp(1, {k}, 1)"

def leaving(k=1):
    raise SystemExit(0)
"""
TABLE = '[[row]]\nnetwork = "mlp(1, 2, 1)"\ntarget = "mlp(1, 1, 1)"\ntitle = "caf\u00e9"\n'
VERBS = {
    "describe": ("describe", "caf\u00e9.py:net"),
    "tangent": ("tangent", NET),
    "rank": ("rank", NET, "--certificate", "proof-\u00e9"),
    "independence": ("independence", "tanh(x)", "x"),
    "bound": ("bound", NET, "--target", "mlp(1,1,1)"),
    "strata": ("strata", NET, "--target", "mlp(1,1,1)"),
    "embed": ("embed", NET, "--target", "mlp(1,1,1)", "--out", "w-\u00e9.json"),
    "guarantee": ("guarantee", NET, "--weights", "w.json", "--data", "\u00e9.csv"),
    "sample": ("sample", NET, "--weights", "w.json", "--out", "\u00e9\u00e9.csv"),
    "condense": ("condense", NET, "--weights", "w.json", "--tolerance", "1"),
    "table": ("table", "\u00e9.toml"),
    "conjecture": ("conjecture", "caf\u00e9.py:sizes", "--sizes", "k=1..3"),
    "check": ("check", NET, "--only", "evaluation"),
    "recover": ("recover", NET, "--target", "mlp(1,1,1)", "--samples", "3", "--trials", "1", "--steps", "2"),
    "verify": ("verify", "."),
    "doctor": ("doctor",),
}
EACH = pytest.mark.parametrize("verb", VERBS)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A working directory with files whose names and contents are not all ASCII."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(llrsym.__file__).parents[1]))
    Path("w.json").write_text(json.dumps(WEIGHTS), encoding="utf-8")
    Path("caf\u00e9.py").write_text(PYTHON, encoding="utf-8")
    Path("\u00e9.toml").write_text(TABLE, encoding="utf-8")
    Path("\u00e9.csv").write_text("x\n1\n2\n3\n4\n5\n6\n7\n", encoding="utf-8")
    folder = Path("proof-\u00fc")
    assert CliRunner().invoke(app, ["rank", NET, "--certificate", str(folder)]).exit_code == 0
    return tmp_path


def run(*arguments, stdout=subprocess.PIPE, **environment):
    command = [sys.executable, "-m", "llrsym", *arguments]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, env=os.environ | environment, check=False
    )


@pytest.mark.usefixtures("files")
@EACH
def test_a_terminal_without_utf8(verb):
    plain = run(*VERBS[verb], PYTHONIOENCODING="ascii:strict")
    assert b"Traceback" not in plain.stderr
    assert plain.returncode in (0, 3), plain.stderr
    assert plain.stdout.isascii()
    as_json = run(*VERBS[verb], "--json", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert as_json.returncode == plain.returncode, as_json.stderr
    assert isinstance(json.loads(as_json.stdout), dict)


@pytest.mark.usefixtures("files")
@EACH
def test_nobody_reads_the_answer(verb):
    reader, writer = os.pipe()
    os.close(reader)
    result = run(*VERBS[verb], stdout=writer)
    os.close(writer)
    assert (result.returncode, result.stderr) == (CLOSED_PIPE, b"")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("verb", ["describe", "rank", "table"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk(verb, unbuffered):
    with Path("/dev/full").open("wb") as full:
        result = run(*VERBS[verb], stdout=full, PYTHONUNBUFFERED=unbuffered)
    assert result.returncode == BAD_INPUT
    assert (
        result.stderr
        == b"llrsym: the output cannot be written (no space left on device); send it somewhere else\n"
    )


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("rank", "--help")])
def test_nobody_reads_the_help(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    result = run(*arguments, stdout=writer)
    os.close(writer)
    assert (result.returncode, result.stderr) == (CLOSED_PIPE, b"")


@pytest.mark.usefixtures("files")
def test_a_file_that_exits_gives_no_answer():
    result = CliRunner().invoke(app, ["conjecture", "caf\u00e9.py:leaving", "--sizes", "k=1..3"])
    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert result.stderr.count("\n") == 1


OUTPUTS = {
    ("rank", NET, "--weights", "w.json", "--coq"): "p.v",
    ("strata", NET, "--target", "mlp(1,1,1)", "--picture"): "p.png",
    ("embed", NET, "--target", "mlp(1,1,1)", "--out"): "p.json",
    ("sample", NET, "--weights", "w.json", "--out"): "p.csv",
    ("condense", NET, "--weights", "w.json", "--tolerance", "1", "--out"): "p.json",
    ("table", "\u00e9.toml", "--out"): "p.md",
    ("table", "\u00e9.toml", "--cache"): "p.cache",
    (*VERBS["recover"], "--out"): "p.svg",
}
WRITING = pytest.mark.parametrize(
    ("arguments", "name"), OUTPUTS.items(), ids=[f"{a[0]} {a[-1]}" for a in OUTPUTS]
)


@pytest.mark.usefixtures("files")
@WRITING
def test_an_output_that_cannot_be_written_is_refused_first(arguments, name, monkeypatch):
    Path("taken").mkdir()
    (Path("taken") / name).mkdir()
    for path in (Path("taken") / name, Path("absent") / name, Path("w.json") / name):
        result = CliRunner().invoke(app, [*arguments, str(path)])
        assert (result.exit_code, result.stdout) == (BAD_INPUT, ""), path
        assert result.stderr.startswith(f"llrsym: {arguments[-1]}: ")
        assert result.stderr.count("\n") == 1
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    result = CliRunner().invoke(app, [*arguments, name])
    assert result.exit_code == BAD_INPUT
    assert f"{arguments[-1]}: {name} cannot be written (permission denied)" in result.stderr


@pytest.mark.usefixtures("files")
@WRITING
def test_a_disk_that_becomes_full_leaves_the_old_file(arguments, name):
    if arguments[-1] == "--cache":
        pytest.skip("an old cache has contents of its own")
    Path(name).write_text("old", encoding="utf-8")
    before = sorted(os.listdir())

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30, 30))

    command = [sys.executable, "-m", "llrsym", *arguments, name]
    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert result.returncode == BAD_INPUT, result.stderr
    assert result.stderr.count("\n") == 1
    assert Path(name).read_text(encoding="utf-8") == "old"
    assert [entry for entry in sorted(os.listdir()) if not entry.endswith((".jsonl", ".answers"))] == before


@pytest.mark.usefixtures("files")
def test_a_folder_that_cannot_hold_a_certificate(monkeypatch):
    (Path("taken") / "claim.json").mkdir(parents=True)
    result = CliRunner().invoke(app, ["rank", NET, "--certificate", "taken"])
    assert result.exit_code == BAD_INPUT
    assert "--certificate: taken cannot hold a certificate (claim.json is a directory)" in result.stderr
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    result = CliRunner().invoke(app, ["rank", NET, "--certificate", "new"])
    assert result.exit_code == BAD_INPUT
    assert "--certificate: new cannot hold a certificate (permission denied)" in result.stderr


@pytest.mark.usefixtures("files")
def test_a_result_replaces_what_was_there():
    Path("p.csv").write_text("old", encoding="utf-8")
    assert CliRunner().invoke(app, [*VERBS["sample"][:-1], "p.csv"]).exit_code == 0
    assert "old" not in Path("p.csv").read_text(encoding="utf-8")
    assert not list(Path().glob(".p*"))
