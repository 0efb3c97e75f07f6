"""The grammar of functions: what a text means, and which texts are refused where."""

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from llrsym.domains.symbolic import Symbolic, Z, activation_expressions
from llrsym.errors import BadInput
from llrsym.kernel.activations import activation_names
from llrsym.kernel.domains import Rationals
from llrsym.kernel.run import forward, gradient
from llrsym.networks.activations import register_activation
from llrsym.networks.expressions import MAX_CHARACTERS, MAX_DEPTH, parse_functions
from llrsym.networks.network import Network

X, Y = sp.symbols("x y")


def tangent_values(network: Network, point: list[sp.Expr]) -> list[sp.Expr]:
    """The tangent functions of sum_k a_k f_k, that is the functions themselves."""
    weights = [sp.Symbol(f"a{k}") for k in range(network.parameter_count)]
    trace = forward(network.program, Symbolic(), point, [weights])
    (values,) = gradient(network.program, Symbolic(), trace, [sp.Integer(1)])
    assert values is not None
    return values


def meaning(text: str) -> sp.Expr:
    network = parse_functions([text])
    point = [X, Y, sp.Symbol("z")][: network.inputs]
    return tangent_values(network, point)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x^2", -(X**2)),
        ("(-x)^2", X**2),
        ("-x*y", -X * Y),
        ("2^-1", sp.Rational(1, 2)),
        ("2^-1*x", X / 2),
        ("2^3^2", sp.Integer(512)),
        ("x^2^3", X**8),
        ("x^-2", X**-2),
        ("x**(-2)", X**-2),
        ("x^1", X),
        ("x^0", sp.Integer(1)),
        ("x^2.0", X**2),
        ("x/y/2", X / Y / 2),
        ("x/(y/2)", 2 * X / Y),
        ("x/y*y", X),
        ("x - y - 1", X - Y - 1),
        ("x - (y - 1)", X - Y + 1),
        ("x - -y", X + Y),
        ("--x", X),
        ("x*-y", -X * Y),
        ("0.3*x", sp.Rational(3, 10) * X),
        ("1e-3", sp.Rational(1, 1000)),
        ("2.5E+1*x", 25 * X),
        (".5 + 5.", sp.Rational(11, 2)),
        ("1/3", sp.Rational(1, 3)),
        ("tanh (x)^2", sp.tanh(X) ** 2),
        ("-tanh(-x)", sp.tanh(X)),
        ("exp(x)*exp(-x)", sp.Integer(1)),
        ("sin(cos(x) + 2*y)", sp.sin(sp.cos(X) + 2 * Y)),
        (" (\tx +\ny ) ", X + Y),
        ("identity(x)", X),
    ],
)
def test_meaning(text: str, expected: sp.Expr) -> None:
    assert sp.expand(meaning(text) - expected) == 0


@pytest.mark.parametrize("name", [name for name in activation_names() if ":" not in name])
def test_every_activation_is_a_function(name: str) -> None:
    assert meaning(f"{name}(2*x)") == activation_expressions(name)[0].xreplace({Z: 2 * X})


def test_registered_activations_are_functions() -> None:
    register_activation("lorentz", numerator=[1], denominator=[1, 0, 1])
    assert sp.simplify(meaning("lorentz(x)") - 1 / (1 + X**2)) == 0


def test_decimals_are_exact() -> None:
    network = parse_functions(["0.1*x + 0.2"])
    trace = forward(network.program, Rationals(), [Fraction(1, 3)], [[Fraction(1)]])
    assert trace.values[network.program.output] == [Fraction(7, 30)]


def test_network_of_a_family() -> None:
    network = parse_functions(["tanh(x+2*y)", " tanh( 2*x-1 ) ", "x*tanh(x)"])
    assert network.text == "span(tanh(x+2*y), tanh( 2*x-1 ), x*tanh(x))"
    assert network.entry_names() == ["a[0]", "a[1]", "a[2]"]
    assert (network.inputs, network.outputs) == (2, 1)
    assert network.program.shapes[network.program.output] == (1,)
    values = tangent_values(network, [X, Y])
    assert values == [sp.tanh(X + 2 * Y), sp.tanh(2 * X - 1), X * sp.tanh(X)]


@pytest.mark.parametrize(
    ("texts", "inputs"),
    [(["1"], 1), (["x"], 1), (["y"], 2), (["z"], 3), (["x1", "x7"], 7), (["x10*x2"], 10), (["x1000"], 1000)],
)
def test_number_of_inputs_is_the_highest_one(texts: list[str], inputs: int) -> None:
    assert parse_functions(texts).inputs == inputs


def test_common_subexpressions_are_computed_once() -> None:
    texts = ["tanh(x + y*x)", "x*tanh(x*y + x)", "tanh(x+y*x)^2 + 3"]
    equations = parse_functions(texts).program.equations
    assert [e.data for e in equations if e.primitive == "activation"] == ["tanh", "power:2"]


def test_a_vanishing_denominator_survives_the_zeroth_power() -> None:
    network = parse_functions(["(1/y)^0 * x"])
    assert sum(e.primitive == "divide" for e in network.program.equations) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "position 1: it ends where a number, input or function is expected"),
        ("x + ", "position 5: it ends where"),
        ("+x", r"position 1: expected a number, input or function, got '\+'"),
        ("x * / y", r"position 5: expected a number, input or function, got '/'"),
        ("()", r"position 2: expected a number, input or function, got '\)'"),
        ("2x", r"position 2: expected an operator, got 'x'; write products with \*"),
        ("x y", "position 3: expected an operator, got 'y'"),
        ("(x)(y)", r"position 4: expected an operator, got '\('"),
        ("1.2.3", r"position 4: expected an operator, got '.3'"),
        ("x(y)", "position 1: 'x' is an input, not a function"),
        ("1 + tanh(x", r"the 'tanh\(' at position 5 is not closed"),
        ("((x)", r"the '\(' at position 1 is not closed"),
        ("x)", r"position 2: this '\)' closes nothing"),
        ("x, y", "position 2: the character ',' is not in the grammar"),
        ("x + \u00e9", "position 5: the character '\u00e9' is not in the grammar"),
        ("x == y", "position 3: the character '=' is not in the grammar"),
        ("__import__('os')", 'position 12: the character "\'" is not in the grammar'),
        ("w", "position 1: 'w' is not an input: use x, y, z or x1..xn"),
        ("2*tanh", r"position 3: 'tanh' is not an input: .*; write tanh\(...\)"),
        ("x0", "position 1: 'x0' is not an input"),
        ("x1001", "position 1: 'x1001' is beyond the 1000 inputs"),
        ("x999999999999", "position 1: 'x999999999999' is beyond"),
        ("x + x1", "position 5: x and x1 are mixed"),
        ("x2 + y", "position 6: y and x2 are mixed"),
        ("relu(x)", "position 1: relu is not analytic"),
        ("x + log(x)", "position 5: activation 'log' is not known"),
        ("tahn(x)", "position 1: activation 'tahn' is not known; did you mean tanh"),
        ("x^0.5", "position 2: an exponent must be an integer from -64 to 64"),
        ("x^y", "position 2: an exponent must be an integer"),
        ("2^-x^2", "position 2: an exponent must be an integer"),
        ("x^65", "position 2: an exponent must be an integer"),
        ("x^-65", "position 2: an exponent must be an integer"),
        ("x/0", "position 2: division by zero"),
        ("x/(1 - 1)", "position 2: division by zero"),
        ("0^-1", "position 2: division by zero"),
        ("(9^64)^64", "position 7: the number has more than 10000 bits"),
        ("1e999999999999", "position 1: the number has more than 1000 digits"),
        ("7" * 1001, "position 1: the number has more than 1000 digits"),
    ],
)
def test_refusals_name_the_position(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        parse_functions([text])
    assert len(str(caught.value)) < 500


def test_mixing_inputs_across_functions_is_refused() -> None:
    with pytest.raises(BadInput, match="function 'x2': position 1: y and x2 are mixed"):
        parse_functions(["y", "x2"])


@pytest.mark.parametrize("functions", [[], "x", ["x", 3]])
def test_something_else_than_texts_is_refused(functions: list[str]) -> None:
    with pytest.raises(BadInput, match="expected a list of one or more texts"):
        parse_functions(functions)


@pytest.mark.parametrize("nested", ["(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH, "-" * MAX_DEPTH + "x"])
def test_depth_is_limited(nested: str) -> None:
    assert meaning(nested) == X
    with pytest.raises(BadInput, match="nested more than 200 deep"):
        parse_functions([f"-({nested})"])


def test_length_is_limited() -> None:
    terms = MAX_CHARACTERS // 2 - 1
    network = parse_functions(["x+" * terms + "x"])
    trace = forward(network.program, Rationals(), [Fraction(2)], [[Fraction(1)]])
    assert trace.values[network.program.output] == [2 * (terms + 1)]
    with pytest.raises(BadInput, match="more than 20000 characters"):
        parse_functions(["x+" * (terms + 1) + "x"])


@st.composite
def sums_and_products(draw: st.DrawFn, depth: int = 4) -> str:
    """Random texts in which every operator occurs, with more parentheses than needed or fewer."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["x", "y", "2", "0.5", "tanh(x)", "y^3"]))
    left, right = (draw(sums_and_products(depth=depth - 1)) for _ in "ab")
    form = draw(
        st.sampled_from(["{} + {}", "{}-{}", "{}*{}", "({})*({})", "-{} + {}", "({})^2 - {}", "{} - ({})"])
    )
    return form.format(left, right)


@given(sums_and_products())
def test_agrees_with_the_grammar_of_python(text: str) -> None:
    expected = sp.sympify(text.replace("^", "**"), rational=True)
    assert sp.expand(meaning(text) - expected) == 0


@given(st.text(alphabet="xyz12.e+-*/^() tanh,", max_size=30))
def test_any_text_is_a_network_or_bad_input(text: str) -> None:
    try:
        outcome = parse_functions([text]).text
    except BadInput as error:
        outcome = str(error)
    assert outcome.startswith(("span(", "function '"))
