"""Tangent functions in closed form: against SymPy's derivatives, and as text, LaTeX and JSON."""

import json
import re

import pytest
import sympy as sp

from llrsym.errors import BadInput
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import matrix_factorization, mlp
from llrsym.networks.expressions import parse_functions
from llrsym.networks.network import Network
from llrsym.tangent.functions import TangentFunctions, tangent_functions


def one_hidden_layer(widths: tuple[int, int], outer: sp.Expr) -> sp.Expr:
    """b2 + sum_k W2_0k outer(W1_k . x + b1_k)"""
    d, m = widths
    total = sp.Symbol("b2_0")
    for k in range(m):
        z = sp.Symbol(f"b1_{k}") + sum(sp.Symbol(f"W1_{k}{j}") * sp.Symbol(f"x{j + 1}") for j in range(d))
        total += sp.Symbol(f"W2_0{k}") * outer(z)
    return total


@pytest.mark.parametrize("activation", ["tanh", "sin", "exp", "arctan"])
def test_derivatives_of_the_textbook_formula(activation: str) -> None:
    functions = tangent_functions(mlp(2, 3, 1, activation=activation))
    outer = sp.atan if activation == "arctan" else getattr(sp, activation)
    formula = one_hidden_layer((2, 3), outer)
    for symbol, (expression,) in zip(functions.parameters, functions.expressions, strict=True):
        assert sp.simplify(expression - sp.diff(formula, symbol)) == 0


def test_text_is_readable() -> None:
    assert tangent_functions(mlp(2, 1, 1, bias="hidden")).text().splitlines() == [
        "df/dW1[0,0] = W2_00*x1*(1 - tanh(W1_00*x1 + W1_01*x2 + b1_0)**2)",
        "df/dW1[0,1] = W2_00*x2*(1 - tanh(W1_00*x1 + W1_01*x2 + b1_0)**2)",
        "df/db1[0] = W2_00*(1 - tanh(W1_00*x1 + W1_01*x2 + b1_0)**2)",
        "df/dW2[0,0] = tanh(W1_00*x1 + W1_01*x2 + b1_0)",
    ]


def test_sech_stays_sech() -> None:
    functions = tangent_functions(mlp(1, 1, 1, activation="sech", bias=False))
    assert functions.text().splitlines()[0] == "df/dW1[0,0] = -W2_00*x1*tanh(W1_00*x1)*sech(W1_00*x1)"


def test_given_weights_are_exact() -> None:
    functions = tangent_functions(mlp(1, 1, 1, bias=False), at={"W1": [[0.1]], "W2": [["1/3"]]})
    tenth = sp.Rational(*(0.1).as_integer_ratio())
    x = sp.Symbol("x1")
    assert functions.expressions[0][0] == x / 3 * (1 - sp.tanh(tenth * x) ** 2)
    assert functions.expressions[1][0] == sp.tanh(tenth * x)
    assert functions.parameters == ()


def test_given_weights_leave_products_as_they_are() -> None:
    weights = {"W1": [[2]], "b1": [-1], "W2": [["-3/4"]], "b2": [0]}
    assert tangent_functions(mlp(1, 1, 1), at=weights).text().splitlines() == [
        "df/dW1[0,0] = -3*x1*(1 - tanh(2*x1 - 1)**2)/4",
        "df/db1[0] = -3*(1 - tanh(2*x1 - 1)**2)/4",
        "df/dW2[0,0] = tanh(2*x1 - 1)",
        "df/db2[0] = 1",
    ]


def test_a_null_neuron_has_a_zero_tangent_function() -> None:
    functions = tangent_functions(mlp(1, 1, 1, bias=False), at={"W1": [[1]], "W2": [[0]]})
    assert functions.expressions[0] == (0,)


def test_several_outputs_are_named() -> None:
    functions = tangent_functions(matrix_factorization(rows=2, inner=1, cols=2))
    assert functions.outputs == ("f[0,0]", "f[0,1]", "f[1,0]", "f[1,1]")
    assert functions.inputs == ()
    a, b = sp.symbols("A_10 B_01")
    assert functions.expressions[functions.names.index("A[1,0]")][3] == b
    assert functions.expressions[functions.names.index("B[0,1]")] == (0, sp.Symbol("A_00"), 0, a)


def test_a_family_is_its_own_tangent_functions() -> None:
    functions = tangent_functions(parse_functions(["tanh(x+2*y)", "x*tanh(x)", "1"]))
    x, y = functions.inputs
    assert functions.expressions == ((sp.tanh(x + 2 * y),), (x * sp.tanh(x),), (1,))


def test_unused_parameters_have_zero_tangent_functions() -> None:
    net = Assembly((1,), {"w": (1,), "unused": (2,)})
    program = net.finish(net.multiply(net.parameter("w"), net.input))
    functions = tangent_functions(Network("tied", program))
    assert functions.expressions == ((sp.Symbol("x1"),), (0,), (0,))


def test_symbols_are_distinct() -> None:
    net = Assembly((1,), {"x1": (1,), "x": (12, 12), "x_1": (12,), "x1_0": ()})
    output = net.multiply(net.gather([net.parameter("x1_0")], [0], (1,)), net.parameter("x1"))
    functions = tangent_functions(Network("hand made", net.finish(net.multiply(output, net.input))))
    assert len({str(s) for s in functions.parameters + functions.inputs}) == 1 + 1 + 144 + 12 + 1
    wide = tangent_functions(mlp(12, 11, 1, bias=False))
    assert str(wide.parameters[wide.names.index("W1[1,11]")]) == "W1_1_11"


def check_latex(functions: TangentFunctions) -> list[str]:
    """One line per derivative between the delimiters, balanced groups, one alignment mark per line."""
    begin, *lines, end = functions.latex().split("\n")
    assert (begin, end) == ("\\begin{align*}", "\\end{align*}")
    assert len(lines) == len(functions.names) * len(functions.outputs)
    assert all(line.endswith(r" \\") for line in lines[:-1])
    assert not lines[-1].endswith(r"\\")
    for line in lines:
        bare = re.sub(r"\\[{}_&%$#\\]", "", line)
        assert bare.count("{") == bare.count("}")
        assert bare.count(r"\left") == bare.count(r"\right")
        assert bare.count("&") == 1
        assert not re.search(r"_[^{]|[%$#]", bare)
    return lines


def test_latex() -> None:
    lines = check_latex(tangent_functions(mlp(2, 2, 2)))
    assert lines[0] == (
        r"\frac{\partial f_{0}}{\partial W_{1;0,0}} &= W_{2;0,0} x_{1} \left(1 - \tanh^{2}{\left("
        r"W_{1;0,0} x_{1} + W_{1;0,1} x_{2} + b_{1;0} \right)}\right) \\"
    )
    check_latex(
        tangent_functions(mlp(1, 2, 1), at={"W1": [[1], [2]], "b1": [0, "1/2"], "W2": [[1, 1]], "b2": [0]})
    )
    check_latex(tangent_functions(mlp(1, 2, 1, activation="gelu")))


def test_latex_of_long_and_special_names() -> None:
    net = Assembly((1,), {"b_out": (1,), "kernel2": (1,), "50% {a}": ()})
    z = net.add(net.multiply(net.parameter("kernel2"), net.input), net.parameter("b_out"))
    functions = tangent_functions(Network("hand made", net.finish(net.multiply(z, z))))
    lines = check_latex(functions)
    assert lines[0].startswith(r"\frac{\partial f}{\partial \mathrm{b\_out}_{0}} &= ")
    assert r"\mathrm{kernel}_{2;0}" in lines[0]
    assert r"\partial \mathrm{50\% \{a\}}}" in lines[2]


def test_notebook_view_is_the_latex() -> None:
    functions = tangent_functions(mlp(1, 1, 1))
    assert functions._repr_latex_() == functions.latex()


def test_json() -> None:
    functions = tangent_functions(mlp(1, 1, 1, bias=False))
    data = json.loads(json.dumps(functions.to_json_dict()))
    assert data == {
        "question": "tangent_functions",
        "network": "mlp(1, 1, 1, activation='tanh', bias=False)",
        "parameters": 2,
        "at": "symbolic",
        "inputs": ["x1"],
        "outputs": ["f"],
        "functions": [
            {"name": "W1[0,0]", "expressions": ["W2_00*x1*(1 - tanh(W1_00*x1)**2)"]},
            {"name": "W2[0,0]", "expressions": ["tanh(W1_00*x1)"]},
        ],
    }
    given = tangent_functions(mlp(1, 1, 1, bias=False), at={"W1": [[1]], "W2": [[2]]})
    assert given.to_json_dict()["at"] == "given"


def test_json_expressions_read_back() -> None:
    functions = tangent_functions(mlp(2, 2, 1, activation="mish"))
    for row, entry in zip(functions.expressions, functions.to_json_dict()["functions"], strict=True):  # type: ignore[call-overload]
        assert sp.sympify(entry["expressions"][0]) == row[0]


def test_equal_questions_have_equal_answers() -> None:
    assert tangent_functions(mlp(1, 2, 1)) == tangent_functions(mlp(1, 2, 1))
    assert tangent_functions(mlp(1, 2, 1)) != tangent_functions(mlp(1, 1, 1))


def test_identically_vanishing_denominators_are_refused() -> None:
    with pytest.raises(BadInput, match="a denominator is zero"):
        tangent_functions(parse_functions(["1/(x - x)"]))


def test_wrong_weights_are_refused() -> None:
    with pytest.raises(BadInput, match="W2 is missing"):
        tangent_functions(mlp(1, 1, 1, bias=False), at={"W1": [[1]]})


def test_networks_too_large_to_write_out_are_refused() -> None:
    with pytest.raises(BadInput, match="symbols and operations, more than 500000"):
        tangent_functions(mlp(1, 3, 3, 3, 3, 3, 3, 1))
    with pytest.raises(BadInput, match="122 operations follow each other"):
        tangent_functions(mlp(1, *[1] * 40, 1))
