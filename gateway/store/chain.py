"""Whether the audit is as it was written: each hash covers the row before it, so nothing can be changed or left out.

A lane is one chain; PostgreSQL has several, so that writers need not wait for each other. Who can write to the database
can write a chain anew from some row on; that is seen by the heads that were signed (`gateway.query.auditlog.heads`).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple

from gateway.store import audited
from gateway.store.auditing import heads

if TYPE_CHECKING:
    from gateway.store.auditing.heads import Head
    from gateway.store.interface import Database

What = Literal["changed", "gone", "rewritten", "cut-off", "pruned-unseen"]
_ROWS = "select seq, content, hash from audit where lane = ? and seq > ? order by seq limit 1000"
_TELLING = {
    "sqlite": "select content from audit where instr(content, ?) > 0",
    "postgresql": "select content from audit where position(?::bytea in content) > 0",
}
PRUNED, UNTIL = "audit-prune", "until "
"""What the row of a pruning is called, and what stands before the last row of a lane that went."""


class Flaw(NamedTuple):
    """What is wrong with a row of the audit.

    `changed`: it, or its hash, is not what was written, or it was put in or moved. `gone`: those before it are not
    there. `rewritten`, `cut-off`: it was signed as the head, and is another one now, or is not there.
    `pruned-unseen`: the chain begins at it, and no row says that those before it were kept for long enough.
    """

    lane: int
    seq: int
    what: What


def broken(db: Database) -> Iterator[tuple[int, int]]:
    """Yield (lane, seq) of each row that is not what was written, or follows a row that is gone."""
    for flaw in flaws(db):
        yield flaw.lane, flaw.seq


def flaws(db: Database) -> Iterator[Flaw]:
    """Yield what is wrong inside each chain, in constant memory."""
    anchors = heads.anchors(db)
    for lane in heads.lanes(db):
        yield from _of_lane(db, lane, anchors.get(lane))
    told = _pruned(db) if anchors else {}
    for lane, anchor in anchors.items():
        if heads.hash_of(db, lane, anchor.seq + 1) is None:
            yield Flaw(lane, anchor.seq + 1, "gone")
        if anchor.seq > told.get(lane, 0):
            yield Flaw(lane, anchor.seq + 1, "pruned-unseen")


def _pruned(db: Database) -> dict[int, int]:
    """Return up to which row of each lane rows were kept for long enough, as the audit says itself."""
    found: dict[int, int] = {}
    for (content,) in db.rows(_TELLING[db.engine], (f'"{PRUNED}"'.encode(),)):
        row = audited.read(bytes(content))
        for entity in row.entities if row and row.action == PRUNED else ():
            lane, _, seq = entity.removeprefix(UNTIL).partition("-")
            found[int(lane)] = max(int(seq), found.get(int(lane), 0))
    return found


def _of_lane(db: Database, lane: int, anchor: Head | None) -> Iterator[Flaw]:
    seq, before = (anchor.seq, anchor.hash) if anchor else (0, b"")
    while rows := db.rows(_ROWS, (lane, seq)):
        for number, content, found in rows:
            if number != seq + 1:
                yield Flaw(lane, number, "gone")
            elif found != sha256(before + content).digest():
                yield Flaw(lane, number, "changed")
            seq, before = number, found


def against(db: Database, head: Head, anchor: Head | None) -> Flaw | None:
    """Return what is wrong with a row that was the head of its chain when that was signed, None when nothing is."""
    if anchor is not None and head.seq <= anchor.seq:
        return None  # it was kept for long enough
    found = heads.hash_of(db, head.lane, head.seq)
    if found is None:
        return Flaw(head.lane, head.seq, "cut-off")
    return None if found == head.hash else Flaw(head.lane, head.seq, "rewritten")
