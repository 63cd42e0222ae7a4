"""What a message asks, of whom and about what: read from its MessageHeader, every problem with its place.

https://hl7.org/fhir/R4/messageheader.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.errors import BadRequest, InvalidResource, Issue, TooLarge, UnsupportedMessage
from gateway.fhir import reference
from gateway.fhir.datetime import read as read_moment
from gateway.fhir.types import Resource
from gateway.messaging.entries import Entries
from gateway.messaging.events import CONTENT, EVENTS, NAMED_ONLY, REASONS, Event, find
from gateway.store.records import moment

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.services import Services

MAX_ENTRIES = 1000

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_URN = "urn:uuid:"
HEADER = "Bundle.entry[0].resource"
"""Where the MessageHeader stands."""

_UNNAMED = (
    "a message is known by MessageHeader.id (or by the urn:uuid that is its fullUrl), and its answer names it: "
    "this has none"
)
_EVENT = "no message of this event is taken here; taken are {}"
_REASON = "MessageHeader.reason is {} of {}; a cancellation is an update whose focus says so by its status"
_FOCUS = "a message of this event has one focus, a {}, and this has {}"
_NOT_IN_IT = "no entry of this message is what this focus names"
_OTHER_FOCUS = "the focus of this event is a {}, and this is a {}"
_RESPONSE = "this is the answer to a message, and no answer is waited for here"
_CONTENT = "a {} is not taken in a message; taken are {}"
_DESTINATION = "this gateway does not take messages for this endpoint{}"
_ANOTHER = "this is the definition of messages of another event; that of this event is {}"
_UNCHECKED = "this definition is not known here, so the message is not held against it"
_NO_RESOURCE = "an entry of a message is a resource"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that has been read. `focus` are the numbers of the entries that it is about.

    `name` is what its sender knows it by, `identifier` what its Bundle is known by; `sender` is a digest of who sends
    it from where; `moment` is when it was so, and `said_at` where that stands. `warnings` concern the message as a
    whole.
    """

    bundle: Resource
    event: Event
    name: str
    identifier: str | None
    sender: str
    moment: datetime | None
    said_at: str
    focus: Sequence[int]
    repeats: bool
    warnings: Sequence[Issue]

    @property
    def header(self) -> Resource:
        """Return the MessageHeader."""
        found: Resource = self.entries[0]["resource"]
        return found

    @property
    def entries(self) -> list[Resource]:
        """Return the entries of the Bundle."""
        found: list[Resource] = self.bundle["entry"]
        return found


def check_is_message(bundle: Resource) -> None:
    """Raise BadRequest for anything but a Bundle of type message whose first entry is a MessageHeader.

    TooLarge for one with more entries than are taken.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "message":
        raise BadRequest("$process-message takes a Bundle of type message", expression="Bundle.type")
    if header(bundle) is None:
        raise BadRequest("bdl-12: the first resource of a message is a MessageHeader", expression=HEADER)
    if len(bundle["entry"]) > MAX_ENTRIES:
        raise TooLarge(f"a message holds at most {MAX_ENTRIES} entries", expression="Bundle.entry")


def header(bundle: Resource) -> Resource | None:
    """Return the MessageHeader of a Bundle that need not be right, None when it has none."""
    match bundle:
        case {"entry": [{"resource": {"resourceType": "MessageHeader", **_others} as head}, *_]}:
            found: Resource = head
            return found
    return None


def name(bundle: Resource) -> str | None:
    """Return what a message that need not be right is known by to its sender; None when that cannot be told."""
    match bundle:
        case {"entry": [{"resource": {"id": str(id_)}}, *_]} if _ID.fullmatch(id_):
            return id_
        case {"entry": [{"fullUrl": str(url)}, *_]}:
            tail = url.removeprefix(_URN) if url.startswith(_URN) else reference.parse(url).id or ""
            return tail if _ID.fullmatch(tail) else None
    return None


def sender(organisation: str, bundle: Resource) -> str:
    """Return who sends a message from where, as a digest: the organisation of the client, and the source it names."""
    return sha256(f"{organisation}\x1f{endpoint(bundle)}".encode(errors="replace")).hexdigest()


def endpoint(bundle: Resource) -> str | None:
    """Return where a message that need not be right says that it comes from."""
    source = (header(bundle) or {}).get("source")
    found = source.get("endpoint") if isinstance(source, dict) else None
    return found if isinstance(found, str) and found else None


def read(bundle: Resource, organisation: str, to: Services) -> Message:
    """Return what a message asks.

    Raises UnsupportedMessage for an event that is not taken, InvalidResource with everything else that is wrong.
    """
    event, found = _event(bundle), name(bundle)
    issues = to.validator.bundle_issues(bundle)
    if _has_errors(issues):
        raise InvalidResource(issues)
    focus, repeats = _focus(bundle, event), _repeats(bundle, event)
    problems = [
        *_unnamed(found),
        *focus.problems,
        *(issue for number in focus.found for issue in _profiled(bundle, number, event, to)),
        *repeats.problems,
        *_definition(bundle, event),
        *_contents(bundle),
        *_destinations(bundle, to),
    ]
    if _has_errors(problems):
        raise InvalidResource(problems)
    assert found is not None
    said_at, at = _moment(bundle)
    return Message(
        bundle=bundle,
        event=event,
        name=found,
        identifier=_identifier(bundle),
        sender=sender(organisation, bundle),
        moment=at,
        said_at=said_at,
        focus=focus.found,
        repeats=repeats.found,
        warnings=[*(issue for issue in issues if not _is_of_resource(issue)), *problems],
    )


@dataclass(frozen=True, slots=True)
class _Focus:
    found: Sequence[int]
    problems: Sequence[Issue]


@dataclass(frozen=True, slots=True)
class _Repeats:
    found: bool
    problems: Sequence[Issue] = ()


def _has_errors(issues: Sequence[Issue]) -> bool:
    return any(issue.severity in {"fatal", "error"} for issue in issues)


def _is_of_resource(issue: Issue) -> bool:
    """Return whether a finding is about a resource in the message, which is validated again where it goes in."""
    return ".resource" in (issue.expression or "")


def _event(bundle: Resource) -> Event:
    coding = (header(bundle) or {}).get("eventCoding")
    said = (str(coding.get("system")), str(coding.get("code"))) if isinstance(coding, dict) else ("", "")
    event = find(*said)
    if event is None:
        text = _EVENT.format(", ".join(str(one) for one in EVENTS))
        raise UnsupportedMessage([Issue("event-unknown", text, expression=f"{HEADER}.event")])
    return event


def _unnamed(found: str | None) -> Iterator[Issue]:
    if found is None:
        yield Issue("message-unnamed", _UNNAMED, expression=f"{HEADER}.id")


def _repeats(bundle: Resource, event: Event) -> _Repeats:
    """Return whether a message says that its focus was told before."""
    if event.reasons is None:
        return _Repeats(found=False)
    codings = (header(bundle) or {}).get("reason", {}).get("coding", [])
    said = [c.get("code") for c in codings if c.get("system") == event.reasons]
    if len(said) == 1 and said[0] in REASONS:
        return _Repeats(REASONS[said[0]])
    text = _REASON.format(" or ".join(REASONS), event.reasons)
    return _Repeats(found=False, problems=[Issue("reason-unknown", text, expression=f"{HEADER}.reason")])


def _focus(bundle: Resource, event: Event) -> _Focus:
    head, found, problems = header(bundle) or {}, list[int](), list[Issue]()
    if "response" in head:
        problems.append(Issue("event-unknown", _RESPONSE, expression=f"{HEADER}.response"))
    named, entries = head.get("focus", []), Entries(bundle["entry"])
    if len(named) != 1:
        text = _FOCUS.format(event.focus, len(named))
        problems.append(Issue("focus-missing", text, expression=f"{HEADER}.focus"))
    for at, one in enumerate(named):
        place, number = f"{HEADER}.focus[{at}]", entries.named(one.get("reference", ""), 0)
        if number is None:
            problems.append(Issue("focus-missing", _NOT_IN_IT, expression=place))
        elif (kind := bundle["entry"][number].get("resource", {}).get("resourceType")) != event.focus:
            problems.append(Issue("focus-missing", _OTHER_FOCUS.format(event.focus, kind), expression=place))
        else:
            found.append(number)
    return _Focus(found, problems)


def _profiled(bundle: Resource, number: int, event: Event, to: Services) -> Iterator[Issue]:
    """Yield what is wrong with a focus by the profile of its event, whether it claims that or not."""
    resource = bundle["entry"][number]["resource"]
    for issue in to.validator.issues(resource, [event.profile]) if event.profile else ():
        if issue.severity in {"fatal", "error"}:
            _, dot, below = (issue.expression or "").partition(".")
            yield replace(issue, expression=f"Bundle.entry[{number}].resource{dot}{below}")


def _definition(bundle: Resource, event: Event) -> Iterator[Issue]:
    """Yield that a message is of another definition than its event, or of one that is not known here."""
    said = str((header(bundle) or {}).get("definition", event.url)).partition("|")[0]
    if said in {other.url for other in EVENTS} - {event.url}:
        yield Issue("definition-mismatch", _ANOTHER.format(event.url), expression=f"{HEADER}.definition")
    elif said != event.url:
        yield Issue("profile-unknown", _UNCHECKED, "information", f"{HEADER}.definition")


def _contents(bundle: Resource) -> Iterator[Issue]:
    for at, entry in enumerate(bundle["entry"]):
        if "resource" not in entry:
            yield Issue("missing-element", _NO_RESOURCE, expression=f"Bundle.entry[{at}].resource")
        elif at and (kind := entry["resource"]["resourceType"]) not in CONTENT | NAMED_ONLY:
            text = _CONTENT.format(kind, ", ".join(sorted(CONTENT | NAMED_ONLY)))
            yield Issue("content-not-taken", text, expression=f"Bundle.entry[{at}].resource")


def _destinations(bundle: Resource, to: Services) -> Iterator[Issue]:
    """Yield that a message is for others: an error where it is set whom messages are taken for, else told."""
    base, taken = to.settings.base_url, to.settings.message_destinations
    ours = {base, f"{base}/", f"{base}/$process-message", *taken}
    for at, one in enumerate((header(bundle) or {}).get("destination", [])):
        if one.get("endpoint") not in ours:
            place = f"{HEADER}.destination[{at}].endpoint"
            if taken:
                text = _DESTINATION.format(f"; it does for {', '.join([base, *taken])}")
                yield Issue("wrong-destination", text, expression=place)
            else:
                text = _DESTINATION.format(" and does not pass them on: what it says is stored here")
                yield Issue("wrong-destination", text, "information", place)


def _identifier(bundle: Resource) -> str | None:
    match bundle:
        case {"identifier": {"value": str(value), **others}}:
            return f"{others.get('system', '')}|{value}"
    return None


def _moment(bundle: Resource) -> tuple[str, datetime | None]:
    """Return where a message says when it was made, and when: the Bundle, the MessageHeader's meta, or its own meta."""
    head = header(bundle) or {}
    said = {
        "Bundle.timestamp": bundle.get("timestamp"),
        f"{HEADER}.meta.lastUpdated": head.get("meta", {}).get("lastUpdated"),
        "Bundle.meta.lastUpdated": bundle.get("meta", {}).get("lastUpdated"),
    }
    place, text = next(((place, text) for place, text in said.items() if text), ("Bundle", None))
    found = read_moment(text) if text else None
    return place, moment(found.low) if found else None
