"""The certificate that the other side of a connection showed, by which it is known.

Whether it is to be trusted (its chain, its dates, whether it was revoked) is decided by TLS, and by `gateway.access.
trusted`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gateway.access.unknown import NotKnown

if TYPE_CHECKING:
    from gateway.access.uzi import UziName


class PeerCertificate(Struct, frozen=True):
    """Names in the writing of RFC 4514, and the SHA-256 of the public key, as RFC 7469 takes it, in hexadecimal.

    `thumbprint` is the SHA-256 of the whole certificate as a token that is bound to it holds it; `uzi` the care
    provider that the UZI register names in it; `x509` the certificate itself, where it came over a connection, and
    `valid` from when until when it says that it is good: to ask it each time takes a microsecond.
    https://www.rfc-editor.org/rfc/rfc4514, https://www.rfc-editor.org/rfc/rfc8705#section-3.1
    """

    issuer: str
    subject: str
    spki: str
    thumbprint: str = ""
    uzi: UziName | None = None
    x509: Any = None  # cryptography's; typed so that this can be imported without it
    valid: tuple[datetime, datetime] | None = None

    @property
    def ura(self) -> str | None:
        """Return the URA of the care provider that is named."""
        return self.uzi.ura if self.uzi else None

    @classmethod
    def read(cls, der: bytes) -> PeerCertificate:
        """Return what a certificate says, as TLS gives it. NotKnown when it is none, or misnames its provider."""
        from cryptography import x509  # noqa: PLC0415 - 50 ms to load, and not for `--help`
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above

        from gateway.access.uzi import of_certificate  # noqa: PLC0415 - as above

        try:
            found = x509.load_der_x509_certificate(der)
            key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            issuer, subject = found.issuer.rfc4514_string(), found.subject.rfc4514_string()
            valid = found.not_valid_before_utc, found.not_valid_after_utc
        except (ValueError, UnsupportedAlgorithm) as error:
            raise NotKnown("certificate-unreadable") from error
        return cls(issuer, subject, sha256(key).hexdigest(), thumbprint(der), of_certificate(found), found, valid)


def thumbprint(der: bytes) -> str:
    """Return the digest of a certificate, as `cnf` holds it."""
    return urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode("ascii")
