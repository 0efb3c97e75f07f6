"""The tasks of an experiment, one after the other or in several processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from time import monotonic

from llrsym.recovery.experiments import Experiment, Task, Training


def finished(
    experiment: Experiment, tasks: Sequence[Task], jobs: int, deadline: float | None
) -> Iterator[list[Training]]:
    """Yield the trainings of the tasks as they are finished, until none is left or the time has come.

    With several jobs the tasks are done in as many processes, which end at once when this one is interrupted
    or the time has come; then a task that has begun is lost.
    """
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            if deadline is not None and monotonic() >= deadline:
                return
            yield experiment.run(task)
        return
    yield from _spread(experiment, tasks, jobs, deadline)


def _spread(
    experiment: Experiment, tasks: Sequence[Task], jobs: int, deadline: float | None
) -> Iterator[list[Training]]:
    others = set(active_children())
    workers = min(jobs, len(tasks))
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin) as pool:
        waiting = {pool.submit(experiment.run, task) for task in tasks}
        try:
            while waiting:
                left = None if deadline is None else max(deadline - monotonic(), 0.0)
                done, waiting = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
                if not done:
                    break
                for future in done:
                    yield future.result()
        except BrokenProcessPool as error:
            raise MemoryError("a process ended before its trainings were done") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(active_children()) - others:
                process.terminate()


def _begin() -> None:
    """A worker ends at once at Ctrl-C, about which the main process speaks, and when that process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
