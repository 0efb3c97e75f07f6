"""Random small networks at degenerate rational weights: the proved interval contains the numerical rank.

Neurons are tied, cloned, negated, dead or constant with high probability, in products, quotients, residual
sums and compositions of different activations.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from llrsym.kernel.activations import OPAQUE, PRIMITIVE, activation_named, activation_names
from llrsym.kernel.program import Program, size
from llrsym.kernel.tower import Weights
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import mlp
from llrsym.networks.network import Network
from llrsym.tangent.rank import Question, silent
from tests.kernel.scenarios import numerical_rank

NAMES = [name for name in activation_names() if ":" not in name]
EXACT = [name for name in NAMES if activation_named(name).exact]
EXACT += ["power:2", "power:3", "rational:0,1/1,0,1", "rational:1/2,0,1|2"]
PRIMITIVES = [name for name in NAMES if activation_named(name).kind == PRIMITIVE]
OPAQUES = [name for name in NAMES if activation_named(name).kind == OPAQUE]
GROWING = {"exp", "sinh", "cosh", "power:3"}
DEGENERATE = st.sampled_from(
    [Fraction(n, d) for n, d in ((0, 1), (1, 1), (-1, 1), (1, 1), (1, 2), (-1, 2), (2, 1))]
)
BIASES: list[bool | str] = [True, False, "hidden"]
SETTINGS = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def proved_interval(program: Program, weights: Weights | None) -> tuple[int, int]:
    question = Question("model_rank", Network("random", program), weights, 0, None, False, silent)
    question.answer(None)
    return question.lower.rank, question.upper.rank


def assert_contains_the_rank(program: Program, weights: Weights | None) -> None:
    lower, upper = proved_interval(program, weights)
    try:
        rank = numerical_rank(program, weights)
    except ArithmeticError:
        assume(False)
    assert lower <= rank <= upper, (lower, rank, upper, program, weights)


class Grower:
    """Scalar registers of a random network; every weight is an entry of one parameter vector."""

    def __init__(self, draw: st.DrawFn, names: list[str]) -> None:
        self.draw, self.names = draw, names
        self.count = draw(st.integers(2, 7))
        self.net = Assembly((draw(st.integers(1, 2)),), {"p": (self.count,)})
        self.nodes = [self.net.gather([0], [k], ()) for k in range(self.net.shape(0)[0])]
        self.plain = list(self.nodes)

    def number(self, value: int | str) -> int:
        return self.net.constant([value], ())

    def weight(self) -> int:
        """A weight; the same one may be drawn again."""
        return self.net.gather([self.net.parameter("p")], [self.draw(st.integers(0, self.count - 1))], ())

    def node(self) -> int:
        return self.draw(st.sampled_from(self.nodes))

    def preactivation(self) -> int:
        parts = [self.net.multiply(self.weight(), self.node()) for _ in range(self.draw(st.integers(1, 2)))]
        if self.draw(st.booleans()):
            parts.append(self.draw(st.sampled_from([self.weight(), self.number(1), self.number("-1/2")])))
        total = parts[0]
        for part in parts[1:]:
            total = self.net.add(total, part)
        return total

    def neuron(self) -> int:
        name = self.draw(st.sampled_from(self.names))
        z = self.preactivation()
        if name == "sqrt":
            z = self.radicand(z)
        if name in GROWING:  # towers of exponentials are beyond 100 digits
            z = self.net.add(
                self.net.multiply(self.weight(), self.draw(st.sampled_from(self.plain))), self.weight()
            )
        return self.net.activation(name, z)

    def radicand(self, z: int) -> int:
        """Mostly positive; often a square, a product of squares or the radicand of another root."""
        match self.draw(st.sampled_from(("1 + z^2", "z^2 + h^2", "e^z", "3 + z", "z"))):
            case "1 + z^2":
                return self.net.add(self.number(1), self.net.multiply(z, z))
            case "z^2 + h^2":
                h = self.node()
                return self.net.add(self.net.multiply(z, z), self.net.multiply(h, h))
            case "e^z":
                return self.net.activation("exp", self.draw(st.sampled_from(self.plain)))
            case "3 + z":
                return self.net.add(self.number(3), z)
            case _:
                return z

    def grow(self) -> None:
        match self.draw(st.sampled_from(("neuron", "neuron", "neuron", "product", "sum", "quotient"))):
            case "neuron":
                self.nodes.append(self.neuron())
            case "product":
                self.nodes.append(self.net.multiply(self.node(), self.node()))
            case "sum":
                self.nodes.append(self.net.add(self.node(), self.node()))
            case _:
                h = self.node()
                below = self.net.add(self.number(2), self.net.multiply(h, h))
                self.nodes.append(self.net.divide(self.node(), below))

    def finish(self) -> Program:
        outputs = []
        for _ in range(self.draw(st.integers(1, 2))):
            terms = [self.net.multiply(self.weight(), node) for node in self.nodes[-2:]]
            outputs.append(self.net.add(*terms) if len(terms) == 2 else terms[0])
        return self.net.finish(self.net.gather(outputs, range(len(outputs)), (len(outputs),)))


@st.composite
def programs(draw: st.DrawFn, names: list[str]) -> Program:
    grower = Grower(draw, names)
    for _ in range(draw(st.integers(1, 4))):
        grower.grow()
    return grower.finish()


def weights_of(draw: Callable[..., Any], program: Program) -> Weights:
    return (tuple(draw(DEGENERATE) for _ in range(program.parameter_count)),)


@SETTINGS
@given(st.data())
def test_random_programs_at_degenerate_weights(data: st.DataObject) -> None:
    program = data.draw(programs(EXACT))
    assert_contains_the_rank(program, weights_of(data.draw, program))


@SETTINGS
@given(st.data())
def test_random_programs_at_almost_every_weight(data: st.DataObject) -> None:
    assert_contains_the_rank(data.draw(programs(EXACT)), None)


@settings(SETTINGS, max_examples=100)
@given(st.data())
def test_random_programs_of_roots_and_logarithms(data: st.DataObject) -> None:
    program = data.draw(programs(["sqrt", "sqrt", *PRIMITIVES, "tanh", "sin", "exp", "power:2"]))
    weights = weights_of(data.draw, program) if data.draw(st.booleans()) else None
    assert_contains_the_rank(program, weights)


@settings(SETTINGS, max_examples=30)
@given(st.data())
def test_random_programs_with_opaque_activations(data: st.DataObject) -> None:
    program = data.draw(programs([*OPAQUES, "tanh", "silu"]))
    weights = weights_of(data.draw, program) if data.draw(st.booleans()) else None
    assert_contains_the_rank(program, weights)


@settings(SETTINGS, max_examples=30)
@given(st.data())
def test_random_programs_of_sine_and_exponential(data: st.DataObject) -> None:
    program = data.draw(programs(["sin", "cos", "exp", "gaussian", "gelu_tanh"]))
    assert_contains_the_rank(program, weights_of(data.draw, program))


@pytest.mark.parametrize("activation", [*EXACT, *PRIMITIVES, *OPAQUES])
@settings(SETTINGS, max_examples=6)
@given(st.data())
def test_two_layers_at_degenerate_weights(activation: str, data: st.DataObject) -> None:
    bias = data.draw(st.sampled_from(BIASES))
    program = mlp(data.draw(st.integers(1, 2)), 2, 1, activation=activation, bias=bias).program
    weights = tuple(tuple(data.draw(DEGENERATE) for _ in range(size(p.shape))) for p in program.parameters)
    assert_contains_the_rank(program, weights)


@pytest.mark.parametrize(
    "activation", ["tanh", "sin", "silu", "gaussian", "rational:0,1/1,0,1", "power:2", "arctan"]
)
@settings(SETTINGS, max_examples=4)
@given(st.data())
def test_three_layers_at_degenerate_weights(activation: str, data: st.DataObject) -> None:
    program = mlp(1, 2, 2, 1, activation=activation, bias=data.draw(st.booleans())).program
    weights = tuple(tuple(data.draw(DEGENERATE) for _ in range(size(p.shape))) for p in program.parameters)
    assert_contains_the_rank(program, weights)
