"""Queues of onward feeds: what was stored goes to a partner's FHIR server, as transactions, or as numbers of places.

Each resource keeps its id there and is put as it is when it is sent, and so has each line of numbers; so whatever is
sent twice has the effect of once, and nothing older comes after what is newer.
https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from gateway import query
from gateway.deliver import transfers
from gateway.deliver.announce import Announcer, rows_of
from gateway.deliver.callers import caller_of
from gateway.deliver.capacity import Reading
from gateway.deliver.turn import Turn
from gateway.errors import Forbidden, ResourceGone, ResourceNotFound
from gateway.fhir.json import decode, encode
from gateway.notify.capacity_forms import as_csv, as_json
from gateway.notify.endpoints import Refused
from gateway.notify.endpoints import read as read_endpoint
from gateway.notify.sending import Line, NotSent
from gateway.store import queues, subscribers
from gateway.store.log import Event
from gateway.store.queues import Delivery
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.notify.feeds import Feed
    from gateway.services import Services

_log = logging.getLogger("gateway.deliver")

_WILL_NOT = frozenset({400, 412, 413, 422})
"""The partner understood it: what of it cannot be had is found by sending each by itself."""
_PRESENT = """
select key, version, last_updated, id from current where type = ? and key > ? and not deleted order by key limit 500"""
_OURS = ("versionId", "lastUpdated")
_HEADERS: Mapping[str, Mapping[str, str]] = {
    "fhir": {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"},
    "lpz-json": {"Content-Type": "application/json", "Accept": "application/json"},
    "lpz-csv": {"Content-Type": "text/csv; charset=utf-8; header=present", "Accept": "*/*"},
}


def register(to: Services) -> bool:
    """Have a queue for each feed of the settings, and end those of feeds that are no longer there."""
    with to.store.changing() as db:
        for feed in to.feeds:
            origin = read_endpoint(feed.to).origin
            subscribers.feed(db, feed.queue, origin, msgspec.json.encode(feed.wanted()).decode())
        subscribers.end_feeds(db, [feed.queue for feed in to.feeds])
    return True


def fill(feed: Feed, to: Services) -> int:
    """Have a feed sent everything there is that it asks for, and return how many resources that is."""
    register(to)
    announcer, number = Announcer(to), 0
    for type_ in sorted(feed.types):
        after = 0
        while events := _present(to, type_, after):
            after = events[-1].key
            number += _added(feed, announcer, events, to)
    announcer.close()
    return number


def _present(to: Services, type_: str, after: int) -> list[Event]:
    with to.store.reading(snapshot=False) as db:
        rows = db.rows(_PRESENT, (type_, after))
    return [Event(0, key, version, "update", at, type_, id_) for key, version, at, id_ in rows]


def _added(feed: Feed, announcer: Announcer, events: Sequence[Event], to: Services) -> int:
    with to.store.reading(snapshot=False) as db:
        queue = queues.queue(db, feed.queue)
    found = announcer.asked_for(queue, events) if queue is not None else []
    with to.store.changing() as db:
        subscribers.tell(db, feed.queue, rows_of(found), microseconds(to.clock()))
    return len(found)


def deliver(turn: Turn) -> None:
    """Send what waits in a feed's queue, in order, until something fails or the turn is over."""
    feed = next((one for one in turn.to.feeds if one.queue == turn.queue.name), None)
    if feed is None:
        turn.rest()
        return
    if not turn.allow(turn.to.outward.seconds):
        return
    try:
        with Line(turn.to.outward, feed.to) as line:
            _Forwarding(turn, feed, line).empty()
    except (Refused, NotSent) as error:
        _failed(turn, error if isinstance(error, NotSent) else NotSent(str(error)))
    turn.end()


def _failed(turn: Turn, problem: NotSent) -> None:
    if not turn.is_too_late(turn.queue.failing_since):
        turn.failed(problem)
        return
    with turn.to.store.changing() as db:
        queues.stop(db, turn.queue.name, turn.holder, problem.reason)
    _log.error("feed-error: %s: %s; it is sent again by `gateway outbox resend`", turn.queue.name, problem.reason)


class _Forwarding:
    """One turn of sending to one partner."""

    def __init__(self, turn: Turn, feed: Feed, line: Line) -> None:
        self._turn, self._feed, self._line = turn, feed, line
        self._caller = caller_of(feed.wanted(), turn.to)

    def empty(self) -> None:
        """Send what waits. Raises NotSent and Refused."""
        number = self._turn.queue.told
        while waiting := self._waiting(number):
            if not self._turn.may_go_on() or not self._sent(waiting):
                return
            number = waiting[-1].number

    def _waiting(self, after: int) -> list[Delivery]:
        with self._turn.to.store.reading(snapshot=False) as db:
            return queues.following(db, self._turn.queue.name, after, self._feed.most)

    def _sent(self, part: Sequence[Delivery]) -> bool:
        """Send a part and note it; False when another has the lease. Raises NotSent."""
        row = None
        try:
            row = self._send(part)
        except NotSent as problem:
            if problem.status not in _WILL_NOT:
                raise
            if len(part) > 1:
                return all(self._sent([one]) for one in part)
            self._give_up(part[0], problem)
        return self._turn.told(part[-1].number, row=row)

    def _send(self, part: Sequence[Delivery]) -> bytes | None:
        """Send a part, and return the row of that; None where the partner may know nothing of it."""
        alive = [one for one in part if one.dead_at is None]
        body = self._transaction(alive) if self._feed.kind == "fhir" else self._numbers(alive)
        if body is None:
            return None
        with self._turn.span(part):
            self._line.send(body, self._headers(part))
        return transfers.row(self._turn, self._caller, list(dict.fromkeys(one.about for one in alive)), body)

    def _transaction(self, alive: Sequence[Delivery]) -> bytes | None:
        """Return what puts these there as they are now, None when the partner may know nothing of them."""
        newest = {one.about: one for one in alive}  # of one resource the last word is enough
        entries = [entry for one in newest.values() if (entry := self._entry(one)) is not None]
        return encode({"resourceType": "Bundle", "type": "transaction", "entry": entries}) if entries else None

    def _numbers(self, alive: Sequence[Delivery]) -> bytes | None:
        """Return the lines of capacity that these changed, None when there are none."""
        to = self._turn.to
        lines = list(Reading(self._caller, to).lines({one.about: one for one in alive}.values()))
        if not lines:
            return None
        return as_json(lines, to.clock()) if self._feed.kind == "lpz-json" else as_csv(lines)

    def _entry(self, delivery: Delivery) -> dict[str, Any] | None:
        """Return what says how the resource is now, None where the partner may not know."""
        type_, _, id_ = delivery.about.partition("/")
        try:
            found = query.read(type_, id_, self._caller, self._turn.to)
        except ResourceGone:
            return {"request": {"method": "DELETE", "url": delivery.about}}
        except (Forbidden, ResourceNotFound):
            return None
        if found.reduced:  # a part would take the place of the whole
            return None
        resource, request = _without_ours(decode(found.body)), {"method": "PUT", "url": delivery.about}
        return {"fullUrl": f"{self._feed.to}/{delivery.about}", "resource": resource, "request": request}

    def _headers(self, part: Sequence[Delivery]) -> dict[str, str]:
        key = f'"{part[0].queue}#{part[0].number}-{part[-1].number}"'
        headers = {**_HEADERS[self._feed.kind], "Idempotency-Key": key}
        if self._feed.token is None:
            return headers
        try:
            token = self._feed.token.read_text(encoding="ascii").strip()  # each time: it may be a new one
        except (OSError, UnicodeDecodeError) as error:
            raise NotSent("the file of its token cannot be read") from error
        return headers | {"Authorization": f"Bearer {token}"}

    def _give_up(self, delivery: Delivery, problem: NotSent) -> None:
        with self._turn.to.store.changing() as db:
            queues.bury(db, delivery.queue, delivery.number, self._turn.now, problem.reason)
        _log.error("given-up: number %d of %s: %s", delivery.number, delivery.queue, problem.reason)


def _without_ours(resource: Resource) -> Resource:
    """Return a resource without what every server says for itself."""
    meta = {name: value for name, value in (resource.get("meta") or {}).items() if name not in _OURS}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return rest | {"meta": meta} if meta else rest
