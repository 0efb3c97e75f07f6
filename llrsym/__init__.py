"""Exact model ranks and local linear recovery guarantees of neural networks, as checkable theorems.

The public names are loaded on first use, so that importing the package costs nothing.

>>> import llrsym as ll
>>> ll.mlp(2, 8, 8, 1, activation="tanh").parameter_count
105
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llrsym.errors import BadInput, OutOfBudget
    from llrsym.networks.activations import register_activation
    from llrsym.networks.builders import conv, diagonal, matrix_factorization, mlp
    from llrsym.networks.network import Network
    from llrsym.networks.sklearn_import import from_sklearn
    from llrsym.networks.text import parse_network
    from llrsym.networks.weight_files import load_weights
    from llrsym.tangent.functions import tangent_functions
    from llrsym.tangent.independence import independence
    from llrsym.tangent.independence import independence as independent
    from llrsym.tangent.rank import model_rank
    from llrsym.verdict import Derivation, Relation, Verdict
    from llrsym.verification import verify

__version__ = "0.1.0"
__all__ = [
    "BadInput",
    "Derivation",
    "Network",
    "OutOfBudget",
    "Relation",
    "Verdict",
    "__version__",
    "conv",
    "diagonal",
    "from_sklearn",
    "independence",
    "independent",
    "load_weights",
    "matrix_factorization",
    "mlp",
    "model_rank",
    "parse_network",
    "register_activation",
    "tangent_functions",
    "verify",
]
_ALIASES = {"independent": "independence"}
_HOMES = {
    "BadInput": "llrsym.errors",
    "Derivation": "llrsym.verdict",
    "Network": "llrsym.networks.network",
    "OutOfBudget": "llrsym.errors",
    "Relation": "llrsym.verdict",
    "Verdict": "llrsym.verdict",
    "conv": "llrsym.networks.builders",
    "diagonal": "llrsym.networks.builders",
    "from_sklearn": "llrsym.networks.sklearn_import",
    "independence": "llrsym.tangent.independence",
    "independent": "llrsym.tangent.independence",
    "load_weights": "llrsym.networks.weight_files",
    "matrix_factorization": "llrsym.networks.builders",
    "mlp": "llrsym.networks.builders",
    "model_rank": "llrsym.tangent.rank",
    "parse_network": "llrsym.networks.text",
    "register_activation": "llrsym.networks.activations",
    "tangent_functions": "llrsym.tangent.functions",
    "verify": "llrsym.verification",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'llrsym' has no attribute '{name}'")
    value: object = getattr(import_module(_HOMES[name]), _ALIASES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
