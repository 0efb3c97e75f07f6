"""The trainings of a recovery experiment: which there are, what each one sees, and what came out of it.

# Invariants
# Every random number comes from a generator seeded by the experiment's seed and by what it is for, never by
# the order of the work. The first n samples of a trial are the same for every n and every network. Trainings
# are done in tasks, fixed by the options alone, so that neither an interruption nor the number of processes
# changes a bit of any result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite, sqrt
from zlib import crc32

import numpy as np

from llrsym.kernel.program import size
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.recovery.batches import Array
from llrsym.recovery.experiment_starts import SMALL, target_map, target_point
from llrsym.recovery.optimizers import Method, Trained, polished, train
from llrsym.recovery.training import Objective

TASK_ENTRIES = 40_000
"""About the largest number of entries of a tensor in one task: it should fit into the cache of a core."""
DATA, NOISE, TEST, START, DROPOUT, TARGET = range(6)
"""What a random number is for."""


@dataclass(frozen=True)
class Setting:
    """A network, the size N in its text if it has one, and where its trainings begin."""

    network: Network
    family: str
    size: int | None = None
    start: str = SMALL

    @property
    def label(self) -> str:
        """A name that no other setting of an experiment has."""
        return f"{self.network.text} from {self.start}"


@dataclass(frozen=True)
class Protocol:
    """The numbers of an experiment."""

    samples: tuple[int, ...]
    trials: int = 5
    method: Method = field(default_factory=Method)
    polish: bool = False
    init_scale: float = 1e-10
    perturb: float = 1e-3
    noise: float = 0.0
    test_points: int = 1000
    threshold: float = 1e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Training:
    """What came out of one training: root mean square errors relative to the target, None for no number.

    ``train`` is on the labels of the samples, ``test`` against the target itself, on new inputs (of a matrix,
    on all entries); ``descent`` is the test error before polishing.
    """

    setting: int
    n: int
    trial: int
    train: float | None
    test: float | None
    descent: float | None
    steps: int
    ended: str


@dataclass(frozen=True)
class Task:
    """Trainings that are done together: one setting, some numbers of samples, all trials."""

    setting: int
    samples: tuple[int, ...]


@dataclass(frozen=True)
class Experiment:
    """A target with its weights, the settings that learn it, and the protocol.

    An input-less network, such as a matrix factorisation, has its outputs as samples, taken without
    replacement; the others have standard normal inputs.
    """

    target: Network
    weights: Mapping[str, object] = field(repr=False)
    settings: tuple[Setting, ...]
    protocol: Protocol

    @property
    def count(self) -> int:
        """The number of trainings."""
        return len(self.settings) * len(self.protocol.samples) * self.protocol.trials

    @property
    def most_samples(self) -> int | None:
        """The number of all samples, where there are finitely many."""
        return None if self.target.inputs else self.target.outputs

    def tasks(self) -> Iterator[Task]:
        """Yield the tasks; they depend on the settings and the protocol only."""
        for number, setting in enumerate(self.settings):
            group: list[int] = []
            for n in self.protocol.samples:
                trials = (len(group) + 1) * self.protocol.trials
                if group and trials * n * _largest(setting.network) > TASK_ENTRIES:
                    yield Task(number, tuple(group))
                    group = []
                group.append(n)
            yield Task(number, tuple(group))

    def run(self, task: Task) -> list[Training]:
        """Return the trainings of a task, by number of samples and trial."""
        trainer = _Trainer(self, self.settings[task.setting], task.samples)
        return trainer.trainings(task.setting)

    @cached_property
    def theta(self) -> Array:
        """The target's weights as doubles, flat (1, M)."""
        exact = exact_weights(self.target, self.weights)
        return np.array([[float(v) for tensor in exact for v in tensor]])

    def labels(self, inputs: Array) -> Array:
        """Return the values of the target (T, points, outputs) at inputs (T, points, d)."""
        shape = (*inputs.shape[:2], self.target.outputs)
        inputs = inputs.reshape(*inputs.shape[:2], *self.target.program.input_shape)
        return Objective(self.target.program, inputs, np.zeros(shape), np.zeros(shape)).outputs(self.theta)

    def random(self, *purpose: int) -> np.random.Generator:
        """Return the generator for a purpose."""
        return np.random.default_rng([self.protocol.seed, *purpose])

    def test(self) -> tuple[Array, Array]:
        """Return the test inputs (1, points, d) and the values of the target there."""
        points = self.protocol.test_points if self.target.inputs else 1
        inputs = self.random(TEST).standard_normal((1, points, self.target.inputs))
        return inputs, self.labels(inputs)


def drawn_weights(target: Network, seed: int) -> dict[str, object]:
    """Return standard normal weights of the target, by name."""
    random = np.random.default_rng([seed, TARGET])
    return {name: random.standard_normal(shape) for name, shape, _ in target.layers}


def _largest(network: Network) -> int:
    """The entries of the largest tensor that every trial and point has."""
    return max(size(e.shape) for e in network.program.equations) if network.program.equations else 1


class _Trainer:
    """The trainings of one setting: a row for every number of samples and every trial."""

    def __init__(self, experiment: Experiment, setting: Setting, samples: tuple[int, ...]) -> None:
        self.experiment, self.setting, self.protocol = experiment, setting, experiment.protocol
        self.rows = [(n, trial) for n in samples for trial in range(self.protocol.trials)]
        self.samples, self.network = samples, setting.network

    def trainings(self, number: int) -> list[Training]:
        """Train, polish if that is asked for, and test."""
        objective, method = self._objective(), self.protocol.method
        task = crc32(f"{self.setting.label} {self.samples}".encode())
        found = train(objective, self._starts(), method, [self.protocol.seed, DROPOUT, task])
        descent = self._test_errors(found)
        if self.protocol.polish:
            found = polished(objective, found, method.tolerance)
        tests = self._test_errors(found) if self.protocol.polish else descent
        trains = _relative(found.losses, objective.shares, objective.labels)
        return [
            Training(
                number, *self.rows[k], trains[k], tests[k], descent[k], int(found.steps[k]), found.ended[k]
            )
            for k in range(len(self.rows))
        ]

    def _objective(self) -> Objective:
        """The first n samples of every trial; the rows of a task are filled up with hidden ones."""
        per_trial = [self._data(trial) for trial in range(self.protocol.trials)]
        inputs = np.concatenate([per_trial[trial][0] for _, trial in self.rows])
        labels = np.concatenate([per_trial[trial][1] for _, trial in self.rows])
        shares = np.concatenate([self._shares(n, trial) for n, trial in self.rows])
        inputs = inputs.reshape(*inputs.shape[:2], *self.network.program.input_shape)
        return Objective(self.network.program, inputs, labels, shares)

    def _data(self, trial: int) -> tuple[Array, Array]:
        """As many samples as the largest number of the task; with label noise."""
        d = self.network.inputs
        points = max(self.samples) if d else 1
        inputs = self.experiment.random(DATA, trial).standard_normal((1, points, d))
        labels = self.experiment.labels(inputs)
        noise = self.experiment.random(NOISE, trial).standard_normal(labels.shape)
        return inputs, labels + self.protocol.noise * noise

    def _shares(self, n: int, trial: int) -> Array:
        if self.network.inputs:
            shares = np.zeros((1, max(self.samples), self.network.outputs))
            shares[:, :n] = 1 / n
            return shares
        shares = np.zeros((1, 1, self.network.outputs))
        shares[..., self.experiment.random(DATA, trial).permutation(self.network.outputs)[:n]] = 1 / n
        return shares

    def _starts(self) -> Array:
        """The starting parameters; those of a trial are the same for every number of samples."""
        starts = [self._start(trial) for trial in range(self.protocol.trials)]
        return np.array([starts[trial] for _, trial in self.rows])

    def _start(self, trial: int) -> Array:
        random = self.experiment.random(START, crc32(self.setting.label.encode()), trial)
        noise = random.standard_normal(self.network.parameter_count)
        if self.setting.start == SMALL:
            return self.protocol.init_scale * noise
        embedding = target_map(self.network, self.experiment.target, self.setting.start)
        point = target_point(embedding, self.experiment.target, self.experiment.weights, random)
        return point + self.protocol.perturb * noise

    def _test_errors(self, trained: Trained) -> list[float | None]:
        inputs, values = self.experiment.test()
        inputs = inputs.reshape(*inputs.shape[:2], *self.network.program.input_shape)
        shares = np.full(values.shape, 1 / values.shape[1])
        errors: list[float | None] = []
        for theta in trained.theta:
            outputs = Objective(self.network.program, inputs, values, shares).outputs(theta[None])
            losses = np.einsum("tpc,tpc->t", shares * (outputs - values), outputs - values)
            errors += _relative(losses, shares, values)
        return errors


def _relative(losses: Array, shares: Array, values: Array) -> list[float | None]:
    """Root mean square errors; relative to the size of the values, where these are not all zero."""
    power = np.einsum("tpc,tpc->t", shares * values, values)
    scale = np.where(power > 0, power, 1.0)
    return [sqrt(v) if isfinite(v) else None for v in (losses / scale).tolist()]
