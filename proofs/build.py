"""Write proofs/: claims and certificates of all instances, the pages, the index, and a part of README.md.

    python -m proofs.build [FOLDER]

Without FOLDER the files beside this script and the section of ../README.md are written anew. Every answer is
compared with the expected one, so a build that ends without an error agrees with proofs/source. Seeds are
fixed; nothing depends on the time.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from proofs.source import convolution_tables, convolutions, deep_tanh, definitions, depth, related, two_layer
from proofs.source.model import Embed, Instance, Item
from proofs.source.pages import INSTANCES, index, page, read, short_index

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
START, END = "<!-- proofs: index -->", "<!-- end of proofs -->"
ITEMS: Sequence[Item] = (
    *definitions.ITEMS,
    *depth.ITEMS,
    *two_layer.ITEMS,
    *convolutions.ITEMS,
    *convolution_tables.ITEMS,
    *deep_tanh.ITEMS,
    *two_layer.RELATED,
    *convolution_tables.RELATED,
    *related.ITEMS,
)


class Unexpected(Exception):
    """An answer of the program is not the expected one."""


def build(folder: Path) -> None:
    """Write everything that belongs below ``folder``; raises ``Unexpected``."""
    for item in ITEMS:
        build_item(item, folder)
    (folder / "INDEX.md").write_text(index(ITEMS), encoding="utf-8")


def build_item(item: Item, folder: Path) -> None:
    """Write the folder of one statement anew; raises ``Unexpected``."""
    place = folder / item.folder
    shutil.rmtree(place, ignore_errors=True)
    for instance in item.instances:
        build_instance(instance, place / INSTANCES / instance.name)
    (place / "README.md").write_text(page(item, place), encoding="utf-8")


def build_instance(instance: Instance, folder: Path) -> None:
    """Write weights, claims and certificates of one instance; raises ``Unexpected``."""
    folder.mkdir(parents=True)
    weights = instance.question.weights
    if weights is not None:
        (folder / "weights.json").write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    instance.question.ask(folder)
    found = answer(instance, folder)
    if found != expected(instance):
        raise Unexpected(f"{folder}: found {found}, expected {expected(instance)}")


def answer(instance: Instance, folder: Path) -> object:
    """Return the numbers that the claims state."""
    if isinstance(instance.question, Embed):
        if (folder / "claim.json").exists():
            return None
        ranks = [read(folder / f"rank-{name}" / "claim.json") for name in ("target", "network")]
        return ranks[0]["upper"], ranks[1]["lower"]
    claim = read(folder / "claim.json")
    return claim["lower"], claim["upper"], *claim.get("samples", ())


def expected(instance: Instance) -> object:
    """Return the same numbers as expected."""
    value = instance.answer
    if isinstance(instance.question, Embed):
        return value
    lower = 0 if instance.at_most else value
    if not hasattr(instance.question, "target"):
        return lower, value
    samples = value if instance.samples is None else instance.samples
    return lower, value, 0 if instance.at_most else samples, samples


def with_index(readme: str) -> str:
    """Return the project's README with its section on proofs written anew."""
    before, _, rest = readme.partition(START)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(
            f"README.md: the lines {START} and {END} are missing; put them where the index belongs"
        )
    return f"{before}{START}\n{short_index(ITEMS)}\n{END}{after}"


def main(arguments: Sequence[str]) -> None:
    """Build into the given folder, or in place."""
    if arguments:
        build(Path(arguments[0]))
        return
    build(HERE)
    README.write_text(with_index(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
