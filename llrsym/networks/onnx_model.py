"""ONNX files as data: read without external files, checked, and flattened to plain operators."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llrsym.errors import BadInput, shown
from llrsym.kernel.program import Shape

MAX_BYTES = 500_000_000
MAX_NODES, MAX_DEPTH = 100_000, 50
OLDEST_OPSET = 7
FLOATS = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16")
Array = NDArray[Any]


@dataclass(frozen=True)
class Loaded:
    """A checked model: its nodes, initialisers as arrays, the name and shape of the input, the output."""

    model: Any
    nodes: tuple[Any, ...]
    initialisers: dict[str, Array]
    input_name: str
    input_shape: Shape
    output_name: str
    opset: int


def load(source: object, kept: Collection[str]) -> Loaded:
    """Return a model with all functions expanded except for the ``kept`` operators.

    ``source`` is a path or an ``onnx.ModelProto``. External data are refused, so nothing but this one file
    is read. Raises ``BadInput`` for files that are no valid model, dynamic shapes and several inputs.
    """
    model = _fixed_batch(_checked(_read(source)))
    flat = _expanded(_typed(model), kept)
    graph = flat.graph
    initialisers = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    if len(graph.output) != 1:
        names = ", ".join(o.name for o in graph.output)
        raise BadInput(
            f"from_onnx: the model has the outputs {names}; keep one, see onnx.utils.extract_model"
        )
    name, shape = _input(graph, initialisers)
    return Loaded(flat, tuple(graph.node), initialisers, name, shape, graph.output[0].name, _opset(flat))


def _read(source: object) -> Any:
    import onnx
    from google.protobuf.message import DecodeError

    if isinstance(source, onnx.ModelProto):
        return source
    if not isinstance(source, str | Path):
        raise BadInput(f"from_onnx: {shown(source)} is no path and no onnx.ModelProto; pass one of these")
    path = Path(source)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"from_onnx: {path} has more than {MAX_BYTES} bytes; use a smaller model")
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(
            f"from_onnx: {path} cannot be read ({reason}); give the path of a readable file"
        ) from error
    try:
        return onnx.load_model_from_string(content)
    except DecodeError as error:
        raise BadInput(f"from_onnx: {path} is no complete ONNX file; export the model again") from error


def _checked(model: Any) -> Any:
    import onnx

    _check_functions(model)  # before any code of ONNX follows the calls
    for tensor in _tensors(model.graph):
        _refuse_external(tensor)
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(f"from_onnx: the model is not valid ({reason}); export it again") from error
    if _opset(model) < OLDEST_OPSET:
        raise BadInput(
            f"from_onnx: opset {_opset(model)} is older than {OLDEST_OPSET}; export the model again"
        )
    if model.graph.sparse_initializer:
        raise BadInput("from_onnx: sparse initialisers are not supported; store them as dense tensors")
    return model


def _opset(model: Any) -> int:
    return max((int(o.version) for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1)


def _tensors(graph: Any) -> list[Any]:
    """All stored tensors of a graph and of the graphs inside it."""
    found, graphs = [], [graph]
    while graphs:
        current = graphs.pop()
        found += list(current.initializer)
        for node in current.node:
            for attribute in node.attribute:
                found += [attribute.t, *attribute.tensors]
                graphs += [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
    return found


def _refuse_external(tensor: Any) -> None:
    import onnx

    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise BadInput(
            f"from_onnx: the tensor {shown(tensor.name)} is stored in another file, which is not opened; "
            "save the model with save_as_external_data=False"
        )


def to_array(tensor: Any) -> Array:
    """Return a stored tensor; half precision becomes single precision, which loses nothing."""
    from onnx import numpy_helper

    _refuse_external(tensor)
    try:
        array: Array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(
            f"from_onnx: the tensor {shown(tensor.name)} is malformed; export the model again"
        ) from error
    is_wide = array.dtype in (np.float32, np.float64)
    is_float = element_type(tensor.data_type) in FLOATS
    return array.astype(np.float32) if is_float and not is_wide else array


def element_type(number: int) -> str:
    """Return the name of an ONNX element type, such as FLOAT; UNDEFINED for numbers that have no name."""
    import onnx

    names = {int(value): str(name) for name, value in onnx.TensorProto.DataType.items()}
    return names.get(number, "UNDEFINED")


def _fixed_batch(model: Any) -> Any:
    """A copy in which a free first axis of an input has length 1."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    stored = {tensor.name for tensor in copy.graph.initializer}
    for value in [v for v in copy.graph.input if v.name not in stored]:
        dims = value.type.tensor_type.shape.dim
        if dims and not dims[0].HasField("dim_value"):
            dims[0].dim_value = 1
    del copy.graph.value_info[:]
    for value in copy.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        return onnx.shape_inference.infer_shapes(copy)
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(f"from_onnx: the model is not valid ({reason}); export it again") from error


def _typed(model: Any) -> Any:
    """The model with its initialisers declared as inputs with defaults: functions are expanded by type."""
    from onnx import helper

    declared = {value.name for value in model.graph.input}
    for tensor in model.graph.initializer:
        if tensor.name not in declared:
            value = helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            model.graph.input.append(value)
    return model


def _expanded(model: Any, kept: Collection[str]) -> Any:
    """The model with all functions inlined, those of the file and those by which ONNX defines operators."""
    from onnx import inliner

    try:
        return inliner.inline_selected_functions(
            inliner.inline_local_functions(model),
            [("", name) for name in kept],
            exclude=True,
            inline_schema_functions=True,
        )
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(
            f"from_onnx: a function of the model cannot be expanded ({reason}); inline it"
        ) from error


def _check_functions(model: Any) -> None:
    """Refuse functions that call each other in a circle, or grow beyond all bounds when they are expanded."""
    bodies = {(f.domain, f.name): _operators(f.node) for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}
    for _ in range(MAX_DEPTH):
        ready = [name for name in bodies if name not in sizes and not _callees(bodies, name) - set(sizes)]
        for name in ready:
            sizes[name] = sum(sizes.get(operator, 1) for operator in bodies[name])
    if len(sizes) < len(bodies):
        raise BadInput(
            f"from_onnx: functions of the model call each other in a circle or more than {MAX_DEPTH} deep; "
            "export it without functions"
        )
    if sum(sizes.get(operator, 1) for operator in _operators(model.graph.node)) > MAX_NODES:
        raise BadInput(f"from_onnx: the model has more than {MAX_NODES} nodes; use a smaller one")


def _operators(nodes: Any) -> list[tuple[str, str]]:
    """Domain and name of the operators of all nodes, also of the graphs inside of nodes."""
    found, waiting = [], list(nodes)
    while waiting:
        node = waiting.pop()
        found.append((str(node.domain), str(node.op_type)))
        for attribute in node.attribute:
            waiting += [*attribute.g.node, *(inner for graph in attribute.graphs for inner in graph.node)]
    return found


def _callees(
    bodies: dict[tuple[str, str], list[tuple[str, str]]], name: tuple[str, str]
) -> set[tuple[str, str]]:
    return set(bodies[name]) & set(bodies)


def _input(graph: Any, initialisers: dict[str, Array]) -> tuple[str, Shape]:
    inputs = [value for value in graph.input if value.name not in initialisers]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise BadInput(f"from_onnx: the model has the inputs {names}; a network has one, store the others")
    (value,) = inputs
    kind = element_type(value.type.tensor_type.elem_type)
    if kind not in FLOATS:
        raise BadInput(
            f"from_onnx: the input '{value.name}' has the type {kind}; use real inputs, of type FLOAT"
        )
    return value.name, _static_shape(value)


def _static_shape(value: Any) -> Shape:
    dims = value.type.tensor_type.shape.dim
    if not value.type.tensor_type.HasField("shape"):
        raise BadInput(
            f"from_onnx: the input '{value.name}' has no shape; export the model with a fixed shape"
        )
    for axis, dim in enumerate(dims):
        if not dim.HasField("dim_value"):
            raise BadInput(
                f"from_onnx: axis {axis} of the input '{value.name}' has no fixed length; "
                "export the model with a fixed shape (only the first axis, the batch, may be free)"
            )
    return tuple(int(dim.dim_value) for dim in dims)
