"""The proofs folder: built from its sources, accepted by the kernel, and its pages say what it proved."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from llrsym.kernel.check import Statement, check
from llrsym.kernel.errors import Rejected
from llrsym.verification import verify_paths
from proofs import build
from proofs.source import convolutions
from proofs.source.definitions import MINIMAL_RANK
from proofs.source.model import Embed, Instance, Item, Status
from proofs.source.pages import SYMBOLS, links

PROOFS = build.HERE
ROOT = PROOFS.parent
THEORY = ROOT / "docs" / "theory"
WRITTEN_BY_HAND = {"README.md", "build.py", "__init__.py", "coq", "source"}


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("anew") / "proofs"
    folder.mkdir()
    build.build(folder)
    return folder


def files(folder: Path, *names: str) -> dict[str, str]:
    found = (path for name in names for path in folder.rglob(name))
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in found}


def instances() -> Iterator[tuple[Item, Instance]]:
    for item in build.ITEMS:
        for instance in item.instances:
            yield item, instance


def place(item: Item, instance: Instance) -> Path:
    return PROOFS / item.folder / "instances" / instance.name


# What is in the folder


def test_index_pages_weights_and_claims_are_those_of_the_sources(rebuilt):
    names = ("README.md", "INDEX.md", "weights.json", "claim.json")
    stored = files(PROOFS, *names)
    del stored["README.md"]
    del stored["coq/README.md"]
    assert files(rebuilt, *names) == stored, "run python -m proofs.build"


def test_the_section_of_the_readme_is_that_of_the_sources():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert build.with_index(readme) == readme, "run python -m proofs.build"
    assert SYMBOLS in readme


def test_a_readme_without_the_markers_is_refused():
    with pytest.raises(SystemExit, match="the lines <!-- proofs: index -->"):
        build.with_index("# llrsym\n")


def test_nothing_else_is_in_the_folder():
    found = {path.name for path in PROOFS.iterdir()} - {"__pycache__"}
    assert found == WRITTEN_BY_HAND | {"INDEX.md"} | {item.folder for item in build.ITEMS}


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in PROOFS.rglob("*.json")) < 3_000_000


def test_folders_and_instances_have_names_of_their_own():
    folders = [item.folder for item in build.ITEMS]
    assert len(set(folders)) == len(folders)
    for item in build.ITEMS:
        names = [instance.name for instance in item.instances]
        assert len(set(names)) == len(names) > 0


# What the kernel says


@pytest.fixture(scope="module")
def statements() -> dict[Path, Statement]:
    pairs = [(path, path.with_name("certificate.json")) for path in PROOFS.rglob("claim.json")]
    return {claim.parent: check(claim.read_text(), certificate.read_text()) for claim, certificate in pairs}


def test_every_claim_is_accepted_by_the_program():
    results = verify_paths(PROOFS)
    assert len(results) >= 190
    assert [str(result.path) for result in results if not result.accepted] == []


def test_nothing_rests_on_a_conjecture(statements):
    assert not any(statement.is_conditional for statement in statements.values())
    cited = {condition for statement in statements.values() for condition in statement.conditions}
    assert all("Ax's theorem" in c or "Lindemann-Weierstrass" in c for c in cited)


ROW = re.compile(r"\| \[(?P<name>[^\]]+)\]\(instances/[^)]+/\) \|(?P<cells>.*)\|$", re.MULTILINE)
NUMBER = re.compile(r"(?:rank|dimension|\$O) ?\$?(?P<relation>=|\\le)(?P<value>\d+)\$")


@pytest.mark.parametrize("item", build.ITEMS, ids=lambda item: item.folder)
def test_a_page_says_what_the_kernel_proved(item, statements):
    text = (PROOFS / item.folder / "README.md").read_text(encoding="utf-8")
    rows = {row["name"]: row["cells"].split(" | ") for row in ROW.finditer(text)}
    assert set(rows) == {instance.name for instance in item.instances}
    for instance in item.instances:
        said = rows[instance.name][1]
        if isinstance(instance.question, Embed):
            assert_embedding(said, place(item, instance), statements)
            continue
        statement = statements[place(item, instance)]
        number = NUMBER.search(said)
        assert number is not None, said
        assert int(number["value"]) == statement.upper
        assert statement.lower == (0 if number["relation"] != "=" else statement.upper)
        if "$O" in said:
            samples = re.search(r"\$O(?:=|\\le)(\d+)\$", said)
            assert samples is not None
            sizes = statement.text.rpartition("optimistic sample size")[2]
            assert re.search(rf"(= |, ){samples[1]}\b", sizes), (said, statement.text)


def assert_embedding(said: str, folder: Path, statements: dict[Path, Statement]) -> None:
    if folder in statements:
        assert said.strip() == "keeps the tangent functions of every target"
        return
    before, after = (statements[folder / name] for name in ("rank-target", "rank-network"))
    assert before.upper < after.lower
    assert said.strip().endswith(f"the rank grows from {before.upper} to {after.lower}")


def test_the_kernel_needs_nothing_but_the_standard_library():
    folder = PROOFS / "theorem-6" / "instances" / "shift"
    command = [sys.executable, "-S", "-m", "llrsym.kernel", str(folder / "claim.json")]
    done = subprocess.run(
        [*command, str(folder / "certificate.json")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "minimal model rank = 7, optimistic sample size = 7" in done.stdout


@pytest.mark.parametrize(
    ("item", "instance"),
    [pair for pair in instances() if pair[1].refutes],
    ids=lambda value: value.folder if isinstance(value, Item) else value.name,
)
def test_the_printed_value_is_rejected(item, instance):
    folder = place(item, instance)
    claim: dict[str, Any] = json.loads((folder / "claim.json").read_text())
    printed = instance.printed[1]
    assert printed != claim["lower"]
    claim |= {"lower": printed, "upper": printed}
    claim |= {"samples": [printed, printed]} if "samples" in claim else {}
    with pytest.raises(Rejected):
        check(json.dumps(claim), (folder / "certificate.json").read_text())


# The statements


def test_exactly_the_refuted_statements_have_counterexamples():
    for item in build.ITEMS:
        refuted = any(instance.refutes for instance in item.instances)
        assert refuted == (item.status is Status.REPAIRED), item.folder
        assert not refuted or "Repaired" in item.repair or "(../theorem-6/)" in item.repair


def test_the_paper_is_complete():
    numbers = {
        "proposition": (1, 2, 3, 4),
        "lemma": (7, 12),
        "corollary": (1, 2, 3, 5, 6, 7),
        "theorem": tuple(range(1, 8)),
        "table": (1, 2, 3),
        "remark": (14,),
    }
    wanted = {f"{kind}-{n}" for kind, all_numbers in numbers.items() for n in all_numbers}
    assert wanted <= {item.folder for item in build.ITEMS}


@pytest.mark.parametrize("item", build.ITEMS, ids=lambda item: item.folder)
def test_theorems_and_links_exist(item):
    assert item.theory
    for page, anchor in links(item):
        text = (THEORY / f"{page}.md").read_text(encoding="utf-8")
        assert not anchor or f"({anchor})=" in text, (page, anchor)
    folder = PROOFS / item.folder
    for target in re.findall(r"\]\(([^)#]+)", (folder / "README.md").read_text(encoding="utf-8")):
        assert target.startswith("https://") or (folder / target).exists(), target


def test_links_of_the_overviews_exist():
    for page in (PROOFS / "INDEX.md", PROOFS / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), target


def test_another_answer_stops_the_build(tmp_path):
    instance = replace(MINIMAL_RANK.instances[0], expected=3)
    with pytest.raises(build.Unexpected, match=r"found \(2, 2, 2, 2\), expected \(3, 3, 3, 3\)"):
        build.build_instance(instance, tmp_path / "instance")


def neurons(kernels: Any, output_weights: Any, shared: bool) -> dict[tuple[Fraction, ...], int]:
    """The function of a one-dimensional CNN: total output weight by padded kernel."""
    total: dict[tuple[Fraction, ...], int] = {}
    for channel, row in enumerate(output_weights):
        for position, a in enumerate(row):
            kernel = kernels[channel] if shared else kernels[channel][position]
            padded = (0,) * position + tuple(kernel) + (0,) * (len(row) - 1 - position)
            total[padded] = total.get(padded, 0) + a
    return {padded: a for padded, a in total.items() if a and any(padded)}


@pytest.mark.parametrize(
    ("target", "better", "shared"),
    [
        (convolutions.DEAD, convolutions.DEAD_BETTER, True),
        (convolutions.SHIFT, convolutions.UNTIED_SHIFT, False),
        (convolutions.SHIFT, convolutions.UNTIED_SHIFT_BETTER, False),
    ],
    ids=["dead-positions", "own-kernels", "without-sharing"],
)
def test_explicit_parameters_have_the_function_of_the_target(target, better, shared):
    wanted = neurons(target["K"], target["a"], True)
    assert neurons(better["K"], better["a"], shared) == wanted


# The commands on the pages


def commands() -> list[str]:
    found: dict[str, str] = {}
    for item, instance in instances():
        command = instance.question.command(f"proofs/{item.folder}/instances/{instance.name}")
        options = [word for word in shlex.split(command) if word.startswith("--")]
        found.setdefault(" ".join([shlex.split(command)[1], *options]), command)
    return [command for command in found.values() if command.startswith("llrsym")]


@pytest.mark.parametrize("command", commands())
def test_commands_on_the_pages_find_the_same_claim(command, rebuilt):
    words = shlex.split(command)
    folder = Path(words[-1])
    before = files(rebuilt.parent / folder, "claim.json")
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=rebuilt.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 3), done.stderr
    assert files(rebuilt.parent / folder, "claim.json") == before
