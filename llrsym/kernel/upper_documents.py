"""Decoding of what the upper rules carry: cuts, functionals, and the numbers of relations."""

from fractions import Fraction

from .annihilators import Equations, Functional, Terms
from .annihilators import Powers as Exponents
from .cuts import Cut
from .decoding import expect, read_count, read_list, read_object, read_pair, read_rational, read_string
from .errors import Malformed
from .real_numbers import Number, Numbers, Powers


def read_cut(document: object) -> Cut:
    """Decode a cut; raises ``Malformed``."""
    fields = read_object(document, "cut", ("register", "bases", "tied"))
    bases = tuple(read_count(base, "cut: bases") for base in read_list(fields["bases"], "cut: bases"))
    expect(isinstance(fields["tied"], bool), "cut: tied", "true or false", fields["tied"])
    return Cut(read_count(fields["register"], "cut: register"), bases, bool(fields["tied"]))


def read_equations(document: object) -> Equations:
    """Decode a system of linear equations with a solution; raises ``Malformed``."""
    fields = read_object(document, "equations", ("rows", "solution"))
    rows = tuple(
        tuple(_terms(terms) for terms in read_list(row, "equation"))
        for row in read_list(fields["rows"], "equations: rows")
    )
    solution = read_list(fields["solution"], "equations: solution")
    return Equations(rows, tuple(read_count(value, "equations: solution") for value in solution))


def read_functional(document: object) -> Functional:
    """Decode a functional; raises ``Malformed``."""
    fields = read_object(document, "functional", ("entries", "products"))
    entries = [_triple(entry, "functional: entry") for entry in read_list(fields["entries"], "entries")]
    products = [
        _triple(product, "functional: product") for product in read_list(fields["products"], "products")
    ]
    return Functional(
        tuple((read_count(o, "output"), _powers(powers), _terms(terms)) for o, powers, terms in entries),
        tuple((read_rational(c), read_count(a, "product"), read_count(b, "product")) for c, a, b in products),
    )


def _triple(document: object, name: str) -> list[object]:
    parts = read_list(document, name)
    if len(parts) != 3:
        raise Malformed(f"{name}: expected three parts, got {len(parts)}")
    return parts


def _terms(document: object) -> Terms:
    pairs = [read_pair(term, "term") for term in read_list(document, "terms")]
    return tuple((Fraction(read_rational(c)), _powers(powers)) for c, powers in pairs)


def _powers(document: object) -> Exponents:
    pairs = [read_pair(power, "power") for power in read_list(document, "powers")]
    found = tuple((read_count(n, "variable"), read_count(m, "power")) for n, m in pairs)
    if [n for n, _ in found] != sorted({n for n, _ in found}) or any(m < 1 for _, m in found):
        raise Malformed("powers: expected strictly increasing variables with positive powers")
    return found


def read_numbers(document: object) -> Numbers:
    """Decode the numbers that relations have as coefficients, and their pivots; raises ``Malformed``."""
    fields = read_object(document, "numbers", ("table", "pivots", "precision"))
    pivots = [read_pair(pivot, "numbers: pivot") for pivot in read_list(fields["pivots"], "numbers: pivots")]
    return Numbers(
        tuple(_number(number) for number in read_list(fields["table"], "numbers: table")),
        tuple(
            (read_count(n, "numbers: pivot"), read_count(column, "numbers: pivot")) for n, column in pivots
        ),
        read_count(fields["precision"], "numbers: precision"),
    )


def _number(document: object) -> Number:
    fields = read_object(document, "number", ("kind", "activation", "argument"))
    terms = [read_pair(t, "number: term") for t in read_list(fields["argument"], "number: argument")]
    return Number(
        read_string(fields["kind"], "number: kind"),
        read_string(fields["activation"], "number: activation"),
        tuple((read_rational(c), read_powers(powers)) for c, powers in terms),
    )


def read_powers(document: object) -> Powers:
    """Decode a monomial in listed numbers; raises ``Malformed``."""
    pairs = [read_pair(power, "numbers: power") for power in read_list(document, "numbers: powers")]
    return tuple((read_count(k, "numbers: power"), read_count(m, "numbers: power")) for k, m in pairs)
