"""Trained scikit-learn networks: same function, exact weights."""

import numpy as np
import pytest

from llrsym.errors import BadInput
from llrsym.networks.sklearn_import import from_sklearn
from llrsym.networks.weights import exact_weights

neural_network = pytest.importorskip("sklearn.neural_network")
X = np.linspace(-1, 1, 24).reshape(12, 2)
APPLY = {"tanh": np.tanh, "logistic": lambda z: 1 / (1 + np.exp(-z)), "identity": lambda z: z}


def trained(kind: str, activation: str, targets: np.ndarray):
    model = getattr(neural_network, kind)(
        hidden_layer_sizes=(4, 3), activation=activation, solver="lbfgs", max_iter=3, random_state=0
    )
    with pytest.warns(match="converge"):
        return model.fit(X, targets)


def evaluate(weights: dict[str, object], activation: str) -> np.ndarray:
    h = X.T
    for layer in (1, 2, 3):
        h = np.asarray(weights[f"W{layer}"]) @ h + np.asarray(weights[f"b{layer}"])[:, None]
        h = APPLY[activation](h) if layer < 3 else h
    return h.T


@pytest.mark.parametrize(
    ("activation", "name"), [("tanh", "tanh"), ("logistic", "sigmoid"), ("identity", "identity")]
)
def test_a_regressor_is_the_same_function(activation, name):
    model = trained("MLPRegressor", activation, np.stack([X[:, 0], X[:, 1] ** 2], axis=1))
    network, weights = from_sklearn(model)
    assert network.text == f"mlp(2, 4, 3, 2, activation='{name}', bias=True)"
    np.testing.assert_allclose(evaluate(weights, activation), model.predict(X), rtol=1e-12)
    exact = exact_weights(network, weights)
    assert [float(w) for w in exact[0]] == model.coefs_[0].T.ravel().tolist()


def test_a_classifier_is_the_map_to_its_logits():
    model = trained("MLPClassifier", "tanh", np.arange(12) % 3)
    network, weights = from_sklearn(model)
    logits = evaluate(weights, "tanh")
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert network.outputs == 3
    np.testing.assert_allclose(softmax, model.predict_proba(X), rtol=1e-9)


def test_a_binary_classifier_has_one_logit():
    model = trained("MLPClassifier", "tanh", np.arange(12) % 2)
    network, weights = from_sklearn(model)
    probability = 1 / (1 + np.exp(-evaluate(weights, "tanh")[:, 0]))
    assert network.outputs == 1
    np.testing.assert_allclose(probability, model.predict_proba(X)[:, 1], rtol=1e-9)


def test_relu_is_refused():
    model = trained("MLPRegressor", "relu", X[:, 0])
    with pytest.raises(BadInput, match="relu is not analytic"):
        from_sklearn(model)


def test_an_estimator_that_is_not_fitted_is_refused():
    with pytest.raises(BadInput, match="not fitted; call its fit method"):
        from_sklearn(neural_network.MLPRegressor())


def test_other_objects_are_refused():
    with pytest.raises(BadInput, match="expected an MLPRegressor or MLPClassifier, got dict"):
        from_sklearn({})


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.neural_network", None)
    with pytest.raises(BadInput, match=r"pip install 'llrsym\[sklearn\]'"):
        from_sklearn(object())
