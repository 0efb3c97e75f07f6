"""Conjectures from exact ranks: known formulas, exceptions, refutations, budgets, and the views."""

import json
import time
from dataclasses import replace
from fractions import Fraction
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from llrsym.conjectures import conjecture as module
from llrsym.conjectures.conjecture import conjecture
from llrsym.conjectures.result import DEGENERATE, GRID, LARGER, Sample
from llrsym.conjectures.store import Store, key_of
from llrsym.errors import BadInput
from llrsym.verdict import Verdict
from tests.conjectures import families

SCHEMA = json.loads(
    resources.files("llrsym.cli").joinpath("schemas", "conjecture.json").read_text(encoding="utf-8")
)
SMALL = {"k": range(1, 4), "d": range(1, 4)}


def up_to(n):
    return range(1, n + 1)


KNOWN = {
    "two layers": (families.two_layers, SMALL, None, "k*(d + 1)"),
    "two layers with biases": (families.biased, SMALL, None, "k*(d + 2) + 1"),
    "convolution": (families.convolution, {"k": up_to(3), "s": up_to(3), "d": up_to(4)}, "s<=d", "k*(d + 1)"),
    "convolution by positions": (
        families.convolution_by_positions,
        {"k": up_to(3), "s": up_to(3), "L": up_to(3)},
        None,
        "k*(s + L)",
    ),
    "quadratic forms": (
        families.square,
        {"k": up_to(5), "d": up_to(4)},
        None,
        "min(k, d)*(2*d - min(k, d) + 1)/2",
    ),
    "cubic forms": (families.cube, {"k": up_to(8), "d": up_to(4)}, None, "min(k*d, binom(d + 2, 3))"),
    "cubic polynomials": (
        families.cube_with_bias,
        {"k": up_to(8), "d": up_to(3)},
        None,
        "min(binom(d + 3, 3), k*(d + 1))",
    ),
    "matrices": (
        families.factorization,
        {"r": up_to(3), "m": up_to(4), "n": up_to(4)},
        "r<=min(m,n)",
        "r*(m + n - r)",
    ),
    "lightning attention": (
        families.lightning,
        {"a": up_to(4), "d": up_to(4)},
        None,
        "2*min(a, d)*(2*d - min(a, d)) - 1",
    ),
    "lightning attention, one matrix V": (
        families.lightning_matrix,
        {"a": up_to(3), "d": up_to(4), "o": up_to(3)},
        "a<=d",
        "d*(2*a + o) - a^2 - 1",
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_formulas_are_found(name):
    function, sizes, where, formula = KNOWN[name]
    found = conjecture(function, sizes=sizes, where=where)
    assert (found.formula, found.verdict, found.exit_code()) == (formula, "open", 3)
    for part in (GRID, LARGER):
        counts = found.count(part)
        assert counts["proved"] == counts["agree"] > 0
        assert counts["differ"] == counts["open"] == 0
    jsonschema.validate(found.to_json_dict(), SCHEMA)


def test_exceptions_of_alexander_and_hirschowitz_are_listed_and_not_explained():
    found = conjecture(families.quartic, sizes={"k": up_to(10), "d": range(2, 5)})
    assert (found.formula, found.exit_code()) == (None, 3)
    assert found.statement == "no simple formula explains the 30 proved ranks of the grid"
    assert [dict(e.sample.sizes) for e in found.exceptions] == [{"k": 5, "d": 3}, {"k": 9, "d": 4}]
    assert found.exceptions[0].formula == "min(k*d, binom(d + 3, 4))"
    assert "at k = 5, d = 3 it says 15, but 14 is proved" in str(found)
    jsonschema.validate(found.to_json_dict(), SCHEMA)


def test_degrees_with_and_without_exceptions_have_no_common_formula():
    found = conjecture(families.power, sizes={"k": up_to(6), "d": range(2, 5), "r": range(2, 5)})
    assert found.formula is None
    assert found.exceptions[0].formula == "min(k*d, binom(d + r - 1, r))"


def test_larger_sizes_refute_what_a_grid_is_too_small_to_see():
    found = conjecture(families.heads, sizes={"h": (1,), "a": (1, 2), "d": (3, 4, 5, 6)})
    assert found.formula is None
    assert found.rejected
    assert all(r.sample.part == LARGER for r in found.rejected)
    assert "refuted at other sizes" in found.statement
    assert "fewer than three values of h, a" in str(found)
    jsonschema.validate(found.to_json_dict(), SCHEMA)


def test_degenerate_sizes_are_reported_and_count_when_asked_for():
    sizes, where = {"a": (2, 3, 4), "d": (4, 5, 6)}, None
    found = conjecture(families.lightning, sizes=sizes, where=where)
    assert found.formula == "2*a*(2*d - a) - 1"
    assert found.count(DEGENERATE)["differ"] > 0
    assert "degenerate sizes (not part of the statement)" in str(found)
    strict = conjecture(families.lightning, sizes=sizes, where=where, at_degenerate=True)
    assert strict.formula != found.formula
    assert strict.rejected[0].sample.part == DEGENERATE


# Formulas of the user


def test_a_right_formula_stays_open():
    found = conjecture(
        families.convolution_by_positions, sizes={"k": (1, 2), "s": (2,), "L": (1, 2)}, formula="k*(s+L)"
    )
    assert (found.verdict, found.exit_code(), found.refutation) == ("open", 3, None)
    assert found.statement.startswith("agrees with all 4 proved ranks of the grid")
    jsonschema.validate(found.to_json_dict(), SCHEMA)


def test_a_wrong_formula_is_refuted_by_the_smallest_network():
    found = conjecture(families.two_layers, sizes=SMALL, formula="d*k^2 + 1")
    assert (found.verdict, found.exit_code()) == ("refuted", 1)
    assert found.refutation is not None
    assert found.refutation.sample.sizes == {"k": 2, "d": 1}
    assert str(found.refutation) == "at k = 2, d = 1 it says 5, but 4 is proved"
    assert found.count(GRID) == {"proved": 9, "open": 0, "agree": 3, "differ": 6}
    jsonschema.validate(found.to_json_dict(), SCHEMA)


def test_a_value_that_is_no_integer_refutes():
    found = conjecture(families.two_layers, sizes=SMALL, formula="k*(d+1)/(d-1)")
    assert found.verdict == "refuted"
    assert "it has no integer value, but 2 is proved" in found.statement
    assert "formula" not in {column.key for column in found.table.columns}
    jsonschema.validate(found.to_json_dict(), SCHEMA)


def test_a_formula_is_tested_at_degenerate_sizes_when_asked_for():
    sizes = {"a": (2,), "d": (3, 4)}
    formula = "2*a*(2*d-a) - 1"
    assert conjecture(families.lightning, sizes=sizes, formula=formula).verdict == "open"
    strict = conjecture(
        families.lightning, sizes={"a": (2, 3), "d": (3, 4)}, formula=formula, at_degenerate=True
    )
    assert strict.verdict == "refuted"
    assert strict.refutation is not None
    assert strict.refutation.sample.part == DEGENERATE


# What is known of one rank


def sample(lower, upper, lower_verdict="proved", upper_verdict="proved"):
    reasons = {"lower_reason": "", "upper_reason": ""}
    sides = {"lower_verdict": lower_verdict, "upper_verdict": upper_verdict}
    verdict = Verdict(
        question="model_rank", network="n", parameters=9, lower=lower, upper=upper, **sides, **reasons
    )
    return Sample({"k": 1}, "n", 9, GRID, verdict)


@pytest.mark.parametrize(
    ("known", "contradicted"),
    [
        (sample(3, 5), [2, 6, Fraction(7, 2), None]),
        (sample(4, 4), [2, 3, 5, 6, Fraction(7, 2), None]),
        (sample(3, 5, lower_verdict="conditional"), [6, Fraction(7, 2), None]),
        (sample(3, 5, upper_verdict="numerical"), [2, Fraction(7, 2), None]),
        (replace(sample(3, 5), verdict=None), []),
    ],
    ids=["interval", "number", "conditional", "numerical", "unknown"],
)
def test_only_proved_sides_contradict(known, contradicted):
    values = [2, 3, 4, 5, 6, Fraction(7, 2), None]
    found = [v for v in values if known.contradicts(None if v is None else Fraction(v))]
    assert found == contradicted


def test_only_proved_numbers_are_data():
    assert sample(4, 4).rank == 4
    assert [sample(3, 4).rank, sample(4, 4, "conditional").rank] == [None, None]


def test_open_ranks_are_reported_and_must_not_contradict(monkeypatch):
    def opened(networks, setting):
        ranks = ranks_of(networks, setting)
        wide = {
            k: replace(v, upper=v.upper + 1) if v.parameters == 12 else v for k, v in ranks.verdicts.items()
        }
        return replace(ranks, verdicts=wide)

    ranks_of = module.ranks_of
    monkeypatch.setattr(module, "ranks_of", opened)
    found = conjecture(families.two_layers, sizes={"k": up_to(4), "d": up_to(4)})
    assert (found.formula, found.count(GRID)["open"]) == ("k*(d + 1)", 2)
    assert "open at k = 3, d = 3: the rank is in [12, 13]" in str(found)
    assert conjecture(families.two_layers, sizes={"k": (3,), "d": (3,)}, formula="13").verdict == "open"
    assert conjecture(families.two_layers, sizes={"k": (3,), "d": (3,)}, formula="14").verdict == "refuted"


# Files and budgets


def test_a_wrong_rank_in_a_file_refutes_nothing(tmp_path):
    path = tmp_path / "ranks"
    conjecture(families.two_layers, sizes=SMALL, formula="k*(d+1)", cache=path)
    store, network = Store(path), families.two_layers(2, 2)
    key = key_of(network, 0)
    verdict = store.verdict(key, network)
    assert verdict is not None
    store.put(key, replace(verdict, lower=5, upper=5))
    found = conjecture(families.two_layers, sizes=SMALL, formula="k*(d+1)", cache=path)
    assert (found.verdict, found.count(GRID)["agree"]) == ("open", 9)
    assert [s.cached for s in found.samples].count(False) == 1


def test_a_changed_function_has_its_own_ranks(tmp_path):
    first = conjecture(families.two_layers, sizes=SMALL, cache=tmp_path)
    second = conjecture(families.biased, sizes=SMALL, cache=tmp_path)
    again = conjecture(families.two_layers, sizes=SMALL, cache=tmp_path)
    assert (first.formula, second.formula, again.formula) == ("k*(d + 1)", "k*(d + 2) + 1", "k*(d + 1)")
    assert all(s.cached for s in again.samples)
    assert not any(s.cached for s in second.samples)


def test_out_of_budget_is_said_and_no_formula_is_given():
    found = conjecture(families.lightning, sizes={"a": up_to(6), "d": up_to(6)}, budget=0.2)
    assert (found.formula, found.complete, found.exit_code()) == (None, False, 4)
    assert found.statement.startswith("the budget ended")
    jsonschema.validate(found.to_json_dict(), SCHEMA)


def test_sixty_points_up_to_500_parameters_take_less_than_two_minutes():
    start = time.monotonic()
    found = conjecture(families.two_layers, sizes={"k": range(5, 51, 5), "d": range(4, 10)})
    assert (len(found.samples) >= 60, found.formula) == (True, "k*(d + 1)")
    assert time.monotonic() - start < 120


# Views


def test_the_answer_is_no_truth_value():
    with pytest.raises(TypeError, match="not a truth value"):
        bool(conjecture(families.two_layers, sizes=SMALL))


def test_the_views_show_the_formula_and_the_ranks():
    found = conjecture(families.two_layers, sizes=SMALL)
    assert found.latex == "k (d + 1)"
    assert r"\toprule" in found.to_latex()
    assert "$k (d + 1)$" in found.to_latex()
    assert "no proof for all sizes is claimed" in str(found)
    assert [row.cells[4].plain for row in found.table.rows if row.cells[0].plain == "3"][:3] == [
        "6",
        "9",
        "12",
    ]


def test_long_lists_are_cut_in_the_text_and_whole_in_json():
    found = conjecture(families.two_layers, sizes={"k": up_to(8), "d": up_to(8)})
    assert "more; --json lists them all" in str(found)
    assert len(found.to_json_dict()["samples"]) == len(found.samples) > 64


# Refusals


@pytest.mark.parametrize(
    ("function", "changes", "reason"),
    [
        (families.no_network, {"sizes": {"k": [1]}}, "at k = 1 returned 1, which is no network"),
        (families.broken, {"sizes": {"k": [3, 2]}}, "at k = 2 raised ZeroDivisionError: .* in line"),
        (families.two_layers, {"sizes": {"k": [1]}}, "cannot be called with the sizes k"),
        (families.two_layers, {"sizes": {"k": [1], "e": [1]}}, "cannot be called with the sizes k, e"),
        (families.convolution, {"sizes": {"k": [1], "s": [3], "d": [2]}}, "at k = 1, s = 3, d = 2: conv: "),
        (families.two_layers, {"formula": "k*q"}, "q in 'k\\*q' is not one of the sizes; use k, d"),
        (families.two_layers, {"formula": "k<d"}, "is a condition"),
        (families.two_layers, {"jobs": 0}, "jobs"),
        (3, {}, "is no function"),
        ("nowhere", {}, "write FILE.py:NAME"),
        ("nowhere.py:name", {}, "is no file"),
        (f"{families.__file__}:number", {}, "is of type int"),
        (f"{families.__file__}:cubes", {}, "has no 'cubes'; it has two_layers"),
    ],
)
def test_bad_input_is_refused_with_one_sentence(function, changes, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        conjecture(function, **{"sizes": SMALL, **changes})
    assert "\n" not in str(refusal.value)


def test_a_function_may_be_named_by_its_file():
    found = conjecture(f"{families.__file__}:two_layers", sizes=SMALL)
    assert found.formula == "k*(d + 1)"
    assert Path(found.function.removesuffix(":two_layers")).name == "families.py"
