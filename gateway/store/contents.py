"""What a store holds: figures for the operator, and every resource for an export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.store import chain
from gateway.store.sealed import RESOURCE, opened

if TYPE_CHECKING:
    from gateway.store.interface import Database, Store

_PAGE = 500
_BODIES = """
select c.key, r.version, r.body from current c join resource r on r.key = c.key and r.version = c.version
where c.key > ? and not c.deleted order by c.key limit ?"""
_BODIES_OF_TYPE = """
select c.key, r.version, r.body from current c join resource r on r.key = c.key and r.version = c.version
where c.type = ? and c.key > ? and not c.deleted order by c.key limit ?"""
_SCHEMA = "select max(version) from schema_version"
_RESOURCES = "select type, count(*) from current where not deleted group by type order by type"
_INBOX = "select state, count(*) from inbox group by state order by state"


@dataclass(frozen=True, slots=True)
class Figures:
    """How much there is of everything; `broken` are (lane, seq) of audit rows that are not what was written."""

    engine: str
    schema: int
    resources: dict[str, int]
    versions: int
    inbox: dict[str, int]
    outbox: int
    audit: int
    broken: list[tuple[int, int]]


def figures(store: Store) -> Figures:
    """Return how much there is of everything, all at one moment, and check the audit."""
    with store.reading() as db:
        return Figures(
            engine=store.engine,
            schema=_number(db, _SCHEMA),
            resources=_by_name(db, _RESOURCES),
            versions=_number(db, "select count(*) from resource"),
            inbox=_by_name(db, _INBOX),
            outbox=_number(db, "select count(*) from outbox"),
            audit=_number(db, "select count(*) from audit"),
            broken=list(chain.broken(db)),
        )


def bodies(store: Store, resource_type: str | None = None) -> Iterator[bytes]:
    """Yield the newest version of every resource, of one type if it is named; all of one moment, in constant memory."""
    with store.reading() as db:
        after = 0
        while rows := _page(db, resource_type, after):
            yield from (opened(db, body, RESOURCE, key, version) for key, version, body in rows)
            after = rows[-1][0]


def _page(db: Database, resource_type: str | None, after: int) -> list[tuple[Any, ...]]:
    if resource_type is None:
        return db.rows(_BODIES, (after, _PAGE))
    return db.rows(_BODIES_OF_TYPE, (resource_type, after, _PAGE))


def _number(db: Database, sql: str) -> int:
    ((number,),) = db.rows(sql)
    return int(number)


def _by_name(db: Database, sql: str) -> dict[str, int]:
    return {name: int(number) for name, number in db.rows(sql)}
