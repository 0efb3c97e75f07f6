"""Relations whose coefficients are numbers such as gelu(1): what they prove, and refused forgeries."""

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import flint
import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llrsym as ll
from llrsym.kernel.check import check
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.formal import Ring
from llrsym.kernel.program import Program
from llrsym.kernel.real_numbers import (
    EXPONENTIAL,
    KAPPA_ITSELF,
    SLOPE,
    VALUE,
    Number,
    Numbers,
    check_numbers,
    check_regular,
    enclosed_numbers,
    formal_numbers,
)
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.rules import UpperCertificate, check_rank_at_most
from llrsym.networks.expressions import parse_functions

ONE, HALF = Fraction(1), Fraction(1, 2)
ERF_ONE = Number(VALUE, "erf", ((ONE, ()),))
SOFTPLUS_ONE = Number(VALUE, "softplus", ((ONE, ()),))


def numbers(*powers: tuple[int, int], c: Fraction | int = 1) -> tuple[Coefficient, ...]:
    """c times powers of listed numbers."""
    return (Coefficient(Fraction(c), numbers=powers),)


def plain(c: int) -> tuple[Coefficient, ...]:
    return (Coefficient(Fraction(c)),)


# a0 erf(1) + a1 softplus(1) + a2 * 1: all three functions are constant, so the rank is 1
PROGRAM: Program = parse_functions(["erf(1)", "softplus(1)", "1"]).program
WEIGHTS = ((ONE, ONE, ONE),)
FIRST: Relation = ((0, plain(1)), (2, numbers((0, 1), c=-1)))
SECOND: Relation = ((1, plain(1)), (2, numbers((1, 1), c=-1)))
LISTED = Numbers((ERF_ONE, SOFTPLUS_ONE), ((0, 0), (1, 1)), 64)
PROOF = UpperCertificate("relations", (FIRST, SECOND), 8388461, "0", numbers=LISTED)


def refusal(certificate: UpperCertificate, rank: int = 1, weights: object = WEIGHTS) -> str:
    with pytest.raises((Rejected, Malformed)) as refused:
        check_rank_at_most(PROGRAM, weights, certificate, rank)  # type: ignore[arg-type]
    return str(refused.value)


def with_numbers(**changes: object) -> UpperCertificate:
    return replace(PROOF, numbers=replace(LISTED, **changes))  # type: ignore[arg-type]


def test_two_constant_functions_are_multiples_of_one() -> None:
    assert check_rank_at_most(PROGRAM, WEIGHTS, PROOF, 1) == []
    assert "proves 1, claimed 0" in refusal(PROOF, rank=0)


FORGERIES: dict[str, tuple[UpperCertificate, str]] = {
    "a wrong number": (
        with_numbers(table=(replace(ERF_ONE, argument=((HALF, ()),)), SOFTPLUS_ONE)),
        "activation 'erf' has no exact closed form",
    ),
    "the numbers exchanged": (
        with_numbers(table=(SOFTPLUS_ONE, ERF_ONE)),
        "activation 'erf' has no exact closed form",
    ),
    "one relation twice": (
        replace(PROOF, relations=(FIRST, FIRST)),
        "pivot 0 may be zero|pivot 1 may be zero",
    ),
    "multiples by different numbers": (
        replace(
            PROOF,
            relations=(FIRST, ((0, numbers((1, 1))), (2, numbers((0, 1), (1, 1), c=-1)))),
            numbers=replace(LISTED, pivots=((0, 0), (1, 2))),
        ),
        "pivot 1 may be zero",
    ),
    "no pivots": (with_numbers(pivots=()), "a relation with listed numbers has no pivot"),
    "one pivot for two": (with_numbers(pivots=((0, 0),)), "a relation with listed numbers has no pivot"),
    "a pivot in another relation": (
        replace(
            PROOF, relations=(FIRST, ((0, plain(0)), *SECOND)), numbers=replace(LISTED, pivots=((0, 0),))
        ),
        "a relation without a pivot has an entry at the pivot",
    ),
    "one pivot twice": (with_numbers(pivots=((0, 0), (1, 0))), "occurs twice among the pivots"),
    "one relation with two pivots": (with_numbers(pivots=((0, 0), (0, 2))), "occurs twice among the pivots"),
    "a relation that is not there": (with_numbers(pivots=((0, 0), (2, 1))), "a pivot is in no relation"),
    "a column that is not there": (with_numbers(pivots=((0, 0), (1, 9))), "pivot 1 may be zero"),
    "no precision": (with_numbers(precision=0), "expected a precision from 1"),
    "too much precision": (with_numbers(precision=5_000), "expected a precision from 1 to 4096"),
    "precision without numbers": (
        UpperCertificate("relations", (), 8388461, "0", numbers=Numbers(precision=64)),
        "and 0 without numbers",
    ),
    "a number after the last": (
        replace(PROOF, relations=(FIRST, ((1, plain(1)), (2, numbers((2, 1)))))),
        "a power of a number is out of range",
    ),
    "a power of zero": (
        replace(PROOF, relations=(FIRST, ((1, plain(1)), (2, numbers((1, 0)))))),
        "a power of a number is out of range",
    ),
    "a number made of itself": (
        with_numbers(table=(replace(ERF_ONE, argument=((ONE, ((0, 1),)),)), SOFTPLUS_ONE)),
        "a power of a number is out of range; there are 0 before it",
    ),
    "a number of no kind": (with_numbers(table=(replace(ERF_ONE, kind="limit"), SOFTPLUS_ONE)), "no kind"),
    "an activation that does not exist": (
        with_numbers(table=(replace(ERF_ONE, activation="relu"), SOFTPLUS_ONE)),
        "activation 'relu' does not exist",
    ),
    "a root of a negative number, unused": (
        with_numbers(table=(ERF_ONE, SOFTPLUS_ONE, Number(VALUE, "sqrt", ((-ONE, ()),)))),
        "square root of a number that may not be positive",
    ),
    "a pole, unused": (
        with_numbers(table=(ERF_ONE, SOFTPLUS_ONE, Number(VALUE, "rational:1/0,1", ()))),
        "no rational denominator at 0",
    ),
    "an entry that is not real": (
        replace(PROOF, relations=(FIRST, tuple((n, (replace(t[0], i=1),)) for n, t in SECOND))),
        "an entry that is no real number",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_numbers_are_refused(name: str) -> None:
    certificate, reason = FORGERIES[name]
    assert re.search(reason, refusal(certificate))


def test_relations_with_numbers_hold_at_almost_every_weight() -> None:
    assert check_rank_at_most(PROGRAM, None, PROOF, 1) == []
    assert "proves 1, claimed 0" in refusal(PROOF, rank=0, weights=None)


def test_a_weight_as_a_variable_is_no_number() -> None:
    """theta_0 times a true relation is one, but may vanish: it gets no pivot by balls."""
    scaled = tuple((n, tuple(replace(t, theta=((0, 1),)) for t in terms)) for n, terms in FIRST)
    assert "an entry that is no real number" in refusal(
        replace(PROOF, relations=(scaled, SECOND)), weights=None
    )


def test_a_number_that_is_zero_for_a_hidden_reason_is_no_pivot() -> None:
    """4 arctan(1/5) - arctan(1/239) - arctan(1) = 0 (Machin) is a new symbol for the formal ring."""
    angles = tuple(Number(VALUE, "arctan", ((Fraction(1, n), ()),)) for n in (5, 239, 1))
    machin = (
        Coefficient(Fraction(4), numbers=((0, 1),)),
        Coefficient(-ONE, numbers=((1, 1),)),
        Coefficient(-ONE, numbers=((2, 1),)),
    )
    program = parse_functions(["x", "x"]).program
    relation: Relation = ((0, machin), (1, tuple(replace(t, rational=-t.rational) for t in machin)))
    for precision in (64, 4096):
        proof = UpperCertificate(
            "relations", (relation,), 8388461, "0", numbers=Numbers(angles, ((0, 0),), precision)
        )
        with pytest.raises(Rejected, match="pivot 0 may be zero"):
            check_rank_at_most(program, ((ONE, ONE),), proof, 1)
    almost = (*machin[:2], replace(machin[2], rational=Fraction(-1001, 1000)))
    relation = ((0, almost), (1, tuple(replace(t, rational=-t.rational) for t in almost)))
    proof = UpperCertificate("relations", (relation,), 8388461, "0", numbers=Numbers(angles, ((0, 0),), 64))
    assert check_rank_at_most(program, ((ONE, ONE),), proof, 1) == []


def test_kappa_and_e_together_need_a_pivot() -> None:
    program = parse_functions(["x", "-x"]).program
    terms = (Coefficient(ONE, kappa=1), Coefficient(ONE, e=ONE))
    relation: Relation = ((0, terms), (1, terms))
    proof = UpperCertificate("relations", (relation,), 8388461, "0")
    with pytest.raises(Rejected, match="kappa and powers of e occur together"):
        check_rank_at_most(program, ((ONE, ONE),), proof, 1)
    pivot = replace(proof, numbers=Numbers((), ((0, 1),), 64))
    assert check_rank_at_most(program, ((ONE, ONE),), pivot, 1) == []


def documents() -> tuple[str, dict[str, Any]]:
    """The claim and the certificate of a gelu network with a neuron without input, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        at = {"W1": [[1], [0]], "b1": [0.5, 1], "W2": [[1, 2]], "b2": [1]}
        ll.model_rank(ll.mlp(1, 2, 1, activation="gelu"), at=at, certificate=Path(folder) / "c")
        claim, certificate = (
            (Path(folder) / "c" / f"{name}.json").read_text(encoding="utf-8")
            for name in ("claim", "certificate")
        )
    return claim, json.loads(certificate)


Change = Callable[[dict[str, Any]], object]
DAMAGED: dict[str, tuple[Change, str]] = {
    "no table": (lambda n: n.pop("table"), "expected an object with the keys"),
    "an unknown key": (lambda n: n.update(more=1), "expected an object with the keys"),
    "a float": (lambda n: n.update(precision=64.5), "floating-point"),
    "a bool": (lambda n: n.update(precision=True), "non-negative integer"),
    "no argument": (lambda n: n["table"][0].pop("argument"), "expected an object with the keys"),
    "a decimal argument": (lambda n: n["table"][0].update(argument=[["1.5", []]]), "exact number"),
    "a pivot of three": (lambda n: n["pivots"].append([0, 1, 2]), "expected a pair"),
}


@pytest.fixture(scope="module")
def written() -> tuple[str, dict[str, Any]]:
    return documents()


def test_the_certificate_of_a_constant_neuron_is_accepted(written: tuple[str, dict[str, Any]]) -> None:
    claim, certificate = written
    assert certificate["upper"]["numbers"]["table"][0]["activation"] == "gelu"
    assert "= 5 at the given weights" in check(claim, json.dumps(certificate)).text


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_numbers_are_malformed(name: str, written: tuple[str, dict[str, Any]]) -> None:
    claim, certificate = written
    copy = json.loads(json.dumps(certificate))
    change, reason = DAMAGED[name]
    change(copy["upper"]["numbers"])
    with pytest.raises(Malformed, match=reason):
        check(claim, json.dumps(copy))


FUNCTIONS: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "gelu": lambda z: z * mpmath.ncdf(z),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "arctan": mpmath.atan,
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "gelu_tanh": lambda z: (
        z * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (z + mpmath.mpf(8943) / 200000 * z**3))) / 2
    ),
}


@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=4, max_size=4))
def test_elimination_by_balls_accepts_no_singular_matrix(rows: list[list[int]]) -> None:
    singular = flint.fmpz_mat(rows).rank() < 4
    try:
        check_regular([[(v << 40, 0) for v in row] for row in rows], 40)
    except Rejected:
        return
    assert not singular


@given(
    st.sampled_from(sorted(FUNCTIONS)),
    st.fractions(-3, 3, max_denominator=64),
    st.fractions(-3, 3, max_denominator=64),
)
def test_numbers_contain_their_values(name: str, a: Fraction, b: Fraction) -> None:
    """sigma'(exp(a) + b kappa) against mpmath."""
    table = (
        Number(KAPPA_ITSELF),
        Number(EXPONENTIAL, "", ((a, ()),)),
        Number(SLOPE, name, ((ONE, ((1, 1),)), (b, ((0, 1),)))),
    )
    check_numbers(Numbers(table, (), 80))
    assert len(formal_numbers(Ring(), table)) == 3
    middle, radius = enclosed_numbers(table, 80)[2]
    with mpmath.workprec(400):
        z = mpmath.exp(mpmath.mpf(a.numerator) / a.denominator)
        z += mpmath.mpf(b.numerator) / b.denominator * mpmath.sqrt(2 / mpmath.pi)
        expected = mpmath.diff(FUNCTIONS[name], z)
        assert abs(expected - mpmath.mpf(middle) / 2**80) <= mpmath.mpf(radius + 1) / 2**80
