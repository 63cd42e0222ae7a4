"""Makes the Bundles that leave. A resource goes in as it is stored, unless only some of its elements were asked for.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from msgspec import Raw

from gateway.errors import Issue
from gateway.fhir import bundle
from gateway.fhir.bundle import Body, Match, Version
from gateway.fhir.json import decode, encode
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.search.near import distance, near_of
from gateway.fhir.subsets import of_elements, of_summary
from gateway.store.search import MAX_INCLUDES

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store import Stored
    from gateway.store.search import Found, Results

_NOT_ALL_INCLUDED = Issue(
    "too-large",
    f"not everything that was to be included is here: a page includes at most {MAX_INCLUDES} resources",
    severity="warning",
)


def searchset(request: SearchRequest, found: Results, base: str, links: Sequence[tuple[str, str]]) -> bytes:
    """Return the encoded Bundle of one page. https://hl7.org/fhir/R4/search.html#count"""
    return encode(bundle.searchset(_matches(request, found, base, links[0][1]), total=found.total, links=links))


def _matches(request: SearchRequest, found: Results, base: str, self_link: str) -> Iterator[Match]:
    near = next((near for condition in request.conditions if (near := near_of(condition))), None)
    for row in found.matches:
        match = Match(bundle.full_url(base, row.type, row.id), _body(row, request))
        meters = found.distances.get(row.key) if near else None
        yield match if near is None or meters is None else match._replace(distance=distance(near, meters))
    for row in found.includes:
        yield Match(bundle.full_url(base, row.type, row.id), Raw(row.body), "include")
    issues = [*request.issues, *([] if found.all_included else [_NOT_ALL_INCLUDED])]
    if issues:
        yield Match(f"urn:uuid:{uuid5(NAMESPACE_URL, self_link)}", operation_outcome(issues), "outcome")


def _body(row: Found, request: SearchRequest) -> Body:
    if request.elements:
        return of_elements(decode(row.body), request.elements)
    return of_summary(decode(row.body), request.summary) if request.summary else Raw(row.body)


def history_bundle(
    versions: Sequence[Stored], base: str, links: Sequence[tuple[str, str]], *, total: int | None
) -> bytes:
    """Return the encoded Bundle of versions, newest first. https://hl7.org/fhir/R4/http.html#history"""
    return encode(bundle.history((_version(version, base) for version in versions), total=total, links=links))


def _version(stored: Stored, base: str) -> Version:
    method = "DELETE" if stored.deleted else stored.method or "PUT"
    return Version(
        full_url=bundle.full_url(base, stored.type, stored.id),
        body=None if stored.deleted else Raw(stored.body),
        method=method,
        url=stored.type if method == "POST" else f"{stored.type}/{stored.id}",
        status="204" if stored.deleted else "201" if stored.is_new else "200",
        version=stored.version_id,
        at=stored.last_updated,
    )
