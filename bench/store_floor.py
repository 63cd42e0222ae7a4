"""The floor of storing: bare scripts that write the rows of a transaction, made beforehand, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from gateway.store import Batch, Current, Identity
from gateway.store.interface import Decide, T
from gateway.store.postgresql import statements
from gateway.store.postgresql.write import parameters
from gateway.store.records import Seen

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Scope


class NoStorage:
    """A store that finds nothing and keeps the last Batch it was given: a transaction without its storage."""

    def __init__(self) -> None:
        self._keys = count(1)
        self.batch = Batch(b"")

    def write(self, decide: Decide[T]) -> T:
        self.batch, result = decide(self)
        return result

    def current(
        self,
        identities: Collection[Identity],
        targets: Collection[Identity] = (),
        **_: object,
    ) -> Seen:
        return Seen({identity: Current(next(self._keys)) for identity in identities}, set(targets), {})

    def matches(self, conditions: Sequence[SearchRequest], scope: Scope, *, limit: int = 2) -> list[list[Identity]]:
        raise NotImplementedError


class BareSqlite:
    """A script with one connection, `synchronous = full`, and a prepared list of rows for each table."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(
            "pragma synchronous = full; pragma cache_size = -16000; pragma wal_autocheckpoint = 10000;"
        )
        self._hash = b""
        self._seq = 0

    def rows(self, batch: Batch) -> list[tuple[str, list[tuple[Any, ...]]]]:
        """Return each statement with its rows."""
        tables: dict[str, list[tuple[Any, ...]]] = {}
        for v in batch.versions:
            tables.setdefault("current", []).append(
                (v.key, *v.identity, v.version, v.last_updated, v.deleted, v.indexed, v.event_time, v.event_number)
            )
            tables.setdefault("resource", []).append((v.key, v.version, v.last_updated, v.deleted, v.body))
            tables.setdefault("outbox", []).append((None, v.key, v.version, v.event, v.last_updated, 0, 0))
            for table, added in v.added.items():
                whole = [(v.key, *row) if table == "slot" else (v.identity.type, *row, v.key) for row in added]
                tables.setdefault("slot" if table == "slot" else f"index_{table}", []).extend(whole)
        self._seq, self._hash = self._seq + 1, sha256(self._hash + batch.audit).digest()
        tables["audit"] = [(0, self._seq, batch.audit, self._hash)]
        return [(f"insert into {t} values ({', '.join('?' * len(rows[0]))})", rows) for t, rows in tables.items()]

    def write(self, rows: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        self._db.execute("begin immediate")
        for statement, some in rows:
            self._db.executemany(statement, some)
        self._db.execute("commit")


class BarePostgresql:
    """A script with one connection that sends one statement with its parameters, both made beforehand."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url, autocommit=True)
        parts = dict.fromkeys(("removes", "raised", "late", "ledger", "message"), False)
        self._statement = statements.statement(versions=True, **parts).encode()

    def rows(self, batch: Batch) -> dict[str, Any]:
        """Return the parameters."""
        return parameters(batch)

    def write(self, rows: dict[str, Any]) -> None:
        self._db.execute(self._statement, rows, prepare=True)
