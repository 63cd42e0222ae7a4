"""Queues of subscribers: the handshake, what happened in order, and signs of life.

What a resource said is looked up when it is told, by the door out and on behalf of who subscribed: whoever may not see
it any more is told by a topic that something happened, and not what, and otherwise nothing.
https://hl7.org/fhir/R4/subscription.html,
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#rest-hook
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.deliver import transfers
from gateway.deliver.callers import caller_of
from gateway.deliver.events import is_seen, not_kept, resource_of, told
from gateway.deliver.settling import settle
from gateway.deliver.turn import Turn
from gateway.errors import BadSettings, InvalidResource, NotAcceptable
from gateway.fhir.json import decode, encode
from gateway.fhir.xml import write
from gateway.notify import headers
from gateway.notify.endpoints import Refused
from gateway.notify.notifications import About, Told, bundle
from gateway.notify.sending import Line, NotSent
from gateway.notify.subscription import FHIR_XML, Wanted, kept
from gateway.store import queues
from gateway.store.queues import Delivery

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.notify.notifications import Kind
    from gateway.services import Services

_HANDSHAKES = 5
_LONGEST = 20.0  # seconds: whoever stops the gateway does not wait longer
_SECOND = 1_000_000  # microseconds
_AT_A_TIME = 100


def deliver(turn: Turn) -> None:
    """Do what is due of a subscription: the handshake, what waits, a sign of life, or its end."""
    wanted = kept(turn.queue.about)
    if wanted.end is not None and turn.now >= wanted.end:
        if settle(turn.queue.name, "off", turn.to):
            turn.end()
        else:
            turn.rest()
        return
    way = (
        turn.to.outward
        if not wanted.timeout
        else replace(turn.to.outward, seconds=min(float(wanted.timeout), _LONGEST))
    )
    if not turn.allow(way.seconds):
        return
    try:
        with Line(way, wanted.endpoint) as line:
            Hook(turn, wanted, line).call()
    except (Refused, NotSent) as error:
        _failed(turn, error if isinstance(error, NotSent) else NotSent(str(error)))
    turn.end()


def _failed(turn: Turn, problem: NotSent) -> None:
    queue = turn.queue
    is_over = (
        queue.attempts + 1 >= _HANDSHAKES if queue.status == "requested" else turn.is_too_late(queue.failing_since)
    )
    if not is_over:
        turn.failed(problem)
    elif not settle(queue.name, "error", turn.to, reason=problem.reason):
        turn.rest()


class Hook:
    """One turn of telling one subscriber over one line."""

    def __init__(self, turn: Turn, wanted: Wanted, line: Line) -> None:
        self._turn, self._wanted, self._line = turn, wanted, line
        self._to: Services = turn.to
        self._caller = caller_of(wanted, turn.to)
        self._headers = _opened(turn, wanted)

    def call(self) -> None:
        """Do what is due. Raises NotSent and Refused."""
        if self._turn.queue.status == "requested":
            self._send("handshake", [])
            lost = not_kept(self._turn.queue, self._to)
            if not settle(self._turn.queue.name, "active", self._to, due=self._idle() or 0, reason=lost):
                self._turn.rest()
        elif self._turn.queue.status == "active":
            self._tell()
        else:
            self._turn.rest()

    def _tell(self) -> None:
        number, anything = self._turn.queue.told, False
        while waiting := self._waiting(number):
            anything = True
            for first in range(0, len(waiting), self._wanted.most):
                part = waiting[first : first + self._wanted.most]
                if not self._turn.may_go_on():
                    return
                row = self._send("event-notification", part)
                number = part[-1].number
                if not self._turn.told(number, idle=self._idle(), row=row):
                    return
        if not anything and self._wanted.heartbeat:
            self._send("heartbeat", [])
            self._turn.told(number, idle=self._idle())
        elif not anything:
            self._turn.told(number, idle=self._idle())

    def _waiting(self, after: int) -> list[Delivery]:
        with self._to.store.reading(snapshot=False) as db:
            return queues.following(db, self._turn.queue.name, after, max(_AT_A_TIME, self._wanted.most))

    def _idle(self) -> int | None:
        """Return when there is something to do though nothing happens: a sign of life, or the end."""
        beat = self._turn.now + self._wanted.heartbeat * _SECOND if self._wanted.heartbeat else None
        return min((at for at in (beat, self._wanted.end) if at is not None), default=None)

    def _send(self, kind: Kind, part: Sequence[Delivery]) -> bytes | None:
        """Send it, and return the row of what was told with it; None where nothing was told of any resource."""
        with self._turn.span(part):
            if self._wanted.topic:
                return self._post(kind, part)
            if part:
                return self._hook(part[0])
            self._line.send(b"", self._headers)  # the handshake of a plain rest-hook
            return None

    def _hook(self, delivery: Delivery) -> bytes | None:
        """Tell a plain rest-hook of what is seen: by an empty request, or with the resource as an update."""
        if not self._wanted.payload:
            if is_seen(delivery, self._caller, self._to):
                self._line.send(b"", self._headers | _key([delivery]))
        elif (resource := self._resource(delivery)) is not None:
            url = f"{self._wanted.endpoint.rstrip('/')}/{delivery.about}"
            self._line.send(*self._written(resource, [delivery]), method="PUT", url=url)
            return transfers.row(self._turn, self._caller, [_version(delivery)], encode(resource))
        return None

    def _post(self, kind: Kind, part: Sequence[Delivery]) -> bytes | None:
        events = [self._told(delivery) for delivery in part]
        self._line.send(*self._written(self._notification(kind, part, events), part))
        told = [(one, event) for one, event in zip(part, events, strict=True) if event.identity]
        if not told:
            return None
        named = [_version(one) if event.resource is not None else one.about for one, event in told]
        body = encode([event.resource for _, event in told if event.resource is not None])
        return transfers.row(self._turn, self._caller, named, body)

    def _written(self, resource: Resource, part: Sequence[Delivery]) -> tuple[bytes, dict[str, str]]:
        sent = self._headers | {"Content-Type": self._wanted.payload} | (_key(part) if part else {})
        try:
            return (write(resource) if self._wanted.payload == FHIR_XML else encode(resource)), sent
        except (InvalidResource, NotAcceptable) as error:
            raise NotSent("what is to be told cannot be written as XML") from error

    def _notification(self, kind: Kind, part: Sequence[Delivery], events: Sequence[Told]) -> Resource:
        queue = self._turn.queue
        about = About(
            self._to.settings.base_url, queue.name.partition("/")[2], queue.status, self._topic(), self._number(part)
        )
        return bundle(about, kind, events, self._to.clock())

    def _topic(self) -> str:
        return "" if self._wanted.content == "empty" else self._wanted.topic

    def _number(self, part: Sequence[Delivery]) -> int:
        return max([self._turn.queue.last, *(delivery.number for delivery in part)])

    def _told(self, delivery: Delivery) -> Told:
        return told(delivery, self._wanted.content, self._caller, self._to)

    def _resource(self, delivery: Delivery) -> Resource | None:
        return resource_of(delivery, self._caller, self._to)


def _version(delivery: Delivery) -> str:
    return f"{delivery.about}/_history/{delivery.version}"


def _key(part: Sequence[Delivery]) -> dict[str, str]:
    """Return by what a receiver knows what it was told before."""
    return {"Idempotency-Key": f'"{part[0].queue}#{part[0].number}-{part[-1].number}"'}


def _opened(turn: Turn, wanted: Wanted) -> dict[str, str]:
    """Return the headers that the subscriber wants to be sent. NotSent when they are not there, or cannot be opened."""
    queue = turn.queue
    if not wanted.headers:
        return {}
    if queue.secret is None:
        raise NotSent("its headers must be given again: they are kept for its origin, and while it is not off")
    try:
        return headers.read(decode(turn.to.keys.open(queue.sealed_with, queue.secret, queue.name.encode())))
    except BadSettings as error:
        raise NotSent("its headers cannot be opened: the key they were sealed with is not here") from error
