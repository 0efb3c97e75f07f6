"""Tracing: a plain NumPy function becomes a network by running it once on arrays that record."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import llrsym
from llrsym.errors import BadInput, shown
from llrsym.kernel.program import MAX_ENTRIES, Shape, size
from llrsym.networks.network import Network
from llrsym.networks.trace_algebra import materialised
from llrsym.networks.trace_array import TracedArray, as_view
from llrsym.networks.trace_check import is_different
from llrsym.networks.trace_graph import Graph
from llrsym.networks.trace_views import whole

INPUT = "x"
TOLERANCE = 1e-5
_INSTALLED = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sysconfig.get_path("stdlib"))
_OWN_FOLDERS = tuple(str(Path(module.__file__).parent) for module in (llrsym, np) if module.__file__)


def trace(
    forward: Callable[[Any, Any], Any],
    *,
    shapes: Mapping[str, object],
    x_shape: object = None,
    name: str | None = None,
) -> Network:
    """Return the network f(x; p) that a NumPy function ``forward(p, x)`` computes.

    ``p`` is a dict with one array for each parameter. ``shapes`` gives each its shape, as a tuple of
    integers or by an example array, in the order of the parameters; ``x_shape`` is that of the input x, or
    ``shapes`` has an entry ``"x"`` for it. ``forward`` is called with arrays that record the calls,
    and then compared with the network at random numbers.
    Constants are exact: a float is the dyadic rational it is. ``name`` is the text of the network.

    Raises ``BadInput`` for what is not analytic (maximum, abs, comparisons, branches) or has no exact
    meaning as a network, with the file and line of the call, for shapes that are no shapes, and for a
    function that gives other values on plain arrays than it did while it was traced.

    >>> import numpy as np
    >>> import llrsym as ll
    >>> def forward(p, x):
    ...     return p["a"] @ np.tanh(p["W"] @ x)
    >>> network = ll.trace(forward, shapes={"W": (3, 2), "a": (3,)}, x_shape=(2,))
    >>> network.layers
    (('W', (3, 2), 6), ('a', (3,), 3))
    >>> ll.model_rank(network).upper
    9

    Reference: NumPy enhancement proposals 13 and 18 (the protocols through which NumPy calls are recorded).
    """
    parameters, inputs = _declared(shapes, x_shape)
    graph = Graph(inputs, parameters, _place)
    arrays = {
        key: TracedArray(graph, whole(graph, 1 + k), is_shared=True) for k, key in enumerate(parameters)
    }
    result = _called(forward, arrays, TracedArray(graph, whole(graph, 0), is_shared=True))
    if not isinstance(result, TracedArray | np.ndarray | int | float | np.number):
        kind = type(result).__name__
        raise BadInput(f"trace: the function returned a value of type {kind}; return one array")
    output = materialised(graph, as_view(graph, result))
    network = Network(name or _text(forward, parameters, inputs), graph.finish(output))
    _compare(forward, network)
    return network


def _compare(forward: Callable[[Any, Any], Any], network: Network) -> None:
    """Refuse a network with other values than the function that was traced."""
    rng = np.random.default_rng(1)
    weights = {name: rng.uniform(-1, 1, shape) for name, shape, _ in network.layers}

    def evaluate(point: Any) -> Any:
        return _called(forward, dict(weights), point.reshape(network.program.input_shape))

    if is_different(network, weights, evaluate, TOLERANCE):
        raise BadInput(
            "trace: the function has other values on plain arrays than while it was traced; let it depend on "
            "p and x only, without random numbers"
        )


def _declared(shapes: Mapping[str, object], x_shape: object) -> tuple[dict[str, Shape], Shape]:
    if not isinstance(shapes, Mapping):
        raise BadInput('trace: shapes is no mapping; give for example {"W": (3, 2), "b": (3,)}')
    declared = {_checked_name(key): shape_of(key, value) for key, value in shapes.items()}
    if x_shape is not None:
        return declared, shape_of(INPUT, x_shape)
    if INPUT not in declared:
        raise BadInput('trace: the shape of the input is missing; give x_shape=(2,), or "x": (2,) in shapes')
    return declared, declared.pop(INPUT)


def _checked_name(key: object) -> str:
    if not isinstance(key, str) or not key:
        raise BadInput(f"trace: {shown(key)} is no name of a parameter; use a text such as 'W'")
    return key


def shape_of(name: str, value: object) -> Shape:
    """Return a shape that is given as a tuple of integers or by an example array."""
    shape = value if isinstance(value, tuple | list) else getattr(value, "shape", None)
    if not isinstance(shape, tuple | list) or not all(type(n) is int and n >= 0 for n in shape):
        raise BadInput(
            f"trace: the shape of {name} is {shown(value)}; give a tuple such as (3, 2), or an array"
        )
    if size(tuple(shape)) > MAX_ENTRIES:
        raise BadInput(f"trace: {name} has more than {MAX_ENTRIES} entries; use a smaller shape")
    return tuple(shape)


def _called(forward: Callable[[Any, Any], Any], arrays: dict[str, Any], x: Any) -> Any:
    try:
        return forward(arrays, x)
    except BadInput:
        raise
    except Exception as error:
        lines = [
            f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_OWN_FOLDERS)
        ]
        place = f"{lines[-1].filename}, line {lines[-1].lineno}" if lines else "trace"
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise BadInput(f"{place}: the function raised {reason}; correct it and trace again") from error


def _place() -> str:
    """The file and line of the user's code that is being run, outside of installed packages if possible."""
    frame: FrameType | None = sys._getframe()
    lines = []
    while frame is not None:
        lines.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    foreign = [place for place in lines if not place[0].startswith(_OWN_FOLDERS)]
    own = [place for place in foreign if not place[0].startswith(_INSTALLED)]
    file, line = (own or foreign or lines)[0]
    return f"{file}, line {line}"


def _text(forward: Callable[[Any, Any], Any], parameters: Mapping[str, Shape], inputs: Shape) -> str:
    listed = ", ".join(f"{key}: {'x'.join(map(str, shape)) or '1'}" for key, shape in parameters.items())
    return f"{getattr(forward, '__name__', 'trace')}({listed}; x: {'x'.join(map(str, inputs)) or '1'})"
