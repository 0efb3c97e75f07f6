"""Names of activations: resolved to the kernel's exact data, or refused with the reason."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fractions import Fraction

from llrsym.errors import BadInput, shown
from llrsym.kernel.activations import ROOT, activation_named, activation_names
from llrsym.kernel.errors import Malformed
from llrsym.kernel.polynomial_systems import PREFIX
from llrsym.networks.formulas import (
    FORMULA,
    canonical_formula,
    check_is_analytic,
    parse,
    plain_activation,
)
from llrsym.networks.rationals import exact_rational
from llrsym.networks.systems import canonical_ode, canonical_system, exact_number

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

    Names of the kernel are returned unchanged, registered ones become ``rational:...`` or ``ode:...`` data,
    so that a claim never depends on what was registered where it was made. A ``formula:...`` is no name of
    the kernel: it stands for several equations, which ``Assembly`` writes.

    Raises ``BadInput`` for activations that are not real-analytic and for unknown names.

    >>> canonical_activation("tanh"), canonical_activation("formula: z * sigmoid(z)")
    ('tanh', 'formula:z*sigmoid(z)')
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
    if known.startswith(FORMULA):
        return _canonical_formula(known.removeprefix(FORMULA))
    if known.startswith(PREFIX):
        return canonical_ode(known)
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
    name: str,
    *,
    numerator: Sequence[Coefficient] | None = None,
    denominator: Sequence[Coefficient] = (1,),
    formula: str | None = None,
    derivatives: Sequence[str] | None = None,
    initial: Sequence[Coefficient] = (),
) -> str:
    """Name an activation given by coefficients, a formula or an equation; return its canonical name.

    ``numerator`` and ``denominator``: sigma(z) = (n_0 + n_1 z + ...) / (d_0 + d_1 z + ...), with integers,
    fractions or ``"p/q"``; the denominator must have no real zero. ``formula``: a text in z such as
    ``"z*tanh(softplus(z))"``; decimals are exact, and divisors must be visibly positive. ``derivatives`` and
    ``initial``: sigma is the first component of the solution of y_k' = P_k(z, y1, .., yn) with these rational
    values at z = 0, where the P_k are polynomials; it must be known to exist for all real z.

    Raises ``BadInput`` for floats, functions that are not analytic on the real line, and a name in use.

    >>> register_activation("cauchy", numerator=[1], denominator=[1, 0, 1])
    'rational:1/1,0,1'
    >>> register_activation("swoosh", formula="softplus(z - 4) - 0.08*z - 0.035")
    'formula:softplus(z-4)-0.08*z-0.035'
    >>> register_activation("dawson", derivatives=["1 - 2*z*y1"], initial=["0"])
    'ode:1-2*z*y1@0'
    >>> canonical_activation("dawson")
    'ode:1-2*z*y1@0'
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise BadInput(
            f"register_activation: {shown(name)} is not an identifier; choose a name such as 'my_act'"
        )
    if sum(given is not None for given in (numerator, formula, derivatives)) != 1:
        raise BadInput(
            f"register_activation: give '{name}' either a numerator, a formula or derivatives, and only one"
        )
    if formula is not None:
        data = canonical_activation(FORMULA + _text(formula))
    elif derivatives is not None:
        data = _canonical_system(derivatives, initial)
    else:
        data = f"rational:{_written(name, numerator or ())}/{_written(name, denominator)}"
        canonical_activation(data)
    if name.lower() in NOT_ANALYTIC or name in activation_names() or _registered.get(name, data) != data:
        raise BadInput(f"register_activation: '{name}' already means something else; choose another name")
    _registered[name] = data
    return data


def _text(formula: object) -> str:
    if not isinstance(formula, str):
        raise BadInput(f"register_activation: the formula {shown(formula)} is no text; write '0.5*z*tanh(z)'")
    return formula


def _canonical_system(derivatives: object, initial: object) -> str:
    if isinstance(derivatives, str) or not isinstance(derivatives, Sequence):
        raise BadInput(f"register_activation: derivatives is {shown(derivatives)}; give a list of texts")
    if isinstance(initial, str) or not isinstance(initial, Sequence):
        raise BadInput(f"register_activation: initial is {shown(initial)}; give a list of numbers")
    return canonical_system(derivatives, [exact_number(value) for value in initial])


def _canonical_formula(text: str) -> str:
    """The canonical name of a formula; that of an activation if it is nothing but one."""
    formulas = {name: _as_formula(data) for name, data in _registered.items()}
    body = canonical_formula(text, _function_in_formula, formulas)
    graph, root = parse(body, _function_in_formula)
    check_is_analytic(text, graph, root)
    return plain_activation(graph, root) or FORMULA + body


def _function_in_formula(name: str) -> str:
    known = canonical_function(name)
    if known.startswith(PREFIX):
        raise BadInput(f"'{name}' is given by a differential equation, which no formula can contain")
    return known


def _as_formula(data: str) -> str:
    """A registered activation as a formula in z; a differential equation is none and stays as it is."""
    kind, _, body = data.partition(":")
    if kind != "rational":
        return body if kind == "formula" else data
    sides = [side.replace("|", "/").split(",") for side in body.split("/")]
    above, below = (
        "+".join(f"({c})*z^{n}" if n else f"({c})" for n, c in enumerate(side) if Fraction(c))
        for side in sides
    )
    return f"({above})/({below})"


def _written(name: str, coefficients: Sequence[Coefficient]) -> str:
    texts = []
    for value in coefficients:
        try:
            texts.append(str(exact_rational(value)).replace("/", "|"))
        except ValueError as error:
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
