"""Searching Slots by the capacity projection: status, start and schedule stand together in one row.

https://hl7.org/fhir/R4/slot.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.fhir.freshness import FREE
from gateway.fhir.search import Chain, Condition, DateRange, Filter, Target, Token
from gateway.fhir.search.paths import implied_systems
from gateway.store.index.model import SLOT_CODINGS, capacity_param
from gateway.store.search.conditions import target_ids
from gateway.store.search.filters import localised
from gateway.store.search.offered import asks_for_free, is_fresh, is_fresh_or_not_free
from gateway.store.search.ranges import point
from gateway.store.search.scope import Scope
from gateway.store.search.sql import Sql, every, joined, one_of, sql


@dataclass(slots=True)
class SlotConditions:
    """What of a search the projection answers, and `others`, what it does not.

    `by_schedule` begins at the schedules, `by_time` walks through time and looks the schedule up: each says the same,
    and leaves the engine one index to take. An expression such as `status || ''` is one that no index can serve.
    `in_order` is what one index has in the order of time, `probes` what is then looked up row by row.
    """

    others: list[Condition] = field(default_factory=list)
    statuses: list[list[str]] = field(default_factory=list)  # one of each list
    start: list[Sql] = field(default_factory=list)
    schedules: list[Sql] = field(default_factory=list)  # selects or lists of schedule ids
    fresh: list[Sql] = field(default_factory=list)  # that nobody offers any more what is stale, asked by `m.key`

    @property
    def by_schedule(self) -> Sql:
        """Return the conditions on `slot m` that begin at the schedules, if any are asked, or else at the statuses."""
        statuses = [one_of("m.status", each) for each in self.statuses]
        return every([*statuses, *self.start, *(sql("m.schedule in ({})", ids) for ids in self.schedules)])

    @property
    def by_time(self) -> Sql:
        """Return the conditions on `slot m` that leave the order of time to be walked."""
        several = [one_of("(m.status || '')", each) for each in self.statuses if len(each) != 1]
        return every([self.in_order, *several, *(sql("(m.schedule || '') in ({})", ids) for ids in self.schedules)])

    @property
    def in_order(self) -> Sql:
        """Return the conditions on `slot m` of which one index has the matches in order of time."""
        return every([*(one_of("m.status", each) for each in self.statuses if len(each) == 1), *self.start])

    @property
    def probes(self) -> list[Sql]:
        """Return the other conditions, as they are looked up by `m.key`."""
        status = "(select o.status from slot o where o.key = m.key)"
        several = [one_of(status, each) for each in self.statuses if len(each) != 1]
        schedule = "(select o.schedule from slot o where o.key = m.key) in ({})"
        return [*several, *(sql(schedule, ids) for ids in self.schedules)]

    def coded(self, scope: Scope) -> tuple[Sql, Condition] | None:
        """Return the Slots `m` of the one status and the first coding that are asked, and that condition.

        None when more than one status or system is asked, or a schedule, which those rows do not hold.
        """
        if len(self.statuses) != 1 or len(self.statuses[0]) != 1 or self.schedules:
            return None
        for condition in self.others:
            coding = _coding(condition, scope)
            if coding:
                param = capacity_param(self.statuses[0][0], *coding)
                select = "(select x.low as start, x.key as key from index_date x where x.type = {} and x.param = {}) m"
                return sql(select, "Slot", param), condition
        return None


def _coding(condition: Condition, scope: Scope) -> tuple[str, str, str] | None:
    """Return parameter, system and code of a condition that asks one coding of a Slot."""
    if not isinstance(condition, Filter) or condition.parameter.code not in SLOT_CODINGS or condition.modifier:
        return None
    code, (token, *others) = condition.parameter.code, condition.values
    if others or not isinstance(token, Token) or token.code is None:
        return None
    systems = scope.systems.get(("Slot", code), ()) if token.system is None else (token.system,)
    return (code, systems[0], token.code) if len(systems) == 1 else None


def slot_conditions(conditions: Iterable[Condition], scope: Scope) -> SlotConditions:
    """Return what the projection answers of `conditions`."""
    found = SlotConditions()
    for condition in conditions:
        if not (_status(condition, scope, found) or _start(condition, found) or _schedule(condition, scope, found)):
            found.others.append(condition)
    return found


def _status(condition: Condition, scope: Scope, found: SlotConditions) -> bool:
    if not isinstance(condition, Filter) or condition.parameter.code != "status" or condition.modifier:
        return False
    known = implied_systems("Slot", condition.parameter) | {None, ""}
    tokens = [token for token in condition.values if isinstance(token, Token) and token.system in known]
    codes = [token.code for token in tokens if token.code is not None]
    if len(codes) < len(tokens):
        return True  # any code of the system that all have
    found.statuses.append(codes)
    if asks_for_free("Slot", condition):
        found.fresh.append((is_fresh if codes == [FREE] else is_fresh_or_not_free)("m.key", scope))
    return True


def _start(condition: Condition, found: SlotConditions) -> bool:
    if not isinstance(condition, Filter) or condition.parameter.code != "start" or condition.modifier:
        return False
    value, *others = condition.values
    if others or not isinstance(value, DateRange) or value.prefix == "ne":
        return False  # several ranges of time: no index has those in order
    found.start.append(point("m.start", value))
    return True


def _schedule(condition: Condition, scope: Scope, found: SlotConditions) -> bool:
    if isinstance(condition, Chain) and condition.parameter.code == "schedule":
        selects = [target_ids(target, then, scope) for target, then in condition.targets if target == "Schedule"]
        ids = joined(" union all ", [select for select in selects if select is not None])
        return bool(ids.text) and _add(found, ids, complete=None not in selects)
    if isinstance(condition, Filter) and condition.parameter.code == "schedule":
        targets = [localised(value, scope.base) for value in condition.values if isinstance(value, Target)]
        ids = Sql(", ".join("?" * len(targets)), tuple(target.id for target in targets))
        return _add(
            found,
            ids,
            complete=bool(targets) and all(t.types in {(), ("Schedule",)} and not t.version for t in targets),
        )
    return False


def _add(found: SlotConditions, ids: Sql, *, complete: bool) -> bool:
    if complete:
        found.schedules.append(ids)
    return complete
