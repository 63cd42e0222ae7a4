"""Documents inside messages: what is taken, what is refused, and what is said of each."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.attachment import CODES, RefusedAttachment, attachment, binary
from gateway.fhir.outcome import operation_outcome
from gateway.validation import Validator

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _why(data: str, content_type: str | None = None, encoding: str | None = None, limit: int = 1000) -> str:
    with pytest.raises(RefusedAttachment) as refused:
        attachment(data, content_type, encoding, limit=limit)
    assert refused.value.issues[0].code == CODES[refused.value.reason]
    return refused.value.reason


@pytest.mark.parametrize("content_type", ["application/pdf", "PDF", "pdf", "Application/PDF; charset=x", None, ""])
def test_a_pdf_is_measured(content_type: str | None) -> None:
    made = attachment(_encoded(PDF), content_type)

    assert made == {
        "contentType": "application/pdf",
        "data": _encoded(PDF),
        "size": len(PDF),
        "hash": _encoded(hashlib.sha1(PDF, usedforsecurity=False).digest()),
    }
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {**made, "url": "Binary/x"}}],
    }
    assert Validator().issues(document) == []
    assert Validator().issues(binary("x", made)) == []


def test_line_ends_padding_and_hex_do_not_matter() -> None:
    encoded = _encoded(PDF)
    broken = "\r\n".join(encoded[at : at + 20] for at in range(0, len(encoded), 20))

    assert attachment(broken.rstrip("="))["data"] == encoded
    assert attachment(PDF.hex(), "application/pdf", "Hex")["data"] == encoded
    assert attachment("Beste collega", "text/plain", "A")["size"] == 13


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03", b"\x7fELF\x02", b"PK\x03\x04\x14", b"#!/bin/sh\n", b"<html><script>", b"<svg onload=x>",
        b"\xef\xbb\xbf <!DOCTYPE html>", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0\xa1", b"<?xml version='1.0'?>", b"<!-- x",
        b"7z\xbc\xaf\x27",
    ],
)  # fmt: skip
@pytest.mark.parametrize("content_type", ["application/pdf", "text/plain", None])
def test_what_could_run_is_refused_whatever_it_says(content: bytes, content_type: str | None) -> None:
    assert _why(_encoded(content), content_type) == "unsafe"


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        (b"\xff\xd8\xff\xe0", "application/pdf", "mismatch"),
        (b" %PDF-1.4", "application/pdf", "mismatch"),
        (b"gewone tekst", "application/pdf", "mismatch"),
        (PDF, "text/plain", "mismatch"),
        (b"\x00\x01", "text/plain", "mismatch"),
        (b"\xff\xfe", "text/plain", "mismatch"),
        (PDF, "application/zip", "kind"),
        (PDF, "text/html", "kind"),
        (b"gewone tekst", None, "kind"),
        (b"", "application/pdf", "empty"),
        (PDF + b" " * 1000, "application/pdf", "too-large"),
    ],
)
def test_what_is_not_what_it_says_is_refused(content: bytes, content_type: str | None, reason: str) -> None:
    assert _why(_encoded(content), content_type) == reason


@pytest.mark.parametrize(
    ("data", "encoding"),
    [("JVBE*i0x", None), ("JVBERi0xA", None), ("0g", "hex"), ("012", "hex"), ("JVBERi0x", "quoted"), ("é", None)],
)
def test_what_is_not_encoded_as_it_says_is_refused(data: str, encoding: str | None) -> None:
    assert _why(data, "application/pdf", encoding) == "encoding"


def test_what_is_far_too_large_is_not_decoded() -> None:
    assert _why("*" * 10_000) == "too-large"


def test_the_findings_say_who_must_act() -> None:
    for reason in CODES:
        (issue,) = operation_outcome(RefusedAttachment(reason).issues)["issue"]
        assert issue["code"] in {"value", "security", "too-long"}


@given(
    st.text(max_size=60), st.sampled_from(["application/pdf", "text/plain", None]), st.sampled_from([None, "hex", "A"])
)
def test_any_text_is_taken_or_refused(data: str, content_type: str | None, encoding: str | None) -> None:
    try:
        made = attachment(data, content_type, encoding)
    except RefusedAttachment:
        return
    assert made["size"] == len(base64.b64decode(made["data"]))
