"""How far a match is from the place that was asked for: of several places that lead to it, the nearest.

Matches come by distance unless another order is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.fhir.search import Chain, Condition, Filter
from gateway.fhir.search.near import meters_of, near_of
from gateway.store.index.cells import FINEST
from gateway.store.search.conditions import Hop, sees
from gateway.store.search.near import squared
from gateway.store.search.sql import Sql, joined, one_of, sql

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database, Scope


def near_condition(request: SearchRequest) -> Condition | None:
    """Return the first condition of a search that asks for a place."""
    for condition in request.conditions:
        if near_of(condition):
            return condition
    return None


def by_distance(request: SearchRequest) -> Condition | None:
    """Return the condition by whose distance the matches are ordered; None when another order is asked, or no place."""
    return None if request.sort else near_condition(request)


def distance(resource_type: str, condition: Condition, key: str, scope: Scope, depth: int = 0) -> Sql:
    """Return a scalar select: the square of the chord from the nearest place that leads to the resource of `key`."""
    if isinstance(condition, Filter):
        near = near_of(condition)
        assert near is not None
        select = (
            "select min({}) as d from index_position o"
            " where o.key = {} and o.param = {} and o.type = {} and o.cell >= {finest}"
        )
        code = condition.parameter.code
        return sql(select, squared(near, "o"), Sql(key), code, resource_type, finest=str(FINEST))
    assert isinstance(condition, Chain)
    ways = [
        _by_hop(Hop(resource_type, condition.parameter, target, then, depth), key, scope)
        for target, then in condition.targets
        if near_of(then)
    ]
    return ways[0] if len(ways) == 1 else sql("select min(w.d) as d from ({}) w", joined(" union all ", ways))


def _by_hop(hop: Hop, key: str, scope: Scope) -> Sql:
    r, t = f"r{hop.depth}", f"t{hop.depth}"
    inner = distance(hop.target, hop.then, f"{t}.key", scope, hop.depth + 1)
    select = (
        "select min(({})) as d from index_reference {r} cross join current {t} where {r}.key = {} and {}"
        " and {t}.type = {} and {t}.id = {r}.target_id and not {t}.deleted and {}"
    )
    return sql(
        select, inner, Sql(key), hop.row(r), hop.target, sees(hop.target, f"{t}.key", scope, hop.depth + 1), r=r, t=t
    )


def distances(db: Database, request: SearchRequest, keys: Sequence[int], scope: Scope) -> dict[int, float]:
    """Return in metres how far the matches of some keys are; empty when no place is asked for."""
    condition = near_condition(request)
    if condition is None or not keys:
        return {}
    value = distance(request.resource_type, condition, "m.key", scope)
    select = sql("select m.key, ({}) from current m where {}", value, one_of("m.key", keys))
    return {key: meters_of(found) for key, found in db.rows(*select) if found is not None}
