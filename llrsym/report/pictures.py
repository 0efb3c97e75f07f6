"""Pictures of typed results, by matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from llrsym.bounds.strata import Stratification
from llrsym.errors import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")
BLUE, RED, GREY = "#2a6fbb", "#c8442f", "#555555"
MAX_LABELS = 24


def draw_strata(answer: Stratification, path: Path | str) -> None:
    """Draw the strata as points, rank against dimension, with their numbers beside them or as shades.

    Raises ``BadInput`` if matplotlib is missing, the suffix is not .png, .pdf or .svg, or the file cannot be
    written.

    >>> import llrsym as ll
    >>> draw_strata(ll.strata(ll.mlp(1, 2, 1), target=ll.mlp(1, 1, 1)), "strata.gif")
    Traceback (most recent call last):
        ...
    llrsym.errors.BadInput: picture: strata.gif is not a .png, .pdf or .svg file; give one of these suffixes
    """
    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        raise BadInput(f"picture: {file} is not a .png, .pdf or .svg file; give one of these suffixes")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BadInput("picture: matplotlib is not installed; run pip install 'llrsym[plot]'") from error
    figure = Figure(figsize=(6.4, 5.0), layout="constrained")
    _draw(figure.subplots(), answer)
    title = f"target {answer.target}\nnetwork {answer.network}, {answer.count:,} strata"
    figure.suptitle(title, fontsize=9)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    _save(figure, file)


def _save(figure: Figure, file: Path) -> None:
    try:
        figure.savefig(file, dpi=200)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"picture: {file} cannot be written ({reason}); name another file") from error


def _draw(axes: Axes, answer: Stratification) -> None:
    from matplotlib.ticker import MaxNLocator

    side = 0.6 + 0.04 * (answer.max_rank - answer.min_rank)
    ends = answer.min_rank - side, answer.max_rank + side
    top = answer.parameters - answer.local_recovery
    axes.set_xlim(*ends)
    axes.set_ylim(-0.06 * top - 0.5, 1.1 * top + 0.5)
    _draw_sizes(axes, answer, ends)
    _draw_points(axes, answer)
    axes.set_xlabel("model rank of a stratum")
    axes.set_ylabel("dimension of the stratum")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)


def _draw_sizes(axes: Axes, answer: Stratification, ends: tuple[float, float]) -> None:
    """The bound dimension + rank <= M, and the two sizes at the ranks where they are attained."""
    M = answer.parameters
    axes.plot(ends, [M - rank for rank in ends], color=GREY, linewidth=1, label=f"rank + dimension = M = {M}")
    axes.axvline(
        answer.min_rank,
        color=RED,
        linestyle="--",
        linewidth=1,
        label=f"optimistic sample size {answer.min_rank}",
    )
    axes.axvline(
        answer.local_recovery,
        color=GREY,
        linestyle=":",
        linewidth=1.2,
        label=f"local recovery {answer.local_recovery}",
    )


def _draw_points(axes: Axes, answer: Stratification) -> None:
    counts: Counter[tuple[int, int]] = Counter()
    for stratum in answer.strata:
        counts[stratum.rank, stratum.dimension] += stratum.count
    # All strata of one rank are critical embeddings, or none is.
    critical = {stratum.rank for stratum in answer.strata if stratum.critical}
    few = len(counts) <= MAX_LABELS
    others = {point: count for point, count in counts.items() if point[0] not in critical}
    best = {point: count for point, count in counts.items() if point[0] in critical}
    _scatter(axes, others, few, "other strata", "o", BLUE)
    _scatter(axes, best, True, "critical embeddings of the target", "D", RED)
    if few:
        note = "numbers: strata at the point"
        axes.text(0.985, 0.025, note, transform=axes.transAxes, ha="right", fontsize=8)
        for point, count in counts.items():
            axes.annotate(f"{count:,}", point, (6, 4), textcoords="offset points", fontsize=8)


def _scatter(
    axes: Axes, counts: dict[tuple[int, int], int], plain: bool, label: str, marker: str, colour: str
) -> None:
    """Draw points in one colour, or shaded by the number of strata, with a scale."""
    from matplotlib.colors import LogNorm

    if not counts:
        return
    ranks, dimensions = zip(*counts, strict=True)
    if plain:
        axes.scatter(ranks, dimensions, s=22, marker=marker, color=colour, label=label, zorder=3)
        return
    shade = [float(count) for count in counts.values()]
    points = axes.scatter(
        ranks,
        dimensions,
        s=14,
        marker=marker,
        c=shade,
        cmap="viridis_r",
        norm=LogNorm(),
        label=label,
        zorder=3,
    )
    scale = axes.figure.colorbar(points, ax=axes, pad=0.02)
    scale.set_label("number of strata with this rank and dimension")
