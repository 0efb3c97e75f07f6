"""Tables of strata as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llrsym.bounds.strata import Stratum

Row = tuple[str, ...]


def type_rows(strata: Iterable[Stratum]) -> list[str]:
    """Return a table with one row per type."""
    header = ("rank", "dim", "codim", "strata", "clones", "a = 0", "a != 0", "w = 0", "critical")
    return _aligned([header, *map(_type_row, strata)], right=4)


def rank_rows(strata: Iterable[Stratum]) -> list[str]:
    """Return a table with one row per rank; the strata are ordered by rank."""
    header = ("rank", "dim", "codim", "strata", "types", "critical")
    by_rank = groupby(strata, key=lambda stratum: stratum.rank)
    return _aligned([header, *(_rank_row(list(alike)) for _, alike in by_rank)], right=5)


def _type_row(stratum: Stratum) -> Row:
    kind = stratum.kind
    roles = tuple(_sum(sizes) for sizes in (kind.groups, kind.silent, kind.active))
    constants = f"{kind.constants} {kind.mode}" if kind.constants else "-"
    numbers = (stratum.rank, stratum.dimension, stratum.codimension, stratum.count)
    return (*map(str, numbers), *roles, constants, _yes(stratum.critical))


def _rank_row(alike: Sequence[Stratum]) -> Row:
    dimensions = _range([stratum.dimension for stratum in alike])
    codimensions = _range([stratum.codimension for stratum in alike])
    count = sum(stratum.count for stratum in alike)
    critical = _yes(alike[0].critical)
    return str(alike[0].rank), dimensions, codimensions, str(count), str(len(alike)), critical


def _range(numbers: Sequence[int]) -> str:
    least, largest = min(numbers), max(numbers)
    return str(least) if least == largest else f"{least}..{largest}"


def _sum(sizes: Sequence[int]) -> str:
    return "+".join(map(str, sizes)) or "-"


def _yes(truth: bool) -> str:
    return "yes" if truth else "-"


def _aligned(rows: Sequence[Row], right: int) -> list[str]:
    """Rows with columns of equal width, the first ``right`` of them flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    pads = [str.rjust] * right + [str.ljust] * (len(widths) - right)
    cells = [[pad(cell, width) for pad, cell, width in zip(pads, row, widths, strict=True)] for row in rows]
    return [("  " + "  ".join(row)).rstrip() for row in cells]
