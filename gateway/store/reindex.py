"""Makes the index rows of what was stored by other definitions anew, while others read and write.

A batch is one commit: what was found outdated is locked, its rows as they stand are compared with those that its newest
version makes now, and only the difference is written, with the fingerprint beside it. Whatever was killed or overtaken
is still outdated, so the next run goes on with it, and no search ever sees half of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from gateway.fhir.json import decode
from gateway.store.history import types
from gateway.store.index_rows import Rows, add, remove, standing, whole
from gateway.store.index_tables import indexed
from gateway.store.indexing import incomplete, note, outdated, present_print, print_of
from gateway.store.sealed import RESOURCE, generation, opened, overwriting

if TYPE_CHECKING:
    from gateway.store.interface import Database, Store
    from gateway.store.sealed import Seals

BATCH = 50
"""So many resources are done in one commit: others wait for some milliseconds at most."""

_OUTDATED = """
select c.key from current c where c.type = ? and c.indexed_as {} ? order by c.indexed_as limit ?"""
_NEWEST = """
select c.key, c.type, c.version, c.deleted, r.body, c.indexed_as from current c
join resource r on r.key = c.key and r.version = c.version
where c.key in ({}) order by c.type, c.id"""
_LOCKED = "select key, version, indexed_as from current where key in ({}) order by type, id{}"
_RENEW = "update current set indexed = ?, indexed_as = ? where key = ?"
_FORGET = "update current set indexed_as = 0 where key = ?"


class Newest(NamedTuple):
    """The newest version of a resource, as far as its index goes."""

    key: int
    type: str
    version: int
    deleted: bool
    body: bytes
    indexed_as: int


class Made(NamedTuple):
    """The rows that a resource should have, as they are packed beside it, and as they stand in the tables."""

    newest: Newest
    packed: bytes
    rows: Rows
    generation: int = 0


def reindex(
    store: Store, *, base: str, resource_type: str | None = None, told: Callable[[str, int], None] | None = None
) -> dict[str, int]:
    """Index what is outdated anew, of one type or of all, and return how many resources of each type that were.

    `base` is the public FHIR base, as writers know it. `told` is called after each commit. Raises Unavailable when the
    store cannot be used; what was done by then stays done.
    """
    with store.reading(snapshot=False) as db:
        wanted = [resource_type] if resource_type else types(db)
    found: dict[str, int] = {}
    for type_ in wanted:
        for done in _of_type(store, type_, base):
            found[type_] = found.get(type_, 0) + done
            if told:
                told(type_, done)
    return found


def renew(store: Store, keys: Sequence[int], base: str) -> int:
    """Make the rows of some resources anew, whatever they were made by, and return how many that were."""
    with store.changing() as db:  # a writer that looked before this must look again
        for key in keys:
            db.rows(_FORGET, (key,))
    return _batch(store, keys, base)


class Outdated(NamedTuple):
    """The types of which some resource was indexed otherwise than now.

    `incomplete`: some searches are refused. `whole`: all is found, though numbers are hidden by other keys, or not.
    """

    incomplete: Sequence[str]
    whole: Sequence[str]


def types_outdated(store: Store) -> Outdated:
    """Return the types of which some resource was indexed otherwise: what `reindex` has to do."""
    with store.reading() as db:
        found = {type_: bool(incomplete(db, type_)) for type_ in outdated(db, types(db))}
    return Outdated([type_ for type_ in found if found[type_]], [type_ for type_ in found if not found[type_]])


def _of_type(store: Store, resource_type: str, base: str) -> Iterator[int]:
    while keys := _outdated(store, resource_type):
        yield _batch(store, keys, base)


def _outdated(store: Store, resource_type: str) -> list[int]:
    with store.reading(snapshot=False) as db:
        for sign in "<>":
            found = db.rows(_OUTDATED.format(sign), (resource_type, present_print(resource_type, store.seals), BATCH))
            if found:
                return [key for (key,) in found]
    return []


def _batch(store: Store, keys: Sequence[int], base: str) -> int:
    """Index some resources anew in one commit. The rows they should have are worked out before anybody has to wait."""
    with store.reading() as db:
        newest = [_opened(db, Newest(*row)) for row in db.rows(_NEWEST.format(_holes(keys)), keys)]
    made = [_made(one, base, store.seals) for one in newest]
    with store.changing() as db, overwriting(db) if store.seals.finders else nullcontext():
        found = db.rows(_LOCKED.format(_holes(keys), " for update" if db.engine == "postgresql" else ""), keys)
        still = {key: (version, indexed_as) for key, version, indexed_as in found}
        left = [one for one in made if still.get(one.newest.key) == (one.newest.version, one.newest.indexed_as)]
        if left:
            _write(db, left)
    return len(left)


def _opened(db: Database, newest: Newest) -> Newest:
    return newest._replace(body=opened(db, newest.body, RESOURCE, newest.key, newest.version))


def _made(newest: Newest, base: str, seals: Seals) -> Made:
    if newest.deleted:
        return Made(newest, b"", {}, generation(seals))
    found, packed, made_by = indexed(decode(newest.body), base, seals)
    by_table: Rows = {}
    for table, row in whole(newest.type, newest.key, found):
        by_table.setdefault(table, set()).add(row)
    return Made(newest, packed, by_table, made_by)


def _write(db: Database, made: Sequence[Made]) -> None:
    present = standing(db, [one.newest.key for one in made])
    wanted: Rows = {}
    for one in made:
        for table, some in one.rows.items():
            wanted.setdefault(table, set()).update(some)
    remove(db, {table: some - wanted.get(table, set()) for table, some in present.items()})
    add(db, {table: some - present.get(table, set()) for table, some in wanted.items()})
    note(db, dict.fromkeys((one.newest.type, one.generation) for one in made))
    for one in made:
        db.rows(_RENEW, (one.packed, print_of(one.newest.type, one.generation), one.newest.key))


def _holes(keys: Sequence[int]) -> str:
    return ", ".join("?" * len(keys))
