"""Checking claims and certificates: the kernel alone, or with FLINT for the elimination of large minors."""

import json
from dataclasses import dataclass
from pathlib import Path

from llrsym.errors import BadInput
from llrsym.kernel.check import Statement, check
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.residues import Arithmetic, PureArithmetic

PURE_RANK = 1_500
"""Largest minor that ``verify`` eliminates in pure Python (a few seconds)."""
PURE_INVERSE = 150
"""Largest left inverse that ``verify`` multiplies in pure Python."""
CLAIM, CERTIFICATE = "claim.json", "certificate.json"


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome for one claim: accepted with the statement proved, or rejected with the reason."""

    path: Path
    accepted: bool
    message: str
    conditions: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()


def verify(claim: str, certificate: str) -> Statement:
    """Return the statement that a certificate proves for a claim (both JSON text).

    Raises ``Malformed`` or ``Rejected`` of ``llrsym.kernel.errors``.
    """
    return check(claim, certificate, _arithmetic(claim, certificate))


def _arithmetic(claim: str, certificate: str) -> Arithmetic:
    """Only a hint is read here; the kernel decodes and checks the documents itself."""
    from llrsym.domains.flint_field import FlintArithmetic, FlintProducts

    try:
        document = json.loads(claim)
        lower = document.get("lower", document.get("rank", 0))
    except (ValueError, AttributeError, RecursionError):
        return PureArithmetic()
    rank, has_inverse = lower if isinstance(lower, int) else 0, '"inverse"' in certificate
    if has_inverse:
        return FlintProducts() if rank > PURE_INVERSE else PureArithmetic()
    return FlintArithmetic() if rank > PURE_RANK else PureArithmetic()


def verify_paths(claim: Path, certificate: Path | None = None) -> list[Check]:
    """Check one pair of files, or every claim.json below a folder with the certificate.json beside it.

    Raises ``BadInput`` for missing and malformed files.
    """
    if certificate is not None:
        return [_verify_files(claim, certificate)]
    if not claim.is_dir():
        raise BadInput(f"verify: {claim} is no folder; give a folder, or a claim and a certificate")
    claims = sorted(claim.rglob(CLAIM))
    if not claims:
        raise BadInput(f"verify: there is no {CLAIM} below {claim}; write one with --certificate {claim}")
    return [_verify_files(path, path.with_name(CERTIFICATE)) for path in claims]


def _verify_files(claim: Path, certificate: Path) -> Check:
    try:
        statement = verify(_read(claim), _read(certificate))
    except Malformed as error:
        raise BadInput(f"verify: {claim} or {certificate.name} is malformed: {error}") from error
    except Rejected as error:
        return Check(claim, False, str(error))
    return Check(claim, True, statement.text, statement.conditions, statement.trusted)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"verify: {path} cannot be read: {error}") from error
