"""The order of matches, and where a page begins in it.

A page begins after a position: the sort values and the key of the last match of the page before. That is a range of the
index that gives the order, so page 1,000 costs what page 1 does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gateway.fhir.frozen import frozen
from gateway.store.search.distance import by_distance, distance
from gateway.store.search.filters import TABLES
from gateway.store.search.scope import Scope
from gateway.store.search.sql import Sql, either, every, sql

if TYPE_CHECKING:
    from gateway.fhir.parameters import SearchParameter
    from gateway.fhir.search import SearchRequest, SortKey

# What a parameter is sorted by. Of a range its beginning, of a token its code, of a reference the id.
SORTED_BY: Mapping[str, str] = {
    "token": "code",
    "string": "value",
    "date": "low",
    "reference": "target_id",
    "uri": "value",
    "number": "low",
    "quantity": "low",
}
_OF_CURRENT = {"_id": "id", "_lastUpdated": "last_updated"}


@frozen()
class Position:
    """The last match of a page: its sort values, None where it has none, and its key."""

    values: tuple[Any, ...]
    key: int


@frozen()
class Column:
    """One sort value of the relation `m`; a nullable one is empty for resources without a value, which come last."""

    value: Sql
    descending: bool = False
    nullable: bool = True


def sort_columns(request: SearchRequest, scope: Scope | None = None) -> tuple[Column, ...]:
    """Return the order that was asked; the key is always the last of it.

    Unless told otherwise what is near a place comes by distance, and Slots by start.
    """
    if condition := by_distance(request):
        return (
            Column(sql("({})", distance(request.resource_type, condition, "m.key", scope or Scope())), nullable=False),
        )
    if request.resource_type == "Slot" and not request.sort:
        return (Column(Sql("m.start"), nullable=False),)
    return tuple(_column(request.resource_type, key) for key in request.sort)


def _column(resource_type: str, key: SortKey) -> Column:
    parameter = key.parameter
    if parameter.code in _OF_CURRENT:
        value = sql("(select o.{column} from current o where o.key = m.key)", column=_OF_CURRENT[parameter.code])
        return Column(value, key.descending, nullable=False)
    if (resource_type, parameter.code) == ("Slot", "start"):
        return Column(Sql("m.start"), key.descending, nullable=False)
    return Column(_first_value(parameter, "max" if key.descending else "min"), key.descending)


def _first_value(parameter: SearchParameter, which: str) -> Sql:
    select = "(select {which}(o.{column}) from {} o where o.key = m.key and o.param = {})"
    return sql(select, TABLES[parameter.type], parameter.code, which=which, column=SORTED_BY[parameter.type])


def order_by(columns: Sequence[Column], name: Callable[[int], str]) -> Sql:
    """Return the `order by` list, `name` giving the name of each column; nulls last on both engines."""
    terms = []
    for number, column in enumerate(columns):
        terms += [f"{name(number)} is null"] if column.nullable else []
        terms += [f"{name(number)} desc" if column.descending else name(number)]
    return Sql(", ".join([*terms, name(len(columns))]))


def after(columns: Sequence[Column], position: Position, name: Callable[[int], str]) -> Sql:
    """Return the condition that a match comes after `position` in the order."""
    if not any(column.nullable or column.descending for column in columns):
        names = Sql(", ".join(name(number) for number in range(len(columns) + 1)))
        marks = Sql(", ".join("?" * (len(columns) + 1)), (*position.values[: len(columns)], position.key))
        return sql("({}) > ({})", names, marks)
    return _after(columns, position, name, 0)


def _after(columns: Sequence[Column], position: Position, name: Callable[[int], str], number: int) -> Sql:
    """Return the condition on the columns from `number` on: further in this one, or equal here and further on."""
    this = Sql(name(number))
    if number == len(columns):
        return sql("{} > {}", this, position.key)
    column, value = columns[number], position.values[number]
    rest = _after(columns, position, name, number + 1)
    if value is None:
        return sql("({} is null and {})", this, rest)
    further = sql("{} {sign} {}", this, value, sign="<" if column.descending else ">")
    here = every([sql("{} = {}", this, value), rest])
    # The outer bound says nothing new, but is a range of an index; it cannot stand where nulls come after.
    found = either([further, here, *([sql("{} is null", this)] if column.nullable else [])])
    return found if column.nullable else every([_bound(column, this, value), found])


def _bound(column: Column, this: Sql, value: Any) -> Sql:
    return sql("{} {sign} {}", this, value, sign="<=" if column.descending else ">=")
