"""Bad inputs 32 to 48: HTTP that is too large, too slow, forged, or no HTTP."""

import gzip
import json
import re
import socket
import ssl
import time
from contextlib import ExitStack
from functools import cache, partial

import pytest

from tests.attacks.target import (
    ATTACKER,
    FAMILY,
    JSON,
    Attack,
    Target,
    assert_secret,
    cases,
    check_refused,
    encoded,
    numbered,
    patient,
)
from tests.messages import bed_message

pytestmark = pytest.mark.slow

MAX_BODY = 20_000_000
GZIP = {"Content-Encoding": "gzip"}
TINY = b'{"resourceType":"Location"}'


@cache
def bomb() -> bytes:
    return gzip.compress(b'{"resourceType":"Patient","x":"' + b" " * 200_000_000 + b'"}', 9)


def head(*lines: str, start: str = "POST /fhir/Location HTTP/1.1") -> bytes:
    return "\r\n".join([start, "Host: x", f"Content-Type: {JSON}", *lines, "", ""]).encode("latin-1")


typed = partial(Attack, body=encoded())

REFUSED = [
    Attack(32, "gzip-bomb", 413, "20000000 bytes", body=bomb, headers=GZIP),
    Attack(
        32,
        "gzip-in-gzip",
        415,
        "gzip",
        body=gzip.compress(gzip.compress(encoded())),
        headers={"Content-Encoding": "gzip, gzip"},
    ),
    Attack(32, "gzip-cut-off", 400, "gzip", body=gzip.compress(encoded())[:-9], headers=GZIP),
    Attack(32, "gzip-that-is-none", 400, "gzip", body=encoded(), headers=GZIP),
    Attack(32, "brotli", 415, "gzip", body=encoded(), headers={"Content-Encoding": "br"}),
    Attack(33, "60-mb", 413, "20000000 bytes", body=lambda: b" " * 60_000_000),
    Attack(33, "60-mb-message", 413, "20000000 bytes", path="/ingest/dev", body=lambda: b"MSH|" + b" " * 60_000_000),
    Attack(
        33,
        "60-mb-search-form",
        413,
        "20000000 bytes",
        path="/fhir/Patient/_search",
        body=lambda: b"name=" + b"x" * 60_000_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    typed(34, "no-content-type", 415, r"application/fhir\+json", headers={"Content-Type": ""}),
    typed(34, "text", 415, r"application/fhir\+json", headers={"Content-Type": "text/plain"}),
    typed(34, "turtle", 415, r"application/fhir\+json", headers={"Content-Type": "application/fhir+turtle"}),
    typed(
        34,
        "json-that-says-xml",
        400,
        "not well-formed XML",
        headers={"Content-Type": "application/fhir+xml", "Accept": JSON},
    ),
    typed(34, "form", 415, r"application/fhir\+json", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    typed(34, "multipart", 415, r"application/fhir\+json", headers={"Content-Type": "multipart/form-data; boundary=x"}),
    typed(34, "nonsense", 415, r"application/fhir\+json", headers={"Content-Type": ";;;=,"}),
    typed(35, "fhir-5", 415, "4.0", headers={"Content-Type": f"{JSON}; fhirVersion=5.0"}),
    typed(35, "fhir-5-accepted", 406, "4.0", headers={"Accept": f"{JSON}; fhirVersion=5.0"}),
    Attack(36, "image", 406, r"application/fhir\+json", headers={"Accept": "image/png"}),
    Attack(36, "turtle", 406, r"application/fhir\+json", headers={"Accept": "application/fhir+turtle"}),
    Attack(36, "format-turtle", 406, r"application/fhir\+json", path="/fhir/Patient?_format=ttl"),
    Attack(36, "format-html", 406, r"application/fhir\+json", path="/fhir/Patient?_format=text/html"),
    Attack(36, "refused-by-quality", 406, r"application/fhir\+json", headers={"Accept": f"{JSON};q=0"}),
    Attack(37, "trace", 405, "served", method="TRACE"),
    Attack(37, "propfind", 405, "served", method="PROPFIND"),
    Attack(37, "connect", 405, "served|method", method="CONNECT"),
    Attack(37, "made-up", 405, "served", method="FROBNICATE"),
    Attack(37, "post-to-an-instance", 405, "served", path="/fhir/Patient/123", body=encoded()),
    Attack(37, "delete-a-type", 400, "match everything", path="/fhir/Patient", method="DELETE"),
    Attack(
        40,
        "override",
        405,
        "served",
        path="/fhir/Patient/123",
        body=encoded(id="123"),
        headers={"X-HTTP-Method-Override": "PUT"},
    ),
    Attack(40, "override-in-the-query", 405, "served", path="/fhir/Patient/123?_method=PUT", body=encoded(id="123")),
    Attack(
        41,
        "preflight",
        405,
        "served",
        method="OPTIONS",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
    ),
    Attack(42, "crlf", 400, "control character", path="/fhir/Patient?name=x%0d%0aSet-Cookie:%20a=b"),
    Attack(42, "crlf-in-a-name", 400, "parameter", path="/fhir/Patient?x%0d%0aSet-Cookie:%20a=b=1"),
    Attack(42, "crlf-in-a-path", 404, "path", path="/fhir/Patient/x%0d%0aSet-Cookie:%20a=b"),
    Attack(42, "nul", 400, "control character", path="/fhir/Patient?name=x%00y"),
    Attack(45, "5000-parameters", 400, "200 parameters", path="/fhir/Patient?" + "a=1&" * 1500),
    Attack(
        45,
        "5000-in-a-form",
        400,
        "200 parameters",
        path="/fhir/Patient/_search",
        body=b"a=1&" * 5000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    Attack(45, "not-utf-8", 400, "UTF-8", path="/fhir/Patient?name=%ff%fe"),
]


@pytest.mark.parametrize("attack", cases(REFUSED))
def test_it_is_refused_and_nothing_is_left(target: Target, attack: Attack) -> None:
    before = target.rows()

    answer = target.send(*attack.request)

    check_refused(answer, attack.status, attack.says)
    assert "Set-Cookie" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert target.rows() == before


@pytest.mark.threat(33)
@pytest.mark.parametrize("path", ["/fhir/Patient", "/fhir", "/ingest/dev"])
@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)], ids=["at-once", "expecting"])
def test_33_60_mb_is_refused_by_its_length_before_a_byte_of_it_is_sent(
    target: Target, path: str, expect: tuple[str, ...]
) -> None:
    answer = target.raw(head("Content-Length: 60000000", *expect, start=f"POST {path} HTTP/1.1"))

    check_refused(answer, 413, "20000000 bytes")


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


@pytest.mark.threat(39)
def test_39_links_are_made_of_the_setting_and_never_of_what_the_caller_says(target: Target) -> None:
    forged = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "Forwarded": "host=evil.example",
        "Content-Type": JSON,
    }

    created = target.send("POST", "/fhir/Location", TINY, forged)
    page = target.send("GET", "/fhir/Location?_count=1", headers=forged)

    assert created.headers["Location"].startswith(f"{target.base}/fhir/Location/")
    assert "evil" not in str(created.headers) + created.text + page.text


@pytest.mark.threat(39)
def test_39_an_absolute_request_target_is_our_own(target: Target) -> None:
    page = target.send("GET", "http://evil.example/fhir/Location?_count=1")

    assert "evil" not in page.text + str(page.headers)


@pytest.mark.threat(42)
def test_42_a_request_id_cannot_forge_a_header_or_a_line_of_the_log(target: Target) -> None:
    answer = target.send("GET", "/fhir/metadata", headers={"X-Request-Id": "x\x1b[31m red"})

    assert answer.status in {200, 400}
    assert "\x1b" not in str(answer.headers)
    assert "\x1b" not in target.log()


@pytest.mark.threat(43)
def test_43_the_server_does_not_tell_what_it_is(target: Target) -> None:
    answer = target.get("/fhir/metadata")

    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers


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


@pytest.mark.threat(32)
@pytest.mark.parametrize("path", ["/fhir/Patient", "/ingest/dev", "/fhir/Patient/_search", "/oauth/token"])
@pytest.mark.parametrize("who", [ATTACKER, None])
def test_32_a_bomb_takes_little_room(target: Target, path: str, who: str | None) -> None:
    with target.in_little_room(120_000_000):
        answer = target.send("POST", path, bomb(), GZIP | {"Content-Type": JSON}, who=who)

    assert 400 <= answer.status < 500


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


def test_head_on_a_search_is_the_search_without_its_body(target: Target) -> None:
    target.post("/fhir/Patient", patient())
    searched, asked = target.get("/fhir/Patient?_count=1"), target.send("HEAD", "/fhir/Patient?_count=1")
    refused = target.send("HEAD", "/fhir/Patient?nonsense=1")

    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["Content-Length"] == str(len(searched.body))
    assert (refused.status, refused.body) == (400, b"")


@pytest.fixture
def matches(target: Target) -> str:
    """Return an identifier that two patients have."""
    token = f"https://attacks.example|{time.monotonic_ns()}"
    system, value = token.split("|")
    for _ in range(2):
        target.post("/fhir/Patient", patient(identifier=[{"system": system, "value": value}]))
    return token


def test_a_condition_that_matches_several_is_refused(target: Target, matches: str) -> None:
    before = target.rows()

    created = target.post("/fhir/Patient", patient(), If_None_Exist=f"identifier={matches}")
    updated = target.put(f"/fhir/Patient?identifier={matches}", patient())

    check_refused(created, 412, "matches")
    check_refused(updated, 412, "matches")
    assert target.rows() == before


@pytest.mark.parametrize("condition", ["", "identifier=", "_count=1", "nonsense=1", "name=%ff", "&&&", "_has:x"])
def test_a_condition_that_says_nothing_is_refused(target: Target, condition: str) -> None:
    before = target.rows()

    check_refused(target.post("/fhir/Patient", patient(), If_None_Exist=condition), 400, "")
    assert target.rows() == before


def test_what_was_deleted_is_gone(target: Target) -> None:
    created = target.post("/fhir/Patient", patient())
    id_ = created.json()["id"]
    deleted = target.send("DELETE", f"/fhir/Patient/{id_}")

    assert created.headers["ETag"] == 'W/"1"'
    assert deleted.status == 204
    assert target.get(f"/fhir/Patient/{id_}").status in {404, 410}
    assert target.get(f"/fhir/Patient?_id={id_}&_summary=count").json()["total"] == 0
    assert target.send("DELETE", f"/fhir/Patient/{id_}").status == 204


@pytest.mark.parametrize("etag", ['W/"99"', '"x"', 'W/"1", W/"2"', "W/", '"', "\xff"])
def test_if_match_that_does_not_match_changes_nothing(target: Target, etag: str) -> None:
    id_ = target.post("/fhir/Patient", patient()).json()["id"]
    headers = {"If-Match": etag, "Content-Type": JSON}

    answer = target.send("PUT", f"/fhir/Patient/{id_}", encoded(id=id_, active=True), headers)

    assert answer.status in {400, 412}
    check_refused(answer, answer.status, "")
    assert target.get(f"/fhir/Patient/{id_}").headers["ETag"] == 'W/"1"'


def test_an_answer_says_what_it_is_and_that_nobody_may_keep_it(target: Target) -> None:
    answer = target.send("GET", f"/fhir/Patient?family={FAMILY}", headers={"Accept": "*/*"})

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.body)["resourceType"] == "Bundle"
