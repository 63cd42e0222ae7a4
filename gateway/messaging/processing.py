"""A message's way: what its sender was told before, else read, made into operations, carried out and kept.

Whatever comes in stays: what is taken stands in the inbox with what it made, in one commit; what is refused stands
there with the reasons. https://hl7.org/fhir/R4/messaging.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.access.policy import may
from gateway.errors import Forbidden, GatewayError, Issue, Unavailable
from gateway.fhir.json import canonical, decode, encode
from gateway.messaging import reading
from gateway.messaging.answers import Bodies, Told, code_of, response
from gateway.messaging.events import EVENTS
from gateway.messaging.making import Made, make
from gateway.store.inbox import MESSAGE
from gateway.store.records import Identity, Parcel, moment
from gateway.transact import Answer, Received, Sent, recall, receive, record, send
from gateway.transact.once import once

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.access.policy import Caller
    from gateway.fhir.types import Resource
    from gateway.messaging.reading import Message
    from gateway.services import Services
    from gateway.transact import Outcome

_WORDS = {"multiple-matches": "its identifiers are those of more than one that is known here"}
_CONTENT_TYPE = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of a message: its row, what its sender is told, and why it was refused (None: it is taken).

    `repeated`: it was taken before, and this is what was told then.
    """

    received: Received
    told: Told
    made: Sequence[tuple[str, str, str, int]] = ()
    refusal: GatewayError | None = None
    repeated: bool = False

    def response(self, to: Services, language: str = "en") -> Resource:
        """Return the message that answers it."""
        return response(self.told, _stored(to), base=to.settings.base_url, language=language)


def check_may(caller: Caller) -> None:
    """Raise Forbidden for who may make or change the focus of no message: what it sends need not be looked at."""
    if not any(may(caller, right, event.focus) for event in EVENTS for right in ("c", "u")):
        raise Forbidden("this caller may not send messages")


def process(bundle: Resource, caller: Caller, to: Services, *, answer_at: str | None = None) -> Processed:
    """Take in a message, once, and return what became of it: a refusal is kept, and is in what is returned.

    `answer_at`: the endpoint that the answer is sent to, which must be one that may be sent to; it is told there too
    what was told before. Raises BadRequest for what is no message: nothing of it is kept.
    """
    reading.check_is_message(bundle)
    arrival = _arrival(encode(bundle), bundle, caller.organisation, to)
    try:
        processed = _take(arrival, bundle, caller, to, answer_at)
        to.metrics.taken(arrival.provider, MESSAGE, "refused" if processed.refusal else "accepted")
        if processed.repeated and answer_at is not None:
            send(_parcel(answer_at, arrival, processed.response(to)), arrival, caller, to)
    except Unavailable as error:  # nothing is kept of it, and its sender is told to come back
        if answer_at is not None:
            raise
        return Processed(arrival, _told(arrival, bundle, error, error.issues, arrival.received_at, ()), refusal=error)
    return processed


def replay(kept: Received, caller: Caller, to: Services) -> Processed:
    """Take in a message of the inbox once more, on behalf of who sent it. Raises what `process` raises."""
    bundle: Resource = decode(kept.content)
    reading.check_is_message(bundle)
    anew = kept.again is not None and kept.again.anew
    arrival = _arrival(kept.content, bundle, kept.provider, to)
    arrival = replace(arrival, received_at=kept.received_at, again=kept.again, once=None if anew else arrival.once)
    return _take(arrival, bundle, caller, to)


def _arrival(content: bytes, bundle: Resource, organisation: str, to: Services) -> Received:
    name = reading.name(bundle)
    key = once(organisation, MESSAGE, reading.sender(organisation, bundle), name) if name else None
    return Received(
        provider=organisation,
        format=MESSAGE,
        content=content,
        received_at=to.clock(),
        control_id=name,
        once=key,
        digest=sha256(canonical(bundle)).digest(),
        sent=Sent(reading.sender(organisation, bundle), (), name or ""),
    )


def _take(arrival: Received, bundle: Resource, caller: Caller, to: Services, answer_at: str | None = None) -> Processed:
    try:
        arrival = _with_answer(arrival, bundle, answer_at, to)
        if arrival.once and (before := recall(arrival, caller, to)) is not None:
            return _answered(arrival, bundle, before)
        message = reading.read(bundle, arrival.provider, to)
        made = make(message, to)
        arrival = _with_answer(_received(arrival, message, made), bundle, answer_at, to)
        return _answered(arrival, bundle, _carried_out(message, made, arrival, caller, to))
    except Unavailable:
        raise
    except GatewayError as error:
        return _refused(arrival, bundle, error, caller, to)


def _carried_out(message: Message, made: Made, arrival: Received, caller: Caller, to: Services) -> Answer:
    try:
        return receive(made.operations, caller, to, arrival)
    except GatewayError as error:
        error.issues = tuple(_of_message(issue, message) for issue in error.issues)
        raise


def _of_message(issue: Issue, message: Message) -> Issue:
    """Return what `transact` finds, in the words of a message: its entries ask nothing by themselves."""
    where = issue.expression or (message.said_at if issue.code == "moment-ahead" else "")
    if where.endswith(".request"):
        where = f"{where.removesuffix('.request')}.resource"
    return replace(issue, expression=where or None, diagnostics=_WORDS.get(issue.code, issue.diagnostics))


def _received(arrival: Received, message: Message, made: Made) -> Received:
    """Return the row of a message that has been read, with what matters to whose message it is."""
    sender, numbers = message.sender, tuple(made.numbers)
    bundle = f"message/{once(arrival.provider, MESSAGE, sender, message.identifier)}" if message.identifier else None
    return replace(
        arrival,
        event_time=message.moment,
        mapping=f"message/{message.event.code}",
        result=(*message.warnings, *made.warnings),
        sent=Sent(sender, tuple(made.focus), message.name, bundle, message.repeats, numbers),
    )


def _answered(arrival: Received, bundle: Resource, answer: Answer) -> Processed:
    focus = [answer.made[number][1:] for number in answer.focus]
    told = _told(arrival, bundle, None, answer.issues, moment(answer.at), focus)
    return Processed(arrival, told, answer.made, repeated=answer.repeated)


def _refused(arrival: Received, bundle: Resource, error: GatewayError, caller: Caller, to: Services) -> Processed:
    """Keep a message that is not taken; one that was taken meanwhile is answered as it was then."""
    answer = record(arrival, error.issues, caller, to)
    if answer is not None:
        return _answered(arrival, bundle, answer)
    told = _told(arrival, bundle, error, [*arrival.result, *error.issues], arrival.received_at, ())
    return Processed(arrival, told, refusal=error)


def _told(
    arrival: Received,
    bundle: Resource,
    error: GatewayError | None,
    issues: Sequence[Issue],
    at: datetime,
    focus: Sequence[tuple[str, str, int]],
) -> Told:
    assert arrival.sent is not None
    return Told(bundle, arrival.control_id or "", arrival.sent.sender, code_of(error), issues, at, focus)


def _with_answer(received: Received, bundle: Resource, url: str | None, to: Services) -> Received:
    """Return a message that has its answer sent to an endpoint, in the commit that takes or refuses it."""
    if url is None:
        return received

    def parcels(outcomes: Sequence[Outcome], issues: Sequence[Issue]) -> Sequence[Parcel]:
        assert received.sent is not None
        found = [*received.result, *issues, *(issue for outcome in outcomes for issue in outcome.issues)]
        focus = [outcomes[number] for number in received.sent.focus] if outcomes else []
        bodies = {(Identity(one.type, one.id), one.version): one.body for one in focus}
        told = Told(
            bundle=bundle,
            name=received.control_id or "",
            sender=received.sent.sender,
            code="ok" if outcomes else "fatal-error",
            issues=found,
            at=received.received_at,
            focus=[(*identity, version) for identity, version in bodies],
        )
        answer = response(told, lambda *version: bodies[version], base=to.settings.base_url)
        return [_parcel(url, received if outcomes else replace(received, once=None), answer)]

    return replace(received, parcels=parcels)


def _parcel(url: str, received: Received, answer: Resource) -> Parcel:
    """Return an answer as what is to be sent; that of a message that was taken is sent once."""
    return Parcel(url, _CONTENT_TYPE, encode(answer), received.once)


def _stored(to: Services) -> Bodies:
    def body(identity: Identity, version: int) -> bytes | None:
        found = to.store.vread(identity, version)
        return found.body if found else None

    return body
