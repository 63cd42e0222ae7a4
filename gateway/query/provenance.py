"""From which messages a resource came: a Provenance for each message that made, changed or confirmed it.

Nothing of it is stored: which message made which version stands in the store, and where each element was read follows
from running the traced program over the message as it was kept. An element of which the stored version says something
else than the message does (or than its mapping makes of it today) is said to be so and has no places.
https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gateway.access.policy import Caller, may_read
from gateway.access.sealing import row_name
from gateway.errors import Forbidden, GatewayError, ResourceNotFound, Unavailable
from gateway.fhir.datetime import format_instant
from gateway.fhir.freshness import bare
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.mapping.run import run
from gateway.query import kept
from gateway.query.audit import note
from gateway.query.present import is_readable
from gateway.store import inbox
from gateway.store.audited import about
from gateway.store.inbox import API, MESSAGE
from gateway.store.records import Identity, Stored, moment

if TYPE_CHECKING:
    from gateway.mapping.mapped import Mapped
    from gateway.mapping.overlays import Overlay
    from gateway.mapping.trace import Entry
    from gateway.services import Services

_BASE = "https://msb-gateway.example/fhir/"
_PROFILE = _BASE + "StructureDefinition/gateway-provenance"
_ELEMENT_SOURCE = _BASE + "StructureDefinition/element-source"
_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_URA = "http://fhir.nl/fhir/NamingSystem/ura"

_TYPES = {"csv": "text/csv", "json": "application/json", "ndjson": "application/x-ndjson"}

_LINKS = """
select i.id, i.provider, i.format, i.control_id, i.event_time, i.received_at, i.mapping, l.version, c.type, c.id, l.key
from inbox_resource l join current c on c.key = l.key join inbox i on i.id = l.inbox
where c.type = ? and c.id = ? order by i.id desc limit ?"""
_FIRST = """
select min(l.inbox) from inbox_resource l join current c on c.key = l.key
where c.type = ? and c.id = ? and l.version = ?"""
_LATE = "select id, event_time from late where key = ? and version = ? order by id"

GONE = "the content of the message is not kept any more"
UNREADABLE = "the message cannot be taken as it was: its content is sealed, or its mapping has changed"
NOT_MADE = "the message does not name it: it follows from what was known, or today's mapping makes no such resource"
ASKED = "a client of the FHIR API asked for it, as it is stored"
SAID = "a FHIR message says it, and what is stored is that, with the references that it has here"
_CLIENTS = {API: ASKED, MESSAGE: SAID}


class Link(NamedTuple):
    """That a message made or confirmed a version of a resource, which has a key."""

    inbox: int
    provider: str
    format: str
    control_id: str | None
    event_time: int | None
    received_at: int
    mapping: str | None
    version: int
    type: str
    id: str
    key: int

    @property
    def identity(self) -> Identity:
        """Return the resource."""
        return Identity(self.type, self.id)


class _Traced(NamedTuple):
    """What a message says of a resource today; `absent` says why that is not known."""

    entries: Sequence[Entry] = ()
    mapped: Mapped | None = None
    same: bool = False
    absent: str | None = None


def provenance(resource_type: str, id_: str, caller: Caller, to: Services, *, count: int = 10) -> Resource:
    """Return a collection Bundle of Provenance, of the newest `count` messages, newest first.

    Raises Forbidden, ResourceNotFound, Unavailable. A resource that no message made has none: the Bundle is empty.
    """
    for type_ in (resource_type, "Provenance"):
        if not may_read(caller, type_):
            raise Forbidden(f"this caller may not read {type_}")
    identity = Identity(resource_type, id_)
    found = to.store.read(identity) if is_readable(identity, caller, to) else None
    if found is None:
        raise ResourceNotFound(f"there is no such {resource_type}")
    with to.store.reading() as db:
        links = [Link(*row) for row in db.rows(_LINKS, (*identity, count))]
    seen = [f"{resource_type}/{id_}/_history/{link.version}" for link in links]
    note(to, caller, "provenance", seen, about=about([found]))
    entries = [{"fullUrl": _name(identity, link), "resource": told(link, to)} for link in links]
    return {"resourceType": "Bundle", "type": "collection"} | ({"entry": entries} if entries else {})


def _name(identity: Identity, link: Link) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{_BASE}{identity.type}/{identity.id}/{link.inbox}')}"


def told(link: Link, to: Services, *, id_: str | None = None) -> Resource:
    """Return the Provenance of one message and what it made, with an id if it is to have one. Raises Unavailable."""
    identity, is_first = link.identity, _is_first(link, to)
    stored = to.store.vread(identity, link.version, 0 if is_first else _late(link, to))
    traced = _traced(identity, link, stored, to)
    version = stored.version_id if stored else str(link.version)
    made: Resource = {
        "resourceType": "Provenance",
        **({"id": id_} if id_ else {}),
        "meta": {"profile": [_PROFILE]},
        "target": [{"reference": f"{identity.type}/{identity.id}/_history/{version}", "type": identity.type}],
    }
    if link.event_time is not None:
        made["occurredDateTime"] = format_instant(moment(link.event_time))
    made["recorded"] = format_instant(moment(link.received_at))
    made["activity"] = _activity(link, stored, is_first=is_first)
    made["agent"] = list(_agents(link, traced, to))
    made["entity"] = [_entity(identity, link, traced)]
    return made


def _is_first(link: Link, to: Services) -> bool:
    """Return whether the message made the version, rather than saying it again or something older."""
    with to.store.reading(snapshot=False) as db:
        ((first,),) = db.rows(_FIRST, (*link.identity, link.version))
    return bool(first == link.inbox)


def _late(link: Link, to: Services) -> int:
    """Return what the message said of the resource too late, 0 when it said nothing of the kind.

    It is known by its moment; the rows of a table have each their own, so it is then known by what was made of them.
    """
    with to.store.reading(snapshot=False) as db:
        rows = [(int(id_), at) for id_, at in db.rows(_LATE, (link.key, link.version))]
    if link.event_time is None:
        return next((id_ for id_, _ in rows if _traced(link.identity, link, _said(link, id_, to), to).same), 0)
    return next((id_ for id_, at in rows if at == link.event_time), 0)


def _said(link: Link, late: int, to: Services) -> Stored | None:
    return to.store.vread(link.identity, link.version, late)


def _activity(link: Link, stored: Stored | None, *, is_first: bool) -> Resource:
    """Return what the message did: made the resource, changed it, said again what was known, or came too late."""
    if stored and stored.late:
        return {"text": "superseded: the message says what was so before, and something newer was known already"}
    if not is_first:
        return {"text": "confirmed: the message says what was known already"}
    code, display = ("CREATE", "create") if link.version == 1 else ("UPDATE", "revise")
    return {"coding": [{"system": _OPERATION, "code": code, "display": display}]}


# ---- who


def _agents(link: Link, traced: _Traced, to: Services) -> Iterator[Resource]:
    """Yield the provider, and the map that made resources of its message."""
    is_client = link.format in _CLIENTS  # known by its organisation, and not as a provider
    who = {"type": "Organization", "display": link.provider} if is_client else provider(link.provider, to)
    yield {"type": _participant("author", "Author"), "who": who}
    if link.mapping is not None:
        yield {"type": _participant("assembler", "Assembler"), "who": _map(link, traced, to)}


def _participant(code: str, display: str) -> Resource:
    return {"coding": [{"system": _PARTICIPANT, "code": code, "display": display}]}


def provider(name: str, to: Services) -> Resource:
    """Return the reference to a provider: by its number, where its overlay says that, else by its name here."""
    overlay = _overlay(name, to)
    organisation = (overlay.values.get("organisation") if overlay else None) or {}
    identifier = {"system": _BASE + "NamingSystem/provider", "value": name}
    if organisation.get("ura"):
        identifier = {"system": _URA, "value": str(organisation["ura"])}
    return {"type": "Organization", "identifier": identifier, "display": str(organisation.get("name", name))}


def _overlay(name: str, to: Services) -> Overlay | None:
    try:
        return to.library.provider(name)
    except GatewayError:  # not a provider any more
        return None


def _map(link: Link, traced: _Traced, to: Services) -> Resource:
    """Return the map as software: with its version, where that is known to make what is stored."""
    display = str(link.mapping)
    url = next((m.url for m in to.library.mappings if m.name == link.mapping), None)
    if traced.mapped is not None and traced.same:
        display = f"{display} {traced.mapped.version}"
        url = f"{url}|{traced.mapped.version}" if url else None
    named = {"identifier": {"system": "urn:ietf:rfc:3986", "value": url}} if url else {}
    return {"type": "Device", **named, "display": display}


# ---- from what


def _entity(identity: Identity, link: Link, traced: _Traced) -> Resource:
    what = {
        "identifier": {"system": _BASE + "NamingSystem/inbox", "value": str(link.inbox)},
        "display": " ".join(part for part in (link.format, link.control_id) if part),
    }
    parts = [[("absent", traced.absent)]] if traced.absent else [list(_parts(e, identity)) for e in traced.entries]
    extension = [{"url": _ELEMENT_SOURCE, "extension": [_part(*part) for part in one]} for one in parts]
    return ({"extension": extension} if extension else {}) | {"role": "source", "what": what}


def _parts(entry: Entry, identity: Identity) -> Iterator[tuple[str, str]]:
    yield "element", identity.type + entry.path
    yield from (("place", str(place)) for place, _ in entry.sources)
    if entry.rule:
        yield "rule", f"{entry.rule} ({entry.where})"
    else:
        yield "absent", entry.where


def _part(name: str, text: str) -> Resource:
    return {"url": name, "valueString": text}


# ---- the message again


def _traced(identity: Identity, link: Link, stored: Stored | None, to: Services) -> _Traced:
    if link.format in _CLIENTS:
        return _Traced(absent=_CLIENTS[link.format])
    body: Resource = bare(decode(stored.body)) if stored and stored.body else {}
    try:
        content = _content(link, to)
        if not content:
            return _Traced(absent=GONE)
        found = _found(identity, link, content, body, to)
    except Unavailable:
        raise
    except GatewayError:
        return _Traced(absent=UNREADABLE)
    if found is None:
        return _Traced(absent=NOT_MADE)
    mapped, resource = found
    name = f"{identity.type}/{identity.id}"
    is_whole = name not in mapped.keeps
    entries = list(kept.held(mapped.trace.of(name), resource, body, is_whole=is_whole))
    if is_whole:
        return _Traced(entries, mapped, _without_meta(resource) == _without_meta(body))
    return _Traced(entries, mapped, not any(entry.where == kept.OTHERWISE for entry in entries))


def _content(link: Link, to: Services) -> bytes:
    """Return the message; the content of a table stands in one row of it. Raises BadSettings when it stays sealed."""
    row = inbox.one(to.store, inbox.holder(to.store, link.inbox))
    if row is None:
        return b""
    return to.keys.open(row.sealed_with, inbox.content(to.store, row.id), row_name(link.provider, link.received_at))


def _found(
    identity: Identity, link: Link, content: bytes, body: Resource, to: Services
) -> tuple[Mapped, Resource] | None:
    """Return what today's mapping makes of the resource, and of the rows of a table the part that made what is stored.

    Raises GatewayError when the message cannot be taken today.
    """
    found = None
    type_, received_at = _TYPES.get(link.format), moment(link.received_at)
    for mapped in run(to.library, content, provider=link.provider, content_type=type_, received_at=received_at):
        for resource, _, _ in mapped.resources:
            if (resource.get("resourceType"), resource.get("id")) == identity:
                found = mapped, resource
                if _without_meta(resource) == _without_meta(body):
                    return found
    return found


def _without_meta(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}
