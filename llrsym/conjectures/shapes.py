"""Formulas as they are searched: a polynomial or the minimum of two; how simple and how long they are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from llrsym.conjectures.expressions import SizeFormula, plain
from llrsym.conjectures.grid import Point
from llrsym.conjectures.polynomials import Data, Polynomial
from llrsym.conjectures.writing import shortest

Simplicity = tuple[int, int, int, int, str]


@dataclass(frozen=True)
class Shape:
    """The minimum of one or two polynomials; ``coefficients`` were chosen to fit the data.

    >>> from llrsym.conjectures.polynomials import Polynomial
    >>> one = Fraction(1)
    >>> Shape((Polynomial(("k", "d"), (((1, 0), one), ((1, 1), one))),), 4).text
    'k*(d + 1)'
    """

    pieces: tuple[Polynomial, ...]
    coefficients: int

    def value(self, point: Point) -> Fraction:
        """Return the value at these sizes."""
        return min(piece.value(point) for piece in self.pieces)

    def values(self, data: Data) -> tuple[Fraction, ...]:
        """Return the values at the points of the data."""
        return tuple(map(min, zip(*(data.values_of(piece) for piece in self.pieces), strict=True)))

    @cached_property
    def text(self) -> str:
        """The formula in the grammar of ``SizeFormula``."""
        texts = sorted((shortest(piece) for piece in self.pieces), key=lambda text: ("(" in text, text))
        return plain(texts[0] if len(texts) == 1 else f"min({', '.join(texts)})")

    @property
    def formula(self) -> SizeFormula:
        """The formula as an expression."""
        return SizeFormula(self.text)

    @property
    def simplicity(self) -> Simplicity:
        """What the total order compares: degree and operations, number of terms, coefficients, text."""
        wrapped = {quantity for piece in self.pieces for quantity in piece.used if "(" in quantity}
        level = max(piece.degree for piece in self.pieces) + len(wrapped) + len(self.pieces) - 1
        terms = sum(len(piece.terms) for piece in self.pieces)
        height = sum(piece.height for piece in self.pieces)
        return level, terms, height, sum(map(len, wrapped)), repr(self.pieces)
