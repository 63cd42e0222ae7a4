"""What is asked of a client's certificate beyond the handshake, at each request: that it is good now, and not revoked.

A connection of MLLP may last for days, and TLS takes up old sessions without looking at the certificate again; so the
list of what was revoked (CRL) is looked at here. Its files are read anew when they change. A list that has expired is
as good as none, and without a list of its issuer no certificate is believed. https://www.rfc-editor.org/rfc/rfc5280
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from gateway.access.peers import PeerCertificate
from gateway.access.unknown import NotKnown
from gateway.access.watched import Watched
from gateway.errors import BadSettings, Issue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

_NAMES = ("GATEWAY_TLS_CLIENT_CA", "GATEWAY_TLS_CLIENT_CRL")
_CRL = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """The serial numbers that an authority revoked, and until when it stands by them."""

    serials: frozenset[int]
    until: datetime


@dataclass(frozen=True, slots=True)
class Trusted:
    """The authorities that sign clients, and what each has revoked: None when that is not looked at."""

    authorities: tuple[x509.Certificate, ...] = ()
    revoked: Mapping[str, RevocationList] | None = None

    @classmethod
    def read(cls, authorities: Path, revoked: Path | None = None, names: tuple[str, str] = _NAMES) -> Trusted:
        """Return what two files in PEM hold, which settings of these names name.

        Raises BadSettings with every reason why they cannot be used.
        """
        try:
            signers = tuple(x509.load_pem_x509_certificates(authorities.read_bytes()))
        except (OSError, ValueError) as error:
            raise BadSettings(f"{names[0]}: {authorities} holds no certificates in PEM") from error
        return cls(signers, None if revoked is None else _lists(revoked, signers, names))

    def check(self, peer: PeerCertificate, at: datetime) -> None:
        """Raise NotKnown for a certificate that is not good at a moment, or was revoked."""
        found: x509.Certificate | None = peer.x509
        if found is None or peer.valid is None or not peer.valid[0] <= at <= peer.valid[1]:
            raise NotKnown("certificate-out-of-time")
        if self.revoked is None:
            return
        known = self.revoked.get(peer.issuer)
        if known is None or known.until < at:
            raise NotKnown("revocation-list-missing" if known is None else "revocation-list-expired")
        if found.serial_number in known.serials:
            raise NotKnown("certificate-revoked")

    def check_signed(self, peer: PeerCertificate, at: datetime) -> None:
        """Raise NotKnown for a certificate that did not come in a handshake, and that no authority signed itself."""
        if peer.x509 is None or not any(_signs(one, peer.x509, at) for one in self.authorities):
            raise NotKnown("certificate-of-another-authority")


def watched(
    authorities: Path, revoked: Path | None, seconds: Callable[[], float], names: tuple[str, str] = _NAMES
) -> Watched[Trusted]:
    """Return what the files hold, whenever they change. Raises what `Trusted.read` raises."""
    paths = [path for path in (authorities, revoked) if path is not None]
    return Watched(paths, lambda: Trusted.read(authorities, revoked, names), seconds)


def _lists(path: Path, signers: Sequence[x509.Certificate], names: tuple[str, str]) -> Mapping[str, RevocationList]:
    """Return the lists in a file, by the name of who made them. Raises BadSettings."""
    try:
        found = [x509.load_pem_x509_crl(block) for block in _CRL.findall(path.read_bytes())]
    except (OSError, ValueError) as error:
        raise BadSettings(f"{names[1]}: {path} holds something that is no list in PEM") from error
    problems = [Issue("bad-settings", f"{names[1]}: {path}: {text}") for text in _problems(found, signers, names[0])]
    if problems:
        raise BadSettings(problems)
    newest = sorted(found, key=lambda one: one.last_update_utc)
    return MappingProxyType({one.issuer.rfc4514_string(): _read(one) for one in newest})


def _problems(
    found: Sequence[x509.CertificateRevocationList], signers: Sequence[x509.Certificate], name: str
) -> Iterator[str]:
    if not found:
        yield "it holds no list (X509 CRL)"
    for number, one in enumerate(found, 1):
        if not any(_signed(one, signer) for signer in signers):
            yield f"list {number} is not signed by an authority of {name}"
        if one.next_update_utc is None or not _is_whole(one):
            yield f"list {number} is not a whole one: it must hold all that its authority revoked, and until when"


def _signed(one: x509.CertificateRevocationList, signer: x509.Certificate) -> bool:
    key = cast("CertificateIssuerPublicKeyTypes", signer.public_key())
    try:
        return signer.subject == one.issuer and one.is_signature_valid(key)
    except TypeError:  # a key that signs nothing
        return False


def _is_whole(one: x509.CertificateRevocationList) -> bool:
    """Return whether a list is not of some certificates, of some reasons, or of what changed since another."""
    for extension in one.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            return False
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            said = extension.value
            if said.only_contains_ca_certs or said.only_some_reasons or said.indirect_crl:
                return False
            if said.only_contains_attribute_certs:
                return False
    return True


def _read(one: x509.CertificateRevocationList) -> RevocationList:
    assert one.next_update_utc
    return RevocationList(frozenset(entry.serial_number for entry in one), one.next_update_utc)


def _signs(signer: x509.Certificate, certificate: x509.Certificate, at: datetime) -> bool:
    """Return whether an authority that is good at a moment signed a certificate."""
    if not signer.not_valid_before_utc <= at <= signer.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(signer)
        is_authority = signer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return bool(is_authority)
