"""Published formulas for the optimistic sample size, tested against exact values.

# The choice of algorithm
# 1. At given weights the formula is compared with the exact value of that function.
# 2. Without weights it is compared with the value at almost every target, and then with the values at many
#    special targets that need every neuron: the search for counterexamples (bounds.counterexamples).
# 3. A formula in named sizes speaks about all sizes, so smaller ones are searched as well, smallest first.
# Invariants: every counterexample is a claim that the kernel has checked; finding none proves nothing more
# than the value at almost every target.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from llrsym.bounds.claim_cases import Case, smaller_cases
from llrsym.bounds.claim_sizes import DEAD, sizes_of
from llrsym.bounds.claim_verdict import ClaimVerdict, Counterexample, Repair
from llrsym.bounds.counterexamples import (
    Search,
    Trial,
    collect,
    compare,
    needs_every_neuron,
)
from llrsym.bounds.formula import Formula
from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.bounds.rebuilt import rebuilt
from llrsym.bounds.special_targets import as_arrays
from llrsym.bounds.target_properties import COINCIDE, CONSTANT, SPARSE, ZERO_READ_OUT, properties_of
from llrsym.errors import BadInput, shown
from llrsym.kernel.errors import Rejected
from llrsym.kernel.models import Convolution, Diagonal, Model, Weights, parameter_count
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.rank import Progress, silent
from llrsym.verdict import ALMOST_EVERY, GIVEN, REFUTED, Verdict

EVERY = "targets that need all neurons of their network"
FEWER = "this function can be written with fewer neurons than the target network has"
MOST_PARAMETERS = 200
"""Special targets of the given sizes are searched while the target has at most so many parameters."""


def bound_claim(
    network: Network,
    *,
    target: Network,
    formula: str,
    weights: Mapping[str, object] | None = None,
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> ClaimVerdict:
    """Return whether O(f*) is what a formula in named sizes says, with counterexamples where it is not.

    With ``weights`` the claim is about that function, otherwise about every function that needs all neurons
    (kernels) of the target network. Then ``proved`` means: for almost every one, and no counterexample was
    found; ``refuted`` comes with the smallest counterexamples found, each with its proved value. The names
    are those of ``llrsym.bounds.claim_sizes.sizes_of``.

    Raises ``BadInput`` as ``optimistic_sample_size`` does and for a formula with unknown names, and
    ``OutOfBudget`` if ``budget`` seconds do not suffice for the bound itself.

    >>> import llrsym as ll
    >>> net = ll.conv(input=(3,), kernel=(2,), channels=(2,))
    >>> verdict = ll.bound_claim(net, target=net, formula="k*(s+L)")
    >>> verdict.verdict, verdict.counterexamples[0].weights
    ('refuted', {'K': [[1, 0], [0, 1]], 'a': [[2, 3], [5, 7]]})

    Reference: arXiv:2406.18035, Theorems 5 to 7 and Table 3; docs/howto/test-a-published-formula.
    """
    start = monotonic()
    parsed, wide, narrow = Formula(formula), _model_of(network), _model_of(target)
    exact_values = None if weights is None else exact_weights(target, weights)
    sizes = _checked_sizes(parsed, sizes_of(wide, narrow, exact_values))
    value = parsed.value(sizes)
    bound = optimistic_sample_size(
        network,
        target=target,
        weights=weights,
        budget=budget,
        seed=seed,
        certificate=certificate,
        progress=progress,
    )

    def stop() -> bool:
        return budget is not None and monotonic() - start > budget

    question = _Claim(parsed, sizes, value, Case(wide, narrow), bound, certificate)
    if exact_values is not None:
        return question.at_weights(exact_values)
    return question.for_all(stop, progress or silent)


def _model_of(network: Network) -> Model:
    if network.model is None:
        raise BadInput(f"claim: {network.text} belongs to no family with a theorem; use mlp, conv, ...")
    return network.model


def _checked_sizes(formula: Formula, sizes: dict[str, int]) -> dict[str, int]:
    unknown = sorted(formula.names - sizes.keys())
    if unknown:
        known = ", ".join(f"{name} = {value}" for name, value in sizes.items())
        raise BadInput(
            f"claim: {unknown[0]} in {shown(formula.text)} is not a size here; the sizes are {known}"
        )
    return {name: value for name, value in sizes.items() if name in formula.names}


@dataclass(frozen=True, slots=True)
class _Claim:
    """A formula, its value at the given sizes, and the proved bound there."""

    formula: Formula
    sizes: dict[str, int]
    value: int
    case: Case
    bound: Verdict
    folder: Path | str | None

    def at_weights(self, weights: Weights) -> ClaimVerdict:
        """Compare the formula with the value of one function."""
        outcome, properties = self._compared(), properties_of(self.case.target, weights)
        found = [self._own_counterexample(properties)] if outcome == REFUTED else []
        note = FEWER if _needs_all(self.case.target, weights) is False else ""
        return self._verdict(outcome, GIVEN, "the given target", found, note=note)

    def for_all(self, stop: Callable[[], bool], progress: Progress) -> ClaimVerdict:
        """Compare the formula with the value at almost every target, then at special ones."""
        outcome, needed = self._compared(), _needs_all(self.case.target, None)
        scope = EVERY if needed else "almost every target"
        if outcome == REFUTED:
            return self._verdict(outcome, ALMOST_EVERY, scope, [self._own_counterexample(frozenset())])
        if not needed:
            return self._verdict(outcome, ALMOST_EVERY, scope, [])
        progress("searching for counterexamples")
        cases = self._cases()
        collected, complete = collect(cases, stop)
        found = compare(self.formula, collected, cases)
        counterexamples = [self._certified(trial, n) for n, trial in enumerate(found.smallest(), start=1)]
        verdict = REFUTED if counterexamples else outcome
        return replace(
            self._verdict(verdict, ALMOST_EVERY, scope, counterexamples),
            repairs=tuple(self._repairs(found, collected, cases)),
            searched=found.targets,
            searched_sizes=len(found.cases),
            complete=complete,
        )

    def _repairs(self, found: Search, collected: list[Trial], cases: list[Case]) -> list[Repair]:
        """Return under which hypothesis the formula holds, and what holds with dead positions."""
        if not found.fail:
            return []
        repairs = _repair(self.formula, found, _hypotheses(self.case, self.formula))
        other = _formula_with_dead_positions(self.case)
        if other is None or DEAD in self.formula.names or ZERO_READ_OUT not in found.properties:
            return repairs
        return repairs + _repair(other, compare(other, collected, cases), [frozenset({COINCIDE})])

    def _compared(self) -> str:
        """Proved, refuted or open: where the value of the formula lies in the proved interval."""
        lower, upper = self.bound.samples_lower or 0, self.bound.samples_upper or 0
        if not lower <= self.value <= upper:
            return REFUTED
        return "proved" if lower == upper else "open"

    def _cases(self) -> list[Case]:
        cases = smaller_cases(self.case) if self.formula.names else []
        own = parameter_count(self.case.target) <= MOST_PARAMETERS and self.case not in cases
        return [*cases, self.case] if own else cases

    def _own_counterexample(self, properties: frozenset[str]) -> Counterexample:
        return Counterexample(tuple(sorted(properties)), self.sizes, self.value, None, self.bound)

    def _certified(self, trial: Trial, number: int) -> Counterexample:
        """Prove the value of a counterexample; its certificate goes into a folder of its own."""
        target = rebuilt(trial.case.target)
        arrays = None if trial.weights is None else as_arrays(trial.case.target, trial.weights)
        folder = None if self.folder is None else Path(self.folder) / f"counterexample-{number}"
        bound = optimistic_sample_size(
            rebuilt(trial.case.wide), target=target, weights=arrays, certificate=folder
        )
        sizes = sizes_of(trial.case.wide, trial.case.target, trial.weights)
        sizes = {name: value for name, value in sizes.items() if name in self.formula.names}
        value = self.formula.value(sizes)
        return Counterexample(tuple(sorted(trial.properties)), sizes, value, arrays, bound)

    def _verdict(
        self, verdict: str, at: str, scope: str, counterexamples: list[Counterexample], note: str = ""
    ) -> ClaimVerdict:
        return ClaimVerdict(
            formula=self.formula.text,
            sizes=self.sizes,
            value=self.value,
            at=at,
            verdict=verdict,
            scope=scope,
            bound=self.bound,
            counterexamples=tuple(counterexamples),
            note=note,
        )


def _needs_all(target: Model, weights: Weights | None) -> bool | None:
    """Whether a target needs every neuron of its network; None where this is not known."""
    try:
        return needs_every_neuron(target, weights)
    except Rejected:
        return None


def _repair(formula: Formula, found: Search, hypotheses: list[frozenset[str]]) -> list[Repair]:
    """Return the first hypothesis under which the formula holds at every searched target."""
    for excluded in hypotheses:
        targets = found.holds_without(excluded)
        if targets:
            return [Repair(formula.text, tuple(sorted(excluded)), targets)]
    return []


def _hypotheses(case: Case, formula: Formula) -> list[frozenset[str]]:
    """The properties that are excluded, weaker hypotheses first.

    For shared kernels a dead position makes the formula fail only in larger cases than may have been
    searched, so it is always excluded together with coincidences.
    """
    if isinstance(case.target, Diagonal):
        return [frozenset({SPARSE})]
    if not isinstance(case.target, Convolution):
        return [frozenset({CONSTANT}), frozenset({CONSTANT, COINCIDE})]
    shared = isinstance(case.wide, Convolution) and case.wide.shared
    base = {COINCIDE} if DEAD in formula.names and not shared else {COINCIDE, ZERO_READ_OUT}
    return [frozenset(base), frozenset(base | {CONSTANT})]


def _formula_with_dead_positions(case: Case) -> Formula | None:
    """Without sharing, every position that is not dead needs a neuron of its own (docs/theory)."""
    wide, target = case.wide, case.target
    if not isinstance(target, Convolution) or (isinstance(wide, Convolution) and wide.shared):
        return None
    inputs = "S" if isinstance(wide, Convolution) else "D"
    hidden, output = target.hidden_bias, target.output_bias
    return Formula(f"({inputs}+{1 + hidden})*(k*L-{DEAD})" + ("+1" if output else ""))
