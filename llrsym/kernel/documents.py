"""Strict decoding of claims and certificates. The format is specified in docs/certificate-format.md.

Refused: duplicate, unknown or missing keys, floating-point numbers, NaN, booleans where integers belong,
documents beyond the size limit. Numbers that are not integers are strings ``"p/q"``.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn, TypeVar

from .errors import Malformed
from .formal import Monomial, Poly
from .program import Equation, Parameter, Program, Shape
from .rules import Coefficient, LowerCertificate, Relation, UpperCertificate
from .tower import Weights

V = TypeVar("V")

CLAIM_FORMAT, CERTIFICATE_FORMAT = "llrsym-claim-1", "llrsym-certificate-1"
QUESTIONS = ("model_rank", "independence")
GIVEN, ALMOST_EVERY = "given", "almost every"
MAX_CHARACTERS = 400_000_000
_RATIONAL = re.compile(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?")


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

    lower: LowerCertificate | None
    upper: UpperCertificate


def decode(text: str) -> object:
    """Parse JSON strictly; raises ``Malformed``."""
    if len(text) > MAX_CHARACTERS:
        raise Malformed(f"the document has more than {MAX_CHARACTERS} characters")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(f"not a complete JSON document: {error}") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise Malformed(f"a key occurs twice among {[key for key, _ in pairs]}")
    return dict(pairs)


def _no_float(text: str) -> NoReturn:
    raise Malformed(f"{text} is a floating-point number; write exact numbers as 'p/q'")


def read_claim(document: object) -> Claim:
    """Decode a claim; raises ``Malformed``."""
    keys = ("format", "question", "network", "at", "lower", "upper", "program", "weights")
    fields = _object(document, "claim", keys)
    _expect(fields["format"] == CLAIM_FORMAT, "claim: format", CLAIM_FORMAT, fields["format"])
    _expect(fields["question"] in QUESTIONS, "claim: question", f"one of {QUESTIONS}", fields["question"])
    _expect(
        fields["at"] in (GIVEN, ALMOST_EVERY), "claim: at", f"'{GIVEN}' or '{ALMOST_EVERY}'", fields["at"]
    )
    weights = None if fields["weights"] is None else _weights(fields["weights"])
    _expect(
        (weights is None) == (fields["at"] == ALMOST_EVERY), "claim: weights", "weights exactly if given", ""
    )
    program = _program(fields["program"])
    text = _string(fields["network"], "claim: network")
    lower, upper = _count(fields["lower"], "claim: lower"), _count(fields["upper"], "claim: upper")
    _expect(lower <= upper, "claim: lower", "lower <= upper", (lower, upper))
    return Claim(str(fields["question"]), text, str(fields["at"]), lower, upper, program, weights)


def read_certificate(document: object) -> Certificate:
    """Decode a certificate; raises ``Malformed``."""
    fields = _object(document, "certificate", ("format", "lower", "upper"))
    _expect(
        fields["format"] == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, fields["format"]
    )
    lower = None if fields["lower"] is None else _lower(fields["lower"])
    return Certificate(lower, _upper(fields["upper"]))


def _program(document: object) -> Program:
    fields = _object(document, "program", ("input", "parameters", "equations", "output"))
    parameters = tuple(
        Parameter(_string(_pair(p, "parameter")[0], "parameter name"), _shape(_pair(p, "parameter")[1]))
        for p in _list(fields["parameters"], "parameters")
    )
    equations = tuple(_equation(e) for e in _list(fields["equations"], "equations"))
    return Program(_shape(fields["input"]), parameters, equations, _count(fields["output"], "output"))


def _equation(document: object) -> Equation:
    fields = _object(document, "equation", ("op", "args", "shape", "data"))
    op = _string(fields["op"], "equation: op")
    args = tuple(_count(a, f"{op}: args") for a in _list(fields["args"], f"{op}: args"))
    data = fields["data"]
    if isinstance(data, str):
        return Equation(op, args, _shape(fields["shape"]), data)
    read: Callable[[object], Fraction | int] = _rational if op == "constant" else _integer
    values = tuple(read(v) for v in _list(data, f"{op}: data"))
    return Equation(op, args, _shape(fields["shape"]), values)  # type: ignore[arg-type]  # one kind per primitive


def _weights(document: object) -> Weights:
    return tuple(tuple(_rational(v) for v in _list(t, "weights")) for t in _list(document, "weights"))


def _lower(document: object) -> LowerCertificate:
    keys = ("prime", "unit", "seed", "pairs", "rows", "columns", "rewrites")
    fields = _object(document, "lower", keys)
    rows = tuple(
        (_count(s, "row"), _count(o, "row"))
        for s, o in (_pair(r, "row") for r in _list(fields["rows"], "rows"))
    )
    columns = tuple(_count(c, "column") for c in _list(fields["columns"], "columns"))
    rewrites = tuple(_rewrite(r) for r in _list(fields["rewrites"], "rewrites"))
    prime, unit, pairs = (_count(fields[key], f"lower: {key}") for key in ("prime", "unit", "pairs"))
    return LowerCertificate(
        prime, unit, _string(fields["seed"], "lower: seed"), pairs, rows, columns, rewrites
    )


def _rewrite(document: object) -> tuple[Monomial, Poly]:
    left, right = _pair(document, "rewrite")
    poly: Poly = {}
    for term in _list(right, "rewrite"):
        monomial, coefficient = _pair(term, "rewrite term")
        poly[_monomial(monomial)] = _rational(coefficient)
    if not all(poly.values()):
        raise Malformed("rewrite: a coefficient is zero")
    return _monomial(left), poly


def _monomial(document: object) -> Monomial:
    pairs = [_pair(p, "monomial") for p in _list(document, "monomial")]
    monomial = tuple((_count(a, "atom"), _count(p, "power")) for a, p in pairs)
    atoms = [atom for atom, _ in monomial]
    if atoms != sorted(set(atoms)) or any(p < 1 for _, p in monomial):
        raise Malformed("monomial: expected strictly increasing atoms with positive powers")
    return monomial


def _upper(document: object) -> UpperCertificate:
    if not isinstance(document, dict) or document.get("rule") != "relations":
        fields = _object(document, "upper", ("rule",))
        return UpperCertificate(_string(fields["rule"], "upper: rule"))
    fields = _object(document, "upper", ("rule", "relations", "prime", "seed", "rewrites"))
    relations = tuple(_relation(r) for r in _list(fields["relations"], "relations"))
    prime, seed = _count(fields["prime"], "upper: prime"), _string(fields["seed"], "upper: seed")
    rewrites = tuple(_rewrite(r) for r in _list(fields["rewrites"], "rewrites"))
    return UpperCertificate("relations", relations, prime, seed, rewrites)


def _relation(document: object) -> Relation:
    pairs = [_pair(p, "relation entry") for p in _list(document, "relation")]
    return tuple((_count(entry, "relation entry"), _terms(terms)) for entry, terms in pairs)


def _terms(document: object) -> tuple[Coefficient, ...]:
    if isinstance(document, str):
        return (Coefficient(_rational(document)),)
    return tuple(_coefficient(term) for term in _list(document, "coefficient"))


def _coefficient(document: object) -> Coefficient:
    if not isinstance(document, dict) or not {"c"} <= set(document) <= {
        "c",
        "e",
        "ei",
        "i",
        "kappa",
        "theta",
    }:
        raise Malformed("coefficient: expected 'c' and some of 'e', 'ei', 'i', 'kappa', 'theta'")
    theta = [_pair(t, "theta") for t in _list(document.get("theta", []), "theta")]
    if len({str(n) for n, _ in theta}) != len(theta):
        raise Malformed("coefficient: a weight occurs twice in 'theta'")
    return Coefficient(
        _rational(document["c"]),
        _rational(document.get("e", "0")),
        _rational(document.get("ei", "0")),
        _count(document.get("i", 0), "i"),
        _count(document.get("kappa", 0), "kappa"),
        tuple((_count(n, "theta"), _count(m, "theta")) for n, m in theta),
    )


# Leaves


def _expect(condition: bool, place: str, expected: object, got: object) -> None:
    if not condition:
        raise Malformed(f"{place}: expected {expected}, got {str(got)[:80]}")


def _object(document: object, place: str, keys: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(document, dict) or set(document) != set(keys):
        got = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise Malformed(f"{place}: expected an object with the keys {list(keys)}, got {got}")
    return document


def _list(document: object, place: str) -> list[object]:
    if not isinstance(document, list):
        raise Malformed(f"{place}: expected a list, got {type(document).__name__}")
    return document


def _pair(document: object, place: str) -> tuple[object, object]:
    entries = _list(document, place)
    if len(entries) != 2:
        raise Malformed(f"{place}: expected a pair, got {len(entries)} entries")
    return entries[0], entries[1]


def _string(document: object, place: str) -> str:
    _expect(isinstance(document, str), place, "a string", document)
    return str(document)


def _integer(document: object) -> int:
    if type(document) is not int:
        raise Malformed(f"expected an integer, got {str(document)[:80]}")
    return document


def _count(document: object, place: str) -> int:
    if type(document) is not int or document < 0:
        raise Malformed(f"{place}: expected a non-negative integer, got {str(document)[:80]}")
    return document


def _shape(document: object) -> Shape:
    return tuple(_count(n, "shape") for n in _list(document, "shape"))


def _rational(document: object) -> Fraction:
    if not isinstance(document, str) or not _RATIONAL.fullmatch(document):
        raise Malformed(f"expected an exact number 'p' or 'p/q' in quotes, got {str(document)[:80]}")
    try:
        return Fraction(document)
    except ZeroDivisionError as error:
        raise Malformed(f"the denominator of {document} is zero") from error
