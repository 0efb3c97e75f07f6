"""Closed forms of the related papers: factorisation, linear, diagonal and quadratic models."""

from __future__ import annotations

from llrsym.networks.assembly import Assembly
from llrsym.networks.network import Network
from proofs.source.model import Bound, Instance, Item, Rank, RankOf, Status, Theory, Weights

FACTORIZATION = Theory("closed-forms", "thm-factorization", "matrix factorisation")
DEEP_LINEAR = Theory("closed-forms", "thm-deep-linear", "deep linear networks")
DIAGONAL = Theory("closed-forms", "thm-diagonal", "diagonal networks")
QUADRATIC = Theory("closed-forms", "thm-quadratic", "quadratic activation")


def of_rank(rows: int, cols: int, r: int) -> list[list[int]]:
    """Return a matrix of rank r: a Vandermonde matrix times another one."""
    left = [[(i + 1) ** j for j in range(r)] for i in range(rows)]
    right = [[(k + 2) ** j for k in range(cols)] for j in range(r)]
    return [[sum(left[i][j] * right[j][k] for j in range(r)) for k in range(cols)] for i in range(rows)]


def factors(name: str, rows: int, inner: int, cols: int, ranks: tuple[int, int]) -> Instance:
    """The rank of A B at factors of given ranks."""
    r_a, r_b = ranks
    weights: Weights = {"A": of_rank(rows, inner, r_a), "B": of_rank(inner, cols, r_b)}
    printed = ("$mn-(m-r_A)(n-r_B)$", rows * cols - (rows - r_a) * (cols - r_b))
    question = Rank(f"matrix_factorization(rows={rows}, inner={inner}, cols={cols})", weights)
    return Instance(name, question, printed=printed, note=f"$r_A={r_a}$, $r_B={r_b}$")


def matrix(rows: int, inner: int, cols: int, r: int) -> Instance:
    """The optimistic sample size of almost every matrix of rank r."""
    shape = "matrix_factorization(rows={}, inner={}, cols={})"
    question = Bound(shape.format(rows, inner, cols), shape.format(rows, r, cols))
    return Instance(
        f"o-{rows}-{inner}-{cols}-rank-{r}", question, printed=("$r(m+n-r)$", r * (rows + cols - r))
    )


MATRICES = Item(
    folder="related-matrix-factorization",
    title="Matrix factorisation",
    source="arXiv 2211.11623 and 2307.08921 (square matrices)",
    words=r"$\operatorname{rank}(A,B)=mn-(m-r_A)(n-r_B)$, $O=r(m+n-r)$",
    status=Status.PROVED,
    statement=r"""
    For $A$ of size $m\times p$ and $B$ of size $p\times n$ the model rank at $(A,B)$ is
    $mn-(m-r_A)(n-r_B)$, and a matrix of rank $r$ has $O=r(m+n-r)$ for every $p\ge r$: $2rd-r^2$ for
    $d\times d$ matrices, that is 7, 12, 15, 16 for $d=4$.
    """,
    checked="""
    The rank formula at degenerate factors, found without it, and $O$ for square and rectangular
    matrices.
    """,
    theory=(FACTORIZATION,),
    instances=(
        factors("ranks-1-1", 4, 4, 4, (1, 1)),
        factors("ranks-2-3", 4, 4, 4, (2, 3)),
        factors("ranks-0-2", 3, 2, 5, (0, 2)),
        factors("ranks-2-1", 3, 2, 5, (2, 1)),
        *(matrix(4, 4, 4, r) for r in (1, 2, 3, 4)),
        matrix(3, 5, 6, 2),
        matrix(100, 50, 80, 10),
    ),
    limits="The sampling orders printed in these papers are not checked here.",
)


def linear(name: str, wide: str, target: str, r: int, inputs: int, outputs: int) -> Instance:
    """The minimal rank r (d_0 + d_L - r) of a deep linear network, with O = d_0."""
    options = "activation='identity', bias=False"
    question = Bound(f"mlp({wide}, {options})", f"mlp({target}, {options})")
    rank = r * (inputs + outputs - r)
    samples = None if outputs == 1 else inputs
    return Instance(name, question, rank, samples=samples, note=f"minimal rank $r(d_0+d_L-r)={rank}$")


LINEAR = Item(
    folder="related-deep-linear",
    title="Deep linear networks",
    source="""
    our extension of arXiv 2211.11623; a case in which Theorem 4 of arXiv 2406.18035 is not sharp
    """,
    words=r"minimal rank $r(d_0+d_L-r)$ at every depth $\ge2$, $O=d_0$ for $r\ge1$",
    status=Status.EXTENDED,
    statement=r"""
    For $f=W_L\cdots W_1x$ with at least two factors the minimal rank over all parameters of a map of
    rank $r\ge1$ is $r(d_0+d_L-r)$, whatever the depth and the hidden widths; $d_0$ samples are needed
    and suffice.
    """,
    checked="Ranks and numbers of samples for several depths, also one output, where the two agree.",
    theory=(DEEP_LINEAR,),
    instances=(
        linear("depth-2", "4, 2, 2", "4, 1, 2", 1, 4, 2),
        linear("depth-3", "4, 3, 3, 2", "4, 1, 3, 2", 1, 4, 2),
        linear("depth-4", "5, 4, 4, 4, 3", "5, 2, 2, 2, 3", 2, 5, 3),
        linear("one-output", "6, 4, 4, 1", "6, 2, 2, 1", 1, 6, 1),
        linear("large", "784, 500, 500, 10", "784, 5, 5, 10", 5, 784, 10),
    ),
)


def sparse(depth: int, k: int) -> Instance:
    """A target with k non-zero coefficients of five."""
    weights: Weights = {"u": [[j + 2 if j < k else 0 for j in range(5)] for _ in range(depth)]}
    text = f"diagonal(5, depth={depth})"
    return Instance(f"depth-{depth}-k{k}", Bound(text, text, weights), printed=("$k$", k))


DIAGONALS = Item(
    folder="related-diagonal",
    title="Diagonal networks",
    source="arXiv 2307.08921",
    words="a $k$-sparse target of a diagonal network of depth at least two has $O=k$",
    status=Status.PROVED,
    statement=r"""
    For $f=\sum_j(u_{1j}\cdots u_{qj})x_j$ with $q\ge2$ a target with $k$ non-zero coefficients has
    $O=k$; the rank at any parameter is the number of $j$ for which at most one factor is zero.
    """,
    checked="""
    Sparse targets for depths 2 and 3, and the rank at a parameter with single and double zeros.
    """,
    theory=(DIAGONAL,),
    instances=(
        *(sparse(depth, k) for depth in (2, 3) for k in (0, 2, 5)),
        Instance(
            "rank-with-zeros",
            Rank("diagonal(4, depth=3)", {"u": [[1, 2, 0, 0], [1, 2, 3, 0], [1, 2, 3, 4]]}),
            3,
            note="no zero, no zero, one zero, two zeros",
        ),
    ),
)


def quadratic(d: int, m: int, r: int) -> Instance:
    """Almost every quadratic form of rank r."""
    options = "activation='power:2', bias=False"
    value = r * d - r * (r - 1) // 2
    question = Bound(f"mlp({d}, {m}, 1, {options})", f"mlp({d}, {r}, 1, {options})")
    return Instance(
        f"d{d}-r{r}", question, value, note=f"$rd-r(r-1)/2={value}$, while $r(d+1)={r * (d + 1)}$"
    )


FORMS = Item(
    folder="related-quadratic",
    title="Quadratic activation",
    source="our extension; a case in which Theorem 4 of arXiv 2406.18035 is not sharp",
    words=r"$\sum a_i(w_i\cdot x)^2$ of rank $r$: $O=rd-r(r-1)/2$",
    status=Status.EXTENDED,
    statement=r"""
    For $f=\sum_ia_i(w_i\cdot x)^2$ a quadratic form of rank $r$ has $O=rd-r(r-1)/2$, less than the
    $r(d+1)$ parameters of the narrowest network.
    """,
    checked="Several sizes and ranks.",
    theory=(QUADRATIC,),
    instances=(quadratic(2, 3, 1), quadratic(3, 5, 2), quadratic(4, 6, 4), quadratic(50, 100, 7)),
)


def small_model() -> Network:
    """Return t0 + t1 x1 + u v x2."""
    net = Assembly((2,), {"t": (2,), "u": (1,), "v": (1,)})
    functions = net.gather([net.constant([1], (1,)), net.input], [0, 1], (2,))
    linear_part = net.gather([net.einsum("i,i->", net.parameter("t"), functions)], [0], (1,))
    pair = net.multiply(net.parameter("u"), net.parameter("v"))
    last = net.multiply(pair, net.gather([net.input], [1], (1,)))
    return Network("t0 + t1 x1 + u v x2", net.finish(net.add(linear_part, last)))


def at_product(name: str, u: int, v: int, rank: int, note: str) -> Instance:
    """The rank of the small model at u, v."""
    question = RankOf(small_model(), r"$t_0+t_1x_1+uv\,x_2$", {"t": [1, 1], "u": [u], "v": [v]})
    return Instance(name, question, rank, note=note)


SMALL = Item(
    folder="related-product-model",
    title="A model with a product of parameters",
    source="arXiv 2307.08921 (the introductory example)",
    words=r"$t_0+t_1x_1+uv\,x_2$: $O=2$ if the coefficient of $x_2$ is zero, else 3",
    status=Status.PROVED,
    statement=r"""
    The model $t_0+t_1x_1+uv\,x_2$ has $M=4$ and largest rank 3; its functions without $x_2$ have $O=2$,
    all others $O=3$.
    """,
    checked="The rank at the four kinds of parameters.",
    theory=(Theory("definitions", "fact-f1", "F1 and its consequences"),),
    instances=(
        at_product("both-zero", 0, 0, 2, "$u=v=0$"),
        at_product("u-zero", 0, 3, 3, r"$u=0$, $v\ne0$: the same function, a larger rank"),
        at_product("v-zero", 3, 0, 3, r"$v=0$, $u\ne0$"),
        at_product("none-zero", 2, 3, 3, r"$uv\ne0$"),
    ),
    proof=r"""
    The tangent functions are $1$, $x_1$, $v\,x_2$ and $u\,x_2$: the rank is 2 if $u=v=0$ and 3
    otherwise. If $uv=0$, the minimum over the target set is attained at $u=v=0$. ∎
    """,
)

ITEMS = (MATRICES, LINEAR, DIAGONALS, FORMS, SMALL)
