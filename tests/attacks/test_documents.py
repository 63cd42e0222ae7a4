"""Bad inputs 14 and 15: CDA documents that point elsewhere, swell or change a type, and stylesheets."""

from __future__ import annotations

import base64
import gzip
import socket
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.data import shipped
from tests.attacks.target import JSON, Answer, Target, assert_secret, check_refused

pytestmark = pytest.mark.slow

GOOD = (shipped("mappings") / "xml/cda_referral/cases/good-pdf-embedded.xml").read_text(encoding="utf-8")
BODY = '<text mediaType="application/pdf" representation="B64">JVBERi0xLjQKJeLjz9MK</text>'
STYLESHEET = """<?xml version="1.0"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><out><xsl:copy-of select="document('{url}')"/></out></xsl:template></xsl:stylesheet>"""
ROOM = 60_000_000


def letter(body: str) -> str:
    """Return a document, one of its own each time, with another body."""
    assert BODY in GOOD
    return GOOD.replace(BODY, body).replace("BRF-2026-0009", str(uuid4()))


def send(target: Target, document: str) -> Answer:
    answer = target.send(
        "POST", "/ingest/dev", document.encode(), {"Content-Type": "application/cda+xml", "Accept": JSON}
    )
    assert answer.status < 500
    assert_secret(answer.text)
    return answer


def stored(target: Target) -> str:
    """Return everything that documents were made into."""
    return "".join(target.get(f"/fhir/{type_}?_count=1000").text for type_ in ("DocumentReference", "Binary"))


@pytest.mark.threat(14)
@pytest.mark.parametrize("scheme", ["file", "http", "relative", "jar"])
@pytest.mark.parametrize("place", ["body", "thumbnail", "section"])
def test_nothing_that_a_document_points_at_is_opened(
    target: Target, canary: socket.socket, tmp_path: Path, scheme: str, place: str
) -> None:
    secret = str(uuid4())
    (tmp_path / "secret.txt").write_text(secret, encoding="ascii")
    url = {
        "file": f"file://{tmp_path}/secret.txt",
        "http": f"http://127.0.0.1:{canary.getsockname()[1]}/x",
        "relative": "../../../../../../etc/hostname",
        "jar": f"jar:file://{tmp_path}/secret.txt!/x",
    }[scheme]
    pointing = f'<reference value="{url}"/>'
    bodies = {
        "body": f'<text mediaType="application/pdf">{pointing}</text>',
        "thumbnail": BODY.replace("JVB", f"<thumbnail>{pointing}</thumbnail>JVB"),
        "section": f'<text mediaType="text/plain">x{pointing}</text>',
    }

    answer = send(target, letter(bodies[place]))

    assert secret not in answer.text + stored(target)
    with pytest.raises(BlockingIOError):
        canary.accept()


@pytest.mark.threat(14)
def test_a_bomb_in_base64_is_never_inflated(target: Target) -> None:
    bomb = base64.b64encode(gzip.compress(b"\0" * 100_000_000, 9)).decode()

    with target.in_little_room(ROOM):
        send(target, letter(f'<text mediaType="application/pdf" representation="B64" compression="GZ">{bomb}</text>'))


@pytest.mark.threat(14)
def test_a_body_of_more_than_an_attachment_may_be_is_refused(target: Target) -> None:
    before = target.rows()
    large = base64.b64encode(b"%PDF-1.4 " + b"x" * 10_000_000).decode()

    answer = send(target, letter(BODY.replace("JVBERi0xLjQKJeLjz9MK", large)))

    check_refused(answer, answer.status, "")
    assert answer.status in {413, 422}
    assert target.rows() == before


@pytest.mark.threat(14)
@pytest.mark.parametrize("type_", ["ED", "java.lang.Runtime", "xsi:type", "../ED", "x" * 10_000])
def test_a_type_that_a_document_claims_changes_nothing(target: Target, type_: str) -> None:
    send(target, letter(BODY.replace("<text ", f'<text xsi:type="{type_}" ')))
    send(target, letter(BODY).replace("<effectiveTime ", f'<effectiveTime xsi:type="{type_}" '))


@pytest.mark.threat(15)
@pytest.mark.parametrize("door", ["/ingest/dev", "/fhir/Patient", "/fhir/StructureMap", "/fhir"])
def test_a_stylesheet_is_refused_and_nothing_is_fetched(target: Target, canary: socket.socket, door: str) -> None:
    before = target.rows()
    port = canary.getsockname()[1]

    for url in (f"http://127.0.0.1:{port}/x", "file:///etc/hostname"):
        kind = "application/xml" if door.startswith("/ingest") else "application/fhir+xml"
        headers = {"Content-Type": kind, "Accept": JSON}
        answer = target.send("POST", door, STYLESHEET.format(url=url).encode(), headers)
        check_refused(answer, answer.status, "")
        assert answer.status in {400, 404, 405, 415, 422}

    assert target.rows() == before
    with pytest.raises(BlockingIOError):
        canary.accept()


@pytest.mark.threat(15)
def test_a_stylesheet_that_a_document_names_is_not_fetched(target: Target, canary: socket.socket) -> None:
    url = f"http://127.0.0.1:{canary.getsockname()[1]}/x.xsl"
    named = letter(BODY).replace("?>\n", f'?>\n<?xml-stylesheet type="text/xsl" href="{url}"?>\n', 1)

    send(target, named)

    with pytest.raises(BlockingIOError):
        canary.accept()
