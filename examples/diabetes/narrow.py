"""Write the patients as a table, and train a 10-3-2-1 tanh net on them.

    python examples/diabetes/narrow.py [folder]

Needs the extra: pip install 'llrsym[sklearn]'. Writes patients.csv (the standardised inputs on which the
networks of this folder are trained, and the labels) and narrow.npz.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

import llrsym as ll


def main(folder: Path) -> None:
    """Train, report the fit, and write both files."""
    data = load_diabetes()
    inputs = StandardScaler().fit_transform(data.data)
    labels = (data.target - data.target.mean()) / data.target.std()
    with (folder / "patients.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*data.feature_names, "progression"])
        writer.writerows(np.column_stack([inputs, labels]).tolist())
    model = MLPRegressor(
        hidden_layer_sizes=(3, 2),
        activation="tanh",
        solver="lbfgs",
        alpha=1e-2,
        max_iter=2000,
        random_state=1,
    )
    model.fit(inputs, labels)
    network, weights = ll.from_sklearn(model)
    np.savez(folder / "narrow.npz", **weights)
    print(f"{network}: R^2 = {model.score(inputs, labels):.3f}, {network.parameter_count} weights")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
