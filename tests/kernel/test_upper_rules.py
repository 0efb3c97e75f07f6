"""Upper bounds through another network and through functionals: what certificates may say, and what not."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from llrsym.kernel import annihilators
from llrsym.kernel.annihilators import Equations, Functional
from llrsym.kernel.check import check
from llrsym.kernel.cuts import Cut, coefficients
from llrsym.kernel.domains import Rationals
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.factorisations import factored
from llrsym.kernel.program import Program, size
from llrsym.kernel.rules import UpperCertificate, check_rank_at_most
from llrsym.kernel.run import forward
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import attention, mlp
from llrsym.tangent.annihilators import find_annihilators
from tests.kernel.scenarios import PARAMETERS, documents

SQUARES = mlp(2, 5, 2, 1, activation="power:2", bias=False).program
"""Registers 0 x, 1 W1, 2 W2, 3 W3, 4 z, 5 z^2, 6 two forms of degree two in two variables, 7 squares, 8 f."""
CONIC = mlp(2, 5, 1, activation="power:4", bias="hidden").program
"""Five fourth powers in three homogeneous variables: rank 14, not 15 (Clebsch, Alexander and Hirschowitz)."""


def through(*cuts: Cut, inner: UpperCertificate = PARAMETERS) -> UpperCertificate:
    return UpperCertificate("factorisation", cuts=cuts, inner=inner)


def proves(program: Program, certificate: UpperCertificate, rank: int) -> bool:
    """Whether exactly this rank is proved, also after a round trip through text."""
    statement = check(*documents(program, None, (0, rank), None, certificate))
    with pytest.raises(Rejected, match="the certificate proves"):
        check(*documents(program, None, (0, rank - 1), None, certificate))
    return statement.upper == rank


# Factorisations


def test_the_early_layers_fill_the_quadratic_forms() -> None:
    assert SQUARES.parameter_count == 22
    assert proves(SQUARES, through(Cut(6, (), False)), 3 * 2 + 2)
    assert proves(SQUARES, through(Cut(8, (), False)), 5)
    assert proves(SQUARES, through(Cut(6, (), False), inner=UpperCertificate("ambient")), 5)


def test_a_cut_may_raise_the_bound() -> None:
    assert proves(SQUARES, through(Cut(8, (5,), False)), 10 + 15)


def test_cuts_follow_one_another() -> None:
    """W3 W2 W1 x of widths 3, 2, 3, 2: first W2 W1, then W3 applied to the result."""
    program = mlp(3, 2, 3, 2, activation="identity", bias=False).program
    second = factored(program, [Cut(6, (), False)])
    assert [p.shape for p in second.parameters] == [(2, 3), (3, 3)]
    assert proves(program, through(Cut(6, (), False), Cut(second.output, (), False)), 6)


def test_equal_coefficients_are_one_parameter() -> None:
    """Scores x_s Q K x_t of one head: a tied cut knows that all of them have one matrix Q^T K."""
    program = attention(tokens=4, dim=2, head_dim=3, kind="linear").program
    scores = next(
        register
        for register in range(program.first_equation, program.output)
        if program.shapes[register] == (1, 4, 4)
    )
    assert coefficients(program, Cut(scores, (), True)).count == 4
    assert coefficients(program, Cut(scores, (), False)).count == 12 * 4 + 4 * 3
    assert factored(program, [Cut(scores, (), True)]).parameter_count == 4 + program.parameter_count - 12


@pytest.mark.parametrize(
    "cut", [Cut(6, (), True), Cut(6, (), False), Cut(8, (4,), True), Cut(8, (6,), False)]
)
def test_the_network_after_a_cut_has_the_same_values(cut: Cut) -> None:
    """At weights of a single path, so that the coefficients can be read off: f = c (b (a x)^2)^2."""
    program = mlp(1, 1, 1, 1, activation="power:2", bias=False).program
    a, b, c, x = (Fraction(n) for n in (3, 5, 7, 2))
    weights = {"W1": [a], "W2": [b], "W3": [c]}
    phi = {6: b * a**2, 8: c * b**2 if cut.bases == (4,) else c}[cut.register]
    after = factored(program, [cut])
    known = [weights.get(p.name, [phi]) for p in after.parameters]
    values = forward(after, Rationals(), [x], known).values[after.output]
    assert values == [c * (b * (a * x) ** 2) ** 2]


def test_dependent_coefficients_are_combinations() -> None:
    """(a x + b y)(c x + d y) at (x, y) and (y, x): a d + b c is the sum of the coefficients of x y' + ..."""
    net = Assembly((2,), {"u": (2,), "v": (2,)})
    u, v = (net.einsum("i,i->", net.parameter(n), net.input) for n in "uv")
    product = net.multiply(u, v)
    terms = net.einsum("i,j->ij", net.parameter("u"), net.parameter("v"))
    program = net.finish(
        net.gather([product, net.gather([terms], [1], ()), net.gather([terms], [2], ())], [0, 1, 2], (3,))
    )
    table = coefficients(program, Cut(program.output, (), True))
    assert table.count == 4
    assert [set(row.values()) for row in table.combinations] == [{Fraction(1)}]
    after = factored(program, [Cut(program.output, (), True)])
    numbers = [Fraction(n) for n in (2, 3, 5, 7)]
    values = forward(after, Rationals(), [Fraction(11), Fraction(13)], [numbers]).values[after.output]
    first, second = values[1], values[2]
    squares = set(numbers) - {first, second}
    assert values[0] - (first + second) * 143 in {p * 121 + q * 169 for p in squares for q in squares - {p}}


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (Cut(0, (), False), "register 0 is not computed"),
        (Cut(2, (), False), "register 2 is not computed"),
        (Cut(9, (), False), "register 9 is not computed"),
        (Cut(6, (6,), False), "no different registers before"),
        (Cut(6, (7,), False), "no different registers before"),
        (Cut(6, (1,), False), "no different registers before"),
        (Cut(6, (0,), False), "no different registers before"),
        (Cut(6, (4, 4), False), "no different registers before"),
    ],
)
def test_impossible_cuts_are_rejected(cut: Cut, message: str) -> None:
    with pytest.raises(Rejected, match=message):
        check_rank_at_most(SQUARES, None, through(cut), 22)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", ["tanh", "exp", "rational:1/1,0,1"])
def test_only_polynomials_are_cut(name: str, tied: bool) -> None:
    program = mlp(1, 2, 1, activation=name, bias=False).program
    with pytest.raises(Rejected, match=f"no polynomial because of {name}"):
        check_rank_at_most(program, None, through(Cut(program.output, (), tied)), 4)
    values = program.output - 1
    assert program.equations[values - program.first_equation].primitive == "activation"
    check_rank_at_most(program, None, through(Cut(program.output, (values,), tied)), 2 + 2)


@pytest.mark.parametrize("tied", [True, False])
def test_quotients_are_not_cut(tied: bool) -> None:
    net = Assembly((), {"a": (), "b": ()})
    program = net.finish(net.divide(net.parameter("a"), net.add(net.input, net.parameter("b"))))
    with pytest.raises(Rejected, match="computed by a division"):
        check_rank_at_most(program, None, through(Cut(program.output, (), tied)), 2)


def test_a_cut_that_does_not_matter_is_rejected() -> None:
    net = Assembly((), {"a": (), "b": ()})
    idle = net.multiply(net.parameter("b"), net.input)
    program = net.finish(net.multiply(net.parameter("a"), net.input))
    with pytest.raises(Rejected, match="does not enter the output"):
        check_rank_at_most(program, None, through(Cut(idle, (), False)), 2)


def test_the_inner_certificate_is_another_rule() -> None:
    cut = Cut(6, (), False)
    for inner in (through(cut), UpperCertificate("guess"), None):
        with pytest.raises(Rejected, match="expected the certificate of another rule"):
            check_rank_at_most(SQUARES, None, UpperCertificate("factorisation", cuts=(cut,), inner=inner), 22)
    claim, text = documents(SQUARES, None, (0, 8), None, through(cut))
    document = json.loads(text)
    document["upper"]["inner"] = json.loads(text)["upper"]
    with pytest.raises(Malformed, match="a factorisation inside a factorisation"):
        check(claim, json.dumps(document))


def test_weights_that_are_kept_elsewhere_stay_parameters() -> None:
    """(a b x) and a x as two outputs: the cut frees b alone."""
    net = Assembly((), {"a": (), "b": ()})
    ax = net.multiply(net.parameter("a"), net.input)
    abx = net.multiply(net.multiply(net.parameter("a"), net.parameter("b")), net.input)
    program = net.finish(net.gather([ax, abx], [0, 1], (2,)))
    assert [p.name for p in factored(program, [Cut(abx, (), False)]).parameters] == ["a", f"register {abx}"]


def test_relations_of_the_network_after_a_cut_hold_at_given_weights() -> None:
    weights = tuple((Fraction(0),) * size(p.shape) for p in SQUARES.parameters)
    assert check(*documents(SQUARES, weights, (0, 8), None, through(Cut(6, (), False)))).upper == 8


# Annihilators

Change = Callable[[Equations, Functional], tuple[Equations, Functional]]


@pytest.fixture(scope="module")
def conic() -> UpperCertificate:
    found = find_annihilators(CONIC, 14, "a", lambda: None)
    assert found is not None
    return found


def test_the_square_of_a_conic_is_singular_at_five_points(conic: UpperCertificate) -> None:
    assert proves(CONIC, conic, 14)
    weights = tuple((Fraction(1),) * size(p.shape) for p in CONIC.parameters)
    assert check(*documents(CONIC, weights, (0, 14), None, conic)).upper == 14


def test_without_functionals_the_bound_is_the_number_of_coefficients() -> None:
    assert (
        check(*documents(CONIC, None, (0, 15), None, UpperCertificate("annihilators", prime=4194301))).upper
        == 15
    )


def changed_entry(functional: Functional, number: int, terms: annihilators.Terms) -> Functional:
    entries = list(functional.entries)
    entries[number] = (*entries[number][:2], terms)
    return replace(functional, entries=tuple(entries))


TAMPERED: dict[str, tuple[Change, str]] = {
    "another coefficient": (
        lambda e, f: (e, changed_entry(f, 3, ((Fraction(1), ((25, 2),)),))),
        "no combination of products",
    ),
    "one product less": (lambda e, f: (e, replace(f, products=f.products[1:])), "no combination of products"),
    "a single equation": (lambda e, f: (e, replace(f, products=((Fraction(1), 0, 99),))), "do not exist"),
    "the weights in a functional": (
        lambda e, f: (e, changed_entry(f, 0, ((Fraction(1), ((0, 1),)),))),
        "out of place",
    ),
    "the same entry twice": (
        lambda e, f: (e, replace(f, entries=(*f.entries, f.entries[0]))),
        "entry of a functional is repeated",
    ),
    "a monomial of degree five": (
        lambda e, f: (e, replace(f, entries=((0, ((0, 5),), f.entries[0][2]), *f.entries[1:]))),
        "monomial that does not occur",
    ),
    "no solution": (
        lambda e, f: (replace(e, solution=(e.solution[0] + 1, *e.solution[1:])), f),
        "does not solve the equations",
    ),
    "the zero solution": (lambda e, f: (replace(e, solution=(0,) * 6), f), "functionals are dependent"),
    "an unknown in an equation": (
        lambda e, f: (replace(e, rows=(((((Fraction(1), ((20, 1),)),)), *e.rows[0][1:]), *e.rows[1:])), f),
        "out of place",
    ),
    "an equation twice": (
        lambda e, f: (replace(e, rows=(e.rows[0], e.rows[0], *e.rows[2:])), f),
        "no combination of products|equations are dependent",
    ),
    "an equation too short": (
        lambda e, f: (replace(e, rows=(e.rows[0][1:], *e.rows[1:])), f),
        "one coefficient per unknown",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered_functionals_are_rejected(conic: UpperCertificate, name: str) -> None:
    change, message = TAMPERED[name]
    equations, functional = change(conic.equations[0], conic.functionals[0])
    forged = replace(conic, equations=(equations, *conic.equations[1:]), functionals=(functional,))
    with pytest.raises(Rejected, match=message):
        check_rank_at_most(CONIC, None, forged, 15)


def test_a_functional_counts_once(conic: UpperCertificate) -> None:
    with pytest.raises(Rejected, match="functionals are dependent"):
        check_rank_at_most(CONIC, None, replace(conic, functionals=conic.functionals * 2), 15)


def test_more_equations_than_unknowns_have_no_solution_but_zero(conic: UpperCertificate) -> None:
    """Six points are on no common conic: the double conic through them would prove too small a rank."""
    program = mlp(2, 6, 1, activation="power:4", bias="hidden").program
    assert find_annihilators(program, 14, "a", lambda: None) is None
    with pytest.raises(Rejected):
        check_rank_at_most(program, None, conic, 14)


def test_another_prime_or_seed_needs_another_solution(conic: UpperCertificate) -> None:
    for forged in (replace(conic, seed="b"), replace(conic, prime=4194277), replace(conic, prime=7)):
        with pytest.raises(Rejected):
            check_rank_at_most(CONIC, None, forged, 15)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("functionals", 0, "entries", 0), [0, []], "expected three parts"),
        (("functionals", 0, "products", 0), ["1", 0], "expected three parts"),
        (("functionals", 0, "products", 0), ["1", -1, 0], "product"),
        (("functionals", 0, "entries", 0, 1), [[0, 0]], "positive powers"),
        (("functionals", 0, "entries", 0, 1), [[1, 1], [0, 3]], "increasing"),
        (("equations", 0), {"rows": []}, "solution"),
        (("equations", 0, "solution"), ["1"], "solution"),
    ],
)
def test_malformed_functionals(
    conic: UpperCertificate, place: tuple[str | int, ...], value: object, message: str
) -> None:
    claim, text = documents(CONIC, None, (0, 14), None, conic)
    document = json.loads(text)
    part = document["upper"]
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(Malformed, match=message):
        check(claim, json.dumps(document))


@pytest.mark.parametrize("change", [{"tied": 1}, {"register": -1}, {"bases": 3}, {"more": 1}])
def test_malformed_cuts(change: dict[str, object]) -> None:
    claim, text = documents(SQUARES, None, (0, 8), None, through(Cut(6, (), False)))
    document = json.loads(text)
    document["upper"]["cuts"][0] |= change
    with pytest.raises(Malformed):
        check(claim, json.dumps(document))
