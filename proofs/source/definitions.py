"""The general statements: the LLR condition, optimistic sample sizes, samples (Sections 2 and 3)."""

from __future__ import annotations

from collections.abc import Sequence

from llrsym.networks.assembly import Assembly
from llrsym.networks.network import Network
from proofs.source.model import (
    PAPER,
    Bound,
    Independence,
    Instance,
    Item,
    Rank,
    RankOf,
    Status,
    Theory,
    Weights,
)

PROPOSITION_1 = Theory("definitions", "sec-model", "Proposition 1")
F1 = Theory("definitions", "fact-f1", "F1 and its consequences")
SAMPLES = Theory("samples", "thm-samples", "the proposition on numbers of samples")
RANK_ONE: Weights = {
    "A": [[1, 0, 0, 0], [2, 0, 0, 0], [-1, 0, 0, 0], [3, 0, 0, 0]],
    "B": [[1, 2, 5, -3], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
}
"""A 4 x 4 matrix of rank one without zero entries, at a parameter of minimal rank 7."""
PATH = ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3))
SQUARES = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 3))


def sampled(entries: Sequence[tuple[int, int]]) -> Network:
    """Return the model whose outputs are these entries of A B: its rank is that of the evaluation matrix."""
    net = Assembly((0,), {"A": (4, 4), "B": (4, 4)})
    product = net.einsum("ik,kj->ij", net.parameter("A"), net.parameter("B"))
    index = [4 * i + j for i, j in entries]
    return Network(
        f"the entries {list(entries)} of A B", net.finish(net.gather([product], index, (len(index),)))
    )


def on_entries(name: str, entries: Sequence[tuple[int, int]], rank: int, note: str) -> Instance:
    """The rank of the evaluation matrix on a set of matrix entries, at ``RANK_ONE``."""
    listed = ", ".join(f"{i}{j}" for i, j in entries)
    words = f"$A B$ restricted to the {len(entries)} entries {listed}"
    return Instance(name, RankOf(sampled(entries), words, RANK_ONE), rank, note=note)


WHOLE = Instance(
    "matrix",
    Rank("matrix_factorization(rows=4, inner=4, cols=4)", RANK_ONE),
    7,
    note="the rank at this point",
)
CONNECTED = on_entries("path", PATH, 7, "as much as the rank 7 at this point: an LLR guarantee")
DISCONNECTED = on_entries("two-squares", SQUARES, 6, "7 samples, but less than the rank 7: no LLR guarantee")


def cubic() -> Network:
    """Return the model t^3 x."""
    net = Assembly((1,), {"t": (1,)})
    return Network(
        "t^3 x", net.finish(net.multiply(net.activation("power:3", net.parameter("t")), net.input))
    )


MONOTONE = Item(
    folder="proposition-1",
    title="More samples do no harm",
    source=f"{PAPER}, Proposition 1",
    words=r"an LLR guarantee from $n$ samples gives one from every $n'\ge n$",
    status=Status.PROVED,
    statement=r"""
    If $f^*$ has an LLR guarantee from some $n$ samples, it has one from some $n'$ samples for every
    $n'\ge n$.
    """,
    checked=r"""
    Nested sets of entries of a $4\times4$ matrix of rank one: the rank of the evaluation matrix grows
    with the set and stays at its maximum, the model rank 7.
    """,
    theory=(PROPOSITION_1, SAMPLES),
    instances=(
        on_entries("six-entries", PATH[:6], 6, "too few"),
        on_entries("seven-entries", PATH, 7, "enough"),
        on_entries("eight-entries", (*PATH, (3, 0)), 7, "still enough"),
    ),
    proof="""
    The guarantee says that evaluation on $S$ is injective on the tangent space. A larger set of samples
    evaluates more, so it remains injective.
    """,
)

LLR_CONDITION = Item(
    folder="lemma-7",
    title="The LLR condition",
    source=f"{PAPER}, Lemma 7; arXiv 2211.11623, Lemma 1",
    words=r"""
    LLR at $\theta$ from $S$ if and only if $\operatorname{rank}J_S(\theta)=\operatorname{rank}(\theta)$
    """,
    status=Status.PROVED,
    statement=r"""
    Samples $S$ carry an LLR guarantee for $f^*$ at a parameter $\theta$ with $f_\theta=f^*$ if and only
    if the evaluation matrix on $S$ has the rank of the whole tangent function space.
    """,
    checked=r"""
    A $4\times4$ matrix of rank one: the model rank, and the rank of the evaluation matrix on two sets
    of seven entries. One carries a guarantee, the other does not.
    """,
    theory=(PROPOSITION_1,),
    instances=(WHOLE, CONNECTED, DISCONNECTED),
    remark="any number of outputs",
)

TARGET_POINT = Item(
    folder="corollary-1",
    title="Below and above the rank at one parameter",
    source=f"{PAPER}, Corollary 1",
    words=r"""
    at $\theta$: no LLR from $n<\operatorname{rank}(\theta)$ samples, LLR from some
    $n\ge\operatorname{rank}(\theta)$
    """,
    status=Status.PROVED,
    statement=r"""
    At a parameter $\theta$ of $f^*$: fewer than $\operatorname{rank}(\theta)$ samples never carry an
    LLR guarantee, and for every $n\ge\operatorname{rank}(\theta)$ some $n$ samples do.
    """,
    checked=r"""
    Two parameters with the same function $2\tanh x$ and different ranks, so with different numbers of
    samples.
    """,
    theory=(F1, SAMPLES),
    instances=(
        Instance(
            "split",
            Rank("mlp(1, 2, 1, bias=False)", {"W1": [[1], [1]], "W2": [[1, 1]]}),
            2,
            note="two equal neurons",
        ),
        Instance(
            "zero-out",
            Rank("mlp(1, 2, 1, bias=False)", {"W1": [[1], [2]], "W2": [[2, 0]]}),
            3,
            note="one neuron without outgoing weight",
        ),
    ),
    repair=r"""
    For $c>1$ outputs one sample gives $c$ numbers: the first half holds for
    $nc<\operatorname{rank}(\theta)$ only. The paper has one output.
    """,
    remark="one output",
)

MINIMAL_RANK = Item(
    folder="theorem-1",
    title="The optimistic sample size is the minimal rank",
    source=f"{PAPER}, Theorem 1; arXiv 2211.11623, Theorem 1",
    words=r"$O(f^*)=\min\lbrace\operatorname{rank}(\theta):f_\theta=f^*\rbrace$",
    status=Status.PROVED,
    statement="""
    The least number of samples with an LLR guarantee for $f^*$, over all its parameters, is the
    smallest model rank over all its parameters.
    """,
    checked=r"""
    $2\tanh x$ in a network with two neurons: ranks 2 and 3 occur at its parameters (see [Corollary
    1](../corollary-1/)), and $O=2$. A network with two outputs, where $O$ is not the minimal rank. And
    $t^3x$ at $t=0$: rank 0, so $O(0)=0$, although without samples every $t$ fits.
    """,
    theory=(F1, SAMPLES, Theory("samples", "sec-not", "what an LLR guarantee is not")),
    instances=(
        Instance(
            "two-neurons",
            Bound("mlp(1, 2, 1, bias=False)", "mlp(1, 1, 1, bias=False)", {"W1": [[1]], "W2": [[2]]}),
            2,
        ),
        Instance(
            "two-outputs",
            Bound(
                "mlp(4, 2, 2, activation='identity', bias=False)",
                "mlp(4, 1, 2, activation='identity', bias=False)",
            ),
            5,
            samples=4,
            note="two outputs: 4 is neither 5 nor 5/2 rounded up",
        ),
        Instance("cubic", RankOf(cubic(), "$t^3x$", {"t": [0]}), 0, note="at $t=0$"),
    ),
    repair=r"""
    For $c>1$ outputs $O$ is the minimum over the target set of the number of samples that reach the
    rank; $\lceil\operatorname{rank}/c\rceil$ is a lower bound and need not be attained.
    """,
    remark="one output; several outputs by another formula",
)

AT_MOST_M = Item(
    folder="corollary-2",
    title="Never more samples than parameters",
    source=f"{PAPER}, Corollary 2",
    words=r"$O(f^*)\le M$",
    status=Status.PROVED,
    statement="""
    The optimistic sample size of every function of the model is at most its number $M$ of parameters.
    """,
    checked="""
    A network in which almost every function needs all $M$ samples, and one with an activation for which
    only the upper side is known.
    """,
    theory=(F1, Theory("upper-bounds", "", "the number of parameters")),
    instances=(
        Instance("equality", Bound("mlp(2, 3, 1)", "mlp(2, 3, 1)"), 13),
        Instance(
            "upper-only",
            Bound("mlp(2, 3, 1, activation='softplus')", "mlp(2, 3, 1, activation='softplus')"),
            13,
            at_most=True,
        ),
    ),
)

LINEAR_MODELS = Item(
    folder="corollary-3",
    title="Linear models gain nothing",
    source=f"{PAPER}, Corollary 3",
    words="a linear model with an independent basis has $O(f^*)=M$ for every $f^*$",
    status=Status.PROVED,
    statement=r"""
    If $f_\theta=\sum_i\theta_i\varphi_i$ with linearly independent $\varphi_i$, every function of the
    model has $O=M$: there is no LLR guarantee at overparameterisation.
    """,
    checked="""
    Bases for which the tangent functions are the basis itself at every weight, an affine model, and a
    dependent family, for which the conclusion fails.
    """,
    theory=(F1,),
    instances=(
        Instance("polynomials", Independence(("1", "x", "x^2", "x^3")), 4),
        Instance("mixed", Independence(("1", "sin(x)", "exp(x)", "tanh(x)")), 4),
        Instance("affine", Bound("mlp(3, 1, activation='identity')", "mlp(3, 1, activation='identity')"), 4),
        Instance("dependent", Independence(("1", "x", "2*x+1")), 2, note="independence is needed"),
    ),
    proof=r"""
    The tangent functions are $\varphi_1,\dots,\varphi_M$ at every $\theta$, so the rank is $M$ on the
    whole target set.
    """,
)

ALMOST_EVERY_SAMPLE = Item(
    folder="theorem-2",
    title="Almost every sample is as good as the best",
    source=f"{PAPER}, Lemma 9, Corollary 4 and Theorem 2",
    words="analytic models: if some $n$ samples carry an LLR guarantee, almost every $n$ samples do",
    status=Status.PROVED,
    statement=r"""
    For analytic functions $\varphi_1,\dots,\varphi_m$ on $\mathbb R^d$ whose span has dimension $r$,
    the matrix $(\varphi_i(x_\nu))$ has rank $\min(n,r)$ for Lebesgue-almost every $(x_1,\dots,x_n)$. So
    an LLR guarantee from some $n$ samples is one from almost every $n$ samples.
    """,
    checked="""
    Families of analytic functions with their dimension $r$. The lower side is a minor with formal
    samples, proved not to be the zero function: it is non-zero for almost every choice of $r$ samples.
    And the boundary of the hypothesis: two sets of seven entries of one matrix of rank one, of ranks 7
    and 6.
    """,
    theory=(
        F1,
        SAMPLES,
        Theory("samples", "thm-lower-local", "fewer samples than the rank"),
        Theory("samples", "sec-discrete", "discrete inputs"),
    ),
    instances=(
        Instance("full", Independence(("1", "x", "sin(x)", "exp(x)")), 4),
        Instance(
            "deficient", Independence(("sin(x)", "sin(x+1)", "sin(x+2)")), 2, note="$r=2$ of $m=3$ functions"
        ),
        CONNECTED,
        DISCONNECTED,
    ),
    repair="""
    The model has to be analytic in $x$ on a connected domain. For matrix completion the inputs are
    index pairs, and the statement is void: whether seven entries carry a guarantee depends on which
    ones. They do if and only if their bipartite graph is connected.
    """,
    remark="analytic in $x$ on a connected domain",
)

ITEMS = (
    MONOTONE,
    LLR_CONDITION,
    TARGET_POINT,
    MINIMAL_RANK,
    AT_MOST_M,
    LINEAR_MODELS,
    ALMOST_EVERY_SAMPLE,
)
