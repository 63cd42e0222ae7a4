"""Reads one page of matches: one statement, the bodies with it, or two at the seam of two walks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.store.search.order import Column, Position, after, order_by, sort_columns
from gateway.store.search.plan import all_matches, plan_resources
from gateway.store.search.plan_slots import all_slots, plan_slots
from gateway.store.search.relations import Plan, Relation
from gateway.store.search.scope import Scope
from gateway.store.search.sql import TRUE, Sql, every, joined, sql

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database


class Found(NamedTuple):
    """One resource that was found, as it is stored."""

    key: int
    type: str
    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A page of matches. `next` is the position to go on from, None on the last page; `total` None is unknown."""

    matches: list[Found]
    total: int | None
    next: Position | None


def read_page(db: Database, request: SearchRequest, scope: Scope, position: Position | None) -> Page:
    """Return the page after `position`, the first for None."""
    plan = _plan(db, request, scope.knowing(db, request))
    wanted = request.count + 1
    rows: list[tuple[Any, ...]] = []
    total = plan.total
    for relation, start in _from(plan, position):
        some = db.rows(*_page_statement(relation, start, wanted - len(rows)))
        if some and not relation.walked:
            total = some[0][4]
        rows += some
        if len(rows) == wanted:
            break
    return _page(request, rows, total, first=position is None)


def _from(plan: Plan, position: Position | None) -> list[tuple[Relation, Position | None]]:
    """Return the relations from `position` on. A second one holds what has no value to be sorted by."""
    first, *second = plan.relations
    if second and position and position.values == (None,):
        return [(second[0], position)]
    return [(first, position), *((relation, None) for relation in second)]


def count_matches(db: Database, request: SearchRequest, scope: Scope) -> int:
    """Return how many resources match, all of them counted."""
    scope = scope.knowing(db, request)
    plan = _plan(db, request, scope)
    if plan.total is not None:
        return plan.total
    relation = (all_slots if request.resource_type == "Slot" else all_matches)(db, request, scope)
    ((count,),) = db.rows(*sql("select count(*) from {} where {}", relation.source, relation.where))
    return int(count)


def _plan(db: Database, request: SearchRequest, scope: Scope) -> Plan:
    return (plan_slots if request.resource_type == "Slot" else plan_resources)(db, request, scope)


def _page(request: SearchRequest, rows: Sequence[tuple[Any, ...]], total: int | None, *, first: bool) -> Page:
    """Return the page of rows (key, type, id, body, total, sort values …), of which one may be too many."""
    shown = rows[: request.count]
    matches = [Found(*row[:4]) for row in shown]
    if len(rows) <= request.count:
        return Page(matches, len(rows) if first else total, None)
    last = shown[-1]
    values = tuple(last[5:]) or (None,) * len(sort_columns(request))
    return Page(matches, total, Position(values, last[0]))


def _page_statement(relation: Relation, position: Position | None, limit: int) -> Sql:
    inner = _walked(relation, position, limit) if relation.walked else _sorted(relation, position, limit)
    total = "null" if relation.walked else "(select count(*) from w)"
    names = "".join(f", p.s{number}" for number in range(len(relation.columns)))
    return sql(
        "{} select p.key, c.type, c.id, r.body, {total}{names} from p cross join current c cross join resource r"
        " where c.key = p.key and r.key = p.key and r.version = c.version order by {}",
        inner,
        order_by(relation.columns, _named("p", len(relation.columns))),
        total=total,
        names=names,
    )


def _walked(relation: Relation, position: Position | None, limit: int) -> Sql:
    """Return `p`, read along the index that has the order: the columns are compared as they stand in it."""
    columns = relation.columns

    def name(number: int) -> str:
        return columns[number].value.text if number < len(columns) else "m.key"

    return sql(
        "with p as (select m.key{} from {} where {} order by {} limit {limit})",
        _values(columns),
        relation.source,
        every([relation.where, after(columns, position, name) if position else TRUE]),
        order_by(columns, name),
        limit=str(limit),
    )


def _sorted(relation: Relation, position: Position | None, limit: int) -> Sql:
    """Return `p` out of all matches `w`, which are read once, for sorting and for the total."""
    return sql(
        "with w as materialized (select m.key{} from {} where {}),"
        " p as (select * from w where {} order by {} limit {limit})",
        _values(relation.columns),
        relation.source,
        relation.where,
        after(relation.columns, position, _named("w", len(relation.columns))) if position else TRUE,
        order_by(relation.columns, _named("w", len(relation.columns))),
        limit=str(limit),
    )


def _values(columns: Sequence[Column]) -> Sql:
    return joined("", [sql(", {} as s{n}", column.value, n=str(n)) for n, column in enumerate(columns)])


def _named(alias: str, count: int) -> Callable[[int], str]:
    """Return what names the sort values of a table that has `count` of them, and after those its key."""
    return lambda number: f"{alias}.s{number}" if number < count else f"{alias}.key"
