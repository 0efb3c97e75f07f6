"""The two ways in which a check ends without a theorem."""


class Malformed(ValueError):
    """The claim or certificate is not a well-formed document of the format (exit code 2)."""


class Rejected(Exception):
    """The documents are well-formed, but the certificate does not prove the claim (exit code 1)."""


class Undefined(Rejected):
    """The network divides by something that is identically zero, so it is no function at all."""
