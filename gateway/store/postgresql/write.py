"""Writing one Batch to PostgreSQL in one statement, and what a writer sees before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.store.postgresql import statements as sql
from gateway.store.records import Batch, Current, Identity, IndexTables, Message, Version

if TYPE_CHECKING:
    from psycopg import Connection

    from gateway.fhir.search import SearchRequest
    from gateway.store.postgresql.connection import PostgresqlDatabase
    from gateway.store.search.scope import Scope

_statement = cache(sql.statement)


class NeedsLocks(Exception):
    """The writer depends on a condition, so it must start again inside a transaction that can hold locks."""


class PostgresqlSight:
    """What a writer sees. Without locks others may overtake it, which the statement that writes finds out."""

    def __init__(self, db: PostgresqlDatabase, *, locks: bool) -> None:
        self._db = db
        self._locks = locks

    def matches(self, conditions: Sequence[SearchRequest], scope: Scope, *, limit: int = 2) -> list[list[Identity]]:
        """Return for each condition the resources it matches, at most `limit`; others with that condition wait."""
        from gateway.store.matching import matches  # noqa: PLC0415 - only conditional operations search

        if not conditions:
            return []
        if not self._locks:
            raise NeedsLocks
        numbers = sorted({_number(condition) for condition in conditions})
        self._db.connection.execute(sql.LOCK_CONDITIONS, (numbers,))
        return [matches(self._db, condition, scope, limit=limit) for condition in conditions]

    def current(
        self, identities: Collection[Identity], targets: Collection[Identity] = ()
    ) -> tuple[dict[Identity, Current], set[Identity]]:
        """Return the newest version of each of `identities`, and which of `targets` exist and are not deleted."""
        wanted, others = list(identities), list(targets)
        connection = self._db.connection
        with connection.cursor(binary=True) as cursor:
            with connection.pipeline() if self._locks else nullcontext():  # both in one round trip
                if self._locks:  # by a statement of its own, so that the next sees what others have committed meanwhile
                    connection.execute(sql.LOCK_ROWS, _columns(wanted), prepare=True)
                cursor.execute(sql.CURRENT, (*_columns(wanted), *_columns(others)), prepare=True)
            rows = cursor.fetchall()
        found = {wanted[n]: Current(*row) for n, *row in rows if n >= 0}
        return found, {others[-n - 1] for n, *_ in rows if n < 0}


def write(connection: Connection[tuple[Any, ...]], batch: Batch) -> None:
    """Write every row of `batch`: one round trip, all or nothing."""
    text = _statement(
        versions=bool(batch.versions),
        removes=any(version.removed for version in batch.versions),
        message=batch.message is not None,
    )
    connection.execute(text, parameters(batch), prepare=True)


def _columns(identities: list[Identity]) -> tuple[str, str]:
    """Return the types and the ids as array literals; neither holds a character that would need an escape."""
    return _array([identity.type for identity in identities]), _array([identity.id for identity in identities])


def _array(words: list[str]) -> str:
    return '{"' + '","'.join(words) + '"}' if words else "{}"


def _number(condition: SearchRequest) -> int:
    """Return the number of the lock that stands for a condition."""
    return int.from_bytes(sha256(repr(condition).encode()).digest()[:8], signed=True)


def parameters(batch: Batch) -> dict[str, Any]:
    """Return the parameters of the statement that writes `batch`."""
    versions = sorted(batch.versions, key=lambda v: v.identity)  # everyone locks in the same order
    links = [(v.key, v.version) for v in versions] + batch.confirmed
    rows = {
        "versions": [_version(v) for v in versions],
        "added": _collected(versions, "added"),
        "removed": _collected(versions, "removed"),
        "links": links,
    }
    return {
        "rows": msgspec.json.encode(rows).decode(),
        "bodies": [v.body for v in versions],
        "indexed": [v.indexed for v in versions],
        "audit": batch.audit,
    } | (_message(batch.message) if batch.message else {})


def _version(v: Version) -> dict[str, Any]:
    return {
        "key": v.key,
        "type": v.identity.type,
        "id": v.identity.id,
        "version": v.version,
        "at": v.last_updated,
        "deleted": v.deleted,
        "event": v.event,
    }


def _collected(versions: list[Version], which: str) -> IndexTables:
    collected: IndexTables = {}
    for version in versions:
        type_, key = version.identity.type, version.key
        tables: IndexTables = getattr(version, which)
        for table, rows in tables.items():
            whole = [(*row, key) for row in rows] if table == "slot" else [(type_, *row, key) for row in rows]
            collected.setdefault(table, []).extend(whole)
    return collected


def _message(message: Message) -> dict[str, Any]:
    names = "provider", "format", "control_id", "event_time", "received_at", "state", "mapping", "issues", "content"
    return dict(zip(names, message.row(), strict=True))
