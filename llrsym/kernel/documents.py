"""Claims and certificates about ranks, decoded. The format is specified in docs/certificate-format.md."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from .ball_ranks import BallCertificate, Point
from .decoding import (
    expect,
    read_count,
    read_integer,
    read_list,
    read_object,
    read_pair,
    read_rational,
    read_shape,
    read_string,
)
from .errors import Malformed
from .local import Gauge
from .polynomials import Monomial, Poly
from .program import Equation, Parameter, Program
from .real_numbers import NO_NUMBERS
from .relations import Coefficient, Relation
from .roots import Nonces, Points
from .rules import LowerCertificate, UpperCertificate
from .tower import Weights
from .upper_documents import read_cut, read_equations, read_functional, read_numbers, read_powers

V = TypeVar("V")

CLAIM_FORMAT, CERTIFICATE_FORMAT = "llrsym-claim-1", "llrsym-certificate-1"
QUESTIONS = ("model_rank", "independence")
GIVEN, ALMOST_EVERY = "given", "almost every"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be proved: ``lower <= dim span{d_i f} <= upper``."""

    question: str
    network: str
    at: str
    lower: int
    upper: int
    program: Program
    weights: Weights | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """The proofs of the two sides; a side that needs none is None."""

    lower: LowerCertificate | BallCertificate | None
    upper: UpperCertificate


def read_claim(document: object) -> Claim:
    """Decode a claim; raises ``Malformed``."""
    keys = ("format", "question", "network", "at", "lower", "upper", "program", "weights")
    fields = read_object(document, "claim", keys)
    expect(fields["format"] == CLAIM_FORMAT, "claim: format", CLAIM_FORMAT, fields["format"])
    expect(fields["question"] in QUESTIONS, "claim: question", f"one of {QUESTIONS}", fields["question"])
    expect(fields["at"] in (GIVEN, ALMOST_EVERY), "claim: at", f"'{GIVEN}' or '{ALMOST_EVERY}'", fields["at"])
    weights = None if fields["weights"] is None else read_weights(fields["weights"])
    expect(
        (weights is None) == (fields["at"] == ALMOST_EVERY), "claim: weights", "weights exactly if given", ""
    )
    program = read_program(fields["program"])
    text = read_string(fields["network"], "claim: network")
    lower, upper = read_count(fields["lower"], "claim: lower"), read_count(fields["upper"], "claim: upper")
    expect(lower <= upper, "claim: lower", "lower <= upper", (lower, upper))
    return Claim(str(fields["question"]), text, str(fields["at"]), lower, upper, program, weights)


def read_certificate(document: object) -> Certificate:
    """Decode a certificate; raises ``Malformed``."""
    fields = read_object(document, "certificate", ("format", "lower", "upper"))
    expect(
        fields["format"] == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, fields["format"]
    )
    lower = None if fields["lower"] is None else read_lower(fields["lower"])
    return Certificate(lower, read_upper(fields["upper"]))


def read_program(document: object) -> Program:
    """Decode a program; raises ``Malformed``."""
    fields = read_object(document, "program", ("input", "parameters", "equations", "output"))
    parameters = tuple(
        Parameter(
            read_string(read_pair(p, "parameter")[0], "parameter name"),
            read_shape(read_pair(p, "parameter")[1]),
        )
        for p in read_list(fields["parameters"], "parameters")
    )
    equations = tuple(_equation(e) for e in read_list(fields["equations"], "equations"))
    return Program(read_shape(fields["input"]), parameters, equations, read_count(fields["output"], "output"))


def _equation(document: object) -> Equation:
    fields = read_object(document, "equation", ("op", "args", "shape", "data"))
    op = read_string(fields["op"], "equation: op")
    args = tuple(read_count(a, f"{op}: args") for a in read_list(fields["args"], f"{op}: args"))
    data = fields["data"]
    if isinstance(data, str):
        return Equation(op, args, read_shape(fields["shape"]), data)
    read: Callable[[object], Fraction | int] = read_rational if op == "constant" else read_integer
    values = tuple(read(v) for v in read_list(data, f"{op}: data"))
    return Equation(op, args, read_shape(fields["shape"]), values)  # type: ignore[arg-type]  # one kind per primitive


def read_weights(document: object) -> Weights:
    """Decode one list of rational numbers for every tensor; raises ``Malformed``."""
    return tuple(
        tuple(read_rational(v) for v in read_list(t, "weights")) for t in read_list(document, "weights")
    )


def read_lower(document: object) -> LowerCertificate | BallCertificate:
    """Decode the certificate of a lower bound; raises ``Malformed``."""
    if isinstance(document, dict) and "rule" in document:
        return read_balls(document)
    keys = ("prime", "unit", "seed", "pairs", "rows", "columns", "rewrites")
    with_points = isinstance(document, dict) and "points" in document
    fields = read_object(document, "lower", (*keys, "points") if with_points else keys)
    rows = _rows(fields["rows"])
    columns = tuple(read_count(c, "column") for c in read_list(fields["columns"], "columns"))
    rewrites = tuple(_rewrite(r) for r in read_list(fields["rewrites"], "rewrites"))
    prime, unit, pairs = (read_count(fields[key], f"lower: {key}") for key in ("prime", "unit", "pairs"))
    points = _points(fields["points"]) if with_points else Points()
    return LowerCertificate(
        prime, unit, read_string(fields["seed"], "lower: seed"), pairs, rows, columns, rewrites, points
    )


def read_balls(document: object) -> BallCertificate:
    """Decode the certificate of a lower bound by balls; raises ``Malformed``."""
    keys = ("rule", "precision", "points", "weights", "rows", "columns", "inverse", "scale")
    fields = read_object(document, "lower", keys)
    expect(fields["rule"] == "balls", "lower: rule", "'balls' or none", fields["rule"])
    inverse = [read_list(row, "inverse") for row in read_list(fields["inverse"], "inverse")]
    return BallCertificate(
        read_count(fields["precision"], "lower: precision"),
        read_points(fields["points"]),
        None if fields["weights"] is None else read_weights(fields["weights"]),
        _rows(fields["rows"]),
        tuple(read_count(c, "column") for c in read_list(fields["columns"], "columns")),
        tuple(tuple(read_integer(x) for x in row) for row in inverse),
        read_count(fields["scale"], "lower: scale"),
    )


def read_points(document: object) -> tuple[Point, ...]:
    """Decode one list of rational numbers for every point; raises ``Malformed``."""
    return tuple(
        tuple(read_rational(v) for v in read_list(p, "point")) for p in read_list(document, "points")
    )


def _rows(document: object) -> tuple[tuple[int, int], ...]:
    pairs = [read_pair(row, "row") for row in read_list(document, "rows")]
    return tuple((read_count(sample, "row"), read_count(output, "row")) for sample, output in pairs)


def _points(document: object) -> Points:
    """The nonces of programs with square roots."""
    fields = read_object(document, "points", ("samples", "pairs", "witnesses"))
    samples = [read_pair(s, "sample") for s in read_list(fields["samples"], "samples")]
    numbered = {read_count(number, "sample"): _nonces(nonces) for number, nonces in samples}
    expect(len(numbered) == len(samples), "samples", "every sample at most once", "a repeated one")
    sides = [
        tuple((_nonces(a), _nonces(b)) for a, b in (read_pair(e, key) for e in read_list(fields[key], key)))
        for key in ("pairs", "witnesses")
    ]
    return Points(numbered, *sides)


def _nonces(document: object) -> Nonces:
    return tuple(read_count(nonce, "nonce") for nonce in read_list(document, "nonces"))


def _rewrite(document: object) -> tuple[Monomial, Poly]:
    left, right = read_pair(document, "rewrite")
    poly: Poly = {}
    for term in read_list(right, "rewrite"):
        monomial, coefficient = read_pair(term, "rewrite term")
        poly[_monomial(monomial)] = read_rational(coefficient)
    if not all(poly.values()):
        raise Malformed("rewrite: a coefficient is zero")
    return _monomial(left), poly


def _monomial(document: object) -> Monomial:
    pairs = [read_pair(p, "monomial") for p in read_list(document, "monomial")]
    monomial = tuple((read_count(a, "atom"), read_count(p, "power")) for a, p in pairs)
    atoms = [atom for atom, _ in monomial]
    if atoms != sorted(set(atoms)) or any(p < 1 for _, p in monomial):
        raise Malformed("monomial: expected strictly increasing atoms with positive powers")
    return monomial


def read_upper(document: object) -> UpperCertificate:
    """Decode the certificate of an upper bound; raises ``Malformed``."""
    if isinstance(document, dict) and document.get("rule") == "factorisation":
        return _factorisation(document)
    if isinstance(document, dict) and document.get("rule") == "annihilators":
        return _annihilators(document)
    if not isinstance(document, dict) or document.get("rule") != "relations":
        fields = read_object(document, "upper", ("rule",))
        return UpperCertificate(read_string(fields["rule"], "upper: rule"))
    keys = ("rule", "relations", "prime", "seed", "rewrites", "gauges")
    listed = "numbers" in document
    fields = read_object(document, "upper", (*keys, "numbers") if listed else keys)
    relations = tuple(_relation(r) for r in read_list(fields["relations"], "relations"))
    prime, seed = read_count(fields["prime"], "upper: prime"), read_string(fields["seed"], "upper: seed")
    rewrites = tuple(_rewrite(r) for r in read_list(fields["rewrites"], "rewrites"))
    gauges = tuple(_gauge(g) for g in read_list(fields["gauges"], "gauges"))
    numbers = read_numbers(fields["numbers"]) if listed else NO_NUMBERS
    return UpperCertificate("relations", relations, prime, seed, rewrites, gauges, numbers)


def _factorisation(document: object) -> UpperCertificate:
    fields = read_object(document, "upper", ("rule", "cuts", "inner"))
    inner = fields["inner"]
    if isinstance(inner, dict) and inner.get("rule") == "factorisation":
        raise Malformed("upper: a factorisation inside a factorisation; list the cuts one after the other")
    cuts = tuple(read_cut(cut) for cut in read_list(fields["cuts"], "cuts"))
    return UpperCertificate("factorisation", cuts=cuts, inner=read_upper(inner))


def _annihilators(document: object) -> UpperCertificate:
    fields = read_object(document, "upper", ("rule", "equations", "functionals", "prime", "seed"))
    return UpperCertificate(
        "annihilators",
        prime=read_count(fields["prime"], "upper: prime"),
        seed=read_string(fields["seed"], "upper: seed"),
        equations=tuple(read_equations(e) for e in read_list(fields["equations"], "equations")),
        functionals=tuple(read_functional(f) for f in read_list(fields["functionals"], "functionals")),
    )


def _gauge(document: object) -> Gauge:
    pairs = [read_pair(p, "gauge") for p in read_list(document, "gauge")]
    return tuple((read_count(register, "gauge"), _matrix(entries)) for register, entries in pairs)


def _matrix(document: object) -> tuple[tuple[int, int, Fraction], ...]:
    entries = [read_pair(e, "gauge entry") for e in read_list(document, "gauge entries")]
    places = [(read_pair(place, "gauge place"), value) for place, value in entries]
    return tuple((read_count(i, "row"), read_count(j, "column"), read_rational(v)) for (i, j), v in places)


def _relation(document: object) -> Relation:
    pairs = [read_pair(p, "relation entry") for p in read_list(document, "relation")]
    return tuple((read_count(entry, "relation entry"), _terms(terms)) for entry, terms in pairs)


def _terms(document: object) -> tuple[Coefficient, ...]:
    if isinstance(document, str):
        return (Coefficient(read_rational(document)),)
    return tuple(_coefficient(term) for term in read_list(document, "coefficient"))


def _coefficient(document: object) -> Coefficient:
    if not isinstance(document, dict) or not {"c"} <= set(document) <= {
        "c",
        "e",
        "ei",
        "i",
        "kappa",
        "theta",
        "numbers",
    }:
        raise Malformed("coefficient: expected 'c' and some of 'e', 'ei', 'i', 'kappa', 'theta', 'numbers'")
    theta = [read_pair(t, "theta") for t in read_list(document.get("theta", []), "theta")]
    if len({str(n) for n, _ in theta}) != len(theta):
        raise Malformed("coefficient: a weight occurs twice in 'theta'")
    return Coefficient(
        read_rational(document["c"]),
        read_rational(document.get("e", "0")),
        read_rational(document.get("ei", "0")),
        read_count(document.get("i", 0), "i"),
        read_count(document.get("kappa", 0), "kappa"),
        tuple((read_count(n, "theta"), read_count(m, "theta")) for n, m in theta),
        read_powers(document.get("numbers", [])),
    )
