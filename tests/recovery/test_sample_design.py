"""Designs of samples: known sizes, certificates, candidates, and every refusal with its reason."""

import json
from fractions import Fraction

import numpy as np
import pytest

import llrsym as ll
from llrsym.domains.multiprecision import approx_jacobian_mp, approx_rank_mp
from llrsym.errors import BadInput, OutOfBudget
from llrsym.networks.weights import exact_weights
from llrsym.recovery.candidates import draw_pool, read_box
from llrsym.recovery.data import Data, read_data, write_csv
from llrsym.recovery.design_result import Design
from llrsym.recovery.sample_design import sample_design


def random_weights(network, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return {name: scale * rng.normal(size=shape) for name, shape, _ in network.layers}


DEEP_LINEAR = ll.mlp(4, 2, 2, activation="identity", bias=False)
SMALL = ll.mlp(2, 4, 1)
AT = random_weights(SMALL)


@pytest.mark.parametrize(
    ("network", "weights", "needed", "rank"),
    [
        (SMALL, AT, 17, 17),
        (ll.mlp(2, 4, 3), random_weights(ll.mlp(2, 4, 3)), 9, 27),
        (ll.mlp(2, 3, 1, activation="power:2", bias=False), None, 3, 3),
        (ll.mlp(2, 3, 1, activation="erf"), None, 13, 13),
        (ll.conv(input=(6,), kernel=(3,), channels=(2,)), None, 14, 14),
        (DEEP_LINEAR, {"W1": [[1, 2, 3, 4], [2, 4, 6, 8]], "W2": [[1, 1], [1, 1]]}, 4, 5),
        (ll.attention(tokens=3, dim=2, head_dim=2, heads=1), None, 2, 8),
        (ll.mlp(1, 3, 1, bias=False), {"W1": [[1], [2], [3]], "W2": [[1, 0, 0]]}, 4, 4),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else getattr(value, "text", ""),
)
@pytest.mark.parametrize("method", ["pivot", "d-optimal"])
def test_the_least_number_of_samples(network, weights, needed, rank, method):
    weights = weights or random_weights(network)
    design = sample_design(network, at=weights, method=method)
    assert (design.answer, design.verdict, design.exit_code()) == ("yes", "proved", 0)
    assert (design.n, design.samples_lower, design.samples_upper) == (needed,) * 3
    assert (design.model_rank_lower, design.model_rank_upper) == (rank, rank)
    assert sum(choice.new for choice in design.choices) == rank
    # Independently: the rank with many digits, and that a point less is not enough.
    points = design.data.points
    values = exact_weights(network, weights)
    assert approx_rank_mp(approx_jacobian_mp(network.program, values, points, 80), 80) == rank
    assert approx_rank_mp(approx_jacobian_mp(network.program, values, points[1:], 80), 80) < rank


def test_points_that_double_precision_cannot_tell_apart():
    network = ll.mlp(2, 6, 1)
    weights = random_weights(network, scale=0.05)
    design = sample_design(network, at=weights)
    assert (design.answer, design.n) == ("yes", 25)
    assert design.bits > 53
    assert design.visible_rank == 25
    assert design.evaluated < design.candidates
    assert 0 < design.guarantee.sigma_min < Fraction(1, 10**10)


def test_d_optimal_points_have_a_larger_volume():
    pivot, exchanged = (sample_design(SMALL, at=AT, method=method) for method in ("pivot", "d-optimal"))
    volumes = [np.prod([choice.volume for choice in design.choices]) for design in (pivot, exchanged)]
    growth = np.prod([exchange.volume for exchange in exchanged.exchanges])
    assert exchanged.exchanges
    assert volumes[1] == pytest.approx(growth * volumes[0], rel=1e-6)
    assert pivot.exchanges == ()


def test_more_points_than_needed_and_fewer():
    more = sample_design(SMALL, at=AT, n=30)
    assert (more.n, more.answer, more.samples_lower, more.samples_upper) == (30, "yes", 17, 17)
    assert [choice.new for choice in more.choices] == [1] * 17 + [0] * 13
    assert all(choice.volume > 1 for choice in more.choices[17:])
    fewer = sample_design(SMALL, at=AT, n=16)
    assert (fewer.n, fewer.answer, fewer.exit_code()) == (16, "no", 0)
    assert "16 different samples give 16 equations" in str(fewer)


def test_other_weights_may_need_fewer_samples():
    network = ll.mlp(1, 3, 1, bias=False)
    design = sample_design(network, at={"W1": [[1], [2], [3]], "W2": [[1, 0, 0]]})
    assert (design.n, design.optimistic.samples) == (4, 2)
    assert "other weights with this function need fewer samples" in str(design)
    narrow = ll.mlp(1, 1, 1, bias=False)
    embedded = sample_design(network, target=narrow, target_weights={"W1": [[1]], "W2": [[1]]})
    assert (embedded.n, embedded.answer, embedded.optimistic.samples) == (2, "yes", 2)
    assert embedded.target == narrow.text
    assert "at the embedded weights of mlp(1, 1, 1" in str(embedded)


def test_a_degenerate_target_needs_fewer_samples_than_its_embedding():
    wide, narrow = ll.mlp(1, 3, 1, bias=False), ll.mlp(1, 2, 1, bias=False)
    design = sample_design(wide, target=narrow, target_weights={"W1": [[1], [2]], "W2": [[1, 0]]})
    assert (design.n, design.samples_lower, design.optimistic.samples) == (3, 3, 2)


def test_certificates(tmp_path):
    wide, narrow = ll.mlp(2, 3, 1), ll.mlp(2, 1, 1)
    weights = {"W1": [[1, 2]], "b1": [0.5], "W2": [[2]], "b2": [1]}
    folder = tmp_path / "proof"
    design = sample_design(wide, target=narrow, target_weights=weights, certificate=folder)
    assert design.certificate == str(folder)
    statements = {
        claim.parent.name: ll.verify(
            claim.read_text(encoding="utf-8"),
            claim.with_name("certificate.json").read_text(encoding="utf-8"),
        ).text
        for claim in folder.rglob("claim.json")
    }
    assert sorted(statements) == ["embedding", "guarantee", "optimistic"]
    assert (
        "those of the 5 points where the network is defined has the model rank 5" in statements["guarantee"]
    )
    claim = json.loads((folder / "guarantee" / "claim.json").read_text(encoding="utf-8"))
    assert (claim["answer"], len(claim["points"]), claim["model_rank"]) == ("yes", design.n, 5)


def test_written_points_carry_the_guarantee(tmp_path):
    design = sample_design(SMALL, at=AT, distribution="normal")
    write_csv(tmp_path / "x.csv", design.data)
    again = ll.llr_guarantee(SMALL, at=AT, data=tmp_path / "x.csv")
    assert (again.answer, again.sigma_min) == ("yes", design.guarantee.sigma_min)
    data = read_data(tmp_path / "x.csv")
    assert ll.llr_guarantee(SMALL, at=AT, data=data.subset(range(16))).answer == "no"


def test_runs_with_one_seed_agree():
    first, again, other = (sample_design(SMALL, at=AT, seed=seed).data.points for seed in (1, 1, 2))
    assert first == again
    assert first != other


# --- candidates ---


def test_points_are_chosen_among_the_candidates(tmp_path):
    rng = np.random.default_rng(1)
    table = np.column_stack([np.arange(50), rng.normal(size=(50, 2))])
    table[7] = table[3]  # an equal row is no further candidate
    path = tmp_path / "x.csv"
    np.savetxt(path, table, delimiter=",", header="id,a,b", comments="")
    design = sample_design(SMALL, at=AT, candidates=path, columns="a,b")
    assert (design.answer, design.n, design.candidates, design.data.names) == ("yes", 17, 49, ("a", "b"))
    chosen = [choice.row for choice in design.choices]
    assert tuple(chosen) == design.data.rows
    exact = [tuple(Fraction(v) for v in table[row - 2][1:]) for row in chosen]  # row 1 holds the names
    assert list(design.data.points) == exact
    assert f"49 different candidates of {path}" in str(design)


def test_candidates_that_cannot_carry_a_guarantee():
    few = sample_design(SMALL, at=AT, candidates=np.random.default_rng(0).normal(size=(10, 2)))
    assert (few.n, few.answer, few.visible_rank) == (10, "no", 10)
    line = np.random.default_rng(0).normal(size=(40, 1)) * np.ones((1, 2))
    design = sample_design(SMALL, at=AT, candidates=line)
    assert (design.n, design.answer) == (17, "no")
    assert design.visible_rank <= 13
    assert "lie in an affine subspace" in str(design)


def test_candidates_where_a_tangent_function_overflows_are_left_out():
    network, weights = ll.mlp(1, 1, 1, activation="exp", bias=False), {"W1": [[1]], "W2": [[1]]}
    design = sample_design(network, at=weights, candidates=[[0.0], [1.0], [1e6]])
    assert (design.candidates, design.evaluated) == (3, 2)
    assert sorted(design.data.points) == [(0,), (1,)]


@pytest.mark.parametrize(
    ("box", "sides"),
    [
        (None, [(-1, 1), (-1, 1)]),
        ("0,1/3", [(0, Fraction(1, 3))] * 2),
        ("-1, 1; 0.1,2", [(-1, 1), (Fraction(0.1), 2)]),
        ((0, 2), [(0, 2)] * 2),
        ([(0, 2), (3, 3)], [(0, 2), (3, 3)]),
        (np.array([[0, 2], [5, 6]]), [(0, 2), (5, 6)]),
    ],
    ids=str,
)
def test_boxes(box, sides):
    assert read_box(box, 2) == tuple(sides)
    points = draw_pool(ll.mlp(2, 1, 1), box, None, 64, 0).data.points
    assert len(points) == 64 == len(set(points))
    for coordinate, (low, high) in zip(zip(*points, strict=True), sides, strict=True):
        assert low <= min(coordinate) <= max(coordinate) <= high
        if low < high:
            assert max(coordinate) - min(coordinate) > Fraction(9, 10) * (high - low)
            assert all(v.denominator & (v.denominator - 1) == 0 for v in coordinate)
            assert len({v.denominator for v in coordinate}) <= 17


def test_a_box_in_a_file(tmp_path):
    path = tmp_path / "box.csv"
    path.write_text("least,greatest\n0,1\n-2,3\n", encoding="utf-8")
    assert read_box(str(path), 2) == ((0, 1), (-2, 3))


def test_distributions():
    sphere = draw_pool(ll.mlp(4, 1, 1), None, "sphere", 256, 0).data
    assert all(sum(v * v for v in point) == 1 for point in sphere.points)
    assert np.abs(sphere.array.mean(axis=0)).max() < 0.1
    assert np.allclose((sphere.array**2).mean(axis=0), 1 / 4, atol=0.05)
    normal = draw_pool(ll.mlp(4, 1, 1), None, "normal", 1024, 0).data
    assert np.abs(normal.array.mean(axis=0)).max() < 0.05
    assert np.allclose(normal.array.std(axis=0), 1, atol=0.05)
    assert max(v.denominator for point in normal.points for v in point) <= 1024
    two = draw_pool(ll.mlp(1, 1, 1), None, "sphere", 16, 0).data.points
    assert sorted(two) == [(-1,), (1,)]


def test_on_the_sphere_a_homogeneous_network_loses_no_rank():
    network = ll.mlp(2, 3, 1, activation="power:2", bias=False)
    design = sample_design(network, at=random_weights(network), distribution="sphere")
    assert (design.answer, design.n) == ("yes", 3)


# --- refusals and budgets ---


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"method": "best"}, "no method 'best'; choose pivot or d-optimal"),
        ({"n": 0}, "n is 0; give a positive number"),
        ({"n": 2.5}, "n is 2.5"),
        ({"n": 5, "candidates": [[0, 1], [1, 0]]}, "n is 5, but there are only 2 different candidates"),
        ({"candidates": [[0, 1]], "box": (0, 1)}, "candidates cannot be combined with a box"),
        ({"candidates": [[0, 1]], "distribution": "normal"}, "candidates cannot be combined"),
        ({"candidates": [[0, 1, 2]]}, "expected 2 columns, got 3"),
        ({"distribution": "cauchy"}, "no distribution 'cauchy'; choose uniform, normal, sphere"),
        ({"distribution": "normal", "box": (0, 1)}, "a box cannot be combined with the distribution normal"),
        ({"box": "1,0"}, "the side from 1 to 0 is empty"),
        ({"box": "a,b"}, "'a' is no number"),
        ({"box": "1,2,3"}, "expected one pair of numbers or 2, got 1 rows of 3"),
        ({"box": [(0, 1)] * 3}, "expected one pair of numbers or 2, got 3 rows"),
        ({"box": (0, float("inf"))}, "box: row 1, column '2' is infinite"),
        ({"box": "none.csv"}, "box: none.csv cannot be read"),
        ({"target": SMALL}, "give either weights of the network, or a target and its weights"),
        ({"at": None}, "give either weights"),
        ({"at": None, "target": SMALL}, "give either weights"),
        ({"at": {"W1": 1}}, "b1 is missing"),
    ],
    ids=str,
)
def test_refusals(options, reason):
    with pytest.raises(BadInput, match=reason):
        sample_design(SMALL, **({"at": AT} | options))


def test_a_network_without_inputs_has_no_points_to_choose():
    network = ll.matrix_factorization(rows=2, inner=1, cols=2)
    with pytest.raises(BadInput, match="has no inputs, so there are no points to choose"):
        sample_design(network, at=random_weights(network))


def test_out_of_budget_says_what_is_known():
    with pytest.raises(OutOfBudget) as stop:
        sample_design(SMALL, at=AT, budget=1e-9)
    design = stop.value.verdict
    assert isinstance(design, Design)
    assert (design.answer, design.data, design.exit_code()) == (None, None, 3)
    assert design.lower <= 17 <= design.upper
    assert "not settled" in str(design)
    with pytest.raises(OutOfBudget) as stop:
        sample_design(SMALL, at=AT, progress=_Slow(), budget=60)
    assert (stop.value.verdict.samples_lower, stop.value.verdict.n) == (17, 0)


class _Slow:
    """Lets the clock run out when the candidates are evaluated."""

    def __call__(self, message):
        if message.startswith("tangent functions"):
            raise OutOfBudget(Design(**EMPTY))


EMPTY = {"network": "", "target": None, "parameters": 0, "outputs": 1, "method": "pivot", "seed": 0}
EMPTY["samples_upper"] = 0


def test_a_design_is_no_truth_value_and_its_bounds_are_ordered():
    with pytest.raises(TypeError, match="no truth value"):
        bool(Design(**EMPTY))
    with pytest.raises(ValueError, match="expected 0 <= lower <= upper, got 2 and 0"):
        Design(**EMPTY, samples_lower=2)


def test_coordinates_that_are_no_doubles_are_written_as_quotients():
    data = Data(((Fraction(1, 3), Fraction(1, 2)), (Fraction(10**400), Fraction(7))), ("a", "b"), (1, 2))
    points = Design(**EMPTY, data=data).to_json_dict()["points"]
    assert points == [["1/3", 0.5], [str(10**400), 7]]
