"""What goes for good: every version of some resources, their index rows and ledgers, as if they had never been.

The same on both engines, in the commit of the audit row that says so. Numbers of deliveries have no gaps, so what
stood in a queue stays there as a number, with nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gateway.store.interface import Database, WholeDatabase
    from gateway.store.records import Erased, Identity

_MANY = 500  # in one statement; SQLite takes some thousands of parameters
_STAYS = ("delivery",)
_HOLDS = {"sqlite": "instr(r.body, ?) > 0", "postgresql": "position(?::bytea in r.body) > 0"}
_VERSIONS_HOLDING = """
select r.key, c.type, c.id, r.version, c.deleted or r.version = c.version
from resource r join current c on c.key = r.key where """
_LATE_HOLDING = """
select r.key, c.type, c.id, r.version, 1 = 0 from late r join current c on c.key = r.key where """


_WAITING = {
    "sqlite": "select queue, number from delivery where body is not null and instr(body, ?) > 0",
    "postgresql": "select queue, number from delivery where body is not null and position(?::bytea in body) > 0",
}
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
    versions = _VERSIONS_HOLDING + _HOLDS[db.engine]
    late = _LATE_HOLDING + _HOLDS[db.engine]
    rows = [("resource", *row) for row in db.rows(versions, (text,))] + [
        ("late", *row) for row in db.rows(late, (text,))
    ]
    return [Holding(*row) for row in rows]


def waiting(db: Database, text: bytes) -> list[tuple[str, int]]:
    """Return (queue, number) of bytes that are kept to be sent, or could not be, and hold `text`."""
    return [(queue, number) for queue, number in db.rows(_WAITING[db.engine], (text,))]


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
    for sql, some in _each("select body from resource where key in", keys):
        yield from (bytes(body) for (body,) in db.rows(sql, some))


def messages_of(db: Database, keys: Sequence[int]) -> set[int]:
    """Return the rows of the inbox that made or confirmed a version of some resources."""
    return {
        id_
        for sql, some in _each("select inbox from inbox_resource where key in", keys)
        for (id_,) in db.rows(sql, some)
    }
