"""``llrsym rank NETWORK``: the model rank at given weights, or at almost every weight."""

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


def rank(
    network: NetworkSource,
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="A .npz, .safetensors, .json or .onnx.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Name every dependence.")] = False,
    as_json: Json = False,
    certificate: CertificateDirectory = None,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Model rank: the dimension of the span of the tangent functions.

    At the weights of FILE, taken exactly as they are; without one, at almost every weight.
    """
    net = resolve(network)
    at = None if weights is None else load_weights(weights)
    seconds, directory = checked_budget(budget), prepared_directory(certificate)
    from llrsym.tangent.rank import model_rank

    with stages(quiet) as progress:
        return report(
            lambda: model_rank(
                net,
                at=at,
                explain=explain,
                budget=seconds,
                seed=seed,
                certificate=directory,
                progress=progress,
            ),
            as_json,
        )
