"""The network of a model, written as a call of its builder."""

from llrsym.kernel.models import Convolution, Diagonal, Factorization, Layered, Model
from llrsym.networks.builders import Bias, conv, diagonal, matrix_factorization, mlp
from llrsym.networks.network import Network


def rebuilt(model: Model) -> Network:
    """Return the network that a builder makes of these sizes; its model is the given one.

    ``model`` has biases as builders make them: in every layer, in none, or in every layer but the last.

    >>> rebuilt(Layered((2, 3, 1), "tanh", (True, False))).text
    "mlp(2, 3, 1, activation='tanh', bias='hidden')"
    """
    match model:
        case Layered():
            return mlp(*model.widths, activation=model.activation, bias=_bias(model.biases))
        case Convolution():
            return conv(
                input=model.input,
                kernel=model.kernel,
                channels=(model.channels,),
                activation=model.activation,
                shared=model.shared,
                bias=_bias((model.hidden_bias, model.output_bias)),
                outputs=model.outputs,
            )
        case Factorization():
            return matrix_factorization(rows=model.rows, inner=model.inner, cols=model.cols)
        case Diagonal():
            return diagonal(model.size, depth=model.depth)


def _bias(biases: tuple[bool, ...]) -> Bias:
    return biases[-1] or ("hidden" if biases[0] else False)
