"""Activations in Coq: their values, their derivatives, and the proof that these are the derivatives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from llrsym.kernel.activations import Activation, Polynomial, activation_named, multiply
from llrsym.kernel.errors import Rejected
from llrsym.report.coq.terms import rational


@dataclass(frozen=True, slots=True)
class CoqActivation:
    """A function of z, its derivative, and a function that has to be proved positive for it."""

    value: str
    slope: str
    positive: str = "1"


_LOGISTIC, _SCALED = "1 + exp (- z)", "1 + exp (- (851/500 * z))"
_TABLE = {
    "tanh": CoqActivation("tanh z", "1 - tanh z ^ 2"),
    "sigmoid": CoqActivation(f"/ ({_LOGISTIC})", f"exp (- z) / ({_LOGISTIC}) ^ 2"),
    "exp": CoqActivation("exp z", "exp z"),
    "sinh": CoqActivation("sinh z", "cosh z"),
    "cosh": CoqActivation("cosh z", "sinh z"),
    "sech": CoqActivation("/ cosh z", "- sinh z / cosh z ^ 2"),
    "gaussian": CoqActivation("exp (- (z * z))", "- 2 * z * exp (- (z * z))"),
    "sin": CoqActivation("sin z", "cos z"),
    "cos": CoqActivation("cos z", "- sin z"),
    "arctan": CoqActivation("atan z", "/ (1 + z ^ 2)", "1 + z ^ 2"),
    "softplus": CoqActivation("ln (1 + exp z)", "exp z / (1 + exp z)"),
    "silu": CoqActivation(f"z / ({_LOGISTIC})", f"({_LOGISTIC} + z * exp (- z)) / ({_LOGISTIC}) ^ 2"),
    "quick_gelu": CoqActivation(
        f"z / ({_SCALED})", f"({_SCALED} + 851/500 * z * exp (- (851/500 * z))) / ({_SCALED}) ^ 2"
    ),
}
_SUPPORTED = ", ".join([*_TABLE, "powers", "polynomials", "rational functions"])
_PROOF = """Proof.
  intros z; unfold sigma_{0}, dsigma_{0}, tanh.
  assert (0 < exp z) by apply exp_pos.
  assert (0 < exp (- z)) by apply exp_pos.
  assert (0 < exp (- (851/500 * z))) by apply exp_pos.
  assert (0 < cosh z) by (unfold cosh; lra).
  assert (0 < {1}) by (lra || interval with (i_prec 64)).
  auto_derive; [repeat split; lra | try ring; field; repeat split; lra].
Qed."""


def coq_activation(name: str) -> CoqActivation:
    """Return an activation as Coq terms in z; raises ``Rejected`` for one that CoqInterval does not have.

    >>> coq_activation("power:3")
    CoqActivation(value='z ^ 3', slope='3 * z ^ 2', positive='1')
    """
    if name in _TABLE:
        return _TABLE[name]
    activation = activation_named(name)
    if name.partition(":")[0] in ("power", "rational") and activation.exact:
        return _quotient(activation)
    raise Rejected(f"activation '{name}' cannot be exported to Coq; there are {_SUPPORTED}")


def _quotient(activation: Activation) -> CoqActivation:
    numerator, denominator = activation.numerator, activation.denominator
    slope = activation.slope(numerator)
    if activation.is_polynomial:
        return CoqActivation(_polynomial(numerator), _polynomial(slope))
    change = [(-c, *powers) for c, *powers in multiply(numerator, activation.slope(denominator))]
    below = _polynomial(denominator)
    if not _is_positive(denominator):
        raise Rejected(
            f"activation '{activation.name}' cannot be exported to Coq: its denominator has to be "
            "a sum of even powers with positive coefficients"
        )
    above = _polynomial((*multiply(slope, denominator), *change))  # type: ignore[arg-type]
    return CoqActivation(f"({_polynomial(numerator)}) / ({below})", f"({above}) / ({below}) ^ 2", below)


def _is_positive(polynomial: Polynomial) -> bool:
    constant = any(z == 0 for _, _, _, z, _ in polynomial)
    return constant and all(c > 0 and z % 2 == 0 for c, _, _, z, _ in polynomial)


def _polynomial(polynomial: Polynomial) -> str:
    return " + ".join(_monomial(c, z) for c, _, _, z, _ in polynomial) or "0"


def _monomial(coefficient: Fraction, power: int) -> str:
    if power == 0:
        return rational(coefficient)
    letter = "z" if power == 1 else f"z ^ {power}"
    return letter if coefficient == 1 else f"{rational(coefficient)} * {letter}"


def coq_names(activations: Iterable[str]) -> dict[str, str]:
    """Return a suffix for the Coq functions of each activation.

    >>> coq_names(["tanh", "rational:0,1/1,0,1"])
    {'tanh': 'tanh', 'rational:0,1/1,0,1': 'rational_2'}
    """
    distinct = enumerate(dict.fromkeys(activations), start=1)
    return {name: name if ":" not in name else f"{name.partition(':')[0]}_{k}" for k, name in distinct}


def definitions(name: str, suffix: str) -> str:
    """Return the Coq definitions of an activation and its derivative, and the proof that it is that."""
    activation = coq_activation(name)
    return "\n".join(
        [
            f"Definition sigma_{suffix} (z : R) : R := {activation.value}.",
            f"Definition dsigma_{suffix} (z : R) : R := {activation.slope}.",
            f"Lemma sigma_{suffix}_derivative : forall z, is_derive sigma_{suffix} z (dsigma_{suffix} z).",
            _PROOF.format(suffix, activation.positive),
            # Otherwise Coq takes this rule for the function itself, where it occurs in other activations.
            f"#[local] Typeclasses Opaque sigma_{suffix}.",
            f"#[local] Instance sigma_{suffix}_differentiable : UnaryDiff sigma_{suffix} :=",
            f"  {{| UnaryDiff_f' := dsigma_{suffix}; UnaryDiff_H := sigma_{suffix}_derivative |}}.",
        ]
    )
