"""Model ranks of many networks: in this process, in others, or on a cluster, and remembered in a file."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from time import monotonic
from typing import Any

from llrsym.conjectures.store import Store, key_of
from llrsym.errors import OutOfBudget
from llrsym.kernel.decoding import decode
from llrsym.kernel.documents import read_program
from llrsym.networks.network import Network
from llrsym.report.questions import verdict_of
from llrsym.tangent.documents import program_document
from llrsym.tangent.rank import model_rank
from llrsym.verdict import Verdict

Progress = Callable[[int, int, str], None]
"""Called with the number of known ranks, the number of all, and the network that was answered last."""
Answer = tuple[str, Verdict, bool]
Futures = dict[Future[dict[str, Any]], str]


@dataclass(frozen=True)
class Setting:
    """How ranks are computed: processes or an executor, a file, a deadline (of ``monotonic``), a seed."""

    jobs: int = 1
    executor: Executor | None = None
    store: Store | None = None
    deadline: float | None = None
    seed: int = 0
    progress: Progress | None = None

    @property
    def seconds(self) -> float | None:
        """The time that is left, or None without a deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - monotonic())

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self.seconds == 0.0


@dataclass(frozen=True)
class Ranks:
    """Verdicts by key, and the keys of those that came from a file and of those for which there was time."""

    verdicts: Mapping[str, Verdict]
    cached: frozenset[str]
    final: frozenset[str]


def rank_task(network: str, program: str, budget: float | None, seed: int) -> dict[str, Any]:
    """Return the verdict about a program (a JSON text) as JSON data; its arguments go to any other process.

    The key ``final`` is false when the budget ended first.
    """
    question = Network(network, read_program(decode(program)))
    try:
        verdict = model_rank(question, budget=budget, seed=seed)
    except OutOfBudget as stop:
        return {"verdict": stop.verdict.to_json_dict(), "final": False}
    return {"verdict": verdict.to_json_dict(), "final": True}


def ranks_of(networks: list[Network], setting: Setting) -> Ranks:
    """Return the model ranks of the networks at almost every weight.

    What has been answered is in the store at every moment. After the deadline the rest has no verdict, or
    the best interval that was found.
    """
    unique = {key_of(network, setting.seed): network for network in networks}
    known = {} if setting.store is None else _stored(unique, setting.store)
    waiting = {key: network for key, network in unique.items() if key not in known}
    verdicts, finished = dict(known), set(known)
    for key, verdict, final in _answers(waiting, setting):
        verdicts[key] = verdict
        finished |= {key} if final else set()
        if final and setting.store is not None:
            setting.store.put(key, verdict)
        if setting.progress is not None:
            setting.progress(len(verdicts), len(unique), verdict.network or "")
    return Ranks(verdicts, frozenset(known), frozenset(finished))


def _stored(unique: Mapping[str, Network], store: Store) -> dict[str, Verdict]:
    found = {key: store.verdict(key, network) for key, network in unique.items()}
    return {key: verdict for key, verdict in found.items() if verdict is not None}


def _answers(waiting: dict[str, Network], setting: Setting) -> Iterator[Answer]:
    """Small networks first: when the budget ends, they are the ones that are known."""
    ordered = dict(sorted(waiting.items(), key=lambda item: item[1].parameter_count))
    if setting.executor is not None:
        return _lent(ordered, setting.executor, setting)
    if setting.jobs > 1 and len(ordered) > 1:
        return _spread(ordered, setting)
    return _here(ordered, setting)


def _here(waiting: dict[str, Network], setting: Setting) -> Iterator[Answer]:
    for key, network in waiting.items():
        if setting.is_over:
            return
        yield _answer(key, rank_task(*_arguments(network, setting)))


def _spread(waiting: dict[str, Network], setting: Setting) -> Iterator[Answer]:
    """Answer in processes of their own, which end at once when this one is interrupted or out of time."""
    others = set(active_children())
    workers = min(setting.jobs, len(waiting))
    with ProcessPoolExecutor(workers, get_context("spawn"), _silent_interruption) as pool:
        try:
            yield from _collected(_submitted(waiting, pool, setting), setting)
            if not setting.is_over:
                return
        except BrokenProcessPool as error:
            raise MemoryError("a process ended before its answer") from error
        except BaseException:
            _end(pool, others)
            raise
        _end(pool, others)


def _end(pool: ProcessPoolExecutor, others: set[Any]) -> None:
    pool.shutdown(wait=False, cancel_futures=True)
    for process in set(active_children()) - others:
        process.terminate()


def _lent(waiting: dict[str, Network], executor: Executor, setting: Setting) -> Iterator[Answer]:
    """Answer by an executor of the user, which lives on; what has not begun when this ends is withdrawn."""
    futures = _submitted(waiting, executor, setting)
    try:
        yield from _collected(futures, setting)
    finally:
        for future in futures:
            future.cancel()


def _submitted(waiting: dict[str, Network], executor: Executor, setting: Setting) -> Futures:
    return {
        executor.submit(rank_task, *_arguments(network, setting)): key for key, network in waiting.items()
    }


def _collected(futures: Futures, setting: Setting) -> Iterator[Answer]:
    """Yield the answers as they come, until the deadline."""
    try:
        for future in as_completed(futures, timeout=setting.seconds):
            yield _answer(futures[future], future.result())
    except TimeoutError:
        if not setting.is_over:
            raise  # of a task, not of the deadline


def _arguments(network: Network, setting: Setting) -> tuple[str, str, float | None, int]:
    program = json.dumps(program_document(network.program))
    return network.text, program, setting.seconds, setting.seed


def _answer(key: str, document: Mapping[str, Any]) -> Answer:
    return key, verdict_of(document["verdict"]), bool(document["final"])


def _silent_interruption() -> None:
    """A worker ends at Ctrl-C at once; the main process says what happened."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
