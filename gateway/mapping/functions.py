"""The functions added to FHIRPath: a closed list. `docs/mapping-language.md` shows each; the examples are tests.

Those of one value take what stands before the dot; of an empty value each makes an empty one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from gateway.fhir import attachment as attachments
from gateway.fhir.frozen import frozen
from gateway.fhir.narrative import from_cda
from gateway.fhirpath import RUNTIME
from gateway.formats.xmltree import Node
from gateway.mapping import moments, paragraphs, values
from gateway.mapping.findings import Finding
from gateway.mapping.names import human_name

_TO_THE_SECOND = len("2024-04-12T08:15:00+02:00")


@frozen()
class Added:
    """One function. `call` is what runs; `type` what comes out; `method`: it takes the value before the dot.

    `zone`, `space`, `limit`: the provider's time zone or namespace, or the size of documents that are taken, is given
    first (after the value).
    """

    call: Callable[..., Any]
    type: str
    least: int
    most: int
    method: bool = True
    zone: bool = False
    space: bool = False
    limit: bool = False


def date_time(text: str | None, zone: moments.Zone, format_: str | None = None) -> str | None:
    """Return the dateTime; see `moments.date_time`."""
    return moments.date_time(text, zone, format_) if text else None


def day(text: str | None, format_: str | None = None) -> str | None:
    """Return the date; see `moments.day`."""
    return moments.day(text, format_) if text else None


def instant(text: str | None, zone: moments.Zone, format_: str | None = None) -> str | None:
    """Return the instant; see `moments.instant`."""
    return moments.instant(text, zone, format_) if text else None


def bsn(text: str | None) -> str | None:
    """Return the BSN; see `values.bsn`."""
    return values.bsn(text) if text else None


def decimal(value: Any) -> Any:
    """Return the number; see `values.decimal`. What is a number already stays as it is, 0 too."""
    return None if value is None or value == "" else values.decimal(value)


def yes(value: Any) -> bool | None:
    """Return whether it says yes; see `values.yes`."""
    return None if value is None or value == "" else values.yes(value)


def narrative(text: str | None) -> str | None:
    """Return the xhtml: of XML with elements in it as of a CDA section, of anything else `values.narrative`."""
    if not text and not isinstance(text, Node):
        return None
    if isinstance(text, Node) and text.element is not None and len(text.element):
        return from_cda(text.element) or None
    return values.narrative(str(text))


def unwrapped(text: str | None, width: int = paragraphs.WIDTH) -> str | None:
    """Return the text with its cut lines joined; see `paragraphs.unwrapped`."""
    return paragraphs.unwrapped(text, width) if text else None


def attachment(limit: int, data: str | None, content_type: str | None = None, encoding: str | None = None) -> Any:
    """Return the document as an Attachment; see `gateway.fhir.attachment`. Raises Finding where it cannot be used."""
    if not data:
        return None
    try:
        return attachments.attachment(data, content_type, encoding, limit=limit)
    except attachments.RefusedAttachment as refused:
        code = attachments.CODES[refused.reason]
        raise Finding(code, f"attachment-{refused.reason}", limit=f"{limit:,}") from refused


def complete(text: str | None) -> str | None:
    """Return a dateTime as an instant. Raises Finding where it has no time."""
    if not text:
        return None
    if len(text) <= 10:
        raise Finding("bad-value", "instant")
    return text


def later(text: str | None, seconds: int, duration: Any) -> str | None:
    """Return a dateTime some time later, in the precision and with the offset it has."""
    if not text:
        return None
    if len(text) != _TO_THE_SECOND:
        made: str = RUNTIME["fp_plain"](RUNTIME["fp_add"](RUNTIME["fp_date_time"](text), duration))
        return made
    return (datetime.fromisoformat(text) + timedelta(seconds=seconds)).isoformat()


def earlier(text: str | None, seconds: int, duration: Any) -> str | None:
    """Return a dateTime some time earlier."""
    if not text:
        return None
    if len(text) != _TO_THE_SECOND:
        made: str = RUNTIME["fp_plain"](RUNTIME["fp_subtract"](RUNTIME["fp_date_time"](text), duration))
        return made
    return (datetime.fromisoformat(text) - timedelta(seconds=seconds)).isoformat()


ADDED: Mapping[str, Added] = MappingProxyType(
    {
        "id": Added(values.Identifiers, "id", 2, 20, method=False, space=True),
        "hash": Added(values.hashed, "System.String", 1, 20, method=False),
        "humanName": Added(human_name, "HumanName", 3, 6, method=False),
        "toDateTime": Added(date_time, "dateTime", 0, 1, zone=True),
        "toDate": Added(day, "date", 0, 1),
        "toInstant": Added(instant, "instant", 0, 1, zone=True),
        "bsn": Added(bsn, "System.String", 0, 0),
        "decimal": Added(decimal, "decimal", 0, 0),
        "yes": Added(yes, "boolean", 0, 0),
        "attachment": Added(attachment, "Attachment", 1, 3, method=False, limit=True),
        "unwrapped": Added(unwrapped, "System.String", 0, 1),
        "narrative": Added(narrative, "System.String", 0, 0),
    }
)

INNER: Mapping[str, Callable[..., Any]] = MappingProxyType({"complete": complete, "later": later, "earlier": earlier})
"""What the compiler writes for special cases of those; nobody can call them by name."""

TRANSLATE = "translate"
TRANSLATED: Mapping[str, str] = MappingProxyType(
    {"code": "code", "Coding": "Coding", "CodeableConcept": "CodeableConcept"}
)
DELETED = "isDelete"
LINES = "lines"
NAMES = (*ADDED, TRANSLATE, DELETED, LINES)
