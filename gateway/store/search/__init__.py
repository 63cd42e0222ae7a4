"""Finding resources: a SearchRequest in, a page of stored resources out, on SQLite and PostgreSQL.

`read` is the whole of a search, `read_identified` a shorter way for most of them.
https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.store.search.apart import Found, versions
from gateway.store.search.complete import check_complete
from gateway.store.search.conditions import NOTHING_ASKED, sees, sees_one_of
from gateway.store.search.distance import distances
from gateway.store.search.includes import MAX_INCLUDES, read_includes
from gateway.store.search.order import Position
from gateway.store.search.pages import Results, count_matches, first_by_coding, is_by_identifier, read_page
from gateway.store.search.scope import CANDIDATES, REACH, Everything, Scope, Visible
from gateway.store.search.seen import seen
from gateway.store.search.several import read_several
from gateway.store.search.tokens import Link, link, page_secret, seal, unseal

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database

__all__ = [
    "CANDIDATES",
    "MAX_INCLUDES",
    "NOTHING_ASKED",
    "REACH",
    "Everything",
    "Found",
    "Link",
    "Position",
    "Results",
    "Scope",
    "Visible",
    "is_by_identifier",
    "link",
    "page_secret",
    "read",
    "read_identified",
    "read_several",
    "seal",
    "seen",
    "sees",
    "sees_one_of",
    "unseal",
    "versions",
]


def read(db: Database, request: SearchRequest, scope: Scope, position: Position | None = None) -> Results:
    """Return the page of `request` after `position`, as far as the scope's caller may see it.

    Raises Unavailable where an index that it needs is not complete.
    The total is known when the most selective condition has few resources (CANDIDATES), or when it was asked for.
    """
    page = first_by_coding(db, request, scope) if position is None else None
    if page is None or request.includes:
        scope = scope.settled(db, mixed=check_complete(db, request))
    if request.only_count:
        return Results([], [], count_matches(db, request, scope), None)
    page = read_page(db, request, scope, position) if page is None else page
    total = page.total
    if total is None and request.total in {"accurate", "estimate"}:
        total = count_matches(db, request, scope)
    includes, complete = read_includes(db, request.includes, page.matches, scope)
    far = distances(db, request, [match.key for match in page.matches], scope)
    return Results(page.matches, includes, None if request.total == "none" else total, page.next, complete, far)


def read_identified(db: Database, request: SearchRequest, scope: Scope) -> Results | None:
    """Return the page of a search by an identifier (`is_by_identifier`), where that is all; None where it is not.

    It is one statement, which sees one state by itself: no transaction is needed around it.
    """
    page = first_by_coding(db, request, scope)
    if page is None or page.next is not None:
        return None
    return Results(page.matches, [], None if request.total == "none" else page.total, None)
