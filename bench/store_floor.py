"""The floor of storing: bare scripts that write the rows of a transaction, made beforehand, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from gateway.store import Batch, Current, Identity
from gateway.store.index.definitions import fingerprint
from gateway.store.interface import Decide, Prepare, T, nothing
from gateway.store.postgresql.connection import BY_INDEX
from gateway.store.postgresql.write import parameters, statement
from gateway.store.records import Noted, Seen
from gateway.store.sealed import NO_SEALS

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.records import Turns
    from gateway.store.search.scope import Scope


_KEYS = count(1)
_INBOX = """inbox (id, provider, format, control_id, event_time, received_at, state, mapping, issues, content, once,
    digest, answer, sealed_with, fields_wanted, fields_right, of_array)"""


class NoStorage:
    """A store that finds nothing and keeps the last Batch it was given: a transaction without its storage."""

    seals = NO_SEALS

    def __init__(self) -> None:
        self.batch = Batch(b"")

    def write(self, decide: Decide[T], prepare: Prepare = nothing) -> T:
        prepare()
        self.batch, result = decide(self)
        return result

    def current(
        self,
        identities: Collection[Identity],
        targets: Collection[Identity] = (),
        *,
        subjects: Collection[str] = (),
        **_: object,
    ) -> Seen:
        currents = {identity: Current(next(_KEYS)) for identity in identities}
        return Seen(currents, set(targets), dict.fromkeys(subjects, Noted()))

    @contextmanager
    def reading(self) -> Iterator[NoStorage]:
        yield self

    def rows(self, *_: object) -> list[tuple[bytes]]:
        """Return the secret that visits are named with: all that is read of it."""
        return [(b"secret",)]

    def matches(
        self, conditions: Sequence[SearchRequest], scope: Scope, *, limit: int = 2, turns: Turns | None = None
    ) -> list[list[Identity]]:
        raise NotImplementedError

    def seen(self, identities: Iterable[Identity], scope: Scope) -> set[Identity]:
        raise NotImplementedError


class BareSqlite:
    """A script with one connection, `synchronous = full`, and a prepared list of rows for each table."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(
            "pragma synchronous = full; pragma cache_size = -16000; pragma wal_autocheckpoint = 10000;"
        )
        self._hash = b""
        self._seq = self._inbox = 0

    def rows(self, batch: Batch) -> list[tuple[str, list[tuple[Any, ...]]]]:
        """Return each statement with its rows."""
        tables: dict[str, list[tuple[Any, ...]]] = {}
        for v in batch.versions:
            tables.setdefault("current", []).append(
                (
                    v.key,
                    *v.identity,
                    v.version,
                    v.last_updated,
                    v.deleted,
                    v.indexed,
                    v.event_time,
                    v.event_number,
                    fingerprint(v.identity.type),
                )
            )
            tables.setdefault("resource", []).append(
                (v.key, v.version, v.last_updated, v.deleted, v.body, v.identity.type, v.method)
            )
            tables.setdefault("outbox", []).append((None, v.key, v.version, v.event, v.last_updated, 0, 0, batch.trace))
            for table, added in v.added.items():
                whole = [(v.key, *row) if table == "slot" else (v.identity.type, *row, v.key) for row in added]
                tables.setdefault("slot" if table == "slot" else f"index_{table}", []).extend(whole)
        if batch.ledger:
            tables["ledger"] = list(batch.ledger)
        if batch.message:
            self._inbox += 1
            tables[_INBOX] = [(self._inbox, *batch.message.row())]
            tables["inbox_resource"] = [(v.key, v.version, self._inbox) for v in batch.versions]
        self._seq, self._hash = self._seq + 1, sha256(self._hash + batch.audit).digest()
        tables["audit"] = [(0, self._seq, batch.audit, self._hash)]
        return [(f"insert into {t} values ({', '.join('?' * len(rows[0]))})", rows) for t, rows in tables.items()]

    def write(self, rows: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        self._db.execute("begin immediate")
        for insert, some in rows:
            self._db.executemany(insert, some)
        self._db.execute("commit")


class BarePostgresql:
    """A script with one connection that sends one statement with its parameters, both made beforehand.

    It is our own statement, planned as ours is: a script that writes each table by itself takes twice as long.
    """

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url, autocommit=True)
        self._db.execute(BY_INDEX.encode())

    def rows(self, batch: Batch) -> tuple[bytes, dict[str, Any]]:
        """Return the statement with its parameters."""
        rows = parameters(batch)
        return statement(batch).encode(), rows | {"rows": rows["rows"].decode()}

    def write(self, rows: tuple[bytes, dict[str, Any]]) -> None:
        self._db.execute(*rows, prepare=True)
