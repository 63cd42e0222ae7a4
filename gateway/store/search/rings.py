"""Reads what is near a place ring by ring, the nearest first.

Each ring begins where the one before ended, or the page before, and is as wide as a few pages want: how dense the
places lie is learned from a sample. Its matches are listed, up to the candidates of the scope; where they are more, as
in the middle of a town or where many lead to one place, the ring is made narrower. So what a page costs depends neither
on how many there are nor on how many were before it. A ring far out is long and thin, and crosses many strips of the
index: that is what remains of the distance in the price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.fhir.search import Condition, Filter
from gateway.fhir.search.near import near_of
from gateway.store.search.near import between, density
from gateway.store.search.relations import Relation
from gateway.store.search.sql import FALSE, TRUE, Sql, sql

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database, Scope

_RINGS = 8  # that are read for one page, before all that is left is read as one
_PAGES = 3  # that a ring is to hold, so that one is nearly always enough
_MORE = 4  # times as many places in the ring after one that had few matches among them
_NARROWER = 16  # times, where a ring holds too many
_NARROWINGS = 6  # of the square of a distance: 16,000 km become 4, and 50 km 12 m

Narrowed = Callable[[Condition], Relation]


def rings(
    db: Database, request: SearchRequest, condition: Condition, begin: float, relation: Narrowed, scope: Scope
) -> Iterator[Relation]:
    """Yield relations that hold, one after the other, all matches from the squared distance `begin` on.

    `relation` makes the matches of a narrowed condition. A ring has at most as many as are candidates, unless it is as
    narrow as can be; it is looked for when the ring before has been read.
    """
    near = near_of(condition)
    assert near is not None
    end, low = min(near.high, 4.1), begin  # no two points of the unit sphere are further apart than 2
    wanted = places = max(1, min(_PAGES * (request.count + 1), scope.candidates // 2))
    for _ in range(_RINGS - 1):
        reach = _reach(db, request.resource_type, condition, (low, end), places)
        high, count, ring = _listed(db, condition, low, reach, relation, scope)
        yield ring
        if high >= end:
            return
        low, places = high, places * _MORE if count < wanted // _PAGES else places
    yield _ring(condition, low, end, relation)


def _reach(db: Database, resource_type: str, condition: Condition, within: tuple[float, float], wanted: int) -> float:
    """Return how far to go for so many places, going by those a little further on.

    It is never less than a part of what is left, where that holds few.
    """
    low, end = within
    ahead = min(end, low + max(0.3 * low, (end - low) / 16))
    dense = density(db, resource_type, condition, low, ahead)
    reach = low + wanted / dense if dense else ahead
    return reach if reach < ahead else ahead


def _listed(
    db: Database, condition: Condition, low: float, high: float, relation: Narrowed, scope: Scope
) -> tuple[float, int, Relation]:
    """Return the widest end of a ring, made narrower again and again, with few matches; how many, and those."""
    width = high - low
    for narrowing in range(_NARROWINGS):
        high = low + width / _NARROWER**narrowing
        ring = _ring(condition, low, high, relation)
        found = sql("select m.key from {} where {} limit {n}", ring.source, ring.condition, n=str(scope.candidates + 1))
        keys = [key for (key,) in db.rows(*found)]
        if len(keys) <= scope.candidates:
            return high, len(keys), _of_keys(keys, ring)
    return high, len(keys), ring


def _of_keys(keys: list[int], ring: Relation) -> Relation:
    """Return a relation of matches that are known."""
    marks = Sql(", ".join(["(?)"] * len(keys)), tuple(keys)) if keys else Sql("(0)")
    source = sql("(select v.column1 as key from (values {}) v) m", marks)
    return replace(ring, source=source, where=TRUE if keys else FALSE, probes=())


def _ring(condition: Condition, low: float, high: float, relation: Narrowed) -> Relation:
    """Return the matches whose nearest place lies in a ring; one of a nearer place has come before."""
    found = relation(between(condition, low, high))
    if isinstance(condition, Filter) or low <= 0:
        return found
    value = found.columns[0].value
    return replace(found, where=sql("{} and {} >= {}", found.where, value, low))
