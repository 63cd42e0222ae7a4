"""The store: every version of every resource, and what is committed with it. Two engines, one interface.

`open_store` is the way to it; `Store` (interface.py) is what comes out.
"""

from __future__ import annotations

from pathlib import Path

from gateway.errors import BadSettings
from gateway.store.interface import PATIENCE, Database, Sight, Store
from gateway.store.records import Batch, Current, Durability, Identity, Message, Stored, Version
from gateway.store.sealed import NO_SEALS, Seals

__all__ = ["Batch", "Current", "Database", "Identity", "Message", "Sight", "Store", "Stored", "Version", "open_store"]

_FILE = "sqlite:///"


def open_store(
    url: str,
    *,
    durability: Durability = "full",
    renew: bool = False,
    patience: float = PATIENCE,
    seals: Seals = NO_SEALS,
) -> Store:
    """Return the store at `url`; an empty database is made into one, an older one is renewed if `renew`.

    `sqlite:///file` (relative) or `sqlite:////file` (absolute), `sqlite://` (in memory, for tests), `postgresql://...`.
    `durability` full: what is acknowledged survives a power cut; normal: it survives a crash of the gateway.
    Who waits more than `patience` seconds for its turn to write gets Unavailable. `seals` are the keys of the store.
    Raises BadSettings for another URL, Unavailable when the database cannot be used or is of another version.
    """
    if url == "sqlite://":
        from gateway.store.sqlite.store import open_memory  # noqa: PLC0415 - only the engine in use is loaded

        return open_memory(seals)
    if url.startswith(_FILE) and len(url) > len(_FILE):
        from gateway.store.sqlite.store import open_file  # noqa: PLC0415

        path = Path(url.removeprefix(_FILE))
        return open_file(path, durability=durability, renew=renew, patience=patience, seals=seals)
    if url.startswith(("postgresql://", "postgres://")):
        from gateway.store.postgresql.store import open_database  # noqa: PLC0415

        return open_database(url, durability=durability, renew=renew, patience=patience, seals=seals)
    raise BadSettings("the database must be sqlite:///PATH or postgresql://USER@HOST/DATABASE")
