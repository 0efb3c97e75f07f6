"""Trainings per second of ``recover``: many trials at once against one after the other, in one run.

    python benchmarks/recover.py [--widths 1 3 10] [--steps 300]

For the networks of the recovery experiment of arXiv:2406.18035, section 6, with 10 values of n from 2 to 38
and 5 trials each. ``together`` is gradient descent as ``recover`` does it, ``one by one`` the same function
with a single trial per call, ``jacobian`` a loop over the trials with gradients from the Jacobian at all
points. Rows: network, M, trainings per second of each, and the ratios of the first to the others.
"""

import argparse
from time import perf_counter

import numpy as np

from llrsym.domains.float64 import approx_jacobian, approx_trace
from llrsym.networks.text import parse_network
from llrsym.recovery.experiments import Experiment, Protocol, Setting, Task
from llrsym.recovery.optimizers import Method
from llrsym.recovery.presets import PRESETS

SAMPLES, TRIALS = tuple(range(2, 42, 4)), 5


def main() -> None:
    """Print one row for every network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    print(f"{'network':<58} {'M':>4} {'together':>9} {'one by one':>10} {'jacobian':>9}  ratios")
    for width in options.widths:
        for family in PRESETS["paper"].networks:
            row(family.replace("{N}", str(width)).replace("{3*N}", str(3 * width)), options.steps)


def row(text: str, steps: int) -> None:
    """Time the three ways on one network."""
    network, preset = parse_network(text), PRESETS["paper"]
    target = parse_network(preset.target)
    method = Method(steps=steps, tolerance=0.0)
    settings = (Setting(network, text),)
    experiment = Experiment(target, preset.weights, settings, Protocol(SAMPLES, TRIALS, method))
    together = rate(lambda: sum(len(experiment.run(task)) for task in experiment.tasks()))
    single = Experiment(target, preset.weights, settings, Protocol(SAMPLES, 1, method))
    alone = rate(lambda: sum(len(single.run(Task(0, (n,)))) for n in SAMPLES))
    jacobian = rate(lambda: sum(plain_loop(experiment, n, steps) for n in SAMPLES))
    ratios = f"{together / alone:>6.1f} {together / jacobian:>6.1f}"
    shown = text if len(text) <= 58 else f"{text[:55]}..."
    print(
        f"{shown:<58} {network.parameter_count:>4} {together:>9.1f} {alone:>10.1f} {jacobian:>9.1f} {ratios}",
        flush=True,
    )


def rate(trainings) -> float:
    """Trainings per second of a function that returns how many it did."""
    start = perf_counter()
    count = trainings()
    return count / (perf_counter() - start)


def plain_loop(experiment: Experiment, n: int, steps: int) -> int:
    """One training by gradient descent with a fixed rate, whose gradients come from the Jacobian."""
    program = experiment.settings[0].network.program
    rng = np.random.default_rng(0)
    points = rng.standard_normal((n, 5))
    labels = experiment.labels(points[None])[0, :, 0]
    theta = 1e-10 * rng.standard_normal(program.parameter_count)
    ends = np.cumsum([np.prod(p.shape, dtype=int) for p in program.parameters])[:-1]
    for _ in range(steps):
        weights = np.split(theta, ends)
        outputs = np.broadcast_to(
            approx_trace(program, weights, points).values[program.output].ravel(), labels.shape
        )
        theta -= 0.02 * approx_jacobian(program, weights, points).T @ (outputs - labels) / n
    return 1


if __name__ == "__main__":
    main()
