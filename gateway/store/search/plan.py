"""Chooses the way to the matches: from the most selective index, or along the order that is asked.

Each condition is counted, up to the candidates of the scope. When one of them has no more than that, its keys are the
candidates: all are looked at, sorted and counted, and the total is known. When each has more, matches are plentiful,
and are met soon by walking an index in the order of the page, looking the other conditions up row by row. Should a page
not be full within the reach of the scope, they are not so plentiful, and ten times as many candidates are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gateway.fhir.search.singles import has_no_system
from gateway.store.search.conditions import condition_match, matches_of
from gateway.store.search.distance import by_distance
from gateway.store.search.filters import TABLES
from gateway.store.search.match import Match
from gateway.store.search.order import SORTED_BY, Column, sort_columns
from gateway.store.search.relations import (
    Counted,
    Plan,
    Relation,
    all_of,
    count_of,
    keys_of,
    probes_of,
    smallest_of,
)
from gateway.store.search.rings import rings
from gateway.store.search.scope import Scope, is_single
from gateway.store.search.sql import TRUE, Sql, fails, sql

if TYPE_CHECKING:
    from gateway.fhir.search import Condition, SearchRequest, SortKey
    from gateway.store.search.scope import Database


# Kinds whose index is in the order of the sort value, with the columns that tell the rows of one resource apart.
_IN_ORDER: Mapping[str, tuple[str, ...]] = {
    "string": ("value", "exact"),
    "date": ("low", "high"),
    "uri": ("value",),
    "number": ("low", "high"),
}


def plan_resources(db: Database, request: SearchRequest, scope: Scope) -> Plan:
    """Return the way to the matches of a search on any type but Slot."""
    columns = sort_columns(request, scope)
    matches = matches_of(request.resource_type, request.conditions, scope, request)
    if len(matches) == 1 and matches[0].ordered and not columns:
        return _along(matches[0], db, scope)
    smallest = smallest_of(db, matches, scope)
    if smallest is not None:
        return _from_candidates(smallest, matches, columns)
    if near := by_distance(request):
        return _by_rings(db, request, near, columns, scope)
    total = None if matches else _total_of_type(db, request.resource_type, scope)
    return Plan(tuple(_walks(request, matches, columns)), total)


def _by_rings(db: Database, request: SearchRequest, near: Condition, columns: tuple[Column, ...], scope: Scope) -> Plan:
    others = [condition for condition in request.conditions if condition is not near]
    probes = probes_of(matches_of(request.resource_type, others, scope, request))

    def relation(narrowed: Condition) -> Relation:
        match = condition_match(request.resource_type, narrowed, scope)
        return Relation(keys_of(match, "m"), TRUE, columns, walked=False).probed(*probes)

    return Plan(rings=lambda begin: rings(db, request, near, begin, relation, scope))


def all_matches(db: Database, request: SearchRequest, scope: Scope) -> Relation:
    """Return all matches in no order, from the most selective condition: what an accurate count is made of."""
    matches = matches_of(request.resource_type, request.conditions, scope, request)
    smallest = smallest_of(db, matches, scope)
    listed = smallest.match if smallest else next((match for match in matches if match.keys is not None), None)
    if listed is None:
        return all_of(request.resource_type).probed(*probes_of(matches))
    return Relation(keys_of(listed, "m"), TRUE).probed(*probes_of(matches, but=listed))


def _total_of_type(db: Database, resource_type: str, scope: Scope) -> int | None:
    """Return how many resources of a type there are, None when there are many."""
    relation = all_of(resource_type)
    ((count,),) = db.rows(*count_of(relation.source, relation.where, scope))
    return int(count) if count <= scope.candidates else None


def _along(match: Match, db: Database, scope: Scope) -> Plan:
    """Return the walk along the one condition there is: the same for few and for many, so it need not be counted."""

    def counting() -> int | None:
        smallest = smallest_of(db, [match], scope)
        return smallest.count if smallest else None

    return Plan((Relation(keys_of(match, "m"), TRUE),), counting=counting)


def _from_candidates(smallest: Counted, matches: Sequence[Match], columns: tuple[Column, ...]) -> Plan:
    match = smallest.match
    probes = probes_of(matches, but=match)
    return Plan((Relation(keys_of(match, "m"), TRUE, columns, walked=False).probed(*probes),))


def _walks(request: SearchRequest, matches: Sequence[Match], columns: tuple[Column, ...]) -> list[Relation]:
    """Return walks that together meet every match in order; where no index has that order, one that must be sorted."""
    if not columns:
        return [_key_walk(request.resource_type, matches)]
    probes = probes_of(matches)
    if len(columns) == 1:
        found = _sorted_walks(request.resource_type, request.sort[0])
        if found:
            return [walk.probed(*probes) for walk in found]
    every_one = all_of(request.resource_type)
    return [Relation(every_one.source, every_one.where, columns, walked=False).probed(*probes)]


def _key_walk(resource_type: str, matches: Sequence[Match]) -> Relation:
    """Return a walk in order of key, along a condition where one gives that order."""
    along = next((match for match in matches if match.ordered), None)
    relation = Relation(keys_of(along, "m"), TRUE) if along else all_of(resource_type)
    return relation.probed(*probes_of(matches, but=along))


def _sorted_walks(resource_type: str, key: SortKey) -> list[Relation]:
    """Return the walk along the index of the sort parameter, and the one over what has no value; or none."""
    every_one, code = all_of(resource_type), key.parameter.code
    if code in {"_id", "_lastUpdated"}:
        value = sql("m.{column}", column="id" if code == "_id" else "last_updated")
        return [Relation(every_one.source, every_one.where, (Column(value, key.descending, nullable=False),))]
    if not _index_is_in_order(resource_type, key):
        return []
    table = TABLES[key.parameter.type]
    where = "m.type = {} and m.param = {}" + (" and m.system = ''" if key.parameter.type == "token" else "")
    value = sql("m.{column}", column=SORTED_BY[key.parameter.type])
    once = TRUE if is_single(resource_type, key.parameter) else _first_row(key, table)
    column = Column(value, key.descending, nullable=False)
    absent = fails(sql("select 1 from {} o where o.key = m.key and o.param = {}", table, code))
    return [
        Relation(sql("{} m", table), sql(where, resource_type, code), (column,)).narrowed(once),
        every_one.probed(absent),
    ]


def _index_is_in_order(resource_type: str, key: SortKey) -> bool:
    """Return whether the index of a parameter is in the order it is sorted by."""
    kind = key.parameter.type
    return kind in _IN_ORDER or (kind == "token" and has_no_system(resource_type, key.parameter))


def _first_row(key: SortKey, table: Sql) -> Sql:
    """Return the condition that a row is the first of its resource in the order: a name may have several."""
    kind = key.parameter.type
    columns = _IN_ORDER.get(kind, ("code",))
    return fails(
        sql(
            "select 1 from {} o where o.key = m.key and o.param = m.param and ({theirs}) {sign} ({ours})",
            table,
            theirs=", ".join(f"o.{column}" for column in columns),
            ours=", ".join(f"m.{column}" for column in columns),
            sign=">" if key.descending else "<",
        )
    )
