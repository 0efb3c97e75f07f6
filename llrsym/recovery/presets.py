"""The experiments that have a name: those of the papers, at a size that one core does in minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llrsym.recovery.experiment_starts import NULL, SPLIT, ZERO_OUT

CONVOLUTION = "conv(input=(5,), kernel=(3,), channels=({N},), bias='hidden')"
NO_SHARING = "conv(input=(5,), kernel=(3,), channels=({N},), bias='hidden', shared=False)"
ROWS = "three tanh neurons, shifted copies of (0.6, 0.8, 1)"


@dataclass(frozen=True)
class Preset:
    """Networks, a target with weights, a name for it, and the options that differ from the usual ones."""

    networks: tuple[str, ...]
    target: str
    weights: Mapping[str, object] | None
    title: str
    options: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""


_NEURON = {"W1": [[0.6, 0.8, 1.0]], "W2": [[1.0]]}
PRESETS: dict[str, Preset] = {
    "paper": Preset(
        (CONVOLUTION, NO_SHARING, "mlp(5, {3*N}, 1, bias='hidden')"),
        CONVOLUTION.replace("{N}", "1"),
        {"K": [[0.6, 0.8, 1.0]], "b": [0.0], "a": [[1.0, 1.0, 1.0]]},
        ROWS,
        {"widths": "1,3,10", "samples": "1..18,20..28:2,31..63:4", "polish": True},
        "arXiv:2406.18035, section 6: convolutions, without sharing, and fully connected",
    ),
    "neuron": Preset(
        ("mlp(3, {N}, 1, bias=False)",),
        "mlp(3, 1, 1, bias=False)",
        _NEURON,
        "one tanh neuron, w = (0.6, 0.8, 1)",
        {"widths": "1,2,4,8", "samples": "1..20", "polish": True},
        "a single neuron in wider and wider networks",
    ),
    "factorisation": Preset(
        ("matrix_factorization(rows=4, inner={N}, cols=4)",),
        "matrix_factorization(rows=4, inner=1, cols=4)",
        {"A": [[1.0], [-0.7], [1.3], [0.4]], "B": [[0.9, 0.6, -1.1, 1.4]]},
        "a 4 x 4 matrix of rank 1, entry by entry",
        {"widths": "1,2,4", "samples": "1..16", "trials": 20, "steps": 20_000, "rate": 0.2},
        "completion of a matrix of rank 1 by factorisations",
    ),
    "local": Preset(
        ("mlp(2, {N}, 1, bias=False)",),
        "mlp(2, 1, 1, bias=False)",
        {"W1": [[0.6, 0.8]], "W2": [[1.0]]},
        "one tanh neuron, w = (0.6, 0.8)",
        {
            "widths": "3",
            "samples": "1..10",
            "trials": 20,
            "start": (SPLIT, NULL, ZERO_OUT),
            "perturb": 1e-3,
            "threshold": 1e-9,
            "polish": True,
        },
        "started near points of the target set, arXiv:2309.00508",
    ),
    "noise": Preset(
        ("mlp(3, {N}, 1, bias=False)",),
        "mlp(3, 1, 1, bias=False)",
        _NEURON,
        "one tanh neuron, w = (0.6, 0.8, 1), noisy labels",
        {"widths": "1,2,4", "samples": "2..12:2,16..64:8", "noise": 0.01, "threshold": 0.02, "trials": 10},
        "labels with noise of standard deviation 0.01",
    ),
    "dropout": Preset(
        ("mlp(3, {N}, 1, bias=False)",),
        "mlp(3, 1, 1, bias=False)",
        _NEURON,
        "one tanh neuron, w = (0.6, 0.8, 1), with dropout",
        {
            "widths": "4,16",
            "samples": "2..20:2",
            "dropout": 0.1,
            "rate": 0.05,
            "steps": 20_000,
            "threshold": 0.1,
        },
        "hidden values dropped at random, arXiv:2207.05952",
    ),
}
