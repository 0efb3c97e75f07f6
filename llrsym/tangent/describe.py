"""Relations in readable form: names of parameters and exact constants as text."""

from collections.abc import Sequence

from llrsym.kernel.rules import Coefficient
from llrsym.networks.network import Network
from llrsym.tangent.blocks import NamedRelation
from llrsym.verdict import Relation


def described(network: Network, found: NamedRelation) -> Relation:
    """Return a relation with its coefficients by the names of the parameter entries."""
    names = network.entry_names()
    coefficients = {names[entry]: constant_text(terms, names) for entry, terms in found.relation}
    return Relation(found.name, coefficients, found.description)


def described_family(functions: Sequence[str], found: NamedRelation) -> Relation:
    """Return a relation among given functions, scaled so that its last coefficient is 1 and made real.

    The scaling and the simplification are for the eye: the certificate holds the verified vector.
    """
    import sympy

    values = {entry: sympy.sympify(constant_text(terms, [], limit=None)) for entry, terms in found.relation}
    last = values[max(values)]
    scaled = {
        entry: sympy.simplify(sympy.simplify(value / last).rewrite(sympy.cos))
        for entry, value in values.items()
    }
    coefficients = {functions[entry]: str(value) for entry, value in scaled.items()}
    return Relation("linear dependence", coefficients, of_parameters=False)


def constant_text(terms: Sequence[Coefficient], names: Sequence[str], limit: int | None = 12) -> str:
    """Return a constant as an expression in exp, I, sqrt(2/pi) and the names of the weights.

    >>> from fractions import Fraction
    >>> constant_text([Coefficient(Fraction(-3, 2), e=Fraction(1))], [])
    '-3/2*exp(1)'
    """
    texts = [_term_text(term, names) for term in terms]
    if limit is not None and len(texts) > limit:
        texts = [*texts[:limit], f"... ({len(terms) - limit} more terms)"]
    return " + ".join(texts).replace("+ -", "- ") or "0"


def _term_text(term: Coefficient, names: Sequence[str]) -> str:
    factors = [f"exp({term.e})"] if term.e else []
    factors += [f"exp({term.ei}*I)"] if term.ei else []
    factors += ["I"] * term.i + ["sqrt(2/pi)"] * term.kappa
    factors += [names[n] if m == 1 else f"{names[n]}**{m}" for n, m in term.theta]
    if not factors:
        return str(term.rational)
    lead = f"{term.rational}*" if abs(term.rational) != 1 else "-" if term.rational < 0 else ""
    return lead + "*".join(factors)
