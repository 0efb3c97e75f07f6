"""The tables of the papers on local linear recovery, as formulas beside instances that are computed.

arXiv:2406.18035 (Tables 1 to 3), 2307.08921 and 2211.11623 (one-dimensional convolutions, biases, matrix
factorisation). A published formula is compared with the exact value of every instance; an instance at which
it fails refutes it. The formulas of the column with the exact values are proved in docs/theory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from llrsym.bounds.formula import Formula, Sizes
from llrsym.bounds.notation import HTML, LATEX, Style
from llrsym.errors import BadInput
from llrsym.networks.builders import mlp
from llrsym.report.paper_convolutions import convolution_tables
from llrsym.report.paper_linear import linear_tables
from llrsym.report.plans import Claim, Instance, Plan, Statement
from llrsym.report.questions import Question

COLUMNS = ("sizes", "parameters", "formula", "samples")
DEEP, TWO_LAYER = "docs/theory/deep-tanh", "docs/theory/target-sets"


def paper_tables() -> list[Plan]:
    """Return the tables of the papers, before their questions are answered.

    >>> [plan.label for plan in paper_tables()][:3]
    ['tab:deep', 'tab:two-layer', 'tab:biases']
    """
    return [_deep(), _two_layer(), _biases(), *convolution_tables(), *linear_tables()]


@dataclass(frozen=True)
class Chain:
    """The weights of a layered net without biases, d w_1 + w_1 w_2 + ... + w_(L-1), w a list of widths.

    >>> Chain("d", "k").value({"d": 4, "k": (2, 3)})
    17
    """

    inputs: str
    widths: str

    @property
    def names(self) -> frozenset[str]:
        """The sizes that occur."""
        return frozenset({self.inputs, self.widths})

    def value(self, sizes: Sizes) -> int:
        """Return the value; raises ``BadInput`` unless there are a number of inputs and a list of widths."""
        d, widths = sizes.get(self.inputs), sizes.get(self.widths)
        if not isinstance(d, int) or not isinstance(widths, tuple):
            raise BadInput(f"formula: expected a number {self.inputs} and a list of widths {self.widths}")
        return sum(a * b for a, b in pairwise((d, *widths, 1)))

    def write(self, style: Style) -> str:
        """Return the sum in a style."""
        w = self.widths
        if style is LATEX:
            return rf"\sum_{{l=1}}^{{L}} {w}_{{l-1}} {w}_{{l}}"
        if style is HTML:
            return f"Σ<sub><i>l</i></sub> <i>{w}</i><sub><i>l</i>-1</sub> <i>{w}</i><sub><i>l</i></sub>"
        return f"sum of {w}_(l-1)*{w}_l over l"


def _deep() -> Plan:
    def instance(d: int, narrow: tuple[int, ...], wide: tuple[int, ...]) -> Instance:
        question = Question(mlp(d, *wide, 1, bias=False), mlp(d, *narrow, 1, bias=False))
        return Instance(question, {"d": d, "L": len(wide) + 1, "k": narrow, "m": wide})

    def line(d: int, depth: int, width: int) -> Instance:
        return instance(d, (1,) * (depth - 1), (width,) * (depth - 1))

    narrow, wide, ones = Chain("d", "k"), Chain("d", "m"), Formula("d + L - 1")
    statements = (
        Statement(
            (line(3, 3, 3), line(3, 4, 3), line(784, 4, 100)),
            "one neuron in every layer",
            {"formula": Claim(ones, DEEP, at_most=True), "samples": Claim(ones, DEEP)},
        ),
        Statement(
            (
                instance(4, (2, 3), (5, 5)),
                instance(5, (2, 2, 2), (4, 4, 4)),
                instance(784, (20, 10), (500, 500)),
            ),
            "widths $k$ in widths $m$",
            {"formula": Claim(narrow, DEEP, at_most=True), "samples": Claim(narrow, DEEP)},
        ),
        Statement(
            (instance(2, (3, 3), (3, 3)), instance(3, (2, 2, 2), (2, 2, 2))),
            "full widths, $k == m$",
            {"formula": Claim(wide, DEEP, at_most=True), "samples": Claim(wide, DEEP)},
        ),
    )
    caption = (
        "Optimistic sample sizes $O$ of targets with $L$ layers, tanh, no biases "
        "(arXiv:2406.18035, Table 1, which bounds them from above); $k$ are the hidden widths of the target, "
        "$m$ of the network, $k_0 == d$, $k_L == 1$"
    )
    return Plan(caption, "tab:deep", COLUMNS, statements, {"formula": "published"})


def _claims(parameters: Formula, published: Claim, exact: Claim) -> dict[str, Claim]:
    return {"parameters": Claim(parameters), "formula": published, "samples": exact}


def _two_layer() -> Plan:
    zero = {"W1": [[0, 0]], "W2": [[0]]}
    clones = {"W1": [[1, 2], [-1, -2], [1, 0]], "W2": [[1, 2, 3]]}
    no, k = (Claim(Formula(text), TWO_LAYER) for text in ("0", "k*(d+1)"))
    statements = (
        Statement(
            (_neurons(2, 1, 3, False, {"k": 0}, zero, "all weights zero"),),
            "zero function, $k == 0$",
            _claims(Formula("m*(d+1)"), no, no),
        ),
        Statement(
            (
                _neurons(1, 1, 3, False),
                _neurons(2, 2, 4, False),
                _neurons(3, 2, 5, False),
                _neurons(784, 10, 1000, False),
                _neurons(2, 3, 4, False, {"k": 2}, clones, "three neurons, two of them equal up to sign"),
            ),
            "$k$ neurons",
            _claims(Formula("m*(d+1)"), k, k),
        ),
    )
    caption = (
        "Optimistic sample sizes $O$ of two-layer tanh networks with $d$ inputs and $m$ neurons, no biases; "
        "$k$ is the least number of neurons that express the target (arXiv:2406.18035, Table 2)"
    )
    return Plan(caption, "tab:two-layer", COLUMNS, statements, {"formula": "published"})


def _neurons(
    d: int,
    k: int,
    m: int,
    bias: bool | str,
    sizes: Mapping[str, int] | None = None,
    weights: Mapping[str, object] | None = None,
    note: str = "",
) -> Instance:
    """k neurons in m neurons; ``sizes`` where the given weights need fewer than k."""
    question = Question(mlp(d, m, 1, bias=bias), mlp(d, k, 1, bias=bias), weights)
    return Instance(question, {"d": d, "k": k, "m": m} | dict(sizes or {}), note=note)


def _with_constant(d: int, k: int, m: int) -> Instance:
    """k neurons and a constant part, which without an output bias is a neuron with w = 0."""
    rows = [[i + 1] + [1] * (d - 1) for i in range(k)]
    weights = {"W1": [*rows, [0] * d], "b1": [*range(k), 1], "W2": [[1] * (k + 1)]}
    return _neurons(d, k + 1, m, "hidden", {"k": k}, weights, "constant part tanh(1)")


def _biases() -> Plan:
    neurons, outputs = Claim(Formula("k*(d+2)"), TWO_LAYER), Claim(Formula("k*(d+2) + 1"), TWO_LAYER)
    bounds = [Claim(Formula(t), TWO_LAYER, at_most=True) for t in ("k*(d+2)", "(k+1)*(d+2)", "k*(d+2) + 1")]
    constant = Claim(Formula("k*(d+2) + d + 1"), TWO_LAYER)
    point = {"W1": [[0, 0]], "b1": [0], "W2": [[0]], "b2": [3]}
    statements = (
        Statement(
            tuple(_neurons(d, k, k + 2, "hidden") for d, k in ((1, 1), (2, 2), (5, 3))),
            "hidden bias, no constant part",
            {"formula": bounds[0], "samples": neurons},
        ),
        Statement(
            tuple(_with_constant(d, k, k + 2) for d, k in ((1, 0), (1, 2), (2, 1), (3, 2))),
            "hidden bias, constant part",
            {"formula": bounds[1], "samples": constant},
        ),
        Statement(
            (
                *(_neurons(d, k, k + 2, True) for d, k in ((1, 1), (2, 2), (5, 3))),
                _neurons(2, 1, 3, True, {"k": 0}, point, "the constant 3"),
            ),
            "hidden and output bias",
            {"formula": bounds[2], "samples": outputs},
        ),
    )
    caption = (
        "Two-layer tanh networks with biases: $O$ beside the number of parameters of the narrowest network "
        "that expresses the target, the bound of arXiv:2406.18035, Theorem 4. Without an output bias a "
        "constant part takes a neuron whose incoming weights are zero, and the bound is not attained"
    )
    headings = {"formula": "Theorem 4"}
    return Plan(caption, "tab:biases", COLUMNS, statements, headings)
