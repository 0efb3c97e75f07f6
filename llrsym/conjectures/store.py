"""Verdicts in a file of JSON lines, which a killed process leaves readable.

# The choice of format
# One line per verdict, appended in a single write. A process that is killed leaves at most one line that is
# not complete; it is skipped, as is every line that is no entry, and the next line begins on its own.
# The file is not trusted: no conclusion that refutes a formula is drawn from it without a new computation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from llrsym import __version__
from llrsym.errors import BadInput
from llrsym.networks.network import Network
from llrsym.report.questions import verdict_of
from llrsym.tangent.documents import program_document
from llrsym.verdict import Verdict

HEADER = json.dumps({"format": "llrsym ranks 1"})
FILE = "ranks.jsonl"


def key_of(network: Network, seed: int) -> str:
    """Return the key of the rank of a network: a digest of its program, of the seed and of the version."""
    text = json.dumps([__version__, seed, program_document(network.program)], sort_keys=True)
    return sha256(text.encode()).hexdigest()


class Store:
    """Verdicts by key in a file; a folder stands for ``ranks.jsonl`` in it.

    Raises ``BadInput`` for a file that is something else or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path / FILE if path.is_dir() else path
        text = self._read()
        lines = text.splitlines()
        if lines and lines[0] != HEADER and not HEADER.startswith(text):
            raise BadInput(f"--cache: {self.path} is not a cache of ranks; name another file")
        self.documents = dict(entry for entry in map(_entry, lines[1:]) if entry is not None)
        if lines[:1] != [HEADER]:
            self._write(HEADER + "\n", "w")
        elif not text.endswith("\n"):
            self._write("\n", "a")

    def verdict(self, key: str, network: Network) -> Verdict | None:
        """Return the stored verdict about this network, or None if there is none."""
        try:
            verdict = verdict_of(self.documents[key])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return replace(verdict, network=network.text, certificate=None)

    def put(self, key: str, verdict: Verdict) -> None:
        """Append a verdict."""
        self.documents[key] = verdict.to_json_dict()
        self._write(json.dumps({"key": key, "verdict": self.documents[key]}) + "\n", "a")

    def _read(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""
        except OSError as error:
            raise self._refusal("read", error) from error

    def _write(self, text: str, mode: str) -> None:
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise self._refusal("written", error) from error

    def _refusal(self, what: str, error: OSError) -> BadInput:
        reason = (error.strerror or type(error).__name__).lower()
        return BadInput(f"--cache: {self.path} cannot be {what} ({reason}); name another file")


def _entry(line: str) -> tuple[str, Mapping[str, Any]] | None:
    """The key and the verdict that a line holds, or None for a line that was cut off."""
    try:
        document = json.loads(line)
        return str(document["key"]), dict(document["verdict"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
