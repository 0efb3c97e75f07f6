"""Relations checked one layer at a time: what a gauge may say, and what it may not."""

from dataclasses import replace
from fractions import Fraction

import pytest

from llrsym.kernel.check import check
from llrsym.kernel.errors import Rejected
from llrsym.kernel.local import Gauge, LocalChecks
from llrsym.kernel.program import Program
from llrsym.kernel.residues import PRIMES
from llrsym.kernel.rules import (
    LOCAL_WORK,
    Coefficient,
    Relation,
    UpperCertificate,
    bound_by_relations,
    is_local_relation,
)
from llrsym.kernel.tower import Weights
from llrsym.networks.builders import mlp
from llrsym.tangent.rank import model_rank
from tests.kernel.scenarios import documents


def theta(n: int, factor: int = 1) -> tuple[Coefficient, ...]:
    return (Coefficient(Fraction(factor), theta=((n, 1),)),)


def upper(relations: tuple[Relation, ...], gauges: tuple[Gauge, ...]) -> UpperCertificate:
    return UpperCertificate("relations", relations, PRIMES[-1], "a", (), gauges)


TANH = mlp(1, 1, 1, bias=False).program
"""a tanh(w x): registers 0 x, 1 w, 2 a, 3 z, 4 h, 5 f; both tangent functions are independent."""
MOVES_W: Relation = ((0, theta(0)),)
LINEAR = mlp(1, 1, 1, 1, activation="identity", bias=False).program
"""c b a x: registers 0 x, 1 a, 2 b, 3 c, 4 z, 5 h, 6 z, 7 h, 8 f."""
SCALE: Relation = ((0, theta(0)), (2, theta(2, -1)))
"""a d_a - c d_c: the registers 4 to 7 are scaled."""
GAUGE: Gauge = tuple((register, ((0, 0, Fraction(1)),)) for register in (4, 5, 6, 7))


def is_local(program: Program, weights: Weights | None, relation: Relation, gauge: Gauge = ()) -> bool:
    return is_local_relation(LocalChecks(program, weights, LOCAL_WORK), relation, gauge)


def claim(program: Program, rank: int, certificate: UpperCertificate) -> tuple[str, str]:
    return documents(program, None, (0, rank), None, certificate)


def test_a_scale_that_runs_through_layers_is_checked_layer_by_layer():
    assert check(*claim(LINEAR, 2, upper((SCALE,), (GAUGE,)))).upper == 2
    assert is_local(LINEAR, None, SCALE, GAUGE)
    assert is_local(LINEAR, None, SCALE, GAUGE[2:])


@pytest.mark.parametrize(
    "gauge",
    [
        ((3, ()),),  # z would not move at all
        ((4, ()),),
        ((3, ((0, 0, Fraction(2)),)), (4, ())),
    ],
)
def test_a_gauge_that_does_not_hold_proves_nothing(gauge):
    """Believed, each of these would prove that w d_w f = 0, hence rank 1 instead of 2."""
    certificate = upper((MOVES_W,), (gauge,))
    with pytest.raises(Rejected, match="the derivative along it is not zero"):
        check(*claim(TANH, 1, certificate))
    assert model_rank(mlp(1, 1, 1, bias=False)).lower == 2


def test_believed_gauges_prove_false_theorems(monkeypatch):
    """The check of d h = G h is what stands between a gauge and a false theorem."""
    from llrsym.kernel import local

    certificate = upper((MOVES_W,), (((4, ()),),))
    monkeypatch.setattr(
        local._Registers, "replace", lambda self, register, tangent, matrix: [{} for _ in tangent]
    )
    assert bound_by_relations(TANH, None, certificate) == 1


@pytest.mark.parametrize(
    "gauge",
    [
        (*GAUGE, GAUGE[0]),  # a register twice
        ((4, ((0, 1, Fraction(1)),)), *GAUGE[1:]),  # no such column
        ((4, ((-1, 0, Fraction(1)),)), *GAUGE[1:]),
        (*GAUGE, (0, ())),  # the input does not move
        (*GAUGE, (99, ())),
    ],
)
def test_a_gauge_out_of_place_is_no_local_proof(gauge):
    assert not is_local(LINEAR, None, SCALE, gauge)


def test_there_is_one_gauge_for_each_relation():
    with pytest.raises(Rejected, match="one gauge for each relation"):
        bound_by_relations(LINEAR, None, upper((SCALE,), (GAUGE, GAUGE)))


def test_a_relation_that_uses_what_a_register_is_needs_the_whole_network():
    """tanh(w1 x) and tanh(w2 x) at w1 = w2: their read-out weights are exchangeable, seen only below."""
    clones = mlp(1, 2, 1, bias=False).program
    weights = ((Fraction(3), Fraction(3)), (Fraction(1), Fraction(2)))
    relation: Relation = ((2, (Coefficient(Fraction(1)),)), (3, (Coefficient(Fraction(-1)),)))
    assert not is_local(clones, weights, relation)
    assert bound_by_relations(clones, weights, replace(upper((relation,), ()))) == 3


def test_an_output_that_does_not_move_may_be_named():
    assert is_local(LINEAR, None, SCALE, (*GAUGE, (8, ())))


def test_directions_that_share_registers_are_judged_each_by_itself():
    """A gauge that fails leaves nothing behind that a later direction could profit from, nor suffer."""
    local = LocalChecks(LINEAR, None, LOCAL_WORK)
    wrong: Gauge = tuple((register, ((0, 0, Fraction(2)),)) for register in (4, 5, 6, 7))
    for gauge, holds in ((wrong, False), (GAUGE, True), (wrong, False), ((), True), (GAUGE, True)):
        assert is_local_relation(local, SCALE, gauge) is holds
