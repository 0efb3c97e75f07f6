"""Exact values for deep tanh networks, which the paper leaves open."""

from __future__ import annotations

from proofs.source.depth import GENERIC, SIGMOID, T3, parameters
from proofs.source.model import PAPER, Bound, Instance, Item, Rank, Status, Theory, Weights

T1 = Theory("deep-tanh", "thm-deep-immersion", "T1, immersion")
T2 = Theory("deep-tanh", "thm-deep-uniqueness", "T2, uniqueness")
T3_HIDDEN = Theory("deep-tanh", "thm-deep-hidden", "T3-hid, hidden biases only")

ODD_RATIOS: Weights = {
    "W1": [[1, 2], [3, 6], [9, 18]],
    "W2": [[1, 1, 0], [3, 0, 3]],
    "W3": [[1, -2]],
}
CHAIN: Weights = {
    "W1": [[1, 2], [-1, -2], [2, -1]],
    "b1": [1, -1, 0],
    "W2": [[1, 2, 1], [1, 0, 3], [2, 0, 6]],
    "b2": [1, 1, 2],
    "W3": [[1, 0, 5]],
    "b3": [2],
}
"""Sign clones below, a dropped neuron above: irreducible widths 2, 2, 2, 1."""
DEEP_TANH = Item(
    folder="open-item-deep-tanh",
    title="Exact values at every depth for tanh",
    source=f"{PAPER}, outlook (independence of deep neurons, exact deep ranks): left open there",
    words="deep tanh: $O(f^*)$ is the parameter count of the irreducible network of $f^*$",
    status=Status.EXTENDED,
    statement="""
    T1: a tanh network without zero rows, zero columns and neurons equal up to sign has linearly
    independent tangent functions. T2: it is determined by its function. T3: for all biases, none, or
    the output bias only, the minimal rank over the target set in every wide network of that depth is
    its parameter count.
    """,
    checked="""
    T1 by exact ranks at adversarial weights, which do not use T1; T3 for almost every target and for
    given ones that have to be reduced first, with one output and several, and for the sigmoid.
    """,
    theory=(T1, T2, T3, T3_HIDDEN, GENERIC, SIGMOID),
    instances=(
        Instance(
            "t1-odd-ratios",
            Rank("mlp(2, 3, 2, 1, bias=False)", ODD_RATIOS),
            parameters(2, 3, 2, 1, bias=False),
            note="parallel weights with odd ratios, which share poles",
        ),
        Instance(
            "t1-biases",
            Rank(
                "mlp(1, 2, 2, 1)",
                {
                    "W1": [[1], [1]],
                    "b1": [0, 1],
                    "W2": [[1, -1], [1, -1]],
                    "b2": [0, 3],
                    "W3": [[1, 1]],
                    "b3": [0],
                },
            ),
            parameters(1, 2, 2, 1),
            note="equal weights, different biases",
        ),
        Instance("t1-two-outputs", Rank("mlp(2, 2, 2, 2, bias=False)"), parameters(2, 2, 2, 2, bias=False)),
        Instance(
            "t3-reduced",
            Bound("mlp(2, 5, 5, 1)", "mlp(2, 3, 3, 1)", CHAIN),
            parameters(2, 2, 2, 1),
            note="irreducible widths 2, 2, 2, 1",
        ),
        Instance(
            "t3-four-layers",
            Bound("mlp(2, 50, 50, 50, 50, 1)", "mlp(2, 3, 1, 2, 3, 1)"),
            parameters(2, 3, 1, 2, 3, 1),
        ),
        Instance(
            "t3-two-outputs",
            Bound("mlp(2, 3, 3, 2)", "mlp(2, 2, 2, 2)"),
            parameters(2, 2, 2, 2),
            samples=9,
            note="18 tangent functions, 9 samples of two numbers each",
        ),
        Instance(
            "t3-hidden-biases",
            Bound("mlp(2, 4, 4, 1, bias='hidden')", "mlp(2, 3, 2, 1)"),
            parameters(2, 3, 2, 1) - 1 + 1 + 3,
            note="hidden biases only, constant part: $c+m_{L-1}$ more",
        ),
        Instance(
            "t3-sigmoid",
            Bound("mlp(2, 9, 9, 1, activation='sigmoid')", "mlp(2, 2, 3, 1, activation='sigmoid')"),
            parameters(2, 2, 3, 1),
        ),
    ),
    remark="tanh; sigmoid with all biases",
    limits="""
    Other activations, and bias patterns in which a layer has biases and a later hidden layer has none,
    are open. For given weights with constant neurons in two successive layers a comparison of constants
    may stay undecided.
    """,
)

ITEMS = (DEEP_TANH,)
