"""Attacks on ball certificates and on claims about given samples; each of them is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from llrsym.kernel.analytic import check_analytic
from llrsym.kernel.ball_ranks import BallCertificate, check_least_singular_value, check_rank_by_balls
from llrsym.kernel.check import check
from llrsym.kernel.data_points import check_on_subspace
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.guarantees import Deficiency as Reason
from llrsym.kernel.guarantees import GuaranteeClaim, bound_by_rows, is_row_relation
from llrsym.kernel.program import Equation, Parameter, Program
from llrsym.kernel.residues import PureArithmetic
from llrsym.networks.expressions import parse_functions

ONE, TWO = Fraction(1), Fraction(2)
Points = tuple[tuple[Fraction, ...], ...]


def sums(*functions: str) -> Program:
    """The family sum a_k f_k, whose tangent functions are the f_k."""
    return parse_functions(list(functions)).program


LINE = sums("1", "x")
AT_LINE = ((ONE, ONE),)
PROOF = BallCertificate(
    precision=20,
    points=((Fraction(0),), (ONE,)),
    weights=None,
    rows=((0, 0), (1, 0)),
    columns=(0, 1),
    inverse=((1, 0), (-1, 1)),
    scale=0,
)
"""J = ((1, 0), (1, 1)) and its inverse."""


def test_the_certificate_that_is_attacked_is_accepted() -> None:
    check_rank_by_balls(LINE, AT_LINE, PROOF, 2, PureArithmetic())


FORGERIES: dict[str, BallCertificate] = {
    "no rows": replace(PROOF, rows=(), inverse=((), ())),
    "one row for two columns": replace(PROOF, rows=((0, 0),), inverse=((1,), (1,))),
    "a row twice": replace(PROOF, rows=((0, 0), (0, 0))),
    "a point twice": replace(PROOF, points=((ONE,), (ONE,))),
    "a column twice": replace(PROOF, columns=(0, 0)),
    "a negative column": replace(PROOF, columns=(0, -1)),
    "a column after the last": replace(PROOF, columns=(0, 2)),
    "a negative sample": replace(PROOF, rows=((0, 0), (-1, 0))),
    "an output after the last": replace(PROOF, rows=((0, 0), (1, 1))),
    "no precision": replace(PROOF, precision=0),
    "a negative scale": replace(PROOF, scale=-1),
    "a scale that hides the inverse": replace(PROOF, scale=100_000),
    "a point of two numbers": replace(PROOF, points=((ONE, ONE), (TWO, TWO))),
    "the weights of a witness at given weights": replace(PROOF, weights=AT_LINE),
    "too few rows of the inverse": replace(PROOF, inverse=((1, 0),)),
    "rows of the inverse that are too short": replace(PROOF, inverse=((1,), (-1,))),
    "fewer columns than the rank": replace(PROOF, columns=(0,), inverse=((1, 0),)),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_certificates_prove_no_rank(forgery: str) -> None:
    with pytest.raises(Rejected):
        check_rank_by_balls(LINE, AT_LINE, FORGERIES[forgery], 2, PureArithmetic())


def test_a_defect_of_one_is_no_left_inverse() -> None:
    """With R = 0 the norm of I - R J is exactly 1, and with any J."""
    nothing = replace(PROOF, columns=(0,), inverse=((0, 0),))
    with pytest.raises(Rejected, match="below 1"):
        check_rank_by_balls(LINE, AT_LINE, nothing, 1, PureArithmetic())


@pytest.mark.parametrize("bound", [Fraction(-1), Fraction(1, 10**9), TWO])
def test_a_defect_that_rounds_to_one_bounds_no_singular_value(bound: Fraction) -> None:
    with pytest.raises(Rejected):
        check_least_singular_value(PROOF, ONE, bound, PureArithmetic())


@pytest.mark.parametrize(
    ("functions", "point"),
    [
        (("x/x",), "0"),
        (("1/x - 1/x",), "0"),
        (("x^2/x",), "0"),
        (("sqrt(x)",), "0"),
        (("sqrt(x)",), "-1"),
        (("1/(sqrt(x^2) - x)",), "2"),
        (("1/(sin(x)^2 + cos(x)^2 - 1)",), "1"),
        (("1/(tanh(x) - (exp(2*x) - 1)/(exp(2*x) + 1))",), "1"),
    ],
)
def test_points_without_a_value_prove_nothing(functions: tuple[str, ...], point: str) -> None:
    program = sums(*functions)
    place = replace(PROOF, points=((Fraction(point),),), rows=((0, 0),), columns=(0,), inverse=((1,),))
    with pytest.raises(Rejected):
        check_rank_by_balls(program, ((ONE,),), place, 1, PureArithmetic())


def with_equations(*equations: Equation) -> Program:
    return Program((1,), (Parameter("a", (1,)), Parameter("e", (0,))), equations, 2 + len(equations))


ONE_NUMBER = Equation("constant", (), (1,), (ONE,))
NOT_ANALYTIC: dict[str, Program] = {
    "an empty sum of positive products": with_equations(
        ONE_NUMBER,
        Equation("activation", (2,), (0,), "exp"),
        Equation("einsum", (4, 4), (), "i,i->"),
        Equation("gather", (5,), (1,), (0,)),
        Equation("divide", (3, 6), (1,)),
    ),
    "a padding zero among exponentials": with_equations(
        Equation("activation", (1,), (1,), "exp"),
        Equation("gather", (3,), (1,), (-1,)),
        Equation("divide", (3, 4), (1,)),
    ),
    "a product of different numbers as if it were a square": with_equations(
        Equation("gather", (1, 0), (2, 2), (0, 1, 1, 0)),
        Equation("einsum", (3, 3), (), "ij,ji->"),
        ONE_NUMBER,
        Equation("gather", (4,), (1,), (0,)),
        Equation("add", (5, 6), (1,)),
        Equation("activation", (7,), (1,), "sqrt"),
    ),
    "a rational activation with a pole": with_equations(
        Equation("activation", (0,), (1,), "rational:1/-1,0,1"), Equation("multiply", (1, 3), (1,))
    ),
    "a rational activation with an odd power": with_equations(
        Equation("activation", (0,), (1,), "rational:1/1,1"), Equation("multiply", (1, 3), (1,))
    ),
    "a rational activation that vanishes at zero below": with_equations(
        Equation("activation", (0,), (1,), "rational:1/0,0,1"), Equation("multiply", (1, 3), (1,))
    ),
    "the root of a square": with_equations(
        Equation("multiply", (1, 1), (1,)), Equation("activation", (3,), (1,), "sqrt")
    ),
    "a quotient by tanh of an exponential": with_equations(
        Equation("activation", (1,), (1,), "exp"),
        Equation("activation", (3,), (1,), "tanh"),
        Equation("divide", (0, 4), (1,)),
    ),
}


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_what_is_not_visibly_analytic_is_refused_at_almost_every_weight(name: str) -> None:
    with pytest.raises(Rejected, match="analytic"):
        check_analytic(NOT_ANALYTIC[name])


SUBSPACES: dict[str, tuple[Points, Points, tuple[Fraction, ...]]] = {
    "no pivot": (((ONE, ONE),), ((TWO, TWO),), (Fraction(0), Fraction(0))),
    "a pivot that the offset moves": (((ONE, ONE),), ((ONE, ONE),), (ONE, ONE)),
    "a pivot shared by two directions": (((ONE, ONE),), ((ONE, ONE), (ONE, ONE)), (Fraction(0), Fraction(0))),
    "a point beside it": (((ONE, TWO),), ((ONE, ONE),), (Fraction(0), Fraction(0))),
    "no directions and another point": (((ONE, TWO),), (), (ONE, ONE)),
}


@pytest.mark.parametrize("name", SUBSPACES)
def test_points_beside_a_subspace_are_not_on_it(name: str) -> None:
    with pytest.raises(Rejected, match="subspace"):
        check_on_subspace(*SUBSPACES[name])


def deficient(points: Points) -> GuaranteeClaim:
    return GuaranteeClaim("", LINE, AT_LINE, points, "no", 0, 2, None)


ROWS: dict[str, tuple[tuple[tuple[int, int, Fraction], ...], ...]] = {
    "the same relation twice": (((0, 0, ONE), (1, 0, -ONE)),) * 2,
    "a relation and its double": (((0, 0, ONE), (1, 0, -ONE)), ((0, 0, TWO), (1, 0, -TWO))),
    "a row that cancels itself": (((0, 0, ONE), (0, 0, -ONE)),),
    "only zeros": (((0, 0, Fraction(0)),),),
    "a row that does not exist": (((2, 0, ONE), (1, 0, -ONE)),),
    "an output that does not exist": (((0, 1, ONE), (1, 0, -ONE)),),
    "a relation that does not hold": (((0, 0, ONE), (1, 0, ONE)),),
}


@pytest.mark.parametrize("name", ROWS)
def test_false_or_dependent_relations_of_rows_are_refused(name: str) -> None:
    with pytest.raises(Rejected):
        bound_by_rows(deficient(((ONE,), (ONE,))), Reason("rows", relations=ROWS[name]))


def test_zeros_at_different_points_are_no_relation() -> None:
    claim = replace(deficient(((ONE,), (TWO,))), program=sums("tanh(x)", "x"))
    assert not is_row_relation(claim, ((0, 0, TWO), (1, 0, -ONE)))


CLAIM: dict[str, object] = {
    "format": "llrsym-claim-1",
    "question": "llr_guarantee",
    "network": "",
    "program": {
        "input": [1],
        "parameters": [["a", [1]]],
        "equations": [{"op": "multiply", "args": [0, 1], "shape": [1], "data": []}],
        "output": 2,
    },
    "weights": [["1"]],
    "points": [["1"]],
    "answer": "yes",
    "rank": 1,
    "model_rank": 1,
    "sigma": {"columns": [0], "at_least": "1/2"},
}
LOWER: dict[str, object] = {
    "rule": "balls",
    "precision": 20,
    "points": [],
    "weights": None,
    "rows": [[0, 0]],
    "columns": [0],
    "inverse": [[1]],
    "scale": 0,
}
CERTIFICATE: dict[str, object] = {
    "format": "llrsym-certificate-1",
    "lower": LOWER,
    "upper": {"rule": "parameters"},
    "deficiency": None,
}
WEAKER: dict[str, object] = {**CLAIM, "sigma": {"columns": [0], "at_least": "1/5"}}
Documents = tuple[dict[str, object], dict[str, object]]
DAMAGED: dict[str, Callable[[], Documents]] = {
    "a larger singular value": lambda: (CLAIM | {"sigma": {"columns": [0], "at_least": "2"}}, CERTIFICATE),
    "a negative singular value": lambda: (CLAIM | {"sigma": {"columns": [0], "at_least": "-1"}}, CERTIFICATE),
    "other columns": lambda: (CLAIM | {"sigma": {"columns": [], "at_least": "1/5"}}, CERTIFICATE),
    "no points": lambda: (WEAKER | {"points": []}, CERTIFICATE),
    "points of its own": lambda: (WEAKER, CERTIFICATE | {"lower": LOWER | {"points": [["1"]]}}),
    "weights of its own": lambda: (WEAKER, CERTIFICATE | {"lower": LOWER | {"weights": [["1"]]}}),
    "a point at which the tangents vanish": lambda: (WEAKER | {"points": [["0"]]}, CERTIFICATE),
    "two ranks": lambda: (WEAKER | {"model_rank": 0}, CERTIFICATE),
    "true for one": lambda: (WEAKER | {"rank": True}, CERTIFICATE),
    "a float": lambda: (WEAKER | {"points": [[1.0]]}, CERTIFICATE),
    "a float in the inverse": lambda: (WEAKER, CERTIFICATE | {"lower": LOWER | {"inverse": [[1.0]]}}),
    "a string in the inverse": lambda: (WEAKER, CERTIFICATE | {"lower": LOWER | {"inverse": [["1"]]}}),
    "a rational number with a zero below": lambda: (WEAKER | {"points": [["1/0"]]}, CERTIFICATE),
    "a deficiency besides": lambda: (WEAKER, CERTIFICATE | {"deficiency": {"rule": "outputs"}}),
    "no answer": lambda: (WEAKER | {"answer": "no"}, CERTIFICATE | {"deficiency": {"rule": "outputs"}}),
    "a singular value of a no": lambda: (
        WEAKER | {"answer": "no", "rank": 0},
        CERTIFICATE | {"upper": None, "deficiency": {"rule": "outputs"}},
    ),
    "an inverse of 5000 digits": lambda: (WEAKER, CERTIFICATE | {"lower": LOWER | {"inverse": [["N"]]}}),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_guarantees_are_refused(damage: str) -> None:
    claim, certificate = DAMAGED[damage]()
    with pytest.raises((Rejected, Malformed)):
        check(json.dumps(claim), json.dumps(certificate).replace('"N"', "1" + "0" * 5000))


def test_what_was_damaged_is_accepted_as_it_was() -> None:
    assert check(json.dumps(WEAKER), json.dumps(CERTIFICATE)).lower == 1
