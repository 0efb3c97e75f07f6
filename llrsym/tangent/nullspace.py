"""Exact linear dependences among formal functions, over the field of constants.

Every function is a formal polynomial. Its monomials are split into a constant part (numbers, powers of e,
i, kappa, and the weights when they are variables) and a function part; the function parts index the rows
of a sparse matrix whose entries are constants. Elimination is exact, column by column. What it returns
are candidates for the kernel: function parts that are dependent in a hidden way only cost a relation.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TypeVar

from llrsym.kernel.activations import OPAQUE, PRIMITIVE, ROOT, activation_named
from llrsym.kernel.errors import Rejected
from llrsym.kernel.formal import Ring
from llrsym.kernel.polynomials import Monomial, Poly, add_to, multiply, power

SYMBOLS, EXPANDED, CLEARED = "symbols", "expanded", "cleared"
ROOM = 2_000
"""Terms of a constant beyond which the search gives up."""
MAX_CLEARED = 16
"""Different denominators that are multiplied out in one family."""
EFFORT = 3_000_000
"""Products of terms of constants beyond which the search gives up."""
Tick = Callable[[], None]

K = TypeVar("K")
Row = tuple[int, Monomial]
Vector = dict[Row, Poly]

PURE_EXPONENTIALS = frozenset({"exp", "sinh", "cosh", "sin", "cos", "gaussian"})
SLOPES = {"tanh": (1, 0, -1), "sigmoid": (0, 1, -1)}
"""sigma' = c0 + c1 sigma + c2 sigma^2"""


@dataclass
class Column:
    """A function as a vector over constants, and the combination of original functions that it is."""

    entries: Vector
    combination: dict[int, Poly]


def find_relations(
    ring: Ring, functions: Sequence[Sequence[Poly]], tick: Tick, form: str = EXPANDED
) -> list[dict[int, Poly]]:
    """Return independent vectors {function number: constant} whose combination looks like zero.

    ``functions[n][o]`` is component o of function n. In the form ``SYMBOLS`` values of activations at numbers
    are unknown numbers. In ``EXPANDED`` they are polynomials in powers of e where they can be. In ``CLEARED``
    all symbols are expanded and common denominators removed, which finds every relation of exponential
    towers, at a higher price. ``tick`` is called for every column and every step of the elimination and may
    raise. Raises ``Rejected`` when the work outgrows the limits: counts of terms, so that the answer does not
    depend on the speed of the machine.
    """
    columns = _each(functions, partial(normal_form, ring, numbers=form != SYMBOLS), tick)
    if form == CLEARED:
        columns = without_denominators(ring, columns, tick)
    return _Elimination(ring, tick).relations(_column(ring, n, parts) for n, parts in enumerate(columns))


def _each(columns: Sequence[Sequence[Poly]], change: Callable[[Poly], Poly], tick: Tick) -> list[list[Poly]]:
    changed = []
    for parts in columns:
        tick()
        changed.append([change(part) for part in parts])
    return changed


def normal_form(ring: Ring, poly: Poly, *, numbers: bool = True) -> Poly:
    """Return the polynomial with pure exponentials and the slopes of tanh and sigmoid expanded.

    With ``numbers`` also values at rational numbers.
    """
    while True:
        atoms = {atom for monomial in poly for atom, _ in monomial}
        replaceable = {atom for atom in atoms if _is_replaceable(ring, atom, numbers)}
        if not replaceable:
            return poly
        poly = substituted(poly, {atom: _replacement(ring, atom) for atom in replaceable})


def substituted(poly: Poly, values: dict[int, Poly]) -> Poly:
    """Return a polynomial with atoms replaced by polynomials."""
    total: Poly = {}
    for monomial, coefficient in poly.items():
        rest = tuple(pair for pair in monomial if pair[0] not in values)
        term: Poly = {rest: coefficient}
        for atom, exponent in monomial:
            if atom in values:
                term = multiply(term, power(values[atom], int(exponent)))
        add_to(total, term)
    return total


def _is_replaceable(ring: Ring, atom: int, numbers: bool) -> bool:
    """Whether to expand a symbol: not where it is a number that is no polynomial in powers of e."""
    kind, *data = ring.atoms[atom]
    if kind not in ("value", "slope"):
        return False
    activation = activation_named(str(data[0]))
    if activation.kind in (OPAQUE, ROOT) or (kind, activation.kind) == ("value", PRIMITIVE):
        return False
    free = activation.name in PURE_EXPONENTIALS or activation.is_polynomial
    if ring.constant_atoms[atom]:
        z: Poly = dict(data[1])  # type: ignore[call-overload]  # a value atom holds the key of z
        return free or (numbers and not set(z) - {()} and activation.unit != "kappa")
    return free or (kind == "slope" and activation.name in SLOPES)


def _replacement(ring: Ring, atom: int) -> Poly:
    kind, name, key = ring.atoms[atom]
    if kind == "value" or name not in SLOPES or ring.constant_atoms[atom]:
        return ring.expansion(atom)
    value = ring.find(("value", name, key))
    if value is None:
        return ring.expansion(atom)
    terms: Poly = {}
    for exponent, coefficient in enumerate(SLOPES[str(name)]):
        if coefficient:
            terms[((value, exponent),) if exponent else ()] = Fraction(coefficient)
    return terms


def without_denominators(ring: Ring, columns: list[list[Poly]], tick: Tick) -> list[list[Poly]]:
    """Expand every symbol and multiply all functions by one common denominator."""
    while True:
        atoms = {atom for parts in columns for part in parts for monomial in part for atom, _ in monomial}
        symbols = {atom for atom in atoms if ring.atoms[atom][0] in ("value", "slope")}
        inverses = {atom for atom in atoms if ring.atoms[atom][0] == "inverse"}
        if symbols:
            values = {atom: ring.expansion(atom) for atom in symbols}
            columns = _each(columns, partial(substituted, values=values), tick)
        elif len(inverses) > MAX_CLEARED:
            raise Rejected(f"limit: clearing {len(inverses)} denominators at once takes too many terms")
        elif inverses:
            inverse = max(inverses)
            degree = max(int(dict(m).get(inverse, 0)) for parts in columns for part in parts for m in part)
            columns = _each(columns, partial(_times_power, ring, inverse, degree), tick)
        else:
            return columns


def _times_power(ring: Ring, inverse: int, degree: int, poly: Poly) -> Poly:
    """Return poly times D^degree, where ``inverse`` stands for 1/D."""
    denominator: Poly = dict(ring.atoms[inverse][1])  # type: ignore[call-overload]  # an inverse holds its key
    total: Poly = {}
    for monomial, coefficient in poly.items():
        rest = tuple(pair for pair in monomial if pair[0] != inverse)
        missing = degree - int(dict(monomial).get(inverse, 0))
        add_to(total, multiply({rest: coefficient}, power(denominator, missing)))
    return total


def _is_constant_atom(ring: Ring, atom: int) -> bool:
    return ring.constant_atoms[atom] or ring.atoms[atom][0] == "theta"


def _column(ring: Ring, number: int, parts: Sequence[Poly]) -> Column:
    """Split monomials into constants and functions; denominators that are constants scale the column."""
    scale: Poly = {(): Fraction(1)}
    polys = list(parts)
    while True:
        found = {
            a
            for part in polys
            for m in part
            for a, _ in m
            if ring.atoms[a][0] == "inverse" and ring.constant_atoms[a]
        }
        if not found:
            break
        inverse = max(found)
        degree = max(int(dict(m).get(inverse, 0)) for part in polys for m in part)
        denominator: Poly = dict(ring.atoms[inverse][1])  # type: ignore[call-overload]  # an inverse holds its key
        scale = multiply(scale, power(denominator, degree))
        polys = [_times_power(ring, inverse, degree, part) for part in polys]
    entries: Vector = {}
    for output, part in enumerate(polys):
        for monomial, coefficient in part.items():
            constant = tuple(pair for pair in monomial if _is_constant_atom(ring, pair[0]))
            function = tuple(pair for pair in monomial if not _is_constant_atom(ring, pair[0]))
            entries.setdefault((output, function), {})[constant] = coefficient
    return Column(entries, {number: scale})


class _Elimination:
    """Column-wise elimination; a column that reduces to zero is a relation."""

    def __init__(self, ring: Ring, tick: Tick) -> None:
        self.ring, self.tick = ring, tick
        self.pivots: dict[Row, Column] = {}
        self.effort = EFFORT

    def relations(self, columns: Iterable[Column]) -> list[dict[int, Poly]]:
        """Return the combinations that vanish. Rows that occur in few columns make good pivots."""
        everything = list(columns)
        occurrences = Counter(row for column in everything for row in column.entries)
        found = []
        for column in everything:
            reduced = self._reduce(column)
            if not reduced.entries:
                found.append(reduced.combination)
                continue
            entries = reduced.entries
            pivot = min(entries, key=lambda row: (len(entries[row]), occurrences[row], row))
            self.pivots[pivot] = reduced
        return found

    def _reduce(self, column: Column) -> Column:
        while True:
            self.tick()
            row = next((row for row in column.entries if row in self.pivots), None)
            if row is None:
                return column
            column = self._without(column, row, self.pivots[row])

    def _without(self, column: Column, row: Row, pivot: Column) -> Column:
        """Return column - (b/a) pivot, or a column - b pivot if a is no unit, so that the row is gone."""
        a, b = pivot.entries[row], column.entries[row]
        inverse = _inverse_of_unit(self.ring, a)
        scale: Poly = {(): Fraction(1)} if inverse is not None else a
        factor = multiply(b, inverse) if inverse is not None else b
        return Column(
            self._combined(column.entries, scale, pivot.entries, factor),
            self._combined(column.combination, scale, pivot.combination, factor),
        )

    def _combined(
        self, left: dict[K, Poly], scale: Poly, right: dict[K, Poly], factor: Poly
    ) -> dict[K, Poly]:
        one = scale == {(): 1}
        self.effort -= sum(len(factor) * len(value) for value in right.values())
        self.effort -= 0 if one else sum(len(scale) * len(value) for value in left.values())
        if self.effort < 0:
            raise Rejected("limit: the search for relations takes too many products")
        result = {key: dict(value) if one else multiply(scale, value) for key, value in left.items()}
        for key, value in right.items():
            entry = result.setdefault(key, {})
            add_to(entry, multiply(factor, value), -1)
            if len(entry) > ROOM:
                raise Rejected("limit: a coefficient of a relation is too long")
            if not entry:
                del result[key]
        return result


def _inverse_of_unit(ring: Ring, constant: Poly) -> Poly | None:
    """Return 1/c when c is a rational number times powers of exponentials and of numbers that are symbols."""
    if len(constant) != 1:
        return None
    ((monomial, coefficient),) = constant.items()
    if not all(ring.constant_atoms[a] and ring.atoms[a][0] in ("exp", "value", "slope") for a, _ in monomial):
        return None
    return {tuple((atom, -power) for atom, power in monomial): 1 / coefficient}
