"""One connection, and the statements that are sent on it again and again.

They are prepared once and then sent by libpq's own calls: the driver's cursors come to the same with many more steps,
which a transaction that is to cost little more than its rows cannot afford. What is sent is not waited for, so that
other work can be done while the server is busy. https://www.postgresql.org/docs/current/libpq-async.html
"""

from __future__ import annotations

import re
import select
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from psycopg import Connection, OperationalError, generators
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus

_PARAMETER = re.compile(r"%\((\w+)\)([sb])")
_FINE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
_BEGUN = frozenset({TransactionStatus.INTRANS, TransactionStatus.INERROR})
_BYTEA = 17  # the number of the type
_ARRAY, _LENGTH = struct.Struct("!5i"), struct.Struct("!i")

Value = str | int | bytes | Sequence[bytes] | None


class Statement(NamedTuple):
    """A statement as libpq takes it, the names of its parameters in order, and how each is written."""

    text: bytes
    names: tuple[str, ...]
    formats: tuple[Format, ...]


class Link:
    """A connection, and the names of what is prepared on it."""

    __slots__ = ("_prepared", "connection")

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self.connection = connection
        self._prepared: dict[str, tuple[bytes, Statement]] = {}

    @property
    def is_cut(self) -> bool:
        """Return whether the connection is known to be gone."""
        return self.connection.pgconn.status == ConnStatus.BAD

    def is_open(self) -> bool:
        """Return whether the server holds this connection still, by what it has said since; nothing is sent.

        A server that stops says so and hangs up, which nobody reads while the connection rests.
        """
        pgconn = self.connection.pgconn
        waiting = select.poll()
        waiting.register(pgconn.socket, select.POLLIN)
        try:
            while waiting.poll(0):
                pgconn.consume_input()  # it raises at the end of what was said
        except OperationalError:
            return False
        return True

    def send(self, sql: str, values: Mapping[str, Value]) -> None:
        """Send a statement; `answer` must be called next, whatever happens."""
        name, statement = self._prepared.get(sql) or self._prepare(sql)
        written = [_written(values[parameter]) for parameter in statement.names]
        self.connection.pgconn.send_query_prepared(name, written, statement.formats, Format.BINARY)

    def answer(self) -> list[tuple[Any, ...]]:
        """Wait for what was sent, and return its rows. Raises what the driver raises of it."""
        pgconn = self.connection.pgconn
        (result,) = self.connection.wait(generators.execute(pgconn))
        if result.status not in _FINE:
            raise error_from_result(result)
        if not result.ntuples:
            return []
        rows = Transformer(self.connection)
        rows.set_pgresult(result)
        return rows.load_rows(0, result.ntuples, tuple)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside, or none of it; inside a transaction that was begun, it is part of that one.

        The driver's own way forgets at a rollback what is prepared, and makes the server forget it.
        """
        if self.connection.pgconn.transaction_status == TransactionStatus.INTRANS:
            yield
            return
        self._run("begin")
        try:
            yield
        except BaseException:
            if self.connection.pgconn.transaction_status in _BEGUN:  # else it was cut: the pool lets go of it
                self._run("rollback")
            raise
        self._run("commit")

    def _run(self, sql: str) -> None:
        self.send(sql, {})
        self.answer()

    def _prepare(self, sql: str) -> tuple[bytes, Statement]:
        statement = numbered(sql)
        name = b"gateway_%d" % len(self._prepared)
        self.connection.pgconn.send_prepare(name, statement.text)
        self.answer()
        self._prepared[sql] = name, statement
        return name, statement


@lru_cache(maxsize=256)
def numbered(sql: str) -> Statement:
    """Return a statement whose parameters are written `%(name)s`, or `%(name)b` where they are sent as bytes.

    >>> numbered("select %(a)s, %(b)b, %(a)s, 3 %% 2").text
    b'select $1, $2, $1, 3 % 2'
    """
    formats = {name: Format.BINARY if form == "b" else Format.TEXT for name, form in _PARAMETER.findall(sql)}
    numbers = {name: f"${number}" for number, name in enumerate(formats, 1)}
    text = _PARAMETER.sub(lambda found: numbers[found[1]], sql).replace("%%", "%")
    return Statement(text.encode(), tuple(formats), tuple(formats.values()))


def _written(value: Value) -> bytes | None:
    """Return a parameter as it is sent: a text, or the bytes of a `bytea` or a `bytea[]`."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str | int):
        return str(value).encode()
    parts = [_ARRAY.pack(1, 0, _BYTEA, len(value), 1)] if value else [_ARRAY.pack(0, 0, _BYTEA, 0, 0)[:12]]
    for each in value:
        parts += (_LENGTH.pack(len(each)), each)
    return b"".join(parts)
