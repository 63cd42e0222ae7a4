"""Writing one Batch inside a SQLite transaction, and what a writer sees there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gateway.store.index_tables import COLUMNS
from gateway.store.records import Batch, Current, Identity, Message, Version

if TYPE_CHECKING:
    import sqlite3

    from gateway.fhir.search import SearchRequest
    from gateway.store.sqlite.connection import SqliteDatabase

_CURRENT = """
select c.key, c.version, c.last_updated, c.deleted, c.digest, c.indexed, r.body
from current c join resource r on r.key = c.key and r.version = c.version
where c.type = ? and c.id = ?"""
_EXISTS = "select 1 from current where type = ? and id = ? and deleted = 0"
_NEXT_KEY = "select coalesce(max(key), 0) + 1 from current"
_CREATE = "insert into current values (?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = "update current set version = ?, last_updated = ?, deleted = ?, digest = ?, indexed = ? where key = ?"
_STORE = "insert into resource values (?, ?, ?, ?, ?)"
_ANNOUNCE = "insert into outbox (key, version, event, at) values (?, ?, ?, ?)"
_RECEIVE = """
insert into inbox (provider, format, control_id, event_time, received_at, state, mapping, issues, content)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_LINK = "insert into inbox_resource values (?, ?, ?)"
_HEAD = "select seq, hash from audit where lane = 0 order by seq desc limit 1"
_AUDIT = "insert into audit values (0, ?, ?, ?)"


def _insert(table: str, columns: tuple[str, ...]) -> str:
    if table == "slot":
        return f"insert into slot ({', '.join(columns)}, key) values ({', '.join('?' * (len(columns) + 1))})"
    return f"insert into index_{table} values ({', '.join('?' * (len(columns) + 2))})"


def _delete(table: str, columns: tuple[str, ...]) -> str:
    if table == "slot":
        return f"delete from slot where {' and '.join(f'{column} = ?' for column in (*columns, 'key'))}"
    return f"delete from index_{table} where {' and '.join(f'{column} = ?' for column in ('type', *columns, 'key'))}"


_INSERTS = {table: _insert(table, columns) for table, columns in COLUMNS.items()}
_DELETES = {table: _delete(table, columns) for table, columns in COLUMNS.items()}


class SqliteSight:
    """What the one writer sees: nothing changes while it looks."""

    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        self._next_key: int | None = None

    def matches(self, conditions: Sequence[SearchRequest]) -> list[list[Identity]]:
        """Return for each condition the resources it matches, at most two."""
        from gateway.store.search import matches  # noqa: PLC0415 - only conditional operations search

        return [matches(self._db, condition) for condition in conditions]

    def current(
        self, identities: Collection[Identity], targets: Collection[Identity] = ()
    ) -> tuple[dict[Identity, Current], set[Identity]]:
        """Return the newest version of each of `identities`, and which of `targets` exist and are not deleted."""
        execute = self._db.connection.execute
        found = {}
        for identity in identities:
            row = execute(_CURRENT, identity).fetchone()
            found[identity] = Current(self._reserve()) if row is None else Current(*row)
        return found, {target for target in targets if execute(_EXISTS, target).fetchone()}

    def _reserve(self) -> int:
        if self._next_key is None:
            ((self._next_key,),) = self._db.rows(_NEXT_KEY)
        key = self._next_key
        self._next_key += 1
        return key


def write(connection: sqlite3.Connection, batch: Batch) -> None:
    """Write every row of `batch`."""
    _write_versions(connection, batch.versions)
    _write_index(connection, batch.versions)
    if batch.message is not None:
        _write_message(connection, batch.message, batch)
    _write_audit(connection, batch.audit)


def _write_versions(connection: sqlite3.Connection, versions: list[Version]) -> None:
    news = [
        (v.key, *v.identity, v.version, v.last_updated, v.deleted, v.digest, v.indexed)
        for v in versions
        if v.version == 1
    ]
    nexts = [
        (v.version, v.last_updated, v.deleted, v.digest, v.indexed, v.key) for v in versions if v.version > 1
    ]
    connection.executemany(_CREATE, news)
    connection.executemany(_UPDATE, nexts)
    connection.executemany(_STORE, [(v.key, v.version, v.last_updated, v.deleted, v.body) for v in versions])
    connection.executemany(_ANNOUNCE, [(v.key, v.version, v.event, v.last_updated) for v in versions])


def _write_index(connection: sqlite3.Connection, versions: list[Version]) -> None:
    removed: dict[str, list[tuple[Any, ...]]] = {}
    added: dict[str, list[tuple[Any, ...]]] = {}
    for version in versions:
        _collect(version, version.removed, removed)
        _collect(version, version.added, added)
    for table, rows in removed.items():
        connection.executemany(_DELETES[table], rows)
    for table, rows in added.items():
        connection.executemany(_INSERTS[table], rows)


def _collect(version: Version, tables: dict[str, list[tuple[Any, ...]]], into: dict[str, list[tuple[Any, ...]]]) -> None:
    type_, key = version.identity.type, version.key
    for table, rows in tables.items():
        whole = [(*row, key) for row in rows] if table == "slot" else [(type_, *row, key) for row in rows]
        into.setdefault(table, []).extend(whole)


def _write_message(connection: sqlite3.Connection, message: Message, batch: Batch) -> None:
    inbox = connection.execute(_RECEIVE, message.row()).lastrowid
    links = [(v.key, v.version) for v in batch.versions] + batch.confirmed
    connection.executemany(_LINK, [(*link, inbox) for link in links])


def _write_audit(connection: sqlite3.Connection, content: bytes) -> None:
    seq, before = connection.execute(_HEAD).fetchone() or (0, b"")
    connection.execute(_AUDIT, (seq + 1, content, sha256(before + content).digest()))
