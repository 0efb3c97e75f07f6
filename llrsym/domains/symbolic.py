"""SymPy expressions as a number system: functions in closed form."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, partial

import mpmath
import sympy as sp

from llrsym.kernel.activations import Polynomial, activation_named
from llrsym.kernel.differential_equations import read_system, value_and_slope
from llrsym.kernel.domains import ListDomain
from llrsym.kernel.errors import Rejected
from llrsym.kernel.polynomial_systems import PREFIX, System, collected, written

Z = sp.Dummy("z", real=True)
Pair = tuple[sp.Expr, sp.Expr]
GUARD_BITS = 32


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
    if name.startswith(PREFIX):
        value = solutions(name)[0](Z)
    elif name in _FUNCTIONS:
        value = _FUNCTIONS[name](Z)
    else:
        value = _polynomial(activation.numerator) / _polynomial(activation.denominator)
    return value, sp.diff(value, Z)


@lru_cache(maxsize=256)
def solutions(name: str) -> tuple[Callable[[sp.Expr], sp.Expr], ...]:
    """Return y1, .., yn of an ``ode:`` name as SymPy functions, with derivatives by the equations.

    Raises ``Malformed`` for other names.

    >>> sine, cosine = solutions("ode:y2@0;-y1@1")
    >>> sine(2 * Z).diff(Z), sine(0), sine(sp.pi / 2).evalf(20)
    (2*y2(2*_z), 0, 1.0000000000000000000)
    """
    return tuple(_solution(name, k) for k in range(len(read_system(name).derivatives)))


def _solution(name: str, index: int) -> Callable[[sp.Expr], sp.Expr]:
    system = read_system(name)

    class Solution(sp.Function):  # type: ignore[misc]  # SymPy has no types
        @classmethod
        def eval(cls, z: sp.Expr) -> sp.Expr | None:
            start = system.initial[index]
            return sp.Rational(start.numerator, start.denominator) if z.is_zero else None

        def fdiff(self, argindex: int = 1) -> sp.Expr:
            (z,) = self.args
            at = [z, *(y(z) for y in solutions(name))]
            return sp.Add(
                *(
                    sp.Mul(
                        sp.Rational(c.numerator, c.denominator),
                        *(v**e for v, e in zip(at, powers, strict=True)),
                    )
                    for c, powers in system.derivatives[index]
                )
            )

        def _eval_is_real(self) -> bool | None:
            real: bool | None = self.args[0].is_real
            return real

        def _eval_evalf(self, prec: int) -> sp.Expr | None:
            z = self.args[0]._eval_evalf(prec)
            if z is None or not z.is_Float:
                return None
            with mpmath.workprec(prec):
                return sp.Float(approx_solution(name, index, z._to_mpmath(prec)), precision=prec)

        # lambdify calls this
        _imp_ = staticmethod(partial(approx_solution, name, index))

    Solution.__name__ = f"y{index + 1}"
    return Solution


def approx_solution(name: str, index: int, z: mpmath.mpf) -> mpmath.mpf:
    """Return y_(index + 1) at z, at mpmath's current precision: the middle of the kernel's enclosure.

    NaN at infinities; raises ``Rejected`` where the solution is not cheap to follow.
    """
    z = mpmath.mpf(z)
    if not mpmath.isfinite(z):
        return mpmath.nan
    bits = mpmath.mp.prec + GUARD_BITS + (max(0, -int(mpmath.mag(z))) if z else 0)
    (middle, _), _ = value_and_slope(
        with_first(name, index), (int(mpmath.floor(mpmath.ldexp(z, bits))), 0), bits
    )
    return mpmath.ldexp(mpmath.mpf(middle), -bits)


def with_first(name: str, index: int) -> str:
    """Return the ``ode:`` name of y_(index + 1): that unknown and y1 change places.

    >>> with_first("ode:y2@0;-y1@1", 1)
    'ode:-y2@1;y1@0'
    """
    system = read_system(name)
    order = list(range(len(system.initial)))
    order[0], order[index] = index, 0
    moved = [
        collected([(c, (powers[0], *(powers[1 + k] for k in order))) for c, powers in system.derivatives[k]])
        for k in order
    ]
    return written(System(tuple(moved), tuple(system.initial[k] for k in order)))


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
