"""Networks of any depth: embeddings, upper bounds, Table 1, and exact values for tanh (Section 4)."""

from __future__ import annotations

from itertools import pairwise

from proofs.source.model import PAPER, Bound, Embed, Instance, Item, Rank, Status, Theory

CHAIN_RULE = Theory("embeddings", "lemma-chain", "the chain-rule lemma and its corollary")
COMPATIBLE = Theory("embeddings", "thm-compatible", "compatible embeddings of fully-connected networks")
MOVES = Theory("embeddings", "sec-moves", "splitting, null and other units")
CHANNELS = Theory("embeddings", "sec-embed-conv", "channels of convolutional networks")
WIDENING = Theory("embeddings", "thm-widening", "free expressiveness in width")
T3 = Theory("deep-tanh", "thm-deep-exact", "T3, the minimal rank over a target set")
GENERIC = Theory("deep-tanh", "thm-deep-generic", "almost every target")
SIGMOID = Theory("deep-tanh", "thm-deep-sigmoid", "sigmoid")


def parameters(*widths: int, bias: bool = True) -> int:
    """Return M of a layered network with all biases or none."""
    return sum(after * (before + bias) for before, after in pairwise(widths))


def kept(name: str, network: str, target: str, *moves: str) -> Instance:
    """An embedding that keeps the tangent functions of every target."""
    return Instance(name, Embed(network, target, moves))


NARROW_DEEP = "mlp(2, 2, 2, 1)"
EMBEDDING_PRINCIPLE = Item(
    folder="theorem-3",
    title="The Embedding Principle",
    source=f"{PAPER}, Theorem 3 and Definition 10; arXiv 2111.15527, Theorems 4.1 to 4.3 and 5.1",
    words="every fully-connected network embeds in every wider one by a critical mapping",
    status=Status.PROVED,
    statement="""
    For fully-connected networks of the same depth, one at least as wide as the other in every hidden
    layer, there is a map from the narrow parameters to the wide ones that keeps the function and takes
    critical points of the loss to critical points, whatever the data.
    """,
    checked=r"""
    For each map $E$: $f_{\rm wide}(E(t))=f_{\rm narrow}(t)$ for every $t$, and the two spans of tangent
    functions are the same for every $t$ and every value of the free numbers. This is more than the
    paper's conclusion about critical points, and implies it for every differentiable loss of the
    outputs.
    """,
    theory=(
        COMPATIBLE,
        MOVES,
        WIDENING,
        CHANNELS,
    ),
    instances=(
        kept("split", "mlp(2, 3, 1)", "mlp(2, 2, 1)", "split(1, 0, 'r')"),
        kept("split-deep", "mlp(2, 2, 3, 1)", NARROW_DEEP, "split(2, 1, 'r')"),
        kept("sign-split", "mlp(2, 2, 3, 1)", NARROW_DEEP, "split(2, 0, 'r', sign=-1)"),
        kept(
            "null-any-bias",
            "mlp(2, 3, 2, 1, activation='silu')",
            "mlp(2, 2, 2, 1, activation='silu')",
            "null(1, 'b')",
        ),
        kept("null-no-bias", "mlp(2, 3, 2, 1, bias=False)", "mlp(2, 2, 2, 1, bias=False)", "null(1)"),
        kept("threefold", "mlp(2, 6, 6, 1)", NARROW_DEEP, "threefold()"),
        kept(
            "composed",
            "mlp(2, 4, 4, 2)",
            "mlp(2, 2, 2, 2)",
            "split(1, 0, 'r')",
            "null(2)",
            "split(1, 2, 's')",
        ),
        kept("wide", "mlp(3, 10, 10, 10, 1)", "mlp(3, 2, 2, 2, 1)"),
        kept(
            "channel",
            "conv(input=(5,), kernel=(3,), channels=(3,))",
            "conv(input=(5,), kernel=(3,), channels=(2,))",
            "split(1, 0, 'r')",
        ),
    ),
    repair=r"""
    The two networks have the same bias pattern. Splitting always works; a null unit needs
    $\sigma(\kappa)=0$ for its bias value $\kappa$, or biases in the next layer, and a split with a change
    of sign needs a parity of $\sigma$.
    """,
    remark="any activation, same biases",
)

CRITICAL = Item(
    folder="lemma-12",
    title="Critical mappings bound optimistic sample sizes",
    source=f"{PAPER}, Definition 11 and Lemma 12",
    words=r"a critical mapping from $A$ to $B$ gives $O_B(f^*)\le O_A(f^*)\le M_A$",
    status=Status.PROVED,
    statement=r"""
    Let a map $P$ from the parameters of a model $A$ to those of a model $B$ keep the function and take
    critical points of the mean square error to critical points for all data. Then every function of $A$
    has $O_B(f^*)\le O_A(f^*)\le M_A$.
    """,
    checked="""
    That keeping the function is not enough: four maps that do so for every target, but raise the rank at
    one. By the proof they are not critical there, for some data. Each has three claims: the function is
    kept, the rank of the target, the rank after the embedding. Maps that are critical are in
    [Theorem 3](../theorem-3/).
    """,
    theory=(CHAIN_RULE, MOVES, Theory("definitions", "fact-f1", "F1")),
    instances=(
        Instance(
            "zero-out",
            Embed("mlp(2, 3, 3, 1, bias=False)", "mlp(2, 2, 3, 1, bias=False)", ("zero_out(1, (1, 2))",)),
            (13, 16),
            note="a neuron with incoming weights but no outgoing ones",
        ),
        Instance(
            "unequal-ratios",
            Embed(
                "mlp(2, 3, 2, 1, bias=False)", "mlp(2, 2, 2, 1, bias=False)", ("split(1, 0, ('1/3', '1/4'))",)
            ),
            (10, 12),
            note="outgoing weights divided in different ratios",
        ),
        Instance(
            "null-without-bias",
            Embed(
                "mlp(2, 3, 1, activation='sigmoid', bias=False)",
                "mlp(2, 2, 1, activation='sigmoid', bias=False)",
                ("null(1)",),
            ),
            (6, 7),
            note=r"a null neuron of value $\sigma(0)\ne0$ and no next bias",
        ),
        Instance(
            "sign-split-without-parity",
            Embed(
                "mlp(2, 3, 1, activation='silu')",
                "mlp(2, 2, 1, activation='silu')",
                ("split(1, 0, 1, sign=-1)",),
            ),
            (9, 10),
            note=r"$\sigma(-z)$ is not $\pm\sigma(z)$",
        ),
    ),
    proof=r"""
    Fix a parameter $t$ and inputs $X$, and let $J_A$, $J_B$ be the evaluation matrices at $t$ and
    $P(t)$. The labels are free, so every vector $e$ is a residual, and the gradients are multiples of
    $J_A^\top e$ and $J_B^\top e$. The hypothesis says that $J_A^\top e=0$ implies $J_B^\top e=0$: the
    columns of $J_B$ lie in the column space of $J_A$. By F1 choose $X$ such that evaluation is injective on
    $\mathcal T_A(t)+\mathcal T_B(P(t))$; then $\mathcal T_B(P(t))\subset\mathcal T_A(t)$. So if samples are
    injective on $\mathcal T_A(t)$, they are on the subspace: an LLR guarantee at $t$ is one at $P(t)$. The
    second inequality is Corollary 2. ∎
    """,
)

MNIST = "mlp(784, 100, 100, 1)"
NARROWER = Item(
    folder="theorem-4",
    title="Targets of narrower networks",
    source=f"{PAPER}, Theorem 4",
    words=r"$O_{\rm wide}(f^*)\le O_{\rm narrow}(f^*)\le M_{\rm narrow}$",
    status=Status.PROVED,
    statement=r"""
    A function $f^*$ that a narrower network of the same depth expresses has $O_{\rm wide}(f^*)\le
    O_{\rm narrow}(f^*)\le M_{\rm narrow}$: the bound does not depend on the width of the network that
    is trained.
    """,
    checked=r"""
    The upper bound for activations without a theorem from below; for tanh and sigmoid with all biases
    the value, which is $M_{\rm narrow}$ for almost every target. The wide network is never expanded.
    Then the cases in which the bound is not attained: reducible targets and other activations.
    """,
    theory=(
        WIDENING,
        CHAIN_RULE,
        GENERIC,
        SIGMOID,
        Theory("closed-forms", "thm-deep-linear", "deep linear networks"),
    ),
    instances=(
        Instance("mnist", Bound(MNIST, "mlp(784, 3, 2, 1)"), printed=(r"$M_{\rm narrow}$", 2366)),
        Instance(
            "deep", Bound("mlp(3, 9, 9, 9, 9, 1)", "mlp(3, 2, 3, 2, 2, 1)"), printed=(r"$M_{\rm narrow}$", 34)
        ),
        Instance(
            "sigmoid",
            Bound("mlp(2, 8, 8, 1, activation='sigmoid')", "mlp(2, 3, 2, 1, activation='sigmoid')"),
            printed=(r"$M_{\rm narrow}$", 20),
        ),
        Instance(
            "gelu-upper",
            Bound("mlp(2, 8, 8, 1, activation='gelu')", "mlp(2, 3, 2, 1, activation='gelu')"),
            printed=(r"$M_{\rm narrow}$", 20),
            at_most=True,
        ),
        Instance(
            "silu-upper",
            Bound("mlp(2, 8, 1, activation='silu')", "mlp(2, 3, 1, activation='silu')"),
            printed=(r"$M_{\rm narrow}$", 13),
            at_most=True,
        ),
        Instance(
            "reducible",
            Bound(
                "mlp(2, 3, 3, 1)",
                "mlp(2, 2, 2, 1)",
                {
                    "W1": [[1, 2], [-1, -2]],
                    "b1": [1, -1],
                    "W2": [[1, 1], [3, 1]],
                    "b2": [1, 2],
                    "W3": [[1, 2]],
                    "b3": [0],
                },
            ),
            parameters(2, 1, 1, 1),
            note=r"below $M_{\rm narrow}=15$: sign clones, and one second-layer neuron is constant",
        ),
        Instance(
            "linear",
            Bound(
                "mlp(4, 5, 1, activation='identity', bias=False)",
                "mlp(4, 3, 1, activation='identity', bias=False)",
            ),
            4,
            note=r"below $M_{\rm narrow}=15$: linear networks",
        ),
    ),
    remark="any activation, same biases; sharp for tanh",
    limits="""
    Sharp means: for almost every target of the narrow network. With hidden biases only, a function with a
    constant part needs a constant neuron, and its optimistic sample size is one less than the parameter
    count of the narrowest network that expresses it, also for tanh: see
    [biases of two-layer networks](../related-two-layer-biases/) and T3-hid.
    """,
)

OVERPARAMETERISED = Item(
    folder="corollary-5",
    title="An LLR guarantee at overparameterisation",
    source=f"{PAPER}, Corollary 5",
    words="$f^*$ expressible by a narrower network: $O(f^*)<M$",
    status=Status.PROVED,
    statement=r"""
    Every function that a strictly narrower network expresses has an LLR guarantee from fewer samples
    than the wide network has parameters: $O(f^*)\le M_{\rm narrow}<M$.
    """,
    checked="""
    $O$ and $M$ for three pairs of networks. Then the limit: if 'overparameterised' meant fewer samples
    than the largest rank $M_I$, as in arXiv 2307.08921, the statement would fail for models with
    continuous symmetries.
    """,
    theory=(WIDENING, Theory("samples", "sec-not", "what an LLR guarantee is not")),
    instances=(
        Instance("tanh", Bound("mlp(2, 4, 1)", "mlp(2, 3, 1)"), 13, note="$13<M$"),
        Instance("deep", Bound("mlp(2, 3, 3, 1)", "mlp(2, 3, 2, 1)"), 20, note="$20<M$"),
        Instance(
            "linear-target",
            Bound(
                "mlp(3, 3, 1, activation='identity', bias=False)",
                "mlp(3, 1, 1, activation='identity', bias=False)",
            ),
            3,
            note="$O=3<M=12$",
        ),
        Instance(
            "linear-largest-rank",
            Rank("mlp(3, 3, 1, activation='identity', bias=False)"),
            3,
            note="$M_I=3$: not fewer than the largest rank",
        ),
    ),
    remark="any activation, same biases",
)

FREE_WIDTH = Item(
    folder="corollary-6",
    title="Free expressiveness in width",
    source=f"{PAPER}, Corollary 6; arXiv 2307.08921",
    words="a wider network needs no more samples for the targets of a narrow one",
    status=Status.PROVED,
    statement="""
    Making a network wider adds functions without raising the optimistic sample size of those it had.
    """,
    checked="The same target in networks of growing width.",
    theory=(WIDENING, T3),
    instances=tuple(
        Instance(
            f"width-{m}", Bound(f"mlp(2, {m}, {m}, 1)", "mlp(2, 3, 3, 1)"), printed=(r"$M_{\rm narrow}$", 25)
        )
        for m in (3, 10, 100, 1000)
    ),
    remark="any activation, same biases",
)


def table_1(widths: tuple[int, ...], wide: tuple[int, ...], words: str) -> Instance:
    """A row of Table 1: almost every function of a net without biases, in a wider one."""
    network, target = (f"mlp({', '.join(map(str, w))}, bias=False)" for w in (wide, widths))
    name = "-".join(map(str, widths))
    return Instance(name, Bound(network, target), printed=(words, parameters(*widths, bias=False)))


TABLE_1 = Item(
    folder="table-1",
    title="Upper bounds for networks of any depth",
    source=f"{PAPER}, Table 1 (no biases, one output, $L$ weight layers)",
    words=r"$O\le M_{\rm narrow}$ for narrower targets; one neuron per layer: $d+L-1$",
    status=Status.PROVED,
    statement=r"""
    Three rows: targets with one neuron in every hidden layer, with given smaller widths $m'$, and with
    the full widths. The bounds are $d+L-1$, $dm'_1+m'_1m'_2+\dots+m'_{L-1}$ and $M$, against the
    general bound $M$.
    """,
    checked="""
    Each bound, and for tanh more than the table claims: it is the value of $O$ for almost every such
    target.
    """,
    theory=(WIDENING, GENERIC),
    instances=(
        table_1((3, 1, 1, 1), (3, 4, 4, 1), "$d+L-1$"),
        table_1((5, 1, 1, 1, 1), (5, 3, 3, 3, 1), "$d+L-1$"),
        table_1((4, 2, 3, 1), (4, 5, 5, 1), "$dm'_1+m'_1m'_2+m'_2$"),
        table_1((5, 2, 2, 2, 1), (5, 4, 4, 4, 1), "$dm'_1+m'_1m'_2+m'_2m'_3+m'_3$"),
        table_1((4, 5, 5, 1), (4, 5, 5, 1), "$M$"),
        Instance(
            "silu-upper",
            Bound(
                "mlp(4, 5, 5, 1, activation='silu', bias=False)",
                "mlp(4, 2, 3, 1, activation='silu', bias=False)",
            ),
            printed=("$dm'_1+m'_1m'_2+m'_2$", 17),
            at_most=True,
        ),
    ),
    remark="sharp for tanh",
)

ITEMS = (EMBEDDING_PRINCIPLE, CRITICAL, NARROWER, OVERPARAMETERISED, FREE_WIDTH, TABLE_1)
