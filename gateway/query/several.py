"""The door out for searches of several types: at the root, and of all that is in a compartment.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, may_search
from gateway.errors import BadRequest, Forbidden, Issue
from gateway.fhir.search import SeveralRequest, parse_several
from gateway.query import messages, stale
from gateway.query.audit import note_search
from gateway.query.bundles import searchset
from gateway.query.links import Links, secret
from gateway.query.present import telling
from gateway.query.terminology import codes
from gateway.store import search as stored_search
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store import Database
    from gateway.store.search import Position

_NOT_HERE = Issue(
    "not-searched",
    "what messages made is found by GET Provenance, by target; here only what clients stored",
    "information",
)


def search(request: SeveralRequest, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded searchset Bundle. A type that the caller may not read is refused when it is named.

    Raises Forbidden, BadRequest for a page link that is not ours, Unavailable. https://hl7.org/fhir/R4/search.html
    """
    with to.store.reading() as db:
        asked, position = _unsealed(db, request, caller, to)
        asked = _authorised(asked, caller)
        scope = replace(telling(base, caller, "s"), now=microseconds(to.clock()))
        found = stored_search.read_several(db, asked, scope, position)
        sealed = Links(asked, base, position, found.next).sealed(lambda: secret(db, caller))
    is_short = any(each.resource_type == messages.TYPE for each in asked.requests)
    first = replace(asked.requests[0], issues=(*asked.requests[0].issues, *([_NOT_HERE] if is_short else [])))
    note_search(to, caller, "search", (*found.matches, *found.includes), asked)
    return searchset(first, stale.results(found, to), base, sealed)


def _unsealed(
    db: Database, request: SeveralRequest, caller: Caller, to: Services
) -> tuple[SeveralRequest, Position | None]:
    """Return the search that a page link holds and where its page begins; any other search as it is."""
    if request.page is None:
        return request, None
    link = stored_search.unseal(request.page, secret(db, caller))
    if link.resource_type != request.address:
        raise BadRequest("this page link is of a search of something else")
    found = parse_several(
        request.types, link.pairs, compartment=request.compartment, codes=codes(to), refuse_codes=False
    )
    return found, link.position


def _authorised(asked: SeveralRequest, caller: Caller) -> SeveralRequest:
    """Return the search of the types that the caller may read. Forbidden for a named one, or when none is left."""
    kept = tuple(each for each in asked.requests if may_search(caller, each.resource_type))
    refused = [each.resource_type for each in asked.requests if each not in kept]
    if not kept or (refused and len(asked.requests) < len(asked.types)):
        raise Forbidden([Issue("forbidden", f"this caller may not read {name}") for name in refused])
    return replace(asked, requests=kept)
