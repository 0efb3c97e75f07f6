"""``llrsym embed NETWORK --target T``: weights of a wide network with the function of a narrow one."""

from pathlib import Path
from typing import Annotated

import typer

from llrsym.cli import NOT_SETTLED, SETTLED
from llrsym.cli.common import (
    CertificateDirectory,
    Json,
    NetworkSource,
    Quiet,
    Seed,
    prepared_directory,
    prepared_file,
    print_answer,
    stages,
    written_whole,
)
from llrsym.networks.sources import resolve
from llrsym.networks.weight_files import load_weights


def embed(
    network: NetworkSource,
    target: Annotated[str, typer.Option("--target", metavar="T", help="The narrow network.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="W", help="Write the embedded weights here (.json or .npz).")
    ],
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="Weights of T; without them W is symbolic (.json)."),
    ] = None,
    move: Annotated[
        list[str] | None,
        typer.Option("--move", metavar="MOVE", help="Such as \"split(1, 0, alpha='1/3')\"; may be repeated."),
    ] = None,
    as_json: Json = False,
    certificate: CertificateDirectory = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Embed a narrow network into NETWORK, with a proof of what the embedding keeps.

    The default embedding keeps the function and the span of the tangent functions, so it keeps the rank and
    takes critical points to critical points. Moves: split, split_evenly, null, constant, zero_out, threefold;
    for networks other than mlp, one-layer conv and matrix_factorization: split_unit, split_unit_evenly,
    null_units, null_block.
    """
    net, narrow = resolve(network), resolve(target)
    given = None if weights is None else load_weights(weights)
    directory = prepared_directory(certificate)
    from llrsym.embedding.embed import embed as embedded
    from llrsym.embedding.result import checked_path

    prepared_file("--out", checked_path(out))
    with stages(quiet) as progress:
        result = embedded(
            net,
            target=narrow,
            weights=given,
            moves=move,
            seed=seed,
            certificate=directory,
            progress=progress,
        )
        with written_whole(out) as file:
            result.write(file)
    print_answer(result.to_json_dict() | {"weights": str(out)}, f"{result}\n  weights: {out}", as_json)
    return NOT_SETTLED if result.critical is None else SETTLED
