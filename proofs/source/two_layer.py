"""Two-layer fully-connected networks: Proposition 2, Corollary 7, Theorem 5, Table 2 (Section 5)."""

from __future__ import annotations

from fractions import Fraction

from proofs.source.model import PAPER, Bound, Independence, Instance, Item, Rank, Status, Theory, Weights

LEMMA_TANH = Theory("two-layer-tanh", "lemma-tanh", "independence of tanh neurons")
FORMULA = Theory("two-layer-tanh", "thm-two-layer", "the formula for untied weights")
TANH = Theory("target-sets", "thm-target-tanh", "targets of tanh networks")
GENERIC = Theory("target-sets", "thm-target-generic", "almost every target")


def neurons(name: str, inner: tuple[str, ...]) -> tuple[str, ...]:
    """Return sigma(z) and sigma'(z) times each input, for every z."""
    slopes = {
        "tanh": "(1-tanh({z})^2)",
        "sin": "cos({z})",
        "exp": "exp({z})",
        "sigmoid": "sigmoid({z})*(1-sigmoid({z}))",
    }
    inputs = ("x", "y") if any("y" in z for z in inner) else ("x",)
    values = tuple(f"{name}({z})" for z in inner)
    return values + tuple(f"{x}*{slopes[name].format(z=z)}" for z in inner for x in inputs)


def independent(label: str, name: str, *inner: str) -> Instance:
    """All these functions are independent, as the proposition says."""
    functions = neurons(name, inner)
    return Instance(label, Independence(functions), printed=("all independent", len(functions)))


INDEPENDENCE = Item(
    folder="proposition-2",
    title="Independence of neurons and their derivatives",
    source=f"{PAPER}, Proposition 2",
    words=r"""
    $\sigma(w_i\cdot x)$, $\sigma'(w_i\cdot x)x_t$ are independent for $w_i\ne0$, $w_i\ne\pm w_j$
    """,
    status=Status.PROVED,
    statement=r"""
    Let $\sigma$ be analytic with infinitely many non-zero derivatives at $0$, and $w_1,\dots,w_m$
    non-zero and pairwise different up to sign. Then the functions $\sigma(w_i\cdot x)$ and
    $\sigma'(w_i\cdot x)\,x_t$ are linearly independent.
    """,
    checked="""
    Families for four activations, parallel weights with odd ratios included. And that both hypotheses
    are needed: weights equal up to sign, and a polynomial activation.
    """,
    theory=(LEMMA_TANH,),
    instances=(
        independent("tanh-line", "tanh", "x", "3*x", "9*x", "15*x"),
        independent("tanh-plane", "tanh", "x", "x+2*y", "2*x-y", "3*x"),
        independent("sigmoid", "sigmoid", "x", "3*x", "2*x"),
        independent("sin", "sin", "x", "2*x+y", "x-y"),
        independent("exp", "exp", "x", "2*x", "x+y"),
        Instance(
            "sign-clone", Independence(neurons("tanh", ("x", "-x"))), 2, note="$w_2=-w_1$ has to be excluded"
        ),
        Instance(
            "cubic",
            Independence(("x^3", "(2*x)^3", "x*x^2", "x*(2*x)^2")),
            1,
            note="only one derivative of $z^3$ at 0 is not zero",
        ),
    ),
    proof=r"""
    Suppose $\sum_ia_i\sigma(w_i\cdot x)+\sum_i(g_i\cdot x)\,\sigma'(w_i\cdot x)=0$. Choose a direction
    $v$ with $w_i\cdot v\ne0$ for all $i$, with $|w_i\cdot v|$ pairwise different, and with $g_i\cdot
    v\ne0$ whenever $g_i\ne0$; this excludes finitely many hyperplanes, as $w_i\ne0$ and $w_i\ne\pm
    w_j$. Put $x=tv$, $s_i=w_i\cdot v$, $\gamma_i=g_i\cdot v$. The coefficient of $t^n$, for the
    infinitely many $n$ with $\sigma^{(n)}(0)\ne0$, gives $\sum_i(a_is_i+n\gamma_i)\,s_i^{n-1}=0$. Let
    $|s_k|$ be the largest $|s_i|$ with $(a_i,\gamma_i)\ne(0,0)$. Divided by $s_k^{n-1}$, the other
    terms tend to zero, but $a_ks_k+n\gamma_k$ does not: a contradiction. So all $a_i$ and $\gamma_i$
    vanish, and then all $g_i$. ∎
    """,
    remark="proof in the folder; for tanh with biases in docs/theory",
)


def corollary_7(d: int, rows: Weights) -> int:
    """Return m_w + m_a d: neurons up to sign, and those with some outgoing weight, zero neurons apart."""
    groups: dict[tuple[Fraction, ...], bool] = {}
    for w, a in zip(rows["W1"], rows["W2"][0], strict=True):
        row = tuple(map(Fraction, w))
        key = max(row, tuple(-v for v in row))
        groups[key] = groups.get(key, False) or a != 0
    zero = (Fraction(0),) * d
    return sum(key != zero for key in groups) + d * sum(groups.values())


def degenerate(name: str, d: int, w: list[list[int]], a: list[int], note: str) -> Instance:
    """The rank at a degenerate parameter."""
    weights: Weights = {"W1": w, "W2": [a]}
    printed = ("$m_w+m_ad$", corollary_7(d, weights))
    return Instance(name, Rank(f"mlp({d}, {len(w)}, 1, bias=False)", weights), printed=printed, note=note)


COROLLARY_7 = Item(
    folder="corollary-7",
    title="The rank of two-layer tanh networks at every parameter",
    source=f"{PAPER}, Corollary 7",
    words=r"$\operatorname{rank}(\theta)=m_w+m_a\,d$ for two-layer tanh nets without biases",
    status=Status.PROVED,
    statement=r"""
    For $f=\sum_ia_i\tanh(w_i\cdot x)$ at any parameter the rank is $m_w+m_ad$: $m_w$ counts the
    non-zero $w_i$ up to sign, $m_a$ those of them for which some $a_i$ is not zero, plus one if some
    $w_i=0$ has $a_i\ne0$.
    """,
    checked="""
    Parameters with clones, sign clones, neurons without outgoing or incoming weights, and their
    mixtures. The exact ranks are found and proved without the formula.
    """,
    theory=(FORMULA,),
    instances=(
        degenerate("generic", 2, [[1, 2], [2, -1]], [1, 3], "nothing degenerate"),
        degenerate("sign-clones", 2, [[1, 2], [-1, -2], [0, 1]], [1, 3, 2], "one pair of sign clones"),
        degenerate("cancelling-clones", 3, [[1, 2, 0], [1, 2, 0]], [2, -2], "$f=0$, but the rank is not"),
        degenerate("no-outgoing", 2, [[1, 0], [0, 1], [1, 1]], [1, 0, 0], "two neurons with $a=0$"),
        degenerate("no-incoming", 2, [[0, 0], [0, 0], [1, 1]], [1, 2, 3], r"two neurons with $w=0$, $a\ne0$"),
        degenerate(
            "mixture",
            3,
            [[1, 0, 2], [-1, 0, -2], [0, 0, 0], [0, 0, 0], [3, 0, 6]],
            [0, 0, 4, 0, 1],
            "all at once",
        ),
        degenerate("zero", 3, [[0, 0, 0], [0, 0, 0]], [0, 0], "all weights zero"),
    ),
)


def two_layer(d: int, k: int, m: int) -> Instance:
    """Almost every function of k neurons in a net with m of them."""
    return Instance(
        f"d{d}-k{k}-m{m}",
        Bound(f"mlp({d}, {m}, 1, bias=False)", f"mlp({d}, {k}, 1, bias=False)"),
        printed=("$k(d+1)$", k * (d + 1)),
    )


ZERO: Weights = {"W1": [[1, 2], [1, 2]], "W2": [[3, -3]]}
CLONES: Weights = {"W1": [[1, 2], [-2, -4], [-1, -2], [0, 0]], "W2": [[1, 2, 3, 5]]}
SHARED_NOTE = "three neurons, clones up to sign among them and one of value zero, are two: $k=2$"
THEOREM_5 = Item(
    folder="theorem-5",
    title="Two-layer tanh networks",
    source=f"{PAPER}, Theorem 5",
    words="$O(f^*)=k(d+1)$ for $f^*$ with $k$ intrinsic tanh neurons",
    status=Status.PROVED,
    statement=r"""
    If $f^*=\sum_ia_i\tanh(w_i\cdot x)$ needs exactly $k$ neurons, then $O(f^*)=k(d+1)$ in every network
    with $m\ge k$ neurons.
    """,
    checked="""
    Almost every target for several sizes, among them a large one, and given targets that have to be
    reduced first.
    """,
    theory=(TANH, GENERIC),
    instances=(
        two_layer(1, 1, 1),
        two_layer(1, 3, 5),
        two_layer(2, 1, 4),
        two_layer(5, 3, 5),
        two_layer(784, 10, 1000),
        Instance(
            "clones",
            Bound("mlp(2, 6, 1, bias=False)", "mlp(2, 4, 1, bias=False)", CLONES),
            printed=("$k(d+1)$", 2 * 3),
            note=SHARED_NOTE,
        ),
        Instance(
            "odd-ratios",
            Bound(
                "mlp(1, 6, 1, bias=False)",
                "mlp(1, 4, 1, bias=False)",
                {"W1": [[1], [3], [9], [15]], "W2": [[1, 1, 1, 1]]},
            ),
            printed=("$k(d+1)$", 4 * 2),
            note="slopes 1, 3, 9, 15",
        ),
    ),
)

TABLE_2 = Item(
    folder="table-2",
    title="Two-layer tanh networks, by number of neurons",
    source=f"{PAPER}, Table 2",
    words="tanh: $f^*=0$: $0$; $k$ intrinsic neurons: $k(d+1)$, against $m(d+1)$",
    status=Status.PROVED,
    statement="""
    The zero function has $O=0$, and a function of the $k$-th family, not of the one before, has
    $O=k(d+1)$; the general bound is $m(d+1)$, and the upper bound by the Embedding Principle is the
    value.
    """,
    checked="The rows $k=0,1,2,3,4$ for $d=2$ and $m=4$.",
    theory=(TANH, GENERIC),
    instances=(
        Instance(
            "k0", Bound("mlp(2, 4, 1, bias=False)", "mlp(2, 2, 1, bias=False)", ZERO), printed=("$0$", 0)
        ),
        *(
            Instance(
                f"k{k}",
                Bound("mlp(2, 4, 1, bias=False)", f"mlp(2, {k}, 1, bias=False)"),
                printed=("$k(d+1)$", 3 * k),
            )
            for k in range(1, 5)
        ),
    ),
)


def biased(
    name: str, network: str, target: str, formula: str, value: int, weights: Weights | None = None
) -> Instance:
    """A variant of Theorem 5 with biases, d = 2."""
    return Instance(name, Bound(network, target, weights), value, note=f"{formula} $={value}$")


BIASES = Item(
    folder="related-two-layer-biases",
    title="Two-layer networks with biases",
    source=f"{PAPER}, Theorem 4 applied to Theorem 5; our extension",
    words="""
    tanh with biases: $k(d+2)+1$; hidden biases only: $k(d+2)$, and $d+1$ more for a constant part
    """,
    status=Status.EXTENDED,
    statement="""
    For $k$ intrinsic neurons $O=k(d+2)+1$ with all biases and $O=k(d+2)$ with hidden biases only,
    unless $f^*$ has a constant part that is not zero: then a constant neuron is needed, and
    $O=k(d+2)+d+1$. That is one less than $(k+1)(d+2)$, the parameter count of the narrowest network that
    expresses it: the bound of Theorem 4 is not attained there. Sigmoid and gaussian neurons carry
    constants more cheaply.
    """,
    checked="Each case for $d=2$, and the sigmoid and gaussian cases that differ from tanh.",
    theory=(
        TANH,
        Theory("target-sets", "thm-target-sigmoid", "sigmoid"),
        Theory("target-sets", "thm-target-gaussian", "gaussian"),
    ),
    instances=(
        biased("all-biases", "mlp(2, 6, 1)", "mlp(2, 3, 1)", "$k(d+2)+1$", 13),
        biased("hidden", "mlp(2, 6, 1, bias='hidden')", "mlp(2, 3, 1, bias='hidden')", "$k(d+2)$", 12),
        biased("constant-part", "mlp(2, 6, 1, bias='hidden')", "mlp(2, 3, 1)", "$k(d+2)+d+1$", 15),
        biased(
            "constant-only",
            "mlp(2, 6, 1, bias='hidden')",
            "mlp(2, 1, 1)",
            "$d+1$",
            3,
            {"W1": [[0, 0]], "b1": [0], "W2": [[0]], "b2": [7]},
        ),
        biased(
            "sigmoid-constant-turned-away",
            "mlp(2, 6, 1, activation='sigmoid', bias='hidden')",
            "mlp(2, 2, 1, activation='sigmoid')",
            "$k(d+2)$",
            8,
            {"W1": [[1, 2], [2, -1]], "b1": [1, 0], "W2": [[3, 5]], "b2": [-5]},
        ),
        biased(
            "sigmoid-constant",
            "mlp(2, 6, 1, activation='sigmoid', bias='hidden')",
            "mlp(2, 2, 1, activation='sigmoid')",
            "$k(d+2)+1$",
            9,
        ),
        biased(
            "gaussian-constant",
            "mlp(2, 6, 1, activation='gaussian', bias='hidden')",
            "mlp(2, 2, 1, activation='gaussian')",
            "$k(d+2)+1$",
            9,
        ),
    ),
)

ITEMS = (INDEPENDENCE, COROLLARY_7, TABLE_2, THEOREM_5)
RELATED = (BIASES,)
