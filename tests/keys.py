"""Data keys to test with, and all bytes that a store holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.access.data_keys import Use, add
from gateway.access.data_seals import DataSeals
from gateway.store import Store

BEGUN = datetime(2020, 1, 1, tzinfo=UTC)


def key_file(folder: Path, name: str = "data.keys") -> Path:
    """Return a new file with a key to seal and one to find."""
    path = folder / "keys" / name
    for use in ("seal", "find"):
        add(path, use, BEGUN, None)
    return path


def follow(path: Path, use: Use, days: int = 1) -> str:
    """Add a key that follows those there are, and return its name."""
    return add(path, use, BEGUN + timedelta(days=days), None).id


def seals(path: Path, seconds: Callable[[], float] = time.monotonic) -> DataSeals:
    """Return what seals with the keys of a file."""
    return DataSeals(path, None, lambda: datetime.now(UTC), seconds)


def held(store: Store, url: str) -> bytes:
    """Return what the store holds: of SQLite its files, of PostgreSQL every row of every table as it stands."""
    if store.engine == "sqlite":
        path = Path(url.removeprefix("sqlite:///"))
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    with store.reading() as db:
        tables = db.tables()
        rows = [
            row for name in tables.columns() for piece in tables.pieces(f"select * from {name}", 500) for row in piece
        ]
    return b"\n".join(b"\x1e".join(_written(value) for value in row) for row in rows)


def _written(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
