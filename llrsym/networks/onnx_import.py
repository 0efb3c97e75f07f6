"""ONNX models as networks with exact weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.onnx_model import Array, Loaded, load
from llrsym.networks.onnx_run import ALL_RULES, CORNERED, evaluated, lifted
from llrsym.networks.trace_algebra import materialised
from llrsym.networks.trace_array import TracedArray, as_view, guarded
from llrsym.networks.trace_check import is_different
from llrsym.networks.trace_graph import Graph
from llrsym.networks.trace_views import whole

FIXED_SLOTS = {("BatchNormalization", 3), ("BatchNormalization", 4), ("Pow", 1), ("Pad", 2), ("Where", 0)}
"""Inputs of operators that are not trained: an initialiser that only goes there is a constant."""
TOLERANCE = 1e-2


def from_onnx(
    source: object, *, parameters: Collection[str] | None = None
) -> tuple[Network, dict[str, Array]]:
    """Return the network of an ONNX model and its weights by name, bit for bit.

    ``source`` is a path or an ``onnx.ModelProto`` with one input and one output; a free first axis is the
    batch and gets length 1. ``parameters`` names the initialisers that are parameters of the network. By
    default these are the float initialisers with at least one axis that enter an operator where weights
    belong, so not the statistics of a batch normalisation, exponents, or masks with infinite entries. All
    others are exact constants; the square root of a constant is the double that NumPy gives. The result is
    compared with ``onnx.reference.ReferenceEvaluator`` at random inputs.

    Raises ``BadInput``, with the name of the node, for what is not analytic (Relu), not exact or not
    constant where it must be, for data in other files, and if the comparison fails.

    >>> from onnx import helper, TensorProto, numpy_helper
    >>> import numpy as np
    >>> value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    >>> weight = numpy_helper.from_array(np.eye(2, dtype=np.float32), "W")
    >>> nodes = [helper.make_node("MatMul", ["x", "W"], ["z"]), helper.make_node("Tanh", ["z"], ["y"])]
    >>> graph = helper.make_graph(nodes, "g", [value("x", ["N", 2])], [value("y", ["N", 2])], [weight])
    >>> network, weights = from_onnx(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))
    >>> network, weights["W"].shape
    (Network(text='onnx(g)'), (2, 2))

    Reference: the operator specifications of ONNX (https://onnx.ai/onnx/operators).
    """
    _require_onnx()
    loaded = load(source, [*ALL_RULES, *CORNERED])
    weights = {name: loaded.initialisers[name] for name in _parameters(loaded, parameters)}
    text = f"onnx({Path(source).name if isinstance(source, str | Path) else loaded.model.graph.name})"
    network = _traced(loaded, weights, text)
    _compare(loaded, network, weights)
    return network, weights


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise BadInput("from_onnx: onnx is not installed; run pip install 'llrsym[onnx]'") from error


def _parameters(loaded: Loaded, chosen: Collection[str] | None) -> list[str]:
    floats = [name for name, array in loaded.initialisers.items() if np.issubdtype(array.dtype, np.floating)]
    if chosen is not None:
        if isinstance(chosen, str):
            raise BadInput(f"from_onnx: parameters is the text {shown(chosen)}; give a list of names")
        for name in chosen:
            if name not in floats:
                raise BadInput(
                    f"from_onnx: {shown(name)} is no float initialiser; there are {', '.join(floats)}"
                )
        return [name for name in floats if name in chosen]
    slots = {
        name: {
            (node.op_type, k) for node in loaded.nodes for k, used in enumerate(node.input) if used == name
        }
        for name in floats
    }
    return [
        name
        for name in floats
        if slots[name] - FIXED_SLOTS
        and loaded.initialisers[name].ndim
        and np.isfinite(loaded.initialisers[name]).all()
    ]


def _traced(loaded: Loaded, weights: Mapping[str, Array], text: str) -> Network:
    """Run the nodes in order on traced values."""
    place = ["the model"]
    shape = loaded.input_shape
    inputs = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    graph = Graph(
        inputs, {name: array.shape for name, array in weights.items()}, lambda: f"from_onnx: {place[0]}"
    )
    values: dict[str, Any] = {"": None, loaded.input_name: TracedArray(graph, whole(graph, 0, shape))}
    for name, array in loaded.initialisers.items():
        values[name] = lifted(graph, array)
    for k, name in enumerate(weights):
        values[name] = TracedArray(graph, whole(graph, 1 + k))
    for node in loaded.nodes:
        place[0] = f"node '{node.name or node.output[0]}' ({node.op_type})"
        results = guarded(graph, partial(evaluated, graph, node, values, loaded))
        values |= dict(zip(node.output, results, strict=False))
    place[0] = "the output"
    output = materialised(graph, as_view(graph, values[loaded.output_name]))
    return Network(text, graph.finish(output))


def _compare(loaded: Loaded, network: Network, weights: Mapping[str, Array]) -> None:
    """Refuse an import whose values differ from those of ONNX's reference evaluator."""
    from onnx import reference

    session, kind = reference.ReferenceEvaluator(loaded.model), _input_dtype(loaded)

    def evaluate(point: Array) -> Array:
        feed = {loaded.input_name: point.reshape(loaded.input_shape).astype(kind)}
        try:
            return np.asarray(session.run([loaded.output_name], feed)[0])
        except Exception as error:  # the evaluator raises what its operators raise
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise BadInput(f"from_onnx: ONNX cannot run the model ({reason}); export it again") from error

    if is_different(network, weights, evaluate, TOLERANCE):
        reason = "the imported network and ONNX's reference evaluator differ at a random input"
        raise BadInput(f"from_onnx: {reason}; please report this with the model")


def _input_dtype(loaded: Loaded) -> Any:
    from onnx import helper

    (kind,) = [v.type.tensor_type.elem_type for v in loaded.model.graph.input if v.name == loaded.input_name]
    return helper.tensor_dtype_to_np_dtype(kind)
