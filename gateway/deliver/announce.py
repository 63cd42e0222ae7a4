"""From the log of what happened to the queues of who asked for it.

Every commit adds its events to the log and nothing more: who wants to know is found out here, so that writing costs the
same however many there are. Of several nodes that try, one has the events; the others see that they are gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, visible
from gateway.deliver.callers import caller_of
from gateway.errors import GatewayError
from gateway.fhir import freshness
from gateway.fhir.json import decode
from gateway.fhir.reduced import reduced_body
from gateway.notify import subscription, topics
from gateway.notify.subscription import Wanted, kept
from gateway.store import Identity, log, queues, subscribers
from gateway.store.beside import Beside, Subject
from gateway.store.log import Event
from gateway.store.queues import Queue
from gateway.store.records import microseconds
from gateway.store.search import Scope, seen

if TYPE_CHECKING:
    from gateway.fhir.reduced import Form
    from gateway.services import Services

_log = logging.getLogger("gateway.deliver")

AT_A_TIME = 500
"""Events that are looked at together."""
_SLACK = 60 * 1_000_000  # microseconds that the clocks of two nodes may differ


class Announcer:
    """Takes events from the log, and gives each to the queues of who asked for it."""

    def __init__(self, to: Services) -> None:
        self._to = to
        self._beside = Beside(to.settings.base_url)
        self._bodies: dict[tuple[str, str, int], bytes] = {}
        self._parts: Mapping[Identity, Form] = {}  # what whoever is looked for is told of in a reduced form

    def announce(self) -> int:
        """Take the oldest events and return how many: 0 when there is none. Overtaken when another node was first."""
        with self._to.store.reading(snapshot=False) as db:
            events = log.oldest(db, AT_A_TIME)
        if not events:
            return 0
        with self._to.store.reading(snapshot=False) as db:  # after the events: who came before one of them is there
            asked = [queue for queue in queues.queues(db) if queue.about and queue.status != "off"]
        told = {queue.name: self.asked_for(queue, events) for queue in asked}
        self._beside.forget()
        self._bodies.clear()
        now = microseconds(self._to.clock())
        # A number that was told to somebody must stay that of its event.
        with self._to.store.changing(durable=any(told.values())) as db:
            taken = log.take(db, events)
            for name, found in sorted(told.items()):
                subscribers.tell(db, name, rows_of(found), now)
        return taken

    def close(self) -> None:
        """Let go of what is held to match with."""
        self._beside.close()

    def asked_for(self, queue: Queue, events: Sequence[Event]) -> list[Event]:
        """Return the events that a subscriber, or a feed, asked for and may see, in order."""
        wanted = kept(queue.about)
        begin, end = wanted.since - _SLACK, wanted.end
        asked = [event for event in events if event.at >= begin and (end is None or event.at < end)]
        mine, self._parts = self._seen(asked, caller_of(wanted, self._to))
        try:
            if queue.kind == subscribers.FEED:  # which puts things elsewhere: in place of a whole no part
                return self._of_feed(wanted, [event for event in mine if _identity(event) not in self._parts])
            return self._of_topic(wanted, mine) if wanted.topic else self._of_search(wanted, mine)
        except GatewayError as error:
            _log.error("not-matched: %s asks what cannot be asked any more: %s", queue.name, error)
            return []

    def _seen(self, events: Sequence[Event], caller: Caller) -> tuple[list[Event], Mapping[Identity, Form]]:
        """Return the events of what a subscriber may see now, and the forms of what it does not see whole.

        Those are matched by that form, as it is told: nobody learns by a subscription what it would not find.
        """
        scope = Scope(self._to.settings.base_url, visible(caller), with_reduced=True)
        asked = {_identity(event) for event in events}
        forms = {type_: part.form for type_ in {one.type for one in asked} if (part := scope.reduced(type_))}
        with self._to.store.reading(snapshot=False) as db:
            found = seen(db, asked, scope)
            some = {one for one in found if one.type in forms}
            parts = some - seen(db, some, scope.whole()) if some else set[Identity]()
        return [event for event in events if _identity(event) in found], {one: forms[one.type] for one in parts}

    def _of_feed(self, wanted: Wanted, events: Sequence[Event]) -> list[Event]:
        """Return what a search finds, or found before: who was sent something must know that it is otherwise now."""
        found = set[Event]()
        for criteria in wanted.criteria:
            type_ = subscription.parsed(criteria).resource_type
            mine = [event for event in events if event.type == type_]
            found |= set(self._matches(criteria, [(event, event.version) for event in mine]))
            earlier = [(event, event.version - 1) for event in mine if event not in found and event.version > 1]
            found |= set(self._matches(criteria, earlier))
        return [event for event in events if event in found]

    def _of_search(self, wanted: Wanted, events: Sequence[Event]) -> list[Event]:
        """Return what a search finds; nobody is told of what is gone. https://hl7.org/fhir/R4/subscription.html"""
        (criteria,) = wanted.criteria
        type_ = subscription.parsed(criteria).resource_type
        found = [event for event in events if event.type == type_ and event.event != "delete"]
        return list(self._matches(criteria, [(event, event.version) for event in found]))

    def _of_topic(self, wanted: Wanted, events: Sequence[Event]) -> list[Event]:
        topic = topics.named(wanted.topic)
        if topic is None:
            return []
        found = [event for event in events if self._is_event(topic, event)]
        for criteria in wanted.criteria:
            type_ = subscription.parsed(criteria).resource_type
            # what is gone is judged by what it was
            asked = [(e, e.version - (e.event == "delete")) for e in found if e.type == type_]
            kept = set(self._matches(criteria, asked))
            found = [event for event in found if event.type != type_ or event in kept]
        return found

    def _is_event(self, topic: topics.Topic, event: Event) -> bool:
        trigger = topic.trigger(event.type)
        if trigger is None or event.event not in trigger.on:
            return False
        previous = self._content(event, event.version - 1) if event.version > 1 else None
        return trigger.is_event(previous, self._content(event, event.version))

    def _content(self, event: Event, version: int) -> topics.Content | None:
        body = self._body(event, version)
        return decode(body) if body else None

    def _body(self, event: Event, version: int) -> bytes:
        key = (event.type, event.id, version)
        if key not in self._bodies:
            stored = self._to.store.vread(Identity(event.type, event.id), version)
            self._bodies[key] = stored.body if stored is not None else b""
        form = self._parts.get(_identity(event))
        body = self._bodies[key]
        if version == event.version:  # one before is what it was
            body = freshness.told(event.type, body, microseconds(self._to.clock()))
        return body if form is None else reduced_body(body, form, self._to.settings.base_url)

    def _matches(self, criteria: str, asked: Sequence[tuple[Event, int]]) -> Iterator[Event]:
        """Yield the events of which that version matches, in order."""
        if not subscription.parsed(criteria).conditions:
            yield from (event for event, _ in asked)
            return
        request = subscription.parsed(criteria)
        matched = set[Event]()
        for held in _rounds(asked):
            subjects = [
                Subject(_identity(event), event.at, body)
                for event, version in held
                if (body := self._body(event, version))
            ]
            found = self._beside.found(request, subjects)
            matched |= {event for event, _ in held if (event.type, event.id) in found}
        yield from (event for event, _ in asked if event in matched)


def _identity(event: Event) -> Identity:
    return Identity(event.type, event.id)


def rows_of(events: Sequence[Event]) -> list[tuple[int, str, int, int, str, str | None]]:
    """Return events as they stand in a queue."""
    return [
        (event.at, f"{event.type}/{event.id}", event.key, event.version, event.event, event.trace) for event in events
    ]


def _rounds(asked: Sequence[tuple[Event, int]]) -> Iterator[list[tuple[Event, int]]]:
    """Yield the events in as many parts as it takes to have each resource once in a part."""
    rest = list(asked)
    while rest:
        first = {(event.type, event.id): (event, version) for event, version in reversed(rest)}
        yield list(first.values())
        rest = [pair for pair in rest if first[pair[0].type, pair[0].id] != pair]
