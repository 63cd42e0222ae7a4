"""Reads what is near a place ring by ring, the nearest first.

Each ring is wide enough for some hundred matches and begins where the one before ended, or the page before. So what a
page costs does not depend on how many were before it; but a ring far out is long and thin, and its cells hold more that
is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.fhir.search import Condition, Filter
from gateway.fhir.search.near import near_of
from gateway.store.search.near import between
from gateway.store.search.relations import Relation, count_of
from gateway.store.search.sql import sql

if TYPE_CHECKING:
    from gateway.store.search.scope import Database, Scope

_HALVINGS = 24  # of the square of a distance: 16,000 km become 4, and 50 km 12 m
_RINGS = 8  # that are read for one page, before all that is left is read as one

Narrowed = Callable[[Condition], Relation]


def rings(db: Database, condition: Condition, begin: float, relation: Narrowed, scope: Scope) -> Iterator[Relation]:
    """Yield relations that hold, one after the other, all matches from the squared distance `begin` on.

    `relation` makes the matches of a narrowed condition. A ring has at most as many as are candidates, unless it is as
    narrow as can be; how many there are is counted when the ring before has been read.
    """
    near = near_of(condition)
    assert near is not None
    end, low = min(near.high, 4.1), begin  # no two points of the unit sphere are further apart than 2
    for number in range(_RINGS):
        high = end if number == _RINGS - 1 else _widest(db, condition, low, end, relation, scope)
        yield _ring(condition, low, high, relation)
        if high >= end:
            return
        low = high


def _widest(db: Database, condition: Condition, low: float, end: float, relation: Narrowed, scope: Scope) -> float:
    """Return the end of the widest ring from `low` on, of those halved and halved again, with few matches in it."""
    fewest, most = 0, _HALVINGS
    while fewest < most:
        halvings = (fewest + most) // 2
        ring = relation(between(condition, low, _end(low, end, halvings)))
        ((count,),) = db.rows(*count_of(ring.source, ring.where, scope))
        fewest, most = (fewest, halvings) if count <= scope.candidates else (halvings + 1, most)
    return _end(low, end, fewest)


def _end(low: float, end: float, halvings: int) -> float:
    return end if halvings == 0 else low + (end - low) / 2**halvings


def _ring(condition: Condition, low: float, high: float, relation: Narrowed) -> Relation:
    """Return the matches whose nearest place lies in a ring; one of a nearer place has come before."""
    found = relation(between(condition, low, high))
    if isinstance(condition, Filter) or low <= 0:
        return found
    value = found.columns[0].value
    return replace(found, where=sql("{} and {} >= {}", found.where, value, low))
