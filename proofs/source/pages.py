"""The pages of proofs/: one for each statement, and the index. Every proved number is read from a claim."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

from llrsym.kernel.model_documents import read_model
from llrsym.kernel.models import parameter_count
from proofs.source.model import Embed, Independence, Instance, Item, Status, Theory

INSTANCES = "instances"
MARKS = {
    Status.PROVED: "proved",
    Status.REPAIRED: "**refuted as stated**, repaired and proved",
    Status.EXTENDED: "proved; new here",
}
SYMBOLS = """\
$O$ is the optimistic sample size, $M$ the number of parameters, $d$ the number of inputs (their length, for a
CNN), $k$ the number of intrinsic neurons or kernels, $S$ the number of pixels of a kernel, $L$ that of its
positions, $D$ that of the inputs."""
NOTE = """\
Statements are numbered as in the first arXiv version, 2406.18035v1; the journal text was not compared.
*Proved* means for all sizes, by a proof in [docs/theory]({theory}/index.md) or in the folder itself, written
for this project and not refereed elsewhere. *Refuted as stated* means that the kernel accepted the stated
counterexample. An instance that agrees with a formula proves nothing beyond itself. {symbols}"""


def page(item: Item, folder: Path) -> str:
    """Return the README of a statement, whose claims lie in ``folder``."""
    remark = f" ({item.remark})" if item.remark else ""
    parts = [
        f"# {item.title}\n\nSource: {prose(item.source)}.\n\n**Status: {item.status.value}**{remark}.",
        f"## Statement\n\n{prose(item.statement)}",
        f"## {_boundary(item)}\n\n{prose(item.repair)}" if item.repair else "",
        f"## Proof\n\n{prose(item.proof)}" if item.proof else "",
        f"## Proved for all sizes\n\n{_theory(item.theory)}",
        f"## What is checked here\n\n{prose(item.checked)}\n\n{_table(item, folder)}",
        f"## Not covered\n\n{prose(item.limits)}" if item.limits else "",
        f"## Re-check\n\n{_commands(item, folder)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def prose(text: str) -> str:
    """Return the text as one line."""
    return " ".join(text.split())


def _boundary(item: Item) -> str:
    return "What has to be repaired" if item.status is Status.REPAIRED else "Scope"


def _theory(theorems: Sequence[Theory]) -> str:
    return "\n".join(f"* [{_file(t)}]({_link(t)}): {t.name}" for t in theorems)


def _file(theorem: Theory) -> str:
    return f"docs/theory/{theorem.page}"


def _link(theorem: Theory) -> str:
    anchor = f"#{theorem.anchor}" if theorem.anchor else ""
    return f"../../docs/theory/{theorem.page}.md{anchor}"


def _table(item: Item, folder: Path) -> str:
    lines = [
        "| instance | question | proved by the kernel | printed formula | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for instance in item.instances:
        place = f"{INSTANCES}/{instance.name}"
        asked = instance.question.asked()
        if instance.question.weights is not None:
            asked = asked.replace("at given weights", f"at [given weights]({place}/weights.json)")
        cells = [
            f"[{instance.name}]({place}/)",
            asked,
            answer(instance, folder / place),
            _printed(instance),
            instance.note,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _printed(instance: Instance) -> str:
    if instance.printed is None:
        return ""
    formula, value = instance.printed
    if instance.refutes:
        return f"{formula}: **{value}, refuted**"
    return f"{formula}: {value}" + (" as upper bound" if instance.at_most else "")


def answer(instance: Instance, folder: Path) -> str:
    """Return in words what the claims of one instance say."""
    if isinstance(instance.question, Embed):
        return _embedding_answer(folder)
    claim = read(folder / "claim.json")
    lower, upper = claim["lower"], claim["upper"]
    if "wide" in claim:
        return _bound_answer(claim)
    count = sum(prod(shape) for _, shape in claim["program"]["parameters"])
    if isinstance(instance.question, Independence):
        return f"dimension ${_interval(lower, upper)}$ of {count}"
    return f"rank ${_interval(lower, upper)}$, $M={count}$"


def read(path: Path) -> dict[str, Any]:
    """Return a claim as data."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _bound_answer(claim: dict[str, Any]) -> str:
    count = parameter_count(read_model(claim["wide"]))
    ranks, samples = (claim["lower"], claim["upper"]), tuple(claim["samples"])
    rank = "" if ranks == samples else f"minimal rank ${_interval(*ranks)}$, "
    return f"{rank}$O{_interval(*samples)}$, $M={count}$"


def _interval(lower: int, upper: int) -> str:
    if lower == upper:
        return f"={lower}"
    return f"\\le{upper}" if lower == 0 else f"\\in[{lower},{upper}]"


def _embedding_answer(folder: Path) -> str:
    if (folder / "claim.json").exists():
        return f"keeps the {read(folder / 'claim.json')['keeps']} of every target"
    before, after = (read(folder / f"rank-{name}" / "claim.json") for name in ("target", "network"))
    kept = read(folder / "function" / "claim.json")["keeps"]
    grown = f"the rank grows from {before['upper']} to {after['lower']}"
    return f"keeps the {kept} of every target; at one target {grown}"


def _commands(item: Item, folder: Path) -> str:
    place = f"proofs/{item.folder}"
    first = next(iter(sorted((folder / INSTANCES).rglob("claim.json")))).parent.relative_to(folder).as_posix()
    found = "\n".join(i.question.command(f"{place}/{INSTANCES}/{i.name}") for i in item.instances)
    return (
        f"```sh\nllrsym verify {place}\n"
        f"python -m llrsym.kernel {place}/{first}/claim.json {place}/{first}/certificate.json\n```\n\n"
        f"The claims and certificates were found by these commands, all run by `python -m proofs.build`:\n\n"
        f"```sh\n{found}\n```"
    )


def index(items: Sequence[Item]) -> str:
    """Return proofs/INDEX.md."""
    lines = [
        "# Index of proofs",
        "",
        NOTE.format(theory="../docs/theory", symbols=SYMBOLS),
        "",
        "| folder | source | statement | status | instances |",
        "| --- | --- | --- | --- | --- |",
    ]
    for item in items:
        cells = [
            f"[{item.folder}]({item.folder}/)",
            prose(item.source),
            prose(item.words),
            _status(item),
            _counts(item),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _status(item: Item) -> str:
    return MARKS[item.status] + (f" ({item.remark})" if item.remark else "")


def _counts(item: Item) -> str:
    against = sum(instance.refutes for instance in item.instances)
    return f"{len(item.instances)}" + (f", {against} against the formula" if against else "")


def short_index(items: Sequence[Item]) -> str:
    """Return the section of the project's README, without its markers."""
    count = sum(len(item.instances) for item in items)
    head = f"""\
The statements of [arXiv 2406.18035](https://arxiv.org/abs/2406.18035) and of related papers, re-proved, with
{count} instances that `llrsym verify proofs/` re-checks. *Proved* means for all sizes, in
[docs/theory](docs/theory/index.md) or in the folder; an instance proves only itself. Sources and numbers of
instances are in [proofs/INDEX.md](proofs/INDEX.md). {SYMBOLS}"""
    lines = [head, "", "| name | statement | status |", "| --- | --- | --- |"]
    lines += [f"| [{i.folder}](proofs/{i.folder}/) | {prose(i.words)} | {_status(i)} |" for i in items]
    return "\n".join(lines)


def links(item: Item) -> Iterator[tuple[str, str]]:
    """Yield the theory pages and anchors that a statement rests on."""
    for theorem in item.theory:
        yield theorem.page, theorem.anchor
