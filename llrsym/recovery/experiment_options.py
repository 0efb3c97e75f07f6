"""From what a user writes to an experiment: options with their limits, sizes in braces, lists of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypedDict

from llrsym.bounds.formula import Formula
from llrsym.errors import BadInput, shown
from llrsym.kernel.models import Convolution, Layered
from llrsym.networks.network import Network
from llrsym.networks.sources import resolve
from llrsym.recovery.experiment_starts import SMALL, STARTS, target_map
from llrsym.recovery.experiments import Experiment, Protocol, Setting
from llrsym.recovery.optimizers import GD, OPTIMIZERS, RATES, Method


class Options(TypedDict, total=False):
    """The options of an experiment; None, or none at all, is the usual value."""

    widths: str | int | Sequence[int] | None
    """The values of N, such as ``1,3,10``."""
    samples: str | int | Sequence[int] | None
    """The numbers n of samples, such as ``1..80`` or ``1..20,30..60:10``."""
    trials: int | None
    """Trainings for each n, each with its own samples and initial weights."""
    init_scale: float | None
    """Standard deviation of the initial weights of the start ``small``."""
    optimizer: str | None
    """gd, adam, lbfgs or least-squares."""
    rate: float | None
    """Of gd the largest learning rate, of adam the learning rate."""
    steps: int | None
    """Most steps of a training."""
    tolerance: float | None
    """A training has converged when its loss is this part of that of the zero function."""
    polish: bool | None
    """Whether least squares continue where the optimiser ends."""
    noise: float | None
    """Standard deviation of the label noise."""
    dropout: float | None
    """Probability with which the value of a hidden neuron is dropped in a step."""
    start: str | Sequence[str] | None
    """small, split, null, zero-out: one or several."""
    perturb: float | None
    """Standard deviation by which the points of the other starts are moved."""
    test_points: int | None
    """Number of test inputs."""
    threshold: float | None
    """Relative test error below which a training has recovered the target."""
    seed: int | None
    """Of all random numbers."""


DEFAULTS: dict[str, Any] = {
    "widths": None,
    "samples": "1..20",
    "trials": 5,
    "init_scale": 1e-10,
    "optimizer": GD,
    "rate": None,
    "steps": 3000,
    "tolerance": 1e-16,
    "polish": False,
    "noise": 0.0,
    "dropout": 0.0,
    "start": (SMALL,),
    "perturb": 1e-3,
    "test_points": 1000,
    "threshold": 1e-3,
    "seed": 0,
}
MOST_NUMBERS, MOST_SAMPLES, MOST_TRAININGS, MOST_PARAMETERS = 1000, 100_000, 1_000_000, 1_000_000
_RANGE = re.compile(r"(\d{1,9})(?:\.\.(\d{1,9})(?::(\d{1,9}))?)?")


@dataclass(frozen=True)
class _Limits:
    """The numbers an option may have."""

    least: float
    most: float
    integer: bool = False
    open: bool = False

    def allow(self, value: object) -> bool:
        """Whether a value is such a number."""
        kinds = int if self.integer else int | float
        if isinstance(value, bool) or not isinstance(value, kinds) or not isfinite(value):
            return False
        return self.least < value <= self.most if self.open else self.least <= value <= self.most

    def __str__(self) -> str:
        kind = "an integer" if self.integer else "a number"
        if self.open:
            return f"{kind} above {self.least:g} and at most {self.most:g}"
        return f"{kind} from {self.least:g} to {self.most:g}"


_LIMITS = {
    "trials": _Limits(1, 10_000, integer=True),
    "init_scale": _Limits(0, 100),
    "rate": _Limits(0, 1000, open=True),
    "steps": _Limits(1, 10_000_000, integer=True),
    "tolerance": _Limits(0, 1),
    "noise": _Limits(0, 1e6),
    "dropout": _Limits(0, 0.95),
    "perturb": _Limits(0, 100),
    "test_points": _Limits(1, 1_000_000, integer=True),
    "threshold": _Limits(0, 1000, open=True),
    "seed": _Limits(0, 2**63, integer=True),
}


def numbers(option: str, value: object) -> tuple[int, ...]:
    """Return the positive integers that a list or a text such as ``1..10,12..20:2`` names, in order.

    Raises ``BadInput`` for anything else.

    >>> numbers("samples", "1..3,10..20:5")
    (1, 2, 3, 10, 15, 20)
    """
    found: set[int] = set()
    for part in value.split(",") if isinstance(value, str) else _listed(option, value):
        match = _RANGE.fullmatch(str(part).strip())
        low, high, step = (int(g) if g else None for g in match.groups()) if match else (0, None, None)
        if not low or step == 0 or (high is not None and high < low) or isinstance(part, bool):
            raise BadInput(f"--{option}: {shown(part)} names no positive integers; write 8, 1..20 or 1..63:2")
        found |= set(range(low, min(high or low, low + MOST_SAMPLES) + 1, step or 1))
    if not 0 < len(found) <= MOST_NUMBERS or max(found) > MOST_SAMPLES:
        raise BadInput(f"--{option}: give 1 to {MOST_NUMBERS} integers of at most {MOST_SAMPLES}")
    return tuple(sorted(found))


def _listed(option: str, value: object) -> Iterable[object]:
    if isinstance(value, int):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return value
    raise BadInput(f"--{option}: {shown(value)} is no list of integers; write 8, 1..20 or 1..63:2")


def protocol_of(options: Mapping[str, Any]) -> Protocol:
    """Return the protocol; raises ``BadInput`` for a number out of its limits and for options that clash."""
    optimizer = options["optimizer"]
    if optimizer not in OPTIMIZERS:
        raise BadInput(f"--optimizer: there is no {shown(optimizer)}; take {', '.join(OPTIMIZERS)}")
    if options["rate"] is not None and optimizer not in RATES:
        raise BadInput(f"--rate: {optimizer} chooses its own steps; leave the rate out")
    if options["dropout"] and optimizer not in RATES:
        raise BadInput(f"--dropout: {optimizer} cannot follow a random loss; take gd or adam")
    if options["dropout"] and options["polish"]:
        raise BadInput("--polish: it would undo the dropout; leave one of the two out")
    options = dict(options) | {
        "rate": RATES.get(optimizer, 1.0) if options["rate"] is None else options["rate"]
    }
    for name, limits in _LIMITS.items():
        if not limits.allow(options[name]):
            option = name.replace("_", "-")
            raise BadInput(f"--{option}: {shown(options[name])} is not {limits}; give such a number")
    method = Method(**{name: options[name] for name in Method.__dataclass_fields__})
    own = Protocol.__dataclass_fields__.keys() - {"method", "samples"}
    samples = numbers("samples", options["samples"])
    return Protocol(samples, method=method, **{name: options[name] for name in own})


def settings_of(
    networks: Sequence[Network | str], target: Network, widths: object, starts: Sequence[str]
) -> tuple[Setting, ...]:
    """Return one setting for every network, width and start.

    A text may hold formulas of the width N in braces: ``mlp(5, {3*N}, 1)``. Raises ``BadInput`` for widths
    without such a text or the other way round, and as ``resolve`` and ``target_map`` do.
    """
    for start in starts:
        if start not in STARTS:
            raise BadInput(f"--start: there is no {shown(start)}; take some of {', '.join(STARTS)}")
    if not networks or not starts:
        raise BadInput("recover: give at least one network and one start")
    sizes = None if widths is None else numbers("widths", widths)
    if sizes is not None and not any(isinstance(s, str) and "{" in s for s in networks):
        raise BadInput("--widths: no network has a size in braces; write for example 'mlp(2, {N}, 1)'")
    settings = [
        Setting(network, _family(source), size, start)
        for source in networks
        for size, network in _sized(source, sizes)
        for start in dict.fromkeys(starts)
    ]
    for setting in settings:
        _check(setting, target)
    if len({setting.label for setting in settings}) < len(settings):
        raise BadInput("recover: two networks are the same; give each only once")
    return tuple(settings)


def _family(source: Network | str) -> str:
    return re.sub(r"[{}]", "", source) if isinstance(source, str) else source.text


def _sized(source: Network | str, sizes: tuple[int, ...] | None) -> list[tuple[int | None, Network]]:
    if not isinstance(source, str) or "{" not in source:
        return [(None, resolve(source) if isinstance(source, str) else source)]
    if sizes is None:
        raise BadInput(f"--widths: {shown(source)} has sizes in braces; give the values of N, such as 1,3,10")
    return [(size, resolve(_replaced(source, size))) for size in sizes]


def _replaced(source: str, size: int) -> str:
    def value(found: re.Match[str]) -> str:
        formula = Formula(found[1])
        if formula.names - {"N"}:
            raise BadInput(f"recover: {shown(found[0])} names another size than N; write for example {{3*N}}")
        return str(formula.value({"N": size}))

    return re.sub(r"\{([^{}]*)\}", value, source)


def _check(setting: Setting, target: Network) -> None:
    network = setting.network
    if (network.inputs, network.outputs) != (target.inputs, target.outputs):
        raise BadInput(
            f"--target: {target.text} has {target.inputs} inputs and {target.outputs} outputs, but "
            f"{network.text} has {network.inputs} and {network.outputs}; they must agree"
        )
    if network.parameter_count > MOST_PARAMETERS:
        raise BadInput(
            f"recover: {network.text} has more than {MOST_PARAMETERS} parameters; take a smaller one"
        )
    if setting.start != SMALL:
        target_map(network, target, setting.start)


def check_experiment(experiment: Experiment) -> None:
    """Raise ``BadInput`` for more samples than there are and for more trainings than can be done."""
    most, asked = experiment.most_samples, max(experiment.protocol.samples)
    if most is not None and asked > most:
        raise BadInput(f"--samples: {asked} is too many, the target has {most} entries; give at most {most}")
    if experiment.count > MOST_TRAININGS:
        raise BadInput(f"recover: these are {experiment.count} trainings, at most {MOST_TRAININGS} are done")
    dropout = experiment.protocol.method.dropout
    for setting in experiment.settings if dropout else ():
        if not isinstance(setting.network.model, Layered | Convolution):
            raise BadInput(f"--dropout: {setting.network.text} is neither mlp nor conv; leave it out")
