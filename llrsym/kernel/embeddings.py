"""Embeddings of a narrow network into a wide one: a polynomial map E from narrow to wide parameters.

Claim: f_wide(E(t)) = f_narrow(t) for all t and, unless only the function is claimed, the span of the
d_i f_wide at E(t) is that of the d_j f_narrow at t. Proof (docs/theory/embeddings): every d_i f_wide is a
combination of the d_j f_narrow with coefficients that are polynomials in t; the other inclusion is the chain
rule for E.

layered   compares two layered networks layer by layer, see layered_embeddings
formal    compares outputs and derivatives in the formal ring, for any two models

Polynomials are those of the formal ring. Its first variables are the weights t of the narrow network, then
the free numbers of E (such as splitting ratios); the claim is made for all their values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .activations import activation_named
from .decoding import expect, read_count, read_list, read_object, read_pair, read_rational, read_string
from .documents import CERTIFICATE_FORMAT, CLAIM_FORMAT
from .errors import Rejected
from .formal import Formal, Ring
from .layered_embeddings import FIRST_VARIABLE, Unit, Units, check_defined, check_layered
from .models import Layered, Model, parameter_count, program_of
from .polynomials import Monomial, Poly, add_to, multiply
from .program import Program, size
from .run import Trace, forward, gradient
from .target_claims import read_model

QUESTION = "embedding"
MAX_VARIABLES = 5_000_000
KEEPS_FUNCTION, KEEPS_TANGENTS = "function", "tangent functions"


@dataclass(frozen=True, slots=True)
class EmbeddingClaim:
    """``entries``: the entries of E that are not zero, by wide parameter; ``free``: how many free numbers."""

    network: str
    target: str
    keeps: str
    wide: Model
    narrow: Model
    free: int
    entries: Mapping[int, Poly]


Rows = Mapping[int, tuple[tuple[int, Poly], ...]]
"""The rows of B that are not zero: d_i f_wide = sum of coefficient * d_j f_narrow over (j, coefficient)."""


@dataclass(frozen=True, slots=True)
class EmbeddingCertificate:
    """Either the units of the hidden layers (rule ``layered``) or the rows of B (rule ``formal``)."""

    units: tuple[Units, ...] | None
    rows: Rows


def check_embedding(claim: EmbeddingClaim, certificate: EmbeddingCertificate) -> str:
    """Prove the claim by the rule of the certificate and return it as a sentence."""
    wide, narrow = claim.wide, claim.narrow
    if not all(0 <= entry < parameter_count(wide) for entry in claim.entries):
        raise Rejected("embedding: an entry of the map is no parameter of the network")
    variables = parameter_count(narrow) + claim.free
    if variables > MAX_VARIABLES:
        raise Rejected(f"limit: the map has {variables} variables, more than {MAX_VARIABLES}")
    ring = Ring()
    for number in range(variables):
        ring.variable("theta", number)
    if certificate.units is None:
        _check_formal(claim, ring, certificate.rows)
    elif isinstance(wide, Layered) and isinstance(narrow, Layered):
        check_layered(ring, wide, narrow, claim.entries, certificate.units, claim.keeps == KEEPS_TANGENTS)
    else:
        raise Rejected("layered: the rule compares two layered models")
    kept = (
        "f is that" if claim.keeps == KEEPS_FUNCTION else "f and the span of the tangent functions are those"
    )
    free = f", for all {claim.free} free numbers" if claim.free else ""
    return f"at the image of every weight of {narrow} in {wide}{free}, {kept} of the former (where defined)"


# In the formal ring


def _check_formal(claim: EmbeddingClaim, ring: Ring, rows: Rows) -> None:
    wide, narrow = program_of(claim.wide), program_of(claim.narrow)
    if size(wide.input_shape) != size(narrow.input_shape) or wide.output_count != narrow.output_count:
        raise Rejected("formal: the networks differ in inputs or outputs")
    domain = Formal(ring)
    variables = domain.weights([p.shape for p in narrow.parameters])
    below = forward(narrow, domain, domain.inputs(narrow.input_shape), variables)
    flat = [claim.entries.get(entry, {}) for entry in range(wide.parameter_count)]
    weights = _tensors(flat, [size(p.shape) for p in wide.parameters])
    above = forward(wide, domain, domain.inputs(wide.input_shape), weights)
    _check_poles(ring, wide, above)
    for o, (f, g) in enumerate(zip(above.values[wide.output], below.values[narrow.output], strict=True)):
        if not ring.is_zero(domain.plus(f, domain.minus(g))):
            raise Rejected(f"formal: output {o} is another function")
    if claim.keeps == KEEPS_TANGENTS:
        for o in range(wide.output_count):
            _check_rows(ring, _derivatives(wide, ring, above, o), _derivatives(narrow, ring, below, o), rows)


def _tensors(flat: list[Poly], sizes: Sequence[int]) -> list[list[Poly]]:
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [flat[start : start + n] for start, n in zip(starts, sizes, strict=True)]


def _check_poles(ring: Ring, program: Program, trace: Trace[list[Poly]]) -> None:
    for equation in program.equations:
        if equation.primitive == "activation":
            activation = activation_named(str(equation.data))
            for z in trace.values[equation.arguments[0]]:
                check_defined(ring, activation, z)


def _derivatives(program: Program, ring: Ring, trace: Trace[list[Poly]], output: int) -> list[Poly]:
    domain = Formal(ring)
    one_hot = [Fraction(int(k == output)) for k in range(program.output_count)]
    parts = gradient(program, domain, trace, domain.constant(one_hot, program.shapes[program.output]))
    sizes = [size(p.shape) for p in program.parameters]
    return [d for part, n in zip(parts, sizes, strict=True) for d in (part or [{} for _ in range(n)])]


def _check_rows(ring: Ring, wide: Sequence[Poly], narrow: Sequence[Poly], rows: Rows) -> None:
    if not all(0 <= i < len(wide) and 0 <= j < len(narrow) for i, row in rows.items() for j, _ in row):
        raise Rejected("formal: a row of the matrix names a parameter that does not exist")
    for entry, derivative in enumerate(wide):
        difference = dict(derivative)
        for j, coefficient in rows.get(entry, ()):
            add_to(difference, multiply(coefficient, narrow[j]), -1)
        if not ring.is_zero(difference):
            raise Rejected(f"formal: the derivative by parameter {entry} is not the combination given")


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
    wide, narrow = read_model(fields["model"]), read_model(fields["target_model"])
    free = read_count(fields["free"], "claim: free")
    variables = parameter_count(narrow) + free
    pairs = [read_pair(entry, "map") for entry in read_list(fields["map"], "map")]
    entries = {read_count(entry, "map"): _poly(form, variables) for entry, form in pairs}
    expect(len(entries) == len(pairs), "map", "every parameter at most once", "a repeated one")
    return EmbeddingClaim(network, target, str(fields["keeps"]), wide, narrow, free, entries)


def read_embedding_certificate(document: object, claim: EmbeddingClaim) -> EmbeddingCertificate:
    """Decode a certificate of this claim; raises ``Malformed``."""
    variables = parameter_count(claim.narrow) + claim.free
    if isinstance(document, dict) and document.get("rule") == "layered":
        fields = read_object(document, "certificate", ("format", "rule", "units"))
        units = [read_list(layer, "units") for layer in read_list(fields["units"], "units")]
        certificate = EmbeddingCertificate(
            tuple(tuple(_unit(u, variables) for u in layer) for layer in units), {}
        )
    else:
        fields = read_object(document, "certificate", ("format", "rule", "rows"))
        expect(fields["rule"] == "formal", "certificate: rule", "'layered' or 'formal'", fields["rule"])
        pairs = [read_pair(row, "row") for row in read_list(fields["rows"], "rows")]
        rows = {read_count(entry, "row"): _row(row, variables) for entry, row in pairs}
        expect(len(rows) == len(pairs), "rows", "every parameter at most once", "a repeated one")
        certificate = EmbeddingCertificate(None, rows)
    expect(
        fields["format"] == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, fields["format"]
    )
    return certificate


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
