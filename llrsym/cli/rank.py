"""``llrsym rank NETWORK``: the model rank at given weights, or at almost every weight."""

from collections.abc import Callable, Mapping
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
    prepared_file,
    report,
    stages,
    written_whole,
)
from llrsym.errors import BadInput
from llrsym.networks.network import Network
from llrsym.networks.sources import resolve
from llrsym.networks.weight_files import load_weights
from llrsym.verdict import Verdict


def rank(
    network: NetworkSource,
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="A .npz, .safetensors, .json or .onnx.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Name every dependence.")] = False,
    coq: Annotated[
        Path | None,
        typer.Option("--coq", metavar="FILE", help="Write the lower bound as a Coq file that stands alone."),
    ] = None,
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
    _check_coq(net, at, coq)
    from llrsym.tangent.rank import model_rank

    with stages(quiet) as progress:

        def answer() -> Verdict:
            verdict = model_rank(
                net,
                at=at,
                explain=explain,
                budget=seconds,
                seed=seed,
                certificate=directory,
                progress=progress,
            )
            if at is not None and coq is not None:
                _write_coq(coq, net, at, verdict, progress)
            return verdict

        return report(answer, as_json)


def _check_coq(net: Network, at: Mapping[str, object] | None, coq: Path | None) -> None:
    """Refuse what cannot be exported before any time is spent."""
    if coq is None:
        return
    if at is None:
        raise BadInput("--coq: the file is about one function; give its weights with --weights FILE")
    from llrsym.report.coq.export import check_exportable

    check_exportable(net)
    prepared_file("--coq", coq)


def _write_coq(
    path: Path, net: Network, at: Mapping[str, object], verdict: Verdict, progress: Callable[[str], None]
) -> None:
    from llrsym.report.coq.export import coq_file, write_coq_file

    text = coq_file(net, at, verdict.lower, seed=verdict.seed, progress=progress)
    with written_whole(path) as file:
        write_coq_file(file, text)
