"""The rules of a Bundle that its elements alone do not show: bdl-1 to bdl-12, and what an interaction needs.

https://hl7.org/fhir/R4/bundle.html#invs https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from collections.abc import Iterator
from typing import Any

from gateway.fhir import reference
from gateway.fhir.types import Resource, resource_types

_Fault = tuple[str, str]  # text, path below the Bundle: '.entry[0].request'

_WITH_REQUEST = frozenset({"batch", "transaction", "history"})
_WITH_RESPONSE = frozenset({"batch-response", "transaction-response", "history"})
_WRITING = frozenset({"batch", "transaction"})
_PUT_KEYS = frozenset({"fullUrl", "resource", "request"})
_REQUEST_KEYS = frozenset({"method", "url"})
_PLAIN_KEYS = frozenset({"resourceType", "type", "entry"})
_HTTP = re.compile(r"https?://[!-~]+")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ON_ONE_RESOURCE = frozenset({"PUT", "PATCH", "DELETE"})


def is_plain(bundle: Resource) -> bool:
    """Return whether a Bundle only puts different resources to their own addresses: no rule speaks against that.

    Such are the Bundles of our own mappings. The resources in it have to be looked at still.
    """
    if bundle.keys() != _PLAIN_KEYS or bundle["type"] not in _WRITING:
        return False
    addresses = {entry["request"]["url"] for entry in bundle["entry"] if _is_plain_put(entry)}
    return len(addresses) == len(bundle["entry"]) > 0


def _is_plain_put(entry: Resource) -> bool:
    request, resource, full_url = entry["request"], entry["resource"], entry["fullUrl"]
    if entry.keys() != _PUT_KEYS or request.keys() != _REQUEST_KEYS or request["method"] != "PUT":
        return False
    address = f"{resource['resourceType']}/{resource['id']}"
    return bool(request["url"] == address and full_url.endswith("/" + address) and _HTTP.fullmatch(full_url))


def faults(bundle: Resource) -> Iterator[_Fault]:
    """Yield what is wrong with a Bundle whose own structure is right; that of the resources in it may not be."""
    kind = bundle.get("type", "")
    entries = bundle.get("entry", [])
    yield from _whole(bundle, kind)
    for at, entry in enumerate(entries):
        for text, below in _entry(entry, kind):
            yield text, f".entry[{at}]{below}"
    if entries:
        yield from _first(entries[0], kind)
    if kind != "history":
        yield from _same_twice(entries)
    if kind == "transaction":
        yield from _written_twice(entries)
        yield from _dangling(bundle, entries)


def _whole(bundle: Resource, kind: str) -> Iterator[_Fault]:
    if "total" in bundle and kind not in {"searchset", "history"}:
        yield "bdl-1: only a searchset or a history has a total", ".total"
    if kind != "document":
        return
    identifier = bundle.get("identifier", {})
    if "system" not in identifier or "value" not in identifier:
        yield "bdl-9: a document has an identifier with a system and a value", ".identifier"
    if "timestamp" not in bundle:
        yield "bdl-10: a document has a timestamp", ".timestamp"


def _first(entry: Resource, kind: str) -> Iterator[_Fault]:
    wanted = {"document": ("bdl-11", "Composition"), "message": ("bdl-12", "MessageHeader")}.get(kind)
    if wanted and _type(_resource(entry)) != wanted[1]:
        yield f"{wanted[0]}: the first resource of a {kind} is a {wanted[1]}", ".entry[0].resource"


def _entry(entry: Resource, kind: str) -> Iterator[_Fault]:
    if "search" in entry and kind != "searchset":
        yield "bdl-2: only an entry of a searchset has search", ".search"
    if ("request" in entry) != (kind in _WITH_REQUEST):
        rule = "has a request" if kind in _WITH_REQUEST else "has no request"
        yield f"bdl-3: an entry of a {kind} {rule}", ".request"
    if ("response" in entry) != (kind in _WITH_RESPONSE):
        rule = "has a response" if kind in _WITH_RESPONSE else "has no response"
        yield f"bdl-4: an entry of a {kind} {rule}", ".response"
    if not entry.keys() & {"resource", "request", "response"}:
        yield "bdl-5: an entry has a resource, a request or a response", ""
    if "fullUrl" in entry:
        yield from _full_url(entry["fullUrl"], _resource(entry))
    if kind in _WRITING and "request" in entry:
        yield from _request(entry)


def _full_url(full_url: str, resource: Resource) -> Iterator[_Fault]:
    named = reference.parse(full_url)
    if "/_history/" in full_url:
        yield "bdl-8: a fullUrl names no version", ".fullUrl"
    if named.kind not in {"absolute", "urn", "url"}:
        yield "a fullUrl is an absolute URL, urn:uuid:… in lower case, or urn:oid:…", ".fullUrl"
    elif named.kind == "absolute" and not _is_at(named, resource):
        yield "the fullUrl does not end in the type and id of the resource", ".fullUrl"


def _is_at(named: reference.Reference, resource: Resource) -> bool:
    """Return whether a resource has the type and the id that an address names, as far as it has them."""
    return bool(resource.get("resourceType", named.type) == named.type and resource.get("id", named.id) == named.id)


def _request(entry: Resource) -> Iterator[_Fault]:
    method, url, resource = entry["request"].get("method"), entry["request"].get("url", ""), _resource(entry)
    if method in _WITH_BODY and "resource" not in entry:
        yield f"{method} needs a resource", ".resource"
    if method not in _WITH_BODY and "resource" in entry:
        yield f"{method} takes no resource", ".resource"
    if method == "POST" and resource:
        yield from _create(url, _type(resource))
    elif method in _ON_ONE_RESOURCE:
        yield from _on_one_resource(method, url, resource)


def _create(url: str, type_: str | None) -> Iterator[_Fault]:
    is_operation = "$" in url or url.endswith("/_search")
    if type_ and not is_operation and url != type_:
        yield f"POST goes to the type of its resource: {type_}", ".request.url"


def _on_one_resource(method: str, url: str, resource: Resource) -> Iterator[_Fault]:
    named = reference.parse(url)
    if named.kind not in {"relative", "conditional"} or named.version:
        yield f"{method} goes to Type/id or Type?search", ".request.url"
    elif method == "PUT" and resource:
        if _type(resource) not in {None, named.type}:
            yield "the resource is of another type than request.url names", ".request.url"
        elif named.id and resource.get("id") != named.id:
            yield "the resource has the id that request.url names", ".resource.id"


def _same_twice(entries: list[Any]) -> Iterator[_Fault]:
    """Yield bdl-7: a fullUrl stands once, unless the versions differ."""
    seen: set[tuple[str, str | None]] = set()
    for at, entry in enumerate(entries):
        if "fullUrl" in entry:
            key = (entry["fullUrl"], _version(entry))
            if key in seen:
                yield "bdl-7: the same fullUrl stands twice in the Bundle", f".entry[{at}].fullUrl"
            seen.add(key)


def _written_twice(entries: list[Any]) -> Iterator[_Fault]:
    """Yield where a transaction changes a resource that it changes already: R4 lets it fail."""
    seen: set[str] = set()
    for at, entry in enumerate(entries):
        request = entry.get("request", {})
        if request.get("method") in _ON_ONE_RESOURCE:
            url = request.get("url", "")
            if url in seen:
                yield "a transaction changes a resource once at most", f".entry[{at}].request.url"
            seen.add(url)


def _dangling(bundle: Resource, entries: list[Any]) -> Iterator[_Fault]:
    """Yield where a transaction refers to an entry that it does not have."""
    named = {entry["fullUrl"] for entry in entries if "fullUrl" in entry}
    missing = {
        text
        for holder in reference.holders(bundle)
        if (text := holder["reference"]).startswith("urn:uuid:") and text not in named
    }
    for holder, _, path in reference.walk(bundle) if missing else ():
        if holder["reference"] in missing:
            yield "no entry of this transaction has this fullUrl", f"{path.removeprefix('Bundle')}.reference"


def _resource(entry: Resource) -> Resource:
    """Return the resource of an entry, or an empty one where there is none."""
    resource = entry.get("resource")
    return resource if isinstance(resource, dict) else {}


def _type(resource: Resource) -> str | None:
    kind = resource.get("resourceType")
    return kind if isinstance(kind, str) and kind in resource_types() else None


def _version(entry: Resource) -> str | None:
    meta = _resource(entry).get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None
