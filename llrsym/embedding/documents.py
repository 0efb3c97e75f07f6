"""Claims and certificates of embeddings as JSON text, in the kernel's format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields

from llrsym.embedding.forms import ONE, Form, document, number
from llrsym.embedding.maps import Embedding, hidden_layer, joined, shapes_of
from llrsym.embedding.moves import value_and_slope
from llrsym.kernel.activations import activation_named
from llrsym.kernel.documents import CERTIFICATE_FORMAT, CLAIM_FORMAT
from llrsym.kernel.embeddings import FORMAL, LAYERED, QUESTION, REGISTERS
from llrsym.kernel.layered_embeddings import Unit, Units
from llrsym.kernel.model_documents import FAMILIES, PROGRAM, AnyModel, weight_count
from llrsym.kernel.models import Convolution, Factorization, Layered, Model, parameter_shapes
from llrsym.kernel.program import Program, size
from llrsym.tangent.documents import program_document

Rows = list[tuple[int, list[tuple[int, Form]]]]


def claim_text(embedding: Embedding, network: str, target: str, keeps: str) -> str:
    """Return the claim that this map keeps the function, or the tangent functions too."""
    return _dump(
        {
            "format": CLAIM_FORMAT,
            "question": QUESTION,
            "network": network,
            "target": target,
            "keeps": keeps,
            "model": model_document(embedding.wide),
            "target_model": model_document(embedding.narrow),
            "free": len(embedding.free),
            "map": map_document(entries_of(embedding)),
        }
    )


def entries_of(embedding: Embedding) -> dict[int, Form]:
    """Return the entries of the map that are not zero, by wide parameter."""
    flat = joined(embedding.tensors[name] for name in shapes_of(embedding.wide))
    return {entry: form for entry, form in enumerate(flat) if form}


def map_document(entries: Mapping[int, Form]) -> list[object]:
    """Return the entries of a map as data."""
    return [[entry, document(form)] for entry, form in entries.items()]


def certificate_text(embedding: Embedding) -> str:
    """The certificate: units for layered networks, rows of B for other families, else the rule alone."""
    if isinstance(embedding.wide, Layered) and embedding.units is not None:
        units = [[_unit(unit) for unit in layer] for layer in embedding.units]
        return _dump({"format": CERTIFICATE_FORMAT, "rule": LAYERED, "units": units})
    if isinstance(embedding.wide, Program):
        return _dump({"format": CERTIFICATE_FORMAT, "rule": REGISTERS})
    rows = [[entry, [[j, document(c)] for j, c in row]] for entry, row in _rows(embedding)]
    return _dump({"format": CERTIFICATE_FORMAT, "rule": FORMAL, "rows": rows})


def model_document(model: AnyModel) -> dict[str, object]:
    """Return a model or a program as data; ``kernel.model_documents.read_any_model`` reads it back."""
    if isinstance(model, Program):
        return {"family": PROGRAM, "program": program_document(model)}
    (family,) = [name for name, kind in FAMILIES.items() if type(model) is kind]
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    return {"family": family} | {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _dump(parts: dict[str, object]) -> str:
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in parts.items())
    return "{\n" + lines + "\n}\n"


def _unit(unit: Unit | None) -> object:
    if unit is None:
        return None
    return {"index": unit.index, "sign": unit.sign, "multiplier": document(unit.multiplier)}


# The matrix B of d f_wide = B d f_narrow for networks with one hidden layer


def _rows(embedding: Embedding) -> Rows:
    match embedding.wide, embedding.narrow:
        case _ if embedding.units is None:
            return []
        case Convolution() as wide, Convolution() as narrow:
            return _channel_rows(wide, narrow, embedding.units[0], hidden_layer(embedding, 1).biases)
        case Factorization() as wide, Factorization() as narrow:
            return _inner_rows(wide, narrow, embedding.units[0])
        case wide, _:
            return [(entry, [(entry, ONE)]) for entry in range(weight_count(wide))]


def _channel_rows(
    wide: Convolution, narrow: Convolution, units: Units, biases: Sequence[tuple[Form, ...]]
) -> Rows:
    rows: Rows = []
    above, below = _starts(wide), _starts(narrow)
    places = size(wide.positions)
    for name in ("K", "b") if wide.hidden_bias else ("K",):
        block = size(parameter_shapes(wide)[name]) // wide.channels
        for channel, unit in enumerate(units):
            if unit is not None and unit.multiplier:
                first = above[name] + channel * block, below[name] + unit.index * block
                rows += [(first[0] + k, [(first[1] + k, unit.multiplier)]) for k in range(block)]
    for output in range(wide.outputs):
        bias = below["b_out"] + output if wide.output_bias else None
        for channel, unit in enumerate(units):
            gain, offset = _read_out(wide.activation, unit, biases[channel])
            row: list[tuple[int, Form]] = [] if bias is None or not offset else [(bias, offset)]
            for p in range(places):
                entry = above["a"] + (output * wide.channels + channel) * places + p
                index = 0 if unit is None else unit.index
                own = below["a"] + (output * narrow.channels + index) * places + p
                rows.append((entry, row if unit is None else [(own, gain), *row]))
    if wide.output_bias:
        rows += [(above["b_out"] + o, [(below["b_out"] + o, ONE)]) for o in range(wide.outputs)]
    return [(entry, row) for entry, row in rows if row]


def _read_out(activation: str, unit: Unit | None, biases: tuple[Form, ...]) -> tuple[Form, Form]:
    """h = gain h_narrow + offset for a copy; the offset alone for a null channel, if it is rational."""
    if unit is None:
        value = value_and_slope(activation, biases[0] if biases else {})[0]
        return {}, value if set(value) <= {()} else {}
    parity = activation_named(activation).parity
    if unit.sign == 1 or parity is None:
        return ONE, {}
    return number(parity[0]), number(parity[2])


def _inner_rows(wide: Factorization, narrow: Factorization, units: Units) -> Rows:
    rows: Rows = []
    starts = wide.rows * wide.inner, narrow.rows * narrow.inner
    for k, unit in enumerate(units):
        if unit is None:
            continue
        sign = number(unit.sign)
        for i in range(wide.rows):
            rows.append((i * wide.inner + k, [(i * narrow.inner + unit.index, unit.multiplier)]))
        for j in range(wide.cols):
            own = starts[1] + unit.index * narrow.cols + j
            rows.append((starts[0] + k * wide.cols + j, [(own, sign)]))
    return [(entry, row) for entry, row in rows if any(c for _, c in row)]


def _starts(model: Model) -> dict[str, int]:
    starts, start = {}, 0
    for name, shape in parameter_shapes(model).items():
        starts[name] = start
        start += size(shape)
    return starts
