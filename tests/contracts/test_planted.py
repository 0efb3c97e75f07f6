"""Hundreds of seeded questions with planted dependences: what is proved is the true rank, by theorems."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llrsym.cli.app import app
from tests.contracts.planted import COUNTS, Maker, Question
from tests.contracts.rational import rank, text

SETTLED, OPEN = 0, 3


def answer(question: Question, folder: Path) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON answer."""
    arguments = [*question.ask, "--json"]
    if question.weights is not None:
        file = folder / "weights.json"
        weights = {name: text(value) for name, value in question.weights.items()}
        file.write_text(json.dumps(weights), encoding="utf-8")
        arguments += ["--target-weights" if question.ask[0] == "bound" else "--weights", str(file)]
    result = CliRunner().invoke(app, arguments)
    assert result.stdout, (question.id, result.stderr)
    return result.exit_code, json.loads(result.stdout)


def is_settled(question: Question, folder: Path) -> bool:
    """Whether the rank is proved; whatever is claimed must be true, and the exit code must agree with it."""
    code, document = answer(question, folder)
    lower, upper = document["lower"], document["upper"]
    assert lower <= question.truth <= upper, (question, lower, upper)
    settled = bool(document["verdict"] == "proved")
    assert settled == (lower == upper), question.id
    # With several outputs the sample size may be open where the least rank is proved.
    complete = settled and document.get("samples", 0) is not None
    assert code == (SETTLED if complete else OPEN), question.id
    return settled


@pytest.mark.parametrize("make", COUNTS, ids=[make.__name__ for make in COUNTS])
def test_planted_dependences(make: Maker, tmp_path: Path) -> None:
    """No answer is wrong, and no more than one in twenty is open."""
    questions = [make(seed) for seed in range(COUNTS[make])]
    still_open = [question.id for question in questions if not is_settled(question, tmp_path)]
    assert len(still_open) * 20 <= len(questions), still_open


@pytest.mark.parametrize("make", COUNTS, ids=[make.__name__ for make in COUNTS])
def test_the_generator_plants_something(make: Maker) -> None:
    """The true ranks differ, and many are below the number of parameters or functions."""
    questions = [make(seed) for seed in range(COUNTS[make])]
    assert len({question.truth for question in questions}) > 3
    deficient = [question for question in questions if question.truth < question.size]
    assert len(deficient) * 3 > len(questions)
    assert make(1) == make(1) != make(2)


def test_the_elimination_that_counts_planted_dependences() -> None:
    assert rank([]) == 0
    assert rank([[0, 0], [0, 0]]) == 0
    assert rank([[1, 2], [2, 4]]) == 1
    assert rank([[0, 1], [1, 0], [1, 1]]) == 2
