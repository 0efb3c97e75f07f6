"""The parts of a Coq file about one network: functions, derivatives, values at points, and the theorem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from llrsym.kernel.program import Program
from llrsym.kernel.run import forward, gradient
from llrsym.kernel.tower import Weights
from llrsym.networks.network import Network
from llrsym.report.coq.activations import coq_names, definitions
from llrsym.report.coq.search import Dominance
from llrsym.report.coq.terms import ONE, ZERO, CoqTerms, Term, atom, rational

SPARE_BITS, LEAST_PRECISION = 40, 64
Functions = dict[int, str]
_TAKEN = re.compile(r"d\d+_\d+|d?sigma_.*")


@dataclass(frozen=True, slots=True)
class Written:
    """A network in Coq: names of its weights and inputs, bodies of its outputs and of their derivatives.

    ``slopes[o][i]`` is the derivative of output o by the parameter entry number i.
    """

    weights: tuple[str, ...]
    inputs: tuple[str, ...]
    activations: dict[str, str]
    outputs: tuple[str, ...]
    slopes: tuple[Functions, ...]

    @property
    def binder(self) -> str:
        """The inputs as bound variables."""
        return f"({' '.join(self.inputs)} : R)"


def write_functions(network: Network, columns: Sequence[int]) -> Written:
    """Run the network and its gradient over Coq terms; raises ``Rejected`` for what Coq is not given.

    >>> from llrsym.networks.builders import mlp
    >>> written = write_functions(mlp(1, 1, 1, bias=False), [0])
    >>> print(written.slopes[0][0])
    let z1 := W1_0_0 * x1 in
    W2_0_0 * dsigma_tanh z1 * x1
    """
    program = network.program
    names, inputs = _identifiers(network), tuple(f"x{k + 1}" for k in range(network.inputs))
    activations = coq_names(_activations(program))
    domain, entries = CoqTerms(activations), iter(names)
    tensors = [[atom(next(entries)) for _ in range(count)] for _, _, count in network.layers]
    trace = forward(program, domain, [atom(name) for name in inputs], tensors)
    slopes: list[Functions] = []
    for output in range(network.outputs):
        cotangent = [ONE if k == output else ZERO for k in range(network.outputs)]
        parts = gradient(program, domain, trace, cotangent)
        layers = zip(parts, network.layers, strict=True)
        flat: list[Term] = [e for part, (_, _, count) in layers for e in (part or [ZERO] * count)]
        slopes.append({column: domain.function(flat[column]) for column in columns})
    outputs = tuple(domain.function(term) for term in trace.values[program.output])
    return Written(tuple(names), inputs, activations, outputs, tuple(slopes))


def _activations(program: Program) -> Iterator[str]:
    for equation in program.equations:
        if equation.primitive == "activation" and equation.data != "identity":
            yield str(equation.data)


def _identifiers(network: Network) -> list[str]:
    """Distinct names with an underscore, that are no names of Coq's: W1[0,2] is W1_0_2."""
    names: list[str] = []
    for entry in network.entry_names():
        word, _, index = entry.rstrip("]").partition("[")
        name = "_".join([re.sub(r"[^A-Za-z0-9_]", "_", word), *index.split(",")])
        while name in names or _TAKEN.fullmatch(name):
            name += "_"
        names.append(name)
    return names


def network_text(written: Written) -> str:
    """Return the activations, the outputs f0, f1, .. and the formulas d0_0, .. of their derivatives."""
    binder = f"({' '.join(written.weights)} : R) {written.binder}"
    parts = [definitions(name, suffix) for name, suffix in written.activations.items()]
    for output, body in enumerate(written.outputs):
        parts.append(f"Definition f{output} {binder} : R :=\n{_indented(body)}.")
    for output, slopes in enumerate(written.slopes):
        for column, body in slopes.items():
            parts.append(f"Definition d{output}_{column} {binder} : R :=\n{_indented(body)}.")
    return "\n\n".join(parts)


def _indented(body: str) -> str:
    return "\n".join(f"  {line}" for line in body.splitlines())


def derivatives_text(written: Written, weights: Weights) -> str:
    """Return the proofs that the formulas are the derivatives, and the tangent functions at the weights."""
    values = [rational(v) for tensor in weights for v in tensor]
    return "\n\n".join(
        _derivative(written, values, output, column)
        for output, slopes in enumerate(written.slopes)
        for column in slopes
    )


def _derivative(written: Written, values: Sequence[str], output: int, column: int) -> str:
    names, inputs = written.weights, " ".join(written.inputs)
    number, every = f"{output}_{column}", " ".join([*names, inputs])
    moved = " ".join([*names[:column], "t", *names[column + 1 :], inputs])
    given = " ".join([*values[:column], "t", *values[column + 1 :], inputs])
    at = " ".join([*values, inputs])
    return f"""Lemma derivative{number} : forall {every} : R,
  is_derive (fun t => f{output} {moved}) {names[column]}
    (d{number} {every}).
Proof. derivative f{output} d{number}. Qed.

Definition tangent{number} {written.binder} : R :=
  Derive (fun t => f{output} {given}) {values[column]}.

Lemma formula{number} : forall {inputs} : R, tangent{number} {inputs} =
  d{number} {at}.
Proof. intros; apply is_derive_unique; exact (derivative{number} {at}). Qed."""


def values_text(written: Written, proof: Dominance) -> str:
    """Return the integers, and one lemma per row: the values of the tangent functions are near them."""
    suffixes = written.activations.values()
    unfolded = "".join(f"  unfold sigma_{suffix}, dsigma_{suffix};\n" for suffix in suffixes)
    size = max((abs(a).bit_length() for row in proof.matrix for a in row), default=0)
    bits = max(LEAST_PRECISION, size + SPARE_BITS)
    return "\n\n".join(
        [
            f"Ltac entry := cbv zeta;\n{unfolded}"
            f"  rewrite ?tanh_exp; unfold sinh, cosh; interval with (i_prec {bits}).",
            _matrix("matrix", proof.matrix),
            _matrix("left", proof.inverse),
            *(_row_lemma(proof, number) for number in range(len(proof.rows))),
        ]
    )


def _row_lemma(proof: Dominance, number: int) -> str:
    output = proof.rows[number][1]
    formulas = ", ".join(f"d{output}_{column}" for column in proof.columns)
    rewriting = ", ".join(f"?formula{output}_{column}" for column in proof.columns)
    return f"""Lemma row{number} : near (IZR {1 << proof.scale})
  {_row(proof, number)}
  {_integers(proof.matrix[number])}.
Proof.
  rewrite {rewriting}; unfold {formulas}.
  repeat (split; [entry|]); exact I.
Qed."""


def _matrix(name: str, rows: Sequence[Sequence[int]]) -> str:
    lines = ";\n   ".join(_integers(row) for row in rows)
    return f"Definition {name} : list (list Z) :=\n  [{lines}]."


def _integers(row: Sequence[int]) -> str:
    return f"[{'; '.join(str(a) if a >= 0 else f'({a})' for a in row)}]%Z"


def _row(proof: Dominance, number: int) -> str:
    sample, output = proof.rows[number]
    at = _point(proof.points[sample])
    return f"[{'; '.join(f'tangent{output}_{c} {at}' for c in proof.columns)}]"


def _point(point: Sequence[Fraction]) -> str:
    return " ".join(rational(v) for v in point)


def theorem_text(written: Written, proof: Dominance) -> str:
    """Return the theorem: the tangent functions of the columns are linearly independent."""
    inputs, outputs = " ".join(written.inputs), range(len(written.outputs))
    letters = [f"c{k}" for k in range(len(proof.columns))]
    sums = [
        " + ".join(f"{c} * tangent{o}_{i} {inputs}" for c, i in zip(letters, proof.columns, strict=True))
        for o in outputs
    ]
    hypotheses = "\n  ".join(f"(forall {inputs} : R, {total} = 0) ->" for total in sums)
    zero = " /\\ ".join(f"{c} = 0" for c in letters)
    numbers = range(len(proof.rows))
    rows = ";\n     ".join(_row(proof, k) for k in numbers)
    near = "".join(f"(Forall2_cons _ _ row{k} " for k in numbers) + "(Forall2_nil _)" + ")" * len(proof.rows)
    places = "\n".join(
        f"    apply Forall_cons; [rewrite <- (H{o} {_point(proof.points[s])}); cbn [dot]; ring|]."
        for s, o in proof.rows
    )
    return f"""Theorem model_rank_at_least : forall {" ".join(letters)} : R,
  {hypotheses}
  {zero}.
Proof.
  intros {" ".join(letters)} {" ".join(f"H{o}" for o in outputs)}.
  assert (E : List.Forall (fun z => z = 0) [{"; ".join(letters)}]).
  {{ apply (dominance_gives_injectivity (IZR {1 << proof.scale}) {1 << proof.unit} matrix left
    [{rows}]); [| | reflexivity | vm_compute; reflexivity].
    exact {near}.
{places}
    apply Forall_nil. }}
  rewrite !Forall_cons_iff in E; tauto.
Qed."""
