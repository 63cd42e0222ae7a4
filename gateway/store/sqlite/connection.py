"""Connections to a SQLite file: settings, a pool, and SELECTs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from gateway.errors import Unavailable
from gateway.store.records import Engine
from gateway.store.sealed import NO_SEALS, Seals
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

    def __init__(self, connection: sqlite3.Connection, seals: Seals = NO_SEALS) -> None:
        self.connection = connection
        self.seals = seals

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer."""
        return self.connection.execute(sql, parameters).fetchall()

    def tables(self) -> SqliteTables:
        """Return its tables as wholes."""
        return SqliteTables(self.connection)


class Pool:
    """Connections that are not in use, the warmest on top."""

    def __init__(self, path: Path, patience: float, seals: Seals = NO_SEALS) -> None:
        self._path = path
        self._patience = patience
        self._seals = seals
        self._idle: list[SqliteDatabase] = []
        self._closed = False

    def database(self) -> Loan:
        """Return the loan of a database."""
        return Loan(self)

    def close(self) -> None:
        """Close every connection; one that is lent is closed when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().connection.close()

    def take(self) -> SqliteDatabase:
        """Return a database that nobody else has until it is given back."""
        try:
            return self._idle.pop()
        except IndexError:
            return SqliteDatabase(connect(self._path, self._patience), self._seals)

    def give_back(self, db: SqliteDatabase) -> None:
        """Have a database back."""
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
    connection.create_function("chained", 2, _chained, deterministic=True)
    return connection


def _chained(before: bytes, content: bytes) -> bytes:
    """Return the hash of a row of the audit, by that of the row before it."""
    return sha256(before + content).digest()


class Available:
    """Raises Unavailable for what the disk or another program does to the database within it."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        """Raise Unavailable, or leave what was raised as it is."""
        if error is not None:
            check_available(error)


def check_available(error: BaseException) -> None:
    """Raise Unavailable for an error that the disk or another program is the cause of."""
    if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _OUTSIDE_US:
        raise Unavailable.later(f"the store cannot be used now: {error}") from error


class Loan:
    """A database of a pool, lent to one thread; Unavailable when the file cannot be used.

    A class, as is all that every read goes through: a context that is a generator takes four times as long.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> SqliteDatabase:
        """Return the database."""
        try:
            self._db = self._pool.take()
        except sqlite3.DatabaseError as error:
            check_available(error)
            raise
        return self._db

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        self._pool.give_back(self._db)
        if error is not None:
            check_available(error)


class Snapshot(Loan):
    """The loan of a database of which all statements see one state."""

    def __enter__(self) -> SqliteDatabase:
        """Return the database, in a transaction that is only read in."""
        db = super().__enter__()
        try:
            db.connection.execute("begin")
        except BaseException as error:
            super().__exit__(type(error), error, error.__traceback__)
            raise
        return db

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the transaction, and give the database back."""
        try:
            if self._db.connection.in_transaction:
                self._db.connection.execute("rollback")
        except BaseException as failed:
            super().__exit__(type(failed), failed, trace)
            raise
        super().__exit__(kind, error, trace)


class Transaction:
    """Writes on a connection, all of which are committed at the end, or none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        """Begin, as the one writer."""
        self._connection.execute("begin immediate")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or after an error take everything back."""
        try:
            if kind is None:
                self._connection.execute("commit")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
