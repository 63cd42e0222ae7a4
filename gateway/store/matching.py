"""What a condition matches: a search for very few, inside a writer's transaction.

https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.store.records import Identity
from gateway.store.search.complete import check_complete
from gateway.store.search.pages import read_page

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.interface import Database
    from gateway.store.search.scope import Scope


def matches(db: Database, condition: SearchRequest, scope: Scope, *, limit: int) -> list[Identity]:
    """Return at most `limit` of the resources that match. Unavailable where an index that it needs is not complete."""
    scope = scope.settled(db, mixed=check_complete(db, condition))
    few = replace(condition, count=limit, sort=(), includes=(), total=None, only_count=False, page=None)
    return [Identity(found.type, found.id) for found in read_page(db, few, scope, None).matches]
