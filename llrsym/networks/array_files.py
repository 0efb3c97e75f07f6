"""NumPy files from strangers: read without unpickling, in memory bounded by what the file really holds.

``numpy.load`` trusts sizes that a file claims, and damaged headers make its parser raise exceptions of many
types. Here every claimed size is compared with the bytes that are there, and only ``Unreadable`` comes out.

Reference: the format .npy, numpy.lib.format.
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from math import prod

import numpy as np

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What NumPy writes; other compressions cannot be unpacked in bounded memory."""
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Unreadable(ValueError):
    """The bytes are no such file; the message is the end of a sentence that begins with its name."""


class Pickled(Unreadable):
    """The bytes hold pickled objects, which are not executed."""


def read_npy(content: bytes) -> np.ndarray:
    """Return the array of numbers in the bytes of a .npy file.

    Raises ``Pickled`` for objects and ``Unreadable`` for everything else that is no complete array of
    booleans, integers or floats.

    >>> stream = BytesIO()
    >>> np.save(stream, np.array([[1.0, 2.0]]))
    >>> read_npy(stream.getvalue())
    array([[1., 2.]])
    >>> read_npy(stream.getvalue()[:-1])
    Traceback (most recent call last):
        ...
    llrsym.networks.array_files.Unreadable: is not a complete array
    """
    if content[:1] == b"\x80":
        raise Pickled("holds pickled objects, which are not executed")
    stream = BytesIO(content)
    try:
        shape, by_columns, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except Exception as error:  # NumPy evaluates and tokenizes the header, which fails in many ways
        raise Unreadable("is not a complete array") from error
    if dtype.hasobject:
        raise Pickled("holds pickled objects, which are not executed")
    if dtype.kind not in "biuf":
        fault = "must be real, not complex" if dtype.kind == "c" else "are not numbers"
        raise Unreadable(f"has entries of type {dtype}, which {fault}")
    if any(n < 0 for n in shape) or prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise Unreadable("is not a complete array")
    flat = np.frombuffer(content[stream.tell() :], dtype)
    try:
        return flat.reshape(shape, order="F" if by_columns else "C")
    except (ValueError, OverflowError) as error:  # an empty array with an axis that NumPy cannot count
        raise Unreadable("has an axis that is too long") from error


def read_npz(content: bytes, limit: int) -> list[tuple[str, bytes]]:
    """Return the names and the bytes of the .npy files of an archive; the same name may occur twice.

    Raises ``Unreadable`` for damaged archives, other contents, and more than ``limit`` bytes altogether.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            _check_members(members, limit)
            return [(m.filename.removesuffix(".npy"), _unpacked(archive, m)) for m in members]
    except Unreadable:
        raise
    except Exception as error:  # zipfile raises what struct, zlib and codecs raise
        raise Unreadable("is not a complete .npz archive, and other contents are not opened") from error


def _check_members(members: list[zipfile.ZipInfo], limit: int) -> None:
    if sum(member.file_size for member in members) > limit:
        raise Unreadable(f"unpacks to more than {limit} bytes")
    for member in members:
        if not member.filename.endswith(".npy"):
            raise Unreadable(f"holds {member.filename[:60]!a}, which is no array")
        if member.compress_type not in _METHODS:
            raise Unreadable(f"holds {member.filename[:60]!a} in a compression that is not read")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of a member: as many as it claims, so that a false claim cannot fill the memory."""
    with archive.open(member) as stream:
        data = stream.read(member.file_size)
    if len(data) != member.file_size:
        raise Unreadable("is not a complete .npz archive, and other contents are not opened")
    return data
