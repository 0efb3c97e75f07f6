"""Attacks on relations with numbers: hidden zeros, tiny entries and second names prove nothing false."""

from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest

import llrsym as ll
from llrsym.kernel.balls import Balls
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program
from llrsym.kernel.real_numbers import (
    EXPONENTIAL,
    KAPPA_ITSELF,
    SLOPE,
    VALUE,
    Number,
    Numbers,
    check_regular,
    enclosed_monomial,
    enclosed_numbers,
)
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.rules import UpperCertificate, check_rank_at_most
from llrsym.kernel.tower import Weights
from llrsym.networks.expressions import parse_functions

ONE, HALF = Fraction(1), Fraction(1, 2)
PROGRAM: Program = parse_functions(["x", "x"]).program
WEIGHTS: Weights = ((ONE, ONE),)
BOTH = ((0, 0), (1, 1))
PRECISIONS = (1, 8, 64, 4096)
Terms = tuple[Coefficient, ...]


def number(k: int, power: int = 1, c: Fraction | int = 1) -> Coefficient:
    return Coefficient(Fraction(c), numbers=((k, power),))


def at(activation: str, z: Fraction, kind: str = VALUE) -> Number:
    return Number(kind, activation, ((z, ()),))


def opposite(*terms: Coefficient) -> Relation:
    """(c, -c) for a sum c: a true relation between x and x, whatever c is."""
    return (0, terms), (1, tuple(replace(t, rational=-t.rational) for t in terms))


def refusal(relations: tuple[Relation, ...], numbers: Numbers, rank: int) -> str:
    proof = UpperCertificate("relations", relations, 8388461, "0", numbers=numbers)
    with pytest.raises(Rejected) as refused:
        check_rank_at_most(PROGRAM, WEIGHTS, proof, rank)
    return str(refused.value)


ANGLES = tuple(at("arctan", Fraction(1, n)) for n in (5, 239, 1))
MACHIN = ((Fraction(4), ((0, 1),)), (-ONE, ((1, 1),)), (-ONE, ((2, 1),)))

ZEROS: dict[str, tuple[tuple[Number, ...], Terms]] = {
    "sin^2 + cos^2 - 1": (
        (at("sin", ONE), at("cos", ONE)),
        (number(0, 2), number(1, 2), Coefficient(-ONE)),
    ),
    "tanh(1/2) - 2 sigmoid(1) + 1": (
        (at("tanh", HALF), at("sigmoid", ONE)),
        (number(0), number(1, c=-2), Coefficient(ONE)),
    ),
    "tanh' - 1 + tanh^2": (
        (at("tanh", ONE, SLOPE), at("tanh", ONE)),
        (number(0), number(1, 2), Coefficient(-ONE)),
    ),
    "exp(1) - e": ((Number(EXPONENTIAL, "", ((ONE, ()),)),), (number(0), Coefficient(-ONE, e=ONE))),
    "kappa - kappa": ((Number(KAPPA_ITSELF),), (number(0, 3), Coefficient(-ONE, kappa=3))),
    "erf'(1) - sqrt(2) kappa / e": (
        (at("erf", ONE, SLOPE), at("sqrt", Fraction(2))),
        (number(0), Coefficient(-ONE, e=-ONE, kappa=1, numbers=((1, 1),))),
    ),
    "gelu(1) - (1 + erf(1/sqrt(2))) / 2": (
        (
            at("gelu", ONE),
            at("sqrt", HALF),
            Number(VALUE, "erf", ((ONE, ((1, 1),)),)),
        ),
        (number(0), number(2, c=-HALF), Coefficient(-HALF)),
    ),
    "softplus(0) - log 2 by exp": (
        (Number(VALUE, "softplus"), Number(EXPONENTIAL, "", ((ONE, ((0, 1),)),))),
        (number(1), Coefficient(Fraction(-2))),
    ),
    "an equation's e": ((at("ode:y1@1", ONE),), (number(0), Coefficient(-ONE, e=ONE))),
    "Machin": (ANGLES, tuple(Coefficient(c, numbers=powers) for c, powers in MACHIN)),
}


@pytest.mark.parametrize("name", ZEROS)
def test_a_number_that_is_zero_is_no_pivot(name: str) -> None:
    table, terms = ZEROS[name]
    for precision in PRECISIONS:
        assert "pivot 0 may be zero" in refusal((opposite(*terms),), Numbers(table, ((0, 0),), precision), 1)


@pytest.mark.parametrize("name", ZEROS)
def test_a_multiple_by_one_under_another_name_is_dependent(name: str) -> None:
    """Rows 1 and 1 + zero: the same relation twice."""
    table, terms = ZEROS[name]
    relations = opposite(Coefficient(ONE)), opposite(Coefficient(ONE), *terms)
    for precision in PRECISIONS:
        assert "may be zero" in refusal(relations, Numbers(table, BOTH, precision), 0)


POLES = {
    "a pole": (Number(VALUE, "rational:1/0,1", MACHIN), "a denominator may be zero"),
    "the slope of a pole": (Number(SLOPE, "rational:1/0,1", MACHIN), "a denominator may be zero"),
    "a root": (Number(VALUE, "sqrt", MACHIN), "may not be positive"),
    "the slope of a root": (Number(SLOPE, "sqrt", MACHIN), "may not be positive"),
}


@pytest.mark.parametrize("name", POLES)
@pytest.mark.parametrize("used", [True, False])
def test_numbers_without_a_value_are_refused_where_the_formal_ring_has_one(name: str, used: bool) -> None:
    """1/u for u = 4 arctan(1/5) - arctan(1/239) - arctan(1), which is 0 for the reals only."""
    pole, reason = POLES[name]
    for precision in (64, 4096):
        numbers = Numbers((*ANGLES, pole), ((0, 0),), precision)
        assert reason in refusal((opposite(number(3) if used else number(0)),), numbers, 1)


TINY = [Fraction(1, 3**1000), Fraction(-1, 2**70), Fraction(1, 10**3000)]


@pytest.mark.parametrize("tiny", TINY)
@pytest.mark.parametrize("swapped", [True, False])
def test_tiny_entries_are_not_taken_for_zeros(tiny: Fraction, swapped: bool) -> None:
    """(t, -t) and (1, -1): where t is below the precision it is a ball around zero, not zero."""
    relations = opposite(Coefficient(ONE)), opposite(Coefficient(tiny))
    order = relations[::-1] if swapped else relations
    for precision in (8, 64):
        assert "may be zero" in refusal(order, Numbers((), BOTH, precision), 0)


def test_only_zero_is_enclosed_by_the_exact_zero() -> None:
    """Products and values that underflow keep a radius; elimination passes over entries (0, 0)."""
    small = Number(EXPONENTIAL, "", ((Fraction(-(10**6)), ()),))
    table = (
        small,
        *(Number(kind, name, ((ONE, ((0, 1),)),)) for kind in (VALUE,) for name in ("tanh", "gelu", "erf")),
        Number(VALUE, "power:3", ((ONE, ((0, 1),)),)),
        Number(SLOPE, "gaussian", ((ONE, ((0, 1),)),)),
        at("gaussian", Fraction(300)),
        at("sech", Fraction(-5000)),
        at("sigmoid", Fraction(-5000), SLOPE),
        at("softplus", Fraction(-5000)),
        at("erf", Fraction(100), SLOPE),
    )
    for precision in PRECISIONS:
        found = enclosed_numbers(table, precision)
        assert all(radius > 0 and abs(middle) <= radius + 1 for middle, radius in found)
        assert all(enclosed_monomial(found, t, ((0, 2),), precision) != (0, 0) for t in TINY)
        assert all(Balls(precision).from_rational(t) != (0, 0) for t in (*TINY, *(-t for t in TINY)))


@pytest.mark.parametrize("precision", [8, 30, 64])
def test_a_singular_matrix_of_large_and_small_entries_is_refused(precision: int) -> None:
    """Three rows with the third the sum of multiples of the others, in several orders and scales."""
    domain = Balls(precision)
    rows = [[ONE, Fraction(1, 3), Fraction(1, 7)], [Fraction(1, 3**90), Fraction(5), Fraction(-2, 9)]]
    for a, b in ((ONE, ONE), (Fraction(10**20), Fraction(1, 10**20)), (Fraction(1, 3**200), ONE)):
        third = [a * v + b * w for v, w in zip(*rows, strict=True)]
        for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
            chosen = [(*rows, third)[k] for k in order]
            with pytest.raises(Rejected, match="may be zero"):
                check_regular([[domain.from_rational(v) for v in row] for row in chosen], precision)


def test_pivots_of_some_relations_do_not_hide_that_others_depend_on_them() -> None:
    plain, scaled = opposite(Coefficient(ONE)), opposite(number(0))
    table = (at("erf", ONE),)
    for pivots in (((1, 0),), ((1, 1),)):
        assert "has an entry at the pivot" in refusal((plain, scaled), Numbers(table, pivots, 64), 0)
    assert "may be zero" in refusal((plain, scaled), Numbers(table, BOTH, 64), 0)


def test_a_number_in_the_wrong_place_is_no_identity() -> None:
    """erf(1) d_0 - softplus(1) d_1 = 0 is false for x and x, though it has a good pivot."""
    table = at("erf", ONE), at("softplus", ONE)
    relation: Relation = ((0, (number(0),)), (1, (number(1, c=-1),)))
    proof = UpperCertificate("relations", (relation,), 8388461, "0", numbers=Numbers(table, ((0, 0),), 64))
    with pytest.raises(Rejected):
        check_rank_at_most(PROGRAM, WEIGHTS, proof, 1)


@pytest.mark.parametrize("activation", ["gelu", "erf", "softplus", "arctan", "mish", "sin", "silu"])
@pytest.mark.parametrize("bias", [Fraction(0), Fraction(1, 3)])
def test_dead_neurons_in_two_layers_against_numerical_ranks(activation: str, bias: Fraction) -> None:
    """The bounds against the rank of a Jacobian with 60 digits."""
    at_weights = {
        "W1": [[1], [0]],
        "b1": [Fraction(1, 2), bias],
        "W2": [[0, 2], [1, -1]],
        "b2": [Fraction(-1, 2), 1],
        "W3": [[1, 2]],
        "b3": [1],
    }
    verdict = ll.model_rank(ll.mlp(1, 2, 2, 1, activation=activation), at=at_weights)
    assert verdict.lower <= numerical_rank(activation, bias) <= verdict.upper


FUNCTIONS = {
    "gelu": lambda z: z * mpmath.ncdf(z),
    "erf": mpmath.erf,
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "arctan": mpmath.atan,
    "mish": lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
    "sin": mpmath.sin,
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
}


def numerical_rank(activation: str, bias: Fraction) -> int:
    """The rank at 18 points of the derivatives by all 13 parameters of the network above."""
    sigma = FUNCTIONS[activation]
    with mpmath.workdps(60):
        half, b = mpmath.mpf(1) / 2, mpmath.mpf(bias.numerator) / bias.denominator
        rows = []
        for k in range(-9, 9):
            x = mpmath.mpf(k) / 7 + mpmath.mpf(1) / 19
            z1 = [x + half, b]
            h1, d1 = [sigma(z) for z in z1], [mpmath.diff(sigma, z) for z in z1]
            z2 = [2 * h1[1] - half, h1[0] - h1[1] + 1]
            h2, d2 = [sigma(z) for z in z2], [mpmath.diff(sigma, z) for z in z2]
            back = [d2[0], 2 * d2[1]]
            low = [back[1] * d1[0], (2 * back[0] - back[1]) * d1[1]]
            rows.append([*(v * x for v in low), *low, *(v * h for v in back for h in h1), *back, *h2, 1])
        sizes = mpmath.svd_r(mpmath.matrix(rows), compute_uv=False)
        return sum(1 for s in sizes if s > mpmath.mpf(10) ** -22)
