"""Networks on which every number system is tried."""

from collections.abc import Callable

import pytest

from llrsym.kernel.activations import activation_names
from llrsym.kernel.program import Program
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import matrix_factorization, mlp

ACTIVATIONS = [name for name in activation_names() if ":" not in name]
ACTIVATIONS += ["power:1", "power:3", "rational:1,-2|3/1,0,1"]
ACTIVATIONS += ["ode:1-2*z*y1@0", "ode:1-y1^2@1/3", "ode:1/2*y2@0;-z^2*y1@1"]


def tied_quotient() -> Program:
    """Every primitive at once; two outputs; w enters several times, and its last entry nowhere.

    h = tanh(w0 x0 + w1 x1 + 1/2, w1 x0 + w0 x1 - 1), f = (h0 h1 / (2 + exp(h0)), v h1 + x0).
    """
    net = Assembly((2,), {"w": (3,), "v": ()})
    w, v, x = net.parameter("w"), net.parameter("v"), net.input
    matrix = net.gather([w], [0, 1, 1, 0], (2, 2))
    z = net.add(net.einsum("ij,j->i", matrix, x), net.constant(["1/2", -1], (2,)))
    h = net.activation("tanh", z)
    first, second = net.gather([h], [0], ()), net.gather([h], [1], ())
    bottom = net.add(net.constant([2], ()), net.activation("exp", first))
    quotient = net.divide(net.multiply(first, second), bottom)
    affine = net.add(net.multiply(v, second), net.gather([x, h], [0], ()))
    padded = net.gather([quotient, affine], [0, -1, 1], (3,))
    outer = net.einsum("i,j->ij", padded, net.constant([1, -2], (2,)))
    return net.finish(net.gather([outer], [0, 5], (2,)))


PROGRAMS: dict[str, Callable[[], Program]] = {
    "mlp": lambda: mlp(2, 2, 2, 2, activation="silu").program,
    "formula": lambda: mlp(1, 2, 1, 1, activation="formula:z*tanh(z^2)/(2+sin(z)^2)-z/3").program,
    "differential equation": lambda: mlp(1, 2, 1, 1, activation="ode:1-2*z*y1@0").program,
    "no bias": lambda: mlp(3, 2, 1, bias=False).program,
    "tied quotient": tied_quotient,
    "matrix factorization": lambda: matrix_factorization(rows=2, inner=2, cols=3).program,
}


@pytest.fixture(params=ACTIVATIONS)
def activation(request: pytest.FixtureRequest) -> str:
    """Every activation by name."""
    return str(request.param)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Program:
    """Networks with every primitive, with tied weights, with several outputs and without inputs."""
    return PROGRAMS[str(request.param)]()
