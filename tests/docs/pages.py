"""The documentation as a program: its commands and Python blocks are run, and what they print is compared.

A page is read from top to bottom, in one temporary folder that holds a copy of ``examples``:

* a ``console`` block holds the commands ``llrsym``, ``python`` and ``echo $?`` after ``$ ``, each followed
  by what it prints (both streams);
* a ``python`` block is executed, all blocks of a page in one namespace; a ``text`` block directly after it
  is what it prints, and without one it must print nothing;
* a block after the line ``<!-- file: NAME -->`` is written to the file NAME.

``...`` in an expected output stands for any text. ``python -m tests.docs.pages`` writes the outputs
anew where they have changed; read the difference before you keep it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from doctest import ELLIPSIS, OutputChecker
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from llrsym.__main__ import main
from llrsym.networks import activations

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "examples").rglob("*.md"), *(ROOT / "docs").rglob("*.md")],
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its lines, the number of its first line, and the file it is."""

    language: str
    lines: tuple[str, ...]
    start: int
    file: str | None

    @property
    def text(self) -> str:
        """The lines as they would stand in a file."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True)
class Output:
    """What a page says that a command or block prints, what it printed, and the lines that say so."""

    command: str
    expected: str
    printed: str
    start: int
    stop: int
    fenced: bool = True

    @property
    def agrees(self) -> bool:
        """Whether the printed text is the expected one, up to ``...``."""
        return OutputChecker().check_output(self.expected, self.printed, ELLIPSIS)


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number + 1
            continue
        before = lines[start - 2] if start >= 2 else ""
        file = before.removeprefix("<!-- file: ").removesuffix(" -->") if "<!-- file: " in before else None
        yield Block(lines[start - 1].strip("`").strip(), tuple(lines[start:number]), start, file)
        start = None


def run_page(page: Path) -> list[Output]:
    """Run every block of a page in a new folder and return what was printed."""
    registered = patch.dict(activations._registered, clear=True)  # activations that other tests have named
    with tempfile.TemporaryDirectory() as folder, chdir(folder), registered:
        shutil.copytree(ROOT / "examples", "examples")
        return list(_outputs(list(blocks(page))))


def _outputs(page: list[Block]) -> Iterator[Output]:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for position, block in enumerate(page):
        if block.file is not None:
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            yield from _console(block)
        elif block.language == "python":
            printed = _execute(block, namespace)
            shown = page[position + 1] if position + 1 < len(page) else None
            # Two lines of fences, and at most one empty line, lie between a block and its output.
            if shown is not None and shown.language == "text" and shown.start <= _end(block) + 3:
                yield Output(block.text, shown.text, printed, shown.start, _end(shown))
            else:
                yield Output(block.text, "", printed, _end(block) + 1, _end(block) + 1, fenced=False)


def _end(block: Block) -> int:
    return block.start + len(block.lines)


def _execute(block: Block, namespace: dict[str, object]) -> str:
    stream = StringIO()
    with redirect_stdout(stream):
        exec(compile(block.text, f"<block in line {block.start}>", "exec"), namespace)
    return stream.getvalue()


def _console(block: Block) -> Iterator[Output]:
    code = 0
    starts = [n for n, line in enumerate(block.lines) if line.startswith("$ ")]
    for n, stop in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        command = block.lines[n][2:]
        first = n + 1
        while command.endswith("\\"):
            command = command[:-1] + block.lines[first].removeprefix("> ")
            first += 1
        if command == "echo $?":
            printed = f"{code}\n"
        else:
            code, printed = _run(command)
        expected = "".join(f"{line}\n" for line in block.lines[first:stop])
        yield Output(command, expected, printed, block.start + first, block.start + stop)


def _run(command: str) -> tuple[int, str]:
    program, *arguments = shlex.split(command)
    return _llrsym(arguments) if program == "llrsym" else _python(arguments)


def _llrsym(arguments: list[str]) -> tuple[int, str]:
    """Call the entry point of the command in this process, which has imported everything already."""
    stream = StringIO()
    with redirect_stdout(stream), redirect_stderr(stream), patch.object(sys, "argv", ["llrsym", *arguments]):
        code = main()
    # A time differs from run to run: a page shows it as ``...``, also after it is written anew.
    return code, re.sub(r'("seconds": )[-+.e\d]+', r"\1...", stream.getvalue())


def _python(arguments: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return done.returncode, done.stdout


def rewrite(page: Path) -> int:
    """Replace the outputs of a page that have changed and return their number."""
    lines = page.read_text(encoding="utf-8").splitlines()
    changed = [output for output in run_page(page) if not output.agrees]
    for output in reversed(changed):
        printed = output.printed.splitlines()
        lines[output.start : output.stop] = printed if output.fenced else ["", "```text", *printed, "```"]
    page.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(changed)


if __name__ == "__main__":
    for name in sys.argv[1:] or map(str, PAGES):
        print(f"{name}: {rewrite(Path(name).resolve())} outputs rewritten")
