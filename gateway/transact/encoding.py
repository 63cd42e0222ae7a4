"""A resource as it is stored: a head that the gateway writes anew with each version, then the rest as it came."""

from __future__ import annotations

from typing import Any, NamedTuple

from gateway.fhir.json import encode
from gateway.fhir.types import Resource
from gateway.store import Identity
from gateway.store.digest import digest
from gateway.store.index import rows
from gateway.store.index_tables import pack, tables
from gateway.store.records import IndexTables

_HEAD = frozenset({"resourceType", "id", "meta"})


class Content(NamedTuple):
    """What is known of a resource without the store: what it says, and what it can be found by."""

    resource: Resource
    rest: bytes  # the encoded resource without its head
    meta: dict[str, Any] | None
    digest: bytes
    tables: IndexTables
    packed: bytes


def content(resource: Resource, rest: bytes, base_url: str) -> Content:
    """Return the content of a resource whose references are known; `rest` is what `rest_of` makes of it."""
    meta = resource.get("meta")
    found = tables(rows(resource, base=base_url))
    return Content(resource, rest, meta, digest(rest, meta), found, pack(found))


def rest_of(resource: Resource) -> bytes:
    """Return the encoded resource without its head."""
    return encode({name: value for name, value in resource.items() if name not in _HEAD})


def body(identity: Identity, meta: dict[str, Any] | None, rest: bytes, version: int, at: str) -> bytes:
    """Return the whole encoded resource; of its head only the other parts of `meta` may need escapes."""
    told = f'"versionId":"{version}","lastUpdated":"{at}"'
    if others := {name: value for name, value in (meta or {}).items() if name not in {"versionId", "lastUpdated"}}:
        told = f"{told},{encode(others)[1:-1].decode()}"
    head = f'{{"resourceType":"{identity.type}","id":"{identity.id}","meta":{{{told}}}'.encode()
    return head + b"}" if rest == b"{}" else b"%b,%b" % (head, rest[1:])
