"""Coq terms as a number system: the interpreter writes a network and its tangent functions as Coq text.

Long terms and the arguments of activations get names: ``let .. in`` of the functions that use them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from llrsym.kernel.domains import ListDomain
from llrsym.kernel.errors import Rejected

SUM, PRODUCT, ATOM = range(3)
MAX_TEXT = 72
MAX_EXPANDED = 100_000
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Term:
    """A term of Coq's real numbers: how it binds, and how many characters it has with all names expanded."""

    text: str
    level: int
    expanded: int

    def within(self, level: int) -> str:
        """Return the text, in parentheses unless it binds at least as strongly as ``level``."""
        return self.text if self.level >= level else f"({self.text})"


def atom(text: str) -> Term:
    """Return a name as a term."""
    return Term(text, ATOM, len(text))


ZERO, ONE = atom("0"), atom("1")


def rational(value: Fraction) -> str:
    """Return a rational number as Coq text that can stand anywhere.

    >>> rational(Fraction(3)), rational(Fraction(-2)), rational(Fraction(1, 3))
    ('3', '(-2)', '(1/3)')
    """
    if value.denominator == 1:
        return str(value) if value >= 0 else f"({value})"
    return f"({value.numerator}/{value.denominator})"


class CoqTerms(ListDomain[Term]):
    """Tensors as flat lists of Coq terms; ``names`` maps activations to the suffix of their Coq functions.

    >>> domain = CoqTerms({"tanh": "tanh"})
    >>> value, slope = domain.activate_entry("tanh", 0, 0, domain.plus(atom("x"), ONE))
    >>> print(domain.function(domain.times(value, slope)))
    let z1 := x + 1 in
    sigma_tanh z1 * dsigma_tanh z1

    Raises ``Rejected`` for a division and for terms that are too long.
    """

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self._bound: dict[str, Term] = {}

    def from_rational(self, value: Fraction) -> Term:
        return atom(rational(value))

    def plus(self, a: Term, b: Term) -> Term:
        if self.zero_test(a) or self.zero_test(b):
            return b if self.zero_test(a) else a
        return self._combined(f"{a.text} + {b.within(PRODUCT)}", SUM, a, b)

    def minus(self, a: Term) -> Term:
        return a if self.zero_test(a) else self._combined(f"(- {a.within(ATOM)})", ATOM, a)

    def times(self, a: Term, b: Term) -> Term:
        if self.zero_test(a) or self.zero_test(b):
            return ZERO
        if ONE in (a, b):
            return b if a == ONE else a
        return self._combined(f"{a.within(PRODUCT)} * {b.within(ATOM)}", PRODUCT, a, b)

    def over(self, a: Term, b: Term) -> Term:
        raise Rejected(
            "it divides by a function of its inputs or weights, which the Coq export does not support"
        )

    def zero_test(self, a: Term) -> bool:
        return a == ZERO

    def activate_entry(self, name: str, register: int, index: int, z: Term) -> tuple[Term, Term]:
        if name == "identity":
            return z, ONE
        argument = z if _IDENTIFIER.fullmatch(z.text) else self._bind("z", z)
        value, slope = f"sigma_{self.names[name]}", f"dsigma_{self.names[name]}"
        return self._applied(value, argument), self._applied(slope, argument)

    def _applied(self, function: str, argument: Term) -> Term:
        return Term(f"{function} {argument.text}", ATOM, len(function) + argument.expanded + 3)

    def _combined(self, text: str, level: int, *parts: Term) -> Term:
        expanded = sum(part.expanded for part in parts) + 3
        if expanded > MAX_EXPANDED:
            raise Rejected("it is too large to be written out for Coq")
        term = Term(text, level, expanded)
        return term if len(text) <= MAX_TEXT else self._bind("v", term)

    def _bind(self, letter: str, term: Term) -> Term:
        name = f"{letter}{len(self._bound) + 1}"
        self._bound[name] = term
        return Term(name, ATOM, term.expanded)

    def function(self, result: Term) -> str:
        """Return the body of a function: the names that the result needs, in order, and the result."""
        needed = set(self._needed(result.text))
        lines = [f"let {name} := {term.text} in" for name, term in self._bound.items() if name in needed]
        return "\n".join([*lines, result.text])

    def _needed(self, text: str) -> Iterator[str]:
        waiting, seen = [text], set[str]()
        while waiting:
            for name in _IDENTIFIER.findall(waiting.pop()):
                if name in self._bound and name not in seen:
                    seen.add(name)
                    waiting.append(self._bound[name].text)
                    yield name
