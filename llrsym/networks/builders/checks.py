"""What all builders have in common: refusals of their arguments, and the canonical text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from llrsym.errors import BadInput, shown
from llrsym.kernel.errors import Malformed
from llrsym.kernel.models import Convolution, Layered, Model, program_of
from llrsym.kernel.program import MAX_ENTRIES, Shape, size
from llrsym.networks.assembly import Assembly, with_activation
from llrsym.networks.formulas import FORMULA
from llrsym.networks.network import Network

Bias = bool | str
MAX_LAYERS = 1_000
"""Blocks, layers or time steps: each is written out in the program."""


def check_sizes(builder: str, sizes: Mapping[str, object]) -> None:
    """Raise ``BadInput`` unless every size is a positive integer of a reasonable magnitude."""
    for place, value in sizes.items():
        check_integer(builder, place, value, 1)


def check_integer(builder: str, place: str, value: object, least: int) -> None:
    """Raise ``BadInput`` unless the value is an integer from ``least`` to a reasonable magnitude."""
    if type(value) is not int or value < least:
        kind = "positive" if least else "non-negative"
        raise BadInput(f"{builder}: {place} is {shown(value)}; give a {kind} integer")
    if value > MAX_ENTRIES:
        raise BadInput(f"{builder}: {place} is more than {MAX_ENTRIES}; use a smaller one")


def check_count(builder: str, place: str, value: object) -> None:
    """Raise ``BadInput`` unless the value is a positive number of layers that a program can hold."""
    check_sizes(builder, {place: value})
    if isinstance(value, int) and value > MAX_LAYERS:
        raise BadInput(f"{builder}: {place} is {shown(value)}, more than {MAX_LAYERS}; use a smaller one")


def check_bias(builder: str, bias: object, choices: tuple[Bias, ...] = (True, False, "hidden")) -> None:
    """Raise ``BadInput`` unless the bias is one of the choices."""
    if not any(type(bias) is type(choice) and bias == choice for choice in choices):
        *first, last = map(repr, choices)
        raise BadInput(f"{builder}: bias is {shown(bias)}; use {', '.join(first)} or {last}")


def check_flag(builder: str, name: str, value: object) -> None:
    """Raise ``BadInput`` unless the value is True or False."""
    if not isinstance(value, bool):
        raise BadInput(f"{builder}: {name} is {shown(value)}; use True or False")


def check_choice(builder: str, name: str, value: object, choices: tuple[str | None, ...]) -> None:
    """Raise ``BadInput`` unless the value is one of the choices."""
    if not isinstance(value, str | None) or value not in choices:
        *first, last = map(repr, choices)
        raise BadInput(f"{builder}: {name} is {shown(value)}; use {', '.join(first)} or {last}")


def check_entries(builder: str, shapes: Iterable[Shape]) -> None:
    """Raise ``BadInput`` when a tensor of the network would have too many entries."""
    for shape in shapes:
        if size(shape) > MAX_ENTRIES:
            raise BadInput(
                f"{builder}: a tensor of shape {list(shape)} has more than {MAX_ENTRIES} entries; "
                "use smaller sizes"
            )


def call(builder: str, *positional: object, **keywords: object) -> str:
    """Return the text of a builder call.

    >>> call("mlp", 2, 1, activation="tanh", bias=True)
    "mlp(2, 1, activation='tanh', bias=True)"
    """
    arguments = [repr(value) for value in positional]
    return f"{builder}({', '.join([*arguments, *(f'{name}={value!r}' for name, value in keywords.items())])})"


def network_of(model: Model, text: str) -> Network:
    """Return the network of a model; raises ``BadInput`` when it is too large for a program.

    With a formula in place of its activation it belongs to no family that theorems know.
    """
    try:
        if isinstance(model, Layered | Convolution) and model.activation.startswith(FORMULA):
            plain = program_of(replace(model, activation="identity"))
            return Network(text, with_activation(plain, model.activation))
        return Network.of(model, text)
    except Malformed as error:
        raise BadInput(f"{text.partition('(')[0]}: {error}; use smaller sizes") from error


def assembly_of(builder: str, input_shape: Shape, shapes: Mapping[str, Shape]) -> Assembly:
    """Return an assembly with these parameters; raises ``BadInput`` when one of them is too large."""
    check_entries(builder, [input_shape, *shapes.values()])
    return Assembly(input_shape, shapes)
