"""Linear independence of given functions: the rank of the model that is linear in its coefficients."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

from llrsym.kernel.program import size
from llrsym.networks.expressions import parse_functions
from llrsym.tangent.describe import described_family
from llrsym.tangent.rank import Progress, Question, silent
from llrsym.verdict import Verdict


def independence(
    functions: Sequence[str],
    *,
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Return proved bounds on the dimension of the span of a family, with every relation found.

    The family is independent exactly when both bounds equal its size. The model f = sum_k a_k f_k has the
    family as its tangent functions at every weight, so this is a model rank at the weights a = 0.

    Raises ``BadInput`` for a text that is no function of the grammar (see ``llrsym independence --help``).

    >>> verdict = independence(["exp(x)", "exp(x+1)"])
    >>> verdict.lower, verdict.upper, [dict(r.coefficients) for r in verdict.relations]
    (1, 1, [{'exp(x)': '-E', 'exp(x+1)': '1'}])

    Reference: docs/theory (given-weights, upper-bounds).
    """
    network = parse_functions(list(functions))
    zeros = tuple((Fraction(0),) * size(p.shape) for p in network.program.parameters)
    describe = partial(described_family, list(functions))
    question = Question("independence", network, zeros, seed, budget, True, progress or silent, describe)
    return question.answer(certificate)
