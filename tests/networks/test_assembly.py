"""Programs written by hand: a tied net, and arguments that do not fit."""

from fractions import Fraction

import pytest

from llrsym.errors import BadInput
from llrsym.kernel.domains import Rationals
from llrsym.kernel.run import forward
from llrsym.networks.assembly import Assembly


def test_a_shared_kernel_by_gathering():
    """sum_p a_p (k0 x_p + k1 x_(p+1))^2 with one kernel of two entries on three pixels."""
    net = Assembly((3,), {"k": (2,), "a": (2,)})
    padded = net.gather([net.parameter("k")], [0, 1, -1, -1, 0, 1], (2, 3))
    h = net.activation("power:2", net.einsum("pi,i->p", padded, net.input))
    program = net.finish(net.einsum("p,p->", net.parameter("a"), h))
    weights = [[Fraction(2), Fraction(-1)], [Fraction(1, 2), Fraction(3)]]
    point = [Fraction(v) for v in (1, 5, 7)]
    trace = forward(program, Rationals(), point, weights)
    assert trace.values[program.output] == [Fraction(1, 2) * (2 - 5) ** 2 + 3 * (10 - 7) ** 2]


def test_every_primitive_and_inferred_shapes():
    net = Assembly((2,), {"w": (2,)})
    shift = net.constant([1, "1/2"], (2,))
    top = net.add(net.input, shift)
    ratio = net.divide(top, net.multiply(net.parameter("w"), net.parameter("w")))
    outer = net.einsum("i,j->ij", ratio, top)
    assert net.shape(outer) == (2, 2)
    program = net.finish(outer)
    trace = forward(program, Rationals(), [Fraction(1), Fraction(3, 2)], [[Fraction(2), Fraction(-1)]])
    assert trace.values[program.output] == [Fraction(1), Fraction(1), Fraction(4), Fraction(4)]


def add_of_two_shapes(net):
    return net.add(net.input, net.parameter("w"))


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (add_of_two_shapes, "add: expected arguments and result of one shape"),
        (lambda net: net.parameter("v"), "'v' is not declared"),
        (lambda net: net.einsum("ij,j->i", net.input, net.input), "one letter per axis"),
        (lambda net: net.einsum("i,i->k", net.input, net.input), "occurs only once"),
        (lambda net: net.einsum("i,i->", net.input, net.parameter("w")), "one length for index 'i'"),
        (lambda net: net.gather([net.input], [5], (1,)), "indices from -1 to 1"),
        (lambda net: net.constant([1], (2,)), "2 entries"),
        (lambda net: net.activation("relu", net.input), "relu is not analytic"),
    ],
)
def test_refusals(build, reason):
    net = Assembly((2,), {"w": (3,)})
    with pytest.raises(BadInput, match=reason):
        net.finish(build(net))
