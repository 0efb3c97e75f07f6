"""Convolutional networks: Remark 14, Propositions 3 and 4, Theorems 6 and 7, Table 3, the experiments."""

from __future__ import annotations

from proofs.source.model import PAPER, Bound, Instance, Item, Rank, Status, Theory, Weights

TIED = Theory("two-layer-tanh", "thm-tied", "the formula for tied weights")
SHARED = Theory("convolution-targets", "thm-conv-shared", "shared kernels")
UNSHARED = Theory("convolution-targets", "thm-conv-unshared", "without sharing")
REPAIRED = Theory("convolution-targets", "thm-conv-formula", "when $k(S+L)$ is right")
TANH = Theory("target-sets", "thm-target-tanh", "targets of fully-connected tanh networks")
CONVENTION = r"""
    $S$ is the number of pixels of the kernel, $L$ the number of its positions: $S=s^2$ and
    $L=(d+1-s)^2$ for $s\times s$ kernels on $d\times d$ inputs, $S=s$ and $L=d+1-s$ in one dimension;
    every position has its own output weight.
    """
COINCIDENCE = """
    Two kernels may differ, also up to sign, and still produce the same neuron at two positions: kernels
    with a zero border that are shifts of one another. The smallest case has three inputs and the
    kernels $(1,0)$ and $(0,1)$.
    """
HYPOTHESIS = """\
    **Repaired hypothesis:** two kernels that are not equal up to sign never produce the same padded
    neuron up to sign, at whatever positions"""


def net(n: int, s: int, m: int, shared: bool = True, dims: int = 1, bias: str = "") -> str:
    """The text of a convolutional network on an n x ... x n input."""
    grid, kernel = (f"({', '.join([str(v)] * dims)}{',' if dims == 1 else ''})" for v in (n, s))
    sharing = "" if shared else ", shared=False"
    return f"conv(input={grid}, kernel={kernel}, channels=({m},){sharing}{bias})"


SHIFT: Weights = {"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 7]]}
SHIFT_2D: Weights = {
    "K": [[[1, 0], [0, 0]], [[0, 1], [0, 0]]],
    "a": [[[2, 3], [5, 7]], [[11, 13], [17, 19]]],
}
DEAD: Weights = {"K": [[1, 0, 0], [0, 0, 1]], "a": [[2, 0], [5, 0]]}
"""2 tanh x_0 + 5 tanh x_2: no two padded neurons agree, but two positions are dead."""
DEAD_BETTER: Weights = {"K": [[1, 0, 0], [0, 1, 0]], "a": [[2, 0], [0, 5]]}
UNTIED_SHIFT: Weights = {"K": [[[1, 0]] * 2, [[0, 1]] * 2], "a": [[2, 3], [5, 7]]}
UNTIED_SHIFT_BETTER: Weights = {"K": [[[1, 0], [0, 0]], [[0, 1], [0, 1]]], "a": [[2, 0], [8, 7]]}
UNTIED_2D: Weights = {
    "K": [[[kernel] * 2] * 2 for kernel in ([[1, 0], [0, 0]], [[0, 1], [0, 0]])],
    "a": SHIFT_2D["a"],
}

REMARK_14 = Item(
    folder="remark-14",
    title="Zero kernels may be ignored",
    source=f"{PAPER}, Definition 13 and Remark 14",
    words="the minimal rank is attained without zero kernels that have output weights",
    status=Status.PROVED,
    statement="""
    In the minimum of the rank over the target set of a convolutional tanh network without biases,
    parameters with a zero kernel and non-zero output weights may be left out: such a channel adds
    nothing to the function.
    """,
    checked="""
    A target that is given with a zero kernel: the rank at this parameter, and the smaller minimum,
    which is that of the target without this channel. And where the remark ends: with biases a zero
    kernel can be necessary.
    """,
    theory=(SHARED, UNSHARED),
    instances=(
        Instance(
            "given-point",
            Rank(net(4, 2, 2), {"K": [[1, 2], [0, 0]], "a": [[1, 1, 1], [1, 0, 0]]}),
            7,
            note="rank at the parameter with the zero kernel",
        ),
        Instance(
            "minimum",
            Bound(net(4, 2, 2), net(4, 2, 2), {"K": [[1, 2], [0, 0]], "a": [[1, 1, 1], [1, 0, 0]]}),
            5,
            note="the minimum over the target set",
        ),
        Instance(
            "constant-needs-a-zero-kernel",
            Bound(
                net(4, 2, 2, bias=", bias='hidden'"),
                net(4, 2, 1, bias=", bias='hidden'"),
                {"K": [[0, 0]], "b": [1], "a": [[1, 0, 0]]},
            ),
            3,
            note=r"hidden biases: the constant $\tanh1$ costs $S+1$",
        ),
    ),
)


def shared_rank(name: str, n: int, s: int, weights: Weights, spans: int, kernels: int, note: str) -> Instance:
    """Proposition 3 in one dimension: m_a S + m_K L."""
    printed = ("$m_aS+m_KL$", spans * s + kernels * (n + 1 - s))
    return Instance(name, Rank(net(n, s, len(weights["K"])), weights), printed=printed, note=note)


PROPOSITION_3 = Item(
    folder="proposition-3",
    title="The rank of CNNs with shared kernels",
    source=f"{PAPER}, Proposition 3",
    words=r"tanh CNN, shared kernels: $\operatorname{rank}(\theta)=m_aS+m_KL$",
    status=Status.REPAIRED,
    statement=f"""
    {CONVENTION} For a shared tanh CNN without biases and without zero kernels that have output weights,
    the rank is $m_aS+m_KL$: $m_K$ counts the non-zero kernels up to sign, and $m_a$ adds up, over
    these, the dimension of the span of the output weight arrays of the kernels that are equal to it up
    to sign.
    """,
    checked="""
    The formula where it holds, clones, sign clones and dead channels included, and where it does not.
    """,
    theory=(TIED,),
    instances=(
        shared_rank(
            "generic", 5, 3, {"K": [[1, 2, 3], [2, 0, 1]], "a": [[1, 2, 3], [3, 1, 1]]}, 2, 2, "two kernels"
        ),
        shared_rank(
            "sign-clones",
            4,
            2,
            {"K": [[1, 2], [-1, -2]], "a": [[1, 2, 3], [3, 1, 1]]},
            2,
            1,
            "output weights span two dimensions",
        ),
        shared_rank(
            "parallel-clones",
            4,
            2,
            {"K": [[1, 2], [1, 2]], "a": [[1, 2, 3], [2, 4, 6]]},
            1,
            1,
            "output weights span one dimension",
        ),
        shared_rank(
            "dead-channel",
            4,
            2,
            {"K": [[1, 2], [3, 1]], "a": [[1, 2, 3], [0, 0, 0]]},
            1,
            2,
            "$a=0$ in one channel",
        ),
        Instance("shift", Rank(net(3, 2, 2), SHIFT), 7, ("$m_aS+m_KL$", 8), note="kernels (1, 0) and (0, 1)"),
        Instance(
            "shift-2d",
            Rank(net(3, 2, 2, dims=2), SHIFT_2D),
            14,
            ("$m_aS+m_KL$", 16),
            note="the same in two dimensions",
        ),
    ),
    repair=f"{COINCIDENCE} There the formula gives 8, and the rank is 7. {HYPOTHESIS}.",
    proof=r"""
    Under the repaired hypothesis the clusters of the formula for tied weights are the pairs of a kernel
    class $\lbrace\pm K\rbrace$ and a position: $N_P=m_KL$ (one kernel gives different neurons at different
    positions). The row of pixel $q$ of channel $c$ has the entries $\pm a_{cp}$ in the columns (class
    of $c$, $p$; $p+q$). Columns for different classes and for different $q$ are different, and for
    fixed $q$ the rows of a class span a space of the dimension of the span of its arrays $\pm a_c$. The
    sum over $q$ and the classes is $m_aS$. ∎
    """,
)


def unshared_rank(name: str, n: int, s: int, weights: Weights, value: int, note: str) -> Instance:
    """Proposition 4 in one dimension: m_a S + m_K."""
    question = Rank(net(n, s, len(weights["K"]), shared=False), weights)
    return Instance(name, question, printed=("$m_aS+m_K$", value), note=note)


PROPOSITION_4 = Item(
    folder="proposition-4",
    title="The rank of CNNs without sharing",
    source=f"{PAPER}, Proposition 4",
    words=r"tanh CNN without sharing: $\operatorname{rank}(\theta)=m_aS+m_K$",
    status=Status.REPAIRED,
    statement=f"""
    {CONVENTION} Without weight sharing and without zero kernels that have output weights, the rank is
    $m_aS+m_K$: $m_K$ counts the non-zero padded neurons
    up to sign, and $m_a$ those of them with a non-zero output weight.
    """,
    checked="The formula where it holds, and where it does not.",
    theory=(TIED,),
    instances=(
        unshared_rank(
            "generic", 4, 2, {"K": [[[1, 2], [3, 1], [1, 1]]], "a": [[1, 2, 3]]}, 9, "three neurons"
        ),
        unshared_rank(
            "dead-position",
            4,
            2,
            {"K": [[[1, 2], [3, 1], [1, 1]]], "a": [[1, 0, 3]]},
            7,
            "$a=0$ at one position",
        ),
        unshared_rank(
            "clones",
            4,
            2,
            {"K": [[[1, 2], [3, 1], [1, 1]], [[-1, -2], [3, 1], [2, 1]]], "a": [[1, 2, 3], [4, 0, 1]]},
            12,
            "equal neurons at equal positions",
        ),
        Instance(
            "shift",
            Rank(net(3, 2, 2, shared=False), UNTIED_SHIFT),
            10,
            ("$m_aS+m_K$", 9),
            note="kernels (1, 0) and (0, 1)",
        ),
        Instance(
            "shift-2d",
            Rank(net(3, 2, 2, shared=False, dims=2), UNTIED_2D),
            34,
            ("$m_aS+m_K$", 30),
            note="the same in two dimensions",
        ),
    ),
    repair=f"""
    {COINCIDENCE} Equal neurons at two positions have two windows, whose union has more than $S$ pixels:
    the formula gives 9, and the rank is 10. **Repaired:** the formula holds if equal neurons with
    non-zero output weights lie at equal positions; in general $m_aS$ becomes the sum, over the neurons
    up to sign, of the number of pixels in the union of the windows in which they occur with a non-zero
    output weight.
    """,
    proof=r"""
    Without sharing the matrix $\mathcal D$ of the formula for tied weights has the row $a_{cp}$ times
    the unit vector of the column $(P,y)$ for each neuron $(c,p)$ in cluster $P$ and each pixel $y$ of
    its window. So its rank is the number of pairs $(P,y)$ with $y$ in the window of some member of $P$
    with $a_{cp}\ne0$. ∎
    """,
    remark="a general formula replaces it",
)


def filters(name: str, wide: str, target: str, value: int, formula: str = "$k(S+L)$") -> Instance:
    """A generic convolutional target, for which the printed formula holds."""
    return Instance(name, Bound(wide, target), printed=(formula, value))


THEOREM_6 = Item(
    folder="theorem-6",
    title="CNNs with shared kernels",
    source=f"{PAPER}, Theorem 6; arXiv 2307.08921 (one dimension)",
    words="tanh CNN, shared kernels: $O(f^*)=k(S+L)$ for $f^*$ with $k$ intrinsic kernels",
    status=Status.REPAIRED,
    statement=f"""
    {CONVENTION} A function that needs exactly $k$ kernels has $O=k(S+L)$ in every shared tanh CNN
    without biases that has at least $k$ channels.
    """,
    checked="""
    The formula for almost every target; and counterexamples. Those in one dimension are proved twice: by
    the theorem on shared kernels, and by the rank at an explicit parameter of the target, which already
    refutes the formula by Theorem 1.
    """,
    theory=(SHARED, REPAIRED),
    instances=(
        filters("line-k1", net(5, 3, 3), net(5, 3, 1), 6),
        filters("line-k2", net(6, 2, 3), net(6, 2, 2), 14),
        filters("plane-k2", net(4, 2, 5, dims=2), net(4, 2, 2, dims=2), 26),
        Instance(
            "shift",
            Bound(net(3, 2, 2), net(3, 2, 2), SHIFT),
            7,
            ("$k(S+L)$", 8),
            note="kernels (1, 0) and (0, 1)",
        ),
        Instance("shift-rank", Rank(net(3, 2, 2), SHIFT), 7, note="the rank at these kernels"),
        Instance(
            "shift-2d",
            Bound(net(3, 2, 2, dims=2), net(3, 2, 2, dims=2), SHIFT_2D),
            14,
            ("$k(S+L)$", 16),
            note="two dimensions",
        ),
        Instance(
            "dead-positions",
            Bound(net(4, 3, 2), net(4, 3, 2), DEAD),
            9,
            ("$k(S+L)$", 10),
            note=r"$2\tanh x_0+5\tanh x_2$: no equal padded neurons",
        ),
        Instance(
            "dead-positions-rank",
            Rank(net(4, 3, 2), DEAD_BETTER),
            9,
            note="the same function with the kernels (1, 0, 0) and (0, 1, 0)",
        ),
    ),
    repair=rf"""
    {COINCIDENCE} With output weights $(2,3)$ and $(5,7)$ the function is $2\tanh x_0+8\tanh x_1+7\tanh
    x_2$. One channel has two neurons, so it needs two kernels; the formula gives 8, and $O=7$. A second
    gap: $2\tanh x_0+5\tanh x_2$ on four inputs with kernels of length 3 needs two kernels, since one
    kernel has its two neurons at adjacent places. It can be written with $(1,0,0)$ and $(0,0,1)$, whose
    padded neurons are all different, but $(1,0,0)$ and $(0,1,0)$ are cheaper: the formula gives 10, and
    $O=9$. {HYPOTHESIS}, *and* no output weight is zero (or every kernel touches all sides of its window
    and no channel is dead).
    """,
    remark="two more hypotheses",
)

THEOREM_7 = Item(
    folder="theorem-7",
    title="CNNs without sharing",
    source=f"{PAPER}, Theorem 7; arXiv 2307.08921, which states the missing hypothesis",
    words=r"tanh CNN without sharing: $O(f^*)=(S+1)(kL-m_{\rm null})$",
    status=Status.REPAIRED,
    statement=rf"""
    {CONVENTION} A function that needs $k$ shared kernels, of which $m_{{\rm null}}$ output weights are
    zero, has $O=(S+1)(kL-m_{{\rm null}})$ in the network without weight sharing.
    """,
    checked="""
    The formula for almost every target and with dead positions, and a counterexample, also by the rank
    at an explicit parameter.
    """,
    theory=(UNSHARED, REPAIRED),
    instances=(
        filters("line-k1", net(5, 3, 3, shared=False), net(5, 3, 1), 12, r"$(S+1)(kL-m_{\rm null})$"),
        filters("line-k2", net(6, 2, 3, shared=False), net(6, 2, 2), 30, r"$(S+1)(kL-m_{\rm null})$"),
        filters(
            "plane-k1",
            net(4, 2, 3, shared=False, dims=2),
            net(4, 2, 1, dims=2),
            45,
            r"$(S+1)(kL-m_{\rm null})$",
        ),
        Instance(
            "dead-position",
            Bound(net(4, 2, 2, shared=False), net(4, 2, 1), {"K": [[1, 2]], "a": [[1, 0, 3]]}),
            printed=(r"$(S+1)(kL-m_{\rm null})$", 6),
            note=r"$m_{\rm null}=1$",
        ),
        Instance(
            "shift",
            Bound(net(3, 2, 2, shared=False), net(3, 2, 2), SHIFT),
            9,
            (r"$(S+1)(kL-m_{\rm null})$", 12),
            note="kernels (1, 0) and (0, 1)",
        ),
        Instance(
            "shift-rank",
            Rank(net(3, 2, 2, shared=False), UNTIED_SHIFT_BETTER),
            9,
            note="the same function with the output weights (2, 0) and (8, 7)",
        ),
        Instance(
            "shift-2d",
            Bound(net(3, 2, 2, shared=False, dims=2), net(3, 2, 2, dims=2), SHIFT_2D),
            30,
            (r"$(S+1)(kL-m_{\rm null})$", 40),
            note="two dimensions",
        ),
    ),
    repair=rf"""
    {COINCIDENCE} The function $2\tanh x_0+8\tanh x_1+7\tanh x_2$ can be written with no or with one
    zero output weight, so $m_{{\rm null}}$ is not a number of the function: the formula gives 12 or 9,
    and $O=9$. {HYPOTHESIS}. Without it $O=(S+1)N$, where $N$ is the number of distinct padded neurons
    up to sign whose total output weight is not zero.
    """,
)

ITEMS = (REMARK_14, PROPOSITION_3, PROPOSITION_4, THEOREM_6, THEOREM_7)
