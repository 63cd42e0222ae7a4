"""Writes versions without a door, and counts rows."""

from __future__ import annotations

from gateway.store import Batch, Identity, Sight, Store, Stored, Version, history
from gateway.store.index_tables import difference, pack, unpack
from gateway.store.records import IndexTables

SLOT = Identity("Slot", "a")


def put(store: Store, identity: Identity = SLOT, *, code: str = "free", deleted: bool = False, at: int = 0) -> int:
    """Write the next version, indexed under `code`, and return its number."""

    def decide(sight: Sight) -> tuple[Batch, int]:
        current = sight.current([identity])[0][identity]
        before = unpack(current.indexed)
        after: IndexTables = {} if deleted else {"token": [("status", "", code)]}
        version = Version(
            key=current.key,
            identity=identity,
            version=current.version + 1,
            last_updated=at or current.last_updated + 1000,
            deleted=deleted,
            indexed=pack(after),
            body=b"" if deleted else b'{"status":"' + code.encode() + b'"}',
            added=difference(after, before),
            removed=difference(before, after),
        )
        return Batch(b"{}", [version]), version.version

    return store.write(decide)


def versions(store: Store, identity: Identity = SLOT, *, count: int = 1000, since: int = 0) -> list[Stored]:
    """Return the newest versions, newest first."""
    with store.reading() as db:
        return history.of_instance(db, identity, history.Span(count, since)).found


def count(store: Store, table: str) -> int:
    with store.reading() as db:
        ((number,),) = db.rows(f"select count(*) from {table}")
    return int(number)
