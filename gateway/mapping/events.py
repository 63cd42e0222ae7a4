"""When the event of an HL7 v2 message happened. http://www.hl7.eu/HL7v2x/v251/std251/ch03.html#EVN"""

from datetime import datetime

from gateway.formats.hl7v2 import Message
from gateway.mapping import moments
from gateway.mapping.findings import Finding

_FIELDS = (("EVN", 6), ("EVN", 2), ("MSH", 7))


def event_time(message: Message, zone: str) -> datetime | None:
    """Return EVN-6 (it occurred), else EVN-2 (it was recorded), else MSH-7 (the message was made), or None."""
    for name, field in _FIELDS:
        for segment in message.all(name)[:1]:
            text = segment.value(field)
            if text is not None:
                return _moment(text, moments.zone(zone))
    return None


def _moment(text: str, zone: moments.Zone) -> datetime | None:
    try:
        return datetime.fromisoformat(moments.instant(text, zone))
    except Finding as finding:
        return datetime.fromisoformat(finding.instead) if finding.instead else None
