"""Whole tables of a SQLite store, out and in, for a backup."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

_COLUMNS = """
select t.name, c.name from pragma_table_list t join pragma_table_info(t.name) c
where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\' order by t.name, c.cid"""


class SqliteTables:
    """The tables behind one connection. https://www.sqlite.org/pragma.html#pragma_table_list"""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def columns(self) -> dict[str, list[str]]:
        """Return the columns of each table; what a virtual table keeps for itself is none."""
        found: dict[str, list[str]] = {}
        for table, column in self._connection.execute(_COLUMNS):
            found.setdefault(table, []).append(column)
        return found

    def pieces(self, statement: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a statement, `size` at a time, in constant memory."""
        cursor = self._connection.execute(statement)
        while rows := cursor.fetchmany(size):
            yield rows

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows."""
        names, values = ", ".join(columns), ", ".join("?" * len(columns))
        self._connection.executemany(f"insert into {table} ({names}) values ({values})", rows)  # noqa: S608 - the schema's own names

    def follow(self) -> None:
        """Do nothing: new keys follow the rows that are there."""
