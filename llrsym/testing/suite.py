"""``architecture_suite``: every property of an architecture, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from time import monotonic
from typing import Any

from llrsym.errors import BadInput, shown
from llrsym.testing.architecture import Architecture
from llrsym.testing.certificates import certificates
from llrsym.testing.claim_checks import claims
from llrsym.testing.context import Context
from llrsym.testing.derivatives import derivatives, evaluation
from llrsym.testing.embedding_checks import embeddings
from llrsym.testing.ranks import ranks, semicontinuity
from llrsym.testing.result import Property, SuiteResult
from llrsym.testing.sources import architecture_in, architecture_of
from llrsym.testing.symmetries import symmetries

Progress = Callable[[str], None]
GROUPS: dict[str, Callable[[Context], Iterator[Property]]] = {
    "claims": claims,
    "symmetries": symmetries,
    "embeddings": embeddings,
    "evaluation": evaluation,
    "derivatives": derivatives,
    "semicontinuity": semicontinuity,
    "ranks": ranks,
    "certificates": certificates,
}
"""The groups of properties, in the order in which they are tested: first what may be declared wrongly."""


def architecture_suite(
    net: Any,
    *,
    seed: int = 0,
    examples: int | None = None,
    only: Collection[str] | None = None,
    budget: float | None = None,
    progress: Progress | None = None,
) -> SuiteResult:
    """Return what property tests say about an architecture, with the smallest counterexamples.

    ``net`` is an ``Architecture``, a network, the text of a builder call, a function of sizes with defaults,
    a NumPy function with shapes, or the text ``FILE.py:NAME``. ``examples`` is their number per property, by
    default more for small networks; ``only`` chooses groups of properties; ``budget`` is in seconds. The
    same seed gives the same examples.

    Raises ``BadInput`` for what is no architecture, and for declarations that do not fit together.

    >>> result = architecture_suite("mlp(1, 1, 1, bias=False)", only=["derivatives"])
    >>> result.verdict, result.properties[0].outcome
    ('holds', 'holds')

    Reference: lower semicontinuity and embeddings: arXiv:2211.11623; arXiv:2111.15527.
    """
    start = monotonic()
    suite = Suite(named_architecture(net), seed=seed, examples=examples, budget=budget)
    properties: list[Property] = []
    for group in suite.groups(only):
        if suite.context.is_over:
            break
        (progress or _silent)(group)
        properties += suite.run(group)
    return suite.result(properties, round(monotonic() - start, 3))


def _silent(message: str) -> None:
    return None


def named_architecture(net: Any) -> Architecture:
    """Return the declaration that a value or a text ``FILE.py:NAME`` stands for."""
    if isinstance(net, str) and ".py:" in net.partition("(")[0]:
        return architecture_in(net)
    return architecture_of(net)


class Suite:
    """The properties of one architecture; ranks that several of them need are computed once."""

    def __init__(
        self, architecture: Architecture, *, seed: int, examples: int | None, budget: float | None
    ) -> None:
        if examples is not None and (type(examples) is not int or examples < 1):
            raise BadInput(f"check: examples is {shown(examples)}; give a positive integer")
        architecture.check_declarations()
        deadline = None if budget is None else monotonic() + budget
        self.architecture = architecture
        self.context = Context(architecture, seed, examples, deadline)

    def groups(self, only: Collection[str] | None = None) -> list[str]:
        """Return the groups that say something here; raises ``BadInput`` for unknown ones in ``only``."""
        for group in only or ():
            if group not in GROUPS:
                raise BadInput(f"check: there is no property {shown(group)}; use {', '.join(GROUPS)}")
        declared = {"claims": self.architecture.claims, "embeddings": self.architecture.embeddings}
        return [g for g in GROUPS if declared.get(g, True) and (only is None or g in only)]

    def run(self, group: str) -> tuple[Property, ...]:
        """Return the properties of a group."""
        return tuple(GROUPS[group](self.context))

    def result(self, properties: list[Property], seconds: float) -> SuiteResult:
        """Return the answer."""
        return SuiteResult(
            architecture=self.architecture.name,
            networks=tuple(
                (i.sizes, i.network.text, i.network.parameter_count) for i in self.architecture.instances
            ),
            properties=tuple(properties),
            complete=not self.context.is_over,
            seed=self.context.seed,
            seconds=seconds,
        )
