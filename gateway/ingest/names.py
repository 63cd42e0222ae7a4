"""What a message is known by: its own name for itself, who sends it, and the digest of its content.

By these the same message is recognised when it comes again (`gateway.transact.once`).
"""

import re
from dataclasses import replace
from hashlib import sha256
from zoneinfo import ZoneInfo

from gateway.errors import GatewayError, MappingFailed
from gateway.fhir import bundle
from gateway.fhir.json import encode
from gateway.formats import hl7v2
from gateway.mapping.declared import AS_IT_CAME
from gateway.mapping.fields import Fields, less
from gateway.mapping.mapped import Mapped
from gateway.services import Services
from gateway.transact import Received
from gateway.transact.once import once

_LINE_END = re.compile(rb"\r?\n|\r")


def named(message: Received) -> Received:
    """Return a message with the digest of its content, and with what is the same when it is sent again, if known.

    Of an HL7 v2 message that is MSH-10 with who sends it (MSH-3, MSH-4); line ends are no part of its content.
    """
    digest = sha256(_LINE_END.sub(b"\r", message.content).strip()).digest()
    key = None
    if message.control_id and message.format != "csv" and not _is_anew(message):
        key = once(message.provider, message.format, *_sender(message), message.control_id)
    return replace(message, digest=digest, once=key)


def mapped_as(arrival: Received, mapped: Mapped, part: str, to: Services) -> Received:
    """Return the inbox's row of a message that was mapped; `part` names the stretch of a table that it is."""
    return replace(
        arrival,
        control_id=mapped.control_id or arrival.control_id,
        once=_once(arrival, mapped, part, to),
        digest=_digest(arrival, mapped),
        stay=mapped.stay,
        number=mapped.number,
        keeps=mapped.keeps,
        rows=mapped.rows,
        fields=mapped.fields,
        event_time=mapped.event_time,
        mapping=mapped.mapping,
        result=tuple(mapped.issues),
        said_at=mapped.said_at,
    )


def with_fields(received: Received, error: GatewayError) -> Received:
    """Return the inbox's row of a message that is refused, with its mapping and fields as far as they are known."""
    if isinstance(error, MappingFailed) and error.mapping is not None:
        return replace(received, mapping=error.mapping, fields=error.fields)
    if received.fields is None:
        return received
    return replace(received, fields=less(Fields(*received.fields), error.issues))


def once_of_table(arrival: Received, part: str, to: Services) -> str | None:
    """Return what is the same when a stretch of a table is sent again on the same day of its provider."""
    if _is_anew(arrival):
        return None
    zone = ZoneInfo(to.library.provider(arrival.provider).timezone)
    day = arrival.received_at.astimezone(zone).date().isoformat()
    return once(arrival.provider, "csv", arrival.digest.hex(), day, part)


def parsed(content: bytes) -> hl7v2.Message | None:
    """Return an HL7 v2 message, None when it is not one."""
    try:
        return hl7v2.parse(content)
    except GatewayError:
        return None


def _sender(message: Received) -> tuple[str, str]:
    found = parsed(message.content) if message.format == "hl7v2" else None
    return (found.segments[0].raw(3), found.segments[0].raw(4)) if found else ("", "")


def _is_anew(arrival: Received) -> bool:
    """Return whether a message is to have its effect again, though it was taken before."""
    return arrival.again is not None and arrival.again.anew


def _once(arrival: Received, mapped: Mapped, part: str, to: Services) -> str | None:
    """Return what is the same when this is sent again; None when the sender has no name for it.

    A table is itself by its content, for a day: what holds today according to it may have to be said again tomorrow. A
    Bundle by its identifier, or by the id of its MessageHeader.
    """
    if arrival.once is not None or _is_anew(arrival):
        return arrival.once
    if arrival.format == "csv":
        return once_of_table(arrival, part, to)
    if mapped.whole is not None:
        name = bundle.name(mapped.whole)
    else:
        name = "" if mapped.mapping == AS_IT_CAME else mapped.control_id or ""
    return once(arrival.provider, arrival.format, name) if name else None


def _digest(arrival: Received, mapped: Mapped) -> bytes:
    """Return the digest of one message; several JSON messages may arrive in one array."""
    root = getattr(mapped.source, "root", None) if arrival.format in {"json", "ndjson"} else None
    return arrival.digest if root is None else sha256(encode(root)).digest()
