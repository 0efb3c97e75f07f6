"""Two sizes that are not the optimistic sample size: the local recovery size and the maximal model rank."""

from llrsym.bounds.strata import local_recovery_size
from llrsym.kernel.model_documents import AnyModel
from llrsym.kernel.models import Convolution, Diagonal, Factorization, Layered, Weights, parameter_count
from llrsym.kernel.two_layer import target_of


def local_recovery(wide: AnyModel, target: AnyModel, weights: Weights | None) -> int | None:
    """Return the local recovery size of a target that the wide network expresses, or None if it is not known.

    Known for two-layer tanh networks with one output: the least codimension of the target set.

    >>> from llrsym.kernel.models import Layered
    >>> narrow, wide = (Layered((2, m, 1), "tanh", (False, False)) for m in (1, 3))
    >>> local_recovery(wide, narrow, None)
    5
    """
    if not isinstance(wide, Layered) or not isinstance(target, Layered | Convolution):
        return None
    if wide.activation != "tanh" or len(wide.widths) != 3 or wide.widths[2] != 1:
        return None
    inputs, width, _ = wide.widths
    hidden_bias, output_bias = wide.biases
    grid = target.input if isinstance(target, Convolution) else (inputs,)
    summary = target_of(target, weights, grid)
    constant = summary.constant and not output_bias
    return local_recovery_size(inputs, width, summary.neurons, hidden_bias, output_bias, constant)


def maximal_rank(model: AnyModel) -> int | None:
    """Return M_I, the largest model rank: that of almost every parameter; None where no theorem is used.

    tanh networks reach the number of parameters at every irreducible point (docs/theory/deep-tanh), the
    other closed forms are in docs/theory/closed-forms.

    >>> from llrsym.kernel.models import Factorization
    >>> maximal_rank(Factorization(4, 2, 4))
    12
    """
    match model:
        case Factorization():
            left, right = min(model.rows, model.inner), min(model.inner, model.cols)
            return model.rows * model.cols - (model.rows - left) * (model.cols - right)
        case Diagonal():
            return model.size
        case Convolution():
            return parameter_count(model) if model.activation == "tanh" else None
        case Layered():
            return _maximal_rank_layered(model)
        case _:
            return None


def _maximal_rank_layered(model: Layered) -> int | None:
    inputs, outputs, bias = model.widths[0], model.widths[-1], model.biases[-1]
    if len(model.widths) == 2:
        return parameter_count(model)
    if model.activation == "identity" and len(set(model.biases)) == 1:
        r = min(model.widths)
        return r * (inputs + outputs - r) + outputs * bias
    if model.activation == "power:2" and len(model.widths) == 3 and outputs == 1 and not any(model.biases):
        r = min(inputs, model.widths[1])
        return r * inputs - r * (r - 1) // 2
    if model.activation == "tanh" or (model.activation == "sigmoid" and all(model.biases)):
        return parameter_count(model)
    return None
