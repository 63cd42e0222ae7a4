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

_MOST_CONNECTIONS = 8  # a process; a gateway has a few processes and PostgreSQL a hundred connections
_SECONDS_FOR_A_CONNECTION = 10


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


def connect_pool(url: str, *, durability: Durability) -> ConnectionPool[Connection[tuple[Any, ...]]]:
    """Return a pool that opens its connections when they are needed."""
    return ConnectionPool(
        url,
        kwargs={"autocommit": True},
        configure=None if durability == "full" else _acknowledge_early,
        min_size=0,
        max_size=_MOST_CONNECTIONS,
        timeout=_SECONDS_FOR_A_CONNECTION,
        open=True,
    )


def _acknowledge_early(connection: Connection[tuple[Any, ...]]) -> None:
    connection.execute("set synchronous_commit = off")


@contextmanager
def available() -> Iterator[None]:
    """Raise Unavailable when the database cannot be reached or goes away; any other error is a mistake of ours."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("the store cannot be reached now") from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"the store cannot be used now: {type(error).__name__}") from error
