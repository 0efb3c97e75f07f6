"""Published formulas: the counterexamples that are known, found by the search, and formulas that are true."""

import dataclasses

import pytest

import llrsym as ll
from llrsym.bounds.claim_cases import Case, smaller_cases
from llrsym.bounds.claim_sizes import sizes_of
from llrsym.bounds.counterexamples import needs_every_neuron, trials
from llrsym.bounds.special_targets import as_arrays, special_targets
from llrsym.bounds.target_properties import COINCIDE, CONSTANT, SPARSE, ZERO_READ_OUT, properties_of
from llrsym.errors import BadInput
from llrsym.networks.weights import exact_weights
from llrsym.verification import verify_paths

BOTH = "no two padded neurons coincide up to sign and no position is dead"
SHIFTS = {"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 7]]}
SQUARE_SHIFTS = {"K": [[[1, 0], [0, 0]], [[0, 1], [0, 0]]], "a": [[[2, 3], [5, 7]], [[11, 13], [17, 19]]]}


def line(d, s, k, **options):
    return ll.conv(input=(d,), kernel=(s,), channels=(k,), **options)


def square(d, s, k, **options):
    return ll.conv(input=(d, d), kernel=(s, s), channels=(k,), **options)


def found(verdict, *properties):
    """The counterexample with these properties: its weights, what the formula says, and what is true."""
    (example,) = [e for e in verdict.counterexamples if e.properties == properties]
    assert example.bound.verdict == "proved"
    return example.weights, example.value, example.bound.samples


# network, target, formula, smallest target at which kernels are shifts, formula there, truth
PUBLISHED = {
    "shared, 1-D": (line(5, 3, 3), line(5, 3, 2), "k*(s+L)", SHIFTS, 8, 7),
    "shared, 2-D": (square(3, 2, 3), square(3, 2, 2), "k*(s^2+(d+1-s)^2)", SQUARE_SHIFTS, 16, 14),
    "no sharing, 1-D": (line(4, 3, 3, shared=False), line(4, 3, 2), "(s+1)*k*(d+1-s)", SHIFTS, 12, 9),
    "no sharing, 2-D": (
        square(3, 2, 2, shared=False),
        square(3, 2, 2),
        "(s^2+1)*k*(d+1-s)^2",
        SQUARE_SHIFTS,
        40,
        30,
    ),
    "fully connected, 1-D": (ll.mlp(4, 20, 1, bias=False), line(4, 2, 2), "(d+1)*k*L", SHIFTS, 16, 12),
    "fully connected, 2-D": (
        ll.mlp(9, 9, 1, bias=False),
        square(3, 2, 2),
        "(D+1)*k*L",
        SQUARE_SHIFTS,
        80,
        60,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_kernels_that_are_shifts_of_one_another_refute_the_published_formula(name):
    network, target, formula, weights, says, truth = PUBLISHED[name]
    verdict = ll.bound_claim(network, target=target, formula=formula)
    assert (verdict.verdict, verdict.exit_code()) == ("refuted", 1)
    assert verdict.bound.samples == verdict.value, "almost every target obeys the formula"
    assert found(verdict, COINCIDE) == (weights, says, truth)
    assert verdict.repairs[0].formula == formula
    assert verdict.repairs[0].hypothesis == BOTH
    assert verdict.repairs[0].targets > 50


def test_dead_positions_refute_the_formula_of_shared_kernels_without_a_coincidence():
    verdict = ll.bound_claim(line(4, 3, 2), target=line(4, 3, 2), formula="k*(s+L)")
    weights = {"K": [[1, 0, 0], [0, 0, 1]], "a": [[0, 3], [5, 7]]}
    assert found(verdict, ZERO_READ_OUT) == (weights, 10, 9)


@pytest.mark.parametrize(
    ("network", "repaired"),
    [
        (line(4, 2, 2, shared=False), "(S+1)*(k*L-n_dead)"),
        (ll.mlp(4, 8, 1, bias=False), "(D+1)*(k*L-n_dead)"),
    ],
)
def test_without_sharing_dead_positions_are_subtracted(network, repaired):
    plain = repaired.replace("-n_dead", "")
    verdict = ll.bound_claim(network, target=line(4, 2, 2), formula=plain)
    assert ZERO_READ_OUT in {name for e in verdict.counterexamples for name in e.properties}
    assert [(r.formula, r.hypothesis) for r in verdict.repairs][1:] == [
        (repaired, "no two padded neurons coincide up to sign")
    ]
    # With n_dead in the formula coincidences are all that is left to exclude.
    second = ll.bound_claim(network, target=line(4, 2, 2), formula=repaired)
    assert [example.properties for example in second.counterexamples] == [(COINCIDE,)]
    assert second.repairs[0].hypothesis == "no two padded neurons coincide up to sign"


def test_a_formula_in_numbers_is_about_these_sizes_only():
    small, large = line(3, 2, 2), line(3, 2, 3)
    verdict = ll.bound_claim(large, target=small, formula="8")
    assert found(verdict, COINCIDE) == (SHIFTS, 8, 7)
    assert verdict.searched_sizes == 1
    assert ll.bound_claim(line(2, 2, 3), target=line(2, 2, 2), formula="6").verdict == "proved"


@pytest.mark.parametrize(
    ("bias", "formula", "target", "says", "truth"),
    [("hidden", "k*(d+2)", {"W1": [[0]], "b1": [1], "W2": [[2]]}, 3, 2)],
)
def test_a_constant_part_refutes_the_count_of_hidden_biases_alone(bias, formula, target, says, truth):
    verdict = ll.bound_claim(ll.mlp(3, 4, 1, bias=bias), target=ll.mlp(3, 2, 1, bias=bias), formula=formula)
    assert found(verdict, CONSTANT) == (target, says, truth)
    assert verdict.repairs[0].hypothesis == "no neuron is constant"


def test_a_formula_that_fails_at_almost_every_target():
    verdict = ll.bound_claim(ll.mlp(3, 4, 1), target=ll.mlp(3, 2, 1), formula="k*(d+1)")
    (example,) = verdict.counterexamples
    assert (example.value, example.bound.samples, example.weights, example.properties) == (8, 11, None, ())
    assert verdict.searched == 0


def test_the_zero_coefficients_of_a_diagonal_network():
    verdict = ll.bound_claim(ll.diagonal(3), target=ll.diagonal(3), formula="d")
    assert [e.properties for e in verdict.counterexamples] == [(SPARSE,)]
    assert ll.bound_claim(ll.diagonal(3), target=ll.diagonal(3), formula="k").verdict == "proved"


TRUE = {
    "k*(d+1)": (ll.mlp(4, 5, 1, bias=False), ll.mlp(4, 3, 1, bias=False)),
    "k*(d+2)+1": (ll.mlp(4, 5, 1), ll.mlp(4, 3, 1)),
    "k1*(d+1)+k2*(k1+1)+k2+1": (ll.mlp(3, 4, 4, 1), ll.mlp(3, 2, 2, 1)),
    "M_narrow": (ll.mlp(3, 4, 4, 1, bias=False), ll.mlp(3, 2, 1, 1, bias=False)),
    "d+L-1": (ll.mlp(5, 4, 4, 1, bias=False), ll.mlp(5, 1, 1, 1, bias=False)),
    "r*(rows+cols-r)": (
        ll.matrix_factorization(rows=4, inner=4, cols=3),
        ll.matrix_factorization(rows=4, inner=2, cols=3),
    ),
    "k*d-k*(k-1)/2": (
        ll.mlp(4, 5, 1, activation="power:2", bias=False),
        ll.mlp(4, 3, 1, activation="power:2", bias=False),
    ),
    "d": (
        ll.mlp(3, 4, 4, 2, activation="identity", bias=False),
        ll.mlp(3, 2, 2, 2, activation="identity", bias=False),
    ),
    "(s+2)*(L-n_dead)+1": (line(3, 2, 1, shared=False, bias=True), line(3, 2, 1, bias=True)),
}


@pytest.mark.parametrize("formula", TRUE)
def test_true_formulas_survive_the_search(formula):
    network, target = TRUE[formula]
    verdict = ll.bound_claim(network, target=target, formula=formula)
    assert (verdict.verdict, verdict.at, verdict.exit_code()) == ("proved", "almost every", 0)
    assert verdict.searched > 20
    expected = f"proved for almost every target; no counterexample among {verdict.searched} targets searched"
    assert verdict.statement == expected


# One given target


def test_a_formula_at_given_weights():
    net = line(3, 2, 2)
    verdict = ll.bound_claim(net, target=net, formula="k*(s+L)", weights=SHIFTS)
    assert (verdict.verdict, verdict.value, verdict.bound.samples, verdict.at) == ("refuted", 8, 7, "given")
    assert verdict.counterexamples[0].properties == (COINCIDE,)
    other = {**SHIFTS, "K": [[1, 0], [0, 2]]}
    accepted = ll.bound_claim(net, target=net, formula="k*(s+L)", weights=other)
    assert (accepted.verdict, accepted.exit_code(), accepted.note) == ("proved", 0, "")


def test_a_function_that_needs_fewer_neurons_is_named():
    net = ll.mlp(1, 2, 1, bias=False)
    weights = {"W1": [[1], [-1]], "W2": [[2, 3]]}
    verdict = ll.bound_claim(net, target=net, formula="k*(d+1)", weights=weights)
    assert (verdict.verdict, verdict.value, verdict.bound.samples) == ("refuted", 4, 2)
    assert "fewer neurons" in verdict.note


def test_dead_positions_of_given_weights_have_a_name():
    weights = {"K": [[1, 2], [3, 5]], "a": [[0, 3], [5, 7]]}
    net, free = line(3, 2, 2), line(3, 2, 2, shared=False)
    verdict = ll.bound_claim(free, target=net, formula="(S+1)*(k*L-n_dead)", weights=weights)
    assert (verdict.verdict, verdict.value, dict(verdict.sizes)["n_dead"]) == ("proved", 9, 1)


# What the answers rest on


def test_every_counterexample_is_certified(tmp_path):
    net = line(4, 3, 2)
    verdict = ll.bound_claim(net, target=net, formula="k*(s+L)", certificate=tmp_path)
    folders = [example.bound.certificate for example in verdict.counterexamples]
    assert folders == [str(tmp_path / f"counterexample-{n}") for n in (1, 2)]
    checks = verify_paths(tmp_path)
    assert [check.accepted for check in checks] == [True] * 3
    assert "minimal model rank = 7, optimistic sample size = 7, for the given target" in checks[1].message


def test_counterexamples_agree_with_the_exact_rank_engine():
    """Each value is an upper bound from a parameter of that rank, below what the formula says."""
    rank = ll.model_rank(line(3, 2, 2), at=SHIFTS)
    assert rank.interval == "= 7"
    rank = ll.model_rank(square(3, 2, 2), at=SQUARE_SHIFTS)
    assert rank.interval == "= 14"
    dead = {"K": [[1, 0, 0], [0, 0, 1]], "a": [[0, 3], [5, 7]]}  # 3 tanh x2 + 5 tanh x3 + 7 tanh x4
    moved = {"K": [[0, 1, 0], [0, 0, 1]], "a": [[3, 5], [0, 7]]}
    assert ll.model_rank(line(4, 3, 2), at=dead).interval == "= 10"
    assert ll.model_rank(line(4, 3, 2), at=moved).interval == "= 9"


@pytest.mark.parametrize(
    ("weights", "needed"),
    [
        (SHIFTS, True),
        ({"K": [[1, 0], [2, 0]], "a": [[2, 3], [5, 7]]}, True),
        ({"K": [[1, 0], [-1, 0]], "a": [[2, 3], [5, 7]]}, False),  # one kernel, read-out 2 - 5, 3 - 7
        ({"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 0]]}, False),  # 2 tanh x1 + 8 tanh x2
        ({"K": [[1, 2], [3, 4]], "a": [[2, 3], [0, 0]]}, False),
        ({"K": [[0, 0], [3, 4]], "a": [[2, 3], [5, 7]]}, False),
    ],
)
def test_which_targets_need_both_kernels(weights, needed):
    net = line(3, 2, 2)
    assert needs_every_neuron(net.model, exact_weights(net, weights)) is needed


@pytest.mark.parametrize(
    ("net", "weights", "needed"),
    [
        (ll.mlp(1, 1, 1), {"W1": [[0]], "b1": [1], "W2": [[1]], "b2": [0]}, False),
        (ll.mlp(1, 1, 1, bias="hidden"), {"W1": [[0]], "b1": [1], "W2": [[1]]}, True),
        (ll.mlp(1, 1, 1, bias="hidden"), {"W1": [[0]], "b1": [0], "W2": [[1]]}, False),
        (ll.mlp(1, 1, 1, 1, bias=False), {"W1": [[1]], "W2": [[1]], "W3": [[0]]}, False),
        (ll.mlp(1, 1, 1, 1, bias=False), {"W1": [[1]], "W2": [[1]], "W3": [[1]]}, True),
        (
            ll.matrix_factorization(rows=2, inner=1, cols=2),
            {"A": [[0], [0]], "B": [[1, 1]]},
            False,
        ),
        (
            ll.mlp(2, 1, 2, activation="identity", bias=False),
            {"W1": [[1, 1]], "W2": [[0], [0]]},
            False,
        ),
    ],
)
def test_which_targets_need_their_only_neuron(net, weights, needed):
    assert needs_every_neuron(net.model, exact_weights(net, weights)) is needed


@pytest.mark.parametrize(
    ("net", "weights", "properties"),
    [
        (line(3, 2, 2), SHIFTS, {COINCIDE}),
        (line(3, 2, 2), {**SHIFTS, "a": [[2, 0], [5, 7]]}, {COINCIDE, ZERO_READ_OUT}),
        (line(3, 2, 2), {**SHIFTS, "K": [[1, 0], [0, -1]]}, {COINCIDE}),
        (line(3, 2, 2), {**SHIFTS, "K": [[1, 0], [0, 2]]}, set()),
        (line(3, 2, 1), {"K": [[0, 0]], "a": [[1, 1]]}, {COINCIDE, CONSTANT}),
        (ll.mlp(1, 2, 1), {"W1": [[1], [-1]], "b1": [1, 1], "W2": [[1, 1]], "b2": [0]}, set()),
        (ll.diagonal(2), {"u": [[1, 1], [0, 1]]}, {SPARSE}),
    ],
)
def test_properties_of_targets(net, weights, properties):
    assert properties_of(net.model, exact_weights(net, weights)) == properties


def test_special_targets_are_the_same_every_time_and_fit_their_network():
    for net in (line(3, 2, 2, bias=True), ll.mlp(2, 2, 2, 1), ll.diagonal(2), square(2, 1, 1, shared=False)):
        first = list(special_targets(net.model))
        assert first == list(special_targets(net.model))
        assert all(exact_weights(net, as_arrays(net.model, weights)) == weights for weights in first)


def test_smaller_cases_are_not_larger_and_come_smallest_first():
    case = Case(line(4, 3, 3).model, line(4, 3, 2).model)
    cases = smaller_cases(case)
    counts = [sizes_of(c.wide, c.target)["M"] for c in cases]
    assert counts == sorted(counts)
    assert case in cases
    assert all(c.target.channels <= 2 and c.target.input <= (4,) and c.target.kernel <= (3,) for c in cases)
    assert all(trial.case in cases for trial in trials(cases[:3]))


def test_named_sizes():
    sizes = sizes_of(line(5, 2, 4).model, line(5, 2, 3).model)
    assert sizes == {
        "M": 24,
        "M_narrow": 18,
        "d": 5,
        "s": 2,
        "D": 5,
        "S": 2,
        "L": 4,
        "c": 1,
        "k": 3,
        "m": 4,
        "n_dead": 0,
    }
    sizes = sizes_of(ll.mlp(2, 5, 6, 1).model, ll.mlp(2, 3, 4, 1).model)
    assert sizes == {"M": 58, "M_narrow": 30, "d": 2, "c": 1, "L": 3, "k1": 3, "k2": 4, "m1": 5, "m2": 6}
    rectangle = ll.conv(input=(4, 6), kernel=(2, 3), channels=(1,)).model
    sizes = sizes_of(ll.mlp(24, 30, 1, bias=False).model, rectangle)
    assert [sizes[name] for name in ("d1", "d2", "s1", "s2", "D", "S", "L", "m")] == [
        4,
        6,
        2,
        3,
        24,
        6,
        12,
        30,
    ]
    assert "d" not in sizes


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("k*(q+1)", "q in 'k\\*\\(q\\+1\\)' is not a size here; the sizes are M = 13, M_narrow = 9, d = 2"),
        ("k*(", "no formula"),
        ("k/3", "which is no integer"),
        ("k<m", "which is no integer"),
        ("", "no formula"),
    ],
)
def test_bad_formulas(formula, reason):
    with pytest.raises(BadInput, match=reason):
        ll.bound_claim(ll.mlp(2, 3, 1), target=ll.mlp(2, 2, 1), formula=formula)
    assert ll.bound_claim(ll.mlp(2, 3, 1), target=ll.mlp(2, 2, 1), formula="M_narrow").verdict == "proved"


def test_a_network_of_no_family_is_refused():
    stranger = ll.Network("stranger", ll.mlp(1, 1, 1).program)
    with pytest.raises(BadInput, match="stranger belongs to no family"):
        ll.bound_claim(stranger, target=ll.mlp(1, 1, 1), formula="1")


def test_an_open_bound_leaves_the_claim_open_unless_it_lies_outside():
    wide, target = ll.mlp(2, 4, 4, 1, activation="silu"), ll.mlp(2, 2, 2, 1, activation="silu")
    undecided = ll.bound_claim(wide, target=target, formula="M_narrow")
    assert (undecided.verdict, undecided.exit_code()) == ("open", 3)
    assert "not settled" in str(undecided)
    assert ll.bound_claim(wide, target=target, formula="M_narrow+1").verdict == "refuted"


def test_a_search_that_is_cut_short_says_so():
    verdict = ll.bound_claim(ll.mlp(3, 4, 1), target=ll.mlp(3, 2, 1), formula="k*(d+2)+1", budget=1e-9)
    assert (verdict.complete, verdict.searched, verdict.exit_code()) == (False, 0, 4)


def test_views():
    net = line(3, 2, 2)
    verdict = ll.bound_claim(net, target=net, formula="k*(s+L)")
    lines = str(verdict).splitlines()
    assert lines[0] == "claim O(f*) = k*(s+L): refuted for targets that need all neurons of their network"
    assert "K = [[1, 0], [0, 1]], a = [[2, 3], [5, 7]]" in str(verdict)
    tree = verdict.derivation
    assert tree.statement.endswith("the formula says 8 at s = 2, L = 2, k = 2; 7 is proved")
    assert tree.evidence.startswith(f"{COINCIDE}; conv(input=(3,), kernel=(2,)")
    assert tree.evidence.endswith("at K = [[1, 0], [0, 1]], a = [[2, 3], [5, 7]]")
    with pytest.raises(TypeError, match="not a truth value"):
        bool(verdict)
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.verdict = "proved"
