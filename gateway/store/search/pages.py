"""Reads one page of matches: one statement, the bodies with it, or two at the seam of two walks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gateway.fhir.frozen import frozen
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import Filter, Token
from gateway.fhir.search.paths import data_types
from gateway.fhir.search.singles import has_no_system
from gateway.store.hidden import asked as asked_codes
from gateway.store.indexing import ENDS, is_present
from gateway.store.search.apart import Found, found
from gateway.store.search.conditions import condition_match
from gateway.store.search.order import Column, Position, after, order_by, sort_columns
from gateway.store.search.plan import all_matches, plan_resources
from gateway.store.search.plan_slots import all_slots, plan_slots
from gateway.store.search.relations import Plan, Relation, keys_of
from gateway.store.search.scope import Scope
from gateway.store.search.sql import TRUE, Sql, every, joined, sql

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database


Row = tuple[Any, ...]


@frozen()
class Page:
    """A page of matches. `next` is the position to go on from, None on the last page; `total` None is unknown.

    `positions` are those of the matches themselves.
    """

    matches: list[Found]
    total: int | None
    next: Position | None
    positions: list[Position]


@frozen()
class Results:
    """One page: matches, what was included with them, the total (None: not known), and where the next page begins.

    `distances` are those of the matches, in metres by key, where a place was asked for.
    """

    matches: list[Found]
    includes: list[Found]
    total: int | None
    next: Position | None
    all_included: bool = True
    distances: Mapping[int, float] = field(default_factory=dict)


def read_page(db: Database, request: SearchRequest, scope: Scope, position: Position | None) -> Page:
    """Return the page after `position`, the first for None."""
    scope = scope.of(db)
    coded = first_by_coding(db, request, scope) if position is None else None
    return _planned(db, request, scope, position) if coded is None else coded


def is_by_identifier(request: SearchRequest) -> bool:
    """Return whether a search is by identifiers alone, and nothing is told beside what has one: hardly ever several."""
    asked = request.conditions[0] if len(request.conditions) == 1 and not request.includes else None
    return isinstance(asked, Filter) and "Identifier" in data_types(request.resource_type, asked.parameter)


def first_by_coding(db: Database, request: SearchRequest, scope: Scope) -> Page | None:
    """Return the first page of a search by one system and code.

    None for any other search, and where resources of the type were indexed otherwise than now: the statement tells.
    """
    scope = scope.settled(db, mixed=False)
    statement = _by_coding(request, scope)
    if statement is None:
        return None
    *rows, ends = sorted(db.rows(*statement), key=_last_ends)
    if not is_present(db, request.resource_type, ends[0], ends[3]):
        return None
    plan = _plan(db, request, scope.knowing(db, request)) if len(rows) > request.count else Plan()
    return _page(db, request, rows, plan, scope, first=True)


def _last_ends(row: Row) -> tuple[bool, int | None]:
    """Return the place of a row: by key, and behind all the one that names no type, of which the key is no key."""
    return row[1] is None, row[0]


def _by_coding(request: SearchRequest, scope: Scope) -> Sql | None:
    """Return the statement of the first page of a search by one system and code; None for any other search.

    It is the search there is most of, and the same statement for each value: what was composed once is kept. A row
    more holds the lowest and the highest fingerprint of the type.
    """
    is_plain = len(request.conditions) == 1 and not request.sort and not request.only_count
    asked = request.conditions[0] if is_plain else None
    if not isinstance(asked, Filter) or asked.modifier or len(asked.values) != 1:
        return None
    (token,), of = asked.values, request.resource_type
    if not isinstance(token, Token) or token.system is None or token.code is None:
        return None
    if not scope.visible.admits(of) or scope.visible.condition(of) is not None:
        return None
    codes = asked_codes(token.system, token.code, scope.seals, mixed=scope.mixed)
    text = _text_by_coding(of, asked.parameter, request.count + 1) if len(codes) == 1 else None
    return Sql(text, (of, asked.parameter.code, token.system, codes[0], of, of)) if text else None


@lru_cache(maxsize=1024)
def _text_by_coding(resource_type: str, parameter: SearchParameter, limit: int) -> str | None:
    """Return the statement of a page by type, parameter, system and code; None where that is not all it depends on."""
    if resource_type == "Slot" or parameter.type != "token" or has_no_system(resource_type, parameter):
        return None
    match = condition_match(resource_type, Filter(parameter, None, (Token("system", "code"),)), Scope())
    if not match.ordered:
        return None
    found = _page_statement(Relation(keys_of(match, "m"), TRUE), None, limit, None)
    if found.parameters != (resource_type, parameter.code, "system", "code"):
        return None
    low, high = ENDS
    return f"select * from ({found.text}) f union all select {low}, null, null, {high}, null, null"  # noqa: S608 - ours


def _planned(db: Database, request: SearchRequest, scope: Scope, position: Position | None) -> Page:
    scope = scope.knowing(db, request)
    wanted = request.count + 1
    plan = _plan(db, request, scope)
    rows = _read(db, plan, position, wanted, reach=scope.reach)
    if rows is None:
        plan = _plan(db, request, scope.wider())
        rows = _read(db, plan, position, wanted) or []
    return _page(db, request, rows, plan, scope, first=position is None)


def _read(
    db: Database, plan: Plan, position: Position | None, wanted: int, *, reach: int | None = None
) -> list[Row] | None:
    """Return at most `wanted` rows; None when a walk did not find them within reach."""
    rows: list[Row] = []
    for relation, start in _from(plan, position):
        bound = reach if relation.walked and relation.probes else None
        rows += db.rows(*_page_statement(relation, start, wanted - len(rows), bound))
        if len(rows) == wanted:
            break
        if bound is not None:
            return None
    return rows


def _from(plan: Plan, position: Position | None) -> Iterable[tuple[Relation, Position | None]]:
    """Return the relations from `position` on. A second one holds what has no value to be sorted by."""
    if plan.rings:
        return ((ring, position) for ring in plan.rings(position.values[0] if position else 0.0))
    first, *second = plan.relations
    if second and position and position.values == (None,):
        return [(second[0], position)]
    return [(first, position), *((relation, None) for relation in second)]


def count_matches(db: Database, request: SearchRequest, scope: Scope) -> int:
    """Return how many resources match, all of them counted."""
    scope = scope.knowing(db, request)
    plan = _plan(db, request, scope)
    total = plan.known_total()
    if total is not None:
        return total
    relation = (all_slots if request.resource_type == "Slot" else all_matches)(db, request, scope)
    ((count,),) = db.rows(*sql("select count(*) from {} where {}", relation.source, relation.condition))
    return int(count)


def _plan(db: Database, request: SearchRequest, scope: Scope) -> Plan:
    return (plan_slots if _is_by_time(request) else plan_resources)(db, request, scope)


def _is_by_time(request: SearchRequest) -> bool:
    """Return whether a search is of Slots in order of time; in another order, they are searched as all types are."""
    is_timed = not request.sort or any(key.parameter.code == "start" for key in request.sort)
    return request.resource_type == "Slot" and is_timed


def _page(db: Database, request: SearchRequest, rows: Sequence[Row], plan: Plan, scope: Scope, *, first: bool) -> Page:
    """Return the page of rows (key, type, id, version, body, total, sort values …), of which one may be too many.

    What has no value to be sorted by stands without one. A first page that is not full is all there is, and tells
    the total.
    """
    shown, columns = rows[: request.count], len(sort_columns(request))
    matches = found(db, [row[:5] for row in shown], scope)
    positions = [Position(row[6:] or (None,) * columns, row[0]) for row in shown]
    if len(rows) <= request.count:
        return Page(matches, len(rows) if first else _total(rows, plan), None, positions)
    return Page(matches, _total(rows, plan), positions[-1], positions)


def _total(rows: Sequence[Row], plan: Plan) -> int | None:
    is_counted = plan.relations and not plan.relations[0].walked and rows
    return rows[0][5] if is_counted else plan.known_total()


def _page_statement(relation: Relation, position: Position | None, limit: int, reach: int | None) -> Sql:
    inner = _walked(relation, position, limit, reach) if relation.walked else _sorted(relation, position, limit)
    total = "null" if relation.walked else "(select count(*) from w)"
    names = "".join([f", p.s{number}" for number in range(len(relation.columns))])
    order = order_by(relation.columns, _named("p", len(relation.columns)))
    return Sql(
        f"{inner.text} select p.key, c.type, c.id, r.version, r.body, {total}{names}"  # noqa: S608 - texts of the gateway itself
        " from p cross join current c cross join resource r"
        f" where c.key = p.key and r.key = p.key and r.version = c.version order by {order.text}",
        inner.parameters,
    )


def _walked(relation: Relation, position: Position | None, limit: int, reach: int | None) -> Sql:
    """Return `p`, read along the index that has the order: the columns are compared as they stand in it.

    Within `reach`, rows are walked as `m` first and probed as they come: there is no order to be asked for again.
    """
    columns, source = relation.columns, relation.source

    def name(number: int) -> str:
        return columns[number].value.text if number < len(columns) else "m.key"

    values = _values(columns)
    where = every([relation.condition if reach is None else relation.where, _after(relation, position, name)])
    walk = Sql(
        f"select m.key{values.text} from {source.text} where {where.text}"  # noqa: S608 - texts of the gateway itself
        f" order by {order_by(columns, name).text} limit {reach or limit}",
        (*values.parameters, *source.parameters, *where.parameters),
    )
    if reach is None:
        return Sql(f"with p as ({walk.text})", walk.parameters)
    probes = every(relation.probes)
    return sql("with p as (select m.* from ({}) m where {} limit {limit})", walk, probes, limit=str(limit))


def _sorted(relation: Relation, position: Position | None, limit: int) -> Sql:
    """Return `p` out of all matches `w`, which are read once, for sorting and for the total."""
    return sql(
        "with w as materialized (select m.key{} from {} where {}),"
        " p as (select * from w where {} order by {} limit {limit})",
        _values(relation.columns),
        relation.source,
        relation.condition,
        _after(relation, position, _named("w", len(relation.columns))),
        order_by(relation.columns, _named("w", len(relation.columns))),
        limit=str(limit),
    )


def _after(relation: Relation, position: Position | None, name: Callable[[int], str]) -> Sql:
    return after(relation.columns, position, name) if position else TRUE


def _values(columns: Sequence[Column]) -> Sql:
    return joined("", [sql(", {} as s{n}", column.value, n=str(n)) for n, column in enumerate(columns)])


def _named(alias: str, count: int) -> Callable[[int], str]:
    """Return what names the sort values of a table that has `count` of them, and after those its key."""
    return lambda number: f"{alias}.s{number}" if number < count else f"{alias}.key"
