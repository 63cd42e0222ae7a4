"""What an export reads: every resource of a type as it was at one moment, in ranges of keys.

Versions are kept, so a range is the same whenever it is read, whatever was written since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.store.interface import Database

_INSERT = "insert into export (id, organisation, at, until, asked) values (?, ?, ?, ?, ?)"
_FORGET = "delete from export where until < ?"
_END = "delete from export where id = ? and organisation = ? returning id"
_FIND = "select id, organisation, at, until, asked from export where id = ? and organisation = ? and until >= ?"
# What was deleted since was there at the moment; the index on what is there does not have it.
_THERE = "c.type = ? and not c.deleted and c.last_updated > ? and c.key > ?"
_GONE = "c.type = ? and c.deleted and c.last_updated > ? and c.last_updated > ? and c.key > ?"
_LAST = f"""
select max(key) from (
    select key from (select key from current c where {_THERE} union all select key from current c where {_GONE}) found
    order by key limit ?) part"""  # noqa: S608 - our own words
_BODIES = """
select r.body from current c join resource r on r.key = c.key and r.version = case
    when c.last_updated <= ? then c.version
    else (select max(v.version) from resource v where v.key = c.key and v.last_updated <= ?) end
where {} and c.key <= ? and r.last_updated > ? and length(r.body) > 0"""
_RANGE = f"{_BODIES.format(_THERE)} union all {_BODIES.format(_GONE)}"
_DELETED = """
select c.type, c.id from current c
where c.type = ? and c.deleted and c.last_updated > ? and c.last_updated <= ? order by c.last_updated, c.key"""


class Export(NamedTuple):
    """An export: `at` is the moment it is of, `until` when it ends, in microseconds; `asked` is encoded."""

    id: str
    organisation: str
    at: int
    until: int
    asked: bytes


def begin(db: Database, export: Export, now: int) -> None:
    """Note an export, and forget those that have ended."""
    db.rows(_FORGET, (now,))
    db.rows(_INSERT, export)


def find(db: Database, id_: str, organisation: str, now: int) -> Export | None:
    """Return an export of this organisation that has not ended; None when there is none."""
    return next((Export(*row)._replace(asked=bytes(row[4])) for row in db.rows(_FIND, (id_, organisation, now))), None)


def end(db: Database, id_: str, organisation: str) -> bool:
    """End an export, and return whether there was one."""
    return bool(db.rows(_END, (id_, organisation)))


def ranges(db: Database, resource_type: str, since: int, at: int, size: int) -> list[tuple[int, int]]:
    """Return the ranges of keys, above the first up to the last, that hold at most `size` resources of a type each."""
    found: list[tuple[int, int]] = []
    low = 0
    while True:
        asked = (resource_type, since, low, resource_type, since, at, low, size)
        ((last,),) = db.rows(_LAST, asked)
        if last is None:
            return found
        found.append((low, last))
        low = last


def bodies(db: Database, resource_type: str, since: int, at: int, keys: tuple[int, int]) -> Sequence[bytes]:
    """Return the resources of a range as they were at a moment, those that were changed after `since`, by key."""
    low, high = keys
    there = (at, at, resource_type, since, low, high, since)
    gone = (at, at, resource_type, since, at, low, high, since)
    return [bytes(body) for (body,) in db.rows(_RANGE, (*there, *gone))]


def deleted(db: Database, resource_type: str, since: int, at: int) -> list[tuple[str, str]]:
    """Return type and id of what was deleted after `since`, up to a moment."""
    return [(type_, id_) for type_, id_ in db.rows(_DELETED, (resource_type, since, at))]
