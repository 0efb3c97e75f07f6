"""False theorems: each needs one rule of the kernel to be dropped, and the kernel with the rule refuses.

Where it is possible the rule is broken by hand, to see that it is this rule that stands in the way.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from hashlib import shake_256

import pytest

from llrsym.kernel import residues, rules, tower
from llrsym.kernel.check import check
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.formal import Ring
from llrsym.kernel.program import Equation, Parameter, Program
from llrsym.kernel.residues import Residues, Setting, draw_constants, draw_sample, flat_gradient
from llrsym.kernel.roots import Points
from llrsym.kernel.rules import AX
from llrsym.networks.assembly import Assembly
from tests.kernel.scenarios import (
    PRIME,
    atom_number,
    check_rank_of,
    documents,
    family,
    minor,
    time_limit,
)

ONE = Fraction(1)
Patch = pytest.MonkeyPatch


def accepted_by_some_seed(functions: Sequence[str], rank: int, count: int = 300, **changes: object) -> bool:
    """Whether one of many seeds is accepted."""
    for seed in range(count):
        try:
            check_rank_of(functions, rank, seed=str(seed), **changes)
        except Rejected:
            continue
        return True
    return False


# 1 to 6: the homomorphism


@pytest.mark.parametrize(("number", "unit"), [(15, 2), (65, 2), (341, 3), (645, 7)])
def test_item_1_prime_of_the_list(number: int, unit: int, monkeypatch: Patch) -> None:
    functions = ["exp(x)", "exp(x+1)"]
    with pytest.raises(Rejected, match="prime: expected one of"):
        check_rank_of(functions, 2, prime=number, unit=unit)
    monkeypatch.setattr(residues, "PRIMES", (number,))
    monkeypatch.setattr(Setting, "imaginary_unit", lambda self, sign: sign % number)
    monkeypatch.setattr(residues, "rank_modulo", rank_by_minors)
    assert accepted_by_some_seed(functions, 2, prime=number, unit=unit)


def rank_by_minors(rows: Sequence[Sequence[int]], width: int, modulus: int) -> int:
    """The size, 0 to 2, of the greatest minor that is not zero, for any modulus."""
    if width == 2 and any((a[0] * b[1] - a[1] * b[0]) % modulus for a in rows for b in rows):
        return 2
    return int(any(entry % modulus for row in rows for entry in row))


def test_item_1_the_list_contains_primes_with_a_root_of_minus_one() -> None:
    for prime in residues.PRIMES:
        assert prime % 4 == 1
        assert all(prime % q for q in range(2, 2897)), f"{prime} is composite"
        assert prime < 2897**2


def test_item_2_denominators_prime_to_p(monkeypatch: Patch) -> None:
    functions = ["x", f"x^2 + x - x^2*{PRIME}*(1/{PRIME})"]
    with pytest.raises(Rejected, match="divides the denominator"):
        check_rank_of(functions, 2)

    def careless(self: Setting, value: Fraction) -> int:
        return value.numerator * pow(value.denominator, self.prime - 2, self.prime) % self.prime

    program, weights = family("x", "x^2 + x - x^2*y")
    net = replace_input_by_constants(program, Fraction(PRIME), Fraction(1, PRIME))
    with pytest.raises(Rejected, match="divides the denominator"):
        check(*documents(net, weights, (2, 2), minor(2)))
    monkeypatch.setattr(Setting, "residue", careless)
    assert check(*documents(net, weights, (2, 2), minor(2))).lower == 2


def replace_input_by_constants(program: Program, a: Fraction, b: Fraction) -> Program:
    """x and x^2 + x - x^2 (a b): equal functions when a b = 1."""
    net = Assembly((1,), {"a": (2,)})
    x = net.gather([net.input], [0], ())
    square = net.multiply(x, x)
    product = net.multiply(net.constant([a], ()), net.constant([b], ()))
    minus = net.multiply(net.constant([-1], ()), net.multiply(square, product))
    second = net.add(net.add(square, x), minus)
    functions = net.gather([x, second], [0, 1], (2,))
    assert program.parameter_count == 2
    return net.finish(net.einsum("i,i->", functions, net.parameter("a")))


@pytest.mark.parametrize("unit", [0, PRIME, PRIME + 2])
def test_item_3_unit(unit: int, monkeypatch: Patch) -> None:
    functions = ["x", "x + x^2*(1 - exp(x)*exp(-x))"]
    with pytest.raises(Rejected, match="unit: expected 1 to"):
        check_rank_of(functions, 2, unit=unit)
    monkeypatch.setattr(Setting, "__post_init__", lambda self: None)
    assert (unit % PRIME == 0) == accepted_by_some_seed(functions, 2, 3, unit=unit)


def test_item_3_a_unit_of_small_order_proves_nothing_false() -> None:
    with pytest.raises(Rejected, match="rank 1 modulo p"):
        check_rank_of(["x", "x*exp(x)*exp(-x)"], 2, unit=1)
    assert check_rank_of(["x", "exp(x)"], 2, unit=1).lower == 2


def per_row(sign: Callable[[int], int], own_constants: bool) -> Callable[..., list[list[int]]]:
    """The evaluation rows of a kernel that does not share its constants among the samples."""

    def rows(
        net: tower.Tower,
        setting: Setting,
        places: Sequence[tuple[int, int]],
        columns: Sequence[int],
        points: Points,
    ) -> list[list[int]]:
        result = []
        for sample, output in places:
            label = f"matrix/{sample}" if own_constants else "matrix"
            shared = draw_constants(net, setting, label, sign(sample))
            nonces = points.of_sample(sample)
            domain = Residues(net, setting, shared, draw_sample(net, setting, f"matrix/{sample}", nonces))
            row = flat_gradient(domain, domain.run(), output)
            result.append([row[column] for column in columns])
        return result

    return rows


def test_item_4_constants_are_shared_by_all_rows(monkeypatch: Patch) -> None:
    functions = ["exp(x)", "exp(x+1)"]
    with pytest.raises(Rejected, match="rank 1 modulo p, claimed 2"):
        check_rank_of(functions, 2)
    monkeypatch.setattr(residues, "evaluation_rows", per_row(lambda k: 1, True))
    assert check_rank_of(functions, 2).lower == 2


def test_item_4_one_square_root_of_minus_one(monkeypatch: Patch) -> None:
    functions = ["cos(x)", "sin(x)", "cos(x+1)"]
    assert check_rank_of(functions, 2).lower == 2
    with pytest.raises(Rejected, match="rank 2 modulo p, claimed 3"):
        check_rank_of(functions, 3)
    monkeypatch.setattr(residues, "evaluation_rows", per_row(lambda k: (-1) ** k, False))
    assert check_rank_of(functions, 3).lower == 3


def test_item_5_denominators_are_units(monkeypatch: Patch) -> None:
    setting = Setting(PRIME, 2, "a")
    zero = setting.numbers("matrix/0", 1)[0] % PRIME
    functions = ["1", f"(x - {zero})/(x - {zero})"]
    with pytest.raises(Rejected, match="a denominator vanishes at a sample"):
        check_rank_of(functions, 2)
    monkeypatch.setattr(Residues, "over", lambda self, a, b: a * pow(b, self.prime - 2, self.prime) % PRIME)
    assert check_rank_of(functions, 2).lower == 2


def test_item_5_denominators_of_activations_are_units() -> None:
    setting = Setting(PRIME, 2, "a")
    zero = setting.numbers("matrix/0", 1)[0] % PRIME
    pole = Equation("activation", (0,), (1,), f"rational:1/{-zero},1")
    program = Program((1,), (Parameter("a", (1,)),), (pole, Equation("multiply", (1, 2), (1,))), 3)
    with pytest.raises(Rejected, match="vanishes at a sample"):
        check(*documents(program, ((ONE,),), (1, 1), minor(1)))
    assert check(*documents(program, ((ONE,),), (1, 1), minor(1, seed="b"))).lower == 1


def test_item_6_exponents_are_integers(monkeypatch: Patch) -> None:
    functions = ["exp(x)", "exp(x/2)^2"]
    with pytest.raises(Rejected, match="rank 1 modulo p, claimed 2"):
        check_rank_of(functions, 2)
    monkeypatch.setattr(
        tower,
        "_integral",
        lambda powers, q: tuple((k, c.numerator // c.denominator) for k, c in powers.items()),
    )
    assert check_rank_of(functions, 2).lower == 2


# 7 to 9: the tower

DEPENDENT = [
    ["tanh(2*x)*(1 + tanh(x)^2)", "tanh(x)"],
    ["silu(x)", "silu(-x)", "x"],
    ["gaussian(x)*gaussian(x)*gaussian(y)*gaussian(y)", "gaussian(x+y)*gaussian(x-y)"],
    ["sigmoid(x)", "sigmoid(-x)", "1"],
    ["exp(x)*exp(y)", "exp(x+y)"],
]


@pytest.mark.parametrize("functions", DEPENDENT, ids=str)
def test_item_7_no_free_residue_per_neuron(functions: list[str], monkeypatch: Patch) -> None:
    rank = len(functions)
    with pytest.raises(Rejected, match=f"rank {rank - 1} modulo p, claimed {rank}"):
        check_rank_of(functions, rank)

    def free(self: Residues, row: tower.Exponential) -> int:
        return 1 + int.from_bytes(shake_256(f"{row}{self.sample}".encode()).digest(8), "big") % (PRIME - 1)

    monkeypatch.setattr(Residues, "exponential", free)
    assert check_rank_of(functions, rank).lower == rank


DEPENDENT_EXPONENTS = [
    ["exp(sin(x)^2)", "exp(-cos(x)^2)"],
    ["exp(silu(x) - silu(y)*0)", "exp(silu(-x))*exp(x)"],
    ["exp(tanh(2*x)*(1 + tanh(x)^2))", "exp(2*tanh(x))"],
    ["exp(exp(x)*exp(1))", "exp(exp(x+1))"],
]


@pytest.mark.parametrize("functions", DEPENDENT_EXPONENTS, ids=str)
def test_item_8_base_exponents_are_independent(functions: list[str], monkeypatch: Patch) -> None:
    with pytest.raises(Rejected, match=r"premise: the difference rows|rank 1 modulo p"):
        check_rank_of(functions, 2)
    if functions[0].startswith("exp(silu"):
        return  # the parity identity makes both functions one before the premise is asked
    monkeypatch.setattr(rules, "check_premise", lambda *arguments: [])
    assert check_rank_of(functions, 2).lower == 2


def test_item_8_relation_modulo_constants_that_are_no_numbers(monkeypatch: Patch) -> None:
    """Within a pair the constants are shared: e^x, e^(x+1) as exponents differ by the factor e."""
    functions = ["exp(exp(x))", "exp(exp(x+1))"]
    assert check_rank_of(functions, 2).lower == 2  # e^x and e e^x are independent over Q
    monkeypatch.setattr(residues, "draw_pairs", same_constants_in_all_pairs)
    with pytest.raises(Rejected, match="premise"):
        check_rank_of(functions, 2)


def same_constants_in_all_pairs(net: tower.Tower, setting: Setting, pairs: int) -> list[residues.Constants]:
    return [draw_constants(net, setting, "pair") for _ in range(pairs)]


def test_item_8_points_of_a_pair_share_the_weights(monkeypatch: Patch) -> None:
    """An argument that depends on the weights alone is the same number at all samples."""
    net = Assembly((1,), {"b": (), "a": (2,)})
    x, h = net.gather([net.input], [0], ()), net.activation("exp", net.parameter("b"))
    functions = net.gather([x, net.multiply(x, h)], [0, 1], (2,))
    program = net.finish(net.einsum("i,i->", functions, net.parameter("a")))
    certificate = replace(minor(2), columns=(1, 2))
    with pytest.raises(Rejected, match="premise: the difference rows"):
        check(*documents(program, None, (2, 3), certificate))
    monkeypatch.setattr(rules, "check_premise", lambda *arguments: [])
    assert check(*documents(program, None, (2, 3), certificate)).lower == 2


SQUARES = ["exp(sin(x)^2)", "exp(-cos(x)^2)"]


def square_rewrite(**terms: Fraction) -> tuple[tuple[tuple[int, int], ...], dict[object, Fraction]]:
    """The rewriting of (sin x)^2, which has the later symbol, by terms in x, (cos x)^2 and 1."""
    program, weights = family("cos(x)", *SQUARES)
    x, sine, cosine = (
        atom_number(program, weights, *start) for start in (("x", 0), ("value", "sin"), ("value", "cos"))
    )
    monomials = {"x": ((x, 1),), "cosine": ((cosine, 2),), "one": ()}
    return ((sine, 2),), {monomials[name]: value for name, value in terms.items()}


@pytest.mark.parametrize(
    "terms",
    [
        {"x": ONE},
        {"cosine": Fraction(PRIME - 1), "one": ONE},
        {"cosine": -ONE, "one": Fraction(PRIME + 1)},
        {"cosine": -ONE, "one": ONE, "x": Fraction(PRIME)},
    ],
    ids=["false", "modulo p", "constant modulo p", "term modulo p"],
)
def test_item_9_relations_between_exponents_are_identities_over_q(
    terms: dict[str, Fraction], monkeypatch: Patch
) -> None:
    functions = ["cos(x)", *SQUARES]
    with pytest.raises(Rejected, match="rewrite: the relation between exponents is not an identity"):
        check_rank_of(functions, 2, rewrites=(square_rewrite(**terms),))
    monkeypatch.setattr(Ring, "is_zero", lambda self, poly: True)
    if set(terms) == {"x"}:
        assert check_rank_of(functions, 3, rewrites=(square_rewrite(**terms),)).lower == 3


def test_item_9_a_true_relation_is_accepted_and_lowers_the_rank() -> None:
    true = square_rewrite(cosine=-ONE, one=ONE)
    functions = ["cos(x)", *SQUARES]
    assert check_rank_of(functions, 2, rewrites=(true,)).lower == 2
    with pytest.raises(Rejected, match="rank 2 modulo p, claimed 3"):
        check_rank_of(functions, 3, rewrites=(true,))


def test_item_9_a_relation_is_used_once() -> None:
    true = square_rewrite(cosine=-ONE, one=ONE)
    with pytest.raises(Rejected, match="a rewritten monomial occurs in a replacement"):
        check_rank_of(["cos(x)", *SQUARES], 2, rewrites=(true, true))


def quotient_family() -> tuple[Program, tuple[tuple[Fraction, ...], ...]]:
    """exp(s^2 - 1) and exp(-c^2), equal functions; the 1 is written as (x + x^2)/(x + x^2)."""
    return family("(x + x^2)/(x + x^2)", "cos(x)", "exp(sin(x)^2 - (x + x^2)/(x + x^2))", "exp(-cos(x)^2)")


def test_item_9_an_atom_occurs_once_in_a_monomial() -> None:
    """The monomial s s^2 read as s^2 in the proof of a relation and as s^3 in its use gives rank 4."""
    program, weights = quotient_family()
    x, inverse, sine = (
        atom_number(program, weights, *start) for start in (("x", 0), ("inverse",), ("value", "sin"))
    )
    replacement = {
        ((sine, 1), (sine, 2)): ONE,
        ((x, 1), (inverse, 1)): ONE,
        ((x, 2), (inverse, 1)): ONE,
        (): -ONE,
    }
    certificate = minor(4, rewrites=((((sine, 2),), replacement),))
    with pytest.raises(Malformed, match="monomial"):
        check(*documents(program, weights, (4, 4), certificate))


def test_item_9_huge_powers_do_not_hang() -> None:
    program, weights = family("cos(x)", *SQUARES)
    sine = atom_number(program, weights, "value", "sin")
    certificate = minor(2, rewrites=((((sine, 2),), {((sine, 10**9),): ONE}),))
    with time_limit(5), pytest.raises((Malformed, Rejected)):
        check(*documents(program, weights, (2, 3), certificate))


# 11, 19: functions that are not in the tower


def test_item_11_real_and_imaginary_exponents_need_both_roots(monkeypatch: Patch) -> None:
    functions = ["exp(x)", "sin(x)", "cos(x)"]
    assert check_rank_of(functions, 3).conditions == (AX,)
    monkeypatch.setattr(residues, "draw_pairs", same_constants_in_all_pairs)
    with pytest.raises(Rejected, match="the 2 base exponents have rank 1"):
        check_rank_of(functions, 3)


@pytest.mark.parametrize("function", ["erf(x)", "gelu(x)", "arctan(erf(x))"])
def test_item_19_no_lower_bound_for_functions_without_exact_data(function: str) -> None:
    with pytest.raises(Rejected, match="has no exact engine"):
        check_rank_of([function], 1)


# 12, 13: the minor


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rows": ((0, 0), (0, 0))}, "a row or a column occurs twice"),
        ({"columns": (0, 0)}, "a row or a column occurs twice"),
        ({"columns": (0, 2)}, "no parameter below 2"),
        ({"columns": (-1, 0)}, "expected a non-negative integer"),
        ({"rows": ((0, 0), (1, 1))}, "output below 1"),
        ({"rows": ((0, 0), (1, -1))}, "expected a non-negative integer"),
        ({"columns": (True, False)}, "expected a non-negative integer"),
        ({"rows": ((0, 0), (1, False))}, "expected a non-negative integer"),
        ({"pairs": 10**6}, "more than are useful"),
        ({"pairs": 0}, "premise: the difference rows of the 1 base exponents have rank 0"),
        ({"rows": ()}, "rank 0 modulo p, claimed 2"),
        ({"columns": ()}, "rank 0 modulo p, claimed 2"),
        ({"columns": (0,)}, "rank 1 modulo p, claimed 2"),
    ],
)
def test_item_12_indices(changes: dict[str, object], reason: str) -> None:
    assert check_rank_of(["x", "exp(x)"], 2).lower == 2
    with pytest.raises((Malformed, Rejected), match=reason):
        check_rank_of(["x", "exp(x)"], 2, **changes)


def test_item_12_the_rank_is_the_rank_of_the_minor(monkeypatch: Patch) -> None:
    with pytest.raises(Rejected, match="rank 2 modulo p, claimed 3"):
        check_rank_of(["x", "exp(x)", "x + 2*exp(x)"], 3)
    monkeypatch.setattr(residues, "rank_modulo", lambda rows, width, prime: width)
    assert check_rank_of(["x", "exp(x)", "x + 2*exp(x)"], 3).lower == 3
