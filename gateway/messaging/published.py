"""What is told of the messages that are taken: a MessageDefinition of each, and a part of the CapabilityStatement.

https://hl7.org/fhir/R4/messagedefinition.html, https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.messaging.events import EVENTS, Event

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

PUBLISHED = "2026-11-22"

_TRANSPORT = "http://terminology.hl7.org/CodeSystem/message-transport"
_DOCUMENTATION = (
    "A message is known by MessageHeader.id and its sender: when it comes again it is answered as it was the first "
    "time, however long ago that was, and another content under that id is a conflict. With async=true the answer is "
    "sent to response-url, or to MessageHeader.source.endpoint: only where the operator of this gateway lets it send."
)


def definition(event: Event) -> Resource:
    """Return the MessageDefinition of an event, without its narrative."""
    focus = {"code": event.focus, **({"profile": event.profile} if event.profile else {}), "min": 1, "max": "1"}
    return {
        "resourceType": "MessageDefinition",
        "id": event.id,
        "url": event.url,
        "version": "0.1.0",
        "name": "".join(part.capitalize() for part in event.id.split("-")),
        "title": event.title,
        "status": "active",
        "experimental": False,
        "date": PUBLISHED,
        "publisher": "msb-gateway",
        "description": event.says,
        "eventCoding": {"system": event.system, "code": event.code},
        "category": "consequence",
        "focus": [focus],
        "responseRequired": "always",
    }


def capability(base: str) -> Resource:
    """Return which messages are taken, and where, by the gateway at `base`."""
    return {
        "endpoint": [{"protocol": {"system": _TRANSPORT, "code": "http"}, "address": f"{base}/$process-message"}],
        "documentation": _DOCUMENTATION,
        "supportedMessage": [{"mode": "receiver", "definition": event.url} for event in EVENTS],
    }
