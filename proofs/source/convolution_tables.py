"""Convolutional targets in several architectures: Table 3, the experiments, and one dimension."""

from __future__ import annotations

from proofs.source.convolutions import (
    COINCIDENCE,
    CONVENTION,
    REPAIRED,
    SHARED,
    SHIFT,
    SHIFT_2D,
    TANH,
    UNSHARED,
    net,
)
from proofs.source.model import PAPER, Bound, Instance, Item, Rank, Status, Weights


def row(
    name: str, wide: str, value: int, formula: str, target: str, weights: Weights | None = None
) -> Instance:
    """A cell of Table 3."""
    return Instance(name, Bound(wide, target, weights), printed=(formula, value))


ONE_28 = net(28, 3, 1, dims=2)
ONE_3 = net(3, 2, 1, dims=2)
DEAD_LINE: Weights = {"K": [[1, 2]], "a": [[1, 0, 3]]}
TABLE_3 = Item(
    folder="table-3",
    title="One target in three architectures",
    source=f"{PAPER}, Table 3; arXiv 2211.11623, Table 4",
    words="tanh CNN: shared $k(S+L)$; not shared $(S+1)(kL-m)$; fully connected $(D+1)(kL-m)$",
    status=Status.REPAIRED,
    statement=rf"""
    {CONVENTION} $D$ is the number of inputs and $m$ the number of zero output weights. The optimistic
    sample size of a convolutional target is $k(S+L)$ in the shared CNN, $(S+1)(kL-m)$ without sharing
    and $(D+1)(kL-m)$ in the fully-connected network. For $28\times28$ inputs and one $3\times3$ kernel:
    685, 6760 and 530660.
    """,
    checked="""
    The example, a small analogue, one dead position, the variants with hidden biases, and the
    counterexample in the fully-connected column.
    """,
    theory=(SHARED, UNSHARED, REPAIRED, TANH),
    instances=(
        row("shared-28", net(28, 3, 4, dims=2), 685, "$k(S+L)$", ONE_28),
        Instance(
            "shared-12-rank",
            Rank(net(12, 3, 1, dims=2)),
            9 + 100,
            ("$k(S+L)$", 109),
            note="the rank itself, without the theorem on target sets",
        ),
        row("unshared-28", net(28, 3, 4, shared=False, dims=2), 6760, "$(S+1)kL$", ONE_28),
        row("fully-connected-28", "mlp(784, 1000, 1, bias=False)", 530660, "$(D+1)kL$", ONE_28),
        row("shared-3", net(3, 2, 2, dims=2), 8, "$k(S+L)$", ONE_3),
        row("unshared-3", net(3, 2, 2, shared=False, dims=2), 20, "$(S+1)kL$", ONE_3),
        row("fully-connected-3", "mlp(9, 8, 1, bias=False)", 40, "$(D+1)kL$", ONE_3),
        row("unshared-dead", net(4, 2, 2, shared=False), 6, "$(S+1)(kL-m)$", net(4, 2, 1), DEAD_LINE),
        row("fully-connected-dead", "mlp(4, 5, 1, bias=False)", 10, "$(D+1)(kL-m)$", net(4, 2, 1), DEAD_LINE),
        Instance(
            "dead-natural-point",
            Rank(net(4, 2, 1, shared=False), {"K": [[[1, 2]] * 3], "a": [[1, 0, 3]]}),
            7,
            note="the rank at the target's own kernels, $(S+1)kL-Sm$: not the minimum",
        ),
        Instance(
            "fully-connected-shift",
            Bound("mlp(3, 4, 1, bias=False)", net(3, 2, 2), SHIFT),
            12,
            ("$(D+1)(kL-m)$", 16),
            note="kernels (1, 0) and (0, 1)",
        ),
        Instance(
            "fully-connected-shift-2d",
            Bound("mlp(9, 8, 1, bias=False)", net(3, 2, 2, dims=2), SHIFT_2D),
            60,
            ("$(D+1)(kL-m)$", 80),
            note="two dimensions",
        ),
        *(
            Instance(
                f"{name}-hidden-biases",
                Bound(wide, net(4, 2, 1, bias=", bias='hidden'"), DEAD_LINE | {"b": [1]}),
                value,
                note=note,
            )
            for name, wide, value, note in (
                ("shared", net(4, 2, 2, bias=", bias='hidden'"), 6, "$k(S+L+1)$"),
                ("unshared", net(4, 2, 2, shared=False, bias=", bias='hidden'"), 8, "$(S+2)(kL-m)$"),
                ("fully-connected", "mlp(4, 5, 1, bias='hidden')", 12, "$(D+2)(kL-m)$"),
            )
        ),
    ),
    repair=f"""
    {COINCIDENCE} All three columns then fail: in the fully-connected one 16 is printed, and $O=12$.
    Values for zero output weights differ between the two papers: $(S+1)kL-Sm$, in the earlier one, is
    the rank at the target's own kernels; the minimum replaces each dead neuron by a null neuron and is
    $(S+1)(kL-m)$. With hidden biases, one for each neuron or shared kernel, the three cells are
    $k(S+L+1)$, $(S+2)(kL-m)$ and $(D+2)(kL-m)$. The shared column needs both hypotheses of [Theorem
    6](../theorem-6/).
    """,
)

KERNEL: list[int | str] = ["3/5", "4/5", 1]
EXPERIMENT: Weights = {"K": [KERNEL], "a": [[1, 1, 1]]}


def experiment(name: str, wide: str, value: int, biased: bool) -> Instance:
    """The target of the experiments in a network with or without hidden biases."""
    weights = EXPERIMENT | {"b": [0]} if biased else EXPERIMENT
    target = net(5, 3, 1, bias=", bias='hidden'" if biased else "")
    printed = ("printed in the paper", value) if biased else None
    return Instance(name, Bound(wide, target, weights), value, printed)


HIDDEN = ", bias='hidden'"
EXPERIMENTS = Item(
    folder="experiments",
    title="The target of the experiments",
    source=f"""
    {PAPER}, Section 6 (one kernel $(0.6,0.8,1)$ on five inputs, one bias for each hidden neuron or
    kernel)
    """,
    words="7, 15 and 21 samples in the three architectures",
    status=Status.PROVED,
    statement=r"""
    The target $\sum_{i<3}\tanh(0.6x_i+0.8x_{i+1}+x_{i+2})$ has $O=7$ in shared CNNs, $O=15$ in CNNs
    without sharing and $O=21$ in fully-connected networks, at every number of channels.
    """,
    checked="""
    The three values for 34 channels or 102 neurons, for this very target, and the values without
    biases.
    """,
    theory=(SHARED, UNSHARED, TANH),
    instances=(
        experiment("shared", net(5, 3, 34, bias=HIDDEN), 7, True),
        experiment("unshared", net(5, 3, 34, shared=False, bias=HIDDEN), 15, True),
        experiment("fully-connected", "mlp(5, 102, 1, bias='hidden')", 21, True),
        experiment("shared-no-bias", net(5, 3, 34), 6, False),
        experiment("unshared-no-bias", net(5, 3, 34, shared=False), 12, False),
        experiment("fully-connected-no-bias", "mlp(5, 102, 1, bias=False)", 18, False),
    ),
    limits="""
    The experiments themselves, training by gradient descent, are not repeated here: an LLR guarantee
    does not say what training finds.
    """,
)

LINE = Item(
    folder="related-1d-convolutions",
    title="One-dimensional convolutions",
    source="arXiv 2307.08921 and 2211.11623",
    words="tanh CNN in one dimension: $k(d+1)$, $k(s+1)(d+1-s)$ and $k(d+1)(d+1-s)$",
    status=Status.PROVED,
    statement="""
    For $k$ kernels of length $s$ on $d$ inputs the three values are $k(d+1)$, $k(s+1)(d+1-s)$ and
    $k(d+1)(d+1-s)$. The first paper states, for its second and third value, that no output weight is
    zero and that all padded neurons differ up to sign.
    """,
    checked="A grid of sizes.",
    theory=(SHARED, UNSHARED, REPAIRED, TANH),
    instances=tuple(
        instance
        for d, s, k in ((4, 2, 1), (5, 2, 2), (6, 3, 2), (8, 5, 1))
        for instance in (
            row(f"shared-d{d}-s{s}-k{k}", net(d, s, k + 2), k * (d + 1), "$k(d+1)$", net(d, s, k)),
            row(
                f"unshared-d{d}-s{s}-k{k}",
                net(d, s, k + 2, shared=False),
                k * (s + 1) * (d + 1 - s),
                "$k(s+1)(d+1-s)$",
                net(d, s, k),
            ),
            row(
                f"fully-connected-d{d}-s{s}-k{k}",
                f"mlp({d}, {k * (d + 1 - s) + 2}, 1, bias=False)",
                k * (d + 1) * (d + 1 - s),
                "$k(d+1)(d+1-s)$",
                net(d, s, k),
            ),
        )
    ),
    repair="""
    The shared value needs the same hypotheses: see [Theorem 6](../theorem-6/) for $d=3$, $s=2$, where
    it gives 8 and $O=7$.
    """,
    remark="if no output weight is zero and padded neurons differ up to sign",
)

ITEMS = (TABLE_3, EXPERIMENTS)
RELATED = (LINE,)
