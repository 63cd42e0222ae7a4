"""Connections to a SQLite file: settings, a pool, and SELECTs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.errors import Unavailable
from gateway.store.records import Engine
from gateway.store.sqlite.tables import SqliteTables

# `normal` does not flush a commit; flush.py does, outside the write lock. A checkpoint every 10,000 pages is rare
# enough not to slow commits down, and small enough to take a fraction of a second.
_SETTINGS = """
pragma journal_mode = wal;
pragma synchronous = normal;
pragma wal_autocheckpoint = 10000;
pragma cache_size = -16000;
pragma temp_store = memory;
pragma trusted_schema = off;
"""
# What the disk or another program does to the database; any other error is a mistake of ours.
_OUTSIDE_US = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB,
})  # fmt: skip


class SqliteDatabase:
    """A Database on one connection."""

    engine: Engine = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer."""
        return self.connection.execute(sql, parameters).fetchall()

    def tables(self) -> SqliteTables:
        """Return its tables as wholes."""
        return SqliteTables(self.connection)


class Pool:
    """Connections that are not in use, the warmest on top."""

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._idle: list[SqliteDatabase] = []
        self._closed = False

    @contextmanager
    def database(self) -> Iterator[SqliteDatabase]:
        """Lend a database to one thread; Unavailable when the file cannot be used."""
        with available():
            db = self._taken()
            try:
                yield db
            finally:
                self._give_back(db)

    def close(self) -> None:
        """Close every connection; one that is lent is closed when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().connection.close()

    def _taken(self) -> SqliteDatabase:
        try:
            return self._idle.pop()
        except IndexError:
            return SqliteDatabase(connect(self._path, self._patience))

    def _give_back(self, db: SqliteDatabase) -> None:
        if self._closed:
            db.connection.close()
        else:
            self._idle.append(db)


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """Return a new connection that waits some seconds for others; a new file is readable by its owner alone."""
    # Only ever a new file: closing a descriptor of an open database would take away SQLite's own locks.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(
        path,
        timeout=patience,
        isolation_level=None,  # transactions are begun and ended in plain sight
        check_same_thread=False,  # the pool sees to it that one thread at a time has it
        cached_statements=256,
    )
    connection.executescript(_SETTINGS)
    return connection


@contextmanager
def available() -> Iterator[None]:
    """Raise Unavailable for what the disk or another program does to the database."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _OUTSIDE_US:
            raise
        raise Unavailable.later(f"the store cannot be used now: {error}") from error
