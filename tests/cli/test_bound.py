"""``llrsym bound``: answers against the schema, exit codes, certificates, and refusals."""

import json
from importlib import resources
from time import perf_counter

import jsonschema
import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app

CONV = "conv(input=(3,), kernel=(2,), channels=(2,))"
FREE = "conv(input=(3,), kernel=(2,), channels=(2,), shared=False)"
SILU = "mlp(2,{0},{0},1,activation='silu')"
RESIDUAL = "residual(width=2,blocks=2,hidden=2)"
SCHEMA = json.loads(
    resources.files("llrsym.cli").joinpath("schemas", "bound.json").read_text(encoding="utf-8")
)


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["bound", *arguments])
    return result.exit_code, result.stdout, result.stderr


def answer(*arguments: str, code: int = 0) -> dict:
    got, stdout, stderr = ask(*arguments, "--json")
    assert got == code, stderr
    document = json.loads(stdout)
    jsonschema.validate(document, SCHEMA)
    return document


@pytest.fixture
def shifts(tmp_path):
    """The weights of two kernels that are shifts of one another."""
    file = tmp_path / "shifts.json"
    file.write_text(json.dumps({"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 7]]}), encoding="utf-8")
    return str(file)


def test_a_wide_network_is_never_expanded():
    start = perf_counter()
    document = answer("mlp(784,100,100,1)", "--target", "mlp(784,3,2,1)")
    assert perf_counter() - start < 2
    sizes = ("samples", "samples_lower", "samples_upper", "lower", "upper", "parameters", "max_rank")
    assert [document[name] for name in sizes] == [2366] * 5 + [88701] * 2
    assert (document["verdict"], document["at"], document["claim"]) == ("proved", "almost every", None)
    assert document["derivation"]["premises"]


def test_the_very_function_of_given_weights(shifts):
    document = answer(CONV, "--target", CONV, "--target-weights", shifts)
    assert (document["samples"], document["at"], document["local_recovery"]) == (7, "given", None)
    assert answer(FREE, "--target", CONV, "--target-weights", shifts)["samples"] == 9


def test_a_refuted_claim_exits_with_1_and_its_certificates_are_accepted(tmp_path):
    folder = tmp_path / "proof"
    arguments = (CONV, "--target", CONV, "--claim", "k*(s+L)", "--certificate", str(folder))
    document = answer(*arguments, code=1)
    claim = document["claim"]
    assert (document["verdict"], document["samples"], document["certificate"]) == ("proved", 8, str(folder))
    assert (claim["verdict"], claim["value"], claim["sizes"]) == ("refuted", 8, {"s": 2, "L": 2, "k": 2})
    (example,) = claim["counterexamples"]
    assert example["weights"] == {"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 7]]}
    assert (example["value"], example["samples_lower"], example["samples_upper"]) == (8, 7, 7)
    assert example["certificate"] == str(folder / "counterexample-1")
    result = CliRunner().invoke(app, ["verify", str(folder)])
    assert (result.exit_code, result.stdout.count("accepted")) == (0, 2)


def test_a_claim_about_given_weights(shifts):
    arguments = (CONV, "--target", CONV, "--target-weights", shifts, "--claim")
    assert answer(*arguments, "k*(s+L)", code=1)["claim"]["at"] == "given"
    assert answer(*arguments, "k*(s+L)-1")["claim"]["verdict"] == "proved"


def test_a_claim_that_is_not_refuted():
    code, stdout, _ = ask("mlp(2,3,1)", "--target", "mlp(2,2,1)", "--claim", "k*(d+2)+1")
    assert code == 0
    assert "claim O(f*) = k*(d+2)+1: proved for almost every target; no counterexample among" in stdout


def test_exit_codes_of_open_questions():
    target = ("--target", SILU.format(2))
    document = answer(SILU.format(3), *target, code=3)
    assert (document["verdict"], document["samples"], document["samples_upper"]) == ("open", None, 15)
    code, stdout, stderr = ask(SILU.format(3), *target, "--budget", "0.000001")
    assert (code, "in [0, 15]" in stdout, stderr.count("\n")) == (4, True, 1)
    assert "budget ran out" in stderr
    assert answer("mlp(2,3,1)", "--target", "mlp(2,2,1)", "--claim", "9", "--budget", "0.000001", code=4)
    assert answer(SILU.format(3), *target, "--claim", "M_narrow", code=3)["claim"]["verdict"] == "open"
    assert answer(SILU.format(3), *target, "--claim", "16", code=1)["claim"]["verdict"] == "refuted"


def test_the_derivation_as_latex():
    code, stdout, stderr = ask("mlp(2,3,1)", "--target", "mlp(2,2,1)", "--latex")
    assert (code, stderr) == (0, "")
    assert stdout.startswith("\\begin{itemize}\n\\item $O(f^*) =$ 9 for almost every target $f^*$")
    assert stdout.count(r"\begin{itemize}") == stdout.count(r"\end{itemize}")
    _, stdout, _ = ask(CONV, "--target", CONV, "--claim", "k*(s+L)", "--latex")
    assert "the formula says 8 at s $=$ 2, L $=$ 2, k $=$ 2; 7 is proved" in stdout


def test_text_and_quiet_agree():
    arguments = ("mlp(2,3,1)", "--target", "mlp(2,2,1)")
    assert ask(*arguments) == ask(*arguments, "--quiet")


def test_a_target_without_a_theorem_has_an_upper_bound(tmp_path):
    folder = tmp_path / "proof"
    target = ("--target", "residual(width=2,hidden=1)")
    document = answer(RESIDUAL, *target, "--certificate", str(folder), code=3)
    sizes = ("samples", "samples_lower", "samples_upper", "lower", "upper", "parameters", "max_rank")
    assert [document[name] for name in sizes] == [None, 0, 5, 0, 7, 24, None]
    assert (document["verdict"], document["upper_verdict"]) == ("open", "proved")
    result = CliRunner().invoke(app, ["verify", str(folder)])
    assert (result.exit_code, result.stdout[:8]) == (0, "accepted")


def test_a_network_from_a_file_at_its_own_weights(tmp_path):
    model = tmp_path / "model.py"
    model.write_text(
        "import numpy as np\n"
        "def own(p, x):\n    return x + p['V'] @ np.tanh(p['W'] @ x)\n"
        "own.shapes = {'W': (1, 2), 'V': (2, 1), 'x': (2,)}\n"
        "wide = 'residual(width=2, blocks=2, hidden=2)'\n",
        encoding="utf-8",
    )
    weights = tmp_path / "weights.json"
    weights.write_text(json.dumps({"W": [[1, 2]], "V": [[0], [0]]}), encoding="utf-8")
    document = answer(f"{model}:own", "--target-weights", str(weights), code=3)
    assert (document["network"], document["target"], document["upper"]) == ("model.py:own",) * 2 + (2,)
    assert answer(f"{model}:wide", "--target", f"{model}:wide", code=3)["upper"] == 22


REFUSED = {
    ("mlp(2,3,1)", "--target", "mlp(2,4,1)"): "the target needs 4 hidden neurons, the network has 3",
    ("mlp(2,3,1)", "--target", "mlp(2,2,2,1)"): "the target has 2 hidden layers, the network 1",
    ("mlp(2,3,1)", "--target", "mlp(2,2,1,activation='erf')"): "the activation erf, the network tanh",
    ("mlp(2,3,1)", "--target", "mlp(3,2,1)"): "inputs and outputs of the target (3, 2, 1)",
    ("mlp(2,3,1,bias=False)", "--target", "mlp(2,2,1)"): "those of the network have none",
    (CONV, "--target", "conv(input=(3,),kernel=(3,),channels=(1,))"): "extends over (3,), the kernel is (2,)",
    (CONV, "--target", CONV, "--target-weights", "wrong.json"): "K expected shape (2, 2), got (1, 2)",
    (CONV, "--target", CONV, "--target-weights", "absent.json"): "absent.json cannot be read",
    (CONV, "--target", CONV, "--claim", "k*(n+1)"): "n in 'k*(n+1)' is not a size here; the sizes are M = 8",
    (CONV, "--target", CONV, "--claim", "__import__('os')"): "may hold integers, names, + - * / ^",
    (CONV, "--target", CONV, "--budget", "0"): "--budget: 0.0 is not a positive number of seconds",
    (CONV,): "there is no target; give --target T, --target-weights FILE or both",
    (RESIDUAL, "--target", "mlp(2,1,2)"): "are built in different ways",
    (RESIDUAL, "--target", "residual(width=2,hidden=3)"): "block 1 of the target does not fit",
    (RESIDUAL, "--target", RESIDUAL, "--claim", "M"): "belongs to no family with a theorem",
    (CONV, "--target", "mlp(2,0,1)"): "mlp: widths[1] is 0; give a positive integer",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=range(len(REFUSED)))
def test_bad_input_is_one_sentence_that_names_the_condition(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.json").write_text('{"K": [[1, 0]], "a": [[2, 3], [5, 7]]}', encoding="utf-8")
    code, stdout, stderr = ask(*arguments)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert REFUSED[arguments] in stderr
