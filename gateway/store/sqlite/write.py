"""Writing one Batch inside a SQLite transaction, and what a writer sees there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gateway.store import erasing, marking, parcels, partners, subscribers
from gateway.store.indexing import print_of
from gateway.store.records import Answered, Batch, Current, Identity, Message, Noted, Seen, Turns, Version
from gateway.store.sealed import known, present
from gateway.store.sqlite import statements as sql

if TYPE_CHECKING:
    import sqlite3

    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Scope
    from gateway.store.sqlite.connection import SqliteDatabase


class SqliteSight:
    """What the one writer sees: nothing changes while it looks."""

    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        self._next_key: int | None = None

    def matches(
        self,
        conditions: Sequence[SearchRequest],
        scope: Scope,
        *,
        limit: int = 2,
        turns: Turns | None = None,  # noqa: ARG002 - here one writes at a time
    ) -> list[list[Identity]]:
        """Return for each condition the resources it matches, at most `limit`."""
        from gateway.store.matching import matches  # noqa: PLC0415 - only conditional operations search

        return [matches(self._db, condition, scope, limit=limit) for condition in conditions]

    def seen(self, identities: Iterable[Identity], scope: Scope) -> set[Identity]:
        """Return which of some resources the caller of the scope may see."""
        from gateway.store.search.seen import seen  # noqa: PLC0415 - only who does not see everything is asked of

        return seen(self._db, identities, scope)

    def current(
        self,
        identities: Collection[Identity],
        targets: Collection[Identity] = (),
        *,
        subjects: Collection[str] = (),
        once: str | None = None,
    ) -> Seen:
        """Return the newest version of each of `identities`, which of `targets` exist, what was noted and answered."""
        execute = self._db.connection.execute
        found = {}
        for identity in identities:
            row = execute(sql.CURRENT, identity).fetchone()
            found[identity] = Current(self._reserve()) if row is None else present(self._db, Current(*row))
        there = {target for target in targets if execute(sql.EXISTS, target).fetchone()}
        noted = {
            subject: known(self._db, subject, Noted(*(execute(sql.NOTED, (subject,)).fetchone() or ())))
            for subject in subjects
        }
        answered = execute(sql.ANSWERED, (once,)).fetchone() if once else None
        return Seen(found, there, noted, Answered(*answered) if answered else None)

    def _reserve(self) -> int:
        if self._next_key is None:
            ((self._next_key,),) = self._db.rows(sql.NEXT_KEY)
        key = self._next_key
        self._next_key += 1
        return key


def write(db: SqliteDatabase, batch: Batch) -> None:
    """Write every row of `batch`."""
    connection = db.connection
    _write_versions(connection, batch)
    _write_index(connection, batch.versions)
    if batch.raised:
        connection.executemany(sql.RAISE, [(at, number, key) for key, at, number in batch.raised])
    if batch.ledger:
        connection.executemany(sql.NOTE, batch.ledger)
    if batch.late:
        connection.executemany(sql.COME_LATE, batch.late)
    if batch.message is not None:
        _write_message(connection, batch.message, batch)
    _write_marks(connection, batch)
    if batch.parcels:
        parcels.put(db, batch.parcels, batch.trace)
    if batch.subscribers:
        subscribers.put(db, batch.subscribers)
    if batch.partners:
        partners.put(db, batch.partners)
    write_audit(connection, batch.audit)


def _write_marks(connection: sqlite3.Connection, batch: Batch) -> None:
    """Change rows of the inbox, and erase; what goes is overwritten in the file too."""
    gone = batch.erased or any(mark.purged_at is not None or mark.sealed is not None for mark in batch.marks)
    if gone:
        connection.execute("pragma secure_delete = on")
    for text, parameters in marking.statements(batch.marks):
        connection.execute(text, parameters)
    if batch.erased:
        for text, parameters in erasing.statements(batch.erased):
            connection.execute(text, parameters)
    if gone:
        connection.execute("pragma secure_delete = off")


def _write_versions(connection: sqlite3.Connection, batch: Batch) -> None:
    versions = batch.versions
    news = [
        (
            v.key,
            *v.identity,
            v.version,
            v.last_updated,
            v.deleted,
            v.indexed,
            v.event_time,
            v.event_number,
            print_of(v.identity.type, v.generation),
        )
        for v in versions
        if v.version == 1
    ]
    nexts = [
        (
            v.version,
            v.last_updated,
            v.deleted,
            v.indexed,
            v.event_time,
            v.event_number,
            print_of(v.identity.type, v.generation),
            v.key,
        )
        for v in versions
        if v.version > 1
    ]
    connection.executemany(sql.CREATE, news)
    connection.executemany(sql.UPDATE, nexts)
    stored = [(v.key, v.version, v.last_updated, v.deleted, v.body, v.identity.type, v.method) for v in versions]
    connection.executemany(sql.STORE, stored)
    events = [(v.key, v.version, v.event, v.last_updated, batch.trace) for v in versions]
    connection.executemany(sql.ANNOUNCE, events)


def _write_index(connection: sqlite3.Connection, versions: list[Version]) -> None:
    removed: dict[str, list[tuple[Any, ...]]] = {}
    added: dict[str, list[tuple[Any, ...]]] = {}
    for version in versions:
        _collect(version, version.removed, removed)
        _collect(version, version.added, added)
    for table, rows in removed.items():
        connection.executemany(sql.DELETES[table], rows)
    for table, rows in added.items():
        connection.executemany(sql.INSERTS[table], rows)


def _collect(
    version: Version, tables: dict[str, list[tuple[Any, ...]]], into: dict[str, list[tuple[Any, ...]]]
) -> None:
    type_, key = version.identity.type, version.key
    for table, rows in tables.items():
        whole = [(*row, key) for row in rows] if table == "slot" else [(type_, *row, key) for row in rows]
        into.setdefault(table, []).extend(whole)


def _write_message(connection: sqlite3.Connection, message: Message, batch: Batch) -> None:
    if message.again is None:
        inbox = connection.execute(sql.RECEIVE, message.row()).lastrowid
    else:
        connection.execute(sql.RECEIVE_AGAIN, message.news())
        inbox = message.again
    links = [(v.key, v.version) for v in batch.versions] + batch.confirmed
    connection.executemany(sql.LINK, [(*link, inbox) for link in links])


def write_audit(connection: sqlite3.Connection, content: bytes) -> None:
    """Write a row of the audit, whose hash covers the one before it; outside of a transaction it is one by itself."""
    connection.execute(sql.AUDIT, (content,))
