"""The certificate of a client as a proxy tells it."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from ipaddress import ip_network
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.access.certificates import authority
from gateway.access.forwarded import certificate, is_proxy
from gateway.access.unknown import NotKnown

PAIR = authority(datetime(2026, 1, 5, tzinfo=UTC))
DER = PAIR.certificate.public_bytes(Encoding.DER)
STANDARD = f":{b64encode(DER).decode()}:"
ESCAPED = quote(PAIR.certificate_pem.decode(), safe="")


def test_both_ways_of_writing_are_read() -> None:
    assert certificate(STANDARD, None) == DER
    assert certificate(None, ESCAPED) == DER
    assert certificate(None, None) is None
    assert certificate("", "") is None


@pytest.mark.parametrize(
    ("standard", "escaped"),
    [
        (STANDARD, ESCAPED),
        (STANDARD[:-1], None),
        (STANDARD + "," + STANDARD, None),
        (":not base64:", None),
        (":", None),
        (None, ESCAPED + ESCAPED),
        (None, "MIIB"),
        (None, "%ff%fe"),
        (None, quote(PAIR.key_pem.decode())),
        (":" + "A" * 20_000 + ":", None),
    ],
)
def test_what_is_no_certificate_or_two_of_them_is_refused(standard: str | None, escaped: str | None) -> None:
    with pytest.raises(NotKnown):
        certificate(standard, escaped)


@pytest.mark.parametrize(
    ("address", "is_listed"),
    [
        ("10.20.0.9", True),
        ("::ffff:10.20.0.9", True),
        ("10.20.0.10", False),
        ("", False),
        ("fd00::1", True),
        ("unix", False),
    ],
)
def test_a_proxy_is_at_a_listed_address(address: str, *, is_listed: bool) -> None:
    assert is_proxy(address, [ip_network("10.20.0.9/32"), ip_network("fd00::/64")]) is is_listed
