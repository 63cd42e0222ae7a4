"""Bad inputs 38 and 46 to 48: HTTP that can be read two ways, is slow, silent, or none."""

import re
import socket
import ssl
import time
from contextlib import ExitStack

import pytest

from tests.attacks.by_hand import TINY, head
from tests.attacks.target import (
    Target,
    assert_secret,
    check_refused,
    encoded,
    numbered,
)
from tests.messages import bed_message

pytestmark = pytest.mark.slow

READ_TWO_WAYS = {
    "38-cl-and-te": head("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "38-two-cl": head("Content-Length: 27", "Content-Length: 5") + TINY,
    "38-list-of-cl": head("Content-Length: 27, 27") + TINY,
    "38-signed-cl": head("Content-Length: +27") + TINY,
    "38-hexadecimal-cl": head("Content-Length: 0x1b") + TINY,
    "38-blank-before-colon": head("Content-Length : 27") + TINY,
    "38-unknown-te": head("Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "38-two-te": head("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + b"0\r\n\r\n",
    "38-odd-blank-in-te": head("Transfer-Encoding:\x0bchunked") + b"0\r\n\r\n",
    "38-negative-chunk": head("Transfer-Encoding: chunked") + b"-1\r\nx\r\n0\r\n\r\n",
    "38-hexadecimal-chunk": head("Transfer-Encoding: chunked") + b"0x1\r\n{\r\n0\r\n\r\n",
    "38-chunk-that-goes-back": head("Transfer-Encoding: chunked") + b"-7\r\n",
    "38-underscored-chunk": head("Transfer-Encoding: chunked") + b"1_0\r\n" + b" " * 16 + b"\r\n0\r\n\r\n",
    "38-chunk-longer-than-it-says": head("Transfer-Encoding: chunked") + b"1\r\n{xx\r\n0\r\n\r\n",
    "38-bad-trailer": head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nGeheimstra 999911120\r\n\r\n",
    "38-folded-header": head("X-A: b", " folded: c", "Content-Length: 27") + TINY,
    "38-nul-in-a-name": head("X-A\x00: b", "Content-Length: 27") + TINY,
    "38-nul-in-a-value": head("X-A: b\x00", "Content-Length: 27") + TINY,
    "38-500-headers": head(*(f"X-{n}: 1" for n in range(500))),
    "38-long-header": head("X-Long: " + "a" * 100_000),
    "48-http-9.9": b"POST /fhir/Location HTTP/9.9\r\nHost: x\r\n\r\n",
    "48-http-2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "44-100-kb-url": b"GET /fhir/" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "48-hl7-v2": b"MSH|^~\\&|A|B\rPID|1||999911120^^^NLMINBIZA^NNNLD||Geheimstra\r\n\r\n",
    "48-blank-in-the-url": b"GET /fhir/Patient?name=Geheimstra x HTTP/1.1\r\n\r\n",
    "48-header-without-colon": b"GET /fhir/Patient HTTP/1.1\r\nGeheimstra 999911120\r\n\r\n",
    "48-blank-in-a-header": b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-Geheimstra 999911120: 1\r\n\r\n",
    "48-unknown-expectation": head("Expect: Geheimstra", "Content-Length: 27") + TINY,
    "48-lower-case-method": b"Geheimstra /fhir/Patient HTTP/1.1\r\nHost: x\r\n\r\n",
    "48-version-that-is-a-name": b"GET /fhir/Patient Geheimstra/1.1\r\nHost: x\r\n\r\n",
    "48-chunk-size-that-is-a-name": head("Transfer-Encoding: chunked") + b"Geheimstra\r\n\r\n",
}


@pytest.mark.parametrize("name", numbered(READ_TWO_WAYS))
def test_what_can_be_read_two_ways_is_refused_and_answered_once(target: Target, name: str) -> None:
    before = target.rows()

    said = target.all_of(READ_TWO_WAYS[name])

    assert re.match(rb"HTTP/1\.[01] [45]\d\d ", said), said[:300]
    assert said.count(b"HTTP/1.") == 1
    assert b"OperationOutcome" in said
    assert_secret(said.decode("latin-1"))
    assert target.rows() == before


@pytest.mark.threat(46)
def test_46_forty_slow_bodies_hold_up_nobody(target: Target) -> None:
    body = encoded()
    with ExitStack() as clients:
        slow = [clients.enter_context(target.connected()) for _ in range(40)]
        for wire in slow:
            wire.sendall(head(f"Content-Length: {len(body)}", start="POST /fhir/Patient HTTP/1.1") + body[:3])
        began = time.perf_counter()
        target.answers()
        took = time.perf_counter() - began
        before = target.rows()

    target.answers()
    assert took < 5
    assert target.rows() == before  # they went away with half a body: nothing of it is kept


@pytest.mark.threat(46)
def test_46_half_a_handshake_holds_up_nobody(target: Target) -> None:
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 20  # of 512 bytes that it says
    with ExitStack() as clients:
        for _ in range(40):
            for port in (target.running.port, target.running.mllp_port):
                clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)).sendall(hello)
        began = time.perf_counter()
        target.answers()
        assert b"MSA|AA|" in target.mllp(bed_message("H46"))
        took = time.perf_counter() - began

    assert took < 5


@pytest.mark.threat(47)
def test_47_a_thousand_idle_connections_hold_up_nobody(target: Target) -> None:
    with ExitStack() as clients:
        for _ in range(800):  # as many files as a process may have open by default, this one's own left out
            clients.enter_context(socket.create_connection(("127.0.0.1", target.running.port), timeout=30))
        for _ in range(50):
            clients.enter_context(target.connected())
        began = time.perf_counter()
        target.answers()
        took = time.perf_counter() - began

    assert took < 5


@pytest.mark.threat(48)
def test_48_http_1_0_without_a_host_is_answered(target: Target) -> None:
    assert target.raw(b"GET /fhir/metadata HTTP/1.0\r\n\r\n").status == 200


def test_a_chunked_body_is_read(target: Target) -> None:
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (TINY[:5], TINY[5:])) + b"0\r\n\r\n"

    assert target.raw(head("Transfer-Encoding: chunked") + pieces).status == 201


def test_a_chunked_body_is_cut_off_at_the_limit(target: Target) -> None:
    chunk = b"%x\r\n%s\r\n" % (1_000_000, b" " * 1_000_000)
    answer = target.raw(head("Transfer-Encoding: chunked") + chunk * 25 + b"0\r\n\r\n")

    check_refused(answer, 413, "20000000 bytes")


def test_a_body_shorter_than_it_says_is_not_stored(target: Target) -> None:
    before = target.rows()
    with target.connected() as wire:
        wire.sendall(head("Content-Length: 100") + TINY)
        socket.socket.shutdown(wire, socket.SHUT_WR)  # below TLS, which is not ended by it
        with pytest.raises(ssl.SSLError):  # nor is it by an answer
            wire.recv(65536)

    assert target.rows() == before


def test_expect_100_continue_is_answered_before_the_body_is_sent(target: Target) -> None:
    with target.connected() as wire:
        wire.sendall(head(f"Content-Length: {len(TINY)}", "Expect: 100-continue"))
        assert wire.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(TINY)
        assert wire.recv(1000).startswith(b"HTTP/1.1 201")
