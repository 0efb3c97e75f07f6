"""Weight files: .json, .npz and .safetensors, read without ever executing what they hold."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import NoReturn

import numpy as np

from llrsym.errors import BadInput
from llrsym.networks.array_files import Unreadable, read_npy, read_npz
from llrsym.networks.weights import nearest_double_of

MAX_BYTES = 500_000_000
MAX_AXES = 32
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".bin", ".ckpt")


def load_weights(path: Path) -> dict[str, object]:
    """Return the tensors of a file by name, as arrays or nested lists whose numbers are those of the file.

    In .json a float literal is its double, an integer is exact, and ``"p/q"`` strings are exact; keys must
    not repeat, and a literal other than zero whose double is zero is refused. In .npz object arrays are
    refused, since loading one would unpickle it. In .safetensors the types F64, F32, F16, BF16, I64 and I32
    are read. An .onnx file gives the parameters of ``from_onnx``.

    Raises ``BadInput`` for missing, truncated, too large or unsupported files.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        _refuse(path, _unsupported(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            _refuse(path, f"the file has more than {MAX_BYTES} bytes; store the weights in less")
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(
            f"weights: {path} cannot be read ({reason}); give the path of a readable file"
        ) from error
    return reader(path, content)


def _unsupported(path: Path) -> str:
    if path.suffix.lower() in _PICKLES:
        return "a pickle can run code when it is opened, so it is refused; save .npz, .safetensors or .json"
    return f"files of type '{path.suffix}' are not supported; save .npz, .safetensors or .json"


def _refuse(path: Path, reason: str) -> NoReturn:
    raise BadInput(f"weights: {path}: {reason}")


def _read_json(path: Path, content: bytes) -> dict[str, object]:
    try:
        document = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=nearest_double_of,
        )
    except BadInput as error:
        _refuse(path, str(error))
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"weights: {path}: not a complete JSON document ({error}); write the file again"
        ) from error
    if not isinstance(document, dict):
        _refuse(path, 'expected an object such as {"W1": [[0.5]]}, got something else; see `llrsym describe`')
    return document


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in pairs:
        if key in result:
            raise BadInput(f"the key '{key[:60]}' occurs twice; keep one of the two")
        result[key] = value
    return result


def _no_constant(text: str) -> NoReturn:
    raise BadInput(f"{text} is not a number; every weight must be finite")


def _read_npz(path: Path, content: bytes) -> dict[str, object]:
    try:
        arrays = read_npz(content, MAX_BYTES)
    except Unreadable as error:
        raise BadInput(f"weights: {path}: it {error}; save it with numpy.savez") from error
    try:
        named = _unique(arrays)  # type: ignore[arg-type]  # the values are only passed through
    except BadInput as error:
        _refuse(path, str(error))
    return {name: _read_array(path, name, data) for name, data in named.items()}


def _read_array(path: Path, name: str, data: object) -> object:
    try:
        return read_npy(data)  # type: ignore[arg-type]
    except Unreadable as error:
        raise BadInput(
            f"weights: {path}: {name[:60]} {error}; store it with numpy.savez as an array of floats"
        ) from error


def _read_safetensors(path: Path, content: bytes) -> dict[str, object]:
    # Layout: 8 bytes with the length N of the header, N bytes of JSON, then the tensors, little-endian.
    length = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else MAX_BYTES
    if 8 + length > len(content):
        _refuse(path, "the file is shorter than its header says; save it again")
    header, body = _read_json(path, content[8 : 8 + length]), content[8 + length :]
    return {name: _slice(path, name, entry, body) for name, entry in header.items() if name != "__metadata__"}


def _slice(path: Path, name: str, entry: object, body: bytes) -> object:
    if not isinstance(entry, Mapping) or not _is_entry(entry, len(body)):
        _refuse(path, f"the entry of {name[:60]} is malformed or of a type other than {', '.join(_DTYPES)}")
    start, stop = entry["data_offsets"]
    values = np.frombuffer(body[start:stop], dtype=_DTYPES[entry["dtype"]])
    if entry["dtype"] == "BF16":  # the upper half of a single-precision number
        values = (values.astype("<u4") << 16).view("<f4")
    return values.reshape(tuple(entry["shape"]))


def _is_entry(entry: Mapping[str, object], available: int) -> bool:
    shape, offsets, dtype = entry.get("shape"), entry.get("data_offsets"), entry.get("dtype")
    if not isinstance(dtype, str) or dtype not in _DTYPES or not isinstance(shape, list):
        return False
    if not isinstance(offsets, list) or len(offsets) != 2:
        return False
    if len(shape) > MAX_AXES or not all(type(n) is int and 0 <= n <= MAX_BYTES for n in [*shape, *offsets]):
        return False
    start, stop = offsets
    expected = prod(shape) * np.dtype(_DTYPES[dtype]).itemsize
    return bool(start <= stop <= available and stop - start == expected)


def _read_onnx(path: Path, content: bytes) -> dict[str, object]:
    from llrsym.networks.onnx_import import from_onnx

    return dict(from_onnx(path)[1])


_READERS: dict[str, Callable[[Path, bytes], dict[str, object]]] = {
    ".json": _read_json,
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".onnx": _read_onnx,
}
