"""Whether a program is real-analytic on all of its inputs and weights, as far as its signs show.

Then a minor that is not zero at one weight is not zero at almost every weight. Divisors and radicands have
to be positive for a visible reason: exponentials, even powers, positive constants, and their sums and
products (docs/theory/ball-ranks).
"""

from collections.abc import Sequence
from fractions import Fraction

from .activations import ROOT, Activation, activation_named
from .errors import Rejected
from .program import Equation, Program, size, split_einsum

ANY, NONNEGATIVE, POSITIVE = 0, 1, 2
ALWAYS_POSITIVE = ("exp", "sigmoid", "cosh", "sech", "gaussian", "softplus")


def check_analytic(program: Program) -> None:
    """Prove that f(x; theta) is real-analytic for all real x and theta; raises ``Rejected`` otherwise."""
    signs = [ANY] * program.first_equation
    shapes = program.shapes
    for equation in program.equations:
        signs.append(_sign(equation, [signs[r] for r in equation.arguments], shapes))


def _sign(equation: Equation, signs: Sequence[int], shapes: Sequence[tuple[int, ...]]) -> int:
    match equation.primitive:
        case "constant":
            return _sign_of_numbers([Fraction(v) for v in equation.data])
        case "gather":
            padded = any(k == -1 for k in equation.data)
            return min([*signs, NONNEGATIVE]) if padded else min(signs)
        case "add":
            return max(signs) if min(signs) > ANY else ANY
        case "divide":
            if signs[1] < POSITIVE:
                raise Rejected("analytic: a divisor is not visibly positive at all inputs and weights")
            return signs[0]
        case "activation":
            return _sign_of_activation(activation_named(str(equation.data)), signs[0])
        case _:
            return _sign_of_product(equation, signs, shapes)


def _sign_of_numbers(values: Sequence[Fraction]) -> int:
    least = min(values, default=Fraction(1))
    return POSITIVE if least > 0 else NONNEGATIVE if least == 0 else ANY


def _sign_of_product(equation: Equation, signs: Sequence[int], shapes: Sequence[tuple[int, ...]]) -> int:
    """Of ``multiply`` and of ``einsum``, whose sum may be empty."""
    a, b = equation.arguments
    full = min(size(shapes[a]), size(shapes[b])) > 0
    is_square = a == b
    if equation.primitive == "einsum":
        left, right, _ = split_einsum(str(equation.data))
        is_square = a == b and left == right
    if is_square:
        return signs[0] if signs[0] == POSITIVE and full else NONNEGATIVE
    return min(signs) if full else min([*signs, NONNEGATIVE])


def _sign_of_activation(activation: Activation, sign: int) -> int:
    name = activation.name
    if name.startswith("rational:") and not _is_positive_polynomial(activation):
        raise Rejected(f"analytic: the denominator of {name} is not visibly positive")
    if activation.kind == ROOT:
        if sign < POSITIVE:
            raise Rejected("analytic: a radicand is not visibly positive at all inputs and weights")
        return POSITIVE
    if name in ALWAYS_POSITIVE:
        return POSITIVE
    if name.startswith("power:") and int(name[6:]) % 2 == 0:
        return max(sign, NONNEGATIVE)
    return sign if name == "identity" or name.startswith("power:") else ANY


def _is_positive_polynomial(activation: Activation) -> bool:
    """Even powers only, no negative coefficient, and a positive constant term."""
    terms = activation.denominator
    return all(c > 0 and z % 2 == 0 for c, _, _, z, _ in terms) and any(z == 0 for _, _, _, z, _ in terms)
