"""Activations as exact data.

An exact activation is ``sigma(z) = N(z, E) / D(z, E)`` with polynomials N and D and ``E = exp(u(z))``,
where ``u`` is a polynomial without constant term whose coefficients are rational multiples of one unit:
1, i or kappa = sqrt(2/pi). Its derivative follows from ``E' = u'(z) E`` by the quotient rule, so nothing
about it has to be believed twice. Its parity, if it has one, is derived from the same data.

A primitive is known by its derivative N/D in the same sense, and a rational multiple of ``unit`` times it
is a logarithm of such a quotient: 2i arctan(z) = log((1 + iz)/(1 - iz)), softplus(z) = log(1 + e^z). The
square root is known by its square. Opaque activations have no exact form here; at most their parity identity
is known, which is enough for upper bounds, while lower ones need enclosures of their values. Those that solve
a differential equation are opaque, too; they have a name only if the solution is proved to exist for all z.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from .errors import Malformed
from .polynomial_systems import PREFIX, check_exists_everywhere, read_system

Term = tuple[Fraction, int, int, int, int]
"""coefficient, power of i, power of kappa, power of z, power of E"""
Polynomial = tuple[Term, ...]
Parity = tuple[int, int, int]
"""(a, b, c) with sigma(-z) = a sigma(z) + b z + c"""

UNITS = ("1", "i", "kappa")
CLOSED, PRIMITIVE, ROOT, OPAQUE = "closed form", "primitive", "root", "opaque"
MAX_POWER = 64
PARITIES: tuple[Parity, ...] = ((-1, 0, 0), (1, 0, 0), (-1, 0, 1), (1, -1, 0))


@dataclass(frozen=True, slots=True)
class Activation:
    """numerator/denominator in z, E = exp(unit * sum exponent[k] z^(k+1)): sigma, or a primitive's slope."""

    name: str
    numerator: Polynomial
    denominator: Polynomial
    exponent: tuple[Fraction, ...] = ()
    unit: str = "1"
    kind: str = CLOSED
    parity: Parity | None = None

    @property
    def exact(self) -> bool:
        """Whether sigma has a closed form."""
        return self.kind == CLOSED

    @property
    def is_polynomial(self) -> bool:
        """Whether sigma is a polynomial in z."""
        return self.exact and not self.exponent and self.denominator == ONE

    @property
    def is_affine(self) -> bool:
        """Whether sigma is a polynomial of degree at most 1."""
        return self.is_polynomial and all(z <= 1 for _, _, _, z, _ in self.numerator)

    def slope(self, polynomial: Polynomial) -> Polynomial:
        """Return d/dz of a polynomial in z and E, again a polynomial in z and E."""
        i, k = int(self.unit == "i"), int(self.unit == "kappa")
        terms: list[Term] = []
        for c, pi, pk, z, e in polynomial:
            if z:
                terms.append((c * z, pi, pk, z - 1, e))
            if e:
                terms += [
                    (c * e * u * (n + 1), pi + i, pk + k, z + n, e) for n, u in enumerate(self.exponent) if u
                ]
        return collect(terms)


def collect(terms: list[Term]) -> Polynomial:
    """Return the sum of the terms in canonical order, with i^2 = -1 applied."""
    total: dict[tuple[int, int, int, int], Fraction] = {}
    for c, i, k, z, e in terms:
        sign = -1 if i % 4 in (2, 3) else 1
        key = (i % 2, k, z, e)
        total[key] = total.get(key, Fraction(0)) + sign * c
    return tuple((c, *key) for key, c in sorted(total.items()) if c)


def multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    """Return the product of two polynomials in z and E."""
    return collect(
        [(a * b, i + j, k + m, y + z, d + e) for a, i, k, y, d in left for b, j, m, z, e in right],
    )


def _poly(*terms: tuple[object, int, int]) -> Polynomial:
    return collect([(Fraction(str(c)), 0, 0, z, e) for c, z, e in terms])


def _imaginary(*terms: tuple[object, int, int]) -> Polynomial:
    return collect([(Fraction(str(c)), 1, 0, z, e) for c, z, e in terms])


ONE = _poly((1, 0, 0))


def _exact(
    name: str, numerator: Polynomial, denominator: Polynomial, exponent: str = "", unit: str = "1"
) -> Activation:
    powers = tuple(Fraction(c) for c in exponent.split())
    draft = Activation(name, numerator, denominator, powers, unit)
    return Activation(name, numerator, denominator, powers, unit, CLOSED, derive_parity(draft))


def _primitive(
    name: str,
    numerator: Polynomial,
    denominator: Polynomial,
    parity: Parity,
    exponent: str = "",
    unit: str = "1",
) -> Activation:
    powers = tuple(Fraction(c) for c in exponent.split())
    return Activation(name, numerator, denominator, powers, unit, PRIMITIVE, parity)


def _opaque(name: str, parity: Parity | None) -> Activation:
    return Activation(name, (), ONE, kind=OPAQUE, parity=parity)


def derive_parity(activation: Activation) -> Parity | None:
    """Return (a, b, c) with sigma(-z) = a sigma(z) + b z + c for all z, or None when no listed one holds."""
    flips = {n % 2 for n, u in enumerate(activation.exponent) if u}
    if len(flips) > 1:
        return None
    inverted = flips == {0}
    top = max((t[4] for t in activation.numerator + activation.denominator), default=0) if inverted else 0

    def mirrored(polynomial: Polynomial) -> Polynomial:
        # z -> -z sends E to 1/E when u is odd; both sides are multiplied by E^top.
        return collect([(c * (-1) ** z, i, k, z, top - e if inverted else e) for c, i, k, z, e in polynomial])

    numerator, denominator = mirrored(activation.numerator), mirrored(activation.denominator)
    for a, b, c in PARITIES:
        affine = _poly((b, 1, 0), (c, 0, 0))
        image = collect(
            [*multiply(_poly((a, 0, 0)), activation.numerator), *multiply(affine, activation.denominator)]
        )
        if multiply(numerator, activation.denominator) == multiply(image, denominator):
            return a, b, c
    return None


_E, _LOGISTIC = _poly((1, 0, 1)), _poly((1, 0, 1), (1, 0, 0))
_TABLE = {
    a.name: a
    for a in (
        _exact("identity", _poly((1, 1, 0)), ONE),
        _exact("tanh", _poly((1, 0, 1), (-1, 0, 0)), _LOGISTIC, "2"),
        _exact("sigmoid", _E, _LOGISTIC, "1"),
        _exact("exp", _E, ONE, "1"),
        _exact("sinh", _poly((1, 0, 2), (-1, 0, 0)), _poly((2, 0, 1)), "1"),
        _exact("cosh", _poly((1, 0, 2), (1, 0, 0)), _poly((2, 0, 1)), "1"),
        _exact("sech", _poly((2, 0, 1)), _poly((1, 0, 2), (1, 0, 0)), "1"),
        _exact("gaussian", _E, ONE, "0 -1"),
        _exact("sin", _imaginary(("-1/2", 0, 2), ("1/2", 0, 0)), _E, "1", "i"),
        _exact("cos", _poly(("1/2", 0, 2), ("1/2", 0, 0)), _E, "1", "i"),
        _exact("silu", _poly((1, 1, 1)), _LOGISTIC, "1"),
        _exact("quick_gelu", _poly((1, 1, 1)), _LOGISTIC, "851/500"),
        _exact("gelu_tanh", _poly((1, 1, 1)), _LOGISTIC, "2 0 8943/100000", "kappa"),
        _exact("mish", _poly((1, 1, 2), (2, 1, 1)), _poly((1, 0, 2), (2, 0, 1), (2, 0, 0)), "1"),
        _primitive("softplus", _E, _LOGISTIC, (1, -1, 0), "1"),
        _primitive("arctan", ONE, _poly((1, 2, 0), (1, 0, 0)), (-1, 0, 0), unit="i"),
        Activation("sqrt", (), ONE, kind=ROOT),
        _opaque("gelu", (1, -1, 0)),
        _opaque("erf", (-1, 0, 0)),
    )
}


@lru_cache(maxsize=256)
def activation_named(name: str) -> Activation:
    """Return the activation with this name; ``power:3``, ``rational:0,1/1,0,1`` and ``ode:y1@1`` carry data.

    ``rational:n0,n1,.../d0,d1,...`` is (n0 + n1 z + ...) / (d0 + d1 z + ...), coefficients written ``p`` or
    ``p|q``; ``ode:`` names are those of ``polynomial_systems``. Raises ``Malformed`` for anything else, and
    for a differential equation whose solution is not proved to exist for all real z.

    >>> activation_named("tanh").parity
    (-1, 0, 0)
    """
    kind, colon, data = name.partition(":")
    if not colon and name in _TABLE:
        return _TABLE[name]
    if kind == "power" and data.isdecimal() and data == str(int(data)) and 1 <= int(data) <= MAX_POWER:
        return _exact(name, _poly((1, int(data), 0)), ONE)
    if kind == "rational" and colon:
        numerator, slash, denominator = data.partition("/")
        return _exact(
            name, _coefficients(name, numerator), _coefficients(name, denominator) if slash else ONE
        )
    if name.startswith(PREFIX):
        check_exists_everywhere(read_system(name))
        return _opaque(name, None)
    raise Malformed(f"activation '{name}' does not exist; there are {', '.join(activation_names())}")


def activation_names() -> list[str]:
    """Return the names of the table and the two patterns of closed forms."""
    return [*_TABLE, "power:N", "rational:n0,n1,../d0,d1,.."]


def _coefficients(name: str, text: str) -> Polynomial:
    try:
        values = [Fraction(*map(int, c.split("|", 1))) for c in text.split(",")]
    except (ValueError, ZeroDivisionError) as error:
        raise Malformed(
            f"activation '{name}': '{text}' is not a list of integers or fractions p|q"
        ) from error
    if len(values) > MAX_POWER + 1 or not any(values):
        raise Malformed(f"activation '{name}': expected 1 to {MAX_POWER + 1} coefficients, not all zero")
    return collect([(c, 0, 0, n, 0) for n, c in enumerate(values)])
