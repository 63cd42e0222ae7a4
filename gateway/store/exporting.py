"""What an export reads: every resource of a type as it was at one moment, in ranges of keys.

Versions are kept, so a range is the same whenever it is read, whatever was written since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gateway.fhir.frozen import frozen
from gateway.store.sealed import EXPORT, RESOURCE, opened
from gateway.store.search.sql import Sql

if TYPE_CHECKING:
    from gateway.store.interface import Database

Range = tuple[int, int]
"""Keys above the first, up to the last."""

_INSERT = "insert into export (id, organisation, at, until, asked) values (?, ?, ?, ?, ?)"
_FORGET = "delete from export where until < ?"
_END = "delete from export where id = ? and organisation = ? returning id"
_FIND = "select id, organisation, at, until, asked from export where id = ? and organisation = ? and until >= ?"
# What was deleted since was there at the moment; the index on what is there does not have it.
_THERE = "c.type = ? and not c.deleted and c.last_updated > ? and c.key > ?"
_GONE = "c.type = ? and c.deleted and c.last_updated > ? and c.last_updated > ? and c.key > ?"
_LAST = f"""
select max(key) from (
    select key from (
        select key from current c where {_THERE} and {{sees}} union all
        select key from current c where {_GONE} and {{sees}}) found
    order by key limit ?) part"""  # noqa: S608 - our own words
AS_OF = """
current c join resource r on r.key = c.key and r.version = case
    when c.last_updated <= ? then c.version
    else (select max(v.version) from resource v where v.key = c.key and v.last_updated <= ?) end"""
"""Each resource with the version that it had at a moment, which is given twice."""
_BODIES = f"""
select c.key, r.version, r.body from {AS_OF}
where {{there}} and {{{{sees}}}} and c.key <= ? and r.last_updated > ? and length(r.body) > 0"""  # noqa: S608
_RANGE = f"{_BODIES.format(there=_THERE)} union all {_BODIES.format(there=_GONE)}"
_DELETED = """
select c.type, c.id from current c
where c.type = ? and c.deleted and c.last_updated > ? and c.last_updated <= ? and {sees}
order by c.last_updated, c.key"""
Sees = Callable[[str], Sql]
"""The condition on `c.key` under which a resource of a type is exported."""


class Export(NamedTuple):
    """An export: `at` is the moment it is of, `until` when it ends, in microseconds; `asked` is encoded."""

    id: str
    organisation: str
    at: int
    until: int
    asked: bytes


class Exported(Protocol):
    """What an export is of: what was there at its moment and was changed after `since`, in microseconds."""

    def ranges(self, resource_type: str, size: int) -> list[Range]:
        """Return the ranges of keys that hold at most `size` resources of a type each."""

    def bodies(self, resource_type: str, keys: Range) -> Sequence[bytes]:
        """Return the resources of a range as they were at the moment."""

    def deleted(self, resource_type: str) -> list[tuple[str, str]]:
        """Return type and id of what was deleted after `since`, up to the moment."""


def begin(db: Database, export: Export, now: int) -> None:
    """Note an export, and forget those that have ended."""
    db.rows(_FORGET, (now,))
    db.rows(_INSERT, export._replace(asked=db.seals.seal(export.asked, EXPORT, export.id)))


def find(db: Database, id_: str, organisation: str, now: int) -> Export | None:
    """Return an export of this organisation that has not ended; None when there is none."""
    found = next((Export(*row) for row in db.rows(_FIND, (id_, organisation, now))), None)
    return found and found._replace(asked=opened(db, bytes(found.asked), EXPORT, found.id))


def end(db: Database, id_: str, organisation: str) -> bool:
    """End an export, and return whether there was one."""
    return bool(db.rows(_END, (id_, organisation)))


@frozen()
class OfEverything:
    """Every resource of a type that may be seen. https://hl7.org/fhir/uv/bulkdata/STU2/export.html#endpoint---system-level-export"""

    db: Database
    since: int
    at: int
    sees: Sees

    def ranges(self, resource_type: str, size: int) -> list[Range]:
        """See `Exported`."""
        found: list[Range] = []
        low, (sees, of_seen) = 0, self.sees(resource_type)
        while True:
            there = (resource_type, self.since, low, *of_seen)
            gone = (resource_type, self.since, self.at, low, *of_seen)
            ((last,),) = self.db.rows(_LAST.format(sees=sees), (*there, *gone, size))
            if last is None:
                return found
            found.append((low, last))
            low = last

    def bodies(self, resource_type: str, keys: Range) -> Sequence[bytes]:
        """See `Exported`; by key."""
        low, high = keys
        sees, of_seen = self.sees(resource_type)
        there = (self.at, self.at, resource_type, self.since, low, *of_seen, high, self.since)
        gone = (self.at, self.at, resource_type, self.since, self.at, low, *of_seen, high, self.since)
        rows = self.db.rows(_RANGE.format(sees=sees), (*there, *gone))
        return [opened(self.db, body, RESOURCE, key, version) for key, version, body in rows]

    def deleted(self, resource_type: str) -> list[tuple[str, str]]:
        """See `Exported`."""
        sees, of_seen = self.sees(resource_type)
        rows = self.db.rows(_DELETED.format(sees=sees), (resource_type, self.since, self.at, *of_seen))
        return [(type_, id_) for type_, id_ in rows]
