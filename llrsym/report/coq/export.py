"""``rank --coq``: a lower bound of the model rank at rational weights as a Coq file that stands alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from llrsym.errors import BadInput
from llrsym.kernel.errors import Rejected
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.report.coq.search import Dominance, find_dominance
from llrsym.report.coq.text import (
    Written,
    derivatives_text,
    network_text,
    theorem_text,
    values_text,
    write_functions,
)

MAX_PARAMETERS = 16


def check_exportable(network: Network) -> None:
    """Raise ``BadInput`` for a network that cannot be written as a Coq file, with the reason.

    >>> from llrsym.networks.builders import mlp
    >>> check_exportable(mlp(1, 2, 1, activation="gelu"))
    Traceback (most recent call last):
        ...
    llrsym.errors.BadInput: --coq: activation 'gelu' cannot be exported to Coq; there are tanh, ...
    """
    count = network.parameter_count
    if count > MAX_PARAMETERS:
        raise BadInput(
            f"--coq: the network has {count} parameters, and Coq is given at most {MAX_PARAMETERS}; "
            "use a smaller network, or --certificate"
        )
    _written(network, range(count))


def _written(network: Network, columns: range | tuple[int, ...]) -> Written:
    try:
        written = write_functions(network, columns)
        network_text(written)
    except Rejected as refusal:
        raise BadInput(f"--coq: {_sentence(str(refusal))}") from refusal
    return written


def _sentence(reason: str) -> str:
    return f"the network cannot be exported: {reason}" if reason.startswith("it ") else reason


def coq_file(
    network: Network,
    at: Mapping[str, object],
    rank: int,
    *,
    seed: int = 0,
    progress: Callable[[str], None] = lambda message: None,
) -> str:
    """Return a Coq file whose theorem says that ``rank`` tangent functions are linearly independent.

    It defines the network at its exact weights, and proves the derivatives and the independence with
    Coquelicot and CoqInterval. Raises ``BadInput`` for networks that are too large or have functions that
    Coq does not know, for rank 0, and where no short proof was found.

    >>> from llrsym.networks.builders import mlp
    >>> weights = {"W1": [[1]], "W2": [["1/2"]]}
    >>> text = coq_file(mlp(1, 1, 1, bias=False), weights, 2)
    >>> "Theorem model_rank_at_least : forall c0 c1 : R," in text
    True

    Reference: docs/theory/ball-ranks; Boldo, Lelay and Melquiond, Coquelicot, 2015.
    """
    check_exportable(network)
    weights = exact_weights(network, at)
    if rank < 1:
        raise BadInput(
            "--coq: no tangent function is proved to be non-zero, so that there is nothing to export"
        )
    proof = find_dominance(network.program, weights, rank, f"{seed}/coq", progress)
    if proof is None:
        raise BadInput(
            f"--coq: no points were found at which rank {rank} shows with few bits; try another --seed"
        )
    written = _written(network, proof.columns)
    return "\n\n".join(
        [
            _header(network, proof),
            files("llrsym.report.coq").joinpath("library.v").read_text(encoding="utf-8").rstrip(),
            _comment("2. The network f, and the formulas d of its derivatives."),
            _DERIVATIVE,
            network_text(written),
            _comment(
                "3. The formulas are the derivatives; tangent functions are derivatives at the weights."
            ),
            derivatives_text(written, weights),
            _comment("4. The tangent functions at the points, times a power of two, are near integers."),
            values_text(written, proof),
            _comment("5. The tangent functions are linearly independent."),
            theorem_text(written, proof) + "\n",
        ]
    )


_DERIVATIVE = """Ltac derivative f d :=
  intros; unfold f, d; cbv zeta; auto_derive; [repeat split | ring]."""


def _comment(text: str) -> str:
    return f"(* {text} *)"


def _header(network: Network, proof: Dominance) -> str:
    names = network.entry_names()
    chosen = ", ".join(f"{k}: {names[k]}" for k in proof.columns)
    rank, count = len(proof.columns), network.parameter_count
    functions = ", ".join(f"f{k}" for k in range(network.outputs))
    exact = "; there are no more parameters, so that it is equal" if rank == count else ""
    text = f"""The model rank of this network at rational weights is at least {rank}{exact}.

   {_harmless(network.text)}, {count} parameters

   Check it with Coq 8.16, Coquelicot 3.2 and CoqInterval 4.6 (Debian: libcoq-coquelicot, libcoq-interval):
     coqc -w none FILE

   To believe it, read the definitions of sigma_.., {functions} and tangent.., and the theorem at the end:
   tangent<o>_<i> is the derivative of output o by the parameter number i, at the weights, as a function of x.
   The parameters of the theorem are {chosen}.
   The command Print Assumptions model_rank_at_least. shows the axioms: those of Coq's real numbers, and Coq's
   machine integers, with which CoqInterval computes."""
    return _comment(text)


def _harmless(text: str) -> str:
    """The text without what ends a comment of Coq, or opens a string in it."""
    return " ".join(text.split()).replace('"', "'").replace("*)", "* )").replace("(*", "( *")


def write_coq_file(path: Path, text: str) -> None:
    """Write the file; raises ``BadInput`` if it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"--coq: {path} cannot be written ({reason}); name another file") from error
