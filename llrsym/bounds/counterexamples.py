"""The search for targets at which a formula for the optimistic sample size fails.

The published statements speak about targets that need every neuron (or kernel) of the target network:
functions in F_k that are not in F_(k-1). Whether a searched target is one, and what its value is, the kernel
decides exactly; an undecided one is left out.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from llrsym.bounds.claim_cases import Case
from llrsym.bounds.claim_sizes import largest_rank, sizes_of
from llrsym.bounds.formula import Formula
from llrsym.bounds.special_targets import special_targets
from llrsym.bounds.target_properties import properties_of
from llrsym.errors import BadInput
from llrsym.kernel.closed_forms import linear_target_rank
from llrsym.kernel.errors import Rejected
from llrsym.kernel.irreducible import net_of, reduce
from llrsym.kernel.models import (
    Convolution,
    Diagonal,
    Factorization,
    Layered,
    Model,
    Weights,
)
from llrsym.kernel.target_sets import Exact, exact_minimal_rank
from llrsym.kernel.two_layer import Inexpressible, target_of

MAX_TARGETS, ROUND = 2500, 50
"""Targets that are compared at most, and targets of one case that are looked at in one round."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One target: its exact value, and what it is like; ``weights`` None stands for almost every target."""

    case: Case
    weights: Weights | None
    exact: Exact
    properties: frozenset[str]

    def differs(self, formula: Formula) -> bool | None:
        """Return whether the formula gives another value; None where only an interval is known."""
        value = formula.value(sizes_of(self.case.wide, self.case.target, self.weights))
        lower, upper = self.exact.samples_lower, self.exact.samples_upper
        if lower < upper and lower <= value <= upper:
            return None
        return not lower <= value <= upper


@dataclass(slots=True)
class Search:
    """What a comparison has found: how many targets of each kind agree and fail, and the first that fail."""

    cases: set[Case] = field(default_factory=set)
    agree: Counter[frozenset[str]] = field(default_factory=Counter)
    fail: Counter[frozenset[str]] = field(default_factory=Counter)
    first: dict[frozenset[str], Trial] = field(default_factory=dict)

    @property
    def targets(self) -> int:
        """The number of targets at which the formula was compared."""
        return self.agree.total() + self.fail.total()

    @property
    def properties(self) -> frozenset[str]:
        """The properties of targets at which the formula fails."""
        return frozenset().union(*self.fail)

    def holds_without(self, excluded: frozenset[str]) -> int | None:
        """Return at how many targets without these properties the formula holds, None if it fails at one."""
        if any(not kind & excluded for kind in self.fail):
            return None
        return sum(number for kind, number in self.agree.items() if not kind & excluded)

    def smallest(self) -> list[Trial]:
        """Return the first failure of every kind, unless fewer properties already make the formula fail."""
        kinds = [kind for kind in self.first if not any(other < kind for other in self.first)]
        return [self.first[kind] for kind in kinds]


def collect(cases: list[Case], stop: Callable[[], bool]) -> tuple[list[Trial], bool]:
    """Return the targets of these cases, and whether the search ended before it was stopped."""
    collected: list[Trial] = []
    for trial in trials(cases):
        if stop():
            return collected, False
        collected.append(trial)
        if len(collected) == MAX_TARGETS:
            break
    return collected, True


def compare(formula: Formula, collected: list[Trial], cases: list[Case]) -> Search:
    """Compare the formula with the exact value of every target; cases come smallest first."""
    found = Search()
    order = {case: position for position, case in enumerate(cases)}
    for trial in collected:
        try:
            differs = trial.differs(formula)
        except BadInput:  # the formula has no integer value at these sizes, so it claims nothing
            continue
        if differs is None:
            continue
        found.cases.add(trial.case)
        (found.fail if differs else found.agree)[trial.properties] += 1
        if differs:
            first = found.first.setdefault(trial.properties, trial)
            if order[trial.case] < order[first.case]:
                found.first[trial.properties] = trial
    return found


def trials(cases: list[Case]) -> Iterator[Trial]:
    """Yield the targets of these cases that need every neuron and whose value is known exactly.

    In every round a few targets of each case are looked at, so that no case is left out.
    """
    streams = [(case, _targets(case.target)) for case in cases]
    while streams:
        left = []
        for case, stream in streams:
            taken = list(islice(stream, ROUND))
            yield from filter(None, (examined(case, weights) for weights in taken))
            if len(taken) == ROUND:
                left.append((case, stream))
        streams = left


def _targets(model: Model) -> Iterator[Weights | None]:
    yield None
    seen: set[tuple[int, ...]] = set()
    for weights in special_targets(model):
        numbers = tuple(v.numerator for tensor in weights for v in tensor)  # they are integers
        if numbers not in seen:
            yield weights
        seen.add(numbers)


def examined(case: Case, weights: Weights | None) -> Trial | None:
    """Return a target with its value, or None if it needs fewer neurons or no theorem decides."""
    try:
        exact = exact_minimal_rank(case.wide, case.target, weights)
        if not needs_every_neuron(case.target, weights):
            return None
    except Rejected:
        return None
    return Trial(case, weights, exact, properties_of(case.target, weights))


# Which targets a statement speaks about


def needs_every_neuron(target: Model, weights: Weights | None) -> bool:
    """Return whether no smaller network of the family has the target function; raises ``Rejected``.

    Smaller means one hidden neuron (one kernel) fewer; for products of matrices it means a smaller rank.
    """
    return not any(_expresses(smaller, target, weights) for smaller in _smaller(target))


def _expresses(smaller: Model | None, target: Model, weights: Weights | None) -> bool:
    if smaller is None:
        return weights is not None and _is_trivial(target, weights)
    try:
        exact_minimal_rank(smaller, target, weights)
    except Inexpressible:
        return False
    return True


def _smaller(target: Model) -> list[Model | None]:
    """The networks that are smaller by one; None stands for the network without hidden neurons."""
    match target:
        case Convolution():
            one_less = target.channels - 1
            return [replace(target, channels=one_less) if one_less else None]
        case Factorization():
            one_less = min(target.rows, target.inner, target.cols) - 1
            return [replace(target, inner=one_less) if one_less else None]
        case Diagonal():
            return []
        case Layered() if target.activation == "identity":
            one_less = largest_rank(target) - 1
            hidden = tuple(min(one_less, width) for width in target.widths[1:-1])
            return [_with_hidden(target, hidden)]
        case Layered():
            hidden = target.widths[1:-1]
            return [
                _with_hidden(target, (*hidden[:layer], width - 1, *hidden[layer + 1 :]))
                for layer, width in enumerate(hidden)
            ]


def _with_hidden(target: Layered, hidden: tuple[int, ...]) -> Layered | None:
    widths = (target.widths[0], *hidden, target.widths[-1])
    return replace(target, widths=widths) if all(hidden) else None


def _is_trivial(target: Model, weights: Weights) -> bool:
    """Whether the function is a constant that needs no hidden neuron (deeper networks: any constant)."""
    match target:
        case Layered() if target.activation == "identity":
            rank, has_constant = linear_target_rank(target, weights)
            return rank == 0 and (target.biases[-1] or not has_constant)
        case Layered() if target.activation == "power:2":
            return exact_minimal_rank(target, target, weights).rank == 0
        case Layered() if len(target.widths) > 3 or target.widths[-1] > 1:
            return reduce(net_of(target, weights)).is_constant
        case Layered() | Convolution():
            grid = target.input if isinstance(target, Convolution) else target.widths[:1]
            has_bias = target.output_bias if isinstance(target, Convolution) else target.biases[-1]
            summary = target_of(target, weights, grid)
            return not summary.neurons and (has_bias or not summary.constant)
        case _:
            return exact_minimal_rank(target, target, weights).rank == 0
