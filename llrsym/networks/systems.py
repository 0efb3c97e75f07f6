"""Activations given by a differential equation: polynomials as text, and the canonical ``ode:`` name."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from llrsym.errors import BadInput, shown
from llrsym.kernel.errors import Malformed
from llrsym.kernel.polynomial_systems import (
    MAX_DEGREE,
    MAX_EQUATIONS,
    PREFIX,
    Polynomial,
    System,
    check_exists_everywhere,
    collected,
    written,
)
from llrsym.networks.grammar import Graph, Parser
from llrsym.networks.rationals import exact_rational

MAX_WRITTEN_TERMS, MAX_NUMBER = 1_000, 200


def canonical_system(derivatives: Sequence[str], initial: Sequence[Fraction]) -> str:
    """Return the name of the solution y1 of y1' = derivatives[0], .., with these values at z = 0.

    Raises ``BadInput`` for right sides that are not polynomials in z, y1, .., yn, beyond the limits, or where
    the solution is not proved to exist for all real z.

    >>> canonical_system(["1 - 2*z*y1"], [Fraction(0)])
    'ode:1-2*z*y1@0'
    """
    if len(derivatives) != len(initial):
        raise BadInput(
            f"differential equation: {len(derivatives)} derivatives and {len(initial)} initial values; "
            "give one initial value for each derivative"
        )
    variables = ("z", *(f"y{k + 1}" for k in range(min(len(derivatives), MAX_EQUATIONS))))
    system = System(tuple(_polynomial(side, variables) for side in derivatives), tuple(initial))
    try:
        name = written(system)
        check_exists_everywhere(system)
    except Malformed as error:
        raise BadInput(f"differential equation: {error}; choose another one") from error
    return name


def canonical_ode(name: str) -> str:
    """Return the canonical form of an ``ode:`` name written by hand; raises ``BadInput``.

    >>> canonical_ode("ode:y2 @ 0; -y1 @ 1.0")
    'ode:y2@0;-y1@1'
    """
    sides = [equation.partition("@") for equation in name.removeprefix(PREFIX).split(";")]
    if not all(separator for _, separator, _ in sides):
        raise BadInput(f"{shown(name)}: write derivative@initial value for each unknown: 'ode:y2@0;-y1@1'")
    return canonical_system([side for side, _, _ in sides], [exact_number(v) for _, _, v in sides])


def exact_number(value: object) -> Fraction:
    """Return an integer, a fraction or a text such as '1/3' as the exact number; raises ``BadInput``."""
    refusal = f"differential equation: the initial value {shown(value)} is no integer or 'p/q'"
    if isinstance(value, str) and len(value) > MAX_NUMBER:
        raise BadInput(refusal)
    try:
        return exact_rational(value)
    except ValueError as error:
        raise BadInput(refusal) from error


def _polynomial(text: str, variables: Sequence[str]) -> Polynomial:
    """The polynomial that a text writes."""
    if not isinstance(text, str):
        raise BadInput(f"differential equation: {shown(text)} is no text; write for example '1 - y1^2'")
    graph = Graph(_only_polynomials)
    root = Parser(text, graph, variables, "derivative").parse()
    size, found = len(variables), list[Polynomial]()
    for node in graph.list:
        parts = [found[k] for k in node.arguments]
        match node.kind:
            case "number":
                result = collected([(Fraction(node.data), (0,) * size)])
            case "input":
                result = ((Fraction(1), tuple(int(k == node.data) for k in range(size))),)
            case "add":
                result = collected([*parts[0], *parts[1]])
            case "multiply":
                result = _product(text, parts[0], parts[1])
            case "activation":
                result = _power(text, parts[0], int(str(node.data).removeprefix("power:")))
            case _:
                raise BadInput(f"derivative {shown(text)}: it divides by an unknown; only numbers can divide")
        found.append(result)
    return found[root]


def _only_polynomials(name: str) -> str:
    if not name.startswith("power:"):
        raise BadInput(f"'{name}' is no polynomial; only sums, products and powers of z, y1, .. are allowed")
    return name


def _power(text: str, base: Polynomial, exponent: int) -> Polynomial:
    total = base
    for _ in range(exponent - 1):
        total = _product(text, total, base)
    return total


def _product(text: str, left: Polynomial, right: Polynomial) -> Polynomial:
    terms = [(a * b, tuple(i + j for i, j in zip(d, e, strict=True))) for a, d in left for b, e in right]
    product = collected(terms)
    if len(product) > MAX_WRITTEN_TERMS or max((sum(e) for _, e in product), default=0) > MAX_DEGREE:
        raise BadInput(f"derivative {shown(text)}: its degree is above {MAX_DEGREE} or it has too many terms")
    return product
