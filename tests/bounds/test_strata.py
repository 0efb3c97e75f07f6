"""Rank strata of two-layer target sets: multiplicities, ranks, dimensions, refusals, each by other means."""

from collections import Counter
from math import tanh

import numpy as np
import pytest

import llrsym as ll
from llrsym.bounds.strata import local_recovery_size
from llrsym.bounds.strata_types import StratumType, TargetSet, derive_types
from llrsym.kernel.target_sets import exact_minimal_rank
from tests.bounds.strata_points import (
    BOTH,
    HIDDEN,
    NAMES,
    NO,
    OUTPUT,
    Biases,
    equations,
    neurons,
    random_point,
    roles,
    stratify,
    tangents,
    target_weights,
    two_layer,
    type_of,
)


def cases(*sizes: tuple[int, int, int]) -> list[tuple[int, int, int, Biases, Biases]]:
    """All bias patterns, and the target with a constant part, at these (d, m, k)."""
    found = [(*size, biases, biases) for size in sizes for biases in (NO, HIDDEN, OUTPUT, BOTH)]
    return found + [(*size, HIDDEN, BOTH) for size in sizes if size[2] < size[1]]


def every(*sizes: tuple[int, int, int]):
    names = [f"d{d} m{m} k{k} {NAMES[b]}{' constant' * (t != b)}" for d, m, k, b, t in cases(*sizes)]
    return pytest.mark.parametrize(("d", "m", "k", "biases", "target"), cases(*sizes), ids=names)


# Ranks


@every((1, 3, 1), (2, 3, 1), (2, 4, 2), (3, 2, 1), (1, 4, 1), (2, 2, 2))
def test_ranks_of_all_witnesses_by_the_exact_engine(d, m, k, biases, target):
    answer = stratify(d, m, k, biases, target)
    for stratum in answer.strata:
        verdict = ll.model_rank(answer.network, at=stratum.witness())
        assert (verdict.lower, verdict.upper, verdict.verdict) == (stratum.rank, stratum.rank, "proved"), (
            stratum
        )


@every((1, 5, 1), (2, 5, 2), (3, 4, 1))
def test_ranks_at_random_points_by_the_exact_engine(d, m, k, biases, target):
    answer = stratify(d, m, k, biases, target)
    for seed, stratum in enumerate(answer.strata[:: max(1, len(answer.strata) // 12)]):
        verdict = ll.model_rank(answer.network, at=random_point(stratum, seed))
        assert (verdict.lower, verdict.upper) == (stratum.rank, stratum.rank), stratum


@every((1, 5, 1), (2, 4, 2), (1, 3, 3))
def test_witnesses_lie_on_their_strata_and_have_one_function(d, m, k, biases, target):
    answer = stratify(d, m, k, biases, target)
    goal = target_weights(d, k, biases)
    for stratum in answer.strata:
        weights = stratum.witness()
        assert type_of(weights, k, goal) == stratum.kind
        constant = weights.get("b2", [0])[0] + sum(
            a * tanh(w[-1]) for w, a in neurons(weights) if not any(w[:-1])
        )
        assert constant == pytest.approx(tanh(1) * (target != biases) + biases[1])


def test_the_rank_of_a_witness_has_a_certificate(tmp_path):
    answer = stratify(2, 3, 1, HIDDEN)
    stratum = answer.strata[-1]
    network = ll.mlp(2, 3, 1, bias="hidden")
    verdict = ll.model_rank(network, at=stratum.witness(), certificate=tmp_path / "proof")
    assert verdict.upper == stratum.rank
    texts = [(tmp_path / "proof" / name).read_text("utf-8") for name in ("claim.json", "certificate.json")]
    assert "= 8 at the given weights" in ll.verify(*texts).text


def test_mixed_zero_sums_do_not_have_the_small_rank():
    """Two clones outside the target whose outgoing weights cancel: rank 6, and 4 only if both are zero."""
    network = ll.mlp(2, 3, 1, bias=False)
    clones = {"W1": [[1, 1], [2, 1], [2, 1]], "W2": [[1, 5, -5]]}
    silent = clones | {"W2": [[1, 0, 0]]}
    assert [ll.model_rank(network, at=weights).lower for weights in (clones, silent)] == [6, 4]
    ranks = {s.kind: s.rank for s in stratify(2, 3, 1, NO).strata}
    assert ranks[StratumType((1,), (), (2,), 0, "none")] == 6
    assert ranks[StratumType((1,), (2,), (), 0, "none")] == 4


# Multiplicities


@every((1, 1, 1), (2, 2, 1), (1, 3, 1), (2, 3, 2), (1, 4, 2), (1, 4, 1))
def test_multiplicities_by_brute_force(d, m, k, biases, target):
    case = TargetSet(d, m, k, *biases, target != biases)
    assert Counter({kind: kind.multiplicity() for kind in derive_types(case)}) == roles(case)


def test_the_strata_of_two_neurons_by_hand():
    found = {
        (s.kind.groups, s.kind.silent, s.kind.constants, s.kind.mode): s for s in stratify(1, 2, 1, NO).strata
    }
    numbers = {key: (s.count, s.dimension, s.rank, s.critical) for key, s in found.items()}
    assert numbers == {
        ((2,), (), 0, "none"): (4, 1, 2, True),
        ((1,), (), 1, "null"): (4, 0, 2, True),
        ((1,), (1,), 0, "none"): (4, 1, 3, False),
        ((1,), (), 1, "active"): (4, 1, 3, False),
    }


def test_the_number_of_types_is_that_of_a_generating_function():
    """Product of 1/(1-x^i) for groups, silent and active clusters, times the modes of constant neurons."""
    for m, k, modes, biases in ((12, 1, 3, HIDDEN), (12, 3, 2, BOTH), (12, 6, 3, HIDDEN), (12, 12, 2, NO)):
        excess = m - k
        series = [1] + [modes] * excess
        for part in [*range(1, k + 1), *range(1, excess + 1), *range(2, excess + 1)]:
            for n in range(part, excess + 1):
                series[n] += series[n - part]
        types = stratify(3, m, k, biases).strata
        assert len(types) == series[excess]
        assert len({s.kind for s in types}) == len(types)


# Dimensions


@every((1, 4, 1), (2, 4, 2), (3, 3, 1))
def test_dimensions_by_the_defining_equations(d, m, k, biases, target):
    for stratum in stratify(d, m, k, biases, target).strata:
        rank = np.linalg.matrix_rank(equations(stratum, stratum.witness()))
        assert rank == stratum.codimension, stratum


GRID = [(d, m, k) for d in (1, 2, 3) for m in range(1, 6) for k in range(1, m + 1)]


@every(*GRID)
def test_inequalities_and_extreme_numbers(d, m, k, biases, target):
    answer = stratify(d, m, k, biases, target)
    hidden, output = biases
    D, M, constant, excess = d + hidden, answer.parameters, target != biases, m - k
    assert all(0 <= s.dimension == M - s.codimension <= M - s.rank for s in answer.strata)
    for s in answer.strata:
        singles = max((*s.kind.groups, *s.kind.silent, 1)) == 1 and max((*s.kind.active, 2)) == 2
        regular = singles and s.kind.constants <= 1 and (s.kind.constants == 0 or s.kind.mode == "active")
        assert regular == (s.dimension + s.rank == M), s
    assert answer.min_rank == k * (D + 1) + output + constant * (d + 1)
    assert answer.local_recovery == local_recovery_size(d, m, k, hidden, output, constant)
    assert answer.local_recovery == m + k * D + output + constant * d
    pairs, single = divmod(excess - constant, 2)
    leftover = 1 if constant else d + (hidden and not output)
    assert answer.max_rank == answer.min_rank + pairs * (D + 1) + single * leftover
    assert answer.min_rank <= answer.local_recovery <= M
    assert answer.parameters == answer.network.parameter_count == m * (D + 1) + output


@every((1, 3, 1), (2, 4, 2), (3, 5, 1), (2, 3, 3))
def test_the_least_rank_is_that_of_the_kernel_rule(d, m, k, biases, target):
    answer = stratify(d, m, k, biases, target)
    assert answer.min_rank == exact_minimal_rank(answer.network.model, answer.target.model, None).rank


@pytest.mark.parametrize(("d", "m", "k"), GRID)
def test_dimensions_of_the_branches_of_the_literature(d, m, k):
    """arXiv:2309.00508: with r distinct neurons the dimension is (m - r) + (r - k) d, no biases."""
    for stratum in stratify(d, m, k, NO).strata:
        kind = stratum.kind
        if kind.constants == 0 and all(size == 1 for size in kind.silent):
            r = k + len(kind.silent) + len(kind.active)
            assert stratum.dimension == (m - r) + (r - k) * d
            assert stratum.codimension == r + (m + k - r) * d


def test_the_example_with_two_biased_neurons():
    """One target neuron in two neurons with hidden bias: 3, 4 (zero-out), 5 (split) and M = 6."""
    answer = ll.strata(ll.mlp(1, 2, 1, bias="hidden"), target=ll.mlp(1, 1, 1, bias="hidden"))
    codimensions = {(s.kind.groups, s.kind.silent, s.kind.constants): s.codimension for s in answer.strata}
    assert (answer.min_rank, answer.local_recovery, answer.parameters) == (3, 4, 6)
    assert codimensions[(1,), (1,), 0] == 4
    assert codimensions[(2,), (), 0] == 5


# Critical embeddings


@every((1, 3, 1), (2, 4, 2))
def test_critical_embeddings_have_the_tangent_space_of_the_target(d, m, k, biases, target):
    x = np.random.default_rng(0).uniform(-1.5, 1.5, (60, d))
    narrow = tangents(target_weights(d, k, target) | ({"b2": [0]} if target[1] else {}), x)
    answer = stratify(d, m, k, biases, target)
    for stratum in answer.strata:
        both = np.hstack([narrow, tangents(stratum.witness(), x)])
        same = np.linalg.matrix_rank(both, tol=1e-8) == np.linalg.matrix_rank(narrow, tol=1e-8)
        assert same == stratum.critical, stratum
    assert any(s.critical for s in answer.strata) == (target == biases)


def test_a_target_with_fewer_biases_has_no_critical_embedding():
    answer = ll.strata(ll.mlp(2, 2, 1), target=ll.mlp(2, 1, 1, bias=False))
    assert (answer.min_rank, answer.target_parameters) == (5, 3)
    assert not any(s.critical for s in answer.strata)


def test_no_intrinsic_neuron():
    assert [(t.silent, t.mode) for t in derive_types(TargetSet(2, 1, 0, False, False, False))] == [
        ((1,), "none"),
        ((), "null"),
        ((), "active"),
    ]
    assert list(derive_types(TargetSet(2, 0, 0, True, False, True))) == []
    assert local_recovery_size(2, 3, 0, True, False, True) == 5


# Views and refusals


def test_large_tables_have_one_row_for_each_rank():
    answer = ll.strata(ll.mlp(3, 12, 1), target=ll.mlp(3, 2, 1))
    rows = [line.split() for line in str(answer).splitlines()]
    header = rows.index(["rank", "dim", "codim", "strata", "types", "critical"])
    table = rows[header + 1 : rows.index([], header)]
    assert [int(row[0]) for row in table] == sorted({s.rank for s in answer.strata})
    assert sum(int(row[3]) for row in table) == answer.count
    assert sum(int(row[4]) for row in table) == len(answer.strata)


BAD = {
    "wider target": (
        ll.mlp(2, 2, 1),
        ll.mlp(2, 3, 1),
        "the target has 3 hidden neurons and the network only 2",
    ),
    "other inputs": (
        ll.mlp(2, 3, 1),
        ll.mlp(3, 1, 1),
        "the target has 3 inputs and the network 2; give both",
    ),
    "deep network": (
        ll.mlp(2, 3, 3, 1),
        ll.mlp(2, 1, 1),
        "the network has 2 hidden layers; not settled: strata",
    ),
    "deep target": (
        ll.mlp(2, 3, 1),
        ll.mlp(2, 1, 1, 1),
        "the target has 2 hidden layers; not settled: strata",
    ),
    "linear": (
        ll.mlp(2, 3, 1),
        ll.mlp(2, 1),
        "the target has 0 hidden layers; not settled: strata are known",
    ),
    "sigmoid": (
        ll.mlp(2, 3, 1, activation="sigmoid"),
        ll.mlp(2, 1, 1, activation="sigmoid"),
        "the activation of the network is sigmoid; strata are known for two-layer tanh networks",
    ),
    "other activation": (
        ll.mlp(2, 3, 1),
        ll.mlp(2, 1, 1, activation="sin"),
        "the activation of the target is sin",
    ),
    "outputs": (ll.mlp(2, 3, 2), ll.mlp(2, 1, 2), "the network has 2 outputs; strata are known for"),
    "no mlp": (
        ll.matrix_factorization(rows=2, inner=1, cols=2),
        ll.mlp(2, 1, 1),
        "is not an mlp; strata are",
    ),
    "hidden bias": (
        ll.mlp(2, 3, 1, bias=False),
        ll.mlp(2, 1, 1),
        "the target has hidden biases and the network has none",
    ),
    "output bias": (
        two_layer(2, 3, NO),
        two_layer(2, 1, OUTPUT),
        "cannot express the constant that the output bias of the target adds; give it an output bias",
    ),
    "no room for a constant": (
        ll.mlp(2, 2, 1, bias="hidden"),
        ll.mlp(2, 2, 1),
        "cannot express the constant that the output bias of the target adds; give it one more hidden neuron",
    ),
    "too many types": (
        ll.mlp(2, 30, 1),
        ll.mlp(2, 1, 1),
        "30 hidden neurons, 29 more than the target, give too",
    ),
    "too wide": (
        ll.mlp(2, 101, 1),
        ll.mlp(2, 100, 1),
        "at most 100 neurons, 16 more than the target, are listed",
    ),
}


@pytest.mark.parametrize(("network", "target", "reason"), BAD.values(), ids=BAD)
def test_refusals(network, target, reason):
    with pytest.raises(ll.BadInput) as refusal:
        ll.strata(network, target=target)
    assert reason in str(refusal.value)
    assert str(refusal.value).startswith("strata: ")
    assert len(str(refusal.value)) < 300


def test_beside_the_refusals_stands_what_is_accepted():
    assert len(ll.strata(ll.mlp(2, 17, 1), target=ll.mlp(2, 1, 1)).strata) > 10_000
    assert ll.strata(ll.mlp(2, 100, 1), target=ll.mlp(2, 100, 1)).min_rank == 401
    assert ll.strata(ll.mlp(2, 3, 1, bias="hidden"), target=ll.mlp(2, 2, 1)).constant_part
