"""The answer object: its verdict, its exit code, and that every view says the same."""

import dataclasses

import pytest

from llrsym.verdict import Derivation, Relation, Verdict


def example(**changes: object) -> Verdict:
    values: dict[str, object] = {
        "question": "model_rank",
        "network": "mlp(1, 2, 1)",
        "parameters": 7,
        "lower": 5,
        "upper": 5,
        "lower_verdict": "proved",
        "upper_verdict": "proved",
        "lower_reason": "a minor is not zero",
        "upper_reason": "two relations hold",
    }
    return Verdict(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lower_verdict", "upper_verdict", "upper", "verdict", "code"),
    [
        ("proved", "proved", 5, "proved", 0),
        ("proved", "conditional", 5, "conditional", 0),
        ("conditional", "proved", 5, "conditional", 0),
        ("proved", "probable", 5, "probable", 3),
        ("numerical", "conditional", 5, "numerical", 3),
        ("proved", "open", 5, "open", 3),
        ("proved", "proved", 6, "open", 3),
        ("proved", "refuted", 5, "refuted", 1),
        ("refuted", "proved", 6, "refuted", 1),
    ],
)
def test_the_overall_verdict_is_the_weakest_side(lower_verdict, upper_verdict, upper, verdict, code):
    answer = example(lower_verdict=lower_verdict, upper_verdict=upper_verdict, upper=upper)
    assert (answer.verdict, answer.exit_code()) == (verdict, code)


def test_a_verdict_is_no_truth_value_and_cannot_change():
    with pytest.raises(TypeError, match="not a truth value"):
        bool(example())
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().lower = 7  # type: ignore[misc]
    relation = Relation("clone", {"b1[0]": "1"})
    with pytest.raises(TypeError):
        relation.coefficients["b1[0]"] = "2"  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lower": 6}, "expected 0 <= lower <= upper"),
        ({"lower": -1}, "expected 0 <= lower"),
        ({"at": "somewhere"}, "at is 'somewhere'"),
        ({"lower_verdict": "certain"}, "'certain' is not one of"),
    ],
)
def test_inconsistent_answers_cannot_be_built(changes, reason):
    with pytest.raises(ValueError, match=reason):
        example(**changes)


def test_json_has_the_documented_keys():
    relation = Relation("clone", {"W2[0,0]": "1", "W2[0,1]": "-1"}, "neurons 0 and 1 are equal")
    tree = Derivation("rank = 5", "minor and relations", (Derivation("rank >= 5", "minor", (), "a residue"),))
    document = example(relations=(relation,), derivation=tree, certificate="out").to_json_dict()
    keys = (
        "question network target parameters at lower upper verdict lower_verdict upper_verdict lower_reason"
    )
    keys += " upper_reason conditions relations derivation certificate seed seconds trusted"
    assert list(document) == keys.split()
    assert document["relations"] == [
        {
            "name": "clone",
            "coefficients": {"W2[0,0]": "1", "W2[0,1]": "-1"},
            "description": "neurons 0 and 1 are equal",
        }
    ]
    premise = {"statement": "rank >= 5", "rule": "minor", "premises": [], "evidence": "a residue"}
    assert document["derivation"] == {
        "statement": "rank = 5",
        "rule": "minor and relations",
        "premises": [premise],
        "evidence": "",
    }


def test_a_sample_size_has_its_own_keys_and_headline():
    sizes = {"samples_lower": 3, "samples_upper": 3, "local_recovery": 4, "max_rank": 7}
    answer = example(question="optimistic_sample_size", target="mlp(1, 1, 1)", lower=5, upper=5, **sizes)
    assert answer.samples == 3
    assert {key: answer.to_json_dict()[key] for key in (*sizes, "samples")} == sizes | {"samples": 3}
    assert "optimistic sample size of almost every target mlp(1, 1, 1) in mlp(1, 2, 1): = 3 (M = 7)" in str(
        answer
    )
    assert "minimal model rank over the target set: = 5" in str(answer)
    undecided = example(question="optimistic_sample_size", target="t", samples_lower=2, samples_upper=3)
    assert undecided.samples is None
    assert (answer.exit_code(), undecided.exit_code()) == (0, 3)
    assert ": in [2, 3] (M" in str(undecided)


def test_a_derivation_is_a_nested_list_in_latex_with_special_characters_escaped():
    tree = Derivation("O_f = 5 & more", "rule_1", (Derivation("rank >= 5", "minor", (), "100%"),))
    assert tree.to_latex() == (
        "\\begin{itemize}\n\\item O\\_f $=$ 5 \\& more \\hfill\\emph{rule\\_1}\n"
        "\\begin{itemize}\n\\item rank $\\ge$ 5 \\hfill\\emph{minor} (checked: 100\\%)\n"
        "\\end{itemize}\n\\end{itemize}\n"
    )


def test_premises_are_items_of_one_list_and_symbols_are_mathematics():
    premises = (Derivation("f_theta = f*", "a"), Derivation("activation='tanh'", "b"))
    assert Derivation("O(f*) <= 5", "sum", premises).to_latex().splitlines() == [
        r"\begin{itemize}",
        r"\item $O(f^*) \le$ 5 \hfill\emph{sum}",
        r"\begin{itemize}",
        r"\item $f_\theta = f^*$ \hfill\emph{a}",
        r"\item activation='tanh' \hfill\emph{b}",
        r"\end{itemize}",
        r"\end{itemize}",
    ]


@pytest.mark.parametrize(("relations", "expected"), [(None, None), ("unexplained", "unexplained"), ((), [])])
def test_relations_not_asked_for_unexplained_and_none_at_all_differ(relations, expected):
    assert example(relations=relations).to_json_dict()["relations"] == expected


def test_the_text_names_everything():
    relation = Relation("clone", {"W2[0,0]": "1", "W2[0,1]": "-1"}, "neurons 0 and 1 are equal")
    text = str(
        example(
            at="given",
            relations=(relation,),
            conditions=("Schanuel's conjecture",),
            trusted=("python-flint",),
            certificate="out",
            derivation=Derivation("rank = 5", "minor"),
        )
    )
    for part in (
        "model rank of mlp(1, 2, 1) at the given weights: = 5 (M = 7), proved",
        "at least 5, proved: a minor is not zero",
        "at most  5, proved: two relations hold",
        "clone: (1) dW2[0,0] + (-1) dW2[0,1] = 0 (neurons 0 and 1 are equal)",
        "rank = 5 [minor]",
        "uses: Schanuel's conjecture",
        "trusts: python-flint",
        "certificate: out",
    ):
        assert part in text


def test_open_intervals_are_shown_as_intervals_in_every_view():
    answer = example(upper=6, upper_verdict="probable")
    assert "in [5, 6] (M = 7), open" in str(answer)
    assert r"5 \le" in answer._repr_latex_()
    assert "in [5, 6] (open)" in answer._repr_html_()


def test_html_is_escaped():
    assert "&lt;b&gt;" in example(network="<b>")._repr_html_()
