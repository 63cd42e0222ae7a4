"""Which of two facts about the same thing is the newer one.

A fact of a message holds from its own moment: the measured-at of the resource, else the moment of the message's event.
A source that counts the versions of a thing is believed in that: the higher number holds. Of two facts of one moment
the one that offers less holds, and else the one whose content sorts last, so that no order of arrival makes a
difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from gateway.errors import InvalidResource, Issue, Place
from gateway.fhir.datetime import read
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.mapping.declared import KINDS
from gateway.store import Current
from gateway.store.bodies import rest_of
from gateway.store.records import microseconds
from gateway.transact.entries import Entry, Fact
from gateway.transact.operations import Received

MEASURED_AT = "https://msb-gateway.example/fhir/StructureDefinition/capacity-measured-at"

_MINUTE = 60_000_000
SKEW = 2 * _MINUTE
"""A fact may lie so far ahead of its receipt before that is told, in microseconds."""
AHEAD = 24 * 60 * _MINUTE
"""A fact that lies further ahead of its receipt is refused, in microseconds."""

# They name things rather than say how these are; every message repeats them. A repetition does not renew them.
_NAMING = frozenset({
    "Endpoint", "HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole", "Schedule",
})  # fmt: skip
_AHEAD = "this is said to be so more than 24 hours after it was received: it cannot be known yet"
_SKEWED = "this is said to be so after it was received: one of the clocks is wrong, and it counts as of its receipt"


def measured_at(resource: Resource) -> str | None:
    """Return the moment for which a resource says it holds, as it is written there."""
    for extension in resource.get("extension", ()):
        if isinstance(extension, dict) and extension.get("url") == MEASURED_AT:
            return str(extension.get("valueDateTime"))
    return None


def assign(entries: Iterable[Entry], received: Received) -> list[Issue]:
    """Give each entry of a message its fact, and return a warning if a clock is wrong.

    Raises InvalidResource when something is said to be so long after it was received: it would outlive every true fact.
    """
    now = microseconds(received.received_at)
    event = microseconds(received.event_time) if received.event_time else now
    rank = KINDS.index(received.stay.kind) if received.stay else 0
    moments = [(entry, _moment(entry.resource)) for entry in entries]
    latest = max([event, *(at for _, at in moments if at is not None)])
    if latest > now + AHEAD:
        ahead = Issue("moment-ahead", _AHEAD, place=_said_at(received))
        far = [entry for entry, at in moments if _far(at, now)]
        raise InvalidResource([entry.at(replace(ahead, expression=entry.type)) for entry in far] or [ahead])
    for entry, at in moments:
        own = at is not None
        entry.fact = Fact(counted(event, now) + rank if at is None else counted(at, now), received.number, own)
    return [Issue("clock-skew", _SKEWED, "warning", place=_said_at(received))] if latest > now + SKEW else []


def _said_at(received: Received) -> Place | None:
    return received.said_at() if received.said_at else None


def counted(at: int, now: int) -> int:
    """Return the moment that counts for a fact received now."""
    return now if at > now + SKEW else at


def _moment(resource: Resource | None) -> int | None:
    text = measured_at(resource) if resource else None
    return _low(text) if text else None


@lru_cache(maxsize=1024)  # the resources of a message, and the rows of a table, are mostly of one moment
def _low(text: str) -> int | None:
    moment = read(text)
    return moment.low if moment else None


def _far(at: int | None, now: int) -> bool:
    return at is not None and at > now + AHEAD


def renews(entry: Entry) -> bool:
    """Return whether a repetition of what an entry says makes it hold longer."""
    return entry.fact is not None and (entry.fact.own or entry.type not in _NAMING)


def is_older(entry: Entry, current: Current) -> bool:
    """Return whether something newer is known than what an entry says; not where nobody said when that was so."""
    fact = entry.fact
    if fact is None or not current.version or current.event_time is None:
        return False
    if fact.number is not None and current.event_number is not None and fact.number != current.event_number:
        return fact.number < current.event_number
    if fact.at != current.event_time:
        return fact.at < current.event_time
    if entry.resource is None or current.deleted:
        return current.deleted
    return _weight(entry.resource) < _weight(decode(current.body))


def is_newer(fact: Fact, current: Current) -> bool:
    """Return whether a fact that repeats what is known is newer than it."""
    known = (current.event_number or 0, current.event_time or 0)
    return (fact.number or 0, fact.at) > known


def _weight(resource: Resource) -> tuple[bool, bytes]:
    """Return what decides between two facts of one moment: what offers less weighs more."""
    return resource.get("status") != "free", rest_of(resource)
