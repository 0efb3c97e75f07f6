"""``llrsym bound NETWORK --target T``: the optimistic sample size of a target, and claims about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer

from llrsym.cli import OUT_OF_BUDGET, complain
from llrsym.cli.common import (
    Budget,
    CertificateDirectory,
    Json,
    NetworkSource,
    Progress,
    Quiet,
    Seed,
    checked_budget,
    prepared_directory,
    print_answer,
    stages,
)
from llrsym.errors import BadInput, OutOfBudget
from llrsym.networks.network import Network
from llrsym.networks.sources import resolve
from llrsym.networks.weight_files import load_weights

if TYPE_CHECKING:
    from llrsym.bounds.claim_verdict import ClaimVerdict
    from llrsym.verdict import Verdict

BUDGET = "the budget ran out; what is known so far is printed, a larger --budget may settle the question"


def bound(
    network: NetworkSource,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="T", help='The target network, such as "mlp(2, 3, 1)"; else NETWORK itself.'
        ),
    ] = None,
    target_weights: Annotated[
        Path | None,
        typer.Option("--target-weights", metavar="FILE", help="The very target: weights of T in a file."),
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option("--claim", metavar="FORMULA", help='Test a formula in named sizes, such as "k*(d+1)".'),
    ] = None,
    as_json: Json = False,
    latex: Annotated[bool, typer.Option("--latex", help="Write the derivation as LaTeX.")] = False,
    certificate: CertificateDirectory = None,
    budget: Budget = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> int:
    """Optimistic sample size of almost every function that T expresses, as a theorem with its derivation.

    With --target-weights, of that very function; it may be one of NETWORK, without --target. --claim tests a
    published formula and hunts for counterexamples. Its names: d inputs (with conv: length of an axis), c
    outputs, M and M_narrow parameters of NETWORK and T; mlp: L layers, m and k hidden width of NETWORK and of
    T (m1, k1, ... if there are more hidden layers); conv: s kernel length, S kernel pixels, L positions, D
    input pixels, m and k channels, n_dead zero read-out weights; matrix_factorization: rows, cols, inner, r;
    diagonal: k non-zero entries.
    """
    if target is None and target_weights is None:
        raise BadInput("bound: there is no target; give --target T, --target-weights FILE or both")
    wide = resolve(network)
    narrow = wide if target is None else resolve(target)
    weights = None if target_weights is None else load_weights(target_weights)
    seconds, directory = checked_budget(budget), prepared_directory(certificate)
    with stages(quiet) as progress:
        question = Question(wide, narrow, weights, claim, seconds, seed, directory, progress)
        try:
            verdict, tested = question.answer()
            code = verdict.exit_code() if tested is None else tested.exit_code()
        except OutOfBudget as stop:
            verdict, tested, code = cast("Verdict", stop.verdict), None, OUT_OF_BUDGET
    if code == OUT_OF_BUDGET:
        complain(BUDGET)
    document = verdict.to_json_dict() | {"claim": None if tested is None else tested.to_json_dict()}
    print_answer(document, _latex(verdict, tested) if latex else _text(verdict, tested), as_json)
    return code


class Question(NamedTuple):
    """What was asked."""

    network: Network
    target: Network
    weights: dict[str, object] | None
    claim: str | None
    budget: float | None
    seed: int
    directory: Path | None
    progress: Progress

    def answer(self) -> "tuple[Verdict, ClaimVerdict | None]":
        """Return the bound and, with a claim, what became of it."""
        from llrsym.bounds.claims import bound_claim
        from llrsym.bounds.optimistic import optimistic_sample_size

        if self.claim is None:
            verdict = optimistic_sample_size(
                self.network,
                target=self.target,
                weights=self.weights,
                budget=self.budget,
                seed=self.seed,
                certificate=self.directory,
                progress=self.progress,
            )
            return verdict, None
        tested = bound_claim(
            self.network,
            target=self.target,
            formula=self.claim,
            weights=self.weights,
            budget=self.budget,
            seed=self.seed,
            certificate=self.directory,
            progress=self.progress,
        )
        return tested.bound, tested


def _text(verdict: "Verdict", tested: "ClaimVerdict | None") -> str:
    return str(verdict) if tested is None else f"{verdict}\n{tested}"


def _latex(verdict: "Verdict", tested: "ClaimVerdict | None") -> str:
    tree = verdict.derivation if tested is None else tested.derivation
    return "" if tree is None else tree.to_latex().rstrip()
