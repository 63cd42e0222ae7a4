"""A development authority and the certificates it signs, so that who asks can be told apart at home.

The client certificates look as those of the Dutch care register do: the subject's care provider stands in the
subject alternative name, as otherName 2.5.5.5 `<authority>-1-<UZI>-S-<URA>-00.000-<AGB>`. All numbers are invented.
https://www.zorgcsp.nl
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.access.public_keys import published
from gateway.errors import BadRequest, Conflict
from gateway.fhir import json

_DAYS = 825
_SKEW = timedelta(hours=1)  # a clock that is a little behind must not refuse what was made just now
_UZI = x509.ObjectIdentifier("2.5.5.5")
_UZI_AUTHORITY = "2.16.528.1.1007.99.2110"  # of test cards; a real register never signs with it
_IA5_STRING = 0x16
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
"""Where a development gateway answers."""


@dataclass(frozen=True, slots=True)
class CareProvider:
    """Whom a client certificate names."""

    name: str
    uzi: str
    ura: str
    agb: str = "00000000"  # which the register writes for one that has none

    @property
    def other_name(self) -> str:
        """What stands in the certificate, as the UZI register writes it."""
        return f"{_UZI_AUTHORITY}-1-{self.uzi}-S-{self.ura}-00.000-{self.agb}"


CLIENTS: Mapping[str, CareProvider | None] = MappingProxyType(
    {
        "client-zcc": CareProvider("ZCC West (test)", "900000010", "00000010"),
        "client-hospital": CareProvider("Ziekenhuis Duinrand (test)", "900000001", "00000002", "06999901"),
        "client-gp-post": CareProvider("Huisartsenspoedpost Haagrand (test)", "900000003", "00000005", "04999901"),
        "client-nursing-home": CareProvider("Stichting De Duinhof (test)", "900000002", "00000006", "41999901"),
        "client-transfer-point": CareProvider("RTP West (test)", "900000006", "00000007", "41999900"),
        "client-ambulance": CareProvider("RAV 15 (test)", "900000005", "00000015"),
        "client-nameless": None,
    }
)
"""The clients made: the partners of `profiles/partners/development.yaml`, and one whose certificate names none."""

REFUSED = ("refused-other-ca", "refused-expired", "refused-revoked")
"""Certificates with the name of the hospital that nobody may be let in with."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM, not encrypted: development only."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def jwks(self) -> bytes:
        """The public key as a JWKS."""
        return json.encode_pretty({"keys": [published(self.key_pem)]})


def authority(at: datetime, name: str = "msb-gateway development CA") -> Pair:
    """Return an authority that can sign servers and clients, valid from `at`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name)
    usage = _usage(signs_certificates=True)
    builder = _builder(subject, subject, key, at).add_extension(usage, critical=True)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def server(signer: Pair, at: datetime, names: Sequence[str] = LOCAL_NAMES) -> Pair:
    """Return the certificate of a server that answers to `names`, host names or addresses."""
    return _signed(signer, at, names[0], [_general_name(name) for name in names], ExtendedKeyUsageOID.SERVER_AUTH)


def client(signer: Pair, at: datetime, provider: CareProvider | None, name: str) -> Pair:
    """Return the certificate of a client, naming a care provider or none."""
    alternative: list[x509.GeneralName] = [x509.DNSName(f"{name}.example")]
    if provider:
        text = provider.other_name.encode("ascii")
        alternative.append(x509.OtherName(_UZI, bytes([_IA5_STRING, len(text)]) + text))
    return _signed(signer, at, provider.name if provider else name, alternative, ExtendedKeyUsageOID.CLIENT_AUTH)


def revocations(signer: Pair, at: datetime, revoked: Sequence[x509.Certificate]) -> bytes:
    """Return the list (CRL, as PEM) of certificates that an authority has revoked. https://www.rfc-editor.org/rfc/rfc5280"""
    listed = x509.CertificateRevocationListBuilder().issuer_name(signer.certificate.subject)
    listed = listed.last_update(at - _SKEW).next_update(at + timedelta(days=_DAYS))
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(at - _SKEW)
        listed = listed.add_revoked_certificate(entry.build())
    return listed.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _refused(signer: Pair, at: datetime) -> dict[str, Pair]:
    """Return a client of another authority, one that has expired and one that is to be revoked."""
    hospital = CLIENTS["client-hospital"]
    signers = (authority(at, "another CA"), signer, signer)
    moments = (at, at - timedelta(days=_DAYS + 1), at)
    return {
        name: client(one, moment, hospital, name) for name, one, moment in zip(REFUSED, signers, moments, strict=True)
    }


def write_development(folder: Path, at: datetime, *, hosts: Sequence[str] = (), force: bool = False) -> list[Path]:
    """Write authority, server and clients to `folder` and return the files; keys can be read by their owner alone.

    Beside each client lies the JWKS of its key, with which it may sign what it asks tokens with; `ca.crl` lists what
    was revoked. Raises Conflict, naming the files, when some are there already and `force` is not given, and BadRequest
    when one of `hosts` is neither a host name nor an address.
    """
    signer = authority(at)
    clients = {name: client(signer, at, provider, name) for name, provider in CLIENTS.items()}
    refused = _refused(signer, at)
    pairs = {"ca": signer, "server": server(signer, at, (*LOCAL_NAMES, *hosts))} | clients | refused
    files = {folder / f"{name}.pem": pair.certificate_pem for name, pair in pairs.items()}
    files |= {folder / f"{name}.jwks": pair.jwks for name, pair in clients.items()}
    files[folder / "ca.crl"] = revocations(signer, at, [refused["refused-revoked"].certificate])
    keys = {folder / f"{name}.key": pair.key_pem for name, pair in pairs.items()}
    there = [path.name for path in (*files, *keys) if path.exists()]
    if there and not force:
        raise Conflict(f"{folder} holds {', '.join(sorted(there))}; --force replaces them")
    _write_all(folder, files, keys)
    return sorted((*files, *keys))


def _write_all(folder: Path, files: Mapping[Path, bytes], keys: Mapping[Path, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / ".gitignore").write_text("*\n")  # whatever the folder, what is in it is never committed
    for path, content in files.items():
        _write(path, content, 0o644)
    for path, content in keys.items():
        _write(path, content, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that never existed with wider rights than `mode`."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)


def _signed(
    signer: Pair, at: datetime, name: str, alternative: list[x509.GeneralName], purpose: x509.ObjectIdentifier
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = signer.certificate.subject
    signer_id = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_subject(name), issuer, key, at)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer_id), critical=False)
    )
    return Pair(builder.sign(signer.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, at: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _SKEW)
        .not_valid_after(at + timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "msb-gateway development"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    if not _HOST.fullmatch(name):
        raise BadRequest(f"{name!r} is neither a host name nor an address")
    return x509.DNSName(name)
