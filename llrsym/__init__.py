"""Exact model ranks and local linear recovery guarantees of neural networks, as checkable theorems.

The public names are loaded on first use, so that importing the package costs nothing.

>>> import llrsym as ll
>>> ll.mlp(2, 8, 8, 1, activation="tanh").parameter_count
105
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llrsym.bounds.claim_verdict import ClaimVerdict
    from llrsym.bounds.claims import bound_claim
    from llrsym.bounds.optimistic import optimistic_sample_size
    from llrsym.bounds.strata import strata
    from llrsym.conjectures.conjecture import conjecture
    from llrsym.conjectures.result import Conjecture
    from llrsym.embedding.embed import embed
    from llrsym.errors import BadInput, OutOfBudget
    from llrsym.networks.activations import register_activation
    from llrsym.networks.builders import (
        attention,
        conv,
        diagonal,
        gated,
        matrix_factorization,
        mixture_of_experts,
        mlp,
        recurrent,
        residual,
        tied_autoencoder,
        transformer,
    )
    from llrsym.networks.network import Network
    from llrsym.networks.onnx_import import from_onnx
    from llrsym.networks.sklearn_import import from_sklearn
    from llrsym.networks.text import parse_network
    from llrsym.networks.torch_import import from_torch
    from llrsym.networks.trace import trace
    from llrsym.networks.weight_files import load_weights
    from llrsym.recovery.condense import condense
    from llrsym.recovery.data import Data, read_data
    from llrsym.recovery.design_result import Design
    from llrsym.recovery.guarantee import llr_guarantee
    from llrsym.recovery.guarantee_result import Guarantee
    from llrsym.recovery.recover import recover
    from llrsym.recovery.recovery_result import Recovery
    from llrsym.recovery.sample_design import sample_design
    from llrsym.report.api import bounds_table
    from llrsym.tangent.functions import tangent_functions
    from llrsym.tangent.independence import independence
    from llrsym.tangent.independence import independence as independent
    from llrsym.tangent.rank import model_rank
    from llrsym.verdict import Derivation, Relation, Verdict
    from llrsym.verification import verify

__version__ = "0.1.0"
__all__ = [
    "BadInput",
    "ClaimVerdict",
    "Conjecture",
    "Data",
    "Derivation",
    "Design",
    "Guarantee",
    "Network",
    "OutOfBudget",
    "Recovery",
    "Relation",
    "Verdict",
    "__version__",
    "attention",
    "bound_claim",
    "bounds_table",
    "condense",
    "conjecture",
    "conv",
    "diagonal",
    "embed",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "gated",
    "independence",
    "independent",
    "llr_guarantee",
    "load_weights",
    "matrix_factorization",
    "mixture_of_experts",
    "mlp",
    "model_rank",
    "optimistic_sample_size",
    "parse_network",
    "read_data",
    "recover",
    "recurrent",
    "register_activation",
    "residual",
    "sample_design",
    "strata",
    "tangent_functions",
    "tied_autoencoder",
    "trace",
    "transformer",
    "verify",
]
_ALIASES = {"independent": "independence"}
_HOMES = {
    "BadInput": "llrsym.errors",
    "ClaimVerdict": "llrsym.bounds.claim_verdict",
    "Conjecture": "llrsym.conjectures.result",
    "Data": "llrsym.recovery.data",
    "Derivation": "llrsym.verdict",
    "Design": "llrsym.recovery.design_result",
    "Guarantee": "llrsym.recovery.guarantee_result",
    "Network": "llrsym.networks.network",
    "OutOfBudget": "llrsym.errors",
    "Recovery": "llrsym.recovery.recovery_result",
    "Relation": "llrsym.verdict",
    "Verdict": "llrsym.verdict",
    "attention": "llrsym.networks.builders",
    "bound_claim": "llrsym.bounds.claims",
    "bounds_table": "llrsym.report.api",
    "condense": "llrsym.recovery.condense",
    "conjecture": "llrsym.conjectures.conjecture",
    "conv": "llrsym.networks.builders",
    "diagonal": "llrsym.networks.builders",
    "embed": "llrsym.embedding.embed",
    "from_onnx": "llrsym.networks.onnx_import",
    "from_sklearn": "llrsym.networks.sklearn_import",
    "from_torch": "llrsym.networks.torch_import",
    "gated": "llrsym.networks.builders",
    "independence": "llrsym.tangent.independence",
    "independent": "llrsym.tangent.independence",
    "llr_guarantee": "llrsym.recovery.guarantee",
    "load_weights": "llrsym.networks.weight_files",
    "matrix_factorization": "llrsym.networks.builders",
    "mixture_of_experts": "llrsym.networks.builders",
    "mlp": "llrsym.networks.builders",
    "model_rank": "llrsym.tangent.rank",
    "optimistic_sample_size": "llrsym.bounds.optimistic",
    "parse_network": "llrsym.networks.text",
    "read_data": "llrsym.recovery.data",
    "recover": "llrsym.recovery.recover",
    "recurrent": "llrsym.networks.builders",
    "register_activation": "llrsym.networks.activations",
    "residual": "llrsym.networks.builders",
    "sample_design": "llrsym.recovery.sample_design",
    "strata": "llrsym.bounds.strata",
    "tangent_functions": "llrsym.tangent.functions",
    "tied_autoencoder": "llrsym.networks.builders",
    "trace": "llrsym.networks.trace",
    "transformer": "llrsym.networks.builders",
    "verify": "llrsym.verification",
}


def __getattr__(name: str) -> object:
    if name == "testing":
        return import_module("llrsym.testing")
    if name not in _HOMES:
        raise AttributeError(f"module 'llrsym' has no attribute '{name}'")
    value: object = getattr(import_module(_HOMES[name]), _ALIASES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
