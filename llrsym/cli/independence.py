"""``llrsym independence FUNCTIONS...``: are these functions linearly independent?"""

from typing import Annotated

import typer

from llrsym.cli.common import (
    Budget,
    CertificateDirectory,
    Json,
    Quiet,
    Seed,
    checked_budget,
    prepared_directory,
    report,
    stages,
)


def independence(
    functions: Annotated[
        list[str], typer.Argument(metavar="FUNCTIONS...", help='Such as "tanh(x+2*y)" "x*tanh(x)".')
    ],
    as_json: Json = False,
    certificate: CertificateDirectory = None,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Are these functions linearly independent? If not, the exact relation."""
    seconds, directory = checked_budget(budget), prepared_directory(certificate)
    from llrsym.tangent.independence import independence as ask

    with stages(quiet) as progress:
        return report(
            lambda: ask(functions, budget=seconds, seed=seed, certificate=directory, progress=progress),
            as_json,
        )
