"""From an operation and the newest version of its resource: the next version to be written, or none.

https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#versions
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Conflict, VersionConflict
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.fhir.types import Resource
from gateway.store import Current, Identity, Version
from gateway.store.digest import digest
from gateway.store.index import rows
from gateway.store.index_tables import difference, pack, tables, unpack
from gateway.store.records import IndexTables, microseconds, moment
from gateway.transact.entries import Entry
from gateway.transact.operations import ConditionalPut, Delete, Put

_MILLISECOND = 1_000  # in microseconds, the precision of an instant


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of a resource without the store: what it says, and what it can be found by."""

    resource: Resource
    digest: bytes
    tables: IndexTables
    packed: bytes


def content(entry: Entry, base_url: str) -> Content:
    """Return the content of an entry whose identity and references are known."""
    assert entry.resource is not None
    assert entry.identity is not None
    resource = {"resourceType": entry.type, "id": entry.identity.id} | entry.resource
    resource["id"] = entry.identity.id
    found = tables(rows(resource, base=base_url))
    return Content(resource, digest(resource), found, pack(found))


def check_versions(entries: Iterable[Entry], currents: dict[Identity, Current]) -> None:
    """Raise VersionConflict for every If-Match that is not the newest version, Conflict for an id that is taken."""
    stale, taken = [], []
    for entry in entries:
        assert entry.identity is not None
        current = currents[entry.identity]
        wanted = entry.op.if_match if isinstance(entry.op, Put | Delete | ConditionalPut) else None
        if wanted is not None and _version_id(wanted) != str(current.version or ""):
            stale.append(entry.request("version-conflict", _stale(current)))
        if _is_taken(entry, current):
            taken.append(entry.request("conflict", "nothing matches the condition, yet the id is that of a resource"))
    if stale:
        raise VersionConflict([*stale, *taken])
    if taken:
        raise Conflict(taken)


def next_version(entry: Entry, current: Current, now: datetime, new: Content | None) -> Version | None:
    """Return the version that comes after `current`, None when nothing would change. `new` None is a deletion."""
    assert entry.identity is not None
    if entry.satisfied or (new is None and (current.deleted or not current.version)):
        return None
    if new is not None and current.digest == new.digest and current.version and not current.deleted:
        return None
    at = _after(current, now)
    number = current.version + 1
    present = unpack(current.indexed)
    if new is None:
        return Version(current.key, entry.identity, number, at, True, b"", b"", b"", {}, present)  # noqa: FBT003
    return Version(
        key=current.key,
        identity=entry.identity,
        version=number,
        last_updated=at,
        deleted=False,
        digest=new.digest,
        indexed=new.packed,
        body=_body(new.resource, number, moment(at).astimezone(now.tzinfo)),
        added=difference(new.tables, present),
        removed=difference(present, new.tables) if present else {},
    )


def _after(current: Current, now: datetime) -> int:
    """Return the time of the next version: now, but always later than the version before it."""
    at = microseconds(now)
    return max(at - at % _MILLISECOND, current.last_updated + _MILLISECOND)


def _body(resource: Resource, version: int, at: datetime) -> bytes:
    meta = {"versionId": str(version), "lastUpdated": format_instant(at)}
    stored: Resource = {"resourceType": None, "id": None, "meta": None} | resource
    stored["meta"] = {**meta, **resource.get("meta", {}), **meta}
    return encode(stored)


def _version_id(etag: str) -> str:
    """Return the version id of `3`, `"3"` or `W/"3"`."""
    return etag.strip().removeprefix("W/").strip('"')


def _stale(current: Current) -> str:
    if not current.version:
        return "If-Match names a version, and there is no such resource"
    return f"If-Match names another version than the newest, which is {current.version}"


def _is_taken(entry: Entry, current: Current) -> bool:
    return isinstance(entry.op, ConditionalPut) and entry.found is None and current.version > 0 and not current.deleted
