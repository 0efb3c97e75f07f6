"""Claims and certificates about guarantees, decoded. The format: docs/certificate-format.md."""

from fractions import Fraction

from .decoding import (
    expect,
    read_count,
    read_list,
    read_object,
    read_pair,
    read_rational,
    read_string,
)
from .documents import (
    CERTIFICATE_FORMAT,
    CLAIM_FORMAT,
    read_lower,
    read_points,
    read_program,
    read_upper,
    read_weights,
)
from .errors import Malformed
from .guarantees import (
    NO,
    QUESTION,
    YES,
    Deficiency,
    GuaranteeCertificate,
    GuaranteeClaim,
    RowRelation,
    Sigma,
)

_CLAIM_KEYS = ("network", "program", "weights", "points", "answer", "rank", "model_rank", "sigma")


def read_guarantee_claim(document: object) -> GuaranteeClaim:
    """Decode a claim; raises ``Malformed``."""
    fields = read_object(document, "claim", ("format", "question", *_CLAIM_KEYS))
    expect(fields["format"] == CLAIM_FORMAT, "claim: format", CLAIM_FORMAT, fields["format"])
    expect(fields["question"] == QUESTION, "claim: question", QUESTION, fields["question"])
    expect(fields["answer"] in (YES, NO), "claim: answer", f"'{YES}' or '{NO}'", fields["answer"])
    return GuaranteeClaim(
        read_string(fields["network"], "claim: network"),
        read_program(fields["program"]),
        read_weights(fields["weights"]),
        read_points(fields["points"]),
        str(fields["answer"]),
        read_count(fields["rank"], "claim: rank"),
        read_count(fields["model_rank"], "claim: model_rank"),
        None if fields["sigma"] is None else _sigma(fields["sigma"]),
    )


def _sigma(document: object) -> Sigma:
    fields = read_object(document, "sigma", ("columns", "at_least"))
    columns = tuple(read_count(c, "column") for c in read_list(fields["columns"], "columns"))
    return Sigma(columns, read_rational(fields["at_least"]))


def read_guarantee_certificate(document: object) -> GuaranteeCertificate:
    """Decode a certificate; raises ``Malformed``."""
    fields = read_object(document, "certificate", ("format", "lower", "upper", "deficiency"))
    expect(
        fields["format"] == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, fields["format"]
    )
    return GuaranteeCertificate(
        None if fields["lower"] is None else read_lower(fields["lower"]),
        None if fields["upper"] is None else read_upper(fields["upper"]),
        None if fields["deficiency"] is None else _deficiency(fields["deficiency"]),
    )


def _deficiency(document: object) -> Deficiency:
    rule = document.get("rule") if isinstance(document, dict) else None
    match rule:
        case "outputs":
            read_object(document, "deficiency", ("rule",))
            return Deficiency("outputs")
        case "rows":
            fields = read_object(document, "deficiency", ("rule", "relations"))
            relations = read_list(fields["relations"], "relations")
            return Deficiency("rows", relations=tuple(_row_relation(r) for r in relations))
        case "subspace":
            fields = read_object(document, "deficiency", ("rule", "directions", "offset", "inner"))
            return Deficiency(
                "subspace",
                directions=read_points(fields["directions"]),
                offset=read_points([fields["offset"]])[0],
                inner=read_upper(fields["inner"]),
            )
    raise Malformed(f"deficiency: expected the rule outputs, rows or subspace, got {str(rule)[:40]}")


def _row_relation(document: object) -> RowRelation:
    return tuple(_row_term(term) for term in read_list(document, "relation"))


def _row_term(document: object) -> tuple[int, int, Fraction]:
    place, value = read_pair(document, "row term")
    point, output = read_pair(place, "row")
    return read_count(point, "point"), read_count(output, "output"), read_rational(value)
