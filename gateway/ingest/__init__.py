"""The way in for messages: bytes → inbox → map → transact → answer. READ THIS FIRST.

Whatever comes in stays. A message that is taken is kept with what it became, in one commit; a message
that is refused is kept with the reasons. Whole or refused, never half and quiet: each message of a batch
by itself, each row of a table by itself. HTTP, MLLP and the command line all come through here.

`names` tells by what a message is recognised when it comes again, `taken` what became of it, and
`acknowledgements` answers in HL7 v2 and EDIFACT.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from gateway import messaging
from gateway.access.policy import Caller, may_send
from gateway.errors import (
    Forbidden,
    GatewayError,
    InvalidResource,
    Issue,
    MappingFailed,
    ResourceNotFound,
    TooLarge,
    Unavailable,
    UnsupportedMessage,
)
from gateway.fhir.bundle import MAX_ENTRIES
from gateway.fhir.types import Resource
from gateway.formats import edifact, hl7v2
from gateway.formats.detect import detect
from gateway.ingest.acknowledgements import acknowledge, acknowledgement, control
from gateway.ingest.names import mapped_as, named, once_of_table, parsed, with_fields
from gateway.ingest.origins import with_places
from gateway.ingest.taken import CONTENT, Ingested, Made, Taken, answered
from gateway.mapping.findings import Language, say
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import json_messages, run
from gateway.mapping.snapshots import survey
from gateway.services import Services
from gateway.telemetry import current
from gateway.transact import Operation, Received, Unlisted, operation, receive, record
from gateway.transact.snapshots import Snapshot

__all__ = ["Ingested", "Made", "Taken", "acknowledged", "acknowledgement", "control", "ingest", "replay"]

_ER7 = "application/hl7-v2+er7"
_NDJSON = "application/x-ndjson"
_SENT_AS = {"hl7v2": _ER7, "edifact": "application/edifact", "csv": "text/csv", "ndjson": _NDJSON}
_REQUESTING = ("transaction", "batch", "message")  # Bundles that ask for something to be done


def ingest(
    data: bytes, *, provider: str, content_type: str | None, caller: Caller, to: Services, language: Language = "en"
) -> Ingested:
    """Take in every message of `data`, each whole or not at all, and return what became of each.

    Raises what does not concern the message itself: ResourceNotFound for an unknown provider, Forbidden,
    Unavailable. Everything else is in what is returned, and in the inbox. `language` is that of the findings.
    """
    door = _Door(caller, to, content_type, language)
    door.check_provider(provider)
    arrival = Received(provider, "unknown", data, received_at=to.clock())
    return _counted(door.open(arrival), provider, to)


def replay(kept: Received, *, caller: Caller, to: Services, language: Language = "en") -> Ingested:
    """Take in a message of the inbox once more, with the mappings of today and its own moments.

    Returns what became of it, which its row (`kept.again`) tells from now on. What is made has the ids that it would
    have had then. Raises what `ingest` raises.
    """
    if kept.format == messaging.MESSAGE:
        return _counted(_replayed(messaging.replay(kept, caller, to)), kept.provider, to)
    door = _Door(caller, to, _SENT_AS.get(kept.format), language)
    door.check_provider(kept.provider)
    return _counted(door.open(kept), kept.provider, to)


def _replayed(message: messaging.Processed) -> Ingested:
    """Return what became of a FHIR message that was taken again."""
    made = [Made(*one) for one in message.made]
    return Ingested(messaging.MESSAGE, [Taken(message.received, message.told.issues, made, refusal=message.refusal)])


def acknowledged(data: bytes, *, provider: str, caller: Caller, to: Services) -> bytes:
    """Take in what came over MLLP and return the answer to it. A refusal is an answer too; a bug is raised."""
    try:
        return acknowledgement(ingest(data, provider=provider, content_type=_ER7, caller=caller, to=to), to)
    except GatewayError as error:
        return acknowledge(data, error.issues, error, to)


def _counted(ingested: Ingested, provider: str, to: Services) -> Ingested:
    """Return what was taken in, counted: a table as one message."""
    refusals = [ingested.refusal] if ingested.format == "csv" else [taken.refusal for taken in ingested.messages]
    for refusal in refusals:
        to.metrics.taken(provider, ingested.format, "refused" if refusal else "accepted")
    refused = sum(refusal is not None for refusal in refusals)
    current().note(
        {
            "gateway.provider": provider,
            "gateway.format": ingested.format,
            "gateway.outcome": "refused" if refused else "accepted",
            "gateway.messages": len(refusals),
            "gateway.messages.refused": refused,
        }
    )
    return ingested


def _messages(arrival: Received, library: Library) -> Iterator[Received]:
    """Yield each message of what arrived, with the id its sender knows it by; for a table that is its digest."""
    if arrival.format == "hl7v2":
        for part in hl7v2.split(arrival.content):
            message = parsed(part)
            yield replace(arrival, content=part, control_id=message.control_id if message else None)
    elif arrival.format == "edifact":
        for part in edifact.split(arrival.content):
            yield replace(arrival, content=part, control_id=edifact.control_id(part))
    elif arrival.format == "csv":
        yield replace(arrival, control_id=sha256(arrival.content).hexdigest())
    elif arrival.format in {"json", "ndjson"}:
        for found in json_messages(library, arrival.content, ndjson=arrival.format == "ndjson"):
            yield replace(arrival, content=found.content, line=found.line, of_array=arrival.of_array or found.of_array)
    else:
        yield arrival


@dataclass(frozen=True, slots=True)
class _Door:
    """On whose behalf, with what, and in which language messages are taken in."""

    caller: Caller
    to: Services
    content_type: str | None
    language: Language

    def check_provider(self, provider: str) -> None:
        """Raise Forbidden when the caller may not send as this provider, ResourceNotFound when there is none such."""
        if not may_send(self.caller, provider):
            raise Forbidden("this caller may not send messages under this provider's name")
        try:
            self.to.library.provider(provider)
        except UnsupportedMessage as error:
            raise ResourceNotFound(error.issues) from error

    def open(self, arrival: Received) -> Ingested:
        """Take in every message of what arrived; the row of what arrives again is that of the first."""
        try:
            arrival = replace(arrival, format=detect(arrival.content, self.content_type))
            messages = [named(message) for message in _messages(arrival, self.to.library)]
        except GatewayError as error:
            return Ingested(arrival.format, [self.refuse(arrival, error)])
        every = [replace(message, again=None) if n else message for n, message in enumerate(messages)]
        return Ingested(arrival.format, [taken for message in every for taken in self.take(message)])

    def take(self, arrival: Received) -> Iterator[Taken]:
        """Map one message and store what it becomes; a table becomes a stretch of rows at a time."""
        try:
            every, snapshot = self._mapped(arrival), self._snapshot(arrival)
            if snapshot is not None:
                yield answered(snapshot.received, snapshot.open(self.caller))
                arrival = _beyond_first(arrival)
            for number, mapped in enumerate(every):
                for taken in self._store(arrival, mapped, str(number)):
                    yield taken
                    arrival = _beyond_first(arrival)
            if snapshot is not None:
                yield from self._close(snapshot, arrival)
        except GatewayError as error:
            yield self.refuse(arrival, error)

    def _snapshot(self, arrival: Received) -> Snapshot | None:
        """Return the list of all beds that a table is, None for any other message. MappingFailed for half a list."""
        if arrival.format != "csv":
            return None
        library, at = self.to.library, arrival.received_at
        found = survey(library, arrival.content, provider=arrival.provider, received_at=at)
        if found is None:
            return None
        return Snapshot(found, replace(arrival, once=once_of_table(arrival, "list", self.to)), self.to)

    def _close(self, snapshot: Snapshot, arrival: Received) -> Iterator[Taken]:
        """Close the beds that are listed no longer, some at a time."""
        for beds in snapshot.unlisted():
            part = sha256(" ".join(beds).encode()).hexdigest()
            received = replace(
                snapshot.received,
                content=b"",
                again=None,
                once=once_of_table(arrival, part, self.to),
                unlisted=Unlisted(tuple(beds), snapshot.at),
            )
            yield answered(received, receive([], self.caller, self.to, received))

    def refuse(self, received: Received, error: GatewayError) -> Taken:
        """Keep a message that is not taken, with the reasons; one that was taken before is answered as it was then.

        Raises Unavailable when that is the reason: nothing can be kept now, and its sender is told to come back.
        """
        if isinstance(error, Unavailable):
            raise error
        received = with_fields(received, error)
        answer = record(received, error.issues, self.caller, self.to)
        if answer is not None:
            return answered(received, answer)
        return Taken(received, [*received.result, *error.issues], refusal=error)

    def _mapped(self, arrival: Received) -> Iterator[Mapped]:
        return run(
            self.to.library,
            arrival.content,
            provider=arrival.provider,
            content_type=_NDJSON if arrival.format == "ndjson" else self.content_type,
            received_at=arrival.received_at,
            language=self.language,
            line=arrival.line,
            of_array=arrival.of_array,
        )

    def _store(self, arrival: Received, mapped: Mapped, part: str) -> Iterator[Taken]:
        """Store what one message became, with the message, in one commit; or keep the message with the reasons.

        Rows that cannot be stored together are stored one by one: a bad row never costs its neighbours. `part` names
        the stretch of a table that this is.
        """
        received = mapped_as(arrival, mapped, part, self.to)
        try:
            answer = receive(self._operations(mapped), self.caller, self.to, received)
        except CONTENT as error:
            if mapped.apart is None or not mapped.resources:
                yield self.refuse(received, _about(error, mapped, self.language))
                return
            for number, row in enumerate(mapped.apart()):
                yield from self._store(arrival, row, f"{part}.{number}")
                arrival = _beyond_first(arrival)
            return
        except GatewayError as error:
            yield self.refuse(received, error)
            return
        yield answered(received, answer)

    def _operations(self, mapped: Mapped) -> list[Operation]:
        """Return what is to be stored; nothing is fine, unless it is so because everything failed."""
        if mapped.whole is not None and mapped.whole.get("type") in _REQUESTING:
            return self._requested(mapped.whole)
        if not mapped.resources and any(issue.severity in {"fatal", "error"} for issue in mapped.issues):
            raise MappingFailed("nothing of this could be used", code="nothing-made")
        return [operation(resource, method, url) for resource, method, url in mapped.resources]

    def _requested(self, bundle: Resource) -> list[Operation]:
        """Return what entries of a transaction ask for. BadRequest, InvalidResource, TooLarge, UnsupportedMessage."""
        if bundle["type"] == "message":
            raise UnsupportedMessage("a Bundle of type message is not taken here; post it to $process-message")
        if bundle["type"] != "transaction":
            raise UnsupportedMessage(f"a Bundle of type {bundle['type']} is not taken as a message; send a transaction")
        if len(bundle.get("entry", ())) > MAX_ENTRIES:
            raise TooLarge(f"a Bundle holds at most {MAX_ENTRIES} entries", expression="Bundle.entry")
        issues = self.to.validator.bundle_issues(bundle)
        if any(issue.severity in {"fatal", "error"} for issue in issues):
            raise InvalidResource(issues)
        return [_requested(entry) for entry in bundle.get("entry", [])]


def _beyond_first(arrival: Received) -> Received:
    """Return what is stored after the first stretch of it: a table stands in the inbox once."""
    return replace(arrival, content=b"" if arrival.format == "csv" else arrival.content, again=None)


def _about(error: GatewayError, mapped: Mapped, language: Language) -> GatewayError:
    """Return an error about what a message or row became, with the places in it."""
    if any(issue.place for issue in error.issues):
        return error
    placed, row = with_places(error.issues, mapped), mapped.row
    if row is None:
        return type(error)(placed)
    placed = [replace(issue, place=issue.place or row) for issue in placed]
    return type(error)([*placed, Issue("row-quarantined", say("quarantined", language), place=row)])


def _requested(entry: Resource) -> Operation:
    request = entry["request"]
    return operation(
        entry.get("resource"),
        request["method"],
        request["url"],
        full_url=entry.get("fullUrl"),
        if_match=request.get("ifMatch"),
        if_none_exist=request.get("ifNoneExist"),
    )
