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
from gateway.fhir.elements import children
from gateway.fhir.json import decode, encode
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.types import Resource
from gateway.store.search import MAX_INCLUDES

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store import Stored
    from gateway.store.search import Found, Results

_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})
_NOT_ALL_INCLUDED = Issue(
    "too-large",
    f"not everything that was to be included is here: a page includes at most {MAX_INCLUDES} resources",
    severity="warning",
)


def searchset(request: SearchRequest, found: Results, base: str, links: Sequence[tuple[str, str]]) -> bytes:
    """Return the encoded Bundle of one page. https://hl7.org/fhir/R4/search.html#count"""
    return encode(bundle.searchset(_matches(request, found, base, links[0][1]), total=found.total, links=links))


def _matches(request: SearchRequest, found: Results, base: str, self_link: str) -> Iterator[Match]:
    for row in found.matches:
        yield Match(bundle.full_url(base, row.type, row.id), _body(row, request.elements))
    for row in found.includes:
        yield Match(bundle.full_url(base, row.type, row.id), Raw(row.body), "include")
    issues = [*request.issues, *([] if found.all_included else [_NOT_ALL_INCLUDED])]
    if issues:
        yield Match(f"urn:uuid:{uuid5(NAMESPACE_URL, self_link)}", operation_outcome(issues), "outcome")


def _body(row: Found, elements: Sequence[str]) -> Body:
    return _subset(decode(row.body), elements) if elements else Raw(row.body)


def _subset(resource: Resource, elements: Sequence[str]) -> Resource:
    """Return the resource with the elements asked for and those it must have. https://hl7.org/fhir/R4/search.html#elements"""
    known = children(resource["resourceType"])
    kept = _ALWAYS | {name for name, element in known.items() if element.required or name in elements}
    names = {json_name for name in kept for json_name in (known[name].json_names if name in known else (name,))}
    left = {name: value for name, value in resource.items() if name.removeprefix("_") in names}
    meta = left.get("meta", {})
    left["meta"] = {**meta, "tag": [*meta.get("tag", ()), _SUBSETTED]}
    return left


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
