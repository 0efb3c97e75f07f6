"""A statement of the literature, what is said about it, and the questions whose answers are its instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import llrsym as ll

Weights = dict[str, Any]
"""Nested lists of integers and ``"p/q"`` strings by parameter name."""
PAPER = "arXiv 2406.18035"


class Status(Enum):
    """What is established about a statement as it is printed."""

    PROVED = "proved for all sizes"
    REPAIRED = "refuted as stated; proved for all sizes with a repaired hypothesis"
    EXTENDED = "proved for all sizes by this project"


@dataclass(frozen=True)
class Theory:
    """A theorem of docs/theory: the page, the anchor on it, and its name."""

    page: str
    anchor: str
    name: str


class Question(Protocol):
    """A question to the program; asking it writes a claim and a certificate (or several) to a folder."""

    @property
    def weights(self) -> Weights | None:
        """The given weights, which are stored beside the claim."""

    def ask(self, folder: Path) -> None:
        """Find the answer and write claims and certificates."""

    def asked(self) -> str:
        """The question in a few words."""

    def command(self, folder: str) -> str:
        """The command line that finds the same answer."""


@dataclass(frozen=True)
class Rank:
    """The model rank at given weights, or at almost every weight."""

    network: str
    weights: Weights | None = None

    def ask(self, folder: Path) -> None:
        """Write the proof."""
        ll.model_rank(ll.parse_network(self.network), at=self.weights, certificate=folder)

    def asked(self) -> str:
        """The question in a few words."""
        return f"rank of `{self.network}` {_at(self.weights)}"

    def command(self, folder: str) -> str:
        """The command line that finds the same answer."""
        return (
            f'llrsym rank "{self.network}"{_option("--weights", self.weights, folder)} --certificate {folder}'
        )


@dataclass(frozen=True)
class RankOf:
    """The model rank at given weights of a network that has no name and is built from its program."""

    network: ll.Network
    words: str
    weights: Weights

    def ask(self, folder: Path) -> None:
        """Write the proof."""
        ll.model_rank(self.network, at=self.weights, certificate=folder)

    def asked(self) -> str:
        """The question in a few words."""
        return f"rank of {self.words}, {_at(self.weights)}"

    def command(self, folder: str) -> str:
        """There is no text for such a network; this script is the command."""
        return f"python -m proofs.build  # {folder}: the network is built in proofs/source"


@dataclass(frozen=True)
class Bound:
    """The optimistic sample size of almost every target, or of the one with the given weights."""

    network: str
    target: str
    weights: Weights | None = None

    def ask(self, folder: Path) -> None:
        """Write the proof."""
        network, target = ll.parse_network(self.network), ll.parse_network(self.target)
        ll.optimistic_sample_size(network, target=target, weights=self.weights, certificate=folder)

    def asked(self) -> str:
        """The question in a few words."""
        which = "almost every function" if self.weights is None else f"the function {_at(self.weights)}"
        return f"$O$ in `{self.network}` of {which} of `{self.target}`"

    def command(self, folder: str) -> str:
        """The command line that finds the same answer."""
        given = _option("--target-weights", self.weights, folder)
        return f'llrsym bound "{self.network}" --target "{self.target}"{given} --certificate {folder}'


@dataclass(frozen=True)
class Independence:
    """The dimension of the span of a family of functions."""

    functions: tuple[str, ...]
    weights: None = None

    def ask(self, folder: Path) -> None:
        """Write the proof."""
        ll.independence(self.functions, certificate=folder)

    def asked(self) -> str:
        """The question in a few words."""
        return f"dimension of the span of `{'`, `'.join(self.functions)}`"

    def command(self, folder: str) -> str:
        """The command line that finds the same answer."""
        listed = " ".join(f'"{function}"' for function in self.functions)
        return f"llrsym independence {listed} --certificate {folder}"


@dataclass(frozen=True)
class Embed:
    """Whether an embedding of one network into another keeps the tangent functions of every target."""

    network: str
    target: str
    moves: tuple[str, ...] = ()
    weights: None = None

    def ask(self, folder: Path) -> None:
        """Write the proof."""
        network, target = ll.parse_network(self.network), ll.parse_network(self.target)
        ll.embed(network, target=target, moves=self.moves, certificate=folder)

    def asked(self) -> str:
        """The question in a few words."""
        moves = " then ".join(f"`{move}`" for move in self.moves) or "the default moves"
        return f"`{self.target}` embedded in `{self.network}` by {moves}"

    def command(self, folder: str) -> str:
        """The command line that finds the same answer."""
        moves = "".join(f' --move "{move}"' for move in self.moves)
        words = f'llrsym embed "{self.network}" --target "{self.target}"{moves}'
        return f"{words} --out embedded.json --certificate {folder}"


def _at(weights: Weights | None) -> str:
    return "at almost every weight" if weights is None else "at given weights"


def _option(name: str, weights: Weights | None, folder: str) -> str:
    return "" if weights is None else f" {name} {folder}/weights.json"


@dataclass(frozen=True)
class Instance:
    """One question with the answer that is expected, worked out by hand or by a formula.

    ``expected`` is the rank, the optimistic sample size or the dimension; for an embedding it is the ranks of
    target and network where they differ, and None where the tangent functions are kept. ``printed`` is a
    formula of the paper with its value here. ``samples`` is O where it is not the minimal rank (several
    outputs), and ``at_most`` says that only the upper side is proved.
    """

    name: str
    question: Question
    expected: int | tuple[int, int] | None = None
    printed: tuple[str, int] | None = None
    samples: int | None = None
    at_most: bool = False
    note: str = ""

    @property
    def answer(self) -> int | tuple[int, int] | None:
        """What the program has to find: ``expected``, or else the value of the printed formula."""
        return self.printed[1] if self.expected is None and self.printed else self.expected

    @property
    def refutes(self) -> bool:
        """Whether the printed formula gives another value."""
        found = self.answer if self.samples is None else self.samples
        return self.printed is not None and self.printed[1] != found


@dataclass(frozen=True)
class Item:
    """One folder of proofs/: a statement, its status, and its instances."""

    folder: str
    title: str
    source: str
    words: str
    status: Status
    statement: str
    checked: str
    theory: Sequence[Theory]
    instances: Sequence[Instance]
    repair: str = ""
    proof: str = ""
    remark: str = ""
    limits: str = ""
