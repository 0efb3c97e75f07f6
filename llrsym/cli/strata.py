"""``llrsym strata NETWORK --target T``: the rank stratification of a two-layer target set."""

from pathlib import Path
from typing import Annotated

import typer

from llrsym.cli import SETTLED
from llrsym.cli.common import Json, NetworkSource, Quiet, prepared_file, print_answer, stages, written_whole
from llrsym.networks.sources import resolve


def strata(
    network: NetworkSource,
    target: Annotated[
        str, typer.Option("--target", metavar="T", help='The target network, such as "mlp(2, 1, 1)".')
    ],
    as_json: Json = False,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Draw ranks against dimensions: .png, .pdf or .svg."),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Rank strata of the parameters that have the function of almost every weight of the target.

    For two-layer tanh networks mlp(d, m, 1) and targets mlp(d, k, 1).
    """
    wide, narrow = resolve(network), resolve(target)
    prepared_file("--picture", picture)
    from llrsym.bounds.strata import strata as strata_of

    with stages(quiet) as progress:
        progress("counting strata by type")
        answer = strata_of(wide, target=narrow)
        if picture is not None:
            from llrsym.report.pictures import draw_strata

            progress("drawing the picture")
            with written_whole(picture) as file:
                draw_strata(answer, file)
    print_answer(answer.to_json_dict(), str(answer), as_json)
    return SETTLED
