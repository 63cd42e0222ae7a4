"""Index rows as the store keeps them: per table, packed beside the resource, compared when it changes.

The packed rows are the rows as they were written, whatever made them; so an update knows exactly which
rows to delete, also after the extraction of index rows has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from gateway.store.hidden import hide
from gateway.store.index import IndexRows
from gateway.store.index import rows as rows_of

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.store.records import IndexTables
    from gateway.store.sealed import Seals

# PostgreSQL indexes rows of up to 2,704 bytes. A longer text is found by its beginning; its key is cut on both engines.
_ROW_BYTES, _COLUMN_BYTES = 2_600, 600
_DECODER = msgspec.msgpack.Decoder(dict[str, list[tuple[Any, ...]]])
_ENCODER = msgspec.msgpack.Encoder()


def indexed(resource: Resource, base: str, seals: Seals) -> tuple[IndexTables, bytes, int]:
    """Return the index rows of a resource, packed as they are kept beside it, and by which key numbers are hidden.

    `base` is the public FHIR base. Never raises on a valid resource.
    """
    made = rows_of(resource, base=base)
    generation = hide(made, seals)
    found = tables(made)
    packed = pack(found)
    if len(packed) < _ROW_BYTES:  # then each of them is short enough
        return found, packed, generation
    kept = fitting(found)
    return kept, pack(kept), generation


def tables(rows: IndexRows) -> IndexTables:
    """Return the rows by table, each row once, empty tables left out. Written out: a loop takes half as long again."""
    found: IndexTables = {}
    if rows.token:
        found["token"] = _once(rows.token)
    if rows.string:
        found["string"] = _once(rows.string)
    if rows.date:
        found["date"] = _once(rows.date)
    if rows.reference:
        found["reference"] = _once(rows.reference)
    if rows.uri:
        found["uri"] = _once(rows.uri)
    if rows.number:
        found["number"] = _once(rows.number)
    if rows.quantity:
        found["quantity"] = _once(rows.quantity)
    if rows.position:
        found["position"] = _once(rows.position)
    if (slot := rows.slot) is not None:
        found["slot"] = [(slot.status, slot.start, slot.end, slot.schedule)]
    return found


def _once(rows: list[Any]) -> list[Any]:
    """Return the rows, each of them once."""
    return rows if len(rows) == 1 or len(set(rows)) == len(rows) else list(dict.fromkeys(rows))


def pack(rows: IndexTables) -> bytes:
    """Return the rows as bytes that `unpack` reads."""
    return _ENCODER.encode(rows)


def fitting(rows: IndexTables) -> IndexTables:
    """Return the rows with every text cut to what fits an index."""
    return {table: list(dict.fromkeys(tuple(map(_cut, row)) for row in some)) for table, some in rows.items()}


def _cut(value: Any) -> Any:
    if not isinstance(value, str) or len(value) * 4 <= _COLUMN_BYTES:
        return value
    return value.encode()[:_COLUMN_BYTES].decode(errors="ignore")


def unpack(packed: bytes) -> IndexTables:
    """Return the rows that were packed; none for no bytes."""
    return _DECODER.decode(packed) if packed else {}


def difference(wanted: IndexTables, present: IndexTables) -> IndexTables:
    """Return the rows that are in `wanted` and not in `present`."""
    if not present:
        return wanted
    found = {}
    for table, rows in wanted.items():
        others = set(present.get(table, ()))
        if left := [row for row in rows if row not in others]:
            found[table] = left
    return found
