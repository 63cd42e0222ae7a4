"""Whether the indexes and the capacity projection say what the resources say, and the tables agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import BadSettings, MalformedMessage
from gateway.fhir.json import decode
from gateway.store import partners
from gateway.store.index_rows import Rows, between, table_name, whole
from gateway.store.index_tables import indexed, unpack
from gateway.store.indexing import present_print
from gateway.store.sealed import RESOURCE, opened

if TYPE_CHECKING:
    from gateway.store.interface import Database, Store
    from gateway.store.partners import KnownBy
    from gateway.store.sealed import Seals

_BATCH = 200
_LAST = 2**62
_NEWEST = """
select c.key, c.type, c.id, c.version, c.deleted, c.indexed, c.indexed_as, c.last_updated,
    r.body, r.deleted, r.last_updated, r.type
from current c left join resource r on r.key = c.key and r.version = c.version
where c.key > ? order by c.key limit ?"""


class Difference(NamedTuple):
    """Something that does not agree. `key` is that of the resource, `id` '' where there is none; never a value of it.

    `is_indexed`: to index the resource anew mends it.
    """

    type: str
    id: str
    key: int
    what: str
    is_indexed: bool = True


class _Newest(NamedTuple):
    key: int
    type: str
    id: str
    version: int
    deleted: bool
    packed: bytes
    indexed_as: int
    last_updated: int
    body: bytes | None
    body_deleted: bool
    body_at: int
    body_type: str | None


def verify(store: Store, base: str, known_by: KnownBy | None = None) -> Iterator[Difference]:
    """Yield everything that does not agree, in order of key; in constant memory, each batch as of one moment.

    `base` is the public FHIR base, as writers know it. What was indexed by older definitions is compared with the rows
    kept beside it, and told as outdated. `known_by` tells what a partner is known by, for partners to be looked at too.
    """
    if known_by is not None:
        with store.reading() as db:
            found = list(partners.differences(db, known_by))
        yield from (Difference("partner", id_, 0, what, is_indexed=False) for id_, what in found)
    yield from _resources(store, base)


def _resources(store: Store, base: str) -> Iterator[Difference]:
    after = 0
    while True:
        with store.reading() as db:
            newest = [_opened(db, _Newest(*row)) for row in db.rows(_NEWEST, (after, _BATCH))]
            upto = newest[-1].key if len(newest) == _BATCH else _LAST
            yield from _batch(db, newest, after, upto, base)
        if upto == _LAST:
            return
        after = upto


def _opened(db: Database, one: _Newest) -> _Newest:
    """Return it with its body opened; one that cannot be opened stays as it is, and is no resource."""
    with suppress(BadSettings):
        return one if one.body is None else one._replace(body=opened(db, one.body, RESOURCE, one.key, one.version))
    return one


def _batch(db: Database, newest: Sequence[_Newest], after: int, upto: int, base: str) -> Iterator[Difference]:
    present: dict[int, Rows] = {}
    for table, rows in between(db, after, upto).items():
        for row in rows:
            present.setdefault(row[-1], {}).setdefault(table, set()).add(row)
    for one in newest:
        yield from _of_one(one, present.pop(one.key, {}), base, db.seals)
    for key, orphans in sorted(present.items()):
        type_ = next((str(row[0]) for table, some in orphans.items() if table != "slot" for row in some), "Slot")
        yield Difference(type_, "", key, f"index rows of no resource in {_tables(orphans)}", is_indexed=False)


def _of_one(one: _Newest, present: Rows, base: str, seals: Seals) -> Iterator[Difference]:
    if problem := _of_version(one):
        yield Difference(one.type, one.id, one.key, problem, is_indexed=False)
        return
    is_outdated = one.indexed_as != present_print(one.type, seals)
    if is_outdated:
        yield Difference(one.type, one.id, one.key, "indexed by other definitions")
        wanted, packed = unpack(one.packed), one.packed
    elif one.deleted:
        wanted, packed = {}, b""
    else:
        wanted, packed, _ = indexed(decode(one.body or b""), base, seals)
    should: Rows = {}
    for table, row in whole(one.type, one.key, wanted):
        should.setdefault(table, set()).add(row)
    for what, some, others in (("missing from", should, present), ("too many in", present, should)):
        differing = {table: left for table in some if (left := some[table] - others.get(table, set()))}
        if differing:
            yield Difference(one.type, one.id, one.key, f"index rows {what} {_tables(differing)}")
    if unpack(packed) != unpack(one.packed):
        yield Difference(one.type, one.id, one.key, "the index rows kept beside it are not those of its newest version")


def _of_version(one: _Newest) -> str | None:
    """Return what is wrong with the newest version itself, which no index can mend."""
    if one.body is None:
        return f"its version {one.version} is missing"
    if (one.body_deleted, one.body_at) != (one.deleted, one.last_updated):
        return f"its version {one.version} is not the one that is the newest"
    if one.body_type not in {one.type, None}:
        return f"its version {one.version} is noted under another type"
    if one.deleted:
        return None
    try:
        body = decode(one.body)
    except MalformedMessage:
        return f"its version {one.version} cannot be read"
    if (body.get("resourceType"), body.get("id")) != (one.type, one.id):
        return f"its version {one.version} is of another resource"
    return None


def _tables(rows: Rows) -> str:
    """Return the tables with the parameters whose rows they are; no value stands in it."""
    found = {
        table_name(table) if table == "slot" else f"{table_name(table)} ({_names(some)})": None
        for table, some in rows.items()
    }
    return ", ".join(sorted(found))


def _names(rows: set[tuple[object, ...]]) -> str:
    """Return the parameters of some rows; a name may go on with a code, which is left out."""
    return ", ".join(sorted({str(row[1]).partition(" ")[0].rstrip("~") for row in rows}))
