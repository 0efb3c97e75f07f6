"""What the documentation shows is what happens: commands, outputs, numbers, and the commands of .ci/run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import llrsym
from llrsym.cli import __file__ as cli
from llrsym.cli.app import app
from llrsym.kernel import __file__ as kernel
from llrsym.kernel.activations import activation_names
from tests.docs.pages import PAGES, ROOT, Output, blocks, rewrite, run_page

RUNNABLE = [page for page in PAGES if any(b.language in ("console", "python") for b in blocks(page))]
README = ROOT / "README.md"
SCHEMAS = Path(cli).parent / "schemas"


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", RUNNABLE, ids=names)
def test_every_command_prints_what_the_page_shows(page):
    for output in run_page(page):
        assert output.agrees, (
            f"{names(page)}, line {output.start}: {output.command}\n"
            f"the page shows:\n{output.expected}\nbut this was printed:\n{output.printed}"
        )


def test_another_output_is_noticed_and_can_be_rewritten(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)\n```\n\n```text\n2\n```\n", encoding="utf-8")
    assert [(o.expected, o.printed, o.agrees) for o in run_page(page)] == [("2\n", "1\n", False)]
    assert rewrite(page) == 1
    assert [o.agrees for o in run_page(page)] == [True]


def test_a_block_that_prints_without_an_output_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)\n```\n", encoding="utf-8")
    assert [o.agrees for o in run_page(page)] == [False]
    assert rewrite(page) == 1
    assert page.read_text(encoding="utf-8") == "```python\nprint(1)\n```\n\n```text\n1\n```\n"


def test_exit_codes_files_and_continued_lines_are_run(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- file: a.py -->\n```text\nraise SystemExit(3)\n```\n"
        "```console\n$ python \\\n>   a.py\n$ echo $?\n3\n```\n",
        encoding="utf-8",
    )
    assert [(o.command.split(), o.printed) for o in run_page(page)] == [
        (["python", "a.py"], ""),
        (["echo", "$?"], "3\n"),
    ]


def test_dots_stand_for_any_text():
    assert Output("c", "a ... c\n", "a b c\n", 0, 0).agrees
    assert not Output("c", "a ... c\n", "a b d\n", 0, 0).agrees


def test_the_test_command_of_the_readme_is_the_one_of_the_build():
    (command,) = [b.text for b in blocks(README) if b.language == "bash" and "pytest" in b.text]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_command_of_the_readme_is_the_one_of_the_build():
    (command,) = [b.text for b in blocks(README) if b.language == "bash" and "llrsym rank" in b.text]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_stated_size_of_the_kernel_is_its_size():
    files = Path(kernel).parent.glob("*.py")
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    stated = re.search(r"([0-9]+,[0-9]{3}) lines", (ROOT / "docs/trust.md").read_text(encoding="utf-8"))
    assert stated is not None
    assert abs(int(stated[1].replace(",", "")) - lines) <= 100


def test_every_activation_and_every_verb_has_its_place_in_the_reference():
    activations = (ROOT / "docs/reference/activations.md").read_text(encoding="utf-8")
    command_line = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    assert [n for n in activation_names() if f"`{n.partition(':')[0]}" not in activations] == []
    verbs = [command.callback.__name__ for command in app.registered_commands if command.callback]
    assert [v for v in verbs if f"`{v}`" not in command_line] == []


def test_every_option_is_in_the_reference_with_its_verbs():
    page = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(--[a-z-]+)[^`]*` \| ([a-z, ]+) \|", page, re.MULTILINE)
    stated = {(option, verb) for option, verbs in rows for verb in verbs.split(", ")}
    commands = get_command(app).commands
    options = {
        (option, verb)
        for verb, command in commands.items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    for_all = {option for option, _ in options if all((option, verb) in options for verb in commands)}
    assert stated == {(option, "all" if option in for_all else verb) for option, verb in options}


def test_every_public_name_is_in_the_reference():
    page = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\.\. auto\w+:: ([\w.]+)$", page, re.MULTILINE))
    described = set(re.findall(r"`(\w+)`", page))
    assert [n for n in llrsym.__all__ if n not in documented | described] == []


def test_every_json_key_has_its_place_in_the_reference():
    page = (ROOT / "docs/reference/json.md").read_text(encoding="utf-8")
    schemas = [json.loads(file.read_text(encoding="utf-8")) for file in SCHEMAS.glob("*.json")]
    keys = {key for schema in schemas for key in object_keys(schema)}
    assert sorted(key for key in keys if f"`{key}`" not in page) == []


def object_keys(schema: object) -> Iterator[str]:
    """The keys of the objects that a JSON schema describes, at every depth."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield from schema.get("properties", {})
        for part in schema.values():
            yield from object_keys(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from object_keys(part)


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_local_links_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [t for t in targets if "://" not in t]
    assert [t for t in local if not (page.parent / t).exists()] == []
