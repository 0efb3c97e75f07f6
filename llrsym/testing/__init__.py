"""Property tests of architectures: strategies for Hypothesis, a suite of properties, and a pytest plugin.

The public names are loaded on first use, so that the plugin costs nothing where it is not asked for.

>>> from llrsym.testing import Architecture, architecture_suite
>>> net = Architecture("mlp(d, k, 1, bias=False)", sizes={"d": [1, 2], "k": [1]}, claims=["rank = k*(d+1)"])
>>> architecture_suite(net, only=["claims"]).verdict
'holds'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llrsym.testing.architecture import Architecture, Embedding
    from llrsym.testing.degenerate import KINDS, degenerate_weights
    from llrsym.testing.result import Counterexample, Property, SuiteResult
    from llrsym.testing.strategies import architectures, embeddings, inputs, networks, weights
    from llrsym.testing.suite import architecture_suite

__all__ = [
    "KINDS",
    "Architecture",
    "Counterexample",
    "Embedding",
    "Property",
    "SuiteResult",
    "architecture_suite",
    "architectures",
    "degenerate_weights",
    "embeddings",
    "inputs",
    "networks",
    "weights",
]
_HOMES = {
    "KINDS": "degenerate",
    "Architecture": "architecture",
    "Counterexample": "result",
    "Embedding": "architecture",
    "Property": "result",
    "SuiteResult": "result",
    "architecture_suite": "suite",
    "architectures": "strategies",
    "degenerate_weights": "degenerate",
    "embeddings": "strategies",
    "inputs": "strategies",
    "networks": "strategies",
    "weights": "strategies",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'llrsym.testing' has no attribute '{name}'")
    value: object = getattr(import_module(f"llrsym.testing.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
