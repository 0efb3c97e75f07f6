"""``llrsym sample NETWORK --weights F``: a certified set of sample points."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from llrsym.cli import OUT_OF_BUDGET, complain
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
    print_answer,
    stages,
    written_whole,
)
from llrsym.errors import BadInput, OutOfBudget
from llrsym.networks.sources import resolve
from llrsym.networks.weight_files import load_weights

if TYPE_CHECKING:
    from llrsym.recovery.design_result import Design


def sample(
    network: NetworkSource,
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="A .npz, .safetensors, .json or .onnx.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="T", help="Instead of --weights: a narrow network ...")
    ] = None,
    target_weights: Annotated[
        Path | None,
        typer.Option("--target-weights", metavar="FILE", help="... and its weights, embedded into NETWORK."),
    ] = None,
    n: Annotated[
        int | None, typer.Option("-n", metavar="N", min=1, help="Points; else the least number that works.")
    ] = None,
    box: Annotated[
        str | None,
        typer.Option("--box", metavar="BOX", help='"-1,1", "-1,1;0,2" or a file with a row per coordinate.'),
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option("--candidates", metavar="X", help="Choose among the rows of a .csv, .npy or .npz."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="The input columns of --candidates.")
    ] = None,
    distribution: Annotated[
        str | None, typer.Option("--distribution", metavar="NAME", help="uniform, normal or sphere.")
    ] = None,
    method: Annotated[str, typer.Option("--method", metavar="NAME", help="pivot or d-optimal.")] = "pivot",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="X.csv", help="Write the points here, exactly.")
    ] = None,
    as_json: Json = False,
    certificate: CertificateDirectory = None,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Sample points with a proof that they carry a local linear recovery guarantee at the weights.

    As few as can be by default, well conditioned, each choice explained; from space-filling points of
    [-1, 1]^d, a box or a distribution, or among your own candidates. Also a proof that fewer never do.
    """
    net, narrow = resolve(network), None if target is None else resolve(target)
    at = None if weights is None else load_weights(weights)
    values = None if target_weights is None else load_weights(target_weights)
    seconds, directory = checked_budget(budget), prepared_directory(certificate)
    if out is not None and out.suffix != ".csv":
        raise BadInput(f"--out: {out} is not .csv; choose this type")
    prepared_file("--out", out)
    from llrsym.recovery.data import write_csv
    from llrsym.recovery.sample_design import sample_design

    code = None
    with stages(quiet) as progress:
        try:
            design = sample_design(
                net,
                at=at,
                target=narrow,
                target_weights=values,
                n=n,
                candidates=candidates,
                columns=columns,
                box=box,
                distribution=distribution,
                method=method,
                budget=seconds,
                seed=seed,
                certificate=directory,
                progress=progress,
            )
        except OutOfBudget as stop:
            design, code = cast("Design", stop.verdict), OUT_OF_BUDGET
            complain("the budget ran out; what is known is printed, a larger --budget may settle the rest")
    if out is not None and design.data is not None:
        with written_whole(out) as file:
            write_csv(file, design.data)
    written = None if out is None or design.data is None else str(out)
    text = f"{design}" + ("" if written is None else f"\n  points: {written}")
    print_answer(design.to_json_dict() | {"out": written}, text, as_json)
    return design.exit_code() if code is None else code
