"""Index rows as the store keeps them: per table, packed beside the resource, compared when it changes.

The packed rows are the rows as they were written, whatever made them; so an update knows exactly which
rows to delete, also after the extraction of index rows has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from gateway.store.index import IndexRows

if TYPE_CHECKING:
    from gateway.store.records import IndexTables

_DECODER = msgspec.msgpack.Decoder(dict[str, list[tuple[Any, ...]]])
_ENCODER = msgspec.msgpack.Encoder()


def tables(rows: IndexRows) -> IndexTables:
    """Return the rows by table, each row once, empty tables left out."""
    found: IndexTables = {}
    for table, entries in (
        ("token", rows.token),
        ("string", rows.string),
        ("date", rows.date),
        ("reference", rows.reference),
        ("uri", rows.uri),
        ("number", rows.number),
        ("quantity", rows.quantity),
    ):
        if entries:
            found[table] = list(dict.fromkeys(entries)) if len(entries) > 1 else entries
    if (slot := rows.slot) is not None:
        found["slot"] = [(slot.status, slot.start, slot.end, slot.schedule)]
    return found


def pack(rows: IndexTables) -> bytes:
    """Return the rows as bytes that `unpack` reads."""
    return _ENCODER.encode(rows)


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
