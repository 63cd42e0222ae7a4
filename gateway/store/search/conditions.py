"""The conditions of a search in SQL: filters, chains, `_has`, and the columns of `current`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.fhir.frozen import frozen
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import (
    AllOf,
    AnyOf,
    Chain,
    Condition,
    DateRange,
    Filter,
    Has,
    Not,
    Says,
    SearchRequest,
    SortKey,
)
from gateway.fhir.search.reduced import answers
from gateway.fhir.search.served import TEXT
from gateway.store.search.columns import id_match, last_updated_match
from gateway.store.search.composites import composite_match
from gateway.store.search.filters import filter_match, one_range
from gateway.store.search.match import Match, all_of, any_of, constant, none_of, those
from gateway.store.search.near import near_match
from gateway.store.search.remembered import MOMENT, remembered
from gateway.store.search.says import says_match
from gateway.store.search.scope import Scope, is_single
from gateway.store.search.sql import FALSE, TRUE, Sql, either, every, holds, one_of, sql
from gateway.store.search.words import narrative_match, narrative_matches, told_match

_RANGES = frozenset({"date", "number", "quantity"})


def matches_of(
    resource_type: str, conditions: Iterable[Condition], scope: Scope, asking: SearchRequest | None = None
) -> list[Match]:
    """Return a Match for each condition, and for the predicate of the scope, which is planned as any other.

    Ranges on one single-valued parameter together are one. `asking` is the search that they are of: without it, only
    what is seen whole is found.
    """
    found: list[Match] = []
    together: dict[str, list[Filter]] = {}
    for condition in conditions:
        if isinstance(condition, Filter) and _is_one_range(resource_type, condition):
            together.setdefault(condition.parameter.code, []).append(condition)
        elif isinstance(condition, Filter) and _is_of_words(condition):
            found += narrative_matches(resource_type, condition, scope)
        else:
            found.append(condition_match(resource_type, condition, scope))
    found += [_together(resource_type, filters, scope) for filters in together.values()]
    asked = Asked(asking.conditions, asking.sort) if asking is not None else None
    seen = visible_match(resource_type, scope, asked=asked)
    return found if seen is None else [*found, replace(seen, is_rule=True)]


@frozen()
class Asked:
    """What is asked of a resource of which only some may be told: `order` is what it is to be sorted by."""

    conditions: Sequence[Condition] = ()
    order: Sequence[SortKey] = ()


NOTHING_ASKED = Asked()


def visible_match(resource_type: str, scope: Scope, depth: int = 0, asked: Asked | None = None) -> Match | None:
    """Return the Match of what the caller may see of a type; None where that is all of it.

    What is told in a reduced form alone is seen where that answers all that is `asked`, and who asks nothing of it says
    so. Whoever does not say what is asked (None) sees what is seen whole.
    """
    if not scope.visible.admits(resource_type):
        return constant(FALSE)
    rule, visible = scope.visible.condition(resource_type), scope.visible
    if rule is None:
        return None
    part = scope.reduced(resource_type) if asked is not None else None
    is_wider = part is not None and asked is not None and answers(part.form, asked.conditions, asked.order)
    if part is not None and is_wider:
        rule = part.condition
    if visible.memory is None:
        return condition_match(resource_type, rule, scope.unseen(visible.at), depth)
    key = resource_type, visible.letter, is_wider, depth, scope.base, scope.engine, scope.seals, scope.mixed
    return remembered(
        visible.memory,
        key,
        visible.at or scope.moment,
        lambda: condition_match(resource_type, rule, scope.unseen(MOMENT), depth),
    )


def sees(resource_type: str, key: str, scope: Scope, depth: int = 0, asked: Asked | None = None) -> Sql:
    """Return the condition under which the resource of a key takes part in a chain, an include or a history."""
    seen = visible_match(resource_type, scope, depth, asked)
    return TRUE if seen is None else seen.probe(key)


def sees_one_of(types: Iterable[str], column: str, key: str, scope: Scope, asked: Asked | None = None) -> Sql:
    """Return the same for a resource of one of some types, which stands in a column."""
    conditions = [(type_, sees(type_, key, scope, asked=asked)) for type_ in types]
    if all(condition == TRUE for _, condition in conditions) and scope.visible.types is None:
        return TRUE
    whole = [type_ for type_, condition in conditions if condition == TRUE]
    ruled = [
        every([sql("{c} = {}", type_, c=column), condition])
        for type_, condition in conditions
        if condition not in {TRUE, FALSE}
    ]
    return either([one_of(column, whole), *ruled] if whole else ruled)


def _is_of_words(asked: Filter) -> bool:
    return asked.parameter.code == TEXT and asked.modifier is None


def _is_one_range(resource_type: str, asked: Filter) -> bool:
    kind = asked.parameter.type in _RANGES and asked.modifier is None and len(asked.values) == 1
    if any(isinstance(value, DateRange) and value.prefix == "ne" for value in asked.values):
        return False  # it is two
    return kind and is_single(resource_type, asked.parameter)


def _together(resource_type: str, filters: Sequence[Filter], scope: Scope) -> Match:
    if filters[0].parameter.code == "_lastUpdated":
        return last_updated_match(resource_type, filters)
    return one_range(resource_type, filters, scope)


def condition_match(resource_type: str, condition: Condition, scope: Scope, depth: int = 0) -> Match:
    """Return the Match of one condition on resources of a type, `depth` references away from what is searched."""
    match condition:
        case Chain(parameter, targets, alike):
            hops = [Hop(resource_type, parameter, target, then, depth, alike) for target, then in targets]
            return any_of([_chained(hop, scope) for hop in hops])
        case Has(source, parameter, then, alike):
            return _has(Hop(source, parameter, resource_type, then, depth, alike), scope)
        case AnyOf(several):
            return any_of([condition_match(resource_type, one, scope, depth) for one in several])
        case AllOf(several):
            return all_of([condition_match(resource_type, one, scope, depth) for one in several], scope.engine)
        case Not(one):
            return none_of(condition_match(resource_type, one, scope, depth))
        case Says():
            return says_match(condition, scope)
        case Filter():
            return _filtered(resource_type, condition, scope)


def _filtered(resource_type: str, asked: Filter, scope: Scope) -> Match:
    if asked.parameter.code == "_id":
        return id_match(resource_type, asked)
    if asked.parameter.code == "_lastUpdated":
        return last_updated_match(resource_type, [asked])
    if _is_of_words(asked):
        return narrative_match(resource_type, asked, scope)
    if asked.parameter.type == "special" and asked.modifier is None:
        return near_match(resource_type, asked, scope)
    if asked.parameter.type == "composite":
        return composite_match(resource_type, asked, scope)
    return told_match(resource_type, asked) if asked.modifier == "text" else filter_match(resource_type, asked, scope)


@frozen()
class Hop:
    """A reference from a resource of type `source` to one of type `target`, one of which is asked `then`.

    `alike` is the system of a security label of which both have the same code; '' where that is not asked.
    """

    source: str
    parameter: SearchParameter
    target: str
    then: Condition
    depth: int
    alike: str = ""

    def row(self, alias: str) -> Sql:
        """Return the condition on the row of index_reference that is this reference."""
        columns = "{r}.type = {} and {r}.param = {} and {r}.target_type = {}"
        return sql(columns, self.source, self.parameter.code, self.target, r=alias)

    @property
    def asked_there(self) -> Asked:
        """Return what is asked of the target by `then`."""
        return Asked((self.then,))

    @property
    def asked_of_source(self) -> Asked:
        """Return what is asked of the source: that it refers to such a target, and `then`."""
        return Asked((Chain(self.parameter, ((self.target, self.then),)), self.then))

    def is_alike(self, one: str, other: str) -> Sql:
        """Return the condition that the resources of two keys have the same label."""
        if not self.alike:
            return TRUE
        where = "{a}.key = {} and {a}.param = '_security' and {a}.system = {}"
        a, b = f"a{self.depth}", f"b{self.depth}"
        each = [sql(where, Sql(key), self.alike, a=alias) for alias, key in ((a, one), (b, other))]
        select = "select 1 from index_token {a} cross join index_token {b} where {} and {b}.code = {a}.code"
        return holds(sql(select, every(each), a=a, b=b))


def _chained(hop: Hop, scope: Scope) -> Match:
    """Return what matches when it points at a resource for which `then` holds. Aliases differ by depth: probes nest."""
    inner = condition_match(hop.target, hop.then, scope, hop.depth + 1)
    r, t = f"r{hop.depth}", f"t{hop.depth}"
    seen = sees(hop.target, f"{t}.key", scope, hop.depth + 1, hop.asked_there)
    there = every([seen, inner.probe(f"{t}.key")])
    # What is dear is asked of one row at a time: PostgreSQL, where it takes all for few, would first ask it of every
    # resource of the type. So the target is looked up by itself, and the predicate is asked of the keys there are.
    probe = (
        "select 1 from index_reference {r} cross join current {t} where {r}.key = {} and {}"
        " and {t}.key = (select {t}.key from current {t} where {t}.type = {} and {t}.id = {r}.target_id)"
        " and not {t}.deleted and {}"
    )
    keys = (
        "select r.key from ({}) k cross join current t cross join index_reference r"
        " where t.key = k.key and {} and r.target_id = t.id"
    )
    return Match(
        probe=lambda key: holds(
            sql(probe, Sql(key), hop.row(r), hop.target, every([hop.is_alike(key, f"{t}.key"), there]), r=r, t=t)
        ),
        keys=inner.keys
        and sql(
            keys,
            those(inner.keys, sees(hop.target, "k.key", scope, asked=hop.asked_there), scope.engine),
            every([hop.row("r"), hop.is_alike("r.key", "t.key")]),
        ),
    )


def _has(hop: Hop, scope: Scope) -> Match:
    """Return what matches when a resource for which `then` holds points at it."""
    inner = condition_match(hop.source, hop.then, scope, hop.depth + 1)
    r, t = f"r{hop.depth}", f"t{hop.depth}"
    seen = sees(hop.source, f"{r}.key", scope, hop.depth + 1, hop.asked_of_source)
    there = every([seen, inner.probe(f"{r}.key")])
    # The id is looked up by itself: in a join PostgreSQL may read all references of the kind before it, where it takes
    # them for few.
    probe = (
        "select 1 from index_reference {r} where {}"
        " and {r}.target_id = (select {t}.id from current {t} where {t}.key = {}) and {}"
    )
    keys = (
        "select t.key from ({}) k cross join index_reference r cross join current t where r.key = k.key and {}"
        " and t.type = {} and t.id = r.target_id and not t.deleted"
    )
    return Match(
        probe=lambda key: holds(
            sql(probe, hop.row(r), Sql(key), every([hop.is_alike(f"{r}.key", key), there]), r=r, t=t)
        ),
        keys=inner.keys
        and sql(
            keys,
            those(inner.keys, sees(hop.source, "k.key", scope, asked=hop.asked_of_source), scope.engine),
            hop.row("r"),
            sql("{} and {}", hop.target, hop.is_alike("r.key", "t.key")) if hop.alike else hop.target,
        ),
    )


def target_ids(target: str, then: Condition, scope: Scope) -> Sql | None:
    """Return a select of the ids of resources for which `then` holds; None where they cannot be listed."""
    keys = condition_match(target, then, scope).keys
    if keys is None:
        return None
    seen = those(keys, sees(target, "k.key", scope), scope.engine)
    return sql("select t.id from ({}) k cross join current t where t.key = k.key", seen)
