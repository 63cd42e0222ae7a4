from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

import pytest

from gateway.notify.endpoints import Allowed, Refused, read, read_networks, read_origins

ALLOWED = Allowed(frozenset({"https://ehr.example", "https://ehr.example:8443", "http://127.0.0.1:9000"}))


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example", "https://ehr.example/", "https://EHR.example/fhir?a=b", "https://ehr.example:443/",
        "https://ehr.example:8443/hook", "http://127.0.0.1:9000/hook",
    ],
)  # fmt: skip
def test_what_is_at_a_listed_origin_may_be_sent_to(url: str) -> None:
    assert ALLOWED.endpoint(url).origin in ALLOWED.origins


@pytest.mark.parametrize(
    "url",
    [
        "http://ehr.example/", "https://ehr.example.evil.example/", "https://ehr.example:8444/", "https://evil.example/",
        "https://ehr.example@evil.example/", "https://user:secret@ehr.example/", "https://ehr.example#@evil.example/",
        "https://ehr.example\\@evil.example/", "https:///ehr.example/", "//ehr.example/", "ehr.example", "",
        "https://ehr.example /", "https://ehr.example/\r\nHost: evil", "https://ehr.example/é", "https://ehr.example:0/",
        "https://ehr.example:99999/", "file:///etc/passwd", "gopher://ehr.example/", "javascript:alert(1)",
        "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f000001/", "https://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data", "https://ehr.example./", "https://ehr..example/",
        "mailto:a@b.example",
    ],
)  # fmt: skip
def test_anything_else_may_not(url: str) -> None:
    with pytest.raises(Refused):
        ALLOWED.endpoint(url)


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.20.3.4", True), ("10.21.3.4", False),
        ("127.0.0.1", False), ("::1", False), ("169.254.169.254", False), ("fe80::1", False), ("fd00:ec2::254", False),
        ("0.0.0.0", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::ffff:127.0.0.1", False),
        ("::ffff:10.20.3.4", True), ("100.64.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
        ("192.168.1.1", False), ("::", False),
    ],
)  # fmt: skip
def test_a_name_may_lead_only_to_addresses_of_partners(
    address: str, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = Allowed(ALLOWED.origins, (ip_network("10.20.0.0/16"),))
    place = (address, 443, 0, 0) if ":" in address else (address, 443)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    if may:
        assert allowed.addresses(allowed.endpoint("https://ehr.example/")) == [ip_address(address)]
        return
    with pytest.raises(Refused):
        allowed.addresses(allowed.endpoint("https://ehr.example/"))


def test_one_inward_address_among_others_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(Refused, match="inside a network"):
        ALLOWED.addresses(ALLOWED.endpoint("https://ehr.example/"))


def test_an_address_that_is_listed_itself_may_be_sent_to() -> None:
    assert [str(one) for one in ALLOWED.addresses(ALLOWED.endpoint("http://127.0.0.1:9000/"))] == ["127.0.0.1"]


def test_a_name_that_is_not_known_is_told_so() -> None:
    with pytest.raises(Refused, match="not known"):
        Allowed(frozenset({"https://nowhere.invalid"})).addresses(read("https://nowhere.invalid/"))


def test_origins_are_read_whole() -> None:
    assert read_origins("https://A.example:443, http://b.example:81/\nhttps://[::1]:9") == (
        "http://b.example:81",
        "https://[::1]:9",
        "https://a.example",
    )


@pytest.mark.parametrize("text", ["a.example", "https://a.example/hook", "*", "https://*.example", "ftp://a.example"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        read_origins(text)


def test_networks_are_read() -> None:
    assert read_networks("10.0.0.0/8 fd00::/8") == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    with pytest.raises(ValueError, match="host bits"):
        read_networks("10.0.0.1/8")
