"""Claims about target sets: refusals, damaged documents, and broken rules that some law notices."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llrsym.kernel import (
    closed_forms,
    families,
    irreducible,
    model_documents,
    target_claims,
    target_sets,
    two_layer,
)
from llrsym.kernel.check import Statement, check
from llrsym.kernel.constants import Constant
from llrsym.kernel.documents import ALMOST_EVERY, GIVEN
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.irreducible import Net
from llrsym.kernel.target_claims import read_target_claim
from llrsym.kernel.target_sets import Exact, exact_minimal_rank
from tests.kernel.representations import layered, samples_needed
from tests.kernel.scenarios import time_limit
from tests.kernel.target_checks import (
    PARAMETERS,
    Texts,
    claim,
    false_claims,
    forgeries,
    guesses,
    loose_documents,
    numbers_for_nothing,
    texts,
    valid,
    wrong_numbers,
    wrong_samples,
)

Patch = pytest.MonkeyPatch
Law = Callable[[], list[str]]
LAWS: list[Law] = [false_claims, wrong_numbers, numbers_for_nothing, guesses, wrong_samples, loose_documents]


@pytest.mark.parametrize("name", valid())
def test_true_claims_are_accepted(name: str) -> None:
    case = valid()[name]
    statement = check(*texts(case))
    assert (statement.lower, statement.upper) == (case[0].lower, case[0].upper)
    assert statement.at == (ALMOST_EVERY if case[0].weights is None else GIVEN)
    assert bool(statement.trusted) <= (case[1].minor is not None)
    assert not statement.is_conditional


@pytest.mark.parametrize("name", forgeries())
def test_a_forgery_is_refused(name: str) -> None:
    with pytest.raises((Malformed, Rejected)):
        check(*texts(forgeries()[name]))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_kernel_keeps_every_law(law: Law) -> None:
    assert law() == []


def test_an_exact_certificate_may_prove_less_than_it_could() -> None:
    case = valid()["exact"]
    weaker = replace(case[0], lower=2, upper=6, samples=(1, 9))
    assert check(*texts((weaker, case[1]))).upper == 6


# Sizes that would take too long

MILLION = 10**6
HUGE = {
    "windows": ([50 * MILLION], [25 * MILLION], 1),
    "many windows": ([100_000], [50_000], 1),
    "channels": ([6], [3], 10**12),
    "positions": ([40 * MILLION], [2], 1),
}


@pytest.mark.parametrize("certificate", ["exact", "narrow"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("name", HUGE)
def test_huge_convolutions_end_in_time(name: str, shared: bool, certificate: str) -> None:
    input, kernel, channels = HUGE[name]
    model = {
        "family": "convolution", "input": input, "kernel": kernel, "channels": channels, "shared": shared,
        "activation": "tanh" if certificate == "exact" else "silu",
        "hidden_bias": False, "output_bias": False, "outputs": 1,
    }  # fmt: skip
    good = texts(valid()["exact" if certificate == "exact" else "narrow"])
    document = json.loads(good[0]) | {"wide": model, "target_model": model, "weights": None}
    document |= {"lower": 0, "upper": 10**30, "samples": [0, 10**30]}
    with time_limit(10):
        try:
            statement = check(json.dumps(document), good[1])
        except (Malformed, Rejected):
            return
    assert statement.lower == 0


@pytest.mark.parametrize("widths", [[10**9, 10**9, 1], [1, 10**400, 1], [2] * 3000, [10**9, 10**9, 10**9, 2]])
def test_huge_layers_end_in_time(widths: list[int]) -> None:
    model = layered(*widths)
    case = valid()["almost every"]
    with time_limit(10):
        for certificate in (case[1], PARAMETERS):
            bounds = (0, 10**900)
            try:
                statement = check(*texts((claim(model, model, None, bounds, bounds), certificate)))
            except (Malformed, Rejected):
                continue
            assert statement.lower == 0


# Damaged documents: refused, or what is accepted is true

POOL: list[Any] = [
    0, 1, 2, 3, 5, 7, -1, 10**6, True, False, None, "1", "0", "1/2", "tanh", "sigmoid", "silu", "gaussian",
    "identity", "exact", "narrow", "none", "parameters", "ambient", "relations", "layered", [], {}, [1], 1.5,
]  # fmt: skip


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to all entries of a document."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    found = [(*path, key) for key, _ in inner] if isinstance(document, dict | list) else []
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inner:
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
    return found


def damage(source: random.Random, document: Any) -> None:
    *path, last = source.choice(places(document))
    for key in path:
        document = document[key]
    old = document[last]
    if type(old) is int and source.random() < 0.6:
        document[last] = old + source.choice([-2, -1, 1, 2])
    elif isinstance(old, bool):
        document[last] = not old
    elif isinstance(old, list) and old and source.random() < 0.4:
        document[last] = source.choice([old[:-1], [*old, old[-1]], old[::-1]])
    else:
        document[last] = source.choice(POOL)


@lru_cache(maxsize=4096)
def truth(claim_text: str) -> tuple[int, int, int] | None:
    """Minimal rank and bounds of the samples, judged from the models alone; None if no theorem applies."""
    document = json.loads(claim_text) | {"lower": 0, "upper": 0, "samples": [0, 0]}
    decoded = read_target_claim(document)
    try:
        exact = exact_minimal_rank(decoded.wide, decoded.target_model, decoded.weights)
    except two_layer.Inexpressible as error:
        raise AssertionError(f"a statement about a target without parameters: {claim_text}") from error
    except Rejected:
        return None
    if exact.irreducible is None or exact.samples_lower == exact.samples_upper:
        return exact.rank, exact.samples_lower, exact.samples_upper
    needed = samples_needed(exact.irreducible, exact.weights, exact.rank)
    return exact.rank, needed, needed


def assert_true(statement: Statement, claim_text: str) -> None:
    first, last = json.loads(claim_text)["samples"]
    known = truth(claim_text)
    if known is None:
        assert statement.lower == first == 0
        return
    rank, fewest, most = known
    assert statement.lower <= rank <= statement.upper, claim_text
    assert first <= most, claim_text
    assert fewest <= last, claim_text


@lru_cache(maxsize=1)
def valid_texts() -> tuple[Texts, ...]:
    return tuple(texts(case) for case in valid().values())


@settings(max_examples=1500)
@given(seed=st.integers(0, 10**9), which=st.integers(0, 7), changes=st.integers(1, 3))
def test_damaged_documents_are_refused_or_still_true(seed: int, which: int, changes: int) -> None:
    source = random.Random(seed)
    documents = [json.loads(text) for text in valid_texts()[which % len(valid_texts())]]
    for _ in range(changes):
        damage(source, documents[source.random() < 0.35])
    first, second = (json.dumps(document) for document in documents)
    with time_limit(10):
        try:
            statement = check(first, second)
        except (Malformed, Rejected):
            return
    assert_true(statement, first)


# The mutants: a rule that is broken deliberately violates a law


def believed(*arguments: object) -> None:
    return None


def without_sign(row: object) -> int:
    return 1


COVERS, CHEAPEST, KEEP = two_layer._covers, two_layer._cheapest, irreducible._reduce_layer
ANSWER, RANK_OF, UNITS = target_sets._deep_answer, closed_forms.rank_of, two_layer._units


def no_biases(model: Any, at: Any, grid: Any) -> Any:
    return [(pixels, bias * 0, a) for pixels, bias, a in UNITS(model, at, grid)]


def answer_without_constant(model: Any, at: Any, spare: bool, *rest: int) -> Exact:
    return ANSWER(model, at, False, *rest)


def zero_constant(wide: object, net: object) -> Exact:
    return Exact(0, 0, 0, "deep tanh networks", ())


def one_layer_only(net: Net, layer: int) -> int:
    return KEEP(net, layer) if layer == 0 else 0


MUTANTS: dict[str, tuple[Law, Callable[[Patch], None]]] = {
    "any lower bound": (false_claims, lambda m: m.setattr(target_claims, "_check_lower", believed)),
    "any upper bound": (false_claims, lambda m: m.setattr(target_claims, "_check_upper", believed)),
    "any samples": (false_claims, lambda m: m.setattr(target_claims, "_check_samples", lambda *a: [])),
    "minors are believed": (
        false_claims,
        lambda m: m.setattr(target_claims, "check_rank_at_least", lambda *a: []),
    ),
    "narrow ranks are believed": (
        false_claims,
        lambda m: m.setattr(target_claims, "check_rank_at_most", believed),
    ),
    "every target is narrow": (
        false_claims,
        lambda m: m.setattr(target_claims, "narrow_model", lambda wide, target: target),
    ),
    "any activation": (false_claims, lambda m: m.setattr(families, "_same_activation", believed)),
    "any biases": (false_claims, lambda m: m.setattr(families, "_biases_suffice", believed)),
    "outputs are not counted": (
        wrong_samples,
        lambda m: m.setattr(target_sets, "_largest_bundle", lambda net: 9),
    ),
    "parallel outgoing weights": (wrong_samples, lambda m: m.setattr(target_sets, "rank_of", lambda a: 1)),
    "signs are ignored": (guesses, lambda m: m.setattr(irreducible, "leading_sign", without_sign)),
    "constants vanish": (guesses, lambda m: m.setattr(irreducible, "tanh_of", lambda number: Constant())),
    "constants are guessed": (guesses, lambda m: m.setattr(irreducible, "is_zero", lambda number: False)),
    "constants are all equal": (
        numbers_for_nothing,
        lambda m: m.setattr(target_sets, "_is_zero", lambda number: True),
    ),
    "nothing proves irreducibility": (
        guesses,
        lambda m: m.setattr(irreducible, "_check_irreducible", believed),
    ),
    "no step above the first layer": (
        guesses,
        lambda m: m.setattr(irreducible, "_reduce_layer", one_layer_only),
    ),
    "a constant neuron costs nothing": (
        wrong_numbers,
        lambda m: m.setattr(target_sets, "_deep_answer", answer_without_constant),
    ),
    "constants cost nothing": (
        wrong_numbers,
        lambda m: m.setattr(target_sets, "_constant_target", zero_constant),
    ),
    "no layer is empty": (
        wrong_numbers,
        lambda m: m.setattr(Net, "is_constant", property(lambda net: False)),
    ),
    "any width": (numbers_for_nothing, lambda m: m.setattr(target_sets, "_check_fits", believed)),
    "no room is needed": (numbers_for_nothing, lambda m: m.setattr(two_layer, "_check_placement", believed)),
    "hidden biases for free": (
        numbers_for_nothing,
        lambda m: m.setattr(two_layer, "_check_biases", believed),
    ),
    "any number of channels": (
        numbers_for_nothing,
        lambda m: m.setattr(two_layer, "_cheapest", lambda options, n: CHEAPEST(options, 99)),
    ),
    "one kernel for each pattern": (
        wrong_numbers,
        lambda m: m.setattr(two_layer, "_bits", lambda chosen, count: 0),
    ),
    "no constant is needed": (
        wrong_numbers,
        lambda m: m.setattr(two_layer, "_is_constant_needed", lambda *a: False),
    ),
    "no orientation helps": (
        wrong_numbers,
        lambda m: m.setattr(two_layer, "has_subset_with_sum", lambda *a: False),
    ),
    "some orientation helps": (
        wrong_numbers,
        lambda m: m.setattr(two_layer, "has_subset_with_sum", lambda *a: True),
    ),
    "constant neurons are zero": (
        wrong_numbers,
        lambda m: m.setattr(two_layer, "_value", lambda *a: Constant()),
    ),
    "biases are zero": (numbers_for_nothing, lambda m: m.setattr(two_layer, "_units", no_biases)),
    "all matrices have full rank": (
        wrong_numbers,
        lambda m: m.setattr(closed_forms, "rank_of", lambda a: min(len(a), len(a[0]))),
    ),
    "one rank less": (wrong_numbers, lambda m: m.setattr(closed_forms, "rank_of", lambda a: RANK_OF(a) - 1)),
    "numbers are truth values": (
        loose_documents,
        lambda m: m.setattr(model_documents, "_truth", lambda v, n: bool(v)),
    ),
    "truth values are numbers": (
        loose_documents,
        lambda m: m.setattr(target_claims, "read_count", lambda v, n: int(v)),
    ),
    "any key": (loose_documents, lambda m: m.setattr(target_claims, "read_object", lambda d, place, keys: d)),
    "any expectation": (loose_documents, lambda m: m.setattr(target_claims, "expect", believed)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_noticed(name: str, monkeypatch: Patch) -> None:
    law, mutate = MUTANTS[name]
    assert law() == []
    mutate(monkeypatch)
    assert law() != []
