"""Requests written by hand, as they go over the wire."""

from tests.attacks.target import JSON

TINY = b'{"resourceType":"Location"}'


def head(*lines: str, start: str = "POST /fhir/Location HTTP/1.1") -> bytes:
    return "\r\n".join([start, "Host: x", f"Content-Type: {JSON}", *lines, "", ""]).encode("latin-1")
