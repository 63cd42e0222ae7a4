"""Who a server certificate of the UZI register names: read strictly, and refused whole when it is broken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.access.certificates import CareProvider, Pair, authority, client
from gateway.access.peers import PeerCertificate
from gateway.access.unknown import NotKnown
from gateway.access.uzi import OTHER_NAME, UziName, of_certificate, read

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NAME = "2.16.528.1.1007.99.2110-1-900000001-S-00000001-00.000-06999901"


def test_the_parts_of_a_name_are_read() -> None:
    assert read(NAME) == UziName("2.16.528.1.1007.99.2110", "900000001", "00000001", "00.000", "06999901")


def test_an_agb_code_of_zeros_is_none() -> None:
    assert read(NAME.replace("06999901", "00000000")).agb == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME + "-1",
        NAME[:-1],
        " " + NAME,
        NAME + "\n",
        NAME.replace("-S-", "-s-"),
        NAME.replace("-1-", "-2-"),
        NAME.replace("00000001", "0000001"),
        NAME.replace("00000001", "\u0660" * 8),
        NAME.replace("00.000", "00000"),
        NAME.replace("2.16.528.1", "2.16.840.1"),
        NAME.replace("2.16.528.1", "2.16.528.01"),
    ],
)
def test_a_name_that_is_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(NotKnown) as caught:
        read(text)
    assert caught.value.reason == "uzi-malformed"


@pytest.mark.parametrize("kind", ["Z", "N", "M"])
def test_a_card_of_a_person_is_no_server(kind: str) -> None:
    with pytest.raises(NotKnown) as caught:
        read(NAME.replace("-S-", f"-{kind}-"))
    assert caught.value.reason == "uzi-of-a-person"


def test_who_is_refused_hears_nothing_of_why() -> None:
    with pytest.raises(NotKnown) as caught:
        read("2.16.528.1.1-secret")
    assert "secret" not in str(caught.value)
    assert "uzi" not in str(caught.value)


def test_a_certificate_of_the_register_is_read() -> None:
    provider = CareProvider("Ziekenhuis Duinrand (test)", "900000001", "00000001", "06999901")
    pair = client(authority(NOW), NOW, provider, "client-hospital")
    peer = PeerCertificate.read(pair.certificate.public_bytes(Encoding.DER))
    assert (peer.ura, peer.uzi and peer.uzi.agb) == ("00000001", "06999901")
    assert "CN=msb-gateway development CA" in peer.issuer
    assert len(peer.thumbprint) == 43


def test_a_certificate_without_such_a_name_names_nobody() -> None:
    assert of_certificate(client(authority(NOW), NOW, None, "client-nameless").certificate) is None


def with_names(*values: bytes) -> x509.Certificate:
    signer: Pair = authority(NOW)
    names = [x509.OtherName(OTHER_NAME, value) for value in values]
    return (
        x509.CertificateBuilder()
        .subject_name(signer.certificate.subject)
        .issuer_name(signer.certificate.subject)
        .public_key(signer.key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW.replace(year=2027))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer.key, hashes.SHA256())
    )


def ia5(text: str) -> bytes:
    return bytes([0x16, len(text)]) + text.encode()


def test_a_name_of_another_register_is_not_ours_to_read() -> None:
    assert of_certificate(with_names(ia5("2.16.528.1.1003.1.3.5.5.3-1234567890"))) is None
    found = of_certificate(with_names(ia5("2.16.528.1.1003.1.3.5.5.3-1234567890"), ia5(NAME)))
    assert found is not None
    assert found.ura == "00000001"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([ia5(NAME), ia5(NAME)], "uzi-twice"),
        ([ia5("nonsense")], "uzi-malformed"),
        ([b"\x0c" + ia5(NAME)[1:]], "uzi-malformed"),
        ([b"\x16\x00"], "uzi-malformed"),
        ([b"\x16\x03\xff\xff\xff"], "uzi-malformed"),
    ],
)
def test_a_certificate_that_misnames_its_provider_is_refused(values: list[bytes], reason: str) -> None:
    with pytest.raises(NotKnown) as caught:
        of_certificate(with_names(*values))
    assert caught.value.reason == reason


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(NotKnown):
        PeerCertificate.read(b"\x30\x03\x02\x01\x00")
