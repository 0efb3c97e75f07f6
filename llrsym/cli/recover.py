"""``llrsym recover NETWORK --target T``: trained networks against the optimistic sample size."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from llrsym.cli import INTERRUPTED, OUT_OF_BUDGET, complain
from llrsym.cli.common import (
    Budget,
    Json,
    Quiet,
    checked_budget,
    decimal,
    prepared_file,
    print_answer,
    stages,
    written_whole,
)
from llrsym.errors import BadInput, OutOfBudget
from llrsym.networks.weight_files import load_weights

if TYPE_CHECKING:
    from llrsym.recovery.recovery_result import Recovery


def recover(
    context: typer.Context,
    network: Annotated[
        list[str],
        typer.Argument(
            metavar="NETWORK...|paper|neuron|factorisation|local|noise|dropout",
            help='Networks, such as "mlp(2, 8, 1)", or "mlp(2, {N}, 1)" with --widths; or an experiment.',
        ),
    ],
    target: Annotated[
        str | None, typer.Option("--target", metavar="T", help='The target, such as "mlp(2, 1, 1)".')
    ] = None,
    target_weights: Annotated[
        Path | None, typer.Option("--target-weights", metavar="FILE", help="Of T; else they are random.")
    ] = None,
    widths: Annotated[
        str | None, typer.Option("--widths", metavar="LIST", help="Values of N, such as 1,3,10.")
    ] = None,
    samples: Annotated[
        str | None, typer.Option("--samples", metavar="LIST", help="Values of n, such as 1..80 or 1..63:2.")
    ] = None,
    trials: Annotated[int | None, typer.Option("--trials", metavar="K", help="Trainings for each n.")] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="LIST", help="small, split, null, zero-out.")
    ] = None,
    init_scale: Annotated[
        float | None,
        typer.Option("--init-scale", metavar="S", parser=decimal, help="Of the initial weights (1e-10)."),
    ] = None,
    perturb: Annotated[
        float | None,
        typer.Option(
            "--perturb", metavar="S", parser=decimal, help="Start this far from target points (1e-3)."
        ),
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option("--optimizer", metavar="NAME", help="gd, adam, lbfgs or least-squares.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="S", parser=decimal, help="Learning rate; of gd the largest one."),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", metavar="N", help="Most steps (3000).")] = None,
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", metavar="S", parser=decimal, help="Relative loss to stop at (1e-16)."),
    ] = None,
    polish: Annotated[
        bool | None, typer.Option("--polish/--no-polish", help="Continue with least squares at the end.")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option("--noise", metavar="S", parser=decimal, help="Standard deviation of label noise."),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option("--dropout", metavar="P", parser=decimal, help="Probability to drop a hidden value."),
    ] = None,
    test_points: Annotated[
        int | None, typer.Option("--test-points", metavar="N", help="Number of test inputs (1000).")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", metavar="S", parser=decimal, help="Error that counts as recovered (1e-3)."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FIG", help="Draw the errors: .png, .pdf or .svg.")
    ] = None,
    style: Annotated[str, typer.Option("--style", metavar="NAME", help="light or dark.")] = "light",
    results: Annotated[
        Path | None,
        typer.Option("--results", metavar="FILE", help="Trainings; else FIG with the suffix .jsonl."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", help="Number of processes.")] = 1,
    as_json: Json = False,
    budget: Budget = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Of all random numbers (0).")] = None,
    quiet: Quiet = False,
) -> int:
    """Numerical recovery experiment: test error of trained networks against the number of samples.

    With --out or --results every training is kept in a file, and the same command continues what was
    interrupted. The proved sizes are shown beside the errors; the errors themselves prove nothing, so that
    the exit code is 3.
    """
    weights = None if target_weights is None else load_weights(target_weights)
    seconds = checked_budget(budget)
    from llrsym.recovery.experiment_options import Options
    from llrsym.recovery.presets import PRESETS
    from llrsym.recovery.recover import recover as run
    from llrsym.recovery.recovery_figures import check_picture, draw_recovery

    if out is not None:
        check_picture(out, style)
        prepared_file("--out", out)
    store = results if results is not None or out is None else out.with_suffix(".jsonl")
    if len(network) > 1 and (named := [name for name in network if name in PRESETS]):
        raise BadInput(f"recover: {named[0]} is an experiment and stands alone; leave out the rest")
    names = Options.__annotations__
    options = cast("Options", {name: context.params[name] for name in names})
    code = None
    try:
        with stages(quiet) as progress:
            answer = run(
                network[0] if len(network) == 1 else network,
                target=target,
                target_weights=weights,
                results=store,
                jobs=jobs,
                budget=seconds,
                progress=progress,
                **options,
            )
    except OutOfBudget as stop:
        answer, code = cast("Recovery", stop.verdict), OUT_OF_BUDGET
        done = f"{len(answer.trainings)} of {answer.count} trainings are done"
        complain(f"the budget ran out; {done}{'' if store is None else ', the same command continues'}")
    except KeyboardInterrupt:
        complain(_interrupted(store))
        return INTERRUPTED
    if out is not None and answer.trainings:
        with written_whole(out) as file:
            draw_recovery(answer, file, style)
    written = None if out is None or not answer.trainings else str(out)
    text = f"{answer}" + ("" if written is None else f"\n  picture: {written}")
    print_answer(answer.to_json_dict() | {"out": written}, text, as_json)
    return answer.exit_code() if code is None else code


def _interrupted(store: Path | None) -> str:
    if store is None:
        return "interrupted; nothing was kept, --out or --results keep the trainings"
    return f"interrupted; the trainings so far are kept in {store}, the same command continues"
