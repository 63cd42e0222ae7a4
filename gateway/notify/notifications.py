"""The Bundle that tells a subscriber of a topic, and the Parameters that say how its subscription is.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from gateway.fhir.datetime import format_instant

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]

_PROFILES = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
_BUNDLE, _STATUS = f"{_PROFILES}backport-subscription-notification-r4", f"{_PROFILES}backport-subscription-status-r4"
_DONE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"create": ("POST", "201"), "update": ("PUT", "200"), "delete": ("DELETE", "204")}
)


class About(NamedTuple):
    """A subscription as it is told: `number` is how many events it had, `error` why it fails."""

    base: str
    id: str
    status: str
    topic: str
    number: int
    error: str | None = None


class Told(NamedTuple):
    """An event. `identity` is '' where what it is about is not told, `resource` None where its content is not."""

    number: int
    at: datetime
    what: str
    identity: str = ""
    resource: Resource | None = None


def bundle(about: About, kind: Kind, events: Sequence[Told], now: datetime) -> Resource:
    """Return a notification: what is the case first, then each resource that is told whole."""
    id_ = str(uuid5(NAMESPACE_URL, f"{about.base}/{about.id} {kind} {about.number} {format_instant(now)}"))
    status = parameters(about, kind, events) | {"id": id_}
    first = {
        "fullUrl": f"urn:uuid:{id_}",
        "resource": status,
        "request": {"method": "GET", "url": f"{about.base}/Subscription/{about.id}/$status"},
        "response": {"status": "200"},
    }
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [_BUNDLE]},
        "type": "history",
        "timestamp": format_instant(now),
        "entry": [first, *_entries(about.base, events)],
    }


def parameters(about: About, kind: Kind, events: Sequence[Told] = ()) -> Resource:
    """Return how a subscription is, with the numbers of `events`."""
    found: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": f"{about.base}/Subscription/{about.id}"}},
        {"name": "status", "valueCode": about.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(about.number)},
        *(_event(about.base, event) for event in events),
    ]
    if about.topic:
        found.insert(1, {"name": "topic", "valueCanonical": about.topic})
    if about.error:
        found.append({"name": "error", "valueCodeableConcept": {"text": about.error}})
    return {"resourceType": "Parameters", "meta": {"profile": [_STATUS]}, "parameter": found}


def _event(base: str, event: Told) -> dict[str, Any]:
    part: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": format_instant(event.at)},
    ]
    if event.identity:
        part.append({"name": "focus", "valueReference": {"reference": f"{base}/{event.identity}"}})
    return {"name": "notification-event", "part": part}


def _entries(base: str, events: Iterable[Told]) -> Iterable[dict[str, Any]]:
    """Yield the content of each event that is told whole; of one that is gone, that it is."""
    for event in events:
        if not event.identity or (event.resource is None and event.what != "delete"):
            continue
        method, status = _DONE[event.what]
        url = event.identity.partition("/")[0] if method == "POST" else event.identity
        entry: dict[str, Any] = {"fullUrl": f"{base}/{event.identity}"}
        if event.resource is not None:
            entry |= {"resource": event.resource}
        yield entry | {"request": {"method": method, "url": url}, "response": {"status": status}}
