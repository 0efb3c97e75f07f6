"""Declared claims: ``rank = k*(d+1)``, ``O <= k*(d+1)``, ``M = ...``, as formulas in the sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llrsym.conjectures.expressions import SizeFormula
from llrsym.conjectures.grid import check_names
from llrsym.errors import BadInput, shown

RANK, SAMPLES, PARAMETERS = "rank", "O", "M"
_CLAIM = re.compile(r"\s*(rank|O|M)\s*(==|=|<=|>=)\s*(.+)", re.DOTALL)
YES, NO = "yes", "no"


@dataclass(frozen=True)
class Claim:
    """A quantity, a relation (``=``, ``<=`` or ``>=``) and a formula in the sizes and in M.

    ``rank`` is the model rank at almost every weight, ``O`` the optimistic sample size and ``M`` the number
    of parameters. ``O <= ...`` is about every function that the network expresses, ``O = ...`` and
    ``O >= ...`` about almost every one.

    >>> claim = Claim.of("rank = k*(d+1)", ["d", "k"])
    >>> claim.quantity, claim.relation, claim.formula.value({"d": 2, "k": 3})
    ('rank', '=', 9)
    """

    text: str
    quantity: str
    relation: str
    formula: SizeFormula

    @classmethod
    def of(cls, text: object, sizes: Iterable[str]) -> Claim:
        """Return the claim; raises ``BadInput`` for another text, and for names that are no sizes."""
        found = _CLAIM.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise BadInput(
                f"claim: {shown(text)} is no claim; write one such as 'rank = k*(d+1)' or 'O <= k*(d+1)'"
            )
        formula = SizeFormula(found[3].strip())
        check_names("claim", formula, dict.fromkeys([*sizes, PARAMETERS]))
        if formula.is_condition:
            raise BadInput(f"claim: {shown(text)} compares twice; give one formula after {found[2]}")
        return cls(" ".join(str(text).split()), found[1], found[2].replace("==", "="), formula)

    def value(self, sizes: Mapping[str, int], parameters: int) -> int | None:
        """Return the value of the formula, None where it is no integer."""
        try:
            return self.formula.value({PARAMETERS: parameters, **sizes})
        except BadInput:
            return None

    def holds(self, value: int, lower: int, upper: int) -> str | None:
        """Return ``yes`` or ``no`` where an interval of the quantity decides the claim, else None."""
        below, above = upper <= value, lower >= value
        broken_below, broken_above = lower > value, upper < value
        match self.relation:
            case "<=":
                held, broken = below, broken_below
            case ">=":
                held, broken = above, broken_above
            case _:
                held, broken = below and above, broken_below or broken_above
        return YES if held else NO if broken else None
