"""Names of activations: known, registered, refused."""

from fractions import Fraction

import numpy as np
import pytest

from llrsym.domains.float64 import approx_jacobian
from llrsym.errors import BadInput
from llrsym.kernel.activations import activation_named, activation_names
from llrsym.networks.activations import (
    NOT_ANALYTIC,
    canonical_activation,
    canonical_function,
    register_activation,
)
from llrsym.networks.builders import mlp
from llrsym.networks.rationals import exact_rational
from llrsym.networks.text import parse_network
from llrsym.tangent.rank import model_rank

PLAIN = [name for name in activation_names() if ":" not in name and name != "sqrt"]


@pytest.mark.parametrize("name", [*PLAIN, "power:1", "power:7", "rational:1/1,0,1", "rational:1,-1|2"])
def test_names_of_the_kernel_are_kept(name):
    assert canonical_activation(name) == name


def test_the_square_root_is_a_function_but_no_activation():
    assert canonical_function("sqrt") == "sqrt"
    with pytest.raises(BadInput, match="sqrt is not analytic: it has no derivative at z = 0"):
        canonical_activation("sqrt")


@pytest.mark.parametrize("name", [*NOT_ANALYTIC, "ReLU", "LeakyReLU"])
def test_non_analytic_ones_are_refused_with_the_reason(name):
    with pytest.raises(BadInput, match=f"^{name} is not analytic: it"):
        canonical_activation(name)


def test_no_refused_name_is_known_to_the_kernel():
    assert not set(NOT_ANALYTIC) & set(activation_names())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tahn", "did you mean tanh"),
        ("nonsense", "there are identity, tanh"),
        ("", "activation '' is not known"),
        ("power:0", "write for example 'power:3'"),
        ("power:3.5", "write for example 'power:3'"),
        ("power:" + "9" * 5000, "write for example 'power:3'"),
        ("rational:0.5/1", "write for example"),
        ("rational:1/0", "write for example"),
        ("rational:1/-1,0,1", "denominator has a real zero"),
        ("rational:1/0,1", "denominator has a real zero"),
        ("rational:0,1/0,1", "denominator has a real zero"),
        ("rational:1/1,2,1", "denominator has a real zero"),
    ],
)
def test_unknown_and_singular_ones_are_refused(name, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        canonical_activation(name)
    assert "\n" not in str(refusal.value)


def test_a_registered_activation_travels_as_data():
    register_activation("bump", numerator=[0, "1/2"], denominator=[Fraction(1, 3), 0, 1])
    network = mlp(1, 2, 1, activation="bump")
    assert network.text == "mlp(1, 2, 1, activation='rational:0,1|2/1|3,0,1', bias=True)"
    assert parse_network(network.text) == network
    assert activation_named(canonical_activation("bump")).denominator == (
        (Fraction(1, 3), 0, 0, 0, 0),
        (Fraction(1), 0, 0, 2, 0),
    )


def test_registering_twice_the_same_is_allowed_and_something_else_is_not():
    first = register_activation("twice", numerator=[1, 1])
    assert register_activation("twice", numerator=[1, 1]) == first
    with pytest.raises(BadInput, match="'twice' already means something else"):
        register_activation("twice", numerator=[1, 2])


@pytest.mark.parametrize(
    ("name", "numerator", "denominator", "reason"),
    [
        ("tanh", [1], [1], "'tanh' already means something else"),
        ("relu", [1], [1], "'relu' already means something else"),
        ("power:3", [1], [1], "is not an identifier"),
        ("half", [0.5], [1], "coefficient 0.5; give an integer or 'p/q'"),
        ("truth", [True], [1], "coefficient True"),
        ("words", ["one"], [1], "coefficient 'one'"),
        ("zero", [0], [1], "not all zero"),
        ("nothing", [], [1], "not a list of integers"),
        ("pole", [1], [1, 0, -1], "real zero"),
    ],
)
def test_registration_refusals(name, numerator, denominator, reason):
    with pytest.raises(BadInput, match=reason):
        register_activation(name, numerator=numerator, denominator=denominator)


FORMULAS = [
    ("formula:z*sigmoid(z)", "formula:z*sigmoid(z)"),
    ("formula: softplus( z - 4 ) - 0.08 * z - 0.035", "formula:softplus(z-4)-0.08*z-0.035"),
    ("formula:(z**2+1)^-1", "formula:(z^2+1)^-1"),
    ("formula:sqrt(1+z^2)", "formula:sqrt(1+z^2)"),
    ("formula:tanh(z)", "tanh"),
    ("formula: z**3 ", "power:3"),
    ("formula:(z)", "identity"),
]


@pytest.mark.parametrize(("text", "canonical"), FORMULAS)
def test_formulas_have_a_canonical_text(text, canonical):
    assert canonical_activation(text) == canonical
    assert canonical_activation(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("formula:z*foo(z)", r"formula 'z\*foo\(z\)': position 3: activation 'foo' is not known"),
        ("formula:relu(z)", "position 1: relu is not analytic: it has a corner"),
        ("formula:x+1", "position 1: 'x' is no variable: use z"),
        ("formula:z1", "position 1: 'z1' is no variable"),
        ("formula:tanh*z", r"'tanh' is no variable: use z; write tanh\(...\)"),
        ("formula:2", "it is a constant; give a formula in z"),
        ("formula:z^0", "it is a constant"),
        ("formula:", "it ends where a number, input or function is expected"),
        ("formula:(z", "the '\\(' at position 1 is not closed"),
        ("formula:z z", "position 3: expected an operator"),
        ("formula:1/z", "a divisor or the argument of sqrt is not visibly positive"),
        ("formula:z/(z^2-2)", "is not known to be analytic"),
        ("formula:1/(1+z)^2", "is not known to be analytic"),
        ("formula:sqrt(z)", "is not known to be analytic"),
        ("formula:sqrt(tanh(z))*z", "is not known to be analytic"),
        ("formula:z+(1/z)^0", "is not known to be analytic"),
        ("formula:1/0+z", "position 2: division by zero"),
        ("formula:" + "z+" * 2000 + "z", "more than 2000 characters"),
    ],
)
def test_formulas_are_refused_with_the_reason(text, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        canonical_activation(text)
    assert "\n" not in str(refusal.value)


def test_formulas_contain_registered_names_as_what_they_stand_for():
    register_activation("bell", numerator=[1], denominator=["1/2", 0, 1])
    register_activation("wave", formula="sin(z) * exp(-z^2)")
    data = register_activation("both", formula="wave(2*z)^2 + bell(wave(z))")
    assert data == "formula:(sin((2*z))*exp(-(2*z)^2))^2+(((1))/((1/2)+(1)*((sin(z)*exp(-z^2)))^2))"
    assert canonical_activation(data) == data
    register_activation("root", derivatives=["-y1"], initial=[1])
    with pytest.raises(BadInput, match="'root' is given by a differential equation, which no formula can"):
        canonical_activation("formula:z*root(z)")


def test_a_formula_travels_in_the_text_of_every_builder():
    register_activation("swish2", formula="z*sigmoid(2*z)")
    for network in (
        mlp(2, 3, 1, activation="swish2"),
        mlp(2, 1, activation="swish2"),
        mlp(2, 3, 3, 1, activation="formula:z*sigmoid(2*z)", bias="hidden"),
        parse_network("conv(input=(5,), kernel=(2,), channels=(2,), activation='swish2')"),
        parse_network("gated(inputs=2, hidden=2, activation='swish2')"),
        parse_network("residual(width=2, hidden=2, activation='swish2')"),
        parse_network("transformer(tokens=2, dim=2, hidden=2, activation='swish2')"),
        parse_network("recurrent(inputs=1, hidden=2, steps=2, activation='swish2')"),
    ):
        assert "formula:z*sigmoid(2*z)" in network.text
        assert parse_network(network.text) == network
        names = {str(e.data) for e in network.program.equations if e.primitive == "activation"}
        assert names - {"sigmoid"} <= {"sqrt", "exp"}


@pytest.mark.parametrize("net", ["mlp(2, 3, 1, activation='{}')", "mlp(1, 2, 2, 1, activation='{}')"])
@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("formula:z*sigmoid(z)", "silu"),
        ("formula:z*tanh(softplus(z))", "mish"),
        ("formula:2*sigmoid(2*z)-1", "tanh"),
        ("formula:sinh(z)/cosh(z)", "tanh"),
        ("formula:1/(1+exp(-z))", "sigmoid"),
    ],
)
def test_a_formula_has_the_rank_of_the_function_that_it_is(net, name, same):
    written, known = (model_rank(parse_network(net.format(a))) for a in (name, same))
    assert (written.lower, written.upper) == (known.lower, known.upper)
    assert written.lower == written.upper


def test_a_formula_is_the_function_that_it_writes():
    points = np.linspace(-3, 3, 31).reshape(-1, 1)
    weights = [[1.0, -0.5], [0.3, 0.0], [1.0, 2.0], [0.0]]
    for name, same in (("formula:z*sigmoid(z)", "silu"), ("formula:(exp(z)-exp(-z))/2", "sinh")):
        jacobians = [
            approx_jacobian(mlp(1, 2, 1, activation=a).program, weights, points) for a in (name, same)
        ]
        assert np.allclose(*jacobians, rtol=1e-13, atol=1e-13)


def test_differential_equations_have_a_canonical_name():
    name = register_activation("dawson", derivatives=["1 - 2*z*y1"], initial=["0"])
    assert name == canonical_activation("dawson") == canonical_activation("ode: 1 - 2*y1*z @ 0")
    assert name == "ode:1-2*z*y1@0"
    network = mlp(1, 2, 1, activation="dawson")
    assert network.text == "mlp(1, 2, 1, activation='ode:1-2*z*y1@0', bias=True)"
    assert parse_network(network.text) == network
    cubes = register_activation(
        "cubes", derivatives=["(y2 - 1/2)^2*0.5 + z", "-y2"], initial=[Fraction(1, 3), "0.25"]
    )
    assert cubes == "ode:1/8-1/2*y2+z+1/2*y2^2@1/3;-y2@1/4"


@pytest.mark.parametrize(
    ("derivatives", "initial", "reason"),
    [
        (["1 + y1^2"], [0], r"y1' = 1\+y1\^2 is not proved to have a solution for all real z"),
        (["y2"], [0], "derivative 'y2': position 1: 'y2' is no variable: use z, y1"),
        (["tanh(y1)"], [0], "position 1: 'tanh' is no polynomial"),
        (["1/y1"], [1], "it divides by an unknown; only numbers can divide"),
        (["y1^17"], [0], "its degree is above 16"),
        (["y1"], [], "1 derivatives and 0 initial values"),
        ([], [], "expected 1 to 8 differential equations"),
        (["z"] * 9, [0] * 9, "expected 1 to 8 differential equations"),
        (["y1"], [0.5], "initial value 0.5 is no integer or 'p/q'"),
        (["y1"], ["half"], "initial value 'half' is no integer or 'p/q'"),
        (["y1"], [True], "initial value True"),
        (["y1"], "1", "initial is '1'; give a list of numbers"),
        ("y1", [1], "derivatives is 'y1'; give a list of texts"),
        ([1], [1], "1 is no text"),
        (["y1 +"], [1], "derivative 'y1 \\+': position 5: it ends where"),
        (["+".join(f"{k}*z^{k % 16}*y1^0*y{k % 5 + 1}^{k % 3}" for k in range(1, 15))], [1], "no variable"),
    ],
)
def test_differential_equations_are_refused_with_the_reason(derivatives, initial, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        register_activation("refused", derivatives=derivatives, initial=initial)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ode:y1", "write derivative@initial value for each unknown"),
        ("ode:", "write derivative@initial value"),
        ("ode:y1@", "initial value '' is no"),
        ("ode:1+y1^2@0", "is not proved to have a solution for all real z"),
    ],
)
def test_written_equations_are_refused_with_the_reason(name, reason):
    with pytest.raises(BadInput, match=reason):
        canonical_activation(name)


def test_exactly_one_definition_is_given():
    with pytest.raises(BadInput, match="either a numerator, a formula or derivatives, and only one"):
        register_activation("two", numerator=[1], formula="z")
    with pytest.raises(BadInput, match="either a numerator, a formula or derivatives, and only one"):
        register_activation("none")
    with pytest.raises(BadInput, match="the formula 3 is no text"):
        register_activation("three", formula=3)


@pytest.mark.parametrize("text", ["1e-999999999", "1e999999", "1_0e99_999_999", "1/0", "9" * 5000, True, 0.5])
def test_a_number_that_cannot_be_written_out_is_refused_at_once(text: object) -> None:
    with pytest.raises(ValueError, match="no exact number"):
        exact_rational(text)
