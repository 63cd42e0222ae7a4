"""A document that stands inside a message: read, looked at, and measured, before anything is made of it.

What it says it is must be what its first bytes say; what could run is refused whatever it says.
https://hl7.org/fhir/R4/datatypes.html#Attachment https://hl7.org/fhir/R4/binary.html
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from gateway.errors import Issue, MalformedMessage
from gateway.fhir.types import Resource

MAX_SIZE = 10_000_000
"""So many bytes a document has at most, where no setting says otherwise."""

Reason = Literal["encoding", "too-large", "empty", "unsafe", "mismatch", "kind"]

_PDF, _JPEG, _PNG, _GIF, _TIFF = "application/pdf", "image/jpeg", "image/png", "image/gif", "image/tiff"
_RTF, _TEXT = "text/rtf", "text/plain"
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("application/pdf", "application/x-pdf", "pdf"), _PDF),
        **dict.fromkeys(("image/jpeg", "image/jpg", "jpeg", "jpg"), _JPEG),
        **dict.fromkeys(("image/png", "png"), _PNG),
        **dict.fromkeys(("image/gif", "gif"), _GIF),
        **dict.fromkeys(("image/tiff", "tiff", "tif"), _TIFF),
        **dict.fromkeys(("text/rtf", "application/rtf", "rtf"), _RTF),
        **dict.fromkeys(("text/plain", "text", "txt"), _TEXT),
    }
)
_BEGINNINGS = (
    (re.compile(rb"%PDF-\d"), _PDF),
    (re.compile(rb"\xff\xd8\xff"), _JPEG),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _PNG),
    (re.compile(rb"GIF8[79]a"), _GIF),
    (re.compile(rb"II\*\0|MM\0\*"), _TIFF),
    (re.compile(rb"\{\\rtf"), _RTF),
)
_UNSAFE = re.compile(
    rb"MZ|\x7fELF|\xfe\xed\xfa|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|#!|PK\x03\x04|PK\x05\x06|Rar!|7z\xbc\xaf|\x1f\x8b"
    rb"|\xd0\xcf\x11\xe0|(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|script|svg|iframe|\?xml|\?php|!--)",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")


class RefusedAttachment(MalformedMessage):
    """The document cannot be used; `reason` says why in one word."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__([Issue(CODES[reason], _WORDS[reason])])


CODES: Mapping[Reason, str] = MappingProxyType(
    {
        "encoding": "bad-attachment",
        "empty": "bad-attachment",
        "mismatch": "bad-attachment",
        "kind": "bad-attachment",
        "too-large": "too-large",
        "unsafe": "unsafe-attachment",
    }
)
_WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        "encoding": "the document is not encoded as it says: base64, hex or text",
        "empty": "the document is empty",
        "mismatch": "the document is not of the type it says it is",
        "kind": "documents of this type are not taken: send PDF, JPEG, PNG, GIF, TIFF, RTF or plain text",
        "too-large": "the document is larger than the limit",
        "unsafe": "what came as a document is a program, an archive or a web page",
    }
)


def attachment(
    data: str, content_type: str | None = None, encoding: str | None = None, *, limit: int = MAX_SIZE
) -> Resource:
    """Return a document as an Attachment: contentType, data in base64, size in bytes, hash (SHA-1 in base64).

    `content_type` is a media type, or the word HL7 v2 has for it (`PDF`); without one the first bytes decide.
    `encoding` is `base64` (also when nothing is said), `hex`, or `A` for plain text, as in HL7 v2's ED.
    Raises RefusedAttachment.
    """
    content = _decoded(data, (encoding or "base64").strip().lower(), limit)
    if not content:
        raise RefusedAttachment("empty")
    if len(content) > limit:
        raise RefusedAttachment("too-large")
    return {
        "contentType": _checked_type(content, content_type),
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
    }


def binary(id_: str, of: Resource) -> Resource:
    """Return the Binary that holds the content of an attachment. https://hl7.org/fhir/R4/binary.html"""
    return {"resourceType": "Binary", "id": id_, "contentType": of["contentType"], "data": of["data"]}


def _decoded(data: str, encoding: str, limit: int) -> bytes:
    if len(data) > 3 * limit + 1024:  # whatever its encoding and line ends: nothing of that size is worth decoding
        raise RefusedAttachment("too-large")
    decode = _DECODERS.get(encoding)
    if decode is None:
        raise RefusedAttachment("encoding")
    try:
        return decode(data)
    except ValueError as error:
        raise RefusedAttachment("encoding") from error


def _from_base64(data: str) -> bytes:
    """Return what base64 says; line ends in it and missing padding do not matter. Raises ValueError."""
    packed = _SPACE.sub("", data).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _from_hex(data: str) -> bytes:
    return bytes.fromhex(_SPACE.sub("", data))


_DECODERS: Mapping[str, Callable[[str], bytes]] = MappingProxyType(
    {
        **dict.fromkeys(("base64", "b64"), _from_base64),
        "hex": _from_hex,
        **dict.fromkeys(("a", "ascii", "txt"), str.encode),
    }
)


def _checked_type(content: bytes, content_type: str | None) -> str:
    """Return the media type of a document, when it is what it says it is."""
    said = (content_type or "").partition(";")[0].strip().lower()
    wanted = _KINDS.get(said)
    if said and wanted is None:
        raise RefusedAttachment("kind")
    seen = next((kind for beginning, kind in _BEGINNINGS if beginning.match(content)), None)
    if seen is None:
        if _UNSAFE.match(content):
            raise RefusedAttachment("unsafe")
        seen = _TEXT if wanted == _TEXT and _is_text(content) else None
    if seen is None or (wanted is not None and seen != wanted):
        raise RefusedAttachment("mismatch" if wanted else "kind")
    return seen


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode()
    except UnicodeDecodeError:
        return False
