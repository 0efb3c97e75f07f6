"""Names of activations: resolved to the kernel's exact data, or refused with the reason."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fractions import Fraction

from llrsym.errors import BadInput, shown
from llrsym.kernel.activations import ROOT, activation_named, activation_names
from llrsym.kernel.errors import Malformed

Coefficient = int | str | Fraction

_CORNER = "it has a corner at z = 0"
_CORNERS = "its pieces do not continue each other analytically"
_AT_ZERO = "it has no derivative at z = 0; where z > 0, write the network as a function and trace it"
_JUMP = "it is constant on pieces and jumps between them"
NOT_ANALYTIC = {
    **dict.fromkeys(
        ("relu", "leaky_relu", "leakyrelu", "prelu", "rrelu", "abs", "elu", "selu", "celu"), _CORNER
    ),
    **dict.fromkeys(("relu6", "hardtanh", "hardswish", "hardsigmoid", "hardshrink", "softshrink"), _CORNERS),
    **dict.fromkeys(("threshold", "softsign", "maxout", "clip"), _CORNERS),
    **dict.fromkeys(("sign", "step", "heaviside", "round", "floor"), _JUMP),
}
SQUARE_ROOT = "sqrt"
_registered: dict[str, str] = {}


def canonical_activation(name: str) -> str:
    """Return the name under which the kernel knows this activation.

    Names of the kernel are returned unchanged, registered ones become ``rational:...`` data, so that a
    claim never depends on what was registered where it was made.

    Raises ``BadInput`` for activations that are not real-analytic and for unknown names.

    >>> canonical_activation("tanh")
    'tanh'
    >>> canonical_activation("relu")
    Traceback (most recent call last):
        ...
    llrsym.errors.BadInput: relu is not analytic: it has a corner at z = 0; use an analytic activation, ...
    """
    if not isinstance(name, str):
        raise BadInput(f"activation: expected a name, got {type(name).__name__}; write one such as 'tanh'")
    if name.lower() in NOT_ANALYTIC:
        reason = NOT_ANALYTIC[name.lower()]
        raise BadInput(
            f"{name} is not analytic: {reason}; use an analytic activation, such as softplus, silu or tanh"
        )
    known = _registered.get(name, name)
    try:
        kind = activation_named(known).kind
    except (Malformed, ValueError) as error:
        raise BadInput(_unknown(name, error)) from error
    if kind == ROOT:
        raise BadInput(f"{name} is not analytic: {_AT_ZERO}")
    if known.startswith("rational:"):
        _refuse_real_poles(name, known)
    return known


def canonical_function(name: str) -> str:
    """Return the canonical name of an activation, or of the square root, which is analytic where z > 0.

    Raises ``BadInput`` as ``canonical_activation``.

    >>> canonical_function("sqrt")
    'sqrt'
    """
    return name if name == SQUARE_ROOT else canonical_activation(name)


def register_activation(
    name: str, *, numerator: Sequence[Coefficient], denominator: Sequence[Coefficient] = (1,)
) -> str:
    """Name the rational function with these coefficients (constant term first); return its canonical name.

    sigma(z) = (n_0 + n_1 z + ...) / (d_0 + d_1 z + ...), with integers, fractions or ``"p/q"``, so that
    sigma is exact. The denominator must have no real zero: then sigma is analytic on the real line.

    Raises ``BadInput`` for floats, zero polynomials, real zeros of the denominator, and a name in use.

    >>> register_activation("cauchy", numerator=[1], denominator=[1, 0, 1])
    'rational:1/1,0,1'
    >>> canonical_activation("cauchy")
    'rational:1/1,0,1'
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise BadInput(
            f"register_activation: {shown(name)} is not an identifier; choose a name such as 'my_act'"
        )
    data = f"rational:{_written(name, numerator)}/{_written(name, denominator)}"
    canonical_activation(data)
    if name.lower() in NOT_ANALYTIC or name in activation_names() or _registered.get(name, data) != data:
        raise BadInput(f"register_activation: '{name}' already means something else; choose another name")
    _registered[name] = data
    return data


def _written(name: str, coefficients: Sequence[Coefficient]) -> str:
    texts = []
    for value in coefficients:
        if isinstance(value, bool) or not isinstance(value, int | str | Fraction):
            raise BadInput(
                f"register_activation: '{name}' has the coefficient {shown(value)}; give an integer or 'p/q'"
            )
        try:
            texts.append(str(Fraction(value)).replace("/", "|"))
        except (ValueError, ZeroDivisionError) as error:
            raise BadInput(
                f"register_activation: '{name}' has the coefficient {shown(value)}; give an integer or 'p/q'"
            ) from error
    return ",".join(texts)


def _refuse_real_poles(name: str, known: str) -> None:
    denominator = activation_named(known).denominator
    if len(denominator) == 1 and denominator[0][3] == 0:
        return
    from sympy import Poly, Rational, Symbol

    z = Symbol("z")
    terms = {(power,): Rational(c.numerator, c.denominator) for c, _, _, power, _ in denominator}
    if Poly.from_dict(terms, z, domain="QQ").count_roots():
        raise BadInput(f"{name} is not analytic: its denominator has a real zero; choose one without")


def _unknown(name: str, error: Exception) -> str:
    if name.startswith(("rational:", "power:")):
        return f"{error}; write for example 'power:3' or 'rational:1/1,0,1' for 1/(1+z^2)"
    known = [*(n for n in activation_names() if n != SQUARE_ROOT), *_registered]
    close = difflib.get_close_matches(name, known, n=2)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
    return f"activation {shown(name)} is not known; {hint}"
