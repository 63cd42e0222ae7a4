"""Chooses the way to Slots: from another condition that has few, from few schedules, or along time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.store.search.conditions import matches_of
from gateway.store.search.order import Column, sort_columns
from gateway.store.search.relations import Plan, Relation, count_of, keys_of, probes_of, smallest_of
from gateway.store.search.scope import Scope
from gateway.store.search.slots import slot_conditions
from gateway.store.search.sql import Sql, sql

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database


def plan_slots(db: Database, request: SearchRequest, scope: Scope) -> Plan:
    """Return the way to the Slots of a search, over the capacity projection."""
    columns = sort_columns(request)
    slots = slot_conditions(request.conditions, scope)
    others = matches_of("Slot", slots.others, scope)
    sees = scope.sees("Slot")
    smallest = smallest_of(db, others, scope)
    if smallest is not None:
        source = sql("{} cross join slot m", keys_of(smallest.match, "d"))
        where = sql("m.key = d.key and {}", slots.by_time)
        probes = probes_of(others, but=smallest.match)
        return Plan((Relation(source, where, columns, walked=False).probed(*probes),)).seen(sees)
    ((count,),) = db.rows(*count_of(Sql("slot m"), slots.by_schedule, scope))
    in_time = _is_time(columns)
    if count <= scope.candidates and (slots.schedules or others or not in_time):
        few = Relation(Sql("slot m"), slots.by_schedule, columns, walked=False)
        return Plan((few.probed(*probes_of(others)),)).seen(sees)
    walk = Relation(Sql("slot m"), slots.by_time, columns, walked=in_time).probed(*probes_of(others))
    return Plan((walk,), total=count if count <= scope.candidates and not others else None).seen(sees)


def all_slots(db: Database, request: SearchRequest, scope: Scope) -> Relation:
    """Return all matching Slots in no order: what an accurate count is made of."""
    slots = slot_conditions(request.conditions, scope)
    others = matches_of("Slot", slots.others, scope)
    smallest = smallest_of(db, others, scope)
    if smallest is None:
        return Relation(Sql("slot m"), slots.by_schedule).narrowed(scope.sees("Slot")).probed(*probes_of(others))
    source = sql("{} cross join slot m", keys_of(smallest.match, "d"))
    where = sql("m.key = d.key and {}", slots.by_time)
    return Relation(source, where).narrowed(scope.sees("Slot")).probed(*probes_of(others, but=smallest.match))


def _is_time(columns: tuple[Column, ...]) -> bool:
    return len(columns) == 1 and columns[0].value.text == "m.start"
