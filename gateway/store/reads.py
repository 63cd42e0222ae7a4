"""Reading resources by identity: one SELECT each, the same on both engines.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from gateway.fhir.owner import owner_in
from gateway.store.history import told
from gateway.store.records import Identity, Stored, moment
from gateway.store.search.seen import seen

if TYPE_CHECKING:
    from gateway.store.interface import Database
    from gateway.store.search import Scope

_READ = """
select c.key, r.version, r.last_updated, r.deleted, r.body
from current c join resource r on r.key = c.key and r.version = c.version
where c.type = ? and c.id = ?"""
_VREAD = """
select c.key, r.version, r.last_updated, r.deleted, r.body
from current c join resource r on r.key = c.key
where c.type = ? and c.id = ? and r.version = ?"""
_LATE = """
select c.key, l.version, l.at, l.at < 0, l.body, l.id
from current c join late l on l.key = c.key
where c.type = ? and c.id = ? and l.version = ? and l.id = ?"""
_LAST_SAID = """
select c.key, r.version, r.last_updated, r.body
from current c join resource r on r.key = c.key and r.version = c.version - 1
where c.type = ? and c.id = ? and c.deleted"""
_LARGEST_VERSION = 2**31 - 1


def read(db: Database, identity: Identity) -> Stored | None:
    """Return the newest version, which may be a deletion; None when there never was one."""
    return next(iter(_stored(db, identity, _READ, identity)), None)


def vread(db: Database, identity: Identity, version: int, late: int = 0) -> Stored | None:
    """Return that version, or what came too late while it was the newest; None when there is none."""
    if not 0 < version <= _LARGEST_VERSION:
        return None
    if late:
        return next(iter(_stored(db, identity, _LATE, (*identity, version, late))), None)
    return next(iter(_stored(db, identity, _VREAD, (*identity, version))), None)


def is_readable(db: Database, identity: Identity, scope: Scope, own: Collection[str]) -> bool:
    """Return whether the caller of a scope may read the versions of a resource, of `own` also after it was deleted.

    What is not there, what may not be seen and what was somebody else's cost the same statements.
    """
    if seen(db, [identity], scope):
        return True
    if not own:
        return False
    found = db.rows(_LAST_SAID, identity)
    return any(owner_in(told(db, key, version, at, body)) in own for key, version, at, body in found)


def _stored(db: Database, identity: Identity, sql: str, parameters: tuple[str | int, ...]) -> list[Stored]:
    return [
        Stored(*identity, version, moment(at), told(db, key, version, at, body, *late), bool(deleted), *late)
        for key, version, at, deleted, body, *late in db.rows(sql, parameters)
    ]
