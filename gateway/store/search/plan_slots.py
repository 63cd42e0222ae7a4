"""Chooses the way to Slots: from another condition that has few, from few schedules, or along time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.fhir.search.served import MAX_VALUES
from gateway.store.search.conditions import matches_of
from gateway.store.search.distance import by_distance
from gateway.store.search.match import Match
from gateway.store.search.near import near_match, place_of
from gateway.store.search.order import Column, sort_columns
from gateway.store.search.relations import Plan, Relation, count_of, keys_of, probes_of, smallest_of
from gateway.store.search.rings import rings
from gateway.store.search.scope import CANDIDATES, Scope
from gateway.store.search.slots import SlotConditions, slot_conditions
from gateway.store.search.sql import TRUE, Sql, every, sql

if TYPE_CHECKING:
    from gateway.fhir.search import Condition, SearchRequest
    from gateway.store.search.scope import Database


_MANY = 10 * CANDIDATES + MAX_VALUES  # more than any condition has that is counted or known to have few


def plan_slots(db: Database, request: SearchRequest, scope: Scope) -> Plan:
    """Return the way to the Slots of a search, over the capacity projection."""
    columns = sort_columns(request, scope)
    slots = slot_conditions(request.conditions, scope)
    others = matches_of("Slot", slots.others, scope)
    coded = slots.coded(scope) if _is_time(columns) else None
    smallest = smallest_of(db, others, scope) if coded is None or len(slots.others) > 1 else None
    if smallest is not None:
        found = _from_other(slots, smallest.match, columns).probed(*probes_of(others, but=smallest.match))
        return Plan((found,))
    if coded is not None:
        return _along_coding(db, slots, coded, columns, scope)
    if (near := by_distance(request)) and not _are_few(db, slots, near, scope):
        return _by_rings(db, request, near, columns, scope)
    return _along_time(db, slots, others, columns, scope)


def _are_few(db: Database, slots: SlotConditions, near: Condition, scope: Scope) -> bool:
    """Return whether there are few places around, and few Slots there: of many places all would have to be listed."""
    places = keys_of(near_match(*place_of("Slot", near), scope), "k")
    counts = (count_of(places, TRUE, scope), count_of(Sql("slot m"), slots.by_schedule, scope))
    return all(db.rows(*count)[0][0] <= scope.candidates for count in counts)


def _by_rings(db: Database, request: SearchRequest, near: Condition, columns: tuple[Column, ...], scope: Scope) -> Plan:
    def relation(narrowed: Condition) -> Relation:
        found = slot_conditions([narrowed if each is near else each for each in request.conditions], scope)
        probes = probes_of(matches_of("Slot", found.others, scope))
        return Relation(Sql("slot m"), found.by_schedule, columns, walked=False).probed(*found.fresh, *probes)

    return Plan(rings=lambda begin: rings(db, request, near, begin, relation, scope))


def _along_coding(
    db: Database, slots: SlotConditions, coded: tuple[Sql, Condition], columns: tuple[Column, ...], scope: Scope
) -> Plan:
    """Return the walk along the Slots of a status and a coding."""
    source, condition = coded
    walk = Relation(source, every([*slots.start, *slots.fresh]), columns)
    others = matches_of("Slot", [other for other in slots.others if other is not condition], scope)
    if others:
        return Plan((walk.probed(*probes_of(others)),))
    ((count,),) = db.rows(*count_of(walk.source, every(slots.start), scope))
    if slots.fresh and count <= scope.candidates:
        return Plan((replace(walk, walked=False),))  # which of them are stale is not counted
    return Plan((walk,), total=count if count <= scope.candidates else None)


def _along_time(
    db: Database, slots: SlotConditions, others: Sequence[Match], columns: tuple[Column, ...], scope: Scope
) -> Plan:
    """Return the walk along time; where status, start and schedules leave few, all of those."""
    ((count,),) = db.rows(*count_of(Sql("slot m"), slots.by_schedule, scope))
    few, in_time = count <= scope.candidates, _is_time(columns)
    probes = (*slots.fresh, *probes_of(others))
    if few and (slots.probes or probes or not in_time):
        return Plan((Relation(Sql("slot m"), slots.by_schedule, columns, walked=False).probed(*probes),))
    if not in_time:
        return Plan((Relation(Sql("slot m"), slots.by_time, columns, walked=False).probed(*probes),))
    # What is stale is stepped over: it bounds no walk, as what is looked for among many does.
    walk = Relation(Sql("slot m"), every([slots.in_order, *slots.fresh]), columns)
    walk = walk.probed(*slots.probes, *probes_of(others))
    return Plan((walk,), total=count if few and not others else None)


def _from_other(slots: SlotConditions, match: Match, columns: tuple[Column, ...]) -> Relation:
    """Return the Slots among the keys of another condition."""
    # They were counted, or are a handful: the limit only tells the engine how few, so that it looks each of them up.
    source = sql("(select * from {} limit {limit}) d cross join slot m", keys_of(match, "e"), limit=str(_MANY))
    return Relation(source, sql("m.key = d.key and {}", slots.by_time), columns, walked=False).probed(*slots.fresh)


def all_slots(db: Database, request: SearchRequest, scope: Scope) -> Relation:
    """Return all matching Slots in no order: what an accurate count is made of."""
    slots = slot_conditions(request.conditions, scope)
    others = matches_of("Slot", slots.others, scope)
    smallest = smallest_of(db, others, scope)
    listed = next((match for match in others if match.keys is not None), None)
    if smallest is None and listed is not None and slots.by_schedule == TRUE:
        source = sql("{} cross join slot m", keys_of(listed, "d"))
        return Relation(source, Sql("m.key = d.key")).probed(*probes_of(others, but=listed))
    if smallest is None:
        return Relation(Sql("slot m"), slots.by_schedule).probed(*slots.fresh, *probes_of(others))
    return _from_other(slots, smallest.match, ()).probed(*probes_of(others, but=smallest.match))


def _is_time(columns: tuple[Column, ...]) -> bool:
    return len(columns) == 1 and columns[0].value.text == "m.start"
