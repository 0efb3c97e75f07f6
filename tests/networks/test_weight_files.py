"""Weight files: every number arrives as it is in the file, and no file is ever executed."""

import io
import json
import pickle
import random
import struct
import tracemalloc
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from llrsym.errors import BadInput
from llrsym.networks import weight_files
from llrsym.networks.builders import mlp
from llrsym.networks.weight_files import load_weights
from llrsym.networks.weights import exact_weights

NETWORK = mlp(2, 1, activation="identity")


class Bomb:
    """An object whose unpickling creates a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def safetensors(tensors: dict[str, np.ndarray], **changes: object) -> bytes:
    types = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32"}
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        offsets = [len(body), len(body) + tensor.nbytes]
        entry = {"dtype": types[tensor.dtype.name], "shape": list(tensor.shape), "data_offsets": offsets}
        header[name] = {**entry, **changes}
        body += tensor.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def test_json_numbers_are_exact(tmp_path):
    path = tmp_path / "w.json"
    path.write_text('{"W1": [[0.1, "1/3"]], "b1": [12345678901234567890123]}', encoding="utf-8")
    weights = exact_weights(NETWORK, load_weights(path))
    assert weights == ((Fraction(0.1), Fraction(1, 3)), (Fraction(12345678901234567890123),))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.int32])
@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_binary_files_are_exact(tmp_path, dtype, kind):
    tensors = {"W1": np.array([[0.1, -3]]).astype(dtype), "b1": np.array([7]).astype(dtype)}
    path = tmp_path / f"w.{kind}"
    if kind == "npz":
        np.savez(path, **tensors)
    else:
        path.write_bytes(safetensors(tensors))
    expected = tuple(tuple(Fraction(v.item()) for v in tensor.ravel()) for tensor in tensors.values())
    assert exact_weights(NETWORK, load_weights(path)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"W1": [[1, 2]], "W1": [[3, 4]]}', "the key 'W1' occurs twice; keep one"),
        ('{"W1": [[1, 2', "not a complete JSON document"),
        ("", "not a complete JSON document"),
        ('{"W1": [[NaN, 2]]}', "NaN is not a number; every weight must be finite"),
        ('{"W1": [[-Infinity, 2]]}', "-Infinity is not a number"),
        ("[1, 2]", "expected an object such as"),
        ('{"W1": ' + "[" * 100_000, "not a complete JSON document"),
        ('{"W1": ' + "9" * 5000 + "}", "not a complete JSON document"),
    ],
)
def test_json_refusals(tmp_path, text, reason):
    path = tmp_path / "w.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=reason) as refusal:
        load_weights(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("text", ["1e-400", "-0.00001E-330", "0." + "0" * 400 + "1"])
def test_a_literal_that_would_vanish_is_refused(tmp_path, text):
    path = tmp_path / "w.json"
    path.write_text(f'{{"W1": [[{text}, 2]], "b1": [0]}}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"is not zero but its double is; write it as an exact 'p/q'"):
        load_weights(path)


def test_zeros_and_the_least_double_are_no_vanishing_literals(tmp_path):
    path = tmp_path / "w.json"
    path.write_text('{"W1": [[0e-400, 5e-324]], "b1": [-0.0]}', encoding="utf-8")
    assert exact_weights(NETWORK, load_weights(path)) == ((0, Fraction(1, 2**1074)), (0,))


def test_an_overflowing_literal_is_not_finite(tmp_path):
    path = tmp_path / "w.json"
    path.write_text('{"W1": [[1e999, 2]], "b1": [0]}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"W1\[0,0\] is inf; every weight must be finite"):
        exact_weights(NETWORK, load_weights(path))


@pytest.mark.parametrize("name", ["w.pkl", "w.pt", "w.npz", "w.json", "w.safetensors", "w.npy", "w"])
def test_a_pickle_is_never_executed_whatever_its_name(tmp_path, name):
    marker, path = tmp_path / "executed", tmp_path / name
    path.write_bytes(pickle.dumps({"W1": Bomb(marker)}))
    with pytest.raises(BadInput, match=r"^weights: "):
        load_weights(path)
    assert not marker.exists()


def test_an_object_array_in_an_npz_is_never_executed(tmp_path):
    marker, path = tmp_path / "executed", tmp_path / "w.npz"
    np.savez(path, W1=np.array([Bomb(marker)], dtype=object))
    with pytest.raises(BadInput, match="W1 holds pickled objects, which are not executed"):
        load_weights(path)
    assert not marker.exists()


def archive(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members:
            target.writestr(name, data)
    return buffer.getvalue()


def array_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a complete .npz archive"),
        (archive(("W1.npy", array_bytes(np.ones((1, 2)))))[:-40], "not a complete .npz archive"),
        (archive(("readme.txt", b"hello")), "holds 'readme.txt', which is no array"),
        (archive(("W1.npy", b"hello")), "W1 is not a complete array"),
        (archive(("W1.npy", array_bytes(np.ones((1, 2)))[:-8])), "W1 is not a complete array"),
    ],
)
def test_npz_refusals(tmp_path, content, reason):
    path = tmp_path / "w.npz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        load_weights(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    path.write_bytes(archive(("W1.npy", array_bytes(np.zeros(1))), ("W1.npy", array_bytes(np.ones(1)))))
    with pytest.raises(BadInput, match="the key 'W1' occurs twice"):
        load_weights(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "shorter than its header says"),
        (struct.pack("<Q", 2**62) + b"{}", "shorter than its header says"),
        (safetensors({"W1": np.ones((1, 2))})[:-1], "entry of W1 is malformed"),
        (safetensors({"W1": np.ones((1, 2))}, dtype="BF16"), "type other than F64, F32"),
        (safetensors({"W1": np.ones((1, 2))}, dtype=["F64"]), "entry of W1 is malformed"),
        (safetensors({"W1": np.ones((1, 2))}, shape=[2, 2]), "entry of W1 is malformed"),
        (safetensors({"W1": np.ones((1, 2))}, shape=[-1, -2]), "entry of W1 is malformed"),
        (safetensors({"W1": np.ones((1, 2))}, data_offsets=[16, 0]), "entry of W1 is malformed"),
        (safetensors({"W1": np.ones((0, 2))}, shape=[0, 10**30]), "entry of W1 is malformed"),
        (safetensors({"W1": np.ones((1, 2))}, shape=[1] * 100), "entry of W1 is malformed"),
        (safetensors({"W1": np.ones((1, 2))}, shape=[10**4000] * 3000), "entry of W1 is malformed"),
    ],
)
def test_safetensors_refusals(tmp_path, content, reason):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        load_weights(path)


def test_files_and_unpacked_archives_have_a_size_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(weight_files, "MAX_BYTES", 1000)
    large = np.zeros(10_000)
    np.savez(tmp_path / "plain.npz", W1=large)
    np.savez_compressed(tmp_path / "packed.npz", W1=large)
    with pytest.raises(BadInput, match="the file has more than 1000 bytes"):
        load_weights(tmp_path / "plain.npz")
    with pytest.raises(BadInput, match="it unpacks to more than 1000 bytes"):
        load_weights(tmp_path / "packed.npz")


def test_missing_files_and_directories(tmp_path):
    (tmp_path / "d.json").mkdir()
    for name in ("absent.npz", "d.json"):
        with pytest.raises(BadInput, match=f"{name} cannot be read"):
            load_weights(tmp_path / name)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((10**12,), "W1 is not a complete array"),
        ((10**30, 10**30), "W1 is not a complete array"),
        ((-1, -2), "W1 is not a complete array"),
        ((0, 10**30), "W1 has an axis that is too long"),
    ],
)
def test_a_header_that_claims_too_much_allocates_nothing(tmp_path, shape, reason):
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header)
    path = tmp_path / "w.npz"
    body = b"" if 0 in shape else bytes(16)
    path.write_bytes(archive(("W1.npy", stream.getvalue() + body)))
    with pytest.raises(BadInput, match=reason):
        load_weights(path)


def test_an_archive_that_claims_too_little_is_refused_without_unpacking_it(tmp_path):
    bomb = archive(("W1.npy", bytes(300_000_000)))
    size = struct.pack("<I", 300_000_000)
    path = tmp_path / "w.npz"
    path.write_bytes(bomb.replace(size, struct.pack("<I", 100)))
    tracemalloc.start()
    with pytest.raises(BadInput, match=r"not a complete \.npz archive"):
        load_weights(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_other_compressions_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as target:
        target.writestr("W1.npy", array_bytes(np.ones(2)))
    with pytest.raises(BadInput, match="compression that is not read"):
        load_weights(path)


def damaged(content: bytes, random: random.Random) -> bytes:
    """Cut a file, or change a few of its bytes."""
    if random.random() < 0.3:
        return content[: random.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        changed[random.randrange(len(changed))] = random.choice((0, 255, random.randrange(256)))
    return bytes(changed)


@pytest.mark.parametrize("kind", ["npy", "npz", "packed", "safetensors", "json"])
def test_damaged_files_are_read_or_refused(tmp_path, kind):
    tensors = {"W1": np.array([[0.5, -3]]), "b1": np.array([7.0])}
    whole = {
        "npy": lambda: array_bytes(tensors["W1"]),
        "npz": lambda: archive(*((f"{name}.npy", array_bytes(v)) for name, v in tensors.items())),
        "packed": lambda: packed(tensors),
        "safetensors": lambda: safetensors(tensors),
        "json": lambda: json.dumps({name: v.tolist() for name, v in tensors.items()}).encode(),
    }[kind]()
    source, refused = random.Random(7), 0
    path = tmp_path / f"w.{'npz' if kind in ('npy', 'packed') else kind}"
    for _ in range(2000):
        content = damaged(whole, source)
        # a damaged array in a sound archive gets past the checksum
        path.write_bytes(archive(("W1.npy", content)) if kind == "npy" else content)
        try:
            exact_weights(NETWORK, load_weights(path))
        except BadInput:
            refused += 1
    assert refused > 500


def packed(tensors: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **tensors)
    return buffer.getvalue()
