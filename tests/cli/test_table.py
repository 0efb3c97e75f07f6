"""The verb ``table``: formats, files, exit codes, and what is kept of an interrupted run."""

import json
import sys
import types
from importlib import resources

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.cli.app import app, run
from tests.report.sample import verdict

SCHEMA = json.loads(resources.files("llrsym.cli").joinpath("schemas/table.json").read_text(encoding="utf-8"))
ROW = '[[row]]\nnetwork = "mlp(2, 8, 1)"\ntarget = "mlp(2, {k}, 1)"\nsizes = { k = "1..3" }\n'


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["table", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text(ROW, encoding="utf-8")
    return path


def stub(monkeypatch, respond) -> None:
    module = types.ModuleType("llrsym.bounds.optimistic")
    module.optimistic_sample_size = respond  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "llrsym.bounds.optimistic", module)


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("latex", "% \\usepackage{booktabs"),
        ("markdown", "| network | target |"),
        ("csv", "network,target,"),
        ("html", "<!doctype html>"),
        ("json", "{\n"),
    ],
)
def test_formats(source, tmp_path, form, start):
    code, stdout, stderr = ask(str(source), "--format", form)
    assert (code, stderr) == (0, "")
    assert stdout.startswith(start)
    suffix = {"latex": "tex", "markdown": "md"}.get(form, form)
    out = tmp_path / f"out.{suffix}"
    assert ask(str(source), "--out", str(out)) == (0, "", "")
    assert out.read_text(encoding="utf-8") == stdout or form == "json"
    assert {file.name for file in tmp_path.iterdir()} == {"t.toml", out.name}


def test_json_fits_its_schema(source):
    code, stdout, _ = ask(str(source), "--json")
    document = json.loads(stdout)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document, SCHEMA)
    (table,) = document["tables"]
    assert (code, [row["cells"][3]["lower"] for row in table["rows"]]) == (0, [5, 9, 13])
    assert table["sources"][0]["question"] == "optimistic_sample_size"


def test_the_tables_of_the_papers():
    code, stdout, stderr = ask("paper", "--json")
    document = json.loads(stdout)
    jsonschema.validate(document, SCHEMA)
    assert (code, stderr) == (0, "")
    cells = [cell for table in document["tables"] for row in table["rows"] for cell in row["cells"]]
    assert {"685", "6760", "530660"} <= {cell["text"] for cell in cells if cell["verdict"] == "proved"}
    assert {"8", "12"} <= {cell["text"] for cell in cells if cell["verdict"] == "refuted"}


def test_processes_and_formats_give_the_same_numbers(source):
    alone, together = ask(str(source), "--format", "csv"), ask(str(source), "--format", "csv", "--jobs", "2")
    assert alone == together


def test_a_refuted_formula_has_exit_code_1(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text(ROW + 'formula = "3*k"\n', encoding="utf-8")
    code, stdout, _ = ask(str(path))
    assert code == 1
    assert "refuted at $k = 1$: the formula says 3, exact is 5" in stdout


def test_an_open_question_has_exit_code_3(monkeypatch, source):
    stub(monkeypatch, lambda *args, **options: verdict(3, 5))
    code, stdout, _ = ask(str(source))
    assert (code, "[3, 5]" in stdout) == (3, True)


def test_out_of_budget_has_exit_code_4(monkeypatch, source):
    from llrsym.errors import OutOfBudget

    def give_up(*args, budget, **options):
        assert budget == 2
        raise OutOfBudget(verdict(3, 5))

    stub(monkeypatch, give_up)
    code, stdout, stderr = ask(str(source), "--budget", "2")
    assert (code, "[3, 5]" in stdout) == (4, True)
    assert stderr.startswith("llrsym: the budget ran out for some questions")


def test_an_interrupted_command_is_continued(monkeypatch, source, tmp_path):
    asked: list[str] = []

    def interrupt(network, *, target, **options):
        asked.append(target.text)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return optimistic_sample_size(network, target=target, **options)

    stub(monkeypatch, interrupt)
    out = tmp_path / "t.md"
    code, stdout, stderr = ask(str(source), "--out", str(out))
    assert (code, stdout, out.exists()) == (130, "", False)
    assert stderr == (
        f"llrsym: interrupted; 2 of 3 answers are kept in {out}.answers, the same command continues\n"
    )
    assert ask(str(source), "--out", str(out))[0] == 0
    assert len(asked) == 4
    assert (out.exists(), (tmp_path / "t.md.answers").exists()) == (True, False)


def test_an_interruption_without_a_file_says_what_would_keep_it(monkeypatch, source):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    stub(monkeypatch, interrupt)
    code, _, stderr = ask(str(source))
    assert (code, stderr) == (
        130,
        "llrsym: interrupted; nothing was kept, --out or --cache keep what has been answered\n",
    )


def test_a_cache_that_was_asked_for_stays_and_is_used(monkeypatch, source, tmp_path):
    cache = tmp_path / "answers.json"
    first = ask(str(source), "--cache", str(cache))
    stub(monkeypatch, lambda *args, **options: pytest.fail("asked again"))
    assert ask(str(source), "--cache", str(cache)) == first


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys, source):
    assert run(["table", str(source)]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert run(["table", str(source)]) == 0
    assert "of 3 answered" in capsys.readouterr().err
    assert run(["table", str(source), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.toml"], "llrsym: table: none.toml cannot be read (no such file or directory); "),
        (["SOURCE", "--format", "pdf"], "llrsym: Invalid value for '--format': "),
        (["SOURCE", "--jobs", "0"], "llrsym: Invalid value for '--jobs'"),
        (["SOURCE", "--budget", "0"], "llrsym: --budget: 0.0 is not a positive number of seconds"),
        (["SOURCE", "--out", "missing/t.tex"], "llrsym: --out: there is no folder missing; create it"),
        (["SOURCE", "--out", "FOLDER"], "llrsym: --out: "),
        (["SOURCE", "--cache", "SOURCE"], "llrsym: --cache: "),
    ],
)
def test_bad_input_is_one_line(source, arguments, message):
    replaced = {"SOURCE": str(source), "FOLDER": str(source.parent)}
    code, stdout, stderr = ask(*(replaced.get(argument, argument) for argument in arguments))
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith(message)
