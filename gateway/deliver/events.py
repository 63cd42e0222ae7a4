"""An event of a subscription as it is told: with what it is about, or not, as was asked and as may be seen."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from gateway import query
from gateway.access.policy import Caller
from gateway.errors import Forbidden, ResourceGone, ResourceNotFound
from gateway.fhir import freshness
from gateway.fhir.json import decode
from gateway.notify.notifications import Told
from gateway.store import Identity, queues
from gateway.store.records import microseconds, moment

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.services import Services
    from gateway.store.queues import Delivery, Queue


def told(delivery: Delivery, content: str, caller: Caller, to: Services) -> Told:
    """Return an event as it may be told to `caller`; `content` is empty, id-only or full-resource."""
    event = Told(delivery.number, moment(delivery.at), delivery.event or "update")
    if content == "empty" or not is_seen(delivery, caller, to):
        return event
    is_whole = content == "full-resource" and event.what != "delete"
    found = resource_of(delivery, caller, to) if is_whole else None
    return event._replace(identity=delivery.about, resource=found)


def is_seen(delivery: Delivery, caller: Caller, to: Services) -> bool:
    """Return whether `caller` may see now what an event is about."""
    type_, _, id_ = delivery.about.partition("/")
    return query.is_told(Identity(type_, id_), caller, to)


def resource_of(delivery: Delivery, caller: Caller, to: Services) -> Resource | None:
    """Return what the resource of an event said then, None where `caller` may not see it, or it is no more.

    Of a place of which the word is stale by now, that is told.

    It goes by the door out, which authorises and notes it in the audit.
    """
    type_, _, id_ = delivery.about.partition("/")
    with suppress(Forbidden, ResourceGone, ResourceNotFound):
        said = query.vread(type_, id_, str(delivery.version), caller, to).body
        found: Resource = decode(freshness.told(type_, said, microseconds(to.clock())))
        return found
    return None


def not_kept(queue: Queue, to: Services) -> str | None:
    """Return in words which events of a queue were to be told and are kept no more, None when all are there."""
    with to.store.reading(snapshot=False) as db:
        number = queues.dropped(db, queue)
    if not number:
        return None
    first, last = queue.told + 1, queue.told + number
    return f"{number} events were not kept while it was in error: numbers {first} to {last}"
