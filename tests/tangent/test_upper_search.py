"""The searches behind upper bounds: cuts, relations of degree two, functionals."""

import pytest

from llrsym.errors import OutOfBudget
from llrsym.kernel.program import Program
from llrsym.kernel.rules import check_rank_at_most
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import attention, gated, mlp, residual
from llrsym.networks.network import Network
from llrsym.tangent.annihilators import find_annihilators, find_secant
from llrsym.tangent.factorisation import find_factorisations
from llrsym.tangent.graded import find_graded_symmetries
from llrsym.tangent.rank import model_rank


def silent() -> None:
    return None


def products(*sizes: int, terms: int) -> Program:
    """The sum over k of the products over j of w_jk . x_j."""
    net = Assembly((sum(sizes),), {f"w{j}": (terms, n) for j, n in enumerate(sizes)})
    total, start = None, 0
    for j, n in enumerate(sizes):
        part = net.gather([net.input], range(start, start + n), (n,))
        factor = net.einsum("kn,n->k", net.parameter(f"w{j}"), part)
        total, start = factor if total is None else net.multiply(total, factor), start + n
    assert total is not None
    return net.finish(net.einsum("k,k->", net.constant([1] * terms, (terms,)), total))


@pytest.mark.parametrize(
    ("network", "rank", "parameters"),
    [
        (mlp(2, 9, 3, 2, activation="power:2", bias=False), 10, 2 * 5),
        (mlp(6, 5, 4, 5, 6, activation="identity", bias=False), 32, 4 * 6 + 6 * 4),
        (attention(tokens=3, dim=2, heads=2, head_dim=2, kind="linear"), 12, 12),
    ],
    ids=["squares", "linear", "attention"],
)
def test_cuts_that_save_parameters_are_found(network: Network, rank: int, parameters: int) -> None:
    found = [f.program.parameter_count for f in find_factorisations(network.program, rank, "0", silent)]
    assert min(found) == parameters


def test_a_network_without_polynomial_layers_has_no_cuts() -> None:
    program = mlp(2, 3, 3, 1, activation="tanh").program
    assert list(find_factorisations(program, program.parameter_count, "0", silent)) == []


def test_cuts_never_lower_the_rank_that_is_seen() -> None:
    """With a rank that is too small nothing is found, because g always has at least the rank of f."""
    program = mlp(2, 9, 3, 2, activation="power:2", bias=False).program
    assert list(find_factorisations(program, 9, "0", silent)) == []


def test_relations_of_degree_two() -> None:
    """sum a_j (u_j.x)(v_j.x) is a quadratic form of rank four: 26 weights, 18 dimensions."""
    network = gated(inputs=6, hidden=2, outputs=1, activation="identity")
    found = list(find_graded_symmetries(network.program, "0", 8, silent))
    assert len(found) == 8
    assert any("quadratic" in relation.name for relation in found)
    assert all(relation.relation for relation in found)


def test_relations_that_mix_degrees() -> None:
    """sum a_j (z_j + z_j^2), z_j = w_j.x + b_j: shifts by 1/2 make the scales of squares inhomogeneous."""
    program = mlp(3, 2, 1, activation="rational:0,1,1", bias="hidden").program
    assert len(list(find_graded_symmetries(program, "0", 5, silent))) == 2


def test_no_more_relations_than_there_are() -> None:
    program = mlp(2, 3, 1, activation="tanh", bias=False).program
    assert list(find_graded_symmetries(program, "0", 3, silent)) == []


def test_secants_of_monomial_maps() -> None:
    secant = find_secant(products(2, 3, terms=4))
    assert secant is not None
    assert (len(secant.points), len(secant.monomials)) == (4, 6)
    assert sorted(map(len, secant.classes)) == [2, 3]
    assert find_secant(mlp(2, 3, 2, 1, activation="power:2", bias=False).program) is None
    assert find_secant(mlp(2, 3, 1, activation="tanh", bias=False).program) is None


@pytest.mark.parametrize(
    ("program", "rank"),
    [
        (mlp(4, 9, 1, activation="power:4", bias=False).program, 34),
        (mlp(3, 5, 2, activation="power:3", bias=False).program, 19),
        (products(2, 2, 2, 2, terms=3), 14),
    ],
    ids=["Alexander-Hirschowitz", "Segre-Veronese", "Segre"],
)
def test_defects_explained_by_products_of_forms(program: Program, rank: int) -> None:
    certificate = find_annihilators(program, rank, "0", silent)
    assert certificate is not None
    assert check_rank_at_most(program, None, certificate, rank) == []
    assert find_annihilators(program, rank - 1, "0", silent) is None


def test_no_functionals_where_the_secant_has_the_expected_dimension() -> None:
    assert find_annihilators(mlp(3, 4, 1, activation="power:4", bias=False).program, 11, "0", silent) is None


@pytest.mark.parametrize(
    ("network", "rank"),
    [
        (residual(width=3, blocks=2, hidden=(1, 1), activation="identity", bias=False), 8),
        (mlp(4, 8, 9, activation="power:2", bias=False), 88),
        (mlp(2, 5, 3, 3, 1, activation="power:2", bias=False), 9),
    ],
    ids=["residual", "unbalanced", "filled"],
)
def test_both_bounds_meet_in_a_certificate(network: Network, rank: int, tmp_path: object) -> None:
    verdict = model_rank(network, certificate=str(tmp_path), budget=60)
    assert (verdict.lower, verdict.upper) == (rank, rank)
    assert verdict.certificate is not None


def test_the_search_for_cuts_respects_the_budget() -> None:
    network = attention(tokens=3, dim=4, heads=4, head_dim=4, kind="linear")
    with pytest.raises(OutOfBudget):
        model_rank(network, budget=0.0)
