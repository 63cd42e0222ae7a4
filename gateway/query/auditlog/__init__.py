"""The audit as FHIR: AuditEvents that are read and searched, by who may, and by nobody changed.

Who reads it stands in it too. An organisation is told what it did itself, and what others did to what is its own; who
is registered to see AuditEvents is told everything. https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gateway.access.policy import Caller, told_of_audit
from gateway.errors import BadRequest, Forbidden, ResourceNotFound
from gateway.fhir import bundle
from gateway.fhir.bundle import Match
from gateway.fhir.json import encode
from gateway.fhir.search import page_query
from gateway.query.audit import note, note_asked
from gateway.query.auditlog.asked import TYPE, Asked, parameters, parse
from gateway.query.auditlog.names import Names
from gateway.query.auditlog.told import told
from gateway.query.auditlog.whose import as_told_to
from gateway.query.links import secret
from gateway.store import Stored, audited
from gateway.store.auditing import finding, index
from gateway.store.auditing.finding import END, Condition, Place
from gateway.store.search import Position, link, seal, unseal

if TYPE_CHECKING:
    from gateway.access.scopes import Right
    from gateway.fhir.types import Resource
    from gateway.services import Services

__all__ = ["TYPE", "Asked", "parameters", "parse", "read", "search"]

_BEHIND = 20_000
"""So many rows are indexed for one search at most; while there are more, it has to come back."""


def read(resource_type: str, id_: str, caller: Caller, to: Services) -> Stored:
    """Return an AuditEvent, as version 0. Raises Forbidden, ResourceNotFound, Unavailable."""
    sees_all = _authorise(caller, "r")
    with to.store.reading(snapshot=False) as db:
        name = Names.of(db).name(id_)
        content = finding.content(db, name) if name else None
    row = audited.read(content) if content else None
    if row is None or not (sees_all or caller.organisation in {row.organisation, *row.owners}):
        raise ResourceNotFound(f"there is no such {resource_type}")
    event = _told(row, id_, caller, to, sees_all=sees_all)
    note(to, caller, "audit-read", [f"{TYPE}/{id_}"])
    return Stored(resource_type, id_, 0, to.clock(), encode(event), deleted=False)


def search(asked: Asked, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded searchset Bundle of a page, the newest first.

    Raises Forbidden, BadRequest for a page link that is not ours, Unavailable while too much is not indexed yet.
    """
    sees_all = _authorise(caller, "s")
    index.check_caught_up(to.store, most=_BEHIND)
    with to.store.reading() as db:
        asked, before = _unsealed(asked, secret(db, caller), base)
        wanted = asked.wanted
        if not sees_all:
            mine = Condition(index.SEEN_BY, (caller.organisation,))
            wanted = wanted._replace(conditions=(*wanted.conditions, mine))
        places = finding.find(db, wanted, asked.count + 1, before)
        rows = finding.contents(db, places[: asked.count])
        following = places[asked.count - 1] if len(places) > asked.count else None
        links = _links(asked, before, following, base, secret(db, caller))
        names = Names.of(db)
    read_rows = [(names.id(place.name), row) for place, content in rows if (row := audited.read(content))]
    events = [_told(row, id_, caller, to, sees_all=sees_all) for id_, row in read_rows]
    note_asked(to, caller, "audit-search", [f"{TYPE}/{event['id']}" for event in events], asked)
    matches = [Match(bundle.full_url(base, TYPE, event["id"]), event) for event in events]
    total = len(events) if before == END and following is None else None
    return encode(bundle.searchset(matches, total=total, links=links))


def _authorise(caller: Caller, right: Right) -> bool:
    """Return whether the caller is told of everybody. Raises Forbidden for who is not told of anything."""
    found = told_of_audit(caller, right)
    if found is None:
        raise Forbidden(f"this caller may not read {TYPE}")
    return found == "everything"


def _told(row: audited.Row, id_: str, caller: Caller, to: Services, *, sees_all: bool) -> Resource:
    if not sees_all and row.organisation != caller.organisation:
        row = as_told_to(caller.organisation, row, to.store)
    return told(row, id_, to.settings.base_url)


def _unsealed(asked: Asked, secret: bytes, base: str) -> tuple[Asked, Place]:
    """Return the search that a page link holds and where its page begins; any other search as it is."""
    if asked.page is None:
        return asked, END
    found = unseal(asked.page, secret)
    if found.resource_type != TYPE:
        raise BadRequest("this page link is of a search on another resource type")
    at, lane = found.values or END[:2]
    return parse(found.pairs, base), Place(at, lane, found.key)


def _links(asked: Asked, before: Place, following: Place | None, base: str, secret: bytes) -> Sequence[tuple[str, str]]:
    here = f"{base}/{TYPE}"

    def sealed(place: Place) -> str:
        token = seal(link(TYPE, asked.applied, Position(place[:2], place.seq)), secret)
        return f"{here}?{page_query(token, asked.applied)}"

    query = urlencode(asked.applied, safe=":,/")
    found = [("self", f"{here}{'?' if query else ''}{query}" if before == END else sealed(before))]
    return [*found, ("next", sealed(following))] if following else found
