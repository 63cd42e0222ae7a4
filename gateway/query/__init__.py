"""The door out: read, vread, history and search, each for a caller, each audited.

What leaves has been authorised (the caller's predicate is in every statement, and types it may not see are refused
alike whether or not there is something) and is encoded: bodies are the stored bytes, put into the Bundle as they are.
https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, may, visible
from gateway.access.rules import Letter
from gateway.access.scopes import Right
from gateway.errors import BadRequest, Forbidden, ResourceNotFound
from gateway.fhir.search import SearchRequest, parse, within
from gateway.query import documents, histories, messages, stale
from gateway.query.audit import note, note_search
from gateway.query.bundles import history_bundle, searchset
from gateway.query.grounds import by_owner, grounds, told
from gateway.query.histories import HistoryRequest
from gateway.query.links import Links, secret, secret_of
from gateway.query.present import as_seen, is_seen, is_told, present, telling
from gateway.query.several import search as search_several
from gateway.query.terminology import codes
from gateway.store import Identity, Stored
from gateway.store import search as stored_search
from gateway.store.audited import about
from gateway.store.records import microseconds
from gateway.store.search import Scope

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store import Database
    from gateway.store.search import Position, Results

__all__ = ["HistoryRequest", "codes", "history", "is_seen", "is_told", "read", "search", "search_several", "vread"]

_VERSION = re.compile(r"(\d{1,9})(?:-late-(\d{1,18}))?", re.ASCII)


def read(resource_type: str, id_: str, caller: Caller, to: Services) -> Stored:
    """Return the current version; as version 0 what is told now of a message's Provenance, or of a place gone stale.

    Raises Forbidden, ResourceNotFound, ResourceGone, Unavailable.

    https://hl7.org/fhir/R4/http.html#read
    """
    _authorise(caller, resource_type)
    identity = Identity(resource_type, id_)
    stored = to.store.read(identity)
    rules = by_owner(stored, caller)
    if not rules:
        stored = as_seen(stored, identity, caller, to)
    if stored is None and resource_type == messages.TYPE:
        stored = messages.read(id_, caller, to)
    found = present(stored, resource_type)
    seen_by = told(rules) if rules else grounds([found], caller, to)
    note(to, caller, "read", [_reference(found)], about={**about([found], documents.patients(found, to)), **seen_by})
    return stale.version(found, to)


def vread(resource_type: str, id_: str, version: str, caller: Caller, to: Services) -> Stored:
    """Return that version. Raises Forbidden, ResourceNotFound, ResourceGone, Unavailable.

    https://hl7.org/fhir/R4/http.html#vread
    """
    _authorise(caller, resource_type)
    named = _VERSION.fullmatch(version)
    number, late = (int(named[1]), int(named[2] or 0)) if named else (0, 0)
    identity = Identity(resource_type, id_)
    stored = as_seen(to.store.vread(identity, number, late), identity, caller, to)
    if stored is None:
        raise ResourceNotFound(f"there is no such version of a {resource_type}; its history lists those there are")
    found = present(stored, resource_type)
    said = {**about([found], documents.patients(found, to)), **grounds([found], caller, to)}
    note(to, caller, "vread", [_reference(found)], about=said)
    return found


def history(request: HistoryRequest, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded history Bundle of a resource, of a type or of everything: a page of versions, newest first.

    What was said too late to become the present stands below the version that was newer, and is tagged so; it stands in
    the history of its resource alone. The total is known when that is all there is of one resource. Of everything, what
    the caller may not read is not there. Raises Forbidden, BadRequest for a page link that is not ours,
    ResourceNotFound, Unavailable. https://hl7.org/fhir/R4/http.html#history
    """
    if request.type:
        _authorise(caller, request.type, "r" if request.id else "s")
    with to.store.reading() as db:
        asked = histories.unsealed(request, secret(db, caller))
        letter: Letter = "r" if request.id else "s"
        own = visible(caller, letter).own(request.type)
        found = histories.read(db, asked, telling(base, caller, letter), own)
        links = histories.links(asked, found.next, base, secret(db, caller))
    seen = [_reference(version) for version in found.found]
    said = {**about(found.found), **grounds(found.found, caller, to, "r" if request.id else "s")}
    note(to, caller, "history", seen, about=said)
    is_all = bool(request.id) and found.next is None and asked.after is None
    return history_bundle(found.found, base, links, total=len(found.found) if is_all else None)


def search(request: SearchRequest, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded searchset Bundle: matches, what is included with them, warnings, self and next links.

    `base` is the public FHIR base, without a slash at its end. Raises Forbidden, BadRequest for a page link that is not
    ours, Unavailable. https://hl7.org/fhir/R4/search.html
    """
    _authorise(caller, request.resource_type, "s")
    scope = replace(telling(base, caller, "s"), now=microseconds(to.clock()))
    asked, position = request, None
    told, found = request, _identified(request, scope, to)
    if found is None:
        with to.store.reading() as db:
            asked, position = _unsealed(db, request, caller, to)
            listed = _listed(db, asked, scope, position, to)
        told, found = listed.request, listed.stored
        if listed.made:
            found = replace(found, matches=[*messages.bodies(listed.made, to), *found.matches])
    links = Links(asked, base, position, found.next).sealed(lambda: secret_of(caller, to))
    bundle = searchset(told, stale.results(found, to), base, links)
    note_search(to, caller, "search", (*found.matches, *found.includes), asked)
    return bundle


def _identified(request: SearchRequest, scope: Scope, to: Services) -> Results | None:
    """Return what one statement finds by an identifier; None where more of them may be needed, which see one state.

    A transaction around it would be two more statements, and on PostgreSQL two more ways to the server and back.
    """
    if request.resource_type == messages.TYPE or not stored_search.is_by_identifier(request):
        return None
    with to.store.reading(snapshot=False) as db:
        return stored_search.read_identified(db, request, scope)


def _listed(
    db: Database, asked: SearchRequest, scope: Scope, position: Position | None, to: Services
) -> messages.Listed:
    if asked.resource_type == messages.TYPE:
        return messages.find(db, asked, scope, position, to)
    return messages.Listed(asked, stored_search.read(db, asked, scope, position))


def _unsealed(
    db: Database, request: SearchRequest, caller: Caller, to: Services
) -> tuple[SearchRequest, Position | None]:
    """Return the search that a page link holds and where its page begins; any other search as it is."""
    if request.page is None:
        return request, None
    link = stored_search.unseal(request.page, secret(db, caller))
    if link.resource_type != request.address:
        raise BadRequest("this page link is of a search on another resource type")
    found = parse(request.resource_type, link.pairs, codes=codes(to), refuse_codes=False)
    compartment, _, id_ = request.compartment.partition("/")
    return (within(found, compartment, id_) if compartment else found), link.position


def _authorise(caller: Caller, resource_type: str, right: Right = "r") -> None:
    if not may(caller, right, resource_type):
        raise Forbidden(f"this caller may not {'search' if right == 's' else 'read'} {resource_type}")


def _reference(stored: Stored) -> str:
    return f"{stored.type}/{stored.id}/_history/{stored.version_id}"
