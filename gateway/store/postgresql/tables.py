"""Whole tables of a PostgreSQL store, out and in, for a backup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import tuple_row

_COLUMNS = """
select c.table_name, c.column_name, c.data_type = 'boolean', c.is_identity = 'YES'
from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' and c.is_generated = 'NEVER'
order by c.table_name, c.ordinal_position"""
_KEYS = "select setval('resource_key', greatest((select max(key) from current), 1))"
_NUMBERS = "select setval(pg_get_serial_sequence({table_text}, {column_text}), greatest(max({column}), 1)) from {table}"
_HEADS = """
update audit_head h set seq = a.seq, hash = a.hash from audit a
where a.lane = h.lane and a.seq = (select max(seq) from audit where lane = h.lane)"""


class PostgresqlTables:
    """The tables behind one connection. https://www.postgresql.org/docs/current/sql-copy.html"""

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._described = connection.execute(_COLUMNS).fetchall()

    def columns(self) -> dict[str, list[str]]:
        """Return the columns of each table."""
        found: dict[str, list[str]] = {}
        for table, column, *_ in self._described:
            found.setdefault(table, []).append(column)
        return found

    def pieces(self, statement: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a statement, `size` at a time, in constant memory; inside a transaction."""
        with self._connection.cursor(name="pieces", row_factory=tuple_row) as cursor:
            cursor.execute(statement.encode())
            while rows := cursor.fetchmany(size):
                yield rows

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows; a number where a truth value belongs, as SQLite has it, is one."""
        truths = {column for name, column, is_truth, _ in self._described if name == table and is_truth}
        places = [place for place, column in enumerate(columns) if column in truths]
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), names)
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                values = list(row)
                for place in places:
                    values[place] = bool(values[place])
                copy.write_row(values)

    def follow(self) -> None:
        """Let new keys, numbers and the audit go on after the rows that were loaded."""
        self._connection.execute(_KEYS)
        for table, column, _, is_numbered in self._described:
            if is_numbered:
                parts = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
                texts = {"table_text": sql.Literal(table), "column_text": sql.Literal(column)}
                self._connection.execute(sql.SQL(_NUMBERS).format(**parts, **texts))
        self._connection.execute(_HEADS)
