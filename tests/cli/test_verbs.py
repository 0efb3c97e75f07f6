"""The verbs: what they print, in which stream, against their schema, and their exit codes."""

import json
import subprocess
import sys
import types
from importlib import resources

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym import __version__
from llrsym.cli import app as application
from llrsym.cli.app import app, run
from llrsym.cli.doctor import DEPENDENCIES
from llrsym.errors import OutOfBudget
from llrsym.verdict import Derivation, Relation, Verdict

SCHEMAS = resources.files("llrsym.cli").joinpath("schemas")
VERBS = (
    "describe",
    "tangent",
    "rank",
    "bound",
    "strata",
    "embed",
    "guarantee",
    "sample",
    "conjecture",
    "recover",
    "condense",
    "check",
    "independence",
    "table",
    "verify",
    "doctor",
)


def schema(verb: str) -> dict[str, object]:
    return json.loads(SCHEMAS.joinpath(f"{verb}.json").read_text(encoding="utf-8"))


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def answer(*arguments: str) -> dict[str, object]:
    """The JSON answer of a settled question, checked against the schema of its verb."""
    code, stdout, stderr = ask(*arguments, "--json")
    assert (code, stderr) == (0, "")
    document = json.loads(stdout)
    jsonschema.validate(document, schema(arguments[0]))
    return document


@pytest.fixture
def folder(tmp_path):
    """A folder with the certificate of a proved rank."""
    target = tmp_path / "proof"
    assert ask("rank", "mlp(1,2,1)", "--certificate", str(target))[0] == 0
    return target


def stub(monkeypatch, respond):
    """Let ``respond`` stand in for the computation of ranks."""
    module = types.ModuleType("llrsym.tangent.rank")
    module.model_rank = respond  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "llrsym.tangent.rank", module)


def verdict(lower: int, upper: int, side: str = "proved", **changes: object) -> Verdict:
    values = {"network": "mlp(1, 1, 1)", "parameters": 4, "lower_reason": "a minor", "upper_reason": "M"}
    return Verdict(
        question="model_rank",
        lower=lower,
        upper=upper,
        lower_verdict=side,
        upper_verdict="proved",
        **{**values, **changes},
    )


@pytest.mark.parametrize("verb", VERBS)
def test_schemas_are_schemas_and_closed(verb):
    document = schema(verb)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["additionalProperties"] is False
    assert document["required"] == list(document["properties"])


def test_there_is_one_schema_for_each_verb():
    names = {entry.name for entry in SCHEMAS.iterdir()}
    assert names == {f"{verb}.json" for verb in VERBS}
    assert {command.callback.__name__ for command in app.registered_commands} == set(VERBS)


def test_rank_and_independence_answer_alike():
    ours, theirs = schema("rank"), schema("independence")
    assert list(ours["properties"]) == list(theirs["properties"])
    assert ours["$defs"] == theirs["$defs"]


def test_describe_as_json():
    assert answer("describe", "mlp(2,3,1,bias='hidden')") == {
        "network": "mlp(2, 3, 1, activation='tanh', bias='hidden')",
        "parameters": 12,
        "inputs": 2,
        "outputs": 1,
        "layers": [
            {"name": "W1", "shape": [3, 2], "size": 6},
            {"name": "b1", "shape": [3], "size": 3},
            {"name": "W2", "shape": [1, 3], "size": 3},
        ],
    }


def test_describe_as_text():
    code, stdout, stderr = ask("describe", "matrix_factorization(rows=2, inner=1, cols=3)")
    assert (code, stderr) == (0, "")
    assert stdout.splitlines()[1] == "0 inputs, 6 outputs, M = 5 parameters"
    assert [line.split() for line in stdout.splitlines()[2:]] == [
        ["A", "2", "x", "1", "2"],
        ["B", "1", "x", "3", "3"],
    ]


def test_rank_and_its_certificate(folder):
    document = answer("verify", str(folder))
    assert document["accepted"] is True
    assert [row["path"] for row in document["results"]] == [str(folder / "claim.json")]
    assert ask("verify", str(folder / "claim.json"), str(folder / "certificate.json"))[0] == 0


def test_a_certificate_that_does_not_prove_the_claim_is_rejected(folder):
    claim = json.loads((folder / "claim.json").read_text(encoding="utf-8"))
    claim["upper"] = claim["lower"] = claim["lower"] - 1
    (folder / "claim.json").write_text(json.dumps(claim), encoding="utf-8")
    code, stdout, stderr = ask("verify", str(folder))
    assert (code, stderr) == (1, "")
    assert stdout.startswith(f"rejected {folder / 'claim.json'}: ")
    code, stdout, stderr = ask("verify", str(folder), "--json")
    assert (code, json.loads(stdout)["accepted"]) == (1, False)
    jsonschema.validate(json.loads(stdout), schema("verify"))


def test_rank_explained():
    document = answer("rank", "matrix_factorization(rows=2, inner=1, cols=2)", "--explain")
    assert (document["lower"], document["upper"], document["parameters"]) == (3, 3, 4)
    assert len(document["relations"]) == 1
    assert document["relations"][0]["coefficients"].keys() == {"A[0,0]", "A[1,0]", "B[0,0]", "B[0,1]"}


def test_independence_of_functions_that_start_with_a_minus_sign():
    document = answer("independence", "-x+y", "x", "y")
    assert (document["question"], document["lower"], document["upper"]) == ("independence", 2, 2)


def test_tangent_functions():
    answer("tangent", "mlp(1,1,1)")
    _, text, _ = ask("tangent", "mlp(1,1,1)")
    _, latex, _ = ask("tangent", "mlp(1,1,1)", "--latex")
    assert "tanh" in text
    assert r"\tanh" in latex


def test_doctor():
    document = answer("doctor")
    assert set(document["dependencies"]) == set(DEPENDENCIES)
    assert document["llrsym"] == __version__
    code, stdout, _ = ask("doctor")
    assert code == 0
    assert all(package in stdout for package in (*DEPENDENCIES, "extra sklearn"))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (verdict(4, 4), 0),
        (verdict(4, 4, "conditional"), 0),
        (verdict(4, 4, "refuted"), 1),
        (verdict(4, 4, "probable"), 3),
        (verdict(3, 4), 3),
    ],
    ids=["proved", "conditional", "refuted", "probable", "open"],
)
def test_exit_codes_of_answers(monkeypatch, value, code):
    stub(monkeypatch, lambda *args, **kwargs: value)
    assert ask("rank", "mlp(1,1,1)") == (code, f"{value}\n", "")


def test_out_of_budget_prints_the_best_interval(monkeypatch):
    def give_up(*args, budget, **kwargs):
        assert budget == 0.5
        raise OutOfBudget(verdict(3, 4))

    stub(monkeypatch, give_up)
    code, stdout, stderr = ask("rank", "mlp(1,1,1)", "--budget", "0.5", "--json")
    assert code == 4
    assert (json.loads(stdout)["lower"], json.loads(stdout)["upper"]) == (3, 4)
    assert stderr.startswith("llrsym: the budget ran out")


def test_options_arrive(monkeypatch, tmp_path):
    seen = {}

    def record(network, **options):
        seen.update(options, network=network.text)
        options["progress"]("a stage")
        return verdict(4, 4)

    stub(monkeypatch, record)
    weights = tmp_path / "w.json"
    weights.write_text('{"W1": [[1]], "b1": ["1/3"], "W2": [[2]], "b2": [0]}', encoding="utf-8")
    target = tmp_path / "new" / "folder"
    arguments = [
        "--weights",
        str(weights),
        "--explain",
        "--seed",
        "7",
        "--certificate",
        str(target),
        "--quiet",
    ]
    assert ask("rank", "mlp(1,1,1)", *arguments)[0] == 0
    del seen["progress"]
    assert seen == {
        "network": "mlp(1, 1, 1, activation='tanh', bias=True)",
        "at": {"W1": [[1]], "b1": ["1/3"], "W2": [[2]], "b2": [0]},
        "explain": True,
        "budget": None,
        "seed": 7,
        "certificate": target,
    }
    assert target.is_dir()


def test_relations_and_derivations_fit_the_schema(monkeypatch):
    relation = Relation("clone", {"W2[0,0]": "1", "W2[0,1]": "-2*cos(1)"}, "two equal neurons")
    tree = Derivation("rank = 4", "sandwich", (Derivation("rank >= 4", "minor"),))
    stub(monkeypatch, lambda *args, **kwargs: verdict(4, 4, relations=(relation,), derivation=tree))
    assert answer("rank", "mlp(1,1,1)")["relations"][0]["name"] == "clone"
    stub(monkeypatch, lambda *args, **kwargs: verdict(4, 4, relations="unexplained"))
    assert answer("rank", "mlp(1,1,1)")["relations"] == "unexplained"


def test_an_interruption_ends_with_a_sentence(monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    stub(monkeypatch, interrupt)
    assert ask("rank", "mlp(1,1,1)") == (130, "", "llrsym: interrupted; nothing was decided\n")


def test_a_network_that_does_not_fit_into_memory_is_bad_input(monkeypatch):
    def exhaust(*args, **kwargs):
        raise MemoryError

    stub(monkeypatch, exhaust)
    code, stdout, stderr = ask("rank", "mlp(2,900000,1)")
    assert (code, stdout) == (2, "")
    assert stderr == ("llrsym: the network is too large for the memory of this machine; use smaller widths\n")


def test_a_defect_is_neither_a_refutation_nor_bad_input(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("inside")

    stub(monkeypatch, fail)
    code, stdout, stderr = ask("rank", "mlp(1,1,1)")
    assert (code, stdout) == (70, "")
    assert "ZeroDivisionError: inside" in stderr
    assert stderr.endswith("llrsym: this is a defect of llrsym; please report it with the lines above\n")


def test_progress_is_shown_on_a_terminal_only_and_never_on_stdout(monkeypatch, capsys):
    def work(*args, progress, **kwargs):
        progress("a stage of the work")
        return verdict(4, 4)

    stub(monkeypatch, work)
    assert run(["rank", "mlp(1,1,1)"]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert run(["rank", "mlp(1,1,1)"]) == 0
    shown = capsys.readouterr()
    assert "a stage of the work" in shown.err
    assert "a stage" not in shown.out
    assert run(["rank", "mlp(1,1,1)", "--quiet"]) == 0


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "describe"]])
def test_version(arguments):
    command = [sys.executable, "-m", "llrsym", *arguments]
    run_ = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run_.stdout == f"llrsym {__version__}\n"


def test_help_names_every_verb_and_the_exit_codes():
    code, stdout, _ = ask("--help")
    assert code == 0
    assert all(verb in stdout for verb in VERBS)
    assert "4 out of budget" in " ".join(stdout.split())
    assert application.__doc__ not in stdout
