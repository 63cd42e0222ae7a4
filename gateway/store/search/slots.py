"""Searching Slots by the capacity projection: status, start and schedule stand together in one row.

https://hl7.org/fhir/R4/slot.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.fhir.search import Chain, Condition, DateRange, Filter, Target, Token
from gateway.store.search.conditions import target_ids
from gateway.store.search.filters import localised
from gateway.store.search.ranges import point
from gateway.store.search.scope import Scope, implied_systems
from gateway.store.search.sql import Sql, either, every, joined, one_of, sql


@dataclass(slots=True)
class SlotConditions:
    """What of a search the projection answers, and `others`, what it does not.

    `by_schedule` begins at the schedules, `by_time` walks through time and looks the schedule up: each says the same,
    and leaves the engine one index to take. An expression such as `status || ''` is one that no index can serve.
    """

    others: list[Condition] = field(default_factory=list)
    own: list[Sql] = field(default_factory=list)
    schedules: list[Sql] = field(default_factory=list)  # selects or lists of schedule ids

    @property
    def by_schedule(self) -> Sql:
        """Return the conditions on `slot m` that begin at the schedules, if any are asked."""
        return every([*self.own, *(sql("m.schedule in ({})", ids) for ids in self.schedules)])

    @property
    def by_time(self) -> Sql:
        """Return the conditions on `slot m` that leave the order of time to be walked."""
        return every([*self.own, *(sql("(m.schedule || '') in ({})", ids) for ids in self.schedules)])


def slot_conditions(conditions: Iterable[Condition], scope: Scope) -> SlotConditions:
    """Return what the projection answers of `conditions`."""
    found = SlotConditions()
    for condition in conditions:
        if not (_status(condition, found) or _start(condition, found) or _schedule(condition, scope, found)):
            found.others.append(condition)
    return found


def _status(condition: Condition, found: SlotConditions) -> bool:
    if not isinstance(condition, Filter) or condition.parameter.code != "status" or condition.modifier:
        return False
    known = implied_systems("Slot", condition.parameter) | {None, ""}
    tokens = [token for token in condition.values if isinstance(token, Token) and token.system in known]
    codes = [token.code for token in tokens if token.code is not None]
    if len(codes) < len(tokens):
        return True  # any code of the system that all have
    found.own.append(one_of("m.status" if len(codes) == 1 else "(m.status || '')", codes))
    return True


def _start(condition: Condition, found: SlotConditions) -> bool:
    if not isinstance(condition, Filter) or condition.parameter.code != "start" or condition.modifier:
        return False
    found.own.append(either([point("m.start", value) for value in condition.values if isinstance(value, DateRange)]))
    return True


def _schedule(condition: Condition, scope: Scope, found: SlotConditions) -> bool:
    if isinstance(condition, Chain) and condition.parameter.code == "schedule":
        selects = [target_ids(target, then, scope) for target, then in condition.targets if target == "Schedule"]
        ids = joined(" union all ", [select for select in selects if select is not None])
        return bool(ids.text) and _add(found, ids, complete=None not in selects)
    if isinstance(condition, Filter) and condition.parameter.code == "schedule":
        targets = [localised(value, scope.base) for value in condition.values if isinstance(value, Target)]
        ids = Sql(", ".join("?" * len(targets)), tuple(target.id for target in targets))
        return _add(found, ids, complete=bool(targets) and all(t.types in {(), ("Schedule",)} for t in targets))
    return False


def _add(found: SlotConditions, ids: Sql, *, complete: bool) -> bool:
    if complete:
        found.schedules.append(ids)
    return complete
