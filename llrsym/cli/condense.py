"""``llrsym condense NETWORK --weights F``: fewer neurons at a proved distance, and the samples they need."""

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
    decimal,
    prepared_directory,
    prepared_file,
    print_answer,
    stages,
    written_whole,
)
from llrsym.errors import BadInput, shown
from llrsym.networks.sources import resolve
from llrsym.networks.weight_files import load_weights

MOST_COUNTS = 50


def condense(
    network: NetworkSource,
    weights: Annotated[
        Path, typer.Option("--weights", metavar="FILE", help="A .npz, .safetensors, .json or .onnx.")
    ],
    box: Annotated[
        str | None,
        typer.Option("--box", metavar="BOX", help='Where f is compared: "-1,1" (default) or "-1,1;0,2".'),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="X", help="Instead: samples, whose bounding box is taken."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="The input columns of --data.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="Y", help="The label columns of --data: not inputs.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance", metavar="EPS", parser=decimal, help="Choose the smallest network within EPS."
        ),
    ] = None,
    neurons: Annotated[
        str | None, typer.Option("--neurons", metavar="K", help='Show these sizes: "5", "3,5" or "3..8".')
    ] = None,
    effort: Annotated[int, typer.Option("--effort", metavar="N", help="N times the work: sharper.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="W", help="Write the chosen weights (.json or .npz).")
    ] = None,
    as_json: Json = False,
    certificate: CertificateDirectory = None,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Find smaller networks near the trained one, prove how near, and say how many samples they need.

    Neurons that nearly agree up to sign are merged and nearly constant ones absorbed. The distance is the
    largest difference of the two functions on the box, over all outputs; its bound is proved.
    """
    net, at = resolve(network), load_weights(weights)
    seconds, directory = checked_budget(budget), prepared_directory(certificate)
    counts = None if neurons is None else _counts(neurons)
    from llrsym.embedding.result import checked_path
    from llrsym.recovery.condense import condense as condensed

    path = None if out is None else prepared_file("--out", checked_path(out))
    with stages(quiet) as progress:
        result = condensed(
            net,
            at=at,
            box=box,
            data=data,
            columns=columns,
            labels=labels,
            tolerance=tolerance,
            neurons=counts,
            effort=effort,
            budget=seconds,
            seed=seed,
            certificate=directory,
            progress=progress,
        )
    document, text = result.to_json_dict(), str(result)
    if path is not None:
        with written_whole(path) as file:
            result.write(file)
        text += f"\n  weights: {path}"
    print_answer(document | {"weights": None if path is None else str(path)}, text, as_json)
    return result.exit_code()


def _counts(text: str) -> list[int]:
    """The numbers of ``5``, ``3,5`` or ``3..8``."""
    counts: list[int] = []
    for part in text.split(","):
        first, dots, last = (piece.strip() for piece in part.partition(".."))
        ends = [first, last] if dots else [first]
        if not all(end.isascii() and end.isdecimal() and len(end) < 9 for end in ends):
            raise BadInput(f'--neurons: {shown(text)} is no list of numbers; write for example "5" or "3..8"')
        counts += range(int(ends[0]), int(ends[-1]) + 1)
    if not 0 < len(counts) <= MOST_COUNTS:
        raise BadInput(f"--neurons: {shown(text)} are {len(counts)} numbers; name 1 to {MOST_COUNTS}")
    return counts
