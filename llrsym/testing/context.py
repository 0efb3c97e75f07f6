"""What the properties share: the architecture, the seed, the time, and the ranks that are known."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from hypothesis import strategies as st

from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel.documents import ALMOST_EVERY, GIVEN, Certificate, Claim
from llrsym.kernel.program import Program
from llrsym.networks.network import Network
from llrsym.tangent.documents import certificate_text, claim_text
from llrsym.tangent.rank import Question, silent
from llrsym.testing.architecture import Architecture, Instance
from llrsym.testing.degenerate import degenerate_flat
from llrsym.testing.numerics import approx_rank
from llrsym.testing.result import HOLDS, NUMERICAL, UNDECIDED, Counterexample, Property
from llrsym.testing.search import Case, Found, Test, Undecided, search
from llrsym.testing.strategies import flat_weights, inputs
from llrsym.testing.values import Flat, as_json, plain
from llrsym.verdict import REFUTED, Verdict

RANK_SECONDS, GIVEN_SECONDS = 20.0, 2.0
"""Time for a rank at almost every weight, and at given weights; what is open then stays an interval."""
MOST_EXAMPLES, FEWEST_EXAMPLES, WORK = 25, 6, 800
"""The number of examples of a property: so many parameters in all, within these bounds."""
Cases = Callable[[Sequence[Instance]], st.SearchStrategy[Case]]


@dataclass(frozen=True)
class Asked:
    """A verdict about a rank, the bounds behind it, and the texts that prove it."""

    verdict: Verdict
    question: Question

    @property
    def documents(self) -> tuple[str, str]:
        """Return claim and certificate."""
        q = self.question
        at = ALMOST_EVERY if q.weights is None else GIVEN
        lower, upper, program = q.lower, q.upper, q.network.program
        claim = Claim("model_rank", q.network.text, at, lower.rank, upper.rank, program, q.weights)
        return claim_text(claim), certificate_text(Certificate(lower.certificate, upper.certificate))


@dataclass
class Context:
    """One run of the suite."""

    architecture: Architecture
    seed: int
    examples: int | None
    deadline: float | None
    _ranks: dict[tuple[Any, ...], Asked] = field(default_factory=dict)
    _numerical: dict[tuple[Any, ...], int | str] = field(default_factory=dict)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The networks that are tested."""
        return self.architecture.instances

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return self.deadline is not None and monotonic() > self.deadline

    def count(self, instances: Sequence[Instance] | None = None) -> int:
        """Return how many examples are drawn: fewer for larger networks."""
        if self.examples is not None:
            return self.examples
        sizes = [i.network.parameter_count for i in instances or self.instances]
        mean = max(1, sum(sizes) // len(sizes))
        return min(MOST_EXAMPLES, max(FEWEST_EXAMPLES, WORK // mean))

    def rank(self, network: Network, weights: Flat | None, *, explain: bool = False) -> Asked:
        """Return what is proved about a rank within ``RANK_SECONDS`` or ``GIVEN_SECONDS``."""
        key = network.text, network.program, weights, explain
        if key not in self._ranks:
            question = Question(
                "model_rank", network, weights, self.seed, self._seconds(weights), explain, silent
            )
            try:
                verdict = question.answer(None)
            except OutOfBudget:
                verdict = question.verdict(None)
            self._ranks[key] = Asked(verdict, question)
        return self._ranks[key]

    def _seconds(self, weights: Flat | None) -> float:
        most = RANK_SECONDS if weights is None else GIVEN_SECONDS
        left = most if self.deadline is None else self.deadline - monotonic()
        return max(0.0, min(most, left))

    def numerical_rank(self, program: Program, weights: Flat) -> int:
        """Return the rank with many digits; raises ``Undecided`` and ``Inapplicable`` as ``approx_rank``."""
        key = program, weights
        if key not in self._numerical:
            try:
                self._numerical[key] = approx_rank(program, weights, f"{self.seed}/rank")
            except Undecided as why:
                self._numerical[key] = str(why)
        found = self._numerical[key]
        if isinstance(found, str):
            raise Undecided(found)
        return found

    # Cases

    def search(
        self, label: str, test: Test, instances: Sequence[Instance], cases: Cases, examples: int
    ) -> Found:
        """Search for a counterexample among all instances; one that is found is sought in smaller ones too.

        The label is the seed: properties with the same label are tested at the same cases.
        """
        seed = f"{self.seed}/{label}"
        found = search(test, cases(instances), examples=examples, seed=seed, deadline=self.deadline)
        if found.case is None:
            return found
        for instance in instances[: instances.index(found.case.instance)]:
            smaller = search(test, cases([instance]), examples=examples, seed=seed, deadline=self.deadline)
            if smaller.case is not None:
                return replace(smaller, examples=found.examples + smaller.examples)
        return found

    def search_weights(self, test: Test) -> Found:
        """Search among weights of all instances, the same ones for each property."""
        return self.search("weights", test, self.instances, weight_cases, self.count())

    # Answers

    def searched(self, name: str, group: str, statement: str, found: Found, evidence: str) -> Property:
        """Return the property that a search has tested."""
        counterexample = None if found.case is None else self.counterexample(group, found.case, found.reason)
        outcome = HOLDS if found.examples and not found.undecided else UNDECIDED
        notes = tuple(f"undecided: {why}" for why in dict.fromkeys(found.undecided))
        if not (found.examples or found.undecided or counterexample):
            notes = ("no example could be tried" + (" in the time" if self.is_over else ""),)
        return Property(
            name=name,
            group=group,
            statement=statement,
            outcome=outcome if counterexample is None else REFUTED,
            evidence=evidence if counterexample is None else NUMERICAL,
            examples=found.examples,
            undecided=len(found.undecided),
            counterexample=counterexample,
            notes=notes,
        )

    def counterexample(self, group: str, case: Case, reason: str) -> Counterexample:
        """Return a failing case as data."""
        network = case.instance.network
        return Counterexample(
            reason=reason,
            network=network.text,
            sizes=case.instance.sizes,
            weights=as_json(network, case.weights) if case.weights else None,
            inputs=tuple(plain(v) for v in case.point) or None,
            command=self.command(group),
        )

    def command(self, group: str) -> str:
        """Return the command that tests one group of properties in the same way."""
        options = [f"--only {group}", f"--seed {self.seed}"]
        options += [] if self.examples is None else [f"--examples {self.examples}"]
        return f"llrsym check {shlex.quote(self.architecture.name)} {' '.join(options)}"


def weight_cases(instances: Sequence[Instance]) -> st.SearchStrategy[Case]:
    """Return a strategy for plain and degenerate weights, small networks first."""
    return _cases([_Drawn(instance) for instance in instances], False)


def input_cases(instances: Sequence[Instance]) -> st.SearchStrategy[Case]:
    """Return a strategy for weights and one input."""
    return _cases([_Drawn(instance) for instance in instances], True)


class _Drawn:
    """The strategies of an instance, which are built once."""

    def __init__(self, instance: Instance) -> None:
        network = instance.network
        self.instance, self.inputs = instance, inputs(network)
        self.plain, self.degenerate = flat_weights(network), degenerate_flat(network)


def given_cases(instances: Sequence[Instance]) -> st.SearchStrategy[Case]:
    """Return a strategy for one input and the weights that came with a network, which has some."""

    def of(instance: Instance) -> st.SearchStrategy[Case]:
        return inputs(instance.network).map(
            lambda point: Case(instance, instance.given or (), point, "given")
        )

    return st.sampled_from(tuple(instances)).flatmap(of)


@st.composite
def _cases(draw: Callable[[st.SearchStrategy[Any]], Any], drawn: Sequence[_Drawn], with_inputs: bool) -> Case:
    own = draw(st.sampled_from(drawn))
    instance = own.instance
    if instance.given is not None and draw(st.booleans()):
        kind, weights = "given", instance.given
    elif draw(st.integers(0, 2)):
        kind, weights = draw(own.degenerate)
    else:
        kind, weights = "plain", draw(own.plain)
    point = draw(own.inputs) if with_inputs else ()
    return Case(instance, weights, point, kind)


def checked_tensors(
    place: str, network: Network, given: object, *, missing_is_zero: bool
) -> Iterator[tuple[str, list[Any]]]:
    """Yield name and entries of tensors that a declared function returned.

    Raises ``BadInput`` for another result than a dict of arrays of the shapes of the parameters.
    """
    if not isinstance(given, Mapping):
        raise BadInput(f"{place} returned {type(given).__name__}; return a dict of arrays by parameter name")
    unknown = [str(name) for name in given if name not in network.parameter_names]
    if unknown:
        known = ", ".join(network.parameter_names)
        raise BadInput(f"{place} returned {unknown[0]}, which is no parameter; the network has {known}")
    for name, shape, size in network.layers:
        if name in given:
            yield name, _entries(place, name, shape, given[name])
        elif missing_is_zero:
            yield name, [0] * size
        else:
            raise BadInput(f"{place} returned no {name}; return every parameter of {network.text}")


def _entries(place: str, name: str, shape: tuple[int, ...], value: object) -> list[Any]:
    import numpy as np

    array = np.asarray(value, dtype=object)
    if array.shape != shape:
        raise BadInput(f"{place} returned {name} of shape {array.shape}; it has the shape {shape}")
    return list(array.flat)
