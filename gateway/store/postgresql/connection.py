"""Connections to PostgreSQL: a pool, settings, and SELECTs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from gateway.errors import Unavailable
from gateway.store.records import Durability, Engine

_MOST_CONNECTIONS = 6  # of each kind in a process; a gateway has a few processes and PostgreSQL a hundred connections
# A server that went away without a word is noticed by these, instead of holding a worker until it is killed.
_GONE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
         "tcp_user_timeout": 25_000}  # fmt: skip


class PostgresqlDatabase:
    """A Database on one connection, outside a transaction or inside one."""

    engine: Engine = "postgresql"

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self.connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer."""
        with self.connection.cursor(binary=True) as cursor:
            return cursor.execute(placeholders(sql), parameters).fetchall()


@lru_cache(maxsize=1024)
def placeholders(sql: str) -> bytes:
    """Return the statement with psycopg's `%s` where it has `?`."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


class Pools:
    """The connections of one process: some to read with, some to write with."""

    def __init__(self, url: str, *, durability: Durability, patience: float) -> None:
        commit = "" if durability == "full" else "set synchronous_commit = off"
        wait = f"set lock_timeout = {round(patience * 1000)}"
        self.reading = _pool(url, "", patience)
        self.writing = _pool(url, f"{_BY_INDEX}; {wait}; {commit}", patience)

    def close(self) -> None:
        """Close every connection."""
        self.reading.close()
        self.writing.close()


# A statement that writes is planned once, when its tables may still be empty, and looks up a few rows by their keys.
_BY_INDEX = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off"


def _pool(url: str, settings: str, patience: float) -> ConnectionPool[Connection[tuple[Any, ...]]]:
    def configure(connection: Connection[tuple[Any, ...]]) -> None:
        if settings:
            connection.execute(settings.encode())

    return ConnectionPool(
        url,
        kwargs={"autocommit": True} | _GONE,
        configure=configure,
        min_size=0,  # opened when they are needed
        max_size=_MOST_CONNECTIONS,
        timeout=patience,
        open=True,
    )


@contextmanager
def available() -> Iterator[None]:
    """Raise Unavailable when the database cannot be reached or goes away; any other error is a mistake of ours."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable.later("the store cannot be reached now") from error
    except psycopg.OperationalError as error:
        raise Unavailable.later(f"the store cannot be used now: {type(error).__name__}") from error
