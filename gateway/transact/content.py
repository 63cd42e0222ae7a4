"""What is known of a resource without the store: what it says, and what it can be found by."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from gateway.fhir.types import Resource
from gateway.store.index import rows
from gateway.store.index_tables import fitting, pack, tables
from gateway.store.records import IndexTables


class Content(Struct, frozen=True):
    """A resource, the encoded rest of it (see gateway.store.bodies), and its index rows, packed too."""

    resource: Resource
    rest: bytes
    tables: IndexTables
    packed: bytes

    @property
    def meta(self) -> dict[str, Any] | None:
        """Return the `meta` of the resource as it came."""
        return self.resource.get("meta")


def content(resource: Resource, rest: bytes, base_url: str) -> Content:
    """Return the content of a resource whose references are known."""
    found = tables(rows(resource, base=base_url))
    packed = pack(found)
    kept = fitting(found, packed)
    return Content(resource, rest, kept, packed if kept is found else pack(kept))
