"""How a question ends without an answer: bad input, or a budget that ran out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llrsym.verdict import Verdict


class BadInput(ValueError):
    """The input is refused; the message is one sentence: what is wrong, where, and what to do.

    >>> raise BadInput("mlp: widths[1] is 0; give every layer a positive width")
    Traceback (most recent call last):
        ...
    llrsym.errors.BadInput: mlp: widths[1] is 0; give every layer a positive width
    """


class OutOfBudget(Exception):
    """The time budget ended first; ``verdict`` holds the best interval proved so far."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"out of budget with {verdict.lower} <= answer <= {verdict.upper}")
        self.verdict = verdict
