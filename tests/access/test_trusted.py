"""Certificates at each request: in their time, not revoked by a list that holds now, and of whoever signed them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.access.certificates import CLIENTS, Pair, authority, client
from gateway.access.peers import PeerCertificate
from gateway.access.trusted import Trusted, watched
from gateway.access.unknown import NotKnown
from gateway.errors import BadSettings

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
CA = authority(NOW)


def crl(
    signer: Pair, serials: Sequence[int], *, at: datetime = NOW, days: int = 7
) -> x509.CertificateRevocationListBuilder:
    builder = x509.CertificateRevocationListBuilder().issuer_name(signer.certificate.subject)
    builder = builder.last_update(at - timedelta(hours=1)).next_update(at + timedelta(days=days))
    for serial in serials:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at - timedelta(hours=1)).build()
        builder = builder.add_revoked_certificate(one)
    return builder


def pem(builder: x509.CertificateRevocationListBuilder, signer: Pair = CA) -> bytes:
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def peer(signer: Pair = CA, at: datetime = NOW) -> PeerCertificate:
    made = client(signer, at, CLIENTS["client-hospital"], "client-hospital")
    return PeerCertificate.read(made.certificate.public_bytes(Encoding.DER))


def files(folder: Path, revoked: bytes | None) -> tuple[Path, Path | None]:
    (folder / "ca.pem").write_bytes(CA.certificate_pem)
    if revoked is None:
        return folder / "ca.pem", None
    (folder / "crl.pem").write_bytes(revoked)
    return folder / "ca.pem", folder / "crl.pem"


def reason(trusted: Trusted, one: PeerCertificate, at: datetime = NOW) -> str:
    with pytest.raises(NotKnown) as caught:
        trusted.check(one, at)
    return caught.value.reason


def test_a_certificate_is_good_in_its_time(tmp_path: Path) -> None:
    trusted, one = Trusted.read(*files(tmp_path, None)), peer()
    trusted.check(one, NOW)
    assert reason(trusted, one, NOW - timedelta(days=1)) == "certificate-out-of-time"
    assert reason(trusted, one, NOW + timedelta(days=1000)) == "certificate-out-of-time"


def test_a_certificate_that_is_on_the_list_is_refused_and_another_is_not(tmp_path: Path) -> None:
    revoked, other = peer(), peer()
    trusted = Trusted.read(*files(tmp_path, pem(crl(CA, [revoked.x509.serial_number, 7]))))
    trusted.check(other, NOW)
    assert reason(trusted, revoked) == "certificate-revoked"


def test_a_list_that_has_expired_and_one_that_is_not_there_let_nobody_in(tmp_path: Path) -> None:
    trusted = Trusted.read(*files(tmp_path, pem(crl(CA, []))))
    assert reason(trusted, peer(), NOW + timedelta(days=8)) == "revocation-list-expired"
    elsewhere = authority(NOW, "another CA")
    assert reason(trusted, peer(elsewhere)) == "revocation-list-missing"


def test_of_two_lists_the_newer_one_holds(tmp_path: Path) -> None:
    one = peer()
    old = pem(crl(CA, [], at=NOW - timedelta(days=2)))
    new = pem(crl(CA, [one.x509.serial_number]))
    for content in (old + new, new + old):
        assert reason(Trusted.read(*files(tmp_path, content)), one) == "certificate-revoked"


def test_a_list_that_is_not_whole_or_not_signed_by_an_authority_is_refused(tmp_path: Path) -> None:
    rogue = authority(NOW)  # of the same name
    delta = crl(CA, []).add_extension(x509.DeltaCRLIndicator(1), critical=True)
    some = crl(CA, []).add_extension(
        x509.IssuingDistributionPoint(
            full_name=None,
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=True,
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        ),
        critical=True,
    )
    for content, word in (
        (pem(crl(CA, []), rogue), "not signed"),
        (pem(delta), "not a whole one"),
        (pem(some), "not a whole one"),
        (b"", "holds no list"),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----", "no list in PEM"),
    ):
        with pytest.raises(BadSettings, match=word):
            Trusted.read(*files(tmp_path, content))


def test_authorities_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(BadSettings, match="no certificates in PEM"):
        Trusted.read(tmp_path / "ca.pem")


def test_what_a_proxy_tells_of_must_be_signed_by_an_authority(tmp_path: Path) -> None:
    trusted = Trusted.read(*files(tmp_path, None))
    trusted.check_signed(peer(), NOW)
    for signer, at in ((authority(NOW), NOW), (CA, NOW + timedelta(days=1000))):
        with pytest.raises(NotKnown):
            trusted.check_signed(peer(signer), at)


def test_a_leaf_is_no_authority(tmp_path: Path) -> None:
    leaf = client(CA, NOW, None, "leaf")
    (tmp_path / "ca.pem").write_bytes(leaf.certificate_pem)
    with pytest.raises(NotKnown):
        Trusted.read(tmp_path / "ca.pem").check_signed(peer(leaf), NOW)


def test_files_are_read_again_when_they_change_and_hold_on_when_they_break(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, seconds = peer(), [0.0]
    paths = files(tmp_path, pem(crl(CA, [])))
    trusted = watched(*paths, lambda: seconds[0])
    trusted.now().check(one, NOW)
    write(tmp_path / "crl.pem", pem(crl(CA, [one.x509.serial_number])))
    trusted.now().check(one, NOW)  # within the second it is not looked at
    seconds[0] = 1.0
    assert reason(trusted.now(), one) == "certificate-revoked"
    write(tmp_path / "crl.pem", b"broken")
    seconds[0] = 2.0
    assert reason(trusted.now(), one) == "certificate-revoked"
    assert "not-read-again: ca.pem, crl.pem" in caplog.text


def write(path: Path, content: bytes) -> None:
    """Write as an operator should: a whole new file in the place of the old one."""
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    aside.replace(path)
