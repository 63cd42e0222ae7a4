"""Places within a distance: ranges of the index by cell, and the exact distance of what lies in them.

https://hl7.org/fhir/R4/location.html#positional
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import inf, nextafter
from typing import TYPE_CHECKING

from gateway.fhir.search import Chain, Condition, Filter, Near
from gateway.fhir.search.near import near_of, point
from gateway.store.index.cells import ranges
from gateway.store.search.match import Match
from gateway.store.search.sql import TRUE, Sql, holds, joined, sql

if TYPE_CHECKING:
    from gateway.store.search.scope import Database

_SAMPLE = 200  # places that are looked at to learn how dense they lie
_STRIDE = 7  # ranges between two that are read one after the other


def near_match(resource_type: str, asked: Filter) -> Match:
    """Return the SQL of a distance that is asked."""
    (near,) = asked.values
    assert isinstance(near, Near)
    within = _within(near)
    found = ranges(point(near.latitude, near.longitude), near.low, near.high)
    marks = Sql(", ".join(["(?, ?)"] * len(found)), tuple(end for each in found for end in each))
    select = (
        "select x.key from (values {}) v cross join index_position x"
        " where x.type = {} and x.param = {} and x.cell >= v.column1 and x.cell < v.column2 and {}"
    )
    keys = sql(select, marks, resource_type, asked.parameter.code, within)
    probe = "select 1 from index_position x where x.key = {} and x.param = {} and {}"
    return Match(
        probe=lambda key: holds(sql(probe, Sql(key), asked.parameter.code, within)),
        keys=keys if found else Sql("select 0 as key where false"),
    )


def density(db: Database, resource_type: str, condition: Condition, low: float, high: float) -> float:
    """Return about how many places there are in a ring for each unit of its squared chord, which measures its area.

    A few hundred are looked at, out of cells all around; so it costs the same wherever more of them are.
    """
    if isinstance(condition, Chain):
        target, then = next((target, then) for target, then in condition.targets if near_of(then))
        return density(db, target, then, low, high)
    near = near_of(condition)
    assert isinstance(condition, Filter)
    assert near is not None
    near = replace(near, low=low, high=high)
    found = ranges(point(near.latitude, near.longitude), low, high)
    cells = _all_around(found)
    marks = Sql(", ".join(["(?, ?, ?)"] * len(cells)), tuple(value for each in cells for value in each))
    select = (
        "select count(*), max(o.seen) from (select v.column3 as seen from (values {}) v cross join index_position x"
        " where x.type = {} and x.param = {} and x.cell >= v.column1 and x.cell < v.column2 and {} limit {limit}) o"
    )
    statement = sql(select, marks, resource_type, condition.parameter.code, _within(near), limit=str(_SAMPLE))
    ((count, seen),) = db.rows(*statement) if found else ((0, 1),)
    return count / (seen if count == _SAMPLE else 1) / (high - low)


def _all_around(found: Sequence[tuple[int, int]]) -> list[tuple[int, int, float]]:
    """Return ranges in such an order that those side by side are read far apart, each with the part read by its end."""
    spread = [found[number] for first in range(_STRIDE) for number in range(first, len(found), _STRIDE)]
    sizes = list(accumulate(last - first for first, last in spread))
    return [(*each, size / sizes[-1]) for each, size in zip(spread, sizes, strict=True)]


def squared(near: Near, alias: str) -> Sql:
    """Return the square of the chord from a row of index_position to a place."""
    parts = zip("xyz", point(near.latitude, near.longitude), strict=True)
    terms = [sql("({a}.{c} - {}) * ({a}.{c} - {})", value, value, a=alias, c=axis) for axis, value in parts]
    return joined(" + ", terms)


def between(condition: Condition, low: float, high: float) -> Condition:
    """Return the condition on the ring [low, high) of the place that it asks for; what asks for none as it is."""
    match condition:
        case Filter(_, _, (Near() as near,)):
            return replace(condition, values=(replace(near, low=low, high=high),))
        case Chain(_, targets):
            return replace(
                condition, targets=tuple((t, between(then, low, high)) for t, then in targets if near_of(then))
            )
        case _:
            return condition


def _within(near: Near) -> Sql:
    distance = squared(near, "x")
    if near.low > 0:  # worked out once for both ends
        return sql("{} between {} and {}", distance, near.low, nextafter(near.high, 0))
    return sql("{} < {}", distance, near.high) if near.high < inf else TRUE
