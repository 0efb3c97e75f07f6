"""Relations in readable form: names of parameters and exact constants as text."""

from collections.abc import Sequence
from fractions import Fraction

from llrsym.kernel.real_numbers import KAPPA_ITSELF, SLOPE, Number
from llrsym.kernel.relations import Coefficient
from llrsym.networks.network import Network
from llrsym.tangent.blocks import NamedRelation
from llrsym.verdict import Relation

KAPPA_TEXT = "sqrt(2/pi)"


def described(network: Network, found: NamedRelation, table: Sequence[Number] = ()) -> Relation:
    """Return a relation with its coefficients by the names of the parameter entries.

    ``table`` lists the numbers of the certificate.
    """
    names, numbers = network.entry_names(), number_texts(table)
    coefficients = {names[entry]: constant_text(terms, names, numbers) for entry, terms in found.relation}
    return Relation(found.name, coefficients, found.description)


def described_family(
    functions: Sequence[str], found: NamedRelation, table: Sequence[Number] = ()
) -> Relation:
    """Return a relation among given functions, scaled so that its last coefficient is 1 and made real.

    The scaling and the simplification are for the eye: the certificate holds the verified vector.
    """
    import sympy

    numbers = number_texts(table)
    values = {
        entry: sympy.sympify(constant_text(terms, [], numbers, limit=None)) for entry, terms in found.relation
    }
    last = values[max(values)]
    scaled = {
        entry: sympy.simplify(sympy.simplify(value / last).rewrite(sympy.cos))
        for entry, value in values.items()
    }
    coefficients = {functions[entry]: str(value) for entry, value in scaled.items()}
    return Relation("linear dependence", coefficients, of_parameters=False)


def constant_text(
    terms: Sequence[Coefficient],
    names: Sequence[str],
    numbers: Sequence[str] = (),
    limit: int | None = 12,
) -> str:
    """Return a constant as an expression in exp, I, sqrt(2/pi), the names of the weights, and numbers.

    >>> from fractions import Fraction
    >>> constant_text([Coefficient(Fraction(-3, 2), e=Fraction(1))], [])
    '-3/2*exp(1)'
    """
    texts = [_term_text(term, names, numbers) for term in terms]
    if limit is not None and len(texts) > limit:
        texts = [*texts[:limit], f"... ({len(terms) - limit} more terms)"]
    return " + ".join(texts).replace("+ -", "- ") or "0"


def number_texts(table: Sequence[Number]) -> list[str]:
    """Return the numbers of a certificate as expressions such as gelu(1/2), and gelu'(1/2) for a slope.

    >>> from fractions import Fraction
    >>> slope = Number("slope", "erf", ((Fraction(1, 2), ()),))
    >>> number_texts([slope, Number("exp", "", ((Fraction(3), ((0, 1),)),))])
    ["erf'(1/2)", "exp(3*erf'(1/2))"]
    """
    texts: list[str] = []
    for number in table:
        if number.kind == KAPPA_ITSELF:
            texts.append(KAPPA_TEXT)
            continue
        terms = [_product(c, _powers(powers, texts)) for c, powers in number.argument]
        name = number.activation + "'" * (number.kind == SLOPE) or "exp"
        texts.append(f"{name}({' + '.join(terms).replace('+ -', '- ') or '0'})")
    return texts


def _powers(powers: Sequence[tuple[int, int]], names: Sequence[str]) -> list[str]:
    return [names[n] if m == 1 else f"{names[n]}**{m}" for n, m in powers]


def _term_text(term: Coefficient, names: Sequence[str], numbers: Sequence[str]) -> str:
    factors = [f"exp({term.e})"] if term.e else []
    factors += [f"exp({term.ei}*I)"] if term.ei else []
    factors += ["I"] * term.i + [KAPPA_TEXT] * term.kappa
    return _product(term.rational, [*factors, *_powers(term.theta, names), *_powers(term.numbers, numbers)])


def _product(rational: Fraction, factors: Sequence[str]) -> str:
    if not factors:
        return str(rational)
    lead = f"{rational}*" if abs(rational) != 1 else "-" if rational < 0 else ""
    return lead + "*".join(factors)
