"""What goes for good: every version of some resources, their index rows and ledgers, as if they had never been.

The same on both engines, in the commit of the audit row that says so. Numbers of deliveries have no gaps, so what
stood in a queue stays there as a number, with nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.store.history import told
from gateway.store.sealed import DELIVERY, LATE, MARK, RESOURCE, opened

if TYPE_CHECKING:
    from gateway.store.interface import Database, WholeDatabase
    from gateway.store.records import Erased, Identity

_MANY = 500  # in one statement; SQLite takes some thousands of parameters
_STAYS = ("delivery",)
_HOLDS = {"sqlite": "instr({}, ?) > 0", "postgresql": "position(?::bytea in {}) > 0"}
_IS_SEALED = "substr({}, 1, 4) = ?"  # what is sealed is opened, to be looked into here
_VERSIONS_HOLDING = """
select r.body, r.last_updated, r.key, c.type, c.id, r.version, c.deleted or r.version = c.version
from resource r join current c on c.key = r.key where """
_LATE_HOLDING = """
select r.body, r.at, r.key, c.type, c.id, r.version, 1 = 0 from late r join current c on c.key = r.key where """
_WAITING = "select body, queue, number from delivery where body is not null and "
_UNSENT = "update delivery set body = null, dead_at = ?, reason = 'erased' where queue = ? and number = ?"


class Holding(NamedTuple):
    """A version, in the table `resource`, or what came late, in `late`.

    `is_newest`: nothing else was said since, but perhaps that it is deleted.
    """

    table: str
    key: int
    type: str
    id: str
    version: int
    is_newest: bool


def statements(erased: Erased) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each statement with its parameters. The names of tables and columns are the schema's own."""
    for table in erased.tables:
        yield from _each(f"delete from {table} where key in", erased.keys)  # noqa: S608
    for queue, number in erased.deliveries:
        yield _UNSENT, (erased.at, queue, number)
    yield from _each("delete from ledger where subject in", erased.subjects)
    for table, key, version in erased.versions:
        for name in ("resource", "inbox_resource") if table == "resource" else ("late",):
            yield f"delete from {name} where key = ? and version = ?", (key, version)  # noqa: S608


def _each(beginning: str, values: Sequence[Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for first in range(0, len(values), _MANY):
        some = tuple(values[first : first + _MANY])
        yield f"{beginning} ({', '.join('?' * len(some))})", some


def tables(db: WholeDatabase) -> list[str]:
    """Return the tables whose rows are about a resource by its key."""
    return [name for name, columns in db.tables().columns().items() if "key" in columns and name not in _STAYS]


def holding(db: Database, text: bytes) -> list[Holding]:
    """Return each version that holds `text`. Reads everything."""
    return [
        Holding(table, *row)
        for table, select in ((RESOURCE, _VERSIONS_HOLDING), (LATE, _LATE_HOLDING))
        for body, at, *row in _holding(db, select, "r.body", text)
        if text in told(db, row[0], row[3], at, body, 1 if table == LATE else 0)
    ]


def _holding(db: Database, select: str, column: str, text: bytes) -> list[tuple[Any, ...]]:
    """Return the rows whose column holds `text`, as far as the database can tell."""
    where = f"({_HOLDS[db.engine]} or {_IS_SEALED})".format(column, column)
    return db.rows(select + where, (text, MARK))


def waiting(db: Database, text: bytes) -> list[tuple[str, int]]:
    """Return (queue, number) of bytes that are kept to be sent, or could not be, and hold `text`."""
    return [
        (queue, number)
        for body, queue, number in _holding(db, _WAITING, "body", text)
        if text in opened(db, body, DELIVERY, queue, number)
    ]


def referring(db: Database, targets: Sequence[Identity]) -> list[tuple[int, str, str]]:
    """Return (key, type, id) of what refers to one of `targets` by a search parameter."""
    found: dict[int, tuple[int, str, str]] = {}
    for target in targets:
        rows = db.rows(
            "select c.key, c.type, c.id from index_reference i join current c on c.key = i.key "
            "where i.target_type = ? and i.target_id = ?",
            tuple(target),
        )
        found |= {key: (key, type_, id_) for key, type_, id_ in rows}
    return list(found.values())


def bodies(db: Database, keys: Sequence[int]) -> Iterator[bytes]:
    """Yield every version of some resources."""
    for sql, some in _each("select key, version, body from resource where key in", keys):
        yield from (opened(db, body, RESOURCE, key, version) for key, version, body in db.rows(sql, some))


def messages_of(db: Database, keys: Sequence[int]) -> set[int]:
    """Return the rows of the inbox that made or confirmed a version of some resources."""
    return {
        id_
        for sql, some in _each("select inbox from inbox_resource where key in", keys)
        for (id_,) in db.rows(sql, some)
    }
