"""The trainings of an experiment in a file of JSON lines, which a killed process leaves usable.

# The choice of format
# The first line holds everything that the results depend on; each further line is one training. The lines of
# a task are appended in one write, so that a kill leaves at most one line that is cut off: it is dropped, and
# trainings that are missing are done again, with the same results. A number is written so that it is read
# back exactly.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path
from typing import Any

from llrsym import __version__
from llrsym.errors import BadInput, shown
from llrsym.networks.weights import exact_weights
from llrsym.recovery.experiments import Experiment, Task, Training
from llrsym.tangent.documents import program_document

FORMAT = "llrsym recovery 1"
Key = tuple[int, int, int]


def header_of(experiment: Experiment) -> dict[str, Any]:
    """Return everything that the results of an experiment depend on, as JSON data."""
    protocol = asdict(experiment.protocol)
    method = protocol.pop("method")
    del protocol["threshold"]  # it is applied to the results
    protocol["samples"] = list(protocol["samples"])
    weights = exact_weights(experiment.target, experiment.weights)
    settings = [setting.label for setting in experiment.settings]
    programs = [program_document(s.network.program) for s in experiment.settings]
    programs.append(program_document(experiment.target.program))
    return {
        "format": FORMAT,
        "version": __version__,
        "target": experiment.target.text,
        "target_weights": _digest([[str(v) for v in tensor] for tensor in weights]),
        "settings": settings,
        "programs": _digest(programs),
        **method,
        **protocol,
    }


class Store:
    """The trainings of one experiment in a file; without a path they are only remembered.

    Raises ``BadInput`` for a file that is something else, is of another experiment, or cannot be read or
    written.
    """

    def __init__(self, experiment: Experiment, path: Path | None) -> None:
        self.path, self.trainings = path, dict[Key, Training]()
        self.header = header_of(experiment)
        if path is None:
            return
        content = self._read(path)
        complete = content[: content.rfind(b"\n") + 1]
        lines = complete.decode("utf-8", errors="replace").splitlines()
        if lines:
            self._check_header(path, lines[0])
        elif not json.dumps(self.header).encode().startswith(content):
            raise BadInput(f"--results: {path} holds no trainings of llrsym; name another file")
        for number, line in enumerate(lines[1:], start=2):
            training = self._training(path, number, line, experiment)
            self.trainings[training.setting, training.n, training.trial] = training
        if complete != content:
            self._cut(path, len(complete))
        if not lines:
            self._append(path, json.dumps(self.header) + "\n")

    def has(self, task: Task, trials: int) -> bool:
        """Return whether all trainings of a task are known."""
        return all((task.setting, n, t) in self.trainings for n in task.samples for t in range(trials))

    def put(self, trainings: Iterable[Training]) -> None:
        """Add trainings; those that are known stay as they are."""
        new = {(t.setting, t.n, t.trial): t for t in trainings}
        new = {key: training for key, training in new.items() if key not in self.trainings}
        self.trainings |= new
        if self.path is not None:
            self._append(self.path, "".join(json.dumps(asdict(t)) + "\n" for t in new.values()))

    def _check_header(self, path: Path, line: str) -> None:
        try:
            known = json.loads(line)
        except (ValueError, RecursionError):
            known = None
        if not isinstance(known, dict) or known.get("format") != FORMAT:
            raise BadInput(f"--results: {path} holds no trainings of llrsym; name another file")
        for key, value in self.header.items():
            if known.get(key) != value:
                raise BadInput(
                    f"--results: the trainings in {path} have another {key} ({shown(known.get(key))} instead "
                    f"of {shown(value)}); repeat those options or name another file"
                )

    def _training(self, path: Path, number: int, line: str, experiment: Experiment) -> Training:
        try:
            training = Training(**json.loads(line))
            fits = (
                training.n in experiment.protocol.samples and 0 <= training.trial < experiment.protocol.trials
            )
            if not fits or training.setting not in range(len(experiment.settings)):
                raise ValueError("it is no training of this experiment")
        except (TypeError, ValueError, RecursionError) as error:
            raise BadInput(
                f"--results: line {number} of {path} is no training; delete the line or name another file"
            ) from error
        return training

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise _refusal(path, "read", error) from error

    def _cut(self, path: Path, length: int) -> None:
        try:
            os.truncate(path, length)
        except OSError as error:
            raise _refusal(path, "written", error) from error

    def _append(self, path: Path, text: str) -> None:
        """One write to a file that is opened for appending: all of it or, if the process dies, a part."""
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                if os.write(file, text.encode()) < len(text.encode()):
                    raise OSError(ENOSPC, "the disk is full")
            finally:
                os.close(file)
        except OSError as error:
            raise _refusal(path, "written", error) from error


def _digest(document: object) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def _refusal(path: Path, what: str, error: OSError) -> BadInput:
    reason = (error.strerror or type(error).__name__).lower()
    return BadInput(f"--results: {path} cannot be {what} ({reason}); name another file")
