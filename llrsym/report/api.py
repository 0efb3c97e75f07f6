"""``bounds_table``: a table of bounds from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.report.files import default_columns
from llrsym.report.plans import COLUMNS, Instance, Plan, Statement
from llrsym.report.questions import Cache, Progress, Question, answer_all
from llrsym.report.tables import Table
from llrsym.verdict import Verdict

Asked = Verdict | tuple[Network, Network] | tuple[Network, Network, Mapping[str, object] | None]


def bounds_table(
    rows: Sequence[Asked],
    *,
    columns: Sequence[str] | None = None,
    caption: str = "",
    label: str = "",
    jobs: int = 1,
    cache: Path | str | None = None,
    budget: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Table:
    """Return a table of optimistic sample sizes, one row for each question.

    A row is (network, target) for almost every target, (network, target, weights) for the target at these
    weights, or a verdict. ``columns`` are keys such as ``network``, ``target``, ``parameters``, ``rank``,
    ``samples``, ``local_recovery``, ``max_rank`` and ``verdict``. ``jobs`` processes answer the questions,
    ``budget`` limits each of them in seconds, and ``cache`` is a file that keeps what has been answered.

    Raises ``BadInput`` for a row or column that is none of these, and for a target that its network cannot
    express.

    >>> import llrsym as ll
    >>> table = ll.bounds_table([(ll.mlp(2, 8, 1), ll.mlp(2, 3, 1))], columns=["parameters", "samples"])
    >>> print(table.to_csv())
    parameters,samples,samples verdict
    33,13,proved
    <BLANKLINE>

    Reference: arXiv:2406.18035, Tables 1 to 3, for tables of this kind.
    """
    statements = tuple(_statement(position, row) for position, row in enumerate(rows))
    plan = Plan(caption, label, _columns(columns, statements), statements)
    stored = None if cache is None else Cache(Path(cache))
    answers = answer_all(
        plan.questions, jobs=checked_jobs(jobs), cache=stored, budget=budget, seed=seed, progress=progress
    )
    return plan.table(answers)


def checked_jobs(jobs: int) -> int:
    """Return the number of processes; raises ``BadInput`` unless it is at least 1."""
    if jobs < 1:
        raise BadInput(f"jobs: {jobs} is no number of processes; use 1 or more")
    return jobs


def _statement(position: int, row: Any) -> Statement:
    if isinstance(row, Verdict):
        return Statement((Instance(row),))
    if (
        not isinstance(row, tuple)
        or len(row) not in (2, 3)
        or not all(isinstance(n, Network) for n in row[:2])
    ):
        raise BadInput(
            f"bounds_table: row {position} is {shown(row)}; give (network, target), "
            "(network, target, weights) or a verdict"
        )
    try:
        return Statement((Instance(Question(*row)),))
    except BadInput as error:
        raise BadInput(f"bounds_table: row {position}: {error}") from error


def _columns(columns: Sequence[str] | None, statements: tuple[Statement, ...]) -> tuple[str, ...]:
    if columns is None:
        return default_columns(statements)
    for column in columns:
        if column not in COLUMNS:
            raise BadInput(
                f"bounds_table: {shown(column)} is no column; the columns are {', '.join(COLUMNS)}"
            )
    return tuple(columns)
