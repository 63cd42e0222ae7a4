"""Whether a store can do its work now: it answers, it is at the version this gateway works with, it takes writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Unavailable
from gateway.store.migrate import check

if TYPE_CHECKING:
    from gateway.store.interface import Database, Store

_VERSION = "select max(version) from schema_version"
_IS_STANDBY = "select pg_is_in_recovery()"  # https://www.postgresql.org/docs/current/functions-admin.html


def check_ready(store: Store) -> None:
    """Raise Unavailable when messages cannot be stored now, and say why."""
    with store.reading(snapshot=False) as database:
        [(version,)] = database.rows(_VERSION)
        check(store.engine, version)
        _check_primary(database)


def _check_primary(database: Database) -> None:
    if database.engine == "postgresql" and database.rows(_IS_STANDBY)[0][0]:
        raise Unavailable("the database is a standby, which takes no writes")
