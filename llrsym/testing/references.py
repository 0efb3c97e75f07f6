"""Other implementations of a network: a NumPy function, an ONNX model, a PyTorch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llrsym.errors import BadInput, shown
from llrsym.testing.architecture import Instance
from llrsym.testing.values import Array

DOUBLE, SINGLE = 1e-6, 1e-3
"""Tolerances, relative to the largest number that occurs; imported models often run in single precision."""


@dataclass(frozen=True)
class Reference:
    """A function of the weights and an input, in floating point, and how far it may be off."""

    function: Callable[[Mapping[str, Array], Array], Any]
    tolerance: float

    def value(self, weights: Mapping[str, Array], point: Array) -> Array:
        """Return the outputs; raises ``BadInput`` if the function raises."""
        try:
            with np.errstate(all="ignore"):
                return np.asarray(self.function(weights, point), dtype=np.float64).ravel()
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise BadInput(f"check: the reference raised {reason}; correct it") from error


def reference_of(given: Any, instance: Instance) -> Reference | None:
    """Return the reference that an architecture declares, None where there is none.

    Raises ``BadInput`` for what is neither a function, nor an ONNX model, nor a PyTorch module, and for the
    latter two without the weights of the import.
    """
    if given is None:
        return None
    if not is_imported(given):
        if not callable(given):
            raise BadInput(f"check: the reference {shown(given)} is no function, ONNX model or torch module")
        return Reference(given, DOUBLE)
    if instance.given is None:
        raise BadInput(
            "check: an imported reference needs its weights; let build return what from_onnx returns"
        )
    return Reference(_torch(given) if _is_module(given) else _onnx(given, instance), SINGLE)


def is_imported(given: Any) -> bool:
    """Whether a reference is a model with weights of its own."""
    return _is_module(given) or isinstance(given, str | Path) or hasattr(given, "graph")


def _is_module(given: Any) -> bool:
    return hasattr(given, "named_parameters")


def _onnx(source: Any, instance: Instance) -> Callable[[Mapping[str, Array], Array], Any]:
    from onnx import helper, reference

    evaluator = reference.ReferenceEvaluator(str(source) if isinstance(source, str | Path) else source)
    (entry,) = [v for v in evaluator.proto_.graph.input if v.name in evaluator.input_names]
    kind = helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)
    has_batch = len(entry.type.tensor_type.shape.dim) > len(instance.network.program.input_shape)

    def evaluate(weights: Mapping[str, Array], point: Array) -> Any:
        sample = point[None] if has_batch else point
        return evaluator.run(None, {entry.name: sample.astype(kind)})[0]

    return evaluate


def _torch(module: Any) -> Callable[[Mapping[str, Array], Array], Any]:
    import torch

    kind = next((p.dtype for p in module.parameters()), torch.float32)

    def evaluate(weights: Mapping[str, Array], point: Array) -> Any:
        with torch.no_grad():
            result = module(torch.tensor(point[None], dtype=kind))
        return (result[0] if isinstance(result, tuple | list) else result).double().numpy()

    return evaluate
