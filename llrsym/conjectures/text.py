"""The answer of ``conjecture`` as text."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from llrsym.bounds.formula import written
from llrsym.conjectures.result import DEGENERATE, GRID, LARGER, Conjecture, Refutation, Sample

MOST_ROWS, MOST_EXCEPTIONS = 20, 10


def lines(answer: Conjecture) -> Iterator[str]:
    """Yield the lines of the text."""
    yield f"model rank of {answer.function} at almost every weight: {_headline(answer)}, {answer.verdict}"
    yield f"  {answer.statement}"
    yield f"  grid: {_grid(answer)}; {_counted(answer, GRID)}"
    for part in (LARGER, DEGENERATE):
        if any(sample.part == part for sample in answer.samples):
            counts = "" if part != DEGENERATE or answer.at_degenerate else " (not part of the statement)"
            yield f"  {part} sizes{counts}: {_counted(answer, part)}{_first_difference(answer, part)}"
    if answer.coefficients is not None:
        yield f"  fitted coefficients: {answer.coefficients}; every single value is predicted by the others"
    yield from _against(answer)
    yield from _few_values(answer)
    if answer.latex is not None:
        yield f"  LaTeX: {answer.latex}"
    yield from _table(answer)


def _headline(answer: Conjecture) -> str:
    if answer.formula is None:
        return "no formula"
    return f"is it {answer.formula}?" if answer.given else f"{answer.formula} is conjectured"


def _grid(answer: Conjecture) -> str:
    ranges = ", ".join(f"{name} = {_range(values)}" for name, values in answer.sizes.items())
    return ranges + (f" where {answer.where}" if answer.where else "")


def _range(values: tuple[int, ...]) -> str:
    if len(values) > 2 and values == tuple(range(values[0], values[-1] + 1)):
        return f"{values[0]}..{values[-1]}"
    return ", ".join(map(str, values)) if len(values) == 1 else f"({', '.join(map(str, values))})"


def _counted(answer: Conjecture, part: str) -> str:
    found = answer.count(part)
    cached = sum(sample.cached for sample in answer.samples if sample.part == part)
    agree = "" if answer.formula is None else f", {found['agree']} agree, {found['differ']} differ"
    other = f", {found['open']} open" if found["open"] else ""
    ranks = "1 rank" if found["proved"] == 1 else f"{found['proved']} ranks"
    return f"{ranks} proved{agree}{other}" + (f" ({cached} from the cache)" if cached else "")


def _first_difference(answer: Conjecture, part: str) -> str:
    for sample, value in _valued(answer):
        if answer.formula is not None and sample.part == part and sample.contradicts(value):
            return f"; {Refutation(answer.formula, value, sample)}"
    return ""


def _valued(answer: Conjecture) -> list[tuple[Sample, Fraction | None]]:
    values = answer.values or (None,) * len(answer.samples)
    return list(zip(answer.samples, values, strict=True))


def _against(answer: Conjecture) -> Iterator[str]:
    for found in answer.rejected:
        yield f"  {found.formula} explains the grid and is refuted: {found}"
    if answer.exceptions:
        count = len(answer.exceptions)
        formula = answer.exceptions[0].formula
        yield f"  {formula} explains all but {count} of the proved ranks of the grid:"
        yield from (f"    {found}" for found in answer.exceptions[:MOST_EXCEPTIONS])
        if count > MOST_EXCEPTIONS:
            yield f"    and {count - MOST_EXCEPTIONS} more"
    unknown = [sample for sample in answer.samples if sample.rank is None and sample.verdict is not None]
    for sample in unknown[:MOST_EXCEPTIONS]:
        yield f"  open at {written(sample.sizes)}: the rank is {sample.exact}"


def _few_values(answer: Conjecture) -> Iterator[str]:
    """What a fit cannot see: a size with two values shows no curvature, with one no dependence at all."""
    few = [name for name, values in answer.sizes.items() if len(values) < 3]
    if few and not answer.given:
        yield f"  the grid has fewer than three values of {', '.join(few)}; more values test more"


def _table(answer: Conjecture) -> Iterator[str]:
    names = list(answer.sizes)
    heads = [*names, "M", "rank", *([] if answer.formula is None else ["formula", ""])]
    rows = [_row(answer, sample, value) for sample, value in _valued(answer)[:MOST_ROWS]]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        yield "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(answer.samples) > MOST_ROWS:
        yield f"  and {len(answer.samples) - MOST_ROWS} more; --json lists them all"


def _row(answer: Conjecture, sample: Sample, value: Fraction | None) -> list[str]:
    own = [*(str(size) for size in sample.sizes.values()), str(sample.parameters), sample.exact]
    if answer.formula is None:
        return own
    remarks = ["" if sample.part == GRID else sample.part, "differs" if sample.contradicts(value) else ""]
    return [*own, "none" if value is None else str(value), " ".join(filter(None, remarks))]
