"""``llrsym guarantee NETWORK --weights F --data X.csv``: do these samples carry an LLR guarantee?"""

from pathlib import Path
from typing import Annotated

import typer

from llrsym.cli.common import (
    Budget,
    CertificateDirectory,
    Json,
    NetworkSource,
    Quiet,
    Seed,
    checked_budget,
    prepared_directory,
    report,
    stages,
)
from llrsym.networks.sources import resolve
from llrsym.networks.weight_files import load_weights


def guarantee(
    network: NetworkSource,
    weights: Annotated[
        Path, typer.Option("--weights", metavar="FILE", help="A .npz, .safetensors, .json or .onnx.")
    ],
    data: Annotated[
        Path, typer.Option("--data", metavar="X", help="The samples: a .csv, .npy or .npz, a row each.")
    ],
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="The input columns, by name.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="Y", help="The label columns, by name: not inputs.")
    ] = None,
    as_json: Json = False,
    certificate: CertificateDirectory = None,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Do these samples carry a local linear recovery guarantee at the weights of FILE?

    Proved yes, with the least singular value of the evaluation matrix, the noise amplification and the
    redundant samples; or proved no, with the number of samples that are missing.
    """
    net = resolve(network)
    at = load_weights(weights)
    seconds, directory = checked_budget(budget), prepared_directory(certificate)
    from llrsym.recovery.guarantee import llr_guarantee

    with stages(quiet) as progress:
        return report(
            lambda: llr_guarantee(
                net,
                at=at,
                data=data,
                columns=columns,
                labels=labels,
                budget=seconds,
                seed=seed,
                certificate=directory,
                progress=progress,
            ),
            as_json,
        )
