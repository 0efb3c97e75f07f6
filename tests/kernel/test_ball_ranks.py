"""Lower bounds by balls: true ones are accepted, false and damaged ones are not."""

import json
from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llrsym.kernel.analytic import check_analytic
from llrsym.kernel.ball_ranks import BallCertificate, check_rank_by_balls, squared_norm_bound
from llrsym.kernel.check import check
from llrsym.kernel.documents import Certificate, Claim, read_certificate
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.residues import PureArithmetic
from llrsym.kernel.rules import UpperCertificate
from llrsym.networks.builders import mlp, transformer
from llrsym.networks.expressions import parse_functions
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.ball_lower import find_ball_lower_bound
from llrsym.tangent.documents import certificate_text, claim_text
from tests.kernel.scenarios import numerical_rank

CLONES = {"W1": [[1, 2], [1, 2], [-1, "1/2"]], "W2": [[1, 2, 3]]}
"""Two equal neurons of three: rank 2 (2 + 1) = 6 without biases."""
CLONES_WITH_BIASES = {**CLONES, "b1": [0, 0, 1], "b2": [0]}


def found(network: Network, weights: dict[str, object] | None, target: int) -> BallCertificate:
    exact = None if weights is None else exact_weights(network, weights)
    bound = find_ball_lower_bound(network.program, exact, target, "test", 0, lambda message: None)
    assert isinstance(bound.certificate, BallCertificate), bound.reason
    return bound.certificate


def accepts(network: Network, weights: dict[str, object] | None, proof: BallCertificate, rank: int) -> bool:
    exact = None if weights is None else exact_weights(network, weights)
    try:
        check_rank_by_balls(network.program, exact, proof, rank, PureArithmetic())
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("activation", ["gelu", "erf", "tanh", "softplus", "arctan", "sin", "gaussian"])
def test_two_equal_neurons_of_three_have_rank_six(activation: str) -> None:
    network = mlp(2, 3, 1, activation=activation, bias=False)
    proof = found(network, CLONES, 9)
    assert len(proof.columns) == 6
    assert accepts(network, CLONES, proof, 6)
    assert not accepts(network, CLONES, proof, 7)


@pytest.mark.parametrize("activation", ["gelu", "erf"])
def test_almost_every_weight_by_a_witness(activation: str) -> None:
    network = mlp(2, 3, 1, activation=activation)
    proof = found(network, None, 13)
    assert accepts(network, None, proof, 13)
    assert not accepts(network, None, replace(proof, weights=None), 13)
    assert not accepts(network, CLONES_WITH_BIASES, proof, 13)


def shifted(point: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return tuple(value + 1 for value in point)


DAMAGE = {
    "another entry of the inverse": lambda c: replace(
        c, inverse=((c.inverse[0][0] + (1 << c.scale), *c.inverse[0][1:]), *c.inverse[1:])
    ),
    "another scale": lambda c: replace(c, scale=c.scale + 1),
    "other points": lambda c: replace(c, points=tuple(map(shifted, c.points))),
    "one point twice": lambda c: replace(c, points=(c.points[1], *c.points[1:])),
    "a row twice": lambda c: replace(c, rows=(c.rows[1], *c.rows[1:])),
    "a column twice": lambda c: replace(c, columns=(c.columns[1], *c.columns[1:])),
    "a column that does not exist": lambda c: replace(c, columns=(99, *c.columns[1:])),
    "a row that does not exist": lambda c: replace(c, rows=((99, 0), *c.rows[1:])),
    "an output that does not exist": lambda c: replace(c, rows=((0, 1), *c.rows[1:])),
    "a negative sample": lambda c: replace(c, rows=((-1, 0), *c.rows[1:])),
    "two bits": lambda c: replace(c, precision=2),
    "no precision": lambda c: replace(c, precision=0),
    "a huge precision": lambda c: replace(c, precision=10**9),
    "fewer rows of the inverse": lambda c: replace(c, inverse=c.inverse[1:]),
    "shorter rows of the inverse": lambda c: replace(c, inverse=tuple(r[1:] for r in c.inverse)),
    "columns exchanged": lambda c: replace(c, columns=(c.columns[1], c.columns[0], *c.columns[2:])),
    "a zero inverse": lambda c: replace(c, inverse=tuple((0,) * len(r) for r in c.inverse)),
    "points of the wrong length": lambda c: replace(c, points=tuple(p[1:] for p in c.points)),
    "weights although they are given": lambda c: replace(c, weights=((Fraction(1),),)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_certificates_are_rejected(damage: str) -> None:
    network = mlp(2, 3, 1, activation="gelu", bias=False)
    proof = found(network, CLONES, 9)
    assert accepts(network, CLONES, proof, 6)
    assert not accepts(network, CLONES, DAMAGE[damage](proof), 6)


@settings(max_examples=60)
@given(st.data())
def test_no_single_change_proves_more_than_the_numerical_rank(data: st.DataObject) -> None:
    """Any integers may stand in the inverse: what is accepted is true all the same."""
    network = mlp(1, 2, 1, activation="erf", bias=False)
    weights = {"W1": [[1], [data.draw(st.integers(-2, 2))]], "W2": [[1, data.draw(st.integers(-1, 1))]]}
    exact = exact_weights(network, weights)
    count = data.draw(st.integers(1, 4))
    entries = st.integers(-(1 << 12), 1 << 12)
    columns = tuple(data.draw(st.permutations(range(4)))[:count])
    proof = BallCertificate(
        40,
        tuple((Fraction(data.draw(st.integers(-8, 8)), 4),) for _ in range(count)),
        None,
        tuple((k, 0) for k in range(count)),
        columns,
        tuple(tuple(data.draw(entries) for _ in range(count)) for _ in range(count)),
        data.draw(st.integers(0, 12)),
    )
    if accepts(network, weights, proof, count):
        assert numerical_rank(network.program, exact, 1) >= count


def test_the_documents_round_trip_and_are_checked_by_the_kernel_alone() -> None:
    network = mlp(2, 3, 1, activation="gelu", bias=False)
    exact, proof = exact_weights(network, CLONES), found(network, CLONES, 9)
    claim = claim_text(Claim("model_rank", network.text, "given", 6, 9, network.program, exact))
    text = certificate_text(Certificate(proof, UpperCertificate("parameters")))
    assert read_certificate(json.loads(text)).lower == proof
    assert check(claim, text).lower == 6
    for key, value in (("rule", "ball"), ("precision", 1.5), ("inverse", [["1"]]), ("scale", -1)):
        document = json.loads(text)
        document["lower"][key] = value
        with pytest.raises(Malformed):
            check(claim, json.dumps(document))


def test_a_function_that_is_constant_on_each_half_line_is_refused_at_almost_every_weight() -> None:
    """arctan(1/w) + arctan(w) is constant for w > 0 and for w < 0, and the constants differ."""
    program = parse_functions(["arctan(1/x) + arctan(x)"]).program
    with pytest.raises(Rejected, match="divisor"):
        check_analytic(program)


@pytest.mark.parametrize(
    ("function", "is_visible"),
    [
        ("x/(1 + x^2)", True),
        ("x/(1 - x^2)", False),
        ("x/(exp(x) + cosh(y))", True),
        ("x/(exp(x) - 1)", False),
        ("sqrt(1 + x^2)", True),
        ("sqrt(x^2)", False),
        ("x/softplus(x)^2", True),
        ("x/sin(x)", False),
        ("x/(0*exp(x))", False),
    ],
)
def test_divisors_and_radicands_must_be_visibly_positive(function: str, is_visible: bool) -> None:
    program = parse_functions([function]).program
    if is_visible:
        check_analytic(program)
    else:
        with pytest.raises(Rejected, match="not visibly positive"):
            check_analytic(program)


def test_attention_with_layer_norm_is_analytic_everywhere() -> None:
    check_analytic(transformer(tokens=2, dim=3, heads=1, hidden=2, blocks=1, norm="layer").program)


@given(st.lists(st.lists(st.integers(-(1 << 90), 1 << 90), min_size=3, max_size=3), min_size=1, max_size=4))
def test_the_norm_bound_is_above_the_spectral_norm_and_close_to_it(rows: list[list[int]]) -> None:
    bound = squared_norm_bound(rows, PureArithmetic())
    with mpmath.workdps(60):
        singular = mpmath.svd_r(mpmath.matrix(rows), compute_uv=False)
        norm = max(singular)
        assert bound >= norm**2 * (1 - mpmath.mpf(10) ** -50)
        assert bound <= norm**2 * mpmath.mpf("1.8") + 10**6
