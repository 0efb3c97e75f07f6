"""Questions and their answers: one process or several, a cache, an interruption, a budget."""

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import llrsym as ll
from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.errors import BadInput, OutOfBudget
from llrsym.report.questions import Cache, Question, answer_all, verdict_of
from tests.report.sample import verdict


def real(target: ll.Network, **options: Any) -> ll.Verdict:
    """The true answer in the network of ``questions``."""
    return optimistic_sample_size(ll.mlp(2, 5, 1), target=target, **options)


def questions(count: int = 3) -> list[Question]:
    return [Question(ll.mlp(2, 5, 1), ll.mlp(2, k, 1)) for k in range(1, count + 1)]


def stub(monkeypatch, respond) -> list[str]:
    """Let ``respond`` stand in for the computation; return the list of targets that are asked for."""
    asked: list[str] = []

    def record(network, *, target, **options):
        asked.append(target.text)
        return respond(target, **options)

    module = types.ModuleType("llrsym.bounds.optimistic")
    module.optimistic_sample_size = record  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "llrsym.bounds.optimistic", module)
    return asked


def test_each_question_is_asked_once(monkeypatch):
    asked = stub(monkeypatch, lambda target, **options: verdict(5, 5))
    said: list[str] = []
    answers = answer_all(questions() + questions(), progress=said.append)
    assert len(asked) == len(answers.verdicts) == 3
    assert said[-1].startswith("3 of 3 answered")


def test_weights_belong_to_the_question_exactly():
    net, target = ll.mlp(1, 2, 1, bias=False), ll.mlp(1, 1, 1, bias=False)
    half, same, other = (
        Question(net, target, {"W1": [[w]], "W2": [[1]]}).key for w in (0.5, "1/2", 0.5 + 2**-53)
    )
    assert half == same != other
    assert Question(net, target).key not in (half, other)


def test_several_processes_give_the_same_answers():
    alone, together = answer_all(questions()), answer_all(questions(), jobs=2)
    numbers = [[v.samples for v in answers.verdicts.values()] for answers in (alone, together)]
    assert sorted(numbers[0]) == sorted(numbers[1]) == [5, 9, 13]


def test_bad_input_in_another_process_is_bad_input_here():
    wrong = [Question(ll.mlp(2, 1, 1), ll.mlp(2, k, 1)) for k in (2, 3)]
    with pytest.raises(BadInput, match="cannot express"):
        answer_all(wrong, jobs=2)


def test_an_interrupted_run_goes_on_from_the_cache(monkeypatch, tmp_path):
    def interrupt(target, **options):
        if "mlp(2, 3" in target.text:
            raise KeyboardInterrupt
        return real(target, **options)

    path = tmp_path / "answers.json"
    stub(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        answer_all(questions(), cache=Cache(path))
    assert len(json.loads(path.read_text(encoding="utf-8"))["answers"]) == 2
    asked = stub(monkeypatch, real)
    answers = answer_all(questions(), cache=Cache(path))
    assert asked == ["mlp(2, 3, 1, activation='tanh', bias=True)"]
    assert [answers.to(question).lower for question in questions()] == [5, 9, 13]
    assert [file.name for file in tmp_path.iterdir()] == ["answers.json"]


def test_answers_of_another_version_do_not_count(monkeypatch, tmp_path):
    path = tmp_path / "answers.json"
    stub(monkeypatch, real)
    monkeypatch.setattr("llrsym.report.questions.__version__", "0.0.1")
    answer_all(questions(1), cache=Cache(path))
    monkeypatch.undo()
    asked = stub(monkeypatch, real)
    answer_all(questions(1), cache=Cache(path))
    assert len(asked) == 1


def forged(change: Callable[[dict[str, Any]], object], path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(next(iter(document["answers"].values())))
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["verdict"].update(lower=6, upper=6, samples_lower=6, samples_upper=6),
        lambda entry: entry["verdict"].update(lower=4, upper=4, samples_lower=4, samples_upper=4),
        lambda entry: entry["verdict"].update(samples_lower=4, samples_upper=4),
        lambda entry: entry["verdict"].update(upper=None),
        lambda entry: entry.update(certificate="{}"),
        lambda entry: entry.pop("certificate"),
        lambda entry: entry.clear(),
    ],
    ids=["larger", "smaller", "fewer samples", "no number", "another proof", "no proof", "nothing"],
)
def test_an_answer_in_a_cache_that_the_kernel_does_not_confirm_is_asked_anew(monkeypatch, tmp_path, change):
    path = tmp_path / "answers.json"
    answer_all(questions(1), cache=Cache(path))
    forged(change, path)
    asked = stub(monkeypatch, real)
    answer = answer_all(questions(1), cache=Cache(path)).to(questions(1)[0])
    assert (len(asked), answer.lower, answer.upper, answer.samples) == (1, 5, 5, 5)


def test_sizes_without_a_certificate_are_derived_again(monkeypatch, tmp_path):
    path = tmp_path / "answers.json"
    first = answer_all(questions(1), cache=Cache(path)).to(questions(1)[0])
    forged(lambda entry: entry["verdict"].update(max_rank=3, local_recovery=3, parameters=2), path)
    again = answer_all(questions(1), cache=Cache(path)).to(questions(1)[0])
    sizes = (first.max_rank, first.local_recovery, first.parameters)
    assert (again.max_rank, again.local_recovery, again.parameters) == sizes == (21, 9, 21)


def test_out_of_budget_is_shown_but_not_kept(monkeypatch, tmp_path):
    def give_up(target, *, budget, **options):
        assert budget == 0.5
        raise OutOfBudget(verdict(3, 9))

    stub(monkeypatch, give_up)
    cache = Cache(tmp_path / "answers.json")
    answers = answer_all(questions(1), budget=0.5, cache=cache)
    assert answers.unfinished == {questions(1)[0].key}
    assert (answers.to(questions(1)[0]).lower, cache.documents) == (3, {})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other", "answers": {}}', "\x00"])
def test_a_file_that_is_no_cache_is_refused(tmp_path, text):
    path = tmp_path / "answers.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="cache"):
        Cache(path)


def test_a_cache_that_cannot_be_written_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match=r"--cache: .* cannot be written"):
        answer_all(questions(1), cache=Cache(tmp_path / "missing" / "answers.json"))


@pytest.mark.parametrize("options", [{}, {"weights": {"W1": [[1]], "b1": [0], "W2": [["1/3"]], "b2": [0]}}])
def test_a_verdict_survives_the_file(options):
    answer = ll.optimistic_sample_size(ll.mlp(1, 3, 1), target=ll.mlp(1, 1, 1), **options)
    assert verdict_of(json.loads(json.dumps(answer.to_json_dict()))) == answer
