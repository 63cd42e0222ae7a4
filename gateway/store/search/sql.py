"""SQL as values: text and bound parameters travel together, so that no value is ever written into a statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gateway.store.records import Engine


class Sql(NamedTuple):
    """A piece of SQL with its parameters, in the order of its question marks."""

    text: str
    parameters: tuple[Any, ...] = ()


TRUE, FALSE = Sql("true"), Sql("false")


def sql(template: str, *parts: Sql | str | int | float, **names: str) -> Sql:
    """Return `template` with each `{}` filled: a Sql by its text, any other value by a bound parameter.

    `{name}` stands for an alias or a column that the gateway itself has chosen.

    >>> sql("select key from {} where type = {}", Sql("current"), "Slot")
    Sql(text='select key from current where type = ?', parameters=('Slot',))
    """
    texts: list[str] = []
    parameters: list[Any] = []
    for part in parts:
        if isinstance(part, Sql):
            texts.append(part.text)
            parameters.extend(part.parameters)
        else:
            texts.append("?")
            parameters.append(part)
    return Sql(template.format(*texts, **names), tuple(parameters))


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    """Return the parts with `separator` between them."""
    found = list(parts)
    if len(found) == 1:
        return found[0]
    return Sql(separator.join([part.text for part in found]), tuple([p for part in found for p in part.parameters]))


def every(parts: Iterable[Sql]) -> Sql:
    """Return a condition that holds when all of `parts` do; without parts it always does."""
    found = [part for part in parts if part != TRUE]
    return joined(" and ", found) if found else TRUE


def either(parts: Sequence[Sql]) -> Sql:
    """Return a condition that holds when one of `parts` does; without parts it never does."""
    if len(parts) == 1:
        return parts[0]
    return sql("({})", joined(" or ", [sql("({})", part) for part in parts])) if parts else FALSE


def one_of(column: str, values: Sequence[str] | Sequence[int]) -> Sql:
    """Return the condition that `column` has one of `values`."""
    if len(values) == 1:
        return Sql(f"{column} = ?", (values[0],))
    return Sql(f"{column} in ({', '.join('?' * len(values))})", tuple(values)) if values else FALSE


MANY = 32
"""From as many values on they travel in one parameter, where one row is asked whether it has one of them."""
_BETWEEN = "\x1f"
_FOUND_IN: Mapping[Engine, str] = {"sqlite": "instr", "postgresql": "strpos"}


def listed(column: str, values: Sequence[str], engine: Engine) -> Sql:
    """Return the condition that a column of one row has one of `values`.

    A thousand parameters take longer to bind, and to be made a set of, than a few rows to be looked through; so many
    values are one text, in which that of the row is looked for.
    """
    if len(values) < MANY or any(_BETWEEN in value for value in values):
        return one_of(column, values)
    text = _BETWEEN.join(["", *values, ""])
    found = "{find}({}, {} || {column} || {}) > 0 and {find}({column}, {}) = 0"
    return sql(found, text, _BETWEEN, _BETWEEN, _BETWEEN, find=_FOUND_IN[engine], column=column)


def like(column: str, pattern: str) -> Sql:
    """Return the condition that `column` is like a pattern.

    The pattern is more than a parameter: what is like one SQLite compiles anew each time that it is bound, the whole
    statement, which can take twenty times as long as to run it.
    """
    return sql("{column} like {} || ''", pattern, column=column)


def holds(select: Sql) -> Sql:
    """Return the condition that a correlated select gives a row.

    A scalar subquery, not EXISTS: PostgreSQL must look it up row by row and cannot turn it into a join of whole tables.
    """
    return sql("({} limit 1) is not null", select)


def fails(select: Sql) -> Sql:
    """Return the condition that a correlated select gives no row."""
    return sql("({} limit 1) is null", select)
