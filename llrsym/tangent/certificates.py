"""Writing a claim and its certificate, and checking them as a stranger would."""

import os
from pathlib import Path

from llrsym.errors import BadInput
from llrsym.kernel.documents import Certificate, Claim
from llrsym.tangent.documents import certificate_text, claim_text
from llrsym.verification import CERTIFICATE, CLAIM, verify


def write_certificate(folder: Path, claim: Claim, certificate: Certificate) -> str:
    """Write a claim about a rank and its certificate as ``write_documents`` does."""
    return write_documents(folder, claim_text(claim), certificate_text(certificate))


def write_documents(folder: Path, claim: str, certificate: str) -> str:
    """Check the two documents as text, write them to ``folder`` and return its name.

    Both are written under other names first, so that an interruption does not leave half a document.
    Raises ``BadInput`` if the folder cannot be written and ``Rejected`` if the kernel refuses.
    """
    texts = {CLAIM: claim, CERTIFICATE: certificate}
    verify(texts[CLAIM], texts[CERTIFICATE])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.new").write_text(text, encoding="utf-8")
        for name in texts:
            os.replace(folder / f"{name}.new", folder / name)
    except OSError as error:
        for name in texts:
            (folder / f"{name}.new").unlink(missing_ok=True)
        raise BadInput(
            f"certificate: {folder} cannot be written: {error.strerror}; choose another folder"
        ) from error
    return str(folder)
