"""Regenerate ``open_above.json``: run ``python -m tests.published.list_open [CASE ...]`` after a change.

Without cases all are examined; with cases the entries of the others are kept.
Every case runs in a process of its own with a time limit, so that one endless search does not stop the list.
"""

from __future__ import annotations

import json
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.pool import ThreadPool
from time import monotonic

from llrsym.verdict import ALMOST_EVERY, Verdict
from tests.published.adapter import DATA, generic_point, network_of, point_of
from tests.published.test_known_ranks import CASES, OPEN, ask, is_exact

SECONDS, LIMIT, WORKERS = 30.0, 90.0, 2
UNFINISHED = f"the search for relations does not end within {SECONDS:.0f} s"


def reason(verdict: Verdict) -> str:
    """Say what is missing."""
    stopped = verdict.seconds > SECONDS
    return UNFINISHED if stopped else f"relations not found: {verdict.upper - verdict.lower}"


def findings(name: str, channel: Connection) -> None:
    """Send (question, entry) pairs for everything about the case that is not proved and closed."""
    network = network_of(CASES[name]["build"])
    point = point_of(CASES[name]["build"], name)
    verdict = ask(network, point, SECONDS)
    found = [(verdict.at, reason(verdict))] if verdict.lower < verdict.upper else []
    if found and verdict.at == ALMOST_EVERY:
        generic = ask(network, generic_point(network, name), SECONDS)
        found += [(generic.at, reason(generic))] if generic.lower < generic.upper else []
    if verdict.lower_verdict == "conditional":
        found.append(("conditional", verdict.conditions[-1]))
    channel.send(found)


def examined(name: str) -> tuple[list[tuple[str, str]], float]:
    """Return the findings about a case, and its time; one that exceeds the limit is unfinished."""
    start = monotonic()
    receiver, sender = get_context("fork").Pipe(duplex=False)
    worker = get_context("fork").Process(target=findings, args=(name, sender))
    worker.start()
    found: list[tuple[str, str]] = receiver.recv() if receiver.poll(LIMIT) else [("unfinished", UNFINISHED)]
    worker.kill()
    worker.join()
    return found, monotonic() - start


def main() -> None:
    """Write the list and print what was slow."""
    names = sys.argv[1:] or [name for name, case in CASES.items() if is_exact(case)]
    listed = {key: {n: entry for n, entry in known.items() if n not in names} for key, known in OPEN.items()}
    with ThreadPool(WORKERS) as pool:
        for name, (found, seconds) in zip(names, pool.imap(examined, names), strict=True):
            for question, entry in found:
                listed[question][name] = entry
            if seconds > 1:
                print(f"{seconds:6.1f} s  {name}  {found}", flush=True)
    (DATA / "open_above.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
