"""Claims and certificates as JSON text, in the kernel's format."""

import json
from collections.abc import Sequence
from fractions import Fraction

from llrsym.kernel.annihilators import Terms
from llrsym.kernel.ball_ranks import BallCertificate
from llrsym.kernel.documents import CERTIFICATE_FORMAT, CLAIM_FORMAT, Certificate, Claim
from llrsym.kernel.local import Gauge
from llrsym.kernel.polynomials import Monomial, Poly
from llrsym.kernel.program import Equation, Program
from llrsym.kernel.real_numbers import NO_NUMBERS, Numbers
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.roots import Points
from llrsym.kernel.rules import LowerCertificate, UpperCertificate


def claim_text(claim: Claim) -> str:
    """Return a claim as JSON; ``kernel.documents.read_claim`` reads it back unchanged."""
    weights = None if claim.weights is None else points_document(claim.weights)
    return dump(
        {
            "format": CLAIM_FORMAT,
            "question": claim.question,
            "network": claim.network,
            "at": claim.at,
            "lower": claim.lower,
            "upper": claim.upper,
            "program": program_document(claim.program),
            "weights": weights,
        }
    )


def certificate_text(certificate: Certificate) -> str:
    """Return a certificate as JSON; ``kernel.documents.read_certificate`` reads it back unchanged."""
    lower = None if certificate.lower is None else lower_document(certificate.lower)
    return dump({"format": CERTIFICATE_FORMAT, "lower": lower, "upper": upper_document(certificate.upper)})


def dump(document: dict[str, object]) -> str:
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
    return "{\n" + lines + "\n}\n"


def program_document(program: Program) -> dict[str, object]:
    """Return a program as JSON data; ``kernel.documents.read_program`` reads it back."""
    return {
        "input": list(program.input_shape),
        "parameters": [[p.name, list(p.shape)] for p in program.parameters],
        "equations": [_equation(e) for e in program.equations],
        "output": program.output,
    }


def _equation(equation: Equation) -> dict[str, object]:
    data = equation.data
    plain = data if isinstance(data, str) else [str(v) if isinstance(v, Fraction) else v for v in data]
    return {
        "op": equation.primitive,
        "args": list(equation.arguments),
        "shape": list(equation.shape),
        "data": plain,
    }


def points_document(points: Sequence[Sequence[Fraction]]) -> list[list[str]]:
    """Return tensors or points of exact numbers as JSON data."""
    return [[str(v) for v in point] for point in points]


def lower_document(lower: LowerCertificate | BallCertificate) -> dict[str, object]:
    """Return the certificate of a lower bound as JSON data."""
    if isinstance(lower, BallCertificate):
        return _balls(lower)
    points = {"points": _points(lower.points)} if lower.points.witnesses else {}
    return {
        "prime": lower.prime,
        "unit": lower.unit,
        "seed": lower.seed,
        "pairs": lower.pairs,
        "rows": [list(row) for row in lower.rows],
        "columns": list(lower.columns),
        "rewrites": _rewrites(lower.rewrites),
        **points,
    }


def _balls(lower: BallCertificate) -> dict[str, object]:
    return {
        "rule": "balls",
        "precision": lower.precision,
        "points": points_document(lower.points),
        "weights": None if lower.weights is None else points_document(lower.weights),
        "rows": [list(row) for row in lower.rows],
        "columns": list(lower.columns),
        "inverse": [list(row) for row in lower.inverse],
        "scale": lower.scale,
    }


def _points(points: Points) -> dict[str, object]:
    """The nonces of programs with square roots."""
    return {
        "samples": [[sample, list(nonces)] for sample, nonces in sorted(points.samples.items())],
        "pairs": [[list(a), list(b)] for a, b in points.pairs],
        "witnesses": [[list(a), list(b)] for a, b in points.witnesses],
    }


def _rewrites(rewrites: Sequence[tuple[Monomial, Poly]]) -> list[object]:
    return [[_monomial(m), _poly(p)] for m, p in rewrites]


def _monomial(monomial: Monomial) -> list[list[int]]:
    return [[atom, int(power)] for atom, power in monomial]


def _poly(poly: Poly) -> list[list[object]]:
    return [[_monomial(m), str(c)] for m, c in sorted(poly.items())]


def upper_document(upper: UpperCertificate) -> dict[str, object]:
    if upper.inner is not None:
        cuts = [{"register": c.register, "bases": list(c.bases), "tied": c.tied} for c in upper.cuts]
        return {"rule": upper.rule, "cuts": cuts, "inner": upper_document(upper.inner)}
    if upper.rule == "annihilators":
        return _annihilators(upper)
    if upper.rule != "relations":
        return {"rule": upper.rule}
    relations = [_relation(relation) for relation in upper.relations]
    document: dict[str, object] = {
        "rule": upper.rule,
        "relations": relations,
        "prime": upper.prime,
        "seed": upper.seed,
        "rewrites": _rewrites(upper.rewrites),
        "gauges": [_gauge(gauge) for gauge in upper.gauges],
    }
    return document | ({"numbers": _numbers(upper.numbers)} if upper.numbers != NO_NUMBERS else {})


def _numbers(numbers: Numbers) -> dict[str, object]:
    """The numbers that are coefficients of relations."""
    table = [
        {"kind": n.kind, "activation": n.activation, "argument": [[str(c), _pairs(m)] for c, m in n.argument]}
        for n in numbers.table
    ]
    return {"table": table, "pivots": _pairs(numbers.pivots), "precision": numbers.precision}


def _pairs(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    return [list(pair) for pair in pairs]


def _annihilators(upper: UpperCertificate) -> dict[str, object]:
    equations = [
        {"rows": [[_plain(terms) for terms in row] for row in e.rows], "solution": list(e.solution)}
        for e in upper.equations
    ]
    functionals = [
        {
            "entries": [[o, [list(p) for p in powers], _plain(terms)] for o, powers, terms in f.entries],
            "products": [[str(c), a, b] for c, a, b in f.products],
        }
        for f in upper.functionals
    ]
    return {
        "rule": upper.rule,
        "equations": equations,
        "functionals": functionals,
        "prime": upper.prime,
        "seed": upper.seed,
    }


def _plain(terms: Terms) -> list[list[object]]:
    return [[str(c), [list(power) for power in powers]] for c, powers in terms]


def _gauge(gauge: Gauge) -> list[list[object]]:
    return [[register, [[[i, j], str(v)] for i, j, v in entries]] for register, entries in gauge]


def _relation(relation: Relation) -> list[list[object]]:
    return [[entry, _terms(terms)] for entry, terms in relation]


def _terms(terms: Sequence[Coefficient]) -> object:
    if len(terms) == 1 and terms[0] == Coefficient(terms[0].rational):
        return str(terms[0].rational)
    return [_term(term) for term in terms]


def _term(term: Coefficient) -> dict[str, object]:
    fields: dict[str, object] = {"c": str(term.rational)}
    if term.e:
        fields["e"] = str(term.e)
    if term.ei:
        fields["ei"] = str(term.ei)
    if term.i:
        fields["i"] = term.i
    if term.kappa:
        fields["kappa"] = term.kappa
    if term.theta:
        fields["theta"] = _pairs(term.theta)
    if term.numbers:
        fields["numbers"] = _pairs(term.numbers)
    return fields
