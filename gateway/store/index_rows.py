"""The index rows as they stand in the tables: read, taken away and added for some resources, on either engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.store.interface import Database

Row = tuple[Any, ...]  # the columns of a table in their order, `key` last
Rows = dict[str, set[Row]]  # by table

# Each table, its columns; those of `slot` in the order in which `gateway.store.index_tables` writes them.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "token": ("type", "param", "system", "code", "key"),
        "string": ("type", "param", "value", "exact", "key"),
        "date": ("type", "param", "low", "high", "key"),
        "reference": ("type", "param", "target_type", "target_id", "key"),
        "uri": ("type", "param", "value", "key"),
        "number": ("type", "param", "low", "high", "key"),
        "quantity": ("type", "param", "system", "code", "low", "high", "key"),
        "position": ("type", "param", "cell", "x", "y", "z", "key"),
        "slot": ("status", "start", "end_", "schedule", "key"),
    }
)
_PARAMETERS = 900  # in one statement; SQLite takes some thousands


def table_name(table: str) -> str:
    """Return the name of a table in the database."""
    return table if table == "slot" else f"index_{table}"


def standing(db: Database, keys: Sequence[int]) -> Rows:
    """Return all rows of some keys."""
    holes = ", ".join("?" * len(keys))
    return _read(db, f"key in ({holes})", keys)


def between(db: Database, after: int, upto: int) -> Rows:
    """Return all rows of the keys after one key and up to another, whether there are resources of those keys or not."""
    return _read(db, "key > ? and key <= ?", (after, upto))


def _read(db: Database, where: str, parameters: Sequence[Any]) -> Rows:
    return {
        table: set(db.rows(f"select {', '.join(columns)} from {table_name(table)} where {where}", parameters))  # noqa: S608 - our own words
        for table, columns in COLUMNS.items()
    }


def whole(resource_type: str, key: int, tables: Mapping[str, Iterable[Row]]) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) of the rows of one resource, as `gateway.store.index_tables` gives them, with type and key."""
    for table, rows in tables.items():
        for row in rows:
            yield table, ((*row, key) if table == "slot" else (resource_type, *row, key))


def remove(db: Database, rows: Rows) -> None:
    """Take rows away."""
    for table, some in rows.items():
        columns = COLUMNS[table]
        holes = f"({', '.join('?' * len(columns))})"
        statement = f"delete from {table_name(table)} where ({', '.join(columns)}) = {holes}"  # noqa: S608 - as above
        for row in sorted(some):
            db.rows(statement, row)


def add(db: Database, rows: Rows) -> None:
    """Add rows, many in one statement."""
    for table, some in rows.items():
        columns, ordered = COLUMNS[table], sorted(some)
        holes, at_once = f"({', '.join('?' * len(columns))})", _PARAMETERS // len(columns)
        for first in range(0, len(ordered), at_once):
            part = ordered[first : first + at_once]
            statement = (
                f"insert into {table_name(table)} ({', '.join(columns)}) values {', '.join([holes] * len(part))}"  # noqa: S608
            )
            db.rows(statement, [value for row in part for value in row])
