"""The heads of the chains, and those that were signed and kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.store.interface import Database

# One step of the primary key for each lane, however long they are.
_LANES = """
with recursive found(lane) as (
    select (select min(lane) from audit)
    union all
    select (select min(lane) from audit where lane > found.lane) from found where found.lane is not null
)
select lane from found where lane is not null"""
_NEWEST = "select lane, seq, hash from audit where lane = ? order by seq desc limit 1"
_HASH = "select hash from audit where lane = ? and seq = ?"
_LAST = "select number, at, signed from audit_signed order by number desc limit 1"
_LAST_UNTIL = "select number, at, signed from audit_signed where at <= ? order by number desc limit 1"
_SIGNED = "select number, at, signed from audit_signed where number > ? order by number limit 200"
_KEEP = "insert into audit_signed values (?, ?, ?) on conflict do nothing returning number"
_ANCHORS = "select lane, seq, hash from audit_anchor order by lane"


class Head(NamedTuple):
    """The last row of a chain: its lane, its number there, and its hash."""

    lane: int
    seq: int
    hash: bytes


class Signed(NamedTuple):
    """Heads of one moment, as they were signed (JWS); `at` in microseconds since 1970-01-01 UTC."""

    number: int
    at: int
    text: str


def lanes(db: Database) -> list[int]:
    """Return the lanes of which there are rows."""
    return [lane for (lane,) in db.rows(_LANES)]


def newest(db: Database) -> list[Head]:
    """Return the last row of each lane."""
    return [Head(row[0], row[1], bytes(row[2])) for lane in lanes(db) for row in db.rows(_NEWEST, (lane,))]


def anchors(db: Database) -> dict[int, Head]:
    """Return of each lane whose oldest rows are not kept any more the last one that went."""
    return {lane: Head(lane, seq, bytes(hash_)) for lane, seq, hash_ in db.rows(_ANCHORS)}


def hash_of(db: Database, lane: int, seq: int) -> bytes | None:
    """Return the hash of a row, None where there is none."""
    rows = db.rows(_HASH, (lane, seq))
    return bytes(rows[0][0]) if rows else None


def last(db: Database) -> Signed | None:
    """Return what was signed last."""
    return next((Signed(*row) for row in db.rows(_LAST)), None)


def last_until(db: Database, at: int) -> Signed | None:
    """Return what was signed last until a moment, in microseconds since 1970-01-01 UTC."""
    return next((Signed(*row) for row in db.rows(_LAST_UNTIL, (at,))), None)


def signed(db: Database) -> Iterator[Signed]:
    """Yield all that was signed, the oldest first, in constant memory."""
    after = -1
    while rows := db.rows(_SIGNED, (after,)):
        yield from (Signed(*row) for row in rows)
        after = rows[-1][0]


def keep(db: Database, new: Signed) -> bool:
    """Keep what was signed, and return whether it was: another node may have signed under the same number."""
    return bool(db.rows(_KEEP, new))
