"""Migrations: numbered SQL files, one folder an engine, and a table of those that ran."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import Unavailable

if TYPE_CHECKING:
    from gateway.store.records import Engine

_FOLDER = Path(__file__).with_name("migrations")

CREATE_TABLE = "create table if not exists schema_version (version integer primary key, name text not null)"
APPLIED = "select version from schema_version order by version"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, the name of its file, and its SQL."""

    version: int
    name: str
    sql: str


@cache
def migrations(engine: Engine) -> tuple[Migration, ...]:
    """Return every migration of an engine, in order."""
    paths = sorted((_FOLDER / engine).glob("[0-9]*.sql"))
    return tuple(Migration(int(path.name[:4]), path.stem, path.read_text(encoding="utf-8")) for path in paths)


def latest(engine: Engine) -> int:
    """Return the version this gateway works with."""
    return migrations(engine)[-1].version


def pending(engine: Engine, applied: int) -> tuple[Migration, ...]:
    """Return what is still to be run on a database at version `applied` (0: an empty one)."""
    return tuple(migration for migration in migrations(engine) if migration.version > applied)


def check(engine: Engine, applied: int) -> None:
    """Raise Unavailable unless the database is exactly at the version this gateway works with."""
    wanted = latest(engine)
    if applied < wanted:
        raise Unavailable(f"the store is at version {applied} and must be at {wanted}: run `gateway store migrate`")
    if applied > wanted:
        raise Unavailable(f"the store is at version {applied}, made by a newer gateway; this one works with {wanted}")
