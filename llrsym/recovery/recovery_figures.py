"""Pictures of recovery experiments: error against the number of samples, with the proved sizes as lines.

Curves differ by marker and dashes as well as by colour, so that a print in grey can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from llrsym.errors import BadInput, shown
from llrsym.recovery.experiment_starts import SMALL
from llrsym.recovery.recovery_result import Curve, Recovery

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")
FLOOR = 1e-17
"""Where an error of zero is drawn."""
MARKERS = "osD^vPX*"
DASHES: tuple[tuple[int, tuple[float, ...]], ...] = (
    (0, ()),
    (0, (5, 1.5)),
    (0, (1.5, 1.2)),
    (0, (6, 1.5, 1.5, 1.5)),
)
PANEL_WIDTH, PANEL_HEIGHT, COLUMNS = 4.0, 3.3, 3
LABEL_GAP = 0.042
"""Least distance of two labels, in widths of a panel."""


@dataclass(frozen=True)
class Style:
    """Colours of paper, text, lines and curves."""

    paper: str
    ink: str
    grid: str
    optimistic: str
    curves: tuple[str, ...]


STYLES = {
    "light": Style(
        "white",
        "#222222",
        "#e4e4e4",
        "#111111",
        ("#0072b2", "#d55e00", "#008060", "#aa4499", "#806000", "#56707f", "#882255", "#333333"),
    ),
    "dark": Style(
        "#14171c",
        "#dddddd",
        "#2d323a",
        "#ffffff",
        ("#6cb8ff", "#ff9d5c", "#4fd6a5", "#e58fd0", "#e6c84f", "#a9bac6", "#ff8fa3", "#cccccc"),
    ),
}


def check_picture(path: Path, style: str) -> None:
    """Raise ``BadInput`` unless the file can hold a picture, the style exists and matplotlib is there."""
    if path.suffix.lower() not in FORMATS:
        raise BadInput(f"--out: {path} is not a .png, .pdf or .svg file; give one of these suffixes")
    if not path.parent.is_dir():
        raise BadInput(f"--out: there is no folder {path.parent}; create it or choose another file")
    if style not in STYLES:
        raise BadInput(f"--style: there is no {shown(style)}; take {' or '.join(STYLES)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise BadInput("--out: matplotlib is not installed; run pip install 'llrsym[plot]'") from error


def draw_recovery(answer: Recovery, path: Path | str, style: str = "light") -> None:
    """Draw one panel for every family of networks: median errors, their range, and the proved sizes.

    Raises ``BadInput`` if matplotlib is missing, the suffix is not .png, .pdf or .svg, or the file cannot be
    written.
    """
    file = Path(path)
    check_picture(file, style)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    families = list(dict.fromkeys(curve.family for curve in answer.curves))
    columns = min(len(families), COLUMNS)
    rows = -(-len(families) // columns)
    with rc_context(_settings(STYLES[style])):
        width = max(PANEL_WIDTH * columns + 0.4, 5.4)
        figure = Figure(figsize=(width, (PANEL_HEIGHT + 2.0) * rows + 0.6), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for panel, family in zip(panels.flat, families, strict=False):
            curves = [curve for curve in answer.curves if curve.family == family]
            _draw_panel(panel, curves, STYLES[style], answer.threshold)
            _add_legend(panel, family, STYLES[style])
        for panel in panels.flat[len(families) :]:
            panel.set_visible(False)
        for row in panels:
            row[0].set_ylabel("relative test error")
        figure.suptitle(f"recovery of {answer.title}", fontsize=10)
        figure.supxlabel(_caption(answer, width), fontsize=7.5)
        _save(figure, file)


def _settings(style: Style) -> dict[Any, Any]:
    """Settings of matplotlib."""
    text = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    paper = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
    colours = dict.fromkeys(text, style.ink) | dict.fromkeys(paper, style.paper)
    return {**colours, "font.size": 9, "grid.color": style.grid, "svg.hashsalt": "llrsym"}


def _caption(answer: Recovery, width: float) -> str:
    strengths = ", ".join(sorted({curve.sizes.verdict for curve in answer.curves}))
    text = (
        f"numerical: median of {answer.options['trials']} trials, band from the smallest to the largest; "
        f"{answer.described.partition(', ')[2]}. O: optimistic sample size ({strengths}); local: local "
        f"recovery size; M: parameters; (N): of that width. Horizontal: error {answer.threshold:g}."
    )
    return "\n".join(wrap(text, int(16 * width)))


def _draw_panel(axes: Axes, curves: Sequence[Curve], style: Style, threshold: float) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator

    for number, curve in enumerate(curves):
        _draw_curve(axes, curve, number, style, len(curves))
    drawn = [point.n for curve in curves for point in curve.points]
    axes.set_xlim(min(drawn, default=1) - 0.8, max(drawn, default=1) + 0.8)
    axes.set_yscale("log")
    axes.axhline(threshold, color=style.ink, linewidth=0.6, alpha=0.5)
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.yaxis.set_minor_locator(LogLocator(subs=(), numticks=9))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("number n of samples")
    axes.grid(linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _draw_sizes(axes, curves, style)


def _add_legend(axes: Axes, family: str, style: Style) -> None:
    """Below the panel, where it hides nothing."""
    legend = axes.legend(
        title="\n".join(wrap(family, 44)),
        title_fontproperties={"family": "monospace", "size": 7},
        fontsize=7.5,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
        labelcolor=style.ink,
        handlelength=3.4,
        ncols=2 if len(axes.get_legend_handles_labels()[1]) > 3 else 1,
    )
    legend.get_title().set_color(style.ink)


def _draw_curve(axes: Axes, curve: Curve, number: int, style: Style, count: int) -> None:
    points = [point for point in curve.points if point.median is not None]
    n = [point.n for point in points]
    median = [max(point.median or 0.0, FLOOR) for point in points]
    colour = style.curves[number % len(style.curves)]
    axes.fill_between(
        n,
        [max(point.errors[0], FLOOR) for point in points],
        [max(point.errors[-1], FLOOR) for point in points],
        color=colour,
        alpha=0.13,
        linewidth=0,
    )
    axes.plot(
        n,
        median,
        color=colour,
        linestyle=DASHES[number % len(DASHES)],
        linewidth=1.4,
        marker=MARKERS[number % len(MARKERS)],
        markersize=4,
        markerfacecolor=colour if number % 2 == 0 else style.paper,
        label=_name(curve),
        zorder=3 + count - number,
    )


def _name(curve: Curve) -> str:
    parts = [f"N = {curve.size}"] * (curve.size is not None) + [curve.start] * (curve.start != SMALL)
    return f"{', '.join(parts) or 'trained'} (M = {curve.parameters})"


def _draw_sizes(axes: Axes, curves: Sequence[Curve], style: Style) -> None:
    """Vertical lines, each with a label above the panel."""
    left, right = axes.get_xlim()
    labels: dict[int, list[str]] = {}
    for place, colour, dashes, label in _lines(curves, style):
        if left < place < right:
            is_first = place not in labels
            known = labels.setdefault(place, [])
            if label not in known:
                known.append(label)
            if is_first:
                axes.axvline(place, color=colour, linestyle=dashes, linewidth=1.1, zorder=2)
    leader: dict[str, Any] = {
        "arrowstyle": "-",
        "linewidth": 0.5,
        "color": style.ink,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    leader["relpos"] = (0.5, 0.0)  # from the lower end of the label
    where = _spread([(place - left) / (right - left) for place in sorted(labels)])
    for place, shifted in zip(sorted(labels), where, strict=True):
        axes.annotate(
            f"{' = '.join(labels[place])} = {place}",
            ((place - left) / (right - left), 1.0),
            (shifted, 1.05),
            xycoords="axes fraction",
            textcoords="axes fraction",
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=7,
            arrowprops=leader,
        )


def _lines(curves: Sequence[Curve], style: Style) -> list[tuple[int, str, str, str]]:
    """Place, colour, dashes and label of every size: O first, since the first line at a place is drawn."""
    found: list[tuple[int, str, str, str]] = []
    for curve in curves:
        low, high = curve.sizes.samples_lower, curve.sizes.samples_upper
        if low is not None and low == high:
            found.append((low, style.optimistic, "-", "O"))
        elif high is not None:
            found.append((high, style.optimistic, "-", "O at most"))
    several = len({curve.parameters for curve in curves}) > 1
    for number, curve in enumerate(curves):
        colour = style.curves[number % len(style.curves)] if several else style.ink
        which = f"({curve.size})" if several and curve.size is not None else ""
        if curve.sizes.local_recovery is not None:
            found.append((curve.sizes.local_recovery, colour, ":", f"local{which}"))
        found.append((curve.parameters, colour, "--", f"M{which}"))
    return found


def _spread(places: Sequence[float]) -> list[float]:
    """Move sorted places to the right until no two are closer than ``LABEL_GAP``."""
    result: list[float] = []
    for place in places:
        result.append(max(place, result[-1] + LABEL_GAP) if result else place)
    return result


def _save(figure: Figure, file: Path) -> None:
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(file.suffix.lower(), {})
    try:
        figure.savefig(file, dpi=180, metadata=metadata)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"--out: {file} cannot be written ({reason}); name another file") from error
