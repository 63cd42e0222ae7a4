"""The versions of one resource, of types and of everything, newest first, a page at a time.

A page begins after the last version of the page before, so nothing is remembered between pages, and each costs the
same. https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.store.records import Identity, Stored, moment
from gateway.store.sealed import LATE, RESOURCE, opened
from gateway.store.search.sql import Sql, joined

if TYPE_CHECKING:
    from gateway.store.interface import Database

REACH = 5000
"""So many versions are looked at for one page of what was the present at a time."""

_NAMED_IN = 500
_NEXT = "(select n.last_updated from resource n where n.key = r.key and n.version = r.version + 1)"
_IS_NEW = """coalesce((select p.deleted from resource p where p.key = r.key and p.version = r.version - 1),
    r.version = 1)"""
# What came too late stands below the version that was the newest then, so that the present always comes first.
_INSTANCE = f"""
select r.version, r.last_updated, r.deleted, r.body, 0, coalesce(r.method, ''), {_IS_NEW}, c.key
from current c join resource r on r.key = c.key
where c.type = ? and c.id = ? and r.last_updated >= ? and r.version < ?"""  # noqa: S608 - of constants
_WAS_PRESENT = f" and r.last_updated < ? and coalesce({_NEXT} > ?, r.version > 0)"
_LATE = """
union all
select l.version, l.at, l.at < 0, l.body, l.id, '', l.at < 0, c.key
from current c join late l on l.key = c.key
where c.type = ? and c.id = ? and l.at >= ? and l.version <= ? and (l.version < ? or l.id > ?)"""
_NEWEST_FIRST = " order by 1 desc, 5 limit ?"  # `l.at < 0` is false, as either engine writes it

_TYPES = """
with recursive t(type) as (
    select min(type) from current
    union all select (select min(c.type) from current c where c.type > t.type) from t where t.type is not null
)
select type from t where type is not null"""
_OF_TYPE = f"""
select * from (
    select r.last_updated as at, r.key as key, r.version as version, {_NEXT} as until
    from resource r
    where r.type = ? and r.last_updated >= ? and (r.last_updated, r.key, r.version) < (?, ?, ?) and {{}}
    order by r.last_updated desc, r.key desc, r.version desc limit ?
) w"""  # noqa: S608 - of constants
_IN_ORDER = " order by at desc, key desc, version desc limit ?"
_BODIES = f"""
select c.type, c.id, r.version, r.last_updated, r.deleted, r.body, coalesce(r.method, ''), {_IS_NEW}, r.key
from (values {{}}) w cross join resource r cross join current c
where r.key = w.column1 and r.version = w.column2 and c.key = r.key"""  # noqa: S608 - of constants
_LAST, _LAST_VERSION = 2**62, 2**31 - 1


@dataclass(frozen=True, slots=True)
class Span:
    """What of a history is asked: so many versions, none older than `since`, after the one at `after`.

    `at`: only versions that were the present at some moment of this span. All in microseconds.
    """

    count: int
    since: int = 0
    at: tuple[int, int] | None = None
    after: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """A page of versions, and after which one the next page begins; None: there is none."""

    found: list[Stored]
    next: tuple[int, ...] | None = None


def types(db: Database) -> list[str]:
    """Return every type of which something is, or was, stored."""
    return [type_ for (type_,) in db.rows(_TYPES)]


def of_instance(db: Database, identity: Identity, span: Span) -> Versions:
    """Return the versions of one resource, with what came too late below the version that was newer."""
    version, late = span.after or (_LAST_VERSION, -1)
    asked = [*identity, span.since, version]
    if span.at is None:
        text, parameters = _INSTANCE + _LATE, [*asked, *asked, version, late]
    else:  # what came too late never was the present
        text, parameters = _INSTANCE + _WAS_PRESENT, [*asked, span.at[1], span.at[0]]
    rows = db.rows(text + _NEWEST_FIRST, (*parameters, span.count + 1))
    found = [_of_instance(db, identity, row) for row in rows[: span.count]]
    return Versions(found, (found[-1].version, found[-1].late) if len(rows) > span.count else None)


def of_types(db: Database, wanted: Mapping[str, Sql], span: Span) -> Versions:
    """Return the versions of every resource of these types; what came too late never was the present and is not here.

    With each type stands the condition on `r.key` under which a resource of it is told of.

    A page may hold fewer than were asked for though there is a next one: of what was the present at a time, it is made
    of the next `REACH` versions.
    """
    if not wanted:
        return Versions([])
    reach = span.count + 1 if span.at is None else max(REACH, span.count + 1)
    after = span.after or (_LAST, _LAST, _LAST_VERSION)
    each = [
        Sql(_OF_TYPE.format(sees.text), (type_, span.since, *after, *sees.parameters, reach))
        for type_, sees in wanted.items()
    ]
    text, parameters = joined(" union all ", each)
    rows = db.rows(text + _IN_ORDER, (*parameters, reach))
    chosen = [row for row in rows if span.at is None or _was_present(row, span.at)]
    if len(chosen) > span.count:
        chosen = chosen[: span.count]
        return Versions(_bodies(db, chosen), _position(chosen[-1]))
    return Versions(_bodies(db, chosen), _position(rows[-1]) if len(rows) == reach else None)


def _of_instance(db: Database, identity: Identity, row: tuple[Any, ...]) -> Stored:
    version, at, deleted, body, late, method, is_new, key = row
    named = told(db, key, version, at, body, late)
    return Stored(*identity, version, moment(at), named, bool(deleted), late, method, bool(is_new))


def told(db: Database, key: int, version: int, at: int, body: bytes, late: int = 0) -> bytes:
    """Return a body as it is told. What came late is given the id of its version, which is known when it is stored."""
    if not late:
        return opened(db, body, RESOURCE, key, version)
    body = opened(db, body, LATE, key, version, at)
    return body.replace(b'"versionId":"%d"' % version, b'"versionId":"%d-late-%d"' % (version, late), 1)


def _was_present(row: tuple[Any, ...], at: tuple[int, int]) -> bool:
    begin, _, _, until = row
    return bool(begin < at[1] and (until is None or until > at[0]))


def _position(row: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(row[:3])


def _bodies(db: Database, chosen: Sequence[tuple[Any, ...]]) -> list[Stored]:
    """Return the versions that were chosen, whole and in that order."""
    keys = [(key, version) for _, key, version, _ in chosen]
    read = {
        (row[8], row[2]): row
        for first in range(0, len(keys), _NAMED_IN)
        for row in _rows(db, keys[first : first + _NAMED_IN])
    }
    return [_stored(db, read[key]) for key in keys]


def _rows(db: Database, keys: Sequence[tuple[int, int]]) -> Iterable[tuple[Any, ...]]:
    holes = ", ".join(["(?, ?)"] * len(keys))
    return db.rows(_BODIES.format(holes), [value for key in keys for value in key])


def _stored(db: Database, row: tuple[Any, ...]) -> Stored:
    type_, id_, version, at, deleted, body, method, is_new, key = row
    body = told(db, key, version, at, body)
    return Stored(type_, id_, version, moment(at), body, bool(deleted), 0, method, bool(is_new))
