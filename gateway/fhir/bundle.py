"""Making Bundles. https://hl7.org/fhir/R4/bundle.html"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from gateway.fhir.datetime import format_instant
from gateway.fhir.types import Resource

_DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance"
CANONICAL_BASE = "https://msb-gateway.example/fhir"
MAX_ENTRIES = 20_000  # of a Bundle that asks for something to be done, by whichever door it comes

# A resource, or its bytes as a msgspec.Raw, which is written out as it stands.
Body = Any


class Match(NamedTuple):
    """One entry of a searchset; `mode` is match, include or outcome, `distance` a Quantity where a place was asked."""

    full_url: str
    body: Body
    mode: str = "match"
    distance: Resource | None = None


class Version(NamedTuple):
    """One entry of a history; `body` is None for a deletion."""

    full_url: str
    body: Body | None
    method: str
    url: str
    status: str
    version: str
    at: datetime


def full_url(base: str, resource_type: str, id_: str) -> str:
    """Return the address of a resource under `base`: what stands in `Bundle.entry.fullUrl`."""
    return f"{base.rstrip('/')}/{resource_type}/{id_}"


def name(bundle: Resource) -> str:
    """Return what a Bundle is known by to its sender: its identifier, else the id of its MessageHeader; '' for nothing.

    It need not have been validated. https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.identifier
    """
    match bundle:
        case {"identifier": {"value": str(value), **others}} if value:
            return f"{others.get('system', '')}|{value}"
        case {"entry": [{"resource": {"resourceType": "MessageHeader", "id": str(id_)}}, *_]}:
            return id_
    return ""


def transaction(entries: Sequence[tuple[Resource, str, str]], *, base: str = CANONICAL_BASE) -> Resource:
    """Return a transaction Bundle of (resource, method, url), in that order.

    A resource with an id has its address under `base` as fullUrl, against which relative references resolve.
    """
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_operation(resource, method, url, base) for resource, method, url in entries],
    }


def _operation(resource: Resource, method: str, url: str, base: str) -> Resource:
    entry: Resource = {}
    if "id" in resource:
        entry["fullUrl"] = full_url(base, resource["resourceType"], resource["id"])
    return entry | {"resource": resource, "request": {"method": method, "url": url}}


def searchset(matches: Iterable[Match], *, total: int | None = None, links: Sequence[tuple[str, str]] = ()) -> Resource:
    """Return a searchset Bundle; `total` counts the matches on all pages, `links` are (relation, url)."""
    entries = [{"fullUrl": m.full_url, "resource": m.body, "search": _search(m)} for m in matches]
    return _listing("searchset", entries, total, links)


def _search(match: Match) -> Resource:
    """Return how a resource was found. https://hl7.org/fhir/R4/extension-location-distance.html"""
    if match.distance is None:
        return {"mode": match.mode}
    return {"extension": [{"url": _DISTANCE, "valueDistance": match.distance}], "mode": match.mode}


def history(
    versions: Iterable[Version], *, total: int | None = None, links: Sequence[tuple[str, str]] = ()
) -> Resource:
    """Return a history Bundle, newest first if `versions` are. https://hl7.org/fhir/R4/http.html#history"""
    return _listing("history", [_version(version) for version in versions], total, links)


def _version(version: Version) -> Resource:
    entry: Resource = {"fullUrl": version.full_url}
    if version.body is not None:
        entry["resource"] = version.body
    response = {
        "status": version.status,
        "etag": f'W/"{version.version}"',
        "lastModified": format_instant(version.at),
    }
    return entry | {"request": {"method": version.method, "url": version.url}, "response": response}


def _listing(kind: str, entries: list[Resource], total: int | None, links: Sequence[tuple[str, str]]) -> Resource:
    listing: Resource = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        listing["total"] = total
    if links:
        listing["link"] = [{"relation": relation, "url": url} for relation, url in links]
    if entries:
        listing["entry"] = entries
    return listing
