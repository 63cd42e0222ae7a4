"""What browsers and proxies are told stands on every answer of a real gateway; what it is itself stands on none.

https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.access.certificates import write_development
from gateway.cli.not_http import refusal, response
from gateway.cli.porter import turned_away
from tests.messages import bed_message
from tests.servers import Running, serving, serving_a_hospital

pytestmark = pytest.mark.slow

PATIENT = json.dumps({"resourceType": "Patient", "id": "p", "active": True}).encode()
BINARY = json.dumps({"resourceType": "Binary", "id": "b", "contentType": "text/html", "data": "PGI+"}).encode()
FHIR, ER7 = "Content-Type: application/fhir+json", "Content-Type: application/hl7-v2+er7"
NONE = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": NONE,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{line} HTTP/1.1", "Host: x", *length, *headers, "", ""]).encode() + body


ANSWERS: dict[str, tuple[int, bytes]] = {
    "created": (201, request("PUT /fhir/Patient/p", FHIR, body=PATIENT)),
    "a document": (201, request("PUT /fhir/Binary/b", FHIR, body=BINARY)),
    "read": (200, request("GET /fhir/Patient/p")),
    "head": (200, request("HEAD /fhir/Patient/p")),
    "not changed": (304, request("GET /fhir/Patient/p", 'If-None-Match: W/"1"')),
    "searched": (200, request("GET /fhir/Patient?_id=p", "Accept-Encoding: gzip")),
    "metadata": (200, request("GET /fhir/metadata", "Origin: https://evil.example")),
    "asked from another site": (403, request("POST /fhir/Patient", FHIR, "Origin: https://evil.example", body=PATIENT)),
    "preflight": (405, request("OPTIONS /fhir/Patient", "Origin: https://evil.example")),
    "live": (200, request("GET /health/live")),
    "ready": (200, request("GET /health/ready")),
    "metrics": (200, request("GET /metrics")),
    "openapi": (200, request("GET /openapi.json")),
    "no tokens here": (404, request("GET /oauth/jwks")),
    "a message": (200, request("POST /ingest/dev", ER7, body=bed_message("P-1"))),
    "a refused message": (400, request("POST /ingest/dev", ER7, body=b"MSH|")),
    "an unknown provider": (404, request("POST /ingest/nobody", ER7, body=bed_message("P-2"))),
    "not JSON": (400, request("POST /fhir/Patient", FHIR, body=b"{")),
    "not valid": (422, request("POST /fhir/Patient", FHIR, body=b'{"resourceType":"Patient","x":1}')),
    "not there": (404, request("GET /fhir/Patient/nobody")),
    "no such path": (404, request("GET /")),
    "no such method": (405, request("DELETE /fhir/metadata")),
    "not acceptable": (406, request("GET /fhir/Patient/p", "Accept: image/png")),
    "no such media type": (415, request("POST /fhir/Patient", "Content-Type: image/png", body=PATIENT)),
    "precondition": (412, request("PUT /fhir/Patient/p", FHIR, 'If-Match: W/"9"', body=PATIENT)),
    "too large": (413, request("POST /fhir/Patient", FHIR, "Content-Length: 30000000")),
    "a long URL": (414, request("GET /fhir/Patient?_id=" + "x" * 8_050)),
    "deleted": (204, request("DELETE /fhir/Patient/p")),
    "gone": (410, request("GET /fhir/Patient/p")),
    # what never comes as far as the app
    "a line too long": (414, request("GET /fhir/Patient?_id=" + "x" * 9_000)),
    "too many headers": (431, request("GET /fhir/metadata", *(f"X-{n}: x" for n in range(80)))),
    "HL7 v2 on the port of HTTP": (400, bed_message("P-3") + b"\r\n\r\n"),
    "a header that is none": (400, request("GET /fhir/metadata", "no colon here")),
    "a transfer coding": (501, request("POST /fhir/Patient", "Transfer-Encoding: rot13, chunked") + b"0\r\n\r\n"),
    "an expectation": (417, request("POST /fhir/Patient", "Expect: a miracle", body=PATIENT)),
    "no chunks": (400, request("POST /fhir/Patient", "Transfer-Encoding: chunked") + b"x\r\n\r\n"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("plain")
    with serving(folder, f"sqlite:///{folder}/store.sqlite") as gateway:
        yield gateway


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_development(folder, datetime.now(UTC))
    return folder


@pytest.fixture(scope="module")
def over_tls(certificates: Path) -> Iterator[Running]:
    with serving_a_hospital(certificates, TLS_CLIENT_CERTIFICATE="optional") as gateway:
        yield gateway


def head_of(wire: socket.socket, sent: bytes) -> tuple[int, dict[str, str]]:
    wire.sendall(sent)
    with closing(http.client.HTTPResponse(wire, method=sent.split(b" ")[0].decode("latin-1"))) as answer:
        answer.begin()
        return answer.status, dict(answer.getheaders())


def check(headers: dict[str, str], *, is_tls: bool) -> None:
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert ("Strict-Transport-Security" in headers) is is_tls
    assert not {name for name in headers if name.lower().startswith("access-control-") or name.startswith("X-Powered")}
    assert "Server" not in headers
    assert not re.search(r"gunicorn|werkzeug|flask|python", str(headers), re.IGNORECASE)


def test_every_answer_tells_what_may_not_be_done_with_it(running: Running) -> None:
    for name, (status, sent) in ANSWERS.items():
        with closing(socket.create_connection(("127.0.0.1", running.port), timeout=20)) as wire:
            answered, headers = head_of(wire, sent)

        assert (name, answered) == (name, status)
        check(headers, is_tls=False)


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (401, request("GET /fhir/Patient/p")),
        (401, request("POST /fhir/Patient", FHIR, body=b"{")),
        (200, request("GET /fhir/metadata")),
        (200, request("GET /health/live")),
        (404, request("GET /oauth/jwks")),
        (414, request("GET /fhir/Patient?_id=" + "x" * 9_000)),
        (431, request("GET /fhir/metadata", *(f"X-{n}: x" for n in range(80)))),
        (400, bed_message("P-4") + b"\r\n\r\n"),
    ],
)
def test_over_tls_every_answer_asks_to_stay_with_it(
    over_tls: Running, certificates: Path, status: int, sent: bytes
) -> None:
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with (
        socket.create_connection(("127.0.0.1", over_tls.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        answered, headers = head_of(wire, sent)

    assert answered == status
    check(headers, is_tls=True)


@pytest.mark.parametrize("is_tls", [False, True])
def test_who_is_turned_away_is_told_the_same(is_tls: bool) -> None:
    answers = [
        turned_away(b"GET /fhir/metadata HTTP/1.1", is_tls=is_tls),
        turned_away(b"GET /health/live HTTP/1.1", is_tls=is_tls),
        refusal(RuntimeError("a bug"), is_tls=is_tls)[1],
        response(200, b"", is_tls=is_tls),
    ]
    for whole in answers:
        lines = whole.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n")[1:]

        check(dict(line.split(": ", 1) for line in lines), is_tls=is_tls)


def test_a_document_is_not_run_where_it_is_shown(running: Running) -> None:
    binary = request("PUT /fhir/Binary/run", FHIR, body=BINARY.replace(b'"b"', b'"run"'))
    for sent in (binary, request("GET /fhir/Binary/run", "Accept: text/html")):
        with closing(socket.create_connection(("127.0.0.1", running.port), timeout=20)) as wire:
            _, headers = head_of(wire, sent)

    assert headers["Content-Security-Policy"] == NONE + "; sandbox"
    check(headers | {"Content-Security-Policy": NONE}, is_tls=False)
