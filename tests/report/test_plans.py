"""From verdicts and formulas to cells: what is proved, refuted, confirmed or open."""

import pytest

import llrsym as ll
from llrsym.bounds.formula import Formula
from llrsym.errors import BadInput
from llrsym.report.plans import COLUMNS, Claim, Instance, Plan, Statement, judge, short
from llrsym.report.questions import Answers
from llrsym.report.tables import ALMOST_EVERY_TARGET, Cell
from tests.report.sample import verdict


def judged(text: str, *bounds: tuple[int, int], **claim: object) -> tuple[str, tuple[str, ...]]:
    """The judgement about a formula in k = 1, 2, ... whose exact values lie within the bounds."""
    instances = tuple(Instance(verdict(*pair), {"k": k}) for k, pair in enumerate(bounds, start=1))
    return judge("rank", Claim(Formula(text), **claim), instances, Answers())


@pytest.mark.parametrize(
    ("text", "bounds", "claim", "expected"),
    [
        ("3*k", [(3, 3), (6, 6)], {}, "confirmed"),
        ("3*k", [(3, 3), (6, 6)], {"theorem": "docs/theory/x"}, "proved"),
        ("3*k", [(3, 3), (5, 5)], {"theorem": "docs/theory/x"}, "refuted"),
        ("3*k", [(3, 3), (5, 9)], {"theorem": "docs/theory/x"}, "open"),
        ("3*k", [(3, 3), (7, 9)], {}, "refuted"),
        ("3*k", [(3, 3), (1, 5)], {}, "refuted"),
        ("4*k", [(3, 3), (6, 8)], {"at_most": True}, "confirmed"),
        ("4*k", [(3, 3), (9, 9)], {"at_most": True}, "refuted"),
        ("4*k", [(3, 3), (6, 9)], {"at_most": True}, "open"),
        ("3*k", [], {"theorem": "docs/theory/x"}, "open"),
    ],
)
def test_judgements(text, bounds, claim, expected):
    assert judged(text, *bounds, **claim)[0] == expected


@pytest.mark.parametrize("strength", ["conditional", "probable", "numerical", "open"])
def test_what_is_not_proved_neither_refutes_nor_proves(strength):
    weak = verdict(5, 5, lower_verdict=strength, upper_verdict=strength)
    instances = (Instance(weak, {"k": 1}),)
    for value in ("4", "6"):
        assert judge("rank", Claim(Formula(value)), instances, Answers())[0] == "open"
    assert judge("rank", Claim(Formula("5"), "docs/theory/x"), instances, Answers())[0] == "open"


def test_a_refutation_tells_where_and_a_proof_which_theorem():
    word, notes = judged("3*k", (3, 3), (5, 5), note="why")
    assert (word, notes) == ("refuted", ("refuted at $k == 2$: the formula says 6, exact is 5", "why"))
    assert judged("3*k", (3, 3), theorem="docs/theory/x")[1] == ("for all sizes: docs/theory/x",)


def test_instances_outside_a_hypothesis_are_not_compared():
    instances = (Instance(verdict(3, 3), {"k": 1}), Instance(verdict(5, 5), {"k": 2}, outside=("rank",)))
    assert judge("rank", Claim(Formula("3*k")), instances, Answers())[0] == "confirmed"


def test_a_symbolic_row_stands_over_its_instances():
    claims = {"formula": Claim(Formula("3*k")), "samples": Claim(Formula("3*k"), "docs/theory/x")}
    instances = (Instance(verdict(3, 3), {"k": 1}), Instance(verdict(6, 6), {"k": 2}))
    table = Plan("", "t", ("sizes", "formula", "samples"), (Statement(instances, "title", claims),)).table(
        Answers()
    )
    assert [column.key for column in table.columns] == ["k", "formula", "samples"]
    head, first, second = table.rows
    assert (head.starts_group, head.cells[0]) == (True, Cell("title"))
    assert [cell.verdict for cell in head.cells] == [None, "confirmed", "proved"]
    assert [cell.plain for cell in first.cells + second.cells] == ["1", "3", "3", "2", "6", "6"]
    assert first.cells[2].source == verdict(3, 3)


def test_sizes_that_are_hidden_have_no_column():
    instances = (Instance(verdict(3, 3), {"k": 1, "n": 2}),)
    plan = Plan("", "t", ("sizes", "samples"), (Statement(instances),), hidden=("n",))
    assert [column.key for column in plan.table(Answers()).columns] == ["k", "samples"]


def test_an_open_number_of_samples_is_open_beside_a_proved_rank():
    open_samples = verdict(5, 5, samples_lower=3, samples_upper=5)
    plan = Plan("", "t", ("rank", "samples", "local_recovery"), (Statement((Instance(open_samples),)),))
    cells = plan.table(Answers()).rows[0].cells
    assert [(cell.plain, cell.verdict) for cell in cells] == [("5", "proved"), ("[3, 5]", "open"), ("", None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mlp(2, 8, 1, activation='tanh', bias=True)", "mlp(2, 8, 1)"),
        ("mlp(2, 8, 1, activation='tanh', bias='hidden')", "mlp(2, 8, 1, bias='hidden')"),
        ("mlp(2, 8, 1, activation='exp', bias=False)", "mlp(2, 8, 1, activation='exp', bias=False)"),
        ("matrix_factorization(rows=1, inner=2, cols=3)", "matrix_factorization(rows=1, inner=2, cols=3)"),
        ("mlp({d}, 1)", "mlp({d}, 1)"),
        ("span(x, y)", "span(x, y)"),
        ("a network", "a network"),
    ],
)
def test_networks_are_named_without_what_goes_without_saying(text, expected):
    assert short(text) == expected


def test_bounds_table_of_questions_and_verdicts():
    net, target = ll.mlp(2, 8, 1), ll.mlp(2, 3, 1)
    given = {"W1": [[1, 2], [1, 2], [0, 1]], "b1": [1, 1, 0], "W2": [[1, 2, 3]], "b2": [0]}
    known = ll.optimistic_sample_size(net, target=target)
    table = ll.bounds_table([(net, target), (net, target, given), known], caption="three")
    samples = [column.key for column in table.columns].index("samples")
    assert [row.cells[samples].plain for row in table.rows] == ["13", "9", "13"]
    assert [mark.explanation for mark in table.notes] == ["the target at its given weights"]
    assert table.footnotes[-1].explanation == ALMOST_EVERY_TARGET
    assert table.caption == "three"


def test_bounds_table_of_a_model_rank():
    table = ll.bounds_table([ll.model_rank(ll.mlp(1, 1, 1))], columns=["network", "rank", "samples"])
    assert [cell.plain for cell in table.rows[0].cells] == ["mlp(1, 1, 1)", "4", ""]
    assert ALMOST_EVERY_TARGET not in table.to_markdown()


def test_bounds_table_has_all_columns():
    rows = [(ll.mlp(2, 4, 1), ll.mlp(2, 3, 1))]
    keys = [key for key in COLUMNS if key != "sizes"]
    cells = dict(zip(keys, ll.bounds_table(rows, columns=keys).rows[0].cells, strict=True))
    assert {key: cell.plain for key, cell in cells.items()} == {
        "title": "",
        "network": "mlp(2, 4, 1)",
        "target": "mlp(2, 3, 1)",
        "parameters": "17",
        "formula": "",
        "rank": "13",
        "samples": "13",
        "local_recovery": "14",
        "max_rank": "17",
        "verdict": "proved",
    }


def test_vector_outputs_show_the_rank_beside_the_samples():
    linear = {"activation": "identity", "bias": False}
    table = ll.bounds_table([(ll.mlp(4, 3, 2, **linear), ll.mlp(4, 1, 2, **linear))])
    cells = dict(zip([column.key for column in table.columns], table.rows[0].cells, strict=True))
    assert (cells["rank"].plain, cells["samples"].plain) == ("5", "4")


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([(1, 2)], {}, "row 0 is \\(1, 2\\); give \\(network, target\\)"),
        (["mlp(1, 1)"], {}, "row 0 is 'mlp\\(1, 1\\)'"),
        ([(ll.mlp(1, 1, 1), ll.mlp(1, 1, 1), {"W1": [[1]]})], {}, "row 0: weights: b1 is missing"),
        ([(ll.mlp(1, 1, 1), ll.mlp(1, 2, 1))], {}, "cannot express"),
        ([], {"columns": ["O"]}, "'O' is no column; the columns are title, sizes"),
        ([], {"jobs": 0}, "jobs: 0 is no number of processes"),
    ],
)
def test_bad_rows(rows, options, message):
    with pytest.raises(BadInput, match=message):
        ll.bounds_table(rows, **options)
