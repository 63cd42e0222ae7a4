"""What is known of a resource without the store: what it says, and what it can be found by."""

from __future__ import annotations

from msgspec import Struct

from gateway.fhir.types import Resource
from gateway.store.index_tables import indexed
from gateway.store.records import IndexTables
from gateway.store.sealed import Seals


class Content(Struct, frozen=True):
    """A resource, the encoded rest of it (see gateway.store.bodies), and its index rows, packed too.

    `generation` is that of the key by which numbers are hidden in them.
    """

    resource: Resource
    rest: bytes
    tables: IndexTables
    packed: bytes
    generation: int


def content(resource: Resource, rest: bytes, base_url: str, seals: Seals) -> Content:
    """Return the content of a resource whose references are known."""
    return Content(resource, rest, *indexed(resource, base_url, seals))
