"""Formal numbers with tanh and exp: equal only if they are, zero only if proved."""

import random
from fractions import Fraction

import mpmath
import pytest

from llrsym.kernel.constants import Constant, Key, exp_of, is_zero, logistic_of, tanh_of
from llrsym.kernel.errors import Rejected

ONE = Constant.rational(1)


def rational(value: str | int) -> Constant:
    return Constant.rational(Fraction(value))


def number(constant: Constant) -> mpmath.mpf:
    """The number itself, to the working precision."""
    return mpmath.fsum(_value(key) * c.numerator / c.denominator for key, c in constant.terms)


def _value(key: Key) -> mpmath.mpf:
    if key is None:
        return mpmath.mpf(1)
    return {"tanh": mpmath.tanh, "exp": mpmath.exp}[key[0]](number(key[1]))


def random_constant(source: random.Random, levels: int) -> Constant:
    if levels == 0:
        return rational(f"{source.randint(-2, 2)}/{source.randint(1, 2)}")
    inner = [random_constant(source, source.randrange(levels)) for _ in range(source.randint(1, 2))]
    total = rational(source.randint(-1, 1))
    for part in inner:
        total += tanh_of(part).times(Fraction(source.randint(-2, 2)))
    return total


@pytest.mark.parametrize("seed", range(40))
def test_the_arithmetic_is_that_of_the_numbers(seed: int) -> None:
    source = random.Random(seed)
    a, b = random_constant(source, 3), random_constant(source, 2)
    with mpmath.workdps(60):
        for formal, value in [
            (a + b, number(a) + number(b)),
            (a - b, number(a) - number(b)),
            (a.times(Fraction(-3, 2)), number(a) * -3 / 2),
            (tanh_of(a), mpmath.tanh(number(a))),
            (logistic_of(b), 1 / (1 + mpmath.exp(-number(b)))),
            (exp_of(Fraction(seed, 7)), mpmath.exp(mpmath.mpf(seed) / 7)),
        ]:
            assert abs(number(formal) - value) < mpmath.mpf(10) ** -50


def test_an_odd_function_has_one_form() -> None:
    source = random.Random(0)
    for _ in range(200):
        a = random_constant(source, 3)
        assert tanh_of(a.times(Fraction(-1))) == tanh_of(a).times(Fraction(-1))
        assert tanh_of(a) + tanh_of(a.times(Fraction(-1))) == Constant()
        assert is_zero(tanh_of(a) - tanh_of(a)) is True


@pytest.mark.parametrize("seed", range(200))
def test_a_number_is_called_zero_or_not_only_if_that_is_so(seed: int) -> None:
    source = random.Random(seed)
    a = random_constant(source, 3)
    b = a if source.random() < 0.2 else random_constant(source, 2)
    with mpmath.workdps(80):
        small = abs(number(a - b)) < mpmath.mpf(10) ** -60
    zero = is_zero(a - b)
    assert zero is None or zero == small


def test_what_is_decided() -> None:
    one, two, half = tanh_of(rational(1)), tanh_of(rational(2)), logistic_of(rational(0))
    assert is_zero(one - one) is True
    assert is_zero(one.times(Fraction(2)) - two) is False
    assert is_zero(one + tanh_of(rational(-1))) is True
    assert is_zero(half - rational("1/2")) is True
    assert half.as_rational == Fraction(1, 2)
    assert one.as_rational is None
    assert (one - one).as_rational == 0
    assert is_zero(logistic_of(rational(2)) + logistic_of(rational(-2)) - ONE) is True
    assert is_zero(exp_of(Fraction(0)) - ONE) is True
    assert is_zero(exp_of(Fraction(1)) - exp_of(Fraction(-1))) is False
    assert is_zero(rational("1/3")) is False


def test_what_is_not_decided() -> None:
    one = tanh_of(rational(1))
    nested = tanh_of(one)
    assert is_zero(nested - one) is None
    assert is_zero(nested) is None
    assert is_zero(nested - nested) is True
    assert is_zero(nested + tanh_of(one.times(Fraction(-1)))) is True
    assert is_zero(tanh_of(one + ONE) - tanh_of(ONE + one)) is True
    # tanh 2 = (e^4 - 1) / (e^4 + 1): formally different numbers of two functions may be equal.
    assert is_zero(exp_of(Fraction(4)) - tanh_of(rational(2))) is None


def test_text() -> None:
    assert str(Constant()) == "0"
    assert str(ONE - tanh_of(rational(2)).times(Fraction(3))) == "1 + -3 tanh(2)"


def nested_levels(levels: int) -> Constant:
    deep = ONE
    for _ in range(levels):
        deep = ONE + tanh_of(deep)
    return deep


def nested_layers(width: int, layers: int) -> list[Constant]:
    """Biases that every layer of a network without incoming weights hands on to the next."""
    biases = [rational(n) for n in range(1, width)]
    for _ in range(layers):
        values = [tanh_of(v) for v in biases]
        biases = [sum((v.times(Fraction(n + j)) for j, v in enumerate(values)), ONE) for n in range(1, width)]
    return biases


def test_constants_nested_too_often_are_refused_in_time() -> None:
    assert is_zero(nested_levels(50)) is None
    with pytest.raises(Rejected, match="levels"):
        nested_levels(200)
    assert is_zero(nested_layers(5, 3)[0]) is None
    with pytest.raises(Rejected, match="terms"):
        nested_layers(12, 8)
