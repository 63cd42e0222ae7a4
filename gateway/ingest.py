"""The way in for messages: bytes → inbox → map → transact → answer. READ THIS FIRST.

Whatever comes in stays. A message that is taken is kept with what it became, in one commit; a message
that is refused is kept with the reasons. Whole or refused, never half and quiet: each message of a batch
by itself, each row of a list by itself. HTTP, MLLP and the command line all come through here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gateway.access.policy import Caller, may_send
from gateway.errors import (
    Conflict,
    Forbidden,
    GatewayError,
    InvalidResource,
    Issue,
    MappingFailed,
    MultipleMatches,
    VersionConflict,
)
from gateway.formats import hl7v2
from gateway.formats.detect import detect
from gateway.mapping.run import Mapped, run
from gateway.services import Services
from gateway.transact import Outcome, Received, operation, record, transact

_ER7 = "application/hl7-v2+er7"
_CONTENT = (MappingFailed, InvalidResource, Conflict, MultipleMatches, VersionConflict)  # what the sender can mend: AE


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one message; of a list, what became of a stretch of its rows. `refusal` None: it is stored."""

    received: Received
    issues: Sequence[Issue]
    outcomes: Sequence[Outcome] = ()
    refusal: GatewayError | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of everything that came in together."""

    format: str
    messages: Sequence[Taken]

    @property
    def issues(self) -> list[Issue]:
        """Return the findings on all messages."""
        return [issue for message in self.messages for issue in message.issues]

    @property
    def refusal(self) -> GatewayError | None:
        """Return why nothing was taken, None when something was."""
        refusals = [message.refusal for message in self.messages]
        return refusals[0] if all(refusals) else None


def ingest(data: bytes, *, provider: str, content_type: str | None, caller: Caller, to: Services) -> Ingested:
    """Take in every message of `data`, each whole or not at all, and return what became of each.

    Raises what does not concern the message itself: ResourceNotFound for an unknown provider, Forbidden,
    Unavailable. Everything else is in what is returned, and in the inbox.
    """
    to.library.provider(provider)
    if not may_send(caller, provider):
        raise Forbidden("this caller may not send messages under this provider's name")
    arrival = Received(provider, "unknown", data, received_at=to.clock())
    try:
        arrival = replace(arrival, format=detect(data, content_type))
        parts = list(hl7v2.split(data)) if arrival.format == "hl7v2" else [data]
    except GatewayError as error:
        return Ingested(arrival.format, [_refuse(arrival, error, caller, to)])
    messages = (replace(arrival, content=part) for part in parts)
    return Ingested(arrival.format, [taken for message in messages for taken in _take(message, caller, to)])


def acknowledged(data: bytes, *, provider: str, caller: Caller, to: Services) -> bytes:
    """Take in what came over MLLP and return the answer. Every refusal is an acknowledgement; a bug is raised."""
    try:
        return acknowledgement(ingest(data, provider=provider, content_type=_ER7, caller=caller, to=to), to)
    except GatewayError as error:
        return _acknowledgement(data, error.issues, error, to)


def acknowledgement(ingested: Ingested, to: Services) -> bytes:
    """Return the HL7 v2 answer: an ACK a message, in a batch when there were several.

    AA: stored. AE: read, and refused for what it says. AR: not a message that is taken here.
    http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading24
    """
    acks = [_acknowledgement(m.received.content, m.issues, m.refusal, to) for m in ingested.messages]
    if len(acks) == 1:
        return acks[0]
    return b"BHS|^~\\&\r" + b"".join(acks) + f"BTS|{len(acks)}\r".encode()


def _take(arrival: Received, caller: Caller, to: Services) -> Iterator[Taken]:
    """Map one message and store what it becomes; a list becomes a stretch of rows at a time."""
    mapped = run(to.library, arrival.content, provider=arrival.provider, received_at=arrival.received_at)
    try:
        for one in mapped:
            yield _store(arrival, one, caller, to)
    except GatewayError as error:
        yield _refuse(arrival, error, caller, to)


def _store(arrival: Received, mapped: Mapped, caller: Caller, to: Services) -> Taken:
    """Store what one message became, with the message, in one commit; or keep the message with the reasons."""
    received = replace(
        arrival,
        control_id=mapped.control_id,
        event_time=mapped.event_time,
        mapping=mapped.mapping,
        result=tuple(mapped.issues),
    )
    if not mapped.resources:
        return _refuse(received, MappingFailed(mapped.issues or "the mapping made nothing of this message"), caller, to)
    try:
        operations = [operation(resource, method, url) for resource, method, url in mapped.resources]
        outcomes = transact(operations, caller, to, received=received)
    except GatewayError as error:
        return _refuse(received, error, caller, to)
    return Taken(received, [*mapped.issues, *(issue for outcome in outcomes for issue in outcome.issues)], outcomes)


def _refuse(received: Received, error: GatewayError, caller: Caller, to: Services) -> Taken:
    record(received, error.issues, caller, to)
    return Taken(received, [*received.result, *error.issues], refusal=error)


def _acknowledgement(content: bytes, issues: Sequence[Issue], refusal: GatewayError | None, to: Services) -> bytes:
    try:
        message = hl7v2.parse(content)
    except GatewayError:
        message = None  # the answer then names no MSH-10: there is none
    code: Literal["AA", "AE", "AR"] = "AA" if refusal is None else "AE" if isinstance(refusal, _CONTENT) else "AR"
    return hl7v2.acknowledge(message, code, issues, control_id=to.new_id()[:20], at=to.clock())
