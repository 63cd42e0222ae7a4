"""Which format bytes are in: by their Content-Type where it says so, else by how they begin."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from gateway.errors import MalformedMessage, UnsupportedMediaType
from gateway.formats.hl7v2.charset import marked

Format = Literal["hl7v2", "edifact", "csv", "fhir"]

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
        "application/json": "fhir",
        "application/fhir+xml": "fhir",
        "application/xml": "fhir",
        "text/xml": "fhir",
    }
)
"""The media types that are read. Excel's own is what browsers say of a .csv that Excel would open."""

_SILENT = frozenset({"", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"})
_ANY_XML = frozenset({"application/xml", "text/xml"})  # what they hold, the root element says
_NAMES = MappingProxyType(
    {"hl7v2": "HL7 v2", "edifact": "EDIFACT", "csv": "delimited text", "fhir": "FHIR JSON or XML"}
)
_UNKNOWN = "nothing that is known here"
_LOOKED_AT = 4096

_HL7V2 = re.compile(rb"(?:MSH|FHS|BHS)[!-/:-@\[-`{-~]")
_EDIFACT = re.compile(rb"UNA[^\w\s]{3}|UNB[^\w\s]\w")
_FHIR_XML = re.compile(
    rb"(?:\s++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->)*+"  # declaration and comments
    rb"<(?:\w+:)?[A-Z][A-Za-z]*+\s[^>]*?\bxmlns(?::\w+)?\s*=\s*[\"']http://hl7\.org/fhir[\"']"
)
_RESOURCE = re.compile(rb'"resourceType"\s*:')
_DELIMITED = re.compile(rb"[^\r\n]*[;\t,|]")
_NOT_READ = (
    (re.compile(rb"<(?:[?!][^>]*>\s*)*<?(?:\w+:)?ClinicalDocument\b"), "a CDA document"),
    (re.compile(rb"<"), "XML or HTML"),
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
    if said in _SILENT or (said in _ANY_XML and b"<" in data[:8]):
        if seen is None:
            raise UnsupportedMediaType(f"this looks like {what}; {_readable()}")
        return seen
    if said not in MEDIA_TYPES:
        raise UnsupportedMediaType(f"the Content-Type {said[:80]!r} is not read here; {_readable()}")
    if seen not in (MEDIA_TYPES[said], "csv") and what != _UNKNOWN:
        raise MalformedMessage(f"the Content-Type says {_NAMES[MEDIA_TYPES[said]]}, but this looks like {what}")
    return MEDIA_TYPES[said]


def _look(data: bytes) -> tuple[Format | None, str]:
    """Return the format the first bytes give away, None when it is not read here, and its name."""
    head = _beginning(data)
    if _HL7V2.match(head):
        return "hl7v2", _NAMES["hl7v2"]
    if _EDIFACT.match(head):
        return "edifact", _NAMES["edifact"]
    if head[:1] in (b"{", b"["):
        return ("fhir", _NAMES["fhir"]) if _RESOURCE.search(data) else (None, "JSON that is not FHIR")
    if _FHIR_XML.match(head):
        return "fhir", _NAMES["fhir"]
    for pattern, name in _NOT_READ:
        if pattern.match(head):
            return None, name
    return ("csv", _NAMES["csv"]) if _DELIMITED.match(head) else (None, _UNKNOWN)


def _beginning(data: bytes) -> bytes:
    """Return the first characters without byte order mark, blank space and MLLP's start; UTF-16 as UTF-8."""
    codec, mark = marked(data)
    head = data[mark:_LOOKED_AT]
    return (head if codec is None else head.decode(codec, "ignore").encode()).lstrip(b" \t\r\n\x0b")


def _readable() -> str:
    return "HL7 v2 (application/hl7-v2+er7), application/edifact, text/csv and application/fhir+json (or +xml) are"
