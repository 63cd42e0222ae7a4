"""When the event of a message happened.

HL7 v2: http://www.hl7.eu/HL7v2x/v251/std251/ch03.html#EVN. EDIFACT knows the moment the message is about (DTM 137,
in the Dutch messages DET) and the one the interchange was made at (UNB-4).
"""

from datetime import datetime

from gateway.errors import Place
from gateway.formats import edifact, hl7v2
from gateway.mapping import moments
from gateway.mapping.findings import Finding

_FIELDS = (("EVN", 6), ("EVN", 2), ("MSH", 7))


def event_time(message: hl7v2.Message | edifact.Message, zone: str) -> datetime | None:
    """Return the moment of a message, or None.

    HL7 v2: EVN-6 (it occurred), else EVN-2 (it was recorded), else MSH-7 (the message was made). EDIFACT: DTM+137, else
    DET, else UNB-4.
    """
    text = _edifact(message) if isinstance(message, edifact.Message) else _hl7v2(message)
    return moment(text, zone) if text else None


def event_place(message: hl7v2.Message | edifact.Message) -> Place | None:
    """Return where a message says its moment, None when it says none."""
    if isinstance(message, edifact.Message):
        for segment in message.qualified("DTM", "137")[:1]:
            return segment.place(1, 1, 2)
        segment = (message.all("DET") or message.all("UNB"))[0]
        return segment.place(4 if segment.name == "UNB" else 1)
    said = ((segment, field) for name, field in _FIELDS for segment in message.all(name)[:1])
    return next((segment.place(field) for segment, field in said if segment.value(field) is not None), None)


def _hl7v2(message: hl7v2.Message) -> str | None:
    for name, field in _FIELDS:
        for segment in message.all(name)[:1]:
            text = segment.value(field)
            if text is not None:
                return text
    return None


def _edifact(message: edifact.Message) -> str | None:
    for segment in message.qualified("DTM", "137")[:1]:
        return segment.value(1, 1, 2)
    segment, fields = (message.all("DET") or message.all("UNB"))[0], (1, 2)
    if segment.name == "UNB":
        day, time = segment.value(4), segment.value(4, 1, 2)
    else:
        day, time = ("".join(segment.value(field, 1, n) or "" for n in (1, 2, 3)) for field in fields)
    return (f"20{day}" if day and len(day) == 6 else day or "") + (time or "") or None


def moment(text: str, zone: str) -> datetime | None:
    """Return the moment that a text writes, in the zone unless it names an offset; None when it is none."""
    try:
        return datetime.fromisoformat(moments.instant(text, moments.zone(zone)))
    except Finding as finding:
        return datetime.fromisoformat(finding.instead) if finding.instead else None
