"""The pytest plugin: ``pytest --llrsym FILE.py`` tests every architecture of the file, one item per property.

Without ``--llrsym`` it does nothing and loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from llrsym.testing.result import Property
    from llrsym.testing.suite import Suite


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("llrsym", "property tests of architectures")
    group.addoption(
        "--llrsym", action="store_true", help="test the architectures in the Python files that are named"
    )
    group.addoption("--llrsym-seed", type=int, default=0, metavar="N", help="seed of the examples")
    group.addoption(
        "--llrsym-examples", type=int, default=None, metavar="N", help="number of examples per property"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ArchitectureFile | None:
    """Collect a Python file that was named on the command line."""
    if not parent.config.getoption("--llrsym") or file_path.suffix != ".py":
        return None
    if not parent.session.isinitpath(file_path):
        return None
    return ArchitectureFile.from_parent(parent, path=file_path, name=f"{file_path.name} (llrsym)")


class PropertyFailure(Exception):
    """A property that is refuted; the message shows the counterexample."""


class ArchitectureFile(pytest.File):
    """The architectures of a file."""

    def collect(self) -> Iterator[PropertyItem]:
        """Yield an item for each group of properties of each architecture."""
        from llrsym.errors import BadInput
        from llrsym.testing.sources import architectures_in
        from llrsym.testing.suite import Suite

        option = self.config.getoption
        try:
            for name, architecture in architectures_in(self.path).items():
                suite = Suite(
                    architecture,
                    seed=option("--llrsym-seed"),
                    examples=option("--llrsym-examples"),
                    budget=None,
                )
                for group in suite.groups():
                    yield PropertyItem.from_parent(self, name=f"{name}::{group}", suite=suite, group=group)
        except BadInput as error:
            raise self.CollectError(str(error)) from error


class PropertyItem(pytest.Item):
    """One group of properties of an architecture."""

    def __init__(self, *, suite: Suite, group: str, **options: Any) -> None:
        super().__init__(**options)
        self.suite, self.group = suite, group

    def runtest(self) -> None:
        """Fail with the counterexample of a refuted property; skip what could not be decided."""
        from llrsym.testing.result import UNDECIDED

        properties = self.suite.run(self.group)
        refuted = [found for found in properties if found.counterexample is not None]
        if refuted:
            raise PropertyFailure(_text(refuted))
        undecided = [found for found in properties if found.outcome == UNDECIDED]
        if undecided:
            pytest.skip(f"undecided: {_text(undecided)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the counterexample, and the traceback of anything else."""
        if isinstance(excinfo.value, PropertyFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the architecture is."""
        return self.path, None, self.name


def _text(properties: list[Property]) -> str:
    return "\n".join(line for found in properties for line in found.lines())
