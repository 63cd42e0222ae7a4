"""Places within a distance: ranges of the index by cell, and the exact distance of what lies in them.

https://hl7.org/fhir/R4/location.html#positional
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    from gateway.store.records import Engine
    from gateway.store.search.scope import Database, Scope

_SAMPLE = 100  # places that are looked at to learn how dense they lie
_STRIDE = 7  # ranges between two that are read one after the other
_LITTLE = 32  # times as small as half a range is what is read of it first
# In PostgreSQL a join would read the whole index and compare each row with each range.
_IN_RANGES: Mapping[Engine, str] = {
    "sqlite": "from {} cross join index_position x where {} and x.cell >= v.column1 and x.cell < v.column2 and {}",
    "postgresql": (
        "from {} cross join lateral (select x.key from index_position x"
        " where {} and x.cell >= v.column1 and x.cell < v.column2 and {} offset 0) x"
    ),
}


def near_match(resource_type: str, asked: Filter, scope: Scope) -> Match:
    """Return the SQL of a distance that is asked."""
    (near,) = asked.values
    assert isinstance(near, Near)
    within = _within(near)
    found = ranges(point(near.latitude, near.longitude), near.low, near.high)
    probe = "select 1 from index_position x where x.key = {} and x.param = {} and {}"
    return Match(
        probe=lambda key: holds(sql(probe, Sql(key), asked.parameter.code, within)),
        keys=sql("select x.key {}", _in_ranges(found, _rows_of(resource_type, asked), within, scope.engine)),
    )


def place_of(resource_type: str, condition: Condition) -> tuple[str, Filter]:
    """Return what asks for the place in a condition on a type, at the end of its chain, and the type that is asked."""
    if isinstance(condition, Chain):
        return place_of(*next((target, then) for target, then in condition.targets if near_of(then)))
    assert isinstance(condition, Filter)
    return resource_type, condition


def _rows_of(resource_type: str, asked: Filter) -> Sql:
    return sql("x.type = {} and x.param = {}", resource_type, asked.parameter.code)


def _in_ranges(found: Sequence[tuple[float, ...]], asked: Sql, within: Sql, engine: Engine) -> Sql:
    """Return the rows `x` of ranges `v`, one range after the other."""
    table = _arrays if engine == "postgresql" else _values
    return sql(_IN_RANGES[engine], table(found), asked, within)


def _arrays(found: Sequence[tuple[float, ...]]) -> Sql:
    """Return ranges as a table of PostgreSQL: an array for each column, so that it is the same statement for any."""
    columns = list(zip(*found, strict=True))
    arrays = ", ".join(["cast(? as bigint[])", "cast(? as bigint[])", "cast(? as float8[])"][: len(columns)])
    names = ", ".join(f"column{number}" for number in range(1, len(columns) + 1))
    return Sql(f"unnest({arrays}) v({names})", tuple(f"{{{','.join(map(str, column))}}}" for column in columns))


def _values(found: Sequence[tuple[float, ...]]) -> Sql:
    """Return ranges as a table of SQLite, with empty ones up to a power of two: there are few different statements."""
    _, end, *others = found[-1]
    padded = [*found, *[(end, end, *others)] * ((1 << (len(found) - 1).bit_length()) - len(found))]
    marks = ", ".join([f"({', '.join('?' * len(padded[0]))})"] * len(padded))
    return Sql(f"(values {marks}) v", tuple(value for each in padded for value in each))


def density(db: Database, resource_type: str, condition: Condition, low: float, high: float) -> float:
    """Return about how many places there are in a ring for each unit of its squared chord, which measures its area.

    A hundred are looked at, out of ranges all around; so it costs the same wherever more of them are.
    """
    of, asked = place_of(resource_type, condition)
    near = near_of(asked)
    assert near is not None
    near = replace(near, low=low, high=high)
    found = _all_around(ranges(point(near.latitude, near.longitude), low, high))
    rows = _in_ranges(found, _rows_of(of, asked), _within(near), db.engine)
    select = "select count(*), max(o.seen) from (select v.column3 as seen {} limit {limit}) o"
    ((count, seen),) = db.rows(*sql(select, rows, limit=str(_SAMPLE)))
    part = seen if count == _SAMPLE else found[-1][2]
    return float(count / part / (high - low)) if count else 0.0


def _all_around(found: Sequence[tuple[int, int]]) -> list[tuple[int, int, float]]:
    """Return halves of ranges in such an order that few places are of everywhere, each with the part read by its end.

    First a little of each, those side by side far apart, and then the rest.
    """
    spread = [found[number] for first in range(_STRIDE) for number in range(first, len(found), _STRIDE)]
    halves = [((first + last) // 2, last) for first, last in spread]
    little = [(middle, middle + (last - middle) // _LITTLE) for middle, last in halves]
    parts = little + [(end, last) for (_, end), (_, last) in zip(little, halves, strict=True)]
    whole = sum(last - first for first, last in found) or 1
    read = accumulate(last - first for first, last in parts)
    return [(first, last, size / whole) for (first, last), size in zip(parts, read, strict=True)]


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
