"""The newest Observations of each kind. http://hl7.org/fhir/R4/observation-operation-lastn.html"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msgspec import Raw

from gateway.access.policy import Caller, may_search, visible
from gateway.errors import Forbidden, InvalidResource, Issue
from gateway.fhir import bundle
from gateway.fhir.bundle import Match
from gateway.fhir.json import encode
from gateway.fhir.search import bears_bsn
from gateway.query.audit import note_search
from gateway.store.search import Scope
from gateway.store.search.lastn import newest

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.services import Services

MOST = 10_000
"""So many Observations may match; the newest of more are too costly."""


def lastn(request: SearchRequest, most: int, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded searchset Bundle: the `most` newest of each kind, newest first.

    Raises Forbidden; InvalidResource (too-costly) where more than MOST match; Unavailable.
    """
    if not may_search(caller, "Observation"):
        raise Forbidden("this caller may not read Observation")
    with to.store.reading() as db:
        found = newest(db, request, Scope(base, visible(caller, "s")), most, MOST)
    if found is None:
        text = f"more than {MOST} Observations match: ask for a code, a category or a span of time"
        raise InvalidResource([Issue("too-costly", text)])
    note_search(to, caller, "lastn", found, request)
    matches = (Match(bundle.full_url(base, row.type, row.id), Raw(row.body)) for row in found)
    query = "" if bears_bsn(request.applied) else urlencode([("max", str(most)), *request.applied], safe=":,/")
    links = [("self", f"{base}/Observation/$lastn?{query}".removesuffix("?"))]
    return encode(bundle.searchset(matches, total=len(found), links=links))
