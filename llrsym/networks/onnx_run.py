"""Running the nodes of an ONNX graph on traced values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from llrsym.networks.activations import NOT_ANALYTIC
from llrsym.networks.onnx_layers import LAYERS
from llrsym.networks.onnx_model import Loaded, to_array
from llrsym.networks.onnx_rules import RULES, Call
from llrsym.networks.trace_array import TracedArray, as_view
from llrsym.networks.trace_graph import Graph
from llrsym.networks.trace_views import constant_of

ALL_RULES = {**RULES, **LAYERS}
CORNERED = {
    **dict.fromkeys(("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Abs"), NOT_ANALYTIC["relu"]),
    **dict.fromkeys(("ThresholdedRelu", "HardSigmoid", "HardSwish", "Clip", "Shrink"), NOT_ANALYTIC["relu6"]),
    **dict.fromkeys(("Softsign", "Max", "Min", "MaxPool", "GlobalMaxPool"), NOT_ANALYTIC["relu6"]),
    **dict.fromkeys(("ReduceMax", "ReduceMin", "ReduceL1", "Hardmax", "TopK"), NOT_ANALYTIC["relu6"]),
    **dict.fromkeys(
        ("Sign", "Floor", "Ceil", "Round", "Mod", "ArgMax", "ArgMin", "NonZero"), NOT_ANALYTIC["sign"]
    ),
    **dict.fromkeys(("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"), NOT_ANALYTIC["sign"]),
    **dict.fromkeys(("IsNaN", "IsInf", "QuantizeLinear", "DynamicQuantizeLinear"), NOT_ANALYTIC["sign"]),
}
CONTROL_FLOW = ("If", "Loop", "Scan", "SequenceMap")
RANDOM = (
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
)
GROWING = ("ConstantOfShape", "Expand", "Tile", "OneHot")


def lifted(graph: Graph, array: Any) -> Any:
    """A float constant as an exact traced one; integers and truth values stay NumPy arrays."""
    array = np.asarray(array)
    if not np.issubdtype(array.dtype, np.floating):
        return array
    return TracedArray(graph, as_view(graph, array))


def evaluated(graph: Graph, node: Any, values: Mapping[str, Any], loaded: Loaded) -> tuple[Any, ...]:
    missing = [name for name in node.input if name not in values]
    if missing:
        graph.refuse(f"it uses the additional output '{missing[0]}' of a node, which is not supported")
    inputs = [values[name] for name in node.input]
    attributes = {a.name: _attribute(a) for a in node.attribute}
    if node.op_type == "Constant":
        return (lifted(graph, next(iter(attributes.values()))),)
    if node.domain not in ("", "ai.onnx"):
        graph.refuse(f"operators of the domain '{node.domain}' are not supported; export standard operators")
    if node.op_type not in CONTROL_FLOW and not any(isinstance(v, TracedArray) for v in inputs):
        return _evaluated_by_onnx(graph, node, inputs, loaded)
    if node.op_type in ALL_RULES:
        call = Call(graph, node.op_type, attributes, len(node.output), loaded.opset)
        result = ALL_RULES[node.op_type](call, *inputs)
        return result if isinstance(result, tuple) else (result,)
    constants = [_constant(v) for v in inputs]
    if all(c is not None or v is None for c, v in zip(constants, inputs, strict=True)):
        return _evaluated_by_onnx(graph, node, constants, loaded)
    return _refused(graph, node.op_type)


def _attribute(attribute: Any) -> Any:
    from onnx import helper

    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return to_array(value) if hasattr(value, "data_location") else value


def _constant(value: Any) -> Any:
    """The value of a constant in double precision; None for what is not constant."""
    if not isinstance(value, TracedArray):
        return value
    exact = constant_of(value.graph, value.view)
    return None if exact is None else exact.astype(np.float64)


def _evaluated_by_onnx(graph: Graph, node: Any, inputs: list[Any], loaded: Loaded) -> tuple[Any, ...]:
    """A node without variables, such as arithmetic on shapes, as ONNX itself evaluates it."""
    from onnx import helper, reference

    if node.op_type in (*CONTROL_FLOW, *RANDOM):
        _refused(graph, node.op_type)
    present = [(name, v) for name, v in zip(node.input, inputs, strict=True) if v is not None]
    _check_growth(graph, node.op_type, [v for _, v in present])
    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for name, v in present
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    model = helper.make_model(
        helper.make_graph([node], "node", given, outputs),
        opset_imports=[helper.make_opsetid("", loaded.opset)],
        ir_version=loaded.model.ir_version,
    )
    try:
        results = reference.ReferenceEvaluator(model).run(None, dict(present))
    except Exception as error:  # the evaluator raises what its operators raise
        graph.refuse(
            f"ONNX cannot evaluate it ({' '.join(str(error).split())[:200]}); export the model again"
        )
    return tuple(lifted(graph, v) for v in results)


def _check_growth(graph: Graph, operator: str, inputs: list[Any]) -> None:
    """Refuse operators whose few inputs ask for a huge result, before it is made."""
    if operator == "Range":
        start, stop, step = (float(v) for v in inputs)
        graph.check_size((int(abs(stop - start) / max(abs(step), 1e-9)),))
    elif operator in GROWING:
        lengths = inputs[0 if operator == "ConstantOfShape" else 1].ravel()
        held = inputs[0].size if operator == "Tile" else 1
        graph.check_size((held, *(max(1, int(k)) for k in lengths)))


def _refused(graph: Graph, operator: str) -> NoReturn:
    if operator in CORNERED:
        graph.refuse(
            f"{operator} is not analytic: {CORNERED[operator]}; use an analytic one, such as Softplus or Tanh"
        )
    if operator in CONTROL_FLOW:
        graph.refuse("control flow is not supported; export the model with its branches and loops unrolled")
    if operator in RANDOM:
        graph.refuse("the operator is random; export the model in evaluation mode")
    graph.refuse("the operator is not supported; build it from MatMul, Add, Mul, Div, Exp, Tanh and the like")
