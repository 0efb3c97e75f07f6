"""Verdicts and tables for the tests of the report."""

from llrsym.bounds.formula import Formula
from llrsym.report.tables import Cell, Column, Row, Table
from llrsym.verdict import Derivation, Verdict

NASTY = (
    r"50% & {a_1} #2 ~ ^x \input{/etc/passwd} $HOME <script>alert('x')</script> |pipe| *star* `tick` é"
    ' "quoted"'
)


def verdict(lower: int, upper: int, **changes: object) -> Verdict:
    """An optimistic sample size with both sides proved."""
    values = {
        "question": "optimistic_sample_size",
        "network": "mlp(2, 8, 1, activation='tanh', bias=True)",
        "target": "mlp(2, 3, 1, activation='tanh', bias=True)",
        "parameters": 33,
        "lower_verdict": "proved",
        "upper_verdict": "proved",
        "lower_reason": "a theorem",
        "upper_reason": "an embedding",
        "samples_lower": lower,
        "samples_upper": upper,
        "derivation": Derivation("O = 13", "theorem", (Derivation("k = 3", "count", evidence="exact"),)),
    }
    return Verdict(lower=lower, upper=upper, **{**values, **changes})


def nasty_table(rows: int = 1) -> Table:
    """A table with every kind of cell, every verdict, and text that means something in every format."""
    known = verdict(13, 13)
    words = ["proved", "confirmed", "conditional", "probable", "numerical", "open", "refuted"]
    columns = (
        Column("title", NASTY),
        Column("network", "network", "code"),
        Column("formula", "$k*(d+1)$", "formula"),
        Column("samples", "$O$", "number"),
    )
    head = Row(
        (Cell("a group of rows", span=2), Cell(), Cell(Formula("m_0^2"), at_most=True), Cell()), "g", True
    )
    body = [
        Row(
            (
                Cell(NASTY if k < 7 else f"row {k}"),
                Cell("matrix_factorization(rows=4, inner=4, cols=4)", code=True),
                Cell(Formula("k*(d+1)"), words[k % 7], notes=(NASTY,) if k == 0 else ()),
                Cell((13, 13 + k % 2), "open" if k % 2 else "proved", source=known),
            ),
            "g",
        )
        for k in range(7 * rows)
    ]
    return Table(f"Caption: {NASTY} for $k <= m$", "tab:nasty_1", columns, (head, *body))
