"""Finding rows of the audit by their index, the newest first.

The condition that the fewest rows meet leads, and the others are looked up for each of its rows; how few these are is
counted up to a thousand. So a search costs what its rarest condition does, and never a look through the whole audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.store.auditing.index import EVERY, Name

if TYPE_CHECKING:
    from gateway.store.interface import Database

_COUNTED = 1000
_FOREVER = 2**62
_COUNT = """
select count(*) from (
    select 1 from audit_event where kind = ? and value = ? and at >= ? and at < ? limit ?
) few"""
_FIND = """
select e.at, e.lane, e.seq from audit_event e
where e.kind = ? and e.value = ? and e.at >= ? and e.at < ? and (e.at, e.lane, e.seq) < (?, ?, ?)"""
_ALSO = """
    and exists (
        select 1 from audit_event f
        where f.kind = ? and f.value in ({holes}) and f.at = e.at and f.lane = e.lane and f.seq = e.seq
    )"""
_IN_ORDER = "\norder by e.at desc, e.lane desc, e.seq desc limit ?"
_CONTENT = "select content from audit where lane = ? and seq = ?"


class Condition(NamedTuple):
    """What a row must be found by: one of some values of a kind."""

    kind: str
    values: tuple[str, ...]


class Place(NamedTuple):
    """Where a row stands among all of them."""

    at: int
    lane: int
    seq: int

    @property
    def name(self) -> Name:
        """Return the name of the row."""
        return Name(self.lane, self.seq)


END = Place(_FOREVER, 0, 0)
_ALL = Condition(EVERY, ("",))


class Wanted(NamedTuple):
    """All conditions hold, and the row is of a moment from `since` until before `until`, in microseconds."""

    conditions: tuple[Condition, ...] = ()
    since: int = -_FOREVER
    until: int = _FOREVER


def find(db: Database, wanted: Wanted, limit: int, before: Place = END) -> list[Place]:
    """Return the newest rows that are wanted, at most `limit`, of those before a place."""
    first, *others = _ordered(db, wanted)
    found = {place for value in first.values for place in _led(db, wanted, (first.kind, value), others, limit, before)}
    return sorted(found, reverse=True)[:limit]


def walk(db: Database, wanted: Wanted, size: int = 500) -> Iterator[tuple[Place, bytes]]:
    """Yield all rows that are wanted, the newest first, in constant memory."""
    before = END
    while page := find(db, wanted, size, before):
        yield from contents(db, page)
        before = page[-1]


def contents(db: Database, places: Sequence[Place]) -> list[tuple[Place, bytes]]:
    """Return rows with their content; without those that are not kept any more."""
    found = ((place, content(db, place.name)) for place in places)
    return [(place, row) for place, row in found if row is not None]


def content(db: Database, name: Name) -> bytes | None:
    """Return what a row holds, None where there is none."""
    rows = db.rows(_CONTENT, name)
    return bytes(rows[0][0]) if rows else None


def _ordered(db: Database, wanted: Wanted) -> list[Condition]:
    """Return the conditions, that first which the fewest rows meet."""
    if len(wanted.conditions) < 2:
        return list(wanted.conditions) or [_ALL]
    return sorted(wanted.conditions, key=lambda one: sum(_count(db, one.kind, value, wanted) for value in one.values))


def _count(db: Database, kind: str, value: str, wanted: Wanted) -> int:
    ((number,),) = db.rows(_COUNT, (kind, value, wanted.since, wanted.until, _COUNTED))
    return int(number)


def _led(
    db: Database, wanted: Wanted, led_by: tuple[str, str], others: Sequence[Condition], limit: int, before: Place
) -> list[Place]:
    statement, parameters = _FIND, [*led_by, wanted.since, wanted.until, *before]
    for one in others:
        statement += _ALSO.format(holes=", ".join("?" * len(one.values)))
        parameters += [one.kind, *one.values]
    rows: list[tuple[Any, ...]] = db.rows(statement + _IN_ORDER, [*parameters, limit])
    return [Place(*row) for row in rows]
