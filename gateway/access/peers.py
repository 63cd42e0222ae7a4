"""The certificate that the other side of a connection showed, by which it is known.

Whether it is to be trusted (its chain, its dates, whether it was revoked) is decided where the connection is made.
"""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct


class PeerCertificate(Struct, frozen=True):
    """Names in the writing of RFC 4514, and the SHA-256 of the public key, as RFC 7469 takes it, in hexadecimal.

    `thumbprint` is the SHA-256 of the whole certificate, in hexadecimal. https://www.rfc-editor.org/rfc/rfc4514
    """

    issuer: str
    subject: str
    spki: str
    thumbprint: str = ""

    @classmethod
    def read(cls, der: bytes) -> PeerCertificate:
        """Return what a certificate says, as TLS gives it. Raises ValueError when it is none."""
        from cryptography import x509  # noqa: PLC0415 - 50 ms to load, and not for `--help`
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above

        found = x509.load_der_x509_certificate(der)
        key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(
            found.issuer.rfc4514_string(),
            found.subject.rfc4514_string(),
            sha256(key).hexdigest(),
            sha256(der).hexdigest(),
        )
