"""Networks in claims: the numbers of a family, or a program."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .decoding import read_count, read_list, read_object, read_string
from .documents import read_program
from .errors import Malformed
from .models import (
    Convolution,
    Diagonal,
    Factorization,
    Layered,
    Model,
    Weights,
    output_count,
    parameter_count,
    program_of,
    tensors_of,
)
from .program import Program
from .tower import check_weights

FAMILIES: dict[str, type[Any]] = {
    "layered": Layered,
    "convolution": Convolution,
    "factorization": Factorization,
    "diagonal": Diagonal,
}
PROGRAM = "program"
"""The family of a network that is given by its equations."""
AnyModel = Model | Program


def read_model(document: object) -> Model:
    """Decode a model: its family and the fields of that family."""
    family = document.get("family") if isinstance(document, Mapping) else None
    kind = FAMILIES.get(family) if isinstance(family, str) else None
    if kind is None:
        raise Malformed(f"model: the family must be one of {sorted(FAMILIES)}")
    names = tuple(field.name for field in fields(kind))
    values = read_object(document, "model", ("family", *names))
    model: Model = kind(**{name: _model_value(name, values[name]) for name in names})
    return model


def read_any_model(document: object) -> AnyModel:
    """Decode a model or, with the family ``program``, a program."""
    if isinstance(document, Mapping) and document.get("family") == PROGRAM:
        return read_program(read_object(document, "model", ("family", "program"))["program"])
    return read_model(document)


def _model_value(name: str, value: object) -> object:
    if name == "activation":
        return read_string(value, name)
    if name in ("shared", "hidden_bias", "output_bias"):
        return _truth(value, name)
    if name == "biases":
        return tuple(_truth(v, name) for v in read_list(value, name))
    if name in ("widths", "input", "kernel"):
        return tuple(read_count(v, name) for v in read_list(value, name))
    return read_count(value, name)


def _truth(value: object, name: str) -> bool:
    if type(value) is not bool:
        raise Malformed(f"{name}: expected true or false, got {str(value)[:80]}")
    return value


# What models and programs have in common


def program_for(model: AnyModel) -> Program:
    """Return the program of a model, or the program itself."""
    return model if isinstance(model, Program) else program_of(model)


def weight_count(model: AnyModel) -> int:
    """Return the number of scalar parameters."""
    return model.parameter_count if isinstance(model, Program) else parameter_count(model)


def outputs_of(model: AnyModel) -> int:
    """Return the number of values that one sample gives."""
    return model.output_count if isinstance(model, Program) else output_count(model)


def check_weights_of(model: AnyModel, weights: Weights) -> None:
    """Raise ``Rejected`` unless there is one rational number for every parameter."""
    if isinstance(model, Program):
        check_weights(model, weights)
    else:
        tensors_of(model, weights)


def title_of(model: AnyModel) -> str:
    """Name the network in a statement."""
    if not isinstance(model, Program):
        return str(model)
    count, equations = model.parameter_count, len(model.equations)
    return f"a program with {count} parameters and {equations} equations"
