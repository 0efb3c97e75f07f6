"""Train a 10-16-8-1 tanh net on scikit-learn's diabetes data and keep its exact float64 weights.

    python examples/diabetes/train.py [weights.npz]

Needs the extra: pip install 'llrsym[sklearn]'. The weights that are kept beside this script were made by
it; another version of scikit-learn or another machine may give other floats, and then another theorem.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

import llrsym as ll


def main(path: Path) -> None:
    """Train, report the fit, and save the weights under the names that llrsym uses."""
    inputs, targets = load_diabetes(return_X_y=True)
    inputs = StandardScaler().fit_transform(inputs)
    targets = (targets - targets.mean()) / targets.std()
    model = MLPRegressor(
        hidden_layer_sizes=(16, 8),
        activation="tanh",
        solver="lbfgs",
        alpha=1e-2,
        max_iter=2000,
        random_state=0,
    )
    model.fit(inputs, targets)
    network, weights = ll.from_sklearn(model)
    np.savez(path, **weights)
    print(f"{network}: R^2 = {model.score(inputs, targets):.3f}, {network.parameter_count} weights in {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("weights.npz"))
