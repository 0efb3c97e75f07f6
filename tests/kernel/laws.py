"""Laws that every number system and every derivative rule obeys; each function returns what is violated."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import product
from typing import TypeVar

from llrsym.kernel.activations import OPAQUE, PRIMITIVE, activation_named, activation_names
from llrsym.kernel.domains import ListDomain
from llrsym.kernel.formal import Formal, Ring
from llrsym.kernel.polynomials import Poly, add_to
from llrsym.kernel.program import Program, size
from llrsym.kernel.residues import Residues, Setting, draw_constants, draw_sample
from llrsym.kernel.run import directional, forward, gradient
from llrsym.kernel.tower import Weights, derive_tower
from llrsym.networks.assembly import Assembly
from llrsym.tangent.root_points import find_nonces
from tests.kernel.scenarios import PRIME, network_values, real

S = TypeVar("S")
Equal = Callable[[S, S], bool]
NAMES = [name for name in activation_names() if ":" not in name]
EXACT = [name for name in NAMES if activation_named(name).exact]
EXACT += ["power:1", "power:2", "power:5", "rational:1,-2|3/1,0,1", "rational:3,1"]
OPAQUES = [name for name in NAMES if activation_named(name).kind == OPAQUE]
TOWER = [*EXACT, *(name for name in NAMES if activation_named(name).kind == PRIMITIVE), "sqrt"]
"""Activations with lower bounds: closed forms, logarithms and the square root."""


def ring_violations(domain: ListDomain[S], scalars: Sequence[S], equal: Equal[S]) -> list[str]:
    """Laws of a commutative ring in which ``over`` undoes ``times`` for the non-zero scalars given."""
    d, zero, one = domain, domain.from_rational(Fraction(0)), domain.from_rational(Fraction(1))
    found = []
    for a, b, c in product(scalars, repeat=3):
        laws = {
            "a + b = b + a": (d.plus(a, b), d.plus(b, a)),
            "(a + b) + c = a + (b + c)": (d.plus(d.plus(a, b), c), d.plus(a, d.plus(b, c))),
            "a + 0 = a": (d.plus(a, zero), a),
            "a - a = 0": (d.plus(a, d.minus(a)), zero),
            "a b = b a": (d.times(a, b), d.times(b, a)),
            "(a b) c = a (b c)": (d.times(d.times(a, b), c), d.times(a, d.times(b, c))),
            "a 1 = a": (d.times(a, one), a),
            "a (b + c) = a b + a c": (d.times(a, d.plus(b, c)), d.plus(d.times(a, b), d.times(a, c))),
            "(a / b) b = a": (d.times(d.over(a, b), b), a),
            "a / b + c / b = (a + c) / b": (d.plus(d.over(a, b), d.over(c, b)), d.over(d.plus(a, c), b)),
            "sums": (d.sums([a, b, c, a], 2, 2)[1], d.plus(c, a)),
        }
        found += [name for name, (left, right) in laws.items() if not equal(left, right)]
    return found


def rational_violations(domain: ListDomain[S], equal: Equal[S]) -> list[str]:
    """``from_rational`` is a homomorphism of fields."""
    numbers = [Fraction(n, m) for n, m in ((0, 1), (1, 1), (-7, 3), (22, 5), (3, 8))]
    at, found = domain.from_rational, []
    for a, b in product(numbers, numbers[1:]):
        laws = {
            "+": (at(a + b), domain.plus(at(a), at(b))),
            "*": (at(a * b), domain.times(at(a), at(b))),
            "/": (at(a / b), domain.over(at(a), at(b))),
            "-": (at(-a), domain.minus(at(a))),
        }
        found += [f"{a} {name} {b}" for name, (left, right) in laws.items() if not equal(left, right)]
    return found


def adjoint_violations(
    program: Program,
    domain: ListDomain[S],
    run: tuple[list[S], list[list[S]]],
    scalars: Callable[[], S],
    equal: Equal[S],
) -> list[str]:
    """<ct, J v> = <J^T ct, v>: both directions agree; ``run`` is the input and the weights."""
    trace = forward(program, domain, *run)
    shapes = [p.shape for p in program.parameters]
    direction = {k: [scalars() for _ in range(size(s))] for k, s in enumerate(shapes)}
    cotangent = [scalars() for _ in range(program.output_count)]
    pushed = directional(program, domain, trace, direction)
    pulled = gradient(program, domain, trace, list(cotangent))
    left = _dot(domain, cotangent, pushed) if pushed is not None else domain.from_rational(Fraction(0))
    right = domain.from_rational(Fraction(0))
    for k, part in enumerate(pulled):
        if part is not None:
            right = domain.plus(right, _dot(domain, part, direction[k]))
    return [] if equal(left, right) else [f"<ct, J v> is not <J^T ct, v> for {program}"]


def _dot(domain: ListDomain[S], a: Sequence[S], b: Sequence[S]) -> S:
    total = domain.from_rational(Fraction(0))
    for x, y in zip(a, b, strict=True):
        total = domain.plus(total, domain.times(x, y))
    return total


# Programs that use everything


def all_primitives(activation: str, other: str = "rational:0,1/1,0,1") -> Program:
    """Every primitive, tied weights, repeated arguments and gathered zeros; three outputs."""
    net = Assembly((2,), {"w": (3,), "v": (2,)})
    w, v, x = net.parameter("w"), net.parameter("v"), net.input
    matrix = net.gather([w], [0, 1, 1, 2], (2, 2))
    z = net.add(net.einsum("ij,j->i", matrix, x), net.constant(["1/2", -1], (2,)))
    h = net.activation(activation, z)
    below = net.add(net.constant([3, 2], (2,)), net.multiply(v, v))
    quotient = net.divide(net.add(h, h), below)
    mixed = net.activation(other, net.gather([quotient, w], [1, 4, -1, 0, 0], (5,)))
    outer = net.einsum("i,j->ij", mixed, v)
    table = net.einsum("ij,kj->ik", outer, net.gather([h, v], [0, 2, 3, 3], (2, 2)))
    return net.finish(net.gather([table, x], [0, 5, 9], (3,)))


def random_scalars(seed: int) -> Iterator[Fraction]:
    draw = random.Random(seed)
    while True:
        yield Fraction(draw.randint(-9, 9) or 1, draw.randint(1, 5))


def rational_weights(program: Program, seed: int = 0) -> Weights:
    scalars = random_scalars(seed)
    return tuple(tuple(next(scalars) for _ in range(size(p.shape))) for p in program.parameters)


def weights_in_domain(program: Program, point: Sequence[Fraction], seed: int = 0) -> Weights:
    """Rational weights at which all radicands are positive at a point."""
    for attempt in range(seed, seed + 100):
        weights = rational_weights(program, attempt)
        with suppress(ArithmeticError):
            network_values(program, [[real(v) for v in w] for w in weights], [real(v) for v in point])
            return weights
    raise ValueError("no weights in the domain")


def residues(program: Program, weights: Weights | None, seed: str = "laws") -> Residues:
    """The residues of a program at one sample, at which all radicands are squares."""
    tower, setting = derive_tower(program, weights), Setting(PRIME, 2, seed)
    shared = draw_constants(tower, setting, "matrix")
    (nonces,) = find_nonces(tower, setting, [shared], ["x"])
    return Residues(tower, setting, shared, draw_sample(tower, setting, "x", nonces))


def residue_adjoint_violations(program: Program, weights: Weights | None) -> list[str]:
    domain, draw = residues(program, weights), random.Random(1)
    tensors = [list(w) for w in domain.constants.weights]
    run = (list(domain.sample.inputs), tensors)
    return adjoint_violations(program, domain, run, lambda: draw.randrange(domain.prime), int.__eq__)


def formal_equal(ring: Ring) -> Equal[Poly]:
    def equal(a: Poly, b: Poly) -> bool:
        difference = dict(a)
        add_to(difference, b, -1)
        return ring.is_zero(difference)

    return equal


def formal_adjoint_violations(program: Program, weights: Weights | None) -> list[str]:
    ring = Ring()
    domain, numbers = Formal(ring), random_scalars(2)
    shapes = [p.shape for p in program.parameters]
    tensors = (
        domain.weights(shapes)
        if weights is None
        else [domain.constant(w, s) for w, s in zip(weights, shapes, strict=True)]
    )
    run = (domain.inputs(program.input_shape), tensors)
    return adjoint_violations(program, domain, run, lambda: {(): next(numbers)}, formal_equal(ring))
