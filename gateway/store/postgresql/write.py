"""Writing one Batch to PostgreSQL in one statement, and what a writer sees before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.store import erasing, marking, parcels, partners, subscribers
from gateway.store.indexing import print_of
from gateway.store.interface import Prepare, nothing
from gateway.store.postgresql import statements as sql
from gateway.store.postgresql.connection import PostgresqlDatabase, placeholders
from gateway.store.postgresql.link import Link
from gateway.store.records import (
    Answered,
    Batch,
    Current,
    Identity,
    IndexTables,
    Message,
    Noted,
    Seen,
    Turns,
    Version,
)
from gateway.store.sealed import known, present

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Scope

_ENCODER = msgspec.json.Encoder()
_statement, _look = cache(sql.statement), cache(sql.look)
_INBOX = (
    "provider", "format", "control_id", "event_time", "received_at", "state", "mapping", "issues", "content",
    "once", "digest", "answer", "sealed_with", "fields_wanted", "fields_right", "of_array",
)  # fmt: skip


class NeedsLocks(Exception):
    """The writer depends on a condition, so it must start again inside a transaction that can hold locks."""


class PostgresqlSight:
    """What a writer sees. Without locks others may overtake it, which the statement that writes finds out."""

    def __init__(self, link: Link, db: PostgresqlDatabase, *, locks: bool, prepare: Prepare = nothing) -> None:
        self._link = link
        self._db = db
        self._locks = locks
        self._prepare = prepare

    def matches(
        self, conditions: Sequence[SearchRequest], scope: Scope, *, limit: int = 2, turns: Turns | None = None
    ) -> list[list[Identity]]:
        """Return for each condition the resources it matches, at most `limit`; others wait whose turn it is not."""
        from gateway.store.matching import matches  # noqa: PLC0415 - only conditional operations search

        if not conditions:
            return []
        if not self._locks:
            raise NeedsLocks
        connection = self._link.connection
        alone, beside = turns or Turns([repr(condition) for condition in conditions])
        shared, numbers = set(_numbers(beside)), _numbers([*alone, *beside])
        values = {"numbers": numbers, "shared": [number in shared for number in numbers]}
        connection.execute(sql.LOCK_TURNS, values)
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
        wanted, others, noted = list(identities), list(targets), list(subjects)
        asked = _look(targets=bool(others), message=bool(noted or once))
        values: dict[str, Any] = {"subjects": _array(noted), "once": once}
        values["types"], values["ids"] = _columns(wanted)
        values["target_types"], values["target_ids"] = _columns(others)
        # A second look, at what the first one led to, takes no locks: the statement that writes finds out.
        prepare, self._prepare = self._prepare, nothing
        locks, self._locks = self._locks, False
        if not locks:
            return self._seen(self._asked(asked, values, prepare), wanted, others, noted)
        numbers = _numbers([*noted, once or ""]) if noted or once else []
        return self._seen(self._locked(numbers, asked, values, prepare), wanted, others, noted)

    def _seen(
        self, rows: list[tuple[Any, ...]], wanted: list[Identity], others: list[Identity], noted: list[str]
    ) -> Seen:
        """Return the rows of one look by what they are about."""
        seen = Seen({}, set(), dict.fromkeys(noted, Noted()))
        for n, key, *row in rows:
            if n < 0:
                seen.present.add(others[-n - 1])
            elif n < sql.LEDGER_FROM:
                seen.currents[wanted[n]] = present(self._db, Current(key, *row))
            elif n < sql.ANSWERED_AT:
                subject = noted[n - sql.LEDGER_FROM]
                seen.ledger[subject] = known(self._db, subject, Noted(key, row[3]))
            else:
                seen = seen._replace(answered=Answered(row[3], row[4], key))
        return seen

    def _asked(self, asked: str, values: dict[str, Any], prepare: Prepare) -> list[tuple[Any, ...]]:
        self._link.send(asked, values)
        try:
            prepare()  # while the server looks
        finally:
            rows = self._link.answer()
        return rows

    def _locked(
        self, numbers: list[int], asked: str, values: dict[str, Any], prepare: Prepare
    ) -> list[tuple[Any, ...]]:
        """Wait for others, by statements of their own, so that the next one sees what they have committed meanwhile."""
        connection = self._link.connection
        with connection.cursor(binary=True) as cursor:
            with connection.pipeline():  # all in one round trip
                if numbers:
                    connection.execute(sql.LOCK_CONDITIONS, {"numbers": numbers})
                connection.execute(sql.LOCK_ROWS, values, prepare=True)
                cursor.execute(asked, values, prepare=True)
                prepare()
            return cursor.fetchall()


def write(link: Link, db: PostgresqlDatabase, batch: Batch) -> None:
    """Write every row of `batch`: one round trip, all or nothing."""
    several = batch.marks or batch.parcels or batch.subscribers or batch.partners or batch.erased
    with link.transaction() if several else nullcontext():
        link.send(statement(batch), parameters(batch))
        link.answer()
        for mark, values in marking.statements(batch.marks):
            link.connection.execute(placeholders(mark), values)
        for text, values in erasing.statements(batch.erased) if batch.erased else ():
            link.connection.execute(placeholders(text), values)
        if batch.parcels:
            parcels.put(db, batch.parcels, batch.trace)
        if batch.subscribers:
            subscribers.put(db, batch.subscribers)
        if batch.partners:
            partners.put(db, batch.partners)


def _columns(identities: list[Identity]) -> tuple[str, str]:
    """Return the types and the ids as array literals; neither holds a character that would need an escape."""
    return _array([identity.type for identity in identities]), _array([identity.id for identity in identities])


def _array(words: list[str]) -> str:
    return '{"' + '","'.join(words) + '"}' if words else "{}"


def _numbers(subjects: Collection[str]) -> list[int]:
    """Return the numbers of the locks that stand for conditions and subjects, in the order in which all take them."""
    return sorted({int.from_bytes(sha256(subject.encode()).digest()[:8], signed=True) for subject in subjects})


def statement(batch: Batch) -> str:
    """Return the statement that writes `batch`, with the parts that it needs."""
    versions, message = batch.versions, batch.message
    wanted = {
        "versions": versions,
        "removed": any(version.removed for version in versions),
        "positions": any("position" in version.added or "position" in version.removed for version in versions),
        "raised": batch.raised,
        "late": batch.late,
        "ledger": batch.ledger,
        "message": message is not None,
        "again": message is not None and message.again is not None,
    }
    return _statement(frozenset(name for name, needed in wanted.items() if needed))


def parameters(batch: Batch) -> dict[str, Any]:
    """Return the parameters of the statement that writes `batch`."""
    versions = sorted(batch.versions, key=lambda v: v.identity)  # everyone locks in the same order
    links = [(v.key, v.version) for v in versions] + batch.confirmed
    rows = {
        "versions": [_version(v) for v in versions],
        "added": _collected(versions, "added"),
        "removed": _collected(versions, "removed"),
        "links": links,
        "raised": sorted(batch.raised),
        "late": [{"key": x.key, "version": x.version, "event_time": x.event_time, "at": x.at} for x in batch.late],
        "ledger": sorted(batch.ledger),  # bytes become base64
    }
    return {
        "rows": _ENCODER.encode(rows),
        "bodies": [v.body for v in versions],
        "indexed": [v.indexed for v in versions],
        "late": [late.body for late in batch.late],
        "audit": batch.audit,
        "trace": batch.trace,
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
        "event_time": v.event_time,
        "event_number": v.event_number,
        "method": v.method,
        "made_by": print_of(v.identity.type, v.generation),
        "seen_as": v.seen_as,
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
    columns: dict[str, Any] = dict(zip(_INBOX, message.row(), strict=True))
    return columns if message.again is None else columns | {"again": message.again, "tried_at": message.tried_at}
