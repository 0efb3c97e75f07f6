"""Trained scikit-learn multilayer perceptrons as networks with exact weights."""

from __future__ import annotations

from llrsym.errors import BadInput
from llrsym.networks.builders import mlp
from llrsym.networks.network import Network

_ACTIVATIONS = {"tanh": "tanh", "logistic": "sigmoid", "identity": "identity", "relu": "relu"}


def from_sklearn(estimator: object) -> tuple[Network, dict[str, object]]:
    """Return the network of a fitted MLPRegressor or MLPClassifier and its weights by name.

    Activations tanh, logistic (sigmoid) and identity are supported. ``coefs_`` of shape (inputs, outputs)
    are transposed to W_l of shape (m_l, m_(l-1)). For a classifier the network is the map to the logits,
    before the logistic or softmax function.

    Raises ``BadInput`` for other objects, for an estimator that is not fitted, and for relu.

    >>> import numpy as np
    >>> from sklearn.neural_network import MLPRegressor
    >>> x = np.linspace(-1, 1, 8)[:, None]
    >>> model = MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", solver="lbfgs", random_state=0)
    >>> network, weights = from_sklearn(model.fit(x, x[:, 0] ** 2))
    >>> network.text, np.asarray(weights["W1"]).shape
    ("mlp(1, 3, 1, activation='tanh', bias=True)", (3, 1))
    """
    try:
        from sklearn.neural_network import MLPClassifier, MLPRegressor
    except ImportError as error:
        raise BadInput(
            "from_sklearn: scikit-learn is not installed; run pip install 'llrsym[sklearn]'"
        ) from error
    if not isinstance(estimator, MLPClassifier | MLPRegressor):
        kind = type(estimator).__name__
        raise BadInput(
            f"from_sklearn: expected an MLPRegressor or MLPClassifier, got {kind}; pass one of these"
        )
    if not hasattr(estimator, "coefs_"):
        raise BadInput("from_sklearn: the estimator is not fitted; call its fit method first")
    coefs, biases = estimator.coefs_, estimator.intercepts_
    widths = [int(coefs[0].shape[0]), *(int(matrix.shape[1]) for matrix in coefs)]
    network = mlp(*widths, activation=_ACTIVATIONS.get(estimator.activation, str(estimator.activation)))
    weights: dict[str, object] = {}
    for layer, (matrix, bias) in enumerate(zip(coefs, biases, strict=True), start=1):
        weights |= {f"W{layer}": matrix.T, f"b{layer}": bias}
    return network, weights
