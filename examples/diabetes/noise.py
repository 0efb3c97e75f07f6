"""Draw how the certified noise amplification falls with the number of patients.

    python examples/diabetes/noise.py [folder]

Needs the extra: pip install 'llrsym[plot]'. For the first n patients of patients.csv, and two sets of
weights of one 10-16-8-1 network: the trained ones, and those of the narrow net embedded in it. Every point is
a proved upper bound. Writes noise-light.png and noise-dark.png.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import llrsym as ll

HERE = Path(__file__).parent
COUNTS = {"trained weights (rank 321)": (321, 330, 345, 370, 400, 442),
          "narrow net embedded (rank 44)": (44, 50, 60, 80, 120, 200, 321, 442)}  # fmt: skip
STYLES = {
    "light": ("white", "#222222", ("#2a6fbb", "#c8442f")),
    "dark": ("#131416", "#e8e8e8", ("#6fb1f2", "#f08a78")),
}


def amplification(weights: dict[str, object], data: ll.Data, count: int) -> float:
    """Return the proved bound for the first patients."""
    network = ll.mlp(10, 16, 8, 1)
    answer = ll.llr_guarantee(network, at=weights, data=data.subset(range(count)))
    print(f"{count} patients: {answer.answer}, amplification at most {answer.noise_amplification}")
    return answer.noise_amplification or np.nan


def main(folder: Path) -> None:
    """Compute both curves and draw them in two styles."""
    data = ll.read_data(HERE / "patients.csv", labels="progression")
    narrow = dict(np.load(HERE / "narrow.npz"))
    wide = ll.embed(ll.mlp(10, 16, 8, 1), target=ll.mlp(10, 3, 2, 1), weights=narrow).weights
    sets = zip(COUNTS.items(), (dict(np.load(HERE / "weights.npz")), dict(wide)), strict=True)
    curves = {label: (counts, [amplification(w, data, n) for n in counts]) for (label, counts), w in sets}
    for style, (paper, ink, colours) in STYLES.items():
        figure = Figure(figsize=(6.4, 4.0), layout="constrained", facecolor=paper)
        axes = figure.subplots()
        axes.set_facecolor(paper)
        for (label, (counts, values)), colour, marker in zip(curves.items(), colours, "os", strict=True):
            axes.semilogy(counts, values, color=colour, marker=marker, markersize=5)
            axes.annotate(label, (counts[0], values[0]), (9, 2), textcoords="offset points",
                          fontsize=9, color=colour)  # fmt: skip
        axes.set_xlabel("patients", color=ink)
        axes.set_ylabel("noise amplification, proved upper bound", color=ink)
        axes.tick_params(colors=ink, which="both")
        axes.grid(color=ink, alpha=0.15, linewidth=0.6)
        for spine in axes.spines.values():
            spine.set_color(ink)
        figure.savefig(folder / f"noise-{style}.png", dpi=160)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
