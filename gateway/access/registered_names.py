"""What an operator writes of a certificate, as certificates are compared by it."""

from __future__ import annotations

import re
import ssl

from gateway.access.partners import CertificateName
from gateway.access.peers import PeerCertificate
from gateway.access.unknown import NotKnown

_URA = re.compile(r"[0-9]{8}")
_SPKI = re.compile(r"[0-9a-f]{64}")


def of_names(issuer: str, subject: str) -> CertificateName:
    """Return what the certificates of a subject are known by. Raises ValueError with the reason."""
    return CertificateName(issuer=_distinguished(issuer), subject=_distinguished(subject))


def of_uzi(issuer: str, ura: str) -> CertificateName:
    """Return what server certificates of the UZI register are known by. Raises ValueError with the reason."""
    if not _URA.fullmatch(ura):
        raise ValueError("must hold the eight digits of a URA")
    return CertificateName(issuer=_distinguished(issuer), uzi=ura)


def of_key(spki: str) -> CertificateName:
    """Return what a certificate is known by from the SHA-256 of its public key. Raises ValueError with the reason."""
    digits = spki.replace(":", "").lower()
    if not _SPKI.fullmatch(digits):
        raise ValueError("must be the SHA-256 of a public key: 64 hexadecimal digits")
    return CertificateName(spki=digits)


def of_pem(pem: str) -> CertificateName:
    """Return what one certificate is known by: its public key. Raises ValueError with the reason."""
    if "PRIVATE KEY" in pem:
        raise ValueError("holds a private key: register the certificate alone")
    if pem.count("BEGIN CERTIFICATE") != 1:
        raise ValueError("must be one certificate in PEM")
    try:
        return CertificateName(spki=PeerCertificate.read(ssl.PEM_cert_to_DER_cert(pem.strip())).spki)
    except (ValueError, NotKnown) as error:
        raise ValueError("is a certificate that cannot be read") from error


def _distinguished(text: str) -> str:
    from cryptography import x509  # noqa: PLC0415 - 50 ms to load, and not for `--help`

    try:
        return x509.Name.from_rfc4514_string(text).rfc4514_string()
    except ValueError as error:
        raise ValueError("must be a name as RFC 4514 writes it: CN=Example,O=Example,C=NL") from error
