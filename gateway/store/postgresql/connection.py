"""Connections to PostgreSQL: those of a process, settings, and SELECTs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel, RawCursor
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from gateway.errors import BadSettings, Unavailable
from gateway.store.indexing import Noting
from gateway.store.postgresql.link import Link
from gateway.store.postgresql.tables import PostgresqlTables
from gateway.store.records import Durability, Engine
from gateway.store.sealed import Seals

_MOST_CONNECTIONS = 6  # of each kind in a process; a gateway has a few processes and PostgreSQL a hundred connections
# A server that went away without a word is noticed by these, instead of holding a worker until it is killed.
_GONE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
         "tcp_user_timeout": 25_000}  # fmt: skip
# A statement that writes is planned once, when its tables may still be empty, and looks up a few rows by their keys.
BY_INDEX = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off"


class PostgresqlDatabase:
    """A Database on one connection, outside a transaction or inside one."""

    engine: Engine = "postgresql"

    def __init__(self, connection: Connection[tuple[Any, ...]], seals: Seals) -> None:
        self.connection = connection
        self.seals = seals

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer, none where the statement has none."""
        with RawCursor(self.connection) as cursor:
            cursor.execute(numbered(sql), parameters, binary=True)
            answer = cursor.pgresult  # `description` would say what each column is called, at some cost
            return cursor.fetchall() if answer is not None and answer.nfields else []

    def tables(self) -> PostgresqlTables:
        """Return its tables as wholes."""
        return PostgresqlTables(self.connection)


@lru_cache(maxsize=1024)
def numbered(sql: str) -> bytes:
    """Return the statement with `$1`, `$2` where it has `?`, as PostgreSQL itself has it.

    psycopg takes its own `%s` apart anew, each time, in a statement of some thousand characters: a rule is as long.
    """
    first, *others = sql.split("?")
    return "".join([first, *(f"${number}{text}" for number, text in enumerate(others, 1))]).encode()


@lru_cache(maxsize=1024)
def placeholders(sql: str) -> bytes:
    """Return the statement with psycopg's `%s` where it has `?`."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


# Whoever waited for a lock must see what the others committed meanwhile, whatever the database's own default is.
_ISOLATION = "set default_transaction_isolation = 'read committed'"
# Replicas may be waited for by other settings, which stay; that nobody waits for the disk does not.
_FULL = "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"


class Pools:
    """The connections of one process: some to read with, some to write with."""

    def __init__(self, url: str, *, durability: Durability, patience: float) -> None:
        commit = _FULL if durability == "full" else "set synchronous_commit = off"
        wait = f"set lock_timeout = {round(patience * 1000)}"
        self.noting = Noting()
        self.reading = Pool(lambda: _to_read(url), patience)
        self.writing = Pool(lambda: _to_write(url, f"{BY_INDEX}; {_ISOLATION}; {wait}; {commit}"), patience)

    def close(self) -> None:
        """Close every connection."""
        self.reading.close()
        self.writing.close()


def connect(url: str, *, autocommit: bool = False) -> Connection[tuple[Any, ...]]:
    """Return a connection. BadSettings for a URL that cannot be read: what libpq says of it repeats the password."""
    try:
        conninfo = make_conninfo(url, **_GONE)
    except psycopg.ProgrammingError:
        raise BadSettings("GATEWAY_DATABASE: PostgreSQL cannot read this URL; it is not repeated here") from None
    return psycopg.connect(conninfo, autocommit=autocommit)


def _to_read(url: str) -> Connection[tuple[Any, ...]]:
    """Return a connection whose transactions, where one is begun, see one state."""
    connection = connect(url, autocommit=True)
    connection.execute("set jit = off")  # compiling a statement takes longer than any search
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _to_write(url: str, settings: str) -> Connection[tuple[Any, ...]]:
    connection = connect(url, autocommit=True)
    connection.execute(settings.encode())
    return connection


class Pool:
    """Connections that are not in use, the warmest on top; who comes when all are in use waits for one."""

    def __init__(self, connect: Callable[[], Connection[tuple[Any, ...]]], patience: float) -> None:
        self.max_size = _MOST_CONNECTIONS
        self._connect = connect
        self._patience = patience
        self._idle: list[Link] = []
        self._places = threading.Semaphore(self.max_size)
        self._closed = False

    @contextmanager
    def link(self) -> Iterator[Link]:
        """Lend a connection to one thread; Unavailable when all of them stay in use."""
        if not self._places.acquire(timeout=self._patience):
            raise Unavailable.later("the store cannot be reached now")
        try:
            link = self._taken()
            try:
                yield link
            finally:
                self._give_back(link)
        finally:
            self._places.release()

    @contextmanager
    def connection(self) -> Iterator[Connection[tuple[Any, ...]]]:
        """Lend a connection for what the driver does by itself."""
        with self.link() as link:
            yield link.connection

    def close(self) -> None:
        """Close every connection; one that is lent is closed when it comes back."""
        self._closed = True
        self._let_go()

    def _taken(self) -> Link:
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return Link(self._connect())
            if link.is_open():
                return link
            link.connection.close()

    def _give_back(self, link: Link) -> None:
        """Keep a connection that is ready for more; one that was cut, or left in the middle of something, goes."""
        if link.is_cut:
            self._let_go()  # the others of that server are gone too, or will be asked whether they are
        if self._closed or link.connection.pgconn.transaction_status != TransactionStatus.IDLE:
            link.connection.close()
        else:
            self._idle.append(link)

    def _let_go(self) -> None:
        while self._idle:
            try:
                link = self._idle.pop()
            except IndexError:  # another thread took the last one
                return
            link.connection.close()


@contextmanager
def available() -> Iterator[None]:
    """Raise Unavailable when the database cannot be reached or goes away; any other error is a mistake of ours."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable.later(f"the store cannot be used now: {type(error).__name__}") from error
