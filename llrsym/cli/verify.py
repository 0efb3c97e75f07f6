"""``llrsym verify CLAIM CERTIFICATE`` or ``llrsym verify DIR``: the kernel checks a certificate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llrsym.cli import REFUTED, SETTLED
from llrsym.cli.common import Json, print_answer

if TYPE_CHECKING:
    from llrsym.verification import Check


def verify(
    claim: Annotated[Path, typer.Argument(metavar="CLAIM", help="A claim, or a directory of claims.")],
    certificate: Annotated[Path | None, typer.Argument(metavar="[CERTIFICATE]")] = None,
    as_json: Json = False,
) -> int:
    """Check certificates with the kernel alone; a directory is searched for claim.json files."""
    from llrsym.verification import verify_paths

    results = verify_paths(claim, certificate)
    accepted = all(result.accepted for result in results)
    document = {"accepted": accepted, "results": [_row(result) for result in results]}
    print_answer(document, "\n".join(map(_line, results)), as_json)
    return SETTLED if accepted else REFUTED


def _row(result: Check) -> dict[str, object]:
    return {
        "path": str(result.path),
        "accepted": result.accepted,
        "message": result.message,
        "conditions": list(result.conditions),
        "trusted": list(result.trusted),
    }


def _line(result: Check) -> str:
    lines = [f"{'accepted' if result.accepted else 'rejected'} {result.path}: {result.message}"]
    lines += [f"  uses: {condition}" for condition in result.conditions]
    lines += [f"  trusts: {item}" for item in result.trusted]
    return "\n".join(lines)
