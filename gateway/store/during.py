"""What was stored in a span of time, for who counts it later: versions by when they came, never the store as a whole.

A version is kept for good, so what is read of a span is the same whenever it is read, up to what `known` says: versions
that came after that moment are not looked at. What came too late to be the present is read as well, for it is about the
past. Each page is one statement over the keys of some resources, or over the time of their type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.store.history import told

if TYPE_CHECKING:
    from gateway.store.interface import Database

PAGE = 500
"""So many resources, or versions, are read by one statement."""

_KEYS_DURING = """
select distinct key from (
    select r.key as key from resource r where r.type = ? and r.last_updated >= ? and r.last_updated < ?) found
order by key"""
_KEYS_BY_DATE = """
select distinct key from index_date where type = ? and param = ? and low >= ? and low < ? order by key"""
_KEYS_BY_REFERENCE = """
select distinct key from index_reference where type = ? and param = ? and target_type = ? and target_id in ({})"""
_KEYS_OF_IDS = "select key from current where type = ? and id in ({})"
# The newest version of that time is looked for from the end: a figure is nearly always of what was just now.
_AS_OF = """
select c.key, c.id, r.version, r.last_updated, r.deleted, r.body
from current c join resource r on r.key = c.key and r.version = (
    select v.version from resource v where v.key = c.key and v.last_updated <= ? order by v.version desc limit 1)
where c.key in ({})"""
_KEYS = "select key from current where type = ? and (not deleted or last_updated > ?)"
_DURING = """
select r.key, c.id, r.version, r.last_updated, r.deleted, r.body
from resource r join current c on c.key = r.key
where r.type = ? and r.last_updated >= ? and r.last_updated < ? and (r.last_updated, r.key, r.version) > (?, ?, ?)
order by r.last_updated, r.key, r.version limit ?"""
_FOLLOWING = """
select r.key, c.id, r.version, r.last_updated, r.deleted, r.body
from resource r join current c on c.key = r.key
where r.key = ? and r.version > ? and r.last_updated < ? order by r.version"""
_LATE = """
select c.key, c.id, l.version, l.at, l.at < 0, l.body, l.id
from current c join late l on l.key = c.key
where c.key in ({}) and l.at >= ? and l.at < ?"""
_VERSIONS = """
select c.key, c.id, r.version, r.last_updated, r.deleted, r.body, 0
from current c join resource r on r.key = c.key
where c.key in ({holes}) and r.last_updated >= ? and r.last_updated <= ?
union all
select c.key, c.id, l.version, l.at, l.at < 0, l.body, l.id
from current c join late l on l.key = c.key
where c.key in ({holes}) and l.at >= ? and l.at <= ?
order by 1, 4, 3, 7"""


class Kept(NamedTuple):
    """A version as it was kept: of which resource, when it came, and what it says (nothing: it was deleted then).

    `late`: it came when something newer was known already, so it never was the present.
    """

    key: int
    id: str
    version: int
    at: int
    body: bytes
    late: bool = False


def as_of(db: Database, type_: str, at: int) -> Iterator[Kept]:
    """Yield each resource of a type as it was at a moment, in microseconds, by key; none that was deleted."""
    return _present(db, [key for (key,) in db.rows(_KEYS, (type_, at))], at)


def during(db: Database, type_: str, since: int, until: int) -> Iterator[Kept]:
    """Yield the versions of resources of a type that came from `since` on, before `until`, in the order in which they
    came; then those that came too late to be the present. A deletion has no body.
    """
    after, keys = (since, 0, 0), set()  # each page begins where the last one ended, in the index too
    while True:
        rows = db.rows(_DURING, (type_, after[0], until, *after, PAGE))
        keys |= {row[0] for row in rows}
        yield from _kept(db, rows)
        if len(rows) < PAGE:
            break
        after = rows[-1][3], rows[-1][0], rows[-1][2]
    yield from _late(db, keys, since, until)


def following(db: Database, begun: Iterable[tuple[int, int]], since: int, until: int) -> Iterator[Kept]:
    """Yield the versions of some resources after one of each, as (key, version), that came before a moment: each
    resource's in their order; then what came too late from `since` on.
    """
    every = sorted(set(begun))
    for key, version in every:  # each by itself: what came before its version is not looked at, on either engine
        yield from _kept(db, db.rows(_FOLLOWING, (key, version, until)))
    yield from _late(db, [key for key, _ in every], since, until)


def ids_as_of(db: Database, type_: str, ids: Iterable[str], at: int) -> Iterator[Kept]:
    """Yield resources of a type by their ids, as they were at a moment; none that was not there then."""
    return _present(db, keys_of_ids(db, type_, ids), at)


def keys_of_ids(db: Database, type_: str, ids: Iterable[str]) -> list[int]:
    """Return the keys of resources of a type by their ids."""
    return [
        key
        for part in _parts(sorted(set(ids)))
        for (key,) in db.rows(_KEYS_OF_IDS.format(_holes(part)), (type_, *part))
    ]


def versions(db: Database, keys: Iterable[int], known: int, since: int = 0) -> Iterator[Kept]:
    """Yield the versions of some resources that came from `since` on and up to `known`: each resource's together, in
    the order in which they came. A deletion has no body.
    """
    for part in _parts(sorted(set(keys))):
        holes = _holes(part)
        rows = db.rows(_VERSIONS.format(holes=holes), (*part, since, known, *part, since, known))
        yield from _kept(db, rows)


def keys_during(db: Database, type_: str, since: int, until: int) -> list[int]:
    """Return the keys of resources of a type of which a version came from `since` on, before `until`."""
    return [key for (key,) in db.rows(_KEYS_DURING, (type_, since, until))]


def keys_by_date(db: Database, type_: str, param: str, since: int, until: int) -> list[int]:
    """Return the keys of resources of which a date, as the newest version has it, lies in a span."""
    return [key for (key,) in db.rows(_KEYS_BY_DATE, (type_, param, since, until))]


def keys_by_reference(db: Database, type_: str, param: str, target: str, ids: Iterable[str]) -> list[int]:
    """Return the keys of resources that refer to one of some resources of a type, as their newest versions do."""
    return [
        key
        for part in _parts(sorted(set(ids)))
        for (key,) in db.rows(_KEYS_BY_REFERENCE.format(_holes(part)), (type_, param, target, *part))
    ]


def _late(db: Database, keys: Iterable[int], since: int, until: int) -> Iterator[Kept]:
    for part in _parts(sorted(keys)):
        yield from _kept(db, db.rows(_LATE.format(_holes(part)), (*part, since, until)))


def _present(db: Database, keys: Iterable[int], at: int) -> Iterator[Kept]:
    """Yield some resources as they were at a moment, by key; none that was not there then."""
    for part in _parts(sorted(keys)):
        rows = sorted(db.rows(_AS_OF.format(_holes(part)), (at, *part)), key=lambda row: int(row[0]))
        yield from (kept for kept in _kept(db, rows) if kept.body)


def _kept(db: Database, rows: Iterable[Sequence[Any]]) -> Iterator[Kept]:
    """Yield versions as they are told, of rows of (key, id, version, at, deleted, body and the number if late)."""
    for key, id_, version, at, deleted, body, *late in rows:
        number = late[0] if late else 0
        said = b"" if deleted or not body else told(db, key, version, at, bytes(body), number)
        yield Kept(key, id_, version, at, said, bool(number))


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[first : first + PAGE] for first in range(0, len(values), PAGE))


def _holes(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
