"""What the audit is searched by: made of its rows after they are written, so that nobody who writes waits for it.

A row of the audit becomes a row of the index for each thing that it is found by. Who searches makes what is missing
first, so an answer is never older than the question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import Unavailable
from gateway.fhir.datetime import read as read_moment
from gateway.store import audited
from gateway.store.auditing import heads
from gateway.store.auditing.meanings import meaning

if TYPE_CHECKING:
    from gateway.store.audited import Row
    from gateway.store.interface import Database, Store

EVERY, PATIENT, ENTITY, AGENT, SEEN_BY = "", "patient", "entity", "agent", "seen-by"
ACTION, OUTCOME, TYPE, SUBTYPE = "action", "outcome", "type", "subtype"

_ROWS = 100  # of the audit, in one commit: others who write wait some milliseconds
_AT_ONCE = 180  # rows of five values in one statement
_BEGIN = "insert into audit_indexed (lane, seq) values (?, 0) on conflict do nothing"
_TAKE = "update audit_indexed set seq = seq where lane = ? returning seq"  # others wait for who has it
_NEW = "select seq, content from audit where lane = ? and seq > ? order by seq limit ?"
_FORGET = "delete from audit_event where (kind, value, at, lane, seq) = (?, ?, ?, ?, ?)"
_DONE = "update audit_indexed set seq = ? where lane = ?"


class Name(NamedTuple):
    """The name of a row of the audit: its lane, and its number there."""

    lane: int
    seq: int

    @property
    def id(self) -> str:
        """Return it as the id of a resource."""
        return f"{self.lane}-{self.seq}"


def catch_up(store: Store, *, most: int | None = None) -> int:
    """Index what is not indexed yet, and return how many rows that were; no more than about `most`. Unavailable."""
    with store.reading(snapshot=False) as db:
        lanes = heads.lanes(db)
    done = 0
    for lane in lanes:
        while most is None or done < most:
            number = _next(store, lane)
            done += number
            if number < _ROWS:
                break
    return done


def check_caught_up(store: Store, *, most: int) -> None:
    """Index what is not indexed yet. Raises Unavailable when that is more than `most` rows: the rest follows."""
    if catch_up(store, most=most) >= most:
        raise Unavailable.later("the audit is being indexed")


def _next(store: Store, lane: int) -> int:
    """Index the next rows of a lane in one commit, and return how many they were."""
    with store.reading(snapshot=False) as db:  # nobody waits where there is nothing to do
        seen = db.rows("select seq from audit_indexed where lane = ?", (lane,))
        if seen and not db.rows(_NEW, (lane, seen[0][0], 1)):
            return 0
    with store.changing(durable=False) as db:
        db.rows(_BEGIN, (lane,))
        ((after,),) = db.rows(_TAKE, (lane,))
        rows = db.rows(_NEW, (lane, after, _ROWS))
        if rows:
            _add(db, [found for seq, content in rows for found in _found_by(bytes(content), Name(lane, seq))])
            db.rows(_DONE, (rows[-1][0], lane))
    return len(rows)


def _add(db: Database, rows: Sequence[tuple[str, str, int, int, int]]) -> None:
    ordered = sorted(rows)
    for first in range(0, len(ordered), _AT_ONCE):
        part = ordered[first : first + _AT_ONCE]
        holes = ", ".join(["(?, ?, ?, ?, ?)"] * len(part))
        statement = f"insert into audit_event values {holes} on conflict do nothing"  # noqa: S608 - holes
        db.rows(statement, [value for row in part for value in row])


def forget(db: Database, rows: Sequence[tuple[Name, bytes]]) -> None:
    """Take away what rows are searched by, as (name, content): they go."""
    for name, content in rows:
        for row in _found_by(content, name):
            db.rows(_FORGET, row)


def _found_by(content: bytes, name: Name) -> Iterator[tuple[str, str, int, int, int]]:
    row = audited.read(content)
    moment = read_moment(row.at) if row else None
    if row is None or moment is None:  # nothing that the gateway wrote; `gateway audit verify` tells of it
        return
    for kind, value in {(EVERY, ""), *_values(row)}:
        yield kind, value, moment.low, *name


def _values(row: Row) -> Iterator[tuple[str, str]]:
    means = meaning(row)
    yield ACTION, means.action
    yield OUTCOME, means.outcome
    yield TYPE, means.type.marked
    for code in means.subtypes:
        yield SUBTYPE, code.marked
    for name in row.patients:
        yield PATIENT, name
    for entity in row.entities:
        yield ENTITY, reference(entity)
    yield AGENT, row.organisation
    for agent in (row.partner, row.person):
        if agent:
            yield AGENT, agent
    for organisation in (row.organisation, *row.owners):
        yield SEEN_BY, organisation


def reference(entity: str) -> str:
    """Return the resource that an entity of a row is, as `Type/id`: without what became of it, and its version."""
    return entity.rpartition(" ")[2].partition("/_history/")[0]
