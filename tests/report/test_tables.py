"""One table and its views: the same cells, properly escaped, with marks that are explained."""

import csv
import json
import os
import shutil
import subprocess
from html.parser import HTMLParser
from io import StringIO

import pytest

from llrsym.bounds.formula import Formula
from llrsym.report.formats import html_page
from llrsym.report.tables import EXPLANATIONS, Cell, Column, Row, Table
from tests.report.sample import NASTY, nasty_table, verdict

PREAMBLE = "\\documentclass{article}\n\\usepackage{booktabs,tabularx,longtable}\n\\begin{document}\n"


def small(*cells: Cell, keys: tuple[str, ...] = ("rank",)) -> Table:
    columns = tuple(Column(key, key, "number") for key in keys)
    return Table("Values", "tab:v", columns, (Row(cells),))


def test_all_views_show_the_same_numbers():
    table = small(Cell((7, 9), "open"), Cell(Formula("k+1"), "proved"), keys=("rank", "formula"))
    assert table.to_csv() == 'rank,rank verdict,formula,formula verdict\n"[7, 9]",open,k + 1,proved\n'
    assert "| [7, 9]<sup>‖</sup> | $k + 1$<sup>&ast;</sup> |" in table.to_markdown()
    assert r"$[7, 9]$$^{\|}$ & $k + 1$\,$^{\ast}$ \\" in table.to_latex()
    assert "[7, 9]<sup>‖</sup></td>" in table.to_html()
    cells = json.loads(table.to_json())["rows"][0]["cells"]
    assert [(c["text"], c["lower"], c["upper"], c["verdict"]) for c in cells] == [
        ("[7, 9]", 7, 9, "open"),
        ("k + 1", None, None, "proved"),
    ]


def test_a_bound_is_shown_as_one_and_is_no_value():
    table = small(Cell((9, 9), "proved", at_most=True))
    assert r"${\le}\,9$" in table.to_latex()
    assert "≤ 9" in table.to_markdown()
    assert table.to_csv().splitlines()[1] == "<= 9,proved"
    cell = json.loads(table.to_json())["rows"][0]["cells"][0]
    assert (cell["lower"], cell["upper"]) == (None, 9)


def test_every_verdict_has_its_own_mark_and_is_explained_once():
    marks = nasty_table().verdicts
    assert len({mark.sign for mark in marks}) == len(EXPLANATIONS)
    assert [mark.explanation for mark in marks] == list(EXPLANATIONS.values())
    page = nasty_table(3).to_markdown()
    assert all(page.count(text.split(":")[0]) == 1 for text in EXPLANATIONS.values())


def test_only_verdicts_that_occur_are_explained():
    assert [mark.explanation for mark in small(Cell((1, 1), "refuted")).verdicts] == [EXPLANATIONS["refuted"]]
    assert small(Cell((1, 1))).verdicts == ()


def test_equal_notes_share_a_letter():
    cells = [Cell((1, 1), notes=notes) for notes in (("one",), ("two", "one"), ())]
    table = small(*cells, keys=("a", "b", "c"))
    assert [(mark.sign, mark.explanation) for mark in table.notes] == [("a", "one"), ("b", "two")]
    assert [table.signs(cell) for cell in cells] == [("a",), ("a", "b"), ()]


def test_letters_go_on_after_z():
    cells = [Cell((1, 1), notes=(str(n),)) for n in range(30)]
    signs = [mark.sign for mark in small(*cells, keys=tuple(map(str, range(30)))).notes]
    assert signs[24:29] == ["y", "z", "aa", "ab", "ac"]


def test_a_row_has_a_cell_for_every_column():
    with pytest.raises(ValueError, match="row 0 has 2 cells for 1 columns"):
        small(Cell(), Cell())


def test_a_verdict_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'certain' is not one of"):
        Cell((1, 1), "certain")


def test_csv_has_one_value_for_every_column_and_text_stays_text():
    rows = list(csv.reader(StringIO(nasty_table().to_csv())))
    assert {len(row) for row in rows} == {len(rows[0])}
    first = dict(zip(rows[0], rows[2], strict=True))
    assert first["title"] == first["notes"] == NASTY
    assert (first["group"], first["samples"], first["samples verdict"]) == ("g", "13", "proved")
    assert dict(zip(rows[0], rows[1], strict=True))["title"] == ""


class Reader(HTMLParser):
    """The cells of an HTML page as text, and the tags that occur."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_html_is_escaped_and_a_cell_tells_where_it_comes_from():
    reader = Reader()
    reader.feed(html_page([nasty_table()]))
    assert "script" not in reader.tags
    assert NASTY in reader.cells
    assert "theorem" in nasty_table().to_html().partition('title="')[2]
    assert 'colspan="2"' in nasty_table().to_html()


def test_markdown_has_one_column_separator_too_many_nowhere():
    lines = [line for line in nasty_table().to_markdown().splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in lines} == {5}


def test_json_refers_to_the_verdicts():
    document = json.loads(nasty_table().to_json())
    cell = document["rows"][1]["cells"][3]
    assert document["sources"][cell["source"]] == json.loads(json.dumps(verdict(13, 13).to_json_dict()))
    assert len(document["sources"]) == 1
    assert document["rows"][1]["cells"][0]["source"] is None


def test_notebooks_show_the_same_views():
    table = nasty_table()
    assert (table._repr_html_(), table._repr_latex_()) == (table.to_html(), table.to_latex())
    assert str(table) == table.to_markdown()


def compiled(tmp_path, text: str) -> str:
    """Compile LaTeX and return the log."""
    (tmp_path / "t.tex").write_text(f"{PREAMBLE}{text}\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "t.tex"]
    for _ in range(2):
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert run.returncode == 0, run.stdout.decode("utf-8", "replace")[-2000:]
    return (tmp_path / "t.log").read_text(encoding="utf-8", errors="replace")


# Where CI is set, pdflatex has to be there: a test that is skipped proves nothing.
needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None and "CI" not in os.environ, reason="pdflatex is not installed"
)


@needs_latex
@pytest.mark.parametrize("rows", [1, 9], ids=["float", "longtable"])
def test_latex_compiles_whatever_the_text(tmp_path, rows):
    log = compiled(tmp_path, nasty_table(rows).to_latex())
    assert "Missing character" not in log
    assert "Output written" in log


@needs_latex
def test_the_tables_of_the_papers_compile_and_fit_the_page(tmp_path):
    from llrsym.report.paper import paper_tables
    from llrsym.report.questions import answer_all

    plans = paper_tables()
    answers = answer_all(question for plan in plans for question in plan.questions)
    log = compiled(tmp_path, "\n".join(plan.table(answers).to_latex() for plan in plans))
    assert "Overfull" not in log


def test_latex_names_its_packages_and_is_a_float_or_long():
    assert nasty_table().to_latex().startswith("% \\usepackage{booktabs,tabularx}\n\\begin{table}")
    assert "\\begin{longtable}" in nasty_table(9).to_latex()
    assert "\\label{tab:nasty_1}" in nasty_table().to_latex()
