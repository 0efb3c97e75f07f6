"""Networks from files on the command line: a name in a Python file, and ONNX files."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app
from llrsym.errors import BadInput
from llrsym.networks.sources import resolve

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own_network" / "model.py"


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def write(tmp_path):
    """Write a Python file and return its path as text."""

    def writer(content: str, name: str = "model.py") -> str:
        (tmp_path / name).write_text(content, encoding="utf-8")
        return str(tmp_path / name)

    return writer


def test_a_function_a_text_and_a_network_of_a_file():
    code, out, _ = ask("rank", f"{EXAMPLE}:gated", "--json")
    document = json.loads(out)
    assert (code, document["network"], document["lower"], document["upper"]) == (0, "model.py:gated", 15, 15)
    assert resolve(f"{EXAMPLE}:small").text == "mlp(2, 8, 1, activation='tanh', bias=True)"
    assert resolve(f"{EXAMPLE}:head").parameter_count == 15


def test_a_network_object_and_shapes_of_the_whole_file(write):
    path = write(
        "import llrsym as ll\nshapes = {'w': (1, 2), 'x': (2,)}\n"
        "def linear(p, x):\n    return p['w'] @ x\n"
        "net = ll.mlp(1, 2, 1)\n"
    )
    assert resolve(f"{path}:net").text == "mlp(1, 2, 1, activation='tanh', bias=True)"
    assert resolve(f"{path}:linear").layers == (("w", (1, 2), 2),)


def test_all_three_verbs_take_files():
    assert ask("describe", f"{EXAMPLE}:gated")[1].startswith("model.py:gated\n2 inputs, 1 outputs, M = 15")
    assert "df/dW[0,0]" in ask("tangent", f"{EXAMPLE}:gated")[1]


def test_the_help_says_that_the_file_is_run():
    assert "is run: it is your code" in " ".join(ask("rank", "--help")[1].replace("|", " ").split())


def test_a_file_finds_its_neighbours_and_its_prints_go_to_stderr(write, tmp_path):
    write("WIDTH = 5\n", "sizes_of_model.py")
    path = write("from sizes_of_model import WIDTH\nprint('hello')\nnet = f'mlp(1, {WIDTH}, 1)'\n")
    before = list(sys.path)
    code, out, err = ask("describe", f"{path}:net", "--json")
    assert (code, json.loads(out)["parameters"], "hello" in err) == (0, 16, True)
    assert sys.path == before


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("net = 3\n", "net", "model.py:net is of type int; make it a network"),
        ("net = 3\ndef f(p, x): pass\n", "other", "has no 'other'; it has f"),
        ("x = 1\n", "other", "it has no network"),
        ("def f(p, x):\n    return x\n", "f", "is a function without shapes; write beside it"),
        ("x = 1\ny = 1 / 0\n", "net", "line 2: the file raised ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", "net", "line 2: the file raised SystemExit: 3"),
        ("def f(:\n", "f", "the file raised SyntaxError"),
        ("net = 'mlp(0, 1)'\n", "net", "mlp: .*0"),
        (
            "import numpy as np\ndef f(p, x):\n    return np.maximum(x, 0)\nf.shapes = {'x': (2,)}\n",
            "f",
            "model.py, line 3: np.maximum is not analytic",
        ),
    ],
)
def test_a_file_that_gives_no_network_is_refused(write, content, name, reason):
    path = write(content)
    with pytest.raises(BadInput, match=reason):
        resolve(f"{path}:{name}")
    code, out, err = ask("rank", f"{path}:{name}")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_file_without_a_name_and_a_missing_file_are_refused(write):
    path = write("net = 'mlp(1, 1)'\n")
    with pytest.raises(BadInput, match=r"is a file; name the network in it, as in .*model.py:NAME"):
        resolve(path)
    with pytest.raises(BadInput, match=r"nowhere.py is no file"):
        resolve("nowhere.py:net")


def test_an_onnx_file_with_its_own_weights(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import helper, numpy_helper

    numpy = pytest.importorskip("numpy")
    weights = {"W": [[1.0, 2.0], [1.0, 2.0]], "a": [[1.0, -3.0]]}
    stored = [numpy_helper.from_array(numpy.array(v, dtype="float32"), k) for k, v in weights.items()]
    nodes = [
        helper.make_node("Gemm", ["x", "W"], ["z"], transB=1),
        helper.make_node("Tanh", ["z"], ["h"]),
        helper.make_node("Gemm", ["h", "a"], ["y"], transB=1),
    ]
    values = [
        helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["N", k]) for n, k in (("x", 2), ("y", 1))
    ]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], stored)
    path = tmp_path / "model.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString()
    )
    assert json.loads(ask("rank", str(path), "--json")[1])["lower"] == 6
    given = json.loads(ask("rank", str(path), "--weights", str(path), "--json")[1])
    assert (given["at"], given["lower"], given["upper"]) == ("given", 3, 3)  # the two neurons are clones
    assert ask("describe", str(tmp_path / "missing.onnx"))[0] == 2
