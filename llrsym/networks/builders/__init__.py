"""Networks by name: each builder returns a network whose text rebuilds it."""

from collections.abc import Callable

from llrsym.networks.builders.attention import attention, transformer
from llrsym.networks.builders.checks import Bias
from llrsym.networks.builders.convolution import conv
from llrsym.networks.builders.dense import (
    diagonal,
    gated,
    matrix_factorization,
    mixture_of_experts,
    mlp,
    tied_autoencoder,
)
from llrsym.networks.builders.sequential import recurrent, residual
from llrsym.networks.network import Network

__all__ = [
    "BUILDERS",
    "Bias",
    "attention",
    "conv",
    "diagonal",
    "gated",
    "matrix_factorization",
    "mixture_of_experts",
    "mlp",
    "recurrent",
    "residual",
    "tied_autoencoder",
    "transformer",
]

BUILDERS: dict[str, Callable[..., Network]] = {
    "mlp": mlp,
    "conv": conv,
    "matrix_factorization": matrix_factorization,
    "diagonal": diagonal,
    "residual": residual,
    "recurrent": recurrent,
    "attention": attention,
    "transformer": transformer,
    "gated": gated,
    "tied_autoencoder": tied_autoencoder,
    "mixture_of_experts": mixture_of_experts,
}
