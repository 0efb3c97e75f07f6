"""The search for a counterexample: Hypothesis draws cases, and shrinks the first one that fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from time import monotonic

from hypothesis import find
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from llrsym.testing.architecture import Instance
from llrsym.testing.profile import suite_settings
from llrsym.testing.values import Flat

MOST_SHRINKS = 80
"""How many more cases are tried once one has failed: a count, not a time, so that it is repeatable."""


class Undecided(Exception):
    """A case that could not be decided; the message says why."""


class Inapplicable(Exception):
    """A case to which the property does not apply, such as weights at which the network has no value."""


@dataclass(frozen=True)
class Case:
    """A network, exact weights, and an input or other numbers."""

    instance: Instance
    weights: Flat
    point: tuple[Fraction, ...] = ()
    kind: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What the outcome depends on."""
        return tuple(self.instance.sizes.items()), self.weights, self.point


Test = Callable[[Case], str | None]
"""Returns why a case fails, or None; raises ``Undecided`` or ``Inapplicable``."""


@dataclass(frozen=True)
class Found:
    """How many cases were tried and left undecided, why, and the smallest that fails with the reason."""

    examples: int
    undecided: tuple[str, ...]
    case: Case | None = None
    reason: str = ""


class _Judge:
    """Remembers the outcome of every case, so that a search is consistent whatever the time."""

    def __init__(self, test: Test, deadline: float | None) -> None:
        self.test, self.deadline = test, deadline
        self.known: dict[tuple[object, ...], str | None] = {}
        self.undecided: list[str] = []
        self.examples = self.shrinks = 0
        self.has_failed = False

    def fails(self, case: Case) -> bool:
        if case.key not in self.known:
            if self._is_over():
                return False
            self.known[case.key] = self._judged(case)
        return self.known[case.key] is not None

    def _is_over(self) -> bool:
        return self.shrinks >= MOST_SHRINKS or (self.deadline is not None and monotonic() > self.deadline)

    def _judged(self, case: Case) -> str | None:
        self.shrinks += self.has_failed
        try:
            reason = self.test(case)
        except Undecided as why:
            self.undecided.append(str(why))
            return None
        except Inapplicable:
            return None
        self.examples += 1
        self.has_failed = self.has_failed or reason is not None
        return reason


def search(
    test: Test, cases: st.SearchStrategy[Case], *, examples: int, seed: str, deadline: float | None
) -> Found:
    """Return what the property says about so many cases; the same seed draws the same ones."""
    judge = _Judge(test, deadline)
    try:
        case = find(cases, judge.fails, settings=suite_settings(examples), random=Random(seed))
    except NoSuchExample:
        return Found(judge.examples, tuple(judge.undecided))
    return Found(judge.examples, tuple(judge.undecided), case, judge.known[case.key] or "")
