"""SymPy expressions as a number system: functions in closed form."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import sympy as sp

from llrsym.kernel.activations import Polynomial, activation_named
from llrsym.kernel.domains import ListDomain
from llrsym.kernel.errors import Rejected

Z = sp.Dummy("z", real=True)
Pair = tuple[sp.Expr, sp.Expr]


class Symbolic(ListDomain[sp.Expr]):
    """Tensors as flat row-major lists of SymPy expressions; only zeros that SymPy shows are recognised.

    Division by the expression 0 raises ``Rejected``.
    """

    def from_rational(self, value: Fraction) -> sp.Expr:
        return sp.Rational(value.numerator, value.denominator)

    def plus(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        return a + b

    def minus(self, a: sp.Expr) -> sp.Expr:
        return -a

    def times(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        return a * b

    def over(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        if self.zero_test(b):
            raise Rejected("a denominator is zero")
        return a / b

    def sums(self, terms: list[sp.Expr], count: int, entries: int) -> list[sp.Expr]:
        # One n-ary sum instead of n binary ones: SymPy sorts and collects the terms once.
        return [sp.Add(*terms[k * count : (k + 1) * count]) for k in range(entries)]

    def zero_test(self, a: sp.Expr) -> bool:
        return bool(a == 0)

    def activate_entry(self, name: str, register: int, index: int, z: sp.Expr) -> Pair:
        value, slope = activation_expressions(name)
        return value.xreplace({Z: z}), slope.xreplace({Z: z})


@lru_cache(maxsize=256)
def activation_expressions(name: str) -> Pair:
    """Return sigma(Z) and sigma'(Z) in SymPy, for the real symbol ``Z`` of this module.

    Raises ``Malformed`` for a name that the kernel does not know.

    >>> activation_expressions("tanh")[1]
    1 - tanh(_z)**2
    """
    activation = activation_named(name)
    if name in _FUNCTIONS:
        value = _FUNCTIONS[name](Z)
    else:
        value = _polynomial(activation.numerator) / _polynomial(activation.denominator)
    return value, sp.diff(value, Z)


def _polynomial(polynomial: Polynomial) -> sp.Expr:
    return sp.Add(*(sp.Rational(c.numerator, c.denominator) * Z**power for c, _, _, power, _ in polynomial))


def _logistic(u: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-u))


def _gelu_tanh(z: sp.Expr) -> sp.Expr:
    cubic = z + sp.Rational(8943, 200000) * z**3
    return z * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * cubic)) / 2


_FUNCTIONS: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "identity": lambda z: z,
    "tanh": sp.tanh,
    "sigmoid": _logistic,
    "exp": sp.exp,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "sech": sp.sech,
    "gaussian": lambda z: sp.exp(-(z**2)),
    "sin": sp.sin,
    "cos": sp.cos,
    "silu": lambda z: z * _logistic(z),
    "quick_gelu": lambda z: z * _logistic(sp.Rational(851, 500) * z),
    "gelu_tanh": _gelu_tanh,
    "mish": lambda z: z * sp.tanh(sp.log(1 + sp.exp(z))),
    "softplus": lambda z: sp.log(1 + sp.exp(z)),
    "gelu": lambda z: z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
    "arctan": sp.atan,
    "erf": sp.erf,
    "sqrt": sp.sqrt,
}
