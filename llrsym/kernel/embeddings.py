"""Embeddings of a narrow network into a wide one: a polynomial map E from narrow to wide parameters.

Claim: f_wide(E(t)) = f_narrow(t) for all t and, unless only the function is claimed, the span of the
d_i f_wide at E(t) is that of the d_j f_narrow at t. Proof (docs/theory/embeddings): every d_i f_wide is a
combination of the d_j f_narrow with coefficients that are polynomials in t; the other inclusion is the chain
rule for E.

layered    compares two layered networks layer by layer, see layered_embeddings
formal     compares outputs and derivatives in the formal ring, for any two models or programs
registers  the same with abbreviations for what is multiplied, for deep networks, see register_embeddings

Polynomials are those of the formal ring. Its first variables are the weights t of the narrow network, then
the free numbers of E (such as splitting ratios); the claim is made for all their values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .decoding import expect, read_count, read_list, read_object, read_pair, read_rational, read_string
from .documents import CERTIFICATE_FORMAT, CLAIM_FORMAT
from .errors import Rejected
from .formal import Formal, Ring
from .layered_embeddings import FIRST_VARIABLE, Unit, Units, check_layered
from .model_documents import AnyModel, program_for, read_any_model, title_of, weight_count
from .models import Layered
from .polynomials import Monomial, Poly
from .register_embeddings import MAX_PRODUCTS, Abbreviated, Rows, check_programs

QUESTION = "embedding"
MAX_VARIABLES = 5_000_000
KEEPS_FUNCTION, KEEPS_TANGENTS = "function", "tangent functions"
LAYERED, FORMAL, REGISTERS = "layered", "formal", "registers"


@dataclass(frozen=True, slots=True)
class EmbeddingClaim:
    """``entries``: the entries of E that are not zero, by wide parameter; ``free``: how many free numbers."""

    network: str
    target: str
    keeps: str
    wide: AnyModel
    narrow: AnyModel
    free: int
    entries: Mapping[int, Poly]

    @property
    def rank_bound(self) -> int:
        """How many tangent functions the wide network has at most at the image of a weight."""
        return weight_count(self.narrow if self.keeps == KEEPS_TANGENTS else self.wide)


@dataclass(frozen=True, slots=True)
class EmbeddingCertificate:
    """The units of the hidden layers for the rule ``layered``, the rows of B for the rule ``formal``."""

    rule: str
    units: tuple[Units, ...] = ()
    rows: Rows = field(default_factory=dict)


def check_embedding(claim: EmbeddingClaim, certificate: EmbeddingCertificate) -> str:
    """Prove the claim by the rule of the certificate and return it as a sentence."""
    wide, narrow = claim.wide, claim.narrow
    if not all(0 <= entry < weight_count(wide) for entry in claim.entries):
        raise Rejected("embedding: an entry of the map is no parameter of the network")
    variables = weight_count(narrow) + claim.free
    if variables > MAX_VARIABLES:
        raise Rejected(f"limit: the map has {variables} variables, more than {MAX_VARIABLES}")
    ring = Ring(MAX_PRODUCTS if certificate.rule == REGISTERS else None)
    for number in range(variables):
        ring.variable("theta", number)
    if certificate.rule != LAYERED:
        _check_programs(claim, ring, certificate)
    elif isinstance(wide, Layered) and isinstance(narrow, Layered):
        check_layered(ring, wide, narrow, claim.entries, certificate.units, claim.keeps == KEEPS_TANGENTS)
    else:
        raise Rejected("layered: the rule compares two layered models")
    kept = (
        "f is that" if claim.keeps == KEEPS_FUNCTION else "f and the span of the tangent functions are those"
    )
    free = f", for all {claim.free} free numbers" if claim.free else ""
    where = f"at the image of every weight of {title_of(narrow)} in {title_of(wide)}{free}"
    return f"{where}, {kept} of the former (where defined)"


def _check_programs(claim: EmbeddingClaim, ring: Ring, certificate: EmbeddingCertificate) -> None:
    wide, narrow, rule = program_for(claim.wide), program_for(claim.narrow), certificate.rule
    abbreviated = rule == REGISTERS
    domain = Abbreviated(ring, narrow.parameter_count, claim.free) if abbreviated else Formal(ring)
    comparison = check_programs(wide, narrow, domain, claim.entries, rule)
    if claim.keeps == KEEPS_TANGENTS and abbreviated:
        comparison.check_combinations(rule)
    elif claim.keeps == KEEPS_TANGENTS:
        comparison.check_rows(certificate.rows, rule)


# Documents


def read_embedding_claim(document: object) -> EmbeddingClaim:
    """Decode a claim; raises ``Malformed``."""
    keys = ("format", "question", "network", "target", "keeps", "model", "target_model", "free", "map")
    fields = read_object(document, "claim", keys)
    expect(fields["format"] == CLAIM_FORMAT, "claim: format", CLAIM_FORMAT, fields["format"])
    expect(fields["question"] == QUESTION, "claim: question", QUESTION, fields["question"])
    kept = (KEEPS_FUNCTION, KEEPS_TANGENTS)
    expect(fields["keeps"] in kept, "claim: keeps", f"one of {kept}", fields["keeps"])
    network, target = (
        read_string(fields["network"], "claim: network"),
        read_string(fields["target"], "claim: target"),
    )
    wide, narrow = read_any_model(fields["model"]), read_any_model(fields["target_model"])
    free = read_count(fields["free"], "claim: free")
    entries = read_map(fields["map"], weight_count(narrow) + free)
    return EmbeddingClaim(network, target, str(fields["keeps"]), wide, narrow, free, entries)


def read_map(document: object, variables: int) -> Mapping[int, Poly]:
    """Decode the entries of E that are not zero; raises ``Malformed``."""
    pairs = [read_pair(entry, "map") for entry in read_list(document, "map")]
    entries = {read_count(entry, "map"): _poly(form, variables) for entry, form in pairs}
    expect(len(entries) == len(pairs), "map", "every parameter at most once", "a repeated one")
    return entries


def read_embedding_certificate(document: object, claim: EmbeddingClaim) -> EmbeddingCertificate:
    """Decode a certificate of this claim; raises ``Malformed``."""
    variables = weight_count(claim.narrow) + claim.free
    if isinstance(document, dict) and document.get("rule") == LAYERED:
        fields = read_object(document, "certificate", ("format", "rule", "units"))
        units = [read_list(layer, "units") for layer in read_list(fields["units"], "units")]
        certificate = EmbeddingCertificate(
            LAYERED, units=tuple(tuple(_unit(u, variables) for u in layer) for layer in units)
        )
    elif isinstance(document, dict) and document.get("rule") == REGISTERS:
        fields = read_object(document, "certificate", ("format", "rule"))
        certificate = EmbeddingCertificate(REGISTERS)
    else:
        fields = read_object(document, "certificate", ("format", "rule", "rows"))
        rules = f"'{LAYERED}', '{FORMAL}' or '{REGISTERS}'"
        expect(fields["rule"] == FORMAL, "certificate: rule", rules, fields["rule"])
        certificate = EmbeddingCertificate(FORMAL, rows=_rows(fields["rows"], variables))
    expect(
        fields["format"] == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, fields["format"]
    )
    return certificate


def _rows(document: object, variables: int) -> Rows:
    pairs = [read_pair(row, "row") for row in read_list(document, "rows")]
    rows = {read_count(entry, "row"): _row(row, variables) for entry, row in pairs}
    expect(len(rows) == len(pairs), "rows", "every parameter at most once", "a repeated one")
    return rows


def _unit(document: object, variables: int) -> Unit | None:
    if document is None:
        return None
    fields = read_object(document, "unit", ("index", "sign", "multiplier"))
    sign = fields["sign"]
    expect(type(sign) is int and sign in (1, -1), "unit: sign", "1 or -1", sign)
    index, multiplier = read_count(fields["index"], "unit: index"), _poly(fields["multiplier"], variables)
    return Unit(index, 1 if sign == 1 else -1, multiplier)


def _row(document: object, variables: int) -> tuple[tuple[int, Poly], ...]:
    pairs = [read_pair(term, "row") for term in read_list(document, "row")]
    row = tuple((read_count(j, "row"), _poly(c, variables)) for j, c in pairs)
    expect(len({j for j, _ in row}) == len(row), "row", "every parameter at most once", "a repeated one")
    return row


def _poly(document: object, variables: int) -> Poly:
    """A polynomial in the variables: a rational number, or a list of pairs [monomial, coefficient]."""
    if isinstance(document, str):
        number = read_rational(document)
        return {(): number} if number else {}
    terms = [read_pair(term, "polynomial") for term in read_list(document, "polynomial")]
    poly: Poly = {_monomial(m, variables): read_rational(c) for m, c in terms}
    expect(len(poly) == len(terms) and all(poly.values()), "polynomial", "distinct terms that are not 0", "")
    return poly


def _monomial(document: object, variables: int) -> Monomial:
    pairs = [read_pair(p, "monomial") for p in read_list(document, "monomial")]
    powers = [(read_count(n, "variable"), read_count(p, "power")) for n, p in pairs]
    numbers = [n for n, _ in powers]
    fits = numbers == sorted(set(numbers)) and all(n < variables for n in numbers)
    expect(
        fits and all(p > 0 for _, p in powers), "monomial", "increasing variables, positive powers", powers
    )
    return tuple((FIRST_VARIABLE + n, p) for n, p in powers)
