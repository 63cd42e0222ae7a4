"""Everything about one resource: its compartment, or what hangs below a place, with what that refers to.

http://hl7.org/fhir/R4/patient-operation-everything.html, http://hl7.org/fhir/R4/encounter-operation-everything.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from msgspec import Raw

from gateway.access.policy import Caller, may_read, visible
from gateway.errors import BadRequest, Forbidden, Issue
from gateway.fhir import bundle, tables
from gateway.fhir.bundle import Match
from gateway.fhir.datetime import Moment
from gateway.fhir.freshness import told
from gateway.fhir.json import encode
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.search import PAGE, Page, page_query
from gateway.query.audit import note
from gateway.query.grounds import grounds
from gateway.query.links import secret
from gateway.query.present import check_readable, present
from gateway.store import Identity, Stored, gathering
from gateway.store import history as stored_history
from gateway.store.audited import Encoded, about
from gateway.store.gathering import MAX_REFERRED, Gathered, Wanted
from gateway.store.reads import read as read_stored
from gateway.store.records import microseconds
from gateway.store.search import Position, Scope, link, seal, sees_one_of, unseal

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store import Database

COUNT, MAX_COUNT = 50, 1000
_NOT_ALL = Issue(
    "too-large",
    f"not everything that this page refers to is here: at most {MAX_REFERRED} resources are",
    severity="warning",
)


@dataclass(frozen=True, slots=True)
class Everything:
    """What is asked about one resource. `applied` are the parameters as they were understood.

    `span` is the time of care, in microseconds; `after` is the key after which a page begins, None for the first page,
    on which the resource itself stands.
    """

    type: str
    id: str
    types: frozenset[str] = frozenset()
    count: int = COUNT
    since: Moment | None = None
    span: tuple[int, int] | None = None
    applied: tuple[tuple[str, str], ...] = ()
    after: int | None = None

    @property
    def address(self) -> str:
        """Return where it is asked, relative to the FHIR base."""
        return f"{self.type}/{self.id}/$everything"


def everything(asked: Everything, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded searchset Bundle of a page. What the caller may not read is not there.

    Raises Forbidden, ResourceNotFound, ResourceGone, Unavailable.
    """
    if not may_read(caller, asked.type):
        raise Forbidden(f"this caller may not read {asked.type}")
    of = Identity(asked.type, asked.id)
    check_readable(of, caller, to)
    with to.store.reading() as db:
        itself = present(read_stored(db, of), of.type)
        first = [itself] if asked.after is None and _is_wanted(asked, itself) else []
        found = _gathered(db, of, asked, Scope(base, visible(caller)), asked.count - len(first))
        links = _links(asked, found.next, base, secret(db, caller))
    now = microseconds(to.clock())
    matches = list(_matches(first, found, base, now))
    rows: list[Encoded] = [*first, *found.found, *found.referred]
    seen, named = [f"{row.type}/{row.id}" for row in rows], [name for name, _ in asked.applied]
    note(to, caller, "everything", seen, named, about={**about(rows), **grounds(rows, caller, to)})
    is_all = found.next is None and asked.after is None
    return encode(bundle.searchset(matches, total=len(first) + len(found.found) if is_all else None, links=links))


def opened(page: Page, address: str, caller: Caller, to: Services) -> Sequence[tuple[str, str]]:
    """Return the parameters that a page link holds, and under PAGE where its page begins. BadRequest."""
    with to.store.reading(snapshot=False) as db:
        found = unseal(page, secret(db, caller))
    if found.resource_type != address:
        raise BadRequest("this page link is of something else")
    return [*found.pairs, (PAGE, str(found.key))]


def _gathered(db: Database, of: Identity, asked: Everything, scope: Scope, count: int) -> Gathered:
    stored = [type_ for type_ in stored_history.types(db) if not asked.types or type_ in asked.types]
    types = frozenset(filter(scope.visible.admits, stored))
    sees = sees_one_of(sorted(types), "c.type", "c.key", scope.of(db))
    since = asked.since.low if asked.since else 0
    wanted = Wanted(types, count, asked.after or 0, since, asked.span, is_first=asked.after is None, sees=sees)
    codes = tables.compartments().get(of.type)
    if of.type in {"Patient", "Encounter"} and codes is not None:
        return gathering.compartment(db, of, codes, wanted)
    return gathering.below(db, of, wanted)


def _is_wanted(asked: Everything, itself: Stored) -> bool:
    """Return whether the resource itself is told: it is, unless only other types or newer ones are asked for."""
    since = asked.since.low if asked.since else 0
    return (not asked.types or itself.type in asked.types) and itself.last_updated.timestamp() * 1e6 >= since


def _matches(first: Sequence[Stored], found: Gathered, base: str, now: int) -> Iterator[Match]:
    for itself in first:
        yield Match(bundle.full_url(base, itself.type, itself.id), Raw(told(itself.type, itself.body, now)))
    for row in found.found:
        yield Match(bundle.full_url(base, row.type, row.id), Raw(told(row.type, row.body, now)))
    for row in found.referred:
        yield Match(bundle.full_url(base, row.type, row.id), Raw(told(row.type, row.body, now)), "include")
    if not found.all_referred:
        yield Match(f"urn:uuid:{uuid5(NAMESPACE_URL, base)}", operation_outcome([_NOT_ALL]), "outcome")


def _links(asked: Everything, following: int | None, base: str, secret: bytes) -> list[tuple[str, str]]:
    here = f"{base}/{asked.address}"

    def sealed(begin: int) -> str:
        token = seal(link(asked.address, asked.applied, Position((), begin)), secret)
        return f"{here}?{page_query(token, asked.applied)}"

    query = urlencode(asked.applied, safe=":,/")
    found = [("self", sealed(asked.after) if asked.after is not None else f"{here}{'?' if query else ''}{query}")]
    return [*found, ("next", sealed(following))] if following is not None else found
