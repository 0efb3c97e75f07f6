"""PyTorch modules as networks with exact weights."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.onnx_model import Array
from llrsym.networks.torch_rules import KEPT, NOT_ANALYTIC_HERE, RANDOM, RULES
from llrsym.networks.trace_algebra import materialised
from llrsym.networks.trace_array import TracedArray, as_view, guarded
from llrsym.networks.trace_check import is_different
from llrsym.networks.trace_graph import Graph
from llrsym.networks.trace_views import whole

TOLERANCE = 1e-2


def from_torch(
    module: Any, example_input: Any, *, parameters: Collection[str] | None = None
) -> tuple[Network, dict[str, Array]]:
    """Return the network of a PyTorch module and its weights by name, bit for bit.

    ``example_input`` is one sample (a batch of length 1 where the module wants a batch) and gives the shape.
    The module is exported by ``torch.export``, so its own Python code runs. Of several outputs the first is
    the network. ``parameters`` names the parameters of the network, by default all that require gradients;
    other tensors are exact constants, and a tied tensor is one parameter. The result is compared with the
    module at random inputs.

    Raises ``BadInput`` for what is not analytic (ReLU), random (dropout in training mode) or not exact, with
    the name of the submodule, for inputs that are no real tensors, and if the comparison fails.

    >>> import torch  # doctest: +SKIP
    >>> module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())  # doctest: +SKIP
    >>> network, weights = from_torch(module, torch.zeros(1, 2))  # doctest: +SKIP
    >>> network.layers  # doctest: +SKIP
    (('0.weight', (3, 2), 6), ('0.bias', (3,), 3))

    Reference: the ATen operators of PyTorch (https://docs.pytorch.org/docs/stable/torch.compiler_ir.html).
    """
    _check_arguments(module, example_input)
    program = _exported(module, example_input)
    chosen = _chosen(module, parameters)
    network = _traced(program, module, example_input, chosen)
    weights = {name: _array(tensor) for name, tensor in chosen.items()}
    _compare(module, example_input, network, weights)
    return network, weights


def _check_arguments(module: Any, example_input: Any) -> None:
    try:
        import torch
    except ImportError as error:
        raise BadInput("from_torch: torch is not installed; run pip install 'llrsym[torch]'") from error
    if not isinstance(module, torch.nn.Module):
        raise BadInput(f"from_torch: expected a torch.nn.Module, got {type(module).__name__}; pass a module")
    if not isinstance(example_input, torch.Tensor) or not example_input.is_floating_point():
        raise BadInput(
            f"from_torch: the example input is {shown(example_input)}; pass one tensor of real numbers"
        )


def _exported(module: Any, example_input: Any) -> Any:
    """The module as operators of ATen, those with a rule of their own left whole."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations inside of PyTorch itself
            program = torch.export.export(module, (example_input,))
            table = torch.export.default_decompositions()
            for operator in [o for o in table if str(o).split(".")[1] in KEPT]:
                table.pop(operator)
            return program.run_decompositions(table)
    except Exception as error:  # the module's own code runs here
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise BadInput(
            f"from_torch: torch.export cannot trace the module ({reason}); remove control flow on values"
        ) from error


def _chosen(module: Any, parameters: Collection[str] | None) -> dict[str, Any]:
    named = dict(module.named_parameters())
    if parameters is None:
        return {name: tensor for name, tensor in named.items() if tensor.requires_grad}
    if isinstance(parameters, str):
        raise BadInput(f"from_torch: parameters is the text {shown(parameters)}; give a list of names")
    for name in parameters:
        if name not in named:
            raise BadInput(f"from_torch: {shown(name)} is no parameter; there are {', '.join(named)}")
    return {name: tensor for name, tensor in named.items() if name in parameters}


def _array(tensor: Any) -> Array:
    """A tensor as an array; half precision becomes single precision, which loses nothing."""
    import torch

    plain = tensor.detach().cpu()
    array: Array = (plain.float() if plain.dtype in (torch.float16, torch.bfloat16) else plain).numpy()
    return array


def _traced(program: Any, module: Any, example_input: Any, chosen: Mapping[str, Any]) -> Network:
    """Run the exported graph on traced values."""
    place = ["the module"]
    shape = tuple(example_input.shape)
    inputs = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    graph = Graph(inputs, {n: tuple(t.shape) for n, t in chosen.items()}, lambda: f"from_torch: {place[0]}")
    registers = {id(tensor): 1 + k for k, tensor in enumerate(chosen.values())}
    stored = _stored_tensors(program, module)
    values: dict[Any, Any] = {}
    for node in program.graph.nodes:
        place[0] = _place(node)
        if node.op == "placeholder":
            tensor = stored.get(node.name)
            register = 0 if tensor is None else registers.get(id(tensor))
            own = shape if register == 0 else None
            values[node] = tensor if register is None else TracedArray(graph, whole(graph, register, own))
        elif node.op == "output":
            first = node.args[0][0]
        else:
            values[node] = guarded(graph, partial(_evaluated, graph, node, values))
    output = values[first]
    return Network(
        f"torch({type(module).__name__})",
        graph.finish(materialised(graph, as_view(graph, _lifted(graph, output)))),
    )


def _stored_tensors(program: Any, module: Any) -> dict[str, Any]:
    """The parameters, buffers and constants of the module by the names of their placeholders."""
    signature = program.graph_signature
    named = dict(module.named_parameters(remove_duplicate=False))
    stored = {node: named[name] for node, name in signature.inputs_to_parameters.items()}
    tensors = {**program.constants, **program.state_dict}
    for names in (signature.inputs_to_buffers, signature.inputs_to_lifted_tensor_constants):
        stored |= {node: tensors[name].detach() for node, name in names.items()}
    return stored


def _place(node: Any) -> str:
    modules = list((node.meta.get("nn_module_stack") or {}).values())
    path, kind = modules[-1] if modules else ("", "")
    inner = f"module '{path}' ({str(kind).rpartition('.')[2]}), " if path else ""
    return f"{inner}node '{node.name}'"


def _evaluated(graph: Graph, node: Any, values: Mapping[Any, Any]) -> Any:
    from torch.fx.node import map_arg

    arguments, options = map_arg((node.args, dict(node.kwargs)), lambda n: values[n])
    operator = str(node.target).split(".")[1] if str(node.target).startswith("aten.") else str(node.target)
    if not _has_traced([*arguments, *options.values()]):
        return node.target(*arguments, **options)
    arguments = [_converted(graph, value) for value in arguments]
    options = {key: _converted(graph, value) for key, value in options.items()}
    if getattr(node.target, "__name__", "") == "getitem":
        return arguments[0][arguments[1]]
    if operator in RULES:
        return RULES[operator](*arguments, **options)
    if operator in NOT_ANALYTIC_HERE:
        graph.refuse(
            f"{operator} is not analytic: {NOT_ANALYTIC_HERE[operator]}; use for example Softplus or Tanh"
        )
    if operator in RANDOM:
        graph.refuse(f"{operator} depends on chance or on the batch; call module.eval() first")
    return graph.refuse(
        f"the operator {operator} is not supported; use linear layers, convolutions and Tanh or the like"
    )


def _has_traced(values: Collection[Any]) -> bool:
    return any(_has_traced(v) if isinstance(v, list | tuple) else isinstance(v, TracedArray) for v in values)


def _converted(graph: Graph, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_converted(graph, part) for part in value]
    return _lifted(graph, value)


def _lifted(graph: Graph, value: Any) -> Any:
    """A real tensor as an exact constant, a tensor of integers or truth values as an array."""
    import torch

    if not isinstance(value, torch.Tensor):
        return value
    array = _array(value)
    return TracedArray(graph, as_view(graph, array)) if value.is_floating_point() else array


def _compare(module: Any, example_input: Any, network: Network, weights: Mapping[str, Array]) -> None:
    """Refuse an import whose values differ from those of the module."""
    import torch

    def evaluate(point: Array) -> Array:
        sample = torch.tensor(point, dtype=example_input.dtype).reshape(example_input.shape)
        with torch.no_grad():
            result = module(sample.to(example_input.device))
        return _array(result[0] if isinstance(result, tuple | list) else result)

    if is_different(network, weights, evaluate, TOLERANCE):
        reason = "the imported network and the module differ at a random input"
        raise BadInput(f"from_torch: {reason}; please report this with the module")
