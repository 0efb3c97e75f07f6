"""Relations checked one layer at a time: what a gauge may say, and what it may not."""

from dataclasses import replace
from fractions import Fraction

import pytest

from llrsym.kernel.check import check
from llrsym.kernel.errors import Rejected
from llrsym.kernel.local import Gauge, LocalChecks
from llrsym.kernel.program import Equation, Parameter, Program, size
from llrsym.kernel.relations import Coefficient, Relation, is_local_relation
from llrsym.kernel.residues import PRIMES
from llrsym.kernel.rules import LOCAL_WORK, UpperCertificate, bound_by_relations
from llrsym.kernel.tower import Weights
from llrsym.networks.builders import attention, mlp
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


def quotient(divided_by: tuple[int, int]) -> Program:
    """f = a u / D + b v / D + c of x = (u, v, w), where D is the sum of two entries of x.

    Registers 0 x, 1 (a, b), 2 c, 3 (u, v), 4 the two entries, 5 (1, 1), 6 D, 7 (D, D), 8 shares, 10 f.
    """
    equations = (
        Equation("gather", (0,), (2,), (0, 1)),
        Equation("gather", (0,), (2,), divided_by),
        Equation("constant", (), (2,), (Fraction(1), Fraction(1))),
        Equation("einsum", (4, 5), (), "k,k->"),
        Equation("gather", (6,), (2,), (0, 0)),
        Equation("divide", (3, 7), (2,)),
        Equation("einsum", (8, 1), (), "k,k->"),
        Equation("add", (9, 2), ()),
    )
    return Program((3,), (Parameter("a", (2,)), Parameter("c", ())), equations, 10)


def numbers(*entries: int) -> Relation:
    return tuple((n, (Coefficient(Fraction(c)),)) for n, c in enumerate(entries) if c)


def test_shares_are_known_to_add_up_to_one():
    assert is_local(quotient((0, 1)), None, numbers(1, 1, -1))


@pytest.mark.parametrize(
    ("divided_by", "relation"),
    [
        ((0, 1), numbers(1, 1, 1)),
        ((0, 1), numbers(1, -1, 0)),
        ((0, 1), numbers(1, 0, -1)),
        ((0, 2), numbers(1, 1, -1)),  # the divisor leaves out one of the entries
        ((1, 2), numbers(1, 1, -1)),
        ((0, 0), numbers(1, 1, -1)),
    ],
)
def test_what_only_resembles_a_sum_of_shares_proves_nothing(divided_by, relation):
    program = quotient(divided_by)
    assert not is_local(program, None, relation)
    with pytest.raises(Rejected, match="the derivative along it is not zero"):
        bound_by_relations(program, None, upper((relation,), ()))


def test_value_biases_move_into_the_output_bias_because_softmax_adds_up_to_one():
    network = attention(tokens=3, dim=2, head_dim=1, heads=1, bias=True)
    starts = dict(zip((name for name, _, _ in network.layers), starts_of(network.program), strict=True))
    moves = {starts["bV"]: numbers(1)[0][1]}
    for k in range(2):
        moves[starts["bO"] + k] = theta(starts["WO"] + k, -1)
    relation: Relation = tuple(sorted(moves.items()))
    assert is_local(network.program, None, relation)
    doubled = tuple((n, (*terms, *terms) if n == starts["bV"] else terms) for n, terms in relation)
    assert not is_local(network.program, None, doubled)


def starts_of(program: Program) -> list[int]:
    sizes = [size(p.shape) for p in program.parameters]
    return [sum(sizes[:k]) for k in range(len(sizes))]
