"""Seals anew, with the present key, what was sealed with another one or with none, while others read and write.

A commit holds a few rows, and a row is written only if it is still what was read; so it can be stopped at any moment,
and goes on where it was. Messages are sealed anew by `gateway.transact.inbox`, index rows by `gateway.store.reindex`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.errors import BadSettings
from gateway.store.history import types
from gateway.store.indexing import outdated
from gateway.store.sealed import (
    DELIVERY,
    EXPORT,
    KEY_BYTES,
    LATE,
    LEDGER,
    MARK,
    QUEUE,
    RESOURCE,
    bytes_of,
    note,
    opened_text,
    overwriting,
    sealed_text,
    sealed_with,
)

if TYPE_CHECKING:
    from gateway.store.interface import Store

BATCH = 50
"""So many rows are done in one commit: others wait for some milliseconds at most."""

_NO_KEY = "GATEWAY_DATA_KEYS is not set: there is no key to seal with"
_ABOUT = "update queue set about = ? where name = ? and about = ? returning 1"
_HEAD = len(MARK) + KEY_BYTES


class Column(NamedTuple):
    """A column that is sealed: `row` is the key of its table, `bound` is what its content is bound to."""

    table: str
    name: str
    row: tuple[str, ...]
    bound: tuple[str, ...]
    first: tuple[str | int, ...]  # before every row

    def is_other(self, sign: str) -> str:
        """Return the condition that something stands there, under a key that is another one, or the same."""
        return f"length({self.name}) > 0 and substr({self.name}, 1, {_HEAD}) {sign} ?"


COLUMNS = (
    Column(RESOURCE, "body", ("key", "version"), ("key", "version"), (-1, -1)),
    Column(LATE, "body", ("id",), ("key", "version", "at"), (-1,)),
    Column(LEDGER, "content", ("subject",), ("subject", "revision"), ("",)),
    Column(DELIVERY, "body", ("queue", "number"), ("queue", "number"), ("", -1)),
    Column(EXPORT, "asked", ("id",), ("id",), ("",)),
)


def rekey(store: Store, told: Callable[[str, int], None] | None = None) -> dict[str, int]:
    """Seal everything but messages with the present key, and return how many rows of each table that were.

    `told` is called after each commit. Raises BadSettings when there is no key, or something cannot be opened.
    """
    if store.seals.present is None:
        raise BadSettings(_NO_KEY)
    with store.changing() as db:
        note(db)
    found: dict[str, int] = {}
    for column in COLUMNS:
        for done in _of_column(store, column):
            found[column.table] = found.get(column.table, 0) + done
            if told:
                told(column.table, done)
    if done := _queues(store):
        found[QUEUE] = done
    return found


def needs(store: Store, name: str) -> dict[str, int]:
    """Return how many rows of each table need a key; those of which none does are left out.

    By which key numbers are hidden no row says: every type is told of which a resource is indexed by another one.
    """
    head = MARK + bytes.fromhex(name)
    counts = {column.table: f"select count(*) from {column.table} where {column.is_other('=')}" for column in COLUMNS}  # noqa: S608
    counts["secret"] = f"select count(*) from secret where substr(value, 1, {_HEAD}) = ?"  # noqa: S608 - our own words
    with store.reading() as db:
        found = {table: int(db.rows(sql, (head,))[0][0]) for table, sql in counts.items()}
        for table in ("inbox", "queue"):
            ((found[table],),) = db.rows(f"select count(*) from {table} where sealed_with = ?", (name,))  # noqa: S608
        found["queue"] += sum(sealed_with(bytes_of(about)) == name for (about,) in db.rows("select about from queue"))
        if db.seals.names.get(name) == "find":
            found["indexes"] = len(outdated(db, types(db)))
    return {table: number for table, number in found.items() if number}


def forget(store: Store, name: str) -> None:
    """Need a key no longer."""
    with store.changing() as db:
        db.rows("delete from data_key where id = ?", (name,))


def _queues(store: Store) -> int:
    """Seal what queues are about; there are few of them."""
    number = 0
    with store.changing() as db, overwriting(db):
        for name, about in db.rows("select name, about from queue where about <> ''"):
            if sealed_with(bytes_of(about)) != store.seals.present:
                new = sealed_text(db, opened_text(db, about, QUEUE, name), QUEUE, name)
                number += len(db.rows(_ABOUT, (new, name, about)))
    return number


def _of_column(store: Store, column: Column) -> Iterator[int]:
    after: Sequence[Any] = column.first
    while rows := _others(store, column, after):
        after = rows[-1][: len(column.row)]
        yield _sealed(store, column, rows)


def _others(store: Store, column: Column, after: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the next rows that are not sealed with the present key: their keys, what they are bound to, content."""
    names = ", ".join([*column.row, *column.bound, column.name])
    holes = ", ".join("?" * len(column.row))
    sql = (
        f"select {names} from {column.table} where ({', '.join(column.row)}) > ({holes}) and {column.is_other('<>')} "  # noqa: S608
        f"order by {', '.join(column.row)} limit ?"
    )
    with store.reading(snapshot=False) as db:
        head = MARK + bytes.fromhex(store.seals.present or "")
        return db.rows(sql, (*after, head, BATCH))


def _sealed(store: Store, column: Column, rows: Sequence[tuple[Any, ...]]) -> int:
    """Seal some rows in one commit, and return how many were still as they were read."""
    width, seals = len(column.row), store.seals
    holes = ", ".join("?" * width)
    sql = (
        f"update {column.table} set {column.name} = ? where ({', '.join(column.row)}) = ({holes}) "  # noqa: S608
        f"and {column.name} = ? returning 1"
    )
    news = []
    for row in rows:
        key, bound, content = row[:width], row[width:-1], bytes(row[-1])
        news.append((seals.seal(seals.open(content, column.table, *bound), column.table, *bound), *key, content))
    with store.changing() as db, overwriting(db):
        return sum(len(db.rows(sql, new)) for new in news)
