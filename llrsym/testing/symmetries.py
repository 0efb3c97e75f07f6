"""Properties of symmetries: those that are declared are relations, and all others are named."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod
from random import Random
from typing import Any

import mpmath

from llrsym.embedding.forms import Form
from llrsym.errors import BadInput
from llrsym.kernel.errors import Rejected
from llrsym.kernel.layered_embeddings import FIRST_VARIABLE
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.residues import PRIMES
from llrsym.kernel.rules import UpperCertificate, check_rank_at_most
from llrsym.kernel.tower import Weights
from llrsym.networks.network import Network
from llrsym.tangent.describe import described
from llrsym.testing.architecture import Instance, Maps
from llrsym.testing.context import Context, checked_tensors, weight_cases
from llrsym.testing.formal import NoPolynomial, as_form, called, called_formally, variables
from llrsym.testing.numerics import DIGITS, random_numbers, real, reals, reverse
from llrsym.testing.result import HOLDS, NUMERICAL, PROVED, UNDECIDED, Property
from llrsym.testing.search import Case
from llrsym.testing.values import Flat, as_arrays

GROUP = "symmetries"
SAMPLES, ZERO = 4, Fraction(1, 10**30)
BIG_PRIME = 2**127 - 1
MOST_RELATIONS = 6


def symmetries(context: Context) -> Iterator[Property]:
    """Yield whether every declared symmetry leaves f alone, and which dependences are not declared."""
    for name, function in context.architecture.directions:
        yield _declared(context, name, function)
    yield _undeclared(context)


def _declared(context: Context, name: str, function: Maps) -> Property:
    place = f"check: the symmetry {name}"
    if all(_is_zero(place, instance.network, function) for instance in context.instances):
        raise BadInput(f"{place} is zero at all sizes; return the direction in which the weights move")
    proved = [i for i in context.instances if _is_proved(place, i.network, function)]
    rest = [i for i in context.instances if i not in proved]
    statement = f"f does not change along {name}"
    title = f"symmetry {name}"
    if not rest:
        return Property(
            name=title,
            group=GROUP,
            statement=f"{statement}, for every weight",
            outcome=HOLDS,
            evidence=PROVED,
            examples=len(proved),
        )

    def test(case: Case) -> str | None:
        network = case.instance.network
        given = called(place, _listed, function, as_arrays(network, case.weights))
        for number, direction in enumerate(given):
            reason = _moves_f(place, network, case, direction)
            if reason:
                return reason + (f" (direction {number})" if len(given) > 1 else "")
        return None

    found = context.search(title, test, rest, weight_cases, context.count(rest))
    return context.searched(title, GROUP, statement, found, NUMERICAL)


def _listed(function: Maps, arrays: dict[str, Any]) -> list[Any]:
    """One direction, or all that the function yields."""
    given = function(arrays)
    return [given] if hasattr(given, "keys") else list(given)


def formal_relations(place: str, network: Network, function: Maps) -> list[Relation]:
    """Return the directions as relations with the weights as variables; ``NoPolynomial`` if they are none."""
    arrays, _ = variables(network)
    given = called_formally(place, lambda p: _listed(function, p), arrays)
    return [_formal_relation(place, network, direction) for direction in given]


def _formal_relation(place: str, network: Network, direction: object) -> Relation:
    try:
        parts = checked_tensors(place, network, direction, missing_is_zero=True)
        forms = [as_form(value) for _, values in parts for value in values]
    except BadInput as error:
        raise NoPolynomial(str(error)) from error
    return tuple((entry, _terms(form)) for entry, form in enumerate(forms) if form)


def _terms(form: Form) -> tuple[Coefficient, ...]:
    return tuple(
        Coefficient(c, theta=tuple((atom - FIRST_VARIABLE, int(power)) for atom, power in monomial))
        for monomial, c in sorted(form.items())
    )


def _is_proved(place: str, network: Network, function: Maps) -> bool:
    try:
        relations = formal_relations(place, network, function)
    except NoPolynomial:
        return False
    return all(_accepts(network, None, relation) for relation in relations if relation)


def _is_zero(place: str, network: Network, function: Maps) -> bool:
    try:
        return not any(formal_relations(place, network, function))
    except NoPolynomial:
        return False


def _accepts(network: Network, weights: Weights | None, relation: Relation) -> bool:
    certificate = UpperCertificate("relations", (relation,), PRIMES[0], GROUP)
    try:
        check_rank_at_most(network.program, weights, certificate, network.parameter_count - 1)
    except Rejected:
        return False
    return True


def _moves_f(place: str, network: Network, case: Case, direction: object) -> str | None:
    """Why f changes along a direction at given weights, as seen with many digits."""
    parts = checked_tensors(place, network, direction, missing_is_zero=True)
    values = [v for _, entries in parts for v in entries]
    random = Random(str(case.key))
    with mpmath.workdps(DIGITS):
        weights = reals(case.weights)
        vector = [real(v) if isinstance(v, Fraction) else mpmath.mpf(v) for v in values]
        for _ in range(SAMPLES):
            point, cotangent = (
                random_numbers(random, network.inputs, 2),
                random_numbers(random, network.outputs),
            )
            own = reverse(network.program, weights, point, cotangent)
            terms = [a * b for a, b in zip(own, vector, strict=True)]
            change = mpmath.fsum(terms)
            if abs(change) > real(ZERO) * (1 + mpmath.fsum(map(abs, terms))):
                return f"the derivative of f along it is {mpmath.nstr(change, 6)} at a random input, not 0"
    return None


# What is not declared


def _undeclared(context: Context) -> Property:
    notes: list[str] = []
    undecided = examples = 0
    for instance in context.instances:
        if context.is_over:
            break
        verdict = context.rank(instance.network, None, explain=True).verdict
        undecided += verdict.lower != verdict.upper
        examples += verdict.lower == verdict.upper
        own = list(_notes(context, instance))
        notes += own if not notes else own[:1]
    return Property(
        name="other dependences",
        group=GROUP,
        statement="what depends at almost every weight is declared, or listed here",
        outcome=HOLDS if examples and not undecided else UNDECIDED,
        evidence=PROVED,
        examples=examples,
        undecided=undecided,
        notes=tuple(notes),
    )


def _notes(context: Context, instance: Instance) -> Iterator[str]:
    """What is not declared at some sizes: one line, then the relations by name."""
    asked = context.rank(instance.network, None, explain=True)
    verdict, network = asked.verdict, instance.network
    if verdict.lower != verdict.upper:
        yield f"{instance}: the rank is {verdict.interval} of M = {verdict.parameters}"
    span = _Span(network, str(context.seed))
    for name, function in context.architecture.directions:
        for relation in _declared_relations(f"check: the symmetry {name}", network, function, span.weights):
            span.has_new(relation)
    missing = network.parameter_count - verdict.upper - span.rank
    if missing <= 0:
        return
    yield f"{instance}: {missing} of {missing + span.rank} dependences are not declared"
    found = [r for r in asked.question.upper.relations if span.has_new(r.relation)]
    yield from (f"  {described(network, relation)}" for relation in found[:MOST_RELATIONS])
    if len(found) > MOST_RELATIONS:
        yield f"  and {len(found) - MOST_RELATIONS} more relations"
    if missing > len(found):
        yield f"  {missing - len(found)} without a name: {verdict.upper_reason}"


def _declared_relations(place: str, network: Network, function: Maps, weights: Flat) -> list[Relation]:
    """The directions at given weights, those that are proved there."""
    given = called(place, _listed, function, as_arrays(network, weights))
    found: list[Relation] = []
    for direction in given:
        parts = checked_tensors(place, network, direction, missing_is_zero=True)
        values = [Fraction(v) for _, entries in parts for v in entries]
        relation = tuple((entry, (Coefficient(v),)) for entry, v in enumerate(values) if v)
        if relation and _accepts(network, weights, relation):
            found.append(relation)
    return found


class _Span:
    """The span of relations at random weights, modulo a large prime."""

    def __init__(self, network: Network, seed: str) -> None:
        random = Random(seed)
        self.weights: Flat = tuple(
            tuple(Fraction(random.randint(1, 97) * random.choice((-1, 1)), 16) for _ in range(size))
            for _, _, size in network.layers
        )
        self.flat = [value for values in self.weights for value in values]
        self.rows: dict[int, dict[int, int]] = {}

    @property
    def rank(self) -> int:
        """The dimension so far."""
        return len(self.rows)

    def has_new(self, relation: Relation) -> bool:
        """Add a relation; whether it is independent of those before it."""
        row = {entry: v for entry, terms in relation if (v := self._value(terms))}
        while row:
            lead = min(row)
            if lead not in self.rows:
                inverse = pow(row[lead], -1, BIG_PRIME)
                self.rows[lead] = {k: v * inverse % BIG_PRIME for k, v in row.items()}
                return True
            factor, known = row[lead], self.rows[lead]
            row = {
                k: (row.get(k, 0) - factor * known.get(k, 0)) % BIG_PRIME for k in row.keys() | known.keys()
            }
            row = {k: v for k, v in row.items() if v}
        return False

    def _value(self, terms: tuple[Coefficient, ...]) -> int:
        """The value of a coefficient modulo the prime, with 1 for constants such as e: for a list only."""
        value = sum((t.rational * prod(self.flat[k] ** m for k, m in t.theta) for t in terms), Fraction(0))
        return value.numerator * pow(value.denominator, -1, BIG_PRIME) % BIG_PRIME
