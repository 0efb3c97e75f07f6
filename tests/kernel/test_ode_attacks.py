"""Attacks through activations that are given by equations: what is false about them is not proved."""

import json
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from threading import Thread
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.errors import BadInput, OutOfBudget
from llrsym.kernel import differential_equations
from llrsym.kernel.check import check
from llrsym.kernel.differential_equations import value_and_slope
from llrsym.kernel.documents import ALMOST_EVERY, GIVEN, Certificate, Claim
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.polynomial_systems import System, check_exists_everywhere, collected, read_system
from llrsym.kernel.rules import UpperCertificate
from llrsym.kernel.taylor_steps import attempt
from llrsym.networks.activations import canonical_activation, register_activation
from llrsym.networks.builders import mlp
from llrsym.networks.systems import canonical_system, exact_number
from llrsym.tangent.ball_lower import find_ball_lower_bound
from llrsym.tangent.documents import certificate_text, claim_text
from llrsym.tangent.rank import model_rank

Document = dict[str, Any]
Ball = tuple[int, int]
PRECISION = 40
TANH = "ode:1-y1^2@0"


def exists(system: System) -> bool:
    try:
        check_exists_everywhere(system)
    except Malformed:
        return False
    return True


# Existence


@given(
    st.lists(st.integers(-3, 3), min_size=2, max_size=4),
    st.booleans(),
    st.sampled_from([-2, -1, 1, 3]),
    st.fractions(-4, 4, max_denominator=3),
)
def test_autonomous_solutions_exist_exactly_between_their_barriers(
    roots: list[int], with_complex: bool, factor: int, start: Fraction
) -> None:
    """y' = c (y - a_1) .. (y - a_n), n > 1: for all z if and only if it starts between two roots."""
    terms = [(Fraction(factor), 0)]
    for root in roots:
        terms = [(c, n + 1) for c, n in terms] + [(-root * c, n) for c, n in terms]
    if with_complex:
        terms = [(c, n + 2) for c, n in terms] + [(c, n) for c, n in terms]
    system = System((collected([(c, (0, n)) for c, n in terms]),), (start,))
    assert exists(system) == (min(roots) <= start <= max(roots))


@given(
    st.integers(0, 5),
    st.integers(2, 5),
    st.sampled_from([-2, -1, 1, 2]),
    st.sampled_from([-2, Fraction(-1, 3), Fraction(1, 2), 1, 3]),
)
def test_separable_solutions_exist_where_their_closed_form_has_no_pole(
    k: int, n: int, factor: int, start: Fraction
) -> None:
    """y' = c z^k y^n has y^(1-n) = y_0^(1-n) + (1-n) c z^(k+1) / (k+1), which must not reach 0."""
    system = System((collected([(Fraction(factor), (k, n))]),), (Fraction(start),))
    at_zero, change = Fraction(start) ** (1 - n), (1 - n) * factor
    assert exists(system) == (k % 2 == 1 and at_zero * change > 0)


@pytest.mark.parametrize(
    "name",
    [
        "ode:-z*y1^2@1;y1@0",  # bounded, and a primitive of it
        "ode:y2-y1^2*y2@0;y3@1;-y2@0",  # sine as the speed between two barriers
        "ode:y1*y2@1;y2*y3@1;z@0",  # a tower of linear equations
    ],
)
def test_groups_are_solved_one_after_the_other(name: str) -> None:
    assert exists(read_system(name))


@pytest.mark.parametrize(
    "name",
    [
        "ode:-y2^2+y1^2@0;2*y1*y2@1",  # w' = w^2 exists for all z from i, but is not proved to
        "ode:y1*y2@1;-y1*y2@1",
        "ode:y2@0;y2*y3@1;y2@0",  # quadratic in the group of y2 and y3 alone
        "ode:y1@1;-y1*y2+y1*y2^2@2",  # the speed grows, and the start is beyond the barrier 1
        "ode:y1-y1*y2@0;-y2+y1*y2@1",
        "ode:z-y1^3@0",  # exists for z > 0, ends for z < 0
    ],
)
def test_no_claim_speaks_of_an_activation_that_is_not_proved_to_exist(name: str) -> None:
    document, proof = documents(TANH)
    for part in activations(document):
        part["data"] = name
    with pytest.raises(Malformed, match="not proved to have a solution"):
        check(json.dumps(document), json.dumps(proof))
    with pytest.raises(BadInput, match="not proved to have a solution"):
        mlp(1, 1, 1, activation=name)


# Enclosures, also of solutions that end


def riccati(z: Any) -> Any:
    return -z / (1 + z * z)


SOLUTIONS: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "ode:y1^2@1/2": (lambda z: 1 / (2 - z), -30, 1.99),
    "ode:3*z^2*y1^2@1": (lambda z: 1 / (1 - z**3), -6, 0.99),
    "ode:z*y1^3@1": (lambda z: 1 / mpmath.sqrt(1 - z * z), -0.99, 0.99),
    "ode:1+y1^2@1": (lambda z: mpmath.tan(z + mpmath.pi / 4), -2.3, 0.78),
    "ode:-4+y1^2@1": (lambda z: 2 * (3 - mpmath.exp(4 * z)) / (3 + mpmath.exp(4 * z)), -5, 5),
    "ode:-y2^2+y1^2@0;2*y1*y2@1": (riccati, -12, 12),
    "ode:50*y2-50*y1@0;-y3@1;y2@0": (
        lambda z: (2500 * mpmath.cos(z) + 50 * mpmath.sin(z) - 2500 * mpmath.exp(-50 * z)) / 2501,
        -0.3,
        9,
    ),
    "ode:y1*y2@1;-y1*y2@1": (lambda z: 2 / (1 + mpmath.exp(-2 * z)), -6, 6),
    "ode:-2*y1+1/2*z^2*y1@3": (lambda z: 3 * mpmath.exp(z**3 / 6 - 2 * z), -4, 4),
}


@pytest.mark.parametrize("name", SOLUTIONS)
def test_solutions_are_enclosed_up_to_their_end(name: str) -> None:
    solution, least, greatest = SOLUTIONS[name]
    draw = random.Random(name)
    unit = 1 << PRECISION
    for _ in range(25):
        radius = draw.choice([0, 0, 1, draw.randrange(1, 1 << 20), draw.randrange(1, unit // 4)])
        ends = int(least * unit) + radius, int(greatest * unit) - radius
        middle = draw.choice([*ends, draw.randrange(*ends)]) if ends[0] < ends[1] else sum(ends) // 2
        try:
            value, slope = value_and_slope(name, (middle, radius), PRECISION)
        except Rejected:
            assert radius, (middle, radius)
            continue
        with mpmath.workprec(300):
            for point in (middle - radius, middle, middle + radius // 3, middle + radius):
                z = mpmath.mpf(point) / unit
                assert abs(solution(z) * unit - value[0]) <= value[1]
                derivative = mpmath.diff(solution, z) * unit
                assert abs(derivative - slope[0]) <= slope[1] + abs(derivative) * 1e-20


@pytest.mark.parametrize(
    ("name", "beyond"),
    [
        ("ode:y1^2@1/2", 2),
        ("ode:3*z^2*y1^2@1", 1),
        ("ode:z*y1^3@1", 1),
        ("ode:z*y1^3@1", -1),
        ("ode:1+y1^2@1", -3),
        ("ode:1/1000*y1^2@1/1000", 1_000_000),  # ends after a long time
        ("ode:y1^2-z*y1@1", 2),
        ("ode:y1*y2@1;y1^2@1", 2),
    ],
)
def test_nothing_is_enclosed_at_an_end_or_beyond(name: str, beyond: int) -> None:
    unit = 1 << PRECISION
    inside = beyond * unit - (1 if beyond > 0 else -1) * unit // 8
    for ball in ((beyond * unit, 0), (3 * beyond * unit, 0), (inside, unit // 4)):
        with pytest.raises(Rejected):
            value_and_slope(name, ball, PRECISION)


@pytest.fixture
def fresh_paths() -> Any:
    differential_equations._path.cache_clear()
    yield
    differential_equations._path.cache_clear()


def test_steps_that_were_interrupted_are_not_mistaken(
    fresh_paths: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever Ctrl+C ends the first evaluation, the second one has the true value."""
    unit = 1 << PRECISION
    for moment in range(1, 12):
        calls = 0

        def interrupted(*arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == moment:  # noqa: B023
                raise KeyboardInterrupt
            return attempt(*arguments)

        differential_equations._path.cache_clear()
        monkeypatch.setattr(differential_equations, "attempt", interrupted)
        with pytest.raises(KeyboardInterrupt):
            value_and_slope(TANH, (2 * unit, 0), PRECISION)
        monkeypatch.setattr(differential_equations, "attempt", attempt)
        (m, r), _ = value_and_slope(TANH, (2 * unit, 0), PRECISION)
        assert abs(mpmath.tanh(2) * unit - m) <= r < 4


def test_threads_share_the_steps(fresh_paths: None) -> None:
    unit, found = 1 << PRECISION, list[tuple[int, Ball]]()

    def follow(order: int) -> None:
        for k in range(1, 25):
            z = (k if order else 25 - k) * unit // 4
            found.append((z, value_and_slope(TANH, (z, 0), PRECISION)[0]))

    threads = [Thread(target=follow, args=(n % 2,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 96
    for z, (m, r) in found:
        assert abs(mpmath.tanh(mpmath.mpf(z) / unit) * unit - m) <= r < 4


# Ranks


GENERIC = (Fraction(1),), (Fraction(1, 3),), (Fraction(2),), (Fraction(1, 5),)
"""Weights of a sigma(w x + b) + c, in the order w, b, a, c."""


@lru_cache(maxsize=8)
def _documents(activation: str, at: str) -> tuple[str, str]:
    program = mlp(1, 1, 1, activation=activation).program
    weights = GENERIC if at == GIVEN else None
    found = find_ball_lower_bound(program, weights, 4, "attack", 0, lambda _: None)
    claim = Claim("model_rank", "f", at, found.rank, 4, program, weights)
    return claim_text(claim), certificate_text(Certificate(found.certificate, UpperCertificate("parameters")))


def documents(activation: str, at: str = GIVEN) -> tuple[Document, Document]:
    """A claim about a sigma(w x + b) + c, and its certificate by balls."""
    claim, certificate = _documents(activation, at)
    return json.loads(claim), json.loads(certificate)


def activations(document: Document) -> list[Document]:
    return [part for part in document["program"]["equations"] if part["op"] == "activation"]


def accepts(document: Document, proof: Document) -> bool:
    try:
        check(json.dumps(document), json.dumps(proof))
    except (Malformed, Rejected):
        return False
    return True


@pytest.mark.parametrize("at", [GIVEN, ALMOST_EVERY])
@pytest.mark.parametrize(
    ("name", "rank"),
    [("ode:1@0", 2), ("ode:2*z@0", 3), ("ode:3*z^2@0", 3), ("ode:0@5", 1), ("ode:0@0", 1), ("ode:y1@1", 3)],
)
def test_polynomials_in_disguise_have_no_more_rank_than_polynomials(name: str, rank: int, at: str) -> None:
    """Nothing is known about an equation but its values: certificates of another one do not fit."""
    for source in (name, TANH):
        document, proof = documents(source, at)
        for part in activations(document):
            part["data"] = name
        for lower in range(rank + 1, 5):
            assert not accepts(document | {"lower": lower}, proof)
    assert documents(name, at)[0]["lower"] == rank


DEGENERATE = {
    (0, "0"): 2,  # sigma(b), x sigma'(b), sigma'(b), 1
    (2, "0"): 2,  # sigma(w x + b), 0, 0, 1
}


@pytest.mark.parametrize(("place", "rank"), DEGENERATE.items())
def test_the_rank_at_other_weights_is_not_claimed(place: tuple[int, str], rank: int) -> None:
    document, proof = documents(TANH)
    assert accepts(document, proof)
    tensor, value = place
    document["weights"][tensor] = [value]
    for lower in range(rank + 1, 5):
        assert not accepts(document | {"lower": lower}, proof)


def test_no_change_of_a_certificate_proves_more() -> None:
    """Every number, every list and every rule of the proof, for a net with less rank than is claimed."""
    document, proof = documents("ode:2*z@0")
    assert document["lower"] == 3
    changed = list(changes(proof))
    assert len(changed) > 150
    assert sum(accepts(document, other) for other in changed) > 10
    assert not any(accepts(document | {"lower": 4}, other) for other in changed)


def changes(tree: Any) -> Iterator[Any]:
    """A document with one part changed."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from ({**tree, key: other} for other in changes(value))
            yield {k: v for k, v in tree.items() if k != key}
    elif isinstance(tree, list):
        yield from ([], tree[1:], tree[:-1], tree + tree, tree[::-1], [*tree, *tree[-1:]])
        for k, value in enumerate(tree):
            yield from ([*tree[:k], other, *tree[k + 1 :]] for other in changes(value))
    elif isinstance(tree, bool) or tree is None:
        yield from (not tree, 0, 1, None)
    elif isinstance(tree, int):
        yield from (0, tree + 1, -tree, 3 * tree, tree << 70, True, str(tree), tree + 0.5)
    else:
        yield from ("", "0", "-" + tree, tree + "0", "nan", "\u0663", tree + "/0", "parameters", "balls")


IDENTITIES = {
    "softplus(z)-softplus(-z)-z": 1,
    "gelu(z)-gelu(-z)-z": 1,
    "erf(z)+erf(-z)+1": 1,
    "sin(z)^2+cos(z)^2": 1,
    "arctan(exp(z))+arctan(exp(-z))": 1,
    "2*arctan(tanh(z/2))-arctan(sinh(z))": 1,
    "tanh(2*z)-2*tanh(z)/(1+tanh(z)^2)": 1,
    "sqrt(1+sinh(z)^2)/cosh(z)": 1,
    "sqrt(1+z^2)*sqrt(4+4*z^2)": 3,
    "cosh(z)^2-sinh(z)^2+z": 2,
    "softplus(z)-softplus(-z)": 2,
    "silu(z)-silu(-z)": 2,
    "sqrt(exp(2*z))": 3,
    "1/exp(-z)": 3,
}


@pytest.mark.parametrize(("formula", "rank"), IDENTITIES.items())
def test_hidden_identities_of_formulas_are_no_new_functions(formula: str, rank: int) -> None:
    """a sigma(w x + b) + c has rank 1 for a constant sigma, 2 for an affine one, and 3 for exp."""
    network = mlp(1, 1, 1, activation="formula:" + formula)
    try:
        lower = model_rank(network, budget=1.0).lower
    except OutOfBudget as ended:
        lower = ended.verdict.lower
    assert lower is not None
    assert lower <= rank


# Names


@pytest.mark.parametrize(
    "text", ["1e99999999", "1E+9999999", "1e-99999999", "1" * 201, "nan", "inf", "1/0", ""]
)
def test_initial_values_of_any_size_are_refused_at_once(text: str) -> None:
    with pytest.raises(BadInput, match="initial value"):
        exact_number(text)
    with pytest.raises(BadInput, match="initial value"):
        canonical_activation(f"ode:y1@{text}")


def test_what_has_a_canonical_name_is_read_back_by_the_kernel() -> None:
    longest = 10**60 - 1
    system = read_system(canonical_system([f"{longest}*y1"], [Fraction(longest)]))
    assert system.initial == (Fraction(longest),)
    for side, start in ((f"{longest + 1}*y1", 1), ("1e60*y1", 1), ("y1", 10**60), ("y1", 10**5000)):
        with pytest.raises(BadInput, match="more than 60 digits"):
            canonical_system([side], [Fraction(start)])


def test_a_formula_may_use_what_is_registered_as_a_formula_for_a_known_name() -> None:
    for name, formula, text in (
        ("plain_tanh", "tanh(z)", "formula:2*tanh(z-1)"),
        ("plain_square", "z^2", "formula:2*((z-1)^2)"),
        ("plain_z", "z", "formula:2*identity(z-1)"),
    ):
        register_activation(name, formula=formula)
        assert canonical_activation(f"formula: 2*{name}(z - 1)") == text
        assert canonical_activation("formula: (z)*2") == "formula:(z)*2"
