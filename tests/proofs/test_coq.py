"""The Coq proofs: they build, use the axioms of the real numbers alone, and are what their README says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from proofs.coq import check_assumptions as checker

FOLDER = Path(checker.__file__).parent
THEOREM = re.compile(r"`([A-Z]\w+\.\w+)`")

needs_coq = pytest.mark.skipif(
    not (shutil.which("coqc") and shutil.which("make")),
    reason="proofs/coq is not checked: coqc or make is missing (proofs/coq/README.md names the packages)",
)


def sources(folder: Path) -> Path:
    others = (FOLDER / name for name in ("_CoqProject", "Makefile", "check_assumptions.py"))
    for path in (*FOLDER.glob("*.v"), *others):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return sources(tmp_path)


def named_theorems() -> list[str]:
    return checker.COMMAND.findall((FOLDER / "Assumptions.v").read_text())


@needs_coq
def test_every_theorem_is_checked_in_a_fresh_copy(copy: Path) -> None:
    run = subprocess.run(["make", "-j2"], cwd=copy, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    printed = re.findall(r"^(\w+\.\w+): ", run.stdout, re.MULTILINE)
    assert printed == named_theorems()


@needs_coq
def test_a_theorem_with_an_axiom_of_its_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_CoqProject").write_text("-R . LLR\nWrong.v\n")
    (tmp_path / "Wrong.v").write_text(
        "Variable wrong : False.\nTheorem zero_is_one : 0 = 1. destruct wrong. Qed.\n"
    )
    (tmp_path / "Assumptions.v").write_text("From LLR Require Wrong.\nPrint Assumptions Wrong.zero_is_one.\n")
    shutil.copy(FOLDER / "check_assumptions.py", tmp_path)
    subprocess.run(["coqc", "-q", "-R", ".", "LLR", "Wrong.v"], cwd=tmp_path, capture_output=True, check=True)
    run = subprocess.run(
        ["python3", "check_assumptions.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "Wrong.zero_is_one rests on Wrong.wrong" in run.stderr


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Lemma a : False. Admitted.", ["A.v: Admitted"]),
        ("Proof. admit. Abort.", ["A.v: admit", "A.v: Abort"]),
        ("Axiom a : False.", ["A.v: Axiom"]),
        ("Parameter a : False.", ["A.v: Parameter"]),
        ("Unset Guard Checking.", ["A.v: Unset Guard Checking"]),
        ("(* Admitted (* Axiom *) Abort *) Lemma a : True. exact I. Qed.", []),
    ],
    ids=["admitted", "admit", "axiom", "parameter", "checking", "comment"],
)
def test_a_proof_that_is_left_out_is_found(tmp_path: Path, source: str, found: list[str]) -> None:
    (tmp_path / "A.v").write_text(source)
    assert checker.forbidden_commands(tmp_path) == found


def test_no_source_leaves_a_proof_out_or_the_build() -> None:
    assert checker.forbidden_commands(FOLDER) == []
    assert checker.unlisted_files(FOLDER) == []


def test_a_source_outside_the_build_is_found(copy: Path) -> None:
    (copy / "Forgotten.v").write_text("")
    assert checker.unlisted_files(copy) == ["Forgotten.v"]


def test_output_of_coq_is_read() -> None:
    output = (
        "Closed under the global context\nAxioms:\nModule.name\n  : forall P : Prop,\n    P\nother : False\n"
    )
    assert checker.printed_axioms(output) == [[], ["Module.name", "other"]]
    with pytest.raises(ValueError, match="not understood"):
        checker.printed_axioms("Something else\n")


def test_the_readme_names_the_theorems_and_axioms_that_are_checked() -> None:
    page = (FOLDER / "README.md").read_text()
    table = page[page.index("## What is proved") : page.index("## What the models")]
    assert sorted(set(THEOREM.findall(table))) == sorted(named_theorems())
    assert sorted(re.findall(r"^\| `([\w.]+)` \|", page[page.index("## Axioms") :], re.MULTILINE)) == sorted(
        checker.ALLOWED
    )
