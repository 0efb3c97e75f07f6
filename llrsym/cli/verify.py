"""``llrsym verify CLAIM CERTIFICATE`` or ``llrsym verify DIR``: the kernel checks a certificate."""

from pathlib import Path
from typing import Annotated

import typer

from llrsym.cli import REFUTED, SETTLED
from llrsym.cli.common import Json, print_answer
from llrsym.errors import BadInput


def verify(
    claim: Annotated[Path, typer.Argument(metavar="CLAIM", help="A claim, or a directory of claims.")],
    certificate: Annotated[Path | None, typer.Argument(metavar="[CERTIFICATE]")] = None,
    as_json: Json = False,
) -> int:
    """Check certificates with the kernel alone; a directory is searched for claim.json files."""
    from llrsym.verify import verify_paths

    results = verify_paths(claim, certificate)
    if not results:
        raise BadInput(f"verify: there is no claim.json below {claim}; give a claim or a directory with one")
    accepted = all(result.accepted for result in results)
    rows = [{"path": str(r.path), "accepted": r.accepted, "message": r.message} for r in results]
    lines = [f"{'accepted' if r.accepted else 'rejected'} {r.path}: {r.message}" for r in results]
    print_answer({"accepted": accepted, "results": rows}, "\n".join(lines), as_json)
    return SETTLED if accepted else REFUTED
