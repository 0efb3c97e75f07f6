"""Table files: rows, sweeps, and one sentence for every mistake."""

from pathlib import Path

import pytest

from llrsym.errors import BadInput
from llrsym.report.files import read_plan
from llrsym.report.questions import answer_all
from tests.docs.pages import ROOT

ROW = '[[row]]\nnetwork = "mlp(2, 8, 1)"\ntarget = "mlp(2, 3, 1)"\n'
SWEEP = """[[row]]
network = "mlp({d}, {2*m}, 1, bias=False)"
target = "mlp({d}, {k}, 1, bias=False)"
sizes = { d = "1..2", k = [1, 3], m = 1 }
where = "k <= 2*m"
formula = "k*(d+1)"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_without_more(tmp_path):
    plan = read_plan(written(tmp_path, ROW))
    assert (plan.caption, plan.label) == ("", "t")
    assert plan.columns == ("network", "target", "parameters", "samples", "verdict")
    assert [cell.plain for cell in plan.table(answer_all(plan.questions)).rows[0].cells] == [
        "mlp(2, 8, 1)",
        "mlp(2, 3, 1)",
        "33",
        "13",
        "proved",
    ]


def test_a_sweep_with_a_condition_a_formula_and_arithmetic(tmp_path):
    plan = read_plan(written(tmp_path, SWEEP))
    assert [instance.sizes for instance in plan.statements[0].instances] == [
        {"d": 1, "k": 1, "m": 1},
        {"d": 2, "k": 1, "m": 1},
    ]
    assert [question.network.text[:12] for question in plan.questions] == ["mlp(1, 2, 1,", "mlp(2, 2, 1,"]
    table = plan.table(answer_all(plan.questions))
    assert [row.cells[-2].plain for row in table.rows] == ["", "2", "3"]
    assert table.rows[0].cells[4].verdict == "confirmed"
    assert table.rows[0].group == "mlp(d, k, 1, bias=False) in mlp(d, 2*m, 1, bias=False), $k <= 2*m$"


def test_weights_are_found_beside_the_file(tmp_path):
    (tmp_path / "w.json").write_text('{"W1": [[1, 2]], "b1": [0], "W2": [[0]], "b2": [0]}', encoding="utf-8")
    text = '[[row]]\nnetwork = "mlp(2, 8, 1)"\ntarget = "mlp(2, 1, 1)"\nweights = "w.json"\n'
    plan = read_plan(written(tmp_path, text))
    table = plan.table(answer_all(plan.questions))
    assert table.rows[0].cells[3].plain == "1"
    assert [note.explanation for note in table.notes] == ["the target at the weights of w.json"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples/tables").glob("*.toml")), ids=lambda path: path.stem
)
def test_the_examples(path):
    plan = read_plan(path)
    answers = answer_all(plan.questions)
    assert {verdict.verdict for verdict in answers.verdicts.values()} == {"proved"}
    assert not plan.is_refuted(answers)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.toml: row: there is none"),
        ("caption = 3", "t.toml: caption: expected a string, got 3"),
        ("captoin = 'x'\n" + ROW, "captoin: unknown key; the keys are caption, label, columns, row"),
        ("columns = ['O']\n" + ROW, "columns: 'O' is no column; the columns are title"),
        ("columns = []\n" + ROW, "columns: expected at least one column"),
        ("columns = ['rank', 'rank']\n" + ROW, "columns: .* each only once"),
        ("row = [1]", "row 1: row: expected a table, got 1"),
        ("row = 'x'", "row: expected a list"),
        ("[[row]]\nnetwork = 'mlp(1, 1, 1)'", "row 1: target: it is missing"),
        (ROW + "target = 'mlp(2, 1, 1)'", "is no TOML file: Cannot overwrite a value"),
        (ROW + "[[row]]\nnetwork = 'mlp(2, 0, 1)'\ntarget = ''", "row 2: network: mlp: widths\\[1\\] is 0"),
        (ROW + "title = true", "row 1: title: expected a string, got True"),
        (ROW + "Weights = 'x'", "row 1: Weights: unknown key"),
        (ROW + "weights = 'none.json'", "weights: .*none.json cannot be read"),
        (ROW + "formula = 'k*('", "row 1: formula: formula: 'k\\*\\(' is no formula"),
        (ROW + "formula = 'k'", "row 1: formula: k is not one of the sizes \\(there are none\\)"),
        (ROW + "sizes = { d = '1-3' }", "row 1: sizes.d: '1-3' are no sizes; write 3"),
        (ROW + "sizes = { d = '3..1' }", "row 1: sizes.d: '3..1' are no sizes"),
        (ROW + "sizes = { d = [true] }", "row 1: sizes.d: \\[True\\] are no sizes"),
        (ROW + "sizes = { d = '1..999999999' }", "sizes: they give 10001 questions, at most 10000"),
        (ROW + "sizes = { '2*d' = 1 }", "sizes: '2\\*d' is no name"),
        (ROW + "sizes = { d = 1 }\nwhere = 'd > 1'", "where: no sizes fulfil it"),
        (ROW + "sizes = { d = 1 }\nwhere = 'd'", "condition: 'd' is no condition"),
        (ROW.replace("mlp(2, 3", "mlp({d}, 3"), "row 1: target: d is not one of the sizes"),
        (
            ROW.replace("mlp(2, 3", "mlp({d-1}, 3") + "sizes = { d = 1 }",
            "target at d = 1: mlp: widths\\[0\\] is 0",
        ),
        ("a = \x00", "is no TOML file"),
    ],
)
def test_mistakes(tmp_path, text, message):
    with pytest.raises(BadInput, match=message):
        read_plan(written(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(BadInput, match="cannot be read \\(no such file or directory\\)"):
        read_plan(tmp_path / "none.toml")
    with pytest.raises(BadInput, match="cannot be read \\(is a directory\\)"):
        read_plan(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is no TOML file"):
        read_plan(tmp_path / "binary.toml")
