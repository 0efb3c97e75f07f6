"""The fast arithmetic of the search is that of the kernel: residues, ranks and refusals."""

import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.domains.elimination import center
from llrsym.domains.flint_field import FlintArithmetic
from llrsym.domains.prime_field import PrimeField
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program
from llrsym.kernel.residues import (
    PRIMES,
    PureArithmetic,
    Setting,
    Vanishing,
    constant_columns,
    draw_constants,
    evaluation_rows,
    premise_columns,
)
from llrsym.kernel.roots import NO_POINTS, Points, is_square, square_root
from llrsym.kernel.tower import Tower, Weights, derive_tower
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import matrix_factorization, mlp
from tests.kernel.laws import TOWER, all_primitives, rational_weights
from tests.kernel.scenarios import PRIME, points_of
from tests.kernel.test_random_nets import programs, weights_of


def assert_same_arithmetic(program: Program, weights: Weights | None, prime: int = PRIME) -> None:
    """Both at points where radicands are squares, and at points as they come."""
    setting = Setting(prime, 3, "same")
    tower = derive_tower(program, weights)
    samples = program.parameter_count // 2 + 2
    pairs = premise_columns(tower) + constant_columns(tower) + 2
    for points in [points_of(tower, setting, pairs, samples)] + [NO_POINTS] * bool(tower.roots):
        assert_same_premise(tower, setting, pairs, points)
        assert_same_minor(tower, setting, samples, points)


def assert_same_premise(tower: Tower, setting: Setting, pairs: int, points: Points) -> None:
    if premise_columns(tower) or constant_columns(tower):
        fast = NumpyArithmetic().premise_ranks(tower, setting, pairs, points)
        assert fast == PureArithmetic().premise_ranks(tower, setting, pairs, points)


def assert_same_minor(tower: Tower, setting: Setting, samples: int, points: Points) -> None:
    pure, fast = PureArithmetic(), NumpyArithmetic()
    rows = [(s, o) for s in range(samples) for o in range(tower.program.output_count)]
    random.Random(1).shuffle(rows)
    columns = list(range(tower.program.parameter_count))[::-1]
    matrix, vanishing = fast.evaluation_matrix(tower, setting, sorted(rows), columns, points)
    try:
        expected = evaluation_rows(tower, setting, sorted(rows), columns, points)
    except Vanishing:
        assert vanishing.any()
        with pytest.raises(Vanishing):
            fast.evaluation_rank(tower, setting, rows, columns, points)
        rows = [row for row, undefined in zip(sorted(rows), vanishing, strict=True) if not undefined]
        expected, matrix = evaluation_rows(tower, setting, rows, columns, points), matrix[~vanishing]
        vanishing = vanishing[~vanishing]
    assert not vanishing.any()
    assert [[int(v) % setting.prime for v in row] for row in matrix] == expected
    ranks = {
        a.evaluation_rank(tower, setting, rows, columns, points) for a in (pure, fast, FlintArithmetic())
    }
    assert len(ranks) == 1


@pytest.mark.parametrize("activation", TOWER)
@pytest.mark.parametrize("given_weights", [True, False])
def test_same_residues_for_every_activation(activation: str, given_weights: bool) -> None:
    program = all_primitives(activation, "identity")
    weights = tuple(tuple(Fraction(v.numerator, 2) for v in w) for w in rational_weights(program))
    assert_same_arithmetic(program, weights if given_weights else None)


WIDER: dict[str, Callable[[], Program]] = {
    "wide": lambda: mlp(3, 40, 1, activation="tanh").program,
    "deep": lambda: mlp(2, 5, 4, 3, 2, activation="sigmoid").program,
    "sines": lambda: mlp(2, 6, 5, 1, activation="sin").program,
    "factors": lambda: matrix_factorization(rows=5, inner=3, cols=4).program,
    "quartic": lambda: mlp(4, 9, 3, activation="power:4").program,
    "arctan": lambda: mlp(2, 5, 4, 1, activation="arctan").program,
    "softplus": lambda: mlp(3, 12, 2, activation="softplus").program,
    "roots of roots": lambda: chain("sqrt", "sqrt"),
    "roots of logarithms": lambda: chain("softplus", "sqrt"),
    "roots of exponentials": lambda: chain("exp", "sqrt"),
    "logarithms of roots": lambda: chain("sqrt", "arctan"),
    "exponentials of roots": lambda: chain("sqrt", "tanh"),
    "everything": lambda: chain("sin", "arctan", "sqrt", "gelu_tanh"),
}


def chain(*names: str) -> Program:
    """Layers of width 3 with these activations."""
    net = Assembly((2,), {f"W{k}": (3, 3 if k else 2) for k in range(len(names))} | {"a": (3,)})
    h = net.input
    for k, name in enumerate(names):
        h = net.activation(name, net.einsum("ij,j->i", net.parameter(f"W{k}"), h))
    return net.finish(net.einsum("i,i->", net.parameter("a"), h))


@pytest.mark.parametrize("name", WIDER)
@pytest.mark.parametrize("prime", [PRIMES[0], PRIMES[-1], PRIMES[4]])
def test_same_residues_for_wider_networks(name: str, prime: int) -> None:
    program = WIDER[name]()
    assert_same_arithmetic(program, rational_weights(program, 4), prime)
    assert_same_arithmetic(program, None, prime)


@settings(max_examples=100)
@given(st.data())
def test_same_residues_for_random_programs(data: st.DataObject) -> None:
    program = data.draw(programs([name for name in TOWER if name != "rational:3,1"]))
    weights = weights_of(data.draw, program) if data.draw(st.booleans()) else None
    try:
        tower = derive_tower(program, weights)
        PureArithmetic().premise_ranks(tower, Setting(PRIME, 3, "same"), 1, NO_POINTS)
    except Rejected:
        return  # a quotient in an exponent has no residue, or a root of zero
    assert_same_arithmetic(program, weights)


@pytest.mark.parametrize("prime", PRIMES)
def test_square_roots_of_residues(prime: int) -> None:
    """The smaller root of squares, None for others: by Tonelli-Shanks, and by a table in the search."""
    draw = random.Random(prime)
    values = [0, 1, 2, 3, prime - 1, *(draw.randrange(prime) for _ in range(300))]
    domain, centred = field_of(prime), center(np.array(values, dtype=np.float64), prime)
    table = domain._smaller_roots(centred).astype(int).tolist()
    classes = domain.quadratic_characters(centred).tolist()
    for value, found, character in zip(values, table, classes, strict=True):
        root = square_root(value, prime)
        assert (root or 0) == found
        assert (root is None) == (character == -1) == (value != 0 and not is_square(value, prime))
        if root is not None:
            assert root * root % prime == value
            assert 2 * root < prime


def field_of(prime: int) -> PrimeField:
    tower, setting = derive_tower(mlp(1, 1, 1).program, None), Setting(prime, 3, "roots")
    shared = [draw_constants(tower, setting, "matrix")]
    return NumpyArithmetic().batch(tower, setting, shared, ["matrix/0"], [()])
