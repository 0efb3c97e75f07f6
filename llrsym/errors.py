"""How a question ends without an answer: bad input, or a budget that ran out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llrsym.verdict import Answer


class BadInput(ValueError):
    """The input is refused; the message is one sentence: what is wrong, where, and what to do.

    >>> raise BadInput("mlp: widths[1] is 0; give every layer a positive width")
    Traceback (most recent call last):
        ...
    llrsym.errors.BadInput: mlp: widths[1] is 0; give every layer a positive width
    """


def shown(value: object) -> str:
    """Return a value in at most 60 characters, for messages.

    >>> shown("tanh"), shown(10**5000), shown("a" * 100)[-8:]
    ("'tanh'", 'an integer of 16610 bits', 'aaaaa...')
    """
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


class OutOfBudget(Exception):
    """The time budget ended first; ``verdict`` holds the best interval proved so far."""

    def __init__(self, verdict: Answer) -> None:
        super().__init__(f"out of budget with {verdict.lower} <= answer <= {verdict.upper}")
        self.verdict = verdict
