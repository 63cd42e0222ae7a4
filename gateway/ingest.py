"""The way in for messages: bytes → inbox → map → transact → answer. READ THIS FIRST.

Whatever comes in stays. A message that is taken is kept with what it became, in one commit; a message
that is refused is kept with the reasons. Whole or refused, never half and quiet: each message of a batch
by itself, each row of a table by itself. HTTP, MLLP and the command line all come through here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from gateway.access.policy import Caller, may_send
from gateway.errors import (
    Conflict,
    Forbidden,
    GatewayError,
    InvalidResource,
    Issue,
    MappingFailed,
    MultipleMatches,
    Place,
    ResourceNotFound,
    UnsupportedMessage,
    VersionConflict,
)
from gateway.fhir.json import encode
from gateway.fhir.types import Resource
from gateway.formats import edifact, hl7v2
from gateway.formats.detect import detect
from gateway.mapping.findings import Language, say
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import json_messages, run
from gateway.mapping.snapshots import survey
from gateway.services import Services
from gateway.transact import Answer, Operation, Received, Unlisted, operation, receive, record
from gateway.transact.once import once
from gateway.transact.snapshots import Snapshot

_ER7 = "application/hl7-v2+er7"
_NDJSON = "application/x-ndjson"
_SENT_AS = {"hl7v2": _ER7, "edifact": "application/edifact", "csv": "text/csv", "ndjson": _NDJSON}
_LINE_END = re.compile(rb"\r?\n|\r")
_REQUESTING = ("transaction", "batch", "message")  # Bundles that ask for something to be done
_CONTENT = (MappingFailed, InvalidResource, Conflict, MultipleMatches, VersionConflict)  # the sender can mend it: AE


class Made(NamedTuple):
    """A resource that a message made, changed or confirmed."""

    status: str
    type: str
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one message; of a table, what became of a stretch of its rows. `refusal` None: it is stored."""

    received: Received
    issues: Sequence[Issue]
    made: Sequence[Made] = ()
    rows: int = 0  # of a table, how many were taken
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
        """Return why nothing at all was taken; None when something was."""
        refusals = [message.refusal for message in self.messages]
        if all(refusals):
            return refusals[0]
        used = self.format != "csv" or any(message.rows for message in self.messages)
        return None if used else MappingFailed("no row of this table could be used", code="nothing-made")


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
    return door.open(arrival)


def replay(kept: Received, *, caller: Caller, to: Services, language: Language = "en") -> Ingested:
    """Take in a message of the inbox once more, with the mappings of today and its own moments.

    Returns what became of it, which its row (`kept.again`) tells from now on. What is made has the ids that it would
    have had then. Raises what `ingest` raises.
    """
    door = _Door(caller, to, _SENT_AS.get(kept.format), language)
    door.check_provider(kept.provider)
    return door.open(kept)


def acknowledged(data: bytes, *, provider: str, caller: Caller, to: Services) -> bytes:
    """Take in what came over MLLP and return the answer to it. A refusal is an answer too; a bug is raised."""
    try:
        return acknowledgement(ingest(data, provider=provider, content_type=_ER7, caller=caller, to=to), to)
    except GatewayError as error:
        return _acknowledgement(data, error.issues, error, to)


def acknowledgement(ingested: Ingested, to: Services) -> bytes:
    """Return the HL7 v2 answer: an ACK a message, in a batch when there were several.

    AA: stored. AE: read, and refused for what it says. AR: not a message that is taken here, or not now.
    http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading24
    """
    acks = [_acknowledgement(m.received.content, m.issues, m.refusal, to) for m in ingested.messages]
    if len(acks) == 1:
        return acks[0]
    return b"BHS|^~\\&\r" + b"".join(acks) + f"BTS|{len(acks)}\r".encode()


def control(ingested: Ingested, to: Services) -> bytes:
    """Return the EDIFACT answer: a CONTRL for each interchange, which says of each message whether it was taken.

    https://service.gefeg.com/jwg1/ (ISO 9735, part 4)
    """
    answers = [edifact.Answered(m.received.content, m.issues, m.refusal is not None) for m in ingested.messages]
    return edifact.acknowledge(answers, new_id=to.new_id, at=to.clock())


def _acknowledgement(content: bytes, issues: Sequence[Issue], refusal: GatewayError | None, to: Services) -> bytes:
    message = _parsed(content)  # None: the answer then names no MSH-10, for there is none
    code: Literal["AA", "AE", "AR"] = "AA" if refusal is None else "AE" if isinstance(refusal, _CONTENT) else "AR"
    return hl7v2.acknowledge(message, code, issues, control_id=to.new_id()[:20], at=to.clock())


def _messages(arrival: Received, library: Library) -> Iterator[Received]:
    """Yield each message of what arrived, with the id its sender knows it by; for a table that is its digest."""
    if arrival.format == "hl7v2":
        for part in hl7v2.split(arrival.content):
            message = _parsed(part)
            yield replace(arrival, content=part, control_id=message.control_id if message else None)
    elif arrival.format == "edifact":
        for part in edifact.split(arrival.content):
            yield replace(arrival, content=part, control_id=edifact.control_id(part))
    elif arrival.format == "csv":
        yield replace(arrival, control_id=sha256(arrival.content).hexdigest())
    elif arrival.format in {"json", "ndjson"}:
        for found in json_messages(library, arrival.content, ndjson=arrival.format == "ndjson"):
            yield replace(arrival, content=found.content, line=found.line)
    else:
        yield arrival


def _named(message: Received) -> Received:
    """Return a message with the digest of its content, and with what is the same when it is sent again, if known.

    Of an HL7 v2 message that is MSH-10 with who sends it (MSH-3, MSH-4); line ends are no part of its content.
    """
    digest = sha256(_LINE_END.sub(b"\r", message.content).strip()).digest()
    key = None
    if message.control_id and message.format != "csv" and not _is_anew(message):
        key = once(message.provider, message.format, *_sender(message), message.control_id)
    return replace(message, digest=digest, once=key)


def _sender(message: Received) -> tuple[str, str]:
    parsed = _parsed(message.content) if message.format == "hl7v2" else None
    return (parsed.segments[0].raw(3), parsed.segments[0].raw(4)) if parsed else ("", "")


def _parsed(content: bytes) -> hl7v2.Message | None:
    try:
        return hl7v2.parse(content)
    except GatewayError:
        return None


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
            messages = [_named(message) for message in _messages(arrival, self.to.library)]
        except GatewayError as error:
            return Ingested(arrival.format, [self.refuse(arrival, error)])
        every = [replace(message, again=None) if n else message for n, message in enumerate(messages)]
        return Ingested(arrival.format, [taken for message in every for taken in self.take(message)])

    def take(self, arrival: Received) -> Iterator[Taken]:
        """Map one message and store what it becomes; a table becomes a stretch of rows at a time."""
        try:
            every, snapshot = self._mapped(arrival), self._snapshot(arrival)
            if snapshot is not None:
                yield _answered(snapshot.received, snapshot.open(self.caller))
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
        return Snapshot(found, replace(arrival, once=_once_of_table(arrival, "list", self.to)), self.to)

    def _close(self, snapshot: Snapshot, arrival: Received) -> Iterator[Taken]:
        """Close the beds that are listed no longer, some at a time."""
        for beds in snapshot.unlisted():
            part = sha256(" ".join(beds).encode()).hexdigest()
            received = replace(
                snapshot.received,
                content=b"",
                again=None,
                once=_once_of_table(arrival, part, self.to),
                unlisted=Unlisted(tuple(beds), snapshot.at),
            )
            yield _answered(received, receive([], self.caller, self.to, received))

    def refuse(self, received: Received, error: GatewayError) -> Taken:
        """Keep a message that is not taken, with the reasons; one that was taken before is answered as it was then."""
        answer = record(received, error.issues, self.caller, self.to)
        if answer is not None:
            return _answered(received, answer)
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
        )

    def _store(self, arrival: Received, mapped: Mapped, part: str) -> Iterator[Taken]:
        """Store what one message became, with the message, in one commit; or keep the message with the reasons.

        Rows that cannot be stored together are stored one by one: a bad row never costs its neighbours. `part` names
        the stretch of a table that this is.
        """
        received = _received(arrival, mapped, part, self.to)
        try:
            answer = receive(self._operations(mapped), self.caller, self.to, received)
        except _CONTENT as error:
            if mapped.apart is None or not mapped.resources:
                yield self.refuse(received, _about_row(error, mapped.row, self.language))
                return
            for number, row in enumerate(mapped.apart()):
                yield from self._store(arrival, row, f"{part}.{number}")
                arrival = _beyond_first(arrival)
            return
        except GatewayError as error:
            yield self.refuse(received, error)
            return
        yield _answered(received, answer)

    def _operations(self, mapped: Mapped) -> list[Operation]:
        """Return what is to be stored; nothing is fine, unless it is so because everything failed."""
        if mapped.whole is not None and mapped.whole.get("type") in _REQUESTING:
            return self._requested(mapped.whole)
        if not mapped.resources and any(issue.severity in {"fatal", "error"} for issue in mapped.issues):
            raise MappingFailed("nothing of this could be used", code="nothing-made")
        return [operation(resource, method, url) for resource, method, url in mapped.resources]

    def _requested(self, bundle: Resource) -> list[Operation]:
        """Return what the entries of a transaction ask for. UnsupportedMessage, InvalidResource, BadRequest."""
        if bundle["type"] != "transaction":
            raise UnsupportedMessage(f"a Bundle of type {bundle['type']} is not taken as a message; send a transaction")
        issues = self.to.validator.bundle_issues(bundle)
        if any(issue.severity in {"fatal", "error"} for issue in issues):
            raise InvalidResource(issues)
        return [_requested(entry) for entry in bundle.get("entry", [])]


def _is_anew(arrival: Received) -> bool:
    """Return whether a message is to have its effect again, though it was taken before."""
    return arrival.again is not None and arrival.again.anew


def _beyond_first(arrival: Received) -> Received:
    """Return what is stored after the first stretch of it: a table stands in the inbox once."""
    return replace(arrival, content=b"" if arrival.format == "csv" else arrival.content, again=None)


def _answered(received: Received, answer: Answer) -> Taken:
    return Taken(received, answer.issues, [Made(*made) for made in answer.made], rows=answer.rows)


def _once(arrival: Received, mapped: Mapped, part: str, to: Services) -> str | None:
    """Return what is the same when this is sent again; None when the sender has no name for it.

    A table is itself by its content, for a day: what holds today according to it may have to be said again tomorrow. A
    Bundle by its identifier, or by the id of its MessageHeader.
    """
    if arrival.once is not None or _is_anew(arrival):
        return arrival.once
    if arrival.format == "csv":
        return _once_of_table(arrival, part, to)
    if mapped.whole is not None:
        name = _bundle_name(mapped.whole)
    else:
        name = "" if mapped.mapping == "fhir" else mapped.control_id or ""
    return once(arrival.provider, arrival.format, name) if name else None


def _once_of_table(arrival: Received, part: str, to: Services) -> str | None:
    if _is_anew(arrival):
        return None
    zone = ZoneInfo(to.library.provider(arrival.provider).timezone)
    day = arrival.received_at.astimezone(zone).date().isoformat()
    return once(arrival.provider, "csv", arrival.digest.hex(), day, part)


def _digest(arrival: Received, mapped: Mapped) -> bytes:
    """Return the digest of one message; several JSON messages may arrive in one array."""
    root = getattr(mapped.source, "root", None) if arrival.format in {"json", "ndjson"} else None
    return arrival.digest if root is None else sha256(encode(root)).digest()


def _bundle_name(bundle: Resource) -> str:
    """Return what a Bundle is known by, '' where it is nothing; it has not been validated yet."""
    match bundle:
        case {"identifier": {"value": str(value), **others}}:
            return f"{others.get('system', '')}|{value}"
        case {"entry": [{"resource": {"resourceType": "MessageHeader", "id": str(id_)}}, *_]}:
            return id_
    return ""


def _received(arrival: Received, mapped: Mapped, part: str, to: Services) -> Received:
    """Return the inbox's row of a message that was mapped."""
    return replace(
        arrival,
        control_id=mapped.control_id or arrival.control_id,
        once=_once(arrival, mapped, part, to),
        digest=_digest(arrival, mapped),
        stay=mapped.stay,
        number=mapped.number,
        rows=mapped.rows,
        event_time=mapped.event_time,
        mapping=mapped.mapping,
        result=tuple(mapped.issues),
    )


def _about_row(error: GatewayError, row: Place | None, language: Language) -> GatewayError:
    """Return an error about what a row became, with the place of that row."""
    if row is None or any(issue.place for issue in error.issues):
        return error
    placed = [replace(issue, place=issue.place or row) for issue in error.issues]
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
