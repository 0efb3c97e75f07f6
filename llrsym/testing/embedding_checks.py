"""Properties of declared embeddings: they keep the function, the tangent functions, and critical points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import mpmath
from hypothesis import strategies as st

from llrsym.embedding.documents import certificate_text, claim_text
from llrsym.embedding.maps import Embedding as ParameterMap
from llrsym.errors import BadInput
from llrsym.kernel.embeddings import KEEPS_FUNCTION, KEEPS_TANGENTS
from llrsym.kernel.errors import Rejected
from llrsym.networks.network import Network
from llrsym.testing.architecture import Embedding, Instance
from llrsym.testing.context import Context, checked_tensors
from llrsym.testing.formal import NoPolynomial, as_form, called, called_formally, variables
from llrsym.testing.losses import LOSSES, gradients, null_vector
from llrsym.testing.numerics import DIGITS, Vector, outputs, random_numbers, real, reals
from llrsym.testing.result import HOLDS, NUMERICAL, PROVED, Property
from llrsym.testing.search import Case, Undecided
from llrsym.testing.strategies import flat_weights, numbers
from llrsym.testing.values import Flat, as_arrays
from llrsym.verification import verify

GROUP = "embeddings"
AGREE, CRITICAL = Fraction(1, 10**30), Fraction(1, 10**25)
INPUTS = 3
"""At so many random inputs two functions are compared."""
CRITICAL_PARAMETERS, CRITICAL_EXAMPLES = 60, 4


@dataclass(frozen=True)
class _Pair:
    """A declared embedding at some sizes."""

    declared: Embedding
    narrow: Instance
    wide: Instance

    @property
    def place(self) -> str:
        """How messages name it."""
        return f"check: the embedding {self.declared.name} of {self.narrow}"

    def image(self, case: Case) -> Flat:
        """Return the weights to which those of a case are mapped; ``BadInput`` if they are none."""
        free = dict(zip(self.declared.free, case.point, strict=True))
        given = called(self.place, self.declared.map, as_arrays(self.narrow.network, case.weights), **free)
        parts = checked_tensors(self.place, self.wide.network, given, missing_is_zero=False)
        try:
            return tuple(tuple(map(Fraction, entries)) for _, entries in parts)
        except (TypeError, ValueError) as error:
            raise BadInput(f"{self.place} returned something else than exact numbers ({error})") from error


def embeddings(context: Context) -> Iterator[Property]:
    """Yield what every declared embedding keeps: three properties each."""
    for declared in context.architecture.embeddings:
        pairs = {
            tuple(narrow.sizes.items()): _Pair(declared, narrow, wide)
            for narrow in context.instances
            if (wide := _wide(context, declared, narrow)) is not None
        }
        if not pairs:
            raise BadInput(
                f"check: the embedding {declared.name} leads from no sizes to others; give it more"
            )
        yield from _kept(context, declared, pairs)


def _wide(context: Context, declared: Embedding, narrow: Instance) -> Instance | None:
    """The larger network; None where it has more parameters than all that are tested, times two."""
    largest = max(i.network.parameter_count for i in context.instances)
    wide = context.architecture.instance(declared.sizes(narrow.sizes))
    return wide if wide.network.parameter_count <= 2 * largest + 20 else None


Pairs = Mapping[tuple[Any, ...], _Pair]


def _kept(context: Context, declared: Embedding, pairs: Pairs) -> Iterator[Property]:
    proved = {
        keeps: [pair for pair in pairs.values() if _is_proved(pair, keeps)]
        for keeps in (KEEPS_FUNCTION, KEEPS_TANGENTS)
    }
    name = f"embedding {declared.name}"
    tests: dict[str, Callable[[Case, _Pair], str | None]] = {
        KEEPS_FUNCTION: _other_function,
        KEEPS_TANGENTS: lambda case, pair: _other_rank(context, case, pair),
    }
    for keeps, test in tests.items():
        statement = "f is kept" if keeps == KEEPS_FUNCTION else "the span of the tangent functions is kept"
        title = f"{name}: {keeps}"
        rest = [pair for pair in pairs.values() if pair not in proved[keeps]]
        if not rest:
            count = len(proved[keeps])
            yield Property(
                name=title,
                group=GROUP,
                statement=f"{statement}, for every weight",
                outcome=HOLDS,
                evidence=PROVED,
                examples=count,
            )
            continue
        yield _searched(context, title, statement, test, rest, context.count())
    small = [p for p in pairs.values() if p.wide.network.parameter_count <= CRITICAL_PARAMETERS]
    if small:
        statement = f"critical points stay critical, for random data and the losses {', '.join(LOSSES)}"
        count = min(CRITICAL_EXAMPLES, context.count())
        yield _searched(context, f"{name}: critical points", statement, _not_critical, small, count)


def _searched(
    context: Context,
    title: str,
    statement: str,
    test: Callable[[Case, _Pair], str | None],
    pairs: list[_Pair],
    count: int,
) -> Property:
    known = {tuple(pair.narrow.sizes.items()): pair for pair in pairs}

    def of_case(case: Case) -> str | None:
        return test(case, known[tuple(case.instance.sizes.items())])

    def cases(instances: Sequence[Instance]) -> st.SearchStrategy[Case]:
        return _cases([known[tuple(instance.sizes.items())] for instance in instances])

    found = context.search(title, of_case, [pair.narrow for pair in pairs], cases, count)
    return context.searched(title, GROUP, statement, found, NUMERICAL)


@st.composite
def _cases(draw: Any, pairs: list[_Pair]) -> Case:
    pair = draw(st.sampled_from(pairs))
    free = tuple(draw(numbers()) for _ in pair.declared.free)
    return Case(pair.narrow, draw(flat_weights(pair.narrow.network)), free, "plain")


# Proofs


def formal_map(pair: _Pair) -> ParameterMap:
    """Return the declared map as polynomials; raises ``NoPolynomial`` where it is none."""
    narrow, wide = pair.narrow.network, pair.wide.network
    arrays, free = variables(narrow, pair.declared.free)
    given = called_formally(pair.place, pair.declared.map, arrays, **free)
    try:
        parts = checked_tensors(pair.place, wide, given, missing_is_zero=False)
        tensors = {name: tuple(as_form(v) for v in entries) for name, entries in parts}
    except BadInput as error:
        raise NoPolynomial(str(error)) from error
    return ParameterMap(narrow.program, wide.program, tensors, None, tuple(free))


def _is_proved(pair: _Pair, keeps: str) -> bool:
    """Whether the kernel proves it for every weight and all free numbers."""
    try:
        embedding = formal_map(pair)
        claim = claim_text(embedding, pair.wide.network.text, pair.narrow.network.text, keeps)
        verify(claim, certificate_text(embedding))
    except (NoPolynomial, Rejected):
        return False
    return True


# Tests


def _other_function(case: Case, pair: _Pair) -> str | None:
    """Why the wide network has another function at the image of the weights."""
    narrow, wide, image = pair.narrow.network, pair.wide.network, pair.image(case)
    random = Random(str(case.key))
    with mpmath.workdps(DIGITS):
        own, theirs = reals(case.weights), reals(image)
        for _ in range(INPUTS):
            point = random_numbers(random, narrow.inputs, 2)
            expected, got = outputs(narrow.program, own, point), outputs(wide.program, theirs, point)
            if len(expected) != len(got):
                return f"the networks have {len(expected)} and {len(got)} outputs"
            for a, b in zip(expected, got, strict=True):
                if abs(a - b) > real(AGREE) * (1 + abs(a)):
                    values = mpmath.nstr(a, 10), mpmath.nstr(b, 10)
                    return f"f is {values[0]} at a random input, the wide network gives {values[1]}"
    return None


def _other_rank(context: Context, case: Case, pair: _Pair) -> str | None:
    """Why the wide tangent functions span another space: then the ranks differ, or f does."""
    if _other_function(case, pair):
        return "the function is not kept"
    own = context.rank(pair.narrow.network, case.weights).verdict
    image = context.rank(pair.wide.network, pair.image(case)).verdict
    if own.upper < image.lower or image.upper < own.lower:
        return f"the rank is {own.interval}, and {image.interval} at the image"
    if own.lower != own.upper or image.lower != image.upper:
        raise Undecided(f"the ranks are {own.interval} and {image.interval}")
    return None


def _not_critical(case: Case, pair: _Pair) -> str | None:
    """Why the image of a critical point is none; the data are chosen so that the weights are critical."""
    random = Random(str(case.key))
    with mpmath.workdps(DIGITS):
        own, image = reals(case.weights), reals(pair.image(case))
        narrow, wide = pair.narrow.network, pair.wide.network
        data = _data(random, narrow)
        weights = null_vector(narrow.program, own, data, random)
        for loss in LOSSES.values():
            targets = loss.targets(narrow.program, own, data, weights)
            here = gradients(narrow.program, own, data, targets, loss)
            there = gradients(wide.program, image, data, targets, loss)
            if max(map(abs, here), default=0) > real(CRITICAL):
                raise Undecided("no data were found for which the weights are critical")
            largest = max(map(abs, there), default=mpmath.mpf(0))
            if largest > real(CRITICAL):
                entry = wide.entry_names()[[abs(v) for v in there].index(largest)]
                number = mpmath.nstr(largest, 6)
                return f"the weights are critical, their image has the derivative {number} by {entry}"
    return None


def _data(random: Random, network: Network) -> list[Vector]:
    """Enough random inputs that the weights are critical for some targets that are not fitted."""
    count = network.parameter_count // max(1, network.outputs) + 2
    return [random_numbers(random, network.inputs, 2) for _ in range(count)]
