"""Questions about optimistic sample sizes, answered in several processes and remembered in a file."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from multiprocessing import active_children, get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from llrsym import __version__
from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.verdict import Derivation, Verdict
from llrsym.verification import CERTIFICATE, verify

Progress = Callable[[str], None]
CACHE_FORMAT = "llrsym answers 2"


@dataclass(frozen=True)
class Question:
    """The optimistic sample size of a target in a network; without weights, of almost every target.

    Raises ``BadInput`` for weights that do not fit the target.
    """

    network: Network
    target: Network
    weights: Mapping[str, object] | None = field(default=None, compare=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        weights = None if self.weights is None else exact_weights(self.target, self.weights)
        exact = None if weights is None else [[str(entry) for entry in tensor] for tensor in weights]
        digest = None if exact is None else sha256(json.dumps(exact).encode()).hexdigest()
        key = json.dumps([__version__, self.network.text, self.target.text, digest])
        object.__setattr__(self, "key", key)

    def answer(
        self, budget: float | None = None, seed: int = 0, certified: bool = False
    ) -> tuple[Verdict, bool, str]:
        """Return the verdict, whether it is final, and if ``certified`` the certificate of a final one.

        Out of budget the verdict is the best interval so far.
        """
        from llrsym.bounds.optimistic import optimistic_sample_size

        ask = {"weights": self.weights, "budget": budget, "seed": seed}
        with TemporaryDirectory() as folder:
            place = folder if certified else None
            try:
                verdict = optimistic_sample_size(self.network, target=self.target, certificate=place, **ask)  # type: ignore[arg-type]
            except OutOfBudget as stop:
                return cast("Verdict", stop.verdict), False, ""
            text = Path(folder, CERTIFICATE).read_text(encoding="utf-8") if certified else ""
        return replace(verdict, certificate=None), True, text

    def confirmed(self, verdict: Verdict, certificate: str) -> Verdict | None:
        """Return the verdict with all its numbers derived again, or None if the kernel does not accept it."""
        from llrsym.bounds.documents import target_claim_text
        from llrsym.bounds.sizes import local_recovery, maximal_rank
        from llrsym.kernel.target_claims import TargetClaim

        wide, target = self.network.model, self.target.model
        if wide is None or target is None or verdict.samples_lower is None or verdict.samples_upper is None:
            return None
        weights = None if self.weights is None else exact_weights(self.target, self.weights)
        samples = verdict.samples_lower, verdict.samples_upper
        names = self.network.text, self.target.text
        claim = TargetClaim(*names, wide, target, weights, verdict.lower, verdict.upper, samples)
        try:
            statement = verify(target_claim_text(claim), certificate)
        except (Malformed, Rejected):
            return None
        separation = None if verdict.local_recovery is None else local_recovery(wide, target, weights)
        return replace(
            verdict,
            network=self.network.text,
            target=self.target.text,
            parameters=self.network.parameter_count,
            at=statement.at,
            lower_verdict="proved" if verdict.lower else verdict.lower_verdict,
            upper_verdict="proved",
            conditions=statement.conditions,
            trusted=statement.trusted,
            local_recovery=separation,
            max_rank=maximal_rank(wide),
        )


@dataclass(frozen=True)
class Answers:
    """Verdicts by the keys of their questions, and the keys of those whose budget ran out."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    unfinished: frozenset[str] = frozenset()

    def to(self, question: Question) -> Verdict:
        """Return the verdict of a question."""
        return self.verdicts[question.key]


class Cache:
    """Verdicts with certificates by question in a JSON file, which is complete after every single answer.

    The file is not trusted: what the kernel does not confirm is asked anew.

    Raises ``BadInput`` for a file that cannot be read or is no such cache.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.documents = _read(path)

    def verdict(self, question: Question) -> Verdict | None:
        """Return the stored verdict of a question, checked anew by the kernel; None if there is none."""
        document = self.documents.get(question.key)
        if not isinstance(document, dict):
            return None
        try:
            verdict, certificate = verdict_of(document["verdict"]), str(document["certificate"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return question.confirmed(verdict, certificate)

    def store(self, question: Question, verdict: Verdict, certificate: str) -> None:
        """Add a verdict with its certificate and replace the file."""
        self.documents[question.key] = {"verdict": verdict.to_json_dict(), "certificate": certificate}
        text = json.dumps({"format": CACHE_FORMAT, "answers": self.documents}, indent=1)
        new = self.path.with_name(self.path.name + ".new")
        try:
            new.write_text(text, encoding="utf-8")
            os.replace(new, self.path)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise BadInput(f"--cache: {self.path} cannot be written ({reason}); name another file") from error


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"--cache: {path} is no readable cache; delete it or name another file") from error
    if not isinstance(document, dict) or document.get("format") != CACHE_FORMAT:
        raise BadInput(f"--cache: {path} is not a cache of llrsym; name another file")
    return dict(document["answers"])


def verdict_of(document: Mapping[str, Any]) -> Verdict:
    """Return the verdict that ``Verdict.to_json_dict`` wrote.

    >>> verdict = Verdict(question="optimistic_sample_size", network="n", parameters=4, lower=4, upper=4,
    ...                   lower_verdict="proved", upper_verdict="proved", lower_reason="", upper_reason="")
    >>> verdict_of(verdict.to_json_dict()) == verdict
    True
    """
    names = {entry.name for entry in fields(Verdict) if entry.init} & document.keys()
    values = {name: document[name] for name in names}
    values |= {name: tuple(document[name]) for name in ("conditions", "trusted")}
    values["derivation"] = None if document["derivation"] is None else _derivation(document["derivation"])
    return Verdict(**values)


def _derivation(document: Mapping[str, Any]) -> Derivation:
    premises = tuple(map(_derivation, document["premises"]))
    return Derivation(document["statement"], document["rule"], premises, document["evidence"])


def answer_all(
    questions: Iterable[Question],
    *,
    jobs: int = 1,
    cache: Cache | None = None,
    budget: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Answers:
    """Return the verdicts of the questions; ``budget`` counts for each question.

    With ``jobs`` > 1 the questions are spread over that many processes. What has been answered is in the
    cache at every moment, so that an interrupted run is continued by the same call.

    Raises ``BadInput`` for a target that its network cannot express.
    """
    unique = {question.key: question for question in questions}
    known = {} if cache is None else {key: cache.verdict(question) for key, question in unique.items()}
    answers = {key: verdict for key, verdict in known.items() if verdict is not None}
    waiting = [question for key, question in unique.items() if key not in answers]
    unfinished: set[str] = set()
    answering = _here if jobs == 1 or len(waiting) < 2 else _spread
    for question, verdict, final, certificate in answering(waiting, jobs, budget, seed, cache is not None):
        answers[question.key] = verdict
        if not final:
            unfinished.add(question.key)
        elif cache is not None:
            cache.store(question, verdict, certificate)
        if progress is not None:
            progress(f"{len(answers)} of {len(unique)} answered, {question.target.text}")
    return Answers(answers, frozenset(unfinished))


Answered = Iterator[tuple[Question, Verdict, bool, str]]


def _here(waiting: list[Question], jobs: int, budget: float | None, seed: int, certified: bool) -> Answered:
    for question in waiting:
        yield question, *question.answer(budget, seed, certified)


def _spread(waiting: list[Question], jobs: int, budget: float | None, seed: int, certified: bool) -> Answered:
    """Answer in processes of their own, which end at once when this one is interrupted."""
    workers, others = min(jobs, len(waiting)), set(active_children())
    with ProcessPoolExecutor(workers, get_context("spawn"), _silent_interruption) as pool:
        futures = {pool.submit(question.answer, budget, seed, certified): question for question in waiting}
        try:
            for future in as_completed(futures):
                yield futures[future], *future.result()
        except BrokenProcessPool as error:
            raise MemoryError("a process ended before its answer") from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(active_children()) - others:
                process.terminate()
            raise


def _silent_interruption() -> None:
    """A worker ends at Ctrl-C at once; the main process says what happened."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
