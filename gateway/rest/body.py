"""The body of a request: its bytes, inflated within bounds, and the resource in them."""

import zlib
from base64 import b64encode

from flask import request
from werkzeug.exceptions import HTTPException

from gateway.errors import MalformedMessage, TooLarge, UnsupportedMediaType
from gateway.fhir.types import Resource


def content(limit: int) -> bytes:
    """Return the bytes of the body, inflated when they came compressed.

    TooLarge, UnsupportedMediaType, MalformedMessage.
    """
    return plain(sent(limit), limit)


def sent(limit: int) -> bytes:
    """Return the bytes of the body as they came over the wire. TooLarge, MalformedMessage."""
    received = _received()
    if len(received) > limit:  # a body of unstated length: werkzeug stops reading one byte past the limit
        raise TooLarge(f"the body is larger than {limit} bytes")
    return received


def plain(sent: bytes, limit: int) -> bytes:
    """Return `sent` inflated when the request says that it is compressed.

    TooLarge, UnsupportedMediaType, MalformedMessage.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in {"identity", ""}:
        return sent
    if encoding in {"gzip", "x-gzip"}:
        return inflate(sent, limit)
    raise UnsupportedMediaType("Content-Encoding is gzip, or is left out")


def _received() -> bytes:
    try:
        return request.get_data()  # kept: it may be measured, checked and read
    except HTTPException:
        raise
    except Exception as error:  # each WSGI server has errors of its own for a body that is no chunks or breaks off
        raise MalformedMessage("the body breaks off, or is not well-formed chunks") from error


def inflate(sent: bytes, limit: int) -> bytes:
    """Return `sent` without its gzip; never makes more than `limit` bytes of it. TooLarge, MalformedMessage."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(sent, limit + 1)
    except zlib.error as error:
        raise MalformedMessage("the body is not gzip") from error
    if len(inflated) > limit:
        raise TooLarge(f"the inflated body is larger than {limit} bytes")
    if not inflater.eof or inflater.unused_data:
        raise MalformedMessage("the gzip body is cut off, or something follows it")
    return inflated


def native(limit: int, content_type: str, id_: str) -> Resource:
    """Return what was sent as it is, as the Binary that holds it; its context is the resource that guards it.

    Raises what `content` raises: `limit` is of the Binary, in which four bytes stand for three.
    https://hl7.org/fhir/R4/binary.html#rest
    """
    found: Resource = {"resourceType": "Binary", "contentType": content_type}
    if id_:
        found["id"] = id_
    if context := request.headers.get("X-Security-Context"):
        found["securityContext"] = {"reference": context}
    return found | {"data": b64encode(content(limit // 4 * 3)).decode()}


def as_resource(decoded: object) -> Resource:
    """Return `decoded` when it is an object with a resourceType. MalformedMessage."""
    if not isinstance(decoded, dict):
        raise MalformedMessage("a FHIR resource is a JSON object")
    if not isinstance(decoded.get("resourceType"), str):
        raise MalformedMessage("resourceType is missing")
    return decoded
