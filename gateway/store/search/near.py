"""Places within a distance: ranges of the index by cell, and the exact distance of what lies in them.

https://hl7.org/fhir/R4/location.html#positional
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from gateway.fhir.search import Chain, Condition, Filter, Near
from gateway.fhir.search.near import near_of, point
from gateway.store.index.cells import ranges
from gateway.store.search.match import Match
from gateway.store.search.sql import FALSE, Sql, every, holds, joined, sql


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
        keys=keys if found else sql("select key from current where {}", FALSE),
    )


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
    bounds = [sql("{} < {}", distance, near.high)] if near.high < inf else []
    bounds += [sql("{} >= {}", distance, near.low)] if near.low > 0 else []
    return every(bounds)
