"""Which format bytes are in: by their Content-Type where it says so, else by how they begin."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from gateway.errors import MalformedMessage, UnsupportedMediaType
from gateway.fhir.json import decode
from gateway.formats.hl7v2.charset import marked

Format = Literal["hl7v2", "edifact", "csv", "json", "ndjson", "xml", "fhir"]

MEDIA_TYPES: Mapping[str, Format] = MappingProxyType(
    {
        "application/hl7-v2+er7": "hl7v2",
        "application/hl7-v2": "hl7v2",
        "x-application/hl7-v2+er7": "hl7v2",
        "application/edifact": "edifact",
        "text/csv": "csv",
        "text/tab-separated-values": "csv",
        "application/csv": "csv",
        "application/vnd.ms-excel": "csv",
        "application/fhir+json": "fhir",
        "application/fhir+xml": "fhir",
        "application/json": "json",
        "text/json": "json",
        **dict.fromkeys(
            ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/fhir+ndjson"), "ndjson"
        ),
        **dict.fromkeys(("application/xml", "text/xml", "application/cda+xml", "application/soap+xml"), "xml"),
    }
)
"""The media types that are read. Excel's own is what browsers say of a .csv that Excel would open."""

_SUFFIXES: Mapping[str, Format] = MappingProxyType({"json": "json", "xml": "xml"})
"""What a type of a vendor's own is made of (application/vnd.x+json). https://www.rfc-editor.org/rfc/rfc6839"""

_SILENT = frozenset({"", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"})
_NAMES: Mapping[Format, str] = MappingProxyType(
    {
        "hl7v2": "HL7 v2",
        "edifact": "EDIFACT",
        "csv": "delimited text",
        "json": "JSON",
        "ndjson": "NDJSON",
        "xml": "XML",
        "fhir": "FHIR JSON or XML",
    }
)
_ALSO: Mapping[Format, frozenset[Format]] = MappingProxyType(
    {"json": frozenset({"ndjson", "fhir"}), "ndjson": frozenset({"json", "fhir"}), "xml": frozenset({"fhir"})}
)
"""What else may stand under a media type, because its name is the wider one."""
_WIDER: Mapping[Format, tuple[Format, ...]] = MappingProxyType({"fhir": ("json", "xml")})
"""What the bytes may look like, where reading them says better what is wrong."""
_UNKNOWN = "nothing that is known here"
_LOOKED_AT = 4096

_HL7V2 = re.compile(rb"(?:MSH|FHS|BHS)[!-/:-@\[-`{-~]")
_EDIFACT = re.compile(rb"UNA[^\w\s]{3}|UNB[^\w\s]\w")
_FHIR_XML = re.compile(
    rb"(?:\s++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->)*+"  # declaration and comments
    rb"<(?:\w+:)?[A-Z][A-Za-z]*+\s[^>]*?\bxmlns(?::\w+)?\s*=\s*[\"']http://hl7\.org/fhir[\"']"
)
_BEGINS_AS_RESOURCE = re.compile(rb'\{\s*"resourceType"\s*:')
_RESOURCE = re.compile(rb'"resourceType"\s*:')
_DELIMITED = re.compile(rb"[^\r\n]*[;\t,|]")
_NOT_READ = (
    (re.compile(rb"(?i)<!DOCTYPE\s+html|<html\b"), "HTML"),
    (re.compile(rb"PK\x03\x04"), "a zip archive or an Excel workbook"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old Excel workbook"),
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"\x1f\x8b"), "gzip"),
    (re.compile(rb"[A-Z]+ \S+ HTTP/"), "an HTTP request"),
)


def detect(data: bytes, content_type: str | None) -> Format:
    """Return the format of `data`.

    Raises UnsupportedMediaType when the Content-Type, or what the bytes look like, is not read here, and
    MalformedMessage when there are no bytes or they contradict the Content-Type; both say what it looks like.
    """
    if not data.strip():
        raise MalformedMessage("there is nothing here")
    said = (content_type or "").split(";", 1)[0].strip().lower()
    seen, what = _look(data)
    if said in _SILENT:
        if seen is None:
            raise UnsupportedMediaType(f"this looks like {what}; {_readable()}")
        return seen
    meant = MEDIA_TYPES.get(said) or _SUFFIXES.get(said.rpartition("+")[2] if said.startswith("application/") else "")
    if meant is None:
        raise UnsupportedMediaType(f"the Content-Type {said[:80]!r} is not read here; {_readable()}")
    if seen is not None and seen in _ALSO.get(meant, ()):
        return meant if meant == "ndjson" else seen
    if seen not in (meant, "csv", *_WIDER.get(meant, ())) and what != _UNKNOWN:
        raise MalformedMessage(f"the Content-Type says {_NAMES[meant]}, but this looks like {what}")
    return meant


def _look(data: bytes) -> tuple[Format | None, str]:
    """Return the format the first bytes give away, None when it is not read here, and its name."""
    head = _beginning(data)
    if _HL7V2.match(head):
        return "hl7v2", _NAMES["hl7v2"]
    if _EDIFACT.match(head):
        return "edifact", _NAMES["edifact"]
    if head[:1] in (b"{", b"["):
        found = _json(data)
        return found, _NAMES[found]
    if _FHIR_XML.match(head):
        return "fhir", _NAMES["fhir"]
    for pattern, name in _NOT_READ:
        if pattern.match(head):
            return None, name
    if head[:1] == b"<":
        return "xml", _NAMES["xml"]
    return ("csv", _NAMES["csv"]) if _DELIMITED.match(head) else (None, _UNKNOWN)


def _json(data: bytes) -> Format:
    """Return which JSON it is: a resource, a message a line, or any other."""
    first, newline, rest = data.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if newline and first.rstrip()[-1:] == b"}" and rest.lstrip()[:1] == b"{":
        return "ndjson"
    if _BEGINS_AS_RESOURCE.match(first + newline + rest[:_LOOKED_AT]):
        return "fhir"
    return "fhir" if _RESOURCE.search(data) and _is_resource(data) else "json"


def _is_resource(data: bytes) -> bool:
    """Return whether it is the message that names a resourceType, and not something in it."""
    try:
        root = decode(data)
    except MalformedMessage:
        return True  # reading it says what is wrong
    return isinstance(root, dict) and isinstance(root.get("resourceType"), str)


def _beginning(data: bytes) -> bytes:
    """Return the first characters without byte order mark, blank space and MLLP's start; UTF-16 as UTF-8."""
    codec, mark = marked(data)
    head = data[mark:_LOOKED_AT]
    return (head if codec is None else head.decode(codec, "ignore").encode()).lstrip(b" \t\r\n\x0b")


def _readable() -> str:
    return (
        "HL7 v2 (application/hl7-v2+er7), application/edifact, text/csv, application/json, application/x-ndjson, "
        "application/xml and application/fhir+json (or +xml) are"
    )
