"""Recovery experiments: trained networks against the optimistic sample size.

# The flow
# Options and networks become an experiment; its target gets proved sizes in every network; its tasks are done
# in this process or in several; the trainings are stored after each task; the curves are made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Unpack

from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.errors import BadInput, OutOfBudget, shown
from llrsym.networks.network import Network
from llrsym.networks.sources import resolve
from llrsym.networks.weights import exact_weights
from llrsym.recovery.experiment_options import (
    DEFAULTS,
    Options,
    check_experiment,
    protocol_of,
    settings_of,
)
from llrsym.recovery.experiment_pool import finished
from llrsym.recovery.experiment_starts import POINTS
from llrsym.recovery.experiment_store import Store
from llrsym.recovery.experiments import Experiment, Setting, Training, drawn_weights
from llrsym.recovery.presets import PRESETS
from llrsym.recovery.recovery_result import Curve, Point, Recovery
from llrsym.verdict import Verdict

Progress = Callable[[str], None]
Networks = Network | str | Sequence[Network | str]


def recover(
    network: Networks,
    *,
    target: Network | str | None = None,
    target_weights: Mapping[str, object] | None = None,
    results: Path | str | None = None,
    jobs: int = 1,
    budget: float | None = None,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> Recovery:
    """Return the test errors of trained networks by number of samples: numerical, beside proved sizes.

    ``network`` is one or several networks; a text may hold formulas of the width N in braces, for which the
    option ``widths`` gives the values. Or it is the name of an experiment (paper, neuron, factorisation,
    local, noise, dropout), whose options are replaced by the given ones. Without ``target_weights`` the
    target has standard normal ones. Inputs are standard normal; a matrix has its entries as samples.

    The ``options`` and their values are those of ``Options``. ``results`` is a file of trainings, which is
    checked against the options and continued; a training does not depend on ``jobs``.

    Raises ``BadInput`` for options out of their limits, targets that a network cannot express and a file of
    another experiment, ``OutOfBudget`` (with what was trained so far) after ``budget`` seconds.

    >>> answer = recover("mlp(1, {N}, 1, bias=False)", target="mlp(1, 1, 1, bias=False)", widths=[1, 2],
    ...                  target_weights={"W1": [[1]], "W2": [[1]]}, samples=[1, 4], trials=2, polish=True)
    >>> [(c.parameters, c.sizes.samples, c.recovered_from(1e-6)) for c in answer.curves], answer.verdict
    ([(2, 2, 4), (4, 2, 4)], 'numerical')

    Reference: arXiv:2406.18035, section 6; arXiv:2309.00508; docs/howto/run-a-recovery-experiment.
    """
    start = monotonic()
    for name in options:
        if name not in DEFAULTS:
            raise BadInput(
                f"recover: there is no option {shown(name)}; the options are {', '.join(DEFAULTS)}"
            )
    if isinstance(jobs, bool) or not isinstance(jobs, int) or not 1 <= jobs <= 1024:
        raise BadInput(f"--jobs: {shown(jobs)} is no number of processes; give an integer from 1 to 1024")
    question = _question(network, target, target_weights, options)
    deadline = None if budget is None else start + budget
    run = _Run(question, None if results is None else Path(results), progress or _silent)
    ended = run.train(jobs, deadline)
    answer = run.answer(round(monotonic() - start, 3))
    if not ended:
        raise OutOfBudget(answer)
    return answer


def _silent(message: str) -> None:
    return None


@dataclass(frozen=True)
class _Question:
    """An experiment, the name of its target, and whether the target's weights are drawn."""

    experiment: Experiment
    title: str
    drawn: bool
    options: Mapping[str, Any]


def _question(
    network: Networks,
    target: Network | str | None,
    weights: Mapping[str, object] | None,
    given: Mapping[str, Any],
) -> _Question:
    """Put together what is asked: a named experiment or the networks and the target of the caller."""
    preset = PRESETS.get(network) if isinstance(network, str) else None
    if preset is not None and (target is not None or weights is not None):
        raise BadInput(f"--target: the experiment {network} has its own; give networks to choose another")
    if preset is None and target is None:
        raise BadInput(
            "--target: it is missing; give a target such as mlp(2, 1, 1), or instead of networks one of the "
            f"experiments {', '.join(PRESETS)}"
        )
    if preset is not None:
        network, target, weights = preset.networks, preset.target, preset.weights
    known = target if isinstance(target, Network) else resolve(str(target))
    options = _completed(given, {} if preset is None else preset.options)
    protocol = protocol_of(options)
    values = drawn_weights(known, protocol.seed) if weights is None else weights
    exact_weights(known, values)
    networks = [network] if isinstance(network, Network | str) else list(network)
    settings = settings_of(networks, known, options["widths"], options["start"])
    experiment = Experiment(known, values, settings, protocol)
    check_experiment(experiment)
    title = known.text + (" at random weights" if weights is None else " at the given weights")
    return _Question(experiment, title if preset is None else preset.title, weights is None, options)


def _completed(given: Mapping[str, Any], preset: Mapping[str, Any]) -> dict[str, Any]:
    """All options: the given ones, then those of the named experiment, then the usual ones."""
    known = {**preset, **{name: value for name, value in given.items() if value is not None}}
    if "perturb" in known and "start" not in known:
        known["start"] = POINTS
    if isinstance(known.get("start"), str):
        known["start"] = known["start"].split(",")
    return DEFAULTS | known


class _Run:
    """The trainings of one question, and the answer that is made of them."""

    def __init__(self, question: _Question, results: Path | None, progress: Progress) -> None:
        self.question, self.experiment, self.progress = question, question.experiment, progress
        self.sizes: dict[str, Verdict] = {}
        for setting in self.experiment.settings:
            progress(f"proving the sample size of the target in {setting.network.text}")
            self.sizes[setting.network.text] = self._proved(setting)
        self.store = Store(self.experiment, results)

    def _proved(self, setting: Setting) -> Verdict:
        """The proved sizes of the target, of drawn weights those of almost every target."""
        known = self.sizes.get(setting.network.text)
        if known is not None:
            return known
        weights = None if self.question.drawn else self.experiment.weights
        return optimistic_sample_size(setting.network, target=self.experiment.target, weights=weights)

    def train(self, jobs: int, deadline: float | None) -> bool:
        """Do the trainings that are missing; return whether the time was enough."""
        trials, start = self.experiment.protocol.trials, monotonic()
        tasks = [task for task in self.experiment.tasks() if not self.store.has(task, trials)]
        known = len(self.store.trainings)
        for trainings in finished(self.experiment, tasks, jobs, deadline):
            self.store.put(trainings)
            done = len(self.store.trainings)
            speed = (done - known) / max(monotonic() - start, 1e-9)
            self.progress(f"{done} of {self.experiment.count} trainings, {speed:.1f} per second")
        return len(self.store.trainings) == self.experiment.count

    def answer(self, seconds: float) -> Recovery:
        """Return the curves of the trainings so far."""
        trainings = tuple(self.store.trainings[key] for key in sorted(self.store.trainings))
        path = None if self.store.path is None else str(self.store.path)
        curves = [
            Curve(
                setting.network.text,
                setting.family,
                setting.size,
                setting.start,
                self.sizes[setting.network.text],
                _points([t for t in trainings if t.setting == number]),
            )
            for number, setting in enumerate(self.experiment.settings)
        ]
        return Recovery(
            target=self.experiment.target.text,
            title=self.question.title,
            options=self._options(),
            curves=tuple(curves),
            trainings=trainings,
            count=self.experiment.count,
            results=path,
            seconds=seconds,
        )

    def _options(self) -> dict[str, Any]:
        """The options as they were used."""
        used = dict(self.question.options) | self.store.header
        return {name: list(v) if isinstance(v := used[name], tuple) else v for name in DEFAULTS}


def _points(trainings: Sequence[Training]) -> tuple[Point, ...]:
    """The trainings of one setting, by number of samples."""
    by_n: dict[int, list[Training]] = {}
    for training in trainings:
        by_n.setdefault(training.n, []).append(training)
    return tuple(_point(n, group) for n, group in sorted(by_n.items()))


def _point(n: int, group: Sequence[Training]) -> Point:
    errors = tuple(sorted(t.test for t in group if t.test is not None))
    descent = tuple(sorted(t.descent for t in group if t.descent is not None))
    return Point(n, errors, descent, sum(t.ended == "converged" for t in group), len(group))
