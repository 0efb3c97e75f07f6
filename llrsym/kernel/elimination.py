"""Gaussian elimination modulo a prime in the standard library alone.

A row of residues is packed into one long integer, a 64-bit slot per entry, so that one row operation is
one multiplication and one addition of long integers. Slots are reduced only when a row is finished: with
a prime below 2^23 a slot starts below 2^23 and gains less than 2^46 per operation, so 2^17 operations fit.
"""

import struct
from collections.abc import Iterable, Sequence

SLOT = 64
MAX_ROWS = 1 << 17
_MASK = (1 << SLOT) - 1


def rank_modulo(rows: Iterable[Sequence[int]], width: int, prime: int) -> int:
    """Return the rank of a matrix of residues 0 <= entry < prime < 2^23 with ``width`` columns.

    Raises ``ValueError`` beyond 2^17 pivots or for a larger prime, where a slot could overflow.

    >>> rank_modulo([[1, 2], [2, 4], [0, 1]], 2, 4194301)
    2
    """
    if not 2 < prime < 1 << 23:
        raise ValueError(f"expected a prime below 2^23, got {prime}")
    pivots: dict[int, int] = {}  # pivot column -> packed row from that column on, scaled to begin with 1
    for row in rows:
        if len(pivots) == width:
            break
        if len(pivots) >= MAX_ROWS:
            raise ValueError(f"more than {MAX_ROWS} pivots")
        _insert(pivots, _pack(row), width, prime)
    return len(pivots)


def _insert(pivots: dict[int, int], packed: int, width: int, prime: int) -> None:
    """Reduce a row by the pivots, column by column; its first entry that has no pivot becomes one."""
    for column in range(width):
        entry = (packed & _MASK) % prime
        if entry:
            pivot_row = pivots.get(column)
            if pivot_row is None:
                pivots[column] = _scaled(packed, width - column, entry, prime)
                return
            packed += (prime - entry) * pivot_row
        packed >>= SLOT


def _scaled(packed: int, slots: int, entry: int, prime: int) -> int:
    inverse = pow(entry, -1, prime)
    raw = struct.unpack(f"<{slots}Q", packed.to_bytes(slots * (SLOT // 8), "little"))
    return _pack([slot % prime * inverse % prime for slot in raw])


def _pack(row: Sequence[int]) -> int:
    return int.from_bytes(struct.pack(f"<{len(row)}Q", *row), "little")
