"""From trained weights to a condensed network: fewer neurons, a proved distance, the samples it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf, isfinite
from pathlib import Path
from time import monotonic

from llrsym.errors import BadInput, shown
from llrsym.kernel.distances import Box
from llrsym.kernel.layered_form import MAX_DENSE
from llrsym.kernel.models import Convolution, Layered
from llrsym.kernel.program import size
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.recovery.candidates import read_box
from llrsym.recovery.condense_distance import Problem
from llrsym.recovery.condense_import import as_mlp, reordered
from llrsym.recovery.condense_result import Condensed
from llrsym.recovery.condense_search import Progress, Search
from llrsym.recovery.data import read_data

MOST_EFFORT = 1_000


def condense(
    network: Network,
    *,
    at: Mapping[str, object],
    box: object = None,
    data: object = None,
    columns: str | Sequence[str] | None = None,
    labels: object = None,
    tolerance: float | Fraction | None = None,
    neurons: Sequence[int] | None = None,
    effort: int = 1,
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Condensed:
    """Return smaller networks near f at these weights, each with a proved distance and its sample size.

    ``box`` is a pair of numbers for all inputs or a list of d pairs, by default [-1, 1]^d; with ``data`` (as
    in ``read_data``) it is the bounding box of the samples. The chosen network is the smallest one found
    whose proved distance on the box is at most ``tolerance`` (by default 1/100 of the largest ``|f|`` seen).
    ``neurons`` lists numbers of hidden neurons to be shown, of channels for a convolution; ``effort``
    multiplies the work, for distances that are proved more sharply. When ``budget`` seconds have passed, what
    has been found is proved without further improvement: distances are larger, sample sizes may be open, and
    what is printed depends on the machine. ``certificate`` is a folder for the claims and certificates.

    Raises ``BadInput`` for a network that is neither fully connected nor a convolution with one layer, and
    for weights, boxes, data, tolerances and numbers of neurons that do not fit.

    >>> import llrsym as ll
    >>> weights = {"W1": [[1], [1.001], [-1]], "b1": [0.5, 0.5, -0.5], "W2": [[1, 2, -0.5]], "b2": [0]}
    >>> result = ll.condense(ll.mlp(1, 3, 1), at=weights, tolerance=1e-3)
    >>> result.chosen.widths, result.distance < 1e-3, result.samples.samples
    ((1,), True, 4)

    Reference: Luo et al., JMLR 22(71), 2021 (condensation); arXiv:2406.18035 (sample sizes);
    docs/theory/distances.
    """
    start = monotonic()
    imported = as_mlp(network) if network.model is None else None
    known = network if imported is None else imported[0]
    model = known.model
    if not isinstance(model, Convolution) and (not isinstance(model, Layered) or len(model.widths) < 3):
        raise BadInput(
            f"condense: {network.text} is no fully-connected network with a hidden layer and no convolution "
            "with one layer; use an mlp or a conv"
        )
    if isinstance(model, Convolution):
        _check_size(model)
    sides = _sides(network, box, data, columns, labels)
    weights = exact_weights(network, at)
    weights = weights if imported is None else reordered(weights, imported[1])
    deadline = inf if budget is None else start + budget
    problem = Problem(known, model, weights, sides, _checked_effort(effort), deadline)
    search = Search(problem, seed, certificate, progress or _silent)
    result = search.answer(_checked_tolerance(tolerance), _checked_neurons(neurons))
    return replace(result, seconds=round(monotonic() - start, 3))


def _sides(
    network: Network, box: object, data: object, columns: str | Sequence[str] | None, labels: object
) -> Box:
    """The box, or the bounding box of the data."""
    if box is not None and data is not None:
        raise BadInput("condense: a box and data are given; give one of them")
    if data is None:
        return read_box(box, network.inputs)
    points = read_data(data, network, columns=columns, labels=labels).points
    return tuple((min(column), max(column)) for column in zip(*points, strict=True))


def _check_size(model: Convolution) -> None:
    inputs, neurons = size(model.input), model.channels * size(model.positions)
    if inputs * neurons > MAX_DENSE:
        raise BadInput(
            f"condense: {neurons} neurons of {inputs} inputs are too many; use a convolution with at most "
            f"{MAX_DENSE} weights, zeros included"
        )


def _silent(message: str) -> None:
    return None


def _checked_tolerance(tolerance: object) -> Fraction | None:
    if tolerance is None:
        return None
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float | Fraction):
        raise BadInput(f"condense: the tolerance {shown(tolerance)} is no number; give one such as 0.001")
    if not isfinite(tolerance) or tolerance <= 0:
        raise BadInput(f"condense: the tolerance {tolerance} is not positive; give one such as 0.001")
    return Fraction(tolerance)


def _checked_effort(effort: object) -> int:
    if type(effort) is not int or not 1 <= effort <= MOST_EFFORT:
        raise BadInput(
            f"condense: the effort {shown(effort)} is no integer from 1 to {MOST_EFFORT}; give one"
        )
    return effort


def _checked_neurons(neurons: Sequence[int] | None) -> tuple[int, ...] | None:
    if neurons is None:
        return None
    if not neurons or not all(type(count) is int and count > 0 for count in neurons):
        raise BadInput(f"condense: neurons {shown(neurons)} are no positive integers; give some such as [5]")
    return tuple(neurons)
