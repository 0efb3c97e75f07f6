"""Properties of values and derivatives: every way to compute them gives the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from llrsym.domains.float64 import approx_trace, nearest_double
from llrsym.errors import BadInput
from llrsym.networks.network import Network
from llrsym.tangent.functions import tangent_functions
from llrsym.testing.context import Context, given_cases, input_cases
from llrsym.testing.numerics import DIGITS, Vector, outputs, random_numbers, real, reals, registers, reverse
from llrsym.testing.references import Reference, is_imported, reference_of
from llrsym.testing.result import NUMERICAL, Property
from llrsym.testing.search import Case, Inapplicable
from llrsym.testing.values import as_doubles

STEP, AGREE = Fraction(1, 10**20), Fraction(1, 10**20)
"""Central differences with this step have errors of about its square."""
ENTRIES = 16
"""So many derivatives are compared one by one, and a combination of all of them."""
SYMBOLIC_PARAMETERS = 60
"""Networks with more parameters are not written out."""
FLOAT_AGREE = 1e-6
Symbolic = Callable[..., list[Any]]


def derivatives(context: Context) -> Iterator[Property]:
    """Yield whether reverse mode, central differences and the symbolic tangent functions agree."""
    symbolic: dict[str, Symbolic | None] = {}

    def test(case: Case) -> str | None:
        network = case.instance.network
        if network.text not in symbolic:
            symbolic[network.text] = _symbolic(network)
        return _first_difference(case, symbolic[network.text])

    found = context.search("derivatives", test, context.instances, input_cases, context.count())
    statement = f"reverse mode = central differences ({DIGITS} digits)"
    if any(function is not None for function in symbolic.values()):
        statement += " = symbolic tangent functions"
    yield context.searched("derivatives", "derivatives", statement, found, NUMERICAL)


def _first_difference(case: Case, symbolic: Symbolic | None) -> str | None:
    network, random = case.instance.network, Random(str(case.key))
    count = network.parameter_count
    with mpmath.workdps(DIGITS):
        weights, point = reals(case.weights), [real(v) for v in case.point]
        cotangent = random_numbers(random, network.outputs)
        own = reverse(network.program, weights, point, cotangent)
        written = None if symbolic is None else _evaluated(symbolic, weights, point, network.outputs)
        entries = sorted(random.sample(range(count), min(ENTRIES, count)))
        directions = [{entry: mpmath.mpf(1)} for entry in entries]
        directions.append(dict(enumerate(random_numbers(random, count))))
        for direction in directions:
            mine = mpmath.fsum(own[k] * v for k, v in direction.items())
            difference = _central(network, weights, point, cotangent, direction)
            what = network.entry_names()[next(iter(direction))] if len(direction) == 1 else "a direction"
            if _differ(mine, difference):
                return _told("central difference", what, difference, mine)
            if written is not None:
                rows = {k: mpmath.fdot(zip(cotangent, written[k], strict=True)) for k in direction}
                theirs = mpmath.fsum(rows[k] * v for k, v in direction.items())
                if _differ(mine, theirs):
                    return _told("symbolic derivative", what, theirs, mine)
    return None


def _told(how: str, what: str, theirs: mpmath.mpf, mine: mpmath.mpf) -> str:
    return f"the {how} by {what} is {mpmath.nstr(theirs, 12)}, reverse mode says {mpmath.nstr(mine, 12)}"


def _differ(a: mpmath.mpf, b: mpmath.mpf) -> bool:
    return bool(abs(a - b) > real(AGREE) * (1 + abs(a) + abs(b)))


def _central(
    network: Network,
    weights: list[Vector],
    point: Vector,
    cotangent: Vector,
    direction: dict[int, mpmath.mpf],
) -> mpmath.mpf:
    """The central difference of <cotangent, f> along a direction."""
    step = real(STEP)
    sides = []
    for sign in (1, -1):
        moved, start = [], 0
        for values in weights:
            moved.append([v + sign * step * direction.get(start + k, 0) for k, v in enumerate(values)])
            start += len(values)
        sides.append(mpmath.fdot(zip(cotangent, outputs(network.program, moved, point), strict=True)))
    return (sides[0] - sides[1]) / (2 * step)


def _symbolic(network: Network) -> Symbolic | None:
    """The symbolic tangent functions as a function of weights and inputs, where they are not too long."""
    if network.parameter_count > SYMBOLIC_PARAMETERS:
        return None
    try:
        written = tangent_functions(network)
    except BadInput:
        return None
    symbols = [*written.parameters, *written.inputs]
    flat = [expression for row in written.expressions for expression in row]
    function: Symbolic = sp.lambdify(symbols, flat, "mpmath", cse=True)
    return function


def _evaluated(symbolic: Symbolic, weights: list[Vector], point: Vector, outputs_: int) -> list[Vector]:
    """Rows: one for each parameter entry."""
    try:
        flat = symbolic(*(v for values in weights for v in values), *point)
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        raise Inapplicable(str(error)) from error
    return [list(flat[start : start + outputs_]) for start in range(0, len(flat), max(1, outputs_))]


# Values


def evaluation(context: Context) -> Iterator[Property]:
    """Yield whether double precision, many digits and the reference of the architecture agree."""
    references: dict[str, Reference | None] = {}
    at_given = is_imported(context.architecture.reference)

    def test(case: Case) -> str | None:
        text = case.instance.network.text
        if text not in references:
            references[text] = reference_of(context.architecture.reference, case.instance)
        return _other_value(case, references[text])

    cases = given_cases if at_given else input_cases
    found = context.search("evaluation", test, context.instances, cases, 2 * context.count())
    statement = f"double precision = {DIGITS} digits"
    if context.architecture.reference is not None:
        statement += " = the reference"
    yield context.searched("evaluation", "evaluation", statement, found, NUMERICAL)


def _other_value(case: Case, reference: Reference | None) -> str | None:
    network = case.instance.network
    with mpmath.workdps(DIGITS):
        values = registers(network.program, reals(case.weights), [real(v) for v in case.point])
        exact = np.array([float(v) for v in values[network.program.output]])
        scale = 1 + max((float(abs(v)) for part in values for v in part), default=0.0)
    point = np.array([nearest_double(v) for v in case.point])
    with np.errstate(all="ignore"):
        run = approx_trace(network.program, case.weights, point.reshape(1, network.inputs))
        doubles = np.broadcast_to(run.values[network.program.output], (1, *_shape(network))).ravel()
    if _far(doubles, exact, FLOAT_AGREE * scale):
        return f"in double precision the output is {_shown(doubles)}, with {DIGITS} digits {_shown(exact)}"
    if reference is None:
        return None
    theirs = reference.value(as_doubles(network, case.weights), point.reshape(network.program.input_shape))
    if theirs.shape != exact.shape or _far(theirs, exact, reference.tolerance * scale):
        return f"the reference gives {_shown(theirs)}, the network {_shown(exact)}"
    return None


def _shape(network: Network) -> tuple[int, ...]:
    return network.program.shapes[network.program.output]


def _far(values: Any, exact: Any, tolerance: float) -> bool:
    finite = np.isfinite(values)
    return bool((np.abs(values - exact)[finite] > tolerance).any())


def _shown(values: Any) -> str:
    return ", ".join(f"{v:.9g}" for v in values[:4]) + (", ..." if len(values) > 4 else "")
