"""Coq files of model ranks: what they say, what is refused, and Coq accepts them and no tampered ones."""

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
import sympy as sp

from llrsym.cli.app import run
from llrsym.domains.symbolic import Z, activation_expressions
from llrsym.errors import BadInput
from llrsym.networks.text import parse_network
from llrsym.networks.weights import exact_weights
from llrsym.report.coq.activations import coq_activation, definitions
from llrsym.report.coq.export import check_exportable, coq_file
from llrsym.report.coq.search import find_dominance, is_dominant
from llrsym.report.coq.text import write_functions
from llrsym.tangent.functions import tangent_functions

SMALL = "mlp(1, 2, 1)"
WEIGHTS = {"W1": [["1/2"], ["-3/2"]], "b1": ["1/4", 1], "W2": [[2, "-1/3"]], "b2": ["1/5"]}
CLONES = {"W1": [["1/2"], ["1/2"]], "b1": ["1/4", "1/4"], "W2": [[2, "-1/3"]], "b2": ["1/5"]}
LARGER = "mlp(2, 2, 2, 1, bias=False, activation='sigmoid')"
LARGER_WEIGHTS = {
    "W1": [[1, "1/2"], ["-1/3", 2]],
    "W2": [[1, -1], ["3/4", 2]],
    "W3": [[1, "-5/3"]],
}
VECTOR = "mlp(1, 1, 2, activation='rational:0,1/1,0,1')"
VECTOR_WEIGHTS = {"W1": [["3/2"]], "b1": ["1/3"], "W2": [[2], [-1]], "b2": [1, 0]}

# The text


def theorem(text: str) -> str:
    """The statement of the last theorem, on one line."""
    return " ".join(text.rpartition("Theorem ")[2].partition("Proof.")[0].split())


def test_the_theorem_is_about_derivatives_at_the_weights():
    text = coq_file(parse_network("mlp(1, 1, 1, bias=False)"), {"W1": [["-7/3"]], "W2": [[0.5]]}, 2)
    assert theorem(text) == (
        "model_rank_at_least : forall c0 c1 : R, "
        "(forall x1 : R, c0 * tangent0_0 x1 + c1 * tangent0_1 x1 = 0) -> c0 = 0 /\\ c1 = 0."
    )
    assert "Derive (fun t => f0 t (1/2) x1) (-7/3)." in text
    assert "Derive (fun t => f0 (-7/3) t x1) (1/2)." in text
    assert not re.search(r"\b(Admitted|Axiom|Parameter|Abort|Hypothesis|Variable)\b", text)
    assert "there are no more parameters, so that it is equal" in text


def test_of_several_outputs_all_have_to_vanish():
    text = coq_file(parse_network(VECTOR), VECTOR_WEIGHTS, 6)
    assert theorem(text).count("(forall x1 : R, c0 * tangent") == 2
    assert "c5 * tangent1_5 x1 = 0) -> c0 = 0 /\\" in theorem(text)


def test_clones_have_the_theorem_of_their_rank():
    text = coq_file(parse_network(SMALL), CLONES, 4)
    assert theorem(text).startswith("model_rank_at_least : forall c0 c1 c2 c3 : R,")
    assert "so that it is equal" not in text


def test_no_text_of_the_user_ends_the_comment():
    network = parse_network(SMALL)
    object.__setattr__(network, "text", 'a.py:f *) Admitted. "')
    header = coq_file(network, WEIGHTS, 7).partition("From Coquelicot")[0]
    assert header.count("*)") == 1
    assert header.rstrip().endswith("*)")
    assert '"' not in header


def as_python(body: str) -> str:
    """A body of a Coq function as Python statements; the value is in ``result``."""
    applied = re.sub(r"\b(d?sigma_\w+) (\w+)", r"\1(\2)", body)
    bound = re.sub(r"let (\w+) := (.*) in", r"\1 = \2", applied)
    *lines, result = bound.splitlines()
    return "\n".join([*lines, f"result = {result}"])


@pytest.mark.parametrize("text", [SMALL, LARGER, VECTOR, "conv(input=(3,), kernel=(2,), channels=(2,))"])
def test_the_formulas_are_the_tangent_functions(text):
    network = parse_network(text)
    written = write_functions(network, range(network.parameter_count))
    expected = tangent_functions(network)
    symbols = [*expected.parameters, *expected.inputs]
    values = [sp.Rational(2 * k + 3, k + 2) for k in range(len(symbols))]
    names = dict(zip([*written.weights, *written.inputs], map(float, values), strict=True))
    for activation, suffix in written.activations.items():
        value, slope = (sp.lambdify(Z, e, "math") for e in activation_expressions(activation))
        names |= {f"sigma_{suffix}": value, f"dsigma_{suffix}": slope}
    for output, slopes in enumerate(written.slopes):
        for column, body in slopes.items():
            scope = dict(names)
            exec(as_python(body), scope)
            exact = expected.expressions[column][output].subs(dict(zip(symbols, values, strict=True)))
            assert scope["result"] == pytest.approx(float(exact), rel=1e-9, abs=1e-12)


FUNCTIONS = ("tanh", "sinh", "cosh", "exp", "sin", "cos", "atan")
TABLE = "tanh sigmoid exp sinh cosh sech gaussian sin cos arctan softplus silu quick_gelu"
ACTIVATIONS = [
    *TABLE.split(" "),
    "power:3",
    "rational:1,-2,3",
    "rational:0,1/1,0,1",
    "rational:1|2,-1/3,0,2|5",
]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_the_known_ones(name):
    activation = coq_activation(name)
    for text, expected in zip(
        (activation.value, activation.slope), activation_expressions(name), strict=True
    ):
        python = (
            re.sub(rf"\b({'|'.join(FUNCTIONS)}) z", r"\1(z)", text).replace("^", "**").replace("ln", "log")
        )
        python = f"1 {python}" if python.startswith("/") else python
        assert sp.simplify(sp.sympify(python, {"z": Z}) - expected).subs(Z, sp.Rational(3, 7)).evalf() == (
            pytest.approx(0, abs=1e-30)
        )


# The integers


def test_integers_of_a_found_proof_are_dominant_and_near():
    network = parse_network(SMALL)
    proof = find_dominance(network.program, exact_weights(network, WEIGHTS), 7, "0", lambda message: None)
    assert proof is not None
    assert proof.columns == tuple(range(7))
    assert is_dominant(proof.matrix, proof.inverse, 1 << proof.unit)
    functions = tangent_functions(network, at=WEIGHTS)
    for (sample, _), row in zip(proof.rows, proof.matrix, strict=True):
        at = {functions.inputs[0]: sp.Rational(*proof.points[sample][0].as_integer_ratio())}
        exact = [expression.subs(at).evalf(40) for (expression,) in functions.expressions]
        assert all(abs(v * 2**proof.scale - a) <= 1 for v, a in zip(exact, row, strict=True))


def test_dominance_counts_the_error_of_the_matrix():
    identity = ((8, 0), (0, 8))
    assert is_dominant(identity, ((4, 0), (0, 4)), 32)
    assert not is_dominant(((1, 0), (0, 1)), ((4, 0), (0, 4)), 4)  # errors of 1 make this singular
    assert not is_dominant(((8, 8), (8, 8)), ((4, 0), (0, 4)), 32)


def test_a_rank_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="no points were found at which rank 7 shows"):
        coq_file(parse_network(SMALL), CLONES, 7)


# What is refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mlp(1, 2, 1, activation='gelu')", "activation 'gelu' cannot be exported to Coq; there are tanh, "),
        ("mlp(1, 2, 1, activation='erf')", "activation 'erf' cannot be exported to Coq"),
        ("mlp(1, 1, 1, activation='rational:1/1,1,1')", "a sum of even powers with positive coefficients"),
        ("mlp(4, 3, 1)", "the network has 19 parameters, and Coq is given at most 16"),
        ("attention(tokens=2, dim=1, head_dim=1)", "it divides by a function of its inputs or weights"),
    ],
)
def test_networks_that_coq_is_not_given(text, reason):
    with pytest.raises(BadInput, match=f"^--coq: .*{reason}"):
        check_exportable(parse_network(text))


def test_rank_zero_is_refused():
    with pytest.raises(BadInput, match="nothing to export"):
        coq_file(parse_network("mlp(1, 1, 1, bias=False)"), {"W1": [[0]], "W2": [[0]]}, 0)


@pytest.fixture
def weights(tmp_path) -> Path:
    path = tmp_path / "weights.json"
    path.write_text('{"W1": [["1/2"]], "W2": [[3]]}', encoding="utf-8")
    return path


NARROW = "mlp(1, 1, 1, bias=False)"


def test_the_command_writes_the_file_and_prints_the_rank(weights, tmp_path, capsys):
    path = tmp_path / "rank.v"
    assert run(["rank", NARROW, "--weights", str(weights), "--coq", str(path), "--quiet"]) == 0
    assert "= 2 (M = 2), proved" in capsys.readouterr().out
    assert "Theorem model_rank_at_least : forall c0 c1 : R," in path.read_text(encoding="utf-8")


def test_the_command_refuses_a_file_without_weights_or_a_folder(weights, tmp_path, capsys):
    assert run(["rank", NARROW, "--coq", str(tmp_path / "rank.v")]) == 2
    assert "give its weights with --weights FILE" in capsys.readouterr().err
    assert run(["rank", NARROW, "--weights", str(weights), "--coq", str(tmp_path), "--quiet"]) == 2
    assert "cannot be written (is a directory)" in capsys.readouterr().err


# Coq itself


@pytest.fixture(scope="module")
def coqc(tmp_path_factory):
    """A function that compiles a text and returns Coq's error, empty if it is accepted."""
    folder = tmp_path_factory.mktemp("coq")
    if shutil.which("coqc") is None:
        pytest.skip("coqc is not installed: the exported files are not compiled")

    def compiled(text: str) -> str:
        (folder / "rank.v").write_text(text, encoding="utf-8")
        command = ["coqc", "-w", "none", "rank.v"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        return "" if done.returncode == 0 else done.stderr or "failed"

    if compiled("From Coquelicot Require Import Coquelicot.\nFrom Interval Require Import Tactic."):
        pytest.skip("Coquelicot or CoqInterval is not installed: the exported files are not compiled")
    return compiled


@pytest.mark.parametrize(
    ("text", "at", "rank"),
    [(SMALL, WEIGHTS, 7), (SMALL, CLONES, 4), (VECTOR, VECTOR_WEIGHTS, 6), (LARGER, LARGER_WEIGHTS, 10)],
    ids=["seven", "clones", "vector", "deep"],
)
def test_coq_accepts(coqc, text, at, rank):
    assert coqc(coq_file(parse_network(text), at, rank)) == ""


def test_coq_proves_every_derivative_of_an_activation(coqc):
    # In one file: the rule for one of them must not be used inside another.
    library = files("llrsym.report.coq").joinpath("library.v").read_text(encoding="utf-8")
    assert coqc(library + "\n".join(definitions(name, f"a{k}") for k, name in enumerate(ACTIVATIONS))) == ""


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("(-3/2)", "(1/2)"),  # another weight: not the values that are claimed
        ("Definition dsigma_tanh (z : R) : R := 1 -", "Definition dsigma_tanh (z : R) : R := 2 -"),
        ("  W2_0_0 * dsigma_tanh z1 * x1.", "  W2_0_1 * dsigma_tanh z1 * x1."),
        ("Definition left : list (list Z) :=\n  [[", "Definition left : list (list Z) :=\n  [[9"),
    ],
    ids=["weight", "activation", "derivative", "inverse"],
)
def test_coq_rejects_what_was_tampered_with(coqc, found, put):
    text = coq_file(parse_network(SMALL), WEIGHTS, 7)
    assert found in text
    assert "Error" in coqc(text.replace(found, put))


def test_coq_rejects_clones_in_the_place_of_other_neurons(coqc):
    text = coq_file(parse_network(SMALL), WEIGHTS, 7)
    weights, clones = (
        " ".join(values)
        for values in (("(1/2)", "(-3/2)", "(1/4)", "1", "2"), ("(1/2)", "(1/2)", "(1/4)", "(1/4)", "2"))
    )
    assert weights in text
    tampered = re.sub(r"\(-3/2\)", "(1/2)", text.replace(weights, clones))
    assert "Error" in coqc(tampered)
