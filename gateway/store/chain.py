"""Whether the audit is as it was written: each hash covers the row before it, so nothing can be changed or left out.

A lane is one chain; PostgreSQL has several, so that writers need not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.store.interface import Database

_ROWS = "select seq, content, hash from audit where lane = ? and seq > ? order by seq limit 1000"


def broken(db: Database) -> Iterator[tuple[int, int]]:
    """Yield (lane, seq) of the first row of each chain that is not what was written, or follows a row that is gone."""
    for (lane,) in db.rows("select distinct lane from audit order by lane"):
        at = _first_break(db, lane)
        if at is not None:
            yield lane, at


def _first_break(db: Database, lane: int) -> int | None:
    seq, before = 0, b""
    while rows := db.rows(_ROWS, (lane, seq)):
        for number, content, found in rows:
            if number != seq + 1 or found != sha256(before + content).digest():
                return int(number)
            seq, before = number, found
    return None
