"""Tables of models that are linear or quadratic in the input, and of matrix factorisation."""

from __future__ import annotations

from llrsym.bounds.formula import Formula
from llrsym.networks.builders import diagonal, matrix_factorization, mlp
from llrsym.report.plans import Claim, Instance, Plan, Statement
from llrsym.report.questions import Question

CLOSED = "docs/theory/closed-forms"


def linear_tables() -> list[Plan]:
    """Return the tables of matrix factorisation, deep linear, diagonal and quadratic networks."""
    return [_factorization(), _deep_linear(), _other()]


def _factorization() -> Plan:
    def instance(rows: int, inner: int, cols: int, r: int) -> Instance:
        wide = matrix_factorization(rows=rows, inner=inner, cols=cols)
        question = Question(wide, matrix_factorization(rows=rows, inner=r, cols=cols))
        return Instance(question, {"m": rows, "p": inner, "n": cols, "r": r})

    exact, parameters = Claim(Formula("r*(m + n - r)"), CLOSED), Claim(Formula("p*(m + n)"))
    square = {"parameters": parameters, "formula": Claim(Formula("2*r*n - r^2"), CLOSED), "samples": exact}
    statements = (
        Statement(tuple(instance(4, 4, 4, r) for r in range(1, 5)), "square, $m == n$ and $p == n$", square),
        Statement(
            (instance(3, 2, 5, 1), instance(3, 2, 5, 2), instance(20, 10, 30, 4)),
            "rectangular",
            {"parameters": parameters, "samples": exact},
        ),
    )
    caption = (
        "Matrix factorisation, factors of shape ($m$, $p$) and ($p$, $n$), target matrices of rank $r$; "
        "a sample is one entry (arXiv:2211.11623 and 2307.08921 for square matrices)"
    )
    columns = ("sizes", "parameters", "formula", "samples")
    return Plan(caption, "tab:matrix", columns, statements, {"formula": "published"})


def _deep_linear() -> Plan:
    def instance(inputs: int, hidden: tuple[int, ...], outputs: int, r: int) -> Instance:
        narrow = (r,) * len(hidden)
        wide, target = (
            mlp(inputs, *widths, outputs, activation="identity", bias=False) for widths in (hidden, narrow)
        )
        sizes = {"d_0": inputs, "d_L": outputs, "L": len(hidden) + 1, "r": r}
        return Instance(Question(wide, target), sizes)

    shapes = [(4, (3,), 2, 1), (4, (3, 3), 2, 1), (4, (3, 3, 3), 2, 1), (4, (3, 3), 4, 2), (10, (8, 8), 6, 3)]
    claims = {
        "rank": Claim(Formula("r*(d_0 + d_L - r)"), CLOSED),
        "samples": Claim(Formula("d_0"), CLOSED),
    }
    statement = Statement(tuple(instance(*shape) for shape in shapes), "rank $r >= 1$", claims)
    caption = (
        "Deep linear networks without biases, targets of rank $r$: the minimal rank does not depend on "
        "the number $L$ of layers, and $O$ is the number of samples of $d_L$ values each"
    )
    columns = ("sizes", "parameters", "rank", "samples")
    return Plan(caption, "tab:deep-linear", columns, (statement,))


def _other() -> Plan:
    def sparse(d: int, depth: int, k: int) -> Instance:
        weights = {"u": [[1] * k + [0] * (d - k)] + [[1] * d] * (depth - 1)}
        network = diagonal(d, depth=depth)
        return Instance(
            Question(network, network, weights), {"d": d, "L": depth, "k": k}, note="weights 0 and 1"
        )

    def quadratic(d: int, r: int, m: int) -> Instance:
        wide, narrow = (mlp(d, n, 1, activation="power:2", bias=False) for n in (m, r))
        return Instance(Question(wide, narrow), {"d": d, "r": r, "m": m})

    non_zero = Claim(Formula("k"), CLOSED)
    form = Claim(Formula("r*d - r*(r-1)/2"), CLOSED)
    statements = (
        Statement(
            tuple(sparse(*sizes) for sizes in ((5, 2, 0), (5, 2, 2), (8, 3, 3), (8, 4, 8))),
            "diagonal, $k$ non-zero coefficients",
            {"parameters": Claim(Formula("L*d")), "formula": non_zero, "samples": non_zero},
        ),
        Statement(
            tuple(quadratic(*sizes) for sizes in ((2, 1, 3), (3, 2, 3), (5, 3, 6), (6, 6, 8))),
            "quadratic activation, form of rank $r$",
            {
                "parameters": Claim(Formula("m*(d+1)")),
                "formula": Claim(Formula("r*(d+1)"), CLOSED, at_most=True),
                "samples": form,
            },
        ),
    )
    caption = (
        "Diagonal networks of depth $L$ (arXiv:2307.08921) and two-layer networks with the square as "
        "activation; the published bound of the latter is the number of parameters of the narrowest network "
        "(arXiv:2406.18035, Theorem 4)"
    )
    columns = ("sizes", "parameters", "formula", "samples")
    return Plan(caption, "tab:other", columns, statements, {"formula": "published"})
